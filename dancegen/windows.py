"""Training windows of dance with the music embedding of each frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from dancegen.beat_time import beat_frames, motion_at
from motionbeat.clips import tracks_of
from motionbeat.dances import COUPLE_STYLES
from motionbeat.encoder import MotionBeat, read_tokens_at
from motionbeat.motion import Motion
from motionbeat.motion_features import motion_to_features
from motionbeat.pairs import Pair, as_given

TEMPO_SPREAD = 0.1
"""Standard deviation of what is added to log2 of the tempo that a window is said to have: in beats a dance is the same
a little faster or slower."""

MIN_VALID = 0.8
"""Share of a window's frames that must be sound."""

ENDS_S = 1.5
ENDS_SHARE = 0.5
"""A recorded dance begins and ends with the first and last ``ENDS_S`` seconds that are at least ``ENDS_SHARE`` times
as fast as its median. Before and after, dancers stand and wait: a generator that is shown this stands still in the
middle of a song."""

MIN_STYLE_S = 300.0
"""A style with less material than this is learnt too poorly to be chosen unasked."""


Hear = Callable[[Pair], np.ndarray]
"""What a generator is told of a pair's music besides its beats: (N, W) float32, one row for each of its slots."""


def heard_by(encoder: MotionBeat) -> Hear:
    """The tokens of a MotionBeat encoder."""
    return lambda pair: encoder.embed_slots(as_given(pair.tokens(encoder.config["hearing"])[0]), pair.slots)[1]


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """B windows of T frames.

    Attributes:
        motion: (B, T, 151) float32, not normalised.
        music: (B, T, F) float32.
        style: (B,) long, 1-based index into the styles.
        energy: (B,) float32, how fast the joints move on average: log of it, in standard deviations above the mean of
            the windows of the style.
        valid: (B, T) float32.
    """

    motion: torch.Tensor
    music: torch.Tensor
    style: torch.Tensor
    energy: torch.Tensor
    valid: torch.Tensor

    def to(self, device: torch.device) -> WindowBatch:
        """The same batch on ``device``."""
        return WindowBatch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class _Take:
    features: np.ndarray
    music: np.ndarray
    valid: np.ndarray
    style: int
    starts: np.ndarray
    energy: np.ndarray
    weight: float


class WindowSampler:
    """Draws :class:`WindowBatch` es from pairs; all random choices come from ``seed``."""

    def __init__(
        self,
        pairs: list[Pair],
        hear: Hear,
        styles: tuple[str, ...],
        window: int,
        seed: int,
        augment: bool = True,
    ) -> None:
        self.window = window
        self.augment = augment
        self.rng = np.random.default_rng(seed)
        copies = {name: sum(p.dance == name for p in pairs) for name in {p.dance for p in pairs}}
        self.takes: list[_Take] = []
        for pair in pairs:
            tokens = hear(pair)
            frames = beat_frames(pair.grid, pair.motion.duration)
            inside = (frames.times_s >= 0) & (frames.times_s <= pair.motion.duration)
            near = np.clip(np.round(frames.times_s * pair.motion.fps).astype(int), 0, len(pair.valid) - 1)
            motion = motion_at(frames, pair.motion)
            speed = _speed(motion)
            valid = pair.valid[near] & inside & _danced(speed, motion.fps)
            starts = _window_starts(valid, frames.downbeats, window)
            if not len(starts):
                continue
            music = np.concatenate(
                [read_tokens_at(frames.times_s, tokens, pair.slots.times_s), frames.clock()], axis=1
            )
            energy = _log_mean(speed, starts, window)
            weight = len(starts) / copies[pair.dance]
            # who holds a partner does so on one side, and the mirror image is a wrong dance
            for flip in (False, True) if augment and pair.style not in COUPLE_STYLES else (False,):
                features = motion_to_features(motion.mirrored() if flip else motion)
                style = styles.index(pair.style) + 1
                self.takes.append(_Take(features, music, valid.astype(np.float32), style, starts, energy, weight))
        self.takes = _with_energy_within_styles(self.takes)
        weights = np.array([take.weight for take in self.takes])
        # a style with little material is drawn more often than its share, or it would hardly be learnt
        share = np.array([weights[[t.style == s for t in self.takes]].sum() for s in range(len(styles) + 1)])
        weights = weights / np.sqrt(share[[t.style for t in self.takes]])
        self.probability = weights / weights.sum()

    def statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (151,) of the motion; channels that hardly move keep a deviation of 0.02, so
        that their noise is not magnified."""
        values = np.concatenate([take.features[take.valid > 0] for take in self.takes])
        return values.mean(axis=0), np.maximum(values.std(axis=0), 0.02)

    def batch(self, size: int) -> WindowBatch:
        """Draw ``size`` windows."""
        rows = []
        for index in self.rng.choice(len(self.takes), size=size, p=self.probability):
            take = self.takes[index]
            place = int(self.rng.integers(len(take.starts)))
            start = int(take.starts[place])
            rows.append((take, slice(start, start + self.window), take.energy[place]))
        music = np.stack([take.music[cut] for take, cut, _ in rows])
        if self.augment:
            music[..., -1] += self.rng.normal(0, TEMPO_SPREAD, size=(size, 1)).astype(np.float32)
        return WindowBatch(
            torch.from_numpy(np.stack([take.features[cut] for take, cut, _ in rows])),
            torch.from_numpy(music),
            torch.tensor([take.style for take, _, _ in rows]),
            torch.tensor([energy for _, _, energy in rows], dtype=torch.float32),
            torch.from_numpy(np.stack([take.valid[cut] for take, cut, _ in rows])),
        )


def _with_energy_within_styles(takes: list[_Take]) -> list[_Take]:
    """The takes with their energy in standard deviations from the mean of all windows of their style."""
    compared = {}
    for style in {take.style for take in takes}:
        values = np.concatenate([take.energy for take in takes if take.style == style])
        compared[style] = values.mean(), max(float(values.std()), 1e-3)
    return [replace(t, energy=(t.energy - compared[t.style][0]) / compared[t.style][1]) for t in takes]


def _window_starts(valid: np.ndarray, downbeats: np.ndarray, window: int) -> np.ndarray:
    """Those frames of ``downbeats`` from which a window is sound."""
    sound = np.cumsum(np.concatenate([[0.0], valid]))
    starts = downbeats[downbeats <= len(valid) - window]
    return starts[(sound[starts + window] - sound[starts]) / window >= MIN_VALID]


def _speed(motion: Motion) -> np.ndarray:
    """(T - 1,) mean speed of the joints, m/s."""
    return np.linalg.norm(np.diff(motion.joints(), axis=0), axis=-1).mean(axis=1) * motion.fps


def _danced(speed: np.ndarray, fps: float) -> np.ndarray:
    """(T,) bool, the frames from the beginning of a dance to its end (:data:`ENDS_S`), whatever lies between; of
    ``speed`` (T - 1,)."""
    width = min(round(ENDS_S * fps), len(speed))
    total = np.concatenate([[0.0], np.cumsum(speed)])
    mean = (total[width:] - total[:-width]) / width
    fast = np.flatnonzero(mean >= ENDS_SHARE * np.median(mean))
    frames = np.arange(len(speed) + 1)
    return (frames >= fast[0]) & (frames <= fast[-1] + width)


def _log_mean(speed: np.ndarray, starts: np.ndarray, window: int) -> np.ndarray:
    """(K,) log of the mean of ``speed`` over windows from ``starts``, m/s."""
    total = np.concatenate([[0.0], np.cumsum(speed)])
    stops = np.minimum(starts + window, len(total) - 1)
    return np.log((total[stops] - total[starts]) / (stops - starts) + 1e-3)


def auto_styles(pairs: list[Pair], styles: tuple[str, ...]) -> tuple[str, ...]:
    """Styles that may be danced unasked: recorded from a single dancer, and from more than :data:`MIN_STYLE_S`."""
    recorded = {pair.dance: pair for pair in pairs}.values()
    seconds = {style: sum(pair.motion.duration for pair in recorded if pair.style == style) for style in styles}
    return tuple(style for style in styles if style not in COUPLE_STYLES and seconds[style] >= MIN_STYLE_S)


@torch.no_grad()
def style_prototypes(pairs: list[Pair], encoder: MotionBeat, styles: tuple[str, ...]) -> np.ndarray:
    """Where each style lies in the MotionBeat space: (styles, projection) mean motion embedding of its four-bar clips,
    unit length."""
    prototype = np.zeros((len(styles), encoder.config["projection"]), dtype=np.float32)
    for index, style in enumerate(styles):
        chosen = [pair for pair in pairs if pair.style == style]
        tracks = [track for track in tracks_of(chosen, encoder.config["hearing"], mirror=False) if len(track.starts)]
        rng = np.random.default_rng(0)
        places = [(track, int(rng.choice(track.starts))) for track in rng.choice(np.array(tracks), size=64)]
        motion, contact = zip(*(track.motion(start) for track, start in places), strict=True)
        theta = [track.theta[start : start + track.length] for track, start in places]
        values = (torch.from_numpy(np.stack(each)) for each in (motion, theta, contact))
        mean = encoder.embed_motion(*values)[0].mean(dim=0)
        prototype[index] = (mean / mean.norm()).numpy()
    return prototype
