"""Smooth corrections that obey what is known at some frames: banded least squares, linear in length, without delay.

A correction o is free where nothing is known; there its change and its bend (second difference) are kept small, and it
is pulled to zero, so that it comes and goes without a pop. Where a point must stand still that moves by ``steps``, the
change of o must undo the steps, with a weight (:data:`HOLD`) that makes everything else negligible. The normal
equations have a few diagonals and are solved by one Cholesky factorisation for all frames.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded
from scipy.sparse import csr_array, diags_array, eye_array, kron

HOLD = 1e4
"""Weight of standing still against a free change of weight 1."""
BEND = 0.3
"""Weight of the bend against a free change of weight 1. Mostly bend would make a foot brake before its plant, and the
plant come early."""


def fade_pull(fade_s: float, fps: float) -> float:
    """Pull to zero that lets a free correction fade in about ``fade_s`` seconds."""
    return (fade_s * fps) ** -2.0


def standing_still(steps: np.ndarray, held: np.ndarray, pull: float) -> np.ndarray:
    """Correction of one point that must stand still at times.

    Args:
        steps: (T - 1, C) its movement from frame to frame.
        held: (T - 1,) bool, during which steps it must stand.
        pull: of the correction to zero, see :func:`fade_pull`.

    Returns:
        (T, C).
    """
    frames = len(held) + 1
    matrix = _change(np.where(held, HOLD, 1.0)) + BEND * _bend(frames) + pull * eye_array(frames)
    return _solve(matrix, -_change_target(steps, HOLD * held), bandwidth=2)


def reaching(goal: np.ndarray, known: np.ndarray, pull: float) -> np.ndarray:
    """Correction (T,) that is near ``goal`` (T,) where ``known`` (T,) bool, and fades to zero elsewhere."""
    change = np.where(known[1:] & known[:-1], 0.1, 1.0)
    weight = np.where(known, 1.0, pull)
    matrix = _change(change) + BEND * _bend(len(goal)) + diags_array(weight)
    return _solve(matrix, np.where(known, weight * goal, 0.0)[:, None], bandwidth=2)[:, 0]


def standing_still_together(
    steps: np.ndarray, held: np.ndarray, pull: float, shared_pull: float, shared_bend: float
) -> tuple[np.ndarray, np.ndarray]:
    """Corrections of points on one body: a shared one, and each point's own.

    The sum of both makes a held point stand. What is slow goes into the shared correction (it costs ``shared_pull``
    and ``shared_bend``), what is quick or differs between points into their own (``pull``).

    Args:
        steps: (P, T - 1, C) movement of the points from frame to frame.
        held: (P, T - 1) bool.
        pull: of the points' corrections to zero, see :func:`fade_pull`.
        shared_pull: of the shared correction to zero.
        shared_bend: weight of its bend.

    Returns:
        Shared (T, C) and own (P, T, C) corrections.
    """
    points, frames = len(steps), steps.shape[1] + 1
    unknowns = points + 1
    shared = _one(unknowns, 0, 0)
    matrix = kron(shared_bend * _bend(frames) + shared_pull * eye_array(frames), shared)
    right = np.zeros((frames, unknowns, steps.shape[2]))
    for point in range(points):
        own = _one(unknowns, point + 1, point + 1)
        both = shared + own + _one(unknowns, 0, point + 1) + _one(unknowns, point + 1, 0)
        free = _change(np.where(held[point], 0.0, 1.0)) + BEND * _bend(frames) + pull * eye_array(frames)
        matrix = matrix + kron(free, own) + kron(_change(HOLD * held[point]), both)
        target = -_change_target(steps[point], HOLD * held[point])
        right[:, 0] += target
        right[:, point + 1] += target
    solved = _solve(matrix, right.reshape(frames * unknowns, -1), bandwidth=3 * unknowns - 1)
    solved = solved.reshape(frames, unknowns, -1)
    return solved[:, 0], solved[:, 1:].transpose(1, 0, 2)


def soft_limit(values: np.ndarray, limit: float) -> np.ndarray:
    """Vectors (T, C) with lengths up to half of ``limit`` kept and longer ones compressed smoothly below ``limit``."""
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    half = limit / 2
    limited = np.where(length <= half, length, half + half * np.tanh((length - half) / half))
    return values * (limited / np.maximum(length, 1e-12))


def _change(weight: np.ndarray) -> csr_array:
    """(T, T) quadratic form of the changes, weighted by (T - 1,)."""
    difference = diags_array(
        [-np.ones(len(weight)), np.ones(len(weight))], offsets=[0, 1], shape=(len(weight), len(weight) + 1)
    )
    return csr_array(difference.T @ diags_array(weight) @ difference)


def _change_target(steps: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(T, C) right-hand side that belongs to changes of (T - 1, C) ``steps``."""
    weighted = weight[:, None] * steps
    target = np.zeros((len(steps) + 1, steps.shape[1]))
    target[1:] += weighted
    target[:-1] -= weighted
    return target


def _bend(frames: int) -> csr_array:
    """(T, T) quadratic form of the second differences."""
    ones = np.ones(frames - 2)
    difference = diags_array([ones, -2 * ones, ones], offsets=[0, 1, 2], shape=(frames - 2, frames))
    return csr_array(difference.T @ difference)


def _one(size: int, row: int, column: int) -> csr_array:
    return csr_array(([1.0], ([row], [column])), shape=(size, size))


def _solve(matrix: csr_array, right: np.ndarray, bandwidth: int) -> np.ndarray:
    """Solution of a symmetric positive definite system with ``bandwidth`` diagonals above the main one."""
    size = matrix.shape[0]
    bands = np.zeros((bandwidth + 1, size))
    for offset in range(bandwidth + 1):
        bands[bandwidth - offset, offset:] = matrix.diagonal(offset)
    return solveh_banded(bands, right, check_finite=False)
