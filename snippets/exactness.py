"""Why is mine not exact? Where the last bits of a gradient go, and how they come back."""

import torch
from setup.compare import check, cmp, distance, refused
from setup.data import vocab_size
from setup.network import (
    C,
    W1,
    W2,
    Xb,
    Yb,
    b1,
    b2,
    bnbias,
    bngain,
    bnvar,
    counts_sum,
    counts_sum_inv,
    g,
    h,
    hpreact,
    hprebn,
    logits,
    loss,
    n,
    n_embd,
    n_hidden,
    steps,
)

# --8<-- [start:imports]
import io
import os
import subprocess
import sys
from fractions import Fraction
from types import SimpleNamespace

import torch.nn.functional as F
# --8<-- [end:imports]

# --8<-- [start:dhpreact]
dh = h.grad  # (n, n_hidden), the incoming gradient
dhpreact = (1.0 - h.detach() ** 2) * dh
cmp("dhpreact", dhpreact, hpreact)
# --8<-- [end:dhpreact]


# --8<-- [start:steps_apart]
def steps_apart(a, b):
    """How many steps from one float to the next lead from a to b."""
    whole = {4: torch.int32, 8: torch.int64}[a.element_size()]
    return (a.view(whole) - b.view(whole)).abs()


one = torch.ones(1)
assert steps_apart(one, torch.nextafter(one, -one)) == 1
apart = steps_apart(dhpreact, hpreact.grad)  # (n, n_hidden)
differ, entries, most = apart.count_nonzero(), apart.numel(), apart.max()
# --8<-- [end:steps_apart]

# --8<-- [start:groups]
sizes, order = h.detach().abs().view(-1).sort()
print("| `h` from | to | entries | differ | most steps |")
print("|---:|---:|---:|---:|---:|")
for size, group in zip(sizes.view(8, -1), apart.view(-1)[order].view(8, -1)):
    row = len(group), group.count_nonzero().item(), group.max().item()
    print(f"| {size.min():.4f} | {size.max():.4f}", *row, "", sep=" | ")
# --8<-- [end:groups]

# --8<-- [start:one_entry]
worst = apart.argmax()
value, theirs = h.flatten()[worst], (hpreact.grad / dh).flatten()[worst]
square = Fraction(value.item()) ** 2  # nothing is rounded
rounded = (value**2).item()
factor, ours = 1 - square, 1 - rounded
print(f"h                  {value:.17f}")
print(f"h**2               {float(square):.17f}")
print(f"h**2 rounded       {rounded:.17f}")
print(f"1 - h**2           {float(factor):.17f}")
print(f"1 - rounded        {ours:.17f}")
print(f"autograd's factor  {theirs:.17f}")
check("one_entry", theirs, float(factor), ours, kind="invariant")
# --8<-- [end:one_entry]


# --8<-- [start:rounded_once]
def rounded_once(h):
    """1 - h**2 without any rounding, and then a single one."""
    exactly = [1 - Fraction(x) ** 2 for x in h.view(-1).tolist()]
    return torch.tensor([float(x) for x in exactly], dtype=h.dtype).view_as(h)


check("rounded_once", rounded_once(h.detach()) * dh, dhpreact, kind="invariant")
# --8<-- [end:rounded_once]


# --8<-- [start:ways]
def ways(h, dh, theirs):
    """Count the entries that differ, for three ways to write the factor."""
    fused = torch.addcmul(torch.ones_like(h), h, h, value=-1)
    factors = {"`1.0 - h**2`": 1.0 - h**2, "rounded once": rounded_once(h)}
    factors["`addcmul`"] = fused
    for name, factor in factors.items():
        ours = factor * dh
        maxdiff, _, allowed = distance(name, ours, theirs)
        assert maxdiff <= allowed
        count = f"{torch.ne(ours, theirs).sum()} of {h.numel()}"
        print(f"| {name} | {h.dtype} | {count} |")


print("| the factor | numbers | entries that differ |\n|---|---|---|")
ways(h.detach(), dh, hpreact.grad)
x = hpreact.detach().double().requires_grad_()
torch.tanh(x).backward(dh.double())
ways(torch.tanh(x).detach(), dh.double(), x.grad)
# --8<-- [end:ways]

# --8<-- [start:addcmul]
ones = torch.ones_like(h)
factor = torch.addcmul(ones, h.detach(), h.detach(), value=-1)
dhpreact = factor * dh
cmp("dhpreact", dhpreact, hpreact)
# --8<-- [end:addcmul]

# --8<-- [start:processor]
CODE = """
import io, sys, torch
x, dh = torch.load(io.BytesIO(sys.stdin.buffer.read()))
h = torch.tanh(x.requires_grad_())
h.backward(dh)
print(((1.0 - h**2) * dh != x.grad).sum().item(), end="")
"""


def with_capability(capability):
    """Count in a second Python, whose torch may use fewer instructions."""
    sent, env = io.BytesIO(), dict(os.environ, ATEN_CPU_CAPABILITY=capability)
    torch.save([hpreact.detach(), dh], sent)
    told = {"input": sent.getvalue(), "env": env, "stderr": subprocess.DEVNULL}
    try:
        command = [sys.executable, "-c", CODE]
        return subprocess.check_output(command, timeout=60, **told).decode()
    except (OSError, subprocess.SubprocessError) as error:
        return f"unknown, for there was no answer ({type(error).__name__})"


here = torch.backends.cpu.get_cpu_capability()
without = with_capability("default")
print(f"entries that differ, {here}: {differ}")
print(f"entries that differ, plain instructions: {without}")
# --8<-- [end:processor]


# --8<-- [start:run]
def run(lines, **given):
    """Run the lines in their order; what is given is not computed again."""
    t = SimpleNamespace(**given)
    for name, line in lines.items():
        if not hasattr(t, name):
            setattr(t, name, line(t))
    return t


network = dict(C=C, W1=W1, b1=b1, W2=W2, b2=b2, bngain=bngain, bnbias=bnbias)
# --8<-- [end:run]

# --8<-- [start:to_hpreact]
forward = dict(
    emb=lambda t: t.C[Xb],
    embcat=lambda t: t.emb.view(n, -1),
    hprebn=lambda t: t.embcat @ t.W1 + t.b1,
    bnmeani=lambda t: 1 / n * t.hprebn.sum(0, keepdim=True),
    bndiff=lambda t: t.hprebn - t.bnmeani,
    bndiff2=lambda t: t.bndiff**2,
    bnvar=lambda t: 1 / (n - 1) * t.bndiff2.sum(0, keepdim=True),
    bnvar_inv=lambda t: (t.bnvar + 1e-5) ** -0.5,
    bnraw=lambda t: t.bndiff * t.bnvar_inv,
    hpreact=lambda t: t.bngain * t.bnraw + t.bnbias,
)
# --8<-- [end:to_hpreact]

# --8<-- [start:to_loss]
forward.update(
    h=lambda t: torch.tanh(t.hpreact),
    logits=lambda t: t.h @ t.W2 + t.b2,
    logit_maxes=lambda t: t.logits.max(1, keepdim=True).values,
    norm_logits=lambda t: t.logits - t.logit_maxes,
    counts=lambda t: t.norm_logits.exp(),
    counts_sum=lambda t: t.counts.sum(1, keepdim=True),
    counts_sum_inv=lambda t: t.counts_sum**-1,
    probs=lambda t: t.counts * t.counts_sum_inv,
    logprobs=lambda t: t.probs.log(),
    loss=lambda t: -t.logprobs[range(n), Yb].mean(),
)
# --8<-- [end:to_loss]


# --8<-- [start:from_loss]
def maxes(t):
    """A one at the largest logit of each row, zeros elsewhere."""
    return F.one_hot(t.logits.argmax(1), vocab_size)  # (n, vocab_size)


backward = dict(
    dlogprobs=lambda t: -1.0 / n * F.one_hot(Yb, vocab_size).type_as(t.probs),
    dprobs=lambda t: 1.0 / t.probs * t.dlogprobs,
    dcounts_sum_inv=lambda t: (t.counts * t.dprobs).sum(1, keepdim=True),
    dcounts_sum=lambda t: -(t.counts_sum**-2) * t.dcounts_sum_inv,
    dcounts=lambda t: t.counts_sum_inv * t.dprobs + t.dcounts_sum,
    dnorm_logits=lambda t: t.counts * t.dcounts,
    dlogit_maxes=lambda t: -t.dnorm_logits.sum(1, keepdim=True),
    dlogits=lambda t: t.dnorm_logits + maxes(t) * t.dlogit_maxes,
)
# --8<-- [end:from_loss]

# --8<-- [start:from_logits]
backward.update(
    dh=lambda t: t.dlogits @ t.W2.T,
    dW2=lambda t: t.h.T @ t.dlogits,
    db2=lambda t: t.dlogits.sum(0),
    dhpreact=lambda t: (1.0 - t.h**2) * t.dh,
    dbngain=lambda t: (t.bnraw * t.dhpreact).sum(0, keepdim=True),
    dbnbias=lambda t: t.dhpreact.sum(0, keepdim=True),
    dbnraw=lambda t: t.bngain * t.dhpreact,
    dbnvar_inv=lambda t: (t.bndiff * t.dbnraw).sum(0, keepdim=True),
    dbnvar=lambda t: -0.5 * (t.bnvar + 1e-5) ** -1.5 * t.dbnvar_inv,
)
# --8<-- [end:from_logits]

# --8<-- [start:from_bnvar]
backward.update(
    dbndiff2=lambda t: 1 / (n - 1) * t.dbnvar.expand_as(t.bndiff2),
    dbndiff=lambda t: t.bnvar_inv * t.dbnraw + 2 * t.bndiff * t.dbndiff2,
    dbnmeani=lambda t: -t.dbndiff.sum(0, keepdim=True),
    dhprebn=lambda t: t.dbndiff + 1 / n * t.dbnmeani,
    dembcat=lambda t: t.dhprebn @ t.W1.T,
    dW1=lambda t: t.embcat.T @ t.dhprebn,
    db1=lambda t: t.dhprebn.sum(0),
    demb=lambda t: t.dembcat.view_as(t.emb),
    dC=lambda t: sum_by_letter(t.demb),
)


def sum_by_letter(demb):
    rows = demb.new_zeros(vocab_size, n_embd)
    return rows.index_add(0, Xb.view(-1), demb.view(-1, n_embd))


# --8<-- [end:from_bnvar]


# --8<-- [start:both]
def both(forward, backward):
    """Run the lines of a network: our gradients, and autograd's."""
    t = run(forward, **network)
    tensors = [getattr(t, name[1:]) for name in backward]
    theirs = dict(zip(backward, torch.autograd.grad(t.loss, tensors)))
    with torch.no_grad():
        return run(backward, **vars(t)), SimpleNamespace(**vars(t), **theirs)


ours, theirs = both(forward, backward)
# --8<-- [end:both]

# --8<-- [start:agree]
for name, first in zip(forward, steps + [loss]):
    check(name, getattr(ours, name), first, kind="forward")
for name in backward:
    mine, due = getattr(ours, name), getattr(theirs, name)
    check(name, mine, due, kind="gradient")
# --8<-- [end:agree]

# --8<-- [start:zeros]
u, v = (
    torch.randn(n, vocab_size, generator=g),
    torch.randn(h.shape, generator=g),
)
z, b = logits.detach().requires_grad_(), b1.detach().requires_grad_()
m = z.max(1, keepdim=True).values
of_m, of_z = torch.autograd.grad(z - m, [m, z], u)
(of_b,) = torch.autograd.grad(h.detach() + b, b, v)
t = SimpleNamespace(logits=z, dnorm_logits=u, dhprebn=v)
t.dlogit_maxes = backward["dlogit_maxes"](t)
check("dlogit_maxes", t.dlogit_maxes, of_m, kind="gradient")
check("dlogits", backward["dlogits"](t), of_z, kind="gradient")
check("db1", backward["db1"](t), of_b, kind="gradient")
# --8<-- [end:zeros]

# --8<-- [start:blame]
print("| gradient | entries | differ | by itself |")
print("|---|---:|---:|---:|")
exact, alone = [], []  # the names of those that are exact
for name, line in backward.items():
    mine, due = getattr(ours, name), getattr(theirs, name)
    single = line(theirs)  # from autograd's incoming gradient
    exact += [name] if torch.equal(mine, due) else []
    alone += [name] if torch.equal(single, due) else []
    row = [torch.ne(each, due).sum().item() for each in (mine, single)]
    print(f"| `{name}` | {due.numel()}", *row, "", sep=" | ")
in_chain, by_itself, in_all = len(exact), len(alone), len(backward)
to_blame = len(set(backward).difference(alone))
# --8<-- [end:blame]


# --8<-- [start:chains]
def exact_in(forward, backward):
    """How many gradients of a chain are exact; all have to be close."""
    ours, theirs = both(forward, backward)
    pairs = {d: (getattr(ours, d), getattr(theirs, d)) for d in backward}
    bounds = [distance(d, *pair) for d, pair in pairs.items()]
    assert all(maxdiff <= allowed for maxdiff, _, allowed in bounds)
    return len([d for d, pair in pairs.items() if torch.equal(*pair)])


# --8<-- [end:chains]


# --8<-- [start:one_line]
def through_tanh(t):
    ones = torch.ones_like(t.h)
    return torch.addcmul(ones, t.h, t.h, value=-1) * t.dh


repaired = {**backward, "dhpreact": through_tanh}
exact_repaired = exact_in(forward, repaired)
# --8<-- [end:one_line]

# --8<-- [start:reciprocal]
s, r, dr = counts_sum.detach(), counts_sum_inv.detach(), counts_sum_inv.grad
check("reciprocal", counts_sum.grad, -(1 / s**2) * dr, -(r**2) * dr)
# --8<-- [end:reciprocal]


# --8<-- [start:reuse]
def through_reciprocal(t):
    return -t.dcounts_sum_inv * (t.counts_sum_inv * t.counts_sum_inv)


divided = {**forward, "counts_sum_inv": lambda t: 1.0 / t.counts_sum}
reused = {**repaired, "dcounts_sum": through_reciprocal}
exact_divided = exact_in(divided, repaired)
exact_reused = exact_in(divided, reused)
# --8<-- [end:reuse]


# --8<-- [start:one_pass]
def one_pass(a):
    return (a**2).mean(0) - a.mean(0) ** 2  # (n_hidden,)


check("one_pass", (n - 1) / n * bnvar[0], one_pass(hprebn))
# --8<-- [end:one_pass]

# --8<-- [start:far]
far = hprebn.detach() + 1e4  # on paper, the variance stays
with refused():
    check("far", one_pass(far), one_pass(hprebn))
print("smallest variance, one pass:", one_pass(far).min())
# --8<-- [end:far]

# --8<-- [start:two_passes]
two_passes = ((far - far.mean(0)) ** 2).mean(0)  # (n_hidden,)
ratio = two_passes / one_pass(hprebn)  # near one
check("two_passes", ratio.round(), torch.ones(n_hidden))
print("smallest variance, two passes:", two_passes.min())
# --8<-- [end:two_passes]
