"""The whole training line on tiny synthetic dances: pairs, encoder, generator, resuming."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from dancegen import train as train_generator
from dancegen.pipeline import DancePipeline
from motionbeat import pairs, train
from motionbeat.beats.tracker import shipped_tracker
from motionbeat.contacts import foot_plants
from motionbeat.dances import VALIDATION, Dance
from motionbeat.encoder import MotionBeat
from motionbeat.motion import Motion
from motionbeat.objective import Objective
from motionbeat.skeleton import OFFSETS_M


def stepping(period_s: float, seconds: float, seed: int = 0) -> Motion:
    """A body that lifts one knee after the other, one step each ``period_s``, arms swinging."""
    frames = int(seconds * 30)
    beat = np.arange(frames) / 30 / period_s
    poses = np.random.default_rng(seed).normal(0, 0.05, (1, 24, 3)) * np.ones((frames, 1, 1))
    poses[:, 0] = 0
    for side, (hip, knee, ankle) in enumerate(((1, 4, 7), (2, 5, 8))):
        lift = np.maximum(np.sin(np.pi * (beat + side)), 0) ** 2
        poses[:, hip] = poses[:, knee] = poses[:, ankle] = 0
        poses[:, hip, 0], poses[:, knee, 0] = -0.6 * lift, 1.2 * lift
        poses[:, 16 + side, 0] = 0.5 * np.sin(np.pi * (beat + side))
    height = -(OFFSETS_M[1] + OFFSETS_M[4] + OFFSETS_M[7] + OFFSETS_M[10])[1] + 0.028
    return Motion(poses.astype(np.float32), np.tile([0, height, 0], (frames, 1)).astype(np.float32), 30.0)


def open_dance(name: str, style: str, period_s: float, seconds: float = 16, **about: bool | str) -> Dance:
    """A stepping body as a recorded dance without music."""
    motion = stepping(period_s, seconds, seed=len(name))
    return Dance(name, style, motion, np.ones(len(motion), bool), None, None, **({"clean": True} | about))


def composed_pair(dance: Dance, number: int) -> pairs.Pair:
    """The dance with the song of that number that is composed for it."""
    music = pairs.choose_songs(dance, number + 1, [])[number]
    return pairs.pair_with_song(dance, f"{dance.name}_{number}", music)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("pairs")
    held_out = {"split": "validation"}
    for name, style, period, about in (
        ("a", "pop", 0.5, {}),
        ("b", "salsa", 0.55, {}),
        (VALIDATION[-1], "modern", 0.52, held_out),
    ):
        for number in range(2):
            composed_pair(open_dance(name, style, period, **about), number).save(out)
    # the held-out dance's style must be known to the model
    composed_pair(open_dance("c", "modern", 0.5, clean=False), 0).save(out)
    return out


def test_pairs_come_back_as_saved(folder: Path) -> None:
    loaded = pairs.load_pairs(folder)
    assert len(loaded) == 7
    assert len(pairs.load_pairs(folder, clean_only=True)) == 6
    pair = loaded[0]
    made = composed_pair(open_dance("a", "pop", 0.5), 0)
    np.testing.assert_allclose(pair.motion.poses, made.motion.poses, atol=1e-4)
    np.testing.assert_allclose(pair.motion.contacts, made.motion.contacts, atol=1 / 255)
    np.testing.assert_array_equal(pair.audio_tokens, made.audio_tokens)
    np.testing.assert_array_equal(pair.valid, made.valid)
    assert (pair.name, pair.dance, pair.split, pair.song) == ("a_0", "a", "train", made.song)
    assert pair.audio_tokens.shape == (len(pair.slots), 320) and pair.audio_tokens.dtype == np.uint8
    assert pair.audio_tokens.max() > 100
    assert {each.split for each in loaded} == {"train", "validation"}


def test_a_pair_ends_with_its_dance_and_its_steps_are_on_beats() -> None:
    pair = composed_pair(open_dance("a", "pop", 0.5), 1)
    assert pair.grid.beats[-1] <= pair.motion.duration <= pair.grid.beats[-1] + 60 / pair.grid.tempo
    plants = foot_plants(pair.motion.contacts, 30)
    assert len(plants) > 20
    assert abs(np.exp(2j * np.pi * pair.grid.beat_phase(plants)).mean()) > 0.8
    assert pair.valid.mean() > 0.9


def test_one_dance_meets_a_different_song_each_time() -> None:
    dance = open_dance("a_long_name_like_those_of_the_recordings", "pop", 0.5, 12)
    first, again, second = (composed_pair(dance, number) for number in (0, 0, 1))
    np.testing.assert_array_equal(first.audio_tokens, again.audio_tokens)
    assert first.grid.tempo != second.grid.tempo and first.song != second.song
    shared = min(len(first.slots), len(second.slots))
    assert np.abs(first.audio_tokens[:shared].astype(int) - second.audio_tokens[:shared]).mean() > 5


def test_other_songs_leave_out_the_songs_that_dances_were_recorded_to(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = pairs.load_pair(folder / "a_0.npz")
    own = tmp_path / "own"
    own.mkdir()
    dataclasses.replace(pair, name=pair.dance).save(own)
    command = ["--pairs", str(own), "--out", str(tmp_path / "motionbeat"), "--other-songs"]
    assert train.main(command) == 2
    assert "none of the kind asked for" in capsys.readouterr().err and not (tmp_path / "motionbeat").exists()


def test_train_resume_and_dance(folder: Path, tmp_path: Path) -> None:
    encoder, generator = tmp_path / "motionbeat", tmp_path / "dance"
    options = ["--pairs", str(folder), "--mixed-precision", "no"]
    first = [*options, "--out", str(encoder), "--batch", "4", "--width", "48", "--temperature", "0.1"]
    assert train.main([*first, "--steps", "2"]) == 0
    assert train.main([*first, "--steps", "10", "--resume"]) == 0
    assert [json.loads(line)["step"] for line in (encoder / "held_out.jsonl").open()] == [2, 10]
    trained = MotionBeat.from_pretrained(encoder)
    assert trained.motion_std.min() > 0 and min(trained.config["audio_std"]) > 0
    ear = trained.ear.state_dict()
    torch.testing.assert_close(ear, dict(shipped_tracker().network.state_dict()))
    assert trained.config["objective"] == dataclasses.asdict(Objective(temperature=0.1))

    second = [*options, "--encoder", str(encoder), "--out", str(generator), "--batch", "4", "--width", "32"]
    second += ["--heads", "2", "--layers", "1"]
    assert train_generator.main([*second, "--steps", "2"]) == 0
    before = json.loads((generator / "held_out.jsonl").read_text())
    assert train_generator.main([*second, "--steps", "60", "--resume", "--lr", "3e-3"]) == 0
    after = json.loads((generator / "held_out.jsonl").read_text().splitlines()[-1])
    assert after["step"] == 60 and after["pose"] < before["pose"]
    pipeline = DancePipeline.from_pretrained(generator)
    assert pipeline.styles == ("modern", "pop", "salsa")
    carried = MotionBeat.from_pretrained(generator / "encoder")
    torch.testing.assert_close(carried.motion_mean, trained.motion_mean)

    onward = [*second[: second.index(str(generator))], str(tmp_path / "onward"), *second[second.index("--batch") :]]
    assert train_generator.main([*onward, "--steps", "1", "--lr", "1e-9", "--start-from", str(generator)]) == 0
    began = json.loads((tmp_path / "onward" / "held_out.jsonl").read_text())
    assert began["pose"] == pytest.approx(after["pose"], rel=1e-3)
    taken = DancePipeline.from_pretrained(tmp_path / "onward").denoiser.state_dict()
    given = pipeline.denoiser.state_dict()
    for name in ("style.weight", "music_in.weight", "motion_mean"):
        torch.testing.assert_close(taken[name], given[name], rtol=1e-4, atol=1e-6)
    again = [*first, "--steps", "1", "--start-from", str(encoder)]
    again[again.index(str(encoder))] = str(tmp_path / "again")
    assert train.main([*again, "--lr", "1e-9"]) == 0
    assert train.main([*again, "--out", str(tmp_path / "deeper"), "--plain-layers", "1"]) == 2
    other = [*onward, "--layers", "2", "--out", str(tmp_path / "other"), "--start-from", str(generator)]
    assert train_generator.main(other) == 2
    assert torch.linalg.norm(pipeline.denoiser.style_prototype, dim=1).allclose(torch.ones(3), atol=1e-4)


def test_training_without_data_says_so(tmp_path: Path, capsys) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert train.main(["--pairs", str(tmp_path), *out]) == 2
    assert "no pairs" in capsys.readouterr().err
    assert pairs.main(["--open", str(tmp_path), *out]) == 2
    assert "index.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--steps", "0"], "--steps"),
        (["--lr", "0"], "--lr"),
        (["--temperature", "0"], "temperature"),
        (["--blind-share", "5"], "blind share"),
        (["--beat-weight", "-1"], "weights"),
        (["--bars", "9"], "--bars 2"),
    ],
)
def test_training_refuses_nonsense(options: list[str], expected: str, folder: Path, tmp_path: Path, capsys) -> None:
    command = ["--pairs", str(folder), "--out", str(tmp_path / "out"), "--mixed-precision", "no"]
    assert train.main([*command, *options]) == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_second_training_does_not_spoil_the_first(folder: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "log.jsonl").write_text("{}\n")
    assert train.main(["--pairs", str(folder), "--out", str(tmp_path)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert (tmp_path / "log.jsonl").read_text() == "{}\n"
