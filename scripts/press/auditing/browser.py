"""A browser and a loopback server for what looks at the finished site: tests and measure.py."""

import gzip
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[3]
UNDER = "/backprop/"  # most sites of this kind lie under a path: links must not assume the top
ON_THE_PATH = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDED = ("docs", "snippets", "scripts", "build", "mkdocs.yml", "package.json")
NEEDED += ("package-lock.json", ".npmrc")
TEXT = ("text/", "application/json", "application/xml", "image/svg", "application/javascript")


class NoBrowser(Exception):
    """There is no Chromium."""


def chromium_path(playwright) -> str:
    """The browser: one that the machine has, or else the one that Playwright fetched."""
    for name in ON_THE_PATH:
        if path := shutil.which(name):
            return path
    if Path(playwright.chromium.executable_path).is_file():
        return playwright.chromium.executable_path
    raise NoBrowser("no Chromium is here: start scripts/test, which fetches one or says how")


def start_chromium(playwright, *flags: str):
    """The browser, started; close() ends it."""
    return playwright.chromium.launch(
        executable_path=chromium_path(playwright), args=[*FLAGS, *flags]
    )


def copy_project(folder: Path) -> None:
    """What a build needs, with the records of the runs: a copy can publish without a run.

    A site for tests has the address of a test's server in it, so it must not take
    the place of the one in site/.
    """
    folder.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "lock", "lighthouse")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder / name)
    if (ROOT / "node_modules").is_dir():
        (folder / "node_modules").symlink_to(ROOT / "node_modules")


def publish(folder: Path, address: str) -> str:
    """Publish the project in a folder for an address; return what the build said."""
    done = subprocess.run(
        [sys.executable, "scripts/build.py"],
        cwd=folder,
        env=os.environ | {"SITE_URL": address, "NAMES": ""},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the site was not built:\n{done.stderr}")
    return done.stderr


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def page_at(address: str) -> str:
    """A page as it is served now; "" while there is none."""
    try:
        return urllib.request.urlopen(address, timeout=5).read().decode()
    except (urllib.error.URLError, OSError):
        return ""


class Handler(BaseHTTPRequestHandler):
    """Serves a folder under UNDER, as a web host does; it writes no log."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        file = (self.server.folder / path.removeprefix(UNDER)).resolve()
        if file.is_dir():
            file /= "index.html"
        inside = path.startswith(UNDER) and file.is_relative_to(self.server.folder.resolve())
        if inside and file.is_file():
            self.answer(200, file)
        else:
            self.answer(404, self.server.folder / "404.html")

    def answer(self, status: int, file: Path) -> None:
        kind = guess_type(file.name)[0] or "application/octet-stream"
        body = file.read_bytes()
        self.send_response(status)
        if self.server.zipped and kind.startswith(TEXT):
            body = zipped(body)
            self.send_header("Content-Encoding", "gzip")
        utf8 = "; charset=utf-8" if kind.startswith("text/") else ""
        self.send_header("Content-Type", kind + utf8)
        self.send_header("Content-Length", str(len(body)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


@cache
def zipped(body: bytes) -> bytes:
    """As a web host sends it; kept, so that a second visit is served as fast as it can be."""
    return gzip.compress(body, 9)


@contextmanager
def served(folder: Path, zipped: bool = False, headers: dict | None = None):
    """Serve a site on this machine alone; gives the server, whose `address` is the site's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.folder, server.zipped, server.headers = folder, zipped, headers or {}
    server.address = f"http://127.0.0.1:{server.server_port}{UNDER}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
