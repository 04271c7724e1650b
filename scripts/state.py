"""What one build knows: the pages, the records of their runs, and all that is wrong."""

import logging
import re
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from mkdocs.exceptions import Abort
from names import Names, describe, read_names
from reading.pages import Page, read_site
from reading.problem import Problem
from records import EMPTY, in_float64, run_pages, unchecked, write_report


def say(text: str) -> None:
    """Progress and errors go to the terminal's error stream."""
    print(text, file=sys.stderr, flush=True)


def nav_pages(nav: list, endings: tuple[str, ...] = (".md",)) -> list[str]:
    """The pages of the nav in mkdocs.yml, in its order: those of Markdown, or of other files too."""
    found = []
    for entry in nav or []:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += nav_pages(value, endings) if isinstance(value, list) else [value]
    return [path for path in found if path.endswith(endings)]


@dataclass
class Site:
    """The pages, the records of their runs, and all that is wrong with them."""

    root: Path
    pages: list[Page]
    problems: list[Problem]
    records: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)
    names: Names | None = None
    said: int = 0  # how many problems the terminal has been told

    @classmethod
    def read(cls, root: Path, nav: list[str]) -> "Site":
        return cls(root, *read_site(root, nav))

    def run(self, names: str | None, fresh: bool, only: list[str] | None = None) -> "Site":
        """Run the stale pages that were read without a fault."""
        self.records = {page.stem: EMPTY for page in self.pages}
        self.names, wrong = read_names(self.root, names)
        self.problems += wrong
        if wrong:
            return self
        self.facts = describe(self.names)
        asked = [page for page in self.pages if not only or page.stem in only]
        chosen = [page for page in asked if not self.problems_of(page)]
        records, failed = run_pages(self.root, chosen, self.names, fresh, say)
        self.records |= records
        self.problems += failed
        for page in chosen:
            if not self.problems_of(page):
                self.problems += unchecked(page, self.records[page.stem])
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

    def report(self) -> None:
        """Write the record of every comparison."""
        write_report(self.root, self.pages, self.records, self.facts)

    def summary(self) -> str:
        count = sum(len(in_float64(record)) for record in self.records.values())
        return f"{len(self.pages)} pages, {count} comparisons in float64, all of them hold"


class Listener(logging.Handler):
    """Makes a problem of each warning of MkDocs: one of them, and nothing is published."""

    LINK = re.compile(
        r"Doc file '(?P<page>[^']+)' contains an? [a-z ]*link '(?P<link>[^']+)',? ?(?P<why>.*)"
    )

    def __init__(self, site: Site):
        super().__init__(logging.WARNING)
        self.site = site

    def emit(self, record: logging.LogRecord) -> None:
        told = record.getMessage()
        link = self.LINK.match(told)
        if not link:
            self.site.fail("mkdocs.yml", told)
            return
        path = f"docs/{link['page']}"
        before, found, _ = self.site.page(path).text.partition(link["link"])
        text = f"the link {link['link']} leads nowhere: {link['why']}"
        self.site.fail(path, text, before.count("\n") + 1 if found else 0)


def refuse_taken_port(host: str, port: int) -> None:
    """Say that a port is in use before MkDocs fails over it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            hint = f"choose another one (scripts/serve --port {port + 1})"
            raise Abort(f"port {port} is in use: stop what runs there, or {hint}") from None
