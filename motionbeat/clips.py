"""Four-bar clips with their hard negatives: the batches of contrastive training."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from motionbeat.encoder import BARS_PER_CLIP
from motionbeat.motion_features import motion_to_features
from motionbeat.motion_tokens import motion_tokens
from motionbeat.pairs import Pair
from motionbeat.tokens import MEL_FRAMES_PER_SLOT, MELS, SLOTS_PER_BEAT

TEMPO_TOLERANCE = 0.02
"""Tempo negatives are within this share of the anchor's tempo."""

ACCENT_SIMILARITY = 0.8
"""Above this cosine of accent patterns another song at the same bar phase is too alike to be a negative."""

MIN_VALID = 0.85
"""Share of a clip's frames that must be sound."""


@dataclass(frozen=True, eq=False)
class ClipBatch:
    """N anchors with their negatives, all of one meter; T slots a clip.

    Attributes:
        audio: (N, T, 320) float32 tokens in [0, 1].
        motion: (N, 1 + K + J, T, dim) float32: the anchor's own motion, K tempo negatives, J jitter negatives.
        contact: (N, 1 + K + J, T) float32 contact pulses.
        theta: (N, T) bar angles in radians of the anchor; its negatives are labelled with them too.
        same: (N, N) bool: comes from the same recording.
    """

    audio: torch.Tensor
    motion: torch.Tensor
    contact: torch.Tensor
    theta: torch.Tensor
    same: torch.Tensor

    def to(self, device: torch.device) -> ClipBatch:
        """The same batch on ``device``."""
        return ClipBatch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


class _Track:
    """One pair as arrays over slots, with the starts of its clips."""

    def __init__(self, pair: Pair, mirrored: bool) -> None:
        self.pair = pair
        slots = pair.slots
        motion = pair.motion.mirrored() if mirrored else pair.motion
        self.motion, self.contact = motion_tokens(motion_to_features(motion), motion.fps, slots)
        self.audio = pair.audio_tokens
        mel = self.audio.reshape(len(slots), MEL_FRAMES_PER_SLOT, MELS).astype(np.float32) / 255
        level = mel.mean(axis=1)
        self.onset = np.maximum(np.diff(level, axis=0, prepend=level[:1]), 0).sum(axis=1)
        self.theta = (2 * math.pi / slots.meter * slots.phase).astype(np.float32)
        self.bar = slots.meter * SLOTS_PER_BEAT
        self.length = BARS_PER_CLIP * self.bar
        frames = np.clip(np.round(slots.times_s * motion.fps).astype(int), 0, len(pair.valid) - 1)
        self.sound = pair.valid[frames] & (slots.times_s < motion.duration)
        total = np.cumsum(np.concatenate([[0.0], self.sound]))
        starts = np.flatnonzero(np.isclose(slots.phase, 0))
        # jitter needs room for a beat on both sides
        starts = starts[(starts >= SLOTS_PER_BEAT) & (starts + self.length + SLOTS_PER_BEAT <= len(slots))]
        self.starts = starts[(total[starts + self.length] - total[starts]) / self.length >= MIN_VALID]

    def accent(self, start: int) -> np.ndarray:
        """(bar,) unit vector: how onset strength is spread over the bar."""
        pattern = self.onset[start : start + self.length].reshape(-1, self.bar).sum(axis=0)
        return pattern / max(float(np.linalg.norm(pattern)), 1e-9)


class ClipSampler:
    """Draws :class:`ClipBatch` es from pairs; all random choices come from ``seed``."""

    def __init__(self, pairs: list[Pair], seed: int, mirror: bool = True) -> None:
        tracks = [_Track(pair, flip) for pair in pairs for flip in ((False, True) if mirror else (False,))]
        self.tracks = [track for track in tracks if len(track.starts)]
        self.rng = np.random.default_rng(seed)
        self.meters = sorted({track.pair.grid.meter for track in self.tracks})
        # a recording counts by its unique length, however many songs it meets
        copies = {dance: sum(t.pair.dance == dance for t in self.tracks) for dance in {p.dance for p in pairs}}
        self.weight = np.array([len(t.starts) / copies[t.pair.dance] for t in self.tracks])

    def motion_statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (dim,) of the motion tokens; channels that hardly move keep a deviation of
        0.05."""
        values = np.concatenate([track.motion[track.sound] for track in self.tracks])
        return values.mean(axis=0), np.maximum(values.std(axis=0), 0.05)

    def batch(self, anchors: int, tempo_negatives: int, jitter: tuple[int, ...] = (-1, 1)) -> ClipBatch:
        """Draw ``anchors`` clips with ``tempo_negatives`` tempo negatives each and one jitter negative for each shift
        in ``jitter`` (beats)."""
        weight = self.weight.copy()
        meter = self.rng.choice(self.meters, p=self._meter_shares())
        weight[[track.pair.grid.meter != meter for track in self.tracks]] = 0
        chosen = self.rng.choice(len(self.tracks), size=anchors, p=weight / weight.sum())
        audio, motion, contact, theta = [], [], [], []
        for index in chosen:
            track = self.tracks[index]
            start = int(self.rng.choice(track.starts))
            windows = [(track, start)]
            windows += [self._tempo_negative(track, start) for _ in range(tempo_negatives)]
            windows += [(track, self._moved(track, start, shift)) for shift in jitter]
            audio.append(self._heard(track, start))
            theta.append(track.theta[start : start + track.length])
            motion.append(np.stack([t.motion[s : s + t.length] for t, s in windows]))
            contact.append(np.stack([t.contact[s : s + t.length] for t, s in windows]))
        names = np.array([self.tracks[index].pair.dance for index in chosen])
        return ClipBatch(
            torch.from_numpy(np.stack(audio)),
            torch.from_numpy(np.stack(motion)),
            torch.from_numpy(np.stack(contact)),
            torch.from_numpy(np.stack(theta)),
            torch.from_numpy(names[:, None] == names[None, :]),
        )

    def _meter_shares(self) -> np.ndarray:
        shares = np.array([self.weight[[t.pair.grid.meter == m for t in self.tracks]].sum() for m in self.meters])
        return shares / shares.sum()

    def _heard(self, track: _Track, start: int) -> np.ndarray:
        """Audio tokens with random gain, tilt over frequency and masked bands: songs differ in mastering."""
        tokens = track.audio[start : start + track.length].astype(np.float32) / 255
        tokens = tokens.reshape(track.length, MEL_FRAMES_PER_SLOT, MELS)
        gain = self.rng.normal(0, 0.04) + self.rng.normal(0, 0.06) * np.linspace(-1, 1, MELS)
        tokens = np.clip(tokens + gain.astype(np.float32), 0, 1)
        if self.rng.random() < 0.3:
            low = self.rng.integers(0, MELS - 8)
            tokens[:, :, low : low + self.rng.integers(1, 9)] = 0
        return tokens.reshape(track.length, -1)

    def _moved(self, track: _Track, start: int, beats: int) -> int:
        """Start of the clip ``beats`` later, or as many earlier where the song ends, or one beat later: there is
        always room for that."""
        moves = [start + shift * SLOTS_PER_BEAT for shift in (beats, -beats)]
        fitting = [moved for moved in moves if 0 <= moved <= len(track.motion) - track.length]
        return fitting[0] if fitting else start + SLOTS_PER_BEAT

    def _tempo_negative(self, anchor: _Track, start: int) -> tuple[_Track, int]:
        """A clip at the anchor's tempo: of another accent pattern, or set off by some beats within the bar."""
        tempo, meter = anchor.pair.grid.tempo, anchor.pair.grid.meter
        near = [
            t for t in self.tracks
            if t.pair.grid.meter == meter and abs(t.pair.grid.tempo / tempo - 1) <= TEMPO_TOLERANCE
        ]  # fmt: skip
        track = near[int(self.rng.integers(len(near)))]
        other = int(self.rng.choice(track.starts))
        alike = float(anchor.accent(start) @ track.accent(other)) >= ACCENT_SIMILARITY
        if track.pair.dance == anchor.pair.dance or alike or self.rng.random() < 0.5:
            other = self._moved(track, other, int(self.rng.integers(1, meter)))
        return track, other
