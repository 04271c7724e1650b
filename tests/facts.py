"""What the set-up must be, said a second time and by other means.

Autograd agrees with a wrong forward pass as well as with a right one, and a
comparison cannot judge itself. These functions raise AssertionError when the
namespace of a page's program is not what the site says it is.
"""

import contextlib
import hashlib
import io
import random
import urllib.request
from pathlib import Path

import torch
import torch.nn.functional as F


def close(ours, theirs):
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def the_examples_are_right(ns, names):
    """Four fifths of the shuffled names; three letters, and the one that follows."""
    words = list(names)
    random.Random(42).shuffle(words)
    assert ns["words"] == words
    assert ns["vocab_size"] == 27 and ns["block_size"] == 3
    assert ns["stoi"] == {".": 0} | {chr(96 + k): k for k in range(1, 27)}
    assert examples(words[: len(words) * 8 // 10]) == (ns["Xtr"].tolist(), ns["Ytr"].tolist())


def examples(words):
    """Every context of three letters, and every target."""
    rows, targets = [], []
    for word in words:
        padded = [0, 0, 0, *(ord(letter) - 96 for letter in word), 0]
        rows += [padded[k : k + 3] for k in range(len(padded) - 3)]
        targets += padded[3:]
    return rows, targets


def drawn(n_hidden, g):
    """The lecture's sizes and scales, all drawn from one generator, in its order."""

    def draw(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float32).double()

    C, W1, b1 = draw(27, 10), draw(30, n_hidden) * (5 / 3) / 30**0.5, draw(n_hidden) / 10
    W2, b2 = draw(n_hidden, 27) / 10, draw(27) / 10
    return [C, W1, b1, W2, b2, draw(1, n_hidden) / 10 + 1, draw(1, n_hidden) / 10]


def the_parameters_are_right(ns):
    """The network of the forward pass, and the batch that goes through it."""
    g = torch.Generator().manual_seed(2147483647)
    for ours, theirs in zip(ns["parameters"], drawn(64, g), strict=True):
        close(ours.detach(), theirs)
        assert ours.requires_grad and ours.is_leaf
    ix = torch.randint(len(ns["Xtr"]), (32,), generator=g)
    assert ns["n"] == 32
    assert torch.equal(ns["Xb"], ns["Xtr"][ix]) and torch.equal(ns["Yb"], ns["Ytr"][ix])


def the_forward_pass_is_right(ns):
    """Against torch's own embedding, linear layer, batch norm and cross-entropy."""
    with torch.no_grad():
        C, W1, b1, W2, b2, bngain, bnbias = ns["parameters"]
        emb = F.embedding(ns["Xb"], C)
        hprebn = F.linear(emb.flatten(1), W1.T, b1)
        bessel = (len(hprebn) - 1) / len(hprebn)  # torch's variance divides by n, ours by n - 1
        bnraw = F.batch_norm(hprebn, None, None, training=True, eps=1e-5 * bessel) * bessel**0.5
        hpreact = bngain * bnraw + bnbias
        logits = F.linear(hpreact.tanh(), W2.T, b2)
        logprobs = F.log_softmax(logits, 1)
        for name, theirs in [
            ("emb", emb), ("embcat", emb.flatten(1)), ("hprebn", hprebn),
            ("bnmeani", hprebn.mean(0, keepdim=True)), ("bndiff", hprebn - hprebn.mean(0)),
            ("bndiff2", (hprebn - hprebn.mean(0)).square()), ("bnvar", hprebn.var(0, keepdim=True)),
            ("bnvar_inv", (hprebn.var(0, keepdim=True) + 1e-5).rsqrt()), ("bnraw", bnraw),
            ("hpreact", hpreact), ("h", hpreact.tanh()), ("logits", logits),
            ("logit_maxes", logits.amax(1, keepdim=True)),
            ("norm_logits", logits - logits.amax(1, keepdim=True)),
            ("counts", (logits - logits.amax(1, keepdim=True)).exp()),
            ("counts_sum", (logits - logits.amax(1, keepdim=True)).exp().sum(1, keepdim=True)),
            ("counts_sum_inv", logprobs.exp().amax(1, keepdim=True)),
            ("probs", logits.softmax(1)), ("logprobs", logprobs),
            ("loss", F.cross_entropy(logits, ns["Yb"])),
        ]:  # fmt: skip
            close(ns[name], theirs)


def the_fetch_is_right(ns):
    """`fetch_names` keeps a list with the right digest, and no other."""
    raw, real = b"emma\nolivia\n", urllib.request.urlopen
    fetch, kept = ns["fetch_names"], Path("names.txt").read_bytes()
    urllib.request.urlopen = lambda address, timeout: io.BytesIO(raw)
    try:
        with contextlib.suppress(SystemExit):
            fetch()
            raise AssertionError("a list with another digest was kept")
        assert Path("names.txt").read_bytes() == kept
        fetch.__globals__["SHA256"] = hashlib.sha256(raw).hexdigest()
        fetch()
        assert Path("names.txt").read_bytes() == raw
    except SystemExit as stop:
        raise AssertionError("the right list was refused") from stop
    finally:
        urllib.request.urlopen = real
        Path("names.txt").write_bytes(kept)


def refuses(call, *args, **kwargs):
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            call(*args, **kwargs)
    except AssertionError as refusal:
        return str(refusal) or "refused"
    return None


def leaf(values, dtype):
    """A tensor whose .grad is `values`."""
    t = torch.zeros_like(values, dtype=dtype).requires_grad_()
    (t * values.to(dtype)).sum().backward()
    return t


def the_comparison_is_right(ns):
    """`cmp` and `check` accept what is within the bound and refuse what is beyond it."""
    bounds = {torch.float32: (1e-6, 1e-7), torch.float64: (1e-9, 1e-12)}
    cmp, check = ns["cmp"], ns["check"]
    for dtype, (share, floor) in bounds.items():
        for size in (1.0, 40.0, 1e-5):
            values = torch.tensor([[0.25, -1.0, 0.5]]) * size
            t = leaf(values, dtype)
            bound = share * t.grad.abs().max().item() + floor
            for factor, accepted in ((0.0, True), (0.8, True), (1.25, False), (-1.25, False)):
                ours = t.grad.clone()
                ours[0, 0] += factor * bound
                assert (refuses(cmp, "dt", ours, t) is None) == accepted, (dtype, size, factor)
                assert (refuses(check, "x", ours, t.grad) is None) == accepted
                assert (refuses(check, "x", t.grad, t.grad + 0, ours) is None) == accepted
            loose = 1e-6 * t.grad.abs().max().item() + 1e-7
            for factor, accepted in ((0.8, True), (1.25, False)):
                theirs = t.grad.double()
                ours = theirs.clone()
                ours[0, 0] += factor * loose
                told = refuses(check, "x", ours, theirs, kind="finite_difference")
                assert (told is None) == accepted, (dtype, size, factor)
        for wrong in (t.grad[0], t.grad.T, t.grad.repeat(2, 1)):
            assert "has shape" in refuses(cmp, "dt", wrong, t)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            cmp("dt", leaf(values, dtype).grad, leaf(values, dtype))
            near = t.grad.clone()
            near[0, 1] *= 1 + 2 * torch.finfo(dtype).eps
            cmp("dt", near, t)
            check("x", t.grad, near, kind="forward")
        first, second, third, fourth, fifth, sixth = printed.getvalue().splitlines()
        assert "dt" in first and "exact: True" in first and "approximate: True" in first
        assert (
            "maxdiff: 0.0e+00" in second and "shape: (1, 3)" in second and "size: 1.0e-05" in second
        )
        assert "exact: False" in third and "approximate: True" in third and "e-" in fourth
        assert fifth == "x | forward" and "maxdiff: " in sixth and "size: 1.0e-05" in sixth
    empty = torch.zeros(3, requires_grad=True)
    assert "no gradient" in refuses(cmp, "dempty", empty, empty)
    assert refuses(check, "x", 2, 2) is None and refuses(check, "x", 2, 3)


def the_lectures_comparison_is_right(ns):
    """It prints what it is told to, and refuses nothing."""
    printed, t = io.StringIO(), leaf(torch.tensor([1.0, -2.0]), torch.get_default_dtype())
    with contextlib.redirect_stdout(printed):
        ns["lecture_cmp"]("t", t.grad.clone(), t)
        ns["lecture_cmp"]("t", t.grad + 0.5, t)
    first, second = printed.getvalue().splitlines()
    assert first == "t | exact: True | approximate: True | 0e+00"
    assert second == "t | exact: False | approximate: False | 5e-01"


def the_scoreboard_is_right(ns):
    """Its verdict, worked out again from the gradients themselves."""
    pairs = {name: (ns[f"d{name}"], ns[name].grad) for name in ns["names"]}
    assert len(pairs) == ns["total"] == len(ns["steps"]) + len(ns["parameters"]) == 26
    equal = [name for name, (ours, theirs) in pairs.items() if (ours == theirs).all()]
    assert ns["agreed"] == 26 and ns["exact_ones"] == len(equal)
    assert ns["inexact"] == [f"d{name}" for name in pairs if name not in equal]
    assert ns["first_inexact"] == [*ns["inexact"], "none"][0]
    shares = {
        name: ((ours - theirs).abs().max() / theirs.abs().max()).item()
        for name, (ours, theirs) in pairs.items()
    }
    worst = max(share for name, share in shares.items() if name not in ("logit_maxes", "b1"))
    assert abs(ns["worst"] - worst) <= 1e-3 * worst


def all_that_apply(ns, names, dtype):
    """Every fact about something that a program has."""
    if "words" in ns and dtype == "float64":
        the_examples_are_right(ns, names)
    if "bnmeani" in ns and dtype == "float64":
        the_parameters_are_right(ns)
        the_forward_pass_is_right(ns)
    if "check" in ns:
        the_comparison_is_right(ns)
    if "fetch_names" in ns:
        the_fetch_is_right(ns)
    if "first_inexact" in ns:
        the_scoreboard_is_right(ns)
    if "lecture_cmp" in ns:
        the_lectures_comparison_is_right(ns)
