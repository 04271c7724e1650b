"""torch.nn has its functional part here, and nothing else."""

from . import functional
