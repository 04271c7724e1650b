"""Batch norm in one step: from hpreact to hprebn in one expression."""

import torch
from batchnorm import dhpreact, dhprebn
from setup.compare import check, cmp, refused
from setup.network import (
    bngain,
    bnbias,
    bnmeani,
    bnraw,
    bnvar,
    bnvar_inv,
    hpreact,
    hprebn,
    n,
)

# --8<-- [start:imports]
import matplotlib.pyplot as plt
import torch.nn.functional as F
from matplotlib.colors import CenteredNorm
# --8<-- [end:imports]


# --8<-- [start:normalised]
def normalised(a):
    return (a - a.mean(0)) / torch.sqrt(a.var(0) + 1e-5)  # the shape of a


check("normalised", hpreact, bngain * normalised(hprebn) + bnbias)
# --8<-- [end:normalised]

# --8<-- [start:three_paths]
through_raw = bnraw.grad * bnvar_inv  # (n, n_hidden)
through_v = bnvar.grad * 2 * (hprebn - bnmeani) / (n - 1)
through_mu = bnmeani.grad / n  # (1, n_hidden)
check("three_paths", hprebn.grad, through_raw + through_v + through_mu)
# --8<-- [end:three_paths]

# --8<-- [start:partial_raw]
check("partial_raw", bnraw.grad, torch.einsum("j,ij->ij", bngain[0], dhpreact))
# --8<-- [end:partial_raw]

# --8<-- [start:partial_v]
moments = torch.einsum("ij,ij->j", dhpreact, hprebn - bnmeani)
powers = (bnvar + 1e-5) ** -1.5  # (1, n_hidden)
match = (bnraw * dhpreact).sum(0)  # (n_hidden,), the sum of u times a hat
first = -0.5 * powers * bngain * moments
check("partial_v", bnvar.grad, first, -0.5 * bngain * bnvar_inv**2 * match)
# --8<-- [end:partial_v]

# --8<-- [start:partial_mu]
total = dhpreact.sum(0)  # (n_hidden,), the sum of u
check("partial_mu", bnmeani.grad, -bngain * bnvar_inv * total)
# --8<-- [end:partial_mu]

# --8<-- [start:path_v]
gathered = bngain * bnvar_inv / (n - 1) * bnraw * match
check("path_v", through_v, -gathered)
# --8<-- [end:path_v]

# --8<-- [start:three_terms]
gamma_rho = bngain * bnvar_inv  # (1, n_hidden)
terms = gamma_rho * dhpreact - gathered - gamma_rho / n * total
check("three_terms", hprebn.grad, terms)
# --8<-- [end:three_terms]

# --8<-- [start:dhprebn_fused]
dhprebn_fused = (bngain * bnvar_inv / n) * (
    n * dhpreact
    - dhpreact.sum(0)
    - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0)
)  # (n, n_hidden)
cmp("dhprebn_fused", dhprebn_fused, hprebn)
# --8<-- [end:dhprebn_fused]

# --8<-- [start:nine_lines]
check("nine_lines", dhprebn_fused, dhprebn, kind="invariant")
# --8<-- [end:nine_lines]

# --8<-- [start:forgotten]
forgotten = (bngain * bnvar_inv / n) * (
    n * dhpreact - dhpreact.sum(0) - bnraw * (dhpreact * bnraw).sum(0)
)
check("forgotten", forgotten - hprebn.grad, gathered / n)
with refused():
    cmp("dhprebn_fused", forgotten, hprebn)
# --8<-- [end:forgotten]

# --8<-- [start:torch_itself]
a = hprebn.detach().requires_grad_()  # (n, n_hidden), cut out of the network
gain, bias = bngain[0].detach(), bnbias[0].detach()  # (n_hidden,)
F.batch_norm(a, None, None, gain, bias, training=True).backward(dhpreact)
# --8<-- [end:torch_itself]

# --8<-- [start:da]
rho = (hprebn.var(0, correction=0) + 1e-5) ** -0.5  # (n_hidden,), biased
a_hat = (hprebn - hprebn.mean(0)) * rho  # (n, n_hidden)
da = (bngain * rho / n) * (
    n * dhpreact - dhpreact.sum(0) - a_hat * (dhpreact * a_hat).sum(0)
)  # (n, n_hidden)
cmp("da", da, a)
# --8<-- [end:da]

# --8<-- [start:jacobian_bn]
unit, order = hprebn[:, 0].detach().sort()  # (n,), the smallest first
J = gain[0] * torch.autograd.functional.jacobian(normalised, unit)  # (n, n)
slope, hat = (gain * bnvar_inv[0])[0].detach(), bnraw[order, 0]
eye = torch.eye(n)  # 1 where i = m
shared = 1 / n + torch.outer(hat, hat) / (n - 1)
check("jacobian_bn", J, slope * (eye - shared))
# --8<-- [end:jacobian_bn]

# --8<-- [start:through_jacobian]
product = torch.einsum("i,im->m", dhpreact[order, 0], J)
check("through_jacobian", hprebn.grad[order, 0], product)
# --8<-- [end:through_jacobian]

# --8<-- [start:picture]
low = J / slope - eye  # (n, n), what is left without the diagonal
check("rank", torch.linalg.matrix_rank(low), 2, kind="invariant")
figure, (left, right) = plt.subplots(1, 2)
for ax, values in ((left, J), (right, low)):
    shown = ax.imshow(values, "PuOr", CenteredNorm(), interpolation="none")
    ax.set(xlabel="nudged example m", ylabel="example i")
    figure.colorbar(shown, ax=ax, location="top")
plt.savefig("jacobian_bn.svg")
# --8<-- [end:picture]
