"""The events of MkDocs, in the order in which a build meets them; each is one call.

`mkdocs build` publishes into site/ only when everything is right. `mkdocs serve`
never stops for a mistake: the page concerned shows it in place of its content,
and the next save repairs it.
"""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import CombinedEvent, event_priority
from mkdocs.structure.files import Files

from press.notebooks.workbook_texts import SOLVED
from press.publishing.files import add_files
from press.publishing.session import Session
from press.showing.chapter import finished
from press.showing.slim import read_by_search, searchable

SESSION = Session()


def on_startup(command: str, dirty: bool) -> None:
    SESSION.serving = command == "serve"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    SESSION.configure(config)
    return config


def on_pre_build(config: MkDocsConfig) -> None:
    SESSION.begin(config)


@event_priority(50)  # before mkdocs-jupyter looks for notebooks
def on_files(files: Files, config: MkDocsConfig) -> Files:
    return add_files(files, config, SESSION.edition)


def on_pre_page(page, config: MkDocsConfig, files: Files):
    SESSION.edition.keep_html(page, files)
    return page


def on_page_markdown(markdown: str, page, config: MkDocsConfig, files: Files) -> str:
    if page.file.name == SOLVED:
        page.meta["search"] = {"exclude": True}  # all would be found twice
    return SESSION.edition.chapter(page.file.src_uri).markdown()


def on_page_content(html: str, page, config: MkDocsConfig, files: Files) -> str:
    return SESSION.edition.chapter(page.file.src_uri).html


def on_env(env, config: MkDocsConfig, files: Files):
    SESSION.typeset()
    return env


@event_priority(50)  # before the search reads the page
def for_search(context: dict, page, config: MkDocsConfig, nav) -> dict:
    page.content = searchable(page.content)
    return context


@event_priority(-50)  # when it has
def for_theme(context: dict, page, config: MkDocsConfig, nav) -> dict:
    page.content = read_by_search(SESSION.edition.chapter(page.file.src_uri).html)
    return context


on_page_context = CombinedEvent(for_search, for_theme)


def on_post_page(output: str, page, config: MkDocsConfig) -> str:
    edition = SESSION.edition
    return finished(edition.chapter(page.file.src_uri), output, edition.typeset)


def on_post_build(config: MkDocsConfig) -> None:
    SESSION.publish(config)


def on_serve(server, config: MkDocsConfig, builder):
    SESSION.serve(server)
    return server


def on_build_error(error: Exception) -> None:
    SESSION.fail()
