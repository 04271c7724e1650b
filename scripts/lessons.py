"""What a browser needs to judge an exercise, taken from the sections and from the runs.

A page's `exercises.json` holds the program above each exercise, without what only the build
can run: the names are not sent, and the batch that they gave comes from the record.
"""

import ast
import json
import posixpath
import re
from pathlib import Path

from reading.exercises import Exercise
from reading.pages import Page
from reading.problem import Problem
from reading.sections import Section

# Whoever checks an exercise brings a comparison of its own.
LEFT_OUT = "snippets/setup/compare.py"
# What these sections make is sent as the record has it.
FROM_RECORD = ("snippets/setup/data.py", "snippets/setup/network.py:batch")
COMPARES = {"cmp", "check", "print"}
RULE = re.compile(r"^\| \[([^\]]+)\]\([^)]*\) \| `(y = )?([^`]+)` \| `(d(\w+) = [^`]+)` \|$", re.M)
BACKWARD = "loss.backward()"  # whoever judges does it, and again with other gradients
RUNTIME = ("micropython.mjs", "micropython-ulab.wasm")
PACKAGE = "node_modules/@micropython/micropython-webassembly-pyscript"


def lessons_path(page: Page) -> str:
    """Where in the site the exercises of a page are published: beside the page."""
    return posixpath.join(page.folder, "exercises.json")


def python_files(root: Path) -> dict[str, str]:
    """The Python of the exercises, as the browser's Python sees its files."""
    home = root / "docs" / "exercises"
    files = {name: home / name for name in ("diagnosis.py", "lesson.py")}
    standin = home / "standin"
    files |= {path.relative_to(standin).as_posix(): path for path in standin.rglob("*.py")}
    return {name: path.read_text("utf-8") for name, path in sorted(files.items())}


def runtime_files(root: Path) -> dict[str, Path]:
    """Python itself, from the package in the lock: {path in the site: file}."""
    return {f"exercises/{name}": root / PACKAGE / name for name in RUNTIME}


class Statement:
    """One statement of a section: its code, the names that it sets, and those it reads."""

    def __init__(self, code: str, node: ast.stmt):
        self.node, self.code = node, ast.get_source_segment(code, node)
        self.sets, self.reads = set(), []
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                known = isinstance(part.ctx, ast.Load) and part.id not in self.reads
                self.reads += [part.id] if known else []
                self.sets |= set() if isinstance(part.ctx, ast.Load) else {part.id}
            elif isinstance(part, ast.FunctionDef):
                self.sets.add(part.name)
            elif isinstance(part, (ast.Subscript, ast.Attribute)) and not isinstance(
                part.ctx, ast.Load
            ):
                self.sets |= {n.id for n in ast.walk(part.value) if isinstance(n, ast.Name)}
        if isinstance(node, ast.AugAssign):
            self.reads += sorted(self.sets)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):  # x.fill_(0) sets x
            self.sets |= {n.id for n in ast.walk(node.value.func) if isinstance(n, ast.Name)}

    @property
    def compares(self) -> bool:
        """Whether it only compares or prints."""
        call = self.node.value if isinstance(self.node, ast.Expr) else None
        name = call.func.id if isinstance(call, ast.Call) and hasattr(call.func, "id") else ""
        return name in COMPARES or isinstance(self.node, ast.Assert)

    @property
    def sent(self) -> bool:
        return not self.compares and not isinstance(self.node, (ast.Import, ast.ImportFrom))


def statements(sections: list[Section]) -> list[Statement]:
    return [
        Statement(section.code, node)
        for section in sections
        for node in ast.parse(section.code).body
    ]


def needed(given: list[Statement], names: set[str]) -> list[Statement]:
    """Those statements that some names are computed by, and all that goes into these."""
    kept, wanted = [], set(names)
    for statement in reversed(given):
        if statement.sent and statement.sets & wanted:
            kept.append(statement)
            wanted |= set(statement.reads)
    return kept[::-1]


def recorded(section: Section) -> bool:
    return section.path in FROM_RECORD or f"{section.path}:{section.name}" in FROM_RECORD


def lessons(page: Page, records: dict) -> tuple[str, list[Problem]]:
    """The page's exercises for the browser, as JSON; and what is wrong with them."""
    record, problems = records[page.stem], []
    first = next(block for block in page.blocks if page.run_by(block))
    setup = [section for section in page.run_by(first) if section.path != LEFT_OUT]
    known = {name for one in statements([s for s in setup if recorded(s)]) for name in one.sets}
    values = {k: v for k, v in record["values"].items() if k in known and type(v) is int}
    values |= {k: v for k, v in record["rows"].items() if k in known}
    ready = [one for one in statements([s for s in setup if not recorded(s)]) if one.sent]
    if BACKWARD not in [one.code for one in ready]:
        text = f"an exercise needs {BACKWARD} in the set-up of its page"
        return "", [Problem(page.path, page.exercises[0].line, text)]
    ready = [one for one in ready if one.code != BACKWARD]
    steps = [one.node.targets[0].id for one in ready if makes_tensor(one, record)]
    told = {}
    for exercise in page.exercises:
        target = exercise.name[1:]
        own = statements([section for section in exercise.before if section not in setup])
        answer = needed(statements(exercise.answer), {exercise.name})
        goals = {name for one in answer for name in one.reads}
        lines = [one for one in ready if makes_tensor(one, record) and target in one.reads]
        hints, faults = hints_of(exercise, answer, page, records)
        problems += [
            Problem(page.path, exercise.line, f"exercise {exercise.name}: {fault}")
            for fault in faults
        ]
        told[exercise.name] = {
            "before": joined(needed(own, goals)),
            "uses": [[one.node.targets[0].id, one.code] for one in lines],
            "hints": hints,
        }
    page_told = {"setup": joined(ready), "steps": steps, "values": values, "exercises": told}
    return json.dumps(page_told, separators=(",", ":")), problems


def joined(given: list[Statement]) -> str:
    return "".join(f"{statement.code}\n" for statement in given)


def makes_tensor(statement: Statement, record: dict) -> bool:
    """Whether a line of the set-up makes one tensor."""
    made = [f"{name}.shape" in record["values"] for name in statement.sets]
    return isinstance(statement.node, ast.Assign) and made == [True]


def hints_of(exercise: Exercise, answer: list[Statement], page: Page, records: dict):
    """The first hints, with a link where they have one; the last is the page's equation."""
    values, name = records[page.stem]["values"], exercise.name
    reads = dict.fromkeys(read for one in answer for read in one.reads if read != name)
    shapes = {read: values[f"{read}.shape"] for read in reads if f"{read}.shape" in values}
    faults = [
        f"the run of this page left no tensor {wanted}"
        for wanted in (name, name[1:])
        if f"{wanted}.shape" not in values
    ]
    if faults:
        return [], faults
    listed = ", ".join(f"`{read}` {shape}" for read, shape in shapes.items())
    hints = [[f"The page makes `{name}`, shape {values[f'{name}.shape']}, from {listed}."]]
    card = {
        rule: (forward, backward, letter)
        for rule, _, forward, backward, letter in RULE.findall(
            "".join(records.get("card", {}).get("outputs", {}).values())
        )
    }
    faults = [
        f"no rule of the card is called {rule!r}" for rule in exercise.rules if rule not in card
    ]
    if exercise.rules and not faults:
        rules = [
            f"{rule}: `y = {card[rule][0]}` gives `{card[rule][1]}`" for rule in exercise.rules
        ]
        letters = " or ".join(dict.fromkeys(f"`d{card[rule][2]}`" for rule in exercise.rules))
        text = f"{'; '.join(rules)}. What the card calls {letters} is your `{name}`."
        hints.append([text[0].upper() + text[1:], posixpath.relpath("card", page.folder) + "/"])
    return hints, faults
