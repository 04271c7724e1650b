"""Arithmetic, exp and the like, comparisons: what acts entry by entry, with its gradients."""

import math

from . import layout
from .core import Tensor, bool_, dtype_of, float64, full, int64, kernel, new, spread
from .history import record
from .offers import both, everywhere, in_functional, method


def dtype_with(a, b):
    one, other = dtype_of(a), dtype_of(b)
    return one if one.rank >= other.rank else other


def compute(name, a, b, dtype=None, result=None):
    """A kernel on two operands, tensors or numbers; no history yet."""
    dtype, shape, read = dtype or dtype_with(a, b), (), []
    for x in (a, b):
        shape = layout.broadcast(shape, x.shape) if isinstance(x, Tensor) else shape
    for x in (a, b):
        number = x * 1.0 if dtype is float64 and not isinstance(x, Tensor) else x
        read.append(spread(x, shape, dtype) if isinstance(x, Tensor) else number)
    data = kernel.binary(name, *read)
    if dtype is bool_ and not result:
        data = [bool(x) for x in data]  # True + True is 2 in Python, True in torch
    return new(data, shape, result or dtype)


def same(g):
    return g


def nothing(g, *_):
    return full(g.shape, 0.0)


@everywhere
def add(input, other, alpha=1):
    other = other if alpha == 1 else mul(other, alpha)
    return record(compute("add", input, other), "Add", (input, same), (other, same))


@everywhere
def sub(input, other, alpha=1):
    other = other if alpha == 1 else mul(other, alpha)
    if dtype_with(input, other) is bool_:
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported.")
    return record(compute("sub", input, other), "Sub", (input, same), (other, neg))


@everywhere
def mul(input, other):
    to_input, to_other = (input, lambda g: g * other, other), (other, lambda g: g * input, input)
    return record(compute("mul", input, other), "Mul", to_input, to_other)


@everywhere
def div(input, other):
    to_input = input, lambda g: g / other, other
    to_other = other, lambda g: -g * ((input / other) / other), input, other
    return record(compute("div", input, other, float64), "Div", to_input, to_other)


@everywhere
def pow(input, exponent):
    number = not isinstance(exponent, Tensor)
    if number and exponent < 0 and dtype_with(input, exponent) is not float64:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    out = compute("pow", input, exponent)

    def to_input(g):
        return nothing(g) if number and not exponent else g * (exponent * input ** (exponent - 1))

    def to_exponent(g):
        base = input if isinstance(input, Tensor) else full((), input)
        flat = (base == 0) & (exponent >= 0)  # zero stays zero, whatever the power
        return g * where(flat, 0.0, out * log(base))

    to_exponent = exponent, to_exponent, input, out
    return record(out, "Pow", (input, to_input, input, exponent), to_exponent)


def power(name, exponent):
    return everywhere(lambda input: pow(input, exponent), name)


square, rsqrt, reciprocal = power("square", 2), power("rsqrt", -0.5), power("reciprocal", -1.0)


@everywhere
def addcmul(input, tensor1, tensor2, value=1):
    return add(input, mul(tensor1, tensor2), alpha=value)


def unary(name, of_number, rule, reads_input=False):
    """A function of each entry, offered under this name; the rule is from the gradient g of
    its result y to that of its input x. If it makes a float of 1, it makes floats."""
    floats = type(of_number(1)) is float

    def function(input):
        dtype = float64 if floats else input.dtype
        data = kernel.unary(name, of_number, spread(input, input.shape, dtype))
        out = new(data, input.shape, dtype)
        way = input, lambda g: rule(g, input, out), input if reads_input else out
        return record(out, name[0].upper() + name[1:], way)

    return everywhere(function, name)


def logistic(x):
    small = math.exp(-math.fabs(x))
    return (1 if x > 0 else small) / (1 + small)


rounded = round  # Python's own
exp = unary("exp", math.exp, lambda g, x, y: g * y)
log = unary("log", math.log, lambda g, x, y: g / x, True)
tanh = in_functional(unary("tanh", math.tanh, lambda g, x, y: g * (1 - y * y)), "tanh")
sigmoid = in_functional(unary("sigmoid", logistic, lambda g, x, y: g * (y * (1 - y))), "sigmoid")
sinh = unary("sinh", math.sinh, lambda g, x, y: g * cosh(x), True)
cosh = unary("cosh", math.cosh, lambda g, x, y: g * sinh(x), True)
sqrt = unary("sqrt", math.sqrt, lambda g, x, y: g / (2 * y))
abs = unary("abs", abs, lambda g, x, y: g * sign(x), True)
sign = unary("sign", lambda x: type(x)((x > 0) - (x < 0)), nothing)
round = unary("round", lambda x: type(x)(rounded(x)) if math.fabs(x) < 2**52 else x, nothing)


@everywhere
def neg(input):
    if input.dtype is bool_:
        raise RuntimeError("Negation, the `-` operator, on a bool tensor is not supported.")
    data = kernel.unary("neg", lambda x: -x, input.flat())
    return record(new(data, input.shape, input.dtype), "Neg", (input, neg))


@both
def where(condition, input, other):
    if condition.dtype is not bool_:
        raise RuntimeError("where expected condition to be a boolean tensor")
    dtype = dtype_with(input, other)
    a, b = [x if isinstance(x, Tensor) else full((), x, dtype) for x in (input, other)]
    shape = layout.broadcast(layout.broadcast(condition.shape, a.shape), b.shape)
    flat = spread(condition, shape), spread(a, shape, dtype), spread(b, shape, dtype)
    to_input = input, lambda g: where(condition, g, 0.0), condition
    to_other = other, lambda g: where(condition, 0.0, g), condition
    return record(new(kernel.choose(*flat), shape, dtype), "Where", to_input, to_other)


@everywhere
def masked_fill(input, mask, value):
    return where(mask, value, input)


@method
def to(input, dtype):
    dtype = dtype.dtype if isinstance(dtype, Tensor) else dtype
    if dtype is input.dtype:
        return input
    return record(
        new(spread(input, input.shape, dtype), input.shape, dtype), "ToCopy", (input, same)
    )


@both
def clone(input):
    return record(new(kernel.copy(input.flat()), input.shape, input.dtype), "Clone", (input, same))


@method
def detach(input):
    return Tensor(input.storage, input.shape, input.dtype, input.strides, input.offset)


for _name, _dtype in (
    ("double", float64), ("float", float64), ("long", int64), ("int", int64), ("bool", bool_),
):  # fmt: skip
    method(lambda input, _dtype=_dtype: to(input, _dtype), _name)


def comparison(name):
    return both(lambda input, other: compute(name, input, other, result=bool_), name)


eq, ne, lt, le, gt, ge = [comparison(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")]


@both
def isnan(input):
    return ne(input, input)


@both
def isclose(input, other, rtol=1e-05, atol=1e-08):
    a, b = detach(input), detach(other)
    return (a == b) | (abs(a - b) <= atol + rtol * abs(b))


@both
def allclose(input, other, rtol=1e-05, atol=1e-08):
    return False not in isclose(input, other, rtol, atol).flat()


@both
def equal(input, other):
    return input.shape == other.shape and False not in eq(input, other).flat()
