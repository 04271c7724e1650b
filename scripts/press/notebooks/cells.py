"""A page without MkDocs: the pieces that become the cells of a notebook, and plain Markdown.

They stand in the order of the page. A piece is prose, code that
runs, or what it printed. Labels, attributes and boxes, which only MkDocs understands, are
left out of the prose; links are written with the site's address.
"""

import ast
import posixpath
import re
from dataclasses import dataclass

from press.formulas.tex import LABEL
from press.reading.blocks import Block
from press.reading.exercises import LINE as EXERCISE
from press.reading.pages import Page
from press.records.build import Build
from press.showing.blocks import GRAPH, lines_of, with_numbers
from press.showing.figures import FIGURE

BOX = re.compile(r'^(?P<indent> *)(?:[!?]{3}\+? \w+|===) "(?P<title>.*)"$')
ATTRIBUTES = re.compile(r" *\{:? *[.#:][^{}]*\}$")
LINK = re.compile(r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])+)\]\((?P<to>[^()\s]+)\)")
TAG = re.compile(r"^</?(?:div|section)\b[^>]*>$")
# These methods return nothing; what another returns, a notebook would show.
SILENT = {"savefig", "close", "backward", "shuffle"}


@dataclass
class Piece:
    """A part of a page: "prose", "code" or "output"; and where it begins."""

    kind: str
    text: str
    line: int


def pieces(build: Build, page: Page) -> list[Piece]:
    """A page's parts, top to bottom."""
    lines = with_numbers(build, page)
    blocks = {block.line: block for block in page.blocks}
    parts, prose, boxes, number = [], [], [], page.body

    def end_prose() -> None:
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip("\n")
        if text:
            parts.append(Piece("prose", absolute(page, text, build.address), number))
        prose.clear()

    while number <= len(lines):
        block, line = blocks.get(number), lines[number - 1]
        if block and block.kind == "table":
            prose += shown_by(build, page, block)
        elif block and block.runs:
            end_prose()
            parts.append(Piece("code", page.inside(block).strip("\n"), number))
        elif block and block.prints:
            end_prose()
            parts.append(Piece("output", "\n".join(shown_by(build, page, block)), number))
        elif block:
            language = "python" if block.kind == "shown" else "sh"
            prose += [f"```{language}", page.inside(block).strip("\n"), "```"]
        else:
            while line.strip() and boxes and not line.startswith("    " * len(boxes)):
                boxes.pop()
            inside = line[4 * len(boxes) :] if boxes else line
            if box := BOX.match(inside):
                boxes.append(box)
                inside = f"**{box['title']}**"
            prose.append(plain(inside))
        number = block.end + 1 if block else number + 1
    end_prose()
    return parts


def shown_by(build: Build, page: Page, block: Block) -> list[str]:
    """What a block shows of what runs printed."""
    lines = []
    for include in block.includes:
        if include.path == GRAPH:
            lines.append("*The page on the site shows the graph as a drawing here.*")
        else:
            lines += lines_of(build, page, block, include)
    return lines


def plain(line: str) -> str:
    """A line of prose as other readers of Markdown understand it."""
    if exercise := EXERCISE.fullmatch(line.strip()):
        return f"**Your turn:** write `{exercise['name']}` yourself before you read on."
    if TAG.match(line.strip()):
        return ""
    line = LABEL.sub("", line)
    if line.strip() == "" or line.startswith(("$$", "|")):
        return line
    return FIGURE.sub(lambda image: f"*The figure: {image['alt']}*", ATTRIBUTES.sub("", line))


def absolute(page: Page, text: str, address: str) -> str:
    """Links to pages of the site with its address; without one, their text."""

    def write(link: re.Match) -> str:
        to, words = link["to"], link["text"]
        if re.match(r"[a-z]+:", to):
            return link[0]
        return f"[{words}]({address}{path_of(page, to)})" if address else words

    parts = re.split(r"(^```.*?^```$)", text, flags=re.M | re.S)  # code is every second
    parts[::2] = [LINK.sub(write, part) for part in parts[::2]]
    return "".join(parts)


def path_of(page: Page, link: str) -> str:
    """Where in the site a link of a page leads: cross_entropy.md#dprobs is cross_entropy/#dprobs."""
    target, hash_, anchor = link.partition("#")
    folder = posixpath.dirname(page.path.removeprefix("docs/"))
    path = posixpath.normpath(posixpath.join(folder, target)) if target else page.path[5:]
    stem, ending = posixpath.splitext(path)
    if ending in (".md", ".ipynb"):
        path = "" if stem == "index" else f"{stem}/"
    return f"{path}{hash_}{anchor}"


def quiet(code: str) -> str:
    """Code for a cell of a notebook, which would show what its last line returns."""
    last = ast.parse(code).body[-1]
    if isinstance(last, ast.Expr):
        method = isinstance(last.value, ast.Call) and isinstance(last.value.func, ast.Attribute)
        if method and last.value.func.attr not in SILENT:
            return f"{code};"
    return code
