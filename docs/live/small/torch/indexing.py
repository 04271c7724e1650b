"""x[...]: views by whole numbers and slices, copies by lists, tensors and masks; and x[...] = y."""

from . import layout
from .core import Tensor, bool_, full, int64, kernel, new, spread
from .creation import as_tensor, tensor
from .history import record, refuse_leaf, rewrite, view_of
from .offers import both, everywhere, method
from .pointwise import same
from .views import expand


def is_sequence(part):
    return isinstance(part, (list, tuple, range))


def parts_of(key):
    """Lists as tensors; a list of lists is a tuple, as in torch."""
    if not isinstance(key, tuple):
        nested = is_sequence(key) and [p for p in key if is_sequence(p)]
        key = tuple(key) if nested else (key,)
    return [tensor(p, None if len(p) else int64) if is_sequence(p) else p for p in key]


def uses(part):
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, Tensor) and part.dtype is bool_ else 1


def narrow(input, key):
    """The view that numbers, slices and None make, and what lists and tensors pick of it: None,
    or (the shape that they make, {dimension of the view: places})."""
    parts, pending = parts_of(key), list(zip(input.shape, input.stride()))
    free = input.ndim - sum([uses(part) for part in parts])
    if free < 0:
        raise IndexError(f"too many indices for tensor of dimension {input.ndim}")
    kept, offset, picks = [], input.offset, {}
    for part in parts + [Ellipsis]:
        dim = input.ndim - len(pending)
        if part is None:
            kept.append((1, 0))
        elif part is Ellipsis:
            kept += pending[:free]
            pending, free = pending[free:], 0
        elif isinstance(part, slice):
            length, stride = pending.pop(0)
            start, many, step = slice_of(part, length)
            offset += start * stride
            kept.append((many, step * stride))
        elif isinstance(part, Tensor) and part.ndim:
            for index in true_places(part, input.shape, dim) if part.dtype is bool_ else [part]:
                picks[len(kept)] = index
                kept.append(pending.pop(0))
        else:
            length, stride = pending.pop(0)
            offset += stride * from_front(part, length, dim)
    shape, strides = tuple([pair[0] for pair in kept]), tuple([pair[1] for pair in kept])
    if not picks or (shape, strides) != (input.shape, input.stride()):
        input = view_of(input, shape, strides, offset)
    return input, picked(picks, shape) if picks else None


def slice_of(part, length):
    step = 1 if part.step is None else int(part.step)
    if step <= 0:
        raise ValueError("step must be greater than zero")
    ends = []
    for end, otherwise in ((part.start, 0), (part.stop, length)):
        end = otherwise if end is None else int(end)
        ends.append(max(0, min(length, end + length if end < 0 else end)))
    return ends[0], max(0, -((ends[0] - ends[1]) // step)), step


def from_front(place, length, dim):
    if (place.dtype if isinstance(place, Tensor) else type(place)) not in (int, int64):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
            "are valid indices"
        )
    place = int(place)
    if not -length <= place < length:
        raise IndexError(f"index {place} is out of bounds for dimension {dim} with size {length}")
    return place % length


def true_places(mask, shape, dim):
    for k, (ours, due) in enumerate(zip(mask.shape, shape[dim:])):
        if ours != due:
            raise IndexError(
                f"The shape of the mask {list(mask.shape)} at index {k} does not match "
                f"the shape of the indexed tensor {list(shape)}"
            )
    places, indices = [k for k, is_true in enumerate(mask.flat()) if is_true], []
    for length in reversed(mask.shape):
        indices.insert(0, new([k % length for k in places], (len(places),), int64))
        places = [k // length for k in places]
    return indices


def picked(indices, shape):
    common, picks = (), {}
    for dim in sorted(indices):
        if indices[dim].dtype is not int64:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        try:
            common = layout.broadcast(common, indices[dim].shape)
        except RuntimeError:
            shapes = ", ".join([str(list(indices[d].shape)) for d in sorted(indices)])
            raise IndexError(
                f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
            ) from None
    for dim in indices:
        picks[dim] = [from_front(k, shape[dim], dim) for k in spread(indices[dim], common)]
    return common, picks


def runs(shape, strides, offset, picks):
    """Where the picks lie: the starts of runs, their width, the shape they make."""
    common, indices = picks
    dims = sorted(indices)
    free = [dim for dim in range(len(shape)) if dim not in indices]
    lead = [dim for dim in free if dim < dims[0]] if dims[-1] - dims[0] < len(dims) else []
    rest = [dim for dim in free if dim not in lead]
    moves = [0] * layout.count(common)
    for dim in dims:
        moves = [move + place * strides[dim] for move, place in zip(moves, indices[dim])]
    outer, inner = [[shape[d] for d in part] for part in (lead, rest)]
    steps = [strides[d] for d in rest]
    starts = layout.places(outer, [strides[d] for d in lead], offset)
    starts = [start + move for start in starts for move in moves]
    width, merged = layout.count(inner), layout.merged(inner, steps)
    if merged and merged != [(width, 1)]:
        within, width = layout.places(inner, steps), 1
        starts = [start + place for start in starts for place in within]
    return starts, width, tuple(outer) + common + tuple(inner)


def select(input, picks):
    starts, width, shape = runs(input.shape, input.stride(), input.offset, picks)
    out = new(kernel.take(input.storage.data, starts, width), shape, input.dtype)
    return record(out, "Index", (input, lambda g: placed(full(input.shape, 0.0), picks, g, True)))


def placed(input, picks, value, accumulate=False):
    """A copy with values at the picked places, or added there."""
    starts, width, shape = runs(input.shape, layout.strides_of(input.shape), 0, picks)
    value = as_tensor(value, input.dtype)
    try:
        fits = layout.broadcast(value.shape, shape) == shape
    except RuntimeError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast "
            f"to indexing result of shape {list(shape)}"
        )
    out = new(kernel.copy(input.flat()), input.shape, input.dtype)
    (kernel.add_at if accumulate else kernel.put)(
        out.storage.data, starts, width, spread(value, shape)
    )
    to_input = input, same if accumulate else lambda g: placed(g, picks, 0.0)
    return record(out, "IndexPut", to_input, (value, lambda g: select(g, picks)))


def getitem(input, key):
    view, picks = narrow(input, key)
    return view if picks is None else select(view, picks)


def setitem(input, key, value):
    view, picks = narrow(input, key)
    value = as_tensor(value)
    while picks is None and value.ndim > view.ndim and value.shape[0] == 1:
        value = value[0]
    if picks is None:
        copy_(view, expand(value, view.shape))
    else:
        rewrite(view, placed(view, picks, value))


@method
def copy_(input, other):
    refuse_leaf(input)
    shape, values = layout.broadcast(input.shape, other.shape), other.to(input.dtype)
    out = new(kernel.copy(spread(values, shape)), shape, input.dtype)
    zeros = input, lambda g: full(g.shape, 0.0)
    return rewrite(input, record(out, "Copy", zeros, (values, same)))


@method
def fill_(input, value):
    return copy_(input, as_tensor(value))


@method
def zero_(input):
    return fill_(input, 0)


@everywhere
def index_put(input, indices, values, accumulate=False):
    return placed(input, narrow(input, tuple(indices))[1], values, accumulate)


@everywhere
def index_add(input, dim, index, source, alpha=1):
    dim = layout.wrapped(dim, input.ndim)
    return placed(input, picked({dim: index}, input.shape), source * alpha, True)


def along(input, dim, index):
    dim, picks = layout.wrapped(dim, input.ndim), {}
    for d in range(input.ndim):
        picks[d] = layout.places(index.shape, [int(k == d) for k in range(input.ndim)])
    picks[dim] = [from_front(k, input.shape[dim], dim) for k in index.flat()]
    return index.shape, picks


@both
def gather(input, dim, index):
    return select(input, along(input, dim, index))


@everywhere
def scatter(input, dim, index, src):
    return placed(input, along(input, dim, index), src)


@everywhere
def scatter_add(input, dim, index, src):
    return placed(input, along(input, dim, index), src, True)


Tensor.__getitem__, Tensor.__setitem__ = getitem, setitem
