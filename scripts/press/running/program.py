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
from pathlib import Path

import torch

from press.running.float64 import Watch
from press.running.witness import Witness

Section = namedtuple("Section", "path name line code")


def run_page(job, entering):
    """What a child of the runner does for a page."""
    return run_program(job["sections"], job["dtype"], entering)


def run_program(sections, dtype, entering=lambda name: None):
    """Run a page's sections; return what can be sent to another process.

    Returns a dict: outputs {section: text}, checks, failures, values, rows, tables, and figures,
    the SVG files that the program saved into the current folder.
    """
    witness, outputs = execute(sections, dtype, entering)
    values = {} if witness.failures else numbers_in(witness.namespace)
    return {
        "outputs": outputs,
        "checks": witness.checks,
        "failures": witness.failures,
        "values": values,
        "rows": {} if witness.failures else rows_in(witness.namespace),
        "tables": {} if witness.failures else tables_in(witness.namespace),
        "figures": {path.name: path.read_text("utf-8") for path in sorted(Path().glob("*.svg"))},
    }


def execute(sections, dtype, entering=lambda name: None):
    """Run a page's sections in one namespace, in float32 or float64.

    sections: (path, name, line, code) of each;
    entering: called with the name of each section before it runs.
    Returns the Witness, which holds the namespace, and {section: what it printed}.
    """
    dtype = getattr(torch, dtype)
    witness, outputs = Witness(dtype), {}
    tell_linecache(sections)
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
        if plots := sys.modules.get("matplotlib.pyplot"):
            plots.close("all")  # what one program drew is not on the next one's figures
    return witness, outputs


def tell_linecache(sections):
    """Let tracebacks and `inspect` find the code, which stands in no file of this folder."""
    lines = {}
    for path, _, start, code in sections:
        known = lines.setdefault(path, [])
        known += ["\n"] * (start - 1 - len(known)) + code.splitlines(True)
    for path, known in lines.items():
        linecache.cache[path] = (sum(map(len, known)), None, known, path)


class Printed(io.StringIO):
    """What a section prints, up to a limit: a page has to be read."""

    LIMIT = 1_000_000  # characters

    def write(self, text):
        if self.tell() + len(text) > self.LIMIT:
            raise RuntimeError(f"this section prints more than {self.LIMIT} characters")
        return super().write(text)


def run_section(section, witness):
    """Run one section; return what it printed and whether it came to its end."""
    printed = Printed()
    try:
        code = compile("\n" * (section.line - 1) + section.code, section.path, "exec")
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
    """What a whole float64 run left unproved; each as a failure."""
    if not witness.checks:
        yield failure("", "this page's program compares nothing")
    if witness.dtype != torch.float64:
        return
    gradients = [check for check in witness.checks if check["kind"] == "gradient"]
    for record in gradients:
        seen = [other for other in gradients if other["name"] == record["name"]]
        if all(other["zero"] for other in seen):
            text = "this gradient is zero, so its value proves nothing: check it again with random incoming gradients"
            yield failure(record["name"], text, record["section"])
    for name, value in witness.namespace.items():
        owner = witness.namespace.get(name[1:]) if name.startswith("d") else None
        if not (isinstance(owner, torch.Tensor) and isinstance(value, torch.Tensor)):
            continue
        if not owner.requires_grad:
            continue
        if id(owner) in getattr(value, "from_autograd", ()):
            continue  # the incoming gradient of a page that begins in the middle
        kept = witness.compared.get(name)
        if kept is None and name not in {check["name"] for check in gradients}:
            yield failure(name, "this gradient is compared with nothing")
        elif kept and kept != (id(value), value._version):
            yield failure(name, "this gradient was changed after it was compared")


def failure(name, text, section=""):
    return {"name": name, "section": section, "path": "", "line": 0, "text": text}


def numbers_in(namespace):
    """What sentences may quote: plain numbers, short texts, and the shapes of tensors."""
    values = {}
    for name, value in namespace.items():
        if name.startswith("_"):
            continue
        if isinstance(value, torch.Tensor):
            values[f"{name}.shape"] = str(tuple(value.shape))
            value = value.item() if value.dim() == 0 else None
        short = type(value) is str and len(value) <= 80
        if short or type(value) in (bool, float) or (type(value) is int and abs(value) < 1e15):
            values[name] = value
    return values


def rows_in(namespace):
    """Small tensors of whole numbers, such as a batch, which an exercise takes over."""
    return {
        name: value.tolist()
        for name, value in namespace.items()
        if isinstance(value, torch.Tensor) and value.dtype == torch.int64 and value.numel() <= 128
    }


def tables_in(namespace):
    """Tables of texts, {name: {row: (text, ...)}}, such as the rules of the card."""
    return {
        name: value
        for name, value in namespace.items()
        if isinstance(value, dict)
        and value
        and all(isinstance(row, tuple) and row for row in value.values())
        and all(type(text) is str for key, row in value.items() for text in (key, *row))
    }
