"""Stand behind a page's comparisons: judge each a second time, and record it.

A page defines `cmp`, `check` and `refused` for its readers. While the build runs
the page, a Witness stands behind them, so a comparison that was weakened on the
page cannot let the page pass.
"""

import sys

import torch

from press.running.kinds import KINDS, Kind

ZERO = 1e-12  # a float64 gradient below this everywhere is zero in theory


class Refused:
    """The page's `refused()`: what it swallows was refused by its own words and by ours."""

    def __init__(self, witness, inner):
        self.witness, self.inner = witness, inner

    def __enter__(self):
        self.witness.refusing += 1
        return self.inner.__enter__()

    def __exit__(self, kind, error, trace):
        self.witness.refusing -= 1
        return self.inner.__exit__(kind, error, trace)


class Witness:
    """Stands behind the page's `cmp`, `check` and `refused` and records."""

    def __init__(self, dtype):
        self.dtype, self.section, self.refusing = dtype, None, 0
        self.checks, self.failures, self.namespace = [], [], {}
        self.compared = {}  # gradient: (id, version) of the tensor that cmp saw
        self.wrapped = {}

    def wrap(self, namespace):
        """Stand behind the page's own comparisons, however they were defined."""
        for name, wrapper in (("cmp", self.cmp), ("check", self.check), ("refused", self.refused)):
            theirs = namespace.get(name)
            if callable(theirs) and theirs != wrapper:
                self.wrapped[name] = theirs
                namespace[name] = wrapper

    def cmp(self, name, ours, t):
        """Judge `ours` against `t.grad`; then let the page's own cmp print its line."""
        faults = []
        owner = self.namespace.get(str(name)[1:])
        if not str(name).startswith("d"):
            faults.append("a gradient is named d and the name of its tensor")
        elif owner is not None and owner is not t:
            faults.append(f"this compares with another tensor's gradient, not with {name[1:]}.grad")
        if t.grad is None:
            faults.append("autograd left no gradient here: t.grad is None")
        elif getattr(t.grad, "written", False):
            faults.append("the page wrote this .grad itself: nothing of autograd's is left in it")
        elif id(t) in getattr(ours, "from_autograd", ()):
            faults.append("this gradient was computed from the .grad it is compared with")
        sides = (ours, t.grad) if t.grad is not None else (ours,)
        record, fault = self.judge(name, "gradient", sides, faults, ("ours", "autograd"))
        if not self.refusing:
            self.compared[name] = (id(ours), ours._version)
        self.page_says("cmp", record, fault, name, ours, t)

    def check(self, name, *sides, kind="equation"):
        """Judge that all sides agree; then let the page's own check print its line."""
        faults = []
        if kind not in KINDS:
            faults.append(f"kind {kind!r} is none of {', '.join(KINDS)}")
        if len(sides) < 2:
            faults.append("a check needs at least two sides")
        if same_storage(sides):
            faults.append("two sides are the same tensor: this compares a thing with itself")
        written = [bool(getattr(side, "from_autograd", ())) for side in sides]
        if kind == "gradient" and self.dtype == torch.float64 and all(written) == any(written):
            faults.append(
                "a gradient is checked between ours and autograd's: exactly one side may come from autograd"
            )
        called = [f"side {k}" for k in range(1, len(sides) + 1)]
        record, fault = self.judge(name, kind, sides, faults, called)
        self.page_says("check", record, fault, name, *sides, kind=kind)

    def refused(self, *args, **kwargs):
        return Refused(self, self.wrapped["refused"](*args, **kwargs))

    def page_says(self, helper, record, fault, name, *args, **kwargs):
        """Let the page's own comparison print and refuse; keep what both of us say."""
        refusal = None
        try:
            self.wrapped[helper](name, *args, **kwargs)
        except Exception as error:
            if not (fault or isinstance(error, AssertionError)):
                raise
            refusal = error
        if self.refusing and refusal and fault:
            raise refusal  # as a reader sees it
        if self.refusing:
            why = "and it is right" if refusal else f"but passes {helper}"
            self.fail(name, f"this stands inside refused(), {why}")
            return
        self.checks.append(record)
        if fault or refusal:
            self.fail(name, fault or f"{helper} on the page refused: {refusal}")

    def judge(self, name, kind, sides, faults, called):
        """Compare the sides; return the record, and what is wrong or None."""
        known = KINDS.get(kind, Kind())
        dtype = self.dtype if known.exact else torch.float64
        relative, absolute = getattr(known, str(self.dtype)[6:])
        with torch.no_grad(), torch._C.DisableTorchFunction():
            sides = [torch.as_tensor(side).detach() for side in sides]
            for side in sides[1:]:
                faults = faults or mismatch(sides[0], side, called, dtype)
            sizes = [side.double().abs().max().item() if side.numel() else 0.0 for side in sides]
            first = sides[0].double()
            apart = [] if faults else [(first - side.double()).abs() for side in sides[1:]]
        largest, size = max((a.max().item() for a in apart), default=None), max(sizes)
        if not faults and not largest <= relative * size + absolute:
            faults = [worst_entry(sides, apart, called, relative * size + absolute)]
        comparable = largest is not None
        record = {
            "section": self.section.name,
            "name": name,
            "kind": kind,
            "shape": list(sides[0].shape),
            "sides": len(sides),
            "dtype": str(self.dtype)[6:],
            "max_abs": largest,
            "max_rel": largest / size if comparable and size >= ZERO else None,
            "passed": not faults,
            "zero": kind == "gradient" and sizes[-1] < ZERO,
        }
        return record, faults[0] if faults else None

    def fail(self, name, text):
        self.failures.append(
            {"name": name, "section": self.section.name, "path": self.section.path}
            | {"line": self.line(), "text": text}
        )

    def line(self):
        """The line of the snippet file that is being run."""
        frame = sys._getframe()
        while frame and frame.f_code.co_filename != self.section.path:
            frame = frame.f_back
        return frame.f_lineno if frame else self.section.line


def same_storage(sides):
    known = [
        (s.data_ptr(), s.shape, s.stride())
        for s in sides
        if isinstance(s, torch.Tensor) and s.numel()
    ]
    return len(set(known)) < len(known)


def mismatch(first, other, called, dtype):
    """What makes two sides incomparable, before their values."""
    if first.shape != other.shape:
        return [f"{called[0]} has shape {tuple(first.shape)} where {tuple(other.shape)} is due"]
    if not first.numel():
        return ["both sides are empty, which proves nothing"]
    for side, who in ((first, called[0]), (other, called[1])):
        if side.is_floating_point() and side.dtype != dtype:
            wrong = f"{who} is {str(side.dtype)[6:]} where {str(dtype)[6:]} is due"
            return [f"{wrong}: no line names a float type"]
        if not torch.isfinite(side).all():
            return [f"{who} holds nan or inf"]
    return []


def worst_entry(sides, apart, called, allowed):
    """Where two sides differ most, with both values."""
    k = max(range(len(apart)), key=lambda k: apart[k].max().item())
    flat = apart[k].argmax().item()
    index = (
        [i.item() for i in torch.unravel_index(torch.tensor(flat), apart[k].shape)]
        if apart[k].dim()
        else []
    )
    ours, other = sides[0].flatten()[flat].item(), sides[k + 1].flatten()[flat].item()
    return (
        f"{called[0]} and {called[k + 1]} differ by {apart[k].max().item():.1e} at {index} "
        f"({ours:.6g} and {other:.6g}; allowed {allowed:.1e}), shape {tuple(sides[0].shape)}"
    )
