"""Race one training step: by autograd, by hand, by hand and compiled.

    python scripts/bench.py

The steps are those of the page "Training by hand", with its batches and on one
thread. They take turns; what counts is the median of the rounds, as a share of
autograd's. Exit code 1: one of them is slower than its bar.
"""

import functools
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "snippets"))

from setup.data import Xtr, Ytr  # noqa: E402
from setup.network import draw_parameters  # noqa: E402
from setup.training import double_loop, draw, race, step_by_autograd, step_by_hand  # noqa: E402

HIDDEN, EXAMPLES, RATE = 200, 32, 0.1
ROUNDS, TIMES = 11, 200
SAME = 20  # so many steps of each kind must come to the same loss
BARS = {"by hand": 0.85, "by hand, compiled": 0.48}  # shares of autograd's time
KINDS = {  # the step, and whether autograd records it
    "autograd": (step_by_autograd, True),
    "by hand": (step_by_hand, False),
    "by hand, double loop": (functools.partial(step_by_hand, add=double_loop), False),
    # fullgraph: the whole step, or an error
    "by hand, compiled": (torch.compile(step_by_hand, fullgraph=True), False),
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def start() -> tuple:
    """Parameters, and what draws a batch: the same each time."""
    g = torch.Generator().manual_seed(2147483647)
    return draw_parameters(HIDDEN, g), functools.partial(draw, Xtr, Ytr, EXAMPLES, g)


def loss_after(step, recorded: bool) -> float:
    """What a kind of step comes to; whatever has to be compiled is compiled here."""
    parameters, batch = start()
    for p in parameters:
        p.requires_grad_(recorded)
    with torch.inference_mode(not recorded):
        for _ in range(SAME):
            loss, _ = step(parameters, *batch(), RATE)
    return loss.item()


def without_compiler(error: RuntimeError) -> bool:
    return "No working C++ compiler" in str(error)


def runners() -> dict:
    """The kinds of steps that run on this machine, after each has shown that it is right."""
    kinds, due = {}, None
    for name, kind in KINDS.items():
        began = time.perf_counter()
        try:
            loss = loss_after(*kind)
        except RuntimeError as error:
            if not without_compiler(error):
                raise
            continue
        due = due or loss
        assert abs(loss - due) < 1e-4, f"{name}: loss {loss} after {SAME} steps, and {due} is due"
        say(f"ready in {time.perf_counter() - began:.1f} s: {name}")
        kinds[name] = kind
    return kinds


def table(took: dict[str, float]) -> tuple[list[str], list[str]]:
    """The rows to print, and the kinds that miss their bar."""
    rows, missed = [f"{'a step':22}{'µs':>6}{'share':>9}{'bar':>7}"], []
    for name in KINDS:
        bar = BARS.get(name)
        if name not in took:
            rows.append(f"{name:22}  there is no C++ compiler here")
            continue
        share = took[name] / took["autograd"]
        rows.append(f"{name:22}{took[name]:6.0f}{share:9.3f}" + (f"{bar:7.2f}" if bar else ""))
        if bar and share > bar:
            missed.append(f"{name} takes {share:.3f} of autograd's time: its bar is {bar}")
    return rows, missed


def main() -> int:
    torch.set_num_threads(1)
    try:
        kinds = runners()
        took = race(kinds, *start(), ROUNDS, TIMES)
    except KeyboardInterrupt:
        say("stopped: nothing was measured")
        return 1
    rows, missed = table(took)
    print("\n".join(rows))
    for text in missed:
        say(text)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
