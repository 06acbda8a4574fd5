"""Motion events: the instants of a dance that can be compared with the beats of its music.

Three kinds, because no single one suits every style:

* *plants*: a foot comes down (:func:`motionbeat.contacts.foot_plants` on detected contacts). A dancer's clearest
  statement of the pulse; a dance on the spot has few.
* *minima* of the mean joint speed: the body settles (:func:`dancegen.metrics.motion_beats.motion_beats`; Bailando,
  Siyao et al. 2022, takes them for the motion's beats; here with protocol ``sound``).
* *maxima* of the same curve: the body passes through. In rumba and waltz this is nearer to the beat than the settling.

All are found on the motion read at 30 fps (:mod:`dancegen.metrics.frame_rate`), so 60 fps gives the same events.

Known flaws: plants are known to 1/30 s only; a body that stands still and trembles has minima and maxima all the time;
contacts are detected by speed and height, so a foot that slides faster than 0.3 m/s never lands.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelmax

from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate, valid_at
from dancegen.metrics.motion_beats import motion_beats
from dancegen.metrics.motion_energy import motion_energy
from dancegen.metrics.protocols import SOUND
from motionbeat.contacts import detect_contacts, foot_plants


@dataclass(frozen=True, eq=False)
class MotionEvents:
    """Ascending times in seconds.

    Attributes:
        plants: (n,) a foot comes down.
        minima: (m,) the whole body is slowest.
        maxima: (k,) the whole body is fastest.
    """

    plants: np.ndarray
    minima: np.ndarray
    maxima: np.ndarray


def motion_events(joints: np.ndarray, fps: float, valid: np.ndarray | None = None) -> MotionEvents:
    """Foot plants, speed minima and speed maxima of a dance.

    Args:
        joints: (T, 24, 3) metres, y up, floor at 0.
        fps: frames per second.
        valid: (T,) bool; events on frames where it is False are left out. None keeps all.

    Returns:
        The events. Fewer than four frames at 30 fps: a warning and none.

    Raises:
        ValueError: malformed joints, frame rate or ``valid``, or a body that does not stand along y in metres.
    """
    read = at_metric_rate(joints, fps)
    if len(read) < 4:
        valid_at(valid, fps, np.zeros(0), len(joints))
        warnings.warn("Motion is too short for motion events.", stacklevel=2)
        return MotionEvents(np.zeros(0), np.zeros(0), np.zeros(0))
    plants = foot_plants(detect_contacts(read, METRIC_FPS), METRIC_FPS)
    minima = motion_beats(read, METRIC_FPS, SOUND)
    maxima = _speed_maxima(read)
    return MotionEvents(*(at[valid_at(valid, fps, at, len(joints))] for at in (plants, minima, maxima)))


def _speed_maxima(joints: np.ndarray) -> np.ndarray:
    """Counterpart of motion beats for (T, 24, 3) joints at METRIC_FPS: same curve, same filter, same refinement."""
    times, speed = motion_energy(joints, METRIC_FPS, "body")
    smoothing_s = SOUND.beat_rules.smoothing_s
    assert smoothing_s is not None
    speed = gaussian_filter1d(speed, smoothing_s * METRIC_FPS)
    maxima = argrelmax(speed)[0]
    early, most, late = speed[maxima - 1], speed[maxima], speed[maxima + 1]
    return times[maxima] + (early - late) / (2 * (early - 2 * most + late)) / METRIC_FPS
