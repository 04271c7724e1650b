"""The published site: what every page of it must hold."""

import json
import re
from functools import cache
from html import unescape
from html.parser import HTMLParser

import pytest
from conftest import ROOT
from test_snippets import PAGES, PROGRAMS

STEMS = [page.stem for page in PAGES]
BOOKS = ["workbook", "solved"]  # notebooks that have a page of their own


class Reader(HTMLParser):
    """The ids, the links and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.marks, self.words, self.inside = [], [], {}, [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.append(found.get("id"))
        self.links += [found[key] for key in ("href", "src") if found.get(key)]
        if found.get("class") == "mark":
            self.marks[found["href"]] = found["aria-label"]
        if tag in ("pre", "code", "script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data):
        if not self.inside:
            self.words.append(data)


def file_of(site, stem):
    return site / ("" if stem == "index" else stem) / "index.html"


@cache
def read(path):
    """A page, read once for all tests."""
    return Reader(path.read_text())


@pytest.mark.parametrize("stem", STEMS + BOOKS)
def test_every_link_and_anchor_leads_somewhere(site, stem):
    path = file_of(site, stem)
    for link in read(path).links:
        if re.match(r"[a-z]+:", link):
            continue
        address, _, anchor = link.partition("#")
        target = (path.parent / address).resolve() if address else path
        target = target / "index.html" if target.is_dir() else target
        assert target.is_file(), link
        if anchor and target.suffix == ".html":
            assert anchor in read(target).ids, link


@pytest.mark.parametrize("stem", STEMS + BOOKS)
def test_no_id_stands_twice(site, stem):
    ids = [name for name in read(file_of(site, stem)).ids if name]
    assert [name for name in set(ids) if ids.count(name) > 1 and not name.startswith("__")] == []


@pytest.mark.parametrize("stem", STEMS + BOOKS)
def test_no_request_leaves_the_origin(site, stem):
    text = file_of(site, stem).read_text()
    assert (
        re.findall(
            r'<(?:script|link|img|iframe|source)[^>]*(?:src|href)="(?:https?:)?//[^"]*', text
        )
        == []
    )


@pytest.mark.parametrize("stem", STEMS)
def test_every_equation_is_typeset_and_its_glyphs_stand_once(site, stem):
    text = file_of(site, stem).read_text()
    glyphs = re.findall(r'<path id="(MJX[^"]+)"', text)
    assert len(glyphs) == len(set(glyphs))
    assert set(re.findall(r'xlink:href="#(MJX[^"]+)"', text)) == set(glyphs)
    page = next(page for page in PAGES if page.stem == stem)
    assert text.count('<div class="equation"') == len(page.equations)
    assert "data-formula" not in text and "data-latex" not in text
    assert text.count("<mjx-assistive-mml") == text.count("<mjx-container")
    words = " ".join(Reader(text).words)
    assert not re.search(r"\$\$|\\\[|\\\(|\\label", words)


@pytest.mark.parametrize("stem", PROGRAMS)
def test_every_mark_tells_the_record_and_leads_to_the_code(site, stem):
    reader = Reader(file_of(site, stem).read_text())
    report = json.loads((ROOT / "build/report.json").read_text())
    page = PROGRAMS[stem]
    assert len(reader.marks) == len(page.equations)
    for equation in page.equations:
        said = reader.marks[f"#{page.anchor(equation.name)}"]
        largest = max(
            check["max_abs"]
            for check in report["checks"]
            if (check["page"], check["name"], check["section"])
            == (page.path, equation.name, equation.name)
            and check["dtype"] == "float64"
        )
        shown = f"{largest:.0e}" if largest else "0"
        assert said == f"equation {equation.name}: executed, sides agree to {shown}; to the lines"
        assert page.anchor(equation.name) in reader.ids and f"eq-{equation.name}" in reader.ids


@pytest.mark.parametrize("stem", PROGRAMS)
def test_the_foot_counts_what_was_executed(site, stem):
    report = json.loads((ROOT / "build/report.json").read_text())
    page = PROGRAMS[stem]
    mine = [c for c in report["checks"] if c["page"] == page.path and c["dtype"] == "float64"]
    gradients = {c["name"] for c in mine if c["kind"] == "gradient"}
    words = " ".join(" ".join(Reader(file_of(site, stem).read_text()).words).split())
    assert re.search(
        rf"\b{len(gradients)} gradients? and {len(page.equations)} equations?\.", words
    )
    worst = max(c["max_rel"] or 0 for c in mine if c["kind"] != "finite_difference")
    assert f"{f'{worst:.0e}' if worst else 0} of the largest entry" in words
    assert report["build"]["torch"] in words and report["build"]["processor"] in words


@pytest.mark.parametrize("stem", PROGRAMS)
def test_the_program_is_published_beside_its_page(site, stem):
    path = file_of(site, stem).parent / f"{stem}.py"
    assert path.read_text() == PROGRAMS[stem].source()
    text = file_of(site, stem).read_text()
    assert f'href="{stem}.py" download' in text and f'data-program="{stem}.py"' in text


@pytest.mark.parametrize("stem", PROGRAMS)
def test_the_blocks_shown_are_the_program(site, stem):
    """What a reader sees in the blocks that run is the program, line for line."""
    text = file_of(site, stem).read_text()
    shown = re.findall(
        r'<div id="code-\w+" class="highlight"[^>]*>.*?<code>(.*?)</code></span></pre>',
        text,
        re.S,
    )
    blocks = [unescape(re.sub(r"<[^>]+>", "", block)).strip("\n") for block in shown]
    head, _, program = PROGRAMS[stem].source().partition("\n\n")
    assert "\n\n".join(blocks) == program.rstrip("\n")


def test_the_search_index_holds_neither_tex_nor_code(site):
    index = (site / "search/search_index.json").read_text()
    for left in (r"\\frac", "mjx", "maxdiff: ", "import torch"):
        assert left not in index, left


def test_the_search_index_holds_the_beginning_of_every_section_without_tags(site):
    for part in json.loads((site / "search/search_index.json").read_text())["docs"]:
        assert len(part["text"]) <= 600 and not re.search(r"</?[a-z]", part["text"]), part


def test_the_report_says_what_it_was_made_with(site):
    report = json.loads((ROOT / "build/report.json").read_text())
    assert {"python", "torch", "processor", "names_file", "names"} <= set(report["build"])
    for check in report["checks"]:
        assert {
            "page",
            "snippet",
            "name",
            "kind",
            "shape",
            "dtype",
            "max_abs",
            "max_rel",
            "passed",
        } <= set(check)
        assert check["passed"] is True
    assert str(ROOT) not in json.dumps(report)


def test_no_published_file_names_a_path_of_this_machine(site):
    for path in [*site.rglob("*.html"), *site.rglob("*.py"), *site.rglob("*.json")]:
        assert str(ROOT) not in path.read_text(), path
