"""What each page costs a reader, in bytes, elements and milliseconds, and where that is too much."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from press.auditing.browser import (
    chromium_path,
    copy_project,
    publish,
    served,
    start_chromium,
    zipped,
)
from press.reading.pages import nav_pages

KB = 1000
FIRST, NEXT = 150 * KB, 30 * KB  # bytes over the network, compressed
SHIFT = 0.02  # how far things jump while a page loads
ELEMENTS = 6000
TASK = 200  # milliseconds without an answer to the reader, on a machine four times slower
SLOWER = 4
TURN = 600  # pixels that a reader scrolls at once
INDEX, PAGES = 80 * KB, 60  # the search index, when the site has this many pages

OBSERVE = """
  window.shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
"""
SEEN = "[document.querySelectorAll('*').length, window.shift]"


@dataclass
class Measured:
    """One page: what it costs to fetch, and what it does to the browser."""

    path: str
    first: int
    next: int
    elements: int
    shift: float
    task: float

    def missed(self) -> list[str]:
        """The bars that the page misses, in words."""
        bars = [
            (self.first, FIRST, "bytes on a first visit"),
            (self.next, NEXT, "bytes as a next page"),
            (self.elements, ELEMENTS, "elements"),
            (self.shift, SHIFT, "layout shift"),
            (self.task, TASK, f"ms in one task at {SLOWER}x"),
        ]
        over = [(value, bar, what) for value, bar, what in bars if value > bar]
        return [f"{self.path}: {value:g} {what}, the bar is {bar:g}" for value, bar, what in over]


class Bytes:
    """Counts what a page fetches over the network; what the browser had kept is nothing."""

    def __init__(self, session):
        self.total = 0
        session.send("Network.enable")
        session.on("Network.loadingFinished", self.add)

    def add(self, event: dict) -> None:
        self.total += int(event["encodedDataLength"])


def load(page, address: str) -> None:
    """Open a page, turn the wheel down to its end, go back, and wait until nothing happens."""
    page.goto(address, wait_until="networkidle")
    while page.evaluate("scrollY + innerHeight < document.documentElement.scrollHeight - 1"):
        page.mouse.wheel(0, TURN)
        page.wait_for_timeout(50)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(200)


def fetch(browser, before: list[str], address: str) -> int:
    """The bytes that a page costs a reader who has read the pages before it, or none."""
    with browser.new_context() as context:
        page = context.new_page()
        counted = Bytes(context.new_cdp_session(page))
        for each in before:
            load(page, each)
        already = counted.total
        load(page, address)
        return counted.total - already


def watch(browser, address: str) -> tuple[int, float, float]:
    """Elements, layout shift and longest task of a page on a slow machine's small screen.

    Of three visits the one in the middle: what the browser compiles is not always the same.
    """
    visits = [watch_once(browser, address) for _ in range(3)]
    return tuple(median(values) for values in zip(*visits, strict=True))


def watch_once(browser, address: str) -> tuple[int, float, float]:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.add_init_script(OBSERVE)
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        browser.start_tracing(categories=["toplevel", "__metadata"])
        load(page, address)
        return *page.evaluate(SEEN), longest_task(json.loads(browser.stop_tracing()))


def longest_task(trace: dict) -> float:
    """Milliseconds of the longest task of a page's main thread.

    The thread's own time, not the clock's, which runs on while another program has its turn.
    """
    events = trace["traceEvents"]
    named = [event for event in events if event["name"] == "thread_name"]
    threads = {(e["pid"], e["tid"]) for e in named if e["args"]["name"] == "CrRendererMain"}
    return max(e.get("tdur", 0) for e in events if (e["pid"], e["tid"]) in threads) / 1000


def measure(browser, site: str, paths: list[str]) -> list[Measured]:
    """Every page; as a next page each is read after the home page, the home page after another."""
    rows = []
    for path in paths:
        before = paths[0] if path != paths[0] else paths[-1]
        first = fetch(browser, [], site + path)
        after = fetch(browser, [site + before], site + path)
        rows.append(Measured(path or "(home)", first, after, *watch(browser, site + path)))
    return rows


def table(rows: list[Measured]) -> str:
    lines = [
        f"{'page':32} {'first kB':>9} {'next kB':>8} {'elements':>8} {'shift':>6} {'task ms':>8}"
    ]
    lines += [
        f"{row.path:32} {row.first / KB:9.1f} {row.next / KB:8.1f} {row.elements:8} {row.shift:6.3f} {row.task:8.0f}"
        for row in rows
    ]
    return "\n".join(lines)


def search_index(folder: Path, pages: int) -> tuple[str, list[str]]:
    """The search index, compressed, and what it comes to when the site has grown."""
    size = len(zipped((folder / "search/search_index.json").read_bytes()))
    grown = size / pages * PAGES
    size_line = f"search index: {size / KB:.1f} kB, {grown / KB:.1f} kB with {PAGES} pages"
    return size_line, [f"{size_line}: the bar is {INDEX / KB:g} kB"] if grown > INDEX else []


def page_paths(folder: Path) -> list[str]:
    """The address of every page of the nav, below the site's own."""
    from mkdocs.config import load_config

    nav = load_config(str(folder / "mkdocs.yml")).nav
    stems = (name.rpartition(".")[0] for name in nav_pages(nav, (".md", ".ipynb")))
    return ["" if stem == "index" else stem.removesuffix("/index") + "/" for stem in stems]


def audit(with_lighthouse: bool) -> list[str]:
    """Publish a copy of the site, measure its pages and print what they cost; return the missed bars."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "copy"
        copy_project(copy)
        # A reader's browser keeps a file for ten minutes, as the usual hosts tell it to.
        kept = {"Cache-Control": "max-age=600"}
        with served(copy / "site", zipped=True, headers=kept) as server:
            publish(copy, server.address)
            paths = page_paths(copy)
            with sync_playwright() as playwright:
                browser = start_chromium(playwright)
                rows = measure(browser, server.address, paths)
                browser.close()
                chromium = chromium_path(playwright)
            print(table(rows))
            size, missed = search_index(copy / "site", len(paths))
            print(size)
            missed += [miss for row in rows for miss in row.missed()]
            if with_lighthouse:
                from press.auditing.lighthouse import judge

                heavy = sorted(paths[1:], key=lambda path: -rows[paths.index(path)].first)[:4]
                missed += judge(chromium, server.address, ["", *heavy])
    return missed
