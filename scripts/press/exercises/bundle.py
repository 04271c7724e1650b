"""What a browser needs to judge an exercise, taken from the sections and from the runs.

A page's `exercises.json` holds the program above each exercise, without what only the build
can run: the names are not sent, and the batch that they gave comes from the record.
"""

import json
import posixpath
from pathlib import Path

from press.exercises.setup import BACKWARD, SetUp, told_to_judge
from press.exercises.statements import Statement, joined, needed, statements
from press.reading.exercises import Exercise
from press.reading.pages import Page
from press.records.build import Build
from press.records.runs import EMPTY

CARD = "card"  # the page whose program holds the rules
RUNTIME = ("micropython.mjs", "micropython-ulab.wasm")
PACKAGE = "node_modules/@micropython/micropython-webassembly-pyscript"


def bundle_path(page: Page) -> str:
    """Where in the site the exercises of a page are published: beside the page."""
    return posixpath.join(page.folder, "exercises.json")


def python_files(root: Path) -> dict[str, str]:
    """The Python of the exercises, as the browser's Python sees its files."""
    home = root / "docs" / "live"
    files = {name: home / name for name in ("diagnosis.py", "exercise_run.py")}
    small = home / "small"
    files |= {path.relative_to(small).as_posix(): path for path in small.rglob("*.py")}
    return {name: path.read_text("utf-8") for name, path in sorted(files.items())}


def runtime_files(root: Path) -> dict[str, Path]:
    """Python itself, from the package in the lock: {path in the site: file}."""
    return {f"live/{name}": root / PACKAGE / name for name in RUNTIME}


def bundle(build: Build, page: Page) -> str:
    """The page's exercises for the browser, as JSON."""
    record = build.record(page)
    setup = SetUp(page, record)
    if setup.whole == setup.ready:
        text = f"an exercise needs {BACKWARD} in the set-up of its page"
        build.fail(page.path, text, page.exercises[0].line)
        return ""
    values = {k: v for k, v in record["values"].items() if k in setup.given and type(v) is int}
    values |= {k: v for k, v in record["rows"].items() if k in setup.given}
    exercises = {}
    for exercise in page.exercises:
        own = statements([s for s in exercise.before if s not in setup.sections])
        answer = needed(statements(exercise.answer), {exercise.name})
        goals = {name for one in answer for name in one.reads}
        exercises[exercise.name] = {
            "before": joined(needed(own, goals)),
            "uses": told_to_judge(setup.uses(exercise.name[1:])),
            "hints": hints_of(build, page, exercise, answer),
        }
    whole = {"setup": setup.code, "steps": setup.steps, "values": values, "exercises": exercises}
    return json.dumps(whole, separators=(",", ":"))


def hints_of(build: Build, page: Page, exercise: Exercise, answer: list[Statement]) -> list:
    """The first hints, with a link where they have one; the last is the page's equation."""
    values, name = build.record(page)["values"], exercise.name
    reads = dict.fromkeys(read for one in answer for read in one.reads if read != name)
    shapes = {read: values[f"{read}.shape"] for read in reads if f"{read}.shape" in values}
    for wanted in (name, name[1:]):
        if f"{wanted}.shape" not in values:
            text = f"exercise {name}: the run of this page left no tensor {wanted}"
            build.fail(page.path, text, exercise.line)
            return []
    listed = ", ".join(f"`{read}` {shape}" for read, shape in shapes.items())
    hints = [[f"The page makes `{name}`, shape {values[f'{name}.shape']}, from {listed}."]]
    card = build.records.get(CARD, EMPTY)["tables"].get("rules", {})
    if unknown := [rule for rule in exercise.rules if rule not in card]:
        text = f"exercise {name}: no rule of the card is called {unknown[0]!r}"
        build.fail(page.path, text, exercise.line)
    elif exercise.rules:
        rules = [
            f"{rule}: `y = {card[rule][0]}` gives `{card[rule][1]} = {card[rule][2]}`"
            for rule in exercise.rules
        ]
        letters = " or ".join(dict.fromkeys(f"`{card[rule][1]}`" for rule in exercise.rules))
        text = f"{'; '.join(rules)}. What the card calls {letters} is your `{name}`."
        hints.append([text[0].upper() + text[1:], posixpath.relpath(CARD, page.folder) + "/"])
    return hints
