from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dancegen import video
from dancegen.video import write_video
from motionbeat.errors import UserError
from motionbeat.ffmpeg import ffmpeg_executable

SIZE = (96, 64)
FPS = 30
RATE = 44_100


def flashing(count: int, lit: tuple[int, ...] = ()) -> Iterator[np.ndarray]:
    for index in range(count):
        yield np.full((SIZE[1], SIZE[0], 3), 230 if index in lit else 20, dtype=np.uint8)


def decode(path: Path, *arguments: str) -> bytes:
    command = [ffmpeg_executable(), "-nostdin", "-v", "error", "-i", str(path), *arguments, "pipe:1"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def brightness(path: Path) -> np.ndarray:
    raw = decode(path, "-map", "0:v", "-f", "rawvideo", "-pix_fmt", "gray")
    return np.frombuffer(raw, np.uint8).reshape(-1, SIZE[1] * SIZE[0]).mean(axis=1)


def sound(path: Path, rate: int = 48_000) -> np.ndarray:
    return np.frombuffer(decode(path, "-map", "0:a", "-ac", "1", "-ar", str(rate), "-f", "f32le"), np.float32)


def describe(path: Path) -> str:
    command = [ffmpeg_executable(), "-nostdin", "-i", str(path)]
    return subprocess.run(command, capture_output=True).stderr.decode()


def clicks(path: Path, times_s: np.ndarray, seconds: float) -> Path:
    samples = np.zeros(round(seconds * RATE))
    for time in times_s:
        start = round(time * RATE)
        samples[start : start + 200] = 0.9 * np.hanning(200) * np.sin(0.6 * np.arange(200))
    soundfile.write(path, samples, RATE)
    return path


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".wav")


@pytest.fixture
def song(tmp_path) -> Path:
    return clicks(tmp_path / "song.wav", np.arange(1, 5) * 0.5, 3.0)


@pytest.mark.parametrize("codec", ["wav", "mp3", "m4a", "ogg"])
def test_sound_is_in_sync_to_the_frame(tmp_path, codec):
    """A click in the middle of a flashing frame's time is heard while that frame is shown."""
    start_s, count = 1.2345, 90
    lit = (7, 31, 52, 88)
    song = clicks(tmp_path / "a.wav", start_s + (np.array(lit) + 0.5) / FPS, 6.0)
    if codec != "wav":
        source, song = song, tmp_path / f"song.{codec}"
        subprocess.run([ffmpeg_executable(), "-v", "error", "-i", str(source), str(song)], check=True)
    out = tmp_path / "out.mp4"
    assert write_video(flashing(count, lit), out, SIZE, FPS, song, start_s, count / FPS) == count
    shown = np.flatnonzero(brightness(out) > 128)
    assert tuple(shown) == lit
    loud = np.flatnonzero(np.abs(sound(out)) > 0.25)
    heard_s = loud[np.concatenate([[True], np.diff(loud) > 4800])] / 48_000
    assert len(heard_s) == len(lit)
    # Each onset lies inside its frame: at most half a frame from the middle; codecs smear by a millisecond or two.
    assert np.abs(heard_s * FPS - (np.array(lit) + 0.5)).max() < 0.2


def test_streams_are_what_players_want(tmp_path, song):
    out = tmp_path / "out.mp4"
    write_video(flashing(45), out, SIZE, FPS, song, 0.5, 1.5)
    said = describe(out)
    assert re.search(r"Video: h264.*yuv420p\(tv, bt709.*96x64.*30 fps", said)
    assert re.search(r"Audio: aac.*48000 Hz, stereo", said)
    assert "Duration: 00:00:01.5" in said
    assert len(brightness(out)) == 45
    head = out.read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")  # starts playing before it is loaded
    assert leftovers(tmp_path) == ["out.mp4"]


def test_colours_survive(tmp_path):
    frame = np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8)
    frame[:, :48], frame[:, 48:] = (200, 60, 40), (30, 90, 180)
    write_video(iter([frame] * 8), tmp_path / "out.mp4", SIZE, FPS)
    raw = decode(tmp_path / "out.mp4", "-vf", "scale=in_color_matrix=bt709", "-f", "rawvideo", "-pix_fmt", "rgb24")
    seen = np.frombuffer(raw, np.uint8).reshape(8, SIZE[1], SIZE[0], 3)[4].astype(int)
    assert np.abs(seen[32, 20] - (200, 60, 40)).max() < 8
    assert np.abs(seen[32, 76] - (30, 90, 180)).max() < 8


def test_song_that_ends_early_is_followed_by_silence(tmp_path, song):
    out = tmp_path / "out.mp4"
    write_video(flashing(60), out, SIZE, FPS, song, 2.0, 2.0)
    assert len(brightness(out)) == 60
    heard = sound(out)
    assert len(heard) == pytest.approx(2.0 * 48_000, abs=2048)
    assert np.abs(heard[60_000:]).max() < 0.01


def test_silent_video(tmp_path):
    write_video(flashing(10), tmp_path / "out.mp4", SIZE, 60)
    said = describe(tmp_path / "out.mp4")
    assert "60 fps" in said and "Audio" not in said


@pytest.mark.parametrize("name", ["-x.mp4", "a b;$(c)'\".mp4", "ж%03d.mp4"])
def test_odd_names(tmp_path, name):
    strange = clicks(tmp_path / f"{name}.wav", np.array([0.5]), 2.0)
    write_video(flashing(5), tmp_path / name, SIZE, FPS, strange, 0.0, 5 / FPS)
    assert leftovers(tmp_path) == [name]


@pytest.mark.parametrize("size", [(95, 64), (96, 63), (0, 64)])
def test_odd_sizes_are_refused(tmp_path, size):
    with pytest.raises(UserError, match=f"even.*{size[0]}x{size[1]}"):
        write_video(flashing(3), tmp_path / "out.mp4", size, FPS)
    assert leftovers(tmp_path) == []


def test_missing_folder(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        write_video(flashing(3), tmp_path / "no" / "out.mp4", SIZE, FPS)


@pytest.mark.parametrize("content", [b"not a song", b"#EXTM3U\nhttp://127.0.0.1/x.mp3\n", b""])
def test_song_that_is_none(tmp_path, content):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(content)
    with pytest.raises(UserError, match=r"out\.mp4.*ffmpeg"):
        write_video(flashing(400), tmp_path / "out.mp4", SIZE, FPS, bad, 0.0, 400 / FPS)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError("no more")])
def test_nothing_is_left_of_an_interrupted_video(tmp_path, song, monkeypatch, error):
    started = []
    real = subprocess.Popen

    def watched(*arguments, **options):
        started.append(real(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(video.subprocess, "Popen", watched)
    earlier = tmp_path / "out.mp4"
    earlier.write_bytes(b"precious")

    def broken() -> Iterator[np.ndarray]:
        yield from flashing(5)
        raise error

    with pytest.raises(BaseException) as caught:
        write_video(broken(), earlier, SIZE, FPS, song, 0.0, 3.0)
    assert caught.type in (KeyboardInterrupt, UserError)
    assert earlier.read_bytes() == b"precious"
    assert leftovers(tmp_path) == ["out.mp4"]
    assert len(started) == 1 and started[0].poll() is not None


def test_an_existing_video_is_replaced_by_a_finished_one(tmp_path):
    out = tmp_path / "out.mp4"
    out.write_bytes(b"old")
    write_video(flashing(5), out, SIZE, FPS)
    assert len(brightness(out)) == 5


def test_wrong_frames_are_a_bug_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="frame 0"):
        write_video(iter([np.zeros((10, 10, 3), np.uint8)]), tmp_path / "out.mp4", SIZE, FPS)
    with pytest.raises(ValueError, match="no frames"):
        write_video(iter([]), tmp_path / "out.mp4", SIZE, FPS)
    with pytest.raises(ValueError, match="duration_s"):
        write_video(flashing(3), tmp_path / "out.mp4", SIZE, FPS, "song.wav")
    assert leftovers(tmp_path) == []


def test_full_disk_is_said_in_plain_words(tmp_path, monkeypatch):
    """/dev/full answers every write as a full disk does."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    real = video._command

    def to_full_disk(partial: Path, *rest: object) -> list[str]:
        return [
            "/dev/full" if text == f"file:{partial}" else text.replace("+faststart", "frag_keyframe+empty_moov")
            for text in real(partial, *rest)  # type: ignore[arg-type]
        ]

    monkeypatch.setattr(video, "_command", to_full_disk)
    with pytest.raises(UserError, match="disk is full"):
        write_video(flashing(300), tmp_path / "out.mp4", SIZE, FPS)
    assert leftovers(tmp_path) == []


def test_a_stuck_ffmpeg_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "STALL_S", 0.5)
    monkeypatch.setattr(video, "_command", lambda *_: ["sleep", "60"])
    with pytest.raises(UserError, match="was stopped"):
        write_video(flashing(40), tmp_path / "out.mp4", SIZE, FPS)
