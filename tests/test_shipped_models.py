"""The models that ship, on real audio: what they make is a dance, not noise."""

import numpy as np
import pytest

from dancegen.metrics import foot_slide, mean_jerk
from dancegen.output import OutputPaths
from dancegen.settings import DanceSettings
from dancegen.song_to_video import DanceResult, dance
from motionbeat.assets import asset_path
from motionbeat.audio import Audio, load_audio
from motionbeat.ear import MusicEar
from motionbeat.model_files import load_model
from motionbeat.skeleton import JOINT_NAMES


@pytest.fixture(scope="module")
def danced(tmp_path_factory) -> DanceResult:
    outputs = OutputPaths.named(tmp_path_factory.mktemp("out"), "demo")
    return dance(
        asset_path("songs", "demo_4-4.ogg"), outputs, DanceSettings(start_s=4, duration_s=10, width=256, height=256)
    )


def test_the_video_is_as_long_as_the_song_and_not_empty(danced: DanceResult) -> None:
    assert danced.outputs.video is not None and danced.outputs.video.stat().st_size > 50_000
    assert len(danced.motion) == 300


def test_the_body_stands_on_the_floor_upright_and_moves(danced: DanceResult) -> None:
    joints = danced.motion.joints()
    lowest = joints[:, [7, 8, 10, 11], 1].min(axis=1)
    assert -0.01 < np.median(lowest) < 0.05
    assert joints[:, JOINT_NAMES.index("head"), 1].min() > 1.0
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=2).mean() * 30
    assert 0.2 < speed < 2.0


def test_feet_do_not_slide_and_nothing_shakes(danced: DanceResult) -> None:
    joints = danced.motion.joints()
    # recorded dances: 65 to 140 mm/s by this measure, jerk 30 to 280
    assert foot_slide(joints, 30) < 60
    assert mean_jerk(joints, 30) < 250


def test_the_report_names_protocols_weights_and_seed(danced: DanceResult) -> None:
    report = danced.report
    assert report["music"]["meter"] == 4 and abs(report["music"]["tempo"] - 120) < 1
    assert all(len(checksum) == 64 for checksum in report["weights_sha256"].values())
    assert len(report["weights_sha256"]) == 2
    assert report["settings"]["seed"] == 0
    assert report["style"] in ("cha-cha", "rumba")
    assert all(score.protocol for score in danced.scores)


def test_the_ear_tells_pieces_apart() -> None:
    ear = load_model(asset_path("models", "ear"), MusicEar)
    songs = [load_audio(asset_path("songs", f"demo_{meter}-4.ogg")) for meter in (3, 4)]
    halves = [
        ear.listen(Audio(part, song.sample_rate)).clip
        for song in songs
        for part in (song.samples[: 8 * song.sample_rate], song.samples[-8 * song.sample_rate :])
    ]
    alike = np.stack(halves) @ np.stack(halves).T
    assert min(alike[0, 1], alike[2, 3]) > alike[:2, 2:].max()
