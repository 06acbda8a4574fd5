import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dancegen.beat_time import FRAMES_PER_BEAT, beat_frames, dance_grid, motion_at, motion_in_seconds
from motionbeat.beats import BeatGrid
from motionbeat.motion_features import features_to_motion, heading_frame_joints, motion_to_features

from .test_motion import wander


def uneven_grid(seed: int = 0, meter: int = 4, beats: int = 24) -> BeatGrid:
    rng = np.random.default_rng(seed)
    times = 0.2 + np.cumsum(rng.uniform(0.4, 0.6, beats))
    return BeatGrid(times, times[1::meter], meter, 120.0, 1.0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), meter=st.integers(1, 7), duration=st.floats(0.1, 20), spare=st.integers(0, 12))
@example(seed=999, meter=1, duration=3.296875, spare=0)
def test_frames_hold_whole_bars_around_the_song(seed: int, meter: int, duration: float, spare: int) -> None:
    grid = uneven_grid(seed, meter)
    frames = beat_frames(grid, duration, spare)
    assert len(frames) % FRAMES_PER_BEAT == 0 and (np.diff(frames.times_s) > 0).all()
    assert frames.times_s[0] <= 1e-6 and frames.phase[0] == 0
    after = float(grid.beat_position(frames.times_s[-1]) - grid.beat_position(duration))
    # between beats the smooth way is not the straight one: only the last beat's own frame lies where it says
    ends = float(grid.beat_position(frames.times_s[-FRAMES_PER_BEAT])) + 1
    assert ends - float(grid.beat_position(duration)) >= spare - 1e-6
    assert after < spare + 1 + meter
    # every beat of the grid that lies inside is a frame, downbeats with phase 0
    for time in grid.beats[(grid.beats > frames.times_s[0]) & (grid.beats < frames.times_s[-1])]:
        near = int(np.argmin(np.abs(frames.times_s - time)))
        assert abs(frames.times_s[near] - time) < 1e-9
        assert frames.phase[near] == round(grid.bar_phase(time + 1e-9) * meter) % meter


def test_the_clock_turns_once_a_beat_and_once_a_bar() -> None:
    frames = beat_frames(BeatGrid.steady(120, 20), 10.0)
    clock = frames.clock()
    np.testing.assert_allclose(clock[frames.downbeats, :4], 0, atol=1e-6)
    np.testing.assert_allclose(clock[frames.downbeats, 4:8], 1, atol=1e-6)
    np.testing.assert_allclose(clock[FRAMES_PER_BEAT, [0, 1, 4, 5]], [0, 1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(clock[:, 8], 0, atol=1e-6)


def test_there_and_back_is_the_same_motion() -> None:
    motion = wander(frames=150)
    grid = uneven_grid()
    frames = beat_frames(grid, motion.duration)
    counted = motion_at(frames, motion)
    rebuilt = features_to_motion(motion_to_features(counted), counted.fps)
    back = motion_in_seconds(frames, rebuilt, len(motion))
    places = [heading_frame_joints(torch.from_numpy(motion_to_features(m)))[0].numpy() for m in (motion, back)]
    assert np.linalg.norm(places[0] - places[1], axis=-1).mean() < 0.02
    ways = [np.linalg.norm(m.trans[-1, [0, 2]] - m.trans[0, [0, 2]]) for m in (motion, back)]
    assert ways[0] == pytest.approx(ways[1], abs=0.1)


def test_a_dance_in_another_meter_counts_its_own_bars() -> None:
    grid = BeatGrid.steady(120, 20, meter=4, first_s=1.0)
    danced = dance_grid(grid, 3, 0.5)
    np.testing.assert_array_equal(danced.beats, grid.beats)
    np.testing.assert_allclose(np.diff(danced.downbeats), 1.5)
    assert danced.meter == 3 and 1.0 in danced.downbeats


@pytest.mark.parametrize(
    ("meter", "period_s", "beat_s"),
    [(4, 0.5, 0.5), (4, 0.28, 0.25), (4, 1.0, 1.0), (4, 0.74, 0.5), (4, 0.76, 1.0), (3, 1.0, 0.5), (3, 1.2, 1.0)],
)
def test_beats_of_another_level_are_halved_or_doubled(meter: int, period_s: float, beat_s: float) -> None:
    grid = BeatGrid.steady(120, 40, meter=meter, first_s=1.0)
    danced = dance_grid(grid, meter, period_s)
    np.testing.assert_allclose(np.diff(danced.beats), beat_s)
    np.testing.assert_allclose(np.diff(danced.downbeats), meter * beat_s)
    assert 1.0 in danced.downbeats and danced.tempo == pytest.approx(60 / beat_s)


@given(beats=st.integers(2, 6), meter=st.integers(1, 5), period=st.floats(0.1, 2.0), danced=st.integers(3, 4))
def test_the_shortest_songs_can_be_counted(beats: int, meter: int, period: float, danced: int) -> None:
    times = np.arange(beats) * 0.5
    grid = dance_grid(BeatGrid(times, times[-1:], meter, 120.0, 0.0), danced, period)
    assert grid.meter == danced and len(beat_frames(grid, 0.3, 12)) >= 12 * FRAMES_PER_BEAT
