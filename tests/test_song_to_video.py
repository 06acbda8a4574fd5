"""The whole line on a short song with tiny random models."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from dancegen.joint_groups import joints_named
from dancegen.output import OutputPaths
from dancegen.settings import DanceSettings
from dancegen.song_to_video import STAGES, DanceResult, dance
from dancegen.stage_clock import StageClock
from motionbeat.errors import UserError
from motionbeat.motion import load_motion
from tests.conftest import SONG_SECONDS, SONG_TEMPO

FRAMES = int(SONG_SECONDS * 30)


@pytest.fixture
def settings(tiny_models: Path) -> DanceSettings:
    return DanceSettings(steps=2, seed=3, model=tiny_models, video=False)


def make(song: Path, folder: Path, settings: DanceSettings, name: str = "dance") -> DanceResult:
    return dance(song, OutputPaths.named(folder, name, settings.video), settings)


def test_motion_file_has_the_keys_of_amass_and_its_origin(song: Path, tmp_path: Path, settings: DanceSettings) -> None:
    result = make(song, tmp_path, settings)
    with np.load(tmp_path / "dance.npz", allow_pickle=False) as data:
        assert {name: data[name].shape for name in ("poses", "trans", "betas", "contacts")} == {
            "poses": (FRAMES, 72),
            "trans": (FRAMES, 3),
            "betas": (10,),
            "contacts": (FRAMES, 4),
        }
        assert data["mocap_framerate"] == 30 and data["gender"] == "neutral" and data["up_axis"] == "y"
        np.testing.assert_array_equal(data["beats"], result.grid.beats)
        assert set(data["downbeats"]) <= set(data["beats"])
        provenance = json.loads(str(data["provenance"]))
    assert settings.model is not None
    weights = {path.relative_to(settings.model): path for path in settings.model.rglob("*.safetensors")}
    assert provenance["weights_sha256"] == {
        part.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for part, path in weights.items()
    }
    assert len(weights) == 2
    assert provenance["settings"]["seed"] == 3 and provenance["settings"]["model"] == settings.model.name
    assert provenance["versions"]["torch"].startswith("2.")
    again = load_motion(tmp_path / "dance.npz")
    np.testing.assert_array_equal(again.poses, result.motion.poses)


def test_report_says_what_was_heard_made_and_measured(song: Path, tmp_path: Path, settings: DanceSettings) -> None:
    result = make(song, tmp_path, settings)
    report = json.loads((tmp_path / "dance.json").read_text())
    assert report == result.report
    assert report["music"]["tempo"] == pytest.approx(SONG_TEMPO, rel=0.02)
    assert report["song"] == "song.wav" and report["files"] == ["dance.npz", "dance.json"]
    assert report["duration_s"] == SONG_SECONDS and report["style"] in ("pop", "waltz")
    assert list(report["timing"]["stages"]) == ["loading", "listening", "composing", "cleaning"]
    for name in ("beat_lock", "beat_alignment_music_to_motion", "foot_slide", "jerk"):
        assert report["metrics"][name]["protocol"]


def test_same_seed_same_motion_other_seed_other_motion(song: Path, tmp_path: Path, settings: DanceSettings) -> None:
    first, second = make(song, tmp_path, settings, "a"), make(song, tmp_path, settings, "b")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    np.testing.assert_array_equal(first.motion.poses, second.motion.poses)
    other = make(song, tmp_path, DanceSettings(steps=2, seed=4, model=settings.model, video=False), "c")
    assert np.abs(other.motion.poses - first.motion.poses).max() > 1e-3


def test_frame_rate_and_range_are_as_asked(song: Path, tmp_path: Path, tiny_models: Path) -> None:
    settings = DanceSettings(steps=1, start_s=1.0, duration_s=2.5, fps=60, model=tiny_models, video=False)
    motion = make(song, tmp_path, settings).motion
    assert motion.fps == 60 and len(motion) == 150


def test_progress_tells_every_stage_to_its_end_and_may_stop_the_work(
    song: Path, tmp_path: Path, settings: DanceSettings
) -> None:
    told: list[tuple[str, int, int]] = []
    dance(song, OutputPaths.named(tmp_path, "a", False), settings, lambda *report: told.append(report))
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == list(STAGES[:4])
    assert {stage: done == total for stage, done, total in told} == dict.fromkeys(STAGES[:4], True)
    assert [done for stage, done, _ in told if stage == "composing"] == [0, 1, 2]

    def stop(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("composing", 1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dance(song, OutputPaths.named(tmp_path / "new", "b", False), settings, stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.npz"]


def test_a_mirrored_dance_is_the_other_one_in_the_mirror(song: Path, tmp_path: Path, settings: DanceSettings) -> None:
    plain = make(song, tmp_path, settings, "a").motion
    mirrored = make(song, tmp_path, replace(settings, mirror=True), "b").motion
    # cleanup plants the feet of either; what it leaves alone is the same
    upper = list(joints_named("upper"))
    np.testing.assert_allclose(mirrored.poses[:, upper], plain.mirrored().poses[:, upper], atol=1e-4)
    assert np.abs(mirrored.poses[:, upper] - plain.poses[:, upper]).max() > 1e-2


def test_dancers_have_their_own_seeds_files_and_places(song: Path, tmp_path: Path, settings: DanceSettings) -> None:
    outputs = OutputPaths.named(tmp_path, "dance", False, dancers=3)
    result = dance(song, outputs, replace(settings, dancers=3, body="neutral,child"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dance.dancer2.npz", "dance.dancer3.npz", "dance.json", "dance.npz",
    ]  # fmt: skip
    written = [load_motion(path) for path in outputs.motions]
    for ours, theirs in zip(written, result.motions, strict=True):
        np.testing.assert_array_equal(ours.trans, theirs.trans)
    second = make(song, tmp_path, replace(settings, seed=settings.seed + 1), "alone").motion
    np.testing.assert_allclose(written[1].poses[:, 1:], second.poses[:, 1:], atol=1e-5)
    assert written[0].trans[0, 0] < written[1].trans[0, 0] < written[2].trans[0, 0]
    assert len(result.report["other_dancers"]) == 2


def test_a_kept_motion_is_kept_and_not_replaced(song: Path, tmp_path: Path, settings: DanceSettings) -> None:
    given = make(song, tmp_path, settings, "given").motion
    keeping = replace(settings, seed=9, keep=tmp_path / "given.npz", keep_joints="arms", keep_seconds=((1.0, np.inf),))
    result = make(song, tmp_path, keeping, "filled")
    arms = list(joints_named("arms"))
    np.testing.assert_allclose(result.motion.poses[31:, arms], given.poses[31:, arms], atol=1e-3)
    assert np.abs(result.motion.poses[:15, arms] - given.poses[:15, arms]).max() > 1e-2
    assert result.report["settings"]["keep"] == "given.npz"
    assert result.report["settings"]["keep_seconds"] == [[1.0, None]]
    with pytest.raises(UserError, match="would replace a file that is read"):
        dance(song, OutputPaths.named(tmp_path, "given", False), keeping, force=True)


def test_missing_motion_to_keep_is_told_before_the_song_is_heard(
    song: Path, tmp_path: Path, settings: DanceSettings
) -> None:
    told: list[str] = []
    with pytest.raises(UserError, match=r"gone\.npz"):
        dance(
            song, OutputPaths.named(tmp_path, "dance", False), replace(settings, start_pose=tmp_path / "gone.npz"),
            lambda stage, *_: told.append(stage),
        )  # fmt: skip
    assert set(told) == {"loading"}


def test_bad_song_leaves_nothing(tmp_path: Path, settings: DanceSettings) -> None:
    text = tmp_path / "text.mp3"
    text.write_text("This is no music. " * 100)
    with pytest.raises(UserError, match=r"text\.mp3"):
        make(text, tmp_path / "out", settings)
    assert [path.name for path in tmp_path.iterdir()] == ["text.mp3"]


def test_folder_that_is_no_model(song: Path, tmp_path: Path) -> None:
    for part in ("encoder", "denoiser"):
        (tmp_path / part).mkdir()
    with pytest.raises(UserError, match=r"model: .* cannot be read") as caught:
        make(song, tmp_path / "out", DanceSettings(model=tmp_path, video=False))
    assert "\n" not in str(caught.value)


def test_clock_adds_up_stages_and_survives_failure() -> None:
    clock = StageClock()
    with clock.stage("a"):
        sum(range(100_000))
    first = clock.stages["a"]
    with pytest.raises(ValueError), clock.stage("a"):
        raise ValueError
    with clock.stage("b"):
        pass
    assert clock.stages["a"].wall_s > first.wall_s > 0 and clock.stages["a"].cpu_s >= first.cpu_s
    report = clock.as_dict()
    assert list(report["stages"]) == ["a", "b"]
    assert report["wall_s"] == pytest.approx(sum(stage.wall_s for stage in clock.stages.values()), abs=1e-3)


def test_video_lasts_as_long_as_the_motion(song: Path, tmp_path: Path, tiny_models: Path) -> None:
    settings = DanceSettings(steps=1, duration_s=2.0, width=96, height=64, model=tiny_models)
    result = make(song, tmp_path, settings)
    assert result.outputs.files == tuple(tmp_path / f"dance.{end}" for end in ("mp4", "npz", "json"))
    reader = imageio_ffmpeg.read_frames(str(tmp_path / "dance.mp4"))
    about = next(reader)
    frames = [np.frombuffer(frame, np.uint8) for frame in reader]
    assert about["size"] == (96, 64) and about["fps"] == 30 and about["audio_codec"] == "aac"
    assert len(frames) == len(result.motion) == 60
    assert np.ptp(frames[0]) > 50
    assert list(result.report["timing"]["stages"]) == list(STAGES)


def test_missing_smpl_file_is_told_before_the_song_is_heard(song: Path, tmp_path: Path, tiny_models: Path) -> None:
    told: list[str] = []
    settings = DanceSettings(smpl=tmp_path / "SMPL_NEUTRAL.pkl", model=tiny_models)
    with pytest.raises(UserError, match=r"SMPL_NEUTRAL\.pkl"):
        dance(song, OutputPaths.named(tmp_path, "dance"), settings, lambda stage, *_: told.append(stage))
    assert set(told) == {"loading"}
