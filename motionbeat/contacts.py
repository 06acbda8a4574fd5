"""Foot contacts of a motion, the pulses they give, and the times at which feet are planted.

A joint of the foot stands on the floor when it is both slow and low. The speed rule is EDGE's (Tseng et al. 2023:
less than 1 cm from one frame to the next at 30 frames a second, i.e. 0.3 m/s); the height rule and the hysteresis of
both are ours, because speed alone also accepts the top of a kick and flickers around its threshold.

Every contact array is (T, 4) in the order left ankle, right ankle, left toe, right toe.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motionbeat.skeleton import FOOT_JOINTS

SPEED_ON_M_S = 0.3
"""A joint may come into contact below this speed (EDGE's 0.01 m a frame at 30 fps)."""
SPEED_OFF_M_S = 0.5
"""A joint in contact leaves it above this speed."""
HEIGHT_ON_M = (0.125, 0.125, 0.070, 0.070)
"""A joint may come into contact below this height: 4 cm above where it is in a flat foot."""
HEIGHT_OFF_M = (0.145, 0.145, 0.085, 0.085)
"""A joint in contact leaves it above this height."""
SHORTEST_CONTACT_FRAMES = 2
"""Contacts shorter than this are taken for flicker."""
SOFT_ON, SOFT_OFF = 0.5, 0.3
"""Hysteresis that turns soft contacts in [0, 1] into states."""
SHORTEST_LIFT_S = 0.12
"""A foot that lost contact for less than this has not been lifted: no new plant."""


def hysteresis(on: np.ndarray, off: np.ndarray) -> np.ndarray:
    """State that turns true where ``on`` holds and false where ``off`` holds, and is kept in between.

    Args:
        on: (T, ...) bool.
        off: (T, ...) bool; where both hold, ``off`` wins.

    Returns:
        (T, ...) bool; false before the first ``on``.
    """
    decided = on | off
    frames = np.arange(len(on)).reshape((-1,) + (1,) * (on.ndim - 1))
    last = np.maximum.accumulate(np.where(decided, frames, -1), axis=0)
    state = np.take_along_axis(on & ~off, np.maximum(last, 0), axis=0)
    return state & (last >= 0)


def runs(state: np.ndarray) -> np.ndarray:
    """(n, 2) int: start and stop (exclusive) of each run of true in a (T,) bool array."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], state, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2)


def without_short_runs(state: np.ndarray, shortest: int) -> np.ndarray:
    """(T, C) bool: ``state`` with runs of true shorter than ``shortest`` frames removed, each column alone."""
    result = state.copy()
    for column in range(state.shape[1]):
        for start, stop in runs(state[:, column]):
            if stop - start < shortest:
                result[start:stop, column] = False
    return result


def detect_contacts(joints: np.ndarray, fps: float) -> np.ndarray:
    """Which foot joints stand on the floor, from their speed and height.

    Args:
        joints: (T, 24, 3) joint positions in metres, y up, floor at y = 0.
        fps: frames per second.

    Returns:
        (T, 4) float32 of 0 and 1: left ankle, right ankle, left toe, right toe.

    Raises:
        ValueError: ``joints`` is not (T, 24, 3) or ``fps`` not positive.
    """
    if joints.ndim != 3 or joints.shape[1:] != (24, 3):
        raise ValueError(f"joints must be (T, 24, 3), got {joints.shape}")
    if fps <= 0:
        raise ValueError(f"fps must be positive, got {fps}")
    if len(joints) < 2:
        return np.zeros((len(joints), 4), dtype=np.float32)
    feet = joints[:, FOOT_JOINTS]
    speed = np.linalg.norm(np.diff(feet, axis=0), axis=-1) * fps
    speed = np.concatenate([speed, speed[-1:]])  # frame t is judged by the way to frame t + 1, as EDGE does
    height = feet[..., 1]
    on = (speed < SPEED_ON_M_S) & (height < np.array(HEIGHT_ON_M))
    off = (speed > SPEED_OFF_M_S) | (height > np.array(HEIGHT_OFF_M))
    state = without_short_runs(hysteresis(on, off), SHORTEST_CONTACT_FRAMES)
    return state.astype(np.float32)


def contact_states(contacts: np.ndarray, shortest: int = SHORTEST_CONTACT_FRAMES) -> np.ndarray:
    """(T, 4) bool states from hard or soft contacts in [0, 1], by hysteresis and without runs under ``shortest``."""
    contacts = np.asarray(contacts, dtype=np.float32)
    if contacts.ndim != 2 or contacts.shape[1] != 4:
        raise ValueError(f"contacts must be (T, 4), got {contacts.shape}")
    return without_short_runs(hysteresis(contacts > SOFT_ON, contacts < SOFT_OFF), shortest)


def contact_pulses(contacts: np.ndarray) -> np.ndarray:
    """How much of the body comes down at each frame: rises of the contacts, summed over joints.

    Args:
        contacts: (T, 4) hard or soft contacts in [0, 1].

    Returns:
        (T,) float32 in [0, 1]: rises summed over the four joints, clipped, blurred by a Gaussian of one frame whose
        peak is scaled to 1, so that a single joint's touchdown is a bump of height 1.
    """
    states = contact_states(contacts)
    if not len(states):
        return np.zeros(0, dtype=np.float32)
    rises = np.zeros(len(states))
    rises[1:] = (states[1:] & ~states[:-1]).sum(axis=1)
    pulses = gaussian_filter1d(np.clip(rises, 0, 1), sigma=1.0, mode="constant") * np.sqrt(2 * np.pi)
    return np.clip(pulses, 0, 1).astype(np.float32)


def foot_plants(contacts: np.ndarray, fps: float) -> np.ndarray:
    """Times at which a foot comes down: its ankle or toe goes into contact after the whole foot was off the floor.

    Args:
        contacts: (T, 4) hard or soft contacts in [0, 1].
        fps: frames per second.

    Returns:
        (n,) float64 ascending seconds, both feet together. A foot already down in the first frame counts only when it
        comes down again.
    """
    states = contact_states(contacts)
    times = []
    for foot in (0, 1):
        down = states[:, foot] | states[:, foot + 2]
        spans = runs(down)
        for before, after in itertools.pairwise(spans):
            if (after[0] - before[1]) / fps >= SHORTEST_LIFT_S:
                times.append(after[0] / fps)
        if len(spans) and spans[0][0] > 0:
            times.append(spans[0][0] / fps)
    return np.sort(np.array(times, dtype=np.float64))
