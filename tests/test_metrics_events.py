"""Metrics on event times: beat alignment, beat lock, precision and recall."""

import mir_eval.beat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancegen.metrics import (
    beat_alignment,
    beat_alignment_chance,
    beat_f_measure,
    beat_f_measure_chance,
    beat_lock,
    chance_corrected,
)

BEATS = np.arange(0.0, 30.0, 0.5)
DIRECTIONS = ("music_to_motion", "motion_to_music")
times = st.lists(st.floats(0, 60, allow_nan=False, width=32), min_size=1, max_size=40).map(
    lambda values: np.sort(np.array(values, dtype=np.float64))
)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_perfect_alignment_is_one(direction):
    assert beat_alignment(BEATS, BEATS, direction) == 1.0


def test_alignment_by_hand():
    motion, music = np.array([1.0, 2.0, 3.1]), np.array([1.0, 2.0, 3.0])
    assert beat_alignment(motion, music) == pytest.approx((2 + np.exp(-2)) / 3)


def test_directions_differ():
    motion = BEATS[::4]
    assert beat_alignment(motion, BEATS, "motion_to_music") == 1.0
    assert beat_alignment(motion, BEATS, "music_to_motion") == pytest.approx(0.25, abs=1e-6)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_no_beats_warn_and_give_zero(direction):
    with pytest.warns(UserWarning, match="No motion beats"):
        assert beat_alignment(np.zeros(0), BEATS, direction) == 0.0
    with pytest.warns(UserWarning, match="No motion beats"):
        assert beat_alignment_chance(BEATS, np.zeros(0), 30.0, direction) == (0.0, 0.0)


@settings(deadline=None, derandomize=True)
@given(motion=times, music=times, move=st.floats(-30, 30))
def test_alignment_lies_in_range_and_ignores_a_common_shift(motion, music, move):
    score = beat_alignment(motion, music)
    assert 0 <= score <= 1
    assert beat_alignment(motion + 30 + move, music + 30 + move) == pytest.approx(score, abs=1e-6)


def test_chance_of_a_regular_train_is_the_known_one():
    """Rate times sigma times sqrt(2 pi): 1.9 beats a second and 50 ms give 0.238."""
    motion = np.arange(0, 300, 1 / 1.9)
    chance, chance_95 = beat_alignment_chance(motion, np.arange(0, 300, 0.47), 300.0)
    assert chance == pytest.approx(1.9 * 0.05 * np.sqrt(2 * np.pi), abs=0.01)
    assert chance_95 >= chance


def test_chance_is_the_same_every_time():
    assert beat_alignment_chance(BEATS + 0.1, BEATS, 30.0) == beat_alignment_chance(BEATS + 0.1, BEATS, 30.0)


def test_chance_correction():
    assert chance_corrected(0.25, 0.25) == 0
    assert chance_corrected(1.0, 0.25) == 1
    assert chance_corrected(0.1, 0.25) < 0
    with pytest.raises(ValueError, match="chance must be below 1"):
        chance_corrected(0.5, 1.0)


@pytest.mark.parametrize("bad", [np.array([2.0, 1.0]), np.array([[1.0]]), np.array([np.nan]), np.array([1e6])])
def test_malformed_times_raise(bad):
    for metric in (beat_alignment, beat_f_measure, beat_lock):
        with pytest.raises(ValueError, match=r"events|motion_beats"):
            metric(bad, BEATS)


def test_malformed_options_raise():
    with pytest.raises(ValueError, match="direction"):
        beat_alignment(BEATS, BEATS, "both")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sigma_s"):
        beat_alignment(BEATS, BEATS, sigma_s=0)
    with pytest.raises(ValueError, match="window_s"):
        beat_f_measure(BEATS, BEATS, -1)
    with pytest.raises(ValueError, match="duration_s"):
        beat_alignment_chance(BEATS, BEATS, 0)
    with pytest.raises(ValueError, match="coincide"):
        beat_lock(BEATS, np.array([1.0, 1.0, 2.0]))


@settings(deadline=None, derandomize=True)
@given(events=times, beats=times)
def test_f_measure_is_that_of_mir_eval(events, beats):
    assert beat_f_measure(events, beats)[2] == pytest.approx(mir_eval.beat.f_measure(beats, events))


def test_precision_and_recall_by_hand():
    assert beat_f_measure(np.array([1.0, 1.5]), np.array([1.0, 2.0, 3.0])) == pytest.approx((1 / 2, 1 / 3, 0.4))
    assert beat_f_measure(np.array([1.069]), np.array([1.0]))[2] == 1
    assert beat_f_measure(np.array([1.071]), np.array([1.0]))[2] == 0


def test_f_measure_without_events_warns():
    with pytest.warns(UserWarning, match="No events"):
        assert beat_f_measure(np.zeros(0), BEATS) == (0.0, 0.0, 0.0)


def test_f_measure_chance_is_the_share_of_time_near_a_beat():
    events = np.sort(np.random.default_rng(0).uniform(0, 30, 300))
    precision, _, _ = beat_f_measure_chance(events, np.arange(0.25, 30, 1.0), 30.0)
    assert precision < 0.14  # each beat is hit once, so many events cannot raise it above 30 / 300
    assert beat_f_measure_chance(BEATS, BEATS, 30.0)[2] < 0.6


def test_lock_of_events_on_the_beat():
    lock = beat_lock(BEATS[::2], BEATS)
    assert lock.value == pytest.approx(1)
    assert lock.on_beat == pytest.approx(1)
    assert lock.mean_phase == pytest.approx(0, abs=1e-9)
    assert lock.value > lock.chance_95 > lock.chance
    assert lock.on_beat > lock.on_beat_95
    assert lock.p < 0.01
    assert lock.z > 3
    assert lock.events == 30


def test_lock_does_not_ask_for_phase_zero():
    early = beat_lock(BEATS[1:] - 0.125, BEATS)
    assert early.value == pytest.approx(1)
    assert early.mean_phase == pytest.approx(-0.25)
    assert early.on_beat == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("tempo_ratio", [0.87, 1.1, 1.21])
def test_events_of_another_tempo_are_not_locked(tempo_ratio):
    lock = beat_lock(BEATS[::2] * tempo_ratio, np.arange(0.0, 40.0, 0.5))
    assert lock.value < lock.chance_95
    assert lock.p > 0.05


def test_random_events_rarely_pass():
    rng = np.random.default_rng(1)
    passed = [beat_lock(np.sort(rng.uniform(0, 30, 40)), BEATS).p < 0.05 for _ in range(200)]
    assert np.mean(passed) < 0.1


def test_noisy_events_on_a_wavering_beat_are_locked():
    rng = np.random.default_rng(2)
    beats = np.cumsum(rng.normal(0.5, 0.02, 80))
    events = np.sort(rng.choice(beats[2:-2], 40, replace=False) + rng.normal(0, 0.05, 40))
    lock = beat_lock(events, beats)
    assert lock.value > 0.6
    assert lock.p < 0.01


def test_lock_without_events_warns():
    with pytest.warns(UserWarning, match="no beat lock"):
        lock = beat_lock(np.array([1.0]), BEATS)
    assert lock.value == 0
    assert np.isnan(lock.z)
    with pytest.warns(UserWarning, match="no beat lock"):
        assert beat_lock(np.array([1.0, 2.0]), np.array([1.0])).value == 0


@settings(deadline=None, derandomize=True)
@given(events=times)
def test_lock_lies_in_range(events):
    if len(events) < 2:
        return
    lock = beat_lock(events, np.arange(0.0, 61.0, 0.5))
    assert 0 <= lock.value <= 1 + 1e-9
    assert 0 < lock.p <= 1
    assert -0.5 <= lock.mean_phase < 0.5
