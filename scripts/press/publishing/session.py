"""One process of MkDocs, from its start to its end: one build, or a server's many.

A session holds what outlives a build: the lock, the port, where a finished site goes. All
that is known of the pages belongs to the build, which is made anew each time.
"""

import logging
import re
import socket
from pathlib import Path

from filelock import FileLock, Timeout
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort

from press.notebooks.rendered import NotebookChapter
from press.notebooks.stage import Shelf, make_notebooks
from press.publishing.llms import llms, markdown_of, markdown_path
from press.publishing.swap import PublishError, beside, discard, prepare, swap
from press.reading.pages import nav_pages
from press.reading.problems import say
from press.records.build import Build
from press.records.cache import write
from press.showing.chapter import Chapter
from press.showing.slim import slim_index
from press.showing.typesetting import TypesetError, install, typeset


class Session:
    """What one process knows from one build to the next, and the steps of a build in their order."""

    def __init__(self):
        self.serving = self.bound = False  # bound: our own server has the port
        self.shown = False  # a server has shown the pages once
        self.place: Path | None = None  # where a finished site goes
        self.lock, self.warnings = BuildLock(), None
        self.build: Build | None = None

    def configure(self, config: MkDocsConfig) -> None:
        """Choose where the site is built, before MkDocs looks at its settings."""
        root = Path(config.config_file_path).parent
        if jupyter := config.plugins.get("mkdocs-jupyter"):
            jupyter.config["cache_dir"] = str(root / "build" / "jupyter")
        if not self.serving:
            self.place = Path(config.site_dir).resolve()
            config.site_dir = str(beside(self.place))
        elif not self.bound:
            refuse_taken_port(*config.dev_addr)
            self.bound = True

    def run(self, config: MkDocsConfig) -> None:
        """Read the pages, run what is stale, make the notebooks: all before MkDocs reads a page."""
        root = Path(config.config_file_path).parent
        self.lock.take(root)
        if not self.serving:  # a server publishes nothing
            or_abort(prepare, root, self.place)
        extra, self.chapters, self.shelf = config.extra, {}, Shelf()
        self.build = Build.read(
            root,
            nav_pages(config.nav),
            fresh=bool(extra.get("fresh")),
            address=config.site_url or "",
            colab=extra.get("colab") or "",
        ).run(extra.get("names") or None)
        try:
            install(root)
        except TypesetError as error:
            self.build.fail("package.json", str(error))
        self.stop_or_show()
        # A save has to show at once: a server runs notebooks for the first of its readers only.
        books = nav_pages(config.nav, (".ipynb",))
        self.shelf = make_notebooks(self.build, books, run_stale=not self.shown)
        self.stop_or_show()
        self.shown = True
        if not self.serving:
            self.warnings = Warnings(self.build)
            logging.getLogger("mkdocs").addHandler(self.warnings)

    def chapter(self, path: str) -> Chapter | NotebookChapter:
        """A page on its way through MkDocs, by its path in docs/."""
        if path not in self.chapters:
            if path in self.shelf.pages:
                stem, lacking = self.shelf.pages[path].stem, self.shelf.lacking
                made = NotebookChapter(self.build, stem, self.shelf.texts[stem], lacking)
            else:
                made = Chapter(self.build, self.build.page(f"docs/{path}"))
            self.chapters[path] = made
        return self.chapters[path]

    def typeset(self) -> None:
        """Typeset the formulas of all pages, in one go."""
        chapters = self.chapters.values()
        formulas = [formula for chapter in chapters for formula in chapter.formulas]
        try:
            self.typeset_formulas = typeset(self.build.root, self.build.cache, formulas)
        except TypesetError as error:
            self.build.fail("package.json", str(error))
            self.typeset_formulas = {each.key: {} for each in formulas} | {"glyphs": {}}
        for chapter in chapters:
            for formula in chapter.formulas:
                if error := self.typeset_formulas[formula.key].get("error"):
                    chapter.refuse(formula, error)
        self.stop_or_show()

    def publish(self, config: MkDocsConfig) -> None:
        """Write what MkDocs does not, and put the finished site in its place."""
        self.stop_or_show()
        self.build.report()
        site = Path(config.site_dir)
        index = site / "search/search_index.json"
        if index.is_file():
            slim_index(index)
        for page in self.build.pages:
            if page.path in self.shelf.pieces:  # MkDocs would make pages of these files
                write(site / markdown_path(page), markdown_of(self.shelf.pieces[page.path]))
        write(site / "llms.txt", llms(config, self.build))
        if not self.serving:
            or_abort(swap, self.place)
            config.site_dir = str(self.place)
            say(f"published {self.place.name}/: {self.build.summary()}")
        self.end()

    def stop_or_show(self) -> None:
        """Say every problem; a build ends here, a server goes on."""
        if (count := self.build.tell()) and not self.serving:
            things = "1 thing is" if count == 1 else f"{count} things are"
            raise Abort(f"{things} wrong: nothing was published")

    def fail(self) -> None:
        """Leave nothing of a build that has failed."""
        if self.lock.held and not self.serving:
            discard(self.place)
        self.end()

    def end(self) -> None:
        if self.warnings:
            logging.getLogger("mkdocs").removeHandler(self.warnings)
            self.warnings = None
        self.lock.release()


def or_abort(step, *arguments) -> None:
    """Take a step of publishing; what speaks against it ends the build with a sentence."""
    try:
        step(*arguments)
    except PublishError as error:
        raise Abort(f"error: {error}") from error


class BuildLock:
    """Only one build works in a folder at a time; the second waits and says so."""

    def __init__(self):
        self.lock = None

    def take(self, root: Path) -> None:
        """Take the lock; taking it twice in one process is once."""
        if self.lock:
            return
        (root / "build").mkdir(exist_ok=True)
        lock = FileLock(root / "build" / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say("another build is running here: waiting for it to end")
            lock.acquire()
        self.lock = lock

    @property
    def held(self) -> bool:
        return self.lock is not None

    def release(self) -> None:
        if self.lock:
            self.lock.release()
            self.lock = None


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


def refuse_taken_port(host: str, port: int) -> None:
    """Say that a port is in use before MkDocs fails over it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            hint = f"choose another one (scripts/serve --port {port + 1})"
            raise Abort(f"port {port} is in use: stop what runs there, or {hint}") from None
