"""Keep the HTML that MkDocs makes of a page, for as long as nothing that goes into it changes.

Markdown and Pygments take half of a build in which nothing is stale. What a page's HTML depends
on is its Markdown, the settings, the versions of what makes it, and where links lead: the key
holds them all. What came with a warning is not kept, so that the next build gives it again.
"""

import json
import logging
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs.utils import CountHandler

from press.formulas.tex import Formula
from press.notebooks.rendered import NotebookChapter
from press.records.cache import key_of
from press.showing.chapter import Chapter

MAKERS = ("mkdocs", "markdown", "pymdown-extensions", "pygments", "mkdocs-jupyter", "selectolax")
PRESS = Path(__file__).parents[1]
OURS = sorted([*PRESS.glob("showing/*.py"), PRESS / "notebooks/rendered.py"])


def site_key(config: MkDocsConfig, files: Files) -> str:
    """Changes when anything changes that the HTML of every page depends on."""
    versions = [metadata.version(name) for name in MAKERS]
    settings = json.dumps([config.markdown_extensions, config.mdx_configs], default=repr)
    addresses = sorted((file.src_uri, file.url) for file in files)
    validation = repr(dict(config.validation))
    ours = [path.read_bytes() for path in OURS]
    return key_of(versions, settings, addresses, validation, config.site_url or "", *ours)


def keep(page: Page, chapter: Chapter | NotebookChapter, site: str) -> None:
    """Let a page take its HTML from the last build where that holds; else keep what is rendered."""
    render, cache, name = page.render, chapter.build.cache, f"html/{chapter.path}"

    def take_or_render(config: MkDocsConfig, files: Files) -> None:
        key = key_of(chapter.text or page.markdown, chapter.path, chapter.build.colab, site)
        if kept := cache.get(name, key):
            restore(page, chapter, kept, files)
            return
        before = len(chapter.build.problems)
        with counted_warnings() as warnings:
            render(config, files)
        chapter.take(page.content)
        if not warnings.counts and len(chapter.build.problems) == before and not chapter.problems:
            cache.put(name, key, to_keep(page, chapter))

    page.render = take_or_render


@contextmanager
def counted_warnings():
    """Counts the warnings of MkDocs."""
    logger, warnings = logging.getLogger("mkdocs"), CountHandler(level=logging.WARNING)
    logger.addHandler(warnings)
    try:
        yield warnings
    finally:
        logger.removeHandler(warnings)


def restore(page: Page, chapter: Chapter | NotebookChapter, kept: dict, files: Files) -> None:
    """Give a page and its chapter what to_keep took from them."""
    page.content = chapter.html = kept["html"]
    chapter.formulas = [Formula(*each) for each in kept["formulas"]]
    page.toc = TableOfContents([heading(each) for each in kept["toc"]])
    if page.toc.items:
        page.toc.items[0].active = True
    page._title_from_render = kept["heading"]
    if kept["title"]:
        page.title = kept["title"]
    page.present_anchor_ids = set(kept["ids"])
    page.links_to_anchors = {
        files.get_file_from_path(path): links for path, links in kept["links"].items()
    }


def to_keep(page: Page, chapter: Chapter | NotebookChapter) -> dict:
    """What rendering has made of a page, as JSON holds it."""
    return {
        "html": chapter.html,
        "formulas": chapter.formulas,
        "toc": [outline(each) for each in page.toc],
        "heading": page._title_from_render,
        "title": vars(page).get("title"),  # where mkdocs-jupyter has set it
        "ids": sorted(page.present_anchor_ids or ()),
        "links": {file.src_uri: links for file, links in (page.links_to_anchors or {}).items()},
    }


def outline(link: AnchorLink) -> list:
    return [link.title, link.id, link.level, [outline(each) for each in link.children]]


def heading(kept: list) -> AnchorLink:
    title, ident, level, children = kept
    link = AnchorLink(title, ident, level)
    link.children = [heading(each) for each in children]
    return link
