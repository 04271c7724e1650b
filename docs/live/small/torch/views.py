"""Other shapes over the same numbers: views, which share the storage."""

from . import layout
from .core import Tensor
from .history import view_of
from .offers import both, method


def is_contiguous(input):
    return layout.merged(input.shape, input.stride()) in ([], [(input.numel(), 1)])


@method
def view(input, *shape):
    shape = layout.inferred(layout.sizes(shape), input.numel())
    if not is_contiguous(input):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return view_of(input, shape, layout.strides_of(shape), input.offset)


@method
def contiguous(input):
    return input if is_contiguous(input) else input.clone()


@both
def reshape(input, *shape):
    return view(contiguous(input), layout.inferred(layout.sizes(shape), input.numel()))


@both
def flatten(input, start_dim=0):
    return reshape(input, input.shape[:start_dim] + (-1,))


@both
def unsqueeze(input, dim):
    dim = layout.wrapped(dim, input.ndim + 1)
    shape, strides = input.shape, input.stride()
    strides = strides[:dim] + (1,) + strides[dim:]
    return view_of(input, shape[:dim] + (1,) + shape[dim:], strides, input.offset)


@both
def squeeze(input, dim=None):
    goes = layout.dims_of(dim, input.ndim)
    return permuted(input, [k for k, n in enumerate(input.shape) if n != 1 or k not in goes])


def permuted(input, dims):
    shape, steps = [input.shape[k] for k in dims], input.stride()
    return view_of(input, tuple(shape), tuple([steps[k] for k in dims]), input.offset)


@both
def permute(input, *dims):
    dims = [layout.wrapped(dim, input.ndim) for dim in layout.sizes(dims)]
    if sorted(dims) != list(range(input.ndim)):
        raise RuntimeError("permute(): every dimension has to be named once")
    return permuted(input, dims)


@both
def transpose(input, dim0, dim1):
    dims = list(range(input.ndim))
    a, b = layout.wrapped(dim0, input.ndim), layout.wrapped(dim1, input.ndim)
    dims[a], dims[b] = dims[b], dims[a]
    return permuted(input, dims)


@both
def t(input):
    return input.T


@method
def expand(input, *shape):
    """Lengths of one repeated, by a stride of zero; -1 keeps a length."""
    shape = layout.sizes(shape)
    missing, whole, strides = len(shape) - input.ndim, (), ()
    for dim in reversed(range(len(shape))):
        length, here, step = shape[dim], 1, 0
        if dim >= missing:
            here, step = input.shape[dim - missing], input.stride()[dim - missing]
        length = here if length == -1 else length
        if here not in (1, length) or missing < 0:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) must match the existing size ({here}) "
                f"at non-singleton dimension {dim}."
            )
        whole, strides = (length,) + whole, (step if here == length else 0,) + strides
    return view_of(input, whole, strides, input.offset)


@method
def expand_as(input, other):
    return expand(input, other.shape)


Tensor.T = property(lambda self: permuted(self, range(self.ndim - 1, -1, -1)))
Tensor.data = property(lambda self: self.detach())
