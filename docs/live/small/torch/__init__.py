"""A small stand-in for torch: what writing gradients by hand needs, in a browser.

It behaves like torch after torch.set_default_dtype(torch.float64), but for these:
- float32 and float are names of float64; random numbers are drawn as float32.
- Results are contiguous. No gradients of gradients, devices, stacks of matrices, out=.
- x.item() goes where torch takes float(x) or f"{x:.4f}". In MicroPython, write x > 1 for 1 < x;
  x += y and x -= y are in place, x *= y and the like make a new x.
A name that it lacks says so. These are all that it has:

"""

import math

from . import core, indexing, nn, operators, pointwise, printing
from .core import Tensor, bool_, float64, int64
from .creation import Generator
from .history import no_grad
from .offers import both, everywhere, in_functional, in_torch, method

ATTRIBUTES = "T data dtype grad grad_fn is_leaf ndim requires_grad shape"
NAMES = "Generator Tensor bool double float float32 float64 inf int64 long nan nn no_grad"
LISTS = (
    ("torch.f(x), x.f() and x.f_(), which changes x", everywhere),
    ("torch.f(x), x.f()", both),
    ("x.f()", method),
    ("x.f", ATTRIBUTES.split()),
    ("torch.f()", in_torch),
    ("torch.f", NAMES.split()),
    ("torch.nn.functional.f()", in_functional),
)
__doc__ += "\n".join([f"{how}: {' '.join(sorted(names))}" for how, names in LISTS])


def for_tensors(name, function):

    def checked(input, *args, **kwargs):
        if not isinstance(input, Tensor):
            kind = type(input).__name__
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {kind}")
        return function(input, *args, **kwargs)

    return checked


for _offer in (everywhere, both, method):
    for _name in _offer:
        setattr(Tensor, _name, _offer[_name])
        if _offer is everywhere:
            setattr(Tensor, _name + "_", operators.in_place(_offer[_name]))
        if _offer is not method:
            globals()[_name] = for_tensors(_name, _offer[_name])
for _name in in_torch:
    globals()[_name] = in_torch[_name]
for _name in in_functional:
    setattr(nn.functional, _name, in_functional[_name])
pow, inf, nan = pointwise.pow, math.inf, math.nan  # torch.pow(2, x) has a number first
float = float32 = double = float64
long, bool = int64, bool_


def __getattr__(name):
    names = list(everywhere) + list(both) + list(in_torch)
    raise AttributeError(core.lacking("torch", name, sorted(names)))
