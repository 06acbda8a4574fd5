"""Laying dances without music on the beats of songs."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionbeat.beatlock import MAX_STRETCH, LaidDance, lay_on_beats, motion_events, natural_tempo
from motionbeat.beats import BeatGrid
from motionbeat.contacts import foot_plants
from motionbeat.motion import Motion
from motionbeat.skeleton import OFFSETS_M

FPS = 30.0
STANDING_M = float(0.028 - (OFFSETS_M[1] + OFFSETS_M[4] + OFFSETS_M[7] + OFFSETS_M[10])[1])


def stepping(step_times_s: np.ndarray, seconds: float) -> Motion:
    """A body that lifts one knee after the other; a lift ends at each of ``step_times_s``."""
    time = np.arange(round(seconds * FPS)) / FPS
    step = np.interp(time, step_times_s, np.arange(len(step_times_s)))
    poses = np.zeros((len(time), 24, 3), dtype=np.float32)
    for side, (hip, knee) in enumerate(((1, 4), (2, 5))):
        lift = np.maximum(np.sin(np.pi * (step + side)), 0) ** 2
        poses[:, hip, 0], poses[:, knee, 0] = -0.6 * lift, 1.2 * lift
    trans = np.tile([0, STANDING_M, 0], (len(time), 1)).astype(np.float32)
    return Motion(poses, trans, FPS)


def unsteady_steps(period_s: float, seconds: float, wobble: float) -> np.ndarray:
    """Times of steps whose spacing goes up and down by the share ``wobble`` over some twelve steps."""
    number = np.arange(int(seconds / period_s / (1 - wobble)) + 2)
    return np.concatenate([[0.0], np.cumsum(period_s * (1 + wobble * np.sin(number / 2)))])


def lay(motion: Motion, song: BeatGrid, **options: float) -> LaidDance:
    return lay_on_beats(motion, np.ones(len(motion), bool), song, **options)


def lock(times_s: np.ndarray, song: BeatGrid) -> float:
    return float(np.abs(np.exp(2j * np.pi * song.beat_phase(times_s)).mean()))


def plants_within(laid: LaidDance) -> np.ndarray:
    plants = foot_plants(laid.motion.contacts, FPS)
    return plants[(plants > laid.song_times_s[0]) & (plants < laid.song_times_s[-1])]


def local_rates(laid: LaidDance) -> np.ndarray:
    """At each frame between the first and the last half beat, relative to the overall rate."""
    first, last = laid.song_times_s[[0, -1]]
    return laid.warp.derivative()(np.arange(math.ceil(first * FPS), math.floor(last * FPS)) / FPS) / laid.rate


@pytest.mark.parametrize("tempo_ratio", [0.9, 1.0, 1.1])
@pytest.mark.parametrize("wobble", [0.0, 0.12])
def test_steps_fall_on_the_beats_of_a_song_in_another_tempo(tempo_ratio: float, wobble: float) -> None:
    motion = stepping(unsteady_steps(0.5, 24, wobble), 24)
    song = BeatGrid.steady(120 * tempo_ratio, 30)
    before = motion_events(motion).of_kind("plant")
    laid = lay(motion, song)
    after = plants_within(laid)
    assert len(after) > 30
    assert lock(after, song) > 0.8
    if wobble or tempo_ratio != 1:
        assert lock(before, song) < 0.6
    phase = np.angle(np.exp(2j * np.pi * song.beat_phase(after)).mean()) / (2 * np.pi)
    assert abs(phase) < 0.1, "on the beats, not merely at one phase"


def test_the_warp_is_monotone_bounded_and_without_steps_in_speed() -> None:
    laid = lay(stepping(unsteady_steps(0.45, 30, 0.3), 30), BeatGrid.steady(118, 40))
    assert (np.diff(laid.dance_times_s) > 0).all()
    rates = local_rates(laid)
    within = np.abs(np.log(rates)) <= math.log(MAX_STRETCH) + 1e-9
    frames = math.ceil(laid.song_times_s[0] * FPS) + np.arange(len(rates))
    assert not laid.valid[frames][~within].any()
    assert within.mean() > 0.95
    assert np.abs(np.diff(rates)).max() < 0.12, "a frame is never played at a much other speed than the one before"
    assert laid.valid.mean() > 0.9


def test_too_uneven_steps_are_not_forced_onto_beats() -> None:
    steps = np.cumsum(np.tile([0.3, 0.3, 0.9, 0.5], 14))
    laid = lay(stepping(np.concatenate([[0.0], steps]), 26), BeatGrid.steady(120, 30))
    assert np.abs(np.log(np.diff(laid.dance_times_s) / np.diff(laid.song_times_s) / laid.rate)).max() < math.log(1.2)


def test_invalid_frames_stay_invalid_where_they_are_played() -> None:
    motion = stepping(unsteady_steps(0.5, 20, 0.0), 20)
    valid = np.ones(len(motion), bool)
    valid[300:330] = False
    laid = lay_on_beats(motion, valid, BeatGrid.steady(120, 30))
    played = laid.warp(np.arange(len(laid.motion)) / FPS)
    faulty = (played > 300.5 / FPS) & (played < 328.5 / FPS)
    assert faulty.sum() > 20
    assert not laid.valid[faulty].any()
    assert laid.valid[(played < 298 / FPS) | (played > 332 / FPS)].mean() > 0.95


def test_frames_before_the_first_beat_are_invalid() -> None:
    song = BeatGrid(1.0 + np.arange(40) * 0.5, 1.0 + np.arange(0, 40, 4) * 0.5, 4, 120.0, 1.0)
    laid = lay(stepping(unsteady_steps(0.5, 15, 0.0), 15), song)
    assert not laid.valid[: int(FPS)].any()
    assert laid.valid[int(FPS) + 1 :].mean() > 0.95


def test_a_song_longer_than_the_dance_ends_with_the_dance() -> None:
    motion = stepping(unsteady_steps(0.5, 12, 0.05), 12)
    laid = lay(motion, BeatGrid.steady(120, 60))
    assert 9 < laid.song_times_s[-1] < 14.5
    assert laid.dance_times_s[-1] <= motion.duration
    assert laid.motion.duration == pytest.approx(laid.song_times_s[-1], abs=1.1 / FPS)
    assert len(laid.valid) == len(laid.motion)


def test_of_a_dance_longer_than_the_song_another_part_can_be_taken() -> None:
    motion = stepping(unsteady_steps(0.5, 60, 0.05), 60)
    song = BeatGrid.steady(120, 20)
    first, last = lay(motion, song, part=0.0), lay(motion, song, part=1.0)
    assert first.song_times_s[-1] == last.song_times_s[-1] == song.beats[-1]
    assert first.dance_times_s[0] < 3
    assert last.dance_times_s[0] > 30
    assert last.dance_times_s[-1] > 55


def test_the_same_input_gives_the_same_dance() -> None:
    motion = stepping(unsteady_steps(0.5, 15, 0.1), 15)
    once, again = (lay(motion, BeatGrid.steady(110, 20)) for _ in range(2))
    np.testing.assert_array_equal(once.motion.poses, again.motion.poses)
    np.testing.assert_array_equal(once.valid, again.valid)
    assert once.rate == again.rate


def test_without_weight_on_events_the_dance_is_played_evenly() -> None:
    motion = stepping(unsteady_steps(0.5, 20, 0.15), 20)
    laid = lay(motion, BeatGrid.steady(113, 30), event_weight=0.0)
    assert local_rates(laid).std() < 0.02
    assert laid.rate == pytest.approx(1.0, abs=0.03)
    assert lay(motion, BeatGrid.steady(113, 30)).warp is not None


def test_a_song_of_changing_tempo_is_followed() -> None:
    periods = 0.5 + 0.05 * np.sin(np.arange(50) / 6)
    beats = np.concatenate([[0.0], np.cumsum(periods)])
    song = BeatGrid(beats, beats[::4], 4, 120.0, 1.0)
    after = plants_within(lay(stepping(unsteady_steps(0.52, 24, 0.0), 24), song))
    assert lock(after, song) > 0.8


def test_planted_feet_stay_planted() -> None:
    motion = stepping(unsteady_steps(0.5, 20, 0.1), 20)
    laid = lay(motion, BeatGrid.steady(128, 30))
    joints = laid.motion.joints()[:, [7, 8, 10, 11]]
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * FPS
    down = (laid.motion.contacts[1:] > 0.9) & (laid.motion.contacts[:-1] > 0.9)
    assert down.mean() > 0.3
    assert speed[down].max() < 0.5 * MAX_STRETCH * laid.rate  # contacts end at 0.5 m/s in the recording


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    tempo=st.floats(60, 200),
    seconds=st.floats(4, 14),
    song_seconds=st.floats(3, 20),
    part=st.floats(0, 1),
)
def test_any_dance_on_any_song_keeps_the_limits(
    seed: int, tempo: float, seconds: float, song_seconds: float, part: float
) -> None:
    steps = np.concatenate([[0.0], np.cumsum(np.random.default_rng(seed).uniform(0.2, 1.0, 80))])
    motion = stepping(steps, seconds)
    song = BeatGrid.steady(tempo, song_seconds)
    laid = lay(motion, song, part=part)
    assert laid.dance_times_s[0] >= 0
    assert laid.dance_times_s[-1] <= motion.duration
    assert np.isin(laid.song_times_s[::2], song.beats).all()
    slopes = np.diff(laid.dance_times_s) / np.diff(laid.song_times_s) / laid.rate
    assert np.abs(np.log(slopes)).max() <= math.log(MAX_STRETCH) + 0.03
    assert laid.motion.contacts is not None and len(laid.valid) == len(laid.motion)
    assert np.isfinite(laid.motion.poses).all()


def test_events_are_found_where_they_are() -> None:
    steps = unsteady_steps(0.5, 12, 0.0)
    motion = stepping(steps, 12)
    time = np.arange(len(motion)) / FPS
    motion.poses[:, 16, 2] = -1.0 + 0.6 * np.cos(2 * np.pi * time / 1.5)  # turns back every 0.75 s
    events = motion_events(motion)
    plants = events.of_kind("plant")
    assert len(plants) == pytest.approx(24, abs=2)
    assert np.abs(np.abs(plants[:, None] - steps[None]).min(axis=1)).max() < 0.1
    turns = events.of_kind("turn")
    hand = np.arange(1, 15) * 0.75
    assert np.abs(hand[:, None] - turns[None]).min(axis=1).max() < 0.05
    assert (np.diff(events.times_s) >= 0).all()
    assert events.strengths.min() > 0 and events.strengths.max() <= 1


def test_a_hand_that_stops_sharply_and_stays_is_a_stop() -> None:
    motion = stepping(np.array([0.0, 100.0]), 6)
    time = np.arange(len(motion)) / FPS
    motion.poses[:, :12] = 0
    motion.poses[:, 16, 2] = np.interp(time, [1.0, 1.4, 3.0, 3.4], [0, -1.2, -1.2, -0.2])
    events = motion_events(motion)
    assert len(events.of_kind("turn")) == 0 and len(events.of_kind("plant")) == 0
    np.testing.assert_allclose(events.of_kind("stop"), [1.4, 3.4], atol=0.06)


def test_a_body_at_rest_has_no_events_and_can_be_laid() -> None:
    motion = Motion(np.zeros((300, 24, 3), np.float32), np.tile(np.float32([0, STANDING_M, 0]), (300, 1)), FPS)
    assert len(motion_events(motion).times_s) == 0
    laid = lay(motion, BeatGrid.steady(120, 20))
    assert local_rates(laid).std() < 0.02
    assert laid.valid[1:].all()


def test_natural_tempo_is_that_of_the_steps() -> None:
    motion = stepping(unsteady_steps(0.48, 20, 0.0), 20)
    assert natural_tempo(motion) == pytest.approx(125, rel=0.03)


def test_what_cannot_be_laid_says_why() -> None:
    motion = stepping(unsteady_steps(0.5, 3, 0.0), 3)
    with pytest.raises(ValueError, match=r"\(90,\)"):
        lay_on_beats(motion, np.ones(5, bool), BeatGrid.steady(120, 20))
    with pytest.raises(ValueError, match="two beats"):
        lay(motion.crop(0, 20), BeatGrid.steady(60, 20))
