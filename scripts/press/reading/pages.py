"""Read the pages: their blocks, their equations, and the program each page is.

A page `docs/x.md` shows sections of `snippets/x.py` and of `snippets/setup/`,
each by an include line inside a fenced block. Its fenced blocks marked
`python`, from top to bottom, are the page's program. Everything here is read
once; running and publishing work on what was read.
"""

import difflib
import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path

from press.reading import prose
from press.reading.blocks import Block, read_blocks
from press.reading.equations import Equation, read_equations
from press.reading.exercises import Exercise, read_exercises
from press.reading.problems import Problem, files_of, read_text
from press.reading.sections import Section, read_sections

OPTIONS = {"title": str, "description": str, "seconds": int, "alone": bool}
SECONDS = 120  # a page may run this long, unless its front matter asks for more


@dataclass
class Page:
    """A page as read: text, blocks, equations, and the sections it runs."""

    path: str  # "docs/cross_entropy.md"
    text: str = ""
    options: dict = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    numbers: list[prose.Number] = field(default_factory=list)
    program: list[Section] = field(default_factory=list)
    shown: dict[int, list[Section]] = field(default_factory=dict)  # by the line of the include
    exercises: list[Exercise] = field(default_factory=list)
    body: int = 1  # the first line after the front matter

    @property
    def stem(self) -> str:
        return Path(self.path).stem

    @property
    def snippet(self) -> str:
        return f"snippets/{self.stem}.py"

    @property
    def folder(self) -> str:
        """The folder of the site where the page lies: "cross_entropy", or "" for the start."""
        path = self.path.removeprefix("docs/").removesuffix(".md")
        return path.rpartition("/")[0] if self.stem == "index" else path

    @property
    def seconds(self) -> int:
        return self.options.get("seconds", SECONDS)

    @property
    def title(self) -> str:
        body = "\n".join(self.text.splitlines()[self.body - 1 :])
        heading = re.search(r"^# (.+?)(?: *\{[:#.].*\})?$", body, re.M)
        plain = re.sub(r"[`*_]", "", heading[1]) if heading else self.stem
        return self.options.get("title") or plain

    def run_by(self, block: Block) -> list[Section]:
        """The sections that a block runs."""
        return [
            section
            for line, *_ in block.includes
            for section in self.shown.get(line, [])
            if block.runs
        ]

    def anchor(self, name: str) -> str:
        """The id of the block that runs a section: the name of the block's first."""
        runs = (self.run_by(block) for block in self.blocks)
        first = next(ran[0] for ran in runs if name in [section.name for section in ran])
        return f"code-{first.name}"

    def code(self, line: int) -> str:
        """What the include on this line shows: a section, or all sections of a file."""
        return "\n".join(
            "\n" * section.gap * (k > 0) + section.code.rstrip("\n")
            for k, section in enumerate(self.shown[line])
        )

    def inside(self, block: Block) -> str:
        """What a block of code shows, from its sections."""
        lines = self.text.splitlines()
        return "\n".join(
            self.code(n) if n in self.shown else lines[n - 1].strip()
            for n in range(block.line + 1, block.end)
        )

    def source(self) -> str:
        """The page's program, as published: its blocks, one after the other."""
        parts = [
            f"# {self.title}: the program of this page.\n# It needs: pip install torch matplotlib"
        ]
        parts += [self.inside(block) for block in self.blocks if block.runs]
        return "\n\n".join(parts) + "\n"


def nav_pages(nav: list, endings: tuple[str, ...] = (".md",)) -> list[str]:
    """The pages of the nav in mkdocs.yml, in its order: those of Markdown, or of other files too."""
    paths = []
    for entry in nav or []:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        paths += nav_pages(value, endings) if isinstance(value, list) else [value]
    return [path for path in paths if path.endswith(endings)]


def read_site(root: Path, nav: list[str]) -> tuple[list[Page], list[Problem]]:
    """Read every page of the nav; return the pages and all that is wrong with them."""
    problems = []
    files = [f"snippets/{path}" for path in files_of(root / "snippets", ".py")]
    snippets = {path: read_sections(root, path, problems) for path in files}
    there = files_of(root / "docs", ".md")
    for path in nav:
        if nav.count(path) > 1:
            problems.append(Problem("mkdocs.yml", 0, f"the nav names {path} twice"))
        if path not in there:
            text = f"the nav names {path}, and there is no docs/{path}"
            problems.append(Problem("mkdocs.yml", 0, text))
    strays = [path for path in there if path not in nav]
    for path in strays:
        text = "this page is not in the nav of mkdocs.yml: add it there"
        problems.append(Problem(f"docs/{path}", 1, text))
    paths = [path for path in dict.fromkeys(nav) if path in there] + strays
    pages = [read_page(root, f"docs/{path}", snippets, problems) for path in paths]
    for page in pages:
        twins = [other.path for other in pages if other.stem == page.stem and other is not page]
        if twins:
            text = f"{twins[0]} has the same name: rename one of them"
            problems.append(Problem(page.path, 1, text))
        if not re.fullmatch(r"[a-z]\w*", page.stem):
            text = "a page's file is named with small letters, digits and _: its numbers go by it"
            problems.append(Problem(page.path, 1, text))
    # A mistake in a page can hide a section: say that only of pages read well.
    return pages, problems or unseen(pages, snippets)


def unseen(pages: list[Page], snippets: dict) -> list[Problem]:
    """Sections that no page runs: code that nobody would check."""
    ran = {section for page in pages for section in page.program}
    return [
        Problem(path, section.line, f"no page shows and runs section {section.name}")
        for path, sections in snippets.items()
        for section in sections.values()
        if section not in ran
    ]


def read_page(root: Path, path: str, snippets: dict, problems: list[Problem]) -> Page:
    """One page: its options, blocks, equations, named numbers and program."""
    faults = []
    text = read_text(root, path, faults)
    page = Page(path, text)
    page.options, page.body = prose.front_matter(path, text, OPTIONS, faults)
    page.blocks = read_blocks(path, text, page.body, faults)
    words = prose.without_code(text, page.body, [(block.line, block.end) for block in page.blocks])
    page.equations = read_equations(path, words, faults)
    page.numbers = prose.read_numbers(words)
    faults.extend(prose.typed_numbers(path, words))
    misread = len(faults)
    for block in page.blocks:
        faults.extend(find_sections(page, block, snippets))
    faults.extend(order_faults(page))
    page.exercises = read_exercises(page, words, faults)
    for formula in re.finditer(r"\\(?:new|renew|provide)command\b|\\def\b|\\let\b", words):
        line = prose.line_of(words, formula.start())
        faults.append(
            Problem(
                path, line, f"{formula[0]}: a formula is written out, without macros of its own"
            )
        )
    for equation in page.equations if len(faults) == misread else []:
        if equation.name and equation.name not in {section.name for section in page.program}:
            text = f"equation {equation.name} has no section {equation.name} that this page runs"
            faults.append(Problem(path, equation.line, text))
    problems.extend(sorted(faults, key=lambda problem: problem.line))
    return page


def find_sections(page: Page, block: Block, snippets: dict) -> list[Problem]:
    """Look up what a block includes; add it to the page's program if it runs."""
    faults = []
    setup = not page.program  # the first block that runs may take over what other pages derived
    for line, path, name in block.includes:
        if block.prints:
            continue  # known after the run
        known = snippets.get(path, {})
        page.shown[line] = (
            [known[name]] if name in known else list(known.values()) if name is None else []
        )
        if not page.shown[line]:
            asked, there = (name, known) if path in snippets else (path, snippets)
            what = f"has no section {name}" if path in snippets else "does not exist"
            near = difflib.get_close_matches(asked, there, 1)
            hint = f": is {near[0]} meant?" if near else ""
            faults.append(Problem(page.path, line, f"{path} {what}{hint}"))
        for section in page.shown[line] if block.runs else []:
            if section in page.program:
                text = f"section {section.name} runs twice: mark this block {{ .python .shown }}"
                faults.append(Problem(page.path, line, text))
            elif section.name in {other.name for other in page.program}:
                text = f"this page runs two sections called {section.name}: rename one"
                faults.append(Problem(page.path, line, text))
            elif not setup and path != page.snippet and not path.startswith("snippets/setup/"):
                text = f"after its set-up this page runs {page.snippet} and snippets/setup/, not {path}"
                faults.append(Problem(page.path, line, text))
            else:
                page.program.append(section)
    return faults


def order_faults(page: Page) -> list[Problem]:
    """A page runs its snippet's sections in another order than the file does."""
    own = [section for section in page.program if section.path == page.snippet]
    for before, after in itertools.pairwise(own):
        if after.line < before.line:
            here = f"section {after.name} comes after {before.name} here"
            text = f"{here}, and before it in {page.snippet}"
            return [Problem(page.path, 1, text)]
    return []
