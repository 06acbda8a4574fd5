"""The floor: the whole body's height over it, and how each foot must be raised or lowered to stand on it."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motionbeat.skeleton import HEEL_HEIGHT_M, TOE_HEIGHT_M

DRIFT_S = 1.0
"""Time scale (Gaussian) over which the height of the standing feet is averaged."""
MAX_DRIFT_M = 0.2
"""The body is not raised or lowered by more than this."""


def sole_points(ankle_to_toe: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of the sole at rest in metres: (2, 3) of the heel from the ankle joint, (3, 3) of the toes from theirs.

    Measured on the built-in body: the heel 5 cm behind the ankle, both edges of the ball of the foot, the toe's tip.

    Args:
        ankle_to_toe: (3,) offset of the toe joint from the ankle joint at rest.
    """
    ankle_height = TOE_HEIGHT_M - ankle_to_toe[1]
    heel = np.array([[-0.025, -ankle_height, -0.05], [0.025, -ankle_height, -0.05]])
    toes = np.array([[-0.035, -TOE_HEIGHT_M, 0.0], [0.035, -TOE_HEIGHT_M, 0.0], [0.0, -0.024, 0.075]])
    return heel, toes


def clearance(ankles: np.ndarray, toes: np.ndarray) -> np.ndarray:
    """(T, 2) metres between the floor and the lower joint of each foot over its sole, negative when it sinks in.

    Args:
        ankles, toes: (T, 2, 3) metres, left and right.
    """
    return np.minimum(ankles[..., 1] - HEEL_HEIGHT_M, toes[..., 1] - TOE_HEIGHT_M)


def height_correction(ankles: np.ndarray, toes: np.ndarray, down: np.ndarray, fps: float) -> np.ndarray:
    """(T,) metres to add to the body's height so that, over about a second, standing feet stand on the floor.

    Only frames with a foot in contact are asked, so jumps stay jumps. Where contacts are rare, the correction tends to
    its median over the dance; without any contact the 5 % quantile of the lowest clearance stands for it.

    Args:
        ankles, toes: (T, 2, 3) metres.
        down: (T, 2) bool, which foot is in contact.
        fps: frames per second.
    """
    gaps = clearance(ankles, toes)
    standing = down.any(axis=1)
    if not standing.any():
        return np.full(len(gaps), float(np.clip(-np.quantile(gaps.min(axis=1), 0.05), -MAX_DRIFT_M, MAX_DRIFT_M)))
    lowest = np.where(down, gaps, np.inf).min(axis=1)
    usual = float(np.median(lowest[standing]))
    excess = np.where(standing, lowest - usual, 0.0)
    sigma = DRIFT_S * fps
    weight = gaussian_filter1d(standing.astype(np.float64), sigma, mode="nearest")
    drift = gaussian_filter1d(excess, sigma, mode="nearest") / (weight + 0.05)
    return np.clip(-(usual + drift), -MAX_DRIFT_M, MAX_DRIFT_M)
