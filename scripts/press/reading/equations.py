"""Read the display equations of a page: their labels, and how many sides each has."""

import re
from dataclasses import dataclass

from press.formulas.tex import DISPLAY, INLINE, LABEL, ONE_CHAIN, count_sides, unlabelled
from press.reading.problems import Problem
from press.reading.prose import blank, line_of


@dataclass(frozen=True)
class Equation:
    """A display: its label and how many sides its chain of equalities has."""

    name: str
    line: int
    tex: str
    sides: int


def read_equations(path: str, words: str, problems: list[Problem]) -> list[Equation]:
    """Every display equation, with what is wrong in how it is written."""
    equations = []
    for match in DISPLAY.finditer(words):
        tex, line = match[1], line_of(words, match.start())
        labels = LABEL.findall(tex)
        sides, fault = count_sides(unlabelled(tex))
        before = words[: match.start()].rsplit("\n", 2)
        after = words[match.end() :].split("\n", 2)
        if re.search(r"\n[ \t]*\n", tex):
            fault = "there is a blank line inside $$"
        elif before[-1].strip() or (len(before) > 1 and before[-2].strip()):
            fault = "an equation starts its own paragraph: put a blank line before $$"
        elif after[0].strip() or (len(after) > 1 and after[1].strip()):
            fault = "an equation ends its own paragraph: put a blank line after $$"
        elif not labels:
            fault = "this equation has no \\label{name}, so no section checks it"
        elif re.search(r"\\(eq)?ref\b|\\tag\b", tex):
            fault = "an equation neither refers nor is numbered: link to its heading"
        elif len(labels) > 1:
            fault = f"this equation has {len(labels)} labels: {ONE_CHAIN}"
        elif labels[0] in {equation.name for equation in equations}:
            fault = f"the label {labels[0]} stands twice on this page"
        elif not re.fullmatch(r"[A-Za-z]\w*", labels[0]):
            fault = f"the label {labels[0]} is not a name: letters, digits and _ only"
        if fault:
            problems.append(Problem(path, line, fault))
        equations.append(Equation(labels[0] if labels else "", line, tex, sides))
    rest = INLINE.sub(blank, DISPLAY.sub(blank, words))
    for match in re.finditer(r"\$\$|\\\[|\\\(|\\begin\{|\\label\{", rest):
        hint = f"{match[0]} outside a formula: write $ or $$"
        if match[0] == "$$":
            hint = "this $$ is never closed"
        problems.append(Problem(path, line_of(words, match.start()), hint))
    return equations
