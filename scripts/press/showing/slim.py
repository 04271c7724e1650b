"""Make what MkDocs made lighter for a browser, which lays out what is near, and no more.

The theme looks at every `pre > code` of a page when it opens, and lays it out to do so.
Here a block of code keeps its own scrolling box between the two, and its own button.
"""

import json
import re
from pathlib import Path

BLOCK = re.compile(r'<div( id="[^"]*")?( class="[^"]*\bhighlight")>(.*?)</pre></div>', re.S)
PLAIN = re.compile(r'<span class="(?:n|o|p|w)">([^<]*)</span>')  # has the colour of the text
CONTENT = r"\1"
COPY = '<button type="button" class="copy-code">Copy</button>'  # hidden without JavaScript
HEADING = re.compile(r"(?=<h2\b)")
ANY_HEADING = re.compile(r"(?=<h[23]\b)")  # a notebook has many short parts below one h2
# How high things are, in rem, as measured on the pages: what is far away takes this much
# until it is near. How high a letter of a text is depends on the screen: see site.css.
HIGH = {"line": 1.1, "block": 1.2, "paragraph": 2, "equation": 3.4, "row": 2}
HIGH |= {"exercise": 9.8, "around": 0.6}
REM = 20  # pixels
KEPT = re.compile(r"(<pre\b.*?</pre>)", re.S)  # where spaces count
MARKED = re.compile(r'\s?data-search-\w+="[^"]+"')
CODE = re.compile(r"<pre\b.*?</pre>", re.S)
INDENT = re.compile(r"\n\s+(?=<)")
INDEXED = 600  # characters of a section that the search knows


def slim(html: str) -> str:
    """The content of a page; what stands below each heading in a box of its own."""
    html = BLOCK.sub(code_block, html)
    html = html.replace(
        '<details class="abstract">', '<details class="abstract" data-search-exclude>'
    )
    return boxes(html, HEADING)


def boxes(html: str, heading: re.Pattern) -> str:
    """What stands below each heading in a box of its own."""
    first, *parts = heading.split(html)
    return first + "".join(boxed(part) for part in parts)


def code_block(match: re.Match) -> str:
    """A block with fewer elements; the search must not find code, and what runs can be copied."""
    inside = match[3].replace("<pre><span></span><code>", "").replace("</code>", "")
    return block_of(match[1] or "", match[2], inside)


def block_of(ident: str, kind: str, inside: str) -> str:
    """A block of code: ` id="..."` or nothing, ` class="..."`, and the lines as Pygments wrote them."""
    button = COPY if ident else ""
    lines = f'<pre><span class="lines"><code>{PLAIN.sub(CONTENT, inside)}</code></span></pre>'
    return f"<div{ident}{kind} data-search-exclude>{button}{lines}</div>"


def boxed(part: str) -> str:
    end = part.index("</h") + len("</h2>")
    heading, below = part[:end], part[end:]
    room, letters = likely_height(re.sub(r"<details.*?</details>", "", below, flags=re.S))
    size = f"auto calc({room:.0f}rem + {letters} * var(--letter))"
    return f'{heading}\n<div class="step" style="contain-intrinsic-size: {size}">{below}</div>\n'


def likely_height(html: str) -> tuple[float, int]:
    """About how high this is: in rem without its text, and the letters of the text."""
    codes = re.findall(r"<code>((?:(?!</code>).)*)</code></span>", html, re.S)
    texts = re.findall(r"<(?:p|li)>(.*?)</(?:p|li)>", html, re.S)
    drawn = re.findall(r'<(?:img[^>]*only-light[^>]*|svg class="graph"[^>]*) height="(\d+)"', html)
    there = {
        "line": sum(code.count("\n") for code in codes),
        "block": len(codes),
        "paragraph": len(texts),
        "equation": html.count('<div class="arithmatex"'),
        "row": html.count("<tr>"),
        "exercise": html.count('<div class="exercise"'),
        "around": 1,
    }
    room = sum(count * HIGH[what] for what, count in there.items()) + sum(map(int, drawn)) / REM
    return room, sum(len(re.sub(r"<[^>]*>", "", text)) for text in texts)


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
