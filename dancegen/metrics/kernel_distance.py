"""Kernel distance (KID): how far two sets of features are apart, whatever their size.

Aim: the squared maximum mean discrepancy with the kernel (x . y / d + 1)^3 (Bińkowski et al. 2018), in its unbiased
form: 0 is expected for two sets of one distribution however few samples there are, so values of sets of different
sizes can be compared, which Fréchet distances cannot.

Samples of one song are alike. Where ``groups`` say which song a sample is of, pairs within a song are left out of the
means within a set (they would make it look as if the sets were apart), and the interval is a bootstrap over songs:
whole songs are drawn with replacement, and a song is never paired with itself.

Known flaws: cubes of features let a single odd dance weigh much; the unit means nothing by itself, so print the value
of one half of the ground truth against the other beside it.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.validate import validate_features, validate_groups

RESAMPLES = 2000


@dataclass(frozen=True)
class KernelDistance:
    """KID and its interval.

    Attributes:
        value: unbiased, so that it may be negative.
        low, high: interval by bootstrap over groups (percentiles); NaN where a set has fewer than three groups.
    """

    value: float
    low: float
    high: float


def kernel_distance(
    a: np.ndarray,
    b: np.ndarray,
    groups_a: np.ndarray | None = None,
    groups_b: np.ndarray | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> KernelDistance:
    """Unbiased kernel distance of two sets.

    Args:
        a: (n, d) features, standardised.
        b: (m, d).
        groups_a: (n,) what each sample belongs to, the song for example; None: each is its own.
        groups_b: (m,).
        confidence: share of the resampled values that the interval holds.
        seed: of the resampling.

    Returns:
        The distance. A set with fewer than two groups: a warning and NaN.

    Raises:
        ValueError: malformed features or groups, or ``confidence`` not within 0 and 1.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> near = kernel_distance(rng.normal(size=(100, 5)), rng.normal(size=(30, 5)))
        >>> near.low < 0 < near.high
        True
    """
    validate_features(a, b)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be within 0 and 1, got {confidence}")
    member_a, member_b = validate_groups(groups_a, len(a)), validate_groups(groups_b, len(b))
    count_a, count_b = int(member_a.max(initial=-1)) + 1, int(member_b.max(initial=-1)) + 1
    if min(count_a, count_b) < 2:
        warnings.warn("Fewer than two groups: the kernel distance is NaN.", stacklevel=2)
        return KernelDistance(math.nan, math.nan, math.nan)
    within_a, within_b = _sums(a, a, member_a, member_a), _sums(b, b, member_b, member_b)
    for within in (within_a, within_b):
        np.fill_diagonal(within, 0.0)
    across = _sums(a, b, member_a, member_b)
    sizes_a, sizes_b = np.bincount(member_a), np.bincount(member_b)

    def distance(drawn_a: np.ndarray, drawn_b: np.ndarray) -> np.ndarray:
        """(r,) distances of sets in which groups come (r, G) times."""
        between = np.einsum("ri,ij,rj->r", drawn_a, across, drawn_b) / ((drawn_a @ sizes_a) * (drawn_b @ sizes_b))
        return _within(within_a, sizes_a, drawn_a) + _within(within_b, sizes_b, drawn_b) - 2 * between

    value = float(distance(np.ones((1, count_a)), np.ones((1, count_b)))[0])
    if min(count_a, count_b) < 3:
        return KernelDistance(value, math.nan, math.nan)
    rng = np.random.default_rng(seed)
    values = distance(*(rng.multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(float) for n in (count_a, count_b)))
    low, high = np.nanquantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return KernelDistance(value, float(low), float(high))


def _sums(x: np.ndarray, y: np.ndarray, member_x: np.ndarray, member_y: np.ndarray) -> np.ndarray:
    """(G, H) kernel summed over all pairs of each two groups."""
    kernel = (x @ y.T / x.shape[1] + 1) ** 3
    rows = np.zeros((member_x.max() + 1, len(y)))
    np.add.at(rows, member_x, kernel)
    sums = np.zeros((len(rows), member_y.max() + 1))
    np.add.at(sums.T, member_y, rows.T)
    return sums


def _within(sums: np.ndarray, sizes: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(r,) means of the kernel over pairs of different groups; NaN where one group alone was drawn.

    ``sums`` has zeros on its diagonal.
    """
    pairs = (drawn @ sizes) ** 2 - (drawn**2) @ (sizes**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.einsum("ri,ij,rj->r", drawn, sums, drawn) / pairs
