"""Several dancers on one floor: each faces the audience, and none walks into another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dancegen.body import Body
from dancegen.render.camera import BODY_PAD_M, face_camera
from motionbeat.motion import Motion

MARGIN_M = 0.25
"""Least distance between the hands of neighbours, whatever they do."""


def side_by_side(motions: Sequence[Motion], bodies: Sequence[Body]) -> tuple[Motion, ...]:
    """Dancers in a row, from the audience's left to its right.

    Each is turned to face +z on average. Neighbours stand just so far apart that, in every frame, all joints of one
    stay to the side of all joints of the other, with their flesh and :data:`MARGIN_M` between them; so no two dancers
    collide, and the row is no wider than their dances need.

    Args:
        motions: of one length and frame rate.
        bodies: who dances them.

    Returns:
        The motions at their places; the row's middle starts at x = 0.
    """
    facing = [face_camera(motion) for motion in motions]
    joints = [body.joints(motion)[..., 0] for body, motion in zip(bodies, facing, strict=True)]
    places_m = [0.0]
    for index in range(1, len(facing)):
        flesh = BODY_PAD_M * (bodies[index - 1].stature + bodies[index].stature)
        overlap = joints[index - 1].max(axis=1) - joints[index].min(axis=1)
        places_m.append(places_m[-1] + float(overlap.max()) + flesh + MARGIN_M)
    middle = places_m[-1] / 2
    return tuple(
        # A body scales its motion with its stature, place and all.
        _moved(motion, (place - middle) / body.stature)
        for motion, place, body in zip(facing, places_m, bodies, strict=True)
    )


def _moved(motion: Motion, x_m: float) -> Motion:
    trans = motion.trans + np.array([x_m, 0.0, 0.0], dtype=np.float32)
    return Motion(motion.poses, trans, motion.fps, motion.contacts)
