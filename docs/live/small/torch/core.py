"""A tensor: a shape and strides over a storage, which views of it share."""

from . import layout
from .offers import both, method

try:
    from . import fast as kernel  # where there is ulab
except ImportError:
    from . import pure as kernel

MOST = 4_000_000  # numbers in one tensor: a page in a browser has to stay alive
NUMBERS = (bool, int, float)  # in MicroPython, True is no int


class dtype:
    def __init__(self, name, rank, zero, title, word):
        self.name, self.rank, self.zero, self.title, self.word = name, rank, zero, title, word

    def __repr__(self):
        return "torch." + self.name


bool_ = dtype("bool", 0, False, "Bool", "bool")
int64 = dtype("int64", 1, 0, "Long", "long int")
float64 = dtype("float64", 2, 0.0, "Double", "double")


def dtype_of(x):
    if isinstance(x, Tensor):
        return x.dtype
    return bool_ if isinstance(x, bool) else int64 if isinstance(x, int) else float64


class Storage:
    def __init__(self, data):
        self.data, self.version = data, 0


class Tensor:
    """strides is None for the whole storage in order; base is what this is a view of; node is
    its history, and leaf says that its gradient is wanted."""

    def __init__(self, storage, shape, dtype, strides=None, offset=0):
        self.storage, self.shape, self.dtype = storage, shape, dtype
        self.strides, self.offset, self.ndim = strides, offset, len(shape)
        self.grad = self.base = self.node = None
        self.leaf = False

    @method
    def size(self, dim=None):
        return self.shape if dim is None else self.shape[layout.wrapped(dim, self.ndim)]

    @method
    def dim(self):
        return self.ndim

    @both
    def numel(self):
        return layout.count(self.shape)

    @method
    def stride(self):
        return layout.strides_of(self.shape) if self.strides is None else self.strides

    @method
    def data_ptr(self):
        return id(self.storage) + 8 * self.offset

    @property
    def _version(self):
        return self.storage.version

    @method
    def element_size(self):
        return 8 if self.dtype.rank else 1

    @method
    def is_floating_point(self):
        return self.dtype is float64

    def flat(self):
        """The entries in order; may be the storage itself: never change them."""
        return self.storage.data if self.strides is None else spread(self, self.shape)

    def write(self, data):
        self.storage.version += 1
        kernel.write(self.storage.data, self.shape, self.stride(), self.offset, data)

    @method
    def tolist(self):
        rows = kernel.listed(self.flat())
        for n in reversed(self.shape):
            rows = [rows[k : k + n] for k in range(0, len(rows), n or 1)]
        return rows[0] if rows else []

    @method
    def item(self):
        if self.numel() != 1:
            raise RuntimeError(
                f"a Tensor with {self.numel()} elements cannot be converted to Scalar"
            )
        return self.flat()[0]

    def __len__(self):
        return self.shape[0]

    def __iter__(self):
        return iter([self[k] for k in range(len(self))])

    def __bool__(self):
        if self.numel() > 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        if self.dtype is float64:
            raise TypeError("only integer tensors of a single element")
        return int(self)

    def __hash__(self):
        return id(self)

    def __getattr__(self, name):
        raise AttributeError(lacking("Tensor", name, dir(Tensor)))


def lacking(owner, name, names):
    near = [known for known in names if known[0] != "_" and known[:3] == name[:3]]
    has = f"it has {', '.join(near)}" if near else "print(torch.__doc__) lists what it has"
    return f"this small torch has no {owner}.{name}; {has}"


def room(shape):
    entries = layout.count(shape)
    if not 0 <= entries <= MOST:
        raise RuntimeError(
            f"this small torch makes tensors of at most {MOST} numbers; this one would have {entries}"
        )
    return entries


def new(data, shape, dtype=float64):
    return Tensor(Storage(data), shape, dtype)


def full(shape, value, dtype=float64):
    return new(kernel.filled(room(shape), type(dtype.zero)(value)), shape, dtype)


def spread(tensor, shape, dtype=None):
    """The flat data of a tensor, broadcast, and in another dtype."""
    data, old = tensor.storage.data, tensor.dtype
    if tensor.strides is not None or tensor.shape != shape:
        room(shape)
        strides = [0 if n == 1 else step for n, step in zip(tensor.shape, tensor.stride())]
        strides = [0] * (len(shape) - tensor.ndim) + strides
        data = kernel.gather(data, shape, strides, tensor.offset)
    if dtype in (None, old):
        return data
    if dtype is float64:
        return kernel.floats(data)
    return [type(dtype.zero)(x) for x in kernel.listed(data)]
