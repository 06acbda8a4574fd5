"""One dance placed in the ground truth: percentiles, and how near its windows come.

For a single upload a Fréchet distance says little: five windows have a covariance of rank four. It is given with a
warning, and with its own percentile among the distances that dances of the ground truth have from the others, each
with as many windows.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from dancegen.evaluation.measured_set import MeasuredSet, window_features
from dancegen.evaluation.measures import MEASURES, Wanted, mean_values, pieces
from dancegen.metrics import PROTOCOLS, SOUND, FeatureSet, frechet_distance, standardised
from dancegen.metrics.protocols import Topic
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion

FEWEST = 5
"""Pieces of the ground truth below which there are no percentiles."""

INDICATIVE = "of one song, hence only indicative: few windows, whose covariance is not full"


@dataclass(frozen=True)
class Standing:
    """A measure of a dance and its place in the ground truth.

    Attributes:
        name, title, unit, wanted: of the :class:`~dancegen.evaluation.measures.Measure`.
        value: mean over the pieces of the dance; NaN where there was nothing to measure.
        percentile: share of the ground truth's pieces that are below, in percent, half of equal ones counted; NaN for
            fewer than :data:`FEWEST` of them.
        median: of the ground truth's pieces.
        pool: how many of them.
    """

    name: str
    title: str
    unit: str
    wanted: Wanted
    value: float
    percentile: float
    median: float
    pool: int


@dataclass(frozen=True)
class Distance:
    """Fréchet distance of the windows of one dance from those of the ground truth.

    Attributes:
        topic: ``kinetic`` or ``geometric``.
        value: NaN for fewer than two windows.
        percentile: among dances of the ground truth against the others; NaN for fewer than :data:`FEWEST`.
        pool: how many of them have enough windows.
        windows: of the dance.
    """

    topic: Topic
    value: float
    percentile: float
    pool: int
    windows: int


@dataclass(frozen=True)
class Placement:
    """A dance in the ground truth of its style.

    Attributes:
        style: whose ground truth; empty for that of all styles.
        standings: for every measure, in the order of the table.
        distances: kinetic and geometric.
        laid: whether some of that ground truth was recorded without music and laid on songs, so that its measures of
            music say how well that was done.
    """

    style: str
    standings: tuple[Standing, ...]
    distances: tuple[Distance, ...]
    laid: bool

    def as_dict(self) -> dict[str, Any]:
        """For JSON; NaN becomes None."""
        note = "percentiles of music are among dances that were laid on songs" if self.laid else ""
        return {
            "style": self.style or None,
            "ground_truth": {"note": note} if note else {},
            "measures": {
                each.name: {
                    "value": _json_number(each.value),
                    "unit": each.unit,
                    "wanted": each.wanted,
                    "percentile": _json_number(each.percentile),
                    "median": _json_number(each.median),
                    "pool": each.pool,
                }
                for each in self.standings
            },
            "frechet": {
                each.topic: {
                    "value": _json_number(each.value),
                    "percentile": _json_number(each.percentile),
                    "pool": each.pool,
                    "windows": each.windows,
                    "protocol": PROTOCOLS["sound"].describe(each.topic),
                    "note": INDICATIVE,
                }
                for each in self.distances
            },
        }


def place(
    motion: Motion, grid: BeatGrid, style: str, reference: MeasuredSet, valid: np.ndarray | None = None
) -> Placement:
    """Place a dance.

    Args:
        motion: the dance, from second 0 of the music on.
        grid: the beats of the music.
        style: genre label; one that the reference does not have places the dance among all styles, without the
            measures that ask for a style.
        reference: ground truth, :func:`~dancegen.evaluation.reference.shipped_reference` for instance. It must not
            hold the dance itself.
        valid: (T,) bool, False on faulty frames of a recording.

    Raises:
        ValueError: malformed motion, or a body that does not stand along y.
    """
    statistics = reference.style_statistics(style)
    values = mean_values(np.array([piece.own_fit(grid).with_style(statistics) for piece in pieces(motion, valid)]))
    return placed(values, window_features(motion, valid, "judged"), style, reference)


def placed(values: np.ndarray, windows: FeatureSet | None, style: str, reference: MeasuredSet) -> Placement:
    """:func:`place` for a dance that has been measured.

    Args:
        values: (M,) its measures.
        windows: its features.
        style, reference: as in :func:`place`.
    """
    style = style if style in reference.styles else ""
    pool = reference.part(lambda dance: not style or dance.style == style)
    standings = []
    for measure, value, of_pool in zip(MEASURES, values, pool.values.T, strict=True):
        known = of_pool[np.isfinite(of_pool)]
        standings.append(
            Standing(
                measure.name,
                measure.title,
                measure.unit,
                measure.wanted,
                float(value),
                _percentile(float(value), known),
                float(np.median(known)) if len(known) else math.nan,
                len(known),
            )
        )
    laid = any(dance.laid for dance in pool.dances)
    return Placement(style, tuple(standings), _distances(windows, pool), laid)


def _percentile(value: float, pool: np.ndarray) -> float:
    if not math.isfinite(value) or len(pool) < FEWEST:
        return math.nan
    return float(100.0 * ((pool < value).mean() + 0.5 * (pool == value).mean()))


def _distances(windows: FeatureSet | None, pool: MeasuredSet) -> tuple[Distance, ...]:
    topics: tuple[Topic, Topic] = ("kinetic", "geometric")
    count = 0 if windows is None else len(windows)
    if windows is None or count < 2:
        return tuple(Distance(topic, math.nan, math.nan, 0, count) for topic in topics)
    found = []
    sources = np.array([pool.dances[dance].source for dance in pool.window_dance])
    for topic in topics:
        truth: np.ndarray = getattr(pool.windows, topic)
        value = _distance(getattr(windows, topic), truth)
        others = []
        for dance, row in enumerate(pool.dances):
            own = np.flatnonzero(pool.window_dance == dance)[:count]
            if len(own) == count:
                others.append(_distance(truth[own], truth[sources != row.source]))
        known = np.array(others)
        found.append(Distance(topic, value, _percentile(value, known[np.isfinite(known)]), len(others), count))
    return tuple(found)


def _distance(features: np.ndarray, truth: np.ndarray) -> float:
    if len(truth) < 2:
        return math.nan
    added = SOUND.feature_rules.std_added
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return frechet_distance(standardised(features, truth, added), standardised(truth, truth, added))


def _json_number(value: float) -> float | None:
    return value if math.isfinite(value) else None
