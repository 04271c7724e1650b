"""Run one page's program in this process, in float32 or in float64.

float32 is what a reader runs: its printed lines and its numbers become the
page's. float64, from the same draws, decides whether the page is right.
"""

import contextlib
import io
import linecache
import sys
import traceback
import types
from collections import namedtuple

import torch

from .float64 import Watch
from .witness import Witness

Section = namedtuple("Section", "path name line code")


def run_program(sections, dtype, files=(), entering=lambda name: None):
    """Run a page's sections; return what can be sent to another process.

    Returns a dict: outputs {section: text}, checks, failures, values.
    """
    witness, outputs = execute(sections, dtype, files, entering)
    values = {} if witness.failures else numbers_in(witness.namespace)
    return {
        "outputs": outputs,
        "checks": witness.checks,
        "failures": witness.failures,
        "values": values,
    }


def execute(sections, dtype, files=(), entering=lambda name: None):
    """Run a page's sections in one namespace, in float32 or float64.

    sections: (path, name, line, code) of each; files: {path: text}, for tracebacks;
    entering: called with the name of each section before it runs.
    Returns the Witness, which holds the namespace, and {section: what it printed}.
    """
    dtype = getattr(torch, dtype)
    witness, outputs = Witness(dtype), {}
    for path, text in dict(files).items():
        linecache.cache[path] = (len(text), None, text.splitlines(True), path)
    module = types.ModuleType("__main__")
    sys.modules["__main__"], kept = module, sys.modules["__main__"]
    witness.namespace = module.__dict__
    torch.set_default_dtype(dtype)
    try:
        with Watch() if dtype == torch.float64 else contextlib.nullcontext():
            for section in map(Section._make, sections):
                entering(section.name)
                witness.section = section
                outputs[section.name], whole = run_section(section, witness)
                if not whole:
                    break
            else:
                witness.failures.extend(left_undone(witness))
    finally:
        torch.set_default_dtype(torch.float32)
        sys.modules["__main__"] = kept
    return witness, outputs


def run_section(section, witness):
    """Run one section; return what it printed and whether it came to its end."""
    printed = io.StringIO()
    code = compile("\n" * (section.line - 1) + section.code, section.path, "exec")
    try:
        with contextlib.redirect_stdout(printed):
            exec(code, witness.namespace)
    except (Exception, SystemExit) as error:
        mine = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == section.path]
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, SystemExit):
            text = f"the program ends itself here (sys.exit): {error}"
        witness.fail("", text)
        witness.failures[-1]["line"] = mine[-1].lineno if mine else section.line
        return printed.getvalue(), False
    witness.wrap(witness.namespace)
    return printed.getvalue(), True


def left_undone(witness):
    """A program that compares nothing, or whose zero gradient was judged by value alone."""
    if not witness.checks:
        witness.fail("", "this page's program compares nothing")
    for record in witness.checks:
        seen = [
            c for c in witness.checks if c["name"] == record["name"] and c["kind"] == "gradient"
        ]
        if record["zero"] and witness.dtype == torch.float64 and all(c["zero"] for c in seen):
            text = "this gradient is zero, so its value proves nothing: check it again with random incoming gradients"
            yield {
                "name": record["name"],
                "section": record["section"],
                "path": "",
                "line": 0,
                "text": text,
            }


def numbers_in(namespace):
    """What sentences may quote: plain numbers, short texts, and the shapes of tensors."""
    values = {}
    for name, value in namespace.items():
        if name.startswith("_"):
            continue
        if isinstance(value, torch.Tensor):
            values[f"{name}.shape"] = str(tuple(value.shape))
            value = value.item() if value.dim() == 0 else None
        if isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= 80):
            values[name] = value
    return values
