"""The probe of dances: its features by slot, its heads, its tasks and its command line, on synthetic dances."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from motionbeat.ablations import METHOD, RunSettings
from motionbeat.errors import UserError
from motionbeat.pairs import Pair
from motionbeat.probe import __main__ as cli
from motionbeat.probe import dance_probe
from motionbeat.probe.catalogue import Places, read_task
from motionbeat.probe.dance_probe import LinearByBar, probe_dances, slots_of
from motionbeat.probe.encoders import Layer
from motionbeat.probe.exchange import Features, Header, write_features
from motionbeat.probe.slots import slot_features
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task
from tests.test_clips import pair

TINY = RunSettings(
    30, 6, 5e-3, {"width": 32, "heads": 2, "phase_blocks": 1, "plain_layers": 1, "projection": 32} | METHOD
)
SPLITS = {"a": "train", "bb": "train", "ccc": "validation", "dddd": "test", "e" * 5: "test"}
RATE = 50.0


@pytest.fixture(autouse=True)
def two_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dance_probe, "SEEDS", (0, 1))


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Dances at 118 to 121 beats a minute, one to each song."""
    return [pair(name, 118 + len(name) % 4, bars=7, split=split) for name, split in SPLITS.items()]


def make_task(pairs: list[Pair], **changes: object) -> Task:
    clips = tuple(LabelledClip(each.name, Path("none.wav"), each, each.song, each.split) for each in pairs)
    task = Task("dances", "dances", Kind.DANCES, clips, (), Listening.FRAMES, False, "Made up.")
    return replace(task, **changes)  # type: ignore[arg-type]


def make_features(task: Task, rate: float = RATE) -> Features:
    """A view of noise, and one with a bump on each beat."""
    rng = np.random.default_rng(0)
    told, noise = [], []
    for clip in task.clips:
        assert isinstance(clip.label, Pair)
        beats = clip.label.grid.beats
        times = np.arange(0.0, beats[-1] + 1, 1 / rate)
        bumps = np.exp(-((times[:, None] - beats).__abs__().min(axis=1) ** 2) / 0.03**2)
        x = 0.1 * rng.normal(size=(len(times), 4))
        noise.append(Layer(x.astype(np.float32), times))
        told.append(Layer((x + bumps[:, None] * [1, -1, 2, 0]).astype(np.float32), times))
    return Features(Header("toy", "1", "", task.name, task.digest, 1.0, 60.0), {}, {"noise": noise, "told": told})


# --- slots ---


def test_a_slot_is_the_mean_of_its_frames_and_begins_early_by_its_lead() -> None:
    times = np.arange(0, 4, 0.02) + 0.01
    frames = np.stack([times, (np.abs(times - 1.01) < 0.005).astype(float)], axis=1)
    starts = np.arange(0.5, 3.0, 0.2)
    marks = np.array([False, True])
    plain = slot_features(frames, times, marks, starts, 0.0)
    np.testing.assert_allclose(plain[:, 0], starts + 0.1, atol=1e-5)
    assert plain[:, 1].tolist() == [0, 0, 1] + [0] * (len(starts) - 3)
    np.testing.assert_allclose(slot_features(frames, times, marks, starts, 0.25)[:, 0], starts + 0.05, atol=0.011)


def test_sparse_frames_are_interpolated_and_held_beyond_their_ends() -> None:
    times = np.array([1.0, 1.5, 2.0])
    starts = np.array([0.0, 0.2, 0.9, 1.1, 1.3, 2.4])
    slots = slot_features(times[:, None], times, np.array([False]), starts, 0.0)
    middles = starts + 0.5 * np.diff(starts, append=2 * starts[-1] - starts[-2])
    np.testing.assert_allclose(slots[:, 0], np.clip(middles, 1.0, 2.0), atol=1e-6)


def test_slots_are_standardised_on_training_songs_and_constant_columns_do_not_explode(pairs: list[Pair]) -> None:
    task = make_task(pairs)
    layers = make_features(task).frames["told"]
    dead = [Layer(np.append(each.frames, np.full((len(each.frames), 1), 3.0, np.float32), 1), each.times_s)
            for each in layers]  # fmt: skip
    dead[-1].frames[:, -1] = 3.001  # hardly another value in a test song
    slots = slots_of(task, dead)
    trained = np.concatenate([slots[each.name] for each in pairs if each.split == "train"])
    np.testing.assert_allclose(trained.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(trained.std(axis=0)[:-1], 1, atol=1e-3)
    assert max(np.abs(values).max() for values in slots.values()) < 20
    assert all(len(slots[each.name]) == len(each.slots) for each in pairs)


# --- heads ---


def test_the_linear_head_is_linear_before_its_pooling_and_knows_when() -> None:
    torch.manual_seed(0)
    head = LinearByBar(5, 16, 16, 2)
    tokens, theta = torch.randn(3, 32, 5), torch.arange(32) * 2 * torch.pi / 16 + torch.zeros(3, 1)
    unit, same = head(tokens, theta)
    assert same is tokens
    np.testing.assert_allclose(unit.detach().norm(dim=1), 1, rtol=1e-5)
    moved = head(tokens.roll(4, dims=1), theta)[0]
    assert (unit * moved).sum(dim=1).max() < 0.99
    np.testing.assert_allclose(head(tokens.roll(16, dims=1), theta)[0].detach(), unit.detach(), atol=1e-5)
    assert sum(parameter.numel() for parameter in head.parameters()) == 5 * 16 + 16


def test_told_beats_are_chosen_and_heard_by_both_heads(pairs: list[Pair]) -> None:
    task = make_task(pairs)
    results = probe_dances(task, make_features(task), settings=TINY, trial_steps=15)
    assert [result.head for result in results] == ["linear, by bar", "mlp, tower"]
    for result in results:
        assert result.views == ("told",)
        assert result.settings == ("30 steps",)
        assert next(iter(result.scores)) == "in_time"
        assert result.scores["half_beat"].value > 0.85, result.head
        tests = ("beat", "half_beat", "stretch_3", "stretch_6", "stretch_10")
        assert result.scores["in_time"].value == pytest.approx(np.mean([result.scores[name].value for name in tests]))
        assert result.names == result.members == ("dddd", "e" * 5)
        assert result.correct is not None
        assert np.mean(result.correct) == pytest.approx(result.scores["in_time"].value)
        assert result.scores["in_time"].low <= result.scores["in_time"].value <= result.scores["in_time"].high
        assert set(result.chance) == set(result.scores)
        assert result.chance["in_time"] == 0.5
        assert 0 < result.chance["music_to_dance"] < 1


def test_noise_does_not_tell_half_a_beat(pairs: list[Pair]) -> None:
    task = make_task(pairs)
    features = make_features(task)
    alone = replace(features, frames={"noise": features.frames["noise"]})
    (result,) = probe_dances(task, alone, ("linear",), replace(TINY, steps=10))
    assert result.views == ("noise",)
    assert 0.3 < result.scores["half_beat"].value < 0.7


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_every_split_is_needed(pairs: list[Pair], split: str) -> None:
    task = make_task([each for each in pairs if each.split != split])
    with pytest.raises(UserError, match=f"no dance of the {split} split is long enough for a clip of 4 bars"):
        probe_dances(task, make_features(task), settings=TINY)


def test_frames_too_far_apart_are_refused(pairs: list[Pair]) -> None:
    task = make_task(pairs)
    with pytest.raises(UserError, match="the frames of noise are too far apart; dances need 25"):
        probe_dances(task, make_features(task, 20.0), settings=TINY)


def test_shorter_dances_take_part_with_shorter_clips(pairs: list[Pair]) -> None:
    task = make_task([replace(pair(each.name, bars=4), split=each.split) for each in pairs], bars=2)
    (result,) = probe_dances(task, make_features(task), ("linear",), replace(TINY, steps=1), 1)
    assert result.clips == 2


# --- tasks ---


def save_pairs(folder: Path, pairs: list[Pair]) -> Path:
    folder.mkdir(exist_ok=True)
    for each in pairs:
        each.save(folder)
    return folder


def write_song(path: Path, beats: np.ndarray) -> None:
    """A second of silence after the last of some clicks."""
    time = np.arange(int((beats[-1] + 1) * 22050)) / 22050
    since = time - beats[np.maximum(np.searchsorted(beats, time, side="right") - 1, 0)]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.5 * np.sin(4000 * since) * np.exp(-40 * np.maximum(since, 0)), 22050)


@pytest.fixture
def data(tmp_path: Path, pairs: list[Pair]) -> Path:
    """A folder of the ballroom set and one of its pairs, ``pairs``."""
    ballroom = tmp_path / "data" / "ballroom"
    entries = []
    for each in pairs:
        write_song(ballroom / f"{each.name}.ogg", each.grid.beats)
        np.savez(
            ballroom / f"{each.name}.npz", poses=each.motion.poses.reshape(-1, 72), trans=each.motion.trans, fps=30.0,
            contacts=np.ones((len(each.motion), 4), bool), seam=~each.valid, beats=each.grid.beats,
            downbeats=each.grid.downbeats,
        )  # fmt: skip
        about = {"name": each.name, "genre": "waltz", "song": each.song, "meter": "4/4", "bpm": each.grid.tempo}
        entries.append(about)
    (ballroom / "index.json").write_text(json.dumps({"dances": entries}))
    save_pairs(tmp_path / "pairs", [*pairs, replace(pairs[0], name="a_0", song="another")])
    return tmp_path / "data"


def places(data: Path) -> Places:
    return Places(data, *(data.parent / name for name in ("cache", "beatset", "recordings", "tags.npz", "pairs")))


def test_ballroom_dances_with_their_own_songs(data: Path, pairs: list[Pair]) -> None:
    task = read_task("dances", places(data))
    assert (task.kind, task.listening, task.bars) == (Kind.DANCES, Listening.FRAMES, 4)
    assert {clip.name: clip.split for clip in task.clips} == SPLITS
    clip = task.clips[0]
    assert clip.read().duration == pytest.approx(pairs[0].grid.beats[-1] + 1, abs=0.01)
    with pytest.raises(ValueError, match="no table of targets"):
        task.targets()


def test_labels_are_the_dances_and_the_length_of_clips(pairs: list[Pair]) -> None:
    task = make_task(pairs)
    assert task.label_digest == make_task(pairs).label_digest
    trans = pairs[0].motion.trans + np.float32(0.01)
    moved = replace(pairs[0], motion=replace(pairs[0].motion, trans=trans))
    assert make_task([moved, *pairs[1:]]).label_digest != task.label_digest != replace(task, bars=2).label_digest
    with pytest.raises(ValueError, match="does not fit a task of kind dances"):
        replace(task, clips=(replace(task.clips[0], label="waltz"),))


@pytest.mark.parametrize("left", [(), ("a_0",)])
def test_pairs_of_other_dances_do_not_count(data: Path, left: tuple[str, ...]) -> None:
    for path in (data.parent / "pairs").iterdir():
        if path.stem not in left:
            path.unlink()
    with pytest.raises(UserError, match=r"no such dances.*motionbeat\.pairs --ballroom .*/ballroom --out") as caught:
        read_task("dances", places(data))
    assert "\n" not in str(caught.value)


AIST = {
    "gPO_sFM_cAll_d10_mPO4_ch01": "train",
    "gHO_sBM_cAll_d20_mHO5_ch01": "validation",
    "gHO_sBM_cAll_d20_mHO5_ch02": "test",
}


def test_aist_dances_share_pieces_and_have_clips_of_two_bars(tmp_path: Path) -> None:
    folder = tmp_path / "aist"
    for name, split in AIST.items():
        song = f"m{name.split('_m')[1][:3]}"
        one = replace(pair("x", bars=4), name=name, dance=name, split=split, song=song)
        save_pairs(tmp_path / "pairs", [one, replace(one, name=f"{name}_0")])
        write_song(folder / "wav" / f"{song}.wav", one.grid.beats)
    task = read_task("aist", places(folder))
    assert {clip.name: clip.split for clip in task.clips} == AIST
    assert task.bars == 2
    assert task.clips[0].sound == task.clips[1].sound == folder / "wav" / "mHO5.wav"
    (folder / "wav" / "mPO4.wav").unlink()
    with pytest.raises(UserError, match=r"the music mPO4\.wav is in neither"):
        read_task("aist", places(folder))


# --- command line ---


def run(data: Path, *more: str) -> int:
    out = data.parent / "out"
    given = "--data", str(data), "--pairs", str(data.parent / "pairs"), "--out", str(out), "--task", "dances"
    return cli.main([*given, *more])


def test_from_songs_to_a_table_and_again_from_disk(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = replace(TINY, steps=2)
    monkeypatch.setattr(cli, "probe_dances", partial(probe_dances, settings=quick, trial_steps=1))
    assert run(data, "--encoder", "mfcc", "--head", "linear") == 0
    printed = capsys.readouterr().out
    assert "| encoder | music and dance (ballroom) [by bar], in time |" in printed
    assert "| mfcc | linear, by bar |" in printed
    assert "song R@1, dance to music" in printed
    assert run(data, "--encoder", "mfcc") == 0
    assert "| mfcc | mlp, tower |" in capsys.readouterr().out
    monkeypatch.setattr(cli, "probe_dances", lambda *given: pytest.fail("probed again"))
    assert run(data, "--encoder", "mfcc", "--json") == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["head"] for result in results] == ["linear, by bar", "mlp, tower"]


def test_who_has_no_frames_cannot_take_part(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = read_task("dances", places(data))
    header = Header("whole", "1", "", task.name, task.digest, 1.0, 18.0)
    vectors = {"all": np.zeros((len(task.clips), 3), np.float32)}
    write_features(data.parent / "out" / "features" / "whole" / "dances", Features(header, vectors, {}))
    assert run(data, "--encoder", "whole") == 2
    err = capsys.readouterr().err
    assert "dances needs frames, and no view has them" in err
    assert len(err.splitlines()) == 1


def test_tasks_of_dances_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list", "--out", str(tmp_path)]) == 0
    tasks, official = capsys.readouterr().out.splitlines()[-2:]
    assert tasks.endswith(", dances")
    assert official.endswith(", aist")
