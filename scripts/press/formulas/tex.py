"""What the project knows of TeX: where formulas stand in Markdown, their labels, their sides."""

import re
from typing import NamedTuple

DISPLAY = re.compile(r"\$\$(.*?)\$\$", re.S)
INLINE = re.compile(r"(?<![\\$])\$(?![\s$])([^$\n]*[^\s$\\])\$(?!\d)")
LABEL = re.compile(r"\s*\\label\{([^}]*)\}")
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
ONE_CHAIN = "one equality, or one chain, to a display"
SECOND_CHAIN = f"a second equality starts in this display: {ONE_CHAIN}"


class Formula(NamedTuple):
    """A formula as MathJax takes it: without its label."""

    tex: str
    display: bool
    label: str = ""

    @property
    def key(self) -> str:
        """The same for all formulas that look the same."""
        return ("display " if self.display else "inline ") + self.tex


def label_of(tex: str) -> str:
    """The name that a formula is given by \\label, or ""."""
    label = LABEL.search(tex)
    return label[1] if label else ""


def unlabelled(tex: str) -> str:
    """The formula without its label: MathJax does not take one twice."""
    return LABEL.sub("", tex).strip()


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
            return 0, f"{token} is no equality: {ONE_CHAIN}"
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
                SECOND_CHAIN,
            )
    if any(re.search(r"\\q?quad", piece) for piece in pieces[1:-1]):
        return (
            0,
            SECOND_CHAIN,
        )
    if not all(re.sub(r"[&\s]|\\(begin|end)\{[a-z*]*\}", "", piece) for piece in pieces):
        return 0, "a side of this equality is empty"
    return len(pieces), None
