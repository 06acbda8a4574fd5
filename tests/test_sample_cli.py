"""The command line: what it accepts, how it fails, and how a batch goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import dancegen.song_to_video
from dancegen import sample
from dancegen.metrics import Score
from dancegen.output import OutputPaths, StagedOutputs
from dancegen.settings import DanceSettings
from motionbeat.errors import UserError


class FakeDance:
    """Stands in for :func:`dancegen.song_to_video.dance`: writes its files the same way, fails where the name says."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, DanceSettings]] = []

    def __call__(
        self, song: Path, outputs: OutputPaths, settings: DanceSettings, progress: Any, force: bool
    ) -> SimpleNamespace:
        self.calls.append((song.name, settings))
        with StagedOutputs(outputs, force) as files:
            progress("composing", 1, 2)
            for path in files.staged.files:
                path.write_text("half")
            if "bad" in song.name:
                raise UserError(f"{song}: is\nno song.")
            if "bug" in song.name:
                raise ZeroDivisionError
            if "stop" in song.name:
                os.kill(os.getpid(), signal.SIGINT)
            files.commit()
        report = {
            "song": song.name,
            "style": settings.style,
            "duration_s": 4.0,
            "music": {"tempo": 120.0, "meter": 4, "confidence": 0.9},
            "settings": {"seed": settings.seed},
            "timing": {"wall_s": 2.0, "cpu_s": 3.0, "stages": {"composing": {"wall_s": 2.0, "cpu_s": 3.0}}},
        }
        scores = (Score("beat_lock", 0.4, "", "protocol"), Score("of_little_interest", 1.0, "", "protocol"))
        return SimpleNamespace(song=song, outputs=outputs, scores=scores, report=report)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeDance:
    fake = FakeDance()
    monkeypatch.setattr(dancegen.song_to_video, "dance", fake)
    return fake


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    folder.mkdir()
    for name in ("a.mp3", "bad.mp3", "c.wav"):
        (folder / name).touch()
    return folder


@pytest.fixture
def models(tiny_models: Path) -> list[str]:
    return ["--model", str(tiny_models)]


def tree(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--steps", "0"], "steps: must be between 1 and 1000, got 0"),
        (["--guidance", "nan"], "guidance: must be between 0 and 20, got nan"),
        (["--duration", "-3"], "duration: must be more than 0 seconds, got -3"),
        (["--duration", "inf"], "duration: must be more than 0 seconds, got inf"),
        (["--start", "-1"], "start: must be 0 seconds or more, got -1"),
        (["--start", "soon"], "argument --start: invalid float value: 'soon'"),
        (["--seed", "-1"], "seed: must be between 0 and"),
        (["--seed", "1.5"], "argument --seed: invalid int value: '1.5'"),
        (["--size", "511x512"], "size: width must be even, 64 to 3840 pixels, got 511"),
        (["--size", "512x99999"], "size: height must be even"),
        (["--size", "big"], "'big' is not WIDTHxHEIGHT"),
        (["--fps", "25"], "argument --fps: invalid choice: 25"),
        (["--renderer", "paint"], "argument --renderer: invalid choice: 'paint'"),
        (["--style", "polka"], "style: 'polka' is unknown. Choose one of auto, none, pop, waltz."),
        (["--style", "pop:0.5,polka:0.5"], "style: 'polka' is unknown"),
        (["--style", "pop:-1,waltz:2"], "style: 'pop:-1,waltz:2' is no mix of styles"),
        (["--style", "pop,auto"], "style: auto and none cannot be mixed"),
        (["--energy", "3"], "energy: must be between 0.5 and 1.5, got 3"),
        (["--dancers", "0"], "dancers: must be between 1 and 6, got 0"),
        (["--body", "male,female"], "body: 2 bodies are named for 1 dancer(s)"),
        (["--keep-joints", "upper"], "keep: say of which motion"),
        (["--keep", "x.npz", "--keep-joints", "tail"], "keep-joints: 'tail' is unknown. Choose from all, root"),
        (["--keep", "x.npz", "--keep-seconds", "4"], "'4' is not A-B[,C-D] in seconds"),
        (["--keep", "x.npz", "--keep-seconds", "4-2"], "keep-seconds: each span must go forward"),
        (["--body", "orc"], "body: 'orc' is unknown. Choose one of neutral, female, male"),
        (["--model", "nowhere"], "model: nowhere has no folder 'encoder'"),
        (["--out", "x.avi"], "--out x.avi: .avi cannot be written"),
        (["--spin"], "unrecognized arguments: --spin"),
    ],
)
def test_nonsense_is_one_line_before_any_work(
    arguments: list[str], expected: str, song: Path, models: list[str], fake: FakeDance, capsys: pytest.CaptureFixture
) -> None:
    try:
        status = sample.main(["--audio", str(song), *models, *arguments])
    except SystemExit as exit_:  # argparse's own way out
        status = exit_.code
    out, err = capsys.readouterr()
    assert status == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and expected in err
    assert fake.calls == []


def test_every_option_reaches_the_settings(tmp_path: Path, song: Path, tiny_models: Path, fake: FakeDance) -> None:
    line = f"--audio {song} --out {tmp_path}/new/x.mp4 --start 1 --duration 2.5 --seed 7 --style waltz --steps 5"
    line += (
        f" --guidance 2 --size 1280x720 --fps 60 --body slim --renderer skeleton --no-overlay --model {tiny_models}"
    )
    line += " --energy 1.2 --mirror --keep a.npz --keep-joints head,legs --keep-seconds 0-2.5,8-"
    line += " --start-pose b@c.npz@1.5 --dancers 2"
    assert sample.main(line.split()) == 0
    assert fake.calls == [
        (
            "song.wav",
            DanceSettings(
                start_s=1,
                duration_s=2.5,
                seed=7,
                style="waltz",
                steps=5,
                guidance=2,
                energy=1.2,
                mirror=True,
                keep=Path("a.npz"),
                keep_joints="head,legs",
                keep_seconds=((0, 2.5), (8, float("inf"))),
                start_pose=Path("b@c.npz"),
                start_pose_s=1.5,
                dancers=2,
                width=1280,
                height=720,
                fps=60,
                body="slim",
                renderer="skeleton",
                overlay=False,
                model=tiny_models,
            ),
        )
    ]
    assert tree(tmp_path / "new") == ["x.dancer2.npz", "x.json", "x.mp4", "x.npz"]


def test_a_bad_song_prints_one_line_and_the_others_go_on(
    songs: Path, tmp_path: Path, models: list[str], fake: FakeDance, capsys: pytest.CaptureFixture
) -> None:
    out_folder = tmp_path / "out"
    status = sample.main(["--audio", str(songs), "gone.mp3", "--out", str(out_folder), "--no-video", *models])
    out, err = capsys.readouterr()
    assert status == 2
    assert [name for name, _ in fake.calls] == ["a.mp3", "bad.mp3", "c.wav"]
    assert tree(out_folder) == ["a.json", "a.npz", "c.json", "c.npz"]
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert errors == ["error: gone.mp3: no such file or folder.", f"error: {songs / 'bad.mp3'}: is no song."]
    assert "2/3 composing" in err
    assert "of_little_interest" not in out  # the JSON file holds it
    assert "120.0 BPM, 4/4" in out and "beat_lock 0.4 [protocol]" in out and str(out_folder / "c.npz") in out


def test_json_prints_one_object_per_song(
    songs: Path, tmp_path: Path, models: list[str], fake: FakeDance, capsys: pytest.CaptureFixture
) -> None:
    assert sample.main(["--audio", str(songs), "--out", str(tmp_path / "out"), "--json", *models]) == 2
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["song"] for row in rows] == ["a.mp3", "bad.mp3", "c.wav"]
    assert [("error" in row) for row in rows] == [False, True, False]
    assert rows[0]["outputs"] == [str(tmp_path / "out" / f"a.{end}") for end in ("mp4", "npz", "json")]


def test_existing_files_are_refused_before_the_work_and_replaced_with_force(
    songs: Path, tmp_path: Path, models: list[str], fake: FakeDance, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.mp4").write_text("precious")
    command = ["--audio", str(songs / "a.mp3"), str(songs / "c.wav"), "--out", str(out), *models]
    assert sample.main(command) == 2
    assert "a.mp4: already exists. Add --force" in capsys.readouterr().err
    assert [name for name, _ in fake.calls] == ["c.wav"]
    assert (out / "a.mp4").read_text() == "precious" and not (out / "a.npz").exists()
    assert sample.main([*command, "--force"]) == 0
    assert (out / "a.mp4").read_text() == "half"


def test_a_bug_is_reported_and_does_not_end_the_batch(
    songs: Path, tmp_path: Path, models: list[str], fake: FakeDance, capsys: pytest.CaptureFixture
) -> None:
    (songs / "bug.mp3").touch()
    assert sample.main(["--audio", str(songs), "--out", str(tmp_path / "out"), *models]) == 1
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err and "unexpected failure" in err
    assert [name for name, _ in fake.calls] == ["a.mp3", "bad.mp3", "bug.mp3", "c.wav"]


def test_interrupt_stops_the_batch_and_leaves_nothing_half_written(
    songs: Path, tmp_path: Path, models: list[str], fake: FakeDance, capsys: pytest.CaptureFixture
) -> None:
    (songs / "b stop.mp3").touch()
    before = signal.getsignal(signal.SIGINT)
    assert sample.main(["--audio", str(songs), "--out", str(tmp_path / "out"), *models]) == 130
    assert signal.getsignal(signal.SIGINT) is before
    assert tree(tmp_path / "out") == ["a.json", "a.mp4", "a.npz"]
    assert capsys.readouterr().err.endswith("error: interrupted; nothing half-written was left.\n")


def test_wrong_options_are_answered_without_heavy_imports() -> None:
    code = (
        "import sys; from dancegen import sample\n"
        "try: sample.main(['--audio', 'x', '--steps', '0'])\n"
        "finally: print(*sorted({'torch', 'librosa', 'numba', 'diffusers', 'gradio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "" and "steps" in done.stderr
