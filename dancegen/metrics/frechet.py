"""Fréchet distance between two sets of features (FID), and what is left of it without the size of the sets.

Aim: how far the distribution of generated dances lies from that of the ground truth, when both are taken for Gaussian:
the squared distance of the means plus tr(A + B - 2 (A B)^(1/2)) of the covariances (Dowson and Landau 1982; Heusel et
al. 2017).

Method: with centred sets X = Q R the last trace is the sum of the singular values of R_a R_b^T, because those are the
roots of the eigenvalues of A B. It is real, and exact for sets of less than full rank (40 clips in 72 dimensions, as
in most tables), where the published ``scipy.linalg.sqrtm`` returns complex numbers.

Known flaws: covariances of few samples make the distance too large, by an amount that depends on both sets: 40 dances
of one distribution against 40 others are far from 0. Hence :func:`frechet_infinity` (Chong and Forsyth 2020), which
reads the value for endless sets off a line in 1 / N, and :func:`dancegen.metrics.kernel_distance.kernel_distance`,
which has no such bias. Where samples come in groups (windows of a song) only part of the bias goes with 1 / N, and
FID-infinity keeps the rest. Features here are not Gaussian.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
from scipy.linalg import svdvals

from dancegen.metrics.validate import validate_features

SIZES = 10
"""How many sizes of subsets the line of :func:`frechet_infinity` goes through."""
DRAWS = 8
"""How many subsets of each size."""


def standardised(features: np.ndarray, truth: np.ndarray, std_added: float = 1e-10) -> np.ndarray:
    """Features less the mean of the ground truth, over its standard deviation (population form) + ``std_added``.

    Args:
        features: (n, d).
        truth: (m, d) of the ground truth.
        std_added: in the features' units; the published 1e-10 makes any deviation huge in a feature that is constant
            in the ground truth.

    Raises:
        ValueError: malformed features.
    """
    validate_features(features, truth)
    return (features - truth.mean(axis=0)) / (truth.std(axis=0) + std_added)


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance of the Gaussians with the means and covariances (n - 1 form) of two sets.

    Args:
        a: (n, d) features, standardised.
        b: (m, d).

    Returns:
        0 or more; symmetric. Fewer than two rows in a set: a warning and NaN.

    Raises:
        ValueError: malformed features.
    """
    validate_features(a, b)
    if min(len(a), len(b)) < 2:
        warnings.warn("Fewer than two samples: the Fréchet distance is NaN.", stacklevel=2)
        return math.nan
    root_a, root_b = _covariance_root(a), _covariance_root(b)
    shift = a.mean(axis=0) - b.mean(axis=0)
    value = shift @ shift + (root_a**2).sum() + (root_b**2).sum() - 2 * svdvals(root_a @ root_b.T).sum()
    return max(float(value), 0.0)


def frechet_infinity(a: np.ndarray, b: np.ndarray, seed: int = 0) -> float:
    """Fréchet distance without the part that comes from the size of the sets.

    Subsets of both sets, down to half of each or to one and a half times as many samples as dimensions, are compared;
    the intercept of a straight line through their distances over the inverse of their share is the value for endless
    sets.

    Args:
        a, b: (n, d) and (m, d) features, standardised.
        seed: of the drawing.

    Returns:
        The intercept; noise may bring it below 0. Fewer than 3 d samples in a set, where the line does not hold: a
        warning and NaN.

    Raises:
        ValueError: malformed features.
    """
    validate_features(a, b)
    dimensions, smallest = a.shape[1], min(len(a), len(b))
    if smallest < 3 * dimensions:
        warnings.warn(
            f"{smallest} samples are too few for {dimensions} dimensions: FID-infinity is NaN.", stacklevel=2
        )
        return math.nan
    rng = np.random.default_rng(seed)
    shares = 1 / np.linspace(1.0, 2.0, SIZES)
    distances = [
        np.mean([frechet_distance(_subset(a, share, rng), _subset(b, share, rng)) for _ in range(DRAWS)])
        for share in shares
    ]
    return float(np.polynomial.Polynomial.fit(1 / shares, distances, 1)(0.0))


def _covariance_root(features: np.ndarray) -> np.ndarray:
    """R with R^T R the covariance."""
    centred = (features - features.mean(axis=0)) / math.sqrt(len(features) - 1)
    return np.asarray(np.linalg.qr(centred, mode="r")) if len(features) > features.shape[1] else centred


def _subset(features: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    return features[rng.choice(len(features), round(share * len(features)), replace=False)]
