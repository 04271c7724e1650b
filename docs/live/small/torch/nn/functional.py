"""torch.nn.functional: what is offered there, and cross_entropy, which is nowhere else."""

from ..indexing import gather
from ..offers import in_functional
from ..reductions import log_softmax
from ..views import unsqueeze


@in_functional
def cross_entropy(input, target, reduction="mean"):
    if input.shape[:-1] != target.shape:
        rows, others = len(input), target.numel()
        raise ValueError(
            f"Expected input batch_size ({rows}) to match target batch_size ({others})."
        )
    losses = -gather(log_softmax(input, -1), -1, unsqueeze(target, -1)).squeeze(-1)
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()
