"""MkDocs hooks: run the pages before MkDocs reads them, typeset after, publish last.

`mkdocs build` publishes into site/ only when everything is right. `mkdocs serve`
never stops for a mistake: the page concerned shows it in place of its content,
and the next save repairs it.
"""

import json
import logging
import os
import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).resolve().parent))

from figures import variants  # noqa: E402
from lessons import lessons, lessons_path, python_files, runtime_files  # noqa: E402
from lighten import ANY_HEADING, boxes, lighten, lighten_index, unindented  # noqa: E402
from notebook_page import page_of  # noqa: E402
from notebooks import nothing, of_page, run_notebooks  # noqa: E402
from publish import BuildLock, PublishError, beside, discard, licences, prepare, swap  # noqa: E402
from records import write  # noqa: E402
from render import NAMES, failed, figure_paths, mark, notebook_path, program_path, render  # noqa: E402
from retell import llms, markdown_of, markdown_path, pieces  # noqa: E402
from state import Listener, Site, nav_pages, refuse_taken_port, say  # noqa: E402
from typeset import TypesetError, glyph_table, install, put_in, take_out, typeset  # noqa: E402
from workbook import sources_of, unsolved, workbooks  # noqa: E402
from workbook_texts import SOLVED  # noqa: E402

LEFT = re.compile(
    r"\$\$|\\[\[(]|\\(?:label|begin)\b|\$[^$\n]*[\\_^][^$\n]*\$|`|~~~|\{\{|--8|&lt;!--"
)
NOT_PROSE = re.compile(r"<(pre|code|script|style)\b.*?</\1>|<[^>]*>", re.S)


class Build:
    """What one MkDocs process knows from one hook to the next."""

    serving = False
    bound = False  # our own server has the port
    site_dir = None  # where a finished site goes
    lock = BuildLock()
    listener = None
    site = None
    typeset = {}
    formulas = {}  # page path: [(tex, display, label)]
    ready = False  # a server has shown the pages once
    notebooks = {}  # stem: the notebook's text
    books = {}  # page path in docs/: the file of a notebook that has a page of its own
    lacking = []  # what is wrong with the pages that the workbook is made of
    told = {}  # page path: its pieces


def on_startup(command: str, dirty: bool) -> None:
    Build.serving = command == "serve"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    root = Path(config.config_file_path).parent
    if jupyter := config.plugins.get("mkdocs-jupyter"):
        jupyter.config["cache_dir"] = str(root / "build" / "jupyter")
    if Build.serving:
        if not Build.bound:
            refuse_taken_port(*config.dev_addr)
        Build.bound = True
    else:
        Build.site_dir = Path(config.site_dir).resolve()
        config.site_dir = str(beside(Build.site_dir))
    return config


def fresh() -> bool:
    """Whether scripts/build.py was asked to use nothing that is kept."""
    return os.environ.get("FRESH") == "1"


def on_pre_build(config: MkDocsConfig) -> None:
    root = Path(config.config_file_path).parent
    Build.lock.take(root, say)
    if not Build.serving:  # a server writes nothing there
        or_abort(prepare, root, Build.site_dir, say)
    Build.site = Site.read(root, nav_pages(config.nav)).run(
        os.environ.get("NAMES") or None, fresh()
    )
    Build.formulas = {}
    try:
        install(root, say)
    except TypesetError as error:
        Build.site.fail("package.json", str(error))
    stop_or_show()
    retell(config)
    stop_or_show()
    Build.ready = True
    if not Build.serving:
        Build.listener = Listener(Build.site)
        logging.getLogger("mkdocs").addHandler(Build.listener)


def retell(config: MkDocsConfig) -> None:
    """Make the pages' notebooks, and have those run that are stale: all that a server shows
    anew is run for the first of its readers only, so that a save is shown at once."""
    site, address = Build.site, config.site_url or ""
    whole = [page for page in site.pages if not site.problems_of(page)]
    told = Build.told = {
        page.path: pieces(page, site.records, site.facts, address) for page in whole
    }
    made = [of_page(page, told[page.path], address) for page in whole if page.program]
    shown = nav_pages(config.nav, (".ipynb",))
    lacking = [page for page in sources_of(site.pages) if page not in whole] if shown else []
    books = workbooks(site.root, whole, site.records, address) if shown and not lacking else []
    outputs, found = run_notebooks(site.root, made + books, site.names, fresh(), Build.ready, say)
    for book in books[1:]:
        if outputs[book.stem] is not None:  # a server does not run it again at each save
            found += unsolved(book, outputs[book.stem])
    site.problems += found
    Build.notebooks = {each.stem: each.written(outputs[each.stem]) for each in made + books}
    Build.lacking = list(dict.fromkeys(p for page in lacking for p in site.problems_of(page)))
    Build.books = {}
    for name in shown:
        path = site.root / "build" / "notebooks" / name
        write(path, Build.notebooks.setdefault(path.stem, nothing(path.stem)))
        Build.books[name] = path


def stop_or_show() -> None:
    """Say every problem; a build ends here, a server goes on."""
    problems = Build.site.unsaid()
    for problem in problems:
        say(f"error: {problem}")
    if problems and not Build.serving:
        things = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
        raise Abort(f"{things} wrong: nothing was published")


@event_priority(50)  # before mkdocs-jupyter looks for notebooks
def on_files(files, config: MkDocsConfig):
    """Publish programs beside their pages, figures, the names, and what others made."""
    root = Build.site.root
    for path, taken in (licences(root) | runtime_files(root)).items():
        if taken.is_file():
            files.append(File.generated(config, path, abs_src_path=str(taken)))
    for path, file in Build.books.items():
        # As if it lay in docs/: mkdocs-jupyter overlooks what is generated.
        files.append(File(path, str(file.parent), config.site_dir, config.use_directory_urls))
        copy = f"{file.stem}/{path}"
        files.append(File.generated(config, copy, content=Build.notebooks[file.stem]))
    python = json.dumps(python_files(root), separators=(",", ":"))
    files.append(File.generated(config, "exercises/python.json", content=python))
    if Build.site.facts:
        files.append(File.generated(config, NAMES, content=Build.site.names.text))
    for page in Build.site.pages:
        for file, svg in Build.site.records[page.stem]["figures"].items():
            drawn = variants(svg)
            for scheme, path in figure_paths(page, file).items():
                files.append(File.generated(config, path, content=drawn[scheme]))
        if page.program:
            files.append(File.generated(config, program_path(page), content=page.source()))
        if page.stem in Build.notebooks:
            notebook = Build.notebooks[page.stem]
            files.append(File.generated(config, notebook_path(page), content=notebook))
        if page.exercises and not Build.site.problems_of(page):
            told, found = lessons(page, Build.site.records)
            Build.site.problems += found
            files.append(File.generated(config, lessons_path(page), content=told))
    return files


def on_page_markdown(markdown: str, page, config: MkDocsConfig, files) -> str:
    if page.file.src_uri in Build.books:
        page.meta["search"] = {"exclude": page.file.name == SOLVED}  # it would be found twice
        return ""  # mkdocs-jupyter reads the file
    mine = Build.site.page(f"docs/{page.file.src_uri}")
    problems = Build.site.problems_of(mine)
    if not problems:
        text, found = render(
            mine, Build.site.pages, Build.site.records, Build.site.facts, config.extra["colab"]
        )
        Build.site.problems += found
        problems = found
    return f"# {mine.title}" if problems else text  # on_post_page tells what is wrong


def on_page_content(html: str, page, config: MkDocsConfig, files) -> str:
    """Take the formulas out, so that neither search nor MkDocs sees their TeX."""
    path = f"docs/{page.file.src_uri}"
    if page.file.src_uri in Build.books:
        stem = Build.books[page.file.src_uri].stem
        html = page_of(html, Build.notebooks[stem], stem, config.extra["colab"])
        html, Build.formulas[path] = take_out(boxes(html, ANY_HEADING))
        return html
    mine = Build.site.page(path)
    html, Build.formulas[path] = take_out(html)
    if Build.site.problems_of(mine):
        return html
    # What MkDocs made of the page must be what was read and run.
    due = [equation.name for equation in mine.equations]
    got = [label for _, display, label in Build.formulas[path] if display]
    blocks = re.sub(r"<!--.*?-->", "", html, flags=re.S).count("<pre")
    if due != got:
        Build.site.fail(path, f"MkDocs shows the equations {got} where {due} were read")
    fenced = sum(block.kind != "table" for block in mine.blocks)
    if blocks > fenced:
        Build.site.fail(path, "code typed into the page by indentation: take it from a section")
    if blocks < fenced:
        Build.site.fail(path, f"MkDocs shows {blocks} of the {fenced} blocks of this page")
    return lighten(html)


def on_env(env, config: MkDocsConfig, files):
    wanted = {(tex, display) for found in Build.formulas.values() for tex, display, _ in found}
    try:
        Build.typeset = typeset(Build.site.root, wanted, fresh())
    except TypesetError as error:
        Build.site.fail("package.json", str(error))
        Build.typeset = {formula: {} for formula in wanted} | {"glyphs": {}}
    for path, found in Build.formulas.items():
        if path.endswith(".ipynb"):
            continue  # its formulas are those of pages
        mine = Build.site.page(path)
        for tex, display, label in found:
            error = Build.typeset[tex, display].get("error")
            if error:
                Build.site.fail(
                    path,
                    f"equation {label or tex!r} is not TeX: {error}",
                    line_of_formula(mine, tex, label),
                )
    stop_or_show()
    return env


def line_of_formula(page, tex: str, label: str) -> int:
    lines = [equation.line for equation in page.equations if equation.name == label]
    position = page.text.find(f"${tex}$")
    return lines[0] if lines else page.text.count("\n", 0, position) + 1 if position >= 0 else 0


def on_post_page(output: str, page, config: MkDocsConfig) -> str:
    """Put the typeset equations in, each with its mark, and the page's glyphs once."""
    path, book = f"docs/{page.file.src_uri}", page.file.src_uri in Build.books
    mine = None if book else Build.site.page(path)

    def marked(label: str) -> str:
        return "" if book else mark(mine, label, Build.site.records[mine.stem])

    output = put_in(output, Build.formulas[path], Build.typeset, marked)
    article = output.partition("<article")[2].partition("</article>")[0]
    for left in LEFT.finditer(NOT_PROSE.sub(" ", article)):
        Build.site.fail(path, f"markup is left as text in the built page: {left[0]}")
    inside = glyph_table(article, Build.typeset["glyphs"])
    if problems := Build.lacking if book else Build.site.problems_of(mine):
        output = output.replace(article.partition(">")[2], "")
        inside = failed(page.title if book else mine.title, problems)
    output = re.sub(r"(<article[^>]*>)", lambda match: match[1] + inside, output, count=1)
    return unindented(output)


def on_post_build(config: MkDocsConfig) -> None:
    stop_or_show()
    Build.site.report()
    index = Path(config.site_dir) / "search/search_index.json"
    if index.is_file():
        lighten_index(index)
    address = config.site_url or ""
    for page in Build.site.pages:
        if page.path in Build.told:  # MkDocs would make pages of these files
            write(Path(config.site_dir) / markdown_path(page), markdown_of(Build.told[page.path]))
    write(Path(config.site_dir) / "llms.txt", llms(config, Build.site.pages, address))
    if not Build.serving:
        or_abort(swap, Build.site_dir)
        config.site_dir = str(Build.site_dir)
        say(f"published {Build.site_dir.name}/: {Build.site.summary()}")
    finish()


def or_abort(step, *arguments) -> None:
    """Take a step of publishing; what speaks against it ends the build with a sentence."""
    try:
        step(*arguments)
    except PublishError as error:
        raise Abort(f"error: {error}") from error


def on_build_error(error: Exception) -> None:
    if Build.lock.held and not Build.serving:
        discard(Build.site_dir)
    finish()


def finish() -> None:
    if Build.listener:
        logging.getLogger("mkdocs").removeHandler(Build.listener)
        Build.listener = None
    Build.lock.release()
