"""Read the display equations of a page: their labels, and how many sides each has."""

import re
from dataclasses import dataclass

from .problem import Problem
from .prose import DISPLAY, INLINE, blank, line_of

LABEL = re.compile(r"\\label\{([^}]*)\}")
TOKEN = re.compile(
    r"\\(?:begin|end)\{[^}]*\}|\\(?:left|right)(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\.|.)|\\[A-Za-z]+"
    r"|\\\\(?:\s*\[[^\]]*\])?|\\.|.",
    re.S,
)
MARKED_EQUAL = re.compile(r"\\(?:overset|underset|stackrel)\s*\{[^{}]*\}\s*\{?\s*=\s*\}?")
ROWS = {"aligned", "align", "align*", "split", "gathered"}
RELATIONS = re.compile(
    r"[<>]|\\(approx|neq?|leq?|geq?|l?eqslant|geqslant|ll|gg|to|gets|implies|iff|propto|sim|simeq"
    r"|cong|equiv|doteq|triangleq|coloneqq|in|subset\w*|mapsto|(Left|left|Right|right|Long|long)\w*arrow)"
)
ONE = "one equality, or one chain, to a display"
SECOND = f"a second equality starts in this display: {ONE}"


@dataclass(frozen=True)
class Equation:
    """A display: its label and how many sides its chain of equalities has."""

    name: str
    line: int
    tex: str
    sides: int


def read_equations(path: str, words: str, found: list[Problem]) -> list[Equation]:
    """Every display equation, with what is wrong in how it is written."""
    equations = []
    for match in DISPLAY.finditer(words):
        tex, line = match[1], line_of(words, match.start())
        labels = LABEL.findall(tex)
        sides, fault = count_sides(LABEL.sub("", tex))
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
            fault = f"this equation has {len(labels)} labels: {ONE}"
        elif labels[0] in {equation.name for equation in equations}:
            fault = f"the label {labels[0]} stands twice on this page"
        elif not re.fullmatch(r"[A-Za-z]\w*", labels[0]):
            fault = f"the label {labels[0]} is not a name: letters, digits and _ only"
        if fault:
            found.append(Problem(path, line, fault))
        equations.append(Equation(labels[0] if labels else "", line, tex, sides))
    rest = INLINE.sub(blank, DISPLAY.sub(blank, words))
    for match in re.finditer(r"\$\$|\\\[|\\\(|\\begin\{|\\label\{", rest):
        hint = f"{match[0]} outside a formula: write $ or $$"
        if match[0] == "$$":
            hint = "this $$ is never closed"
        found.append(Problem(path, line_of(words, match.start()), hint))
    return equations


def count_sides(tex: str) -> tuple[int, str | None]:
    """How many sides a chain of equalities has; what is wrong if it is not one chain.

    Only an = that stands in no brace, bracket or inner environment counts:
    the one in `\\sum_{j=1}` or in `[k = y_i]` belongs to a side.
    """
    tex = re.sub(r"(?<!\\)%.*", "", tex).strip().rstrip(".,;")
    depth, pieces, rows = 0, [""], [""]
    for token in TOKEN.findall(MARKED_EQUAL.sub("=", tex)):
        environment = re.match(r"\\(begin|end)\{(.*)\}", token)
        if environment:
            if environment[2] not in ROWS:
                depth += 1 if environment[1] == "begin" else -1
        elif token in ("{", "[", "(", r"\{") or re.match(r"\\left(?![A-Za-z])", token):
            depth += 1
        elif token in ("}", "]", ")", r"\}") or re.match(r"\\right(?![A-Za-z])", token):
            depth -= 1
        elif depth == 0 and RELATIONS.fullmatch(token):
            return 0, f"{token} is no equality: {ONE}"
        elif depth == 0 and token.startswith(r"\\"):
            rows.append("")
            continue
        if depth == 0 and token == "=":
            pieces.append("")
        else:
            pieces[-1] += token
        rows[-1] += token if depth == 0 else "."
    if depth:
        return 0, "the brackets of this display do not pair: its sides cannot be told apart"
    if len(pieces) < 2:
        return 0, "this display holds no equality: write it inside the sentence, with $"
    for row in rows[1:]:
        if row.split("=")[0].strip(" &\n\t") and "=" in row:
            return (
                0,
                SECOND,
            )
    if any(re.search(r"\\q?quad", piece) for piece in pieces[1:-1]):
        return (
            0,
            SECOND,
        )
    if not all(re.sub(r"[&\s]|\\(begin|end)\{[a-z*]*\}", "", piece) for piece in pieces):
        return 0, "a side of this equality is empty"
    return len(pieces), None
