"""Read the snippet files: their named sections, which pages show and run."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from press.reading.problems import Problem, read_text

MARKER = re.compile(r"^(?P<indent>\s*)# --8<-- \[(?P<kind>start|end):(?P<name>[^\]]*)\]\s*$")


@dataclass(frozen=True)
class Section:
    """Whole statements of a snippet file, between two markers."""

    path: str  # "snippets/cross_entropy.py"
    name: str
    line: int  # of its first line of code, in that file
    code: str
    gap: int = 0  # blank lines between it and the section before it

    def as_job(self) -> list:
        """The section as it is sent to the process that runs it."""
        return [self.path, self.name, self.line, self.code]


def read_sections(root: Path, where: str, problems: list[Problem]) -> dict[str, Section]:
    """The named sections of one snippet file, whose path is given from the root."""
    lines = read_text(root, where, problems).splitlines()
    sections, name, start, opened, last = {}, None, 0, 0, 0
    for number, line in enumerate(lines, 1):
        marker = MARKER.match(line)
        if not marker:
            continue
        wrong = None
        if marker["indent"]:
            wrong = f"section {marker['name']} is indented: a section is whole statements at the top level"
        elif not re.fullmatch(r"[A-Za-z]\w*", marker["name"]):
            wrong = f"{marker['name']!r} is no name for a section: letters, digits and _ only"
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
        compile(section.code, section.path, "exec")
    except (SyntaxError, ValueError) as error:
        line = section.line + (getattr(error, "lineno", None) or 1) - 1
        why = getattr(error, "msg", error)
        text = f"section {section.name} is not whole statements: {why}"
        return [Problem(section.path, line, text)]
    problems = []
    tree = ast.parse(section.code)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
            continue
        sides = [ast.unparse(side) for side in call.args[1:]]
        text = None
        if call.func.id in defined & {"cmp", "check", "refused"}:
            text = f"{call.func.id} is defined and called in one section: nothing stands behind it"
        elif call.func.id == "check" and len(set(sides)) < len(sides):
            text = f"check({ast.unparse(call.args[0])}, ...) compares an expression with itself"
        if text:
            line = section.line + call.lineno - 1
            problems.append(Problem(section.path, line, f"section {section.name}: {text}"))
    return problems
