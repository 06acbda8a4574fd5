"""Light smoothing of rotations and path that takes away jitter and leaves accents where they are."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

SIGMA_S = 0.045
"""Width of the Gaussian under the filter: movement up to 2.7 Hz passes (93 %), 5.5 Hz is halved, 9 Hz is gone."""


def smoothed(poses: np.ndarray, trans: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Poses and path after a low-pass filter without delay and without overshoot in frequency.

    A Gaussian G sharpened to 2 G - G^2 (Kaiser and Hamming 1977), whose pass band is flat to the fourth order, so that
    a foot strike keeps its time and depth. Rotations are filtered as quaternions of continuous sign and made unit
    again, which for the turns within one window agrees with filtering in the tangent space.

    Args:
        poses: (T, J, 3) axis-angle.
        trans: (T, 3) metres.
        fps: frames per second.

    Returns:
        (T, J, 3) axis-angle and (T, 3).
    """
    quats = Rotation.from_rotvec(poses.reshape(-1, 3)).as_quat().reshape(*poses.shape[:2], 4)
    signs = np.where(np.einsum("tjk,tjk->tj", quats[1:], quats[:-1]) < 0, -1.0, 1.0)
    quats[1:] *= np.cumprod(signs, axis=0)[..., None]
    quats = _low_pass(quats, SIGMA_S * fps)
    return Rotation.from_quat(quats.reshape(-1, 4)).as_rotvec().reshape(poses.shape), _low_pass(trans, SIGMA_S * fps)


def _low_pass(values: np.ndarray, sigma: float) -> np.ndarray:
    once = gaussian_filter1d(values, sigma, axis=0, mode="nearest", truncate=4.0)
    return 2 * once - gaussian_filter1d(once, sigma, axis=0, mode="nearest", truncate=4.0)
