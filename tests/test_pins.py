"""What is installed is what was tested: every package is pinned, not only the named ones."""

from importlib import metadata

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from pin import FOR_GRAPHICS_CARDS, OLDEST, normal

PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if not line.startswith("#")
)
NAMED = [
    Requirement(line.partition("#")[0])
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if not line.startswith(("#", "-"))
]


def needed():
    """Every package that the named ones bring on this machine."""
    seen, left = set(), [(need.name, ("", *need.extras)) for need in NAMED]
    while left:
        name, extras = left.pop()
        if (normal(name), extras) in seen:
            continue
        seen.add((normal(name), extras))
        for line in metadata.requires(name) or []:
            need = Requirement(line)
            if not need.marker or any(need.marker.evaluate({"extra": extra}) for extra in extras):
                left.append((need.name, ("", *need.extras)))
    return {name for name, _ in seen}


def test_every_package_that_is_brought_is_pinned():
    assert {n for n in needed() if not FOR_GRAPHICS_CARDS.match(n)} - PINS.keys() == set()


@pytest.mark.parametrize("name", sorted(needed() & PINS.keys()))
def test_the_installed_version_is_the_pinned_one(name):
    assert metadata.version(name).partition("+")[0] == PINS[name]


def test_the_named_versions_are_those_of_the_pins():
    assert {normal(need.name): str(need.specifier) for need in NAMED} == {
        normal(need.name): f"=={PINS[normal(need.name)]}" for need in NAMED
    }


def test_both_ways_of_the_readme_install_by_the_pins():
    assert (ROOT / "requirements.txt").read_text().startswith("-c constraints.txt")
    assert "`python scripts/pin.py`" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", sorted(needed() & PINS.keys()))
def test_the_pinned_version_is_there_for_the_oldest_python(name):
    asked = metadata.metadata(name)["Requires-Python"] or ""
    assert SpecifierSet(asked).contains(OLDEST)
