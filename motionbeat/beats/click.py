"""A song with a click on each beat, to check beats by ear."""

from __future__ import annotations

import numpy as np

from motionbeat.audio import Audio
from motionbeat.beats.files import bar_positions
from motionbeat.beats.grid import BeatGrid

SONG_PEAK = 0.4
"""Peak of the song under the clicks: the loudest click still fits on top of it."""

_DOWNBEAT_CLICK = (1760.0, 0.55)
_BEAT_CLICK = (1174.7, 0.4)
"""Hertz and peak. A fifth apart, so that downbeats stand out on small speakers too."""

_CLICK_S = 0.06
_DECAY_PER_S = 80.0


def with_clicks(audio: Audio, grid: BeatGrid) -> Audio:
    """The song brought to a peak of :data:`SONG_PEAK`, with a click beginning on each beat, higher and louder on
    downbeats.

    Args:
        audio: the song.
        grid: its beats, in seconds since the beginning of ``audio``.

    Returns:
        As long as ``audio``, peak at most 1. Beats outside it make no click.
    """
    peak = max(float(np.abs(audio.samples).max(initial=0.0)), 1e-9)
    clicks = np.zeros_like(audio.samples)
    downbeat, beat = (_click(*kind, audio.sample_rate) for kind in (_DOWNBEAT_CLICK, _BEAT_CLICK))
    for time, position in zip(grid.beats, bar_positions(grid), strict=True):
        sound = downbeat if position == 1 else beat
        start = round(time * audio.sample_rate)
        if 0 <= start < len(clicks):
            place = clicks[start : start + len(sound)]
            # set, not added: clicks of beats closer than a click do not pile up
            place[:] = sound[: len(place)]
    return Audio(audio.samples * np.float32(SONG_PEAK / peak) + clicks, audio.sample_rate)


def _click(pitch_hz: float, peak: float, sample_rate: int) -> np.ndarray:
    time = np.arange(round(_CLICK_S * sample_rate)) / sample_rate
    sound = np.sin(2 * np.pi * pitch_hz * time) * np.exp(-_DECAY_PER_S * time)
    return (peak * sound / np.abs(sound).max()).astype(np.float32)
