"""Dances counted in beats instead of seconds.

The generator works on frames of which there are :data:`FRAMES_PER_BEAT` in every beat, whatever the tempo, and in
windows that begin with a bar. A step that takes a beat always takes the same frames, and a figure that begins with the
bar always begins with the window: what would have to be learnt anew for each tempo, and for each place between a frame
and a beat, is the same thing here. Songs are danced at their own beats because that is what the time axis is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from motionbeat.beats import BeatGrid
from motionbeat.encoder import bar_clock
from motionbeat.motion import Motion
from motionbeat.motion_features import MOTION_FPS

FRAMES_PER_BEAT = 16

WINDOW_BEATS = 12
"""Beats in a window of the generator: whole bars in 3/4 and in 4/4."""

SLOWEST = 1.6
FASTEST = 1.5
"""Beats so many times slower than those that a style is danced to are danced at double time, beats so many times
faster at half time: a tracker's beats may be the dancer's half or double beats. Haste is worse than leisure: a rumba
whose beats were heard twice is danced at 67 beats a minute, not at 134."""

FASTEST_IN_THREE = 2.2
"""In place of :data:`FASTEST` for beats in 3/4: taken two by two only every second bar of theirs would begin with one
of the dance. 88 beats a minute are a waltz, and 190 still are one."""


@dataclass(frozen=True, eq=False)
class BeatFrames:
    """The frames of a dance counted in beats, from a downbeat on.

    Attributes:
        times_s: (N,) seconds at which they fall, ascending; negative before the song begins.
        phase: (N,) place in the bar in beats, 0 on downbeats.
        meter: beats in a bar.
        period_s: median length of a beat, seconds.
    """

    times_s: np.ndarray
    phase: np.ndarray
    meter: int
    period_s: float

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def downbeats(self) -> np.ndarray:
        """(K,) int, frames with which a bar begins."""
        return np.flatnonzero(self.phase == 0)

    def clock(self) -> np.ndarray:
        """(N, 9) float32, :func:`motionbeat.encoder.bar_clock` of the frames."""
        return bar_clock(self.phase, self.meter, self.period_s)


def beat_frames(grid: BeatGrid, duration_s: float, spare_beats: int = 0) -> BeatFrames:
    """The frames of ``duration_s`` seconds from 0 on, in whole bars.

    The way from beat to beat is monotone and smooth (PCHIP), so that uneven beats do not jerk.

    Args:
        grid: beats of the music; continued at its local tempo on both sides.
        duration_s: seconds of the dance.
        spare_beats: at least so many beats more behind its end.
    """
    first = int(np.floor(float(grid.beat_position(0.0)) + 1e-6))
    last = int(np.ceil(float(grid.beat_position(duration_s)) - 1e-6))
    first -= int(grid.place_in_bar(np.array([first]))[0])
    last = max(last, first + 1) + spare_beats
    last += int(-grid.place_in_bar(np.array([last]))[0] % grid.meter)
    beats = np.arange(first, last + 1)
    position = first + np.arange((last - first) * FRAMES_PER_BEAT) / FRAMES_PER_BEAT
    times = PchipInterpolator(beats, grid.time_at(beats))(position)
    in_bar = grid.place_in_bar(np.floor(position).astype(int))
    return BeatFrames(times, in_bar + position % 1.0, grid.meter, float(np.median(np.diff(grid.beats))))


def beats_of_a_dance_beat(period_s: float, danced_s: float, in_three: bool) -> float:
    """How many of the music's beats, ``period_s`` seconds long, make one beat of a dance of about ``danced_s`` seconds
    a beat: 1, or 0.5 beyond :data:`SLOWEST` and 2 beyond :data:`FASTEST` (:data:`FASTEST_IN_THREE`). ``in_three``:
    bars of music and dance have three beats."""
    ratio = period_s / danced_s
    fastest = FASTEST_IN_THREE if in_three else FASTEST
    return 0.5 if ratio > SLOWEST else 2.0 if ratio < 1 / fastest else 1.0


def dance_grid(grid: BeatGrid, meter: int, period_s: float) -> BeatGrid:
    """The music's beats as a dance with ``meter`` beats in a bar of about ``period_s`` seconds each counts them.

    Bars are counted anew from the first downbeat where the music has another meter. Beats much slower or faster than
    the dance's are halved or taken two by two (:func:`beats_of_a_dance_beat`).
    """
    taken = beats_of_a_dance_beat(float(np.median(np.diff(grid.beats))), period_s, grid.meter == meter == 3)
    index = np.arange(len(grid.beats))
    down = int(np.flatnonzero(grid.beat_in_bar == 0)[0])
    in_bar = grid.beat_in_bar if grid.meter == meter else (index - down) % meter
    beats, tempo = grid.beats, grid.tempo
    if taken == 0.5:
        half = np.arange(2 * len(beats) - 1)
        beats, in_bar, tempo = grid.time_at(half / 2), (2 * in_bar[half // 2] + half % 2) % meter, 2 * tempo
    elif taken == 2 and len(beats) > 3:
        kept = index[(index - down) % 2 == 0]
        beats, in_bar, tempo = beats[kept], (kept - down) // 2 % meter, tempo / 2
    # a grid of a few beats may have lost its only downbeat
    in_bar = in_bar if (in_bar == 0).any() else (in_bar - in_bar[0]) % meter
    return BeatGrid(beats, beats[in_bar == 0], meter, tempo, grid.confidence)


def motion_at(frames: BeatFrames, motion: Motion) -> Motion:
    """A motion read at the frames; held before its beginning and after its end."""
    return motion.sampled_at(frames.times_s, FRAMES_PER_BEAT / frames.period_s)


def motion_in_seconds(frames: BeatFrames, motion: Motion, count: int) -> Motion:
    """The inverse of :func:`motion_at`: ``count`` frames at 30 fps from second 0 on, of a motion on ``frames``."""
    position = np.interp(np.arange(count) / MOTION_FPS, frames.times_s, np.arange(len(frames)))
    return motion.sampled_at(position / motion.fps, MOTION_FPS)
