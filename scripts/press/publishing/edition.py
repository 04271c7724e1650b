"""One build on its way through MkDocs: what was read and run, its notebooks, its pages.

Made anew for each build; a server makes one at each save.
"""

import logging
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files

from press.notebooks.rendered import NotebookChapter
from press.notebooks.stage import Shelf, make_notebooks
from press.publishing.kept_html import keep, site_key
from press.publishing.llms import llms, markdown_of, markdown_path
from press.reading.pages import nav_pages
from press.records.build import Build
from press.records.cache import write
from press.showing.chapter import Chapter
from press.showing.slim import slim_index
from press.showing.typesetting import TypesetError, install, typeset


class Edition:
    """All that one build makes of the project in a folder."""

    def __init__(self, root: Path, config: MkDocsConfig):
        self.root, self.config, self.shelf = root, config, Shelf()
        self.chapters: dict[str, Chapter | NotebookChapter] = {}  # by their path in docs/
        self.typeset: dict = {}  # what MathJax made of the formulas
        self.site_key = ""  # of what the HTML of all pages depends on
        extra = config.extra
        self.build = Build.read(
            root,
            nav_pages(config.nav),
            fresh=bool(extra.get("fresh")),
            address=config.site_url or "",
            colab=extra.get("colab") or "",
        )

    def run(self) -> None:
        """Run the pages that are stale, and see that MathJax is there."""
        self.build.run(self.config.extra.get("names") or None)
        try:
            install(self.root)
        except TypesetError as error:
            self.build.fail("package.json", str(error))

    def make_notebooks(self, run_stale: bool) -> None:
        with_pages = nav_pages(self.config.nav, (".ipynb",))
        self.shelf = make_notebooks(self.build, with_pages, run_stale)

    def keep_html(self, page, files: Files) -> None:
        """Let a page take its HTML from the last build, where nothing of it has changed."""
        self.site_key = self.site_key or site_key(self.config, files)
        keep(page, self.chapter(page.file.src_uri), self.site_key)

    def chapter(self, path: str) -> Chapter | NotebookChapter:
        """A page on its way through MkDocs, by its path in docs/."""
        if path not in self.chapters:
            self.chapters[path] = self.new_chapter(path)
        return self.chapters[path]

    def new_chapter(self, path: str) -> Chapter | NotebookChapter:
        if path not in self.shelf.pages:
            return Chapter(self.build, self.build.page(f"docs/{path}"))
        stem = self.shelf.pages[path].stem
        return NotebookChapter(self.build, stem, self.shelf.texts[stem], self.shelf.lacking)

    def typeset_formulas(self) -> None:
        """Typeset the formulas of all pages, in one go."""
        chapters = self.chapters.values()
        formulas = [formula for chapter in chapters for formula in chapter.formulas]
        try:
            self.typeset = typeset(self.root, self.build.cache, formulas)
        except TypesetError as error:
            self.build.fail("package.json", str(error))
            self.typeset = {each.key: {} for each in formulas} | {"glyphs": {}}
        for chapter in chapters:
            for formula in chapter.formulas:
                if error := self.typeset[formula.key].get("error"):
                    chapter.refuse(formula, error)

    def complete(self, site: Path) -> None:
        """Write what MkDocs does not: the report, a lighter search index, pages as plain Markdown."""
        self.build.report()
        index = site / "search/search_index.json"
        if index.is_file():
            slim_index(index)
        for page in self.build.pages:
            if page.path in self.shelf.pieces:  # MkDocs would make pages of these files
                write(site / markdown_path(page), markdown_of(self.shelf.pieces[page.path]))
        write(site / "llms.txt", llms(self.config, self.build))


class Warnings(logging.Handler):
    """Makes a problem of each warning of MkDocs: one of them, and nothing is published."""

    LINK = re.compile(
        r"Doc file '(?P<page>[^']+)' contains an? [a-z ]*link '(?P<link>[^']+)',? ?(?P<why>.*)"
    )

    def __init__(self, build: Build):
        super().__init__(logging.WARNING)
        self.build = build

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        link = self.LINK.match(message)
        if not link:
            self.build.fail("mkdocs.yml", message)
            return
        path = f"docs/{link['page']}"
        before, there, _ = self.build.page(path).text.partition(link["link"])
        text = f"the link {link['link']} leads nowhere: {link['why']}"
        self.build.fail(path, text, before.count("\n") + 1 if there else 0)
