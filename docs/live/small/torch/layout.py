"""Where the entries of a tensor lie in its storage: shapes and strides."""


def count(shape):
    product = 1
    for length in shape:
        product *= length
    return product


def strides_of(shape):
    strides, step = [], 1
    for length in reversed(shape):
        strides.insert(0, step)
        step *= length
    return tuple(strides)


def places(shape, strides, offset=0):
    places = [offset]
    for length, stride in zip(shape, strides):
        moves = [k * stride for k in range(length)]
        places = [place + move for place in places for move in moves]
    return places


def merged(shape, strides):
    """The same places with as few (length, stride) as will do."""
    kept = []
    for length, stride in zip(shape, strides):
        if kept and kept[-1][1] == length * stride:
            kept[-1] = (kept[-1][0] * length, stride)
        elif length != 1:
            kept.append((length, stride))
    return kept


def broadcast(a, b):
    ndim = max(len(a), len(b))
    a, b = (1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b
    for dim in reversed(range(ndim)):
        if a[dim] != b[dim] and 1 not in (a[dim], b[dim]):
            raise RuntimeError(
                f"The size of tensor a ({a[dim]}) must match the size of tensor b ({b[dim]}) "
                f"at non-singleton dimension {dim}"
            )
    return tuple([y if x == 1 else x for x, y in zip(a, b)])


def wrapped(dim, ndim):
    most = max(ndim, 1)
    if not -most <= dim < most:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-most}, {most - 1}], but got {dim})"
        )
    return dim % most


def dims_of(dim, ndim):
    """What a reduction takes away: for None, everything."""
    if dim is None or not ndim:
        dim = range(ndim)
    dims = dim if isinstance(dim, (tuple, list, range)) else [dim]
    return sorted([wrapped(d, ndim) for d in dims])


def inferred(shape, entries):
    known = count([length for length in shape if length != -1])
    if -1 in shape and known and entries % known == 0:
        shape = [entries // known if length == -1 else length for length in shape]
    if count(shape) != entries or -1 in shape:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {entries}")
    return tuple(shape)


def sizes(arguments):
    """The shape in f(2, 3), f((2, 3)) or f([2, 3])."""
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        arguments = arguments[0]
    return tuple([int(length) for length in arguments])
