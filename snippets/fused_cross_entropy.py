"""Cross-entropy in one step: from the loss to the logits in three lines."""

import torch
from setup.compare import check, cmp, distance
from setup.data import stoi, vocab_size
from setup.network import Yb, logits, n, probs

# --8<-- [start:imports]
import matplotlib.pyplot as plt
import torch.nn.functional as F
from matplotlib.colors import CenteredNorm
# --8<-- [end:imports]

# --8<-- [start:logsumexp]
p = probs[0].detach()  # (vocab_size,), the first row
z, y = logits[0].detach(), Yb[0]
sum_of_exponentials = sum(torch.exp(z[j]) for j in range(vocab_size))
check("logsumexp", p[y].log(), z[y] - torch.log(sum_of_exponentials))
# --8<-- [end:logsumexp]

# --8<-- [start:jacobian]
J = torch.autograd.functional.jacobian(lambda z: F.softmax(z, 0), z)
eye = torch.eye(vocab_size)  # 1 where k = j
check("jacobian", J, p.view(-1, 1) * (eye - p.view(1, -1)))
# --8<-- [end:jacobian]

# --8<-- [start:row]
dp = torch.zeros(vocab_size)
dp[y] = -1 / (n * p[y])  # the one entry of dprobs that is not zero
through_jacobian = torch.einsum("j,jk->k", dp, J)
through_target = -(1 / n) * (1 / p[y]) * p[y] * (eye[y] - p)
check("row", through_jacobian, through_target, (p - eye[y]) / n)
# --8<-- [end:row]

# --8<-- [start:dlogits]
dlogits = F.softmax(logits.detach(), 1)  # (n, vocab_size)
dlogits[range(n), Yb] -= 1
dlogits /= n
cmp("dlogits", dlogits, logits)
# --8<-- [end:dlogits]

# --8<-- [start:truth]
entries, differ = dlogits.numel(), (dlogits != logits.grad).sum().item()
assert differ + (dlogits == logits.grad).sum() == entries
truth = F.softmax(logits.detach().double(), 1)  # (n, vocab_size)
truth = (truth - F.one_hot(Yb, vocab_size)) / n
check("truth", dlogits, truth.to(dlogits.dtype), kind="forward")
for who, ours in [("three lines", dlogits), ("autograd", logits.grad)]:
    error, _, _ = distance("dlogits", ours.double(), truth)
    print(f"{who} | off by {error:.1e}")
# --8<-- [end:truth]

# --8<-- [start:torch_itself]
direct = logits.detach().requires_grad_()
F.cross_entropy(direct, Yb).backward()
check("torch_itself", dlogits, direct.grad, kind="gradient")
# --8<-- [end:torch_itself]

# --8<-- [start:rows_zero]
check("rows_zero", torch.einsum("ik->i", dlogits), torch.zeros(n))
# --8<-- [end:rows_zero]

# --8<-- [start:forces]
strongest_pull = dlogits.max().item()
scale = CenteredNorm(halfrange=strongest_pull)  # zero is white
moves = -dlogits  # what a step adds to each logit, up to a factor
assert moves[range(n), Yb].min() > 0  # the targets are pushed up
plt.figure(figsize=(8, 7))
plt.imshow(moves, cmap="PuOr_r", norm=scale, interpolation="none")
plt.xlabel("character k")
plt.ylabel("example i")
plt.xticks(range(vocab_size), stoi)
plt.colorbar(label="-dlogits: what a step adds, up to a factor", extend="max")
plt.savefig("forces.svg")
# --8<-- [end:forces]

# --8<-- [start:overflow]
huge = torch.full((3,), 1000.0)
naive = huge.exp() / huge.exp().sum()
assert naive.isnan().all()
m = huge.max()
safe = (huge - m).exp() / (huge - m).exp().sum()
check("overflow", safe, F.softmax(huge, 0), kind="forward")
print("naive:", naive, "safe:", safe)
# --8<-- [end:overflow]

# --8<-- [start:shifted]
m = z.max()
shifted = m + torch.log(sum(torch.exp(z[j] - m) for j in range(vocab_size)))
check("shifted", torch.log(sum_of_exponentials), shifted)
check("shifted_torch", torch.logsumexp(z, 0), shifted, kind="forward")
# --8<-- [end:shifted]

# --8<-- [start:lost]
z = torch.tensor([[0.0, -1000.0, 1.0]], requires_grad=True)
c = (z - z.max()).exp()
steps = -(c / c.sum()).log()[0, 0]  # the target is character 0
steps.backward()  # autograd, through all the steps
assert z.grad.isnan().any()
direct, y = z.detach().requires_grad_(), torch.tensor([0])
whole = F.cross_entropy(direct, y)
whole.backward()
check("lost_loss", steps, whole, kind="forward")
ours = F.softmax(direct.detach(), 1) - F.one_hot(y, 3)
check("lost", ours, direct.grad, kind="gradient")
print("all the steps:", z.grad, "three lines:", ours, sep="\n")
# --8<-- [end:lost]
