"""The site while it is served: saved, broken and repaired, with its notebooks and the workbook."""

import signal
import subprocess
import sys

import pytest
from conftest import PLAIN, until
from press.auditing.browser import copy_project, free_port, page_at
from press.notebooks import notebook, workbook
from press.reading.names import Names
from press.records.cache import Cache


class Server:
    """`mkdocs serve` in a folder, and what it says."""

    def __init__(self, folder, running):
        self.folder, self.port, self.log = folder, free_port(), folder / "said"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{self.port}"],
            cwd=folder, env=PLAIN, stderr=self.log.open("w"),
        )  # fmt: skip
        running.append(self.process)

    def page(self, path):
        """A page as it is served now; "" while there is none."""
        return page_at(f"http://127.0.0.1:{self.port}/{path}")

    def save(self, path, old, new):
        text = (self.folder / path).read_text()
        assert old in text
        (self.folder / path).write_text(text.replace(old, new, 1))

    def said(self):
        return self.log.read_text()


@pytest.fixture
def server(tmp_path, site, running):
    """A server of the whole site, whose pages and notebooks have run."""
    copy_project(tmp_path / "copy")
    server = Server(tmp_path / "copy", running)
    until(lambda: "To take away" in server.page("scoreboard/"), 60)
    assert "running" not in server.said()
    return server


ANSWER = "dhprebn_fused = (bngain * bnvar_inv / n)"
SAME = "dhprebn_fused = (bnvar_inv * bngain / n)"
SHOWN = "(bnvar_inv * bngain / n)"
RIGHT, WRONG = "dbnraw = bngain * dhpreact", "dbnraw = -bngain * dhpreact"


def test_the_workbook_follows_what_is_saved_while_it_is_served(server):
    def shows(path, *words):
        page = server.page(path)
        return page if all(word in page for word in words) else ""

    # A line of the solution is written in another way: the page shows it, without outputs.
    server.save("snippets/fused_batchnorm.py", ANSWER, SAME)
    changed = until(lambda: shows("solved/", SHOWN), 60)
    assert 'class="failure"' not in changed
    # A page that the workbook is made of breaks: the workbook says which, and nothing else breaks.
    server.save("snippets/scoreboard.py", RIGHT, WRONG)
    for path in ("workbook/", "solved/", "scoreboard/"):
        shown = until(lambda path=path: shows(path, 'class="failure"'), 60)
        assert "dbnraw: ours and autograd differ" in shown and "judged(" not in shown
    assert 'class="failure"' not in server.page("linear/")
    # Repaired, all is back.
    server.save("snippets/scoreboard.py", WRONG, RIGHT)
    for path in ("workbook/", "solved/"):
        until(
            lambda path=path: shows(path, "judged(") and 'class="failure"' not in server.page(path),
            60,
        )
    server.process.send_signal(signal.SIGINT)
    server.process.wait(10)
    assert "Traceback" not in server.said()


def test_a_server_that_starts_on_a_broken_page_shows_it_on_the_workbook_too(
    tmp_path, site, running
):
    copy_project(tmp_path / "copy")
    for kept in (tmp_path / "copy/build/notebooks").glob("*.ipynb"):
        kept.unlink()
    text = (tmp_path / "copy/docs/linear.md").read_text()
    (tmp_path / "copy/docs/linear.md").write_text(text + "\nIt takes 12 ms.\n")
    server = Server(tmp_path / "copy", running)
    shown = until(lambda: server.page("workbook/"), 60)
    assert 'class="failure"' in shown and "the number &#x27;12 ms&#x27; is typed" in shown
    server.save("docs/linear.md", "\nIt takes 12 ms.\n", "")
    until(lambda: "judged(" in server.page("workbook/"), 60)
    assert "Traceback" not in server.said()


SOLVED = notebook.Notebook(
    "solved",
    workbook.MADE_BY,
    [{"kind": "code", "text": text, "line": 1} for text in ("dy = 2 * y", 'judged("dy")')],
    60,
)


def test_a_solution_that_its_own_judge_refuses_is_named():
    outputs = [[], [{"name": "stdout", "output_type": "stream", "text": "✗ The sign is flipped."}]]
    (problem,) = workbook.unsolved(SOLVED, outputs)
    assert str(problem) == (
        f'{workbook.MADE_BY}: judged("dy") in the solved workbook says: ✗ The sign is flipped.'
    )


def test_a_solution_that_does_not_run_is_named(tmp_path):
    outputs, (problem,) = notebook.run_notebooks(
        Cache(tmp_path), [SOLVED], Names("names", b"emma\n"), run_stale=True
    )
    assert outputs == {"solved": None}
    assert str(problem) == (
        f"{workbook.MADE_BY}:1: as a notebook, this cell fails: NameError: name 'y' is not defined"
    )
