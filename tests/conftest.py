"""A site in small, for tests to break: tests/tiny with this project's scripts."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from press.auditing.browser import copy_project, publish, served, start_chromium

ROOT = Path(__file__).resolve().parent.parent
# Programs that run inside the tests draw as they do in a build: the same bytes each time.
os.environ["MATPLOTLIBRC"] = str(ROOT / "scripts/press/running/matplotlibrc")
os.environ["SOURCE_DATE_EPOCH"] = "0"
os.environ["OMP_NUM_THREADS"] = "1"  # as in a build: another number sums in another order
os.environ["OMP_WAIT_POLICY"] = "passive"  # a program with two threads does not wait busily
NAMES = (ROOT / "snippets/setup/names.txt").read_text().splitlines()
# A run in the background does not hear Ctrl-C, and nor would what its tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
PLAIN = {k: v for k, v in os.environ.items() if k not in ("NAMES", "SITE_URL")}


class Project:
    """A copy of the project with the pages of tests/tiny."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(ROOT / "tests/tiny", folder)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=ignored)
        for path in ("docs/stylesheets", "docs/javascripts", "docs/live"):
            shutil.copytree(ROOT / path, folder / path, ignore=ignored)
        (folder / "snippets/setup").mkdir()
        for path in ("snippets/setup/compare.py", "package.json", "package-lock.json", ".npmrc"):
            shutil.copy(ROOT / path, folder / path)
        (folder / "snippets/setup/names.txt").write_text("emma\nolivia\n" * 60)
        if (ROOT / "node_modules").is_dir():
            (folder / "node_modules").symlink_to(ROOT / "node_modules")
        settings = (ROOT / "mkdocs.yml").read_text()
        settings = re.sub(r"  - mkdocs-jupyter.*\n(?: {6}.*\n)*", "", settings).split("\nnav:\n")
        rest = settings[1].partition("\n\n")[2]
        nav = "nav:\n  - Home: index.md\n  - Squares: square.md\n"
        (folder / "mkdocs.yml").write_text(f"{settings[0]}\n{nav}\n{rest}")

    def path(self, name):
        return self.folder / name

    def edit(self, name, old, new):
        """Replace a text that is there; write the file whole."""
        text = self.path(name).read_text()
        assert old in text, f"{name} does not hold {old!r}"
        self.path(name).write_text(text.replace(old, new, 1))

    def start(self, *arguments, **environment):
        """Start scripts/build.py."""
        return subprocess.Popen(
            [sys.executable, str(self.path("scripts/build.py")), *map(str, arguments)],
            cwd=self.folder.parent,
            env=PLAIN | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def build(self, *arguments, **environment):
        """Run scripts/build.py; return its exit code and what it said."""
        process = self.start(*arguments, **environment)
        _, said = process.communicate(timeout=100)
        return process.returncode, said

    def site(self):
        """Every file of the published site, with its bytes."""
        files = sorted(path for path in self.path("site").rglob("*") if path.is_file())
        return {str(path.relative_to(self.path("site"))): path.read_bytes() for path in files}


@pytest.fixture(scope="session", autouse=True)
def mathjax():
    """The tests typeset with the MathJax that a build would install."""
    from press.showing.typesetting import install

    install(ROOT)


@pytest.fixture(scope="session")
def site():
    """This project's own site, published by this project's own build."""
    publish(ROOT, "")  # what is stale runs here, once for all tests
    return ROOT / "site"


@pytest.fixture(scope="session")
def copied(tmp_path_factory, site):
    """A copy of this project, with the records of the runs."""
    folder = tmp_path_factory.mktemp("browser") / "copy"
    copy_project(folder)
    return folder


@pytest.fixture(scope="session")
def address(copied):
    """Where the copy's site is served, published for this address: instant navigation needs it."""
    with served(copied / "site", headers={"Cache-Control": "no-store"}) as server:
        said = publish(copied, server.address)
        assert "running" not in said, "the copy has the records, so nothing may run"
        yield server.address


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = start_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory, mathjax):
    """A project whose site has been published."""
    project = Project(tmp_path_factory.mktemp("finished") / "a project")
    code, said = project.build()
    assert code == 0, said
    return project


@pytest.fixture
def project(tmp_path, finished):
    """A project of its own for each test, as it stands after a good build."""
    copy = tmp_path / "a project"
    shutil.copytree(finished.folder, copy, symlinks=True)
    mine = object.__new__(Project)
    mine.folder = copy
    return mine


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with a short list of names, to run programs in."""
    (tmp_path / "names.txt").write_text("\n".join(NAMES[::40]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def running():
    """Collect processes that a test starts; whatever still runs at its end is stopped."""
    started = []
    yield started
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def installed(environment):
    """Let scripts/environment find that an environment has all that it should."""
    files = [(ROOT / name).read_text() for name in ("requirements.txt", "constraints.txt")]
    (environment / "installed.txt").write_text("".join(files))


def until(condition, seconds=30):
    """Wait for a condition; return what it gave, or fail."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")
