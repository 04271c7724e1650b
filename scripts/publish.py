"""Put a finished site in the place of the old one; one build at a time."""

import shutil
from importlib import metadata
from pathlib import Path

from filelock import FileLock, Timeout


class BuildLock:
    """Only one build works in a folder at a time; the second waits and says so."""

    def __init__(self):
        self.lock = None

    def take(self, root: Path, say) -> None:
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

    def release(self) -> None:
        if self.lock:
            self.lock.release()
            self.lock = None


def licences(root: Path) -> dict[str, Path]:
    """The licences of what others made and the site publishes: {name in the site: file}."""

    def of(package: str) -> Path:
        files = metadata.files(package) or []
        return next(Path(file.locate()) for file in files if file.name.startswith("LICENSE"))

    return {
        "licences/mathjax.txt": root / "node_modules" / "mathjax" / "LICENSE",
        "licences/material.txt": of("mkdocs-material"),
        "licences/mkdocs.txt": of("mkdocs"),
    }


def aside(site: Path) -> Path:
    """Where the old site stands between the two renames."""
    return site.with_name(site.name + ".old")


def beside(site: Path) -> Path:
    """Where the new site is built: on the same disk, so that it can be renamed."""
    return site.with_name(site.name + ".new")


def recover(site: Path, say) -> None:
    """Put back the old site where a build was stopped between its two renames."""
    if aside(site).is_dir() and not site.is_dir():
        aside(site).rename(site)
        say(f"put {site.name}/ back: an earlier build was stopped while it published")


def swap(site: Path) -> None:
    """Put the new site in the place of the old one, by two renames."""
    if aside(site).is_dir():
        shutil.rmtree(aside(site))
    if site.is_dir():
        site.rename(aside(site))
    try:
        beside(site).rename(site)
    except OSError:
        aside(site).rename(site)
        raise
    shutil.rmtree(aside(site), ignore_errors=True)
