"""The house: which room may use which, what names are taken, and settings that say a thing once."""

import ast
import graphlib
import re

import pytest
import yaml
from conftest import ROOT

PRESS = ROOT / "scripts/press"
# In the order in which a page walks through them: a room uses those before it, never those behind.
ROOMS = ["formulas", "reading", "running", "records", "showing"]
ROOMS += ["exercises", "notebooks", "publishing", "auditing"]
FILES = sorted(path for path in PRESS.rglob("*.py"))


def name_of(path):
    """A file as it is imported: press.reading.pages."""
    return ".".join(path.relative_to(ROOT / "scripts").with_suffix("").parts).removesuffix(
        ".__init__"
    )


def imports_of(path):
    """The files of the house that a file imports, wherever in it."""
    known = {name_of(other) for other in FILES}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name_of(path)}: an import is written with its full name"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from ({inner, node.module} & known) - (
                    {node.module} if inner in known else set()
                )


def test_every_room_is_known_and_has_its_place():
    there = {path.name for path in PRESS.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert there == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_no_import_runs_back(room):
    allowed = {"press", *(f"press.{name}" for name in ROOMS[: ROOMS.index(room) + 1])}
    for path in FILES:
        if path.is_relative_to(PRESS / room):
            for used in imports_of(path):
                assert ".".join(used.split(".")[:2]) in allowed, f"{name_of(path)} imports {used}"


def test_no_files_import_each_other_in_a_circle():
    uses = {name_of(path): set(imports_of(path)) - {name_of(path)} for path in FILES}
    assert len(list(graphlib.TopologicalSorter(uses).static_order())) >= len(FILES)


def test_what_runs_a_page_uses_nothing_that_its_key_does_not_hold():
    for path in FILES:
        if path.is_relative_to(PRESS / "running"):
            assert {".".join(used.split(".")[:2]) for used in imports_of(path)} <= {"press.running"}


def test_no_page_test_or_snippet_has_the_name_of_something_the_scripts_import():
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")} | {"press"}
    tests = {path.stem for path in (ROOT / "tests").glob("*.py")}
    pages = {path.stem for path in [*ROOT.glob("docs/*.md"), *ROOT.glob("snippets/*")]}
    assert scripts & (tests | pages) == set()


def test_each_room_and_each_file_says_what_it_is_for():
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_the_tour_names_every_room_and_every_file_that_it_sends_one_to():
    readme = (ROOT / "README.md").read_text()
    assert [room for room in ROOMS if f"`{room}/`" not in readme] == []
    tour = readme.partition("## Where things are")[2].partition("\n## ")[0]
    for path in re.findall(r"`((?:scripts|docs|snippets|tests)/(?!x\.)[\w./-]+)`", tour):
        assert (ROOT / path).exists(), path


class Once(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML takes the second, without a word."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"line {node.start_mark.line + 1}: {twice} stands twice"
        return super().construct_mapping(node, deep)


Once.add_multi_constructor("!", lambda loader, suffix, node: None)
SETTINGS = [ROOT / "mkdocs.yml", *ROOT.glob(".github/workflows/*")]


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.name)
def test_no_setting_stands_twice(path):
    yaml.load(path.read_text(), Once)


def test_a_setting_that_stands_twice_is_refused():
    with pytest.raises(AssertionError, match="line 1: {'a'} stands twice"):
        yaml.load("a: 1\nb: {c: 2}\na: 3\n", Once)
