"""Training windows of dance with the music embedding of each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from motionbeat.beats import BeatGrid
from motionbeat.clips import tracks_of
from motionbeat.dances import COUPLE_STYLES
from motionbeat.encoder import MotionBeat, bar_clock, read_tokens_at_frames
from motionbeat.motion import Motion
from motionbeat.motion_features import motion_to_features
from motionbeat.pairs import Pair, as_given

TEMPO_FACTORS = (1.0, 0.93, 1.075)
"""Each pair is also danced this much faster or slower, music and all: slots do not change with tempo."""

MIN_VALID = 0.8
"""Share of a window's frames that must be sound."""

MIN_STYLE_S = 300.0
"""A style with less material than this is learnt too poorly to be chosen unasked."""


@dataclass(frozen=True, eq=False)
class WindowBatch:
    """B windows of T frames.

    Attributes:
        motion: (B, T, 151) float32, not normalised.
        music: (B, T, F) float32.
        style: (B,) long, 1-based index into the styles.
        valid: (B, T) float32.
    """

    motion: torch.Tensor
    music: torch.Tensor
    style: torch.Tensor
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
    weight: float


class WindowSampler:
    """Draws :class:`WindowBatch` es from pairs; all random choices come from ``seed``."""

    def __init__(
        self,
        pairs: list[Pair],
        encoder: MotionBeat,
        styles: tuple[str, ...],
        window: int,
        seed: int,
        augment: bool = True,
    ) -> None:
        self.window = window
        self.rng = np.random.default_rng(seed)
        copies = {name: sum(p.dance == name for p in pairs) for name in {p.dance for p in pairs}}
        self.takes: list[_Take] = []
        for pair in pairs:
            _, tokens, _ = encoder.embed_slots(as_given(pair.tokens(encoder.config["hearing"])[0]), pair.slots)
            for factor in TEMPO_FACTORS if augment else (1.0,):
                motion, valid, grid = _at_tempo(pair, factor)
                music = np.concatenate(
                    [
                        read_tokens_at_frames(tokens, pair.slots.times_s / factor, len(motion), motion.fps),
                        bar_clock(grid, len(motion)),
                    ],
                    axis=1,
                )
                starts = _window_starts(valid, window)
                if not len(starts):
                    continue
                weight = len(starts) / copies[pair.dance]
                for flip in (False, True) if augment else (False,):
                    features = motion_to_features(motion.mirrored() if flip else motion)
                    style = styles.index(pair.style) + 1
                    self.takes.append(_Take(features, music, valid.astype(np.float32), style, starts, weight))
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
            start = int(self.rng.choice(take.starts))
            rows.append((take, slice(start, start + self.window)))
        return WindowBatch(
            torch.from_numpy(np.stack([take.features[cut] for take, cut in rows])),
            torch.from_numpy(np.stack([take.music[cut] for take, cut in rows])),
            torch.tensor([take.style for take, _ in rows]),
            torch.from_numpy(np.stack([take.valid[cut] for take, cut in rows])),
        )


def _at_tempo(pair: Pair, factor: float) -> tuple[Motion, np.ndarray, BeatGrid]:
    """The pair played ``factor`` times as fast."""
    if factor == 1.0:
        return pair.motion, pair.valid, pair.grid
    fps = pair.motion.fps
    times = np.arange(int(pair.motion.duration / factor * fps)) / fps * factor
    near = np.clip(np.round(times * fps).astype(int), 0, len(pair.valid) - 1)
    grid = BeatGrid(
        pair.grid.beats / factor, pair.grid.downbeats / factor, pair.grid.meter, pair.grid.tempo * factor,
        pair.grid.confidence,
    )  # fmt: skip
    return pair.motion.sampled_at(times, fps), pair.valid[near], grid


def _window_starts(valid: np.ndarray, window: int) -> np.ndarray:
    sound = np.cumsum(np.concatenate([[0.0], valid]))
    starts = np.arange(max(len(valid) - window + 1, 0))
    return starts[(sound[starts + window] - sound[starts]) / window >= MIN_VALID]


def auto_styles(pairs: list[Pair], styles: tuple[str, ...]) -> tuple[str, ...]:
    """Styles that may be danced unasked: recorded from a single dancer, and from more than :data:`MIN_STYLE_S`."""
    recorded = {pair.dance: pair for pair in pairs}.values()
    seconds = {style: sum(pair.motion.duration for pair in recorded if pair.style == style) for style in styles}
    return tuple(style for style in styles if style not in COUPLE_STYLES and seconds[style] >= MIN_STYLE_S)


@torch.no_grad()
def style_prototypes(pairs: list[Pair], encoder: MotionBeat, styles: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where each style lies in the MotionBeat space.

    Returns:
        (styles, projection) mean motion embedding of each style's four-bar clips, unit length; (styles,) int32 meter
        of the style.
    """
    prototype = np.zeros((len(styles), encoder.config["projection"]), dtype=np.float32)
    meters = np.zeros(len(styles), dtype=np.int32)
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
        meters[index] = chosen[0].grid.meter
    return prototype, meters
