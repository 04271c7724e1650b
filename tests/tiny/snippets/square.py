"""The sum of the squares of the column means."""

import torch
from setup.compare import check, cmp

# --8<-- [start:forward]
g = torch.Generator().manual_seed(1)
x = torch.randn(4, 3, generator=g, requires_grad=True)  # (n, m)
n = len(x)
y = x.mean(0, keepdim=True)  # (1, m)
loss = (y**2).sum()  # ()
y.retain_grad()
loss.backward()
# --8<-- [end:forward]

# --8<-- [start:dy]
dy = 2 * y  # (1, m)
cmp("dy", dy, y)
# --8<-- [end:dy]

# --8<-- [start:dx]
dx = dy.expand(n, -1) / n  # (n, m)
cmp("dx", dx, x)
check("dx", x.grad, y.grad.repeat(n, 1) / n, 2 / n * y.repeat(n, 1))
# --8<-- [end:dx]
