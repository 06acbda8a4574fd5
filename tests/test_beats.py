"""The beat grid as a clock; the tracker, part by part, and against exact beats."""

from __future__ import annotations

from pathlib import Path

import mir_eval
import numpy as np
import pytest
import torch

from motionbeat.audio import SAMPLE_RATE, Audio, load_audio
from motionbeat.beats import BeatGrid, NeuralBeatTracker, track_beats
from motionbeat.beats.decoding import METERS, levelled
from motionbeat.beats.features import FRAME_RATE, HOP, log_scaled, mel_spectrogram
from motionbeat.beats.network import BeatNetwork
from motionbeat.beats.tracker import Hearing, hear
from motionbeat.composer import compose
from motionbeat.composer.__main__ import demo_song
from motionbeat.errors import UserError

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


def test_covering_continues_beats_and_bars_to_both_ends() -> None:
    beats = np.arange(3.0, 9.1, 0.5)
    grid = BeatGrid(beats, beats[1::3], 3, 120.0, 0.9)
    whole = grid.covering(15.0)
    assert whole.beats == pytest.approx(np.arange(0.0, 14.6, 0.5))
    assert whole.downbeats == pytest.approx(np.arange(0.5, 14.6, 1.5))
    assert (whole.meter, whole.tempo, whole.confidence) == (3, 120.0, 0.9)
    again = whole.covering(15.0)
    assert np.array_equal(again.beats, whole.beats) and np.array_equal(again.downbeats, whole.downbeats)


def test_covering_keeps_a_bar_that_breaks_off() -> None:
    beats = np.arange(1.0, 9.0, 0.5)
    grid = BeatGrid(beats, beats[[0, 4, 6, 10, 14]], 4, 120.0, 0.9)  # one bar of two
    whole = grid.covering(10.0)
    assert set(grid.downbeats) <= set(whole.downbeats)
    assert set(whole.beats) - set(grid.beats) == {0.0, 0.5, 9.0, 9.5}
    assert len(whole.downbeats) == 5


# --- the decoder ---


def activation(frames: np.ndarray, count: int, height: float, rng: np.random.Generator) -> np.ndarray:
    """(count,) bumps as the network makes them, over a little noise."""
    made = 0.02 * rng.random(count)
    for frame in frames:
        near = np.arange(max(0, int(frame) - 2), min(count, int(frame) + 4))
        made[near] = np.maximum(made[near], height * np.exp(-0.5 * ((near - frame) / 0.7) ** 2))
    return made


def heard(beats_s: np.ndarray, downs_s: np.ndarray, seconds: float, height: float = 0.9) -> Hearing:
    rng = np.random.default_rng(0)
    count = int(seconds * FRAME_RATE)
    beat = activation(beats_s * FRAME_RATE, count, height, rng)
    downbeat = activation(downs_s * FRAME_RATE, count, height, rng)
    return Hearing(beat, downbeat, np.ones(count), np.full(len(METERS), 1 / len(METERS)))


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("tempo", [63.0, 97.3, 128.0, 174.0, 208.0])
def test_decoder_finds_steady_beats_of_any_tempo_and_meter(tempo: float, meter: int) -> None:
    truth = np.arange(2.13, 38.0, 60 / tempo)
    times, places, found_meter = heard(truth, truth[1::meter], 40.0).beats()
    assert len(times) == len(truth)
    assert np.abs(times - truth).max() < 0.004  # a fifth of a frame
    assert found_meter == meter
    assert np.array_equal(np.flatnonzero(places == 0), np.arange(1, len(truth), meter))


def test_decoder_follows_a_changing_tempo() -> None:
    truth = np.cumsum(60 / np.linspace(90, 150, 100))
    times, _, _ = heard(truth, truth[::4], float(truth[-1]) + 1).beats()
    assert f_measure(truth, times) > 0.98


def test_decoder_bridges_a_silence_and_trims_the_ends() -> None:
    truth = np.arange(5.0, 55.0, 0.5)
    played = truth[(truth < 25) | (truth > 31)]
    times, places, _ = heard(played, played[np.round((played - 5) / 0.5) % 4 == 0], 60.0).beats()
    assert len(times) == len(truth)
    assert np.abs(times - truth).max() < 0.05
    assert np.array_equal(places, np.arange(len(truth)) % 4)


def test_decoder_lets_a_bar_break_off() -> None:
    truth = np.arange(1.0, 61.0, 0.5)
    lengths = [4] * 14 + [2] + [4] * 15
    downs = np.cumsum([0, *lengths])
    _, places, meter = heard(truth, truth[downs[downs < len(truth)]], 62.0).beats()
    assert meter == 4
    assert np.array_equal(np.flatnonzero(places == 0), downs[downs < len(truth)])


def test_faint_activations_are_decoded_like_strong_ones() -> None:
    truth = np.arange(1.0, 39.0, 0.6)
    strong, _, _ = heard(truth, truth[::3], 40.0).beats()
    faint, _, meter = heard(truth, truth[::3], 40.0, height=0.3).beats()
    assert np.allclose(strong, faint, atol=0.01) and meter == 3


def test_levelling_never_lowers() -> None:
    rng = np.random.default_rng(1)
    for height in (0.0, 0.2, 0.99):
        beat = activation(np.arange(5, 900, 23.4), 1000, height, rng)
        lifted, down = levelled(beat, beat / 2, 20.0, 0.9)
        assert (lifted >= np.clip(beat, 0, 0.9998) - 1e-6).all() and lifted.max() < 1
        assert (down <= lifted).all()


# --- the network and its input ---


def tiny_network() -> BeatNetwork:
    torch.manual_seed(0)
    return BeatNetwork(front=(4, 4, 8), width=8, depth=3).eval()


def test_blocks_of_a_long_song_are_heard_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(0).standard_normal(20 * SAMPLE_RATE).astype(np.float32)
    whole = hear(tiny_network(), samples)
    monkeypatch.setattr("motionbeat.beats.tracker._BLOCK_FRAMES", 170)
    monkeypatch.setattr("motionbeat.beats.features._BLOCK_FRAMES", 100)
    parts = hear(tiny_network(), samples)
    for name in ("beat", "downbeat", "pulse", "meter"):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name), abs=1e-5)


def test_spectrogram_frames_are_where_they_say() -> None:
    for hop, factor in ((HOP, 1.0), (round(1.2 * HOP), 1.2)):
        mel = mel_spectrogram(torch.from_numpy(clicks(np.array([3.0]), 6.0).samples), hop)
        assert len(mel) == 6 * SAMPLE_RATE // hop + 1
        assert int(mel.sum(dim=1).argmax()) == pytest.approx(3.0 * FRAME_RATE / factor, abs=1)


def test_a_louder_song_is_heard_alike() -> None:
    audio, _ = compose("disco", 120, 8, seed=1)
    mel = mel_spectrogram(torch.from_numpy(audio.samples))
    assert torch.allclose(log_scaled(mel), log_scaled(0.05 * mel), atol=1e-4)


def test_pitch_shift_moves_a_tone_by_so_many_semitones() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tones = {n: torch.from_numpy(np.sin(2 * np.pi * 1000 * 2 ** (n / 12) * time).astype(np.float32)) for n in (0, 4)}
    shifted = int(mel_spectrogram(tones[0], HOP, 4.0)[50].argmax())
    assert shifted == pytest.approx(int(mel_spectrogram(tones[4])[50].argmax()), abs=1)


def test_network_saves_and_loads(tmp_path: Path) -> None:
    tiny_network().save_pretrained(tmp_path)
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".safetensors"}
    audio, _ = compose("disco", 120, 4, seed=1)
    tracker = NeuralBeatTracker.from_pretrained(tmp_path)
    assert np.array_equal(hear(tracker.network, audio.samples).beat, hear(tiny_network(), audio.samples).beat)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_impossible_samples_are_refused(value: float) -> None:
    samples = np.zeros(3 * SAMPLE_RATE, np.float32)
    samples[1000] = value
    with pytest.raises(ValueError, match="ordinary"):
        NeuralBeatTracker(tiny_network())(Audio(samples))


def test_sound_of_a_few_samples_has_a_grid() -> None:
    for count in (1, 100, 440, 5000):
        assert NeuralBeatTracker(tiny_network())(Audio(np.full(count, 0.1, np.float32))).confidence == 0


def test_missing_network_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No beat network"):
        NeuralBeatTracker.from_pretrained(tmp_path)


# --- the shipped tracker ---


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
    assert np.median(np.abs(found.beats[nearest] - truth.beats)) < 0.01


def test_beats_follow_a_changing_tempo() -> None:
    beats = np.cumsum(np.linspace(0.58, 0.46, 60))
    audio, _ = compose("disco", 0, 0, seed=3, beat_times_s=beats)
    found = track_beats(audio)
    assert f_measure(beats, found.beats) > 0.95


def test_leading_silence_has_no_beats() -> None:
    audio, grid = compose("house", 124, 12, seed=2)
    silence = np.zeros(5 * SAMPLE_RATE, np.float32)
    found = track_beats(Audio(np.concatenate([silence, audio.samples, silence])))
    assert found.beats[0] > 4.5
    assert found.beats[-1] < 5.5 + audio.duration
    assert f_measure(grid.beats + 5, found.beats) > 0.95


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
    assert grid.confidence < 0.3
    whole = grid.covering(seconds)
    assert whole.beats[0] < 60 / grid.tempo
    assert whole.beats[-1] > seconds - 1.5 * 60 / grid.tempo


def test_shortest_song() -> None:
    audio, _ = compose("disco", 120, 2, seed=1)
    grid = track_beats(Audio(audio.samples[: int(2.1 * SAMPLE_RATE)])).covering(2.1)
    assert np.diff(grid.beats) == pytest.approx(0.5, abs=0.03)
    assert grid.beats[0] < 0.5 and grid.beats[-1] > 1.35


def test_same_sound_same_grid() -> None:
    audio, _ = compose("pop", 110, 8, seed=5)
    first, second = track_beats(audio), track_beats(audio)
    assert np.array_equal(first.beats, second.beats)
    assert np.array_equal(first.downbeats, second.downbeats)


def test_another_tracker_can_be_plugged_in() -> None:
    def metronome(audio: Audio) -> BeatGrid:
        return BeatGrid.steady(90, audio.duration)

    assert track_beats(clicks(np.arange(0.1, 5, 0.5), 5.0), metronome).tempo == 90
