"""What readers take away: notebooks, the workbook, plain Markdown; and that they run elsewhere."""

import hashlib
import itertools
import json
import re
import subprocess
import sys
import urllib.request
from importlib import metadata
from pathlib import Path

import mkdocs.config
import nbformat
import pytest
from conftest import NAMES, PLAIN, ROOT
from packaging.requirements import Requirement
from press.auditing.browser import served
from press.notebooks import workbook
from press.notebooks.cells import quiet
from test_site import BOOKS, file_of
from test_snippets import FETCH, PAGES, PROGRAMS, short

LECTURE = "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"
MEASURING = [stem for stem, page in PROGRAMS.items() if page.options.get("alone")]
JUPYTER = {k: v for k, v in PLAIN.items() if k != "MATPLOTLIBRC"}  # it draws as it likes
SOME_NAMES = "\n".join(NAMES[::40]) + "\n"
KERNEL = [sys.executable, ROOT / "tests/kernel.py"]


def file_beside(site, stem, ending):
    return file_of(site, stem).with_name(f"{stem}.{ending}")


def notebook(site, stem):
    return nbformat.reads(file_beside(site, stem, "ipynb").read_text(), as_version=4)


def code_of(book):
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def printed(outputs):
    return "".join(output.get("text", "") for output in outputs)


def run_cells(cells, names=SOME_NAMES, **environment):
    """What a kernel makes of cells: the outputs of each, as texts; an error is one too."""
    asked = {"cells": cells, "names": names, "seconds": 120, "errors": True}
    done = subprocess.run(
        KERNEL, input=json.dumps(asked), env=JUPYTER | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["error"] is None, told["error"]
    return told["outputs"]


def failures(outputs):
    return [
        f"{each['ename']}: {each['evalue']}"
        for told in outputs
        for each in told
        if each["output_type"] == "error"
    ]


def test_what_a_cell_prints_is_one_output_however_it_comes():
    pieces = [
        "import sys, time",
        "for piece in ('one', ' and', ' two', '\\n'):",
        "    print(piece, end='', flush=True); time.sleep(.3)",
        "    print('step', file=sys.stderr, flush=True)",
    ]
    [[told]] = run_cells(["\n".join(pieces)])
    assert told["text"] == "one and two\n"


# ---- the notebooks as published ----


def record_of(stem):
    """What the runs of a page left."""
    return json.loads((ROOT / f"build/pages/{stem}.json").read_text())["result"]


@pytest.mark.parametrize("stem", [*PROGRAMS, *BOOKS])
def test_a_notebook_is_whole_and_was_executed(site, stem):
    book = notebook(site, stem)
    nbformat.validate(book)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert "error" not in {output.output_type for cell in cells for output in cell.outputs}
    assert "execute_result" not in {out.output_type for cell in cells for out in cell.outputs}
    prose = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    for left in (r"\label", "--8<--", "{{", "!!!", "???", '=== "', "{ #", ".md)", "markdown>"):
        assert left not in prose, left
    assert prose.count("$$") % 2 == 0


@pytest.mark.parametrize("stem", PROGRAMS)
def test_the_cells_of_a_notebook_are_the_blocks_of_its_page(site, stem):
    head, _, program = PROGRAMS[stem].source().partition("\n\n")
    cells = code_of(notebook(site, stem))
    assert "\n\n".join(cells).replace(";\n", "\n").rstrip(";") == program.rstrip("\n")


def test_a_cell_that_would_show_its_last_value_is_quiet():
    assert quiet("x = 1\nx.add_(2)") == "x = 1\nx.add_(2);"
    for shown in ("print(1)", "x = f()", "plt.savefig('a.svg')", "cmp('dx', dx, x)", "f(x)"):
        assert quiet(shown) == shown


@pytest.mark.parametrize(
    "stem", [stem for stem, page in PROGRAMS.items() if not page.options.get("alone")]
)
def test_a_notebook_prints_what_its_page_shows(site, stem):
    cells = [cell for cell in notebook(site, stem).cells if cell.cell_type == "code"]
    record = record_of(stem)
    assert "".join(printed(cell.outputs) for cell in cells) == "".join(record["outputs"].values())


@pytest.mark.parametrize("stem", PROGRAMS)
def test_every_figure_of_a_page_is_drawn_in_its_notebook(site, stem):
    record = record_of(stem)
    book = notebook(site, stem)
    drawn = [
        o for c in book.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    assert len(drawn) == len(record["figures"])


def test_a_notebook_names_the_sites_address_or_no_address():
    """A link without its address would lead nowhere from a reader's own folder."""
    from press.notebooks.cells import absolute

    page = next(page for page in PAGES if page.stem == "check")
    line = "See [the card](card.md#x), [up](#there) and [torch](https://pytorch.org)."
    here = absolute(page, line, "https://x.y/")
    assert "[the card](https://x.y/card/#x)" in here and "[up](https://x.y/check/#there)" in here
    assert absolute(page, "[w](workbook.ipynb)", "https://x.y/") == "[w](https://x.y/workbook/)"
    assert absolute(page, line, "") == "See the card, up and [torch](https://pytorch.org)."


def test_a_cell_that_fails_stops_the_build(project):
    project.edit(
        "snippets/square.py",
        "dy = 2 * y",
        'import sys\nassert "IPython" not in sys.modules\ndy = 2 * y',
    )
    code, said = project.build()
    assert code == 1 and "nothing was published" in said
    assert re.search(r"docs/square\.md:\d+: as a notebook, this cell fails: AssertionError", said)


def test_a_notebook_runs_again_only_when_its_code_changes(project):
    project.edit("docs/square.md", "As before,", "As it was before,")
    code, said = project.build()
    assert code == 0 and "notebook" not in said
    assert "As it was before," in project.path("site/square/square.ipynb").read_text()
    project.edit("snippets/square.py", "dy = 2 * y", "dy = y * 2")
    code, said = project.build()
    assert code == 0 and "running 1 of 1 notebooks" in said


def test_colab_is_offered_where_its_address_is_known(project):
    def offered():
        return re.findall(
            r'href="([^"]*)">open it in Colab', project.path("site/square/index.html").read_text()
        )

    assert offered() == []
    code, said = project.build(COLAB="https://colab.test/github/us/it/blob/notebooks/")
    assert code == 0, said
    assert offered() == ["https://colab.test/github/us/it/blob/notebooks/square/square.ipynb"]


# ---- plain Markdown ----


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_is_there_as_plain_markdown(site, page):
    text = file_beside(site, page.stem, "md").read_text()
    assert text.startswith("# ") and not re.search(r"--8<--|\{\{|\\label|^!!!|^\?\?\?", text, re.M)
    for block in page.blocks:
        for section in page.run_by(block):
            assert section.code.strip() in text
    if page.program:
        outputs = record_of(page.stem)["outputs"]
        shown = [
            name
            for b in page.blocks
            if b.kind == "output"
            for _, path, name in b.includes
            if path == f"build/{page.stem}.txt"
        ]
        assert all(outputs[name].strip() in text for name in shown if name)


def test_llms_txt_leads_to_every_page(site):
    text = (site / "llms.txt").read_text()
    links = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): \S", text, re.M)
    assert len(links) == len(PAGES) and all((site / link).is_file() for link in links)
    config = mkdocs.config.load_config(str(ROOT / "mkdocs.yml"))
    assert text.startswith(f"# {config.site_name}\n\n> {config.site_description}\n")


# ---- the workbook ----


def test_the_workbook_asks_for_every_gradient_with_the_rules_of_the_pages():
    from test_scoreboard import GRADIENTS

    assert list(workbook.RULES) == [f"d{name}" for name in GRADIENTS]
    card = (ROOT / "build/card.txt").read_text()
    for name, rules in workbook.RULES.items():
        assert all(f"| [{rule}](" in card for rule in rules), name
    asked = {e.name: e.rules for e in PROGRAMS["cross_entropy"].exercises}
    assert asked == {name: workbook.RULES[name] for name in asked}


def test_the_blank_workbook_says_so_kindly_and_goes_on(site):
    cells = [cell for cell in notebook(site, "workbook").cells if cell.cell_type == "code"]
    asked = [cell for cell in cells if cell.source.startswith('judged("')]
    assert len(asked) == len(workbook.RULES) + len(workbook.IN_ONE_STEP)
    assert all("is blank" in printed(cell.outputs) for cell in asked)
    assert "trained with autograd's gradients" in printed(cells[-1].outputs)


def test_the_solved_workbook_is_right_in_every_cell(site):
    cells = [cell for cell in notebook(site, "solved").cells if cell.cell_type == "code"]
    said = [printed(cell.outputs) for cell in cells if cell.source.startswith('judged("')]
    assert len(said) == 28 and all(text.startswith("✓") for text in said)
    assert "trained with your gradients" in printed(cells[-1].outputs)
    assert printed(cells[-1].outputs).count("✓") == 7


@pytest.fixture(scope="module")
def answers(site):
    """The solved workbook: its first two cells, and (name, answer) of each task."""
    cells = code_of(notebook(site, "solved"))
    tasks = [
        (re.match(r'judged\("(\w+)"\)', check)[1], answer)
        for answer, check in itertools.pairwise(cells)
        if check.startswith('judged("')
    ]
    return cells[:2], tasks


@pytest.mark.slow
def test_a_wrong_line_is_told_what_is_wrong_and_spoils_nothing_below(answers):
    start, tasks = answers
    wrong = [
        cell
        for name, answer in tasks
        for cell in (f"{answer}\n{name} = -{name}", f'judged("{name}")')
    ]
    right = [cell for name, answer in tasks for cell in (answer, f'judged("{name}")')]
    outputs = run_cells(start + wrong + right)
    assert failures(outputs) == []
    said = [printed(told) for told in outputs[3::2]]
    for (name, _), text in zip(tasks, said, strict=False):
        assert re.match(r"✗ The sign is flipped|≈ The value is right, because", text), (name, text)
        assert name in text
    assert all(text.startswith("✓") for text in said[len(tasks) :])


@pytest.mark.slow
def test_a_line_that_breaks_is_named_and_a_repaired_one_judged_anew(answers):
    start, tasks = answers
    tried = {
        "dprobs = 1 / prob * dlogprobs": "Did you mean probs?",
        "dprobs = dlogprobs": "Divided by `probs`",
    }
    tried |= {"def slope(p):\n    return 1 / p\n\n\ndprobs = slope(probs) * dlogprobs": "✓ Right"}
    tried |= {"f = lambda p: 1 / p\nprint('once')\ndprobs = f(probs) * dlogprobs": "✓ Right"}
    cells = [cell for code in tried for cell in (code, 'judged("dprobs")')]
    outputs = run_cells(start + [tasks[0][1], 'judged("dlogprobs")'] + cells)
    said = [printed(told) for told in outputs[5::2]]
    assert all(wanted in text for wanted, text in zip(tried.values(), said, strict=True)), said
    assert "Line 1" in said[0] and "once" not in said[3]
    assert failures(outputs[:4]) == [] and len(failures(outputs)) == 1, "the reader's own error"


@pytest.mark.slow
def test_a_wrong_backward_pass_is_told_parameter_by_parameter(site, answers):
    cells = code_of(notebook(site, "solved"))
    start = cells[:2] + cells[-3:-1]
    wrong = "\ntrue = backward\n\n\ndef backward(*given):\n    dC, *rest = true(*given)\n    return -dC, *rest"
    for change, mark in ((wrong, "dC      ✗ The sign is flipped"), ("\ndel backward", "NameError")):
        [*_, told] = run_cells([*start, change.strip(), cells[-1]])
        assert mark in printed(told) and "trained with autograd's gradients" in printed(told)


# ---- elsewhere: nothing but torch, matplotlib, numpy and a kernel ----


def needed_by(*names):
    """The installed distributions that these need, and themselves."""
    found, wanted = {}, list(names)
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in found:
            continue
        found[name] = metadata.distribution(name)
        for told in found[name].requires or []:
            need = Requirement(told)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                wanted.append(need.name)
    return found.values()


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A virtual environment with four packages and what they need; gives its Python."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for found in needed_by("torch", "matplotlib", "numpy", "ipykernel"):
        for top in {
            file.parts[0] for file in found.files if file.parts[0] not in ("..", "__pycache__")
        }:
            source = Path(found.locate_file(top))
            if source.exists() and not (packages / top).exists():
                (packages / top).symlink_to(source)
    python = folder / "bin/python"
    for absent in ("mkdocs", "pytest", "setup"):
        assert subprocess.run([python, "-c", f"import {absent}"], capture_output=True).returncode
    kernels = folder / "kernels/kernels/python3"
    kernels.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    (kernels / "kernel.json").write_text(json.dumps(spec))
    return python


@pytest.fixture(scope="module")
def web(site):
    """Fetches a file of the published site as a reader does."""
    with served(site) as server:
        yield lambda path: urllib.request.urlopen(server.address + path).read().decode()


def elsewhere(bare):
    """The environment of a reader who has nothing of this project."""
    kept = {k: v for k, v in PLAIN.items() if not k.startswith(("PYTHON", "VIRTUAL", "MATPLOTLIB"))}
    return kept | {"JUPYTER_PATH": str(bare.parent.parent / "kernels")}


def beside(stem):
    return "" if stem == "index" else f"{stem}/"


@pytest.mark.slow
@pytest.mark.parametrize("stem", PROGRAMS)
def test_a_downloaded_program_runs_elsewhere_with_the_names_and_without(bare, web, tmp_path, stem):
    source = web(f"{beside(stem)}{stem}.py")
    (tmp_path / "names.txt").write_text(web("names.txt"))
    (tmp_path / f"{stem}.py").write_text(source)
    done = subprocess.run(
        [bare, f"{stem}.py"], cwd=tmp_path, env=elsewhere(bare), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if "fetch_names" in source:
        (tmp_path / "names.txt").unlink()
        text, body = fetched(short(source))
        (tmp_path / f"{stem}.py").write_text(text)
        done = subprocess.run(
            [bare, "-c", FETCH.format(body=body, program=f"{stem}.py")],
            cwd=tmp_path, env=elsewhere(bare), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def fetched(source):
    """The source with the digest of a short list, and a urlopen's body that answers with the list."""
    raw = "\n".join(NAMES[::40]).encode()
    return source.replace(LECTURE, hashlib.sha256(raw).hexdigest()), f"return io.BytesIO({raw!r})"


@pytest.mark.slow
@pytest.mark.parametrize("stem", [*PROGRAMS, *BOOKS])
def test_a_downloaded_notebook_runs_elsewhere_with_the_names_and_without(bare, web, stem):
    cells = code_of(nbformat.reads(web(f"{beside(stem)}{stem}.ipynb"), as_version=4))
    environment = elsewhere(bare)
    where = run_cells(["import sys\nprint(sys.prefix)", *cells], web("names.txt"), **environment)
    assert printed(where[0]).strip() == str(bare.parent.parent)
    assert failures(where) == []
    if stem not in MEASURING:  # as Jupyter's own kernel has it, so it was published
        book = nbformat.reads(web(f"{beside(stem)}{stem}.ipynb"), as_version=4)
        published = [cell.outputs for cell in book.cells if cell.cell_type == "code"]
        assert [list(map(dict, told)) for told in published] == where[1:]
    if any("fetch_names" in cell for cell in cells):
        patched, body = fetched(short("\0".join(cells)))
        answer = FETCH.format(body=body, program="").rpartition("exec(")[0]
        assert failures(run_cells([answer, *patched.split("\0")], None, **environment)) == []
