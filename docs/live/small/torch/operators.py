"""What Python's operators do with tensors: x + y, x < y, x @ y, x += y; and x.f_()."""

from .core import NUMBERS, Tensor, bool_
from .history import no_grad, rewrite, source
from .pointwise import abs, add, compute, div, eq, ge, gt, le, lt, mul, ne, neg, pow, sub
from .reductions import matmul


def bitwise(name):
    return lambda input, other: compute(name, input, other)


def invert(input):
    if input.dtype is not bool_:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return eq(input, False)


def operator(function, otherwise=NotImplemented):
    def operated(self, other):
        return function(self, other) if isinstance(other, (Tensor,) + NUMBERS) else otherwise

    return operated


def matrices(self, other):
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def in_place(function):
    """x.f_(...) and x += ..."""

    def changed(self, *args, **kwargs):
        before = self
        if no_grad.recording and not self.leaf:  # rules read it as it was
            before = self.detach().clone()
            before.node = source(self)
        return rewrite(self, function(before, *args, **kwargs))

    return changed


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
Tensor.__matmul__ = matrices
