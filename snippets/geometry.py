"""The geometry of batch norm: its Jacobian deletes two directions of a gradient."""

import torch
from setup.compare import check
from setup.network import (
    W1,
    b1,
    bndiff,
    bnbias,
    bngain,
    bnraw,
    bnvar,
    bnvar_inv,
    embcat,
    g,
    hpreact,
    hprebn,
    n,
    n_hidden,
)

# --8<-- [start:imports]
import matplotlib.pyplot as plt
import torch.nn.functional as F
from torch.autograd.functional import jacobian
# --8<-- [end:imports]

# --8<-- [start:unit]
j = bnvar.argmax()  # the hidden unit whose numbers vary most
a = hprebn[:, j].detach()  # (n,)
gamma, beta = bngain[0, j].detach(), bnbias[0, j].detach()  # (), ()
# --8<-- [end:unit]


# --8<-- [start:normalised]
def rho_of(a, epsilon=1e-5):
    return (a.var(0) + epsilon) ** -0.5  # var divides by n - 1


def normalised(a, epsilon=1e-5):
    return rho_of(a, epsilon) * (a - a.mean(0))


def x_of(a):
    return gamma * normalised(a) + beta


check("x", x_of(a), hpreact[:, j], kind="forward")
# --8<-- [end:normalised]

# --8<-- [start:jacobian]
J = jacobian(x_of, a)  # (n, n)
hat, rho = bnraw[:, j].detach(), bnvar_inv[0, j].detach()  # (n,), ()
products = hat.view(n, 1) * hat.view(1, n)  # (n, n)
bracket = torch.eye(n) - 1 / n - products / (n - 1)
check("jacobian", J, gamma * rho * bracket)
check("symmetric", J, J.T, kind="invariant")
# --8<-- [end:jacobian]

# --8<-- [start:projection]
hat = normalised(a, epsilon=0)  # (n,), from here on without epsilon
P = torch.eye(n) - 1 / n - torch.outer(hat, hat) / (n - 1)  # (n, n)
check("projection", P @ P, P)
# --8<-- [end:projection]

# --8<-- [start:shadows]
u, ones = torch.randn(n, generator=g), torch.ones(n)  # (n,), (n,)
on_ones = torch.einsum("m,m,i->i", ones, u, ones) / n
on_hat = torch.einsum("m,m,i->i", hat, u, hat) / (n - 1)
check("shadows", P @ u, u - on_ones - on_hat)
# --8<-- [end:shadows]

# --8<-- [start:eigenvalues]
expected = torch.cat([torch.zeros(2), torch.ones(n - 2)])
eigenvalues = torch.linalg.eigvalsh(P).round()  # from the smallest up
check("eigenvalues", eigenvalues, expected, kind="invariant")
check("trace", P.trace(), n - 2, kind="invariant")
# --8<-- [end:eigenvalues]

# --8<-- [start:three]
three = torch.randn(3, 6, generator=g).requires_grad_()  # six units
hats = normalised(three, epsilon=0)  # (3, 6)
arriving = torch.randn(3, 6, generator=g)
passing = torch.autograd.grad(hats, three, arriving)[0]
passing = passing * three.std(0)  # without the factor rho
check("passing", (arriving * passing).sum(0), (passing**2).sum(0))
# --8<-- [end:three]

# --8<-- [start:plane]
plane = torch.linalg.qr(torch.ones(3)[:, None], "complete").Q[:, 1:]  # (3, 2)
centre = plane.T @ torch.ones(3)  # (2,), where the arrow of ones is seen
check("centre", centre, torch.zeros(2), kind="invariant")
start, end = plane.T @ three.detach(), plane.T @ hats.detach()  # (2, 6)
radius = 2**0.5
check("circle", end.norm(dim=0), torch.full((6,), radius), kind="invariant")
# --8<-- [end:plane]

# --8<-- [start:picture]
circle = plt.Circle(centre, radius, facecolor="none", edgecolor="black")
plt.gca().add_patch(circle)
for here, there in zip(start.T, end.T):
    plt.plot(*zip(here, there), "C0:")
plt.plot(*start, "C0.")
plt.plot(*end, "C0o")
style = {"angles": "xy", "scale_units": "xy", "scale": len(three)}
for gradient, colour in ((arriving, "C2"), (passing, "C1")):
    arrows = plane.T @ gradient.detach()  # (2, 6)
    plt.quiver(*end, *arrows, color=colour, **style)
plt.axis("scaled")
plt.axis("off")
plt.savefig("projection.svg")
# --8<-- [end:picture]

# --8<-- [start:pythagoras]
u = hpreact.grad[:, j]  # (n,), what arrives in this network
gain, bias = gamma.clone().requires_grad_(), beta.clone().requires_grad_()
x = torch.addcmul(bias, gain, hat)  # bias + gain * hat, without epsilon
dgain, dbias = torch.autograd.grad(x, (gain, bias), u)
kept = torch.einsum("i,i->", P @ u, P @ u)
lost = dbias**2 / n + dgain**2 / (n - 1)
check("pythagoras", torch.einsum("i,i->", u, u), kept + lost)
share = lost / (u @ u)
check("share", 1 - share, kept / (u @ u), kind="invariant")
# --8<-- [end:pythagoras]

# --8<-- [start:epsilon]
epsilon = 1e-5
left = epsilon * rho**2  # the same as epsilon / (v + epsilon)
squares = sum(bnraw[i, j] ** 2 for i in range(n)) / (n - 1)
check("epsilon", squares, 1 - left)
# --8<-- [end:epsilon]

# --8<-- [start:two]
two = torch.stack([a.max(), a.min()])  # (2,)
gap = two[0] - two[1]
check("half", two.var(), gap**2 / 2, kind="invariant")
fraction = (gap / 2) / torch.sqrt(gap**2 / 2)
check("two", normalised(two, epsilon=0)[0], fraction, 1 / 2**0.5)
# --8<-- [end:two]

# --8<-- [start:no_gradient]
J_of_two = jacobian(lambda a: normalised(a, epsilon=0), two)  # (2, 2)
check("no_gradient", J_of_two, torch.zeros(2, 2), kind="invariant")
# --8<-- [end:no_gradient]

# --8<-- [start:two_epsilon]
J_of_two = jacobian(normalised, two)
little = epsilon * rho_of(two) ** 3
signs = 2 * torch.eye(2) - 1  # 1 on the diagonal, -1 beside it
check("two_epsilon", J_of_two, signs / 2 * little)
# --8<-- [end:two_epsilon]

# --8<-- [start:equal]
equal = a.max().repeat(2)  # (2,)
boost = rho_of(equal)
check("equal", jacobian(normalised, equal), signs / 2 * boost)
check("boost", boost, epsilon**-0.5, kind="invariant")
# --8<-- [end:equal]

# --8<-- [start:without_b1]
check("without_b1", normalised(embcat @ W1), bnraw, kind="forward")
# --8<-- [end:without_b1]

# --8<-- [start:column_sums]
of_columns = torch.einsum("ij->j", hprebn.grad)
check("column_sums", of_columns, torch.zeros(n_hidden))
check("b1", b1.grad, of_columns, kind="invariant")
# --8<-- [end:column_sums]

# --8<-- [start:constants]
wrong = bngain * bnvar_inv * hpreact.grad  # (n, n_hidden)
sums = wrong.sum(0)
check("constants", sums, (bngain * bnvar_inv * bnbias.grad).view(-1))
largest_sum = sums.abs().max()
# --8<-- [end:constants]

# --8<-- [start:scale]
c = torch.rand((), generator=g)
check("scale", normalised(c * a, c**2 * epsilon), normalised(a))
# --8<-- [end:scale]

# --8<-- [start:scaled_sums]
of_columns = torch.einsum("ij,ij->j", hprebn, hprebn.grad)
of_gain = epsilon * bnvar_inv**2 * bngain * bngain.grad
check("scaled_sums", of_columns, of_gain.view(-1))
of_weights = torch.einsum("kj,kj->j", W1, W1.grad)
check("of_weights", of_weights, of_columns, kind="invariant")
# --8<-- [end:scaled_sums]

# --8<-- [start:torch_trains]
running_mean, running_var = torch.zeros(n_hidden), torch.ones(n_hidden)
out = F.batch_norm(hprebn, running_mean, running_var, training=True)
deviation = (hprebn.var(0, correction=0) + epsilon) ** 0.5  # divides by n
check("torch_trains", out, bndiff / deviation, kind="forward")
moved = 0.9 + 0.1 * hprebn.var(0)  # divides by n - 1
check("torch_keeps", running_var, moved, kind="forward")
# --8<-- [end:torch_trains]

# --8<-- [start:same_projection]
hat_n = (a - a.mean()) / a.std(correction=0)  # divides by n
same = torch.eye(n) - 1 / n - torch.outer(hat_n, hat_n) / n
check("same_projection", P, same, kind="invariant")
# --8<-- [end:same_projection]
