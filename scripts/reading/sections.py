"""Read the snippet files: their named sections, which pages show and run."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from .prose import Problem

MARKER = re.compile(r"^(?P<indent>\s*)# --8<-- \[(?P<kind>start|end):(?P<name>\w+)\]\s*$")


@dataclass(frozen=True)
class Section:
    """Whole statements of a snippet file, between two markers."""

    path: str  # "snippets/cross_entropy.py"
    name: str
    line: int  # of its first line of code, in that file
    code: str
    gap: int = 0  # blank lines between it and the section before it


def read_sections(root: Path, path: Path, problems: list[Problem]) -> dict[str, Section]:
    """The named sections of one snippet file."""
    where = path.relative_to(root).as_posix()
    lines = path.read_text(encoding="utf-8").splitlines()
    sections, name, start, opened, last = {}, None, 0, 0, 0
    for number, line in enumerate(lines, 1):
        marker = MARKER.match(line)
        if not marker:
            continue
        wrong = None
        if marker["indent"]:
            wrong = f"section {marker['name']} is indented: a section is whole statements at the top level"
        elif marker["kind"] == "start" and name:
            wrong = f"section {marker['name']} starts inside section {name}"
        elif marker["kind"] == "start" and marker["name"] in sections:
            wrong = f"there are two sections called {marker['name']}"
        elif marker["kind"] == "end" and marker["name"] != name:
            wrong = f"section {marker['name']} ends here and never started"
        if wrong:
            problems.append(Problem(where, number, wrong))
        if marker["kind"] == "start":
            name, start, opened = marker["name"], number, number
        elif marker["name"] == name:
            while start < number - 1 and not lines[start].strip():
                start += 1
            code = "\n".join(lines[start : number - 1]).rstrip() + "\n"
            gap = sum(1 for line in lines[last : opened - 1] if not line.strip())
            sections[name] = Section(where, name, start + 1, code, min(gap, 2))
            last = number
            problems.extend(faults_in(sections[name]))
            name = None
    if name:
        problems.append(Problem(where, start, f"section {name} has no end"))
    return sections


def faults_in(section: Section) -> list[Problem]:
    """What can be seen wrong in a section before it runs."""
    try:
        tree = ast.parse(section.code)
    except SyntaxError as error:
        line = section.line + (error.lineno or 1) - 1
        return [
            Problem(
                section.path, line, f"section {section.name} is not whole statements: {error.msg}"
            )
        ]
    found = []
    for call in ast.walk(tree):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == "check"
        ):
            sides = [ast.unparse(side) for side in call.args[1:]]
            if len(set(sides)) < len(sides):
                line = section.line + call.lineno - 1
                text = f"section {section.name}: check({ast.unparse(call.args[0])}, ...) compares an expression with itself"
                found.append(Problem(section.path, line, text))
    return found
