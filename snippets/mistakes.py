"""Mistakes that still train: wrong backward passes, and the referees that see them."""

import torch
from setup.compare import check, cmp, distance
from setup.data import Xtr, Ytr, vocab_size
from setup.network import Xb, Yb, g, loss, n, n_embd, parameters, steps

# --8<-- [start:imports]
import matplotlib.pyplot as plt
import torch.nn.functional as F
# --8<-- [end:imports]

# --8<-- [start:forward_to_logits]
forward_lines = {
    "emb": "C[Xb]",
    "embcat": "emb.view(n, -1)",
    "hprebn": "embcat @ W1 + b1",
    "bnmeani": "hprebn.mean(0, keepdim=True)",
    "bndiff": "hprebn - bnmeani",
    "bndiff2": "bndiff**2",
    "bnvar": "bndiff2.sum(0, keepdim=True) / (n - 1)",
    "bnvar_inv": "(bnvar + 1e-5) ** -0.5",
    "bnraw": "bndiff * bnvar_inv",
    "hpreact": "bngain * bnraw + bnbias",
    "h": "hpreact.tanh()",
    "logits": "h @ W2 + b2",
}
# --8<-- [end:forward_to_logits]

# --8<-- [start:forward_to_loss]
forward_lines |= {
    "logit_maxes": "logits.max(1, keepdim=True).values",
    "norm_logits": "logits - logit_maxes",
    "counts": "norm_logits.exp()",
    "counts_sum": "counts.sum(1, keepdim=True)",
    "counts_sum_inv": "counts_sum**-1",
    "probs": "counts * counts_sum_inv",
    "logprobs": "probs.log()",
    "loss": "-logprobs[range(n), Yb].mean()",
}
# --8<-- [end:forward_to_loss]

# --8<-- [start:right_cross_entropy]
right = {
    "dlogprobs": "-F.one_hot(Yb, vocab_size) / n",
    "dprobs": "dlogprobs / probs",
    "dcounts_sum_inv": "(counts * dprobs).sum(1, keepdim=True)",
    "dcounts_sum": "-(counts_sum**-2) * dcounts_sum_inv",
    "dcounts": "counts_sum_inv * dprobs + dcounts_sum",
    "dnorm_logits": "counts * dcounts",
    "dlogit_maxes": "-dnorm_logits.sum(1, keepdim=True)",
    "dlogits": "dnorm_logits + winners * dlogit_maxes",
}
# --8<-- [end:right_cross_entropy]

# --8<-- [start:right_batch_norm]
right |= {
    "dh": "dlogits @ W2.T",
    "dW2": "h.T @ dlogits",
    "db2": "dlogits.sum(0)",
    "dhpreact": "(1 - h**2) * dh",
    "dbngain": "(bnraw * dhpreact).sum(0, keepdim=True)",
    "dbnbias": "dhpreact.sum(0, keepdim=True)",
    "dbnraw": "bngain * dhpreact",
    "dbnvar_inv": "(bndiff * dbnraw).sum(0, keepdim=True)",
    "dbnvar": "-0.5 * (bnvar + 1e-5) ** -1.5 * dbnvar_inv",
    "dbndiff2": "dbnvar.expand(bndiff2.shape) / (n - 1)",
    "dbndiff": "bnvar_inv * dbnraw + 2 * bndiff * dbndiff2",
}
# --8<-- [end:right_batch_norm]

# --8<-- [start:right_embedding]
right |= {
    "dbnmeani": "-dbndiff.sum(0, keepdim=True)",
    "dhprebn": "dbndiff + dbnmeani / n",
    "dembcat": "dhprebn @ W1.T",
    "dW1": "embcat.T @ dhprebn",
    "db1": "dhprebn.sum(0)",
    "demb": "dembcat.view(emb.shape)",
    "dC": "torch.zeros_like(C).index_put((Xb,), demb, accumulate=True)",
}
# --8<-- [end:right_embedding]


# --8<-- [start:run_lines]
tools = {"torch": torch, "F": F, "n": n, "n_embd": n_embd}
tools |= {"vocab_size": vocab_size, "range": range}
compiled = {}


def value(line, known):
    code = compiled.setdefault(line, compile(line, line, "eval"))
    return eval(code, tools, known)


def forward(known, start=None):
    """Run the forward lines that come after the step called start."""
    names = list(forward_lines)
    for name in names[names.index(start) + 1 if start in names else 0 :]:
        known[name] = value(forward_lines[name], known)
    return known


def backward(known, lines):
    """Run the backward lines; return the gradients by name."""
    winners = F.one_hot(known["logits"].argmax(1), vocab_size)
    known = known | {"winners": winners}
    for name, line in lines.items():
        known[name] = value(line, known)
    return {name: known[name] for name in lines}


# --8<-- [end:run_lines]

# --8<-- [start:right_pass]
names = ["C", "W1", "b1", "W2", "b2", "bngain", "bnbias"]
start = {name: p.detach().double() for name, p in zip(names, parameters)}
now = forward(start | {"Xb": Xb, "Yb": Yb})
truth = backward(now, right)
tensors = dict(zip(forward_lines, steps)) | dict(zip(names, parameters))
gradients = len(right)
for name in right:
    t = tensors[name[1:]]
    cmp(name, truth[name].to(t.dtype), t)
# --8<-- [end:right_pass]


# --8<-- [start:by_value]
def lecture(ours, theirs):
    return torch.allclose(*torch.broadcast_tensors(ours, theirs))


def close(name, ours, theirs):
    if ours.shape != theirs.shape:
        return False
    maxdiff, _, allowed = distance(name, ours, theirs)
    return maxdiff <= allowed


# --8<-- [end:by_value]

# --8<-- [start:slopes]
delta, directions, slopes = 1e-5, {}, {}
for name in right:
    x = now[name[1:]]
    u = torch.randn(x.shape, generator=g).double()
    up = forward(now | {name[1:]: x + delta * u}, name[1:])
    down = forward(now | {name[1:]: x - delta * u}, name[1:])
    directions[name] = u
    slopes[name] = (up["loss"] - down["loss"]) / (2 * delta)
    ours = (truth[name] * u).sum()
    check(name, ours, slopes[name], kind="finite_difference")
# --8<-- [end:slopes]


# --8<-- [start:by_differences]
def by_differences(name, ours):
    maxdiff, size, _ = distance(
        name, (ours * directions[name]).sum(), slopes[name]
    )
    return maxdiff <= 1e-6 * size + 1e-9


# --8<-- [end:by_differences]

# --8<-- [start:incoming]
incoming = {"dloss": torch.ones_like(now["loss"])}
for name in list(forward_lines)[:-1]:
    u = torch.randn(now[name].shape, generator=g)  # random
    incoming["d" + name] = u.double()


def reads(line):
    return compiled[line].co_names  # the names that stand in it


def autograd_alone(name):
    """What autograd passes back to a tensor, for random incoming gradients."""
    x = now[name].clone().requires_grad_()
    readers = [
        r for r in forward_lines if name in compiled[forward_lines[r]].co_names
    ]
    results = [value(forward_lines[r], now | {name: x}) for r in readers]
    return torch.autograd.grad(
        results, x, [incoming["d" + r] for r in readers]
    )[0]


# --8<-- [end:incoming]


# --8<-- [start:by_random_numbers]
answers = {name: autograd_alone(name[1:]) for name in right}


def random_now():
    winners = F.one_hot(now["logits"].argmax(1), vocab_size)
    copies = {each: u.clone() for each, u in incoming.items()}
    return now | copies | {"winners": winners}


def by_random_numbers(name, line):
    return close(name, value(line, random_now()), answers[name])


for name, line in right.items():
    ours, theirs = value(line, random_now()), answers[name]
    check(name, ours.to(loss.dtype), theirs.to(loss.dtype), kind="gradient")
# --8<-- [end:by_random_numbers]

# --8<-- [start:invariants]
invariants = {
    "dlogprobs": "dlogprobs.sum() + 1",
    "probs, dprobs": "(probs * dprobs).sum() + 1",
    "rows, dcounts": "(counts * dcounts).sum(1)",
    "rows, dlogits": "dlogits.sum(1)",
    "h and W2": "(h * dh).sum() - (W2 * dW2).sum()",
    "bnraw and bngain": "(bnraw * dbnraw).sum(0) - bngain * dbngain",
    "columns, dhprebn": "dhprebn.sum(0)",
    "embcat and W1": "(embcat * dembcat).sum() - (W1 * dW1).sum()",
    "emb and C": "(emb * demb).sum() - (C * dC).sum()",
}
# --8<-- [end:invariants]


# --8<-- [start:broken]
def broken(gradients):
    sizes = {
        words: value(line, now | gradients).abs().max().item()
        for words, line in invariants.items()
    }
    return [words for words, size in sizes.items() if size > 1e-9]


# --8<-- [end:broken]


# --8<-- [start:referees]
def referees(lines):
    """What each referee refuses of this backward pass."""
    ours = backward(now, lines)
    return {
        "lecture": [d for d in right if not lecture(ours[d], truth[d])],
        "cmp": [d for d in right if not close(d, ours[d], truth[d])],
        "differences": [d for d in right if not by_differences(d, ours[d])],
        "random": [d for d in right if not by_random_numbers(d, lines[d])],
        "invariant": broken(ours),
    }


assert not any(referees(right).values())
# --8<-- [end:referees]

# --8<-- [start:mistakes_one]
mistakes = [
    ("sign", "dprobs", "-dlogprobs / probs"),
    ("sign", "dhpreact", "(h**2 - 1) * dh"),
    ("sign", "dbnmeani", "dbndiff.sum(0, keepdim=True)"),
    ("factor forgotten", "dlogprobs", "-1.0 * F.one_hot(Yb, vocab_size)"),
    ("factor forgotten", "dbndiff", "bnvar_inv * dbnraw + bndiff * dbndiff2"),
    ("n or n - 1", "dbndiff2", "dbnvar.expand(bndiff2.shape) / n"),
    ("n or n - 1", "dhprebn", "dbndiff + dbnmeani / (n - 1)"),
    ("branch forgotten", "dcounts", "counts_sum_inv * dprobs"),
    ("branch forgotten", "dbndiff", "bnvar_inv * dbnraw"),
    ("branch forgotten", "dhprebn", "dbndiff"),
]
# --8<-- [end:mistakes_one]

# --8<-- [start:mistakes_two]
mistakes += [
    ("true gradient zero", "dlogit_maxes", "torch.zeros_like(logit_maxes)"),
    ("true gradient zero", "dlogits", "dnorm_logits"),
    ("true gradient zero", "db1", "torch.zeros_like(b1)"),
    ("dimension lost", "dbngain", "(bnraw * dhpreact).sum(0)"),
    ("dimension lost", "dbnmeani", "-dbndiff.sum(0)"),
    ("mean for sum", "db2", "dlogits.mean(0)"),
    ("mean for sum", "dcounts_sum_inv", "(counts * dprobs).mean(1, True)"),
    ("sum forgotten", "dbnbias", "dhpreact"),
    ("sum forgotten", "dbnvar_inv", "bndiff * dbnraw"),
]
# --8<-- [end:mistakes_two]

# --8<-- [start:mistakes_three]
mistakes += [
    ("exponent", "dcounts_sum", "-(counts_sum**-1) * dcounts_sum_inv"),
    ("exponent", "dbnvar", "-0.5 * (bnvar + 1e-5) ** -0.5 * dbnvar_inv"),
    ("slope of another tensor", "dhpreact", "(1 - hpreact**2) * dh"),
    ("slope of another tensor", "dnorm_logits", "norm_logits * dcounts"),
    ("epsilon forgotten", "dbnvar", "-0.5 * bnvar**-1.5 * dbnvar_inv"),
    ("taken for a constant", "dhprebn", "bnvar_inv * dbnraw"),
    ("transposed", "dW2", "(dlogits.T @ h).view(W2.shape)"),
    ("order of a view", "demb", "dembcat.view(n, n_embd, -1).mT"),
    ("repeated index", "dC", "torch.zeros_like(C).index_put((Xb,), demb)"),
    ("changed in place", "dhprebn", "dbndiff.add_(dbnmeani / n)"),
]
# --8<-- [end:mistakes_three]

# --8<-- [start:losses]
rate, count = 0.1, 160
batches = torch.randint(0, len(Xtr), (count, n), generator=g)


def losses(lines):
    """The loss of every step when these lines are the backward pass."""
    known, curve = start, []
    for ix in batches:
        known = forward(known | {"Xb": Xtr[ix], "Yb": Ytr[ix]})
        curve.append(known["loss"].item())
        gradients = backward(known, lines)
        for name in names:
            known[name] = known[name] - rate * gradients["d" + name]
    return curve


# --8<-- [end:losses]


# --8<-- [start:gallery]
def can_train(lines):
    ours, sizes = backward(now, lines), {d: start[d].shape for d in names}
    return all(
        torch.broadcast_shapes(size, ours["d" + d].shape) == size
        for d, size in sizes.items()
    )


found, curves = [], {"right": losses(right)}
for _, name, line in mistakes:
    lines = right | {name: line}
    found.append(referees(lines))
    assert any(found[-1].values()), f"no referee sees {name} = {line}"
    curves[name, line] = losses(lines) if can_train(lines) else []
# --8<-- [end:gallery]


# --8<-- [start:losses_compared]
def end_of(curve):
    return sum(curve[-50:]) / 50


apart = {m: end_of(c) - end_of(curves["right"]) for m, c in curves.items() if c}
# --8<-- [end:losses_compared]

# --8<-- [start:table]
columns = "the wrong line | lecture | cmp | differences | random | loss"
print(f"| {columns} | invariant |\n|---|---|---|---|---|---|---|")
for (kind, name, line), said in zip(mistakes, found):
    row = [f"{kind}: `{name} = {line}`"]
    row += [len(said[r]) or "–" for r in ("lecture", "cmp", "differences")]
    row += ["yes" if said["random"] else "–"]
    row += [f"{apart[name, line]:+.4f}" if (name, line) in apart else "stops"]
    row += [*said["invariant"][:1], "–"][:1]
    print(f"| {' | '.join(map(str, row))} |")
# --8<-- [end:table]

# --8<-- [start:tally]
wrong = len(mistakes)
kinds = len({kind for kind, _, _ in mistakes})
blind = {r: sum(not said[r] for said in found) for r in found[0]}
by_lecture, by_cmp, by_slopes, by_random, by_invariants = blind.values()
near = [m for m, loss_apart in apart.items() if abs(loss_apart) < 0.01]
trained = len(near) - 1  # one of them is the right pass
# --8<-- [end:tally]


# --8<-- [start:curves]
def smooth(curve):
    return torch.tensor(curve).view(-1, 20).mean(1)


plt.figure(figsize=(8, 4.5))
for mistake in apart:
    colour = "tab:orange" if mistake in near else "tab:gray"
    plt.plot(smooth(curves[mistake]), color=colour, lw=1)
plt.plot(
    smooth(curves["right"]), color="tab:blue", lw=2, label="the right pass"
)
plt.plot([], color="tab:orange", label="wrong, and trains as well")
plt.plot([], color="tab:gray", label="wrong, and ends elsewhere")
plt.ylim(2.6, 4)
plt.xlabel("20 steps each")
plt.ylabel("loss, mean of 20 batches")
plt.legend()
plt.savefig("mistakes.svg")
# --8<-- [end:curves]

# --8<-- [start:habit]
line = "dnorm_logits.add_(winners * dlogit_maxes)"
ours = backward(now, right | {"dlogits": line})
assert all(close(name, ours[name], truth[name]) for name in right)
assert ours["dlogits"] is ours["dnorm_logits"]
assert not any(broken(ours))
# --8<-- [end:habit]
