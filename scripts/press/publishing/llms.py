"""Each page as plain Markdown, and llms.txt, which lists them for other tools."""

import posixpath

from press.notebooks.cells import Piece
from press.reading.pages import Page
from press.records.build import Build


def markdown_path(page: Page) -> str:
    """Where in the site a page is published as plain Markdown: beside it."""
    return posixpath.join(page.folder, f"{page.stem}.md")


def markdown_of(pieces: list[Piece]) -> str:
    """A page as plain Markdown, code and outputs included."""
    parts = []
    for piece in pieces:
        fence = {"code": "```python\n", "output": "```text\n"}.get(piece.kind, "")
        parts.append(f"{fence}{piece.text}" + "\n```" * bool(fence))
    return "\n\n".join(parts) + "\n"


def llms(config, build: Build) -> str:
    """llms.txt: what the site is, and each page of the nav as plain Markdown, for other tools."""
    known = {page.path: page for page in build.pages}

    def listed(nav: list) -> list[str]:
        lines = []
        for title, value in (next(iter(entry.items())) for entry in nav):
            if isinstance(value, list):
                lines += ["", f"## {title}", "", *listed(value)]
            elif page := known.get(f"docs/{value}"):
                description = page.options.get("description", config.site_description)
                lines.append(f"- [{title}]({build.address}{markdown_path(page)}): {description}")
        return lines

    head = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    head.append("Each page below is plain Markdown, with the code that ran and what it printed.")
    return "\n".join([*head, "", "## Pages", "", *listed(config.nav)]) + "\n"
