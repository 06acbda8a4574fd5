"""The music ear: a network that has learnt from sound alone what music is like, before any dance was seen.

It is given a log-mel spectrogram (what is struck, and when), a spectrogram in semitones (what is played) and what the
beat network hears, 25 times a second, and has been trained by :mod:`motionbeat.train_ear` to fill in what is hidden
from it and to tell pieces of music apart. Masked prediction of music after Li et al., "MERT: Acoustic Music
Understanding Model with Large-Scale Self-supervised Training" (ICLR 2024); contrast of two parts of a recording after
Saeed, Grangier and Zeghidour, "Contrastive Learning of General-Purpose Audio Representations" (ICASSP 2021). Sizes and
inputs are ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn
from torch.nn import functional as F

from motionbeat.assets import asset_path
from motionbeat.audio import SAMPLE_RATE, Audio
from motionbeat.beats.features import BANDS, FRAME_RATE, HOP, filtered_spectrogram, log_scaled, mel_spectrogram
from motionbeat.beats.network import BeatNetwork
from motionbeat.beats.tracker import pulse_features
from motionbeat.model_files import load_model
from motionbeat.tokens import PULSE_TOKEN_DIM, SlotGrid, slot_means

FRAMES_PER_TOKEN = 2
TOKEN_RATE = FRAME_RATE / FRAMES_PER_TOKEN
"""Tokens a second; token ``i`` is about the sound from ``i / TOKEN_RATE`` seconds on."""

SEMITONES = 72
LOWEST_HZ = 55.0
SOUND_PARTS = (FRAMES_PER_TOKEN * BANDS, SEMITONES, PULSE_TOKEN_DIM)
"""Widths of what a token is made of: mel frames, semitones, and what the beat network hears."""
SOUND_DIM = sum(SOUND_PARTS)

WINDOW_TOKENS = 200
"""The network hears eight seconds at a time."""

MUSIC_LAYER = 2
"""The layer that MotionBeat's audio tower is given."""
MUSIC_TOKEN_DIM = 192
"""Its width in the shipped ear."""

_SEMITONE_WINDOW = 8192
_SEMITONE_WIDTH = 0.4  # standard deviation of a filter, semitones
_WINDOWS_AT_ONCE = 16


@cache
def semitone_filters() -> torch.Tensor:
    """(SEMITONES, bins) Gaussian filters, a semitone apart from :data:`LOWEST_HZ` on, each of sum 1."""
    hz = np.fft.rfftfreq(_SEMITONE_WINDOW, 1 / SAMPLE_RATE)
    place = 12 * np.log2(np.maximum(hz, 1.0) / LOWEST_HZ)
    filters = np.exp(-0.5 * ((place - np.arange(SEMITONES)[:, None]) / _SEMITONE_WIDTH) ** 2)
    return torch.from_numpy((filters / filters.sum(axis=1, keepdims=True)).astype(np.float32))


def semitone_spectrogram(samples: torch.Tensor) -> torch.Tensor:
    """(T, SEMITONES) magnitudes of mono (N,) float32 at 22050 per second, T = N // (2 HOP) + 1; a window lasts 0.37 s,
    so that semitones are told apart from 55 Hz on."""
    return filtered_spectrogram(samples, semitone_filters(), FRAMES_PER_TOKEN * HOP)


def sound_tokens(network: BeatNetwork, samples: np.ndarray) -> np.ndarray:
    """What the ear is given of mono (N,) float32 samples at 22050 per second: (T, SOUND_DIM) float32 at
    :data:`TOKEN_RATE`, T = N // (2 HOP) + 1, not normalised. Levels are relative to the loud parts of the sound."""
    sound = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    pitch = log_scaled(semitone_spectrogram(sound)).numpy()
    count = FRAMES_PER_TOKEN * len(pitch)

    def in_pairs(frames: np.ndarray) -> np.ndarray:
        frames = np.pad(frames[:count], ((0, max(0, count - len(frames))), (0, 0)), mode="edge")
        return frames.reshape(len(pitch), FRAMES_PER_TOKEN, -1)

    mel = in_pairs(log_scaled(mel_spectrogram(sound)).numpy()).reshape(len(pitch), -1)
    pulse = in_pairs(pulse_features(network, samples)).mean(axis=1)
    return np.concatenate([mel, pitch, pulse], axis=1)


@dataclass(frozen=True, eq=False)
class HeardMusic:
    """What the ear makes of a sound.

    Attributes:
        times_s: (T,) middle of each token, seconds.
        layers: (L + 1, T, width) float32: the stem, and what each of L layers makes of it; or those asked for.
        clip: (projection,) float32 unit vector of the whole sound: what tells it from other music.
    """

    times_s: np.ndarray
    layers: np.ndarray
    clip: np.ndarray


class MusicEar(ModelMixin, ConfigMixin):
    """A transformer over sound tokens. It carries the beat network through which it hears (``pulse``), whose weights
    are not trained with it."""

    @register_to_config
    def __init__(self, width: int = 192, heads: int = 6, layers: int = 4, projection: int = 128) -> None:
        """Args:
        width, heads, layers: of the transformer.
        projection: width of the vector that tells pieces apart.
        """
        super().__init__()
        self.pulse = BeatNetwork().eval().requires_grad_(False)
        self.stem = nn.Linear(SOUND_DIM, width)
        self.hidden = nn.Parameter(torch.zeros(width))
        # where a token stands is told by its neighbours (wav2vec 2.0, Baevski et al. 2020): no place is its own
        self.place = nn.Conv1d(width, width, 31, padding=15, groups=16)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)
        self.predict = nn.Linear(width, SOUND_DIM)
        self.project = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, projection))
        self.register_buffer("sound_mean", torch.zeros(SOUND_DIM))
        self.register_buffer("sound_std", torch.ones(SOUND_DIM))

    sound_mean: torch.Tensor
    sound_std: torch.Tensor

    def train(self, mode: bool = True) -> MusicEar:
        """Training mode for all but the beat network."""
        super().train(mode)
        self.pulse.eval()
        return self

    def forward(self, sound: torch.Tensor, hidden: torch.Tensor | None = None) -> list[torch.Tensor]:
        """Listen.

        Args:
            sound: (B, T, SOUND_DIM) tokens of :func:`sound_tokens`.
            hidden: (B, T) bool, True where the token is not shown; None shows all.

        Returns:
            What the stem and each layer make of it, (B, T, width) each.
        """
        x = self.stem((sound - self.sound_mean) / self.sound_std)
        if hidden is not None:
            x = torch.where(hidden[..., None], self.hidden.to(x.dtype), x)
        x = x + F.gelu(self.place(x.transpose(1, 2)).transpose(1, 2))
        made = [x]
        for block in self.blocks:
            made.append(block(made[-1]))
        return made

    def clip_vector(self, last: torch.Tensor) -> torch.Tensor:
        """What the last layer made of a sound, (B, T, width) -> (B, projection) float32 unit vectors."""
        x = self.norm(last).float()
        spread = x.var(dim=1, unbiased=False).clamp(min=1e-6).sqrt()
        return F.normalize(self.project(torch.cat([x.mean(dim=1), spread], dim=-1)).float(), dim=-1)

    @torch.no_grad()
    def listen(self, audio: Audio, layers: Sequence[int] | None = None) -> HeardMusic:
        """Listen to a sound of any length, eight seconds at a time, overlapping by half.

        Args:
            audio: the sound.
            layers: which to keep, 0 for the stem; all when None. One of them is 70 MB an hour.
        """
        kept = range(1 + len(self.blocks)) if layers is None else layers
        sound = torch.from_numpy(sound_tokens(self.pulse, audio.samples))
        length = min(WINDOW_TOKENS, len(sound))
        last = len(sound) - length
        starts = np.unique(np.append(np.arange(0, last, WINDOW_TOKENS // 2), last))
        weight = torch.hann_window(length + 2, periodic=False)[1:-1, None]
        total = torch.zeros(len(kept), len(sound), self.config["width"])
        weights = torch.zeros(len(sound), 1)
        clips = []
        for batch in np.array_split(starts, math.ceil(len(starts) / _WINDOWS_AT_ONCE)):
            made = self(torch.stack([sound[start : start + length] for start in batch]).to(self.device))
            clips.append(self.clip_vector(made[-1]).cpu())
            made[-1] = self.norm(made[-1])
            for row, start in enumerate(batch):
                inside = slice(start, start + length)
                total[:, inside] += weight * torch.stack([made[layer][row].float().cpu() for layer in kept])
                weights[inside] += weight
        mean = F.normalize(torch.cat(clips).mean(dim=0), dim=0)
        times = (np.arange(len(sound)) + 0.5) / TOKEN_RATE
        return HeardMusic(times, (total / weights).numpy(), mean.numpy())


def music_tokens(ear: MusicEar, audio: Audio, slots: SlotGrid) -> np.ndarray:
    """(N, width) float32 tokens: means of the ear's layer :data:`MUSIC_LAYER` over each slot of a song."""
    return slot_means(ear.listen(audio, [MUSIC_LAYER]).layers[0], TOKEN_RATE, slots)


@cache
def shipped_ear() -> MusicEar:
    """The ear with the weights that come with the project."""
    return load_model(asset_path("models", "ear"), MusicEar)
