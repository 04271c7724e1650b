"""Read the fenced blocks of a page: program, shown code, output, shell."""

import re
from dataclasses import dataclass, field

from .prose import Problem

FENCE = re.compile(r"^(?P<indent>\s*)(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)$")
INCLUDE = re.compile(r'^\s*--8<-- "(?P<path>[^":]+)(?::(?P<name>\w+))?"\s*$')


@dataclass
class Block:
    """A fenced block: program (`python`), shown code (`.shown`), output, shell."""

    line: int
    end: int
    indent: str
    info: str
    includes: list[tuple[int, str, str | None]] = field(default_factory=list)  # line, path, section
    typed: int = 0  # the first line that is not an include, if any

    @property
    def language(self) -> str:
        return (re.findall(r"\w+", self.info) or [""])[0]

    @property
    def runs(self) -> bool:
        return self.language == "python" and ".shown" not in self.info


def read_blocks(path: str, text: str, body: int, found: list[Problem]) -> list[Block]:
    """The fenced blocks of a page; each holds include lines only (a shell block may be typed)."""
    blocks, block, marks = [], None, ""
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line) if number >= body else None
        if block is None:
            if fence:
                block = Block(number, 0, fence["indent"], fence["info"].strip())
                marks = fence["marks"]
        elif fence and fence["marks"].startswith(marks) and not fence["info"].strip():
            block.end = number
            blocks.append(block)
            block = None
        elif fence and fence["info"].strip() and fence["marks"][0] == marks[0]:
            text = f"this block is never closed: another one starts on line {number}"
            found.append(Problem(path, block.line, text))
            block.end = number - 1
            blocks.append(block)
            block = Block(number, 0, fence["indent"], fence["info"].strip())
            marks = fence["marks"]
        elif include := INCLUDE.match(line):
            block.includes.append((number, include["path"], include["name"]))
        elif line.strip() and not block.typed:
            block.typed = number
    if block:
        found.append(Problem(path, block.line, "this block is never closed"))
    for block in blocks:
        if block.typed and block.language != "sh":
            what = "code" if block.language == "python" else "text"
            hint = "a block holds include lines only, of snippets/ or of build/"
            found.append(Problem(path, block.typed, f"{what} typed into the page: {hint}"))
        elif not block.includes and block.language != "sh":
            found.append(Problem(path, block.line, "this block is empty"))
    return blocks
