"""tanh: its gradient, from the definition, and where that gradient dies."""

import torch
from setup.compare import check, cmp
from setup.network import W1, embcat, h, hpreact

# --8<-- [start:imports]
import matplotlib.pyplot as plt
# --8<-- [end:imports]

# --8<-- [start:incoming]
dh = h.grad  # (n, n_hidden), what the output layer sends back
# --8<-- [end:incoming]

# --8<-- [start:definition]
up, down = torch.exp(hpreact), torch.exp(-hpreact)  # (n, n_hidden)
check("definition", h, (up - down) / (up + down))
# --8<-- [end:definition]

# --8<-- [start:slope]
x = hpreact.detach().requires_grad_()  # tanh alone, cut out of the network
alone = torch.tanh(x)
alone.backward(torch.ones_like(x))
quotient = ((up + down) ** 2 - (up - down) ** 2) / (up + down) ** 2
check("slope", x.grad, quotient, 1 - torch.tanh(x) ** 2)
# --8<-- [end:slope]

# --8<-- [start:dhpreact]
dhpreact = (1.0 - h**2) * dh  # (n, n_hidden)
cmp("dhpreact", dhpreact, hpreact)
# --8<-- [end:dhpreact]

# --8<-- [start:differ]
differ = (dhpreact != hpreact.grad).sum().item()
entries, same = h.numel(), torch.eq(dhpreact, hpreact.grad).sum()
check("differ", entries, differ + same, kind="invariant")
# --8<-- [end:differ]

# --8<-- [start:second_time]
try:
    alone.backward(torch.ones_like(x))
except RuntimeError as error:
    message, *_ = str(error).split(" (")
    print(message)
# --8<-- [end:second_time]

# --8<-- [start:large]
wide = (embcat @ (W1 / W1.std())).detach().requires_grad_()  # (n, n_hidden)
large = torch.tanh(wide)
large.backward(torch.ones_like(wide))  # leaves the slopes in wide.grad
kept, kept_large = x.grad.mean(), wide.grad.mean()
assert kept_large < kept
# --8<-- [end:large]

# --8<-- [start:saturation]
here, there = h.detach().flatten(), large.detach().flatten()
plt.hist(here, bins="sqrt", label="this network")
plt.hist(there, bins="sqrt", histtype="step", label="large weights")
plt.xlabel("h")
plt.ylabel("how many entries")
plt.legend(facecolor="none")
plt.savefig("saturation.svg")
# --8<-- [end:saturation]

# --8<-- [start:slopes]
plt.figure(layout="constrained")
plt.imshow(wide.grad, cmap="cividis", interpolation="none")
plt.xlabel("hidden unit j")
plt.ylabel("example i")
plt.colorbar(label="slope, with large weights")
plt.savefig("slopes.svg")
# --8<-- [end:slopes]


# --8<-- [start:short]
def short(x):
    return 2 / (torch.exp(2 * x) + 1)


check("short", 1 - h, short(hpreact))
# --8<-- [end:short]

# --8<-- [start:edge]
grid = torch.arange(2000) / 100  # every hundredth from 0 to 20
edge = grid[torch.tanh(grid) == 1].min()  # the first that is rounded to one
missing, one = short(edge), torch.ones(())
gap = one - torch.nextafter(one, -one)  # down to the next number
assert 0 < missing < gap < torch.finfo(gap.dtype).eps
lost = (wide.grad == 0).sum()
check("lost", lost, (1 - large**2 == 0).sum(), kind="invariant")
# --8<-- [end:edge]
