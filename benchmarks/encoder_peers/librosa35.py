"""The baseline features of EDGE (Tseng et al., CVPR 2023), without a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import librosa
import numpy as np

GIVEN_RATE = 22050
"""Samples per second of the sound that is given."""

_HOP = 512
_FPS = 30
_RATE = _FPS * _HOP


@dataclass(frozen=True, eq=False)
class Frames:
    """Features of a song.

    Attributes:
        values: (F, D).
        times_s: (F,) centre of each frame, seconds, evenly spaced.
        one_hot: D or fewer; this many of the last columns are 1 in single frames and 0 elsewhere.
    """

    values: np.ndarray
    times_s: np.ndarray
    one_hot: int = 0

    @property
    def marks(self) -> np.ndarray:
        """(D,) bool, True for columns that mark single frames."""
        return np.arange(self.values.shape[1]) >= self.values.shape[1] - self.one_hot


Extractor = Callable[[np.ndarray], Frames]
"""From (N,) float32 samples at :data:`GIVEN_RATE`."""


def librosa35() -> Extractor:
    """At 30 fps onset strength 1, MFCC 20, CENS chroma 12, onset peaks 1, tracked beats 1. Taken over whole songs,
    where EDGE takes them over its slices."""

    def extract(samples: np.ndarray) -> Frames:
        start_bpm = librosa.feature.tempo(y=samples, sr=GIVEN_RATE)[0]
        sound = librosa.resample(samples, orig_sr=GIVEN_RATE, target_sr=_RATE)
        strength = librosa.onset.onset_strength(y=sound, sr=_RATE, hop_length=_HOP)
        mfcc = librosa.feature.mfcc(y=sound, sr=_RATE, n_mfcc=20, hop_length=_HOP)
        chroma = librosa.feature.chroma_cens(y=sound, sr=_RATE, hop_length=_HOP, n_chroma=12)
        peaks = librosa.onset.onset_detect(onset_envelope=strength, sr=_RATE, hop_length=_HOP)
        beats = librosa.beat.beat_track(
            onset_envelope=strength, sr=_RATE, hop_length=_HOP, start_bpm=start_bpm, tightness=100
        )[1]
        marks = np.zeros((2, len(strength)))
        marks[0, peaks] = 1
        marks[1, beats] = 1
        return Frames(np.vstack([strength, mfcc, chroma, marks]).T, np.arange(len(strength)) / _FPS, one_hot=2)

    return extract
