"""Features and clips on disk."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from motionbeat.audio import SAMPLE_RATE, Audio, save_audio
from motionbeat.errors import UserError
from motionbeat.probe.encoders import Layer
from motionbeat.probe.exchange import Features, Header, read_features, read_header, write_clips, write_features
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task


def _task(folder: Path, listening: Listening = Listening.MUSIC) -> Task:
    sound = folder / "tone.wav"
    if not sound.exists():
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE)
        save_audio(sound, Audio(tone.astype(np.float32)))
    clips = tuple(
        LabelledClip(f"clip {i}", sound, "ab"[i % 2], str(i), start_s=0.5 * i, duration_s=1.0) for i in range(3)
    )
    return Task("toy", "toy", Kind.CLASS, clips, ("a", "b"), listening, False, "Made up.")


def _header(task: Task) -> Header:
    return Header("someone", "1.0", "a network", task.name, task.digest, 3.0, 90.0)


def test_vectors_come_back_rounded_to_half_precision(tmp_path: Path) -> None:
    task = _task(tmp_path)
    vectors = {name: np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32) for name in ("a b/c", "d")}
    write_features(tmp_path / "features", Features(_header(task), vectors, {}))
    back = read_features(tmp_path / "features", task)
    assert back.header == _header(task) == read_header(tmp_path / "features")
    assert back.header.cpu_s_per_min == 2.0
    assert list(back.vectors) == ["a b/c", "d"]
    for name in vectors:
        np.testing.assert_allclose(back.vectors[name], vectors[name], rtol=1e-3, atol=1e-6)
        assert back.vectors[name].dtype == np.float32


def test_frames_of_clips_of_different_lengths_come_back(tmp_path: Path) -> None:
    task = _task(tmp_path, Listening.FRAMES)
    rng = np.random.default_rng(0)
    layers = [Layer(rng.normal(size=(n, 4)).astype(np.float32), np.arange(n) / 50) for n in (5, 1, 9)]
    write_features(tmp_path / "features", Features(_header(task), {}, {"ear": layers}))
    back = read_features(tmp_path / "features", task).frames["ear"]
    assert [layer.frames.shape for layer in back] == [(5, 4), (1, 4), (9, 4)]
    np.testing.assert_allclose(back[2].frames, layers[2].frames, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(back[2].times_s, layers[2].times_s)


def test_values_that_do_not_fit_are_refused_and_nothing_is_left(tmp_path: Path) -> None:
    task = _task(tmp_path)
    for value in (1e5, np.nan):
        with pytest.raises(ValueError, match="scale them"):
            write_features(tmp_path / "features", Features(_header(task), {"x": np.full((3, 2), value)}, {}))
    assert not (tmp_path / "features").exists()


def _written(folder: Path) -> tuple[Task, Path]:
    task = _task(folder)
    write_features(folder / "features", Features(_header(task), {"x": np.ones((3, 2))}, {}))
    return task, folder / "features"


def test_features_of_other_clips_or_tasks_are_refused(tmp_path: Path) -> None:
    task, folder = _written(tmp_path)
    fewer = Task("toy", "toy", task.kind, task.clips[:2], task.classes, task.listening, False, "")
    with pytest.raises(UserError, match="other clips than toy"):
        read_features(folder, fewer)
    other = Task("else", "else", task.kind, task.clips, task.classes, task.listening, False, "")
    with pytest.raises(UserError, match="the task toy"):
        read_features(folder, other)
    dense = _task(tmp_path, Listening.FRAMES)
    with pytest.raises(UserError, match="needs frames"):
        read_features(folder, dense)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "else"}, "its format is not"),
        ({"digest": 5}, "digest must be text"),
        ({"cpu_s": -1}, "cpu_s must be seconds"),
        ({"cpu_s": True}, "cpu_s must be seconds"),
        ({"views": []}, "at least one view"),
        ({"views": [{"name": "x", "kind": "vectors", "file": "../0.npz"}]}, "plain name"),
        ({"views": [{"name": "x", "kind": "pickles", "file": "0.npz"}]}, "needs a name, a kind"),
        ({"views": 2 * [{"name": "x", "kind": "vectors", "file": "0.npz"}]}, "same name"),
    ],
)
def test_wrong_headers_are_one_line(tmp_path: Path, change: dict[str, object], message: str) -> None:
    task, folder = _written(tmp_path)
    header = json.loads((folder / "header.json").read_text())
    (folder / "header.json").write_text(json.dumps(header | change))
    with pytest.raises(UserError, match=message) as caught:
        read_features(folder, task)
    assert "\n" not in str(caught.value)


def test_damaged_missing_and_pickled_features_are_one_line(tmp_path: Path) -> None:
    task, folder = _written(tmp_path)
    with pytest.raises(UserError, match=r"no header\.json there"):
        read_features(tmp_path / "nowhere", task)
    good = (folder / "0.npz").read_bytes()
    for content, message in ((good[:100], "cut off"), (b"", "cut off")):
        (folder / "0.npz").write_bytes(content)
        with pytest.raises(UserError, match=message):
            read_features(folder, task)
    for array, message in (
        (np.array([{}, {}, {}], dtype=object), "other things than numbers"),
        (np.ones((2, 2), np.float16), r"vectors must be \(3, K\)"),
        (np.array([["a", "b"]] * 3), "instead of numbers"),
        (np.full((3, 2), np.inf, np.float16), "not finite"),
    ):
        np.savez(folder / "0.npz", vectors=array)
        with pytest.raises(UserError, match=message):
            read_features(folder, task)
    (folder / "header.json").write_text("[1")
    with pytest.raises(UserError, match="not a header"):
        read_features(folder, task)


def test_wrong_frames_are_one_line(tmp_path: Path) -> None:
    task = _task(tmp_path, Listening.FRAMES)
    layers = [Layer(np.ones((4, 2), np.float32), np.arange(4) / 50)] * 3
    folder = tmp_path / "features"
    write_features(folder, Features(_header(task), {}, {"ear": layers}))
    good = dict(np.load(folder / "0.npz"))
    for change, message in (
        ({"counts": np.array([4, 4])}, "counts must be"),
        ({"counts": np.array([4, 4, 3])}, "must have 11 rows"),
        ({"times_s": np.zeros(12)}, "do not ascend"),
    ):
        np.savez(folder / "0.npz", **(good | change))
        with pytest.raises(UserError, match=message):
            read_features(folder, task)


def test_clips_are_written_as_plain_files_with_an_index(tmp_path: Path) -> None:
    task = _task(tmp_path, Listening.CLOCK)
    names: list[str] = []
    write_clips(task, tmp_path / "clips", progress=names.append)
    index = json.loads((tmp_path / "clips" / "index.json").read_text())
    assert index["task"] == "toy"
    assert index["digest"] == task.digest
    assert index["listening"] == "clock"
    assert [clip["name"] for clip in index["clips"]] == names == ["clip 0", "clip 1", "clip 2"]
    with wave.open(str(tmp_path / "clips" / index["clips"][1]["file"])) as sound:  # with nothing but Python itself
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (SAMPLE_RATE, 1, 2)
        assert sound.getnframes() == SAMPLE_RATE
    with pytest.raises(UserError, match="already exists"):
        write_clips(task, tmp_path / "clips")
    write_clips(task, tmp_path / "clips", force=True)


def test_a_clip_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    task = _task(tmp_path)
    missing = LabelledClip("gone", tmp_path / "gone.wav", "a", "9")
    broken = Task("toy", "toy", task.kind, (*task.clips, missing), task.classes, task.listening, False, "")
    with pytest.raises(UserError, match=r"gone\.wav: no such file"):
        write_clips(broken, tmp_path / "clips")
    assert not (tmp_path / "clips").exists()


def test_the_digest_knows_names_and_stretches(tmp_path: Path) -> None:
    task = _task(tmp_path)
    first = task.clips[0]
    for changed in (
        LabelledClip("other", first.sound, "a", "0", None, first.start_s, first.duration_s),
        LabelledClip(first.name, first.sound, "a", "0", None, 0.25, first.duration_s),
        LabelledClip(first.name, first.sound, "a", "0", None, first.start_s, None),
    ):
        clips = (changed, *task.clips[1:])
        assert Task("toy", "toy", task.kind, clips, ("a", "b"), task.listening, False, "").digest != task.digest
