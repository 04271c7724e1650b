"""Arithmetic, exp and the like, comparisons: what acts entry by entry, with its gradients."""

from . import layout
from .core import NUMBERS, Tensor, bool_, dtype_of, float64, full, kernel, new, spread
from .history import no_grad, record, rewrite, source


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


def nothing(g):
    return full(g.shape, 0.0)


def add(input, other, alpha=1):
    other = other if alpha == 1 else mul(other, alpha)
    return record(compute("add", input, other), "Add", (input, same), (other, same))


def sub(input, other, alpha=1):
    other = other if alpha == 1 else mul(other, alpha)
    if dtype_with(input, other) is bool_:
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported.")
    return record(compute("sub", input, other), "Sub", (input, same), (other, neg))


def mul(input, other):
    to_input, to_other = (input, lambda g: g * other, other), (other, lambda g: g * input, input)
    return record(compute("mul", input, other), "Mul", to_input, to_other)


def div(input, other):
    to_input = input, lambda g: g / other, other
    to_other = other, lambda g: -g * ((input / other) / other), input, other
    return record(compute("div", input, other, float64), "Div", to_input, to_other)


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


def square(input):
    return pow(input, 2)


def rsqrt(input):
    return pow(input, -0.5)


def reciprocal(input):
    return pow(input, -1.0)


def addcmul(input, tensor1, tensor2, value=1):
    return add(input, mul(tensor1, tensor2), alpha=value)


def unary(name, rule, reads_input=False):

    def function(input):
        dtype = float64 if name in ("exp", "log", "tanh", "sqrt") else input.dtype
        out = new(kernel.unary(name, spread(input, input.shape, dtype)), input.shape, dtype)
        read = input if reads_input else out
        return record(out, name[0].upper() + name[1:], (input, lambda g: rule(g, input, out), read))

    return function


exp = unary("exp", lambda g, x, y: g * y)
log = unary("log", lambda g, x, y: g / x, True)
tanh = unary("tanh", lambda g, x, y: g * (1 - y * y))
sqrt = unary("sqrt", lambda g, x, y: g / (2 * y))
abs = unary("abs", lambda g, x, y: g * sign(x), True)
sign = unary("sign", lambda g, x, y: nothing(g))
round = unary("round", lambda g, x, y: nothing(g))
negative = unary("neg", lambda g, x, y: -g)


def neg(input):
    if input.dtype is bool_:
        raise RuntimeError("Negation, the `-` operator, on a bool tensor is not supported.")
    return negative(input)


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


def masked_fill(input, mask, value):
    return where(mask, value, input)


def to(input, dtype):
    dtype = dtype.dtype if isinstance(dtype, Tensor) else dtype
    if dtype is input.dtype:
        return input
    return record(
        new(spread(input, input.shape, dtype), input.shape, dtype), "ToCopy", (input, same)
    )


def clone(input):
    return record(new(kernel.copy(input.flat()), input.shape, input.dtype), "Clone", (input, same))


def detach(input):
    return Tensor(input.storage, input.shape, input.dtype, input.strides, input.offset)


def comparison(name):
    return lambda input, other: compute(name, input, other, result=bool_)


eq, ne, lt, le, gt, ge = [comparison(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")]


def isnan(input):
    return ne(input, input)


def isclose(input, other, rtol=1e-05, atol=1e-08):
    a, b = detach(input), detach(other)
    return (a == b) | (abs(a - b) <= atol + rtol * abs(b))


def allclose(input, other, rtol=1e-05, atol=1e-08):
    return False not in isclose(input, other, rtol, atol).flat()


def equal(input, other):
    return input.shape == other.shape and False not in eq(input, other).flat()


def bitwise(name):
    return lambda input, other: compute(name, input, other)


def invert(input):
    if input.dtype is not bool_:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return eq(input, False)


def operator(function, otherwise=NotImplemented):
    def method(self, other):
        return function(self, other) if isinstance(other, (Tensor,) + NUMBERS) else otherwise

    return method


def in_place(function):
    """x.f_(...) and x += ..."""

    def method(self, *args, **kwargs):
        before = self
        if no_grad.recording and not self.leaf:  # rules read it as it was
            before = clone(detach(self))
            before.node = source(self)
        return rewrite(self, function(before, *args, **kwargs))

    return method


for name, function in (
    ("add", add), ("sub", sub), ("mul", mul), ("truediv", div), ("pow", pow),
    ("and", bitwise("and")), ("or", bitwise("or")),
):  # fmt: skip
    reflected = operator(lambda self, other, function=function: function(other, self))
    setattr(Tensor, f"__{name}__", operator(function))
    setattr(Tensor, f"__r{name}__", reflected)
    setattr(Tensor, f"__i{name}__", in_place(function))
for name, function in (("lt", lt), ("le", le), ("gt", gt), ("ge", ge)):
    setattr(Tensor, f"__{name}__", operator(function))
Tensor.__eq__, Tensor.__ne__ = operator(eq, False), operator(ne, True)
Tensor.__neg__, Tensor.__abs__, Tensor.__invert__ = neg, abs, invert
