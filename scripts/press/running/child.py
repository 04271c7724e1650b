"""What happens in the process that is a page's own: all that it starts belongs to its group.

A program that starts processes of its own has them here, in the same group and folder, so that
the runner ends them with it.
"""

import contextlib
import importlib
import os
import sys
import threading
from pathlib import Path

SCRIPTS = str(Path(__file__).resolve().parents[2])  # not on the path of a page's program


def run_job(connection, job, folder):
    """Run one job and send what it gave; stray output goes to the terminal."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    os.dup2(2, 1)
    os.chdir(folder)
    threading.Thread(target=die_with_runner, args=(connection,), daemon=True).start()
    import torch

    module, function = job["run"].split(":")
    run = getattr(importlib.import_module(module), function)
    sys.path[:] = [path for path in sys.path if path not in ("", SCRIPTS)]
    sys.argv[:] = [job["page"]]
    torch.set_num_threads(1)
    connection.send(("done", run(job, lambda part: connection.send(("at", part)))))


def die_with_runner(connection):
    """The runner never writes here: what can be read is its end."""
    with contextlib.suppress(EOFError, OSError):
        connection.recv()
    os._exit(1)
