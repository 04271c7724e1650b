"""What one build knows: the pages, the records of their runs, and all that is wrong."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from names import describe, read_names
from reading.pages import Page, read_site
from reading.prose import Problem
from records import run_pages, unchecked, write_report


def say(text: str) -> None:
    """Progress and errors go to the terminal's error stream."""
    print(text, file=sys.stderr, flush=True)


def nav_pages(nav: list) -> list[str]:
    """The pages of the nav in mkdocs.yml, in its order."""
    found = []
    for entry in nav or []:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += nav_pages(value) if isinstance(value, list) else [value]
    return [path for path in found if path.endswith(".md")]


@dataclass
class Site:
    """The pages, the records of their runs, and all that is wrong with them."""

    root: Path
    pages: list[Page]
    problems: list[Problem]
    records: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    said: int = 0  # how many problems the terminal has been told

    @classmethod
    def read(cls, root: Path, nav: list[str]) -> "Site":
        return cls(root, *read_site(root, nav))

    def run(self, names: str | None, fresh: bool, only: list[str] | None = None) -> "Site":
        """Run the stale pages that were read without a fault."""
        names_file, self.names, wrong = read_names(self.root, names)
        self.problems += wrong
        self.records = {
            page.stem: {"outputs": {}, "checks": [], "values": {}} for page in self.pages
        }
        if wrong:
            return self
        self.facts = describe(self.root, names_file, self.names)
        chosen = [
            page
            for page in self.pages
            if (not only or page.stem in only) and not self.problems_of(page)
        ]
        records, failed = run_pages(self.root, chosen, names_file, fresh, say)
        self.records |= records
        self.problems += failed
        for page in chosen:
            if not self.problems_of(page):
                self.problems += unchecked(page, self.records[page.stem])
        if not only:
            write_report(self.root, self.pages, self.records, self.facts)
        return self

    def page(self, path: str) -> Page:
        return next(page for page in self.pages if page.path == path)

    def problems_of(self, page: Page) -> list[Problem]:
        """The problems that concern a page: its own, its snippets', and everyone's."""
        pages = {page.path for page in self.pages}
        files = {section.path for section in page.program} | {page.path, page.snippet}
        others = pages | {section.path for page in self.pages for section in page.program}
        return [p for p in self.problems if p.path in files or p.path not in others]

    def fail(self, path: str, text: str, line: int = 0) -> None:
        self.problems.append(Problem(path, line, text))

    def unsaid(self) -> list[Problem]:
        """The problems that were not told yet."""
        problems, self.said = self.problems[self.said :], len(self.problems)
        return problems

    def summary(self) -> str:
        checks = [
            check
            for record in self.records.values()
            for check in record["checks"]
            if check["dtype"] == "float64"
        ]
        return f"{len(self.pages)} pages, {len(checks)} comparisons in float64, all of them hold"
