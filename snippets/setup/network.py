"""The network: its parameters, one batch, the forward pass, and autograd."""

import torch
from setup.data import Xtr, Ytr, block_size, vocab_size


# --8<-- [start:draw_parameters]
def draw_parameters(n_hidden, g):
    C = torch.randn((vocab_size, n_embd), generator=g)
    W1 = torch.randn((fan_in, n_hidden), generator=g) * (5 / 3) / fan_in**0.5
    b1 = torch.randn(n_hidden, generator=g) * 0.1
    W2 = torch.randn((n_hidden, vocab_size), generator=g) * 0.1
    b2 = torch.randn(vocab_size, generator=g) * 0.1
    bngain = torch.randn((1, n_hidden), generator=g) * 0.1 + 1.0
    bnbias = torch.randn((1, n_hidden), generator=g) * 0.1
    return [C, W1, b1, W2, b2, bngain, bnbias]


# --8<-- [end:draw_parameters]

# --8<-- [start:parameters]
seed, n_embd, n_hidden = 2147483647, 10, 64
fan_in = block_size * n_embd
g = torch.Generator().manual_seed(seed)  # every random number comes from g
parameters = draw_parameters(n_hidden, g)
C, W1, b1, W2, b2, bngain, bnbias = parameters
for p in parameters:
    p.requires_grad_()
# --8<-- [end:parameters]

# --8<-- [start:batch]
batch_size = 32
n = batch_size  # n is short for it in every formula
ix = torch.randint(0, Xtr.shape[0], (n,), generator=g)
Xb, Yb = Xtr[ix], Ytr[ix]  # (n, block_size), (n,)
# --8<-- [end:batch]

# from letters to the hidden layer
# --8<-- [start:emb]
emb = C[Xb]  # (n, block_size, n_embd)
# --8<-- [end:emb]
# --8<-- [start:embcat]
embcat = emb.view(n, -1)  # (n, block_size * n_embd)
# --8<-- [end:embcat]
# --8<-- [start:hprebn]
hprebn = embcat @ W1 + b1  # (n, n_hidden)
# --8<-- [end:hprebn]

# batch norm
# --8<-- [start:bnmeani]
bnmeani = 1 / n * hprebn.sum(0, keepdim=True)  # (1, n_hidden)
# --8<-- [end:bnmeani]
# --8<-- [start:bndiff]
bndiff = hprebn - bnmeani  # (n, n_hidden)
# --8<-- [end:bndiff]
# --8<-- [start:bndiff2]
bndiff2 = bndiff**2  # (n, n_hidden)
# --8<-- [end:bndiff2]
# --8<-- [start:bnvar]
bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdim=True)  # (1, n_hidden)
# --8<-- [end:bnvar]
# --8<-- [start:bnvar_inv]
bnvar_inv = (bnvar + 1e-5) ** -0.5  # (1, n_hidden)
# --8<-- [end:bnvar_inv]
# --8<-- [start:bnraw]
bnraw = bndiff * bnvar_inv  # (n, n_hidden)
# --8<-- [end:bnraw]
# --8<-- [start:hpreact]
hpreact = bngain * bnraw + bnbias  # (n, n_hidden)
# --8<-- [end:hpreact]

# tanh, and the output layer
# --8<-- [start:h]
h = torch.tanh(hpreact)  # (n, n_hidden)
# --8<-- [end:h]
# --8<-- [start:logits]
logits = h @ W2 + b2  # (n, vocab_size)
# --8<-- [end:logits]

# cross-entropy
# --8<-- [start:logit_maxes]
logit_maxes = logits.max(1, keepdim=True).values  # (n, 1)
# --8<-- [end:logit_maxes]
# --8<-- [start:norm_logits]
norm_logits = logits - logit_maxes  # (n, vocab_size)
# --8<-- [end:norm_logits]
# --8<-- [start:counts]
counts = norm_logits.exp()  # (n, vocab_size)
# --8<-- [end:counts]
# --8<-- [start:counts_sum]
counts_sum = counts.sum(1, keepdim=True)  # (n, 1)
# --8<-- [end:counts_sum]
# --8<-- [start:counts_sum_inv]
counts_sum_inv = counts_sum**-1  # (n, 1)
# --8<-- [end:counts_sum_inv]
# --8<-- [start:probs]
probs = counts * counts_sum_inv  # (n, vocab_size)
# --8<-- [end:probs]
# --8<-- [start:logprobs]
logprobs = probs.log()  # (n, vocab_size)
# --8<-- [end:logprobs]
# --8<-- [start:loss]
loss = -logprobs[range(n), Yb].mean()  # ()
# --8<-- [end:loss]

# --8<-- [start:autograd]
steps = [emb, embcat, hprebn, bnmeani, bndiff, bndiff2, bnvar, bnvar_inv]
steps += [bnraw, hpreact, h, logits, logit_maxes, norm_logits, counts]
steps += [counts_sum, counts_sum_inv, probs, logprobs]
for t in steps:
    t.retain_grad()  # autograd keeps the gradient of every step
loss.backward()
# --8<-- [end:autograd]
