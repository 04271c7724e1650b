"""The kinds of comparisons: how far the sides of each may be apart.

The bounds are those of `cmp` and `check` in snippets/setup/compare.py, which readers see; that of
a finite difference is narrower for what is nearly zero.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    """Bounds by the run's float type: a share of the largest entry, plus this much."""

    float32: tuple[float, float] = (1e-6, 1e-7)
    float64: tuple[float, float] = (1e-9, 1e-12)
    exact: bool = True  # whether the sides differ by rounding alone


KINDS = {
    "gradient": Kind(),
    "equation": Kind(),
    "forward": Kind(),
    "invariant": Kind(),
    # Taken in float64 in both runs; such a quotient holds to fewer digits.
    "finite_difference": Kind(float64=(1e-6, 1e-9), exact=False),
}
