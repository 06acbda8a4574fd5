"""Repetition: does a dance repeat itself, and does it copy what it was trained on?

Aim: to show memorising and loops as distances in metres. Motion is cut into windows of 1 s; each is seen from the pose
in its middle (origin below the pelvis, heading +z: :mod:`dancegen.metrics.heading_frame`), so that where it is danced
and which way does not count, while travel and turns within the window do. The distance of two windows is the root
mean square, over frames and joints, of the distances of the joints.

* :func:`copy_rate`: distance to the nearest window of the training motion, beside that of held-out ground truth to the
  same windows. A generator that has memorised is much nearer than held-out dancing is (nearest-neighbour test for
  data copying, Meehan, Chaudhuri and Dasgupta 2020).
* :func:`self_repetition`: distance to the nearest window of the same dance some seconds away.

Windows are read at 10 frames a second from the motion at 30 fps (:mod:`dancegen.metrics.frame_rate`).

Known flaws: a copy at another speed moves away from its model with every frame (0.03 m at 10 %); the mirror image of
a training step is new (0.19 m) unless mirrored training motion is among the references, as it must be for a generator
that was trained on mirrored motion. Held-out ground truth is a fair baseline only if its figures are as new as a
generator's should be: the ballroom dances are all stitched from the same 164 captured steps, so held-out ones are
copies themselves (median 0.007 m in waltz and tango, 0.03 m in rumba); read the metres there. The nearest of more
training windows is nearer: compare only against one training set.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate, valid_at
from dancegen.metrics.heading_frame import in_heading_frame

WINDOW_S = 1.0
WINDOW_FPS = 10.0
QUERY_HOP_S = 0.5
"""From one window of the dance that is judged to the next."""
REFERENCE_HOP_S = 0.1
"""From one window of the training motion to the next: a copy is missed by 0.05 s at most."""
APART_S = 4.0
"""Windows of one dance are compared when they begin at least this far apart."""
COPY_M = 0.05
"""Nearer to the training motion than this is called a copy. Played at 1.1 of its speed a waltz stays within 0.03 m of
itself (median; 0.05 m at 1.2 of it); dances of the open set are 0.09 to 0.17 m from all others, and waltzes 0.17 m
from all dances that are none."""

_ROWS = 256


@dataclass(frozen=True)
class CopyRate:
    """How near a dance is to the training motion.

    Attributes:
        median_m: median distance to the nearest training window, metres.
        held_out_median_m: the same of held-out ground truth.
        copied: share of windows nearer than :data:`COPY_M`.
        held_out_copied: the same of held-out ground truth.
        windows: number of windows judged.
    """

    median_m: float
    held_out_median_m: float
    copied: float
    held_out_copied: float
    windows: int

    @property
    def ratio(self) -> float:
        """``median_m / held_out_median_m``: 0 for a copy, 1 for motion as new as held-out ground truth."""
        return self.median_m / self.held_out_median_m if self.held_out_median_m > 0 else math.nan


@dataclass(frozen=True)
class SelfRepetition:
    """How near the windows of a dance are to others of the same dance.

    Attributes:
        median_m: median distance to the nearest window at least :data:`APART_S` away, metres.
        nearest_m: 5 % quantile of it: the closest repeats.
        windows: number of windows judged.
    """

    median_m: float
    nearest_m: float
    windows: int


def motion_windows(
    joints: np.ndarray, fps: float, hop_s: float = QUERY_HOP_S, valid: np.ndarray | None = None
) -> np.ndarray:
    """Windows of a dance as points whose Euclidean distance is the distance of the windows in metres.

    Args:
        joints: (T, 24, 3) metres.
        fps: frames per second.
        hop_s: seconds from one window's beginning to the next; rounded to whole frames at 30 fps.
        valid: (T,) bool; windows with a frame where it is False are left out. None keeps all.

    Returns:
        (n, 720) float32; n is 0 if the motion is shorter than a window.

    Raises:
        ValueError: malformed joints, frame rate or ``valid``, or ``hop_s`` is not positive.
    """
    return _windows(joints, fps, hop_s, valid)[1]


def nearest_distances(windows: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Distance of each window to the nearest reference.

    Args:
        windows: (n, D) of :func:`motion_windows`.
        references: (m, D) of the same.

    Returns:
        (n,) metres.

    Raises:
        ValueError: no references, or another width.
    """
    if windows.ndim != 2 or references.ndim != 2 or windows.shape[1] != references.shape[1]:
        raise ValueError(f"windows must be (n, D) and (m, D), got {windows.shape} and {references.shape}")
    if not len(references):
        raise ValueError("there are no reference windows: give motion of a second or more")
    norms = np.einsum("md,md->m", references, references)
    nearest = np.zeros(len(windows), dtype=int)
    for start in range(0, len(windows), _ROWS):
        rows = slice(start, start + _ROWS)
        nearest[rows] = (norms - 2 * windows[rows] @ references.T).argmin(axis=1)
    # exact for the one that was found: the expanded square above loses millimetres
    return np.linalg.norm(windows.astype(np.float64) - references[nearest], axis=1)


def copy_rate(windows: np.ndarray, training: np.ndarray, held_out_distances: np.ndarray) -> CopyRate:
    """How much of a dance is copied from the training motion.

    Args:
        windows: (n, D) of the dance or dances judged, from :func:`motion_windows`.
        training: (m, D) of the training motion, at :data:`REFERENCE_HOP_S`.
        held_out_distances: (k,) metres: :func:`nearest_distances` of held-out ground truth to the same ``training``.

    Returns:
        The rate. No windows: a warning and NaN.

    Raises:
        ValueError: no training windows, another width, or no or malformed held-out distances.
    """
    if held_out_distances.ndim != 1 or not len(held_out_distances) or not np.isfinite(held_out_distances).all():
        raise ValueError("held_out_distances must be (k,) finite metres, one or more")
    distances = nearest_distances(windows, training)
    held_out_median = float(np.median(held_out_distances))
    held_out_copied = float((held_out_distances < COPY_M).mean())
    if not len(distances):
        warnings.warn("Motion is shorter than a window: no copy rate.", stacklevel=2)
        return CopyRate(math.nan, held_out_median, math.nan, held_out_copied, 0)
    copied = float((distances < COPY_M).mean())
    return CopyRate(float(np.median(distances)), held_out_median, copied, held_out_copied, len(distances))


def self_repetition(joints: np.ndarray, fps: float, valid: np.ndarray | None = None) -> SelfRepetition:
    """How near a dance comes to what it has danced before or will dance after.

    Args and errors as in :func:`motion_windows`.

    Returns:
        The distances; a loop has 0. No two windows far enough apart: a warning and NaN.
    """
    starts, windows = _windows(joints, fps, QUERY_HOP_S, valid)
    reference_starts, references = _windows(joints, fps, REFERENCE_HOP_S, valid)
    nearest = [
        nearest_distances(window[None], references[apart])[0]
        for start, window in zip(starts, windows, strict=True)
        if (apart := np.abs(reference_starts - start) >= APART_S - 1e-9).any()
    ]
    if not nearest:
        warnings.warn("Motion is too short to repeat itself: no repetition.", stacklevel=2)
        return SelfRepetition(math.nan, math.nan, 0)
    return SelfRepetition(float(np.median(nearest)), float(np.quantile(nearest, 0.05)), len(nearest))


def _windows(joints: np.ndarray, fps: float, hop_s: float, valid: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(n,) seconds at which windows begin, and (n, 720) float32 windows."""
    if not hop_s > 0:
        raise ValueError(f"hop_s must be positive, got {hop_s}")
    read = at_metric_rate(joints, fps)
    step = round(METRIC_FPS / WINDOW_FPS)
    length = round(WINDOW_S * WINDOW_FPS)
    hop = max(1, round(hop_s * METRIC_FPS))
    starts = np.arange(0, len(read) - (length - 1) * step, hop)
    sound = valid_at(valid, fps, np.arange(len(read)) / METRIC_FPS, len(joints))
    # every frame between the first and the last one of a window has to be sound, not only those that are read
    faults = np.concatenate([[0], np.cumsum(~sound)])
    starts = starts[faults[starts + (length - 1) * step + 1] == faults[starts]]
    frames = read[starts[:, None] + step * np.arange(length)]
    seen = in_heading_frame(frames, frames[:, length // 2, None])
    scale = math.sqrt(length * 24)
    return starts / METRIC_FPS, (seen.reshape(len(starts), length * 72) / scale).astype(np.float32)
