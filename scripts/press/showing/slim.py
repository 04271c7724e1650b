"""Make what MkDocs made lighter for a browser, which lays out what is near, and no more.

The theme looks at every `pre > code` of a page when it opens, and lays it out to do so.
Here a block of code keeps its own scrolling box between the two, and its own button.
"""

import json
import re
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

COPY = '<button type="button" class="copy-code">Copy</button>'  # hidden without JavaScript
PLAIN = ".highlight :is(.n, .o, .p, .w, span:empty)"  # has the colour of the text
# How high things are, in rem, as measured on the pages: what is far away takes this much
# until it is near. How high a letter of a text is depends on the screen: see site.css.
LINE, AROUND = 1.1, 0.6
HIGH = {
    ".lines": 1.2,
    "p, li": 2,
    "div.arithmatex": 3.4,
    "tr": 2,
    "div.exercise": 9.8,
    "details": 3.6,
}
HIDDEN = "details *, .tabbed-block ~ .tabbed-block *"  # folded, or behind the first tab
REM = 20  # pixels
KEPT = re.compile(r"(<pre\b.*?</pre>)", re.S)  # where spaces count
MARKED = re.compile(r'\s?data-search-\w+="[^"]+"')
CODE = re.compile(r"<pre\b.*?</pre>", re.S)
INDENT = re.compile(r"\n\s+(?=<)")
INDEXED = 600  # characters of a section that the search knows


def slim(page: LexborHTMLParser, headings: tuple[str, ...] = ("h2",)) -> None:
    """Lighten the content of a page; what stands below each heading goes into a box of its own."""
    for plain in page.css(PLAIN):
        plain.unwrap(delete_empty=True)
    for block in page.css("div.highlight"):
        lighten(block)
    for fold in page.css("details.abstract"):
        fold.attrs["data-search-exclude"] = ""
    for heading in page.css(", ".join(headings)):
        box = page.create_node("div")
        while heading.next and heading.next.tag not in headings:
            box.insert_child(heading.next, move=True)
        room, letters = likely_height(box)
        box.attrs["class"] = "step"
        box.attrs["style"] = (
            f"contain-intrinsic-size: auto calc({room:.0f}rem + {letters} * var(--letter))"
        )
        heading.insert_after(box, move=True)


def lighten(block: LexborNode) -> None:
    """A block with fewer elements; the search must not find code, and what runs can be copied."""
    code = (block.css_first("code") or block.css_first("pre")).inner_html
    button = COPY if block.id else ""
    block.attrs["data-search-exclude"] = ""
    block.inner_html = f'{button}<pre><span class="lines"><code>{code}</code></span></pre>'


def likely_height(box: LexborNode) -> tuple[float, int]:
    """About how high this is: in rem without its text, and the letters of the text."""

    def seen(what: str) -> list[LexborNode]:
        return box.css(f":is({what}):not({HIDDEN})")

    room = AROUND + sum(high * len(seen(what)) for what, high in HIGH.items())
    room += LINE * sum(code.text().count("\n") for code in seen(".lines"))
    room += sum(int(drawn.attrs["height"]) for drawn in seen("img[src$=only-light], .graph")) / REM
    return room, sum(len(text.text()) for text in seen("p, li"))


def unindented(html: str) -> str:
    """A page without the indentation and the empty lines of the theme's templates."""
    parts = KEPT.split(html)  # what stands between, and what is kept, in turns
    parts[::2] = [INDENT.sub("\n", part) for part in parts[::2]]
    return "".join(parts)


def searchable(html: str) -> str:
    """A page without its code, which the search leaves out, and would read to do so."""
    return CODE.sub("", html)


def read_by_search(html: str) -> str:
    """A page without the marks for the search that have a value, as the search leaves it."""
    return MARKED.sub("", html)


def slim_index(path: Path) -> None:
    """The search index, for every reader to fetch: words without tags, the beginning of a section.

    What a section is about stands in its first sentences; the rest is found by reading.
    """
    index = json.loads(path.read_text("utf-8"))
    for part in index["docs"]:
        words = " ".join(re.sub(r"</?[a-z][^>]*>", " ", part["text"]).split())
        part["text"] = words if len(words) <= INDEXED else words[:INDEXED].rpartition(" ")[0]
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), "utf-8")
