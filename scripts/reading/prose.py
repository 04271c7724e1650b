"""Read what stands between a page's blocks: its options, and numbers, named or typed."""

import re
from dataclasses import dataclass

import yaml

DISPLAY = re.compile(r"\$\$(.*?)\$\$", re.S)
INLINE = re.compile(r"(?<![\\$])\$(?![\s$])([^$\n]*[^\s$\\])\$(?!\d)")
NUMBER = re.compile(
    r"\{\{ (?P<page>[a-z]\w*)\.(?P<name>[A-Za-z]\w*(?:\.\w+)?)(?::(?P<format>[^}\s]+))? \}\}"
)
CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
FIGURE = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
TYPED = re.compile(
    rf"\d+\.\d+|\d+e[+-]\d+|{FIGURE}\s*(?:%|per ?cent\b)"
    rf"|\b{FIGURE}\s*(?:[nµm]?s|sec|seconds?|min|minutes?|h|hours?|days?|[kKMG]i?B|(?:kilo|mega|giga)?bytes?)\b"
)
# What may hold digits and is not the page's own statement.
NOT_SAID = re.compile(
    r"\]\([^)]*\)|\{[:.#][^}]*\}|\{ [.#][^}]*\}|<[^>\n]*>|^\s*\[[^\]]+\]:.*$", re.M
)


@dataclass(frozen=True)
class Problem:
    """Something wrong in a file, and where."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


@dataclass(frozen=True)
class Number:
    """A number that a sentence takes from a run: `{{ page.name:format }}`."""

    line: int
    text: str
    page: str
    name: str
    format: str


def front_matter(path: str, text: str, allowed: dict, found: list[Problem]) -> tuple[dict, int]:
    """The options at the top of a page, and the line where its body starts."""
    match = re.match(r"---\n(.*?\n)?---\n", text, re.S)
    if not match:
        return {}, 1
    try:
        options = yaml.safe_load(match[1] or "") or {}
    except yaml.YAMLError as error:
        found.append(
            Problem(path, 1, f"the front matter is not YAML: {str(error).splitlines()[0]}")
        )
        options = {}
    for name, value in options.items():
        if name not in allowed:
            found.append(
                Problem(path, 1, f"unknown option {name}: a page has {', '.join(allowed)}")
            )
        elif type(value) is not allowed[name]:
            found.append(
                Problem(
                    path, 1, f"option {name} is {value!r}, not of type {allowed[name].__name__}"
                )
            )
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
            match[0],
            match["page"],
            match["name"],
            match["format"] or "",
        )
        for match in NUMBER.finditer(words)
    ]


def typed_numbers(path: str, words: str) -> list[Problem]:
    """Figures typed into a sentence; also a `{{` that names nothing."""
    said = NUMBER.sub(blank, words)
    said = INLINE.sub(blank, DISPLAY.sub(blank, said))
    said = NOT_SAID.sub(blank, said)
    found = []
    for match in TYPED.finditer(said):
        text = (
            f"the number {match[0]!r} is typed into the page: "
            "take it from a run, as {{ page.name }}"
        )
        found.append(Problem(path, line_of(said, match.start()), text))
    for match in re.finditer(r"\{\{[^\n]*", said):
        text = f"{match[0].strip()!r} names no number: write {{{{ page.name }}}} or {{{{ page.name:.3f }}}}"
        found.append(Problem(path, line_of(said, match.start()), text))
    return found
