"""The first gradient: one number, one line."""

import torch
from setup.compare import cmp

# --8<-- [start:neuron]
g = torch.Generator().manual_seed(7)
x, y = torch.randn(2, generator=g)
w = torch.randn((), generator=g, requires_grad=True)
loss = (w * x - y) ** 2
loss.backward()  # autograd's answer is in w.grad
# --8<-- [end:neuron]

# --8<-- [start:dw]
dw = 2 * (w * x - y) * x
cmp("dw", dw, w)
# --8<-- [end:dw]
