"""How a tensor prints: four digits, columns that line up, the middle of large ones left out."""

from .core import Tensor, float64
from .history import source


def text_of(tensor):
    node, short, values = source(tensor), tensor.numel() > 1000, tensor.reshape(-1).tolist()
    show = (lambda value: f"{value:.4g}") if tensor.dtype is float64 else str
    width = max([len(show(value)) for value in values] or [0])

    def block(nested, depth):
        down = tensor.ndim - depth - 1
        if down < 0:
            return " " * (width - len(show(nested))) + show(nested)
        parts = [block(row, depth + 1) for row in nested]
        if short and len(parts) > 6:
            parts[3:-3] = ["..."]
        return "[" + ("," + "\n" * down + " " * (8 + depth if down else 1)).join(parts) + "]"

    note = "" if node is None else ", requires_grad=True" if node is tensor else f", grad_fn={node}"
    return f"tensor({block(tensor.tolist(), 0)}{note})"


Tensor.__repr__ = Tensor.__str__ = text_of
