"""A gradient-check laboratory: steps, numbers, kinks, thresholds, and a third referee."""

import torch
from setup.compare import check
from setup.network import (
    bnbias,
    bnraw,
    bnvar_inv,
    g,
    hpreact,
    hprebn,
    n,
    n_embd,
)
from exactness import backward, forward, network, run
from scoreboard import (  # noqa: F401 (globals() reads most)
    dC,
    dW1,
    dW2,
    db1,
    db2,
    dbnbias,
    dbndiff,
    dbndiff2,
    dbngain,
    dbnmeani,
    dbnraw,
    dbnvar,
    dbnvar_inv,
    dcounts,
    dcounts_sum,
    dcounts_sum_inv,
    demb,
    dembcat,
    dh,
    dhpreact,
    dhprebn,
    dlogit_maxes,
    dlogits,
    dlogprobs,
    dnorm_logits,
    dprobs,
)
import fused_batchnorm
import fused_cross_entropy

# --8<-- [start:tools]
import inspect
import math
import textwrap
import warnings

import matplotlib.pyplot as plt
import torch

torch.set_num_threads(1)  # many small steps: threads would wait for each other
# --8<-- [end:tools]

# --8<-- [start:by_line]
by_line = {name: globals()[name] for name in backward}  # dlogprobs to dC
# --8<-- [end:by_line]

dlogits, dhprebn_fused = (
    fused_cross_entropy.dlogits,
    fused_batchnorm.dhprebn_fused,
)


# --8<-- [start:nudged]
def nudged(loss_from, x, delta):
    """The loss for each entry of x, when this one entry moves by delta."""
    nudges = delta * torch.eye(x.numel()).to(x.dtype).view(-1, *x.shape)
    return torch.vmap(loss_from, chunk_size=64)(x + nudges).view(x.shape)


def one_sided(loss_from, x, delta):
    return (nudged(loss_from, x, delta) - loss_from(x)) / delta


def centred(loss_from, x, delta):
    up, down = nudged(loss_from, x, delta), nudged(loss_from, x, -delta)
    return (up - down) / (2 * delta)


# --8<-- [end:nudged]

# --8<-- [start:in_float64]
params = {name: p.detach().double() for name, p in network.items()}
t = run(forward, **params)  # t.logits, t.loss and all others, in float64
hand = run(backward, **vars(t))  # hand.dlogits and all others, by hand


def rest(lines, name, given):
    """The loss as a function of one tensor, by all lines but its own."""
    return lambda value: run(lines, **{**given, name: value}).loss


loss_from_b2 = rest(forward, "b2", params)
# --8<-- [end:in_float64]


# --8<-- [start:relative_error]
def relative_error(a, b):
    return ((a - b).norm() / max(a.norm(), b.norm())).item()


assert relative_error(t.b2, -t.b2) == 2
# --8<-- [end:relative_error]


# --8<-- [start:orders]
def order(way, delta):
    """How often the error halves when the step is halved."""
    large = relative_error(way(loss_from_b2, t.b2, delta), hand.db2)
    small = relative_error(way(loss_from_b2, t.b2, delta / 2), hand.db2)
    return math.log2(large / small)


orders = [order(way, t.b2.std()) for way in (one_sided, centred)]
print("one-sided: {:.2f}, centred: {:.2f}".format(*orders))
check("orders", torch.tensor(orders).round(), torch.tensor([1.0, 2.0]))
# --8<-- [end:orders]

# --8<-- [start:sweep]
steps, curves = [10 ** (-k / 2) for k in range(25)], {}
assert steps[-1] == 1e-12
for way in (one_sided, centred):
    for convert in (torch.Tensor.float, torch.Tensor.double):
        given = {name: convert(p) for name, p in params.items()}
        loss_from, b2 = rest(forward, "b2", given), given["b2"]
        slopes = [way(loss_from, b2, delta) for delta in steps]
        errors = [relative_error(each, hand.db2) for each in slopes]
        label = f"{way.__name__}, {b2.dtype}".replace("torch.", "")
        curves[label] = errors
        best = steps[errors.index(min(errors))]
        print(f"{label:18} | smallest error: {min(errors):.0e} at {best:.0e}")
# --8<-- [end:sweep]

# --8<-- [start:picture]
for label, errors in curves.items():
    plt.loglog(steps, errors, label=label)
plt.xlabel("step")
plt.ylabel("relative error")
plt.ylim(bottom=torch.finfo(t.b2.dtype).eps)
plt.legend(loc="lower left")
plt.savefig("sweep.svg")
# --8<-- [end:picture]

# --8<-- [start:mistakes]
step = torch.finfo(t.C.dtype).eps ** (1 / 3)
slopes = centred(rest(forward, "C", params), t.C, step)
mistakes = {
    "nothing": {},
    "1e-5 forgotten": {"dbnvar": lambda t: -0.5 * t.bnvar**-1.5 * t.dbnvar_inv},
    "n for n - 1": {"dbndiff2": lambda t: t.dbnvar.expand_as(t.bndiff2) / n},
    "branch forgotten": {"dhprebn": lambda t: t.dbndiff},
    "minus forgotten": {"dbnmeani": lambda t: -backward["dbnmeani"](t)},
}
errors = []
for name, lines in mistakes.items():
    mine = run({**backward, **lines}, **vars(t))
    errors.append(relative_error(mine.dC, slopes))
    print(f"{name:16} | relative error: {errors[-1]:.0e}")
assert errors == sorted(errors)
# --8<-- [end:mistakes]

# --8<-- [start:bent]
bent = {**forward, "h": lambda t: torch.relu(t.hpreact)}
bent_backward = {**backward, "dhpreact": lambda t: (t.hpreact > 0) * t.dh}
at = run(bent, **params)
slopes_by_hand = run(bent_backward, **vars(at)).dhpreact
# --8<-- [end:bent]

# --8<-- [start:crossed]
x = at.hpreact
delta = x.abs().flatten().sort().values[:n_embd].mean()
slopes = centred(rest(bent, "hpreact", params), x, delta)
crossed = (x + delta > 0) != (x - delta > 0)  # (n, n_hidden)
assert torch.equal(crossed, x.abs() < delta)
kept, due = slopes_by_hand[~crossed], slopes[~crossed]
print(f"step {delta:.4f}: {crossed.sum()} of {x.numel()} cross the kink")
print(f"relative error of all: {relative_error(slopes_by_hand, slopes):.0e}")
print(f"relative error of the others: {relative_error(kept, due):.0e}")
check("crossed", kept, due, kind="finite_difference")
# --8<-- [end:crossed]


# --8<-- [start:one_step]
def one_step(bnraw, bnvar_inv, u):
    """From the gradient of bnraw, u, to that of hprebn, in one expression."""
    n = len(u)
    spread = n / (n - 1) * bnraw * (u * bnraw).sum(0)
    return bnvar_inv / n * (n * u - u.sum(0) - spread)


ours = one_step(bnraw, bnvar_inv, dbnraw)
check("one_step", ours, dhprebn, kind="invariant")
# --8<-- [end:one_step]


# --8<-- [start:BatchNorm]
class BatchNorm(torch.autograd.Function):
    """Batch norm whose backward pass is written by hand."""

    @staticmethod
    def forward(ctx, hprebn):
        bnvar_inv = (hprebn.var(0) + 1e-5) ** -0.5
        bnraw = (hprebn - hprebn.mean(0)) * bnvar_inv
        ctx.save_for_backward(bnraw, bnvar_inv)
        return bnraw

    @staticmethod
    def backward(ctx, u):
        return one_step(*ctx.saved_tensors, u)


class Forgetful(BatchNorm):
    """The same, and its backward pass forgets that the variance moves."""

    @staticmethod
    def backward(ctx, u):
        bnraw, bnvar_inv = ctx.saved_tensors
        return one_step(torch.zeros_like(bnraw), bnvar_inv, u)


check("BatchNorm", BatchNorm.apply(hprebn), bnraw, kind="forward")
# --8<-- [end:BatchNorm]


# --8<-- [start:accepts]
def accepts(function, a):
    return torch.autograd.gradcheck(function, a, raise_exception=False)


a = torch.randn(n_embd, n_embd, generator=g)  # ten examples of ten units
a = a.double().requires_grad_()
assert accepts(BatchNorm.apply, a)
assert not accepts(Forgetful.apply, a)
# --8<-- [end:accepts]

# --8<-- [start:defaults]
told = inspect.signature(torch.autograd.gradcheck).parameters
eps, atol, rtol = (told[name].default for name in ("eps", "atol", "rtol"))
print(f"eps: {eps}, atol: {atol}, rtol: {rtol}")
# --8<-- [end:defaults]

# --8<-- [start:float32]
b = a.detach().float().requires_grad_()
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    assert not accepts(BatchNorm.apply, b)  # right, and refused
print(textwrap.fill(str(warned[0].message)))
# --8<-- [end:float32]

# --8<-- [start:atol]
assert accepts(lambda a: atol * Forgetful.apply(a), a)  # wrong, and accepted
# --8<-- [end:atol]

# --8<-- [start:plain_sum]
check("plain_sum", torch.einsum("ij->j", hpreact), n * bnbias.view(-1))
# --8<-- [end:plain_sum]


# --8<-- [start:weights]
def told_by(loss_of):
    """The largest slope of a loss, and whether it lets Forgetful pass."""
    (slopes,) = torch.autograd.grad(loss_of(BatchNorm.apply(a)), a)
    passed = accepts(lambda a: loss_of(Forgetful.apply(a)), a)
    largest = slopes.abs().max()
    print(f"largest slope: {largest:.0e} | Forgetful passes: {passed}")
    return passed


u = torch.randn(n_embd, n_embd, generator=g).double()
assert told_by(lambda y: y.sum())  # wrong, and accepted
assert not told_by(lambda y: y.square().sum())
assert not told_by(lambda y: torch.einsum("ij,ij->", u, y))
# --8<-- [end:weights]


# --8<-- [start:referee]
def referee(name):
    return centred(rest(forward, name, params), getattr(t, name), step)


verdict = {name: referee(name[1:]) for name in backward}
for name, slopes in verdict.items():
    mine = by_line[name].double()
    check(name, mine, slopes, kind="finite_difference")
nudges = sum(slopes.numel() for slopes in verdict.values())
# --8<-- [end:referee]

# --8<-- [start:referee_one_step]
for name, mine in {"dlogits": dlogits, "dhprebn": dhprebn_fused}.items():
    check(name, mine.double(), verdict[name], kind="finite_difference")
# --8<-- [end:referee_one_step]
