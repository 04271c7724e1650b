"""Make a notebook of each page's program, and have it run where it is stale.

build/notebooks/<stem>.json holds what the cells gave, with the key of all that could
change it: code, names, Python, torch, processor. The prose is put in anew at each build.
"""

import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from press.notebooks.cells import Piece, quiet
from press.reading.names import Names
from press.reading.pages import Page
from press.reading.problems import Problem, say
from press.records.cache import Cache, key_of
from press.records.runs import LOADED_LATE, environment_key, in_children

SHELL = Path(__file__).with_name("shell.py")
PLAIN = {"MATPLOTLIBRC": ""}  # figures look as they do in a reader's Jupyter
PRELOAD = ["press.notebooks.shell", LOADED_LATE]
NEEDS = "It needs torch and matplotlib: `%pip install torch matplotlib`, where they are not there."


@dataclass
class Notebook:
    """Cells, in order; and where each piece of code stands, for whoever has to repair it."""

    stem: str  # the name of the file
    path: str  # of the page that it is made of, or of the file that makes it
    cells: list[dict]  # {"kind": "prose" or "code", "text", "line", and maybe "metadata"}
    seconds: int

    def code(self) -> list[str]:
        return [cell["text"] for cell in self.cells if cell["kind"] == "code"]

    def written(self, outputs: list[list] | None) -> str:
        """The file: with what the cells gave, or blank where they were not run."""
        ready, count = iter(outputs or []), 0
        cells = []
        for k, cell in enumerate(self.cells):
            made = {"id": f"{self.stem}-{k}", "metadata": cell.get("metadata", {})}
            made["source"] = cell["text"].splitlines(keepends=True)
            if cell["kind"] == "code":
                count += 1
                made |= {"cell_type": "code", "outputs": next(ready, [])}
                made["execution_count"] = count if outputs else None
                for output in made["outputs"]:
                    if "execution_count" in output:
                        output["execution_count"] = count
            else:
                made["cell_type"] = "markdown"
            cells.append(made)
        language = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        whole = {"cells": cells, "nbformat": 4, "nbformat_minor": 5}
        whole["metadata"] = {"kernelspec": kernel, "language_info": language}
        return json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def of_page(page: Page, pieces: list[Piece], address: str) -> Notebook:
    """A page's pieces as cells; what they printed comes from their run."""
    where = f"[{page.title}]({address}{page.folder}/)" if address else f"“{page.title}”"
    note = f"*This is the page {where} of the site “Backprop by hand”, as a notebook. {NEEDS}*"
    cells = [{"kind": "prose", "text": note, "line": page.body}]
    for part in pieces:
        if part.kind != "output":
            text = quiet(part.text) if part.kind == "code" else part.text
            cells.append({"kind": part.kind, "text": text, "line": part.line})
    return Notebook(page.stem, page.path, cells, page.seconds)


def nothing(stem: str) -> str:
    """A notebook that cannot be made now: its page says why."""
    return Notebook(stem, "", [{"kind": "prose", "text": f"# {stem}", "line": 1}], 0).written(None)


def run_notebooks(
    cache: Cache, notebooks: list[Notebook], names: Names, run_stale: bool
) -> tuple[dict[str, list | None], list[Problem]]:
    """What the cells of each gave, by stem, and what went wrong.

    Of a stale notebook that is not run, and of one that failed, it is None.
    """
    keys = keys_of(notebooks, names)
    outputs = {
        each.stem: cache.get(f"notebooks/{each.stem}", keys[each.stem]) for each in notebooks
    }
    stale = {each.stem: each for each in notebooks if outputs[each.stem] is None}
    if not stale or not run_stale:
        return outputs, []
    say(f"running {len(stale)} of {len(notebooks)} notebooks, each in a process of its own")
    problems = []
    for job, result in in_children(
        [job_of(each) for each in stale.values()], names, PRELOAD, PLAIN
    ):
        stem = job["page"]
        if result["failures"]:
            problems.append(problem_of(stale[stem], result["failures"][0]))
        else:
            outputs[stem] = result["outputs"]
            cache.put(f"notebooks/{stem}", keys[stem], result["outputs"])
    return outputs, problems


def keys_of(notebooks: list[Notebook], names: Names) -> dict[str, str]:
    """What changes when a notebook's code does, or anything that its run depends on."""
    environment, shell = environment_key(names), SHELL.read_text("utf-8")
    versions = [metadata.version(package) for package in ("ipython", "matplotlib-inline")]
    return {each.stem: key_of(each.code(), shell, versions, environment) for each in notebooks}


def job_of(notebook: Notebook) -> dict:
    """A notebook's run, as it is sent to the runner."""
    return {
        "run": "press.notebooks.shell:run_cells",
        "page": notebook.stem,
        "cells": notebook.code(),
        "part": "cell",
        "seconds": notebook.seconds,
        "alone": False,
    }


def problem_of(notebook: Notebook, failure: dict) -> Problem:
    """What went wrong in a cell, with the line of the page that the cell comes from."""
    cells = [cell for cell in notebook.cells if cell["kind"] == "code"]
    at = failure["section"] if isinstance(failure["section"], int) else 0
    text = f"as a notebook, this cell fails: {failure['text']}"
    return Problem(notebook.path, cells[at]["line"], text)
