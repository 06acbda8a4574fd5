"""What of a dance is given: joints or time spans of another motion that are kept while the generator fills the rest.

A :class:`Constraint` says which of the 151 values of which frames are known. In every step of the denoising the known
values replace the predicted ones. The sample of the next step is then the noised known motion there (replacement
inpainting as in EDGE, Tseng et al. 2023); the noise is the one that the sample began with, which a solver of the
probability flow keeps by itself. At a border in time the prediction would not meet what is known: what it is off there
is faded out into the free frames, with its slope, so that neither place nor speed jumps, and the network, which sees
the mended border in its next step, dances on from it.

The root is written from frame to frame in the features, so a kept span keeps its own path and turns, wherever on the
floor the dance has got to when it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from dancegen.beat_time import BeatFrames, motion_at
from dancegen.cleanup import clean_motion
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.motion_features import FEATURE_DIM, MOTION_FPS, ROTATION, features_to_motion, motion_to_features
from motionbeat.skeleton import FOOT_JOINTS, MIRROR_JOINTS, PARENTS

BORDER_S = 1 / 3
"""Time over which the free part is bent towards the known part beside it."""

SETTLING_PASSES = 3
"""How often the feet beside a kept span are locked again once it has been put back."""

LEAST_UPRIGHT = 0.3
"""Mean height of the tip of a unit vector up the pelvis; a dancer who stands has nearly 1, a z-up file read as y up
has nearly 0."""

_LOWER = np.array([*range(13), *(7 + 6 * joint for joint in (1, 2, 4, 5, 7, 8, 10, 11))])
"""Channels of contacts and root, and one of each joint of the legs."""

_STEP = np.array([4, 6])
"""Channels of the root's step over the floor, which the first frame of a dance does not have."""


@dataclass(frozen=True, eq=False)
class Constraint:
    """Known values of a dance.

    Attributes:
        values: (T, 151) float32 features of :mod:`motionbeat.motion_features`, not normalised; any number where
            nothing is known.
        mask: (T, 151) bool, true where the value is known.
    """

    values: np.ndarray
    mask: np.ndarray

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.values), FEATURE_DIM) or self.values.shape != self.mask.shape:
            raise ValueError(f"values and mask must be (T, {FEATURE_DIM}), got {self.values.shape}, {self.mask.shape}")

    def __len__(self) -> int:
        return len(self.values)

    def in_beats(self, frames: BeatFrames) -> Self:
        """The same on the generator's frames; a known frame is known at the nearest of them, if not at several."""
        known = np.flatnonzero(self.mask.any(axis=1))
        if not len(known):
            return type(self)(*(np.zeros((len(frames), FEATURE_DIM), kind) for kind in (np.float32, bool)))
        index = np.arange(len(self))
        after = np.clip(np.searchsorted(known, index), 1, max(len(known) - 1, 1))
        before = known[after - 1]
        after = known[np.minimum(after, len(known) - 1)]
        held = np.where(index - before <= np.abs(after - index), before, after)
        values = self.values[held]
        values[np.ix_(held != index, _STEP)] = 0
        motion = motion_at(frames, features_to_motion(values, MOTION_FPS))
        place = frames.times_s * MOTION_FPS
        near = np.round(place).astype(int)
        mask = self.mask[np.clip(near, 0, len(self) - 1)] & ((near >= 0) & (near < len(self)))[:, None]
        nearest = np.clip(np.round(np.interp(known, place, np.arange(len(frames)))).astype(int), 0, len(frames) - 1)
        np.logical_or.at(mask, nearest, self.mask[known])
        # a step is known between two known frames
        mask[1:, _STEP] &= mask[:-1, _STEP]
        mask[0, _STEP] = False
        return type(self)(motion_to_features(motion), mask)

    def mirrored(self) -> Self:
        """The constraint of the mirrored dance (:meth:`motionbeat.motion.Motion.mirrored`)."""
        source, sign = _mirror_channels()
        return type(self)(self.values[:, source] * sign, self.mask[:, source])

    def restored(self, motion: Motion) -> Motion:
        """``motion`` (T frames, 30 fps) with the known values put back after a cleanup; where it stands and which way
        it faces at its first frame is not kept."""
        known = KnownPart(self, torch.zeros(FEATURE_DIM), torch.ones(FEATURE_DIM))
        features = known.imposed_on(torch.from_numpy(motion_to_features(motion)))
        return features_to_motion(features.numpy(), motion.fps)


def keep(
    motion: Motion, frames: int, joints: Sequence[int], spans_s: Sequence[tuple[float, float]] = ()
) -> Constraint:
    """Keep joints of a motion, at the times at which the motion has them.

    Args:
        motion: what is kept; read at 30 fps, so that its second 0 is that of the dance.
        frames: length of the dance at 30 fps.
        joints: indices of the joints to keep; the pelvis stands for the root with its path and height, and the contact
            of a foot is kept where its whole leg and the root are.
        spans_s: seconds from and to (exclusive, ``inf`` is the end) between which they are kept; always when empty.

    Raises:
        UserError: a root to keep is not upright, a span begins after the motion, or nothing or everything is kept.
    """
    if 0 in joints:
        _check_upright(motion)
    motion = motion.resampled(MOTION_FPS)
    kept = min(len(motion), frames)
    times = np.arange(kept) / MOTION_FPS
    inside = np.zeros(kept, dtype=bool)
    for start, stop in spans_s or [(0.0, np.inf)]:
        if start >= motion.duration:
            raise UserError(f"keep: second {start:g} lies beyond the {motion.duration:.1f} s of the kept motion.")
        inside |= (times >= start - 0.5 / MOTION_FPS) & (times < stop - 0.5 / MOTION_FPS)
    if not inside.any():
        raise UserError(f"keep: no frame of the {frames / MOTION_FPS:.1f} s of dance is kept. Choose other seconds.")
    channels = _channels(joints)
    if inside.sum() == frames and channels.all():
        raise UserError("keep: nothing is left to fill. Choose joints or seconds to keep.")
    mask = np.zeros((frames, FEATURE_DIM), dtype=bool)
    mask[:kept] = inside[:, None] & channels
    return _without_first_step(motion, mask)


def start_from(motion: Motion, at_s: float, frames: int) -> Constraint:
    """Begin a dance of ``frames`` frames in the pose that a motion has at ``at_s`` seconds.

    Raises:
        UserError: the motion does not stand upright, or ends before that.
    """
    _check_upright(motion)
    if not 0 <= at_s < motion.duration:
        raise UserError(f"start-pose: second {at_s:g} does not lie in the {motion.duration:.1f} s of the motion.")
    # Contacts need a frame beside it; the pose alone is what is kept.
    pose = motion.sampled_at(np.array([at_s]), MOTION_FPS)
    mask = np.zeros((frames, FEATURE_DIM), dtype=bool)
    mask[0] = _channels(range(24))
    mask[0, :4] = False
    return _without_first_step(pose, mask)


def both(first: Constraint, second: Constraint) -> Constraint:
    """What either of two constraints of one length knows; where both do, ``second`` holds."""
    return Constraint(np.where(second.mask, second.values, first.values), first.mask | second.mask)


def cleaned_around(motion: Motion, constraint: Constraint) -> Motion:
    """A composed dance after its cleanup, with what is known as it was given.

    Smoothing and foot lock change the kept part too, by a degree or so, so it is put back. Beside a span in which legs
    or root are kept, the feet then no longer meet its feet; :data:`SETTLING_PASSES` more foot locks, each followed by
    putting the kept part back, bring them together.
    """
    settled = constraint.restored(clean_motion(motion))
    has_borders = bool((constraint.mask[1:, _LOWER] != constraint.mask[:-1, _LOWER])[1:].any())
    for _ in range(SETTLING_PASSES if has_borders else 0):
        settled = constraint.restored(clean_motion(settled, smooth=False))
    return settled


class KnownPart:
    """A constraint made ready to be imposed on one prediction after the other.

    Args:
        constraint: what is known.
        mean, std: (151,) of the normalisation of the features; the predictions' device.
    """

    def __init__(self, constraint: Constraint, mean: torch.Tensor, std: torch.Tensor) -> None:
        self.mask = torch.from_numpy(constraint.mask).to(mean.device)
        self.values = (torch.from_numpy(constraint.values).to(mean) - mean) / std
        border = BORDER_S * MOTION_FPS
        frames = len(self.mask)
        index = torch.arange(frames, device=mean.device)[:, None].expand_as(self.mask)
        far = frames + 2 * round(border)
        before = torch.where(self.mask, index, -far).cummax(dim=0).values
        after = torch.where(self.mask, index, frames + far).flip(0).cummin(dim=0).values.flip(0)
        # Between two known parts that are close, each is faded out where the other begins.
        reach = (after - before).clamp(max=round(border))
        self._edges = [self._edge(index, before, reach, -1), self._edge(index, after, reach, 1)]

    def _edge(
        self, index: torch.Tensor, known: torch.Tensor, reach: torch.Tensor, inwards: int
    ) -> tuple[torch.Tensor, ...]:
        """Free entries that a known one ``known`` frames away bends, the entry itself, the one further inwards, and
        the weights of what the prediction is off at the border and of its change there."""
        away = (index - known).abs()
        rows, columns = torch.nonzero(~self.mask & (away < reach), as_tuple=True)
        source = known[rows, columns]
        inner = (source + inwards).clamp(0, len(self.mask) - 1)
        share = away[rows, columns] / reach[rows, columns]
        # Cubic Hermite polynomials, flat zero at the end of their reach: one for the value, one for the slope.
        place = (1 - share) ** 2 * (1 + 2 * share)
        slope = (1 - share) ** 2 * away[rows, columns] * self.mask[inner, columns]
        return rows, columns, source, inner, place, slope

    def imposed_on(self, predicted: torch.Tensor) -> torch.Tensor:
        """(T, 151) normalised features with the known values, and the free ones beside them bent to meet them."""
        off = torch.where(self.mask, self.values - predicted, 0)
        bent = predicted.clone()
        for rows, columns, source, inner, place, slope in self._edges:
            border = off[source, columns]
            bent[rows, columns] += place * border + slope * (border - off[inner, columns])
        return torch.where(self.mask, self.values, bent)


def _channels(joints: Sequence[int] | range) -> np.ndarray:
    """(151,) bool, the values that belong to the joints."""
    chosen = set(joints)
    channels = np.zeros(FEATURE_DIM, dtype=bool)
    channels[ROTATION] = np.repeat(np.isin(np.arange(24), list(chosen)), 6)
    channels[4:7] = 0 in chosen
    for contact, joint in enumerate(FOOT_JOINTS):
        chain = {joint}
        while joint:
            joint = PARENTS[joint]
            chain.add(joint)
        channels[contact] = chain <= chosen
    return channels


def _without_first_step(motion: Motion, mask: np.ndarray) -> Constraint:
    features = motion_to_features(motion)[: len(mask)]
    values = np.pad(features, ((0, len(mask) - len(features)), (0, 0)))
    mask[0, _STEP] = False
    return Constraint(values, mask)


def _check_upright(motion: Motion) -> None:
    up = Rotation.from_rotvec(motion.poses[:, 0]).apply([0.0, 1.0, 0.0])[:, 1].mean()
    if up < LEAST_UPRIGHT:
        raise UserError("keep: the dancer of the kept motion does not stand upright. Give a motion with y up.")


def _mirror_channels() -> tuple[np.ndarray, np.ndarray]:
    """(151,) the channel that takes each channel's place in a mirror, and (151,) its sign."""
    rotations = 7 + 6 * np.array(MIRROR_JOINTS)[:, None] + np.arange(6)
    source = np.concatenate([[1, 0, 3, 2, 4, 5, 6], rotations.ravel()])
    # Columns (x, y, z) of the first and second axis: what is odd in x changes its sign.
    sign = np.concatenate([[1, 1, 1, 1, -1, 1, 1], np.tile([1, -1, -1, -1, 1, 1], 24)])
    return source, sign.astype(np.float32)
