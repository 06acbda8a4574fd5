"""Excerpts of the training set as the network sees them, each time different."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from motionbeat.audio import SAMPLE_RATE
from motionbeat.beats.features import BANDS, FRAME_RATE, HOP, log_scaled, mel_spectrogram
from motionbeat.beatset.clip_files import Clip
from motionbeat.beatset.score import MAX_TEMPO, MIN_TEMPO
from motionbeat.errors import UserError

FRAMES = 1200
"""Length of an excerpt: 24 s."""

_TARGET_WIDTH = 0.7  # standard deviation, in frames, of the bump that a beat is in the targets
_PULSE_MARGIN_S = 1.0
_HELD_OUT_SHARE = 25  # one original in so many


@dataclass(frozen=True, eq=False)
class ExcerptBatch:
    """Spectrograms and what to say of them.

    Attributes:
        spectrogram: (B, T, BANDS).
        beat: (B, T) in [0, 1], 1 on a beat.
        downbeat: (B, T) in [0, 1]; not to be learnt from where ``bars_known`` is 0.
        pulse: (B, T) 1 where the music has a beat.
        meter: (B,) int, beats in a bar; 0 where not known.
        bars_known: (B,) 0 or 1.
    """

    spectrogram: torch.Tensor
    beat: torch.Tensor
    downbeat: torch.Tensor
    pulse: torch.Tensor
    meter: torch.Tensor
    bars_known: torch.Tensor

    def to(self, device: torch.device) -> ExcerptBatch:
        return ExcerptBatch(**{name: value.to(device) for name, value in vars(self).items()})


def clip_paths(folder: Path, held_out: bool) -> list[Path]:
    """Files of the training part of a set or of its held-out part, which shares no original with it.

    Raises:
        UserError: there are none.
    """
    paths = [p for p in sorted(folder.glob("*.npz")) if _is_held_out(p.stem) == held_out]
    if not paths:
        raise UserError(f"No clips in {folder}; make them with: python -m motionbeat.beatset --out {folder}.")
    return paths


def _is_held_out(name: str) -> bool:
    original = re.sub(r"^(pop\d{3}|recording[0-9a-f]{8})_\d+$", r"\1", name)
    return zlib.crc32(original.encode()) % _HELD_OUT_SHARE == 0


class ExcerptSampler:
    """Draws batches of changed excerpts.

    Args:
        paths: clips of the set.
        seed: of all draws.
    """

    def __init__(self, paths: list[Path], seed: int) -> None:
        self._paths = paths
        self._maskers = [p for p in paths if p.stem.startswith("sound")]
        self._rng = np.random.default_rng(seed)

    def batch(self, size: int) -> ExcerptBatch:
        """``size`` excerpts of :data:`FRAMES` frames."""
        rows = [self.excerpt() for _ in range(size)]
        return ExcerptBatch(*(torch.stack([row[i] for row in rows]) for i in range(6)))

    def excerpt(self) -> tuple[torch.Tensor, ...]:
        """One row of a batch."""
        rng = self._rng
        clip = Clip.read(self._paths[rng.integers(len(self._paths))])
        hop = self._hop(clip)
        need = FRAMES * hop
        extra = clip.stems.shape[1] - need
        start = int(rng.integers(extra + 1)) if extra > 0 else -int(rng.integers(-extra + 1))
        samples = self._mixed(clip, start, need)
        semitones = float(rng.integers(-4, 5)) if rng.random() < 0.5 else 0.0
        mel = mel_spectrogram(torch.from_numpy(samples), hop, semitones)[:FRAMES]
        mel = mel * self._colour()
        spectrogram = self._patched(log_scaled(mel))

        frames = (clip.beats * SAMPLE_RATE - start) / hop
        heard_s = clip.stems.shape[1]
        first, last = -start / hop, (heard_s - start) / hop
        return (
            spectrogram,
            _bumps(frames),
            _bumps(frames[clip.positions == 1]),
            _pulse(frames, first, last, 2.0 * _PULSE_MARGIN_S * FRAME_RATE),
            torch.tensor(clip.meter),
            torch.tensor(float(bool(len(clip.beats) == 0 or clip.positions.any()))),
        )

    def _hop(self, clip: Clip) -> int:
        """Another tempo, 0.7 to 1.4 times the music's own."""
        rng = self._rng
        if rng.random() < 0.3:
            return HOP
        low, high = 0.7, 1.4
        if len(clip.beats) > 1:
            tempo = 60.0 / float(np.median(np.diff(clip.beats)))
            low, high = max(low, min(1.0, MIN_TEMPO / tempo)), min(high, max(1.0, MAX_TEMPO / tempo))
        return round(HOP * float(np.exp(rng.uniform(np.log(low), np.log(high)))))

    def _mixed(self, clip: Clip, start: int, count: int) -> np.ndarray:
        """(count,) of the clip from sample ``start`` (may be negative) with its stems at other levels, masked."""
        rng = self._rng
        stems = _cut(clip.stems, start, count)
        draw = rng.random()
        if len(stems) == 2 and draw < 0.08:
            mix = stems[0]
        elif len(stems) == 2 and draw < 0.2:
            mix = stems[1]
        elif len(stems) == 2:
            levels = np.array([1.0, 10 ** (rng.normal(0, 5) / 20)]) / (_rms(stems) + 1e-4)
            mix = levels.astype(np.float32) @ stems
        else:
            mix = stems[0]
        loudness = _rms(mix[None])[0] + 1e-5
        if rng.random() < 0.06:
            at, length = int(rng.integers(count)), int(rng.uniform(0.5, 3) * SAMPLE_RATE)
            mix[at : at + length] *= 0.05
        if self._maskers and rng.random() < 0.35:
            other = Clip.read(self._maskers[rng.integers(len(self._maskers))]).stems
            mask = _cut(other, int(rng.integers(max(1, other.shape[1] - count + 1))), count)[0]
            gain = loudness / (_rms(mask[None])[0] + 1e-5) * 10 ** (-rng.uniform(-3, 20) / 20)
            mix = mix + mask * np.float32(gain)
        if rng.random() < 0.25:
            noise = rng.standard_normal(count, dtype=np.float32)
            mix = mix + noise * np.float32(loudness * 10 ** (-rng.uniform(10, 45) / 20))
        if rng.random() < 0.15:
            mix = np.tanh(mix * np.float32(rng.uniform(0.5, 3) / (3 * loudness)))
        return mix

    def _colour(self) -> torch.Tensor:
        """(BANDS,) gains: a smooth equalisation, at times a narrow range as of a telephone or a wall."""
        rng = self._rng
        knots = rng.normal(0, 4, 6)
        gain_db = np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 6), knots)
        if rng.random() < 0.12:
            gain_db -= np.maximum(0, np.arange(BANDS) - rng.integers(BANDS // 3, BANDS)) * 3.0
        if rng.random() < 0.12:
            gain_db -= np.maximum(0, rng.integers(0, BANDS // 4) - np.arange(BANDS)) * 3.0
        return torch.from_numpy(10 ** (gain_db / 20)).float()

    def _patched(self, spectrogram: torch.Tensor) -> torch.Tensor:
        """(T, BANDS) with a few bands or moments blotted out (SpecAugment, Park et al. 2019)."""
        rng = self._rng
        if rng.random() < 0.3:
            band, width = int(rng.integers(BANDS)), int(rng.integers(4, 20))
            spectrogram[:, band : band + width] = 0
        if rng.random() < 0.3:
            for _ in range(int(rng.integers(1, 5))):
                at, width = int(rng.integers(FRAMES)), int(rng.integers(3, 30))
                spectrogram[at : at + width] = 0
        return spectrogram


def _cut(stems: np.ndarray, start: int, count: int) -> np.ndarray:
    """(k, count) float32 of int16 stems, silent where they do not reach."""
    before = max(0, -start)
    part = stems[:, max(0, start) : start + count]
    cut = np.zeros((len(stems), count), dtype=np.float32)
    np.multiply(part, np.float32(1 / 32768), out=cut[:, before : before + part.shape[1]])
    return cut


def _rms(stems: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("kn,kn->k", stems, stems) / stems.shape[1])


def _bumps(frames: np.ndarray) -> torch.Tensor:
    """(FRAMES,) 1 at the given (fractional) frames, falling off as a Gaussian."""
    target = np.zeros(FRAMES)
    for frame in frames[(frames > -3) & (frames < FRAMES + 3)]:
        near = np.arange(max(0, int(frame) - 3), min(FRAMES, int(frame) + 5))
        target[near] = np.maximum(target[near], np.exp(-0.5 * ((near - frame) / _TARGET_WIDTH) ** 2))
    return torch.from_numpy(target).float()


def _pulse(frames: np.ndarray, first: float, last: float, margin: float) -> torch.Tensor:
    """(FRAMES,) 1 between the first and the last beat, as far as there is sound."""
    target = np.zeros(FRAMES)
    if len(frames):
        begin, end = max(frames[0] - margin / 2, first), min(frames[-1] + margin / 2, last)
        target[max(0, round(begin)) : max(0, round(end))] = 1
    return torch.from_numpy(target).float()
