"""The published site in a real browser: every page, light and dark, narrow and wide."""

import base64
import hashlib
import json
import re
import shutil
from contextlib import contextmanager

import pytest
from press.auditing.browser import ROOT, publish, served
from test_site import BOOKS, STEMS, file_of
from test_snippets import PAGES, PROGRAMS

AXE = ROOT / "node_modules/axe-core/axe.min.js"
NARROW, WIDE = 390, 1280
QUICK = [("dark", NARROW), ("light", WIDE)]
SLOW = [("light", NARROW), ("dark", WIDE)]
LOOKS = QUICK + [pytest.param(*look, marks=pytest.mark.slow) for look in SLOW]


def one_quick(stems):
    """Pages for a test of what all pages have from the same few lines: the first stands for them."""
    first, *rest = stems
    return [first] + [pytest.param(stem, marks=pytest.mark.slow) for stem in rest]


ONE_PROGRAM = one_quick(list(PROGRAMS))
ONE_PAGE = one_quick([*PROGRAMS, *(stem for stem in STEMS if stem not in PROGRAMS), *BOOKS])

OPEN = "for (const folded of document.querySelectorAll('details')) folded.open = true"
TABS = "for (const tab of document.querySelectorAll('.tabbed-block')) tab.style.display = 'block'"
# Widths, not presence: a glyph whose path is missing is there, and zero wide. A space is
# a glyph too, with a path that draws nothing.
INVISIBLE = """() => [...document.querySelectorAll("mjx-container > svg")].flatMap((svg) => {
  const drawn = (use) => document.querySelector(use.getAttribute("xlink:href"))?.getAttribute("d") !== "";
  const glyphs = [...svg.querySelectorAll("use")].filter(drawn).map((use) => use.getBoundingClientRect());
  const seen = svg.getBoundingClientRect().width >= 4 && glyphs.length > 0
    && glyphs.every((box) => box.width > 0 && box.height > 0);
  return seen ? [] : [svg.parentNode.textContent];
})"""
# Marks and code that a reader who scrolls to them does not see, or sees blank.
UNSEEN = """() => [...document.querySelectorAll("a.mark, .highlight code")].filter((seen) => {
  const { width, height } = seen.getBoundingClientRect();
  return !(seen.checkVisibility({ visibilityProperty: true }) && width && height && seen.textContent.trim());
}).map((unseen) => unseen.parentNode.outerHTML.slice(0, 200))"""
# The text that a reader sees, without code, and without the MathML for listeners.
VISIBLE = """() => {
  const found = [], all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (all.nextNode()) {
    const parent = all.currentNode.parentElement;
    const shown = parent.checkVisibility({ visibilityProperty: true });
    if (shown && !parent.closest("pre, code, script, style, mjx-container")) found.push(all.currentNode.data);
  }
  return found.join(" ");
}"""
RAW_TEX = re.compile(r"\$\$|\\[([\])]|\\[a-zA-Z]{2,}|\$[^$]*[\\_^][^$]*\$")


class Watch:
    """Everything that a page does and should not: said in the console, failed, or asked elsewhere."""

    def __init__(self, page, origin):
        self.faults, self.loads = [], 0
        self.origin = origin
        page.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url}"))
        page.on("response", self.response)
        page.on("request", self.request)

    def response(self, response):
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def request(self, request):
        self.loads += request.is_navigation_request()
        if not request.url.startswith((self.origin, "data:")):
            self.faults.append(f"elsewhere: {request.url}")


@contextmanager
def visit(chromium, address, stem="index", scheme="light", width=WIDE, **options):
    """A reader's first visit, with nothing kept from an earlier one."""
    size = {"width": width, "height": 900}
    with chromium.new_context(color_scheme=scheme, viewport=size, **options) as context:
        page = context.new_page()
        page.watch = Watch(page, address)
        page.goto(where(address, stem))
        yield page


def leave(page, address):
    """Go to another page, when this one has what it asked for: what is broken off has failed."""
    page.wait_for_load_state("networkidle")
    page.goto(address)


def where(address, stem):
    return address if stem == "index" else f"{address}{stem}/"


def settle(page):
    """Wait until the theme, and the script that repairs it, have put in what they add to a page."""
    page.wait_for_load_state("networkidle")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    if page.evaluate("document.documentElement.classList.contains('js')"):
        # Not once a frame, as is the default: each look lays out the whole page.
        page.wait_for_function(f"{BEYOND_THE_KEYS}.length === 0", polling=100)


# Boxes that scroll and that the Tab key does not reach.
BEYOND_THE_KEYS = (
    "[...document.querySelectorAll('div.arithmatex, .md-typeset__scrollwrap, .lines')]"
    ".filter((box) => box.scrollWidth > box.clientWidth && box.tabIndex < 0)"
)


@pytest.mark.parametrize("scheme, width", LOOKS)
@pytest.mark.parametrize("stem", STEMS + BOOKS)
def test_a_page_is_whole_quiet_and_accessible(chromium, address, stem, scheme, width):
    with visit(chromium, address, stem, scheme, width) as page:
        settle(page)
        dark = page.locator("body").get_attribute("data-md-color-scheme") == "slate"
        assert dark == (scheme == "dark")
        page.evaluate(OPEN)
        assert page.evaluate(INVISIBLE) == []
        assert RAW_TEX.findall(page.evaluate(VISIBLE)) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        settle(page)
        assert violations(page) == []
        assert page.watch.faults == []


def violations(page):
    """What axe finds, each with the first of the elements concerned."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run({ rules: { 'target-size': { enabled: true } } }).then((result) => result.violations)"
    )
    return [(rule["id"], len(rule["nodes"]), rule["nodes"][0]["html"][:200]) for rule in found]


def test_a_glyph_without_its_path_is_noticed(chromium, address):
    with visit(chromium, address, next(iter(PROGRAMS))) as page:
        page.evaluate(OPEN)
        page.evaluate("document.querySelector('svg.glyphs path').remove()")
        assert page.evaluate(INVISIBLE) != []


def test_equations_stay_visible_through_five_instant_navigations(chromium, address):
    with visit(chromium, address) as page:
        settle(page)  # a click before the theme listens loads a page anew
        for stem in [*PROGRAMS, "index", *PROGRAMS, "index", *PROGRAMS, "index"][:5]:
            follow(page, where(address, stem))
            page.evaluate(OPEN)
            assert page.evaluate(INVISIBLE) == []
            assert page.locator("mjx-container").count() > 0 or stem == "index"
        assert page.watch.loads == 1
        assert page.watch.faults == []


def follow(page, address):
    """Click a link in the page's navigation, and wait until its page is there."""
    page.evaluate(
        "(address) => [...document.querySelectorAll('.md-sidebar--primary a')]"
        ".find((a) => a.href === address).click()",
        address,
    )
    page.wait_for_url(address)
    page.wait_for_function(
        "(address) => document.querySelector('link[rel=canonical]').href === address", arg=address
    )
    settle(page)


@pytest.mark.parametrize("stem", ONE_PAGE)
def test_without_javascript_equations_marks_and_code_are_there(chromium, address, stem):
    with visit(chromium, address, stem, java_script_enabled=False) as page:
        page.evaluate(OPEN)
        page.evaluate(TABS)
        assert page.evaluate(INVISIBLE) == []
        marks = page.locator("a.mark")
        assert marks.count() == page.locator(".equation[id]").count()  # a notebook's have no name
        assert page.evaluate(UNSEEN) == []
        assert page.locator("button:visible").count() == 0, "a button that does nothing"
        assert page.watch.faults == []


@pytest.mark.parametrize("stem", [page.stem for page in PROGRAMS.values() if "\n=== " in page.text])
@pytest.mark.parametrize("script", [True, False])
def test_each_tab_shows_its_own_code(chromium, address, stem, script):
    with visit(chromium, address, stem, width=NARROW, java_script_enabled=script) as page:
        for tabs in page.locator(".tabbed-set").all():
            blocks = tabs.locator(".tabbed-block").all()
            for label, block in zip(
                tabs.locator(".tabbed-labels label").all(), blocks, strict=True
            ):
                label.click()
                assert [each for each in blocks if each.is_visible()] == [block]
                assert block.locator(".highlight code").first.is_visible()
                if script:
                    settle(page)  # what scrolls in it is within reach of the keys
        assert page.watch.faults == []


def test_printed_all_tabs_show_their_code(chromium, address):
    stem = next(page.stem for page in PROGRAMS.values() if "\n=== " in page.text)
    with visit(chromium, address, stem) as page:
        page.emulate_media(media="print")
        assert all(block.is_visible() for block in page.locator(".tabbed-block").all())


@pytest.mark.parametrize("stem", one_quick([stem for stem in PROGRAMS if PROGRAMS[stem].equations]))
def test_every_mark_is_high_enough_and_leads_to_code_that_is_seen(chromium, address, stem):
    with visit(chromium, address, stem, width=NARROW) as page:
        settle(page)
        page.evaluate(OPEN)
        marks = page.locator("a.mark").all()
        assert marks
        for mark in marks:
            assert mark.bounding_box()["height"] >= 24
            mark.press("Enter")  # an editor that comes meanwhile does not move it off a mouse
            assert page.evaluate("[...document.querySelectorAll('details')].every((d) => d.open)")
            target = f"[id='{mark.get_attribute('href').partition('#')[2]}']"
            assert page.locator(target).count() == 1
            page.wait_for_function(
                "(target) => { const top = document.querySelector(target).getBoundingClientRect().top;"
                "return top >= 0 && top < innerHeight }",
                arg=target,
            )
        assert page.watch.loads == 1 and page.watch.faults == []


def test_a_link_of_the_contents_leads_to_a_heading_below_the_header(chromium, address):
    with visit(chromium, address, "cross_entropy") as page:
        page.evaluate(OPEN)
        header = page.locator(".md-header").bounding_box()["height"]
        for number in (3, 1):
            page.locator(".md-sidebar--secondary .md-nav__link[href*='#']").nth(number).click()
            goal = page.url.partition("#")[2]
            page.wait_for_timeout(300)
            top = page.locator(f"[id='{goal}']").bounding_box()["y"]
            assert header <= top < 200, goal
        assert page.evaluate("[...document.querySelectorAll('details')].every((d) => d.open)")
        assert page.watch.loads == 1 and page.watch.faults == []


@pytest.mark.parametrize("stem", ONE_PROGRAM)
def test_the_tab_key_reaches_every_mark(chromium, address, stem):
    with visit(chromium, address, stem) as page:
        page.evaluate(OPEN)
        due = {mark.get_attribute("href") for mark in page.locator("a.mark").all()}
        stops = page.evaluate(
            "document.querySelectorAll('a, button, input, summary, [tabindex]').length"
        )
        for _ in range(stops + 10):
            page.keyboard.press("Tab")
            at = page.evaluate(
                "document.activeElement.matches('a.mark:focus-visible')"
                " && document.activeElement.getAttribute('href')"
            )
            due.discard(at)
            if not due:
                break
        assert due == set()


@pytest.mark.parametrize("stem", ONE_PROGRAM)
def test_a_box_that_scrolls_can_be_scrolled_with_the_keys(chromium, address, stem):
    """On a screen so narrow that the widest equations and tables do not fit."""
    with visit(chromium, address, stem, width=320) as page:
        page.evaluate(OPEN)
        settle(page)
        scrolling = page.locator("[role=group][tabindex='0']")
        if scrolling.count():
            scrolling.first.focus()
            page.keyboard.press("ArrowRight")
            page.wait_for_function("document.activeElement.scrollLeft > 0")


@pytest.fixture
def clipboard():
    return {"permissions": ["clipboard-read", "clipboard-write"]}


READ = "navigator.clipboard.readText()"


@pytest.mark.parametrize("stem", ONE_PAGE)
def test_the_copy_button_of_a_block_copies_what_is_shown(chromium, address, stem, clipboard):
    with visit(chromium, address, stem, **clipboard) as page:
        settle(page)
        page.evaluate(OPEN)
        page.evaluate(TABS)
        # Every block that runs has the button; what it printed has none.
        for block in page.locator(".highlight[id]").all():
            block.hover()
            block.locator(".copy-code").click()
            assert page.evaluate(READ).strip("\n") == block.locator("pre").inner_text().strip("\n")
        assert page.watch.faults == []


@pytest.mark.parametrize("stem", ONE_PROGRAM)
def test_the_button_copies_the_published_program(chromium, address, copied, stem, clipboard):
    with visit(chromium, address, stem, **clipboard) as page:
        button = page.locator("button.copy-program")
        button.click()
        button.filter(has_text="Copied").wait_for()
        published = file_of(copied / "site", stem).with_name(f"{stem}.py")
        assert page.evaluate(READ) == published.read_text()


def test_light_and_dark_follow_the_system_until_the_reader_chooses(chromium, address):
    def is_shown(scheme):
        page.locator(f"body[data-md-color-scheme={scheme}]").wait_for()

    with visit(chromium, address) as page:
        for system, scheme in [("dark", "slate"), ("light", "default")]:
            page.emulate_media(color_scheme=system)
            is_shown(scheme)
        page.get_by_role("button", name="Switch to dark mode").click()
        leave(page, where(address, "about"))
        is_shown("slate")
        page.emulate_media(color_scheme="dark")
        page.get_by_role("button", name="Switch to light mode").focus()
        page.keyboard.press("Enter")
        is_shown("default")
        assert page.locator("meta[name=theme-color]").get_attribute("content") == PAPER
        assert page.watch.faults == []


PAPER = "#fcf9f2"


def test_a_page_is_dark_from_the_first_on(chromium, address):
    with chromium.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.route("**/bundle*.js", lambda route: route.abort())  # before the theme comes
        page.goto(address)
        assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"


def find(page, word):
    """Type a word into the search, open its first result, and return the page's address."""
    if page.viewport_size["width"] == NARROW:
        page.locator(".md-header label.md-header__button[for=__search]").click()
    page.locator("input.md-search__input").press_sequentially(word)
    result = page.locator("a.md-search-result__link").first
    result.wait_for()
    address = result.get_attribute("href")
    result.click()
    page.wait_for_function(
        "(path) => location.pathname === path", arg=re.sub(r"^\w+://[^/]*|[?#].*", "", address)
    )
    page.wait_for_function("document.querySelector('.md-content article')")
    settle(page)


def test_search_finds_a_word_and_opens_its_page(chromium, address):
    with visit(chromium, address, width=NARROW) as page:
        find(page, "logits")
        assert page.url.startswith(address) and page.url != address
        assert "logits" in page.locator(".md-content article").inner_text()
        assert page.watch.faults == []


INLINE = re.compile(r"<script(?![^>]*(?:\bsrc=|application/json))[^>]*>(.*?)</script>", re.S)


def policy(folder):
    """A policy that allows only the site's own files, and the theme's inline scripts by their hash."""
    scripts = {
        script for path in folder.rglob("*.html") for script in INLINE.findall(path.read_text())
    }
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    hashes = " ".join(sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests))
    return (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'"
    )


@pytest.mark.parametrize(
    "programs", [list(PROGRAMS)[:3], pytest.param(list(PROGRAMS), marks=pytest.mark.slow)], ids=len
)
def test_a_strict_content_security_policy_breaks_nothing(
    chromium, copied, clipboard, tmp_path, programs
):
    copy = tmp_path / "copy"
    shutil.copytree(copied, copy, symlinks=True)
    headers = {}
    with served(copy / "site", headers=headers) as server:
        publish(copy, server.address)
        headers["Content-Security-Policy"] = policy(copy / "site")
        with visit(chromium, server.address, **clipboard) as page:
            for stem in programs:
                leave(page, where(server.address, stem))
                page.evaluate(OPEN)
                assert page.evaluate(INVISIBLE) == []
            loads = page.watch.loads
            for stem in ["index", *programs]:
                follow(page, where(server.address, stem))
                page.evaluate(OPEN)
                assert page.evaluate(INVISIBLE) == []
            page.locator("button.copy-program").click()
            page.locator("button.copy-program").filter(has_text="Copied").wait_for()
            page.get_by_role("button", name="Switch to dark mode").click()
            assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
            find(page, "logits")
            assert page.watch.loads == loads
            assert page.watch.faults == []


def test_a_changed_record_changes_the_mark(chromium, copied, tmp_path):
    stem, page_read = next(iter(PROGRAMS.items()))
    name = page_read.equations[0].name
    copy = tmp_path / "copy"
    shutil.copytree(copied, copy, symlinks=True)
    record_file = copy / f"build/pages/{stem}.json"
    kept = json.loads(record_file.read_text())
    for check in kept["result"]["checks"]:
        if check["name"] == check["section"] == name:
            check["max_abs"] = 4.2e-11
    record_file.write_text(json.dumps(kept))
    with served(copy / "site") as server:
        publish(copy, server.address)
        with visit(chromium, server.address, stem) as page:
            page.evaluate(OPEN)
            mark = page.locator(f"#eq-{name} .mark")
            assert mark.inner_text() == "4e-11"
            assert "sides agree to 4e-11" in mark.get_attribute("aria-label")


@pytest.mark.parametrize("stem", ONE_PAGE)
def test_what_is_folded_is_open_in_print(chromium, address, stem):
    with visit(chromium, address, stem) as page:
        settle(page)
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")  # as the browser's menu does
        page.wait_for_function("[...document.querySelectorAll('details')].every((d) => d.open)")
        assert page.evaluate(INVISIBLE) == []


def test_the_rule_card_prints_on_one_sheet(chromium, address):
    with visit(chromium, address, "card") as page:
        settle(page)
        sheets = page.pdf(format="A4", prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", sheets)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("stem", [page.stem for page in PAGES if "build/graph.svg" in page.text])
def test_the_links_of_a_drawing_lead_to_what_is_seen(chromium, address, stem):
    """Also on a page that instant navigation brought, where the theme handles every click."""
    with visit(chromium, address) as page:
        follow(page, where(address, stem))
        links = page.evaluate(
            "[...document.querySelectorAll('svg a')].map((a) => a.getAttribute('href') ?? a.getAttribute('xlink:href'))"
        )
        for number, link in enumerate(links):
            if page.url.partition("#")[0] != where(address, stem):
                follow(page, where(address, stem))
            box = page.locator("svg a").nth(number)
            box.evaluate("(a) => a.scrollIntoView({ block: 'center' })")
            box.click()
            goal = page.evaluate(
                "([link, base]) => new URL(link, base).href", [link, where(address, stem)]
            )
            page.wait_for_url(goal)
            settle(page)
            page.evaluate(OPEN)
            assert page.evaluate(INVISIBLE) == []
            if "#" in goal:
                assert page.locator(f"[id='{goal.partition('#')[2]}']").count() == 1, link
        assert page.watch.faults == []
