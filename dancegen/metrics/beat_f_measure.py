"""Precision, recall and F of a dancer's events against the beats of the music.

Aim: the beat tracking measure of MIREX (Dixon 2007) with the dancer as the beat tracker: an event within 70 ms of a
beat is a hit, and each beat can be hit once. Matching is that of mir_eval.

Known flaws: dancers need not step on every beat (a rumba holds one of four) and may step between beats, so 1 is not
the goal; compare with the ground truth of the same dance, and with :func:`beat_f_measure_chance`.
"""

from __future__ import annotations

import warnings

import numpy as np
from mir_eval.util import f_measure, match_events

from dancegen.metrics.chance import shifted_beats
from dancegen.metrics.validate import validate_times

WINDOW_S = 0.07
"""Half width of the window around a beat, mir_eval's default."""
SHIFTS = 16
"""How many circular shifts of the music beats estimate the chance level."""


def beat_f_measure(events: np.ndarray, beats: np.ndarray, window_s: float = WINDOW_S) -> tuple[float, float, float]:
    """Precision, recall and F.

    Args:
        events: (n,) ascending seconds of the motion's events.
        beats: (m,) ascending seconds of the music's beats.
        window_s: greatest distance of a hit in seconds.

    Returns:
        Share of events on a beat, share of beats with an event, and their harmonic mean. An empty side: a warning and
        zeros.

    Raises:
        ValueError: malformed times or ``window_s`` not positive.

    Example:
        >>> beat_f_measure(np.array([1.0, 1.5]), np.array([1.0, 2.0, 3.0]))
        (0.5, 0.333..., 0.4)
    """
    validate_times(events, "events")
    validate_times(beats, "beats")
    if not window_s > 0:
        raise ValueError(f"window_s must be positive, got {window_s}")
    if not len(events) or not len(beats):
        warnings.warn("No events or no beats: precision, recall and F are 0.", stacklevel=2)
        return 0.0, 0.0, 0.0
    hits = len(match_events(beats, events, window_s))
    precision, recall = hits / len(events), hits / len(beats)
    return precision, recall, float(f_measure(precision, recall))


def beat_f_measure_chance(
    events: np.ndarray, beats: np.ndarray, duration_s: float, window_s: float = WINDOW_S, shifts: int = SHIFTS
) -> tuple[float, float, float]:
    """Mean precision, recall and F of the same events with the beats shifted in a circle of ``duration_s``.

    Raises:
        ValueError: as :func:`beat_f_measure`, or ``duration_s`` or ``shifts`` not positive.
    """
    values = [beat_f_measure(events, shifted, window_s) for shifted in shifted_beats(beats, duration_s, shifts)]
    precision, recall, f = np.mean(values, axis=0)
    return float(precision), float(recall), float(f)
