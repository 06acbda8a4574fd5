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
  so does change with a shift; and for :func:`pooled_lock`, the lock of many songs together, because songs shifted each
  by its own time no longer agree.

Beats and bars. :func:`beat_lock` is the lock to any pulse: beats, or downbeats for the bar. :func:`motion_locks` gives
both for foot plants, speed minima and speed maxima.

Known flaws: few events give a high chance level (about 0.9 / sqrt(n)), so compare with :attr:`BeatLock.chance_95`; on
the ballroom dances the lock of plants to the beat is 0.13 (tango) to 0.42 (waltz). Events on every beat cancel in the
bar, however steady they are. A constant phase is forgiven, so a dance played backwards, or to another song of its very
tempo, is as locked as before: of the waltzes' 0.42 a shuffle within the style leaves 0.22 and time reversal 0.37. For
these controls use :meth:`BeatLock.toward` with the style's own phase (0.41 against 0.08 and -0.25) or
:func:`pooled_lock`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.chance import even_fractions
from dancegen.metrics.motion_events import MotionEvents
from dancegen.metrics.validate import validate_times
from motionbeat.beats import BeatGrid

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

    @property
    def above_chance(self) -> float:
        """``value - chance``: what is left of the lock when that to other tempi is taken off."""
        return self.value - self.chance

    def toward(self, phase: float) -> float:
        """Mean cosine of the phase from ``phase`` (cycles) on, in [-1, 1]: a lock at this phase counts, one at another
        does not. With the mean phase of a style's ground truth it tells steps in time from steps of the right tempo
        anywhere in the beat; its expectation for music shifted in time is 0."""
        return self.value * math.cos(2 * math.pi * (self.mean_phase - phase))


@dataclass(frozen=True)
class PooledLock:
    """Lock of the events of many songs, all phases on one circle.

    Attributes:
        value: mean resultant length in [0, 1]; high only if songs agree on the phase as well.
        chance: its mean over circular shifts, each song's music by its own.
        chance_95: its 95 % quantile over them.
        mean_phase: phase of the mean vector in [-0.5, 0.5) of a cycle.
        songs: number of songs.
        events: number of events.
    """

    value: float
    chance: float
    chance_95: float
    mean_phase: float
    songs: int
    events: int


@dataclass(frozen=True)
class PulseLocks:
    """Lock of one kind of events to the beat and to the bar."""

    beat: BeatLock
    bar: BeatLock


@dataclass(frozen=True)
class MotionLocks:
    """Lock of foot plants, speed minima and speed maxima."""

    plants: PulseLocks
    minima: PulseLocks
    maxima: PulseLocks


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
    mean = complex(_resultant(position))
    value = abs(mean)
    nulls = np.abs(_resultant(position[None] * other_tempi(position[-1] - position[0])[:, None]))
    spread = float(nulls.std())
    return BeatLock(
        value=value,
        chance=float(nulls.mean()),
        chance_95=float(np.quantile(nulls, 0.95)),
        z=(value - float(nulls.mean())) / spread if spread > 0 else math.nan,
        p=float((np.count_nonzero(nulls >= value) + 1) / (NULLS + 1)),
        mean_phase=_mean_phase(mean),
        on_beat=mean.real,
        on_beat_95=float(np.quantile(_shifted_on_beat(events, beats), 0.95)),
        events=len(position),
    )


def motion_locks(events: MotionEvents, grid: BeatGrid) -> MotionLocks:
    """Lock of every kind of event to the beats and to the bars of a song; see :func:`beat_lock`.

    Raises:
        ValueError: malformed times.
    """
    plants, minima, maxima = (
        PulseLocks(beat_lock(times, grid.beats), beat_lock(times, grid.downbeats))
        for times in (events.plants, events.minima, events.maxima)
    )
    return MotionLocks(plants, minima, maxima)


def pooled_lock(locks: Sequence[BeatLock]) -> PooledLock:
    """Lock of the events of many songs of a style, as if they were one song's.

    A dancer of a style plants the feet at the same phase in every song. Dances at the right tempo that begin anywhere
    are each locked, but not together; this is how they show.

    Args:
        locks: of :func:`beat_lock`, one for each song. Those without events count nothing.

    Returns:
        The lock; at a steady tempo a shift turns all phases of a song alike, so the baseline turns each song's mean
        vector by a phase of its own (drawn evenly, with a fixed seed). No events: a warning and zeros.
    """
    weights = np.array([lock.events for lock in locks], dtype=np.float64)
    if not weights.sum() > 0:
        warnings.warn("No events: no pooled lock.", stacklevel=2)
        return PooledLock(0.0, 0.0, 0.0, 0.0, len(locks), 0)
    vectors = np.array([lock.value * np.exp(2j * np.pi * lock.mean_phase) for lock in locks]) * weights / weights.sum()
    turns = np.random.default_rng(0).uniform(size=(NULLS, len(locks)))
    nulls = np.abs((vectors * np.exp(2j * np.pi * turns)).sum(axis=1))
    mean = complex(vectors.sum())
    return PooledLock(
        value=abs(mean),
        chance=float(nulls.mean()),
        chance_95=float(np.quantile(nulls, 0.95)),
        mean_phase=_mean_phase(mean),
        songs=len(locks),
        events=int(weights.sum()),
    )


def _mean_phase(vector: complex) -> float:
    return float((np.angle(vector) / (2 * np.pi) + 0.5) % 1.0 - 0.5)


def _positions(events: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Continuous beat number of the events within one beat of the beats' range."""
    padded = np.concatenate([[2 * beats[0] - beats[1]], beats, [2 * beats[-1] - beats[-2]]])
    inside = events[(events >= padded[0]) & (events <= padded[-1])]
    return np.interp(inside, padded, np.arange(len(padded)) - 1.0)


def _resultant(position: np.ndarray) -> np.ndarray:
    return np.exp(2j * np.pi * position).mean(axis=-1)


def other_tempi(span: float) -> np.ndarray:
    """Tempi of the baseline.

    Args:
        span: cycles of the pulse between the first and the last event.

    Returns:
        (NULLS,) tempo factors, evenly spread, half faster and half slower. The least change makes the other pulse slip
        by at least one and a half cycles over the ``span``.
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
