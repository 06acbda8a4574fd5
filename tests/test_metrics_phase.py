"""Where in the beat and in the bar a dance moves: events, lock, bar profile, energy at the music's rates."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from dancegen.metrics import (
    BarProfile,
    bar_profile,
    beat_energy,
    beat_lock,
    contact_slide,
    flat_profile,
    floor_float,
    mean_jerk,
    mean_profile,
    motion_energy,
    motion_events,
    motion_locks,
    other_songs,
    pooled_lock,
    profile_distance,
    time_reversed,
)
from dancegen.metrics.bar_profile import PLACES_PER_BEAT
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion
from motionbeat.skeleton import MIRROR_JOINTS

FPS = 30.0
SECONDS = 24.0
STANDING_M = 0.9846
"""Height of the pelvis over flat feet with straight legs."""
GRID = BeatGrid.steady(110, SECONDS)
STANDING = Motion(np.zeros((1, 24, 3), np.float32), np.float32([[0, STANDING_M, 0]]), FPS).joints()[0]


def wavering_grid(meter: int = 4) -> BeatGrid:
    """A song between 90 and 130 beats a minute."""
    count = 44
    tempo = 110 + 20 * np.sin(np.arange(count) / 5)
    beats = np.cumsum(60 / tempo)
    return BeatGrid(beats, beats[::meter], meter, 110.0, 1.0)


def travelling_joints(speed: np.ndarray, fps: float) -> np.ndarray:
    """A body carried along x as stiff as a board; ``speed`` in m/s at the middles between frames."""
    way = np.concatenate([[0], np.cumsum(speed) / fps])
    return STANDING + way[:, None, None] * np.array([1.0, 0, 0])


def pulsing_joints(grid: BeatGrid, cycles_per_beat: float, fps: float = FPS, late: float = 0.0) -> np.ndarray:
    """Travels at 1 m/s more or less, fastest ``late`` beats after each beat (or half beat, or first beat)."""
    times = (np.arange(round(SECONDS * fps)) + 0.5) / fps
    position = grid.beat_position(times) - late
    return travelling_joints(1 + 0.5 * np.cos(2 * np.pi * cycles_per_beat * position), fps)


def marching_motion(beat: np.ndarray, fps: float) -> Motion:
    """Knees lifted in turn; a foot comes down at each whole number of ``beat`` (T,)."""
    poses = np.zeros((len(beat), 24, 3), np.float32)
    for leg, (hip, knee) in enumerate(((1, 4), (2, 5))):
        lift = np.where(np.floor(beat) % 2 == leg, np.sin(np.pi * (beat % 1.0)), 0.0)
        poses[:, hip, 0] = -0.8 * lift
        poses[:, knee, 0] = 1.6 * lift
    return Motion(poses, np.tile(np.float32([0, STANDING_M, 0]), (len(beat), 1)), fps)


def marching_joints(grid: BeatGrid, steps_per_beat: float = 1.0, late: float = 0.0) -> np.ndarray:
    times = np.arange(round(SECONDS * FPS)) / FPS
    return marching_motion((grid.beat_position(times) - late) * steps_per_beat, FPS).joints()


def dancing_joints(fps: float) -> np.ndarray:
    """A whole dance in closed form, the same at every frame rate: steps, travel, a swinging trunk and arms."""
    times = np.arange(round(SECONDS * fps)) / fps
    beat = GRID.beat_position(times)
    joints = marching_motion(beat, fps).joints().astype(np.float64)
    height = np.clip(joints[..., 1], 0, None) / STANDING_M
    joints[..., 0] += height * (0.15 * np.sin(np.pi * beat) + 0.04 * np.sin(2.3 * times))[:, None]
    joints[..., 2] += height * (0.10 * np.sin(2 * np.pi * beat / 4))[:, None]
    joints[:, 16:, 1] += 0.1 * np.sin(1.7 * np.pi * beat + 1)[:, None]
    return joints


def turned(joints: np.ndarray) -> np.ndarray:
    c, s = np.cos(2.0), np.sin(2.0)
    return joints @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T + np.array([3.0, 0, -2.0])


def mirrored(joints: np.ndarray) -> np.ndarray:
    return joints[:, MIRROR_JOINTS] * np.array([-1.0, 1, 1])


# --- events


def test_a_body_that_swings_has_a_maximum_on_each_beat_and_a_minimum_between():
    times = np.arange(round(SECONDS * FPS)) / FPS
    height = np.clip(STANDING[:, 1], 0, None)
    joints = STANDING + (np.sin(np.pi * GRID.beat_position(times))[:, None] * 0.1 * height)[..., None] * [1.0, 0, 0]
    events = motion_events(joints, FPS)
    np.testing.assert_allclose(events.maxima, GRID.beats[1 : len(events.maxima) + 1], atol=0.01)
    np.testing.assert_allclose(events.minima, GRID.time_at(np.arange(len(events.minima)) + 0.5), atol=0.01)
    with pytest.warns(UserWarning, match="no beat lock"):  # the feet stand
        locks = motion_locks(events, GRID)
    assert locks.plants.beat.events == 0
    assert locks.maxima.beat.value > 0.99
    assert locks.maxima.beat.mean_phase == pytest.approx(0, abs=0.02)
    assert abs(locks.minima.beat.mean_phase) == pytest.approx(0.5, abs=0.02)


def test_steps_on_each_beat_are_locked_to_beats_and_cancel_in_the_bar():
    events = motion_events(marching_joints(GRID), FPS)
    np.testing.assert_allclose(events.plants, GRID.beats[1 : len(events.plants) + 1], atol=0.07)
    plants = motion_locks(events, GRID).plants
    assert plants.beat.value > 0.95
    assert plants.beat.above_chance > 0.7
    assert plants.beat.mean_phase == pytest.approx(0, abs=0.12)
    assert plants.bar.value < plants.bar.chance_95


def test_steps_on_the_first_beat_are_locked_to_the_bar():
    plants = motion_locks(motion_events(marching_joints(GRID, 1 / 4), FPS), GRID).plants
    assert plants.bar.value > 0.95
    assert plants.bar.value > plants.bar.chance_95


def test_steps_on_half_beats_cancel_in_the_beat_but_not_in_the_half_beat():
    plants = motion_events(marching_joints(GRID, 2.0), FPS).plants
    half_beats = GRID.time_at(np.arange(2 * len(GRID)) / 2)
    assert beat_lock(plants, GRID.beats).value < 0.1
    assert beat_lock(plants, half_beats).value > 0.9


def test_steps_follow_a_wavering_song_and_not_a_steady_one():
    grid = wavering_grid()
    plants = motion_events(marching_joints(grid), FPS).plants
    assert beat_lock(plants, grid.beats).value > 0.9
    steady = beat_lock(plants, GRID.beats)
    assert steady.value < 0.5
    assert steady.value < beat_lock(plants, grid.beats).value / 2


def test_steps_of_another_tempo_are_at_chance():
    plants = motion_events(marching_joints(BeatGrid.steady(97, SECONDS)), FPS).plants
    lock = beat_lock(plants, GRID.beats)
    assert lock.value < lock.chance_95


def test_steps_off_the_beat_are_locked_but_not_toward_it():
    on, off = (motion_events(marching_joints(GRID, late=late), FPS).plants for late in (0.0, 0.5))
    on_lock, off_lock = beat_lock(on, GRID.beats), beat_lock(off, GRID.beats)
    assert off_lock.value == pytest.approx(on_lock.value, abs=0.05)
    assert on_lock.toward(on_lock.mean_phase) == pytest.approx(on_lock.value)
    assert off_lock.toward(on_lock.mean_phase) < -0.9


def test_songs_that_agree_stay_locked_in_the_pool():
    rng = np.random.default_rng(0)
    songs = [np.sort(rng.choice(GRID.beats[2:-2], 30, replace=False) + rng.normal(-0.1, 0.04, 30)) for _ in range(12)]
    agreeing = pooled_lock([beat_lock(events, GRID.beats) for events in songs])
    assert agreeing.value > 0.8 > agreeing.chance_95 > agreeing.chance
    assert agreeing.mean_phase == pytest.approx(-0.1 * 110 / 60, abs=0.03)
    assert (agreeing.songs, agreeing.events) == (12, 360)
    moved = [events + k / 12 * 60 / 110 for k, events in enumerate(songs)]
    apart = pooled_lock([beat_lock(events, GRID.beats) for events in moved])
    assert min(beat_lock(events, GRID.beats).value for events in moved) > 0.8
    assert apart.value < 0.1


def test_pool_of_one_song_weighs_events():
    lock = beat_lock(GRID.beats[2:20], GRID.beats)
    with pytest.warns(UserWarning, match="no beat lock"):
        none = beat_lock(np.zeros(0), GRID.beats)
    assert pooled_lock([lock, none]).value == pytest.approx(1.0)
    with pytest.warns(UserWarning, match="no pooled lock"):
        assert pooled_lock([none]).value == 0


def test_events_on_faulty_frames_are_left_out():
    joints = marching_joints(GRID)
    valid = np.ones(len(joints), dtype=bool)
    valid[300:420] = False
    every, kept = motion_events(joints, FPS), motion_events(joints, FPS, valid)
    np.testing.assert_array_equal(kept.plants, every.plants[(every.plants < 9.98) | (every.plants > 13.98)])
    assert len(kept.minima) < len(every.minima)


def test_short_motion_has_no_events():
    with pytest.warns(UserWarning, match="too short for motion events"):
        assert len(motion_events(STANDING[None], FPS).plants) == 0


# --- energy at the music's rates


@pytest.mark.parametrize("part", ["feet", "body"])
@pytest.mark.parametrize(("rate", "name"), [(0.25, "bar"), (1.0, "beat"), (2.0, "half_beat")])
@pytest.mark.parametrize("grid", [GRID, wavering_grid()], ids=["steady", "wavering"])
def test_energy_that_pulses_at_one_rate_is_found_there(part, rate, name, grid):
    energy = beat_energy(pulsing_joints(grid, rate), FPS, grid, part=part)
    for other in ("bar", "beat", "half_beat"):
        share = getattr(energy, other)
        if other == name:
            assert share.value > 0.95
            assert share.value > share.chance_95
            assert share.above_chance > 0.7
        else:
            assert share.value < 0.05


def test_the_phase_of_the_pulse_does_not_matter_and_its_tempo_does():
    values = [beat_energy(pulsing_joints(GRID, 1.0, late=late), FPS, GRID).beat.value for late in (0, 0.25, 0.6)]
    assert min(values) > 0.97
    other = beat_energy(pulsing_joints(GRID, 1.13), FPS, GRID).beat
    assert other.value < other.chance_95
    assert beat_energy(pulsing_joints(GRID, 1.0)[::-1], FPS, GRID).beat.value > 0.97  # the documented blindness


def test_noise_has_the_energy_of_chance():
    rng = np.random.default_rng(3)
    passed = 0
    for _ in range(20):
        joints = travelling_joints(1 + 0.2 * rng.normal(size=round(SECONDS * FPS)), FPS)
        beat = beat_energy(joints, FPS, GRID).beat
        assert beat.value < 0.05
        passed += beat.value > beat.chance_95
    assert passed <= 4


def test_slow_changes_are_taken_off():
    times = (np.arange(round(SECONDS * FPS)) + 0.5) / FPS
    chorus = np.where(times > SECONDS / 2, 2.0, 0.0)
    joints = travelling_joints(1 + chorus + 0.5 * np.cos(2 * np.pi * GRID.beat_position(times)), FPS)
    assert beat_energy(joints, FPS, GRID).beat.value > 0.4


def test_no_energy_warns_and_gives_nan():
    with pytest.warns(UserWarning, match="no beat energy"):
        assert math.isnan(beat_energy(np.repeat(STANDING[None], 600, axis=0), FPS, GRID).beat.value)
    with pytest.warns(UserWarning, match="no beat energy"):
        assert math.isnan(beat_energy(pulsing_joints(GRID, 1.0)[:60], FPS, GRID).bar.value)


def test_parts_of_the_body():
    joints = np.repeat(STANDING[None].astype(np.float64), 60, axis=0)
    joints[:, [7, 8, 10, 11], 0] += np.arange(60)[:, None] / FPS
    assert motion_energy(joints, FPS, "feet")[1] == pytest.approx(1.0)
    assert motion_energy(joints, FPS, "body")[1] == pytest.approx(4 / 24)
    with pytest.raises(ValueError, match="part must be feet or body"):
        motion_energy(joints, FPS, "hands")  # type: ignore[arg-type]


# --- bar profile


@pytest.mark.parametrize("meter", [3, 4])
def test_profile_of_a_known_pulse(meter):
    grid = BeatGrid.steady(110, SECONDS, meter)
    profile = bar_profile(pulsing_joints(grid, 1 / meter), FPS, grid)
    place = (np.arange(PLACES_PER_BEAT * meter) + 0.5) / (PLACES_PER_BEAT * meter)
    expected = (1 + 0.5 * np.cos(2 * np.pi * place)) / len(place)
    np.testing.assert_allclose(profile.mass, expected, rtol=0.01)
    assert profile.meter == meter
    assert profile.bars == pytest.approx(SECONDS * 110 / 60 / meter, abs=0.5)
    # The cumulative difference is 0.5 sin / (2 pi): its mean absolute value is 0.5 / pi^2 bars.
    assert profile_distance(profile, flat_profile(meter)) == pytest.approx(meter * 0.5 / np.pi**2, rel=0.02)


def test_profile_follows_a_wavering_song():
    grid = wavering_grid()
    profile = bar_profile(pulsing_joints(grid, 1 / 4), FPS, grid)
    steady = bar_profile(pulsing_joints(GRID, 1 / 4), FPS, GRID)
    assert profile_distance(profile, steady) < 0.01


def test_profile_late_by_a_beat_is_far_off():
    right, late = (bar_profile(pulsing_joints(GRID, 1 / 4, late=late), FPS, GRID) for late in (0.0, 1.0))
    assert profile_distance(right, late) > 0.9 * profile_distance(right, flat_profile(4)) > 0.1
    backwards = bar_profile(pulsing_joints(GRID, 1 / 4, late=0.7)[::-1], FPS, GRID)
    assert profile_distance(bar_profile(pulsing_joints(GRID, 1 / 4, late=0.7), FPS, GRID), backwards) > 0.1


def test_motion_without_regard_to_the_music_tends_to_the_flat_profile():
    profile = bar_profile(pulsing_joints(GRID, 0.87), FPS, GRID)
    assert profile_distance(profile, flat_profile(4)) < 0.02


masses = st.lists(st.floats(0.01, 1), min_size=24, max_size=24).map(
    lambda values: BarProfile(np.array(values) / sum(values), 1.0)
)


@settings(deadline=None, derandomize=True)
@given(first=masses, second=masses, third=masses, turn=st.integers(0, 23))
def test_profile_distance_is_a_distance_on_the_circle(first, second, third, turn):
    distance = profile_distance(first, second)
    place = np.arange(24) / PLACES_PER_BEAT
    assert 0 <= distance <= wasserstein_distance(place, place, first.mass, second.mass) + 1e-9
    assert distance == pytest.approx(profile_distance(second, first))
    assert distance <= profile_distance(first, third) + profile_distance(third, second) + 1e-9
    both = [BarProfile(np.roll(profile.mass, turn), 1.0) for profile in (first, second)]
    assert profile_distance(*both) == pytest.approx(distance)


@pytest.mark.parametrize(("places", "beats"), [(1, 1 / 8), (12, 1.5), (20, 0.5)])
def test_mass_moves_the_short_way_round(places, beats):
    mass = np.eye(24)[0]
    assert profile_distance(BarProfile(mass, 1), BarProfile(np.roll(mass, places), 1)) == pytest.approx(beats)


def test_mean_profile_weighs_bars():
    sharp = BarProfile(np.eye(24)[0], 3.0)
    mean = mean_profile([sharp, BarProfile(flat_profile(3).mass, 1.0), flat_profile(3)])
    assert mean.bars == 4
    assert mean.mass[0] == pytest.approx(0.75 + 0.25 / 24)
    with pytest.raises(ValueError, match="one bar or more"):
        mean_profile([flat_profile(3)])
    with pytest.raises(ValueError, match="one meter"):
        mean_profile([sharp, BarProfile(np.eye(32)[0], 1.0)])
    with pytest.raises(ValueError, match="one meter"):
        profile_distance(sharp, flat_profile(4))
    with pytest.raises(ValueError, match="meter must be"):
        flat_profile(0)


def test_profile_of_too_little_motion_is_flat():
    for joints in (np.repeat(STANDING[None], 600, axis=0), pulsing_joints(GRID, 1.0)[:30], STANDING[None][:0]):
        with pytest.warns(UserWarning, match="profile is flat"):
            profile = bar_profile(joints, FPS, GRID)
        assert profile.bars == 0
        np.testing.assert_array_equal(profile.mass, flat_profile(4).mass)


def test_faulty_frames_do_not_shape_the_profile():
    joints = pulsing_joints(GRID, 1 / 4)
    joints[300:] += 0.5  # a jump: one faulty step
    joints[450:] += 0.5
    valid = np.ones(len(joints), dtype=bool)
    valid[[298, 299, 300, 301, 448, 449, 450, 451]] = False
    clean = bar_profile(pulsing_joints(GRID, 1 / 4), FPS, GRID)
    assert profile_distance(bar_profile(joints, FPS, GRID, valid), clean) < 0.01
    assert profile_distance(bar_profile(joints, FPS, GRID), clean) > 0.03


# --- invariances


def phase_numbers(joints: np.ndarray, fps: float, grid: BeatGrid = GRID) -> dict[str, float]:
    locks = motion_locks(motion_events(joints, fps), grid)
    numbers = {}
    for kind in ("plants", "minima", "maxima"):
        lock = getattr(locks, kind).beat
        numbers |= {f"{kind}_lock": lock.value, f"{kind}_chance": lock.chance, f"{kind}_phase": 1 + lock.mean_phase}
    for part in ("feet", "body"):
        energy = beat_energy(joints, fps, grid, part=part)
        numbers |= {f"{part}_bar": energy.bar.value, f"{part}_beat": energy.beat.value}
        profile = bar_profile(joints, fps, grid, part=part)
        numbers[f"{part}_profile"] = profile_distance(profile, flat_profile(grid.meter))
    numbers["jerk"] = mean_jerk(joints, fps)
    numbers["slide"] = contact_slide(joints, fps).mm_per_frame
    numbers["float"] = floor_float(joints, fps)
    return numbers


@pytest.mark.parametrize("fps", [60.0, 120.0])
def test_frame_rate_does_not_matter(fps):
    assert phase_numbers(dancing_joints(fps), fps) == pytest.approx(phase_numbers(dancing_joints(FPS), FPS), rel=0.02)


def test_odd_frame_rate_hardly_matters():
    assert phase_numbers(dancing_joints(50.0), 50.0) == pytest.approx(
        phase_numbers(dancing_joints(FPS), FPS), rel=0.1, abs=0.01
    )


def test_turning_moving_and_mirroring_change_nothing():
    joints = dancing_joints(FPS)
    expected = phase_numbers(joints, FPS)
    assert phase_numbers(turned(joints), FPS) == pytest.approx(expected, rel=1e-6)
    assert phase_numbers(mirrored(joints), FPS) == pytest.approx(expected, rel=1e-6)


def test_a_shift_of_dance_and_music_changes_nothing():
    frames = 30
    later = BeatGrid(GRID.beats + frames / FPS, GRID.downbeats + frames / FPS, 4, 110.0, 0.0)
    joints = dancing_joints(FPS)
    waiting = np.concatenate([np.repeat(joints[:1], frames, axis=0), joints])
    before, after = motion_events(joints, FPS), motion_events(waiting, FPS)
    start = before.plants[0]
    np.testing.assert_allclose(after.plants[after.plants > start + 0.9], before.plants + 1.0, atol=1e-9)
    first = motion_locks(before, GRID).plants.beat
    second = motion_locks(after, later).plants.beat
    assert second.value == pytest.approx(first.value, rel=0.02)
    assert second.mean_phase == pytest.approx(first.mean_phase, abs=0.01)


@pytest.mark.parametrize("metric", [beat_energy, bar_profile])
def test_malformed_motion_raises(metric):
    joints = dancing_joints(FPS)
    with pytest.raises(ValueError, match="joints must be"):
        metric(joints[:, :22], FPS, GRID)
    with pytest.raises(ValueError, match="fps"):
        metric(joints, 0.0, GRID)
    with pytest.raises(ValueError, match="valid must be"):
        metric(joints, FPS, GRID, np.ones(5, dtype=bool))
    with pytest.raises(ValueError, match="valid must be"):
        motion_events(joints, FPS, np.ones(len(joints)))


# --- controls


def test_every_dance_gets_another_song_of_its_style():
    songs = ["a", "a", "b", "x", "y", "c"]
    styles = ["waltz", "waltz", "waltz", "tango", "tango", "waltz"]
    others = other_songs(songs, styles)
    assert others == [2, 2, 5, 4, 3, 0]
    assert all(songs[other] != song for other, song in zip(other_songs(songs), songs, strict=True))
    with pytest.raises(ValueError, match="only song of tango"):
        other_songs(["a", "b", "x"], ["waltz", "waltz", "tango"])
    with pytest.raises(ValueError, match="3 songs and 2 groups"):
        other_songs(["a", "b", "c"], ["waltz", "waltz"])


def test_backwards_keeps_poses_and_loses_the_steps():
    times = np.arange(round(SECONDS * FPS)) / FPS
    beat = GRID.beat_position(times)
    # a foot rises slowly and drops fast, so that plants are sharp and lifts are not at the same phase
    motion = marching_motion(np.floor(beat) + (beat % 1.0) ** 3, FPS)
    backwards = time_reversed(motion)
    np.testing.assert_array_equal(time_reversed(backwards).poses, motion.poses)
    assert backwards.contacts is None
    own = beat_lock(motion_events(motion.joints(), FPS).plants, GRID.beats)
    reverse = beat_lock(motion_events(backwards.joints(), FPS).plants, GRID.beats)
    assert own.value > 0.9
    assert reverse.toward(own.mean_phase) < own.value - 0.3
