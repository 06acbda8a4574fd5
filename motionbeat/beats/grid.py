"""The beats and bars of a song, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from motionbeat.audio import Audio

DEFAULT_METER = 4
DEFAULT_TEMPO = 120.0
"""Tempo in beats per minute of the steady grid that stands in for music without a beat."""

_EDGE_S = 0.03
_END_BEATS = 4  # beats at either end whose mean interval is the local period there


@dataclass(frozen=True, eq=False)
class BeatGrid:
    """Beats and bars of a song.

    Attributes:
        beats: (n,) ascending seconds, at least two.
        downbeats: (m,) ascending seconds, each of them one of the beats; at least one.
        meter: beats in a bar.
        tempo: beats per minute.
        confidence: 0 (a steady grid laid over music without a beat) to 1 (a clear, regular beat).
    """

    beats: np.ndarray
    downbeats: np.ndarray
    meter: int
    tempo: float
    confidence: float

    def __post_init__(self) -> None:
        for name in ("beats", "downbeats"):
            times = np.array(getattr(self, name), dtype=np.float64)
            if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
                raise ValueError(f"{name} must be (n,) finite and ascending, got {times!r}")
            times.flags.writeable = False
            object.__setattr__(self, name, times)
        if len(self.beats) < 2:
            raise ValueError(f"a grid needs at least two beats, got {len(self.beats)}")
        if len(self.downbeats) == 0 or np.abs(self.downbeats - self.beats[self._downbeat_indices()]).max() > 1e-3:
            raise ValueError("downbeats must be one or more of the beats")
        if self.meter < 1:
            raise ValueError(f"meter must be 1 or more beats, got {self.meter}")
        if not (np.isfinite(self.tempo) and self.tempo > 0):
            raise ValueError(f"tempo must be positive, got {self.tempo}")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence must be in [0, 1], got {self.confidence}")

    def __len__(self) -> int:
        return len(self.beats)

    @classmethod
    def steady(
        cls, tempo: float, duration_s: float, meter: int = DEFAULT_METER, first_s: float = 0.0, confidence: float = 0.0
    ) -> BeatGrid:
        """A grid of constant tempo over ``duration_s`` seconds with a downbeat at ``first_s``.

        Args:
            tempo: beats per minute.
            duration_s: seconds that the grid covers from 0 on.
            meter: beats in a bar.
            first_s: time of a downbeat, at or after 0.
            confidence: what the grid says of itself.
        """
        period = 60.0 / tempo
        before = int(first_s / period + 1e-9)
        after = max(1, int(np.ceil((duration_s - first_s) / period - 1e-9)) - 1)
        index = np.arange(-before, after + 1)
        beats = first_s + index * period
        return cls(beats, beats[index % meter == 0], meter, tempo, confidence)

    def covering(self, duration_s: float) -> BeatGrid:
        """The grid continued at its local tempo to the first and the last of ``duration_s`` seconds.

        A tracker's grid begins and ends with what can be heard; a dance goes from end to end.
        """
        first, last = self._end_periods()
        # A note at time 0 is heard once it has begun: its beat may come out a little before the start.
        before = int((max(0.0, self.beats[0]) + _EDGE_S) / first)
        after = max(0, int(np.ceil((duration_s - _EDGE_S - self.beats[-1]) / last)) - 1)
        beats = np.concatenate(
            [
                self.beats[0] - first * np.arange(before, 0, -1),
                self.beats,
                self.beats[-1] + last * np.arange(1, after + 1),
            ]
        )
        place = (self.beat_in_bar[0] - before) % self.meter
        end = self._downbeat_indices()[-1] + before
        index = np.arange(len(beats))
        is_down = np.zeros(len(beats), dtype=bool)
        is_down[self._downbeat_indices() + before] = True
        is_down |= (index < before) & ((index + place) % self.meter == 0)
        is_down |= (index >= before + len(self.beats)) & ((index - end) % self.meter == 0)
        beats[0] = max(beats[0], 0.0)
        return BeatGrid(beats, beats[is_down], self.meter, self.tempo, self.confidence)

    def _downbeat_indices(self) -> np.ndarray:
        after = np.clip(np.searchsorted(self.beats, self.downbeats), 1, len(self.beats) - 1)
        nearer_before = self.downbeats - self.beats[after - 1] < self.beats[after] - self.downbeats
        return after - nearer_before

    @property
    def beat_in_bar(self) -> np.ndarray:
        """(n,) int, place of each beat in its bar; 0 is the downbeat. Counts back from the first downbeat."""
        index = np.arange(len(self.beats))
        downs = self._downbeat_indices()
        last = downs[np.maximum(np.searchsorted(downs, index, side="right") - 1, 0)]
        return (index - last) % self.meter

    def _end_periods(self) -> tuple[float, float]:
        span = min(_END_BEATS, len(self.beats) - 1)
        return (self.beats[span] - self.beats[0]) / span, (self.beats[-1] - self.beats[-1 - span]) / span

    def beat_position(self, times_s: np.ndarray | float) -> np.ndarray:
        """Beats since ``beats[0]`` at the given seconds: linear between beats, the local tempo beyond both ends."""
        times = np.asarray(times_s, dtype=np.float64)
        first, last = self._end_periods()
        position = np.interp(times, self.beats, np.arange(len(self.beats)))
        position = position + np.minimum(times - self.beats[0], 0) / first
        return position + np.maximum(times - self.beats[-1], 0) / last

    def time_at(self, position: np.ndarray | float) -> np.ndarray:
        """Seconds at which :meth:`beat_position` has the given value."""
        position = np.asarray(position, dtype=np.float64)
        first, last = self._end_periods()
        top = len(self.beats) - 1
        times = np.interp(position, np.arange(top + 1), self.beats)
        return times + np.minimum(position, 0) * first + np.maximum(position - top, 0) * last

    def beat_phase(self, times_s: np.ndarray | float) -> np.ndarray:
        """How far in its beat each time is, in [0, 1)."""
        return self.beat_position(times_s) % 1.0

    def bar_phase(self, times_s: np.ndarray | float) -> np.ndarray:
        """How far in its bar each time is, in [0, 1); 0 is the downbeat."""
        position = self.beat_position(times_s)
        beat = np.floor(position).astype(int)
        return (self.place_in_bar(beat) + (position - beat)) / self.meter

    def place_in_bar(self, beat: np.ndarray) -> np.ndarray:
        """(n,) int, :attr:`beat_in_bar` of beats by number, also of those before the first and after the last."""
        inside = np.clip(beat, 0, len(self.beats) - 1)
        return (self.beat_in_bar[inside] + beat - inside) % self.meter


class BeatTracker(Protocol):
    """Anything that finds the beat grid of a sound."""

    def __call__(self, audio: Audio) -> BeatGrid:
        """The grid of ``audio``, as far as its beats are heard. Never fails on music without a beat."""
        ...
