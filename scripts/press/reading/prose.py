"""Read what stands between a page's blocks: its options, and numbers, named or typed."""

import re
from dataclasses import dataclass

import yaml

from press.formulas.tex import DISPLAY, INLINE
from press.reading.problems import Problem

NUMBER = re.compile(
    r"\{\{ (?P<page>[a-z]\w*)\.(?P<name>[A-Za-z]\w*(?:\.\w+)?)(?::(?P<format>[^}\s]+))? \}\}"
)
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)((?:(?!\n[ \t]*\n).)+?)(?<!`)\1(?!`)", re.S)
FIGURE = r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
UNIT = r"[nµm]s|(?:milli|micro|nano)?seconds?|sec|minutes?|hours?|days?|[kKMGT]i?B|(?:kilo|mega|giga|tera)?bytes?"
TYPED = re.compile(
    rf"\d+\.\d+|(?<![\w.])\.\d+|\b\d+[eE][+-]?\d+\b|\b\d{{1,3}}(?:,\d{{3}})+\b"
    rf"|{FIGURE}\s*(?:%|per ?cent\b)|\b{FIGURE}\**(?:\s|&nbsp;|-)*(?:{UNIT})\b|\b{FIGURE}\s+[sh]\b"
)
# What may hold digits and is not the page's own statement.
NOT_SAID = re.compile(
    r"\]\([^)]*\)|\{[:.#][^}]*\}|\{ [.#][^}]*\}|<(?=[/!a-zA-Z])[^>\n]*>|^\s*\[(?!\^)[^\]]+\]:.*$"
    r"|https?://\S+|\bCC BY [\d.]+",
    re.M,
)


@dataclass(frozen=True)
class Number:
    """A number that a sentence takes from a run: `{{ page.name:format }}`."""

    line: int
    column: int
    text: str
    page: str
    name: str
    format: str


def front_matter(path: str, text: str, allowed: dict, problems: list[Problem]) -> tuple[dict, int]:
    """The options at the top of a page, and the line where its body starts."""
    match = re.match(r"---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*\n", text, re.S)
    if not match:
        return {}, 1
    try:
        given = yaml.safe_load(match[1] or "") or {}
    except yaml.YAMLError as error:
        given = str(error).splitlines()[0]
    if not isinstance(given, dict):
        problems.append(Problem(path, 1, f"the front matter is not a list of options: {given}"))
        given = {}
    options = {}
    for name, value in given.items():
        if name not in allowed:
            text = f"unknown option {name}: a page has {', '.join(allowed)}"
            problems.append(Problem(path, 1, text))
        elif type(value) is not allowed[name]:
            text = f"option {name} is {value!r}, not of type {allowed[name].__name__}"
            problems.append(Problem(path, 1, text))
        else:
            options[name] = value
            problems.extend(typed_numbers(path, str(value) if allowed[name] is str else ""))
    return options, match[0].count("\n") + 1


def blank(match: re.Match) -> str:
    """As many characters as were matched, on as many lines, with nothing in them."""
    return re.sub(r"[^\n]", " ", match[0])


def without_code(text: str, body: int, blocks: list[tuple[int, int]]) -> str:
    """The page with its front matter, blocks and code spans blanked; lines stay where they are."""
    lines = text.splitlines()
    for start, end in [(1, body - 1), *blocks]:
        lines[start - 1 : end] = [""] * (end - start + 1)
    words = re.sub(r"<!--.*?-->", blank, "\n".join(lines), flags=re.S)
    # A code span that is nothing but a figure is a typed number all the same.
    return CODE_SPAN.sub(
        lambda span: span[0] if re.fullmatch(rf"[-+]?{FIGURE}%?", span[2]) else blank(span), words
    )


def line_of(words: str, position: int) -> int:
    return words.count("\n", 0, position) + 1


def read_numbers(words: str) -> list[Number]:
    """Every `{{ page.name }}`, wherever it stands outside code."""
    return [
        Number(
            line_of(words, match.start()),
            match.start() - words.rfind("\n", 0, match.start()) - 1,
            match[0],
            match["page"],
            match["name"],
            match["format"] or "",
        )
        for match in NUMBER.finditer(words)
    ]


def typed_numbers(path: str, words: str) -> list[Problem]:
    """Figures typed into a sentence; also a `{{` that names nothing."""
    said = DISPLAY.sub(blank, NUMBER.sub(blank, words))
    # A formula may hold numbers; one that is nothing but a number is a typed number.
    said = INLINE.sub(lambda one: one[0] if re.fullmatch(FIGURE, one[1]) else blank(one), said)
    said = NOT_SAID.sub(blank, said)
    problems = []
    for match in TYPED.finditer(said):
        text = (
            f"the number {match[0]!r} is typed into the page: "
            "take it from a run, as {{ page.name }}"
        )
        problems.append(Problem(path, line_of(said, match.start()), text))
    for match in re.finditer(r"\{\{[^\n]*", said):
        text = f"{match[0].strip()!r} names no number: write {{{{ page.name }}}} or {{{{ page.name:.3f }}}}"
        problems.append(Problem(path, line_of(said, match.start()), text))
    return problems
