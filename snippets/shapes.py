"""Shapes and the sum rule: what is broadcast forward is summed backward."""

import torch
from setup.compare import check, cmp, refused
from setup.network import (  # noqa: F401
    W1,
    W2,
    Yb,
    b1,
    b2,
    bndiff,
    bndiff2,
    bnbias,
    bngain,
    bnmeani,
    bnraw,
    bnvar,
    bnvar_inv,
    counts,
    counts_sum,
    counts_sum_inv,
    emb,
    embcat,
    g,
    h,
    hpreact,
    hprebn,
    logit_maxes,
    logits,
    loss,
    n,
    norm_logits,
    probs,
)

# --8<-- [start:imports]
import itertools

import torch.nn.functional as F
from torch.autograd.functional import jacobian
# --8<-- [end:imports]

# --8<-- [start:copies]
copies = bnbias.detach().repeat(n, 1).requires_grad_()  # (n, n_hidden)
again = F.cross_entropy(torch.tanh(bngain * bnraw + copies) @ W2 + b2, Yb)
check("copies", again, loss, kind="forward")
dcopies = torch.autograd.grad(again, copies)[0]  # (n, n_hidden)
# --8<-- [end:copies]

# --8<-- [start:uses]
J = jacobian(lambda b: b.repeat(n, 1), bnbias)  # (n, n_hidden, 1, n_hidden)
through_copies = torch.einsum("ik,ikj->j", dcopies, J[:, :, 0])
column_sums = sum(dcopies[i] for i in range(n))
check("uses", bnbias.grad.view(-1), through_copies, column_sums)
# --8<-- [end:uses]

# --8<-- [start:dbnbias]
dhpreact = hpreact.grad  # (n, n_hidden)
cmp("dbnbias", dhpreact.sum(0, keepdim=True), bnbias)
# --8<-- [end:dbnbias]

# --8<-- [start:dbngain]
cmp("dbngain", (dhpreact * bnraw).sum(0, keepdim=True), bngain)
# --8<-- [end:dbngain]

# --8<-- [start:dbndiff2]
dbnvar = bnvar.grad  # (1, n_hidden)
dbndiff2 = (1 / (n - 1) * dbnvar).repeat(n, 1)  # (n, n_hidden)
cmp("dbndiff2", dbndiff2, bndiff2)
# --8<-- [end:dbndiff2]

# --8<-- [start:transposed]
ones = torch.ones(n, 1)
check("one_column", ones @ bnbias, copies, kind="forward")
check("transposed", bnbias.grad, ones.T @ dcopies)
# --8<-- [end:transposed]


# --8<-- [start:stretched]
def stretched(shape, into):
    """The dimensions along which torch repeats a tensor to fill a shape."""
    missing = len(into) - len(shape)
    return [
        d
        for d in range(len(into))
        if d < missing or shape[d - missing] != into[d]
    ]


# --8<-- [end:stretched]


# --8<-- [start:unbroadcast]
def unbroadcast(grad, shape):
    """Sum a gradient back to the shape that was broadcast."""
    for d in stretched(shape, grad.shape):
        grad = grad.sum(d, keepdim=True)
    return grad.view(shape)


# --8<-- [end:unbroadcast]

# --8<-- [start:fifteen]
full = emb.shape  # (n, block_size, n_embd), three different lengths
kept_or_one = list(itertools.product(*[(1, size) for size in full]))
shapes = {sizes[d:] for sizes in kept_or_one for d in range(len(full))}
shapes.add(())  # a single number fits everywhere
assert len(shapes) == 15
# --8<-- [end:fifteen]

# --8<-- [start:all_shapes]
other, u = (torch.randn(full, generator=g) for _ in "ab")
for shape in sorted(shapes):
    x = torch.randn(shape, generator=g).requires_grad_()
    (x * other).backward(u)
    ours = unbroadcast(u * other, shape)
    check("unbroadcast", ours, x.grad, kind="gradient")
# --8<-- [end:all_shapes]

# --8<-- [start:their_dims]
for shape in sorted(shapes, key=lambda shape: (len(shape), shape)):
    print(f"{shape!s:12} sum over {stretched(shape, full)}")
# --8<-- [end:their_dims]

# --8<-- [start:sum_of_nothing]
everything = u.sum([], keepdim=True)
print(everything.shape)
check("sum_of_nothing", everything, u.sum().view(1, 1, 1), kind="forward")
# --8<-- [end:sum_of_nothing]

# --8<-- [start:cases]
# operand, result, forward line, gradient before the sum
cases = [
    ("b1", "hprebn", "embcat @ W1 + b1", "dhprebn"),
    ("bnmeani", "bndiff", "hprebn - bnmeani", "-dbndiff"),
    ("bnvar_inv", "bnraw", "bndiff * bnvar_inv", "dbnraw * bndiff"),
    ("bngain", "hpreact", "bngain * bnraw + bnbias", "dhpreact * bnraw"),
    ("bnbias", "hpreact", "bngain * bnraw + bnbias", "dhpreact"),
    ("b2", "logits", "h @ W2 + b2", "dlogits"),
    ("logit_maxes", "norm_logits", "logits - logit_maxes", "-dnorm_logits"),
    ("counts_sum_inv", "probs", "counts * counts_sum_inv", "dprobs * counts"),
]
# --8<-- [end:cases]


# --8<-- [start:gradients]
def gradients(case, u):
    """Ours and autograd's for the operand, when u arrives at the result."""
    operand, result, line, before = case
    x = globals()[operand].detach().requires_grad_()
    y = eval(line, {**globals(), operand: x})
    assert torch.equal(y, globals()[result])
    theirs = torch.autograd.grad(y, x, u)[0]
    ours = eval(before, {**globals(), "d" + result: u})
    return unbroadcast(ours, x.shape), theirs


# --8<-- [end:gradients]

# --8<-- [start:all_cases]
for case in cases:
    operand, result, *_ = case
    x, y = globals()[operand], globals()[result]
    ours, _ = gradients(case, y.grad)
    cmp("d" + operand, ours, x)
    u = torch.randn(y.shape, generator=g)  # as for a gradient that is zero
    check("d" + operand, *gradients(case, u), kind="gradient")
# --8<-- [end:all_cases]

# --8<-- [start:table]
print("| forward line | repeated | from | to | before the sum | over |")
print("|---|---|---|---|---|---|")
for operand, result, line, before in cases:
    shape, into = (tuple(globals()[name].shape) for name in (operand, result))
    print(f"| `{result} = {line}` | `{operand}` | `{shape}` | `{into}`", end="")
    print(f" | `{before}` | {stretched(shape, into)} |")
# --8<-- [end:table]


# --8<-- [start:edges]
def edges(node):
    """Each step of autograd's graph, with each step that it reads."""
    for before, _ in node.next_functions:
        if before is not None:
            yield node, before
            yield from edges(before)


def shape_of(node):
    return tuple(node._input_metadata[0].shape)


# --8<-- [end:edges]

# --8<-- [start:complete]
elementwise = ("AddBackward0", "SubBackward0", "MulBackward0", "DivBackward0")
in_graph = sorted(
    (shape_of(before), shape_of(node))
    for node, before in set(edges(loss.grad_fn))
    if node.name() in elementwise and shape_of(before) != shape_of(node)
)
in_table = sorted(
    (tuple(globals()[operand].shape), tuple(globals()[result].shape))
    for operand, result, *_ in cases
)
assert in_graph == in_table
# --8<-- [end:complete]

# --8<-- [start:flat]
flat = dhpreact.sum(0)  # (n_hidden,), and bnbias is (1, n_hidden)
check("flat", bnbias - flat, bnbias - bnbias.grad)
with refused():
    cmp("dbnbias", flat, bnbias)
# --8<-- [end:flat]

# --8<-- [start:grid]
row_sums = (counts * probs.grad).sum(1)  # (n,), and (n, 1) is due
grid = -(counts_sum**-2) * row_sums  # (n, n)
check("grid", grid.diagonal().view(n, 1), counts_sum.grad)
with refused():
    cmp("dcounts_sum", grid, counts_sum)
# --8<-- [end:grid]

# --8<-- [start:guess]
guess = torch.randn(n, 1, generator=g).requires_grad_()  # (n, 1)
answer = torch.randn(n, generator=g)  # (n,)
squares = (guess - answer) ** 2
print(squares.shape)
wrong = torch.autograd.grad(squares.mean(), guess)[0]  # (n, 1)
squares = (guess - answer.view(n, 1)) ** 2  # (n, 1)
right = torch.autograd.grad(squares.mean(), guess)[0]  # (n, 1)
# --8<-- [end:guess]

# --8<-- [start:right]
check("right", right, 2 / n * (guess - answer.view(n, 1)))
# --8<-- [end:right]

# --8<-- [start:wrong]
check("wrong", wrong, 2 / n * (guess - sum(answer) / n))
apart, length = torch.dist(wrong, right), right.norm()
# --8<-- [end:wrong]
