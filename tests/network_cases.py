"""Exercises for tests: gradients of the site's network, with right and wrong lines for them."""

import random

from press.exercises.statements import statements
from press.reading.sections import read_sections
from small_torch import ROOT

STEPS = ["emb", "embcat", "hprebn", "bnmeani", "bndiff", "bndiff2", "bnvar", "bnvar_inv", "bnraw"]
STEPS += ["hpreact", "h", "logits", "logit_maxes", "norm_logits", "counts", "counts_sum"]
STEPS += ["counts_sum_inv", "probs", "logprobs", "loss"]
SECTIONS = read_sections(ROOT, "snippets/setup/network.py", [])
SIZES = "seed, n_embd, n_hidden = 2147483647, 10, 64"


def bundle():
    """Every gradient of the network as an exercise, on a network small enough to be checked often."""
    parameters, rng = SECTIONS["parameters"].code, random.Random(3)
    assert SIZES in parameters
    values = {"block_size": 3, "vocab_size": 27, "n": 8}
    values["Xb"] = [[rng.randrange(27) for _ in range(3)] for _ in range(8)]
    values["Yb"] = [rng.randrange(27) for _ in range(8)]
    setup = [SECTIONS["draw_parameters"].code, parameters.replace("10, 64", "4, 12")]
    setup += [f"{SECTIONS[step].code}{step}.retain_grad()\n" for step in STEPS]
    tensors = STEPS[:-1] + ["C", "W1", "b1", "W2", "b2", "bngain", "bnbias"]
    exercises = {f"d{name}": exercise(name) for name in tensors}
    return {"setup": "\n".join(setup), "steps": STEPS, "values": values, "exercises": exercises}


def exercise(tensor):
    """The lines that use a tensor; before it, autograd's gradients of the steps from there on."""
    lines = [[step, statements([SECTIONS[step]])[0]] for step in STEPS]
    uses = [[step, line.code] for step, line in lines if tensor in line.reads]
    later = STEPS[STEPS.index(uses[0][0]) : -1]
    return {"uses": uses, "before": "".join(f"d{step} = {step}.grad\n" for step in later)}


# name: code, with ; for a new line. Each of these is right.
RIGHT = """
dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Yb] = -1.0 / n
dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[torch.arange(n), Yb] -= 1 / n
dlogprobs: dlogprobs = -F.one_hot(Yb, vocab_size) / n
dlogprobs: dlogprobs = -F.one_hot(Yb, num_classes=27).float() * (1 / n)
dlogprobs: dlogprobs = torch.zeros(n, 27).scatter_(1, Yb.view(-1, 1), -1 / n)
dlogprobs: dlogprobs = torch.where(torch.arange(27) == Yb.view(n, 1), -1.0 / n, 0.0)
dlogprobs: dlogprobs = torch.zeros_like(logprobs); for i in range(n):;     dlogprobs[i, Yb[i]] = -1 / n
dlogprobs: dlogprobs = -torch.eye(27)[Yb] / n
dprobs: dprobs = (1.0 / probs) * dlogprobs
dprobs: dprobs = dlogprobs / probs
dprobs: dprobs = probs**-1 * dlogprobs
dprobs: dprobs = dlogprobs * probs.reciprocal()
dprobs: dprobs = dlogprobs * torch.exp(-logprobs)
dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)
dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs).sum(dim=-1, keepdims=True)
dcounts_sum_inv: dcounts_sum_inv = torch.einsum('ik,ik->i', counts, dprobs).view(n, 1)
dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs) @ torch.ones(27, 1)
dcounts_sum_inv: dcounts_sum_inv = torch.sum(counts * dprobs, 1).unsqueeze(1)
dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs).sum(1)[:, None]
dcounts_sum: dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv
dcounts_sum: dcounts_sum = -dcounts_sum_inv / counts_sum**2
dcounts_sum: dcounts_sum = -counts_sum_inv.square() * dcounts_sum_inv
dcounts_sum: dcounts_sum = (-1 / counts_sum.pow(2)) * dcounts_sum_inv
dcounts: dcounts = counts_sum_inv * dprobs; dcounts += torch.ones_like(counts) * dcounts_sum
dcounts: dcounts = counts_sum_inv * dprobs + dcounts_sum
dcounts: dcounts = dcounts_sum.expand(-1, 27) + counts_sum_inv * dprobs
dnorm_logits: dnorm_logits = counts * dcounts
dnorm_logits: dnorm_logits = norm_logits.exp() * dcounts
dnorm_logits: dnorm_logits = (probs - F.one_hot(Yb, 27)) / n
dlogit_maxes: dlogit_maxes = -dnorm_logits.sum(1, keepdim=True)
dlogit_maxes: dlogit_maxes = (-dnorm_logits).sum(1, keepdim=True)
dlogit_maxes: dlogit_maxes = -(counts * dcounts).sum(1).view(n, 1)
dlogits: dlogits = dnorm_logits + F.one_hot(logits.argmax(1), vocab_size) * dlogit_maxes
dlogits: dlogits = dnorm_logits.clone(); dlogits += F.one_hot(logits.max(1).indices, num_classes=27) * dlogit_maxes
dlogits: dlogits = dnorm_logits.clone(); dlogits[range(n), logits.argmax(1)] += dlogit_maxes.view(-1)
dlogits: dlogits = dnorm_logits + (logits == logit_maxes).float() * dlogit_maxes
dlogits: dlogits = F.softmax(logits, 1); dlogits[range(n), Yb] -= 1; dlogits /= n
dlogits: dlogits = (probs - F.one_hot(Yb, 27)) / n
dh: dh = dlogits @ W2.T
dh: dh = torch.einsum('ik,jk->ij', dlogits, W2)
dW2: dW2 = h.T @ dlogits
dW2: dW2 = (dlogits.T @ h).T
dW2: dW2 = (h.unsqueeze(2) * dlogits.unsqueeze(1)).sum(0)
db2: db2 = dlogits.sum(0)
dhpreact: dhpreact = (1.0 - h**2) * dh
dhpreact: dhpreact = dh - h * h * dh
dhpreact: dhpreact = torch.addcmul(torch.ones_like(h), h, h, value=-1) * dh
dbngain: dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
dbngain: dbngain = (bnraw * dhpreact).sum(0)
dbnbias: dbnbias = dhpreact.sum(0, keepdim=True)
dbnraw: dbnraw = bngain * dhpreact
dbnvar_inv: dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)
dbnvar: dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
dbnvar: dbnvar = -0.5 * bnvar_inv**3 * dbnvar_inv
dbndiff2: dbndiff2 = (1.0 / (n - 1)) * torch.ones_like(bndiff2) * dbnvar
dbndiff: dbndiff = bnvar_inv * dbnraw + 2 * bndiff * dbndiff2
dbnmeani: dbnmeani = (-dbndiff).sum(0)
dbnmeani: dbnmeani = -torch.ones(1, n) @ dbndiff
dhprebn: dhprebn = dbndiff + dbnmeani / n
dhprebn: dhprebn = bngain * bnvar_inv / n * (n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0))
dembcat: dembcat = dhprebn @ W1.T
dW1: dW1 = embcat.T @ dhprebn
db1: db1 = dhprebn.sum(0)
demb: demb = dembcat.view(emb.shape)
demb: demb = dembcat.reshape(n, 3, -1)
dC: dC = torch.zeros_like(C); for i in range(n):;     for t in range(3):;         dC[Xb[i, t]] += demb[i, t]
dC: dC = torch.zeros_like(C).index_add_(0, Xb.view(-1), demb.view(-1, 4))
dC: dC = torch.zeros_like(C); dC.index_put_((Xb,), demb, accumulate=True)
dC: dC = F.one_hot(Xb.view(-1), 27).to(demb.dtype).T @ demb.view(-1, 4)
"""

# kind: a part of the text | name: code. Each of these is wrong.
WRONG = """
sign: minus | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Yb] = 1.0 / n
factor: n times too large | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Yb] = -1.0
factor: n times too small | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Yb] = -1.0 / n**2
factor: n/(n - 1) times too large; are n and (n - 1) mixed up? | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Yb] = -1.0 / (n - 1)
factor: n * vocab_size times | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Yb] = -vocab_size
factor: a constant factor of 0.0909091. | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Yb] = -1 / n / 11
some entries: 1 of 216 entries are wrong. At [7, 12] yours is 0, the true one -0.125 | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n - 1), Yb[:-1]] = -1.0 / n
some entries: of 216 entries are wrong | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[:, Yb] = -1.0 / n
wrong: 208 of 216 entries are wrong. At [0, 0] yours is -0.125, the true one 0 | dlogprobs: dlogprobs = -torch.ones_like(logprobs) / n
zeros: zero | dlogprobs: dlogprobs = torch.zeros_like(logprobs)
shape: (8,) | dlogprobs: dlogprobs = -torch.ones(n) / n
unnamed: `dlogprobs`. | dlogprobs: x = 1
unnamed: It assigns `dlogprob` | dlogprobs: dlogprob = torch.zeros_like(logprobs)
broken: Line 2: | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n), Y] = -1.0 / n
broken: Line 1: NameError: name 'zeros_like' | dlogprobs: dlogprobs = zeros_like(logprobs)
broken: index | dlogprobs: dlogprobs = torch.zeros_like(logprobs); dlogprobs[range(n + 1), Yb] = -1.0 / n
missing factor: Divided by `probs` it would | dprobs: dprobs = dlogprobs
missing factor: Divided by `probs**2` | dprobs: dprobs = dlogprobs * probs
missing factor: Divided by `-probs**2` | dprobs: dprobs = -dlogprobs * probs
missing factor: Multiplied by `dlogprobs` it would | dprobs: dprobs = 1 / probs
missing factor: Multiplied by `probs` it would | dprobs: dprobs = dlogprobs / probs**2
sign: minus | dprobs: dprobs = -dlogprobs / probs
transposed: .T | dprobs: dprobs = (dlogprobs / probs).T
not a tensor: None | dprobs: dprobs = None
not a tensor: None | dprobs: def f(x):;     x / probs; dprobs = f(dlogprobs)
not a tensor: float | dprobs: dprobs = 3.5
not a tensor: list | dprobs: dprobs = (dlogprobs / probs).tolist()
nan: division by zero | dprobs: dprobs = dlogprobs / (probs * 0)
broken: Did you mean probs? | dprobs: dprobs = dlogprobs / prob
broken: Did you mean logprobs? | dprobs: dprobs = dlogprobs / logprob.exp()
broken: There are 1 ( and 0 ). | dprobs: dprobs = (dlogprobs / probs
broken: mat1 and mat2 shapes cannot be multiplied (8x27 and 8x27). The two inner lengths | dprobs: dprobs = dlogprobs @ probs
broken: Line 3: ZeroDivisionError | dprobs: def f(x):;     y = x;     return 1 / 0; dprobs = f(dlogprobs)
broken: SystemExit | dprobs: raise SystemExit
missing sum: .sum(1, keepdim=True) | dcounts_sum_inv: dcounts_sum_inv = counts * dprobs
missing sum: And then: The sign is flipped | dcounts_sum_inv: dcounts_sum_inv = -counts * dprobs
missing sum: dimension 1 | dcounts_sum_inv: dcounts_sum_inv = dprobs
wrong dimension: over dimension 0; dimension 1 is due | dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs).sum(0, keepdim=True)
wrong dimension: over dimension 0; dimension 1 is due | dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs).sum(0)
shape: .view(8, 1) or keepdim | dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs).sum(1)
mean for sum: a sum is due | dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs).mean(1, keepdim=True)
mean for sum: And the sign is flipped | dcounts_sum_inv: dcounts_sum_inv = -(counts * dprobs).mean(1, keepdim=True)
shape: () | dcounts_sum_inv: dcounts_sum_inv = (counts * dprobs).sum()
missing factor: `-counts_sum**2` | dcounts_sum: dcounts_sum = dcounts_sum_inv
sign: minus | dcounts_sum: dcounts_sum = counts_sum**-2 * dcounts_sum_inv
missing factor: Divided by `counts_sum` it would | dcounts_sum: dcounts_sum = -dcounts_sum_inv / counts_sum
missing factor: `counts_sum**4` | dcounts_sum: dcounts_sum = -(counts_sum**2) * dcounts_sum_inv
factor: 2 times too large | dcounts_sum: dcounts_sum = -2 * counts_sum**-2 * dcounts_sum_inv
missing branch: the part through `counts_sum` is missing | dcounts: dcounts = counts_sum_inv * dprobs
missing branch: the part through `probs` is missing | dcounts: dcounts = torch.ones_like(counts) * dcounts_sum
missing branch: `counts_sum` has the wrong sign | dcounts: dcounts = counts_sum_inv * dprobs - dcounts_sum
missing branch: `counts_sum` is there 2 times | dcounts: dcounts = counts_sum_inv * dprobs + 2 * dcounts_sum
missing branch: `counts_sum` is missing, the part through `probs` has the wrong sign. | dcounts: dcounts = -counts_sum_inv * dprobs
shape: And then: `counts` is used 2 times | dcounts: dcounts = dcounts_sum
missing factor: Multiplied by `counts` it | dnorm_logits: dnorm_logits = dcounts
missing factor: Multiplied by `counts**2` | dnorm_logits: dnorm_logits = dcounts / counts
missing factor: Multiplied by `dcounts` it | dnorm_logits: dnorm_logits = counts
unproved: the true gradient is zero here. With random incoming gradients it shows: The sign is flipped | dlogit_maxes: dlogit_maxes = dnorm_logits.sum(1, keepdim=True)
unproved: Every entry is zero | dlogit_maxes: dlogit_maxes = torch.zeros_like(logit_maxes)
unproved: a sum is due | dlogit_maxes: dlogit_maxes = -dnorm_logits.mean(1, keepdim=True)
unproved: 2 times too large | dlogit_maxes: dlogit_maxes = -2 * dnorm_logits.sum(1, keepdim=True)
missing sum: .sum(1, keepdim=True) | dlogit_maxes: dlogit_maxes = -dnorm_logits
wrong dimension: dimension 1 is due | dlogit_maxes: dlogit_maxes = -dnorm_logits.sum(0, keepdim=True)
unproved: `logits` is used 2 times, and the parts add up: the part through `logit_maxes` is missing | dlogits: dlogits = dnorm_logits.clone()
unproved: the part through `logit_maxes` has the wrong sign | dlogits: dlogits = dnorm_logits - F.one_hot(logits.argmax(1), vocab_size) * dlogit_maxes
factor: n times too large | dlogits: dlogits = F.softmax(logits, 1); dlogits[range(n), Yb] -= 1
some entries: 8 of 216 entries are wrong, one in each row | dlogits: dlogits = F.softmax(logits, 1) / n
some entries: 1 of 216 | dlogits: dlogits = F.softmax(logits, 1); dlogits[range(n), Yb] -= 1; dlogits /= n; dlogits[2, 3] += 0.01
some entries: 27 of 216 entries are wrong, all in row 5 | dlogits: dlogits = F.softmax(logits, 1); dlogits[range(n), Yb] -= 1; dlogits /= n; dlogits[5] *= 1.5
some entries: 8 of 216 entries are wrong, all in column 4 | dlogits: dlogits = F.softmax(logits, 1); dlogits[range(n), Yb] -= 1; dlogits /= n; dlogits[:, 4] *= 1.5
wrong: 216 of 216 | dlogits: dlogits = F.softmax(logits, 0); dlogits[range(n), Yb] -= 1; dlogits /= n
transposed: swap the factors | dW2: dW2 = dlogits.T @ h
broken: cannot be multiplied (8x12 and 8x27) | dW2: dW2 = h @ dlogits
broken: cannot be multiplied (8x27 and 12x27) | dh: dh = dlogits @ W2
mean for sum: a sum is due | db2: db2 = dlogits.mean(0)
missing sum: .sum(0). | db2: db2 = dlogits
wrong dimension: over dimension 1; dimension 0 is due | db2: db2 = dlogits.sum(1)
shape: keepdim | db2: db2 = dlogits.sum(0, keepdim=True)
missing factor: Multiplied by `dh` it | dhpreact: dhpreact = 1 - h**2
wrong: 96 of 96 | dhpreact: dhpreact = (1 - h) * dh
missing factor: Multiplied by `bngain` it | dbnraw: dbnraw = dhpreact
sign: minus | dbnvar: dbnvar = 0.5 * (bnvar + 1e-5) ** -1.5 * dbnvar_inv
factor: 2 times too large | dbnvar: dbnvar = -((bnvar + 1e-5) ** -1.5) * dbnvar_inv
almost: is an epsilon left out? | dbnvar: dbnvar = -0.5 * bnvar**-1.5 * dbnvar_inv
factor: n/(n - 1) times too small; are n and (n - 1) mixed up? | dbndiff2: dbndiff2 = torch.ones_like(bndiff2) * dbnvar / n
missing branch: `bndiff2` is there 0.5 times | dbndiff: dbndiff = bnvar_inv * dbnraw + bndiff * dbndiff2
missing branch: `bndiff2` is missing | dbndiff: dbndiff = bnvar_inv * dbnraw
mean for sum: a sum is due | dbnmeani: dbnmeani = -dbndiff.sum(0, keepdim=True) / n
missing branch: `bnmeani` is there 8 times | dhprebn: dhprebn = dbndiff + dbnmeani
missing branch: `bnmeani` is missing | dhprebn: dhprebn = dbndiff.clone()
unproved: The sign is flipped | db1: db1 = -dhprebn.sum(0)
some entries: of 108 entries | dC: dC = torch.zeros_like(C); dC[Xb] += demb
shape: .view(8, 3, 4) | demb: demb = dembcat
"""


OWN = """dlogprobs dprobs dcounts_sum_inv dcounts_sum dcounts dnorm_logits"""


def own_lines():
    """(name of the gradient, code) as the page on cross-entropy has it, without its comparisons."""
    sections = read_sections(ROOT, "snippets/cross_entropy.py", [])
    for name in OWN.split():
        code = sections["dcounts_first"].code if name == "dcounts" else ""
        code += sections[name].code.replace("rows", "range(n)")
        kept = [
            line for line in code.splitlines() if not line.startswith(("cmp(", "check(", "sums ="))
        ]
        yield name, "\n".join(kept)


def right_lines():
    """(name of the gradient, code) of each right line."""
    for line in RIGHT.strip().splitlines():
        name, _, code = line.partition(": ")
        yield name, code.replace("; ", "\n")


def wrong_lines():
    """(name of the gradient, code, the kind of verdict due, a part of its text)."""
    for line in WRONG.strip().splitlines():
        due, _, code = line.partition(" | ")
        name, _, code = code.partition(": ")
        kind, _, said = due.partition(": ")
        yield name, code.replace("; ", "\n"), kind, said
