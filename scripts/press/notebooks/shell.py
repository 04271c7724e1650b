"""Run the cells of a notebook as Jupyter does, in IPython; a child of the runner does so."""

import base64
import json
import os

import matplotlib

matplotlib.use("module://matplotlib_inline.backend_inline")  # figures become outputs of cells
import matplotlib.pyplot  # noqa: E402, F401
import torch  # noqa: E402, F401
from IPython.core.displayhook import CapturingDisplayHook  # noqa: E402
from IPython.core.interactiveshell import InteractiveShell  # noqa: E402
from IPython.utils.capture import capture_output  # noqa: E402
from matplotlib_inline.backend_inline import configure_inline_support  # noqa: E402


class Results(CapturingDisplayHook):
    """Takes what a cell's last line returns, unless a semicolon follows it."""

    def __call__(self, result=None):
        if not self.shell.displayhook.quiet():
            super().__call__(result)


def run_cells(job, entering):
    """Run a notebook's cells, one after the other, until one fails.

    Returns {"outputs": those of each cell that ran, "failures": none, or one with the number of
    the cell as its section}.
    """
    os.environ["IPYTHONDIR"] = os.path.abspath(".ipython")  # nothing of this machine's user
    shell = new_shell()
    outputs = []
    for number, cell in enumerate(job["cells"]):
        entering(number)
        produced, error = run_cell(shell, cell)
        outputs.append(produced)
        if error is not None:
            text = f"{type(error).__name__}: {error}"
            failure = {"name": "", "section": number, "path": "", "line": 0, "text": text}
            return {"outputs": outputs, "failures": [failure]}
    return {"outputs": outputs, "failures": []}


def new_shell():
    """IPython without a history on disk, whose errors are ours to tell."""
    shell = InteractiveShell.instance(history_load_length=0)
    shell.history_manager.enabled = False
    matplotlib.interactive(True)
    configure_inline_support(shell, "module://matplotlib_inline.backend_inline")
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None
    return shell


def run_cell(shell, cell):
    """A cell's outputs as a notebook keeps them, and its error or None.

    Progress and warnings, on the error stream, are not kept.
    """
    results = []
    shell.display_trap.hook = Results(shell=shell, outputs=results)
    with capture_output() as captured:
        ran = shell.run_cell(cell, store_history=True)
    outputs = []
    if captured.stdout:
        outputs.append({"output_type": "stream", "name": "stdout", "text": captured.stdout})
    outputs += [shown("execute_result", each) for each in results]
    outputs += [shown("display_data", vars(rich)) for rich in captured.outputs]
    return outputs, ran.error_before_exec or ran.error_in_exec


def shown(kind, output):
    """An output as a notebook keeps it; of a figure the picture, and not its repr."""
    data = dict(output["data"])
    if "image/png" in data:
        data.pop("text/plain", None)
    made = {"output_type": kind, "data": data, "metadata": output.get("metadata") or {}}
    if kind == "execute_result":
        made["execution_count"] = None  # known when the notebook is written
    return json.loads(json.dumps(made, default=encoded))


def encoded(raw):
    """Bytes of a picture, as a notebook holds them."""
    return base64.b64encode(raw).decode()
