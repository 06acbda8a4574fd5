"""Beat lock: do the dancer's events keep to the music's pulse?

Aim: to show that a dance belongs to its song where speed minima cannot. Each event (a foot plant, say) has a phase
within its beat (or bar); the mean resultant length of these phases (Fisher 1993, Statistical Analysis of Circular
Data) is 1 when all events have the same phase and near 0 when they fall anywhere. It does not ask for phase zero:
steps that always come a quarter beat early are locked as well, and :attr:`BeatLock.mean_phase` says where they are.

Chance. Two baselines, because each is blind to something:

* *Other tempo* (the main one, :attr:`BeatLock.chance`): the same events against the same beats played 5 to 35 % faster
  or slower. Shifting the music in time, the usual shuffle, is no test of a resultant length: at a steady tempo a shift
  turns all phases alike and changes nothing.
* *Circular shift* for :attr:`BeatLock.on_beat`, the mean cosine of the phase, which asks for events *on* the beat and
  so does change with a shift.

Known flaws: few events give a high chance level (about 0.9 / sqrt(n)), so compare with :attr:`BeatLock.chance_95`; on
the ballroom dances themselves the values are 0.13 to 0.36.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.chance import even_fractions
from dancegen.metrics.validate import validate_times

NULLS = 200
"""How many other tempi or shifts estimate a chance level."""
OTHER_TEMPO = (0.05, 0.35)
"""Least and greatest relative change of tempo of the baseline."""


@dataclass(frozen=True)
class BeatLock:
    """Lock of events to a pulse and its chance level.

    Attributes:
        value: mean resultant length in [0, 1].
        chance: its mean over other tempi.
        chance_95: its 95 % quantile over other tempi.
        z: (value - chance) in standard deviations of the baseline.
        p: share of the baseline that reaches the value, never below 1 / (NULLS + 1).
        mean_phase: phase of the mean vector in [-0.5, 0.5) of a cycle; negative is before the beat.
        on_beat: mean cosine of the phase in [-1, 1]; 1 when all events are on the beat.
        on_beat_95: 95 % quantile of ``on_beat`` over circular shifts of the music.
        events: number of events that were counted.
    """

    value: float
    chance: float
    chance_95: float
    z: float
    p: float
    mean_phase: float
    on_beat: float
    on_beat_95: float
    events: int


def beat_lock(events: np.ndarray, beats: np.ndarray) -> BeatLock:
    """Lock of events to beats.

    Args:
        events: (n,) ascending seconds, foot plants for instance.
        beats: (m,) ascending seconds. For the lock to bars, give the downbeats.

    Returns:
        The lock; see :class:`BeatLock`. Only events between one beat before the first and one after the last count.
        Fewer than two such events or beats: a warning, value and chance 0, and z NaN.

    Raises:
        ValueError: malformed times, or beats at the same time.

    Example:
        >>> beats = np.arange(0.0, 30.0, 0.5)
        >>> lock = beat_lock(beats[::2] + 0.1, beats)
        >>> round(lock.value, 3), lock.value > lock.chance_95, round(lock.mean_phase, 2)
        (1.0, True, 0.2)
    """
    validate_times(events, "events")
    validate_times(beats, "beats")
    if (np.diff(beats) <= 0).any():
        raise ValueError("beats must not coincide")
    position = _positions(events, beats) if len(beats) > 1 else np.zeros(0)
    if len(position) < 2:
        warnings.warn("Fewer than two events or two beats: no beat lock.", stacklevel=2)
        return BeatLock(0.0, 0.0, 0.0, math.nan, 1.0, 0.0, 0.0, 0.0, len(position))
    mean = _resultant(position)
    value = float(np.abs(mean))
    nulls = np.abs(_resultant(position[None] * _other_tempi(position[-1] - position[0])[:, None]))
    spread = float(nulls.std())
    return BeatLock(
        value=value,
        chance=float(nulls.mean()),
        chance_95=float(np.quantile(nulls, 0.95)),
        z=(value - float(nulls.mean())) / spread if spread > 0 else math.nan,
        p=float((np.count_nonzero(nulls >= value) + 1) / (NULLS + 1)),
        mean_phase=float((np.angle(mean) / (2 * np.pi) + 0.5) % 1.0 - 0.5),
        on_beat=float(mean.real),
        on_beat_95=float(np.quantile(_shifted_on_beat(events, beats), 0.95)),
        events=len(position),
    )


def _positions(events: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Continuous beat number of the events within one beat of the beats' range."""
    padded = np.concatenate([[2 * beats[0] - beats[1]], beats, [2 * beats[-1] - beats[-2]]])
    inside = events[(events >= padded[0]) & (events <= padded[-1])]
    return np.interp(inside, padded, np.arange(len(padded)) - 1.0)


def _resultant(position: np.ndarray) -> np.ndarray:
    return np.exp(2j * np.pi * position).mean(axis=-1)


def _other_tempi(span: float) -> np.ndarray:
    """(NULLS,) tempo factors, evenly spread, half faster and half slower.

    The least change makes the other pulse slip by at least one and a half cycles over the ``span`` of the events.
    """
    least, greatest = OTHER_TEMPO
    least = max(least, 1.5 / max(span, 1e-9))
    greatest = max(greatest, 2 * least)
    change = least + (greatest - least) * even_fractions(NULLS)
    return 1.0 + np.where(np.arange(NULLS) % 2 == 0, change, -change)


def _shifted_on_beat(events: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """(NULLS,) on-beat values with the events moved in a circle of the beats' range."""
    length = beats[-1] - beats[0]
    inside = events[(events >= beats[0]) & (events <= beats[-1])] - beats[0]
    if not len(inside):
        return np.zeros(NULLS)
    shift = length * even_fractions(NULLS)
    moved = beats[0] + (inside[None] + shift[:, None]) % length
    return np.cos(2 * np.pi * np.interp(moved, beats, np.arange(len(beats)))).mean(axis=1)
