"""Read the fenced blocks of a page: program, shown code, output, shell."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from press.reading.problems import Problem

FENCE = re.compile(r"^(?P<indent>\s*)(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)$")
INCLUDE = re.compile(r'^\s*--8<-- (["\'])(?P<path>[^"\':]+)(?::(?P<name>[\w-]+))?\1\s*$')
KINDS = {"python": "program", "{ .python .shown }": "shown", "text": "output", "sh": "shell"}
TABLE = "--8<--"  # the info of an include that stands in no fence


class Include(NamedTuple):
    """An include line: `--8<-- "snippets/x.py:dx"` shows a section, without one the whole file."""

    line: int
    path: str
    section: str | None


@dataclass
class Block:
    """A fenced block; `kind` is "program", "shown", "output" or "shell".

    An include in no fence is a block of the kind "table": Markdown that a run printed.
    """

    line: int
    indent: str
    marks: str
    info: str
    end: int = 0
    includes: list[Include] = field(default_factory=list)
    typed: int = 0  # the first line that is not an include, if any

    @property
    def kind(self) -> str:
        return "table" if self.info == TABLE else KINDS.get(self.info, "")

    @property
    def runs(self) -> bool:
        return self.kind == "program"

    @property
    def prints(self) -> bool:
        """Whether it shows what a run gave."""
        return self.kind in ("output", "table")

    def closes(self, fence: re.Match) -> bool:
        """Whether a fence ends this block, for MkDocs as well: the same marks, as far in."""
        return not fence["info"].strip() and (fence["marks"], fence["indent"]) == (
            self.marks,
            self.indent,
        )


def read_blocks(path: str, text: str, body: int, problems: list[Problem]) -> list[Block]:
    """The fenced blocks of a page, and what is wrong with how they are written."""
    blocks, block = [], None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line) if number >= body else None
        if block and fence and block.closes(fence):
            block.end = number
            blocks.append(block)
            block = None
        elif fence and fence["marks"][0] == (block.marks[0] if block else fence["marks"][0]):
            if block:
                text = f"this block is never closed: line {number} holds another fence"
                problems.append(Problem(path, block.line, text))
                block.end = number - 1
                blocks.append(block)
            block = Block(number, fence["indent"], fence["marks"], fence["info"].strip())
        elif include := INCLUDE.match(line) if number >= body else None:
            asked = Include(number, include["path"], include["name"])
            if block:
                block.includes.append(asked)
            else:
                blocks.append(Block(number, "", "", TABLE, number, [asked]))
        elif block and line.strip() and not block.typed:
            block.typed = number
    if block:
        problems.append(Problem(path, block.line, "this block is never closed"))
    problems.extend(fault for block in blocks if (fault := fault_in(path, block)))
    return blocks


def fault_in(path: str, block: Block) -> Problem | None:
    """What is wrong with a block: its kind, or what it holds."""
    if not block.kind:
        kinds = ", ".join(f"```{info}" for info in KINDS)
        return Problem(path, block.line, f"```{block.info} is no kind of block: there are {kinds}")
    if block.kind != "shell" and block.typed:
        what = "text" if block.kind == "output" else "code"
        hint = "a block holds include lines only, of snippets/ or of build/"
        return Problem(path, block.typed, f"{what} typed into the page: {hint}")
    if block.kind != "shell" and not block.includes:
        return Problem(path, block.line, "this block is empty")
    for line, source, _ in block.includes:
        folder = "build/" if block.prints else "snippets/"
        if not source.startswith(folder):
            what = "an include in no block" if block.kind == "table" else f"a ```{block.info} block"
            return Problem(path, line, f"{what} is of {folder}")
    return None
