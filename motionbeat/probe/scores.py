"""Scores of probes, with intervals over groups.

Intervals are percentile bootstraps that draw whole groups (songs, sessions,
pitches): clips of one song are alike.

Scores:
    ``accuracy``: of classes.
    ``roc_auc``, ``ap``: of tags, the plain mean over tags; a tag that all or none of the drawn clips have is left out.
        Predictions of all folds are ranked together.
    ``r2``: of values, the mean over them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, r2_score

from motionbeat.probe.task import Kind

RESAMPLES = 300
LEVEL = 0.95

Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Score:
    """A number and its 95 % interval; (nan, nan) where a single group says nothing of others."""

    value: float
    low: float
    high: float


def _accuracy(target: np.ndarray, output: np.ndarray) -> float:
    return float(np.mean(target == output.argmax(axis=1)))


def _two_sided(target: np.ndarray) -> np.ndarray:
    return np.flatnonzero((target.min(axis=0) == 0) & (target.max(axis=0) == 1))


def _roc_auc(target: np.ndarray, output: np.ndarray) -> float:
    tags = _two_sided(target)
    if len(tags) == 0:
        return np.nan
    # as roc_auc_score, of all tags at once: intervals take thousands of these
    given = target[:, tags] == 1
    count = given.sum(axis=0)
    ranks = (rankdata(output[:, tags], axis=0) * given).sum(axis=0)
    return float(np.mean((ranks - count * (count + 1) / 2) / (count * (len(target) - count))))


def _average_precision(target: np.ndarray, output: np.ndarray) -> float:
    tags = _two_sided(target)
    scores = [average_precision_score(target[:, tag], output[:, tag]) for tag in tags]
    return float(np.mean(scores)) if scores else np.nan


def _r2(target: np.ndarray, output: np.ndarray) -> float:
    return float(r2_score(target, output))


METRICS: dict[Kind, dict[str, Metric]] = {
    Kind.CLASS: {"accuracy": _accuracy},
    Kind.TAGS: {"roc_auc": _roc_auc, "ap": _average_precision},
    Kind.VALUES: {"r2": _r2},
}
"""By kind of task, the main one first; each of targets (:meth:`motionbeat.probe.task.Task.targets`) and a head's
outputs (n, classes), higher is better."""


def chance(kind: Kind, target: np.ndarray) -> dict[str, float]:
    """What a head that knows only the training labels gets: the share of the largest class; 0.5 and the mean share of
    tags; 0."""
    if kind is Kind.CLASS:
        return {"accuracy": float(np.bincount(target).max() / len(target))}
    if kind is Kind.TAGS:
        return {"roc_auc": 0.5, "ap": float(target[:, _two_sided(target)].mean())}
    return {"r2": 0.0}


def with_interval(
    metric: Metric, target: np.ndarray, outputs: Sequence[np.ndarray], groups: np.ndarray, seed: int = 0
) -> Score:
    """Mean of a metric over several outputs for the same targets (one for each seed of a head), with its interval.

    Args:
        metric: of targets and outputs.
        target: (n, ...) targets.
        outputs: one or more (n, ...); a draw looks at one of them, in turn.
        groups: (n,) what is drawn as a whole.
        seed: of the drawing.
    """
    value = float(np.mean([metric(target, output) for output in outputs]))
    draws = enumerate(_draws(groups, seed))
    drawn = [metric(target[index], outputs[number % len(outputs)][index]) for number, index in draws]
    return Score(value, *_quantiles(drawn))


def interval_of_mean(values: np.ndarray, groups: np.ndarray, seed: int = 0) -> Score:
    """Mean of (n,) numbers, one for each clip, with its interval over (n,) groups; all nan where n is 0."""
    if len(values) == 0:
        return Score(np.nan, np.nan, np.nan)
    return Score(float(values.mean()), *_quantiles([float(values[index].mean()) for index in _draws(groups, seed)]))


def _quantiles(draws: list[float]) -> tuple[float, float]:
    finite = [draw for draw in draws if np.isfinite(draw)]
    if not finite:
        return np.nan, np.nan
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _draws(groups: np.ndarray, seed: int) -> list[np.ndarray]:
    """Numbers of the clips of whole groups drawn with replacement, :data:`RESAMPLES` times; none for one group."""
    names, member = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return []
    clips = [np.flatnonzero(member == number) for number in range(len(names))]
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(names), size=(RESAMPLES, len(names)))
    return [np.concatenate([clips[number] for number in row]) for row in drawn]
