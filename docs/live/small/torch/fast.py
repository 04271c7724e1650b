"""The kernels on flat arrays of ulab, MicroPython's numpy. Lists, and what ulab lacks or does
in another way than torch, go to pure.py.
"""

from ulab import numpy as np

from . import pure
from .layout import merged

array = np.ndarray


def floats(values):
    return np.array(values) if len(values) else np.zeros(0)


def listed(data):
    return data.tolist() if type(data) is array else list(data)


def filled(n, value):
    return np.zeros(n) + value if type(value) is float else [value] * n


def copy(data):
    return data.copy() if type(data) is array else data[:]


def gather(data, shape, strides, offset):
    if type(data) is not array or 0 in shape:
        return floats([]) if type(data) is array else pure.gather(data, shape, strides, offset)
    return run(data, merged(shape, strides), offset)


def run(data, groups, start):
    """The entries of (length, stride) groups from a place on."""
    if not groups:
        return data[start : start + 1].copy()
    (n, step), inner = groups[0], groups[1:]
    if step == 0:
        row = run(data, inner, start)
        return (np.zeros((n, len(row))) + row.reshape((1, len(row)))).reshape((n * len(row),))
    if not inner:
        return data[start : start + (n - 1) * step + 1 : step].copy()
    if len(inner) == 1:
        m, across = inner[0]
        if across == 0:
            column = run(data, [(n, step)], start).reshape((n, 1))
            return (np.zeros((n, m)) + column).reshape((n * m,))
        if step == 1 and across == n:
            return data[start : start + n * m].reshape((m, n)).T.flatten()
    return np.concatenate(tuple([run(data, inner, start + k * step) for k in range(n)]))


def take(data, starts, width):
    if type(data) is not array:
        return pure.take(data, starts, width)
    if width == 1 or not starts:
        return floats([data[start] for start in starts])
    return np.concatenate(tuple([data[start : start + width] for start in starts]))


put, write = pure.put, pure.write


def add_at(data, starts, width, values):
    for k, start in enumerate(starts):
        data[start : start + width] += values[k * width : k * width + width]


UNARY = {"abs": lambda a: abs(a) + 0.0, "neg": lambda a: -a}


def unary(name, function, data):
    """The function of that name in ulab where it has one, such as np.exp."""
    if type(data) is not array:
        return pure.unary(name, function, data)
    quick = UNARY.get(name) or getattr(np, name, None)
    return quick(data) if quick else floats(pure.unary(name, function, data.tolist()))


BINARY = dict(pure.BINARY, eq=np.equal, ne=np.not_equal)
BINARY["div"], BINARY["pow"] = lambda a, b: a / b, lambda a, b: a**b


def binary(name, a, b):
    if type(a) is not array and type(b) is not array:
        return pure.binary(name, a, b)
    result = BINARY[name](a, b)
    return result if name in ("add", "sub", "mul", "div", "pow") else result.tolist()


def choose(condition, a, b):
    values = pure.choose(condition, listed(a), listed(b))
    return floats(values) if type(a) is array else values


def sum_rows(data, width):
    if type(data) is not array:
        return pure.sum_rows(data, width)
    return np.sum(data.reshape((len(data) // width, width)), axis=1)


def best_rows(data, width, largest):
    if type(data) is not array:
        return pure.best_rows(data, width, largest)
    total = np.sum(data)  # ulab's maximum does not see nan
    if total - total != 0:
        values, positions = pure.best_rows(listed(data), width, largest)
        return floats(values), positions
    table = data.reshape((len(data) // width, width))
    best = (np.max if largest else np.min)(table, axis=1)
    return best, (np.argmax if largest else np.argmin)(table, axis=1).tolist()


def matmul(a, b, n, k, m):
    if type(a) is not array:
        return pure.matmul(a, b, n, k, m)
    return np.dot(a.reshape((n, k)), b.reshape((k, m))).reshape((n * m,))
