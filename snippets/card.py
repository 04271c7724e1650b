"""The rule card: every local rule of the path on one sheet, each run against autograd."""

import torch
from setup.compare import check
from setup.data import vocab_size
from setup.network import g, n

# --8<-- [start:imports]
import torch.nn.functional as F
# --8<-- [end:imports]

# --8<-- [start:entry_by_entry]
rules = {
    "power": ("x**3", "dx", "3 * x**2 * dy"),
    "exponential": ("x.exp()", "dx", "y * dy"),
    "logarithm": ("x.log()", "dx", "dy / x"),
    "tanh": ("x.tanh()", "dx", "(1 - y**2) * dy"),
    "product": ("x * w", "dx", "w * dy"),
    "used twice": ("w * x + x.exp()", "dx", "w * dy + x.exp() * dy"),
}
# --8<-- [end:entry_by_entry]

# --8<-- [start:broadcast]
rules |= {
    "bias": ("x + b", "db", "dy.sum(0)"),
    "minus a row": ("x - r", "dr", "-dy.sum(0, keepdim=True)"),
    "minus a column": ("x - c", "dc", "-dy.sum(1, keepdim=True)"),
    "times a row": ("x * r", "dr", "(x * dy).sum(0, keepdim=True)"),
    "times a column": ("x * c", "dc", "(x * dy).sum(1, keepdim=True)"),
    "sums of rows": ("x.sum(1, keepdim=True)", "dx", "dy.expand(x.shape)"),
    "means of columns": ("x.mean(0)", "dx", "dy.expand(x.shape) / n"),
}
# --8<-- [end:broadcast]

# --8<-- [start:matrices]
rules |= {
    "matrix, left": ("x @ m", "dx", "dy @ m.T"),
    "matrix, right": ("x @ m", "dm", "x.T @ dy"),
    "largest of rows": ("x.max(1).values", "dx", "winners * dy[:, None]"),
    "one of each row": ("x[range(n), i]", "dx", "picked * dy[:, None]"),
    "rows of a table": (
        "t[i]",
        "dt",
        "torch.zeros_like(t).index_add(0, i, dy)",
    ),
    "another shape": ("x.view(-1)", "dx", "dy.view(x.shape)"),
}
# --8<-- [end:matrices]


# --8<-- [start:one_step]
def normalised(x):
    return (x - x.mean(0)) / deviation(x)  # (n, k)


def deviation(x):
    return (x.var(0) + 1e-5).sqrt()  # (k,)


inside = "dy - dy.mean(0) - y * (dy * y).sum(0) / (n - 1)"
rules |= {
    "cross-entropy": (
        "F.cross_entropy(x, i)",
        "dx",
        "(F.softmax(x, 1) - picked) / n",
    ),
    "batch norm": ("normalised(x)", "dx", f"({inside}) / deviation(x)"),
}
# --8<-- [end:one_step]

# --8<-- [start:numbers]
k, size = vocab_size, 9
shapes = {"x": (n, k), "w": (n, k), "b": (k,), "r": (1, k), "c": (n, 1)}
shapes |= {"m": (k, size), "t": (size, k)}
known = {
    name: torch.rand(shape, generator=g) + 1 for name, shape in shapes.items()
}
assert all(t.min() >= 1 for t in known.values())  # for the logarithm
i = torch.randint(size, (n,), generator=g)
known |= {"i": i, "picked": F.one_hot(i, k)}
known |= {"winners": F.one_hot(known["x"].argmax(1), k)}
tools = {"F": F, "torch": torch, "n": n, "range": range}
tools |= {"normalised": normalised, "deviation": deviation}
# --8<-- [end:numbers]


# --8<-- [start:executed]
def executed(what, forward, wrt, backward):
    """The rule and autograd, with a random incoming gradient."""
    values = known | {wrt[1:]: known[wrt[1:]].clone().requires_grad_()}
    y = eval(forward, tools, values)
    dy = torch.randn(y.shape, generator=g) if y.dim() else torch.tensor(1.0)
    (theirs,) = torch.autograd.grad(y, values[wrt[1:]], dy)
    ours = eval(backward, tools, values | {"y": y, "dy": dy})
    check(what, ours.detach(), theirs.clone(), kind="gradient")


for what, rule in rules.items():
    executed(what, *rule)
# --8<-- [end:executed]

# --8<-- [start:links]
derived = {
    "power": "batchnorm.md#dbnvar",
    "exponential": "cross_entropy.md#dnorm_logits",
    "logarithm": "cross_entropy.md#dprobs",
    "tanh": "tanh.md#dhpreact",
    "product": "batchnorm.md#dbnraw",
    "used twice": "cross_entropy.md#dcounts",
    "bias": "linear.md#db2",
    "minus a row": "batchnorm.md#dbnmeani",
    "minus a column": "cross_entropy.md#dlogit_maxes",
    "times a row": "batchnorm.md#dbngain",
    "times a column": "cross_entropy.md#dcounts_sum_inv",
}
# --8<-- [end:links]

# --8<-- [start:more_links]
derived |= {
    "sums of rows": "cross_entropy.md#dcounts",
    "means of columns": "batchnorm.md#dhprebn",
    "matrix, left": "linear.md#dh",
    "matrix, right": "linear.md#dW2",
    "largest of rows": "cross_entropy.md#dlogits",
    "one of each row": "cross_entropy.md#dlogprobs",
    "rows of a table": "embedding.md#dC",
    "another shape": "embedding.md#demb",
    "cross-entropy": "fused_cross_entropy.md#dlogits",
    "batch norm": "fused_batchnorm.md#dhprebn_fused",
}
print("| rule | forward: `y =` | backward |\n|---|---|---|")
for what, (forward, wrt, backward) in rules.items():
    print(f"| [{what}]({derived[what]}) | `{forward}` | `{wrt} = {backward}` |")
# --8<-- [end:more_links]

# --8<-- [start:gradients]
pages = {
    "cross_entropy": "logprobs probs counts_sum_inv counts_sum counts",
    "linear": "h W2 b2 embcat W1 b1",
    "tanh": "hpreact",
    "batchnorm": "bngain bnbias bnraw bnvar_inv bnvar bndiff2 bndiff bnmeani",
    "embedding": "emb C",
}
pages["cross_entropy"] += " norm_logits logit_maxes logits"
pages["batchnorm"] += " hprebn"
print("| page | its gradients |\n|---|---|")
for page, names in pages.items():
    links = [f"[`d{name}`]({page}.md#d{name})" for name in names.split()]
    print(f"| [{page}]({page}.md) | {', '.join(links)} |")
# --8<-- [end:gradients]
