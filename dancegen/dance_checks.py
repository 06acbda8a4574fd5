"""Is a recorded dance fit to be learnt from? Faults of the recording, found before it is prepared.

Aim: a set of unknown make shows here what would otherwise be seen only in what a model has learnt: an axis or unit
that was read wrongly, a floor elsewhere, glitches of the capture, a dancer who stands about. Each quantity has a unit
and a limit; a dance beyond a limit is left out. Limits are set well outside of what the 123 dances of the ballroom and
the open set reach, which were cleaned and looked at (:mod:`motionbeat.dances`).

Bad frames are those at which a joint moves or turns faster than people do, or a number is not finite. They are taken
out of the dance's valid frames, with which training leaves them alone; a dance with many of them is left out.

Known flaws: a fast glitch of a small joint is not seen where it stays below the limits of a hand; floor work counts as
standing upside down only where the head is below the feet; contacts depend on a floor at y = 0, so a fault of the
floor shows as one of contacts as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from motionbeat.contacts import contact_states, detect_contacts, foot_plants
from motionbeat.dances import Dance
from motionbeat.grounding import floor_height
from motionbeat.motion_features import MOTION_FPS
from motionbeat.pairs import SHORTEST_S
from motionbeat.skeleton import FOOT_JOINTS, HEEL_HEIGHT_M, JOINT_NAMES, TOE_HEIGHT_M

FASTEST_JOINT_M_S = 15.0
"""A hand in a punch or throw reaches 10 to 15 m/s; the fastest of the known dances has 10.4."""
FASTEST_PELVIS_M_S = 8.0
"""A jump or run across the stage has 3 to 6 m/s; the fastest of the known dances has 3.2."""
FASTEST_TURN_RAD_S = 45.0
"""Of a joint in its parent, 86 degrees a frame; the fastest of the known dances has 39."""

LEAST_UPRIGHT = 0.5
"""Share of frames with the head above the feet; the known dances have 0.9 or more."""
FARTHEST_FLOOR_M = 0.05
"""Height of the floor under standing feet; the known dances have 0.02 or less."""
LEAST_CONTACT = 0.1
"""Share of frames with a foot on the floor; the known dances have 0.34 or more."""
LEAST_SOUND = 0.3
"""Share of the length that is valid and not bad; the known dances have 0.49 or more."""
MOST_BAD = 0.1
"""Share of bad frames."""
MOST_STILL = 0.8
"""Share of frames at which the body stands still; the known dances have 0.22 or less."""

_STILL_M_S = 0.02
_LOW_PERCENTILE = 5
_HEAD = JOINT_NAMES.index("head")


@dataclass(frozen=True)
class DanceCheck:
    """What was found in a dance.

    Attributes:
        fps: frames per second.
        seconds: length.
        sound_seconds: of frames that are valid and not bad.
        bad: number of bad frames among the valid ones.
        fastest_m_s: greatest speed of a joint at frames that are sound.
        upright: share of frames with the head above the feet.
        floor_mm: height of the floor under standing feet.
        lowest_mm: 5th percentile of the height of the lower sole.
        contact: share of frames with a foot on the floor.
        still: share of frames at which the body stands still.
        plants: number of foot plants.
    """

    fps: float
    seconds: float
    sound_seconds: float
    bad: int
    fastest_m_s: float
    upright: float
    floor_mm: float
    lowest_mm: float
    contact: float
    still: float
    plants: int

    def faults(self) -> list[str]:
        """Why the dance should be left out, each a part of a sentence; none if it is fit."""
        bad = self.bad / self.fps / max(self.sound_seconds + self.bad / self.fps, 1e-9)
        sound = self.sound_seconds / self.seconds
        found = {
            f"it has {self.fps:g} frames a second instead of {MOTION_FPS}": self.fps != MOTION_FPS,
            f"{100 * bad:.0f} % of its frames are bad (faster than people move)": bad > MOST_BAD,
            f"it lasts {self.seconds:.1f} s, less than {SHORTEST_S:g}": self.seconds < SHORTEST_S,
            f"only {self.sound_seconds:.1f} of its {self.seconds:.1f} s are sound": sound < LEAST_SOUND,
            f"the head is above the feet in only {100 * self.upright:.0f} % (y up?)": self.upright < LEAST_UPRIGHT,
            f"it stands at {self.floor_mm:.0f} mm instead of 0": abs(self.floor_mm) > 1e3 * FARTHEST_FLOOR_M,
            f"feet are on the floor in only {100 * self.contact:.0f} %": self.contact < LEAST_CONTACT,
            f"it stands still in {100 * self.still:.0f} %": self.still > MOST_STILL,
        }
        return [text for text, holds in found.items() if holds]


def check_dance(dance: Dance) -> tuple[DanceCheck, np.ndarray]:
    """Look for faults.

    Returns:
        What was found, and (T,) bool: the frames that are valid and not bad.
    """
    motion, fps = dance.motion, dance.motion.fps
    finite = np.isfinite(motion.poses).all(axis=(1, 2)) & np.isfinite(motion.trans).all(axis=1)
    if not finite.all() or len(motion) < 2:
        # Nothing else can be measured; all of it is bad.
        seconds, frames = motion.duration, int(dance.valid.sum())
        return DanceCheck(fps, seconds, 0.0, frames, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0), np.zeros(len(motion), bool)
    joints = motion.joints()
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * fps
    bad = _bad_frames(speed, motion.poses, fps)
    sound = dance.valid & ~bad
    between = sound[:-1] & sound[1:]
    contacts = motion.contacts if motion.contacts is not None else detect_contacts(joints, fps)
    soles = joints[:, FOOT_JOINTS, 1] - np.array([HEEL_HEIGHT_M, HEEL_HEIGHT_M, TOE_HEIGHT_M, TOE_HEIGHT_M])
    upright = joints[:, _HEAD, 1] > joints[:, FOOT_JOINTS, 1].max(axis=1)
    check = DanceCheck(
        fps=fps,
        seconds=motion.duration,
        sound_seconds=float(sound.sum() / fps),
        bad=int((bad & dance.valid).sum()),
        fastest_m_s=float(speed[between].max(initial=0.0)),
        upright=float(upright.mean()),
        floor_mm=1e3 * floor_height(joints, fps),
        lowest_mm=1e3 * float(np.percentile(soles.min(axis=1), _LOW_PERCENTILE)),
        contact=float(contact_states(contacts).any(axis=1).mean()),
        still=float((speed.mean(axis=1) < _STILL_M_S).mean()),
        plants=len(foot_plants(contacts, fps)),
    )
    return check, sound


def _bad_frames(speed: np.ndarray, poses: np.ndarray, fps: float) -> np.ndarray:
    """(T,) bool: either end of a step between frames at which a joint moves or turns too fast.

    Args:
        speed: (T - 1, 24) of the joints, m/s.
        poses: (T, 24, 3) axis-angle.
        fps: frames per second.
    """
    frames = len(poses)
    turns = Rotation.from_rotvec(poses.reshape(-1, 3))
    way = (turns[: 24 * (frames - 1)].inv() * turns[24:]).magnitude().reshape(frames - 1, 24) * fps
    fast = (speed > FASTEST_JOINT_M_S).any(axis=1) | (speed[:, 0] > FASTEST_PELVIS_M_S)
    fast |= (way > FASTEST_TURN_RAD_S).any(axis=1)
    return np.append(fast, False) | np.append(False, fast)
