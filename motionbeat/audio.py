"""Any audio file in, mono float32 at one fixed rate out; and back to a file.

libsndfile (through soundfile) reads what it can; everything else, such as AAC and the sound of videos, goes through
ffmpeg. Both are read in blocks with a cap, so a lying header cannot fill the memory. Whatever is wrong with a file
is said in one :class:`~motionbeat.errors.UserError`.
"""

from __future__ import annotations

import math
import os
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import soundfile
import soxr

from motionbeat.errors import UserError
from motionbeat.ffmpeg import QUIET_ARGUMENTS, ffmpeg_executable, input_arguments

SAMPLE_RATE = 22050
"""Samples per second of every :class:`Audio` in this project."""

MIN_DURATION_S = 2.0
"""Shorter sound has no beat to dance to and is refused."""

MAX_DURATION_S = 3600.0
"""Longest sound that is loaded unless the caller allows more: one hour, 318 MB of float32."""

SAVED_SUFFIXES = (".ogg", ".flac", ".wav")
"""Endings of files that :func:`save_audio` writes: Vorbis, and two kinds with 16 bits a sample."""

MIN_FILE_RATE = 4_000
MAX_FILE_RATE = 192_000
MAX_FILE_CHANNELS = 16

_SILENCE_PEAK = 1e-4  # -80 dB of full scale: below the noise of a 14-bit converter
_ABSURD_PEAK = 1e6  # above the largest integer full scale that someone may have stored as floats by mistake, 2**15
_BLOCK_FRAMES = 1 << 16
_DECODE_TIMEOUT_S = 300.0
_PREROLL_S = 5.0
_LATEST_START_S = 1e7  # four months; the samples before it still fit a 64-bit count at any rate
_EDGE_S = 0.05  # where resampling a constant offset leaves a ripple


@dataclass(frozen=True, eq=False)
class Audio:
    """Mono sound.

    Attributes:
        samples: (N,) float32, full scale is 1.
        sample_rate: samples per second.
    """

    samples: np.ndarray
    sample_rate: int = SAMPLE_RATE

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(f"samples must be (N,) float32, got {self.samples.shape} {self.samples.dtype}")
        if self.sample_rate <= 0:
            raise ValueError(f"sample_rate must be positive, got {self.sample_rate}")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.sample_rate

    def crop(self, start_s: float, stop_s: float) -> Audio:
        """The sound from ``start_s`` to ``stop_s`` seconds, clipped to what there is."""
        start, stop = (max(0, round(time * self.sample_rate)) for time in (start_s, stop_s))
        return Audio(self.samples[start:stop], self.sample_rate)


def load_audio(
    path: str | Path,
    start_s: float = 0.0,
    duration_s: float | None = None,
    max_duration_s: float = MAX_DURATION_S,
    min_duration_s: float = MIN_DURATION_S,
) -> Audio:
    """Read a sound file, or the first sound track of a video, as mono float32 at :data:`SAMPLE_RATE`.

    Channels are averaged; where they cancel out (opposite phase) the left one is taken. Samples beyond full scale
    (float files) are scaled down to a peak of 1.

    Args:
        path: any file that libsndfile or ffmpeg reads.
        start_s: seconds to leave out at the beginning.
        duration_s: seconds to read, all that follows when None. May reach beyond the end.
        max_duration_s: the longest sound accepted, in seconds; a longer one is refused rather than cut.
        min_duration_s: the shortest sound accepted, in seconds; single notes are shorter than any music.

    Raises:
        UserError: the file is missing, not readable, empty, no sound, damaged, cut off, silent, shorter than
            ``min_duration_s``, longer than ``max_duration_s``, or the range is not in it.
    """
    path = Path(path)
    _check_range(start_s, duration_s, min_duration_s)
    _check_file(path)
    wanted_s = max_duration_s if duration_s is None else min(duration_s, max_duration_s)
    if duration_s is not None and duration_s > max_duration_s:
        raise UserError(f"A duration of {duration_s:g} s is over the limit of {max_duration_s:g} s; choose less.")

    # A second more than is wanted shows whether a file is longer than the limit; encoders pad by a few hundredths.
    slack_s = 0.0 if duration_s is not None else 1.0
    stereo = None
    if _looks_like_libsndfile(path):
        try:
            with soundfile.SoundFile(os.fsencode(path.absolute())) as file:
                stereo = _read_with_soundfile(path, file, start_s, wanted_s + slack_s)
        except (soundfile.LibsndfileError, TypeError):  # TypeError: soundfile wants to be told the format of *.raw
            pass
    if stereo is None:
        stereo = _read_with_ffmpeg(path, start_s, wanted_s + slack_s)

    if len(stereo) > (wanted_s + 0.1) * SAMPLE_RATE:
        raise UserError(
            f"{path} is longer than the limit of {max_duration_s:g} s; choose a part with start and duration."
        )
    if len(stereo) < min_duration_s * SAMPLE_RATE:
        raise UserError(
            f"{path} has only {len(stereo) / SAMPLE_RATE:.2f} s of sound from the chosen start;"
            f" at least {min_duration_s:g} s are needed."
        )
    return Audio(_mono(path, stereo), SAMPLE_RATE)


def save_audio(path: str | Path, audio: Audio) -> None:
    """Write sound to a file of the kind that its ending names, one of :data:`SAVED_SUFFIXES`.

    An existing file is replaced, and a write that fails may leave a part.

    Raises:
        UserError: it cannot be written, or has another ending.
    """
    path = Path(path)
    if path.suffix.lower() not in SAVED_SUFFIXES:
        raise UserError(
            f"{path} cannot be written; name a {', '.join(SAVED_SUFFIXES[:-1])} or {SAVED_SUFFIXES[-1]} file."
        )
    try:
        path.open("wb").close()  # unlike libsndfile, it says what is wrong
        with soundfile.SoundFile(os.fsencode(path.absolute()), "w", audio.sample_rate, 1) as file:
            # libsndfile's Vorbis writer overflows its stack on one long block.
            for start in range(0, len(audio), audio.sample_rate):
                file.write(audio.samples[start : start + audio.sample_rate])
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).") from None
    except (soundfile.LibsndfileError, AssertionError):  # soundfile asserts that it has written everything
        raise UserError(f"{path} cannot be written; is the disk full?") from None


def _check_range(start_s: float, duration_s: float | None, min_duration_s: float) -> None:
    if not (math.isfinite(start_s) and start_s >= 0):
        raise UserError(f"The start must be 0 s or later, got {start_s:g} s.")
    if start_s > _LATEST_START_S:
        raise UserError(f"The start ({start_s:g} s) is beyond the end of any sound; choose an earlier one.")
    if duration_s is not None and not (math.isfinite(duration_s) and duration_s >= min_duration_s):
        raise UserError(f"The duration must be at least {min_duration_s:g} s, got {duration_s:g} s.")


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder; name a sound file in it.")
        if not path.exists():
            raise UserError(f"{path}: no such file.")
        if not path.is_file():
            raise UserError(f"{path} is not a regular file; copy the sound to a file first.")
        if path.stat().st_size == 0:
            raise UserError(f"{path} is empty (0 bytes); copy or download it again.")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{str(path)[:200]} cannot be opened: {reason}.") from None


def _looks_like_libsndfile(path: Path) -> bool:
    """Whether a file begins like one that libsndfile reads.

    libsndfile itself would try everything else as MP3, whose decoder complains on the terminal.
    """
    with path.open("rb") as file:
        head = file.read(4)
    known = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b"fLaC", b"OggS", b"caff", b".snd", b"dns.", b"ID3")
    is_mpeg = len(head) == 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    is_aac = is_mpeg and head[1] & 0x06 == 0
    return head.startswith(known) or (is_mpeg and not is_aac)


def _cut_off(path: Path) -> UserError:
    return UserError(f"{path} is cut off: it holds less sound than its header promises. Copy or download it again.")


def _read_with_soundfile(path: Path, file: soundfile.SoundFile, start_s: float, wanted_s: float) -> np.ndarray:
    """(N, 1 or 2) float32 at SAMPLE_RATE: the average of the channels and, if there are several, the left one."""
    rate = int(file.samplerate)
    if not MIN_FILE_RATE <= rate <= MAX_FILE_RATE:
        raise UserError(
            f"{path} claims {rate} samples per second; {MIN_FILE_RATE} to {MAX_FILE_RATE} are accepted."
            " Convert it to 44100."
        )
    _check_channels(path, file.channels)
    frames_known = 0 < file.frames < 1 << 62  # a stream of unknown length reports 2**63 - 1
    first = round(start_s * rate)
    if frames_known and first >= file.frames:
        raise _beyond_end(path, start_s, file.frames / rate)
    wanted = math.ceil(wanted_s * rate)
    if first:
        file.seek(first)

    resampler = soxr.ResampleStream(rate, SAMPLE_RATE, min(2, file.channels), dtype="float32")
    expected = min(wanted, file.frames - first) if frames_known else wanted
    sound = _GrowingSound(math.ceil(expected / rate * SAMPLE_RATE))
    done = 0
    while done < wanted:
        try:
            block = file.read(min(_BLOCK_FRAMES, wanted - done), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            raise _cut_off(path) from None
        if len(block) == 0:
            break
        done += len(block)
        _check_finite(path, block)
        sound.append(resampler.resample_chunk(_mean_and_left(block)))
    if done < wanted and _is_cut(path, file, first + done):
        raise _cut_off(path)
    if done == 0:
        raise UserError(f"{path} has no samples in it; copy or download it again.")
    sound.append(resampler.resample_chunk(np.zeros((0, min(2, file.channels)), dtype=np.float32), last=True))
    return sound.all()


def _is_cut(path: Path, file: soundfile.SoundFile, end: int) -> bool:
    """Whether a file whose sound ended at frame ``end`` should have had more, as an interrupted download has.

    libsndfile is silent about it for most formats, so their own marks are looked at.
    """
    if file.format in ("WAV", "WAVEX"):
        return _wav_is_cut(path)
    if file.format == "OGG":
        return _ogg_is_cut(path)
    if file.format == "MP3":
        return _mp3_is_cut(path)
    return end < file.frames < 1 << 62


def _wav_is_cut(path: Path) -> bool:
    """Whether the data chunk promises more bytes than the file has.

    Sizes of all ones (or close to 2**31) are what programs write that stream into a pipe; they promise nothing.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return False
        file.seek(12)
        while len(header := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", header)
            if name == b"data":
                return length < 0x7FFF_0000 and file.tell() + length > size
            file.seek(length + length % 2, 1)
    return False


def _ogg_is_cut(path: Path) -> bool:
    """Whether the last Ogg page reaches beyond the file (RFC 3533); a page has at most 65,307 bytes."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_307))
        end = file.read()
    page = end.rfind(b"OggS")
    if page < 0:
        return False
    header = end[page : page + 27]
    if len(header) < 27:
        return True
    lengths = end[page + 27 : page + 27 + header[26]]
    return len(lengths) < header[26] or page + 27 + header[26] + sum(lengths) > len(end)


def _mp3_is_cut(path: Path) -> bool:
    """Whether the Xing or Info header that most encoders write promises at least 1 % more bytes than the file has."""
    with path.open("rb") as file:
        head = file.read(10)
        tag = 0
        if head.startswith(b"ID3") and len(head) == 10:
            tag = 10 + sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        file.seek(tag)
        frame = file.read(256)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return False
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    if not flags & 2:
        return False
    place = at + 8 + 4 * (flags & 1)
    promised = int.from_bytes(frame[place : place + 4], "big")
    return promised > 1.01 * (path.stat().st_size - tag)


def _read_with_ffmpeg(path: Path, start_s: float, wanted_s: float) -> np.ndarray:
    """(N, 1 or 2) float32 at SAMPLE_RATE, as :func:`_read_with_soundfile`.

    ffmpeg is asked for an AU stream, whose header tells the number of channels: mixing is done here, as ffmpeg's own
    would change the level.
    """
    # Seeking in the container loses up to a packet of AAC (20 ms): the last seconds before the start are decoded.
    jump_s = max(0.0, start_s - _PREROLL_S)
    command = [
        ffmpeg_executable(),
        *QUIET_ARGUMENTS,
        *(("-ss", f"{jump_s:.6f}") if jump_s > 0 else ()),
        *input_arguments(path),
        *(("-ss", f"{start_s - jump_s:.6f}") if start_s > 0 else ()),
        *("-map", "0:a:0", "-vn", "-sn", "-dn", "-t", f"{wanted_s:.6f}"),
        *("-ar", str(SAMPLE_RATE), "-f", "au", "-c:a", "pcm_f32be", "pipe:1"),
    ]
    heard = _GrowingSound(math.ceil(wanted_s * SAMPLE_RATE))
    channels = 0
    rest = b""
    with tempfile.TemporaryFile() as log:
        for raw in _run_capped(
            path, command, log, max_bytes=4 * MAX_FILE_CHANNELS * math.ceil((wanted_s + 1) * SAMPLE_RATE)
        ):
            rest += raw
            if channels == 0:
                if len(rest) < 24:
                    continue
                header_bytes, channels = struct.unpack(">4xI12xI", rest[:24])
                _check_channels(path, channels)
                rest = rest[header_bytes:]
            frames = len(rest) // (4 * channels)
            sound = np.frombuffer(rest, ">f4", frames * channels).reshape(frames, channels).astype(np.float32)
            rest = rest[4 * channels * frames :]
            _check_finite(path, sound)
            heard.append(_mean_and_left(sound))
        log.seek(0)
        said = log.read(20_000).decode("utf-8", "replace")
    if "matches no streams" in said:
        raise UserError(f"{path} has no sound in it (a video without an audio track?). Choose another file.")
    if any(sign in said for sign in ("partial file", "ended prematurely", "moov atom not found", "Truncat")):
        raise _cut_off(path)
    if len(heard) == 0:
        if said.strip() or start_s == 0:
            raise UserError(
                f"{path} is not a sound file that can be read, or it is damaged. Convert it to wav or mp3."
            )
        raise _beyond_end(path, start_s, None)
    return heard.all()


class _GrowingSound:
    """Blocks (n, C) laid one after another in a room that is kept free for them.

    Joining them in the end would need the memory twice. The system gives memory only where something is written, so
    that a room too large costs nothing.
    """

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._room = np.empty((0, 0), dtype=np.float32)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, block: np.ndarray) -> None:
        """Add (n, C) float32; C as before."""
        if self._length == 0:
            self._room = np.empty((self._expected + SAMPLE_RATE, block.shape[1]), dtype=np.float32)
        end = self._length + len(block)
        if end > len(self._room):
            self._room = np.concatenate([self._room[: self._length], np.empty((end, block.shape[1]), np.float32)])
        self._room[self._length : end] = block
        self._length = end

    def all(self) -> np.ndarray:
        """(N, C) of all blocks."""
        return self._room[: self._length]


def _mean_and_left(block: np.ndarray) -> np.ndarray:
    """(N, 1 or 2) of (N, C): the average of the channels and, if there are several, the left one."""
    mean = block.mean(axis=1, dtype=np.float64).astype(np.float32)
    return mean[:, None] if block.shape[1] == 1 else np.stack([mean, block[:, 0]], axis=1)


def _check_channels(path: Path, channels: int) -> None:
    if not 1 <= channels <= MAX_FILE_CHANNELS:
        raise UserError(
            f"{path} claims {channels} channels; 1 to {MAX_FILE_CHANNELS} are accepted. Convert it to stereo."
        )


def _run_capped(path: Path, command: list[str], log: IO[bytes], max_bytes: int) -> Iterator[bytes]:
    """Blocks of a program's standard output, at most ``max_bytes``; the program is ended after the time limit."""
    expired = threading.Event()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log) as process:

        def stop() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(_DECODE_TIMEOUT_S, stop)
        timer.start()
        try:
            assert process.stdout is not None
            while max_bytes > 0 and (block := process.stdout.read(min(1 << 20, max_bytes))):
                max_bytes -= len(block)
                yield block
        finally:
            timer.cancel()
            process.kill()
    if expired.is_set():
        raise UserError(f"{path} took longer than {_DECODE_TIMEOUT_S:g} s to decode; convert it to wav first.")


def _beyond_end(path: Path, start_s: float, length_s: float | None) -> UserError:
    length = "" if length_s is None else f" ({length_s:.2f} s)"
    return UserError(f"The start ({start_s:g} s) is beyond the end of {path}{length}; choose an earlier one.")


def _check_finite(path: Path, block: np.ndarray) -> None:
    if not np.isfinite(block).all():
        raise UserError(f"{path} contains samples that are not numbers (NaN or infinite); export it again.")


def _mono(path: Path, channels: np.ndarray) -> np.ndarray:
    """(N,) mono of (N, 1 or 2): the average, or the left channel where the average cancels out; peak at most 1."""
    samples = channels[:, 0]
    swing = _peak(samples)
    if channels.shape[1] == 2 and swing < 0.01 * _peak(channels[:, 1]):
        samples = channels[:, 1]
        swing = _peak(samples)
    if swing < _SILENCE_PEAK:
        raise UserError(f"{path} is silent in the chosen range; choose another file or another start.")
    peak = float(max(samples.max(), -samples.min()))
    if peak > _ABSURD_PEAK:
        raise UserError(f"{path} is damaged: its samples reach {peak:.0e} times full scale. Export it again.")
    if peak > 1.0:
        samples = samples / np.float32(peak)
    return np.ascontiguousarray(samples, dtype=np.float32)


def _peak(samples: np.ndarray) -> float:
    """Half the range that samples cover, so that a constant offset counts as silence."""
    edge = int(_EDGE_S * SAMPLE_RATE)
    return float(np.ptp(samples[edge:-edge])) / 2
