"""The forward pass: from names to a loss, and what torch says of each part."""

import torch
from setup.compare import check
from setup.data import Xtr, Ytr, stoi, vocab_size
from setup.network import (
    C,
    W1,
    W2,
    Xb,
    Yb,
    b1,
    b2,
    bnmeani,
    bnraw,
    bnvar,
    emb,
    embcat,
    h,
    hprebn,
    logits,
    loss,
    n,
    parameters,
    probs,
    steps,
)

# --8<-- [start:imports]
import math

import torch.nn.functional as F
# --8<-- [end:imports]

# --8<-- [start:contexts]
itos = {k: letter for letter, k in stoi.items()}
for row in range(6):
    context = "".join(itos[k] for k in Xtr[row].tolist())
    print(context, "->", itos[Ytr[row].item()])
# --8<-- [end:contexts]

# --8<-- [start:count]
total = sum(p.numel() for p in parameters)
for p in parameters:
    print(tuple(p.shape), p.numel())
# --8<-- [end:count]

# --8<-- [start:hprebn_sum]
check("hprebn_sum", hprebn, torch.einsum("ik,kj->ij", embcat, W1) + b1)
# --8<-- [end:hprebn_sum]

# --8<-- [start:emb_torch]
check("emb_torch", emb, F.embedding(Xb, C), kind="forward")
# --8<-- [end:emb_torch]

# --8<-- [start:bnmeani_sum]
mu = sum(hprebn[i] for i in range(n)) / n  # (n_hidden,)
check("bnmeani_sum", bnmeani.view(-1), mu)
# --8<-- [end:bnmeani_sum]

# --8<-- [start:bnvar_sum]
v = sum((hprebn[i] - mu) ** 2 for i in range(n)) / (n - 1)  # (n_hidden,)
check("bnvar_sum", bnvar.view(-1), v)
# --8<-- [end:bnvar_sum]

# --8<-- [start:bnraw_quotient]
check("bnraw_quotient", bnraw, (hprebn - mu) / torch.sqrt(v + 1e-5))
# --8<-- [end:bnraw_quotient]

# --8<-- [start:batch_norm_torch]
shrink = ((n - 1) / n) ** 0.5
theirs = F.batch_norm(hprebn, None, None, training=True, eps=1e-5 * (n - 1) / n)
check("batch_norm_torch", bnraw, shrink * theirs, kind="forward")
# --8<-- [end:batch_norm_torch]

# --8<-- [start:logits_torch]
check("logits_torch", logits, F.linear(h, W2.T, b2), kind="forward")
# --8<-- [end:logits_torch]

# --8<-- [start:softmax]
exponentials = torch.exp(logits)  # (n, vocab_size)
rows = torch.einsum("ij->i", exponentials).view(n, 1)
check("softmax", probs, exponentials / rows)
# --8<-- [end:softmax]

# --8<-- [start:loss_torch]
chance = math.log(vocab_size)
check("loss_torch", loss, F.cross_entropy(logits, Yb), kind="forward")
# --8<-- [end:loss_torch]

# --8<-- [start:shapes]
names = "emb embcat hprebn bnmeani bndiff bndiff2 bnvar bnvar_inv bnraw "
names += "hpreact h logits logit_maxes norm_logits counts counts_sum "
names += "counts_sum_inv probs logprobs loss"
print("| step | shape | entries |\n|---|---|---|")
for name, t in zip(names.split(), steps + [loss]):
    print(f"| `{name}` | `{tuple(t.shape)}` | {t.numel()} |")
# --8<-- [end:shapes]
