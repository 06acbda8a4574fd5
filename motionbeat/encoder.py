"""The MotionBeat encoder: music and motion in one space, counted in bars.

After Wang, Wang and Cai, "MotionBeat: Motion-Aligned Music Representation via Embodied Contrastive Learning and
Bar-Equivariant Contact-Aware Encoding" (arXiv 2510.13244). The order of the blocks is that of the paper's figure; the
formulas of phase rotation and contact guidance and all sizes are ours, since the paper's are not public.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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
from motionbeat.beats.network import BeatNetwork
from motionbeat.ear import MUSIC_TOKEN_DIM, MusicEar, music_tokens
from motionbeat.motion_tokens import MOTION_TOKEN_DIM
from motionbeat.tokens import (
    PULSE_TOKEN_DIM,
    SLOTS_PER_BEAT,
    TOKEN_DIM,
    SlotGrid,
    beat_tokens,
    pulse_tokens,
    slot_grid,
    slot_onsets,
)

BARS_PER_CLIP = 4
"""Length of the clips that are compared: the 16 beats of a basic dance phrase in 4/4."""

CLOCK_DIM = 9

_CLIPS_AT_ONCE = 32

AUDIO_TOKEN_DIM = {"pulse": PULSE_TOKEN_DIM, "pulse+music": PULSE_TOKEN_DIM + MUSIC_TOKEN_DIM, "mel": TOKEN_DIM}
"""What the audio tower can be given, and its width: what a beat network hears in each slot, that and what the music
ear (:mod:`motionbeat.ear`) hears, or a mel patch."""

MUSIC_GAIN = 0.4
"""How loud what the music ear hears is beside the pulse, which has a third of its channels."""

ROTATIONS = ("qkv", "qk", "none")
"""What the phase rotation turns in attention: its input, and so queries, keys and values (the method), queries and
keys alone (then tokens know only how far apart in the bar they are), or nothing."""

POOLINGS = ("bar", "mean")
"""How tokens become one vector: as phasors over the bar (see :class:`BarPooling`) or as their plain mean."""

CONTACT_GUIDANCES = ("add", "gate", "none")
"""How foot contacts guide the motion tower's attention: added to the logits (the method), as a gain on the values, or
not at all."""


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


class BarPooling(nn.Module):
    """Tokens to one unit vector that turns with the bar: the bar-equivariant place of the phase rotation.

    Each token becomes ``projection`` numbers; a quarter of them are averaged as they are (what the music or the dance
    is like), the others in pairs, each turned by a harmonic of its token's angle before averaging (when in the bar it
    happens). Both parts get the same length. If the tokens do not depend on where the bar begins, turning all angles
    by ``delta`` turns pair ``k`` of the result by ``h_k * delta``; so the product of a music and a dance vector does
    not change when both are turned, and neither side alone can say whether they are in step.

    Ours: the paper's pooling is not known.
    """

    def __init__(self, width: int, projection: int, harmonics: int) -> None:
        super().__init__()
        self.still = projection // 4
        if (projection - self.still) % (2 * harmonics):
            raise ValueError(f"three quarters of projection {projection} must be a multiple of {2 * harmonics}")
        self.project = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, projection))
        self.rotate = PhaseRotation(projection - self.still, harmonics)

    def forward(self, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """x (B, N, width), theta (B, N) -> (B, projection) float32 unit vectors."""
        values = self.project(x).float()
        still = values[..., : self.still].mean(dim=1)
        turning = self.rotate(values[..., self.still :], theta.float()).mean(dim=1)
        return torch.cat([F.normalize(still, dim=-1), F.normalize(turning, dim=-1)], dim=-1) / math.sqrt(2)


class PhaseAttentionBlock(nn.Module):
    """Phase rotation, multi-head attention, LayerNorm; with contact guidance on the motion side.

    Contact guidance adds ``softplus(a_h) * c_j`` to the logits of head ``h`` for key token ``j`` with contact pulse
    ``c_j``, so that tokens where a foot strikes are heard louder; in its ``gate`` form it scales the values by
    ``1 + softplus(a_h) * c_j``. The residual path is not rotated: N blocks would otherwise turn by N theta.
    """

    def __init__(self, width: int, heads: int, harmonics: int, rotation: str, guidance: str) -> None:
        super().__init__()
        self.heads = heads
        self.rotation, self.guidance = rotation, guidance
        self.rotate = PhaseRotation(width, harmonics)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        # softplus(0.54) is 1: guidance starts at full strength
        self.contact_gain = nn.Parameter(torch.full((heads,), 0.54)) if guidance != "none" else None

    def forward(self, x: torch.Tensor, theta: torch.Tensor, contact: torch.Tensor | None = None) -> torch.Tensor:
        """x (B, N, width), theta (B, N), contact (B, N) in [0, 1] or None -> (B, N, width)."""
        qkv = self.qkv(self.rotate(x, theta) if self.rotation == "qkv" else x)
        if self.rotation == "qk":
            # after the projection, so that a query and a key know only how far apart in the bar they are
            q, k, v = qkv.chunk(3, dim=-1)
            qkv = torch.cat([self.rotate(q, theta), self.rotate(k, theta), v], dim=-1)
        q, k, v = qkv.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        logits = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
        if self.contact_gain is not None and contact is not None:
            guide = F.softplus(self.contact_gain)[None, :, None] * contact[:, None, :]
            if self.guidance == "gate":
                v = v * (1 + guide[..., None])
            else:
                logits = logits + guide[:, :, None, :]
        heard = (torch.softmax(logits, dim=-1).to(v.dtype) @ v).transpose(1, 2).flatten(-2)
        return self.norm(x + self.out(heard))


class RhythmEncoder(nn.Module):
    """One tower: token stem, phase attention blocks, plain transformer layers, pooled projection, rhythm head."""

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
        rotation: str,
        pooling: str,
        guidance: str,
        rhythm_head: bool,
    ) -> None:
        super().__init__()
        # the one place for dropout: drawing masks in every layer took a third of the training time on a CPU
        self.stem = nn.Sequential(
            nn.Linear(token_dim, width), nn.GELU(), nn.Linear(width, width), nn.LayerNorm(width), nn.Dropout(dropout)
        )
        self.phase_blocks = nn.ModuleList(
            PhaseAttentionBlock(width, heads, harmonics, rotation, guidance) for _ in range(phase_blocks)
        )
        self.plain_layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(plain_layers)
        )
        self.final = nn.LayerNorm(width)
        self.bar_pooling = BarPooling(width, projection, harmonics) if pooling == "bar" else None
        if pooling == "mean":
            self.project = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, projection))
        self.rhythm = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1)) if rhythm_head else None

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
        if self.bar_pooling is not None:
            return self.bar_pooling(x, theta), x
        return F.normalize(self.project(x.mean(dim=1)).float(), dim=-1), x

    def rhythm_logits(self, heard: torch.Tensor) -> torch.Tensor:
        """Tokens (B, N, width) -> what the rhythm head says of each, (B, N) float32, before its squashing."""
        if self.rhythm is None:
            raise ValueError("this encoder has no rhythm heads (rhythm_heads in its configuration)")
        return self.rhythm(heard)[..., 0].float()


@dataclass(frozen=True, eq=False)
class MusicEmbedding:
    """What the encoder hears in one song.

    Attributes:
        clip: (projection,) float32 unit vector of the whole song, comparable with motion embeddings.
        clips: (K, projection) float32 unit vectors of its clips of four bars, which overlap by half; one clip where
            the song is shorter.
        clip_starts: (K,) int, the slot that each clip begins with.
        tokens: (N, width) float32, one embedding for each slot of the beat grid.
        token_times_s: (N,) start of each slot, seconds.
        token_phase: (N,) place of each slot in its bar, in beats; 0 on downbeats.
        onsets: (N,) float32 in [0, 1], the onset envelope of :func:`motionbeat.tokens.slot_onsets`.
        accents: (N,) float32, 0 or more: what the audio tower's rhythm head expects of a dancer's feet; None for an
            encoder without rhythm heads.
        levels: (N,) float32 in [0, 1], how loud each slot is: mean level of its mel bands, 0 at 80 dB below the song's
            loudest, 1 at that.
        duration_s: of the song.
        grid: the beats that the tokens were cut at.
    """

    clip: np.ndarray
    clips: np.ndarray
    clip_starts: np.ndarray
    tokens: np.ndarray
    token_times_s: np.ndarray
    token_phase: np.ndarray
    onsets: np.ndarray
    accents: np.ndarray | None
    levels: np.ndarray
    duration_s: float
    grid: BeatGrid


@dataclass(frozen=True, eq=False)
class _HeardClips:
    """What a tower makes of a whole song or dance: fields as in :class:`MusicEmbedding`, and (N,) what its rhythm
    head says, None without heads."""

    starts: np.ndarray
    clips: np.ndarray
    tokens: np.ndarray
    rhythm: np.ndarray | None

    @property
    def mean_clip(self) -> np.ndarray:
        """(projection,) unit vector."""
        mean = self.clips.mean(axis=0, dtype=np.float64)
        return (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)


def bar_angles(slots: SlotGrid) -> np.ndarray:
    """(N,) float32 angle of each slot in its bar, in radians."""
    return (2 * math.pi / slots.meter * slots.phase).astype(np.float32)


def clip_length(slots: SlotGrid) -> int:
    """Slots in a clip of a song: four bars, or the song where it is shorter."""
    return min(BARS_PER_CLIP * slots.meter * SLOTS_PER_BEAT, len(slots))


def clip_starts(slots: SlotGrid) -> np.ndarray:
    """(K,) first slots of the clips that a song is heard in: every two bars, and one at the end."""
    last = len(slots) - clip_length(slots)
    return np.unique(np.append(np.arange(0, last, BARS_PER_CLIP // 2 * slots.meter * SLOTS_PER_BEAT), last))


def bar_clock(phase: np.ndarray, meter: int, period_s: float) -> np.ndarray:
    """(N, 9) float32: sine and cosine of one and two turns a beat, of one and two turns a bar, and the tempo as log2
    of the beat's length over half a second.

    Args:
        phase: (N,) places in the bar, in beats.
        meter: beats in a bar.
        period_s: length of a beat, seconds.
    """
    turns = np.stack([phase % 1.0, phase / meter], axis=1) * 2 * np.pi
    angles = np.concatenate([turns, 2 * turns], axis=1)
    tempo = np.full((len(phase), 1), np.log2(period_s / 0.5))
    return np.concatenate([np.sin(angles), np.cos(angles), tempo], axis=1).astype(np.float32)


def read_tokens_at(times_s: np.ndarray, tokens: np.ndarray, slot_times_s: np.ndarray) -> np.ndarray:
    """(T, width): tokens (N, width) at ``times_s`` (T,), interpolated between the middles of their slots and held at
    both ends."""
    lengths = np.diff(slot_times_s, append=2 * slot_times_s[-1] - slot_times_s[-2])
    position = np.interp(times_s, slot_times_s + lengths / 2, np.arange(len(tokens)))
    low = np.minimum(position.astype(np.int64), len(tokens) - 2)
    share = (position - low)[:, None].astype(np.float32)
    # in place: an hour of frames has 83 MB
    heard = tokens[low]
    heard *= 1 - share
    later = tokens[low + 1]
    later *= share
    heard += later
    return heard


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
        rotation: str = "qkv",
        pooling: str = "mean",
        contact_guidance: str = "add",
        rhythm_heads: bool = False,
        hearing: str = "mel",
        audio_mean: float | Sequence[float] = 0.0,
        audio_std: float | Sequence[float] = 1.0,
        objective: dict | None = None,
    ) -> None:
        """Args:
        width, heads, phase_blocks, plain_layers, projection, dropout: size of each tower.
        harmonics: of the phase rotation.
        rotation: one of :data:`ROTATIONS`.
        pooling: one of :data:`POOLINGS`. With rotation ``qk`` or ``none``, ``bar`` is exactly bar-equivariant.
        contact_guidance: one of :data:`CONTACT_GUIDANCES`.
        rhythm_heads: whether the towers have rhythm heads.
        hearing: a key of :data:`AUDIO_TOKEN_DIM`. An encoder that hears the pulse carries the beat network through
            which it hears (``ear``), one that hears the music too the music ear with its beat network (``music``);
            their weights are never trained here.
        audio_mean, audio_std: of the audio tokens in training, of all values or of each channel; tokens are normalised
            by them.
        objective: the fields of :class:`motionbeat.objective.Objective` that it was trained for; a record only.
        """
        super().__init__()
        for value, known in (
            (rotation, ROTATIONS),
            (pooling, POOLINGS),
            (contact_guidance, CONTACT_GUIDANCES),
            (hearing, tuple(AUDIO_TOKEN_DIM)),
        ):
            if value not in known:
                raise ValueError(f"{value!r} must be one of {', '.join(known)}")
        sizes = (width, heads, phase_blocks, plain_layers, harmonics, projection, dropout, rotation, pooling)
        dim = AUDIO_TOKEN_DIM[hearing]
        self.audio = RhythmEncoder(dim, *sizes, "none", rhythm_heads)
        self.motion = RhythmEncoder(MOTION_TOKEN_DIM, *sizes, contact_guidance, rhythm_heads)
        self.register_buffer("motion_mean", torch.zeros(MOTION_TOKEN_DIM))
        self.register_buffer("motion_std", torch.ones(MOTION_TOKEN_DIM))
        for name, values in (("token_mean", audio_mean), ("token_std", audio_std)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32).expand(dim).clone(), persistent=False)
        self.ear = BeatNetwork().eval().requires_grad_(False) if hearing == "pulse" else None
        self.music = MusicEar().eval().requires_grad_(False) if hearing == "pulse+music" else None
        if self.music is not None:
            self.token_std[PULSE_TOKEN_DIM:] /= MUSIC_GAIN

    motion_mean: torch.Tensor
    motion_std: torch.Tensor
    token_mean: torch.Tensor
    token_std: torch.Tensor

    def train(self, mode: bool = True) -> MotionBeat:
        """Training mode for the towers; what they hear through listens as it was trained to."""
        super().train(mode)
        for sense in (self.ear, self.music):
            if sense is not None:
                sense.eval()
        return self

    @property
    def beat_network(self) -> BeatNetwork | None:
        """Through which it hears the pulse; None for an encoder that is given mel patches."""
        return self.ear if self.music is None else self.music.pulse

    def audio_tokens(self, audio: Audio, slots: SlotGrid) -> np.ndarray:
        """(N, audio dim) float32: what the audio tower is given of a song."""
        if self.beat_network is None:
            return beat_tokens(audio, slots)
        pulse = pulse_tokens(self.beat_network, audio, slots)
        if self.music is None:
            return pulse
        return np.concatenate([pulse, music_tokens(self.music, audio, slots)], axis=1)

    @property
    def frame_dim(self) -> int:
        """Width of what a dance generator is told of each frame: a token and the bar clock."""
        return self.config["width"] + CLOCK_DIM

    def embed_audio(self, tokens: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Audio tokens (B, N, audio dim) and bar angles (B, N) -> z_a (B, projection), tokens (B, N, width)."""
        return self.audio((tokens - self.token_mean) / self.token_std, theta)

    def embed_motion(
        self, tokens: torch.Tensor, theta: torch.Tensor, contact: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Motion tokens (B, N, dim), bar angles and contact pulses (B, N) -> z_m (B, projection), tokens."""
        return self.motion((tokens - self.motion_mean) / self.motion_std, theta, contact)

    def audio_accents(self, heard: torch.Tensor) -> torch.Tensor:
        """The audio tower's rhythm head: tokens (B, N, width) -> accents (B, N), 0 or more."""
        return F.softplus(self.audio.rhythm_logits(heard))

    def motion_contacts(self, heard: torch.Tensor) -> torch.Tensor:
        """The motion tower's rhythm head: tokens (B, N, width) -> contact pulses (B, N) in [0, 1]."""
        return torch.sigmoid(self.motion.rhythm_logits(heard))

    def forward(
        self, audio: torch.Tensor, theta: torch.Tensor, motion: torch.Tensor, contact: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """Both towers at once, for training.

        Args:
            audio: (N, T, audio dim) tokens.
            theta: (N, T) bar angles, of the music and of all its dances.
            motion: (N, C, T, dim) tokens of C dances for each music; the first is its own.
            contact: (N, C, T) contact pulses.

        Returns:
            z_a (N, projection), z_m (N, C, projection), and of the rhythm heads, if there are any, the accents (N, T)
            of the music and the contact pulses (N, T) of its own dance.
        """
        anchors, dances, slots, _ = motion.shape
        z_a, heard = self.embed_audio(audio, theta)
        thetas = theta[:, None].expand(-1, dances, -1).reshape(anchors * dances, slots)
        z_m, seen = self.embed_motion(motion.flatten(0, 1), thetas, contact.flatten(0, 1))
        z_m = z_m.unflatten(0, (anchors, dances))
        if self.audio.rhythm is None:
            return z_a, z_m, None, None
        return z_a, z_m, self.audio_accents(heard), self.motion_contacts(seen.unflatten(0, (anchors, dances))[:, 0])

    def embed_slots(self, tokens: np.ndarray, slots: SlotGrid) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """A whole song's audio tokens (N, audio dim), heard in clips of four bars that overlap by half.

        Returns:
            (projection,) mean clip embedding, unit length; (N, width) tokens and (N,) accents, None without rhythm
            heads: the mean of those clips that contain the slot, weighted towards their middle.
        """
        heard = self._hear_song(tokens, slots)
        return heard.mean_clip, heard.tokens, heard.rhythm

    def _hear_song(self, tokens: np.ndarray, slots: SlotGrid) -> _HeardClips:
        return self._in_clips(slots, self.audio_accents, self.embed_audio, tokens)

    def contact_curve(self, tokens: np.ndarray, contact: np.ndarray, slots: SlotGrid) -> np.ndarray | None:
        """What the motion tower's rhythm head says of a whole dance, heard in clips as a song is.

        Args:
            tokens: (N, dim) motion tokens.
            contact: (N,) their contact pulses.
            slots: N slots of the music.

        Returns:
            (N,) float32 contact pulses in [0, 1], None without rhythm heads.
        """
        return self._in_clips(slots, self.motion_contacts, self.embed_motion, tokens, contact).rhythm

    @torch.no_grad()
    def _in_clips(
        self,
        slots: SlotGrid,
        head: Callable[[torch.Tensor], torch.Tensor],
        embed: Callable[..., tuple[torch.Tensor, torch.Tensor]],
        tokens: np.ndarray,
        *pulses: np.ndarray,
    ) -> _HeardClips:
        """Run a tower over all clips and lay their tokens over one another; ``pulses`` (N,) go with the tokens."""
        starts, length = clip_starts(slots), clip_length(slots)
        theta = torch.from_numpy(bar_angles(slots)).to(self.device)
        values, *others = (torch.from_numpy(np.asarray(x, np.float32)).to(self.device) for x in (tokens, *pulses))
        weight = torch.hann_window(length + 2, periodic=False, device=self.device)[1:-1, None]
        total = torch.zeros(len(slots), self.config["width"], device=self.device)
        rhythm = torch.zeros(len(slots), 1, device=self.device)
        weights = torch.zeros(len(slots), 1, device=self.device)
        clips = []
        for batch in np.array_split(starts, math.ceil(len(starts) / _CLIPS_AT_ONCE)):
            index = batch[:, None] + np.arange(length)
            z, heard = embed(values[index], theta[index], *(x[index] for x in others))
            clips.append(z)
            said = head(heard)[..., None] if self.config["rhythm_heads"] else None
            for row, start in enumerate(batch):
                inside = slice(start, start + length)
                total[inside] += weight * heard[row].float()
                weights[inside] += weight
                if said is not None:
                    rhythm[inside] += weight * said[row]
        return _HeardClips(
            starts,
            torch.cat(clips).cpu().numpy(),
            total.div_(weights).cpu().numpy(),
            rhythm.div_(weights)[:, 0].cpu().numpy() if self.config["rhythm_heads"] else None,
        )

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
        patches = beat_tokens(audio, slots)
        heard = self._hear_song(patches if self.beat_network is None else self.audio_tokens(audio, slots), slots)
        return MusicEmbedding(
            clip=heard.mean_clip,
            clips=heard.clips,
            clip_starts=heard.starts,
            tokens=heard.tokens,
            token_times_s=slots.times_s,
            token_phase=slots.phase,
            onsets=slot_onsets(patches),
            accents=heard.rhythm,
            levels=patches.mean(axis=1),
            duration_s=audio.duration,
            grid=grid,
        )
