"""What one build knows: the pages, the records of their runs, and all that is wrong.

It is made anew for each build, and passed to whatever shows, bundles or publishes a page.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from press.reading.names import Names, read_names
from press.reading.pages import Page, read_site
from press.reading.problems import Problem, say
from press.records.cache import Cache
from press.records.judging import in_float64, unchecked
from press.records.machine import facts_of
from press.records.report import write_report
from press.records.runs import EMPTY, run_pages


@dataclass
class Build:
    """The pages as read, what their runs gave, and all problems so far."""

    root: Path
    pages: list[Page]
    problems: list[Problem]
    cache: Cache
    address: str = ""  # of the site, or "" where it is not known
    colab: str = ""  # the address under which Colab finds the notebooks, or ""
    records: dict[str, dict] = field(default_factory=dict)  # by the page's stem
    facts: dict = field(default_factory=dict)  # what pages quote as {{ build.name }}
    names: Names | None = None
    said: int = 0  # how many problems the terminal knows

    @classmethod
    def read(cls, root: Path, nav: list[str], fresh: bool = False, **settings: str) -> "Build":
        """Read all pages; a fresh build uses nothing that is kept."""
        return cls(root, *read_site(root, nav), Cache(root, fresh), **settings)

    def run(self, names: str | None, only: list[str] | None = None) -> "Build":
        """Run the stale pages that were read without a fault."""
        self.records = {page.stem: EMPTY for page in self.pages}
        self.names, wrong = read_names(self.root, names)
        self.problems += wrong
        if wrong:
            return self
        self.facts = facts_of(self.names)
        asked = [page for page in self.pages if not only or page.stem in only]
        chosen = [page for page in asked if not self.problems_of(page)]
        records, failed = run_pages(self, chosen)
        self.records |= records
        self.problems += failed
        for page in chosen:
            if not self.problems_of(page):
                self.problems += unchecked(page, self.records[page.stem])
        return self

    def page(self, path: str) -> Page:
        return next(page for page in self.pages if page.path == path)

    def record(self, page: Page) -> dict:
        """What the runs of a page gave."""
        return self.records[page.stem]

    @cached_property
    def files(self) -> dict[str, set[str]]:
        """The files that each page is made of, by its path."""
        return {
            page.path: {section.path for section in page.program} | {page.path, page.snippet}
            for page in self.pages
        }

    @cached_property
    def owned(self) -> set[str]:
        """The files that some page is made of; what is wrong elsewhere concerns all pages."""
        ran = {section.path for page in self.pages for section in page.program}
        return ran | self.files.keys()

    def problems_of(self, page: Page) -> list[Problem]:
        """The problems that concern a page: its own, its snippets', and everyone's."""
        mine = self.files[page.path]
        return [p for p in self.problems if p.path in mine or p.path not in self.owned]

    def fail(self, path: str, text: str, line: int = 0) -> None:
        self.problems.append(Problem(path, line, text))

    def tell(self) -> int:
        """Say the problems that were not said yet; return how many there were."""
        problems, self.said = self.problems[self.said :], len(self.problems)
        for problem in problems:
            say(f"error: {problem}")
        return len(problems)

    def report(self) -> None:
        """Write the record of every comparison."""
        write_report(self.root, self.pages, self.records, self.facts)

    def summary(self) -> str:
        count = sum(len(in_float64(record)) for record in self.records.values())
        return f"{len(self.pages)} pages, {count} comparisons in float64, all of them hold"
