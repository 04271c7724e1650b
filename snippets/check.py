"""Checking a gradient: what a comparison shows, what it hides, a second referee."""

import torch
from setup.compare import check, cmp, refused
from setup.network import Yb, bngain, bnraw, g, hpreact, logits, n
from cross_entropy import (
    F,
    counts,
    counts_sum,
    counts_sum_inv,
    dcounts,
    dcounts_sum,
    dcounts_sum_inv,
    dlogit_maxes,
    dlogits,
    dlogprobs,
    dnorm_logits,
    dprobs,
    logit_maxes,
    logprobs,
    norm_logits,
    probs,
    through_maxes,
)

# --8<-- [start:wrong_sign]
with refused():
    cmp("dprobs", -dprobs, probs)
# --8<-- [end:wrong_sign]


# --8<-- [start:lecture_cmp]
def lecture_cmp(s, dt, t):
    exact = torch.all(dt == t.grad).item()
    approximate = torch.allclose(dt, t.grad)
    maxdiff = (dt - t.grad).abs().max().item()
    print(f"{s} | exact: {exact} | approximate: {approximate} | {maxdiff:.0e}")


# --8<-- [end:lecture_cmp]


# --8<-- [start:wrong_shape]
flat = (bnraw * hpreact.grad).sum(0)  # (n_hidden,), and bngain is (1, n_hidden)
check("flat", flat, bngain.grad.view(-1))  # the numbers are right
lecture_cmp("bngain", flat, bngain)
with refused():
    cmp("dbngain", flat, bngain)
# --8<-- [end:wrong_shape]

# --8<-- [start:zero_gradient]
nothing = torch.zeros_like(dlogit_maxes)
lecture_cmp("logit_maxes", nothing, logit_maxes)
z = logits.detach().requires_grad_()
m = z.max(1, keepdim=True).values
m.retain_grad()
u = torch.randn(z.shape, generator=g)  # (n, vocab_size), random
(z - m).backward(u)
with refused():
    cmp("dm", nothing, m)
check("dlogit_maxes", through_maxes(u), m.grad, kind="gradient")
# --8<-- [end:zero_gradient]

# --8<-- [start:wrong_forward]
q = logprobs.detach().requires_grad_()
wrong_loss = q[range(n), Yb].mean()  # the minus is missing
wrong_loss.backward()
cmp("dq", -dlogprobs, q)  # agrees
with refused():
    check("wrong_loss", wrong_loss, F.cross_entropy(logits, Yb), kind="forward")
# --8<-- [end:wrong_forward]

# --8<-- [start:cube]
x, delta = torch.rand(5, generator=g), 0.1
quotient = ((x + delta) ** 3 - (x - delta) ** 3) / (2 * delta)
check("cube", quotient, 3 * x**2 + delta**2)
# --8<-- [end:cube]


# --8<-- [start:rest]
def from_logprobs(logprobs):
    return -logprobs[range(n), Yb].mean()


def from_probs(probs):
    return from_logprobs(probs.log())


def from_counts_sum_inv(counts_sum_inv):
    return from_probs(counts.double() * counts_sum_inv)


def from_counts_sum(counts_sum):
    return from_counts_sum_inv(counts_sum**-1)


def from_counts(counts):
    return from_probs(counts * counts.sum(1, keepdim=True) ** -1)


def from_norm_logits(norm_logits):
    return from_counts(norm_logits.exp())


def from_logit_maxes(logit_maxes):
    return from_norm_logits(logits.double() - logit_maxes)


def from_logits(logits):
    return from_norm_logits(logits - logits.max(1, keepdim=True).values)


# --8<-- [end:rest]


# --8<-- [start:slopes]
def slopes(loss_from, x, delta=1e-5):
    """Nudge every entry of x up and down; return how the loss answers."""
    x = x.detach().double()
    nudges = delta * torch.eye(x.numel()).double().view(-1, *x.shape)
    loss_of_all = torch.vmap(loss_from)  # of one nudged copy after the other
    up, down = loss_of_all(x + nudges), loss_of_all(x - nudges)
    return ((up - down) / (2 * delta)).view(x.shape)


# --8<-- [end:slopes]


# --8<-- [start:second_referee]
entries = probs.numel()


@torch.no_grad()
def referee(name, ours, loss_from, x):
    theirs = slopes(loss_from, x)
    check(name, ours.double(), theirs, kind="finite_difference")


referee("dlogprobs", dlogprobs, from_logprobs, logprobs)
referee("dprobs", dprobs, from_probs, probs)
referee("dcounts_sum_inv", dcounts_sum_inv, from_counts_sum_inv, counts_sum_inv)
referee("dcounts_sum", dcounts_sum, from_counts_sum, counts_sum)
referee("dcounts", dcounts, from_counts, counts)
referee("dnorm_logits", dnorm_logits, from_norm_logits, norm_logits)
referee("dlogit_maxes", dlogit_maxes, from_logit_maxes, logit_maxes)
referee("dlogits", dlogits, from_logits, logits)
# --8<-- [end:second_referee]
