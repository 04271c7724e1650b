"""Sums, means, maxima, products of matrices: what makes one number of many."""

from collections import namedtuple

from . import layout
from .core import bool_, float64, full, int64, kernel, new, room
from .history import record, view_of
from .offers import both, in_functional, in_torch
from .pointwise import div, eq, exp, log, mul, ne, sqrt, square, sub
from .views import expand, reshape, squeeze, transpose, unsqueeze


def lined_up(input, dim, keepdim):
    """The data with what is reduced in rows, their width, the shape with ones, and the shape."""
    dims, shape, steps = layout.dims_of(dim, input.ndim), input.shape, input.stride()
    stay = [d for d in range(input.ndim) if d not in dims]
    order, data = stay + dims, input.flat()
    if order != sorted(order):
        lengths, strides = [shape[d] for d in order], [steps[d] for d in order]
        data = kernel.gather(input.storage.data, lengths, strides, input.offset)
    kept = tuple([1 if d in dims else length for d, length in enumerate(shape)])
    width = layout.count([shape[d] for d in dims])
    return data, width, kept, kept if keepdim else tuple([shape[d] for d in stay])


@both
def sum(input, dim=None, keepdim=False, keepdims=False):
    data, width, kept, shape = lined_up(input, dim, keepdim or keepdims)
    dtype, whole = float64 if input.dtype is float64 else int64, input.shape
    data = kernel.sum_rows(data, width) if width else kernel.filled(layout.count(shape), dtype.zero)
    return record(
        new(data, shape, dtype), "Sum", (input, lambda g: expand(reshape(g, kept), whole))
    )


@both
def mean(input, dim=None, keepdim=False, keepdims=False):
    if input.dtype is not float64:
        raise RuntimeError("mean(): could not infer output dtype.")
    total = sum(input, dim, keepdim or keepdims)
    return div(total, input.numel() // (total.numel() or 1))


@both
def var(input, dim=None, unbiased=True, keepdim=False, correction=1, keepdims=False):
    if isinstance(dim, bool):  # var(False): the first argument may be `unbiased`
        dim, unbiased = None, dim
    away = sub(input, mean(input, dim, True))
    total = sum(square(away), dim, keepdim or keepdims)
    free = input.numel() // total.numel() - (correction if unbiased else 0)
    return div(total, free if free > 0 else 0)


def running(input, dim, step):
    """The sums up to each entry; with a step of -1, of each entry and all that follow it."""
    if not input.ndim:
        return input.clone()
    rows, sums = transpose(input, dim, -1), []
    for k, x in enumerate(kernel.listed(rows.flat())[::step]):
        sums.append(x + sums[-1] if k % rows.shape[-1] else x)
    sums = kernel.floats(sums[::step]) if input.dtype is float64 else sums[::step]
    across = transpose(new(sums, rows.shape, input.dtype), dim, -1)
    return new(across.flat(), input.shape, input.dtype)


@both
def cumsum(input, dim):
    dim, numbers = layout.wrapped(dim, input.ndim), input.detach()
    out = running(numbers.long() if input.dtype is bool_ else numbers, dim, 1)
    return record(out, "Cumsum", (input, lambda g: running(g, dim, -1)))


@both
def std(input, *dim, **options):
    return sqrt(var(input, *dim, **options))


@both
def logsumexp(input, dim, keepdim=False):
    largest = amax(input.detach(), dim, True)
    out = log(sum(exp(sub(input, largest)), dim, True)) + largest
    return out if keepdim else squeeze(out, dim)


@both
@in_functional
def log_softmax(input, dim):
    return sub(input, logsumexp(input, dim, True))


@both
@in_functional
def softmax(input, dim):
    powers = exp(sub(input, amax(input.detach(), dim, True)))
    return div(powers, sum(powers, dim, True))


def best(input, dim, keepdim, name, sharing):
    """The best entries and their places; ties share a gradient, or the first gets it."""
    data, width, kept, shape = lined_up(input, dim, keepdim)
    if not width:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
    values, places = kernel.best_rows(data, width, "x" in name)
    out, indices = new(values, shape, input.dtype), new(places, shape, int64)

    def to_winners(g):
        if sharing:
            winners = eq(input, reshape(out.detach(), kept)).double()
            return winners / sum(winners, dim, True) * reshape(g, kept)
        zeros = full(input.shape, 0.0)
        return zeros.scatter(dim, reshape(indices, kept), reshape(g, kept))

    return record(out, name[0].upper() + name[1:], (input, to_winners, input)), indices


def extreme(name):
    pair = namedtuple(name, ("values", "indices"))

    def with_dim(input, dim=None, keepdim=False, keepdims=False):
        best_of = best(input, dim, keepdim or keepdims, name, dim is None)
        return best_of[0] if dim is None else pair(*best_of)

    def values(input, dim=None, keepdim=False, keepdims=False):
        return best(input, dim, keepdim or keepdims, "a" + name, True)[0]

    def places(input, dim=None, keepdim=False):
        return best(input.detach(), dim, keepdim, "arg" + name, False)[1]

    return both(with_dim, name), both(values, "a" + name), both(places, "arg" + name)


max, amax, argmax = extreme("max")
min, amin, argmin = extreme("min")


@both
def any(input, dim=None, keepdim=False, keepdims=False):
    return ne(sum(ne(input, 0), dim, keepdim or keepdims), 0)


@both
def all(input, dim=None, keepdim=False, keepdims=False):
    return eq(sum(eq(input, 0), dim, keepdim or keepdims), 0)


@both
def matmul(input, other):
    a, b = input, other
    if not a.ndim or not b.ndim:
        raise RuntimeError("both arguments to matmul need to be at least 1D")
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {a.dtype.word} != {b.dtype.word}"
        )
    if b.ndim > 2:
        raise NotImplementedError("this small torch multiplies no stacks of matrices; einsum does")
    if b.ndim == 1:
        return squeeze(matmul(a, unsqueeze(b, 1)), -1)
    if a.ndim != 2:
        return reshape(matmul(reshape(a, (-1, a.shape[-1])), b), a.shape[:-1] + b.shape[1:])
    (n, k), (inner, m) = a.shape, b.shape
    if k != inner:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({n}x{k} and {inner}x{m})")
    room((n, m))
    out = new(kernel.matmul(a.flat(), b.flat(), n, k, m), (n, m), a.dtype)
    return record(out, "Mm", (a, lambda g: g @ b.T, b), (b, lambda g: a.T @ g, a))


@both
def outer(input, vec2):
    return mul(unsqueeze(input, 1), vec2)


@in_torch
def einsum(equation, *operands):
    """Every operand as a view over all indices, their product, and a sum."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms, lengths, product = left.split(","), {}, None
    if not arrow:
        right = "".join([x for x in sorted(set(left) - {","}) if left.count(x) == 1])
    if len(terms) != len(operands):
        word = "fewer" if len(operands) < len(terms) else "more"
        raise RuntimeError(
            f"einsum(): {word} operands were provided than specified in the equation"
        )
    for number, (term, x) in enumerate(zip(terms, operands)):
        if len(term) != x.ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(term)}) does not match "
                f"the number of dimensions ({x.ndim}) for operand {number}"
            )
        for name, length in zip(term, x.shape):
            if lengths.setdefault(name, length) != length:
                raise RuntimeError(
                    f"einsum(): subscript {name} has size {length} for operand {number}"
                )
    order = right + "".join([name for name in sorted(lengths) if name not in right])
    shape = tuple([lengths[name] for name in order])
    for term, x in zip(terms, operands):
        strides = [0] * len(order)
        for name, step in zip(term, x.stride()):
            strides[order.index(name)] += step
        spread_out = view_of(x, shape, tuple(strides), x.offset)
        product = spread_out if product is None else mul(product, spread_out)
    gone = list(range(len(right), len(order)))
    return sum(product, gone) if gone else product
