"""Metrics on joints: skating, floor, jerk, PFC, motion beats, and the report made of all."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancegen.metrics import (
    Score,
    floor_gap,
    floor_penetration,
    foot_skating_ratio,
    foot_slide,
    mean_jerk,
    motion_beats,
    motion_beats_fact,
    physical_foot_contact,
    summarise,
    support_speed,
)
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion

FPS = 30.0
STANDING_M = 0.9846
"""Height of the pelvis over flat feet with straight legs."""
FUNCTIONS = [
    foot_slide,
    support_speed,
    foot_skating_ratio,
    floor_penetration,
    floor_gap,
    mean_jerk,
    motion_beats,
    motion_beats_fact,
    physical_foot_contact,
]
TURN_INVARIANT = [foot_slide, support_speed, floor_penetration, floor_gap, mean_jerk, physical_foot_contact]


def standing_motion(frames: int = 90) -> Motion:
    return Motion(np.zeros((frames, 24, 3), np.float32), np.tile(np.float32([0, STANDING_M, 0]), (frames, 1)), FPS)


def swaying_joints(frames: int = 120) -> np.ndarray:
    """The upper body sways, the feet slide a little, the hips move."""
    joints = standing_motion(frames).joints().astype(np.float64)
    t = np.arange(frames)[:, None] / FPS
    height = np.clip(joints[0, :, 1], 0, None)[None]
    joints[..., 0] += 0.1 * height * np.sin(2 * np.pi * 1.1 * t)
    joints[..., 2] += 0.02 * np.sin(2 * np.pi * 0.7 * t) + 0.05 * height * np.cos(2 * np.pi * 0.9 * t)
    return joints


def turned(joints: np.ndarray, angle: float, x: float, z: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return joints @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T + np.array([x, 0, z])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(angle=st.floats(-math.pi, math.pi), x=st.floats(-10, 10), z=st.floats(-10, 10))
def test_turning_and_moving_over_the_floor_changes_nothing(angle, x, z):
    joints = swaying_joints()
    moved = turned(joints, angle, x, z)
    for metric in TURN_INVARIANT:
        assert metric(moved, FPS) == pytest.approx(metric(joints, FPS), rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(motion_beats(moved, FPS), motion_beats(joints, FPS))


def test_lodges_ratio_changes_with_the_direction_of_a_slide():
    """The known slip of the published script: opposite movements on x and z cancel."""
    joints = standing_motion().joints()
    joints = joints + np.float32(0.03) * np.arange(len(joints), dtype=np.float32)[:, None, None] * np.float32(
        [1, 0, 0]
    )
    assert foot_skating_ratio(joints, FPS) == pytest.approx(89 / 90)
    assert foot_skating_ratio(turned(joints, math.pi / 4, 0, 0).astype(np.float32), FPS) == 0


def test_slide_is_in_millimetres_a_second():
    joints = standing_motion().joints()
    joints = joints + (0.1 / FPS) * np.arange(len(joints))[:, None, None] * np.array([0.6, 0, 0.8])
    assert foot_slide(joints, FPS) == pytest.approx(100, rel=1e-3)
    assert support_speed(joints, FPS) == pytest.approx(100, rel=1e-3)


def test_slide_with_given_contacts_counts_only_those():
    joints = standing_motion().joints().astype(np.float64)
    joints[:, [7, 10], 0] += 0.01 * np.arange(90)[:, None]  # left foot slides 0.3 m/s
    right = np.tile([0.0, 1.0, 0.0, 1.0], (90, 1))
    assert foot_slide(joints, FPS, right) == pytest.approx(0, abs=1e-6)
    assert foot_slide(joints, FPS, 1 - right) == pytest.approx(300, rel=1e-3)
    assert support_speed(joints, FPS) == pytest.approx(0, abs=1e-6)


def test_standing_still_is_perfect():
    joints = standing_motion().joints()
    assert foot_slide(joints, FPS) == 0
    assert mean_jerk(joints, FPS) == pytest.approx(0, abs=1e-3)
    assert floor_penetration(joints, FPS) == pytest.approx(0, abs=2)
    with pytest.warns(UserWarning, match="never accelerated"):
        assert physical_foot_contact(joints, FPS) == 0


def test_floor_is_measured_in_millimetres():
    joints = standing_motion().joints().astype(np.float64)
    joints[..., 1] -= joints[:, 10:12, 1].min() - 0.028
    sunk = joints - np.array([0, 0.02, 0])
    assert floor_penetration(sunk, FPS) == pytest.approx(20, abs=1e-3)
    assert floor_gap(joints + np.array([0, 0.05, 0]), FPS) == pytest.approx(50, abs=1e-3)


def test_feet_in_the_air_warn_and_give_nan():
    joints = standing_motion().joints() + np.float32([0, 1, 0])
    with pytest.warns(UserWarning, match="No foot"):
        assert math.isnan(foot_slide(joints, FPS))
    with pytest.warns(UserWarning, match="No foot"):
        assert math.isnan(support_speed(joints, FPS))


def test_jerk_of_a_sine():
    t = np.arange(3000) / 100.0
    joints = np.zeros((3000, 24, 3))
    joints[..., 0] = np.sin(2 * np.pi * t)[:, None]
    assert mean_jerk(joints, 100.0) == pytest.approx((2 * np.pi) ** 3 * 2 / np.pi, rel=0.02)  # read at 30 fps


def test_motion_beats_are_where_the_body_stops():
    """All joints swing as a sine: they stop twice a period, at the turning points."""
    for fps in (30.0, 60.0):
        t = np.arange(round(10 * fps)) / fps
        joints = np.zeros((len(t), 24, 3))
        joints[..., 0] = np.sin(np.pi * (t - 0.11))[:, None]
        np.testing.assert_allclose(motion_beats(joints, fps)[:9], np.arange(0.61, 9.0, 1.0), atol=0.51 / fps)


@pytest.mark.parametrize("metric", FUNCTIONS)
def test_malformed_joints_raise(metric):
    joints = swaying_joints()
    with pytest.raises(ValueError, match="joints must be"):
        metric(joints[:, :22], FPS)
    with pytest.raises(ValueError, match="fps"):
        metric(joints, 0.0)
    joints[3, 3, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        metric(joints, FPS)


@pytest.mark.parametrize("metric", FUNCTIONS)
@pytest.mark.parametrize("frames", [0, 1])
def test_too_little_motion_warns_or_is_trivial(metric, frames, recwarn):
    value = metric(swaying_joints()[:frames], FPS)
    if isinstance(value, np.ndarray):
        assert len(value) == 0
    else:
        assert value == 0 or math.isnan(value) or frames == 1
    if frames == 0:
        assert len(recwarn) == 1


def test_contacts_of_another_length_raise():
    with pytest.raises(ValueError, match="contacts must be"):
        foot_slide(swaying_joints(), FPS, np.zeros((5, 4)))


def marching_motion(seconds: float = 12.0, tempo: float = 120.0) -> Motion:
    """Knees lifted in turn; each foot comes down on a beat."""
    frames = round(seconds * FPS)
    beat = np.arange(frames) / FPS * tempo / 60
    poses = np.zeros((frames, 24, 3), np.float32)
    for leg, (hip, knee) in enumerate(((1, 4), (2, 5))):
        lift = np.where(np.floor(beat) % 2 == leg, np.sin(np.pi * (beat % 1.0)), 0.0)
        poses[:, hip, 0] = -0.8 * lift
        poses[:, knee, 0] = 1.6 * lift
    trans = np.tile(np.float32([0, STANDING_M, 0]), (frames, 1))
    return Motion(poses, trans, FPS)


def test_report_of_a_march_in_time():
    scores = {score.name: score for score in summarise(marching_motion(), BeatGrid.steady(120, 12.0))}
    lock = scores["beat_lock"]
    assert lock.value > 0.95
    assert lock.chance_95 is not None
    assert lock.value > lock.chance_95
    assert lock.above_chance is not None
    assert lock.above_chance > 0.8
    assert scores["on_beat"].value > 0.7
    assert scores["beat_f_measure"].value > 0.8
    assert scores["foot_slide"].value < 20


def test_report_of_a_march_out_of_time():
    scores = {score.name: score for score in summarise(marching_motion(), BeatGrid.steady(107, 12.0))}
    lock = scores["beat_lock"]
    assert lock.chance_95 is not None
    assert lock.value < lock.chance_95


def test_every_score_has_a_protocol_and_goes_to_json():
    motion = marching_motion(6.0)
    scores = summarise(motion, BeatGrid.steady(120, 6.0), uncleaned=motion)
    assert len({score.name for score in scores}) == len(scores)
    assert all(score.protocol for score in scores)
    assert {"foot_slide_uncleaned", "support_speed_uncleaned"} <= {score.name for score in scores}
    json.dumps({score.name: score.as_dict() for score in scores}, allow_nan=False)
    assert all(score.protocol in str(score) for score in scores)


def test_report_of_a_body_that_stands_still_is_quiet(recwarn):
    scores = {score.name: score for score in summarise(standing_motion(), BeatGrid.steady(120, 3.0))}
    assert scores["beat_lock"].value == 0
    assert scores["jerk"].value == pytest.approx(0, abs=1e-3)
    assert len(recwarn) == 0


def test_nan_becomes_none():
    assert Score("x", math.nan, "mm", "p", chance=math.nan).as_dict() == {
        "value": None,
        "unit": "mm",
        "protocol": "p",
        "chance": None,
        "above_chance": None,
    }
