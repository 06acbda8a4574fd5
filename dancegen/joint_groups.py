"""Names for groups of joints, as the command line takes them."""

from __future__ import annotations

from motionbeat.errors import UserError
from motionbeat.skeleton import JOINT_NAMES


def _side(side: str, *parts: str) -> tuple[str, ...]:
    return tuple(f"{side}_{part}" for part in parts)


_ARM = ("collar", "shoulder", "elbow", "wrist", "hand")
_LEG = ("hip", "knee", "ankle", "foot")

JOINT_GROUPS: dict[str, tuple[str, ...]] = {
    "all": JOINT_NAMES,
    "root": ("pelvis",),
    "torso": ("spine1", "spine2", "spine3"),
    "head": ("neck", "head"),
    "left-arm": _side("left", *_ARM),
    "right-arm": _side("right", *_ARM),
    "arms": _side("left", *_ARM) + _side("right", *_ARM),
    "left-leg": _side("left", *_LEG),
    "right-leg": _side("right", *_LEG),
    "legs": _side("left", *_LEG) + _side("right", *_LEG),
    "lower": ("pelvis", *_side("left", *_LEG), *_side("right", *_LEG)),
    "upper": tuple(name for name in JOINT_NAMES if name != "pelvis" and not name.endswith(_LEG)),
}
"""``root`` is the pelvis with its way over the floor; ``lower`` is the root and the legs, ``upper`` the rest."""


def joints_named(text: str) -> tuple[int, ...]:
    """Indices of the joints that a list such as ``left-arm,head`` names: groups and single joints, in ascending order.

    Raises:
        UserError: a name is neither a group nor a joint.
    """
    chosen: set[int] = set()
    for name in text.split(","):
        group = JOINT_GROUPS.get(name.strip(), (name.strip().replace("-", "_"),))
        if not set(group) <= set(JOINT_NAMES):
            choices = ", ".join([*JOINT_GROUPS, *(joint.replace("_", "-") for joint in JOINT_NAMES)])
            raise UserError(f"keep-joints: {name.strip()!r} is unknown. Choose from {choices}.")
        chosen.update(JOINT_NAMES.index(joint) for joint in group)
    return tuple(sorted(chosen))
