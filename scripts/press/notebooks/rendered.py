"""Turn what mkdocs-jupyter makes of a notebook into the markup of this site's pages.

JupyterLab's half a megabyte of style, its toolbars and its doubled cells are left out. What
stays is prose, code with a copy button, what the cells printed, and formulas to typeset.
"""

import html
import json
import re

from press.formulas.tex import INLINE
from press.reading.problems import Problem
from press.showing.slim import ANY_HEADING, block_of, boxes
from press.showing.typesetting import take_out

STYLE = re.compile(r"<(style|script)\b.*?</\1>", re.S)  # most of what is there
DISPLAY = re.compile(r"<p>\s*\$\$(.+?)\$\$\s*</p>", re.S)
CODE = re.compile(r"(<pre\b.*?</pre>|<code\b.*?</code>|<div class=\"arithmatex\".*?</div>)", re.S)
SHOWN = re.compile(r'<div class="highlight"><pre><span></span>(.*?)</pre></div>', re.S)


class NotebookChapter:
    """The page of a notebook, on the way of showing/chapter.py."""

    def __init__(self, build, stem: str, text: str, problems: list[Problem]):
        self.build, self.stem, self.text, self.problems = build, stem, text, problems
        self.path, self.title = f"docs/{stem}.ipynb", stem
        self.html, self.formulas = "", []  # as of other chapters

    def markdown(self) -> str:
        """Nothing: mkdocs-jupyter reads the file."""
        return ""

    def take(self, html: str) -> None:
        content = page_of(html, self.text, self.stem, self.build.colab)
        self.html, self.formulas = take_out(boxes(content, ANY_HEADING))

    def fail(self, text: str) -> None:
        self.build.fail(self.path, text)

    def refuse(self, formula, error: str) -> None:
        """Its formulas are those of pages: these say so."""

    def mark(self, label: str) -> str:
        """None: what ran is not here."""
        return ""


def page_of(rendered: str, notebook: str, stem: str, colab: str) -> str:
    """The content of a notebook's page, from mkdocs-jupyter's HTML and the notebook's text."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(STYLE.sub("", rendered), "html.parser")
    inner = [
        node
        for node in soup.select(".jp-Notebook .jp-Cell")
        if not node.find("div", class_="jp-Cell")  # a code cell stands in another of its kind
    ]
    cells = json.loads(notebook)["cells"]
    if len(inner) != len(cells):
        raise ValueError(f"mkdocs-jupyter shows {len(inner)} of {len(cells)} cells")
    parts = []
    for number, (node, cell) in enumerate(zip(inner, cells, strict=True)):
        if cell["cell_type"] == "markdown":
            parts.append(prose(node.select_one(".jp-RenderedMarkdown")))
        elif "judge" in cell["metadata"].get("tags", []):
            parts.append(JUDGE)
        else:
            parts += [code(node, number), *map(printed, cell["outputs"])]
    return "\n".join([parts[0], links(stem, colab), *parts[1:]])


JUDGE = (
    "<p>The next cell of the notebook, folded there, holds the judge: the same code that judges "
    "the exercises on the pages.</p>"
)


def links(stem: str, colab: str) -> str:
    """The notebook to take away."""
    here = f'<a href="{stem}.ipynb" download>Download {stem}.ipynb</a>'
    there = f' or <a href="{colab}{stem}/{stem}.ipynb">open it in Colab</a>' if colab else ""
    return f"<p data-search-exclude>{here}{there}.</p>"


def prose(node) -> str:
    for anchor in node.select("a.anchor-link"):
        anchor["class"], anchor["title"] = "headerlink", "Permanent link"
    for fold in node.select("details"):
        fold["class"] = "abstract"
    text = SHOWN.sub(
        lambda found: block_of("", ' class="shown highlight"', found[1].rstrip("\n")),
        node.decode_contents(),
    )
    text = DISPLAY.sub(r'<div class="arithmatex">\\[\1\\]</div>', text)
    # Code stands in every second part.
    parts = CODE.split(text)
    parts[::2] = [
        INLINE.sub(r'<span class="arithmatex">\\(\1\\)</span>', part) for part in parts[::2]
    ]
    return "".join(parts)


def code(node, number: int) -> str:
    inside = node.select_one("[class*=highlight-ipynb] pre")
    inside.span.extract()
    ident = f' id="code-{number}"'
    return block_of(ident, ' class="highlight"', inside.decode_contents().rstrip("\n"))


def printed(output: dict) -> str:
    """What a cell printed, or the figure it drew."""
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    text = text if isinstance(text, str) else "".join(text)
    return block_of("", ' class="highlight"', html.escape(text.rstrip("\n"), quote=False))
