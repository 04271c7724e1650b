"""Linear layers: from the scores back to the hidden layer, and from there to the letters."""

import torch
from setup.compare import check, cmp, refused
from setup.network import (
    W1,
    W2,
    b1,
    b2,
    bnmeani,
    embcat,
    g,
    h,
    hprebn,
    logits,
    n,
    n_hidden,
)

# --8<-- [start:incoming]
dlogits = logits.grad  # (n, vocab_size), what cross-entropy sends back
dhprebn = hprebn.grad  # (n, n_hidden), what batch norm sends back
# --8<-- [end:incoming]

# --8<-- [start:logits_sum]
units = range(n_hidden)  # j
products = sum(h[:, j, None] * W2[j] for j in units)  # (n, vocab_size)
check("logits_sum", logits, products + b2)
# --8<-- [end:logits_sum]

# --8<-- [start:moved]
x = torch.arange(6.0).view(2, 3)  # two examples, three units
w = torch.arange(6.0).view(3, 2)  # three units, two characters
nudged = x.clone()
nudged[0, 1] += 1
moved = nudged @ w - x @ w  # (2, 2)
print("w:", w, "moved:", moved, sep="\n")
check("moved", moved[0], w[1], kind="forward")
# --8<-- [end:moved]

# --8<-- [start:dh]
sums = torch.einsum("ik,jk->ij", dlogits, W2)  # over k
check("dh", h.grad, sums)
# --8<-- [end:dh]

# --8<-- [start:dh_matrix]
dh = dlogits @ W2.T  # (n, n_hidden)
cmp("dh", dh, h)
check("dh_matrix", sums, dh)
# --8<-- [end:dh_matrix]

# --8<-- [start:dW2]
dW2 = h.T @ dlogits  # (n_hidden, vocab_size)
cmp("dW2", dW2, W2)
check("dW2", W2.grad, torch.einsum("ij,ik->jk", h, dlogits))
# --8<-- [end:dW2]


# --8<-- [start:db2]
def through_bias(incoming):
    return incoming.sum(0)  # one row, the sum of all


db2 = through_bias(dlogits)  # (vocab_size,)
cmp("db2", db2, b2)
check("db2", b2.grad, torch.ones(n) @ dlogits)
# --8<-- [end:db2]

# --8<-- [start:square]
x, w, u = torch.randn((3, 4, 4), generator=g)  # (4, 4), all three
x.requires_grad_()
(straight,) = torch.autograd.grad(x @ w, x, u)  # u is the incoming gradient
(turned,) = torch.autograd.grad(x @ w.T, x, u)
fits = u @ w  # (4, 4), the shape of x
check("turned", turned, fits)
with refused():
    check("straight", straight, fits)
check("straight", straight, u @ w.T)
# --8<-- [end:square]

# --8<-- [start:dembcat]
dembcat = dhprebn @ W1.T  # (n, block_size * n_embd)
cmp("dembcat", dembcat, embcat)
# --8<-- [end:dembcat]

# --8<-- [start:dW1]
dW1 = embcat.T @ dhprebn  # (block_size * n_embd, n_hidden)
cmp("dW1", dW1, W1)
# --8<-- [end:dW1]

# --8<-- [start:db1]
db1 = through_bias(dhprebn)  # (n_hidden,)
cmp("db1", db1, b1)
sums = torch.einsum("ij->j", dhprebn)
check("db1", b1.grad, sums, torch.zeros(n_hidden))
# --8<-- [end:db1]

# --8<-- [start:shift]
t = torch.randn(n_hidden, generator=g)  # a number for each unit
shifted = embcat @ W1 + (b1 + t)  # (n, n_hidden), from another bias
mean = torch.einsum("ij->j", shifted) / n  # (n_hidden,)
check("mean", mean, bnmeani.view(-1) + t, kind="forward")
check("shift", shifted - mean, hprebn - bnmeani)
# --8<-- [end:shift]

# --8<-- [start:random_incoming]
b = b1.detach().requires_grad_()  # the bias, cut out of the network
u = torch.randn(n, n_hidden, generator=g)  # random
(hprebn.detach() + b).backward(u)
check("db1", b.grad, through_bias(u), kind="gradient")
with refused():
    check("db1", b.grad, torch.zeros(n_hidden), kind="gradient")
# --8<-- [end:random_incoming]
