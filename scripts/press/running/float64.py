"""What the float64 run does to torch: the same draws, and no gradient copied."""

import functools

import torch
from torch.overrides import TorchFunctionMode

DRAWS = {torch.randn, torch.rand, torch.randn_like, torch.rand_like, torch.normal}
DRAWS_IN_PLACE = {torch.Tensor.normal_, torch.Tensor.uniform_}
GET_GRAD, SET_GRAD = torch.Tensor.grad.__get__, torch.Tensor.grad.__set__
NOTHING = frozenset()


class Watch(TorchFunctionMode):
    """In float64: draw what float32 would draw, and follow what autograd wrote.

    The same seed draws other numbers in float64, so random numbers are drawn in
    float32 and converted. Whatever is computed from `x.grad`, or from
    `torch.autograd.grad(..., x)`, carries the id of x in its attribute
    `from_autograd`: a gradient of x that does so was copied, not derived. A tensor
    that the page writes into is `written`: as somebody's .grad it proves nothing.
    """

    def __init__(self):
        super().__init__()
        self.kept = {}

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
        self.follow(function, args, kwargs, result)
        return result

    def follow(self, function, args, kwargs, result):
        """Mark what now holds something that autograd wrote."""
        sources = origins(args) | origins(kwargs.values())
        if function == GET_GRAD:
            sources |= self.owners(args[:1])
        elif function is torch.autograd.grad:
            sources |= self.owners(args[1:2] or (kwargs["inputs"],))
        elif function == SET_GRAD:
            if args[1] is not None:
                args[1].written = True
        elif changes_in_place(function):
            for tensor in tensors(args[:1]):
                tensor.written = True
                taint(tensor, sources)
        if sources:
            for tensor in tensors(result):
                taint(tensor, sources)

    def owners(self, value):
        """The ids of tensors whose gradient was asked for; they are kept, so that no id is reused."""
        asked = list(tensors(value))
        self.kept.update((id(tensor), tensor) for tensor in asked)
        return frozenset(id(tensor) for tensor in asked)


@functools.cache
def changes_in_place(function):
    """Whether a function of torch writes into its first argument."""
    name = getattr(function, "__name__", "")
    if name in ("zero_", "requires_grad_", "detach_"):  # these put nothing into a gradient
        return False
    special = name.startswith("__")
    return name == "__setitem__" or (name.startswith("__i") if special else name.endswith("_"))


def origins(values):
    """The ids of all whose gradient went into these; every operation asks, so it is quick."""
    ids = NOTHING
    for value in values:
        if isinstance(value, torch.Tensor):
            ids |= getattr(value, "from_autograd", NOTHING)
        elif isinstance(value, (list, tuple)):
            ids |= origins(value)
        elif isinstance(value, dict):
            ids |= origins(value.values())
    return ids


def tensors(value):
    """Every tensor in nested lists and tuples."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def taint(tensor, sources):
    """Note where a tensor comes from; a parameter that a gradient updates is no gradient."""
    if sources and not (tensor.is_leaf and tensor.requires_grad):
        tensor.from_autograd = getattr(tensor, "from_autograd", NOTHING) | sources
