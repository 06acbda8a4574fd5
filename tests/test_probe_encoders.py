"""The encoders that are probed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motionbeat.audio import SAMPLE_RATE, Audio, load_audio, save_audio
from motionbeat.beats import BeatGrid
from motionbeat.ear import MUSIC_TOKEN_DIM
from motionbeat.encoder import MotionBeat
from motionbeat.errors import UserError
from motionbeat.probe import listeners, towers
from motionbeat.probe.encoders import Heard, Layer, pooled
from motionbeat.probe.handmade import Librosa35, MelStatistics, MfccStatistics, Tempogram
from motionbeat.probe.listeners import Choice, choose, features_of, hear_task
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task
from motionbeat.probe.towers import CLOCK_SLOT_S, FRAME_S, LAGS, MotionBeatEncoder, repetition
from motionbeat.tokens import PULSE_TOKEN_DIM, slot_grid


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small encoder with random weights, hearing mel patches."""
    folder = tmp_path_factory.mktemp("encoder")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        MotionBeat(width=24, heads=2, phase_blocks=2, plain_layers=1, projection=16).save_pretrained(folder)
    return folder


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(towers, "track_beats", lambda audio: BeatGrid.steady(120.0, audio.duration))


def _note(duration_s: float) -> Audio:
    time = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    return Audio((0.4 * np.exp(-3 * time) * np.sin(2 * np.pi * 330 * time)).astype(np.float32))


def test_pooling_describes_values_and_their_course_over_time() -> None:
    frames = np.array([[1.0, 5.0], [3.0, 5.0]], dtype=np.float32)
    views = pooled(Heard({"x": Layer(frames, np.array([0.0, 1.0]))}, {"clip": np.ones(3, np.float32)}))
    assert list(views) == ["x mean", "x mean+std", "x course", "clip"]
    assert views["x mean"].tolist() == [2, 5]
    assert views["x mean+std"].tolist() == [2, 5, 1, 0]
    assert views["x course"].tolist() == [2, 5, 1, 0, 2, 0, 3, 5, 1, 5]
    still = pooled(Heard({"x": Layer(frames[:1], np.array([0.0]))}))
    assert still["x course"].tolist() == [1, 5, 0, 0, 0, 0, 1, 5, 1, 5]


@pytest.mark.parametrize("duration_s", [0.3, 3.0])
@pytest.mark.parametrize(
    ("encoder", "layer", "width"),
    [(MelStatistics(), "mel", 128), (MfccStatistics(), "mfcc", 40), (Tempogram(), "tempogram", 384)],
)
def test_handmade_features_of_notes_and_music(
    encoder: MelStatistics, layer: str, width: int, duration_s: float
) -> None:
    heard = encoder.hear(_note(duration_s), Listening.CLOCK).layers[layer]
    assert heard.frames.shape[1] == width
    assert heard.frames.dtype == np.float32
    assert np.isfinite(heard.frames).all()
    assert abs(heard.times_s[-1] - duration_s) < 0.03


def test_mfcc_statistics_are_eighty() -> None:
    assert pooled(MfccStatistics().hear(_note(2.0), Listening.MUSIC))["mfcc mean+std"].shape == (80,)


def test_librosa35_leaves_its_tracked_beats_out_on_a_clock(song: Path) -> None:
    audio = load_audio(song)
    with_beats = Librosa35().hear(audio, Listening.MUSIC).layers["librosa35"].frames
    without = Librosa35().hear(audio, Listening.FRAMES).layers["librosa35"].frames
    assert with_beats.shape[1] == 35
    np.testing.assert_array_equal(with_beats[:, :34], without)
    assert set(np.unique(with_beats[:, 34])) == {0, 1}


def test_motionbeat_hears_every_layer_as_it_embeds_songs(weights: Path, steady: None, song: Path) -> None:
    audio = load_audio(song)
    heard = MotionBeatEncoder("mb", weights).hear(audio, Listening.MUSIC)
    model = MotionBeat.from_pretrained(weights).eval()
    expected = model.encode_audio(audio, BeatGrid.steady(120.0, audio.duration).covering(audio.duration))
    assert list(heard.layers) == ["tokens", "stem", "phase 1", "phase 2", "plain 1", "final"]
    np.testing.assert_allclose(heard.layers["final"].frames, expected.tokens, atol=1e-5)
    np.testing.assert_allclose(heard.vectors["clip"], expected.clip, atol=1e-5)
    assert heard.vectors["final in beat"].shape == (4 * 24,)
    np.testing.assert_allclose(heard.vectors["final in beat"][24:48], expected.tokens[1::4].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(heard.vectors["final + repetition"][48:], repetition(expected.tokens), atol=1e-5)
    tempo, *meters, confidence = heard.vectors["final, grid"][48:]
    assert tempo == 0  # 120 beats a minute
    assert meters == [0, 0, 1, 0, 0, 0]
    assert confidence == pytest.approx(expected.grid.confidence)


def test_repetition_finds_the_bar_at_any_length() -> None:
    rng = np.random.default_rng(0)
    bar = rng.normal(size=(12, 5))  # three beats of four slots
    tokens = np.tile(bar, (9, 1)) + 0.3 * rng.normal(size=(108, 5))
    alike = repetition(tokens)
    assert alike.shape == (LAGS,)
    assert set(np.argsort(alike)[-4:] + 1) == {12, 24, 36, 48}
    assert alike[11] > 0.8
    short = repetition(tokens[:13])
    assert short[11] != 0
    assert not short[12:].any()
    assert not repetition(tokens[:1]).any()


def test_on_a_clock_no_beat_is_tracked_and_no_phase_is_told(
    weights: Path, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(audio: Audio) -> BeatGrid:
        raise AssertionError("tracked")

    monkeypatch.setattr(towers, "track_beats", refuse)
    angles = []
    hear = MotionBeat.embed_audio
    monkeypatch.setattr(
        MotionBeat, "embed_audio", lambda self, tokens, theta: (angles.append(theta), hear(self, tokens, theta))[1]
    )
    audio = load_audio(song)
    clock = MotionBeatEncoder("mb", weights).hear(audio, Listening.CLOCK)
    assert list(clock.vectors) == ["clip"]
    MotionBeatEncoder("mb", weights).hear(audio, Listening.FRAMES)
    MotionBeatEncoder("mb", weights, on_beats=False).hear(audio, Listening.MUSIC)
    assert angles
    assert all(not theta.any() for theta in angles)


def test_dense_frames_interleave_clocks_that_start_apart(weights: Path, song: Path) -> None:
    audio = load_audio(song)
    encoder = MotionBeatEncoder("mb", weights)
    dense = encoder.hear(audio, Listening.FRAMES).layers["final"]
    plain = encoder.hear(audio, Listening.CLOCK).layers["final"]
    np.testing.assert_allclose(np.diff(dense.times_s), FRAME_S, atol=1e-9)
    assert 1 / FRAME_S >= 25
    step = round(CLOCK_SLOT_S / FRAME_S)
    np.testing.assert_allclose(dense.frames[::step][: len(plain.frames)], plain.frames, atol=1e-5)


def test_notes_shorter_than_a_slot_are_heard(weights: Path) -> None:
    heard = MotionBeatEncoder("mb", weights).hear(_note(0.15), Listening.CLOCK)
    assert len(heard.layers["final"].frames) >= 2
    assert all(np.isfinite(view).all() for view in pooled(heard).values())


def test_shipped_weights_hear_through_their_ear(song: Path, steady: None) -> None:
    heard = MotionBeatEncoder("motionbeat").hear(load_audio(song), Listening.MUSIC)
    assert heard.layers["ear"].frames.shape[1] == PULSE_TOKEN_DIM
    assert heard.layers["tokens"].frames.shape[1] == PULSE_TOKEN_DIM + MUSIC_TOKEN_DIM
    assert len(heard.layers["tokens"].frames) == len(slot_grid(BeatGrid.steady(120.0, 4.0)))


def _task(folder: Path, listening: Listening) -> Task:
    clips = []
    for number in range(3):
        path = folder / f"{number}.wav"
        save_audio(path, _note(0.5 + 0.2 * number))
        clips.append(LabelledClip(str(number), path, "a", str(number)))
    return Task("toy", "toy", Kind.CLASS, tuple(clips), ("a",), listening, False, "")


def test_features_are_heard_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = _task(tmp_path, Listening.CLOCK)
    first = features_of(Choice("mfcc", "mfcc"), task, tmp_path / "features", again=False)
    assert list(first.vectors) == ["mfcc mean", "mfcc mean+std", "mfcc course"]
    assert first.header.audio_s == pytest.approx(2.1, abs=0.01)
    assert first.header.cpu_s > 0
    monkeypatch.setattr(listeners, "hear_task", lambda encoder, task: pytest.fail("heard again"))
    again = features_of(Choice("mfcc", "mfcc"), task, tmp_path / "features", again=False)
    np.testing.assert_array_equal(again.vectors["mfcc mean"], first.vectors["mfcc mean"])


def test_features_of_other_weights_or_clips_are_heard_again(tmp_path: Path, weights: Path) -> None:
    task = _task(tmp_path, Listening.CLOCK)
    folder = tmp_path / "features"
    first = features_of(Choice("mb", "motionbeat-clock", weights), task, folder, again=False)
    other = tmp_path / "other"
    MotionBeat(width=24, heads=2, phase_blocks=2, plain_layers=1, projection=16).save_pretrained(other)
    second = features_of(Choice("mb", "motionbeat-clock", other), task, folder, again=False)
    assert first.header.version != second.header.version
    assert np.abs(first.vectors["clip"] - second.vectors["clip"]).max() > 1e-3
    fewer = Task("toy", "toy", task.kind, task.clips[:2], ("a",), task.listening, False, "")
    assert len(features_of(Choice("mb", "motionbeat-clock", other), fewer, folder, again=False).vectors["clip"]) == 2


def test_tasks_about_time_keep_frames(tmp_path: Path) -> None:
    features = hear_task(MfccStatistics(), _task(tmp_path, Listening.FRAMES))
    assert features.vectors == {}
    assert [len(layer.frames) for layer in features.frames["mfcc"]] == [26, 36, 46]


def test_encoders_by_name_by_weights_and_by_folder(tmp_path: Path) -> None:
    (tmp_path / "stranger").mkdir()
    assert choose("mfcc", tmp_path) == Choice("mfcc", "mfcc")
    assert choose("stranger", tmp_path) == Choice("stranger", None)
    assert choose("motionbeat@runs/new", tmp_path) == Choice("motionbeat@new", "motionbeat", Path("runs/new"))
    for wrong, message in (("nobody", "neither ours"), ("../x", "neither ours"), ("mfcc@x", "take a folder")):
        with pytest.raises(UserError, match=message):
            choose(wrong, tmp_path)
    with pytest.raises(UserError, match="no features of toy"):
        features_of(Choice("stranger", None), _task(tmp_path, Listening.CLOCK), tmp_path, again=False)
