"""A measured set beside ground truth: means with intervals, realism, published protocols.

Means are taken style by style and every style weighs the same, so that two sets with different shares of styles can be
compared. Intervals are a bootstrap over songs within each style (as in :mod:`dancegen.metrics.song_bootstrap`, all
measures at once); a style with a single song adds nothing to them, and where every style has a single song there is
none. Distances of features are taken against as many ground-truth windows of each style as gives both sets the same
shares of styles.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dancegen.evaluation.measured_set import CONTROLS, LEGACY, DanceRow, MeasuredSet, rows_of
from dancegen.metrics import PROTOCOLS, Score, realism_scores

RESAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Means:
    """Means of M columns over dances, and their 95 % intervals over songs; NaN where there is none.

    Attributes:
        value, low, high: (M,).
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False)
class Summary:
    """A set in the columns of the table.

    Attributes:
        own: with the dances' own music.
        controls: with each of :data:`~dancegen.evaluation.measured_set.CONTROLS`.
        gap: own music less another song of the style.
        songs, dances: how many.
    """

    own: Means
    controls: tuple[Means, ...]
    gap: Means
    songs: int
    dances: int


@dataclass(frozen=True, eq=False)
class Realism:
    """Distances of features from ground truth.

    Attributes:
        scores: of protocol ``sound``; see :func:`dancegen.metrics.realism_scores`.
        samples, truth_samples: windows on both sides.
    """

    scores: tuple[Score, ...]
    samples: int
    truth_samples: int


def summary(measured: MeasuredSet, styles: Sequence[str]) -> Summary:
    """Means of the dances of some styles, every style with the same weight."""
    part = measured.part(lambda dance: dance.style in styles)
    own, controls = part.dance_values(), part.dance_controls()
    return Summary(
        means(own, part.dances),
        tuple(means(control, part.dances) for control in controls),
        means(own - controls[CONTROLS.index("other song of the style")], part.dances),
        len({dance.song for dance in part.dances}),
        len(part.dances),
    )


def means(values: np.ndarray, dances: Sequence[DanceRow], seed: int = 0) -> Means:
    """Means of columns over dances, style by style.

    Args:
        values: (D, M); NaN is left out.
        dances: D rows.
        seed: of the resampling.
    """
    weights = _resampled_weights(dances, seed)
    finite = np.isfinite(values)
    filled = np.where(finite, values, 0.0)
    total, present = np.zeros((len(weights), values.shape[1])), np.zeros((len(weights), values.shape[1]))
    for style in {dance.style for dance in dances}:
        rows = np.array([dance.style == style for dance in dances])
        count = weights[:, rows] @ finite[rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = weights[:, rows] @ filled[rows] / count
        total += np.where(count > 0, mean, 0.0)
        present += count > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        overall = total / present
    value, resampled = overall[0], overall[1:]
    if not len(resampled):
        nothing = np.full(values.shape[1], np.nan)
        return Means(value, nothing, nothing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN
        low, high = np.nanquantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return Means(value, low, high)


def realism(measured: MeasuredSet, pool: MeasuredSet, styles: Sequence[str]) -> Realism | None:
    """Kernel and Fréchet distance of windows from the ground truth of the same styles, in the same shares.

    Args:
        measured: the set.
        pool: ground truth; dances of a source that is in the set are left out.
        styles: which styles of the set; those that the pool lacks are left out.

    Returns:
        None when nothing can be compared: fewer than two songs, or no ground truth.
    """
    sources = {dance.source for dance in measured.dances} - {""}
    truth = pool.part(lambda dance: dance.style in styles and dance.source not in sources)
    part = measured.part(lambda dance: dance.style in truth.styles and dance.style in styles)
    if len({dance.song for dance in part.dances}) < 2 or len({dance.song for dance in truth.dances}) < 2:
        return None
    rows = _same_shares(_window_styles(part), _window_styles(truth))
    against = rows_of(truth.windows, rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # too few samples: NaN, which is printed
        scores = realism_scores(part.windows, against)
    return Realism(scores, len(part.windows), len(against))


def legacy_realism(measured: MeasuredSet, pool: MeasuredSet, styles: Sequence[str]) -> dict[str, tuple[Score, ...]]:
    """FID and diversity under each published protocol, against whole dances of the styles. As published: nothing is
    matched, and there are few samples."""
    sources = {dance.source for dance in measured.dances} - {""}
    truth = pool.part(lambda dance: dance.style in styles and dance.source not in sources)
    if not truth.dances or not measured.dances:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return {name: realism_scores(measured.legacy[name], truth.legacy[name], PROTOCOLS[name]) for name in LEGACY}


def truth_halves(pool: MeasuredSet, styles: Sequence[str]) -> Realism | None:
    """Realism of one half of the ground truth against the other, songs taken in turns within each style: what is left
    between sets of one distribution."""
    half: dict[str, int] = {}
    count: dict[str, int] = {}
    for dance in pool.dances:
        if dance.source not in half:
            count[dance.style] = count.get(dance.style, 0) + 1
            half[dance.source] = count[dance.style] % 2

    def in_half(number: int) -> Callable[[DanceRow], bool]:
        return lambda dance: half[dance.source] == number

    return realism(pool.part(in_half(0)), pool.part(in_half(1)), styles)


def _resampled_weights(dances: Sequence[DanceRow], seed: int) -> np.ndarray:
    """(1 + RESAMPLES, D) how often each dance is drawn: in the first row once, then songs anew within each style;
    (1, D) if no style has two songs."""
    rng = np.random.default_rng(seed)
    weights = np.ones((1 + RESAMPLES, len(dances)))
    several = False
    for style in sorted({dance.style for dance in dances}):
        songs = sorted({dance.song for dance in dances if dance.style == style})
        if len(songs) < 2:
            continue
        several = True
        drawn = rng.multinomial(len(songs), np.full(len(songs), 1 / len(songs)), RESAMPLES)
        for place, dance in enumerate(dances):
            if dance.style == style:
                weights[1:, place] = drawn[:, songs.index(dance.song)]
    return weights if several else weights[:1]


def _window_styles(measured: MeasuredSet) -> np.ndarray:
    return np.array([measured.dances[dance].style for dance in measured.window_dance])


def _same_shares(styles: np.ndarray, truth_styles: np.ndarray) -> np.ndarray:
    """Rows of the ground truth that give it the shares of ``styles``: as many as there can be, evenly spread."""
    names, counts = np.unique(styles, return_counts=True)
    rows = [np.flatnonzero(truth_styles == name) for name in names]
    factor = min(len(of_style) / count for of_style, count in zip(rows, counts, strict=True))
    chosen = []
    for of_style, count in zip(rows, counts, strict=True):
        wanted = min(len(of_style), max(1, math.floor(factor * count + 1e-9)))
        chosen.append(of_style[np.floor(np.arange(wanted) * len(of_style) / wanted).astype(int)])
    return np.concatenate(chosen)
