"""The beat grid as a clock, and the built-in tracker against exact beats."""

from __future__ import annotations

from pathlib import Path

import mir_eval
import numpy as np
import pytest

from motionbeat.audio import SAMPLE_RATE, Audio, load_audio
from motionbeat.beats import BeatGrid, LibrosaBeatTracker, track_beats
from motionbeat.composer import compose
from motionbeat.composer.__main__ import demo_song

SONGS = Path(__file__).parents[1] / "assets" / "songs"


def f_measure(truth: np.ndarray, found: np.ndarray) -> float:
    return float(mir_eval.beat.f_measure(truth, found))


def clicks(times_s: np.ndarray, duration_s: float) -> Audio:
    samples = np.zeros(round(duration_s * SAMPLE_RATE), np.float32)
    samples[np.round(times_s * SAMPLE_RATE).astype(int)] = 0.9
    return Audio(samples)


# --- the grid ---


@pytest.fixture
def uneven() -> BeatGrid:
    """Six beats in three, slowing down; the first downbeat is the second beat."""
    beats = np.array([0.5, 1.0, 1.5, 2.1, 2.8, 3.6])
    return BeatGrid(beats, beats[[1, 4]], 3, 100.0, 0.8)


def test_positions_between_and_beyond_the_beats(uneven: BeatGrid) -> None:
    assert uneven.beat_position(uneven.beats) == pytest.approx(np.arange(6))
    assert uneven.beat_position(1.8) == pytest.approx(2.5)
    assert uneven.beat_position(0.5 - (2.8 - 0.5) / 4) == pytest.approx(-1.0)
    assert uneven.beat_position(3.6 + 2 * (3.6 - 1.0) / 4) == pytest.approx(7.0)


def test_time_at_is_the_inverse_of_beat_position(uneven: BeatGrid) -> None:
    times = np.linspace(-3, 9, 101)
    assert uneven.time_at(uneven.beat_position(times)) == pytest.approx(times)


def test_phases(uneven: BeatGrid) -> None:
    assert uneven.beat_in_bar.tolist() == [2, 0, 1, 2, 0, 1]
    assert uneven.bar_phase(uneven.beats) == pytest.approx(np.array([2, 0, 1, 2, 0, 1]) / 3)
    assert uneven.beat_phase(1.8) == pytest.approx(0.5)
    assert uneven.bar_phase(1.8) == pytest.approx(1.5 / 3)
    times = np.linspace(-3, 9, 1001)
    for phase in (uneven.bar_phase(times), uneven.beat_phase(times)):
        assert phase.min() >= 0
        assert phase.max() < 1
    step = np.diff(uneven.bar_phase(times)) % 1.0
    assert step.max() < 0.02  # never jumps, only wraps
    far = uneven.time_at(np.array([-4.0, -1.0, 8.0]))
    assert uneven.bar_phase(far + 1e-9) * 3 == pytest.approx([1, 1, 1], abs=1e-6)


def test_steady_grid_spans_the_sound() -> None:
    grid = BeatGrid.steady(120, 10.0, meter=3, first_s=0.3)
    assert grid.beats[0] == pytest.approx(0.3)
    assert grid.beats[-1] == pytest.approx(9.8)
    assert grid.downbeats[0] == pytest.approx(0.3)
    assert np.diff(grid.downbeats) == pytest.approx(1.5)
    assert grid.confidence == 0
    later = BeatGrid.steady(120, 4.0, first_s=1.2)
    assert later.beats[0] == pytest.approx(0.2)
    assert later.downbeats[0] == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"beats": [0.0, 1.0, 0.5]}, "ascending"),
        ({"beats": [0.0, 1.0, np.nan]}, "finite"),
        ({"beats": [0.0]}, "at least two"),
        ({"downbeats": []}, "one or more"),
        ({"downbeats": [0.4]}, "one or more"),
        ({"meter": 0}, "meter"),
        ({"tempo": 0.0}, "tempo"),
        ({"confidence": 1.5}, "confidence"),
        ({"confidence": float("nan")}, "confidence"),
    ],
)
def test_impossible_grids(change: dict, says: str) -> None:
    good: dict = {"beats": [0.0, 1.0, 2.0], "downbeats": [0.0], "meter": 4, "tempo": 60.0, "confidence": 1.0}
    BeatGrid(**good)
    with pytest.raises(ValueError, match=says):
        BeatGrid(**(good | change))


def test_a_grid_cannot_be_changed() -> None:
    grid = BeatGrid.steady(120, 4.0)
    with pytest.raises(ValueError, match="read-only"):
        grid.beats[0] = 1.0


# --- the tracker ---


@pytest.mark.parametrize(("name", "meter", "tempo"), [("demo_4-4.ogg", 4, 120.0), ("demo_3-4.ogg", 3, 162.0)])
def test_demo_songs(name: str, meter: int, tempo: float) -> None:
    found = track_beats(load_audio(SONGS / name))
    _, truth = demo_song(name)
    assert found.meter == meter
    assert found.tempo == pytest.approx(tempo, rel=0.005)
    assert f_measure(truth.beats, found.beats) > 0.97
    assert f_measure(truth.downbeats, found.downbeats) > 0.95
    assert found.confidence > 0.7
    nearest = np.abs(found.beats[:, None] - truth.beats).argmin(axis=0)
    assert np.median(np.abs(found.beats[nearest] - truth.beats)) < 0.006


def test_beats_follow_a_changing_tempo() -> None:
    beats = np.cumsum(np.linspace(0.58, 0.46, 60))
    audio, _ = compose("disco", 0, 0, seed=3, beat_times_s=beats)
    found = track_beats(audio)
    assert f_measure(beats, found.beats) > 0.9


def test_leading_silence_is_covered() -> None:
    found = track_beats(clicks(np.arange(4.0, 20.0, 0.5), 20.0))
    assert found.beats[0] < 0.5
    assert found.beats[-1] > 19.4
    assert np.diff(found.beats) == pytest.approx(0.5, abs=0.02)


def test_half_and_double_tempo_stay_in_range() -> None:
    tracker = LibrosaBeatTracker()
    for tempo in (40.0, 240.0):
        found = track_beats(clicks(np.arange(0.1, 20.0, 60 / tempo), 20.0), tracker)
        assert tracker.min_tempo - 1 <= found.tempo <= tracker.max_tempo + 1


def _speech_like(rng: np.random.Generator, seconds: float) -> np.ndarray:
    samples = np.zeros(int(seconds * SAMPLE_RATE))
    at = 0.0
    while at < seconds - 0.4:
        length = int(rng.uniform(0.08, 0.3) * SAMPLE_RATE)
        start = int(at * SAMPLE_RATE)
        samples[start : start + length] = np.hanning(length) * rng.standard_normal(length) * rng.uniform(0.2, 1)
        at += length / SAMPLE_RATE + (rng.uniform(0.2, 0.8) if rng.random() < 0.15 else 0)
    return 0.1 * samples


def _beatless(kind: str, seconds: float) -> Audio:
    rng = np.random.default_rng(4)
    count = int(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    samples = {
        "nothing": np.zeros(count),
        "constant": np.full(count, 0.5),
        "noise": 0.1 * rng.standard_normal(count),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * time),
        "one click": np.eye(1, count, count // 3)[0],
        "denormal": np.full(count, 1e-39),
        "speech": _speech_like(rng, seconds),
        "random clicks": clicks(rng.uniform(0, seconds - 0.1, int(3 * seconds)), seconds).samples,
    }[kind]
    return Audio(samples.astype(np.float32))


@pytest.mark.parametrize("seconds", [2.1, 15.0])
@pytest.mark.parametrize(
    "kind", ["nothing", "constant", "noise", "tone", "one click", "denormal", "speech", "random clicks"]
)
def test_no_beat_gives_a_grid_with_low_confidence(kind: str, seconds: float) -> None:
    audio = _beatless(kind, seconds)
    grid = track_beats(audio)
    assert grid.confidence < (0.2 if seconds > 10 else 0.5)
    period = 60 / grid.tempo
    assert grid.beats[0] < period
    assert grid.beats[-1] > seconds - 1.5 * period


def test_shortest_song() -> None:
    grid = track_beats(clicks(np.arange(0.05, 2.1, 0.5), 2.1))
    assert len(grid) >= 3
    assert np.diff(grid.beats) == pytest.approx(0.5, abs=0.03)


def test_same_sound_same_grid() -> None:
    audio, _ = compose("pop", 110, 8, seed=5)
    first, second = track_beats(audio), track_beats(audio)
    assert np.array_equal(first.beats, second.beats)
    assert np.array_equal(first.downbeats, second.downbeats)


def test_another_tracker_can_be_plugged_in() -> None:
    def metronome(audio: Audio) -> BeatGrid:
        return BeatGrid.steady(90, audio.duration)

    assert track_beats(clicks(np.arange(0.1, 5, 0.5), 5.0), metronome).tempo == 90
