"""Batch norm, line by line: from hpreact back to hprebn, and its two parameters."""

import torch
from setup.compare import check, cmp, refused
from setup.network import (
    bndiff,
    bndiff2,
    bngain,
    bnbias,
    bnmeani,
    bnraw,
    bnvar,
    bnvar_inv,
    hpreact,
    hprebn,
    n,
    n_hidden,
)

# --8<-- [start:dhpreact]
dhpreact = hpreact.grad  # (n, n_hidden), the incoming gradient: autograd's
# --8<-- [end:dhpreact]

# --8<-- [start:dbngain]
dbngain = (bnraw * dhpreact).sum(0, keepdim=True)  # (1, n_hidden)
cmp("dbngain", dbngain, bngain)
# --8<-- [end:dbngain]

# --8<-- [start:dbnbias]
dbnbias = dhpreact.sum(0, keepdim=True)  # (1, n_hidden)
cmp("dbnbias", dbnbias, bnbias)
# --8<-- [end:dbnbias]

# --8<-- [start:dbnraw]
dbnraw = bngain * dhpreact  # (n, n_hidden)
cmp("dbnraw", dbnraw, bnraw)
# --8<-- [end:dbnraw]

# --8<-- [start:dbnvar_inv]
dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)  # (1, n_hidden)
cmp("dbnvar_inv", dbnvar_inv, bnvar_inv)
# --8<-- [end:dbnvar_inv]

# --8<-- [start:dbnvar]
dbnvar = -0.5 * (bnvar + 1e-5) ** -1.5 * dbnvar_inv  # (1, n_hidden)
cmp("dbnvar", dbnvar, bnvar)
cubes = -0.5 * bnvar_inv**3 * bnvar_inv.grad
check("dbnvar", bnvar.grad, dbnvar, cubes)
# --8<-- [end:dbnvar]

# --8<-- [start:dbndiff2]
dbndiff2 = torch.ones_like(bndiff2) * (1 / (n - 1) * dbnvar)  # (n, n_hidden)
cmp("dbndiff2", dbndiff2, bndiff2)
# --8<-- [end:dbndiff2]

# --8<-- [start:bessel]
forgotten = torch.ones_like(bndiff2) * (1 / n * dbnvar)  # n for n - 1
check("bessel", n * forgotten, (n - 1) * dbndiff2)
with refused():
    cmp("dbndiff2", forgotten, bndiff2)
# --8<-- [end:bessel]

# --8<-- [start:dbndiff_first]
dbndiff = bnvar_inv * dbnraw  # (n, n_hidden), the part from bnraw
# --8<-- [end:dbndiff_first]

# --8<-- [start:too_early]
with refused():
    cmp("dbndiff", dbndiff, bndiff)
# --8<-- [end:too_early]

# --8<-- [start:dbndiff]
dbndiff += 2 * bndiff * dbndiff2  # the part from bndiff2
cmp("dbndiff", dbndiff, bndiff)
# --8<-- [end:dbndiff]

# --8<-- [start:dbnmeani]
dbnmeani = -dbndiff.sum(0, keepdim=True)  # (1, n_hidden)
cmp("dbnmeani", dbnmeani, bnmeani)
# --8<-- [end:dbnmeani]

# --8<-- [start:bndiff_zero]
above = torch.einsum("ij->j", bndiff.clamp(min=0))  # (n_hidden,)
below = -torch.einsum("ij->j", bndiff.clamp(max=0))
check("bndiff_zero", above, below)
# --8<-- [end:bndiff_zero]

# --8<-- [start:dbnmeani_short]
short = -bnvar_inv[0] * torch.einsum("ij->j", bnraw.grad)  # (n_hidden,)
check("dbnmeani_short", bnmeani.grad[0], short)
# --8<-- [end:dbnmeani_short]

# --8<-- [start:dhprebn_first]
dhprebn = dbndiff.clone()  # (n, n_hidden), the part from bndiff
# --8<-- [end:dhprebn_first]

# --8<-- [start:dhprebn]
dhprebn += torch.ones_like(hprebn) * (1 / n * dbnmeani)  # from bnmeani
cmp("dhprebn", dhprebn, hprebn)
# --8<-- [end:dhprebn]

# --8<-- [start:alias]
kept = dbndiff.clone()  # a tensor of its own
alias = kept  # no tensor of its own: a second name for the same one
alias += 1 / n * dbnmeani
check("alias", kept, dhprebn, kind="invariant")  # kept has changed too
with refused():
    check("kept", kept, dbndiff, kind="invariant")
# --8<-- [end:alias]

# --8<-- [start:columns_zero]
columns = torch.einsum("ij->j", dhprebn)  # (n_hidden,)
check("columns_zero", columns, torch.zeros(n_hidden))
# --8<-- [end:columns_zero]
