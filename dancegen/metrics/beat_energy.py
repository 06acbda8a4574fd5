"""Beat energy: how much of the motion's rise and fall keeps the music's time.

Aim: the share of the variance of motion energy (:mod:`dancegen.metrics.motion_energy`) that a cosine of the music's
own phase explains, at one cycle a bar, a beat and half a beat. It is 1 when the body pulses evenly with the beat and
near 0 when its energy has nothing to do with it.

Method: ordinary least squares of the energy on cosine and sine of the phase, as in cosinor analysis (Nelson et al.
1979), not bins of a spectrum: phases come from the beat grid, so a song that speeds up counts as well as a steady one.
What changes more slowly than the bar (a pause, a chorus) is no rhythm and is taken off first, by a Gaussian mean with
a standard deviation of half a bar; of a cosine at the bar rate it leaves 99 %. Any phase is as good as another;
:func:`dancegen.metrics.bar_profile.bar_profile` asks where in the bar.

Chance is that of :mod:`dancegen.metrics.beat_lock`: the same energy against the same beats played 5 to 35 % faster or
slower, because at a steady tempo a shift in time changes nothing.

Known flaws: only what keeps one phase through the whole dance counts, so steps that change from on to off the beat
cancel, and values are small: 0.005 to 0.05 of the feet's energy at the beat on the ballroom dances, against a chance
of 0.002 to 0.01. Peaks that are sharper than a cosine put part of their energy at the next rate. Time-reversed motion
to a steady beat scores the same, and so does another song of the very same tempo.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dancegen.metrics.beat_lock import other_tempi
from dancegen.metrics.frame_rate import METRIC_FPS, valid_at
from dancegen.metrics.motion_energy import Part, motion_energy
from motionbeat.beats import BeatGrid


@dataclass(frozen=True)
class EnergyShare:
    """Share of the variance of motion energy at one rate, in [0, 1].

    Attributes:
        value: share that the phase explains.
        chance: its mean over other tempi.
        chance_95: its 95 % quantile over other tempi.
    """

    value: float
    chance: float
    chance_95: float

    @property
    def above_chance(self) -> float:
        """``value - chance``."""
        return self.value - self.chance


@dataclass(frozen=True)
class BeatEnergy:
    """Shares at the three rates of the music: a cycle each bar, each beat and each half beat."""

    bar: EnergyShare
    beat: EnergyShare
    half_beat: EnergyShare


def beat_energy(
    joints: np.ndarray, fps: float, grid: BeatGrid, valid: np.ndarray | None = None, part: Part = "feet"
) -> BeatEnergy:
    """Shares of motion energy at the music's rates.

    Args:
        joints: (T, 24, 3) metres, from second 0 of the music on.
        fps: frames per second.
        grid: beats and downbeats of the music.
        valid: (T,) bool; frames where it is False are left out. None keeps all.
        part: whose energy.

    Returns:
        The shares. A body that does not move or less than two bars of motion: a warning, and NaN everywhere.

    Raises:
        ValueError: malformed joints, frame rate, ``valid`` or ``part``.
    """
    times, energy = motion_energy(joints, fps, part)
    kept = valid_at(valid, fps, times, len(joints)) & (times >= grid.beats[0]) & (times <= grid.beats[-1])
    position = grid.beat_position(times[kept])
    bar_s = grid.meter * (grid.beats[-1] - grid.beats[0]) / (len(grid) - 1)
    energy = (energy - gaussian_filter1d(energy, bar_s / 2 * METRIC_FPS))[kept] if kept.any() else np.zeros(0)
    if not len(position) or position[-1] - position[0] < 2 * grid.meter or not energy.var() > _STILL_M2_S2:
        warnings.warn("The body does not move for two bars: no beat energy.", stacklevel=2)
        nothing = EnergyShare(math.nan, math.nan, math.nan)
        return BeatEnergy(nothing, nothing, nothing)
    energy = energy - energy.mean()
    return BeatEnergy(
        bar=_share(energy, grid.bar_phase(times[kept]), position / grid.meter),
        beat=_share(energy, position, position),
        half_beat=_share(energy, 2 * position, 2 * position),
    )


_STILL_M2_S2 = 1e-12
"""Variance of the energy below which a body stands still: rounding errors would be analysed."""


def _share(energy: np.ndarray, cycles: np.ndarray, unwrapped: np.ndarray) -> EnergyShare:
    """Share at the phase ``cycles``; chance from ``unwrapped``, the same count without jumps at irregular bars."""
    tempi = other_tempi(unwrapped[-1] - unwrapped[0])
    chances = _explained(energy, unwrapped * tempi[:, None])
    return EnergyShare(float(_explained(energy, cycles)), float(chances.mean()), float(np.quantile(chances, 0.95)))


def _explained(energy: np.ndarray, cycles: np.ndarray) -> np.ndarray:
    """(...) share of the variance of ``energy`` (n,), mean 0, in the plane of cosine and sine of (..., n) cycles."""
    turning = np.exp(2j * np.pi * cycles)
    turning -= turning.mean(axis=-1, keepdims=True)
    # normal equations of a plane: two by two, so all tempi at once
    waves = np.stack([turning.real, turning.imag], axis=-2)
    along = waves @ energy
    explained = np.einsum("...i,...ij,...j->...", along, np.linalg.pinv(waves @ np.swapaxes(waves, -1, -2)), along)
    return np.asarray(explained / (energy**2).sum())
