"""Motion beats: the instants at which the whole body is slowest.

Aim: events of a dance that can be compared with the beats of its music. Two published definitions, both made for
60 frames a second; here their windows are in seconds, so the frame rate no longer changes what is found.

* :func:`motion_beats` is that of Bailando (Siyao et al. 2022): every local minimum of the mean joint speed after a
  Gaussian filter of 83 ms.
* :func:`motion_beats_fact` is that of FACT (Li et al. 2021): minima of the summed joint speed over a window of 167 ms
  to each side, without smoothing.

Known flaws: a body that stands still and trembles has motion beats all the time; where steps are even, the speed
minimum lies between the beats (rumba, waltz), so that good dancing can score below chance. Foot plants
(:func:`motionbeat.contacts.foot_plants`) are the better events there.
"""

from __future__ import annotations

import warnings
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelmin

from dancegen.metrics.validate import validate_joints

SMOOTHING_S = 5 / 60
"""Bailando's Gaussian filter: 5 frames at 60 fps."""
FACT_WINDOW_S = 10 / 60
"""FACT's ``order``: 10 frames at 60 fps."""


def motion_beats(
    joints: np.ndarray, fps: float, smoothing_s: float = SMOOTHING_S, stamp: Literal["middle", "first"] = "middle"
) -> np.ndarray:
    """Times of the local minima of the smoothed mean joint speed.

    Args:
        joints: (T, 24, 3) metres.
        fps: frames per second.
        smoothing_s: standard deviation of the Gaussian filter in seconds.
        stamp: the speed between two frames is dated to the ``middle`` between them, or to the ``first`` of them as in
            the published script (half a frame early).

    Returns:
        (n,) ascending seconds. Fewer than four frames: a warning and no beats.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    validate_joints(joints, fps)
    if len(joints) < 4:
        warnings.warn("Motion is too short for motion beats.", stacklevel=2)
        return np.zeros(0)
    speed = np.linalg.norm(np.diff(joints.astype(np.float64), axis=0), axis=2).mean(axis=1)
    minima = argrelmin(gaussian_filter1d(speed, smoothing_s * fps))[0]
    return (minima + (0.5 if stamp == "middle" else 0.0)) / fps


def motion_beats_fact(joints: np.ndarray, fps: float, window_s: float = FACT_WINDOW_S) -> np.ndarray:
    """Times of the minima of the summed joint speed over ``window_s`` to each side, as FACT finds them.

    The speed of a frame is that of the way from the frame before; the first frame has speed 0. Arguments, result and
    errors as in :func:`motion_beats`.
    """
    validate_joints(joints, fps)
    if len(joints) < 4:
        warnings.warn("Motion is too short for motion beats.", stacklevel=2)
        return np.zeros(0)
    joints = joints.astype(np.float64)
    speed = np.linalg.norm(np.diff(joints, axis=0, prepend=joints[:1]), axis=2).sum(axis=1)
    return argrelmin(speed, order=max(1, round(window_s * fps)))[0] / fps
