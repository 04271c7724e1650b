"""Tensors out of numbers, and torch's random numbers for the same seed, as float32.

The generator is the Mersenne Twister. Normal numbers come in pairs (Box and Muller): one by
one if they are fewer than 16, else in blocks of eight radii and eight angles.
"""

import math
from array import array

from . import layout
from .core import Tensor, bool_, dtype_of, float64, full, int64, kernel, new, room
from .offers import in_functional, in_torch

WORD = 0xFFFFFFFF


def finished(out, requires_grad):
    return out.requires_grad_() if requires_grad else out


@in_torch
def tensor(data, dtype=None, requires_grad=False):
    if isinstance(data, Tensor):
        return finished(data.detach().clone().to(dtype or data.dtype), requires_grad)
    shape, entries = [], [data]
    while entries and isinstance(entries[0], (list, tuple, range)):
        shape.append(len(entries[0]))
        for row in entries:
            if len(row) != shape[-1]:
                raise ValueError(
                    f"expected sequence of length {shape[-1]} at dim {len(shape) - 1} (got {len(row)})"
                )
        entries = [x for row in entries for x in row]
    entries = [x.item() if isinstance(x, Tensor) else x for x in entries]
    ranks = [dtype_of(x).rank for x in entries] or [2]
    kind = (bool_, int64, float64)[max(ranks)]
    data = kernel.floats(entries) if kind is float64 else [type(kind.zero)(x) for x in entries]
    return finished(new(data, tuple(shape), kind).to(dtype or kind), requires_grad)


@in_torch
def as_tensor(data, dtype=None):
    return data.to(dtype or data.dtype) if isinstance(data, Tensor) else tensor(data, dtype)


def full_of(size, fill_value, dtype=None):
    return full(layout.sizes((size,)), fill_value, dtype or dtype_of(fill_value))


in_torch(full_of, "full")


def maker(name, value):
    def function(*size, dtype=None, requires_grad=False):
        return finished(full(layout.sizes(size), value, dtype or float64), requires_grad)

    return in_torch(function, name)


zeros, ones = maker("zeros", 0), maker("ones", 1)


@in_torch
def full_like(input, fill_value, dtype=None, requires_grad=False):
    return finished(full(input.shape, fill_value, dtype or input.dtype), requires_grad)


@in_torch
def zeros_like(input, **options):
    return full_like(input, 0, **options)


@in_torch
def ones_like(input, **options):
    return full_like(input, 1, **options)


@in_torch
def arange(start, end=None, step=1, dtype=None):
    start, end = (0, start) if end is None else (start, end)
    n = room((int(-((start - end) // step)),))
    entries = [start + k * step for k in range(n)]
    return tensor(entries, dtype or dtype_of(start + end + step))


@in_torch
def eye(n, m=None):
    return (arange(n).view(-1, 1) == arange(m or n)).to(float64)


@in_functional
def one_hot(input, num_classes=-1):
    if input.dtype is not int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    width = num_classes if num_classes > 0 else 1 + max(input.flat())
    if max(input.flat()) >= width:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return (input.unsqueeze(-1) == arange(width)).to(int64)


class Generator:
    def __init__(self):
        self.manual_seed(67280421310721)

    def manual_seed(self, seed):
        state = [seed & WORD]
        for k in range(1, 624):
            last = state[-1]
            state.append((1812433253 * (last ^ (last >> 30)) + k) & WORD)
        self.state, self.used, self.spare = state, 624, None
        return self

    def word(self):
        state = self.state
        if self.used == 624:
            for k in range(624):
                mixed = (state[k] & 0x80000000) | (state[(k + 1) % 624] & 0x7FFFFFFF)
                state[k] = state[(k + 397) % 624] ^ (mixed >> 1) ^ (0x9908B0DF if mixed & 1 else 0)
            self.used = 0
        bits = state[self.used]
        self.used += 1
        bits ^= bits >> 11
        bits ^= (bits << 7) & 0x9D2C5680
        bits ^= (bits << 15) & 0xEFC60000
        return bits ^ (bits >> 18)

    def uniform(self):
        return (self.word() & 0xFFFFFF) / 16777216

    def uniform_double(self):
        high = self.word()
        return ((high << 32 | self.word()) & 0x1FFFFFFFFFFFFF) / 9007199254740992

    def normal(self):
        if self.spare is not None:
            twin, self.spare = self.spare, None
            return twin
        angle = 2 * math.pi * self.uniform_double()
        radius = math.sqrt(-2 * math.log(1 - self.uniform_double()))
        self.spare = radius * math.sin(angle)
        return radius * math.cos(angle)


default_generator = Generator()


@in_torch
def manual_seed(seed):
    return default_generator.manual_seed(seed)


def normals(n, generator):
    if n < 16:
        return [generator.normal() for _ in range(n)]
    drawn = [generator.uniform() for _ in range(n)]
    for start in range(0, n - 15, 16):
        to_normal(drawn, start)
    if n % 16:  # the last 16 are drawn anew
        drawn[n - 16 :] = [generator.uniform() for _ in range(16)]
        to_normal(drawn, n - 16)
    return drawn


def to_normal(drawn, start):
    middle = start + 8  # all is rounded as torch rounds it
    logs = as_float32([math.log(1 - u) for u in drawn[start:middle]])
    radii = as_float32([math.sqrt(-2 * x) for x in logs])
    angles = as_float32([TURN * u for u in drawn[middle : middle + 8]])
    for place, turned in ((start, math.cos), (middle, math.sin)):
        across = as_float32([turned(angle) for angle in angles])
        drawn[place : place + 8] = [radius * x for radius, x in zip(radii, across)]


def as_float32(numbers):
    return list(array("f", numbers))


TURN = as_float32([2 * math.pi])[0]


def drawer(name, draw):
    def function(*size, generator=None, requires_grad=False):
        shape = layout.sizes(size)
        data = as_float32(draw(room(shape), generator or default_generator))
        return finished(new(kernel.floats(data), shape), requires_grad)

    return in_torch(function, name)


randn = drawer("randn", normals)
rand = drawer("rand", lambda n, generator: [generator.uniform() for _ in range(n)])


@in_torch
def randint(low, high, size=None, generator=None):
    low, high, size = (0, low, high) if isinstance(high, (tuple, list)) else (low, high, size)
    source = generator or default_generator
    entries = [low + source.word() % (high - low) for _ in range(room(size))]
    return new(entries, tuple(size), int64)
