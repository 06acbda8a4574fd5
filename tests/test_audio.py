"""Sound files of every kind in, one clear error for every kind of bad one."""

from __future__ import annotations

import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from motionbeat.audio import SAMPLE_RATE, Audio, load_audio
from motionbeat.errors import UserError
from motionbeat.ffmpeg import ffmpeg_executable

RATE = 44100
SECONDS = 3.0


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """(N,) float32: filtered noise in bursts, so that any shift in time shows in its correlation."""
    rng = np.random.default_rng(0)
    noise = np.convolve(rng.standard_normal(int(SECONDS * RATE)), np.hanning(30) / 30, "same")
    noise *= 0.4 + 0.6 * (np.arange(len(noise)) % (RATE // 2) < RATE // 8)
    return (0.5 * noise / np.abs(noise).max()).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sound: np.ndarray) -> Path:
    """A folder with ``good.wav`` in it."""
    path = tmp_path_factory.mktemp("audio")
    soundfile.write(path / "good.wav", sound, RATE)
    return path


def ffmpeg(*arguments: object) -> None:
    subprocess.run([ffmpeg_executable(), "-nostdin", "-loglevel", "error", "-y", *map(str, arguments)], check=True)


def encoded(folder: Path, name: str, *options: str) -> Path:
    path = folder / name
    if not path.exists():
        ffmpeg("-i", folder / "good.wav", *options, path)
    return path


def lag_s(audio: Audio, sound: np.ndarray, start_s: float = 0.0) -> float:
    """How much later than in ``sound`` (at RATE) things happen in ``audio``, in seconds, within 50 ms."""
    import soxr

    reference = soxr.resample(sound[int(start_s * RATE) :], RATE, SAMPLE_RATE)
    reach = SAMPLE_RATE // 20
    piece = reference[reach : reach + SAMPLE_RATE]
    match = np.correlate(audio.samples[: SAMPLE_RATE + 2 * reach], piece, "valid")
    return (int(match.argmax()) - reach) / SAMPLE_RATE


FORMATS: dict[str, tuple[str, ...]] = {
    "u8.wav": ("-c:a", "pcm_u8"),
    "s24.wav": ("-c:a", "pcm_s24le"),
    "f32.wav": ("-c:a", "pcm_f32le"),
    "f64.wav": ("-c:a", "pcm_f64le"),
    "mulaw.wav": ("-c:a", "pcm_mulaw"),
    "adpcm.wav": ("-c:a", "adpcm_ms"),
    "slow.wav": ("-ar", "8000"),
    "fast.wav": ("-ar", "192000"),
    "surround.wav": ("-af", "pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0"),
    "x.flac": (),
    "x.ogg": ("-c:a", "libvorbis"),
    "x.opus": ("-c:a", "libopus"),
    "x.mp3": ("-b:a", "128k"),
    "x.m4a": ("-c:a", "aac", "-b:a", "128k"),
    "x.mkv": ("-c:a", "aac", "-b:a", "128k"),
    "x.webm": ("-c:a", "libopus"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats_keep_time_level_and_length(folder: Path, sound: np.ndarray, name: str) -> None:
    audio = load_audio(encoded(folder, name, *FORMATS[name]))
    assert audio.sample_rate == SAMPLE_RATE
    assert audio.samples.dtype == np.float32
    assert audio.samples.ndim == 1
    assert audio.duration == pytest.approx(SECONDS, abs=0.03)
    assert abs(lag_s(audio, sound)) < 0.002
    level = np.sqrt(np.mean(audio.samples**2)) / np.sqrt(np.mean(sound**2))
    assert 0.8 < level < 1.1


def test_sound_of_a_video(folder: Path, sound: np.ndarray) -> None:
    picture = ("-f", "lavfi", "-i", "color=size=32x32:rate=5:duration=3")
    ffmpeg("-i", folder / "good.wav", *picture, "-c:v", "mpeg4", "-c:a", "aac", folder / "film.mp4")
    ffmpeg(*picture, "-c:v", "mpeg4", folder / "mute.mp4")
    assert abs(lag_s(load_audio(folder / "film.mp4"), sound)) < 0.002
    with pytest.raises(UserError, match="no sound in it"):
        load_audio(folder / "mute.mp4")


@pytest.mark.parametrize("name", ["x.ogg", "x.mp3", "x.m4a"])
def test_a_part_of_a_file_starts_where_asked(folder: Path, sound: np.ndarray, name: str) -> None:
    audio = load_audio(encoded(folder, name, *FORMATS[name]), start_s=0.7, duration_s=2.0)
    assert audio.duration == pytest.approx(2.0, abs=1e-3)
    assert abs(lag_s(audio, sound, 0.7)) < 0.002


def test_mixing(tmp_path: Path, sound: np.ndarray) -> None:
    soundfile.write(tmp_path / "opposite.wav", np.stack([sound, -sound], axis=1), RATE)
    soundfile.write(tmp_path / "sides.wav", np.stack([sound, 0 * sound], axis=1), RATE)
    soundfile.write(tmp_path / "loud.wav", 32768 * sound, RATE, "FLOAT")
    mono = np.abs(load_audio(tmp_path / "opposite.wav").samples).max()
    assert mono == pytest.approx(0.5, abs=0.02)
    assert np.abs(load_audio(tmp_path / "sides.wav").samples).max() == pytest.approx(0.25, abs=0.01)
    assert np.abs(load_audio(tmp_path / "loud.wav").samples).max() == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["-x.m4a", "http:x.m4a", "concat:a|b.m4a", "a 'b' $(c);.m4a", "-x.mp3", "née 🎵.mp3"])
def test_names_are_only_names(folder: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = encoded(folder, "x" + Path(name).suffix, *FORMATS["x" + Path(name).suffix])
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(source.read_bytes())
    assert load_audio(name).duration == pytest.approx(SECONDS, abs=0.03)


def _png(path: Path, folder: Path) -> None:
    Image.new("RGB", (32, 32)).save(path, "PNG")


def _zip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("song.txt", "la " * 1000)


def _playlist(path: Path, folder: Path) -> None:
    song = encoded(folder, "list.aac", "-c:a", "aac")
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{song}\n#EXT-X-ENDLIST\n")


def _concat(path: Path, folder: Path) -> None:
    encoded(folder, "x.m4a", *FORMATS["x.m4a"])
    path.write_text("ffconcat version 1.0\nfile x.m4a\n")


def _header(offset: int, form: str, value: int) -> Callable[[Path, Path], None]:
    def write(path: Path, folder: Path) -> None:
        content = bytearray((folder / "good.wav").read_bytes())
        struct.pack_into(form, content, offset, value)
        path.write_bytes(content)

    return write


def _samples(samples: np.ndarray, subtype: str = "FLOAT") -> Callable[[Path, Path], None]:
    return lambda path, folder: soundfile.write(path, samples, RATE, subtype, format="WAV")


def _cut(name: str) -> Callable[[Path, Path], None]:
    def write(path: Path, folder: Path) -> None:
        content = encoded(folder, name, *FORMATS.get(name, ())).read_bytes()
        path.write_bytes(content[: len(content) * 9 // 10])

    return write


def _noise(spoilt: float) -> np.ndarray:
    samples = 0.1 * np.random.default_rng(1).standard_normal(3 * RATE)
    samples[RATE] = spoilt
    return samples


BAD: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "empty.mp3": (lambda path, folder: path.touch(), "empty"),
    "folder.mp3": (lambda path, folder: path.mkdir(), "is a folder"),
    "missing.mp3": (lambda path, folder: None, "no such file"),
    "nul\0.mp3": (lambda path, folder: None, r"no such file|cannot be opened"),
    "n" * 300 + ".mp3": (lambda path, folder: None, "cannot be opened"),
    "text.mp3": (lambda path, folder: path.write_text("la la la\n" * 500), "not a sound file"),
    "bytes.wav": (lambda path, folder: path.write_bytes(np.random.default_rng(2).bytes(50_000)), "not a sound file"),
    "picture.mp3": (_png, "not a sound file"),
    "archive.mp3": (_zip, "not a sound file"),
    "playlist.mp3": (_playlist, "not a sound file"),
    "concat.mp3": (_concat, "not a sound file"),
    "no_rate.wav": (_header(24, "<I", 0), "not a sound file"),
    "high_rate.wav": (_header(24, "<I", 4_000_000_000), "not a sound file|samples per second"),
    "no_channels.wav": (_header(22, "<H", 0), "not a sound file|channels"),
    "many_channels.wav": (_header(22, "<H", 500), "500 channels"),
    "no_data.wav": (_header(40, "<I", 0), "no samples"),
    "silent.wav": (_samples(np.zeros(3 * RATE)), "silent"),
    "constant.wav": (_samples(np.full(3 * RATE, 0.5)), "silent"),
    "denormal.wav": (_samples(_noise(0) * 1e-38, "DOUBLE"), "silent"),
    "short.wav": (_samples(_noise(0)[:RATE]), "only 1.00 s"),
    "one_frame.wav": (_samples(_noise(0)[:1]), "only 0.00 s"),
    "nan.wav": (_samples(_noise(np.nan)), "not numbers"),
    "infinite.wav": (_samples(_noise(np.inf)), "not numbers"),
    "absurd.wav": (_samples(_noise(1e30)), "damaged"),
    **{f"cut_{name}": (_cut(name), "cut off") for name in ("x.flac", "x.ogg", "x.opus", "x.mp3", "x.m4a", "x.mkv")},
    "cut.wav": (_cut("good.wav"), "cut off"),
}


@pytest.mark.parametrize("name", BAD, ids=lambda name: name[:20].replace("\0", "0"))
def test_bad_files_are_refused_in_one_sentence(folder: Path, tmp_path: Path, name: str) -> None:
    make, says = BAD[name]
    make(tmp_path / name, folder)
    with pytest.raises(UserError, match=says) as caught:
        load_audio(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert name[:20] in str(caught.value)


def test_a_stream_header_without_length_is_no_damage(folder: Path, tmp_path: Path) -> None:
    _header(40, "<I", 0xFFFFFFFF)(tmp_path / "stream.wav", folder)
    assert load_audio(tmp_path / "stream.wav").duration == pytest.approx(SECONDS)


def test_a_cut_file_is_good_as_far_as_it_goes(folder: Path, tmp_path: Path) -> None:
    for name in ("good.wav", "x.flac"):
        _cut(name)(tmp_path / name, folder)
        assert load_audio(tmp_path / name, duration_s=2.0).duration == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"start_s": -1.0}, "start must be 0"),
        ({"start_s": float("nan")}, "start must be 0"),
        ({"duration_s": -3.0}, "duration must be at least"),
        ({"duration_s": 1.9}, "duration must be at least"),
        ({"duration_s": float("inf")}, "duration must be at least"),
        ({"duration_s": 1e9}, "over the limit"),
        ({"start_s": 10.0}, "beyond the end"),
        ({"start_s": 2.0}, "only 1.00 s"),
        ({"max_duration_s": 2.5}, "longer than the limit"),
    ],
)
@pytest.mark.parametrize("name", ["good.wav", "x.m4a"])
def test_bad_ranges(folder: Path, name: str, options: dict[str, float], says: str) -> None:
    path = encoded(folder, name, *FORMATS.get(name, ()))
    with pytest.raises(UserError, match=says):
        load_audio(path, **options)  # type: ignore[arg-type]


def test_audio_value() -> None:
    audio = Audio(np.arange(10, dtype=np.float32), 10)
    assert audio.duration == 1.0
    assert audio.crop(0.2, 0.5).samples.tolist() == [2, 3, 4]
    with pytest.raises(ValueError, match="samples"):
        Audio(np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="sample_rate"):
        Audio(np.zeros(2, np.float32), 0)
