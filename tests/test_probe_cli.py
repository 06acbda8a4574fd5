"""The command line of the probe."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from motionbeat.audio import SAMPLE_RATE, Audio, save_audio
from motionbeat.probe import __main__ as cli
from motionbeat.probe import heads, protocol, scores
from motionbeat.probe.exchange import Features, Header, write_features
from motionbeat.probe.heads import MlpSetting
from motionbeat.probe.tasks.instrument import recorded_notes


@pytest.fixture(autouse=True)
def quick_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SETTINGS", (MlpSetting(5e-3, 0.0),))
    monkeypatch.setattr(heads, "MOST_EPOCHS", 5)
    monkeypatch.setattr(scores, "RESAMPLES", 50)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty notes of two instruments, a sine and a buzz, of ten pitches."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "instruments").mkdir()
    rng, entries = np.random.default_rng(0), []
    time = np.arange(round(0.3 * SAMPLE_RATE)) / SAMPLE_RATE
    for number in range(60):
        pitch = 200.0 + 20 * (number // 6)
        wave = np.sin(2 * np.pi * pitch * time)
        sound = 0.4 * (wave if number % 2 else np.sign(wave)) * np.exp(-rng.uniform(1, 4) * time)
        save_audio(folder / "instruments" / f"{number}.wav", Audio(sound.astype(np.float32)))
        label = "sine" if number % 2 else "buzz"
        entries.append({"file": f"{number}.wav", "label": label, "pitch": f"{pitch:g}"})
    (folder / "instruments" / "index.json").write_text(json.dumps(entries))
    return folder


def _run(data: Path, out: Path, *more: str) -> int:
    return cli.main(["--data", str(data), "--out", str(out), *more])


def test_from_sound_to_table_and_again_from_disk(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run(data, tmp_path, "--encoder", "mfcc", "--task", "instrument") == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "probe.md").read_text()
    assert "## Linear head" in printed
    assert "## Mlp head" in printed
    content = json.loads((tmp_path / "probe.json").read_text())
    linear, mlp = content["results"]
    assert linear["scores"]["accuracy"]["value"] > 0.9
    assert mlp["task"] == "instrument"
    monkeypatch.setattr(cli, "probe", lambda *given: pytest.fail("probed again"))
    assert _run(data, tmp_path, "--encoder", "mfcc", "--task", "instrument", "--json") == 0
    assert json.loads(capsys.readouterr().out) == content


def test_heads_are_added_to_what_is_there(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for head, expected in (("linear", ["linear"]), ("mlp", ["mlp"])):
        assert _run(data, tmp_path, "--encoder", "mfcc", "--task", "instrument", "--head", head, "--json") == 0
        assert [result["head"] for result in json.loads(capsys.readouterr().out)["results"]] == expected
    stored = json.loads((tmp_path / "results" / "mfcc" / "instrument.json").read_text())
    assert [result["head"] for result in stored["results"]] == ["linear", "mlp"]


def test_features_made_elsewhere_are_probed(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = recorded_notes(data)
    told = np.eye(2)[task.targets()]
    header = Header("called else", "1", "", task.name, task.digest, 1.0, 18.0)
    write_features(tmp_path / "features" / "stranger" / "instrument", Features(header, {"told": told}, {}))
    given = "--encoder", "stranger", "--task", "instrument", "--head", "linear", "--json"
    assert _run(data, tmp_path, *given) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["encoder"] == "stranger"
    assert result["scores"]["accuracy"]["value"] == 1.0
    assert cli.main(["--list", "--out", str(tmp_path)]) == 0
    listed = capsys.readouterr().out
    assert "stranger" in listed
    assert "drum-style" in listed


def test_clips_are_written_once(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(data, tmp_path, "--write-clips", "instrument") == 0
    assert "60 clips" in capsys.readouterr().out
    assert len(list((tmp_path / "clips" / "instrument").glob("*.wav"))) == 60
    assert _run(data, tmp_path, "--write-clips", "instrument") == 2
    assert "already exists" in capsys.readouterr().err


def test_what_fails_is_a_line_and_the_others_go_on(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "features" / "empty").mkdir(parents=True)
    given = "--encoder", "empty", "mfcc", "--task", "emotion", "instrument", "--head", "linear"
    assert _run(data, tmp_path, *given) == 2
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 2
    assert "error: emotion: " in err
    assert "error: empty on instrument: " in err
    assert "| mfcc |" in out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "at least one --encoder"),
        (["--encoder", "mfcc"], "at least one --encoder and one --task"),
        (["--encoder", "nobody", "--task", "instrument"], "--encoder nobody: neither ours"),
        (["--encoder", "mfcc", "--task", "nothing"], "--task nothing: no task"),
        (["--encoder", "mfcc", "--task", "instrument", "--head", "deep"], "invalid choice"),
        (["--encoder", "mfcc", "--task", "instrument"], "--data DIR"),
        (["--encoder", "motionbeat@nowhere", "--task", "instrument", "--data", "."], "instrument"),
        (["--write-clips", "nothing"], "No task is called nothing"),
    ],
)
def test_nonsense_is_one_line_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: list[str], message: str
) -> None:
    out = tmp_path / "out"
    try:
        status = cli.main(["--out", str(out), *given])
    except SystemExit as end:  # argparse
        status = int(str(end.code))
    err = capsys.readouterr().err
    assert status == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not out.exists()
