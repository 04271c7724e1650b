"""Every snippet runs as it is; every page's program runs alone; the set-up is what it says."""

import ast
import hashlib
import subprocess
import sys

import facts
import mkdocs.config
import pytest
from conftest import NAMES, PLAIN, ROOT
from press.reading.pages import nav_pages, read_site
from press.reading.sections import read_sections
from press.running import program

PAGES, PROBLEMS = read_site(
    ROOT, nav_pages(mkdocs.config.load_config(str(ROOT / "mkdocs.yml")).nav)
)
PROGRAMS = {page.stem: page for page in PAGES if page.program}
SNIPPETS = sorted((ROOT / "snippets").glob("*.py"))
FILES = sorted((ROOT / "snippets").rglob("*.py"))
# How often a program repeats something, and how often it does where only that matters less.
SHORT = {
    "steps, every = 10_000, 500": "steps, every = 40, 5",
    "marks = _, few, many = 1, 100, 1_000": "marks = _, few, many = 1, 5, 10",
    "rounds, times = 9, 100": "rounds, times = 1, 2",
}


def python(folder, *arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder, env=PLAIN, capture_output=True, text=True, timeout=100,
    )  # fmt: skip


def short(code):
    """The same program, with long runs made short."""
    for long, shorter in SHORT.items():
        code = code.replace(long, shorter)
    return code


def told(section):
    """A section as the runner is told of it."""
    path, name, line, code = section.as_job()
    return [path, name, line, short(code)]


def sections_of(page):
    return [told(section) for section in page.program]


def test_the_pages_are_read_without_a_fault():
    assert PROBLEMS == []


@pytest.mark.slow
@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem)
def test_every_snippet_runs_by_itself(folder, path):
    done = python(folder, path)
    assert done.returncode == 0, done.stderr


def test_a_snippet_runs_in_the_repository_with_its_own_names():
    done = python(ROOT, "snippets/cross_entropy.py")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("stem", PROGRAMS)
def test_a_published_program_prints_what_its_page_shows(folder, stem):
    (folder / f"{stem}.py").write_text(short(PROGRAMS[stem].source()))
    done = python(folder, "-I", f"{stem}.py")
    assert done.returncode == 0, done.stderr
    here = program.run_program(sections_of(PROGRAMS[stem]), "float32")
    assert here["failures"] == []
    assert done.stdout == "".join(here["outputs"].values())
    left = {path.name for path in folder.iterdir()} - {"names.txt", f"{stem}.py"}
    assert left == set(here["figures"])


@pytest.mark.slow
@pytest.mark.parametrize("stem", PROGRAMS)
def test_a_program_prints_the_same_when_it_runs_again(folder, stem):
    page = PROGRAMS[stem]
    first, second = (program.run_program(sections_of(page), "float32") for _ in "ab")
    if page.options.get("alone"):  # it measures time: its numbers differ, what it prints does not
        assert first.pop("values").keys() == second.pop("values").keys()
    assert first == second


def test_every_run_that_is_made_short_is_one():
    code = [section.code for page in PROGRAMS.values() for section in page.program]
    assert [long for long in SHORT if not any(long in each for each in code)] == []


FETCH = """
import io, sys, urllib.error, urllib.request
def urlopen(address, timeout=None):
    {body}
urllib.request.urlopen = urlopen
exec(compile(open({program!r}).read(), {program!r}, "exec"))
"""


def without_names(folder, body, edit=lambda source: source):
    """Run a program in a folder without names.txt; `body` answers in the place of the network."""
    (folder / "names.txt").unlink()
    (folder / "p.py").write_text(edit(PROGRAMS["forward"].source()))
    return python(folder, "-c", FETCH.format(body=body, program="p.py"))


def test_without_names_a_program_fetches_the_lectures_list(folder):
    raw = "\n".join(NAMES[::40]).encode()
    digest = hashlib.sha256(raw).hexdigest()
    done = without_names(
        folder,
        f"assert address.endswith('/karpathy/makemore/master/names.txt'); return io.BytesIO({raw!r})",
        lambda source: source.replace(
            "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d", digest
        ),
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "names.txt").read_bytes() == raw


def test_without_names_and_network_a_program_says_what_to_put_where(folder):
    done = without_names(folder, "raise urllib.error.URLError('no route')")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "names.txt cannot be fetched" in done.stderr
    assert "Put a file names.txt into this folder: one name a line, a to z only." in done.stderr


def test_a_list_that_is_not_the_lectures_is_not_kept(folder):
    done = without_names(folder, "return io.BytesIO(b'emma')")
    assert done.returncode == 1 and "is not the list it was" in done.stderr
    assert not (folder / "names.txt").exists()


@pytest.fixture
def namespace(folder):
    """What the program of a page leaves, in float64."""
    witness, _ = program.execute(sections_of(PROGRAMS["forward"]), "float64")
    assert witness.failures == []
    return witness.namespace


def test_the_examples_are_the_lectures(namespace):
    facts.the_examples_are_right(namespace, NAMES[::40])


def test_the_parameters_are_the_lectures(namespace):
    facts.the_parameters_are_right(namespace)


def test_the_forward_pass_agrees_with_torchs_own_operations(namespace):
    facts.the_forward_pass_is_right(namespace)


def test_the_comparison_accepts_and_refuses_at_its_bounds(namespace):
    import setup.compare

    facts.the_comparison_is_right(vars(setup.compare))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shown_code_fits_the_page(path):
    problems = []
    for section in read_sections(ROOT, path.relative_to(ROOT).as_posix(), problems).values():
        lines = section.code.splitlines()
        assert max(map(len, lines)) <= 80, section.name
        for function in ast.walk(ast.parse(section.code)):
            if isinstance(function, ast.FunctionDef):
                assert function.end_lineno - function.lineno < 12, function.name
    assert problems == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_the_readme_counts_the_names_of_each_origin():
    readme = (ROOT / "README.md").read_text().splitlines()
    rows = [line.strip("| ").split(" | ") for line in readme if line.startswith("| ")]
    counts = {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
    assert len(counts) >= 25 and min(counts.values()) >= 40
    assert sum(counts.values()) == len(NAMES) == len(set(NAMES)) >= 2500
    position = 0
    for count in counts.values():  # the groups stand in the list in the order of the table
        group = NAMES[position : position + count]
        assert group == sorted(group)
        position += count
