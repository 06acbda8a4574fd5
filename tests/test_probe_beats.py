"""The probe of beats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motionbeat.probe import beat_probe, scores
from motionbeat.probe.beat_probe import FRAME_RATE, frame_labels, pick_peaks, probe_beats
from motionbeat.probe.encoders import Layer
from motionbeat.probe.exchange import Features, Header
from motionbeat.probe.task import BeatLabel, Kind, LabelledClip, Listening, Task

LENGTH_S = 20.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "RESAMPLES", 50)
    monkeypatch.setattr(beat_probe, "_MOST_EPOCHS", 8)
    monkeypatch.setattr(beat_probe, "_BATCH", 128)
    monkeypatch.setattr(beat_probe, "_RATES", (2e-2,))
    monkeypatch.setattr(beat_probe, "SEEDS", (0, 1))


def _task(splits: bool = True) -> Task:
    clips = []
    for number in range(10):
        beats = np.arange(0.3, LENGTH_S, 60 / (90 + 8 * number))
        label = BeatLabel(beats, None if number == 9 else beats[::4], 1.0)
        split = ("test" if number in (2, 5, 9) else "validation" if number in (1, 6) else "train") if splits else None
        part = "barred" if number in (2, 5) else ""
        clips.append(LabelledClip(f"clip{number}", Path("none.wav"), label, str(number), split, part=part))
    return Task("beats", "beats", Kind.BEATS, tuple(clips), (), Listening.FRAMES, True, "Made up.")


def _features(task: Task, planted: bool, rate: float = 50.0) -> Features:
    """Frames in which a bump stands on each beat and a higher one on each downbeat, or nothing but noise."""
    rng = np.random.default_rng(0)
    layers = []
    for clip in task.clips:
        assert isinstance(clip.label, BeatLabel)
        times = np.arange(0, LENGTH_S, 1 / rate)
        x = 0.1 * rng.normal(size=(len(times), 4))
        if planted:
            for column, events in enumerate((clip.label.beats, clip.label.downbeats)):
                if events is not None:
                    x[:, column] += np.exp(-((times[:, None] - events) ** 2).min(axis=1) / max(0.02, 1 / rate) ** 2)
        layers.append(Layer(x.astype(np.float32), times))
    noise = [Layer(rng.normal(size=layer.frames.shape).astype(np.float32), layer.times_s) for layer in layers]
    header = Header("toy", "1", "", task.name, task.digest, 1.0, 60.0)
    return Features(header, {}, {"noise": noise, "told": layers} if planted else {"noise": noise})


@pytest.mark.parametrize("rate", [50.0, 30.0])
def test_planted_beats_are_found_at_any_frame_rate(rate: float) -> None:
    task = _task()
    results = {result.head: result for result in probe_beats(task, _features(task, True, rate))}
    assert list(results) == ["linear, peaks", "linear, bars", "mlp, peaks", "mlp, bars"]
    for result in results.values():
        assert result.views == ("told",)
        assert result.scores["f_measure"].value > 0.9, result.head
        assert result.scores["amlt"].value > 0.85
        assert result.clips == 3
        assert result.parts["barred"]["downbeat_f"].value > 0.75, result.head
        assert len(result.correct or ()) == 3


def test_noise_has_no_beats() -> None:
    task = _task()
    for result in probe_beats(task, _features(task, False), ("linear",)):
        assert result.scores["f_measure"].value < 0.6
        assert result.scores["cmlt"].value < 0.5


def test_without_official_splits_every_clip_is_tested_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat_probe, "_MOST_EPOCHS", 1)
    task = _task(splits=False)
    result = probe_beats(task, _features(task, True), ("linear",))[0]
    assert sorted(result.names) == sorted(clip.name for clip in task.clips)
    assert len(result.views) == 5


def test_labels_are_widened_and_unknown_where_nothing_was_annotated() -> None:
    times = np.arange(0, 2, 0.02)
    labels, known = frame_labels(times, BeatLabel(np.array([0.1, 1.0]), None, 0.5))
    assert times[labels[:, 0] == 1].round(2).tolist() == [0.08, 0.1, 0.12, 0.98, 1.0, 1.02]
    assert known[times < 0.46, 0].max() == 0
    assert known[times > 0.5, 0].min() == 1
    assert known[:, 1].max() == 0


def test_sparse_frames_still_have_a_frame_for_each_beat() -> None:
    times = np.arange(0, 5, 0.1)
    labels, _ = frame_labels(times, BeatLabel(np.array([1.04, 2.26, 3.5]), np.array([1.04])))
    assert labels[:, 0].sum() >= 3
    assert labels[10, 1] == 1


def test_peaks_reach_the_threshold_keep_their_distance_and_may_stand_at_the_ends() -> None:
    activation = np.zeros(200)
    activation[[0, 50, 55, 100, 199]] = [0.9, 0.5, 0.8, 0.2, 0.6]
    assert (pick_peaks(activation, 0.4, 0.2) * FRAME_RATE).round().tolist() == [0, 55, 199]
