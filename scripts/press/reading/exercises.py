"""Read the exercises of a page: one line each, before the page's own equation and code.

    !!! exercise "dprobs": logarithm

names the section that is the answer, and the rules of the card that lead to it.
"""

import difflib
import re
from dataclasses import dataclass, field

from press.reading.blocks import Block
from press.reading.problems import Problem
from press.reading.sections import Section

START = "!!! exercise"
LINE = re.compile(r'!!! exercise "(?P<name>d\w+)"(?:: (?P<rules>\S.*))?')


@dataclass
class Exercise:
    """A gradient that the reader writes; the lines down to `end` are the page's own answer."""

    line: int
    name: str  # of the gradient, of the section that is the answer, and of its equation
    rules: list[str]
    end: int = 0
    before: list[Section] = field(default_factory=list)  # what ran above it
    answer: list[Section] = field(default_factory=list)


def read_exercises(page, words: str, problems: list[Problem]) -> list[Exercise]:
    """The exercises of a page whose blocks are read; `words` is its text without code."""
    exercises = []
    lines = words.split("\n")  # blanked lines at the end are lines too
    for number, line in enumerate(lines, 1):
        if not line.strip().startswith(START):
            continue
        match = LINE.fullmatch(line.rstrip())
        if not match:
            problems.append(Problem(page.path, number, f'write {START} "dx", or "dx": rule, rule'))
            continue
        rules = [rule.strip() for rule in (match["rules"] or "").split(",") if rule.strip()]
        exercise = Exercise(number, match["name"], rules)
        if fault := settle(page, exercise, lines, exercises):
            problems.append(Problem(page.path, number, f"exercise {exercise.name}: {fault}"))
        else:
            exercises.append(exercise)
    return exercises


def settle(page, exercise: Exercise, lines: list[str], others: list[Exercise]) -> str | None:
    """Find the answer below the exercise and what ran above it; return what is wrong."""
    name = exercise.name
    below = [block for block in page.blocks if block.line > exercise.line]
    answer = next((b for b in below if name in [s.name for s in page.run_by(b)]), None)
    if answer is None:
        there = [section.name for block in below for section in page.run_by(block)]
        near = difflib.get_close_matches(name, there, 1)
        hint = f": is {near[0]} meant?" if near else ""
        return f"this page runs no section {name} below it{hint}"
    exercise.end = end_of(answer, below, name)
    inside = range(exercise.line + 1, exercise.end + 1)
    if any(other.end >= exercise.line or other.name == name for other in others):
        return "it stands inside the answer of another, or a second time"
    if any(re.match(r"#+ ", lines[number - 1]) for number in inside):
        return f"a heading stands between it and section {name}"
    if name not in [equation.name for equation in page.equations if equation.line in inside]:
        return f"no equation labelled {name} stands between it and section {name}"
    for block in page.blocks:
        part = exercise.answer if block.line > exercise.line else exercise.before
        if block.line <= exercise.end:
            part += page.run_by(block)
    return None


def end_of(answer: Block, below: list[Block], name: str) -> int:
    """The last line of the answer: of what it printed, or of its code."""
    after = below[below.index(answer) + 1 :][:1]
    if after and after[0].prints and name in [section for *_, section in after[0].includes]:
        return after[0].end
    return answer.end
