"""A page on its way through MkDocs: its Markdown, its own HTML, and at last the theme's page around it.

The formulas are taken out of the HTML before MkDocs and the search see their TeX, and put into
the finished page, typeset and marked.
"""

import re

from selectolax.lexbor import LexborHTMLParser

from press.formulas.tex import Formula
from press.reading.pages import Page
from press.records.build import Build
from press.showing.marks import mark
from press.showing.page import failed, render
from press.showing.slim import slim, unindented
from press.showing.typesetting import glyph_table, put_in, take_out

# What of Markdown, TeX and the page's own signs must not be left in the text of a page.
LEFT = re.compile(
    r"\$\$|\\[\[(]|\\(?:label|begin)\b|\$[^$\n]*[\\_^][^$\n]*\$|`|~~~|\{\{|--8|&lt;!--"
)
NOT_PROSE = re.compile(r"<(pre|code|script|style)\b.*?</\1>|<[^>]*>", re.S)


class Chapter:
    """One page of the site; a notebook's page has the same methods."""

    def __init__(self, build: Build, page: Page):
        self.build, self.page, self.path, self.title = build, page, page.path, page.title
        self.text = ""  # a notebook's; a page has Markdown
        self.html, self.formulas = "", []  # its own HTML, and what is taken out of that

    @property
    def problems(self) -> list:
        return self.build.problems_of(self.page)

    def markdown(self) -> str:
        """What MkDocs makes HTML of; of a page with a mistake no more than its title."""
        text = "" if self.problems else render(self.build, self.page)
        return f"# {self.title}" if self.problems else text

    def take(self, html: str) -> None:
        """Take what MkDocs made of the page: without its formulas, and lighter."""
        content = LexborHTMLParser(html, is_fragment=True)
        self.formulas = take_out(content)
        if not self.problems:
            self.compare(content)
            slim(content)
        self.html = content.html

    def compare(self, content: LexborHTMLParser) -> None:
        """What MkDocs made of the page must be what was read and run."""
        due = [equation.name for equation in self.page.equations]
        shown = [formula.label for formula in self.formulas if formula.display]
        if due != shown:
            self.fail(f"MkDocs shows the equations {shown} where {due} were read")
        blocks = len(content.css("pre"))
        fenced = sum(block.kind != "table" for block in self.page.blocks)
        if blocks > fenced:
            self.fail("code typed into the page by indentation: take it from a section")
        if blocks < fenced:
            self.fail(f"MkDocs shows {blocks} of the {fenced} blocks of this page")

    def fail(self, text: str, line: int = 0) -> None:
        self.build.fail(self.path, text, line)

    def refuse(self, formula: Formula, error: str) -> None:
        """Say that a formula is no TeX, with its line."""
        lines = [e.line for e in self.page.equations if e.name == formula.label]
        position = self.page.text.find(f"${formula.tex}$")
        at = self.page.text.count("\n", 0, position) + 1 if position >= 0 else 0
        text = f"equation {formula.label or formula.tex!r} is not TeX: {error}"
        self.fail(text, lines[0] if lines else at)

    def mark(self, label: str) -> str:
        return mark(self.page, label, self.build.record(self.page))


def finished(chapter: Chapter, output: str, typeset: dict) -> str:
    """The theme's page with the chapter's equations in it, and its glyphs once; or with what is wrong."""
    output = put_in(output, chapter.formulas, typeset, chapter.mark)
    article = output.partition("<article")[2].partition("</article>")[0]
    for left in LEFT.finditer(NOT_PROSE.sub(" ", article)):
        chapter.fail(f"markup is left as text in the built page: {left[0]}")
    inside = glyph_table(article, typeset["glyphs"])
    if problems := chapter.problems:
        output = output.replace(article.partition(">")[2], "")
        inside = failed(chapter.title, problems)
    output = re.sub(r"(<article[^>]*>)", lambda match: match[1] + inside, output, count=1)
    return unindented(output)
