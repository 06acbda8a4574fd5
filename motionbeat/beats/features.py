"""What the beat network hears: a log-mel spectrogram at 50 frames per second."""

from __future__ import annotations

from functools import cache

import librosa
import torch

from motionbeat.audio import SAMPLE_RATE

HOP = 441
FRAME_RATE = SAMPLE_RATE / HOP
"""Frames per second; frame ``i`` is centred at ``i / FRAME_RATE`` seconds."""
BANDS = 80

_WINDOW = 1024
_LOWEST_HZ = 30.0
_HIGHEST_HZ = 10_000.0
_BLOCK_FRAMES = 3000  # a minute at a time: the complex spectrum of an hour would fill the memory
_RANGE = 1000.0  # quieter than the loudest parts by this factor is as good as silent


@cache
def mel_filters(semitones: float = 0.0) -> torch.Tensor:
    """(BANDS, bins) triangular filters that hear everything ``semitones`` higher than it is."""
    rate = SAMPLE_RATE * 2 ** (semitones / 12)  # as if played faster
    filters = librosa.filters.mel(sr=rate, n_fft=_WINDOW, n_mels=BANDS, fmin=_LOWEST_HZ, fmax=_HIGHEST_HZ)
    return torch.from_numpy(filters)


def mel_spectrogram(samples: torch.Tensor, hop: int = HOP, semitones: float = 0.0) -> torch.Tensor:
    """(T, BANDS) magnitudes of mono (N,) float32 at 22050 per second; ``T = N // hop + 1``.

    A ``hop`` of ``f * HOP`` makes music sound ``f`` times as fast to whoever reads frames at :data:`FRAME_RATE`.
    """
    return filtered_spectrogram(samples, mel_filters(semitones), hop)


def filtered_spectrogram(samples: torch.Tensor, filters: torch.Tensor, hop: int) -> torch.Tensor:
    """(T, filters) magnitudes of mono (N,) float32 through ``filters`` (filters, bins) over the bins of a spectrum;
    frame ``i`` is centred at sample ``i * hop``, ``T = N // hop + 1``."""
    length = 2 * (filters.shape[1] - 1)
    window = torch.hann_window(length)
    frames = len(samples) // hop + 1
    level = torch.empty(frames, len(filters))
    for first in range(0, frames, _BLOCK_FRAMES):
        count = min(_BLOCK_FRAMES, frames - first)
        start = first * hop - length // 2
        stop = start + (count - 1) * hop + length
        block = samples[max(start, 0) : stop]
        block = torch.nn.functional.pad(block, (max(-start, 0), max(stop - len(samples), 0)))
        spectrum = torch.stft(block, length, hop, window=window, center=False, return_complex=True)
        magnitude = torch.addcmul(spectrum.real.square(), spectrum.imag, spectrum.imag).sqrt_()  # faster than abs()
        level[first : first + count] = (filters @ magnitude).T
    return level


def log_scaled(mel: torch.Tensor) -> torch.Tensor:
    """Logarithm of (T, BANDS) magnitudes relative to the loud parts of this sound: 0 for silence, about 7 there."""
    loudest = mel.amax(dim=1)
    reference = torch.quantile(loudest[:: max(1, len(loudest) // 10_000)], 0.95).clamp(min=1e-5)
    return (_RANGE * mel).div_(reference).log1p_()
