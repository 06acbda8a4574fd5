"""AMASS and other SMPL motions: a folder of npz files, with or without music.

``poses`` (T, W) axis-angle of SMPL (W = 72), SMPL-H (156) or SMPL-X (165), or of the 22 body joints alone (66);
``trans`` (T, 3) metres; ``mocap_framerate`` or, as in AMASS's SMPL-X release, ``mocap_frame_rate`` (or ``fps``).
``betas`` may be there and is not used. AMASS has z up; other files, ours among them, have y up: that is told from the
motion (:mod:`motionbeat.upright`).

The body's joints are ours one for one, so rotations are exact. SMPL-H's and SMPL-X's jaw, eyes and fingers are left
out: our two hand joints do not move then. The body is another: a dancer whose legs are longer or shorter than the mean
body's (which ``betas`` says, but only a licensed body model can tell how much) slides by a few percent of each step
here. ``trans`` lacks the constant way from SMPL's origin to the pelvis, which does not matter on a floor that is
found anew.

See :mod:`motionbeat.dance_folder` for the folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from motionbeat.array_files import numbers, one_number, read_arrays, wrong_file
from motionbeat.dance_folder import find_dance_files, read_dance_files
from motionbeat.dances import Dance
from motionbeat.errors import Refuse, raise_it
from motionbeat.grounding import FARTHEST_M, grounded
from motionbeat.motion import FPS_RANGE, Motion
from motionbeat.motion_features import MOTION_FPS
from motionbeat.upright import turn_upright

WIDTHS = {66: 22, 72: 24, 156: 22, 165: 22}
"""Width of ``poses`` and how many of its first joints are ours."""

NOT_MOTIONS = ("shape.npz", "stagei.npz")
"""Files of AMASS with a subject's shape in them, which are passed over."""

LONGEST_S = 3600.0

_RATES = ("mocap_framerate", "mocap_frame_rate", "fps")
_LARGEST_ANGLE = 1e3
_KIND = "an AMASS motion"
_EXPECTED = "Give npz files with poses (T, 72, 156 or 165), trans (T, 3) and mocap_framerate."


def read_amass_folder(folder: Path, refuse: Refuse = raise_it) -> list[Dance]:
    """The dances of a folder of AMASS files.

    Args:
        folder: see :mod:`motionbeat.dance_folder`.
        refuse: is called with the error of each dance that cannot be read.

    Raises:
        UserError: there are none; by default also where one cannot be read.
    """
    files = find_dance_files(folder, ".npz", "amass", NOT_MOTIONS)
    return read_dance_files(files, read_amass_motion, "AMASS", refuse)


def read_amass_motion(path: Path) -> Motion:
    """One motion file at 30 fps, sole of the foot at y = 0, with contacts.

    Raises:
        UserError: the file cannot be read or is no AMASS motion.
    """
    arrays = read_arrays(path, _KIND, _EXPECTED, ("poses", "trans"), _RATES)
    try:
        rate = next((arrays[name] for name in _RATES if name in arrays), None)
        if rate is None:
            raise ValueError("it has no mocap_framerate")
        fps = one_number("its frame rate", rate, *FPS_RANGE)
        return _motion(arrays["poses"], arrays["trans"], fps)
    except ValueError as error:
        raise wrong_file(path, _KIND, error, _EXPECTED) from None


def _motion(poses: np.ndarray, trans: np.ndarray, fps: float) -> Motion:
    frames = len(poses) if poses.ndim else 0
    if poses.shape[1:] not in [(width,) for width in WIDTHS] + [(24, 3)] or trans.shape != (frames, 3):
        raise ValueError(f"poses are {poses.shape} and trans {trans.shape}")
    if frames < 2:
        raise ValueError(f"it has {frames} frames, and a motion has two or more")
    if frames / fps > LONGEST_S:
        raise ValueError(f"it lasts {frames / fps:.0f} s, and {LONGEST_S:g} are read at most")
    # What lies between the frames that are kept is noise of the capture to a dance of 30 frames a second.
    stride = max(int(fps / MOTION_FPS + 1e-6), 1)
    poses, trans = poses[::stride].reshape(-(-frames // stride), -1), trans[::stride]
    joints = WIDTHS[poses.shape[1]]
    places = numbers("trans", trans, FARTHEST_M)
    turns = np.zeros((len(poses), 24, 3))
    turns[:, :joints] = numbers("poses", poses[:, : 3 * joints], _LARGEST_ANGLE).reshape(len(poses), joints, 3)
    # An axis-angle vector of ours is never longer than pi.
    turns = Rotation.from_rotvec(turns.reshape(-1, 3)).as_rotvec().reshape(-1, 24, 3)
    body = Motion(turns.astype(np.float32), places.astype(np.float32), fps / stride).joints()
    world = turn_upright(body[:, [7, 8]].mean(axis=1), body[:, [16, 17]].mean(axis=1))
    turns[:, 0] = (Rotation.from_matrix(world) * Rotation.from_rotvec(turns[:, 0])).as_rotvec()
    motion = Motion(turns.astype(np.float32), (places @ world.T).astype(np.float32), fps / stride)
    return grounded(motion.resampled(float(MOTION_FPS)))
