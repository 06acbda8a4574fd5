"""The scripts of benchmarks/probe_peers read our clips and write features that we read; the peers are fakes."""

from __future__ import annotations

import importlib
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile

from motionbeat.errors import UserError
from motionbeat.probe.exchange import read_features, write_clips
from motionbeat.probe.task import BeatLabel, Kind, LabelledClip, Listening, Task

SCRIPTS = Path(__file__).parents[1] / "benchmarks" / "probe_peers"
RATE = 22050
NAMES = ("low", "middle", "high")
SECONDS = (0.5, 1.0, 1.5)


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Imports a script as it imports its neighbours: by its plain name."""
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module


@pytest.fixture
def io(peers: Callable[[str], ModuleType]) -> ModuleType:
    return peers("clip_folders")


def make_task(folder: Path, listening: Listening = Listening.CLOCK) -> Task:
    """Three tones of three lengths; frames make it a task of beats."""
    clips = []
    for number, (name, seconds) in enumerate(zip(NAMES, SECONDS, strict=True)):
        path = folder / f"{name}.wav"
        time = np.arange(int(seconds * RATE)) / RATE
        soundfile.write(path, 0.5 * np.sin(2 * np.pi * 220 * 2**number * time), RATE)
        label = BeatLabel(np.array([0.1, 0.4]), None) if listening is Listening.FRAMES else name
        clips.append(LabelledClip(name, path, label, name))
    kind = Kind.BEATS if listening is Listening.FRAMES else Kind.CLASS
    return Task(
        "tones", "tones", kind, tuple(clips), () if kind is Kind.BEATS else NAMES, listening, True, "made here"
    )


def listened(samples: np.ndarray, rate: int) -> np.ndarray:
    """(2,) seconds and strongest frequency (Hz) of a clip."""
    peak = np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples)
    return np.array([len(samples) / rate, peak])


def make_peer(io: ModuleType, rate: int = RATE, dense: bool = True) -> Any:
    def frames(samples: np.ndarray) -> dict[str, Any]:
        values = samples[: len(samples) // 441 * 441].reshape(-1, 441)
        return {"blocks": io.Frames(np.abs(values).max(axis=1, keepdims=True), np.arange(len(values)) / 50)}

    return io.Peer(
        "fake",
        "1",
        "for tests",
        rate,
        lambda samples: {"what": listened(samples, rate), "twice": 2 * listened(samples, rate)},
        frames if dense else None,
    )


def run(io: ModuleType, clips: Path, out: Path, peer: Any, *more: str) -> int:
    parsed = io.parser("test").parse_args([str(clips), "--out", str(out), *more])
    status: int = io.main(parsed, lambda: peer)
    return status


@pytest.mark.parametrize("rate", [RATE, 16000])
def test_vectors_go_there_and_back(tmp_path: Path, io: ModuleType, rate: int) -> None:
    task = make_task(tmp_path)
    write_clips(task, tmp_path / "clips")
    assert run(io, tmp_path / "clips", tmp_path / "out", make_peer(io, rate)) == 0
    features = read_features(tmp_path / "out" / "fake" / "tones", task)
    assert features.header.encoder == "fake" and features.header.digest == task.digest
    assert features.header.audio_s == pytest.approx(sum(SECONDS), abs=0.01)
    assert 0 <= features.header.cpu_s < 10
    expected = np.array([[seconds, 220 * 2**number] for number, seconds in enumerate(SECONDS)])
    np.testing.assert_allclose(features.vectors["what"], expected, rtol=0.01)
    np.testing.assert_allclose(features.vectors["twice"], 2 * expected, rtol=0.01)
    assert not features.frames


def test_frames_go_there_and_back(tmp_path: Path, io: ModuleType) -> None:
    task = make_task(tmp_path, Listening.FRAMES)
    write_clips(task, tmp_path / "clips")
    assert run(io, tmp_path / "clips", tmp_path / "out", make_peer(io)) == 0
    features = read_features(tmp_path / "out" / "fake" / "tones", task)
    layers = features.frames["blocks"]
    assert [len(layer.frames) for layer in layers] == [int(50 * seconds) for seconds in SECONDS]
    for layer in layers:
        assert layer.times_s[0] == 0 and layer.times_s[1] == pytest.approx(0.02)
        np.testing.assert_allclose(layer.frames, 0.5, atol=0.02)
    assert not features.vectors


def test_a_peer_without_dense_frames_says_so(
    tmp_path: Path, io: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    write_clips(make_task(tmp_path, Listening.FRAMES), tmp_path / "clips")
    assert run(io, tmp_path / "clips", tmp_path / "out", make_peer(io, dense=False)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "25 or more a second" in said
    assert not (tmp_path / "out").exists()


def test_features_are_replaced_only_when_told(
    tmp_path: Path, io: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    task = make_task(tmp_path)
    write_clips(task, tmp_path / "clips")
    assert run(io, tmp_path / "clips", tmp_path / "out", make_peer(io)) == 0
    header = tmp_path / "out" / "fake" / "tones" / "header.json"
    header.write_text("{}")
    assert run(io, tmp_path / "clips", tmp_path / "out", make_peer(io)) == 2
    assert "--force" in capsys.readouterr().err and header.read_text() == "{}"
    with pytest.raises(UserError):
        read_features(header.parent, task)
    assert run(io, tmp_path / "clips", tmp_path / "out", make_peer(io), "--force") == 0
    assert read_features(header.parent, task).header.version == "1"
    assert [path.name for path in (tmp_path / "out" / "fake").iterdir()] == ["tones"]


def break_index(clips: Path) -> None:
    (clips / "index.json").write_text("[]")


def break_format(clips: Path) -> None:
    index = json.loads((clips / "index.json").read_text())
    (clips / "index.json").write_text(json.dumps(index | {"format": "another"}))


def climb_out(clips: Path) -> None:
    index = json.loads((clips / "index.json").read_text())
    (clips / "index.json").write_text(json.dumps(index | {"task": "../tones"}))


def no_clips(clips: Path) -> None:
    index = json.loads((clips / "index.json").read_text())
    (clips / "index.json").write_text(json.dumps(index | {"clips": []}))


def lose_a_clip(clips: Path) -> None:
    (clips / "0001.wav").unlink()


def damage_a_clip(clips: Path) -> None:
    (clips / "0001.wav").write_bytes(b"no sound")


def lose_the_index(clips: Path) -> None:
    (clips / "index.json").unlink()


@pytest.mark.parametrize(
    "harm", [break_index, break_format, climb_out, no_clips, lose_a_clip, damage_a_clip, lose_the_index]
)
def test_wrong_clips_cost_a_line(
    tmp_path: Path, io: ModuleType, capsys: pytest.CaptureFixture[str], harm: Callable[[Path], None]
) -> None:
    write_clips(make_task(tmp_path), tmp_path / "clips")
    harm(tmp_path / "clips")
    assert run(io, tmp_path / "clips", tmp_path / "out", make_peer(io)) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("error: ") and str(tmp_path / "clips") in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [np.nan, 1e5])
def test_values_that_do_not_fit_are_refused(tmp_path: Path, io: ModuleType, wrong: float) -> None:
    write_clips(make_task(tmp_path), tmp_path / "clips")
    peer = io.Peer("fake", "1", "", RATE, lambda samples: {"what": np.array([wrong])})
    with pytest.raises(ValueError, match="finite"):
        run(io, tmp_path / "clips", tmp_path / "out", peer)
    assert not (tmp_path / "out").exists()


def test_a_missing_package_costs_a_line(tmp_path: Path, io: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    write_clips(make_task(tmp_path), tmp_path / "clips")

    def load() -> Any:
        raise ModuleNotFoundError("No module named 'absent'", name="absent")

    parsed = io.parser("test").parse_args([str(tmp_path / "clips"), "--out", str(tmp_path / "out")])
    assert io.main(parsed, load) == 2
    assert capsys.readouterr().err.startswith("error: absent is not installed here")


class FakeNetwork:
    """musicnn without TensorFlow: a patch holds the numbers of its frames, a layer their mean or themselves."""

    def __init__(self) -> None:
        self.tags = ("even", "odd")

    def patches(self, samples: np.ndarray, patch: int, step: int) -> np.ndarray:
        count = 1 + len(samples) // 256
        return np.stack([np.arange(start, start + patch) for start in range(0, count - patch + 1, step)])[..., None]

    def run(self, patches: np.ndarray) -> dict[str, np.ndarray]:
        mean = patches.mean(axis=1)
        return {
            "middle": patches.astype(float),
            "mean": mean,
            "max": patches.max(axis=1),
            "penultimate": mean,
            "tags": np.stack([np.full(len(patches), 0.25), 0.5 + 0 * mean[:, 0]], axis=1),
        }


@pytest.mark.parametrize("frames", [40, 187, 188, 400, 1000])
def test_musicnn_covers_a_clip_frame_by_frame(peers: Callable[[str], ModuleType], frames: int) -> None:
    musicnn = peers("musicnn_features")
    heard = musicnn.clip_frames(FakeNetwork(), np.zeros((frames - 1) * 256 + 100))["middle layers"]
    np.testing.assert_array_equal(heard.values[:, 0], np.arange(frames))
    np.testing.assert_allclose(heard.times_s, np.arange(frames) * 0.016)


@pytest.mark.parametrize(("frames", "largest", "mean"), [(40, 39.0, 19.5), (400, (186 + 373) / 2, 186.5)])
def test_musicnn_pools_patches(peers: Callable[[str], ModuleType], frames: int, largest: float, mean: float) -> None:
    musicnn = peers("musicnn_features")
    heard = musicnn.clip_vectors(FakeNetwork(), np.zeros((frames - 1) * 256))
    np.testing.assert_allclose(heard["pool"], [largest, mean])
    np.testing.assert_allclose(heard["penultimate"], [mean])


def test_teacher_tags_are_named_after_the_clips(
    tmp_path: Path, peers: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = peers("musicnn_tags")
    monkeypatch.setattr(script, "load_network", lambda model: FakeNetwork())
    write_clips(make_task(tmp_path), tmp_path / "clips")
    out = tmp_path / "tags.npz"
    script.write_tags(tmp_path / "clips", out, force=False)
    with np.load(out, allow_pickle=False) as tags:
        assert tags["names"].tolist() == list(NAMES) and tags["tags"].tolist() == ["even", "odd"]
        np.testing.assert_array_equal(tags["probabilities"], np.tile(np.array([0.25, 0.5]), (3, 1)))
    before = out.read_bytes()
    with pytest.raises(script.PeerError, match="--force"):
        script.write_tags(tmp_path / "clips", out, force=False)
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    "script", ["musicnn_features", "musicnn_tags", "vibenet_features", "beatnet_features", "aisfx_features"]
)
def test_scripts_explain_themselves_without_the_peer(
    script: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    monkeypatch.setattr("sys.argv", [script, "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPTS / f"{script}.py"), run_name="__main__")
    assert ended.value.code == 0
    assert "--write-clips" in capsys.readouterr().out
