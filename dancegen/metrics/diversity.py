"""Diversity (Div_k, Div_g): mean distance between the dances of one set, in the space of features.

Source: ``calculate_avg_distance`` of Bailando's ``metrics_new`` (Siyao et al. 2022), on features standardised by the
ground truth's mean and deviation (:func:`dancegen.metrics.frechet.standardised`).

Known flaws: jitter raises it, and so does the published slip in the kinetic features, wherever dances travel to
different places. More is not better: the value of the ground truth is.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
from scipy.spatial.distance import pdist

from dancegen.metrics.validate import validate_features


def diversity(features: np.ndarray) -> float:
    """Mean Euclidean distance over all pairs.

    Args:
        features: (n, d), standardised.

    Returns:
        0 or more. Fewer than two rows: a warning and NaN.

    Raises:
        ValueError: malformed features.
    """
    validate_features(features)
    if len(features) < 2:
        warnings.warn("Fewer than two samples: diversity is NaN.", stacklevel=2)
        return math.nan
    return float(pdist(features).mean())
