"""torch.nn.functional"""

from ..creation import one_hot
from ..indexing import gather
from ..pointwise import tanh
from ..reductions import log_softmax, softmax, unsqueeze

__all__ = ["cross_entropy", "log_softmax", "one_hot", "softmax", "tanh"]


def cross_entropy(input, target, reduction="mean"):
    if input.shape[:-1] != target.shape:
        rows, others = len(input), target.numel()
        raise ValueError(
            f"Expected input batch_size ({rows}) to match target batch_size ({others})."
        )
    losses = -gather(log_softmax(input, -1), -1, unsqueeze(target, -1)).squeeze(-1)
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()
