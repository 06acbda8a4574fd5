"""Values of the public reference scripts on a motion given by a formula.

Made once with Bailando's and FACT's beat scores at their own 60 frames a second and with EDGE's PFC on the same joints
turned to z up and read as 30 fps.
"""

import numpy as np
import pytest

from dancegen.metrics import beat_alignment, motion_beats, motion_beats_fact, physical_foot_contact
from motionbeat.skeleton import OFFSETS_M, PARENTS

BAILANDO_BEATS = [48, 56, 88, 121, 129, 153, 192, 257, 266, 302, 348, 356, 388, 421, 429, 453, 492, 557, 566]
BAILANDO_SCORE = 0.21495956607653227
FACT_BEATS = [98, 109, 130, 152, 194, 205, 289, 302, 398, 409, 430, 452, 494, 505, 589]
FACT_SCORE = 0.27830082399670464
EDGE_PFC = 1.0233694867776255
MUSIC_BEATS_S = np.arange(15, 586, 30) / 60


def golden_joints(step: float = 1.0) -> np.ndarray:
    """positions[t, j, c] = rest[j, c] + 0.05 (c + 1) sin(2 pi (0.5 + 0.1 j) t / 60 + 0.7 c), t = 0 .. 599."""
    rest = np.zeros((24, 3))
    rest[0, 1] = 0.95
    for joint in range(1, 24):
        rest[joint] = rest[PARENTS[joint]] + OFFSETS_M[joint]
    t, j, c = np.arange(0, 599.5, step)[:, None, None], np.arange(24)[None, :, None], np.arange(3)[None, None]
    return rest + 0.05 * (c + 1) * np.sin(2 * np.pi * (0.5 + 0.1 * j) * t / 60 + 0.7 * c)


def test_bailando_motion_beats():
    np.testing.assert_array_equal(np.round(motion_beats(golden_joints(), 60, stamp="first") * 60), BAILANDO_BEATS)


def test_bailando_score():
    beats = motion_beats(golden_joints(), 60, stamp="first")
    assert beat_alignment(beats, MUSIC_BEATS_S, "music_to_motion") == pytest.approx(BAILANDO_SCORE, abs=1e-12)


def test_fact_motion_beats():
    np.testing.assert_array_equal(np.round(motion_beats_fact(golden_joints(), 60) * 60), FACT_BEATS)


def test_fact_score():
    beats = motion_beats_fact(golden_joints(), 60)
    assert beat_alignment(beats, MUSIC_BEATS_S, "motion_to_music") == pytest.approx(FACT_SCORE, abs=1e-12)


def test_edge_pfc():
    assert physical_foot_contact(golden_joints(), 30) == pytest.approx(EDGE_PFC, abs=1e-6)


def test_pfc_hardly_depends_on_the_frame_rate():
    assert physical_foot_contact(golden_joints(0.5), 60) == pytest.approx(EDGE_PFC, rel=0.02)
