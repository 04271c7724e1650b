"""All notebooks of a build: made of its pages, run where that is asked, and kept to be published."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from press.notebooks.cells import Piece, pieces
from press.notebooks.notebook import Notebook, nothing, of_page, run_notebooks
from press.notebooks.workbook import SOLVED, sources_of, unsolved, workbooks
from press.reading.problems import Problem
from press.records.build import Build
from press.records.cache import write


@dataclass
class Shelf:
    """The notebooks of a build, and what they are made of."""

    texts: dict[str, str] = field(default_factory=dict)  # by the stem of the file
    pages: dict[str, Path] = field(default_factory=dict)  # the files of those with a page
    lacking: list[Problem] = field(default_factory=list)  # why there is no workbook
    stale: list[Notebook] = field(default_factory=list)  # those without outputs
    pieces: dict[str, list[Piece]] = field(default_factory=dict)  # of each page, by its path


def make_notebooks(build: Build, with_pages: list[str], run_stale: bool) -> Shelf:
    """Make the pages' notebooks and the workbook; add what goes wrong to the build's problems.

    with_pages: the notebooks that the nav names, as "workbook.ipynb".
    run_stale: whether those whose code has changed are run; otherwise they have no outputs.
    """
    whole = [page for page in build.pages if not build.problems_of(page)]
    # What is wrong with a number or an output is said where the page is rendered.
    unheard = replace(build, problems=[])
    shelf = Shelf(pieces={page.path: pieces(unheard, page) for page in whole})
    made = [of_page(p, shelf.pieces[p.path], build.address) for p in whole if p.program]
    lacking = [page for page in sources_of(build.pages) if page not in whole] if with_pages else []
    books = workbooks(build) if with_pages and not lacking else []
    shelf.lacking = list(dict.fromkeys(p for page in lacking for p in build.problems_of(page)))
    outputs, problems = run_and_judge(build, made + books, run_stale)
    build.problems += problems
    shelf.stale = [each for each in made + books if outputs[each.stem] is None]
    shelf.texts = {each.stem: each.written(outputs[each.stem]) for each in made + books}
    for name in with_pages:
        path = build.root / "build" / "notebooks" / name
        write(path, shelf.texts.setdefault(path.stem, nothing(path.stem)))
        shelf.pages[name] = path
    return shelf


def run_and_judge(build: Build, notebooks: list[Notebook], run_stale: bool):
    """The outputs of each notebook by its stem, or None; and what is wrong with them."""
    outputs, problems = run_notebooks(build.cache, notebooks, build.names, run_stale)
    for each in notebooks:
        if each.stem == SOLVED and outputs[SOLVED] is not None:
            problems += unsolved(each, outputs[SOLVED])
    return outputs, problems
