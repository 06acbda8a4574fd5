"""Keeping a part of a given motion: what is known stays, and what is free meets it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from dancegen.beat_time import beat_frames, motion_at
from dancegen.constraints import BORDER_S, Constraint, KnownPart, both, cleaned_around, keep, start_from
from dancegen.joint_groups import JOINT_GROUPS, joints_named
from dancegen.pipeline import DancePipeline
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.motion_features import features_to_motion, motion_to_features
from motionbeat.skeleton import JOINT_NAMES

from .test_motion import wander
from .test_pipeline import dance, pipeline  # noqa: F401 (a fixture)
from .test_training import stepping

FRAMES = 120
ALL = range(24)


def upright(frames: int = FRAMES, seed: int = 0) -> Motion:
    """A smooth random motion that stays on its feet."""
    motion = wander(frames, seed)
    poses = motion.poses.copy()
    poses[:, 0, [0, 2]] *= 0.2
    return Motion(poses, motion.trans, motion.fps)


def rotation_error(first: Motion, second: Motion) -> np.ndarray:
    """(T, 24) radians between the local rotations of two motions."""
    turns = [Rotation.from_rotvec(motion.poses.reshape(-1, 3)) for motion in (first, second)]
    return (turns[0].inv() * turns[1]).magnitude().reshape(-1, 24)


def seen_from_first_frame(motion: Motion) -> np.ndarray:
    """(T, 24, 3) joints with the pelvis above the origin and the dancer facing +z at the first frame."""
    return features_to_motion(motion_to_features(motion)).joints()


def known(values: np.ndarray, mask: np.ndarray) -> KnownPart:
    return KnownPart(Constraint(values.astype(np.float32), mask), torch.zeros(151), torch.ones(151))


def test_groups_are_joints_and_cover_the_body() -> None:
    assert set(JOINT_GROUPS["upper"]) | set(JOINT_GROUPS["lower"]) == set(JOINT_NAMES)
    assert not set(JOINT_GROUPS["upper"]) & set(JOINT_GROUPS["lower"])
    assert joints_named("legs,root") == joints_named("lower")
    assert [JOINT_NAMES[joint] for joint in joints_named("head, left-knee")] == ["left_knee", "neck", "head"]
    with pytest.raises(UserError, match=r"keep-joints: 'tail' is unknown"):
        joints_named("head,tail")


def test_a_prediction_is_bent_to_meet_what_is_known_and_left_alone_elsewhere() -> None:
    mask = np.zeros((60, 151), dtype=bool)
    mask[20:40, 7:13] = True
    time = torch.arange(60.0)[:, None]
    wavy = torch.sin(time / 9 + torch.arange(151.0))
    rising = 0.02 * time.expand(-1, 151).numpy()
    bent = known(wavy.numpy() + 0.5 + rising, mask).imposed_on(wavy)
    border = round(BORDER_S * 30)
    change = (bent - wavy)[:, 7].numpy()
    np.testing.assert_allclose(change[20:40], 0.5 + rising[20:40, 7], atol=1e-6)
    assert np.abs(change[: 20 - border + 1]).max() == 0 and np.abs(change[39 + border :]).max() == 0
    # a cubic from 1.3 to 0 in ten frames has 6 * 1.3 / 10^2 at its ends; a hard border would have 0.9 and more
    assert np.abs(np.diff(change, 2)).max() < 0.09
    assert (bent - wavy)[:, 13:].abs().max() == 0 and (bent - wavy)[:, :7].abs().max() == 0


def test_a_gap_shorter_than_its_borders_meets_both_sides() -> None:
    mask = np.ones((40, 151), dtype=bool)
    mask[18:22] = False
    values = np.where(np.arange(40)[:, None] < 20, 1.0, -1.0) * np.ones((40, 151))
    bent = known(values, mask).imposed_on(torch.zeros(40, 151)).numpy()
    assert 0 < bent[18, 0] < 1 and -1 < bent[21, 0] < 0
    np.testing.assert_allclose(bent[18:22, 0], -bent[18:22][::-1, 0], atol=1e-6)


@pytest.mark.parametrize("names", ["upper", "left-arm", "lower"])
def test_kept_joints_are_those_of_the_given_motion(pipeline: DancePipeline, names: str) -> None:  # noqa: F811
    given, joints = upright(), joints_named(names)
    made = dance(pipeline, FRAMES, constraint=keep(given, FRAMES, joints)).motion
    error = rotation_error(made, given)
    body = [joint for joint in joints if joint]
    assert error[:, body].max() < 1e-3
    assert error[:, [joint for joint in range(1, 24) if joint not in joints]].mean() > 0.05


def test_a_kept_span_keeps_its_poses_and_its_own_path(pipeline: DancePipeline) -> None:  # noqa: F811
    given = upright()
    made = dance(pipeline, FRAMES, constraint=keep(given, FRAMES, ALL, [(1.0, 2.5)])).motion
    inside = slice(30, 75)
    assert rotation_error(made, given)[inside, 1:].max() < 1e-3
    ours, theirs = (seen_from_first_frame(motion.crop(30, 75)) for motion in (made, given))
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    free = np.r_[0:25, 80:FRAMES]
    assert rotation_error(made, given)[free, 1:].mean() > 0.05


def test_a_dance_begins_in_the_start_pose(pipeline: DancePipeline) -> None:  # noqa: F811
    given = upright()
    made = dance(pipeline, FRAMES, constraint=start_from(given, 2.0, FRAMES)).motion
    assert rotation_error(made, given.sampled_at(np.full(FRAMES, 2.0), 30.0))[0, 1:].max() < 1e-3
    assert made.trans[0, 1] == pytest.approx(given.trans[60, 1], abs=1e-3)


def test_both_constraints_hold_and_the_second_wins() -> None:
    first, second = (keep(upright(seed=seed), FRAMES, ALL, [(seed, seed + 2.0)]) for seed in (0, 1))
    together = both(first, second)
    np.testing.assert_array_equal(together.mask, first.mask | second.mask)
    np.testing.assert_array_equal(together.values[second.mask], second.values[second.mask])
    np.testing.assert_array_equal(together.values[5:29][first.mask[5:29]], first.values[5:29][first.mask[5:29]])


def test_mirrored_constraint_is_that_of_the_mirrored_motion() -> None:
    given = stepping(0.5, 3.0)
    ours = keep(given, FRAMES, joints_named("left-arm,left-leg")).mirrored()
    theirs = keep(given.mirrored(), FRAMES, joints_named("right-arm,right-leg"))
    np.testing.assert_array_equal(ours.mask, theirs.mask)
    # contacts are detected, on a skeleton that is not quite symmetric
    np.testing.assert_allclose(ours.values[:, 4:], theirs.values[:, 4:], atol=1e-5)


def test_what_is_known_in_seconds_is_known_at_the_nearest_beat_frames() -> None:
    given = stepping(0.5, 6.0)
    frames = beat_frames(BeatGrid.steady(97.0, 6.0, first_s=0.3), 6.0, spare_beats=12)
    counted = keep(given, 180, ALL, [(2.0, 4.0)]).in_beats(frames)
    inside = (frames.times_s > 2.02) & (frames.times_s < 3.95)
    outside = (frames.times_s < 1.95) | (frames.times_s > 4.02)
    assert counted.mask[inside].all() and not counted.mask[outside].any()
    theirs = motion_to_features(motion_at(frames, given))
    body = np.r_[5, 13:151]
    np.testing.assert_allclose(counted.values[inside][:, body], theirs[inside][:, body], atol=1e-4)
    # from the second frame of the span on its steps and turns are its own too
    np.testing.assert_allclose(counted.values[inside][2:, 4:], theirs[inside][2:, 4:], atol=1e-3)


@pytest.mark.parametrize("tempo", [45.0, 61.0, 97.0, 200.0])
def test_a_start_pose_is_known_at_one_beat_frame_or_more(tempo: float) -> None:
    frames = beat_frames(BeatGrid.steady(tempo, 6.0, first_s=0.3), 6.0)
    counted = start_from(upright(), 2.0, 180).in_beats(frames)
    known_at = np.flatnonzero(counted.mask.any(axis=1))
    assert len(known_at) and np.abs(frames.times_s[known_at]).max() < 0.05
    assert not counted.mask[:, [0, 1, 2, 3, 4, 6]].any()


def test_cleanup_leaves_what_was_kept_as_it_was() -> None:
    given, other = stepping(0.5, 6.0), stepping(0.4, 6.0, seed=3)
    constraint = keep(given, 180, ALL, [(2.0, 4.0)])
    composed = constraint.restored(other)
    cleaned = cleaned_around(composed, constraint)
    ours, theirs = (seen_from_first_frame(motion.crop(60, 120)) for motion in (cleaned, given))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    assert np.abs(seen_from_first_frame(cleaned) - seen_from_first_frame(composed)).max() > 1e-3


def test_contacts_are_kept_with_the_whole_leg_only() -> None:
    given = stepping(0.5, 4.0)
    assert keep(given, FRAMES, joints_named("lower")).mask[5, :4].all()
    assert not keep(given, FRAMES, joints_named("legs")).mask[5, :4].any()
    assert keep(given, FRAMES, joints_named("root,left-leg")).mask[5, :4].tolist() == [True, False, True, False]


def test_another_frame_rate_keeps_its_seconds() -> None:
    given = upright(FRAMES)
    slow = keep(given, FRAMES, ALL, [(1.0, 2.0)])
    fast = keep(given.resampled(60.0), FRAMES, ALL, [(1.0, 2.0)])
    np.testing.assert_array_equal(slow.mask, fast.mask)
    np.testing.assert_allclose(slow.values[30:60, 7:], fast.values[30:60, 7:], atol=1e-2)


def lying() -> Motion:
    motion = upright()
    poses = motion.poses.copy()
    poses[:, 0] = [np.pi / 2, 0, 0]
    return Motion(poses, motion.trans, motion.fps)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: keep(upright(), FRAMES, ALL), "nothing is left to fill"),
        (lambda: keep(upright(), FRAMES, ALL, [(5.0, 6.0)]), r"second 5 lies beyond the 4\.0 s"),
        (lambda: keep(upright(), 30, ALL, [(2.0, 3.0)]), r"no frame of the 1\.0 s"),
        (lambda: keep(lying(), FRAMES, ALL, [(0.0, 1.0)]), "does not stand upright"),
        (lambda: start_from(upright(), 4.5, FRAMES), r"second 4\.5 does not lie in the 4\.0 s"),
        (lambda: start_from(lying(), 0.0, FRAMES), "does not stand upright"),
    ],
)
def test_what_cannot_be_kept_is_said_in_one_line(make, expected: str) -> None:
    with pytest.raises(UserError, match=expected) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_constraint_of_another_length_is_refused(pipeline: DancePipeline) -> None:  # noqa: F811
    with pytest.raises(UserError, match="120 frames, the music 100"):
        dance(pipeline, 100, constraint=keep(upright(), FRAMES, ALL, [(0.0, 1.0)]))
    with pytest.raises(ValueError, match="151"):
        Constraint(np.zeros((5, 150), np.float32), np.zeros((5, 150), bool))
