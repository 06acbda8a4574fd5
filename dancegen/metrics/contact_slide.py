"""Contact slide: how far a foot moves over the floor in each frame that it should stand.

Aim: foot skate in millimetres a contact frame, the unit of most tables, and the same in time units. A frame is 1/30 s
whatever the motion's frame rate (:mod:`dancegen.metrics.frame_rate`).

Contact is judged by height alone, from the toe joint: :func:`dancegen.metrics.foot_skating.foot_slide` asks for a low
speed as well, and so never sees the worst slides. Because a swinging foot brushes the floor as well, each frame is
weighted by how near to the floor it is, as in Zhang et al. 2018 (Mode-adaptive neural networks): 2 - 2^(h / H),
1 on the floor and 0 at H = 2.5 cm above it.

Known flaws: in styles that glide (tango, waltz) feet brush the floor while they travel, so ground truth is far from 0;
read it beside the ground truth of the same style.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate
from motionbeat.skeleton import TOE_HEIGHT_M

LIFTED_M = 0.025
"""Height of the toe joint above that of a standing foot at which a foot counts as lifted."""
_TOES = (10, 11)


@dataclass(frozen=True)
class ContactSlide:
    """Horizontal movement of the feet on the floor.

    Attributes:
        mm_per_frame: weighted mean, millimetres in 1/30 s of contact.
        mm_per_s: the same in mm/s.
        contact_share: weight of the contact frames of both feet, in [0, 1]; with little of it the mean says little.
    """

    mm_per_frame: float
    mm_per_s: float
    contact_share: float


def contact_slide(joints: np.ndarray, fps: float) -> ContactSlide:
    """Foot skate by height.

    Args:
        joints: (T, 24, 3) metres, y up, floor at 0.
        fps: frames per second.

    Returns:
        The slide. No foot near the floor: a warning and NaN.

    Raises:
        ValueError: malformed joints or frame rate.
    """
    toes = at_metric_rate(joints, fps)[:, _TOES]
    lift = np.clip((toes[..., 1] - TOE_HEIGHT_M) / LIFTED_M, 0.0, 1.0)
    lift = np.maximum(lift[1:], lift[:-1])
    weight = 2.0 - 2.0**lift
    if not weight.sum() > 0:
        warnings.warn("No foot is near the floor: contact slide is NaN.", stacklevel=2)
        return ContactSlide(math.nan, math.nan, 0.0)
    way = np.linalg.norm(np.diff(toes[..., [0, 2]], axis=0), axis=2)
    per_frame = float((weight * way).sum() / weight.sum() * 1e3)
    return ContactSlide(per_frame, per_frame * METRIC_FPS, float(weight.mean()))
