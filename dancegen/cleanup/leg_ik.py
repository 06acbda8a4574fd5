"""Two-bone inverse kinematics of the legs: hip and knee turned so that the ankle is where it should be.

Analytic: the law of cosines gives the knee's place beside the new line from hip to ankle; the plane in which the knee
bends turns with that line and not about it, so knees keep pointing where they pointed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionbeat.skeleton import OFFSETS_M

MAX_EXTENSION = 0.995
"""A leg is never stretched beyond this share of its length by a correction; near 1 the knee would snap."""

STRAIGHT_M = 0.008
"""A leg whose knee is less than about this far from the line between hip and ankle counts as straight."""


@dataclass(frozen=True)
class Leg:
    """Joint numbers of one leg and its bone lengths in metres."""

    hip: int
    knee: int
    ankle: int
    toe: int

    @property
    def thigh_m(self) -> float:
        """Hip to knee."""
        return float(np.linalg.norm(OFFSETS_M[self.knee]))

    @property
    def shin_m(self) -> float:
        """Knee to ankle."""
        return float(np.linalg.norm(OFFSETS_M[self.ankle]))


LEGS: tuple[Leg, Leg] = (Leg(1, 4, 7, 10), Leg(2, 5, 8, 11))
"""Left and right."""


def longest_reach(leg: Leg, hip: np.ndarray, ankle: np.ndarray) -> np.ndarray:
    """(T,) metres the ankle may be from the hip: :data:`MAX_EXTENSION`, or as far as it already is, (T, 3) each."""
    return np.maximum(MAX_EXTENSION * (leg.thigh_m + leg.shin_m), np.linalg.norm(ankle - hip, axis=-1))


def reach(
    leg: Leg,
    hip: np.ndarray,
    knee: np.ndarray,
    ankle: np.ndarray,
    thigh_turn: np.ndarray,
    shin_turn: np.ndarray,
    goal: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Turn thigh and shin so that the ankle comes to ``goal``.

    Args:
        leg: which leg.
        hip, knee, ankle: (T, 3) metres, where the joints are.
        thigh_turn, shin_turn: (T, 3, 3) global rotations of the hip and knee joint (they turn thigh and shin).
        goal: (T, 3) metres, where the ankle should be; the nearest reachable place is taken.

    Returns:
        New global rotations of thigh and shin, (T, 3, 3) each.
    """
    line, distance = _unit(ankle - hip)
    goal_line, goal_distance = _unit(goal - hip)
    shortest = abs(leg.thigh_m - leg.shin_m) + 0.05
    goal_distance = np.clip(goal_distance, shortest, longest_reach(leg, hip, ankle)[:, None])
    goal_distance = np.minimum(goal_distance, leg.thigh_m + leg.shin_m)
    # The side to which the knee bends. Along a straight leg it is lost in rounding, and the thigh's front says it.
    side = _perpendicular(knee - hip, line)
    straight = np.exp(-((np.linalg.norm(side, axis=-1, keepdims=True) / STRAIGHT_M) ** 2))
    pole, _ = _unit(side + STRAIGHT_M / 2 * straight * _perpendicular(thigh_turn[:, :, 2], line))
    swing = _turn_between(line, goal_line)
    goal_pole = np.einsum("tij,tj->ti", swing, pole)
    along = (goal_distance**2 + leg.thigh_m**2 - leg.shin_m**2) / (2 * goal_distance)
    aside = np.sqrt(np.maximum(leg.thigh_m**2 - along**2, 0.0))
    old_along = (distance**2 + leg.thigh_m**2 - leg.shin_m**2) / (2 * distance)
    old_aside = np.sqrt(np.maximum(leg.thigh_m**2 - old_along**2, 0.0))
    # Knee in the plane of line and pole, before and after: the same construction twice, so that an unchanged goal
    # changes nothing.
    old_knee = line * old_along + pole * old_aside
    new_knee = goal_line * along + goal_pole * aside
    old_normal, new_normal = np.cross(line, pole), np.cross(goal_line, goal_pole)
    thigh = _frame(new_knee, new_normal) @ _transposed(_frame(old_knee, old_normal)) @ thigh_turn
    old_shin = line * distance - old_knee
    new_shin = goal_line * goal_distance - new_knee
    shin = _frame(new_shin, new_normal) @ _transposed(_frame(old_shin, old_normal)) @ shin_turn
    return thigh, shin


def _unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    length = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return vectors / length, length


def _perpendicular(vectors: np.ndarray, line: np.ndarray) -> np.ndarray:
    return vectors - (vectors * line).sum(axis=-1, keepdims=True) * line


def _frame(along: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """(T, 3, 3) with columns: direction of ``along``, ``normal`` (unit, perpendicular to it), and their product."""
    first, _ = _unit(along)
    return np.stack([first, normal, np.cross(first, normal)], axis=-1)


def _turn_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(T, 3, 3) smallest rotations that take unit vectors ``start`` to ``end`` (not opposite)."""
    axis = np.cross(start, end)
    cosine = (start * end).sum(axis=-1)
    skew = np.zeros((len(start), 3, 3))
    skew[:, 0, 1], skew[:, 0, 2], skew[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    skew -= skew.transpose(0, 2, 1).copy()
    return np.eye(3) + skew + skew @ skew / np.maximum(1.0 + cosine, 1e-6)[:, None, None]


def _transposed(matrices: np.ndarray) -> np.ndarray:
    return np.swapaxes(matrices, -1, -2)
