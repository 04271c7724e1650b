"""Tell a page without MkDocs: as the cells of a notebook, and as plain Markdown.

Both are made of the same pieces, in the order of the page. A piece is prose, code that
runs, or what it printed. Labels, attributes and boxes, which only MkDocs understands, are
left out of the prose; links are written with the site's address.
"""

import ast
import posixpath
import re
from dataclasses import dataclass

from reading.exercises import LINE as EXERCISE
from reading.pages import Page
from render import FIGURE, GRAPH, output, quoted

LABEL = re.compile(r"\s*\\label\{[^}]*\}")
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


def pieces(page: Page, records: dict, facts: dict, address: str) -> list[Piece]:
    """A page's parts, top to bottom; `address` is the site's, or "" where it is not known."""
    lines = written(page, records, facts)
    blocks = {block.line: block for block in page.blocks}
    found, prose, boxes, number = [], [], [], page.body

    def end_prose() -> None:
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip("\n")
        if text:
            found.append(Piece("prose", absolute(page, text, address), number))
        prose.clear()

    while number <= len(lines):
        block, line = blocks.get(number), lines[number - 1]
        if block and block.kind == "table":
            prose += told_by(page, block, records)
        elif block and block.runs:
            end_prose()
            found.append(Piece("code", page.inside(block).strip("\n"), number))
        elif block and block.prints:
            end_prose()
            found.append(Piece("output", "\n".join(told_by(page, block, records)), number))
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
    return found


def written(page: Page, records: dict, facts: dict) -> list[str]:
    """The page's lines, with the numbers of the runs in their places."""
    lines, known = page.text.splitlines(), []
    for number in reversed(page.numbers):
        value = quoted(page, number, records, facts, known)
        line, end = lines[number.line - 1], number.column + len(number.text)
        lines[number.line - 1] = line[: number.column] + value + line[end:]
    return lines


def told_by(page: Page, block, records: dict) -> list[str]:
    """What a block shows of what runs printed."""
    found = []
    for line, path, name in block.includes:
        if path == GRAPH:
            found.append("*The page on the site shows the graph as a drawing here.*")
        else:
            found += output(page, line, path, name, records, []).rstrip("\n").split("\n")
    return found


def plain(line: str) -> str:
    """A line of prose as other readers of Markdown understand it."""
    if exercise := EXERCISE.fullmatch(line.strip()):
        return f"**Your turn:** write `{exercise['name']}` yourself before you read on."
    if TAG.match(line.strip()):
        return ""
    line = LABEL.sub("", line)
    if line.strip() == "" or line.startswith(("$$", "|")):
        return line
    return FIGURE.sub(lambda found: f"*The figure: {found['alt']}*", ATTRIBUTES.sub("", line))


def absolute(page: Page, text: str, address: str) -> str:
    """Links to pages of the site with its address; without one, their text."""

    def write(found: re.Match) -> str:
        to, words = found["to"], found["text"]
        if re.match(r"[a-z]+:", to):
            return found[0]
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


def markdown_path(page: Page) -> str:
    """Where in the site a page is published as plain Markdown: beside it."""
    return posixpath.join(page.folder, f"{page.stem}.md")


def markdown_of(told: list[Piece]) -> str:
    """A page as plain Markdown, code and outputs included."""
    parts = []
    for piece in told:
        fence = {"code": "```python\n", "output": "```text\n"}.get(piece.kind, "")
        parts.append(f"{fence}{piece.text}" + "\n```" * bool(fence))
    return "\n\n".join(parts) + "\n"


def llms(config, pages: list[Page], address: str) -> str:
    """llms.txt: what the site is, and each page of the nav as plain Markdown, for other tools."""
    known = {page.path: page for page in pages}

    def listed(nav: list) -> list[str]:
        lines = []
        for title, value in (next(iter(entry.items())) for entry in nav):
            if isinstance(value, list):
                lines += ["", f"## {title}", "", *listed(value)]
            elif page := known.get(f"docs/{value}"):
                told = page.options.get("description", config.site_description)
                lines.append(f"- [{title}]({address}{markdown_path(page)}): {told}")
        return lines

    head = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    head.append("Each page below is plain Markdown, with the code that ran and what it printed.")
    return "\n".join([*head, "", "## Pages", "", *listed(config.nav)]) + "\n"
