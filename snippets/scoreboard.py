"""The scoreboard: the whole way back, from the loss to C, and all comparisons."""

import torch
from setup.compare import check, cmp, distance
from setup.data import vocab_size
from setup.network import (  # noqa: F401 (globals() reads some)
    C,
    W1,
    W2,
    Xb,
    Yb,
    b1,
    b2,
    bndiff,
    bndiff2,
    bngain,
    bnbias,
    bnmeani,
    bnraw,
    bnvar,
    bnvar_inv,
    counts,
    counts_sum,
    counts_sum_inv,
    emb,
    embcat,
    g,
    h,
    hpreact,
    hprebn,
    logit_maxes,
    logits,
    logprobs,
    n,
    n_embd,
    n_hidden,
    norm_logits,
    probs,
)

# --8<-- [start:imports]
import matplotlib.pyplot as plt
import torch.nn.functional as F
# --8<-- [end:imports]

# --8<-- [start:cross_entropy]
rows = range(n)
dlogprobs = torch.zeros_like(logprobs)  # (n, vocab_size)
dlogprobs[rows, Yb] = -1.0 / n
dprobs = (1.0 / probs) * dlogprobs  # (n, vocab_size)
dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)  # (n, 1)
dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv  # (n, 1)
dcounts = counts_sum_inv * dprobs  # (n, vocab_size)
dcounts += torch.ones_like(counts) * dcounts_sum
dnorm_logits = counts * dcounts  # (n, vocab_size)
# --8<-- [end:cross_entropy]


# --8<-- [start:maximum]
def through_maxes(dnorm_logits):
    return -dnorm_logits.sum(1, keepdim=True)  # (n, 1)


def through_logits(dnorm_logits, dlogit_maxes):
    winners = F.one_hot(logits.argmax(1), vocab_size)  # (n, vocab_size)
    return dnorm_logits + winners * dlogit_maxes  # (n, vocab_size)


dlogit_maxes = through_maxes(dnorm_logits)
dlogits = through_logits(dnorm_logits, dlogit_maxes)
# --8<-- [end:maximum]

# --8<-- [start:output_layer]
dh = dlogits @ W2.T  # (n, n_hidden)
dW2 = h.T @ dlogits  # (n_hidden, vocab_size)
db2 = dlogits.sum(0)  # (vocab_size,)
# --8<-- [end:output_layer]

# --8<-- [start:activation]
dhpreact = (1.0 - h**2) * dh  # (n, n_hidden)
# --8<-- [end:activation]

# --8<-- [start:batch_norm]
dbngain = (bnraw * dhpreact).sum(0, keepdim=True)  # (1, n_hidden)
dbnbias = dhpreact.sum(0, keepdim=True)  # (1, n_hidden)
dbnraw = bngain * dhpreact  # (n, n_hidden)
dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)  # (1, n_hidden)
dbnvar = -0.5 * (bnvar + 1e-5) ** -1.5 * dbnvar_inv  # (1, n_hidden)
dbndiff2 = torch.ones_like(bndiff2) * (1 / (n - 1) * dbnvar)  # (n, n_hidden)
dbndiff = bnvar_inv * dbnraw  # (n, n_hidden)
dbndiff += 2 * bndiff * dbndiff2
dbnmeani = -dbndiff.sum(0, keepdim=True)  # (1, n_hidden)
dhprebn = dbndiff.clone()  # (n, n_hidden)
dhprebn += torch.ones_like(hprebn) * (1 / n * dbnmeani)
# --8<-- [end:batch_norm]


# --8<-- [start:hidden_layer]
def through_b1(dhprebn):
    return dhprebn.sum(0)  # (n_hidden,)


dembcat = dhprebn @ W1.T  # (n, block_size * n_embd)
dW1 = embcat.T @ dhprebn  # (block_size * n_embd, n_hidden)
db1 = through_b1(dhprebn)
# --8<-- [end:hidden_layer]

# --8<-- [start:letters]
demb = dembcat.view(emb.shape)  # (n, block_size, n_embd)
dC = torch.zeros_like(C)  # (vocab_size, n_embd)
dC.index_add_(0, Xb.view(-1), demb.view(-1, n_embd))
# --8<-- [end:letters]

# --8<-- [start:comparisons]
names = "logprobs probs counts_sum_inv counts_sum counts norm_logits "
names += "logit_maxes logits h W2 b2 hpreact bngain bnbias bnraw bnvar_inv "
names += "bnvar bndiff2 bndiff bnmeani hprebn embcat W1 b1 emb C"
names, variable = names.split(), globals()  # every variable, by its name
for name in names:
    cmp(f"d{name}", variable[f"d{name}"], variable[name])
# --8<-- [end:comparisons]

# --8<-- [start:table]
print("| gradient | exact | approximate | maxdiff | size | shape |")
print("|---|---|---|---|---|---|")
scores = []
for name in names:
    ours, theirs = variable[f"d{name}"], variable[name].grad
    maxdiff, size, allowed = distance(name, ours, theirs)
    exact, approximate = torch.equal(ours, theirs), maxdiff <= allowed
    scores.append((exact, approximate, maxdiff, size, allowed))
    numbers = f"{maxdiff:.1e} | {size:.1e} | `{tuple(theirs.shape)}`"
    print(f"| `d{name}` | {exact} | {approximate} | {numbers} |")
# --8<-- [end:table]

# --8<-- [start:verdict]
exacts, approximates, maxdiffs, sizes, bounds = zip(*scores)
exact_ones, agreed, total = sum(exacts), sum(approximates), len(names)
inexact = [f"d{name}" for name, exact in zip(names, exacts) if not exact]
first_inexact = next(iter(inexact), "none")
zero = ["logit_maxes", "b1"]  # in theory: the next section judges them
of_size = [each for each in zip(names, maxdiffs, sizes) if each[0] not in zero]
worst = max(maxdiff / size for name, maxdiff, size in of_size)
# --8<-- [end:verdict]

# --8<-- [start:sizes]
figure, axes = plt.subplots(layout="constrained")
axes.semilogy(names, sizes, "o", label="size")
axes.semilogy(names, bounds, "_", label="allowed")
axes.semilogy(names, maxdiffs, "v", label="maxdiff, unless it is zero")
plt.xticks(rotation="vertical")
where, columns = "outside upper center", len(axes.lines)
figure.legend(loc=where, ncols=columns, facecolor="none", edgecolor="none")
plt.savefig("sizes.svg")
# --8<-- [end:sizes]

# --8<-- [start:zero_sum]
check("zero_sum", torch.einsum("ij->j", dhprebn), torch.zeros(n_hidden))
# --8<-- [end:zero_sum]

# --8<-- [start:random_maxes]
z = logits.detach().requires_grad_()  # the logits, cut out of the network
m = z.max(1, keepdim=True).values
m.retain_grad()
u = torch.randn(z.shape, generator=g)  # (n, vocab_size), random
(z - m).backward(u)
check("dlogit_maxes", through_maxes(u), m.grad, kind="gradient")
ours = through_logits(u, through_maxes(u))
check("dlogits", ours, z.grad, kind="gradient")
# --8<-- [end:random_maxes]

# --8<-- [start:random_b1]
b = b1.detach().requires_grad_()
u = torch.randn(hprebn.shape, generator=g)  # (n, n_hidden), random
(embcat.detach() @ W1.detach() + b).backward(u)
check("db1", through_b1(u), b.grad, kind="gradient")
# --8<-- [end:random_b1]
