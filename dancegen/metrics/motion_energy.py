"""Motion energy: how much a dancer moves at each instant.

Aim: one curve that rises and falls with the dance, in m/s: speed over the floor, mean over joints. Two choices of
joints:

* *feet*: ankles and toes. Steps are where a dance keeps time: on the ballroom dances the share of this curve at the
  beat is 3 to 12 times its chance level.
* *body*: all 24 joints, the motion energy of :func:`motionbeat.losses.bar_alignment_loss`. It follows the bar (a
  waltz's swing) but hardly the beat: a trunk that travels evenly drowns the steps.

Read at 30 fps (:mod:`dancegen.metrics.frame_rate`).

Known flaws: moving about counts, moving on the spot counts less; it is a speed, not an energy in joules.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate
from motionbeat.skeleton import FOOT_JOINTS

Part = Literal["feet", "body"]


def motion_energy(joints: np.ndarray, fps: float, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Mean speed of the joints of a part of the body.

    Args:
        joints: (T, 24, 3) metres.
        fps: frames per second.
        part: ``feet`` or ``body``.

    Returns:
        (n,) seconds, the middles between frames at 30 fps, and (n,) m/s.

    Raises:
        ValueError: malformed joints or frame rate, or an unknown part.
    """
    if part not in ("feet", "body"):
        raise ValueError(f"part must be feet or body, got {part!r}")
    read = at_metric_rate(joints, fps)
    chosen = read[:, FOOT_JOINTS] if part == "feet" else read
    speed = np.linalg.norm(np.diff(chosen, axis=0), axis=2).mean(axis=1) * METRIC_FPS
    return (np.arange(len(speed)) + 0.5) / METRIC_FPS, speed
