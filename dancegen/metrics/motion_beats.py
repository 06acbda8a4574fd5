"""Motion beats: the instants at which the whole body is slowest.

Aim: events of a dance that can be compared with the beats of its music. Two published definitions, both made for
60 frames a second:

* Bailando's (Siyao et al. 2022): every local minimum of the mean joint speed after a Gaussian filter of 83 ms.
  Protocol ``sound`` is the same with times between the frames, so that the frame rate does not matter.
* FACT's (Li et al. 2021): minima of the summed joint speed over a window of 167 ms to each side, without smoothing.

Known flaws: a body that stands still and trembles has motion beats all the time; where steps are even, the speed
minimum lies between the beats (rumba, waltz), so that good dancing can score below chance. Foot plants
(:func:`motionbeat.contacts.foot_plants`) are the better events there.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelmin

from dancegen.metrics.protocols import FACT, SOUND, Protocol, protocol_named
from dancegen.metrics.protocols import SMOOTHING_S as SMOOTHING_S


def motion_beats(joints: np.ndarray, fps: float, protocol: Protocol | str = SOUND) -> np.ndarray:
    """Times of the minima of the joints' speed.

    Args:
        joints: (T, 24, 3) metres, y up.
        fps: frames per second.
        protocol: see :mod:`dancegen.metrics.protocols`.

    Returns:
        (n,) ascending seconds; in the published protocols those of frames. Fewer than four frames at the protocol's
        frame rate: a warning and no beats.

    Raises:
        ValueError: malformed joints or frame rate, a body that does not stand along y in metres, another frame rate
            than that of a published protocol, or a protocol without motion beats.
    """
    protocol = protocol_named(protocol)
    rules = protocol.beat_rules
    joints = protocol.joints_at_rate(joints, fps)
    if len(joints) < 4:
        warnings.warn("Motion is too short for motion beats.", stacklevel=2)
        return np.zeros(0)
    before = joints[:1] if rules.first_step else joints[:0]
    speed = np.linalg.norm(np.diff(joints, axis=0, prepend=before), axis=2).mean(axis=1)
    if rules.smoothing_s is not None:
        speed = gaussian_filter1d(speed, rules.smoothing_s * protocol.fps)
    minima = argrelmin(speed, order=rules.window_frames)[0]
    if not rules.refined:
        return minima / protocol.fps
    early, least, late = speed[minima - 1], speed[minima], speed[minima + 1]
    vertex = (early - late) / (2 * (early - 2 * least + late))
    return (minima + vertex + 0.5) / protocol.fps


def motion_beats_fact(joints: np.ndarray, fps: float) -> np.ndarray:
    """FACT's motion beats at any frame rate, with its window of 167 ms to each side; at 60 fps protocol ``fact``."""
    window_frames = max(1, round(FACT.beat_rules.window_frames / FACT.fps * fps))
    return motion_beats(
        joints, fps, replace(FACT, fps=fps, beats=replace(FACT.beat_rules, window_frames=window_frames))
    )
