"""Four-bar clips with their hard negatives: the batches of contrastive training."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from motionbeat.contacts import contact_pulses
from motionbeat.encoder import BARS_PER_CLIP
from motionbeat.errors import UserError
from motionbeat.motion_features import CONTACT, FEATURE_DIM, motion_to_features
from motionbeat.motion_tokens import frames_in_slots, motion_frames, pulses_in_slots
from motionbeat.objective import Objective
from motionbeat.pairs import Pair, as_given
from motionbeat.tokens import MEL_FRAMES_PER_SLOT, MELS, PULSE_TOKEN_DIM, SLOTS_PER_BEAT, slot_onsets

TEMPO_TOLERANCE = 0.02
"""Tempo negatives are within this share of the anchor's tempo."""

MIN_VALID = 0.85
"""Share of a clip's slots that must be sound."""

DRIFTS = (0.02, 0.12)
"""Range of the tempo error of a drifting negative."""

MUSIC_SHOWN = 0.5
"""Share of the training clips in which what the music ear hears is shown."""

_ROOM_BEFORE = SLOTS_PER_BEAT
_TEMPO_GROUP = 4  # clips of about the same tempo that are drawn together, to be one another's tempo negatives


@dataclass(frozen=True, eq=False)
class ClipBatch:
    """N anchors with their negatives, all of one meter and beginning on the same beat of the bar; T slots a clip.

    Attributes:
        audio: (N, T, D) float32 audio tokens.
        onsets: (N, T) float32 onset envelope of the music, in [0, 1].
        motion: (N, 1 + J, T, 669) float32: the anchor's own motion, then J jitter negatives.
        contact: (N, 1 + J, T) float32 contact pulses.
        energy: (N, T) float32 mean joint speed of the anchor's own motion, m/s.
        theta: (N, T) bar angles in radians of the anchor; its negatives are labelled with them too. In a blind batch
            they are all turned by the same angle.
        same: (N, N) bool: the dance or the song is the same, so that motion j also fits music i.
        tempo_index: (N, K) long: tempo negatives, as places among the N * J jitter negatives of the batch.
        tempo_mask: (N, K) bool: False where there are fewer.
        slots_per_bar: T is a multiple of it, and bars begin ``first_beat * SLOTS_PER_BEAT`` slots before a clip.
        first_beat: beat of the bar on which the clips begin.
    """

    audio: torch.Tensor
    onsets: torch.Tensor
    motion: torch.Tensor
    contact: torch.Tensor
    energy: torch.Tensor
    theta: torch.Tensor
    same: torch.Tensor
    tempo_index: torch.Tensor
    tempo_mask: torch.Tensor
    slots_per_bar: int
    first_beat: int

    def to(self, device: torch.device) -> ClipBatch:
        """The same batch on ``device``."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        moved: dict[str, Any] = {n: value.to(device) for n, value in values.items() if isinstance(value, torch.Tensor)}
        return replace(self, **moved)


class Track:
    """A pair, ready to be cut into clips.

    Attributes:
        pair: where it comes from.
        audio: (V, N, D) audio tokens of its slots: uint8 mel patches (V = 1), pulse tokens heard in V keys, the first
            of them its own, or features of another encoder.
        theta: (N,) float32 angle of each slot in the bar, radians.
        slots_per_bar: slots in a bar.
        length: slots in a clip, ``bars`` bars.
        sound: (N,) bool, False where the recording is faulty or stitched.
        music_from: the channel of ``audio`` from which on it is what the music ear hears; None where it is not.
        starts: (n,) slots, each on a beat, at which a sound clip of regular bars with room on both sides begins.
    """

    def __init__(
        self,
        pair: Pair,
        audio: np.ndarray,
        mirrored: bool = False,
        bars: int = BARS_PER_CLIP,
        music_from: int | None = None,
    ) -> None:
        self.pair = pair
        self.music_from = music_from
        slots = pair.slots
        motion = pair.motion.mirrored() if mirrored else pair.motion
        self.fps = motion.fps
        values = motion_to_features(motion)
        self.frames = motion_frames(values, motion.fps)
        self.pulses = contact_pulses(values[:, CONTACT])
        self.audio = audio
        if audio.ndim != 3 or audio.shape[1] != len(slots):
            raise ValueError(f"{pair.name}: audio tokens {audio.shape} for {len(slots)} slots")
        self.theta = (2 * math.pi / slots.meter * slots.phase).astype(np.float32)
        self.lengths_s = slots.lengths_s
        self.slots_per_bar = slots.meter * SLOTS_PER_BEAT
        self.length = bars * self.slots_per_bar
        nearest = np.clip(np.round(slots.times_s * motion.fps).astype(int), 0, len(pair.valid) - 1)
        self.sound = pair.valid[nearest] & (slots.times_s < motion.duration)
        total = np.cumsum(np.concatenate([[0.0], self.sound]))
        starts = np.flatnonzero(np.isclose(slots.phase % 1.0, 0))
        # what follows must leave room for a beat of jitter and for the longest drift
        room_after = max(SLOTS_PER_BEAT, math.ceil(DRIFTS[1] * self.length))
        starts = starts[(starts >= _ROOM_BEFORE) & (starts + self.length + room_after <= len(slots))]
        sound = (total[starts + self.length] - total[starts]) / self.length >= MIN_VALID
        # a bar that breaks off would put the rest of the clip out of its bars
        breaks = np.append(0, np.cumsum(~np.isclose(np.diff(slots.phase) % slots.meter, 1 / SLOTS_PER_BEAT)))
        self.starts = starts[sound & (breaks[starts + self.length - 1] == breaks[starts])]

    def first_beat(self, start: int) -> int:
        """The beat of the bar, from 0, on which the clip at slot ``start`` begins."""
        return round(float(self.pair.slots.phase[start]))

    def is_seamless(self, start: int) -> bool:
        """Whether all slots of the clip at slot ``start``, and those that its moved copies reach, are sound."""
        return bool(self.sound[start - _ROOM_BEFORE : start + self.length + SLOTS_PER_BEAT].all())

    def music(self, start: int) -> np.ndarray:
        """(T, D) float32 audio tokens of the clip at slot ``start``, as the encoder is given them."""
        return as_given(self.audio[0, start : start + self.length])

    def motion(self, start: int, shift: int = 0, stretch: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Motion tokens (T, 669) and contact pulses (T,) of the clip at slot ``start``.

        Args:
            start: first slot of the music.
            shift: how many slots later than its music the dance is read.
            stretch: how many seconds of dance meet each second of music, counted from the clip's beginning.
        """
        cut = slice(start + shift, start + shift + self.length)
        times, lengths = self.pair.slots.times_s[cut], self.lengths_s[cut]
        if stretch != 1.0:
            times, lengths = times[0] + (times - times[0]) * stretch, lengths * stretch
        return (
            frames_in_slots(self.frames, self.fps, times, lengths),
            pulses_in_slots(self.pulses, self.fps, times, lengths),
        )


def motion_energy(tokens: np.ndarray) -> np.ndarray:
    """(..., T) mean joint speed in m/s of motion tokens (..., T, 669)."""
    frames = tokens.reshape(*tokens.shape[:-1], -1, FEATURE_DIM + 72)
    velocity = frames[..., FEATURE_DIM:].reshape(*frames.shape[:-1], 24, 3)
    return np.linalg.norm(velocity, axis=-1).mean(axis=(-1, -2))


class ClipSampler:
    """Draws :class:`ClipBatch` es from tracks; all random choices come from ``seed``.

    Raises:
        UserError: no track is long enough for a clip.
    """

    def __init__(self, tracks: list[Track], seed: int, augment: bool = True) -> None:
        self.tracks = [track for track in tracks if len(track.starts)]
        if not self.tracks:
            raise UserError("No dance there is long enough for a clip. Try shorter clips (--bars 2).")
        self.rng = np.random.default_rng(seed)
        self.augment = augment
        # a recording counts by its unique length, however many songs it meets
        dances = [track.pair.dance for track in self.tracks]
        self.weight = np.array([len(t.starts) / dances.count(t.pair.dance) for t in self.tracks])
        self.meter = np.array([track.pair.grid.meter for track in self.tracks])
        self.tempo = np.array([track.pair.grid.tempo for track in self.tracks])
        # how much there is of each meter and first beat of a clip
        self.shares: dict[tuple[int, int], float] = {}
        for track, weight in zip(self.tracks, self.weight, strict=True):
            for start in track.starts:
                kind = (track.pair.grid.meter, track.first_beat(start))
                self.shares[kind] = self.shares.get(kind, 0.0) + weight / len(track.starts)

    def audio_statistics(self) -> dict[str, float | list[float]]:
        """Mean and standard deviation of the audio tokens, as arguments of :class:`motionbeat.encoder.MotionBeat`: of
        all values of mel patches, of each channel otherwise; channels that hardly change keep a deviation of 0.01."""
        total, squares, count = np.zeros(1), np.zeros(1), 0
        for track in self.tracks:
            values = track.audio.reshape(-1, track.audio.shape[-1]).astype(np.float64)
            if track.audio.dtype == np.uint8:
                values = values.reshape(-1, 1) / 255
            total, squares = total + values.sum(axis=0), squares + np.square(values).sum(axis=0)
            count += len(values)
        mean = total / count
        std = np.maximum(np.sqrt(np.maximum(squares / count - mean**2, 0)), 0.01)
        both = {"audio_mean": mean.round(4).tolist(), "audio_std": std.round(4).tolist()}
        return both if len(mean) > 1 else {name: values[0] for name, values in both.items()}

    def motion_statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (669,) of the motion tokens; channels that hardly move keep a deviation of
        0.05."""
        total, squares, count = np.zeros(FEATURE_DIM + 72), np.zeros(FEATURE_DIM + 72), 0
        for track in self.tracks:
            frames = track.frames[track.pair.valid[: len(track.frames)]].astype(np.float64)
            total, squares, count = total + frames.sum(axis=0), squares + (frames**2).sum(axis=0), count + len(frames)
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - mean**2, 0))
        return np.tile(mean, 3).astype(np.float32), np.tile(np.maximum(std, 0.05), 3).astype(np.float32)

    def batch(self, anchors: int, objective: Objective) -> ClipBatch:
        """Draw ``anchors`` clips with the negatives that an objective asks for."""
        kinds = list(self.shares)
        drawn = self.rng.choice(len(kinds), p=np.array(list(self.shares.values())) / sum(self.shares.values()))
        meter, first_beat = kinds[int(drawn)]
        chosen = self._draw(anchors, meter, first_beat)
        blind = self.rng.random() < objective.blind_share
        turn = 2 * math.pi * self.rng.integers(meter * SLOTS_PER_BEAT) / (meter * SLOTS_PER_BEAT) if blind else 0.0
        rows: list[tuple[np.ndarray, ...]] = []
        for track, start in chosen:
            windows = [track.motion(start)] + [track.motion(start, *move) for move in self._jitters(objective)]
            motions, contacts = (np.stack(values) for values in zip(*windows, strict=True))
            sound, attacks = self._heard(track, start)
            angles = track.theta[start : start + track.length] + turn
            rows.append((sound, attacks, motions, contacts, motion_energy(motions[0]), angles))
        audio, onsets, motion, contact, energy, theta = (
            torch.from_numpy(np.stack(values)).float() for values in zip(*rows, strict=True)
        )
        dance = np.array([track.pair.dance for track, _ in chosen])
        song = np.array([track.pair.song for track, _ in chosen])
        same = torch.from_numpy((dance[:, None] == dance) | (song[:, None] == song))
        tempo = np.array([track.pair.grid.tempo for track, _ in chosen])
        index, mask = self._tempo_negatives(tempo, motion.shape[1] - 1, objective.tempo_negatives)
        return ClipBatch(
            audio, onsets, motion, contact, energy, theta, same, torch.from_numpy(index), torch.from_numpy(mask),
            meter * SLOTS_PER_BEAT, first_beat,
        )  # fmt: skip

    def _draw(self, anchors: int, meter: int, first_beat: int) -> list[tuple[Track, int]]:
        starts = [t.starts[np.isclose(t.pair.slots.phase[t.starts], first_beat)] for t in self.tracks]
        weight = self.weight * (self.meter == meter) * np.array([len(s) > 0 for s in starts])
        chosen: list[int] = []
        while len(chosen) < anchors:
            leader = int(self.rng.choice(len(weight), p=weight / weight.sum()))
            near = weight * (np.abs(self.tempo / self.tempo[leader] - 1) <= TEMPO_TOLERANCE)
            chosen += [leader, *self.rng.choice(len(near), size=_TEMPO_GROUP - 1, p=near / near.sum())]
        return [(self.tracks[i], int(self.rng.choice(starts[i]))) for i in chosen[:anchors]]

    def _jitters(self, objective: Objective) -> list[tuple[int, float]]:
        """Shift in slots and stretch of each jitter negative of one anchor; of those a beat off also where only other
        anchors need them, as tempo negatives."""
        moves: list[tuple[int, float]] = []
        if objective.beat_jitter or objective.tempo_negatives:
            moves += [(-SLOTS_PER_BEAT, 1.0), (SLOTS_PER_BEAT, 1.0)]
        if objective.fine_jitter:
            sign = int(self.rng.choice((-1, 1)))
            if self.rng.random() < 0.5:
                moves.append((sign * SLOTS_PER_BEAT // 2, 1.0))
            else:
                moves.append((0, 1.0 + sign * float(self.rng.uniform(*DRIFTS))))
        return moves

    def _tempo_negatives(self, tempo: np.ndarray, jitters: int, most: int) -> tuple[np.ndarray, np.ndarray]:
        """For each anchor, jitter negatives of other anchors of its tempo: in another phase than its bars."""
        anchors = len(tempo)
        index = np.zeros((anchors, most), dtype=np.int64)
        mask = np.zeros((anchors, most), dtype=bool)
        near = (np.abs(tempo[:, None] / tempo - 1) <= TEMPO_TOLERANCE) & ~np.eye(anchors, dtype=bool)
        for row in range(anchors):
            pool = (np.flatnonzero(near[row])[:, None] * jitters + np.arange(jitters)).ravel()
            count = min(most, len(pool))
            index[row, :count] = self.rng.choice(pool, size=count, replace=False) if count else 0
            mask[row, :count] = True
        return index, mask

    def _heard(self, track: Track, start: int) -> tuple[np.ndarray, np.ndarray]:
        """Audio tokens and onsets of a clip; songs differ in mastering and key. Mel patches get random gain, tilt over
        frequency, transposition and masked bands; other tokens are taken from one of their keys, and what the music
        ear hears is obscured."""
        cut = slice(start, start + track.length)
        mel = as_given(track.pair.audio_tokens[cut])
        onsets = slot_onsets(mel)
        if not self.augment:
            return track.music(start), onsets
        if track.audio.dtype != np.uint8:
            tokens = as_given(track.audio[self.rng.integers(len(track.audio)), cut])
            return tokens if track.music_from is None else self._obscured(tokens, track.music_from), onsets
        patches = mel.reshape(track.length, MEL_FRAMES_PER_SLOT, MELS)
        gain = self.rng.normal(0, 0.04) + self.rng.normal(0, 0.06) * np.linspace(-1, 1, MELS)
        patches = np.roll(patches, int(self.rng.integers(-2, 3)), axis=2)
        patches = np.clip(patches + gain.astype(np.float32), 0, 1)
        if self.rng.random() < 0.3:
            low = self.rng.integers(0, MELS - 8)
            patches[:, :, low : low + self.rng.integers(1, 9)] = 0
        return patches.reshape(track.length, -1), onsets

    def _obscured(self, tokens: np.ndarray, music_from: int) -> np.ndarray:
        """Tokens of a clip with what the music ear hears hidden in half of the clips, and moved by as much as it
        differs between songs: by it so few songs are known by heart, and dances with them, before the pulse is."""
        mean, std = (np.array(self._statistics[name])[music_from:] for name in ("audio_mean", "audio_std"))
        music = tokens[:, music_from:] if self.rng.random() < MUSIC_SHOWN else mean
        moved = (music + self.rng.normal(size=len(mean)) * std).astype(np.float32)
        return np.concatenate([tokens[:, :music_from], np.broadcast_to(moved, (len(tokens), len(mean)))], axis=1)

    @cached_property
    def _statistics(self) -> dict[str, float | list[float]]:
        return self.audio_statistics()


def tracks_of(
    pairs: list[Pair],
    hearing: str,
    mirror: bool = True,
    bars: int = BARS_PER_CLIP,
    features: dict[str, np.ndarray] | None = None,
) -> list[Track]:
    """Tracks of pairs for an encoder with that ``hearing``, each also mirrored if asked. ``features`` (V, N, D) by
    pair name take the place of its tokens."""
    music_from = PULSE_TOKEN_DIM if hearing == "pulse+music" and features is None else None
    return [
        Track(pair, pair.tokens(hearing) if features is None else features[pair.name], flip, bars, music_from)
        for pair in pairs
        for flip in ((False, True) if mirror else (False,))
    ]
