"""How the costs of a build grow: the project with its pages two or three times, and what each takes."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from press.auditing.browser import ROOT, copy_project, free_port, page_at
from press.reading.problems import say

PAGES = 60
RUNS = 3  # of what is quick; the one in the middle counts
BARS = {  # seconds
    "fresh": 180,
    "nothing stale": 4,
    "nothing stale, today's pages": 2.2,
    "one more page": 0.025,
    "a save until it is served": 3,
}


def grow(folder: Path, pages: int) -> None:
    """Add copies of the pages to a project, under other names, until it has so many."""
    settings = (folder / "mkdocs.yml").read_text("utf-8")
    stems = [path.stem for path in sorted((folder / "docs").glob("*.md"))]
    copies = [(stem, f"{stem}_{k}") for k in range(2, 99) for stem in stems][: pages - len(stems)]
    nav = "".join(f"      - {new}: {new}.md\n" for _, new in copies)
    settings = settings.replace("\n  - Symbols:", f"\n  - Copies:\n{nav}  - Symbols:", 1)
    (folder / "mkdocs.yml").write_text(settings, "utf-8")
    for old, new in copies:
        text = (folder / f"docs/{old}.md").read_text("utf-8")
        text = re.sub(rf"\b(snippets|build)/{old}\.(py|txt)\b", rf"\1/{new}.\2", text)
        text = re.sub(rf"\{{\{{ (float64\.)?{old}\.", rf"{{{{ \1{new}.", text)
        (folder / f"docs/{new}.md").write_text(text, "utf-8")
        if (folder / f"snippets/{old}.py").is_file():
            shutil.copy(folder / f"snippets/{old}.py", folder / f"snippets/{new}.py")


def build(folder: Path, *options: str) -> float:
    """Seconds that a build of a project takes; raises RuntimeError with what it said if it fails."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "scripts/build.py", *options], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"the copy was not built:\n{done.stderr}")
    return time.perf_counter() - began


def save(folder: Path, times: int) -> float:
    """Seconds from saving a page until the server shows it; of several, the one in the middle."""
    port, page, took = free_port(), folder / "docs/linear.md", []
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload", "-a", f"127.0.0.1:{port}"]
    address, env = f"http://127.0.0.1:{port}/linear/", os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(address, "Linear layers")
            for k in range(times):
                with page.open("a", encoding="utf-8") as file:
                    file.write(f"\nSaved anew, {'again ' * k}and seen.\n")
                began = time.perf_counter()
                wait_for(address, f"Saved anew, {'again ' * k}and seen.")
                took.append(time.perf_counter() - began)
        finally:
            server.send_signal(signal.SIGINT)
    return median(took)


def wait_for(address: str, words: str, seconds: float = 120) -> None:
    """Wait until a served page holds some words; TimeoutError if it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if words in page_at(address):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{address} does not show {words!r} after {seconds:g} s")


def measure_growth() -> list[str]:
    """Measure, print each result when it is there, and return the missed bars."""
    took, missed = {}, []

    def measured(what: str, seconds: float) -> None:
        took[what] = seconds
        late = seconds > BARS[what]
        print(f"{what:32} {seconds:8.3f} s   bar {BARS[what]:g} s{'   missed' * late}", flush=True)
        if late:
            missed.append(f"{what} takes {seconds:.3f} s: its bar is {BARS[what]:g} s")

    with tempfile.TemporaryDirectory() as scratch:
        few, many = Path(scratch) / "few", Path(scratch) / "many"
        copy_project(few)
        count = len(list((ROOT / "docs").glob("*.md")))
        say(f"today's {count} pages")
        build(few)
        measured("nothing stale, today's pages", median(build(few) for _ in range(RUNS)))
        copy_project(many)
        grow(many, PAGES)
        say(f"{PAGES} pages, each run anew: some minutes")
        measured("fresh", build(many, "--fresh"))
        measured("nothing stale", median(build(many) for _ in range(RUNS)))
        more = took["nothing stale"] - took["nothing stale, today's pages"]
        measured("one more page", more / (PAGES - count))
        measured("a save until it is served", save(many, RUNS))
    return missed
