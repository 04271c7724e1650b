"""A small stand-in for torch: what writing gradients by hand needs, in a browser.

It behaves like torch after torch.set_default_dtype(torch.float64), but for these:
- float32 and float are names of float64; random numbers are drawn as float32.
- Results are contiguous. No gradients of gradients, devices, stacks of matrices, out=.
- x.item() goes where torch takes float(x) or f"{x:.4f}". In MicroPython, write x > 1 for 1 < x;
  x += y and x -= y are in place, x *= y and the like make a new x.
A name that it lacks says so. These are all that it has:

"""

import math

from . import core, creation, history, indexing, nn, pointwise, printing, reductions, views
from .core import Tensor, bool_, float64, int64
from .creation import Generator
from .history import no_grad

POINTWISE = """abs add addcmul div exp log masked_fill mul neg pow reciprocal round rsqrt sign sqrt
    square sub tanh index_add index_put scatter scatter_add"""
BOTH = """all allclose amax amin any argmax argmin clone eq equal flatten gather ge gt isclose isnan
    le log_softmax logsumexp lt matmul max mean min ne numel outer permute reshape softmax
    squeeze std sum t transpose unsqueeze var where"""
METHODS = """backward bool contiguous copy_ data_ptr detach dim double element_size expand expand_as
    fill_ float int is_floating_point item long requires_grad_ retain_grad size stride to tolist
    view zero_"""
ATTRIBUTES = "T data dtype grad grad_fn is_leaf ndim requires_grad shape"
FUNCTIONS = """arange as_tensor einsum eye full full_like manual_seed ones ones_like rand randint
    randn tensor zeros zeros_like"""
NAMES = "Generator Tensor bool double float float32 float64 inf int64 long nan nn no_grad"
LISTS = (
    ("torch.f(x), x.f() and x.f_(), which changes x", POINTWISE),
    ("torch.f(x), x.f()", BOTH),
    ("x.f()", METHODS),
    ("x.f", ATTRIBUTES),
    ("torch.f()", FUNCTIONS),
    ("torch.f", NAMES),
    ("torch.nn.functional.f()", " ".join(nn.functional.__all__)),
)
__doc__ += "\n".join([f"{how}: {' '.join(names.split())}" for how, names in LISTS])


def find(name):
    for home in (pointwise, reductions, views, indexing, creation, history, Tensor):
        if hasattr(home, name):
            return getattr(home, name)


def for_tensors(name, function):

    def checked(input, *args, **kwargs):
        if not isinstance(input, Tensor):
            kind = type(input).__name__
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {kind}")
        return function(input, *args, **kwargs)

    return checked


def converter(dtype):
    return lambda self: pointwise.to(self, dtype)


Tensor.double = Tensor.float = converter(float64)
Tensor.long = Tensor.int = converter(int64)
Tensor.bool = converter(bool_)
for _name in (POINTWISE + " " + BOTH).split():
    setattr(Tensor, _name, find(_name))
    globals()[_name] = find(_name) if _name == "pow" else for_tensors(_name, find(_name))
for _name in POINTWISE.split():
    setattr(Tensor, _name + "_", pointwise.in_place(find(_name)))
for _name in METHODS.split():
    setattr(Tensor, _name, find(_name))
for _name in FUNCTIONS.split():
    globals()[_name] = find(_name)
full, inf, nan = creation.full_of, math.inf, math.nan
float = float32 = double = float64
long, bool = int64, bool_


def __getattr__(name):
    raise AttributeError(
        core.lacking("torch", name, " ".join([POINTWISE, BOTH, FUNCTIONS]).split())
    )
