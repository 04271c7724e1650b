"""The embedding: from embcat back to the table C, one row for each character."""

import torch
from setup.compare import check, cmp, refused
from setup.data import Xtr, block_size, stoi, vocab_size, words
from setup.network import C, W1, Xb, emb, embcat, hprebn, n, n_embd

# --8<-- [start:imports]
import textwrap
import time

import matplotlib.pyplot as plt
import torch.nn.functional as F
from matplotlib.colors import CenteredNorm
# --8<-- [end:imports]

# --8<-- [start:incoming]
dembcat = embcat.grad  # (n, block_size * n_embd), autograd's
# --8<-- [end:incoming]

# --8<-- [start:demb]
demb = dembcat.view(emb.shape)  # (n, block_size, n_embd)
cmp("demb", demb, emb)
columns = [[t * n_embd + d for d in range(n_embd)] for t in range(block_size)]
check("demb", emb.grad, embcat.grad[:, columns])  # the equation
# --8<-- [end:demb]

# --8<-- [start:split]
assert demb.data_ptr() == dembcat.data_ptr()  # one place in memory
turned = (W1 @ hprebn.grad.T).T  # the numbers of dembcat, column by column
print("strides:", dembcat.stride(), turned.stride())
split = turned.view(emb.shape)  # one dimension becomes two
check("split", split, demb)
# --8<-- [end:split]

# --8<-- [start:merge]
refusal = None
try:
    split.view(-1, n_embd)  # two dimensions become one
except RuntimeError as error:
    refusal = error
assert "stride" in str(refusal)
print(textwrap.fill(f"refused: {refusal}"))
check("merge", split.reshape(-1, n_embd), demb.view(-1, n_embd))
# --8<-- [end:merge]

# --8<-- [start:emb_brackets]
characters = torch.arange(vocab_size)  # k
brackets = (characters == Xb.unsqueeze(2)).to(C.dtype)
check("emb_brackets", emb, torch.einsum("itk,kd->itd", brackets, C))
# --8<-- [end:emb_brackets]


# --8<-- [start:dC]
def by_loop(demb):
    dC = torch.zeros_like(C)  # (vocab_size, n_embd)
    for i in range(n):
        for t in range(block_size):
            dC[Xb[i, t]] += demb[i, t]
    return dC


dC = by_loop(demb)
cmp("dC", dC, C)
check("dC", C.grad, torch.einsum("itk,itd->kd", brackets, emb.grad))
# --8<-- [end:dC]


# --8<-- [start:dC_index_add]
def by_index_add(demb):
    dC = torch.zeros_like(C)  # (vocab_size, n_embd)
    return dC.index_add_(0, Xb.view(-1), demb.view(-1, n_embd))


dC = by_index_add(demb)
cmp("dC", dC, C)
# --8<-- [end:dC_index_add]


# --8<-- [start:dC_index_put]
def by_index_put(demb):
    dC = torch.zeros_like(C)  # (vocab_size, n_embd)
    return dC.index_put_((Xb,), demb, accumulate=True)


dC = by_index_put(demb)
cmp("dC", dC, C)
# --8<-- [end:dC_index_put]


# --8<-- [start:dC_scatter_add]
def by_scatter_add(demb):
    dC = torch.zeros_like(C)  # (vocab_size, n_embd)
    rows = Xb.view(-1, 1).expand(-1, n_embd)  # a target for each number
    return dC.scatter_add_(0, rows, demb.view(-1, n_embd))


dC = by_scatter_add(demb)
cmp("dC", dC, C)
# --8<-- [end:dC_scatter_add]


# --8<-- [start:dC_one_hot]
def by_one_hot(demb):
    ones = F.one_hot(Xb.view(-1), num_classes=vocab_size).to(demb.dtype)
    return ones.T @ demb.view(-1, n_embd)  # (vocab_size, n_embd)


dC = by_one_hot(demb)
cmp("dC", dC, C)
# --8<-- [end:dC_one_hot]

# --8<-- [start:num_classes]
without_z = Xb[(Xb != stoi["z"]).all(1)]  # the contexts that hold no z
guessed = F.one_hot(without_z.view(-1)).shape[1]
print("columns:", guessed, "where C has", vocab_size, "rows")
assert guessed < vocab_size
# --8<-- [end:num_classes]

# --8<-- [start:agree]
codes = [by_loop, by_index_add, by_index_put, by_scatter_add, by_one_hot]
check("agree", *[code(demb) for code in codes], kind="invariant")
# --8<-- [end:agree]


# --8<-- [start:clock]
def clock(code):
    start = time.perf_counter()
    code(demb)
    return time.perf_counter() - start


rounds = range(n)  # in each, all codes take a turn: a busy moment hits all
seconds = torch.tensor([[clock(code) for code in codes] for _ in rounds])
medians = seconds.median(0).values
ratios = medians / medians.min()  # the fastest has the ratio 1
assert ratios.min() == 1
loop, index_add, index_put, scatter_add, one_hot = ratios.tolist()
assert loop > index_add
# --8<-- [end:clock]

# --8<-- [start:lost]
lossy = torch.zeros_like(C)
lossy[Xb] += demb
with refused():
    cmp("dC", lossy, C)
for k in Xb.unique():
    candidates = demb[Xb == k]  # one row for each time that k was read
    assert (candidates == lossy[k]).all(1).any()
# --8<-- [end:lost]

# --8<-- [start:zero_columns]
zeros = torch.zeros(n_embd)
check("zero_columns", sum(dC[k] for k in characters), zeros)
with refused():
    check("zero_columns", sum(lossy[k] for k in characters), zeros)
# --8<-- [end:zero_columns]

# --8<-- [start:repeats]
contexts = Xtr.tolist()
share = sum(len(set(each)) < block_size for each in contexts) / len(contexts)
steps_between = Xtr.sort(1).values.diff()  # zero where two are the same
repeated = (steps_between == 0).any(1)
check("repeats", repeated.to(C.dtype).mean(), share, kind="invariant")
dots_share = (Xtr == stoi["."]).all(1).to(C.dtype).mean().item()
one_a_name = int(0.8 * len(words)) / len(contexts)
check("dots", dots_share, one_a_name, kind="invariant")
# --8<-- [end:repeats]

# --8<-- [start:reads]
reads = torch.bincount(Xb.view(-1), minlength=vocab_size)  # (vocab_size,)
check("reads", (reads > 0).int(), (dC != 0).any(1).int(), kind="invariant")
figure, (above, below) = plt.subplots(2, sharex="col")
above.bar(range(vocab_size), reads.tolist())
above.set_ylabel("times read")
below.imshow(dC.T, cmap="PuOr", norm=CenteredNorm(), aspect="auto")
below.set_ylabel("columns of dC")
below.set_yticks([])
below.set_xlabel("character k")
below.set_xticks(range(vocab_size), stoi)
plt.savefig("reads.svg")
# --8<-- [end:reads]
