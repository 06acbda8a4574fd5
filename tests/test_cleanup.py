"""Cleanup: planted feet stand, the floor carries, nothing else moves much."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from dancegen.cleanup import clean_motion
from dancegen.cleanup.leg_ik import LEGS, reach
from dancegen.cleanup.offsets import fade_pull, reaching, soft_limit, standing_still, standing_still_together
from dancegen.metrics import floor_penetration, foot_slide, mean_jerk
from motionbeat.contacts import detect_contacts, foot_plants
from motionbeat.errors import UserError
from motionbeat.motion import Motion

FPS = 30.0
STANDING_M = 0.9846
"""Height of the pelvis over flat feet with straight legs."""


def walking_motion(seconds: float = 10.0, fps: float = FPS) -> Motion:
    """Steps of 25 cm, one each half second, made by exact inverse kinematics of this test: feet stand or swing."""
    frames = round(seconds * fps)
    beat = np.arange(frames) / fps * 2
    pelvis = np.zeros((frames, 3))
    pelvis[:, 1] = STANDING_M - 0.06 - 0.01 * np.cos(2 * np.pi * beat)
    pelvis[:, 2] = 0.25 * beat
    poses = np.zeros((frames, 24, 3))
    poses[:, 16:18, 2] = np.array([-1.2, 1.2])  # arms down
    poses[:, 18:20, 1] = 0.2 * np.sin(np.pi * beat)[:, None]
    poses[:, [1, 2], 0], poses[:, [4, 5], 0], poses[:, [7, 8], 0] = -0.3, 0.6, -0.3
    bent = Motion(poses.astype(np.float32), pelvis.astype(np.float32), fps)
    joints = bent.joints().astype(np.float64)
    turns = [np.tile(np.eye(3), (frames, 1, 1)) for _ in range(24)]
    for index, leg in enumerate(LEGS):
        for joint, angle in ((leg.hip, -0.3), (leg.knee, 0.3)):
            turns[joint] = np.tile(Rotation.from_rotvec([angle, 0, 0]).as_matrix(), (frames, 1, 1))
        phase = beat + index
        swing = np.clip((phase % 2.0) / 0.8, 0.0, 1.0)  # of two beats, 0.8 in the air
        z = 0.5 * (np.floor(phase / 2.0) + (1 - np.cos(np.pi * swing)) / 2 - index / 2) - 0.1
        y = (0.09 if index else 0.0883) + 0.08 * np.sin(np.pi * swing) ** 2
        goal = np.stack([joints[:, leg.ankle, 0], y, z], axis=1)
        hip, knee, ankle = joints[:, leg.hip], joints[:, leg.knee], joints[:, leg.ankle]
        thigh, shin = reach(leg, hip, knee, ankle, turns[leg.hip], turns[leg.knee], goal)
        poses[:, leg.hip] = Rotation.from_matrix(thigh).as_rotvec()
        poses[:, leg.knee] = Rotation.from_matrix(thigh.transpose(0, 2, 1) @ shin).as_rotvec()
        poses[:, leg.ankle] = Rotation.from_matrix(shin.transpose(0, 2, 1)).as_rotvec()
    clean = Motion(poses.astype(np.float32), pelvis.astype(np.float32), fps)
    return Motion(clean.poses, clean.trans, fps, detect_contacts(clean.joints(), fps))


def spoiled(motion: Motion, seed: int = 0) -> Motion:
    """What a generator does to it: a sliding root (5 cm/s), drift in height, sunken by 1 cm, jitter, soft contacts."""
    rng = np.random.default_rng(seed)
    slow = gaussian_filter1d(rng.normal(size=(len(motion), 3)), 15, axis=0)
    slow /= slow.std(axis=0)
    trans = motion.trans + np.cumsum(slow * np.array([0.05, 0, 0.05]), axis=0) / motion.fps
    trans[:, 1] += 0.015 * slow[:, 1] - 0.01
    trans += rng.normal(scale=0.001, size=trans.shape)
    poses = motion.poses + rng.normal(scale=0.004, size=motion.poses.shape)
    assert motion.contacts is not None
    contacts = gaussian_filter1d(motion.contacts.astype(np.float64), 0.7, axis=0)
    contacts = np.clip(contacts + rng.normal(scale=0.08, size=contacts.shape), 0, 1)
    return Motion(poses.astype(np.float32), trans.astype(np.float32), motion.fps, contacts.astype(np.float32))


def test_the_walk_of_this_test_is_clean():
    motion = walking_motion()
    assert foot_slide(motion.joints(), FPS, motion.contacts) < 60  # only the first and last frames of each stance
    assert floor_penetration(motion.joints(), FPS) < 0.5
    assert len(foot_plants(detect_contacts(motion.joints(), FPS), FPS)) == pytest.approx(19, abs=1)


def test_a_clean_walk_hardly_changes():
    motion = walking_motion()
    cleaned = clean_motion(motion)
    change = np.linalg.norm(cleaned.joints() - motion.joints(), axis=-1)
    assert change.mean() < 0.01
    assert change.max() < 0.06
    assert mean_jerk(cleaned.joints(), FPS) < 1.2 * mean_jerk(motion.joints(), FPS)


@pytest.mark.parametrize("seed", range(3))
def test_planted_feet_stand_on_the_floor(seed):
    bad = spoiled(walking_motion(), seed)
    cleaned = clean_motion(bad)
    joints = cleaned.joints()
    assert cleaned.contacts is not None
    assert foot_slide(bad.joints(), FPS, cleaned.contacts) > 100
    assert foot_slide(joints, FPS, cleaned.contacts) < 5
    assert floor_penetration(bad.joints(), FPS) > 3
    assert floor_penetration(joints, FPS) < 0.2
    toes = joints[:, [10, 11], 1][cleaned.contacts[:, 2:] > 0]
    assert np.percentile(np.abs(toes - 0.028), 95) < 0.006


@pytest.mark.parametrize("seed", range(3))
def test_plants_keep_their_times(seed):
    motion = walking_motion()
    wanted = foot_plants(detect_contacts(motion.joints(), FPS), FPS)
    cleaned = clean_motion(spoiled(motion, seed))
    found = foot_plants(detect_contacts(cleaned.joints(), FPS), FPS)
    assert len(found) == len(wanted)
    assert np.abs(found - wanted).max() < 2.5 / FPS
    assert abs((found - wanted).mean()) < 1 / FPS
    assert cleaned.contacts is not None
    np.testing.assert_allclose(foot_plants(cleaned.contacts, FPS), wanted, atol=1.5 / FPS)


def test_jitter_goes():
    motion = walking_motion()
    bad = spoiled(motion)
    assert mean_jerk(clean_motion(bad).joints(), FPS) < 0.4 * mean_jerk(bad.joints(), FPS)


def test_no_pop_where_a_lock_begins_or_ends():
    joints = clean_motion(spoiled(walking_motion())).joints()
    legs = joints[:, [4, 5, 7, 8, 10, 11]]
    acceleration = np.linalg.norm(np.diff(legs, n=2, axis=0), axis=-1) * FPS**2
    reference = walking_motion().joints()[:, [4, 5, 7, 8, 10, 11]]
    usual = np.linalg.norm(np.diff(reference, n=2, axis=0), axis=-1) * FPS**2
    assert acceleration.max() < 2 * usual.max()


def test_a_sharp_accent_is_not_flattened():
    """A hit of the hand within 0.4 s keeps its time and nine tenths of its reach."""
    motion = walking_motion()
    poses = motion.poses.copy()
    poses[:, 18, 1] -= 1.5 * np.exp(-0.5 * ((np.arange(300) - 150) / 3) ** 2).astype(np.float32)
    hit = Motion(poses, motion.trans, FPS, motion.contacts)
    before, after = hit.poses[:, 18, 1], clean_motion(hit).poses[:, 18, 1]
    assert after.argmin() == before.argmin()
    assert after.min() / before.min() > 0.9


def test_only_the_legs_and_the_root_are_locked():
    motion = walking_motion()
    locked = clean_motion(spoiled(motion), smooth=False)
    others = [joint for joint in range(24) if joint not in (1, 2, 4, 5, 7, 8, 10, 11)]
    np.testing.assert_allclose(locked.poses[:, others], spoiled(motion).poses[:, others], atol=1e-6)


def test_stages_can_be_switched_off():
    bad = spoiled(walking_motion())
    same = clean_motion(bad, smooth=False, lock_feet=False)
    np.testing.assert_array_equal(same.poses, bad.poses)
    np.testing.assert_array_equal(same.trans, bad.trans)
    still = clean_motion(bad, smooth=False, follow_feet=False)
    np.testing.assert_allclose(still.trans[:, [0, 2]], bad.trans[:, [0, 2]], atol=1e-6)
    assert foot_slide(still.joints(), FPS, still.contacts) < 10


def test_a_long_stance_on_a_drifting_root_is_held():
    frames = 450
    poses = np.zeros((frames, 24, 3), np.float32)
    poses[:, [1, 2], 0], poses[:, [4, 5], 0], poses[:, [7, 8], 0] = -0.3, 0.6, -0.3
    trans = np.zeros((frames, 3), np.float32)
    trans[:, 1] = 0.94
    trans[:, 0] = 0.06 * np.arange(frames) / FPS  # 90 cm in all
    cleaned = clean_motion(Motion(poses, trans, FPS, np.ones((frames, 4), np.float32)))
    assert foot_slide(cleaned.joints(), FPS, cleaned.contacts) < 15


def test_without_contacts_they_are_detected_even_above_a_wrong_floor():
    motion = walking_motion()
    floating = Motion(motion.poses, motion.trans + np.float32([0, 0.1, 0]), FPS)
    cleaned = clean_motion(floating)
    assert cleaned.contacts is not None
    assert 0.4 < cleaned.contacts.mean() < 0.95
    assert abs(np.median(cleaned.joints()[:, [10, 11], 1].min(axis=1)) - 0.028) < 0.005


def test_a_jump_stays_a_jump():
    motion = walking_motion()
    height = np.zeros(300, np.float32)
    height[150:165] = 0.3 * np.sin(np.pi * np.arange(15) / 15)
    contacts = np.where((height > 0)[:, None], 0, motion.contacts).astype(np.float32)
    jump = Motion(motion.poses, motion.trans + height[:, None] * np.float32([0, 1, 0]), FPS, contacts)
    cleaned = clean_motion(jump)
    assert cleaned.joints()[157, [10, 11], 1].min() > 0.25


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    frames=st.integers(1, 70),
    fps=st.sampled_from([24.0, 30.0, 60.0]),
    size=st.sampled_from([0.05, 1.0, 3.0]),
    seed=st.integers(0, 1000),
)
def test_any_motion_keeps_its_length_and_stays_finite(frames, fps, size, seed):
    rng = np.random.default_rng(seed)
    poses = rng.normal(scale=size, size=(frames, 24, 3)).astype(np.float32)
    trans = (rng.normal(scale=size, size=(frames, 3)) + np.array([0, 0.9, 0])).astype(np.float32)
    contacts = rng.uniform(size=(frames, 4)).astype(np.float32)
    cleaned = clean_motion(Motion(poses, trans, fps, contacts))
    assert len(cleaned) == frames
    assert cleaned.fps == fps
    assert np.isfinite(cleaned.poses).all()
    assert np.isfinite(cleaned.trans).all()
    assert cleaned.poses.dtype == cleaned.trans.dtype == np.float32


@settings(max_examples=8, deadline=None, derandomize=True)
@given(angle=st.floats(-3.1, 3.1), x=st.floats(-5, 5), z=st.floats(-5, 5))
def test_turning_the_dance_turns_the_result(angle, x, z):
    bad = spoiled(walking_motion(3.0))
    turn = Rotation.from_rotvec([0, angle, 0])
    poses = bad.poses.copy()
    poses[:, 0] = (turn * Rotation.from_rotvec(bad.poses[:, 0])).as_rotvec()
    trans = turn.apply(bad.trans) + np.array([x, 0, z])
    turned = clean_motion(Motion(poses, trans.astype(np.float32), FPS, bad.contacts)).joints()
    straight = turn.apply(clean_motion(bad).joints().reshape(-1, 3)).reshape(turned.shape) + np.array([x, 0, z])
    np.testing.assert_allclose(turned, straight, atol=2e-3)


@pytest.mark.parametrize("part", ["poses", "trans", "contacts"])
def test_values_that_are_not_finite_are_refused(part):
    motion = spoiled(walking_motion(1.0))
    values = {name: getattr(motion, name).copy() for name in ("poses", "trans", "contacts")}
    values[part][3] = np.nan
    with pytest.raises(UserError, match="not finite"):
        clean_motion(Motion(fps=FPS, **values))


@pytest.mark.parametrize("leg", LEGS)
def test_the_ankle_comes_to_its_goal_and_bones_keep_their_length(leg):
    motion = walking_motion(2.0)
    joints = motion.joints().astype(np.float64)
    hip, knee, ankle = joints[:, leg.hip], joints[:, leg.knee], joints[:, leg.ankle]
    goal = ankle + np.array([0.05, 0.04, -0.06])
    thigh_turn = Rotation.from_rotvec(motion.poses[:, leg.hip]).as_matrix()
    shin_turn = thigh_turn @ Rotation.from_rotvec(motion.poses[:, leg.knee]).as_matrix()
    thigh, shin = reach(leg, hip, knee, ankle, thigh_turn, shin_turn, goal)
    turn_thigh, turn_shin = thigh @ thigh_turn.transpose(0, 2, 1), shin @ shin_turn.transpose(0, 2, 1)
    new_knee = hip + np.einsum("tij,tj->ti", turn_thigh, knee - hip)
    new_ankle = new_knee + np.einsum("tij,tj->ti", turn_shin, ankle - knee)
    np.testing.assert_allclose(new_ankle, goal, atol=1e-4)
    np.testing.assert_allclose(thigh @ thigh.transpose(0, 2, 1), np.tile(np.eye(3), (60, 1, 1)), atol=1e-6)


@pytest.mark.parametrize("leg", LEGS)
def test_a_goal_where_the_ankle_is_turns_nothing(leg):
    motion = walking_motion(2.0)
    joints = motion.joints().astype(np.float64)
    thigh_turn = Rotation.from_rotvec(motion.poses[:, leg.hip]).as_matrix()
    shin_turn = thigh_turn @ Rotation.from_rotvec(motion.poses[:, leg.knee]).as_matrix()
    places = joints[:, leg.hip], joints[:, leg.knee], joints[:, leg.ankle]
    thigh, shin = reach(leg, *places, thigh_turn, shin_turn, joints[:, leg.ankle])
    np.testing.assert_allclose(thigh, thigh_turn, atol=1e-4)
    np.testing.assert_allclose(shin, shin_turn, atol=1e-4)


def test_a_goal_out_of_reach_is_approached():
    leg = LEGS[0]
    motion = walking_motion(1.0)
    joints = motion.joints().astype(np.float64)
    thigh_turn = Rotation.from_rotvec(motion.poses[:, leg.hip]).as_matrix()
    shin_turn = thigh_turn @ Rotation.from_rotvec(motion.poses[:, leg.knee]).as_matrix()
    places = joints[:, leg.hip], joints[:, leg.knee], joints[:, leg.ankle]
    thigh, shin = reach(leg, *places, thigh_turn, shin_turn, joints[:, leg.ankle] - np.array([0, 3.0, 0]))
    assert np.isfinite(thigh).all()
    assert np.isfinite(shin).all()


def test_held_points_stand_and_corrections_fade():
    steps = np.full((59, 2), 0.01)
    held = np.zeros(59, dtype=bool)
    held[20:40] = True
    correction = standing_still(steps, held, fade_pull(4 / 30, FPS))
    np.testing.assert_allclose(np.diff(correction, axis=0)[held], -steps[held], atol=1e-4)
    assert np.abs(correction[[0, -1]]).max() < 0.01
    assert np.abs(correction[30]).max() < 0.01  # the place is chosen in the middle of the slide


def test_a_common_slide_goes_to_the_root_and_a_single_one_to_the_foot():
    held = np.ones((2, 59), dtype=bool)
    pull = fade_pull(4 / 30, FPS)
    common = np.tile(0.005 * np.array([1.0, 0.0]), (2, 59, 1))
    shared, own = standing_still_together(common, held, pull, 0.1 * pull, pull)
    np.testing.assert_allclose(np.diff(shared + own[0], axis=0), -common[0], atol=1e-4)
    assert np.abs(shared).max() > 5 * np.abs(own).max()
    apart = common * np.array([1.0, -1.0])[:, None, None]
    shared, own = standing_still_together(apart, held, pull, 0.1 * pull, pull)
    assert np.abs(shared).max() < 1e-6
    np.testing.assert_allclose(np.diff(own[1], axis=0), -apart[1], atol=1e-4)


def test_known_goals_are_reached():
    known = np.zeros(60, dtype=bool)
    known[20:40] = True
    reached = reaching(np.where(known, 0.02, 0.0), known, fade_pull(4 / 30, FPS))
    np.testing.assert_allclose(reached[22:38], 0.02, atol=1e-3)
    assert np.abs(reached[[0, -1]]).max() < 1e-3


def test_soft_limit_keeps_what_is_small():
    values = np.array([[0.03, 0.04], [3.0, 4.0], [0.0, 0.0]])
    limited = soft_limit(values, 0.2)
    np.testing.assert_allclose(limited[0], values[0])
    assert 0.19 < np.linalg.norm(limited[1]) <= 0.2 + 1e-9
    np.testing.assert_array_equal(limited[2], 0)
