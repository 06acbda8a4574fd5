"""Seed diversity: how different the dances are that one song gets from several seeds.

Aim: a generator that has collapsed dances the same to every seed. All pairs of dances to one song are compared frame
by frame, in metres, twice:

* *trajectory*: every dance begins at the origin facing +z; mean distance of the joints from then on. Grows with the
  length of the song as dancers drift apart.
* *pose*: each frame seen from its own heading; mean distance of the joints. Blind to where on the floor they are.

Unlike the published diversity (mean distance of hand-made features over all songs) it holds the song fixed, and it is
in metres. Read at 30 fps.

Known flaws: more is not better; compare with the distance of ground-truth dances of one style to one meter. Two dances
that are the same but a beat apart count as different.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.frame_rate import at_metric_rate
from dancegen.metrics.heading_frame import in_heading_frame


@dataclass(frozen=True)
class SeedDiversity:
    """Mean distance of the joints over all pairs of dances, in metres.

    Attributes:
        trajectory_m: after a common start.
        pose_m: each frame in its own heading frame.
        dances: how many were compared.
    """

    trajectory_m: float
    pose_m: float
    dances: int


def seed_diversity(dances: Sequence[np.ndarray], fps: float) -> SeedDiversity:
    """Diversity of several dances to one song.

    Args:
        dances: each (T, 24, 3) metres, all from the same second of the song on; longer ones are cut to the shortest.
        fps: frames per second of all.

    Returns:
        The mean distances. Fewer than two dances or no common frame: a warning and NaN.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    read = [at_metric_rate(joints, fps) for joints in dances]
    frames = min((len(joints) for joints in read), default=0)
    if len(read) < 2 or not frames:
        warnings.warn("Fewer than two dances to compare: no diversity.", stacklevel=2)
        return SeedDiversity(math.nan, math.nan, len(read))
    read = [joints[:frames] for joints in read]
    trajectories = [in_heading_frame(joints, joints[:1]) for joints in read]
    poses = [in_heading_frame(joints, joints) for joints in read]
    return SeedDiversity(_mean_distance(trajectories), _mean_distance(poses), len(read))


def _mean_distance(dances: Sequence[np.ndarray]) -> float:
    pairs = itertools.combinations(dances, 2)
    return float(np.mean([np.linalg.norm(first - second, axis=-1).mean() for first, second in pairs]))
