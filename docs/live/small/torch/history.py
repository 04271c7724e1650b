"""How a tensor came about, and the way back: the graph of a computation, and `backward`.

A computed tensor has a node; its edges lead to what it was computed from, each with a rule
from the gradient of the result to that of the input. What was broadcast, `backward` sums.
A view leads to its base: when either is changed in place, only the base gets a new node.
"""

from . import layout
from .core import Tensor, float64, full, kernel, new, spread
from .offers import method


class no_grad:
    recording = True

    def __enter__(self):
        self.before, no_grad.recording = no_grad.recording, False

    def __exit__(self, *error):
        no_grad.recording = self.before

    def __call__(self, function):
        def inside(*args, **kwargs):
            with no_grad():
                return function(*args, **kwargs)

        return inside


class Node:
    """keepers are the tensors that keep the gradient of the result."""

    def __init__(self, name, edges):
        self.name, self.edges, self.keepers, self.freed = name, edges, {}, False

    def __repr__(self):
        return f"<{self.name}Backward0>"


def source(tensor):
    """Where its gradient goes on: a node, the tensor itself if it is a leaf, or None."""
    base = tensor.base
    if base is None:
        return tensor.node or (tensor if tensor.leaf else None)
    if tensor.seen is not base.node:  # the base was changed in place since
        tensor.seen, tensor.node, tensor.live = base.node, None, True
    if tensor.live and tensor.node is None:
        inner, outer = geometry(tensor), geometry(base)
        edge = source(base), base.shape, lambda g: moved(g, inner, outer), None
        tensor.node = Node("View", [edge])
    return tensor.node


def record(out, name, *ways):
    """Remember how `out` came about; each way is (input, rule, what the rule reads...)."""
    edges = []
    for way in ways if no_grad.recording and out.dtype is float64 else ():
        goal = source(way[0]) if isinstance(way[0], Tensor) else None
        if goal is not None:
            read = [(t, t.storage.version) for t in way[2:] if isinstance(t, Tensor)]
            edges.append((goal, way[0].shape, way[1], read if way[2:] else None))
    if edges:
        out.node = Node(name, edges)
    return out


def view_of(tensor, shape, strides, offset):
    n = len(tensor.storage.data)
    if strides and not offset and layout.merged(shape, strides) == [(n, 1)][: n != 1]:
        strides = None
    view = Tensor(tensor.storage, shape, tensor.dtype, strides, offset)
    if no_grad.recording:
        view.base = tensor if tensor.base is None else tensor.base
        view.seen, view.live = view.base.node, source(tensor) is not None
    return view


def geometry(tensor):
    return tensor.shape, tensor.strides, tensor.offset, len(tensor.storage.data)


def moved(g, there, here):
    """A gradient of one view as that of another: cut out, or among zeros."""
    buffer, (shape, strides, offset, n) = g.flat(), there
    if strides is not None:
        buffer = kernel.filled(n, 0.0)
        kernel.add_at(buffer, layout.places(shape, strides, offset), 1, g.flat())
    shape, strides, offset, _ = here
    steps = layout.strides_of(shape) if strides is None else strides
    return new(kernel.gather(buffer, shape, steps, offset), shape)


def refuse_leaf(tensor):
    base = tensor.base
    if no_grad.recording and (tensor.leaf if base is None else base.leaf and tensor.live):
        what = "a leaf Variable" if base is None else "a view of a leaf Variable"
        raise RuntimeError(f"{what} that requires grad is being used in an in-place operation.")


def rewrite(tensor, result):
    """Change a tensor in place: it gets the result's values and history."""
    refuse_leaf(tensor)
    shape, old, got = tensor.shape, tensor.dtype, result.dtype
    if result.shape != shape:
        raise RuntimeError(
            f"output with shape {list(shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    if got.rank > old.rank:
        raise RuntimeError(
            f"result type {got.title} can't be cast to the desired output type {old.title}"
        )
    if [1 for length, step in zip(shape, tensor.stride()) if length > 1 and not step]:
        raise RuntimeError("unsupported operation: more than one element of the written-to tensor")
    if no_grad.recording:
        inherit(tensor, result)
    tensor.write(spread(result, shape, old))
    return tensor


def inherit(tensor, result):
    base, goal = tensor.base, source(result)
    if base is None:
        tensor.node = goal
    elif goal is not None:
        inner, outer, old = geometry(tensor), geometry(base), source(base)
        edges = [(goal, result.shape, lambda g: moved(g, outer, inner), None)]
        if old is not None:
            rest = lambda g: g - moved(moved(g, outer, inner), inner, outer)  # noqa: E731
            edges.append((old, base.shape, rest, None))
        base.node = Node("CopySlices", edges)


def in_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, left = stack.pop()
        if left:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(edge[0], False) for edge in node.edges] if isinstance(node, Node) else []
    return reversed(order)


@method
def backward(self, gradient=None, retain_graph=False):
    root = source(self)
    if root is None:
        raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
    if gradient is None and self.numel() != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    gradient = full(self.shape, 1.0) if gradient is None else gradient.detach()
    if gradient.shape != self.shape:
        shape = f"torch.Size({list(gradient.shape)})"
        raise RuntimeError(f"Mismatch in shape: grad_output[0] has a shape of {shape}")
    waiting = {id(root): gradient}
    with no_grad():
        for node in in_order(root):
            g = waiting.pop(id(node))
            leaf = isinstance(node, Tensor)
            for keeper in [node] if leaf else node.keepers.values():
                keeper.grad = g.clone() if keeper.grad is None else keeper.grad + g
            for goal, piece in () if leaf else pieces(node, g):
                known = waiting.get(id(goal))
                waiting[id(goal)] = piece if known is None else known + piece
            node.freed = not retain_graph


def pieces(node, g):
    for goal, shape, rule, read in node.edges:
        if read is not None and node.freed:
            raise RuntimeError("Trying to backward through the graph a second time")
        if [1 for tensor, version in read or () if tensor.storage.version != version]:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an "
                "inplace operation"
            )
        piece = rule(g)
        if piece.shape != shape:  # what was repeated on the way forward is summed on the way back
            extra = piece.ndim - len(shape)
            dims = [d for d in range(piece.ndim) if d < extra or shape[d - extra] == 1]
            piece = piece.sum(dims, True).view(shape)
        yield goal, piece


@method
def retain_grad(self):
    node = source(self)
    if node is None:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if node is not self:
        node.keepers[id(self)] = self


@method
def requires_grad_(self, requires_grad=True):
    if not requires_grad and self.node is not None:
        raise RuntimeError("you can only change requires_grad flags of leaf variables.")
    if requires_grad and self.dtype is not float64:
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    if source(self) is None or not requires_grad:
        self.base, self.leaf = None, requires_grad
    return self


Tensor.requires_grad = property(lambda self: source(self) is not None, requires_grad_)
Tensor.grad_fn = property(lambda self: None if source(self) is self else source(self))
Tensor.is_leaf = property(lambda self: source(self) is None or source(self) is self)
