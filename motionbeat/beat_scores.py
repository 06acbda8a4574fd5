"""How well estimated beats agree with annotated ones: the usual scores of beat tracking, by mir_eval.

Aim: numbers that can be laid beside published ones. Every score is a call of mir_eval; what is decided here is the
stretch of a song that counts, and what a missing annotation means.

Conventions: seconds; beats per minute; scores from 0 to 1, higher is better.

Stretch: from ``eval_from_s`` (less :data:`WINDOW_S`) to the last annotated beat (plus :data:`WINDOW_S`). Annotated and
estimated beats outside it are dropped: an annotation that stops says nothing of what follows, and a song may have an
introduction without a beat. Nothing else is trimmed, in particular not the first five seconds that mir_eval's
``trim_beats`` takes away.

Scores:
    ``f_measure``: F of hits within 70 ms (Dixon 2007). A tracker at double or half tempo gets 0.67, off-beats get 0.
    ``cmlc``, ``cmlt``: share of beats right in phase and period at the annotated metrical level, in the longest
        unbroken run and in all (Hainsworth 2004; tolerance 17.5 % of the period).
    ``amlc``, ``amlt``: the same at the best of the annotated level, double, half (either phase) and off-beat.
    ``cemgil``: Gaussian error of 40 ms, annotated level (Cemgil 2001).
    ``information_gain``: 1 - entropy of the beat errors in 41 bins, normalised (Davies 2011).
    ``downbeat_f``: ``f_measure`` of the downbeats.
    ``tempo_acc1``, ``tempo_acc2``: whether the tempo is within 4 % of the annotated one, and of that or its double,
        triple, half or third (Gouyon 2006).
    ``meter``: whether the number of beats in a bar is right.

Source: C. Raffel et al., "mir_eval: A transparent implementation of common MIR metrics", ISMIR 2014.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

import mir_eval
import numpy as np

WINDOW_S = 0.07
"""Greatest distance of a hit, and how far the scored stretch reaches beyond its ends, in seconds."""
TEMPO_TOLERANCE = 0.04
OTHER_TEMPI = (2.0, 3.0, 1 / 2, 1 / 3)
"""Multiples of the annotated tempo that count for ``tempo_acc2`` beside itself."""
RESAMPLES = 10_000


@dataclass(frozen=True, eq=False)
class Beats:
    """What somebody annotated or a tracker heard.

    Attributes:
        beats: (n,) ascending seconds.
        downbeats: (m,) ascending seconds; None when nothing is said of them.
        meter: beats in a bar, None when nothing is said of it.
        tempo: beats per minute, None when nothing is said of it.
    """

    beats: np.ndarray
    downbeats: np.ndarray | None = None
    meter: int | None = None
    tempo: float | None = None

    @classmethod
    def from_positions(cls, beats: np.ndarray, positions: np.ndarray) -> Beats:
        """Beats with their places in the bar.

        Args:
            beats: (n,) ascending seconds.
            positions: (n,) int, 1 for downbeats; all 0 when nothing is known of the bars.
        """
        tempo = 60.0 / float(np.median(np.diff(beats))) if len(beats) > 1 else None
        if not positions.any():
            return cls(beats, tempo=tempo)
        starts = np.flatnonzero(positions == 1)
        lengths = Counter(np.diff(starts).tolist())
        meter = lengths.most_common(1)[0][0] if lengths else int(positions.max())
        return cls(beats, beats[starts], meter, tempo)


@dataclass(frozen=True)
class BeatScores:
    """Scores of one song, see the module; None where the annotation or the tracker says nothing of it."""

    f_measure: float
    cmlc: float
    cmlt: float
    amlc: float
    amlt: float
    cemgil: float
    information_gain: float
    downbeat_f: float | None
    tempo_acc1: float | None
    tempo_acc2: float | None
    meter: float | None


SCORE_NAMES: tuple[str, ...] = tuple(field.name for field in fields(BeatScores))


def score_beats(reference: Beats, estimate: Beats, eval_from_s: float = 0.0) -> BeatScores:
    """Score a tracker on one song.

    Args:
        reference: the annotation; at least two of its beats at or after ``eval_from_s`` - :data:`WINDOW_S`.
        estimate: what the tracker heard; without beats it scores 0.
        eval_from_s: second from which on the song is scored.

    Raises:
        ValueError: fewer than two annotated beats to score, or times that do not ascend.

    Example:
        >>> truth = Beats(np.arange(0, 10, 0.5))
        >>> scores = score_beats(truth, Beats(np.arange(0, 10, 0.25)))
        >>> round(scores.f_measure, 2), scores.cmlt, scores.amlt
        (0.67, 0.0, 1.0)
    """
    start, stop = eval_from_s - WINDOW_S, float(reference.beats[-1:].sum()) + WINDOW_S
    truth = _between(reference.beats, start, stop)
    heard = _between(estimate.beats, start, stop)
    if len(truth) < 2:
        raise ValueError(f"at least two annotated beats from {eval_from_s:g} s on are needed, got {len(truth)}")
    with warnings.catch_warnings():
        # A tracker that hears fewer than two beats scores 0, as mir_eval has it; that is no news to warn of.
        warnings.filterwarnings("ignore", message="(Estimated|Only one estimated) beat")
        cmlc, cmlt, amlc, amlt = map(float, mir_eval.beat.continuity(truth, heard))
        f_measure = float(mir_eval.beat.f_measure(truth, heard, WINDOW_S))
        cemgil = float(mir_eval.beat.cemgil(truth, heard)[0])
        gain = float(mir_eval.beat.information_gain(truth, heard))
        downbeat_f = None
        if reference.downbeats is not None and estimate.downbeats is not None:
            true_downbeats = _between(reference.downbeats, start, stop)
            if len(true_downbeats):
                heard_downbeats = _between(estimate.downbeats, start, stop)
                downbeat_f = float(mir_eval.beat.f_measure(true_downbeats, heard_downbeats, WINDOW_S))
    acc1, acc2 = tempo_accuracy(reference.tempo, estimate.tempo) if reference.tempo is not None else (None, None)
    meter = None
    if reference.meter is not None and estimate.meter is not None:
        meter = float(reference.meter == estimate.meter)
    return BeatScores(f_measure, cmlc, cmlt, amlc, amlt, cemgil, gain, downbeat_f, acc1, acc2, meter)


def tempo_accuracy(reference: float, estimate: float | None) -> tuple[float, float]:
    """Whether a tempo is right, and whether it is right up to a factor of two or three.

    Args:
        reference: annotated beats per minute.
        estimate: the tracker's; None, which is wrong, when it found no tempo.
    """
    if estimate is None:
        return 0.0, 0.0
    accuracies = [
        # mir_eval compares pairs of tempi; the second one is left out with a weight of 0.
        float(mir_eval.tempo.detection(np.array([tempo, 0.0]), 1.0, np.array([estimate, 0.0]), TEMPO_TOLERANCE)[0])
        for tempo in (reference, *(reference * factor for factor in OTHER_TEMPI))
    ]
    return accuracies[0], max(accuracies)


def mean(values: Sequence[float | None]) -> float | None:
    """Mean of the values that are there, None when there are none."""
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def bootstrap_interval(
    values: Sequence[float], resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean: what other songs of the same kind might have given.

    Args:
        values: one score for each song, at least one.
        resamples: how often songs are drawn, with replacement.
        seed: of the draws.
        level: share of the means that lie inside.
    """
    scores = np.asarray(values, dtype=float)
    draws = np.random.default_rng(seed).integers(len(scores), size=(resamples, len(scores)))
    low, high = np.quantile(scores[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _between(times: np.ndarray, start: float, stop: float) -> np.ndarray:
    return times[(times >= start) & (times <= stop)]
