"""Turn what mkdocs-jupyter makes of a notebook into the markup of this site's pages.

JupyterLab's half a megabyte of style, its toolbars and its doubled cells are left out. What
stays is prose, code with a copy button, what the cells printed, and formulas to typeset.
"""

import html
import json
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from press.formulas.tex import INLINE
from press.reading.problems import Problem
from press.showing.slim import slim
from press.showing.typesetting import take_out

DISPLAY = re.compile(r"<p>\s*\$\$(.+?)\$\$\s*</p>", re.S)
CODE = re.compile(r"(<pre\b.*?</pre>|<code\b.*?</code>|<div class=\"arithmatex\".*?</div>)", re.S)


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
        """Take what mkdocs-jupyter made of the notebook, as a page of this site."""
        page = page_of(html, self.text, self.stem, self.build.colab)
        content = LexborHTMLParser(page, is_fragment=True)
        self.formulas = take_out(content)
        slim(content, ("h2", "h3"))  # many short parts stand below one h2
        for hint in content.css("details"):
            hint.attrs["class"] = "abstract"  # as the folds of pages look; the search knows these
        self.html = content.html

    def fail(self, text: str) -> None:
        self.build.fail(self.path, text)

    def refuse(self, formula, error: str) -> None:
        """Its formulas are those of pages: these say so."""

    def mark(self, label: str) -> str:
        """None: what ran is not here."""
        return ""


def page_of(rendered: str, notebook: str, stem: str, colab: str) -> str:
    """The content of a notebook's page, from mkdocs-jupyter's HTML and the notebook's text."""
    inner = LexborHTMLParser(rendered).css("[id^='cell-id=']")
    cells = json.loads(notebook)["cells"]
    if len(inner) != len(cells):
        raise ValueError(f"mkdocs-jupyter shows {len(inner)} of {len(cells)} cells")
    parts = []
    for number, (node, cell) in enumerate(zip(inner, cells, strict=True)):
        if cell["cell_type"] == "markdown":
            parts.append(prose(node.css_first(".jp-RenderedMarkdown")))
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


def prose(node: LexborNode) -> str:
    for anchor in node.css("a.anchor-link"):
        anchor.attrs["class"], anchor.attrs["title"] = "headerlink", "Permanent link"
    for block in node.css("div.highlight"):
        block.attrs["class"] = "shown highlight"
    text = DISPLAY.sub(r'<div class="arithmatex">\\[\1\\]</div>', node.inner_html)
    # Code stands in every second part.
    parts = CODE.split(text)
    parts[::2] = [
        INLINE.sub(r'<span class="arithmatex">\\(\1\\)</span>', part) for part in parts[::2]
    ]
    return "".join(parts)


def code(node: LexborNode, number: int) -> str:
    lines = node.css_first("[class^=highlight-ipynb] pre").inner_html.rstrip("\n")
    return f'<div id="code-{number}" class="highlight"><pre>{lines}</pre></div>'


def printed(output: dict) -> str:
    """What a cell printed, or the figure it drew."""
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    lines = html.escape("".join(text).rstrip("\n"), quote=False)
    return f'<div class="highlight"><pre>{lines}</pre></div>'
