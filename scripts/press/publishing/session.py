"""One process of MkDocs, from its start to its end: one build, or a server's many.

A session holds what outlives a build: the lock, the port, where a finished site goes. What is
made of the pages belongs to its edition, which is new at each build.
"""

import logging
import socket
import threading
from pathlib import Path

from filelock import FileLock, Timeout
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort

from press.notebooks.stage import run_and_judge
from press.publishing.edition import Edition, Warnings
from press.publishing.swap import PublishError, beside, discard, prepare, swap
from press.reading.problems import say


class Session:
    """What one process knows from one build to the next, and the steps of a build in their order."""

    def __init__(self):
        self.serving = self.bound = False  # bound: our own server has the port
        self.place: Path | None = None  # where a finished site goes
        self.lock, self.warnings = BuildLock(), None
        self.edition: Edition | None = None

    def configure(self, config: MkDocsConfig) -> None:
        """Choose where the site is built, before MkDocs looks at its settings."""
        if not self.serving:
            self.place = Path(config.site_dir).resolve()
            config.site_dir = str(beside(self.place))
        elif not self.bound:
            refuse_taken_port(*config.dev_addr)
            self.bound = True

    def begin(self, config: MkDocsConfig) -> None:
        """Read the pages, run what is stale, make the notebooks: all before MkDocs reads a page."""
        root = Path(config.config_file_path).parent
        self.lock.take(root)
        if not self.serving:  # a server publishes nothing
            or_abort(prepare, root, self.place)
        self.edition = Edition(root, config)
        self.edition.run()
        self.stop_or_show()
        # What a reader waits for is the pages: a server runs the notebooks behind them.
        self.edition.make_notebooks(run_stale=not self.serving)
        self.stop_or_show()
        if not self.serving:
            self.warnings = Warnings(self.edition.build)
            logging.getLogger("mkdocs").addHandler(self.warnings)

    def serve(self, server) -> None:
        """Have the notebooks run that are stale when the server starts; then all is built once more."""
        edition, ran = self.edition, self.edition.root / "build" / "notebooks" / "ran"
        if edition.shelf.stale:
            ran.parent.mkdir(parents=True, exist_ok=True)
            ran.touch()
            server.watch(str(ran))
            threading.Thread(target=run_behind, args=(edition, ran), daemon=True).start()

    def typeset(self) -> None:
        self.edition.typeset_formulas()
        self.stop_or_show()

    def publish(self, config: MkDocsConfig) -> None:
        """Put the finished site in its place."""
        self.stop_or_show()
        self.edition.complete(Path(config.site_dir))
        if not self.serving:
            or_abort(swap, self.place)
            config.site_dir = str(self.place)
            say(f"published {self.place.name}/: {self.edition.build.summary()}")
        self.end()

    def stop_or_show(self) -> None:
        """Say every problem; a build ends here, a server goes on."""
        if (count := self.edition.build.tell()) and not self.serving:
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


def run_behind(edition: Edition, ran: Path) -> None:
    """Run the notebooks of an edition that are stale, keep what they gave, and touch a file."""
    _, problems = run_and_judge(edition.build, edition.shelf.stale, run_stale=True)
    for problem in problems:
        say(f"error: {problem}")
    ran.touch()


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


def refuse_taken_port(host: str, port: int) -> None:
    """Say that a port is in use before MkDocs fails over it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            hint = f"choose another one (scripts/serve --port {port + 1})"
            raise Abort(f"port {port} is in use: stop what runs there, or {hint}") from None
