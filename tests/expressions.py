"""Random expressions, to hold the small torch of the exercises against the real one.

A line of TEMPLATES names functions and says how they are called; `@(...)` stands for
torch.name(...) or x.name(...), and `|` separates other ways. In braces stand, all of one
random shape or one that broadcasts with it:

x y s floats, u positive ones, p q floats and v positive ones that broadcast, i j whole
numbers, k small positive ones that broadcast, b c truth values, dim a dimension, by the
arguments of a sum, and any other letters of h n o m with a _ behind, floats of that shape:
nm_ is a matrix of n times m. Capital letters are the lengths themselves.
"""

import random
import re

TEMPLATES = """
abs exp neg sign tanh square round clone: @({x})
log sqrt rsqrt reciprocal: @({u})
sinh cosh: @({x}) | torch.@({i}) | torch.@({x} * 500) | @({p})
sigmoid: @({x}) | F.@({x}) | torch.@({i}) | torch.@({x} * 500) | torch.log(torch.@({x} * 50))
sub add: @({x}, {p}) | @({x}, {p}, alpha=0.5) | @({x}, 2) | @({p}, {x}) | @({i}, {k})
mul: @({x}, {p}) | @({p}, {x}) | @({x}, {i})
eq ne lt le gt ge: @({x}, {p}) | @({i}, {j}) | @({x}, 0.5) | @({i}, {x})
div: @({x}, {v}) | @({x}, 2) | @({i}, {k})
pow: @({u}, {p}) | @({x}, 2) | @({x}, 3) | @({u}, -1) | @({u}, -0.5) | @({u}, 0.5) | @({i}, 2) | @({u}, 1.7)
pow: torch.pow(2, {x}) | @({u}, -2) | @({x}, 0) | @({x}, 1) | @({i}, {k}) | torch.pow(1.5, {x})
addcmul: @({x}, {p}, {q}) | @({x}, {p}, {q}, value=-1) | @({x}, {u}, {v}, value=0.5)
masked_fill: @({x}, {b}, 0) | @({x}, {c}, -1.5) | @({x}, {x} > 0, 1.0) | @({i}, {b}, 7)
where: torch.where({b}, {x}, {p}) | torch.where({x} > 0, {x}, 0.0) | torch.where({c}, 1.0, {x}) | torch.where({x} > {p}, {i}, {y})
isnan: @({x}) | torch.@(torch.log({x})) | torch.@({x} / torch.zeros_like({x})) | torch.@({x} * 0 / 0)
isclose allclose: @({x}, {y}) | @({x}, {x} * 1) | @({x}, {x} + 1e-9) | @({x}, {x} + 1e-3, rtol=1e-2) | @({x}, {x} + 1e-3, atol=1e-2)
equal: @({x}, {y}) | @({x}, {x} * 1) | @({x}, {x} + 1e-9) | @({i}, {j})
sum mean amax amin: @({x}{by}) | @({x}{by}) | torch.@({x}.exp(){by})
all any: @({b}{by}) | @({x}{by}) | @({i}{by})
1 var std: @({twice}{by}) | @({twice}, unbiased=False) | @({twice}, {dim}, correction=0) | @({twice}, {dim}, keepdim=True)
cumsum: @({x}, {dim}) | @({hno_}, 1) | @({i}, {dim}) | @({b}, -1) | torch.@({no_}.T, dim=0) | torch.@({x}.exp(), 0)
1 logsumexp: @({x}, {dim}) | @({x}, {dim}, keepdim=True)
1 max min: @({x}) | @({x}, {dim}) | @({x}, {dim}, keepdim=True) | {x}.@({dim}).values * 2 | {x}.@({dim})[1]
argmax argmin: @({x}) | @({i})
1 argmax argmin: @({x}, {dim}) | @({x}, {dim}, keepdim=True) | @({x}, dim={dim})
matmul: @({no_}, {om_}) | @({o_}, {om_}) | @({no_}, {o_}) | @({o_}, {o_}) | @({hno_}, {om_})
matmul: torch.matmul({no_}, {om_}) | torch.matmul({no_}, {mo_}.T) | {no_}.T.matmul({nm_}) | {hno_}.matmul({o_}) | torch.matmul({no_}.T, {nm_})
outer: @({n_}, {m_})
t: @({no_}) | @({n_})
einsum: torch.einsum('ij,jk->ik', {no_}, {om_}) | torch.einsum('ik,jk->ij', {no_}, {mo_}) | torch.einsum('ik,ik->i', {no_}, {no_})
einsum: torch.einsum('ij->j', {no_}) | torch.einsum('ij->', {no_}) | torch.einsum('ij->ji', {no_}) | torch.einsum('ii->i', {nn_})
einsum: torch.einsum('i,j->ij', {n_}, {m_}) | torch.einsum('ij,jk', {no_}, {om_}) | torch.einsum('hno,o->hn', {hno_}, {o_}) | torch.einsum('ii', {nn_})
einsum: torch.einsum('no, om -> mn', {no_}, {om_}) | torch.einsum('ij,i,j->ij', {no_}, {n_}, {o_}) | torch.einsum('abc->cba', {hno_})
1 view: {plain}.view({shape}) | {plain}.view(-1) | {plain}.view((1, -1)) | {plain}.view({first}, -1)
1 reshape: @({x}, ({shape},)) | @({x}, (-1,)) | {x}.reshape({first}, -1) | {x}.reshape(1, -1)
1 unsqueeze: @({x}, {dim}) | @({x}, 0) | @({x}, -1)
1 squeeze: @({x}) | @({x}, {dim}) | @({p})
flatten: @({x}) | @({hno_}, 1) | @({no_}, 1) | @({no_})
permute: @({hno_}, (1, 2, 0)) | {hno_}.permute(2, 0, 1) | @({no_}, (1, 0)) | {hno_}.permute(0, -1, 1)
1 transpose: @({x}, {dim}, 0) | @({x}, {dim}, -1)
expand: {x}.expand(2, {shape}) | {x}.expand(3, *[-1] * {x}.ndim) | {n_}.view(-1, 1).expand({N}, 3)
expand_as: {p}.expand_as({x}) | {p}.expand_as({y}) * {x}
contiguous: {x}.contiguous() | {no_}.T.contiguous() * 2
index_add: @({no_}, 0, {rows}, {mo_}) | @({on_}, 1, {rows}, {om_}) | @({no_}, 0, {rows}, {mo_}, alpha=2) | @({n_}, 0, {rows}, {m_})
index_put: @({no_}, ({rows},), {mo_}, accumulate=True) | @({no_}, ({rows},), torch.tensor(0.5)) | @({n_}, ({rows},), {m_}, accumulate=True)
scatter_add: @({no_}, 0, {table}, {mo_}) | @({on_}, 1, {table}.T, {om_}) | @({n_}, 0, {rows}, {m_})
scatter: @({no_}, 0, {table}, 0.5) | @({on_}, 1, {table}.T, 2.0) | @({n_}, 0, {rows}, 0.25)
gather: @({no_}, 0, {table}) | @({on_}, 1, {table}.T) | @({n_}, 0, {rows})
1 softmax log_softmax: F.@({x}, {dim}) | F.@({x}, dim={dim})
cross_entropy: F.cross_entropy({mn_}, {rows}) | F.cross_entropy({mn_}, {rows}, reduction='sum') | F.cross_entropy({mn_} * 2, {rows})
cross_entropy: F.cross_entropy({n_}, {rows}[0]) | F.cross_entropy({mn_}, {rows}, reduction='none')
one_hot: F.one_hot({i}) | F.one_hot({i}, 5) | F.one_hot({rows}, num_classes={N}) * {mn_}
1 zeros ones: torch.@({shape}) | torch.@(({shape},)) + {x} | torch.@({shape}, dtype=torch.int64) | torch.@([{shape}], dtype=torch.bool)
zeros_like ones_like: torch.@({x}) + {x} | torch.@({i}) | torch.@({x}, dtype=torch.int64) | torch.@({b})
1 full: torch.full(({shape},), 3) | torch.full(({shape},), 2.5) * {x} | torch.full(({shape},), True) | torch.full([{shape}], 2, dtype=torch.float64)
full_like: torch.full_like({x}, 3) * {x} | torch.full_like({i}, 2) | torch.full_like({x}, 1.5)
eye: torch.eye({N}) @ {no_} | torch.eye({N}, {M}) | torch.eye({N})
arange: torch.arange({N}) | torch.arange({N}, {N} + 5) | torch.arange(7, {N}, -2) | torch.arange(0, 1, 0.25) * {N} | torch.arange({N}.0)
tensor as_tensor: torch.@([[{N}, 2], [{M}, 4]]) | torch.@({N}.5) | torch.@([True, False]) | torch.@([1, {N}.5]) | torch.@({list}) | torch.@([{N}, {M}], dtype=torch.float64)
numel: @({x}) | @({i})
item: {x}.sum().item() | {i}.max().item() | {b}.any().item() | {n_}[0].item()
tolist: {x}.tolist() | {i}.tolist() | {b}.tolist() | {no_}.T.tolist()
dim element_size is_floating_point: {x}.@() | {i}.@() | {b}.@()
size: tuple({no_}.size()) | {hno_}.size(1) | list({x}.size()) | {no_}.size(-1)
ndim: [{x}.ndim, {i}.ndim] | {no_}.T.ndim | {x}.ndim
shape: tuple({x}.shape) | {hno_}.shape[1] | {no_}.T.shape == ({O}, {N}) | len({x}.shape)
dtype: [str({x}.dtype), str({i}.dtype), str({b}.dtype)] | str(({i} * 1.5).dtype) | str(({b} * {i}).dtype) | ({x} > 0).dtype == torch.bool
double: {x}.double() * 2 | {i}.double() / 3 | {b}.double()
float: ({i} * 0.25).float().double() | {b}.float().double()
long int: ({x} * 9).@().long() | {b}.@().long()
bool: {i}.bool() | ({x} > 0).bool() | {x}.bool()
to: ({x} * 9).to(torch.int64) | {i}.to(torch.float64) * 1.5 | {b}.to({x}.dtype) * {x} | {x}.to({i})
detach data: {x}.@ * {x} | ({x} * 2).@ + {x} | {x}.exp().@ * {u}
stride: torch.ones(3, {N} + 1, 4).stride() | torch.ones({N} + 1, 2).T.stride() | torch.ones(2, {N} + 3)[:, 1:].stride()
float64: {i}.to(torch.float64) / 3 | torch.zeros({N}, dtype=torch.float64) | {x}.dtype == torch.float64 | {b}.to(torch.float64) * {x}
data_ptr: (lambda s, t: s.data_ptr() == t.data_ptr())({x} * 1, {y}.exp()) | (lambda t: t.data_ptr() == t.view(-1).data_ptr())({plain}) | (lambda t: t[0].data_ptr() == t.data_ptr())({no_} * 1)
T: {no_}.T * {o_}.view(-1, 1) | {no_}.T @ {no_} | {no_}.T
requires_grad is_leaf: ({x}).@ | ({x} * {p}).@ | {x}.detach().@ | {x}.T.@ if {x}.ndim == 2 else {x}[None].@
grad_fn: {x}.detach().grad_fn is None | ({leaf} * 2).grad_fn is None | {leaf}.grad_fn is None | {leaf}[None].grad_fn is None
operator: {no_} @ {om_} | {x} + {p} | {x} - {p} | {x} * {p} | {x} / {v} | {u} ** {p} | -{x} | abs({x}) | ~{b} | {b} & {c} | {b} |{c} | {i} & {j}
operator: 2 + {x} | 2 - {x} | 1.5 * {x} | 1 / {u} | 2 ** {x} | {x} - 1 | {u} ** -1 | {u} ** -0.5
operator: {x} < {p} | {x} <= 0.5 | {i} > {j} | {x} >= {p} | {i} == {j} | {x} != {y} | {i} == 2 | {x} * {i} | {b} * {x} | {i} + True | {x} + {b}
x += y: y = {x} * 1; y += {p}; out = y | y = {u} * 1; y *= {v}; out = y | y = {x}.detach().clone(); y -= {p}; out = y | y = {x} * 1; y /= {v}; out = y
x += y: y = {u} * 1; y **= 2; out = y | y = torch.zeros_like({x}); y += {p}; out = y | y = {b}.clone(); y &= {c}; out = y
x += y: y = {b}.clone(); y |= {c}; out = y | y = {u} * 1; y **= {v}; out = y | y = {x} * 1; z = y.view(-1); z += 1; out = y
views: y = {no_} * 1; y.T[0] = 5.0; out = y | y = {no_} * 1; y.T[0].zero_(); out = y | y = {hno_} * 1; y.permute(2, 0, 1)[0] += 1; out = y
views: y = ({no_} * 1).contiguous(); y.view(-1)[1:].neg_(); out = y | y = {no_} * 1; y[:, 0:1].expand(-1, 1).mul_(3); out = y | y = {n_} * 1; y.unsqueeze(1).add_(2); out = y
views: y = {no_} * 1; y.flatten().exp_(); out = y | y = {hno_} * 1; y.transpose(0, 2)[0, 0] = {h_}; out = y | y = {no_} * 1; v = y[0]; y *= 2; out = v
views: y = {no_} * 1; v = y.T; y[0, 0] = 9.0; out = v * v | y = {no_} * 1; v = y.detach(); v += 1; out = y | y = {no_} * 1; y[None].squeeze(0)[0].copy_({o_}); out = y
views: y = {no_} * 1; v = y[0]; v += 1; w = y.T; w *= 2; out = (v, w, y) | y = {no_}.detach().clone(); v = y[0]; v += {o_}; out = (y, v) | y = {no_} * 1; y.reshape(-1)[0] = 4.0; out = y
retain_grad: y = {leaf}.exp(); z = y * 2 * y; y.retain_grad(); z.mean().backward(); out = y.grad | y = {leaf} * 2; v = y.view(-1); v.retain_grad(); v.square().sum().backward(); out = v.grad
backward: y = {leaf} * {leaf}; y.backward(torch.ones_like(y) * {N}); out = {leaf}.grad * 1 | y = {leaf}.exp().sum(); y.backward(retain_graph=True); y.backward(); out = {leaf}.grad * 1
grad: y = {leaf}.exp().mean(); y.backward(); out = {leaf}.grad * 1 | y = {leaf} * 2; y.sum().backward(); (y * y.detach()).sum().backward(retain_graph=True); out = {leaf}.grad * 1 | out = {leaf}.grad is None | y = {leaf}.square(); y.sum().backward(retain_graph=True); y.sum().backward(); out = {leaf}.grad.clone()
no_grad: with torch.no_grad():;     w = {leaf} * 2; out = (w + {leaf}, w.requires_grad) | f = torch.no_grad()(lambda t: t * 2); out = f({leaf})
requires_grad_: w = {x}.detach().requires_grad_(); w.square().sum().backward(); out = w.grad | w = {x}.detach().clone(); w.requires_grad_(); out = (w.requires_grad, w * 2)
copy_: w = torch.zeros(2, {O}); w[1].copy_({o_}); out = w * 2 | w = {x} * 2; w.copy_({p}); out = w | w = {i} * 2; w.copy_({i}); out = w
fill_: z = {x} * 2; z.fill_({N}.5); out = (z, {x} * 1) | z = torch.zeros(3, {N}); z[1].fill_(2); out = z
1 zero_: z = {x} * 2; z[0].zero_(); out = z | z = {x} * 2; y = z * 3; z.zero_(); out = (z, y)
"""

LINES = """
t = t * {no_}
t = t + {p}
t = t - t.mean({dim}, keepdim=True)
t = t / (1 + t.exp().sum({dim}, keepdim=True))
t = (t - t.max({dim}, keepdim=True).values).exp()
t = t * (t.square().mean({dim}, keepdim=True) + 0.1) ** -0.5
t = torch.tanh(t) * {p}
t = t + F.one_hot(t.argmax(1), {O})
t = t @ {om_} @ {mo_}
t = t[range({N}), {picks}].view(-1, 1) * {no_}
t += {p}
t = t.clone(); t[0] *= 2
t = t.clone(); t[range({N}), {picks}] -= 1
t = torch.where(t > 0.1, t, {p} * 0.5)
t = F.softmax(t, {dim}) + {no_}
t = torch.einsum('ik,jk->ij', t, {no_}) @ {no_}
t = t.var(0, keepdim=True) + t if {N} > 1 else t
t = t.T.contiguous().view({O}, {N}).T
t = t.clone().index_add_(0, torch.tensor([{N} - 1] * {N}), {no_})
t = t * t.detach() + {no_}.sum()
t = t.contiguous().view(-1)[torch.arange({N} * {O}).view({O}, {N}).T.reshape(-1)].view({N}, {O})
""".strip().splitlines()


class Draw(dict):
    """Draws what stands in braces; its leaves are random tensors under the names a, b, c, ..."""

    def __init__(self, seed, low=0, simple=False):
        self.rng, self.simple = random.Random(seed), simple
        self.leaves, self.grad = {}, []
        self.shape = self.some_shape(low)
        self.lengths = {letter: self.pick(1, 2, 3, 4) for letter in "hnom"}

    def pick(self, *options):
        return self.rng.choice(options)

    def some_shape(self, low=0):
        return tuple(self.pick(1, 2, 3, 4) for _ in range(self.rng.randint(low, 3)))

    def partner(self):
        """A shape that broadcasts with the expression's own."""
        shape = tuple(1 if self.rng.random() < 0.3 else length for length in self.shape)
        return shape[self.rng.randint(0, len(shape)) :]

    def leaf(self, shape, make, grad=False):
        def values(shape):
            return [values(shape[1:]) for _ in range(shape[0])] if shape else make()

        name = "abcdeghijklmnopq"[len(self.leaves)]
        self.leaves[name] = values(shape)
        if grad:
            self.grad.append(name)
        return name

    def whole(self, shape, low, high):
        return self.leaf(shape, lambda: self.rng.randint(low, high))

    def floats(self, shape, low=-2.0):
        """A float tensor of this shape, often seen through a view."""

        def make():
            return round(self.rng.uniform(low, 2.0), 3)

        grad = self.rng.random() < 0.8
        kind = (
            "plain"
            if self.simple
            else self.pick("plain", "plain", "T", "slice", "expand", "row", "times")
        )
        if kind == "T" and len(shape) == 2:
            return f"{self.leaf(shape[::-1], make, grad)}.T"
        if kind == "slice" and shape:
            start = self.pick(0, 1)
            longer = (shape[0] + start + self.pick(0, 1), *shape[1:])
            return f"{self.leaf(longer, make, grad)}[{start}:{start + shape[0]}]"
        if kind == "expand" and shape[:1] == (1,):
            return f"{self.leaf(shape[1:], make, grad)}.expand({', '.join(map(str, shape))})"
        if kind == "row":
            return f"{self.leaf((2, *shape), make, grad)}[{self.pick(0, 1)}]"
        name = self.leaf(shape, make, grad)
        return f"({name} * 1.5)" if kind == "times" and low < 0 else name

    def __missing__(self, name):
        self[name] = drawn = self.named(name)
        return drawn

    def named(self, name):
        shape, n, m = self.shape, self.lengths["n"], self.lengths["m"]
        if name.endswith("_"):
            return self.floats(tuple(self.lengths[letter] for letter in name[:-1]))
        if name in "HNOM":
            return self.lengths[name.lower()]
        if name == "leaf":
            return self.leaf(shape or (2,), lambda: round(self.rng.uniform(0.5, 2), 3), True)
        dim = self.rng.randrange(len(shape)) - self.pick(0, len(shape)) if shape else 0
        draw = {
            "x": lambda: self.floats(shape), "y": lambda: self.floats(shape), "s": lambda: self.floats(shape),
            "u": lambda: self.floats(shape, 0.2), "p": lambda: self.floats(self.partner()),
            "q": lambda: self.floats(self.partner()), "v": lambda: self.floats(self.partner(), 0.2),
            "plain": lambda: f"({self.floats(shape)} * 1).contiguous()",
            "twice": lambda: self.floats(tuple(length + 1 for length in shape)),
            "i": lambda: self.whole(shape, 0, 4), "j": lambda: self.whole(shape, 0, 4),
            "k": lambda: self.whole(self.partner(), 1, 3), "b": lambda: self.leaf(shape, lambda: self.pick(True, False)),
            "c": lambda: self.leaf(self.partner(), lambda: self.pick(True, False)),
            "rows": lambda: self.whole((m,), 0, n - 1), "table": lambda: self.whole((m, self.lengths["o"]), 0, n - 1),
            "picks": lambda: [self.rng.randrange(self.lengths["o"]) for _ in range(n)],
            "list": lambda: self.leaves.get(self.floats(shape)[:1], 2.5), "dim": lambda: dim,
            "by": lambda: self.pick("", *[f", {dim}", f", dim={dim}", f", {dim}, keepdim=True", f", dim={dim}, keepdims=True"]
                                    * bool(shape), *[", (0, -1)", ", (1, 0), keepdim=True"] * (len(shape) > 1)),
            "shape": lambda: ", ".join(map(str, shape)), "first": lambda: shape[0],
        }  # fmt: skip
        return draw[name]()


def index(d):
    """x[...] by anything that torch takes: the tensor, and what stands in its brackets."""
    shape, parts, n = d.shape, [], d.pick(1, 2, 3)
    kind = d.pick("basic", "lists", "mask", "mixed", "rows")
    if kind == "mask":
        return d["x"], d.leaf(shape[: d.rng.randint(1, len(shape))], lambda: d.pick(True, False))
    if kind == "rows" and len(shape) > 1:
        return d["x"], f"range({shape[0]}), {d.whole((shape[0],), 0, shape[1] - 1)}"
    for length in shape[: d.rng.randint(1, len(shape))]:
        k = d.rng.randrange(length)
        basic = d.pick(
            f"{k}", f"{k - length}", ":", f"{k}:", f":{k + 1}", f"::{k + 1}", f"-{length}:9:2"
        )
        chosen = [d.rng.randrange(length) for _ in range(n)]
        listed = d.pick(f"{chosen}", f"torch.tensor({chosen})", d.whole((n,), -length, length - 1))
        parts.append({"basic": basic, "lists": listed}.get(kind) or d.pick(basic, listed))
        parts += ["None"] * (d.rng.random() < 0.15)
    parts += ["..."] * (d.rng.random() < 0.2)
    return d["x"], ", ".join(["None"] * (d.rng.random() < 0.1) + parts)


def assignment(d):
    """x[...] = y, and x[...] += y, on something that has a history or not."""
    x, key = index(d)
    value = d.pick("0.5", "-2", f"y[{key}] * 2", f"y[{key}].detach()", "torch.tensor(1.5)")
    code = f"y = {x} * {d.pick(1, 2.0)}\n" + d.pick("", "", "y = y.detach()\n")
    return code + f"y[{key}] {d.pick('=', '=', '+=', '*=')} {value}\nout = y"


def program(d):
    """Some lines in a row, as a reader writes them."""
    d.shape = (d.lengths["n"], d.lengths["o"])
    code = f"t = {d['x']} * 1\n"
    for line in d.rng.sample(LINES, d.rng.randint(3, 5)):
        code += line.format_map(d) + "\n"
        d.clear()
    return code + "out = t"


def templates():
    """{name: [(fewest dimensions, template), ...]}"""
    found = {}
    for line in TEMPLATES.strip().splitlines():
        names, _, ways = line.partition(": ")
        low = int(names.startswith("1 "))
        for name in [names] if "=" in names else names.removeprefix("1 ").split():
            found.setdefault(name, []).extend((low, way) for way in ways.split(" | "))
    return found


def called(name, template, d):
    """The template as code: @(x, y) is torch.name(x, y) or x.name(y)."""
    whole = re.fullmatch(r"@\((\{\w+\})(?:, )?(.*)\)", template)
    if whole and d.pick(0, 1):
        template = f"{whole[1]}.{name}({whole[2]})"
    elif whole:
        template = "torch." + template
    if name == "detach":
        template = template.replace("@", "@()")
    code = template.replace("@", name) if " @ " not in template else template
    return code.replace("; ", "\n").format_map(d).replace("(, ", "(")


def changing(name, low, template, seed):
    """The in-place form: of a copy, of a view of it, or where nothing is recorded."""
    d = Draw(seed, low, simple=True)
    x, rest = re.fullmatch(r"@\((\{\w+\})(?:, )?(.*)\)", template).groups()
    x, rest = x.format_map(d), rest.format_map(d)
    code = d.pick(
        f"y = {x} * 1\nout = y.{name}_({rest})", f"y = {x} * 1\nv = y.view(y.shape)\nv.{name}_({rest})\nout = (y, v)",
        f"y = torch.zeros([2] + [1] * {x}.ndim) + {x}\nv = y[1]\nv.{name}_({rest})\nout = y",
        f"with torch.no_grad():\n    {x}.{name}_({rest})\nout = {x} * 1",
    )  # fmt: skip
    return d, code


def cases(changed, each, seed=0):
    """`each` cases for every name, and for every name in `changed` as many of its in-place form."""
    found = templates()
    for name, ways in sorted(found.items()):
        for k in range(max(each, len(ways))):
            low, template = ways[k % len(ways)]
            d = Draw(f"{seed} {name} {k}", low)
            yield finished(name, called(name, template, d), d)
    for name in changed:
        assert name in found, f"{name} has no line here that says how it is called: add one"
        ways = [
            way for way in found[name] if re.fullmatch(r"@\(\{.*", way[1]) and "{i}" not in way[1]
        ]
        for k in range(each):
            d, code = changing(name, *ways[k % len(ways)], f"{seed} {name}_ {k}")
            yield finished(f"{name}_", code, d)
    for draw in (index, assignment, program):
        for k in range(3 * each):
            d = Draw(f"{seed} {draw.__name__} {k}", 1)
            code = draw(d)
            yield finished(
                draw.__name__, code if isinstance(code, str) else "{}[{}]".format(*code), d
            )


def finished(name, code, d):
    code = code if "out = " in code else f"out = {code}"
    return {"name": name, "code": code, "leaves": d.leaves, "grad": d.grad}


# What torch refuses. {x} is a tensor of shape (n, m) that needs a gradient, {z} one that does
# not, {v} a vector of m, {w} a vector of another length, {y} a matrix that fits nowhere, {i}
# whole numbers and {b} truth values of the shape of {x}; n, m and other are lengths.
MISTAKES = """
out = {x} @ {y}
out = {y}.T @ {x}
out = {v} @ {y}
out = {x} @ {i}.T
out = {i} @ {x}.T
out = {x} @ torch.tensor(2.0)
out = {x} + {y}
out = {x} * {w}
out = {w} - {x}
out = torch.where({b}, {x}, {y})
out = torch.where({x}, {x}, {x})
{z} += {y}
{v} += {x}
{z} *= torch.ones(2, {n}, {m})
{i} += 1.5
{i} *= {x}
{b} += 1
{x} += 1
{x}[0] = 1
{x}[[0]] = 1
{x}[0, 0] += 1
{x}.T.mul_(2)
{x}.copy_({y})
{z}.copy_({y})
{z}[0] = {w}
{z}[[0, 0]] = {w}
{z}[{b}] = torch.ones(99)
{z}[{n}] = 1
{z}[0, {m}] = 1
out = {x}[{n}]
out = {x}[-{n} - 1]
out = {x}[0, {m}]
out = {x}[:, {m} + 2]
out = {x}[[0, {n}]]
out = {x}[range({n}), [{m}] * {n}]
out = {x}[range({n}), [0] * ({n} + 3)]
out = {x}[0, 0, 0]
out = {x}[1.5]
out = {x}[{b}.view(-1)]
out = {x}[::-1]
out = {v}.expand(2, {n}, {m})[0][{n}]
{v}.expand({n}, {m}).add_(1)
out = {x}.view({n} * {m} + 1)
out = {x}.view(-1, {n} * {m} + 1)
out = torch.ones(3, 2).T.view(6)
out = {x}.reshape({n} * {m} - 1, 7)
out = {x}.expand({n}, {m} + 1)
out = {x}.expand_as({y})
out = {x}.unsqueeze({other} + 2)
out = {x}.transpose(0, {other})
out = {x}.sum({other})
out = {x}.sum(0, keepdin=True)
out = {x}.mean(-{other})
out = {x}.cumsum({other})
out = {i}.mean()
out = {b}.mean()
out = {x}.max({other})
out = {x}.argmax({other})
out = {x}.amax({other})
out = torch.zeros(0, 3).max(0)
out = {x}.size({other})
out = F.softmax({x}, {other})
out = F.one_hot({i}, 2)
out = F.one_hot({x})
out = F.cross_entropy({x}, torch.tensor([0] * ({n} + 1)))
out = torch.einsum('ij,jk->ik', {x}, {y})
out = torch.einsum('ij,jk->ik', {x})
out = torch.einsum('ij', {x}, {x})
out = torch.einsum('ijk->i', {x})
out = {i} ** -1
out = {b} - {b}
out = -{b}
out = ~{x}
out = {x} + 'a'
out = {x} * [1, 2]
out = {x} - None
out = torch.allclose({x}, {y})
out = torch.exp(2.0)
out = torch.sum([1.0])
out = {x}.item()
out = bool({x})
out = torch.tensor([[1, 2], [3]])
{x}.backward()
{z}.sum().backward()
{x}.sum().backward(torch.ones(2))
s = ({x} * {x}).sum(); s.backward(); s.backward()
t = {x}.exp(); t += 1; t.sum().backward()
t = {x} * 2; s = t * t; t += 1; s.sum().backward()
t = {x} * 2; s = t * {x}; t[0] = 1; s.sum().backward()
{x}.exp().requires_grad_(False)
{i}.requires_grad_()
{z}.retain_grad()
""".strip().splitlines()


def mistakes(each, seed=0):
    """Every mistake with random shapes and numbers."""
    for number, line in enumerate(MISTAKES):
        for k in range(each):
            d = Draw(f"{seed} {number} {k}")
            n, m = d.pick(2, 3, 4), d.pick(2, 3, 4)
            d |= {"n": n, "m": m, "other": d.pick(2, 3, 5)}
            shapes = {"x": (n, m), "z": (n, m), "v": (m,), "w": (m + 2,), "y": (n + 3, m + 2)}
            for name, shape in shapes.items():
                if f"{{{name}}}" in line:
                    d[name] = d.leaf(shape, lambda d=d: round(d.rng.uniform(-2, 2), 3), name == "x")
            if "{i}" in line:
                d["i"] = d.whole((n, m), 2, 5)
            if "{b}" in line:
                d["b"] = d.leaf((n, m), lambda d=d: d.pick(True, False))
            yield finished(line, "out = None\n" + line.format_map(d).replace("; ", "\n"), d)
