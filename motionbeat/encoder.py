"""The MotionBeat encoder: music and motion in one space, counted in bars.

After Wang, Wang and Cai, "MotionBeat: Motion-Aligned Music Representation via Embodied Contrastive Learning and
Bar-Equivariant Contact-Aware Encoding" (arXiv 2510.13244). The order of the blocks is that of the paper's figure; the
formulas of phase rotation and contact guidance and all sizes are ours, since the paper's are not public.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn
from torch.nn import functional as F

from motionbeat.audio import Audio, load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.motion_features import MOTION_FPS
from motionbeat.motion_tokens import MOTION_TOKEN_DIM
from motionbeat.tokens import SLOTS_PER_BEAT, TOKEN_DIM, SlotGrid, beat_tokens, slot_grid

BARS_PER_CLIP = 4
"""Length of the clips that are compared: the 16 beats of a basic dance phrase in 4/4."""

CLOCK_DIM = 9


class PhaseRotation(nn.Module):
    """Turns each pair of channels by a whole multiple of the token's angle in the bar.

    Channels ``2k`` and ``2k + 1`` turn by ``h_k * theta`` with ``h_k = 1 + k mod harmonics``. Whole-number harmonics
    make it periodic in one bar: moving by ``d`` beats is one fixed rotation, moving by a bar changes nothing.
    """

    harmonic: torch.Tensor

    def __init__(self, width: int, harmonics: int) -> None:
        super().__init__()
        if width % (2 * harmonics):
            raise ValueError(f"width {width} must be a multiple of 2 * harmonics = {2 * harmonics}")
        self.register_buffer("harmonic", 1.0 + torch.arange(harmonics), persistent=False)

    def forward(self, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """x (B, N, width), theta (B, N) in radians -> (B, N, width)."""
        angle = theta[..., None, None] * self.harmonic
        cos, sin = torch.cos(angle).to(x.dtype), torch.sin(angle).to(x.dtype)
        even, odd = x.unflatten(-1, (-1, len(self.harmonic), 2)).unbind(-1)
        return torch.stack([cos * even - sin * odd, sin * even + cos * odd], dim=-1).flatten(-3)


class PhaseAttentionBlock(nn.Module):
    """Phase rotation, multi-head attention, LayerNorm; with contact guidance on the motion side.

    Contact guidance adds ``softplus(a_h) * c_j`` to the logits of head ``h`` for key token ``j`` with contact pulse
    ``c_j``, so that tokens where a foot strikes are heard louder. The residual path is not rotated: N blocks would
    otherwise turn by N theta.
    """

    def __init__(self, width: int, heads: int, harmonics: int, contact_guided: bool) -> None:
        super().__init__()
        self.heads = heads
        self.rotate = PhaseRotation(width, harmonics)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        # softplus(0.54) is 1: guidance starts at full strength
        self.contact_gain = nn.Parameter(torch.full((heads,), 0.54)) if contact_guided else None

    def forward(self, x: torch.Tensor, theta: torch.Tensor, contact: torch.Tensor | None = None) -> torch.Tensor:
        """x (B, N, width), theta (B, N), contact (B, N) in [0, 1] or None -> (B, N, width)."""
        q, k, v = self.qkv(self.rotate(x, theta)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        logits = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        if self.contact_gain is not None and contact is not None:
            logits = logits + F.softplus(self.contact_gain)[None, :, None, None] * contact[:, None, None, :]
        heard = (torch.softmax(logits, dim=-1).to(v.dtype) @ v).transpose(1, 2).flatten(-2)
        return self.norm(x + self.out(heard))


class RhythmEncoder(nn.Module):
    """One tower: token stem, phase attention blocks, plain transformer layers, pooled projection."""

    def __init__(
        self,
        token_dim: int,
        width: int,
        heads: int,
        phase_blocks: int,
        plain_layers: int,
        harmonics: int,
        projection: int,
        dropout: float,
        contact_guided: bool,
    ) -> None:
        super().__init__()
        # the one place for dropout: drawing masks in every layer took a third of the training time on a CPU
        self.stem = nn.Sequential(
            nn.Linear(token_dim, width), nn.GELU(), nn.Linear(width, width), nn.LayerNorm(width), nn.Dropout(dropout)
        )
        self.phase_blocks = nn.ModuleList(
            PhaseAttentionBlock(width, heads, harmonics, contact_guided) for _ in range(phase_blocks)
        )
        self.plain_layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(plain_layers)
        )
        self.final = nn.LayerNorm(width)
        self.project = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, projection))

    def forward(
        self, tokens: torch.Tensor, theta: torch.Tensor, contact: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """tokens (B, N, token_dim), theta (B, N), contact (B, N) or None -> unit vectors (B, projection), tokens
        (B, N, width)."""
        x = self.stem(tokens)
        for block in self.phase_blocks:
            x = block(x, theta, contact)
        for layer in self.plain_layers:
            x = layer(x)
        x = self.final(x)
        return F.normalize(self.project(x.mean(dim=1)).float(), dim=-1), x


@dataclass(frozen=True, eq=False)
class MusicEmbedding:
    """What the encoder hears in one song.

    Attributes:
        clip: (projection,) float32 unit vector of the whole song, comparable with motion embeddings.
        tokens: (N, width) float32, one embedding for each slot of the beat grid.
        token_times_s: (N,) start of each slot, seconds.
        frames: (T, width + 9) float32 at 30 fps: tokens read at each frame, then the bar clock of
            :func:`bar_clock`. This is what a dance generator is conditioned on.
        grid: the beats that the tokens were cut at.
    """

    clip: np.ndarray
    tokens: np.ndarray
    token_times_s: np.ndarray
    frames: np.ndarray
    grid: BeatGrid


def bar_clock(grid: BeatGrid, frames: int, fps: float = MOTION_FPS) -> np.ndarray:
    """(frames, 9) float32: sine and cosine of one and two turns a beat, of one and two turns a bar, and the tempo as
    log2 of the beat's length over half a second."""
    times = np.arange(frames) / fps
    turns = np.stack([grid.beat_phase(times), grid.bar_phase(times)], axis=1) * 2 * np.pi
    angles = np.concatenate([turns, 2 * turns], axis=1)
    period = np.median(np.diff(grid.beats))
    tempo = np.full((frames, 1), np.log2(period / 0.5))
    return np.concatenate([np.sin(angles), np.cos(angles), tempo], axis=1).astype(np.float32)


def read_tokens_at_frames(tokens: np.ndarray, slot_times_s: np.ndarray, frames: int, fps: float) -> np.ndarray:
    """(frames, width): tokens interpolated between the middles of their slots, held at both ends."""
    lengths = np.diff(slot_times_s, append=2 * slot_times_s[-1] - slot_times_s[-2])
    position = np.interp(np.arange(frames) / fps, slot_times_s + lengths / 2, np.arange(len(tokens)))
    low = np.minimum(position.astype(np.int64), len(tokens) - 2)
    share = (position - low)[:, None].astype(np.float32)
    return tokens[low] * (1 - share) + tokens[low + 1] * share


class MotionBeat(ModelMixin, ConfigMixin):
    """Audio tower and motion tower, trained to agree (see :mod:`motionbeat.losses`).

    The audio tower needs no motion. ``save_pretrained`` and ``from_pretrained`` write and read safetensors and JSON.
    """

    @register_to_config
    def __init__(
        self,
        width: int = 192,
        heads: int = 6,
        phase_blocks: int = 3,
        plain_layers: int = 2,
        harmonics: int = 4,
        projection: int = 128,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        sizes = (width, heads, phase_blocks, plain_layers, harmonics, projection, dropout)
        self.audio = RhythmEncoder(TOKEN_DIM, *sizes, contact_guided=False)
        self.motion = RhythmEncoder(MOTION_TOKEN_DIM, *sizes, contact_guided=True)
        self.register_buffer("motion_mean", torch.zeros(MOTION_TOKEN_DIM))
        self.register_buffer("motion_std", torch.ones(MOTION_TOKEN_DIM))

    motion_mean: torch.Tensor
    motion_std: torch.Tensor

    @property
    def frame_dim(self) -> int:
        """Width of :attr:`MusicEmbedding.frames`."""
        return self.config["width"] + CLOCK_DIM

    def embed_audio(self, tokens: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Audio tokens (B, N, 320) in [0, 1] and bar angles (B, N) -> z_a (B, projection), tokens (B, N, width)."""
        return self.audio(tokens, theta)

    def embed_motion(
        self, tokens: torch.Tensor, theta: torch.Tensor, contact: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Motion tokens (B, N, dim), bar angles and contact pulses (B, N) -> z_m (B, projection), tokens."""
        return self.motion((tokens - self.motion_mean) / self.motion_std, theta, contact)

    def forward(
        self,
        audio: torch.Tensor,
        audio_theta: torch.Tensor,
        motion: torch.Tensor,
        motion_theta: torch.Tensor,
        contact: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Clip embeddings of both towers, for training: see :meth:`embed_audio` and :meth:`embed_motion`."""
        return self.embed_audio(audio, audio_theta)[0], self.embed_motion(motion, motion_theta, contact)[0]

    @torch.no_grad()
    def embed_slots(self, tokens: np.ndarray, slots: SlotGrid) -> tuple[np.ndarray, np.ndarray]:
        """A whole song's audio tokens (N, 320), heard in clips of four bars that overlap by half.

        Returns:
            (projection,) mean clip embedding, unit length, and (N, width) tokens: the mean of those clips that
            contain the slot, weighted towards their middle.
        """
        clip = BARS_PER_CLIP * slots.meter * SLOTS_PER_BEAT
        length = min(clip, len(slots))
        starts = np.unique(np.append(np.arange(0, len(slots) - length, max(clip // 2, 1)), len(slots) - length))
        index = starts[:, None] + np.arange(length)
        theta = torch.from_numpy((2 * math.pi / slots.meter * slots.phase).astype(np.float32)).to(self.device)
        values = torch.from_numpy(np.asarray(tokens, dtype=np.float32)).to(self.device)
        weight = torch.hann_window(length + 2, periodic=False, device=self.device)[1:-1, None]
        total = torch.zeros(len(slots), self.config["width"], device=self.device)
        weights = torch.zeros(len(slots), 1, device=self.device)
        clips = []
        for batch in np.array_split(index, max(1, math.ceil(len(index) / 32))):
            z, heard = self.embed_audio(values[batch], theta[batch])
            clips.append(z)
            for row, h in zip(batch, heard, strict=True):
                total[row] += weight * h.float()
                weights[row] += weight
        clip_vector = F.normalize(torch.cat(clips).mean(dim=0), dim=0)
        return clip_vector.cpu().numpy(), (total / weights).cpu().numpy()

    def encode_audio(self, audio: Audio | str | Path, grid: BeatGrid | None = None) -> MusicEmbedding:
        """Listen to a song: a path or loaded audio, with its beats if they are known.

        Raises:
            UserError: the file cannot be read as music.
        """
        if not isinstance(audio, Audio):
            audio = load_audio(audio)
        if grid is None:
            grid = track_beats(audio).covering(audio.duration)
        slots = slot_grid(grid)
        clip, tokens = self.embed_slots(beat_tokens(audio, slots), slots)
        frames = max(1, int(audio.duration * MOTION_FPS))
        heard = read_tokens_at_frames(tokens, slots.times_s, frames, MOTION_FPS)
        return MusicEmbedding(
            clip, tokens, slots.times_s, np.concatenate([heard, bar_clock(grid, frames)], axis=1), grid
        )
