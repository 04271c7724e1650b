"""What the float64 run does to torch: the same draws, and no gradient copied."""

import torch
from torch.overrides import TorchFunctionMode

DRAWS = {torch.randn, torch.rand, torch.randn_like, torch.rand_like, torch.normal}
DRAWS_IN_PLACE = {torch.Tensor.normal_, torch.Tensor.uniform_}


class Watch(TorchFunctionMode):
    """In float64: draw what float32 would draw, and follow what autograd wrote.

    The same seed draws other numbers in float64, so random numbers are drawn in
    float32 and converted. Whatever is computed from `x.grad`, or from
    `torch.autograd.grad(..., x)`, carries the id of x in its attribute
    `from_autograd`: a gradient of x that does so was copied, not derived.
    """

    def __torch_function__(self, function, classes, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in DRAWS and "dtype" not in kwargs:
            args = tuple(a.float() if isinstance(a, torch.Tensor) else a for a in args)
            asked = kwargs.pop("requires_grad", False)
            result = (
                function(*args, dtype=torch.float32, **kwargs)
                if function is not torch.normal
                else function(*args, **kwargs)
            )
            return result.double().requires_grad_(asked)
        if function in DRAWS_IN_PLACE and args[0].dtype == torch.float64:
            return args[0].copy_(function(args[0].float(), *args[1:], **kwargs))
        result = function(*args, **kwargs)
        inputs = list(tensors(args)) + list(tensors(kwargs))
        sources = frozenset().union(*(getattr(t, "from_autograd", ()) for t in inputs))
        name = getattr(function, "__name__", "")
        if function == torch.Tensor.grad.__get__:
            sources |= {id(args[0])}
        elif function is torch.autograd.grad:
            sources |= {id(t) for t in tensors(args[1:2] or (kwargs["inputs"],))}
        elif (
            name == "__setitem__"
            or (name.endswith("_") and not name.endswith("__"))
            or name.startswith("__i")
        ):
            mark(args[0], sources)
        for tensor in tensors(result):
            mark(tensor, sources)
        return result


def tensors(value):
    """Every tensor in nested lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def mark(tensor, sources):
    if sources:
        tensor.from_autograd = getattr(tensor, "from_autograd", frozenset()) | sources
