"""What a person wants to know of a beat grid at first sight."""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from motionbeat.beats.grid import BeatGrid

CLEAR_CONFIDENCE = 0.5
UNCERTAIN_CONFIDENCE = 0.1
"""From here on a grid is called clear; between the two uncertain; below, the song has no steady beat."""

VARYING_TEMPO = 1.05
"""Quotient of fastest and slowest local tempo beyond which they are worth telling."""

_SMOOTHING_BEATS = 8  # averages the jitter of beats 20 ms off below 1 %
_OUTLIER_OCTAVES = 0.4  # an interval this far from its surroundings is a beat missed or heard twice, no tempo
_OUTLIER_SURROUNDINGS = 9
_TEMPO_PERCENTILES = (5, 95)


def confidence_word(confidence: float) -> str:
    """``clear``, ``uncertain`` or ``no steady beat``."""
    if confidence >= CLEAR_CONFIDENCE:
        return "clear"
    return "uncertain" if confidence >= UNCERTAIN_CONFIDENCE else "no steady beat"


def local_tempo(grid: BeatGrid) -> tuple[np.ndarray, np.ndarray]:
    """(n - 1,) seconds in the middle between beats and (n - 1,) beats per minute there, averaged over eight beats.

    Single intervals much longer or shorter than those around them do not count.
    """
    intervals = np.diff(grid.beats)
    usual = scipy.ndimage.median_filter(intervals, _OUTLIER_SURROUNDINGS, mode="nearest")
    intervals = np.where(np.abs(np.log2(intervals / usual)) < _OUTLIER_OCTAVES, intervals, usual)
    # mirrored ends stay where the song begins and ends slower or faster
    period = scipy.ndimage.uniform_filter1d(intervals, min(_SMOOTHING_BEATS, len(intervals)), mode="reflect")
    return grid.beats[:-1] + np.diff(grid.beats) / 2, 60.0 / period


def tempo_range(grid: BeatGrid) -> tuple[float, float]:
    """Beats per minute of the slowest and the fastest parts, the most extreme twentieth at either end left out."""
    low, high = np.percentile(local_tempo(grid)[1], _TEMPO_PERCENTILES)
    return float(low), float(high)


def describe(grid: BeatGrid) -> str:
    """Tempo, meter, beats, bars and confidence in one line."""
    low, high = tempo_range(grid)
    varying = f" ({low:.0f} to {high:.0f})" if high > VARYING_TEMPO * low else ""
    return (
        f"{grid.tempo:.1f} BPM{varying}, {grid.meter}/4, {_count(len(grid.beats), 'beat')} in"
        f" {_count(len(grid.downbeats), 'bar')}, confidence {grid.confidence:.2f} ({confidence_word(grid.confidence)})"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
