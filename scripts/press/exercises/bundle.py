"""What a browser needs to judge an exercise, taken from the sections and from the runs.

A page's `exercises.json` holds the program above each exercise, without what only the build
can run: the names are not sent, and the batch that they gave comes from the record.
"""

import json
import posixpath
from pathlib import Path

from press.exercises.statements import Statement, joined, makes_tensor, needed, statements
from press.reading.exercises import Exercise
from press.reading.pages import Page
from press.reading.sections import Section
from press.records.build import Build
from press.records.runs import EMPTY

# Whoever checks an exercise brings a comparison of its own.
LEFT_OUT = "snippets/setup/compare.py"
# What these sections make is sent as the record has it.
FROM_RECORD = ("snippets/setup/data.py", "snippets/setup/network.py:batch")
CARD = "card"  # the page whose program holds the rules
BACKWARD = "loss.backward()"  # whoever judges does it, and again with other gradients
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


def recorded(section: Section) -> bool:
    return section.path in FROM_RECORD or f"{section.path}:{section.name}" in FROM_RECORD


def bundle(build: Build, page: Page) -> str:
    """The page's exercises for the browser, as JSON."""
    record = build.record(page)
    first = next(block for block in page.blocks if page.run_by(block))
    setup = [section for section in page.run_by(first) if section.path != LEFT_OUT]
    known = {name for one in statements([s for s in setup if recorded(s)]) for name in one.sets}
    values = {k: v for k, v in record["values"].items() if k in known and type(v) is int}
    values |= {k: v for k, v in record["rows"].items() if k in known}
    ready = [one for one in statements([s for s in setup if not recorded(s)]) if one.sent]
    if BACKWARD not in [one.code for one in ready]:
        text = f"an exercise needs {BACKWARD} in the set-up of its page"
        build.fail(page.path, text, page.exercises[0].line)
        return ""
    ready = [one for one in ready if one.code != BACKWARD]
    steps = [one.node.targets[0].id for one in ready if makes_tensor(one, record)]
    exercises = {}
    for exercise in page.exercises:
        target = exercise.name[1:]
        own = statements([section for section in exercise.before if section not in setup])
        answer = needed(statements(exercise.answer), {exercise.name})
        goals = {name for one in answer for name in one.reads}
        lines = [one for one in ready if makes_tensor(one, record) and target in one.reads]
        exercises[exercise.name] = {
            "before": joined(needed(own, goals)),
            "uses": [[one.node.targets[0].id, one.code] for one in lines],
            "hints": hints_of(build, page, exercise, answer),
        }
    whole = {"setup": joined(ready), "steps": steps, "values": values, "exercises": exercises}
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
