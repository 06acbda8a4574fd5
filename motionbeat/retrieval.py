"""Scores of cross-modal retrieval: how high in a ranked list the right answer stands, and how high it would by chance.

Aim: numbers that can be laid beside published ones, each with its chance level and an interval.

Conventions: Q queries, each with a score for every item of a gallery of G, higher is better. ``hits`` says which items
are right answers; a query may have several, and the first of them counts. Ranks are 1 for the top of the list. Ties
are counted against the query: an item that is no hit and scores as much as the best hit stands before it, so that
scores that are all the same earn nothing.

Scores:
    ``recall_at``: share of queries with a hit among the first k.
    ``median_rank``: median rank of the first hit.
    ``chance_recall_at``, ``chance_median_rank``: what both are expected to be when the list is shuffled.
    ``bootstrap_interval``: how far a mean over queries would move with other songs.

Source: recall at k and median rank as in text-to-image retrieval (Hodosh, Young and Hockenmaier, JAIR 2013); chance by
the hypergeometric distribution; percentile bootstrap over whole groups (Davison and Hinkley 1997, section 3.8).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import hypergeom

RESAMPLES = 10_000
CONFIDENCE = 0.95
_ROUNDING = 1e-9


def _check_hits(hits: np.ndarray) -> None:
    """Raises ValueError unless ``hits`` is (Q, G) bool, with a query and a hit for each."""
    if hits.ndim != 2 or hits.dtype != np.bool_ or 0 in hits.shape:
        raise ValueError(f"hits must be (Q, G) bool with at least one query and item, got {hits.shape} {hits.dtype}")
    without = np.flatnonzero(~hits.any(axis=1))
    if len(without):
        raise ValueError(f"{len(without)} queries have no hit in the gallery, the first is number {without[0]}")


def _check_ranks(ranks: np.ndarray) -> None:
    """Raises ValueError unless ``ranks`` is (Q,) of numbers from 1 on, with at least one."""
    if ranks.ndim != 1 or len(ranks) == 0 or not (ranks >= 1).all():
        raise ValueError(f"ranks must be (Q,) of 1 or more, with at least one query, got {ranks!r}")


def _check_k(k: int) -> None:
    if k < 1:
        raise ValueError(f"k must be 1 or more, got {k}")


def first_hit_ranks(scores: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Rank of each query's best hit: 1 + the items that are no hits and score as much or more (ties count against).

    Args:
        scores: (Q, G), higher is better; -inf for items that a query must not find.
        hits: (Q, G) bool, at least one in each row.

    Returns:
        (Q,) int64 from 1 on.

    Raises:
        ValueError: shapes differ, a score is NaN, or a query has no hit.

    Example:
        >>> scores = np.array([[0.9, 0.5, 0.1], [0.2, 0.2, 0.1]])
        >>> hits = np.array([[False, True, True], [True, False, False]])
        >>> first_hit_ranks(scores, hits).tolist()
        [2, 2]
    """
    scores, hits = np.asarray(scores), np.asarray(hits)
    _check_hits(hits)
    if scores.shape != hits.shape:
        raise ValueError(f"scores {scores.shape} and hits {hits.shape} must have the same shape")
    if np.isnan(scores).any():
        raise ValueError("scores must be numbers, got NaN")
    best = np.where(hits, scores, -np.inf).max(axis=1, keepdims=True)
    return 1 + ((scores >= best) & ~hits).sum(axis=1)


def recall_at(ranks: np.ndarray, k: int) -> float:
    """Share of queries whose first hit is among the first ``k``.

    Args:
        ranks: (Q,) of :func:`first_hit_ranks`.
        k: length of the list that is looked at; beyond the gallery everything is found.

    Raises:
        ValueError: no queries, a rank below 1, or ``k`` below 1.

    Example:
        >>> recall_at(np.array([1, 2, 5, 20]), 5)
        0.75
    """
    ranks = np.asarray(ranks)
    _check_ranks(ranks)
    _check_k(k)
    return float(np.mean(ranks <= k))


def median_rank(ranks: np.ndarray) -> float:
    """Median of (Q,) ranks; half-way between the middle two for an even number of queries.

    Raises:
        ValueError: no queries, or a rank below 1.
    """
    ranks = np.asarray(ranks)
    _check_ranks(ranks)
    return float(np.median(ranks))


def chance_recall_at(hits: np.ndarray, k: int) -> float:
    """Expected :func:`recall_at` of a shuffled list, exactly.

    For a query with h hits among G items it is the probability that k items drawn without replacement hold at least
    one of them, 1 - C(G - h, k) / C(G, k); the mean over queries is returned.

    Args:
        hits: (Q, G) bool, at least one in each row.
        k: length of the list.

    Raises:
        ValueError: ``hits`` is not as said, or ``k`` below 1.

    Example:
        >>> round(chance_recall_at(np.array([[True, False, False, False]]), 1), 6)
        0.25
    """
    hits = np.asarray(hits)
    _check_hits(hits)
    _check_k(k)
    items = hits.shape[1]
    # few different counts, many queries
    counts, queries = np.unique(hits.sum(axis=1), return_counts=True)
    found = 1 - hypergeom.pmf(0, items, counts, min(k, items))
    return float(np.average(found, weights=queries))


def chance_median_rank(hits: np.ndarray) -> float:
    """Median rank of the first hit in a shuffled list, over all queries and orders.

    With one hit in each row it is (G + 1) / 2. Where exactly half of the probability lies at or below a rank, the
    median is half-way to the next, as for an even number of queries.

    Args:
        hits: (Q, G) bool, at least one in each row.

    Raises:
        ValueError: ``hits`` is not as said.

    Example:
        >>> chance_median_rank(np.eye(10, dtype=bool))
        5.5
    """
    hits = np.asarray(hits)
    _check_hits(hits)
    items = hits.shape[1]
    counts, queries = np.unique(hits.sum(axis=1), return_counts=True)
    ranks = np.arange(1, items + 1)
    found = 1 - hypergeom.pmf(0, items, counts[:, None], ranks[None])
    at_most = np.average(found, axis=0, weights=queries)
    low = ranks[np.argmax(at_most >= 0.5 - _ROUNDING)]
    high = ranks[np.argmax(at_most > 0.5 + _ROUNDING)]
    return float(low + high) / 2


def bootstrap_interval(
    values: np.ndarray,
    groups: np.ndarray,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Interval of the mean of ``values``, by drawing whole groups with replacement (percentile method).

    Clips of one song are alike: drawing them one by one would make the interval too narrow. The interval says how far
    the mean would move with other songs of the same kind. For few groups (below ten or so) it is still too narrow.

    Args:
        values: (n,) one number for each query, for example ``ranks <= k``.
        groups: (n,) what each belongs to, for example the song.
        confidence: share of the resampled means that the interval holds.
        resamples: how many are drawn.
        seed: of the drawing; the same seed gives the same interval.

    Returns:
        Lower and upper end; (nan, nan) for a single group, which says nothing of others.

    Raises:
        ValueError: shapes differ, no values, a value that is no number, or ``confidence`` not within 0 and 1.
    """
    values, groups = np.asarray(values, dtype=np.float64), np.asarray(groups)
    if values.ndim != 1 or groups.shape != values.shape or len(values) == 0:
        raise ValueError(f"values and groups must both be (n,), n at least 1, got {values.shape} and {groups.shape}")
    if not np.isfinite(values).all():
        raise ValueError("values must be finite")
    if not 0 < confidence < 1 or resamples < 1:
        raise ValueError(f"confidence must be within 0 and 1 and resamples positive, got {confidence}, {resamples}")
    names, member = np.unique(groups, return_inverse=True)
    if len(names) == 1:
        return float("nan"), float("nan")
    sums = np.bincount(member, weights=values)
    sizes = np.bincount(member)
    # how often each group is drawn is all that the mean depends on
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
