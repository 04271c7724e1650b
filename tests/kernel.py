"""Run the cells of a notebook in a kernel of its own, as a reader's Jupyter does.

Standard input: {"cells": [code, ...], "names": the list of names, or null for none, "seconds":
the time limit, "errors": whether to go on after a cell that fails}.
Standard output: {"outputs": [the outputs of each cell], "error": null, or [cell, text]}.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

SHOWN = ("stream", "display_data", "execute_result", "error")


def run(cells: list[str], names: str | None, seconds: int, errors: bool = False) -> dict:
    """Run cells one after the other in an empty folder that holds only names.txt."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        os.environ["IPYTHONDIR"] = str(Path(folder) / "ipython")  # nothing of this machine's user
        here = Path(folder) / "empty"
        here.mkdir()
        if names is not None:
            (here / "names.txt").write_text(names, encoding="utf-8", newline="\n")
        client = NotebookClient(
            notebook,
            timeout=seconds,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,  # or what one print says may come in two pieces, one of them blank
            allow_errors=errors,
            resources={"metadata": {"path": str(here)}},
        )
        error = None
        try:
            client.execute()
        except CellExecutionError as failed:
            error = f"{failed.ename}: {failed.evalue}"
        except CellTimeoutError:
            error = f"it ran for longer than {seconds} seconds"
        except DeadKernelError:
            error = "the kernel died"
    ran = [cell.get("execution_count") is not None for cell in notebook.cells]
    at = max((k for k, did in enumerate(ran) if did), default=0)
    outputs = [[shown(each) for each in cell.outputs if wanted(each)] for cell in notebook.cells]
    return {"outputs": outputs, "error": [at, error] if error else None}


def wanted(output) -> bool:
    """What a reader's cell shows; progress and warnings, on the error stream, are not kept."""
    return output.output_type in SHOWN and output.get("name") != "stderr"


def shown(output) -> dict:
    """An output as a notebook keeps it; of a figure the picture, and not its repr."""
    output = json.loads(json.dumps(output))
    if "image/png" in output.get("data", {}):
        output["data"].pop("text/plain", None)
    return output


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(run(**asked), sys.stdout)
