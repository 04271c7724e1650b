"""The kernels, on lists: from flat data to new flat data; write, put and add_at change theirs.

fast.py has the same on ulab's arrays, for floats; whole numbers and truth values are lists.
"""

import math

from .layout import merged, places

NAN, INF = float("nan"), float("inf")


def floats(values):
    return [float(value) for value in values]


def listed(data):
    return list(data)


def filled(n, value):
    return [value] * n


def copy(data):
    return data[:]


def gather(data, shape, strides, offset):
    return [data[place] for place in places(shape, strides, offset)]


def write(data, shape, strides, offset, values):
    groups, width = merged(shape, strides), 1
    if groups and groups[-1][1] == 1:
        width = groups.pop()[0]
    starts = places([group[0] for group in groups], [group[1] for group in groups], offset)
    put(data, starts, width, values)


def take(data, starts, width):
    return [data[k] for start in starts for k in range(start, start + width)]


def put(data, starts, width, values):
    for k, start in enumerate(starts):
        data[start : start + width] = values[k * width : k * width + width]


def add_at(data, starts, width, values):
    for k, start in enumerate(starts):
        for j in range(width):
            data[start + j] += values[k * width + j]


def divide(x, y):
    if y:
        return x / y
    return NAN if x == 0 or x != x else math.copysign(INF, x) * math.copysign(1, y)


def power(x, y):
    try:
        result = x**y
    except (ZeroDivisionError, OverflowError):
        return INF
    return NAN if isinstance(result, complex) else result


BINARY = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": divide,
    "pow": power,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
    "and": lambda x, y: x & y,
    "or": lambda x, y: x | y,
}


def unary(name, function, data):
    """A function of each number; where it is too large or has no value, what torch has there."""

    def guarded(x):
        try:
            return function(x)
        except OverflowError:
            return function(math.copysign(INF, x))
        except ValueError:  # of a zero: it is a logarithm
            return NAN if x else -INF

    return [guarded(x) for x in data]


def binary(name, a, b):
    function = BINARY[name]
    if not isinstance(b, list):
        return [function(x, b) for x in a]
    if not isinstance(a, list):
        return [function(a, y) for y in b]
    return [function(x, y) for x, y in zip(a, b)]


def choose(condition, a, b):
    return [x if is_true else y for is_true, x, y in zip(condition, a, b)]


def rows(data, width):
    return [data[k : k + width] for k in range(0, len(data), width)]


def sum_rows(data, width):
    return [sum(row) for row in rows(data, width)]


def best_rows(data, width, largest):
    values, positions = [], []
    for row in rows(data, width):
        holes = [k for k, x in enumerate(row) if x != x]
        position = holes[0] if holes else row.index(max(row) if largest else min(row))
        values.append(row[position])
        positions.append(position)
    return values, positions


def matmul(a, b, n, k, m):
    columns = [b[j::m] for j in range(m)]
    lines = [a[i * k : i * k + k] for i in range(n)]
    return [sum([x * y for x, y in zip(row, column)]) for row in lines for column in columns]
