"""Cross-entropy, line by line: from the loss back to the logits."""

import torch
from setup.compare import check, cmp
from setup.data import vocab_size
from setup.network import (
    Yb,
    counts,
    counts_sum,
    counts_sum_inv,
    g,
    logit_maxes,
    logits,
    logprobs,
    loss,
    n,
    norm_logits,
    probs,
)

# --8<-- [start:imports]
import torch.nn.functional as F
# --8<-- [end:imports]

# --8<-- [start:whole_loss]
check("whole_loss", loss, F.cross_entropy(logits, Yb), kind="forward")
# --8<-- [end:whole_loss]

# --8<-- [start:loss_mean]
rows = range(n)  # i, the examples of the batch
check("loss_mean", loss, -sum(logprobs[i, Yb[i]] for i in rows) / n)
# --8<-- [end:loss_mean]

# --8<-- [start:dlogprobs]
dlogprobs = torch.zeros_like(logprobs)  # (n, vocab_size)
dlogprobs[rows, Yb] = -1.0 / n
cmp("dlogprobs", dlogprobs, logprobs)
# --8<-- [end:dlogprobs]

# --8<-- [start:dprobs]
dprobs = (1.0 / probs) * dlogprobs  # (n, vocab_size)
cmp("dprobs", dprobs, probs)
# --8<-- [end:dprobs]

# --8<-- [start:dcounts_sum_inv]
dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)  # (n, 1)
cmp("dcounts_sum_inv", dcounts_sum_inv, counts_sum_inv)
sums = torch.einsum("ik,ik->i", probs.grad, counts)  # the equation
check("dcounts_sum_inv", counts_sum_inv.grad.view(n), sums)
# --8<-- [end:dcounts_sum_inv]

# --8<-- [start:dcounts_sum]
dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv  # (n, 1)
cmp("dcounts_sum", dcounts_sum, counts_sum)
# --8<-- [end:dcounts_sum]

# --8<-- [start:dcounts_first]
dcounts = counts_sum_inv * dprobs  # (n, vocab_size), the part from probs
# --8<-- [end:dcounts_first]

# --8<-- [start:dcounts]
dcounts += torch.ones_like(counts) * dcounts_sum  # the part from counts_sum
cmp("dcounts", dcounts, counts)
# --8<-- [end:dcounts]

# --8<-- [start:dnorm_logits]
dnorm_logits = counts * dcounts  # (n, vocab_size)
cmp("dnorm_logits", dnorm_logits, norm_logits)
# --8<-- [end:dnorm_logits]


# --8<-- [start:dlogit_maxes]
def through_maxes(dnorm_logits):
    return -dnorm_logits.sum(1, keepdim=True)  # (n, 1)


dlogit_maxes = through_maxes(dnorm_logits)
cmp("dlogit_maxes", dlogit_maxes, logit_maxes)
# --8<-- [end:dlogit_maxes]

# --8<-- [start:zero_sum]
check("zero_sum", torch.einsum("ik->i", dnorm_logits), torch.zeros(n))
# --8<-- [end:zero_sum]


# --8<-- [start:dlogits]
def through_logits(dnorm_logits, dlogit_maxes):
    winners = F.one_hot(logits.argmax(1), vocab_size)  # (n, vocab_size)
    return dnorm_logits + winners * dlogit_maxes  # (n, vocab_size)


dlogits = through_logits(dnorm_logits, dlogit_maxes)
cmp("dlogits", dlogits, logits)
# --8<-- [end:dlogits]

# --8<-- [start:random_incoming]
z = logits.detach().requires_grad_()  # the logits, cut out of the network
m = z.max(1, keepdim=True).values
m.retain_grad()
u = torch.randn(z.shape, generator=g)  # (n, vocab_size), random
(z - m).backward(u)
check("dlogit_maxes", through_maxes(u), m.grad, kind="gradient")
ours = through_logits(u, through_maxes(u))
check("dlogits", ours, z.grad, kind="gradient")
# --8<-- [end:random_incoming]

# --8<-- [start:dcounts_sum_short]
check("dcounts_sum_short", dcounts_sum, 1 / (n * counts_sum))
# --8<-- [end:dcounts_sum_short]

# --8<-- [start:dlogits_matrix]
Y = F.one_hot(Yb, vocab_size)  # (n, vocab_size), a one at each target
check("dlogits_matrix", logits.grad, (probs - Y) / n)
# --8<-- [end:dlogits_matrix]

# --8<-- [start:nudge]
step = 0.1
nudged = logits.detach().clone()
nudged[0, Yb[0]] += step  # the target's logit in the first example
change = F.cross_entropy(nudged, Yb) - loss
predicted = step * dlogits[0, Yb[0]]
check("nudge", (change / predicted).round(), 1.0)
# --8<-- [end:nudge]
