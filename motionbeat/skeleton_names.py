"""Which joint of a foreign skeleton is which of ours, by their names.

Names are taken apart at capitals, digits and separators, prefixes such as ``mixamorig:`` or ``Bip01`` are dropped, and
a side is looked for (``Left``, ``l``, ``_L``). What remains is looked up in :data:`ALIASES`. Known so: Mixamo, CMU
(the asf names and those of its BVH conversions), SMPL, Rokoko, 3ds Max Biped, Xsens, Unreal, VRM, DAZ and Poser,
Blender's metarig, LAFAN1, and the Unitree G1, whose joints are three hinges each.

The same word means different joints in different makes (*shoulder* is the collar bone in Mixamo and the upper arm in
Xsens; *foot* is the ankle in Mixamo and the toe in SMPL), so each word is taken in the light of the others that are
there. Spines differ most: they are read off the tree, not the names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from motionbeat.skeleton import JOINT_NAMES

ALIASES: dict[str, tuple[str, ...]] = {
    "hip": ("upleg", "upperleg", "thigh", "femur", "hip"),
    "knee": ("knee", "calf", "shin", "lowleg", "lowerleg", "tibia", "leg"),
    "ankle": ("ankle", "foot"),
    "foot": ("toebase", "toe", "toes", "toe0", "ball", "foot"),
    "shoulder": ("upperarm", "uparm", "arm", "shldr", "humerus", "shoulder"),
    "collar": ("collar", "clavicle", "clav", "shoulder"),
    "elbow": ("elbow", "forearm", "lowerarm", "lowarm", "radius"),
    "wrist": ("wrist", "hand"),
    "hand": ("hand",),
}
"""Words for our joints, less their side, the surest first. A joint that has been found is not taken again further
down."""

NEEDED = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
"""Joints of either side without which a skeleton is refused."""

_PELVIS = ("hips", "pelvis", "hip")
_NECK = ("neck", "neck1", "upperneck", "lowerneck")
_HEAD = ("head",)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SIDES = {"left": "left", "right": "right", "l": "left", "r": "right"}
_NOISE = {"mixamorig", "character", "bip", "biped", "joint", "jnt", "link", "bone", "def", "j", "c", "m", "bend"}
_HINGES = {"pitch", "roll", "yaw"}
_HINGED = {"hip", "knee", "ankle", "shoulder", "elbow", "wrist"}
_SIDED = {alias for aliases in ALIASES.values() for alias in aliases}


@dataclass(frozen=True)
class JointMatch:
    """A joint of a foreign skeleton that is one of ours.

    Attributes:
        place: index of the joint that is where ours is.
        turn: index of the joint whose rotation moves what hangs on it: another only where a joint is several hinges.
    """

    place: int
    turn: int


def match_joints(names: tuple[str, ...], parents: tuple[int, ...]) -> dict[int, JointMatch]:
    """Find our joints in a skeleton.

    Args:
        names: of its joints.
        parents: index of each joint's parent, which comes before it; -1 for the root.

    Returns:
        By index in :data:`motionbeat.skeleton.JOINT_NAMES`. The pelvis and both sides of :data:`NEEDED` are there; of
        the others those that were found.

    Raises:
        ValueError: one of those is missing.
    """
    words: dict[tuple[str, str], JointMatch] = {}
    for joint, name in enumerate(names):
        key = _side_and_word(name)
        if key not in words:
            words[key] = JointMatch(joint, joint)
        elif words[key].turn in _ancestors(joint, parents):
            words[key] = JointMatch(words[key].place, joint)  # the next hinge of the same joint
    found: dict[str, JointMatch] = {}
    for side in ("left", "right"):
        taken: set[int] = set()
        for ours, aliases in ALIASES.items():
            matches = (words[side, each] for each in aliases if (side, each) in words)
            match = next((each for each in matches if each.place not in taken), None)
            if match is not None:
                found[f"{side}_{ours}"] = match
                taken.add(match.place)
    for missing in (f"{side}_{ours}" for side in ("left", "right") for ours in NEEDED):
        if missing not in found:
            listed = ", ".join(name for name in names if not name.endswith("_end"))
            raise ValueError(f"no joint of its skeleton is the {missing.replace('_', ' ')}: {listed}")
    found |= _trunk(words, found, parents)
    return {JOINT_NAMES.index(name): match for name, match in found.items()}


def _side_and_word(name: str) -> tuple[str, str]:
    """Side (``left``, ``right`` or nothing) and remaining word of a joint's name."""
    parts = [part.lower() for part in _PARTS.findall(name.rpartition(":")[2])]
    side = next((_SIDES[part] for part in parts if part in _SIDES), "")
    kept = [part for part in parts if part not in _SIDES and part not in _NOISE]
    if kept and kept[0].isdigit():  # what is left of Bip01
        kept = kept[1:]
    if "".join(part for part in kept if part not in _HINGES) in _HINGED:
        kept = [part for part in kept if part not in _HINGES]
    word = "".join(str(int(part)) if part.isdigit() else part for part in kept)
    if not side:  # all in small letters: leftupleg, lfemur
        for start, meant in _SIDES.items():
            if word.startswith(start) and word.removeprefix(start) in _SIDED:
                return meant, word.removeprefix(start)
    return side, word


def _trunk(
    words: dict[tuple[str, str], JointMatch], limbs: dict[str, JointMatch], parents: tuple[int, ...]
) -> dict[str, JointMatch]:
    """Pelvis, spine, neck and head."""
    found = {}
    for ours, aliases in (("pelvis", _PELVIS), ("neck", _NECK), ("head", _HEAD)):
        matches = [words["", each] for each in aliases if ("", each) in words]
        if matches:
            found[ours] = JointMatch(matches[0].place, matches[0].place)
    root, chest = (
        _common_ancestor(limbs[f"left_{ours}"].place, limbs[f"right_{ours}"].place, parents)
        for ours in ("hip", "shoulder")
    )
    found.setdefault("pelvis", JointMatch(root, root))
    above = found.get("neck") or found.get("head")
    path = _ancestors(above.place, parents)[::-1] if above else [*_ancestors(chest, parents)[::-1], chest]
    pelvis = found["pelvis"].place
    below = {pelvis, *_ancestors(pelvis, parents)}
    spine = [joint for joint in path if joint not in below]
    # The last carries the shoulders and the first bends on the pelvis; ours has three.
    vertebrae = {0: (), 1: ("spine3",), 2: ("spine1", "spine3")}.get(len(spine), ("spine1", "spine2", "spine3"))
    for number, name in enumerate(vertebrae):
        joint = spine[round(number * (len(spine) - 1) / max(len(vertebrae) - 1, 1))]
        found[name] = JointMatch(joint, joint)
    return found


def _ancestors(joint: int, parents: tuple[int, ...]) -> list[int]:
    """From the parent to the root."""
    found = []
    while (joint := parents[joint]) >= 0:
        found.append(joint)
    return found


def _common_ancestor(one: int, other: int, parents: tuple[int, ...]) -> int:
    """The joint nearest to both that both hang on; the root where there is no other."""
    above = set(_ancestors(one, parents))
    return next((joint for joint in _ancestors(other, parents) if joint in above), 0)
