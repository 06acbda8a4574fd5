"""Features without a network, by librosa: what any learned representation has to beat."""

from __future__ import annotations

import importlib.metadata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import librosa
import numpy as np

from motionbeat.audio import Audio
from motionbeat.probe.encoders import Heard, Layer
from motionbeat.probe.task import Listening

_VERSION = f"librosa {importlib.metadata.version('librosa')}"
_HOP = 441  # 50 frames a second


def _layer(rows: np.ndarray, audio: Audio, hop: int) -> Layer:
    """Of librosa's (D, T), whose frames are centred at multiples of the hop."""
    times = np.arange(rows.shape[1]) * (hop / audio.sample_rate)
    return Layer(np.ascontiguousarray(rows.T, dtype=np.float32), times)


@contextmanager
def _quiet() -> Iterator[None]:
    """librosa warns of windows longer than a short note; it pads them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large")
        yield


class MelStatistics:
    """128 mel bands, 50 frames a second, in dB."""

    name = "mel"
    version = _VERSION
    about = "log mel spectrogram, 128 bands, by librosa"

    def hear(self, audio: Audio, listening: Listening) -> Heard:
        """Layer ``mel``, whatever the listening."""
        with _quiet():
            power = librosa.feature.melspectrogram(y=audio.samples, sr=audio.sample_rate, hop_length=_HOP)
        return Heard({"mel": _layer(librosa.power_to_db(power), audio, _HOP)})


class MfccStatistics:
    """20 mel-frequency cepstral coefficients and their slopes, 50 frames a second: 80 values as mean and deviation."""

    name = "mfcc"
    version = _VERSION
    about = "20 MFCC and their first differences, by librosa"

    def hear(self, audio: Audio, listening: Listening) -> Heard:
        """Layer ``mfcc``, whatever the listening."""
        with _quiet():
            mfcc = librosa.feature.mfcc(y=audio.samples, sr=audio.sample_rate, n_mfcc=20, hop_length=_HOP)
        slope = librosa.feature.delta(mfcc, mode="nearest")  # the usual mode wants nine frames
        return Heard({"mfcc": _layer(np.vstack([mfcc, slope]), audio, _HOP)})


class Tempogram:
    """Local autocorrelation of onset strength: 384 lags of 23 ms (Grosche, Mueller and Kurth, ICASSP 2010)."""

    name = "tempogram"
    version = _VERSION
    about = "autocorrelation tempogram, 384 lags, by librosa"

    _HOP = 512

    def hear(self, audio: Audio, listening: Listening) -> Heard:
        """Layer ``tempogram``, whatever the listening."""
        with _quiet():
            rows = librosa.feature.tempogram(y=audio.samples, sr=audio.sample_rate, hop_length=self._HOP)
        return Heard({"tempogram": _layer(rows, audio, self._HOP)})


class Librosa35:
    """The baseline features of EDGE (Tseng et al., CVPR 2023) at 30 frames a second: onset strength, 20 MFCC, 12 CENS
    chroma, onset peaks and librosa's tracked beats."""

    name = "librosa35"
    version = _VERSION
    about = "onset strength, MFCC, chroma, onset peaks, beats (EDGE's baseline), by librosa"

    _HOP = 735  # 30 frames a second
    _CHROMA_HOP = 512  # of the constant-Q transform, which wants a multiple of 64

    def hear(self, audio: Audio, listening: Listening) -> Heard:
        """Layer ``librosa35``; without its tracked beats, 34 values, where time is cut by a fixed clock."""
        sound, rate, hop = audio.samples, audio.sample_rate, self._HOP
        with _quiet():
            strength = librosa.onset.onset_strength(y=sound, sr=rate, hop_length=hop)
            mfcc = librosa.feature.mfcc(y=sound, sr=rate, n_mfcc=20, hop_length=hop)
            chroma = librosa.feature.chroma_cens(y=sound, sr=rate, hop_length=self._CHROMA_HOP)
        frames = np.arange(len(strength)) * (hop / self._CHROMA_HOP)
        chroma = np.stack([np.interp(frames, np.arange(chroma.shape[1]), band) for band in chroma])
        peaks = np.zeros(len(strength))
        peaks[librosa.onset.onset_detect(onset_envelope=strength, sr=rate, hop_length=hop)] = 1
        rows = [strength[None], mfcc, chroma, peaks[None]]
        if listening is Listening.MUSIC:
            beats = np.zeros(len(strength))
            beats[librosa.beat.beat_track(onset_envelope=strength, sr=rate, hop_length=hop)[1]] = 1
            rows.append(beats[None])
        return Heard({"librosa35": _layer(np.vstack(rows), audio, hop)})
