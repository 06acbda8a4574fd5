"""Intervals by bootstrap over songs: how far a number would move with other songs of the same kind.

Dances, windows and seeds of one song are alike, so whole songs are drawn with replacement, never single samples
(Davison and Hinkley 1997, section 3.8). For a plain mean see :func:`motionbeat.retrieval.bootstrap_interval`, which is
faster; this one takes any statistic, of one or several sets.

Known flaws: for few songs (below ten or so) the interval is too narrow. A drawn set holds some songs twice and has
fewer different samples, so a distance that grows with that (Fréchet) is larger in nearly every resample: ask for the
``basic`` interval, which takes that shift off once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from scipy.stats import bootstrap

from dancegen.metrics.validate import validate_groups

RESAMPLES = 1000


def song_interval(
    statistic: Callable[..., float],
    songs: Sequence[np.ndarray],
    method: Literal["percentile", "basic"] = "percentile",
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Interval of a statistic when whole songs are drawn anew, in each set by itself.

    Args:
        statistic: of as many arguments as there are sets, each the (n',) int indices of the samples that were drawn.
        songs: for each set the (n,) song of its samples.
        method: see the module.
        confidence: share of the resampled values that the interval holds.
        resamples: how many are drawn.
        seed: of the drawing; the same seed gives the same interval.

    Returns:
        Lower and upper end; (nan, nan) when a set has a single song.

    Raises:
        ValueError: malformed songs, or ``confidence`` or ``resamples`` out of range.

    Example:
        >>> speed = np.array([1.0, 1.2, 3.0, 3.2])
        >>> low, high = song_interval(lambda drawn: speed[drawn].mean(), [np.array(["a", "a", "b", "b"])])
        >>> round(low, 1), round(high, 1)
        (1.1, 3.1)
    """
    if not 0 < confidence < 1 or resamples < 1:
        raise ValueError(f"confidence must be within 0 and 1 and resamples positive, got {confidence}, {resamples}")
    members = []
    for of_set in songs:
        member = validate_groups(of_set, len(of_set))
        members.append([np.flatnonzero(member == song) for song in range(member.max(initial=-1) + 1)])
    if any(len(of_set) < 2 for of_set in members):
        return float("nan"), float("nan")

    def of_drawn(*drawn: np.ndarray) -> float:
        indices = (np.concatenate([of[song] for song in chosen]) for of, chosen in zip(members, drawn, strict=True))
        return statistic(*indices)

    result = bootstrap(
        [np.arange(len(of_set)) for of_set in members],
        of_drawn,
        n_resamples=resamples,
        vectorized=False,
        paired=False,
        confidence_level=confidence,
        method=method,
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
