"""Beats of a song whose exact tempo is known: only where they fall has to be found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motionbeat.assets import asset_path
from motionbeat.audio import Audio
from motionbeat.beats import DEFAULT_METER, BeatGrid, NeuralBeatTracker
from motionbeat.beats.features import FRAME_RATE
from motionbeat.beats.network import BeatNetwork
from motionbeat.beats.tracker import hear

_STEP_S = 0.005
_BLUR_FRAMES = 1.0  # the network's peaks are a frame or two wide: a comb would fall between them
_REFINE_S = 0.05
_EDGE_S = 0.06  # a beat so little before the start, or before the end, is one at the start, or at the end


@dataclass(frozen=True)
class SteadyBeats:
    """Beats of constant tempo through a whole song.

    Attributes:
        tempo: beats per minute.
        downbeat_s: seconds of the first downbeat; a little below 0 where the song begins with it.
        meter: beats in a bar.
        confidence: 0 to 1, how surely the network hears beats there.
    """

    tempo: float
    downbeat_s: float
    meter: int
    confidence: float

    def grid(self, duration_s: float) -> BeatGrid:
        """The beats of the first ``duration_s`` seconds, to the first one at or after their end."""
        period = 60.0 / self.tempo
        first = int(np.ceil((-_EDGE_S - self.downbeat_s) / period))
        last = int(np.ceil((duration_s - _EDGE_S - self.downbeat_s) / period))
        index = np.arange(first, max(last, first + self.meter) + 1)
        beats = self.downbeat_s + index * period
        beats[0] = max(beats[0], 0.0)
        return BeatGrid(beats, beats[index % self.meter == 0], self.meter, self.tempo, self.confidence)


def fit_steady_beats(audio: Audio, tempo: float, meter: int = DEFAULT_METER) -> SteadyBeats:
    """Lay beats of a known tempo where the beat network hears them.

    Of all shifts within a beat the one is taken whose beats have the highest mean probability over the whole song, so
    that single wrong or missing beats do not matter and no tempo can be heard at twice or half its value; the downbeat
    likewise, of the beats of a bar.

    Args:
        audio: the song, at :data:`motionbeat.audio.SAMPLE_RATE`.
        tempo: beats per minute, exact: half a beat of drift over the song would blur everything.
        meter: beats in a bar.
    """
    hearing = hear(_network(), audio.samples)
    beat, downbeat = (gaussian_filter1d(heard, _BLUR_FRAMES) for heard in (hearing.beat, hearing.downbeat))
    frames = np.arange(len(beat)) / FRAME_RATE
    period = 60.0 / tempo
    whole = np.arange(int(audio.duration / period)) * period
    shifts = np.arange(-_EDGE_S, period - _EDGE_S, _STEP_S)
    phase = float(shifts[np.argmax([np.interp(shift + whole, frames, beat).mean() for shift in shifts])])
    # Frames are 20 ms apart: the middle of all peaks together tells more than the best shift does.
    beside = (frames - phase + period / 2) % period - period / 2
    near = np.abs(beside) <= _REFINE_S
    phase += float((beside[near] * hearing.beat[near]).sum() / max(float(hearing.beat[near].sum()), 1e-9))
    beats = phase + whole
    heard = np.interp(beats, frames, downbeat)
    place = int(np.argmax([heard[first::meter].mean() for first in range(min(meter, len(heard)))]))
    return SteadyBeats(tempo, phase + place * period, meter, hearing.confidence(beats))


@cache
def _network() -> BeatNetwork:
    return NeuralBeatTracker.from_pretrained(asset_path("models", "beats")).network
