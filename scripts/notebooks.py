"""Make a notebook of each page's program, and have a kernel run it where it is stale.

build/notebooks/<stem>.json holds what the cells gave, with the key of all that could
change it: code, names, Python, torch, processor. The prose is put in anew at each build.
"""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from names import Names
from reading.pages import Page
from reading.problem import Problem
from records import read_json, surroundings, write

STARTED = 60  # seconds more than the page's program may take: a kernel has to start
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
        told, count = iter(outputs or []), 0
        cells = []
        for k, cell in enumerate(self.cells):
            made = {"id": f"{self.stem}-{k}", "metadata": cell.get("metadata", {})}
            made["source"] = cell["text"].splitlines(keepends=True)
            if cell["kind"] == "code":
                count += 1
                made |= {"cell_type": "code", "outputs": next(told, [])}
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


def of_page(page: Page, parts: list, address: str) -> Notebook:
    """A page's pieces as cells; what they printed comes from the kernel."""
    from retell import quiet

    where = f"[{page.title}]({address}{page.folder}/)" if address else f"“{page.title}”"
    note = f"*This is the page {where} of the site “Backprop by hand”, as a notebook. {NEEDS}*"
    cells = [{"kind": "prose", "text": note, "line": page.body}]
    for part in parts:
        if part.kind != "output":
            text = quiet(part.text) if part.kind == "code" else part.text
            cells.append({"kind": part.kind, "text": text, "line": part.line})
    return Notebook(page.stem, page.path, cells, page.seconds)


def nothing(stem: str) -> str:
    """A notebook that cannot be made now: its page says why."""
    return Notebook(stem, "", [{"kind": "prose", "text": f"# {stem}", "line": 1}], 0).written(None)


def key_of(notebook: Notebook, around: str) -> str:
    kernel = Path(__file__).with_name("kernel.py").read_text("utf-8")
    return hashlib.sha256(json.dumps([notebook.code(), kernel, around]).encode()).hexdigest()


def run_notebooks(
    root: Path, notebooks: list[Notebook], names: Names, fresh: bool, idle: bool, say
):
    """{stem: outputs, or None}, and what went wrong; with `idle`, nothing is run."""
    around = surroundings(root, names)
    keys = {each.stem: key_of(each, around) for each in notebooks}
    kept = {each.stem: root / "build" / "notebooks" / f"{each.stem}.json" for each in notebooks}
    found, stale, problems = {}, [], []
    for each in notebooks:
        record = {} if fresh else read_json(kept[each.stem])
        found[each.stem] = record.get("outputs") if record.get("key") == keys[each.stem] else None
        if found[each.stem] is None:
            stale.append(each)
    if not stale or idle:
        return found, problems
    say(f"running {len(stale)} of {len(notebooks)} notebooks, each in a kernel of its own")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for each, told in zip(
            stale, pool.map(lambda one: run(root, one, names), stale), strict=True
        ):
            if told["error"]:
                problems.append(problem_of(each, *told["error"]))
                continue
            found[each.stem] = told["outputs"]
            record = {"key": keys[each.stem], "outputs": told["outputs"]}
            write(kept[each.stem], json.dumps(record))
    return found, problems


def run(root: Path, notebook: Notebook, names: Names) -> dict:
    """Have scripts/kernel.py run a notebook's cells; what it could not say is an error too."""
    seconds = notebook.seconds + STARTED
    asked = {"cells": notebook.code(), "names": names.text, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("kernel.py"))],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
    )
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return {"outputs": [], "error": [0, f"no kernel could run it: {last}"]}


def problem_of(notebook: Notebook, at: int, text: str) -> Problem:
    """What went wrong in a cell, with the line of the page that the cell comes from."""
    cells = [cell for cell in notebook.cells if cell["kind"] == "code"]
    return Problem(notebook.path, cells[at]["line"], f"as a notebook, this cell fails: {text}")
