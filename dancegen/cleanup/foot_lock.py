"""Standing feet stand: the root's path and the feet corrected so that planted feet do not slide, sink or hover.

Per foot, from the contacts of its ankle and toe:

1. *Heading and tilt.* While ankle and toe are both planted, the foot keeps its heading and its sole lies flat. Planted
   toes lie on the floor under a raised heel.
2. *Place.* The planted joint (the toe when it is planted, else the ankle) keeps its place on the floor. Which place is
   free: root and feet are moved as little as possible over the whole stance, slow slides by the root, quick ones by
   the legs.
3. *Height.* The lowest point of a planted foot comes to the floor; a foot that sinks in is pushed up.

All corrections come and go over a few frames before the plant and after the lift (:mod:`dancegen.cleanup.offsets`), so
the foot arrives where it will stand, at the time it would have arrived.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.spatial.transform import Rotation

from dancegen.cleanup.floor import sole_points
from dancegen.cleanup.leg_ik import LEGS, Leg
from dancegen.cleanup.offsets import fade_pull, reaching, soft_limit, standing_still, standing_still_together
from motionbeat.skeleton import OFFSETS_M

FADE_S = 4 / 30
"""How long a correction of a foot takes to come or go."""
ROOT_STAY = 0.5
"""How much a move of the root counts against the same move of one foot. The lower, the more the root follows the
planted feet; the higher, the nearer the dance stays to its path, and the more the legs must make up."""
ROOT_BEND_S = 4 / 30
"""The correction of the root is smooth over this time."""
MAX_SHIFT_M = 0.3
"""A foot is not moved over the floor by more than this."""
MAX_TURN_RAD = 0.6
MAX_HEIGHT_M = 0.08
"""A standing foot is not raised or lowered by more than this."""
LEVEL_TILT_RAD = (0.5, 0.9)
"""Up to the first tilt a planted foot is laid flat, above the second it is left alone (toes dig in, or a wrong
contact)."""

TOE_BEND_RAD = (1.0, 1.4)
"""Up to the first angle planted toes are bent to lie on the floor, above the second they are left alone."""


@dataclass(frozen=True)
class FootGoal:
    """Where one foot should be.

    Attributes:
        ankle: (T, 3) metres.
        turn: (T, 3, 3) global rotation of the ankle joint.
        toe_turn: (T, 3, 3) global rotation of the toe joint.
    """

    ankle: np.ndarray
    turn: np.ndarray
    toe_turn: np.ndarray


def foot_goals(
    positions: np.ndarray, turns: np.ndarray, planted: np.ndarray, fps: float, follow_feet: bool = True
) -> tuple[np.ndarray, list[FootGoal]]:
    """Where the root and both feet should be.

    Args:
        positions: (T, 24, 3) metres.
        turns: (T, 24, 3, 3) global rotations.
        planted: (T, 4) bool: left ankle, right ankle, left toe, right toe.
        fps: frames per second.
        follow_feet: whether the root may be moved over the floor.

    Returns:
        (T, 2) metres to add to the root's path (x, z), and the goals of the left and right foot on the new path.
    """
    pull = fade_pull(FADE_S, fps)
    feet = [_turned(leg, positions, turns, planted[:, [foot, foot + 2]], fps) for foot, leg in enumerate(LEGS)]
    steps = np.stack([_supporting_steps(foot) for foot in feet])
    held = np.stack([(foot.planted[1:] & foot.planted[:-1]).any(axis=1) for foot in feet])
    if follow_feet:
        bend = pull * (ROOT_BEND_S * fps) ** 4
        path, shifts = standing_still_together(steps, held, pull, pull * ROOT_STAY, bend)
    else:
        path = np.zeros((len(positions), 2))
        shifts = np.stack([standing_still(*one, pull) for one in zip(steps, held, strict=True)])
    goals = []
    for foot, shift in zip(feet, shifts, strict=True):
        over_floor = path + soft_limit(shift, MAX_SHIFT_M)
        lift = _lift(foot, pull)
        move = np.stack([over_floor[:, 0], lift, over_floor[:, 1]], axis=1)
        goals.append(FootGoal(foot.ankle + move, foot.turn, foot.toe_turn))
    return path, goals


@dataclass(frozen=True)
class _Foot:
    """A foot turned as it should be, still at its old place: ankle, toe (T, 3); rotations (T, 3, 3) of the ankle and
    toe joint; planted (T, 2) bool ankle, toe; to_toe (3,) metres from ankle to toe joint at rest."""

    ankle: np.ndarray
    toe: np.ndarray
    turn: np.ndarray
    toe_turn: np.ndarray
    planted: np.ndarray
    to_toe: np.ndarray


def _turned(leg: Leg, positions: np.ndarray, turns: np.ndarray, planted: np.ndarray, fps: float) -> _Foot:
    to_toe = OFFSETS_M[leg.toe].astype(np.float64)
    bend = np.swapaxes(turns[:, leg.ankle], -1, -2) @ turns[:, leg.toe]
    turn = _level_turn(turns[:, leg.ankle], to_toe, planted[:, 0] & planted[:, 1], fps)
    toe_turn = _toes_on_floor(turn, turn @ bend, to_toe, planted[:, 1], fps)
    toe = positions[:, leg.toe]
    return _Foot(toe - turn @ to_toe, toe, turn, toe_turn, planted, to_toe)


def _supporting_steps(foot: _Foot) -> np.ndarray:
    """(T - 1, 2) movement over the floor of the toe where it is planted, else of the ankle."""
    toe_held = foot.planted[1:, 1] & foot.planted[:-1, 1]
    steps = np.where(toe_held[:, None], np.diff(foot.toe, axis=0), np.diff(foot.ankle, axis=0))
    return steps[:, [0, 2]]


def _lift(foot: _Foot, pull: float) -> np.ndarray:
    """(T,) metres by which a foot is raised: onto the floor where it is planted, out of it everywhere."""
    heel, toes = sole_points(foot.to_toe)
    soles = [foot.ankle[:, 1:2] + foot.turn[:, 1] @ heel.T, foot.toe[:, 1:2] + foot.toe_turn[:, 1] @ toes.T]
    lowest = np.concatenate(soles, axis=1).min(axis=1)
    goal = soft_limit(-lowest[:, None], MAX_HEIGHT_M)[:, 0]
    return np.maximum(reaching(goal, foot.planted[:, 0] | foot.planted[:, 1], pull), -lowest)


def _level_turn(turn: np.ndarray, to_toe: np.ndarray, both: np.ndarray, fps: float) -> np.ndarray:
    """(T, 3, 3) rotations of the foot with constant heading and a level sole where ankle and toe are planted."""
    heading = _heading(turn, to_toe)
    flat = _turn_about_y(heading - np.arctan2(to_toe[0], to_toe[2]))
    tilt = _rotation_vectors(flat, turn)
    angle = np.linalg.norm(tilt, axis=1)
    low, high = LEVEL_TILT_RAD
    level = _faded(both * np.clip((high - angle) / (high - low), 0.0, 1.0), fps)
    held = both[1:] & both[:-1]
    heading_fix = standing_still(np.diff(heading)[:, None], held, fade_pull(FADE_S, fps))
    heading_fix = soft_limit(heading_fix, MAX_TURN_RAD)[:, 0]
    rest = Rotation.from_rotvec(tilt * (1.0 - level)[:, None]).as_matrix()
    return _turn_about_y(heading_fix) @ flat @ rest


def _toes_on_floor(
    turn: np.ndarray, toe_turn: np.ndarray, to_toe: np.ndarray, toe_planted: np.ndarray, fps: float
) -> np.ndarray:
    """(T, 3, 3) rotations of the toes, level where the toe is planted: under a raised heel they bend."""
    flat = _turn_about_y(_heading(turn, to_toe) - np.arctan2(to_toe[0], to_toe[2]))
    tilt = _rotation_vectors(toe_turn, flat)
    low, high = TOE_BEND_RAD
    angle = np.linalg.norm(tilt, axis=1)
    level = _faded(toe_planted * np.clip((high - angle) / (high - low), 0.0, 1.0), fps)
    return toe_turn @ Rotation.from_rotvec(tilt * level[:, None]).as_matrix()


def _heading(turn: np.ndarray, to_toe: np.ndarray) -> np.ndarray:
    """(T,) continuous radians from +z to +x of the direction in which the foot points over the floor."""
    pointing = turn @ to_toe
    return np.unwrap(np.arctan2(pointing[:, 0], pointing[:, 2]))


def _rotation_vectors(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(T, 3) axis-angle rotations that lead from ``start`` to ``end``, seen from ``start``."""
    return Rotation.from_matrix(np.swapaxes(start, -1, -2) @ end).as_rotvec()


def _faded(weight: np.ndarray, fps: float) -> np.ndarray:
    """(T,) weights in [0, 1] that are full wherever they were and come and go softly around."""
    return gaussian_filter1d(maximum_filter1d(weight, 3), FADE_S * fps / 4)


def _turn_about_y(angle: np.ndarray) -> np.ndarray:
    turns = np.zeros((len(angle), 3, 3))
    turns[:, 0, 0] = turns[:, 2, 2] = np.cos(angle)
    turns[:, 0, 2] = np.sin(angle)
    turns[:, 2, 0] = -turns[:, 0, 2]
    turns[:, 1, 1] = 1.0
    return turns
