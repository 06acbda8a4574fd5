"""Repetition, copying and diversity in metres; joint limits in degrees; foot skate by height."""

import math

import numpy as np
import pytest

from dancegen.metrics import (
    contact_slide,
    copy_rate,
    floor_float,
    foot_slide,
    joint_limits,
    motion_windows,
    nearest_distances,
    seed_diversity,
    self_repetition,
)
from dancegen.metrics.heading_frame import headings, in_heading_frame
from dancegen.metrics.joint_limits import LIMITS, TOLERANCE_DEG
from dancegen.metrics.repetition import REFERENCE_HOP_S
from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES

FPS = 30.0
STANDING_M = 0.9846
"""Height of the pelvis over flat feet with straight legs."""


def wandering_motion(seed: int, seconds: float = 20.0, fps: float = FPS) -> Motion:
    """Smooth random poses of every joint, turning and travelling: each second is new. In closed form, so the same at
    every frame rate."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * fps)) / fps
    rates = rng.uniform(0.1, 0.9, size=(24, 3, 3))
    starts = rng.uniform(0, 2 * np.pi, size=(24, 3, 3))
    waves = np.sin(2 * np.pi * rates * times[:, None, None, None] + starts)
    poses = (0.12 * waves.sum(axis=3)).astype(np.float32)
    poses[:, 0] = np.stack([0 * times, 0.5 * times + seed, 0 * times], axis=1)
    way = 0.05 * waves[:, 0, :, 0] * np.array([1.0, 0.05, 1.0]) + np.array([0, STANDING_M, 0])
    return Motion(poses, way.astype(np.float32), fps)


def elsewhere(joints: np.ndarray, angle: float = 2.0) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return joints @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T + np.array([3.0, 0, -2.0])


def standing_joints(frames: int = 90) -> np.ndarray:
    poses = np.zeros((frames, 24, 3), np.float32)
    trans = np.tile(np.float32([0, STANDING_M, 0]), (frames, 1))
    return Motion(poses, trans, FPS).joints().astype(np.float64)


# --- seen from the dancer


def test_heading_is_that_of_the_pelvis():
    for angle in (0.0, 0.7, -2.5):
        poses = np.zeros((1, 24, 3), np.float32)
        poses[0, 0, 1] = angle
        joints = Motion(poses, np.zeros((1, 3), np.float32), FPS).joints()
        rest = headings(Motion(poses * 0, np.zeros((1, 3), np.float32), FPS).joints())
        assert headings(joints)[0] == pytest.approx(angle + rest[0], abs=1e-5)
        assert rest[0] == pytest.approx(0, abs=0.05)


def test_a_pose_looks_the_same_from_anywhere():
    joints = wandering_motion(1).joints().astype(np.float64)
    np.testing.assert_allclose(
        in_heading_frame(elsewhere(joints), elsewhere(joints)), in_heading_frame(joints, joints), atol=1e-9
    )


# --- windows and copies


def test_distance_of_windows_is_in_metres():
    """One of 24 joints moved by d in every frame: the root mean square is d / sqrt(24)."""
    moved = standing_joints()
    moved[:, 21, 1] += 0.24
    distance = nearest_distances(motion_windows(moved, FPS), motion_windows(standing_joints(), FPS))
    np.testing.assert_allclose(distance, 0.24 / math.sqrt(24), rtol=1e-5)


def test_a_copy_is_found_wherever_it_is_danced():
    motion = wandering_motion(1)
    training = np.concatenate(
        [motion_windows(wandering_motion(seed).joints(), FPS, REFERENCE_HOP_S) for seed in (1, 2, 3)]
    )
    held_out = nearest_distances(motion_windows(wandering_motion(4).joints(), FPS), training)
    assert np.median(held_out) > 0.1
    copy = elsewhere(motion.joints()[7:].astype(np.float64))  # begins between two training windows
    rate = copy_rate(motion_windows(copy, FPS), training, held_out)
    assert rate.median_m < 0.03
    assert rate.copied == 1
    assert rate.held_out_copied == 0
    assert rate.ratio < 0.2
    assert rate.windows == 38
    fresh = copy_rate(motion_windows(wandering_motion(5).joints(), FPS), training, held_out)
    assert fresh.copied == 0
    assert fresh.ratio == pytest.approx(1, abs=0.3)


def test_half_a_copy_is_half_copied():
    source, new = wandering_motion(1).joints(), wandering_motion(5).joints()
    training = motion_windows(source, FPS, REFERENCE_HOP_S)
    held_out = nearest_distances(motion_windows(wandering_motion(4).joints(), FPS), training)
    windows = np.concatenate([motion_windows(source[:300], FPS), motion_windows(new[:300], FPS)])
    assert copy_rate(windows, training, held_out).copied == pytest.approx(0.5)


def test_a_mirrored_copy_needs_mirrored_training_motion():
    motion = wandering_motion(1)
    mirrored = motion_windows(motion.mirrored().joints(), FPS)
    training = motion_windows(motion.joints(), FPS, REFERENCE_HOP_S)
    assert np.median(nearest_distances(mirrored, training)) > 0.05
    both = np.concatenate([training, motion_windows(motion.mirrored().joints(), FPS, REFERENCE_HOP_S)])
    # windows every 0.1 s contain those every 0.5 s
    assert np.median(nearest_distances(mirrored, both)) < 1e-6
    swapped = motion_windows(motion.mirrored().mirrored().joints(), FPS)
    np.testing.assert_allclose(swapped, motion_windows(motion.joints(), FPS), atol=1e-5)


def test_nearest_is_exact_and_chunked():
    rng = np.random.default_rng(0)
    windows, references = rng.normal(size=(700, 30)).astype(np.float32), rng.normal(size=(50, 30)).astype(np.float32)
    expected = np.linalg.norm(windows[:, None].astype(np.float64) - references[None], axis=2).min(axis=1)
    np.testing.assert_allclose(nearest_distances(windows, references), expected, rtol=1e-6)
    np.testing.assert_array_equal(nearest_distances(references, references), 0)


def test_windows_with_faulty_frames_are_left_out():
    joints = standing_joints(150)
    valid = np.ones(150, dtype=bool)
    valid[70] = False
    assert len(motion_windows(joints, FPS)) == 9
    # windows begin every 15 frames and span 28; only those at 0, 15, 30 and from 75 on are sound
    assert len(motion_windows(joints, FPS, valid=valid)) == 3 + 4


def test_what_cannot_be_compared_raises_or_warns():
    windows = motion_windows(standing_joints(), FPS)
    with pytest.raises(ValueError, match="no reference windows"):
        nearest_distances(windows, windows[:0])
    with pytest.raises(ValueError, match="windows must be"):
        nearest_distances(windows, windows[:, :5])
    with pytest.raises(ValueError, match="hop_s"):
        motion_windows(standing_joints(), FPS, 0.0)
    for bad in (np.zeros(0), np.array([np.nan]), np.zeros((2, 2))):
        with pytest.raises(ValueError, match="held_out_distances"):
            copy_rate(windows, windows, bad)
    with pytest.warns(UserWarning, match="shorter than a window"):
        assert math.isnan(copy_rate(motion_windows(standing_joints(20), FPS), windows, np.ones(3)).copied)


# --- repetition within a song


def test_a_loop_repeats_itself_and_a_wandering_dance_does_not():
    step = wandering_motion(1, 5.0).joints().astype(np.float64)
    loop = np.concatenate([elsewhere(step, angle) for angle in (0.0, 1.0, 2.0, 3.0)])
    repeated, wandering = self_repetition(loop, FPS), self_repetition(wandering_motion(1).joints(), FPS)
    assert repeated.nearest_m == pytest.approx(0, abs=1e-6)
    assert repeated.median_m == pytest.approx(0, abs=1e-6)
    assert wandering.nearest_m > 0.03
    assert wandering.median_m > 0.08
    assert repeated.windows == wandering.windows == 39


def test_nothing_far_enough_apart_warns():
    with pytest.warns(UserWarning, match="too short to repeat"):
        assert math.isnan(self_repetition(standing_joints(), FPS).median_m)


@pytest.mark.parametrize("fps", [60.0, 120.0])
def test_frame_rate_does_not_matter(fps):
    def numbers(rate: float) -> list[float]:
        first, second = (wandering_motion(seed, fps=rate).joints() for seed in (1, 2))
        repetition, diversity = self_repetition(first, rate), seed_diversity([first, second], rate)
        limits = joint_limits(6 * wandering_motion(3, fps=rate).poses)
        nearest = nearest_distances(motion_windows(first, rate), motion_windows(second, rate, REFERENCE_HOP_S))
        return [
            repetition.median_m, repetition.nearest_m, diversity.trajectory_m, diversity.pose_m, limits.share,
            limits.excess_deg, float(np.median(nearest)),
        ]  # fmt: skip

    assert numbers(fps) == pytest.approx(numbers(FPS), rel=0.02)


# --- diversity across seeds


def test_diversity_by_hand():
    """Arm raised by 0.24 m in one of three dances: 1 of 24 joints, in 2 of 3 pairs."""
    raised = standing_joints()
    raised[:, 21, 1] += 0.24
    diversity = seed_diversity([standing_joints(), elsewhere(standing_joints(120)), raised], FPS)
    assert diversity.pose_m == pytest.approx(0.01 * 2 / 3)
    assert diversity.trajectory_m == pytest.approx(0.01 * 2 / 3)
    assert diversity.dances == 3


def test_diversity_tells_ways_over_the_floor_from_poses():
    walk = standing_joints() + 0.01 * np.arange(90)[:, None, None] * np.array([0, 0, 1.0])
    diversity = seed_diversity([standing_joints(), elsewhere(walk)], FPS)
    assert diversity.pose_m == pytest.approx(0, abs=1e-9)
    assert diversity.trajectory_m == pytest.approx(0.01 * 89 / 2)


def test_diversity_needs_two_dances():
    with pytest.warns(UserWarning, match="Fewer than two dances"):
        assert math.isnan(seed_diversity([standing_joints()], FPS).pose_m)
    with pytest.raises(ValueError, match="joints must be"):
        seed_diversity([standing_joints()[:, :22]] * 2, FPS)


# --- joint limits


def bent(joint: str, axis: int, degrees: float) -> np.ndarray:
    poses = np.zeros((10, 24, 3))
    poses[:4, JOINT_NAMES.index(joint), axis] = np.radians(degrees)
    return poses


@pytest.mark.parametrize(
    ("joint", "axis", "allowed", "too_far", "name"),
    [
        ("left_knee", 0, 140, -40, "left_knee"),  # the heel to the seat, and the shin forward
        ("right_hip", 0, -125, 60, "right_hip"),  # the thigh to the chest, and far behind
        ("left_hip", 2, 50, -60, "left_hip"),  # sideways out, and across the other leg
        ("right_hip", 2, -50, 60, "right_hip"),
        ("left_elbow", 1, -150, 40, "left_elbow"),
        ("right_elbow", 1, 150, -40, "right_elbow"),
        ("left_shoulder", 2, -95, 130, "left_shoulder"),
        ("right_ankle", 0, 55, -50, "right_ankle"),
        ("head", 1, 65, 110, "neck"),
        ("spine2", 0, 85, -60, "spine"),
    ],
)
def test_limits_of_single_joints(joint, axis, allowed, too_far, name):
    assert joint_limits(bent(joint, axis, allowed)).share == 0
    limits = joint_limits(bent(joint, axis, too_far))
    assert limits.share == pytest.approx(0.4)
    assert limits.by_joint[name] == pytest.approx(0.4)
    assert sum(limits.by_joint.values()) == pytest.approx(0.4)
    assert limits.worst_deg > 9
    assert limits.excess_deg == pytest.approx(0.4 * limits.worst_deg)


def test_excess_is_in_degrees():
    assert joint_limits(bent("left_knee", 0, -45)).worst_deg == pytest.approx(45 - 10 - TOLERANCE_DEG)


def test_chains_are_judged_together_and_twists_of_the_forearm_added():
    poses = np.zeros((1, 24, 3))
    poses[0, [3, 6, 9], 1] = np.radians(30)
    assert joint_limits(poses).worst_deg == pytest.approx(90 - 45 - TOLERANCE_DEG)
    poses = np.zeros((1, 24, 3))
    poses[0, [18, 20], 0] = np.radians(60)
    limits = joint_limits(poses)
    assert limits.worst_deg == pytest.approx(120 - 80 - TOLERANCE_DEG)
    assert limits.by_joint["left_forearm"] == 1


def test_limits_hold_for_the_mirror_image():
    motion = wandering_motion(2)
    wild = Motion(6 * motion.poses, motion.trans, FPS)
    limits, image = joint_limits(wild.poses), joint_limits(wild.mirrored().poses)
    assert limits.share > 0
    assert image.share == limits.share
    assert image.excess_deg == pytest.approx(limits.excess_deg, rel=1e-5)
    assert image.by_joint["left_hip"] == limits.by_joint["right_hip"]


def test_every_limit_has_room_for_the_rest_pose():
    assert joint_limits(np.zeros((5, 24, 3))).share == 0
    for limit in LIMITS:
        assert all(ends is None or ends[0] <= 0 <= ends[1] for ends in (limit.x, limit.y, limit.z))


def test_malformed_poses_raise():
    with pytest.raises(ValueError, match="poses must be"):
        joint_limits(np.zeros((5, 72)))
    with pytest.raises(ValueError, match="finite"):
        joint_limits(np.full((5, 24, 3), np.nan))
    with pytest.raises(ValueError, match="valid must be"):
        joint_limits(np.zeros((5, 24, 3)), np.ones(4, dtype=bool))
    with pytest.warns(UserWarning, match="empty"):
        assert math.isnan(joint_limits(np.zeros((5, 24, 3)), np.zeros(5, dtype=bool)).share)


# --- feet


def test_slides_of_any_speed_are_seen():
    for speed in (0.1, 1.0):
        joints = standing_joints() + speed / FPS * np.arange(90)[:, None, None] * np.array([0.6, 0, 0.8])
        slide = contact_slide(joints, FPS)
        assert slide.mm_per_frame == pytest.approx(speed * 1e3 / 30)
        assert slide.mm_per_s == pytest.approx(speed * 1e3)
        assert slide.contact_share == pytest.approx(1, abs=0.1)
    with pytest.warns(UserWarning, match="No foot is in contact"):
        assert math.isnan(foot_slide(joints, FPS))


def test_a_lifted_foot_may_move():
    joints = standing_joints()
    joints[:, [8, 11], 1] += 0.05
    joints[:, [8, 11], 0] += 0.03 * np.arange(90)[:, None]
    slide = contact_slide(joints, FPS)
    assert slide.mm_per_frame == pytest.approx(0, abs=1e-9)
    assert slide.contact_share == pytest.approx(0.5, abs=0.05)
    with pytest.warns(UserWarning, match="No foot is near the floor"):
        assert math.isnan(contact_slide(joints + np.array([0, 1.0, 0]), FPS).mm_per_s)


def test_floating_now_and_then_is_seen():
    joints = standing_joints()
    joints[..., 1] -= joints[:, 10:12, 1].min() - 0.028
    standing = floor_float(joints, FPS)
    joints[:30, :, 1] += 0.09
    assert floor_float(joints, FPS) - standing == pytest.approx(30, rel=0.02)
