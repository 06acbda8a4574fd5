"""Pictures and a song to an mp4: H.264 and AAC, streamed through ffmpeg, in sync to the frame.

Frames go to ffmpeg as raw RGB through a pipe, so a video of any length needs the memory of a few frames. The file
appears at its name only when it is complete.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import ffmpeg
import numpy as np

from motionbeat.errors import UserError
from motionbeat.ffmpeg import MEDIA_FORMATS, QUIET_ARGUMENTS, ffmpeg_executable

CRF = 20
PRESET = "veryfast"
AUDIO_BITRATE = "192k"
AUDIO_RATE = 48_000
"""Samples per second of the AAC track: what every player takes."""
STALL_S = 120.0
"""Longest time that ffmpeg may take over one frame, or over closing the file, before it is given up."""


def write_video(
    frames: Iterable[np.ndarray],
    out_path: str | Path,
    size: tuple[int, int],
    fps: float,
    audio_path: str | Path | None = None,
    audio_start_s: float = 0.0,
    duration_s: float | None = None,
) -> int:
    """Write an mp4 with the song's own sound; an existing file of that name is replaced.

    Frame ``i`` is shown while the sound of ``audio_start_s + i / fps`` is heard. Sound that ends before the frames is
    followed by silence.

    Args:
        frames: (H, W, 3) uint8 sRGB pictures, taken one at a time.
        out_path: the mp4; its folder must exist.
        size: width and height, both even (H.264 halves the colour planes).
        fps: frames per second.
        audio_path: any file with sound that ffmpeg reads; None for a silent video.
        audio_start_s: position in the decoded sound at which the video begins.
        duration_s: length of the sound; that of the video, so needed with ``audio_path``.

    Returns:
        How many frames were written.

    Raises:
        UserError: the size is odd, the folder is missing or not writable, the disk is full, or ffmpeg fails; nothing
            is left behind then, nor on any other exception such as Ctrl-C.
    """
    width, height = size
    if width < 2 or height < 2 or width % 2 or height % 2:
        raise UserError(f"size: width and height must be even and at least 2 pixels, got {width}x{height}.")
    if audio_path is not None and duration_s is None:
        raise ValueError("duration_s is needed to cut the sound")
    out_path = Path(out_path).absolute()
    if not out_path.parent.is_dir():
        raise UserError(f"{out_path.parent}: no such folder to write the video into.")
    partial = out_path.with_name(f".{secrets.token_hex(6)}.part.mp4")
    try:
        command = _command(partial, size, fps, audio_path, audio_start_s, duration_s)
        with tempfile.TemporaryFile() as log:
            count = _pipe(frames, command, log, size, out_path)
        os.replace(partial, out_path)
    except OSError as error:
        raise UserError(f"{out_path}: cannot be written ({error.strerror or error}).") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return count


def _command(
    partial: Path,
    size: tuple[int, int],
    fps: float,
    audio_path: str | Path | None,
    audio_start_s: float,
    duration_s: float | None,
) -> list[str]:
    """The argument list; ffmpeg-python escapes what the filters need."""
    pictures = ffmpeg.input("pipe:0", format="rawvideo", pix_fmt="rgb24", video_size=size, framerate=f"{fps:.6f}")
    # ffmpeg would convert with the matrix of standard definition and leave players to guess.
    pictures = pictures.filter("scale", out_color_matrix="bt709", out_range="tv")
    streams = [pictures.filter("setparams", color_primaries="bt709", color_trc="bt709", colorspace="bt709")]
    options = {
        "vcodec": "libx264",
        "preset": PRESET,
        "crf": CRF,
        "pix_fmt": "yuv420p",
        "movflags": "+faststart",
        "map_metadata": "-1",
        "f": "mp4",
    }
    if audio_path is not None:
        sound = ffmpeg.input(
            f"file:{Path(audio_path).absolute()}", protocol_whitelist="file,pipe", format_whitelist=MEDIA_FORMATS
        )
        # Cut after decoding: seeking in a compressed file lands on a packet, up to 50 ms away.
        streams.append(
            sound["a:0"]
            .filter("atrim", start=f"{audio_start_s:.6f}", duration=f"{duration_s:.6f}")
            .filter("asetpts", "PTS-STARTPTS")
            .filter("aresample", AUDIO_RATE)
            .filter("apad", whole_dur=f"{duration_s:.6f}")
        )
        options |= {"acodec": "aac", "audio_bitrate": AUDIO_BITRATE, "ac": 2}
    output = ffmpeg.output(*streams, f"file:{partial}", **options).global_args(*QUIET_ARGUMENTS)
    return list(ffmpeg.compile(output, cmd=ffmpeg_executable(), overwrite_output=True))


def _pipe(
    frames: Iterable[np.ndarray], command: list[str], log: IO[bytes], size: tuple[int, int], out_path: Path
) -> int:
    """Feed ffmpeg; whatever happens, it does not outlive this call."""
    width, height = size
    count = 0
    # In a session of its own, so that Ctrl-C reaches only us and we decide what happens to it.
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
    )
    assert process.stdin is not None
    watchdog = _Watchdog(process)
    try:
        try:
            for frame in frames:
                if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
                    raise ValueError(f"frame {count} must be ({height}, {width}, 3) uint8, got {frame.shape}")
                with watchdog:
                    process.stdin.write(np.ascontiguousarray(frame).data)
                count += 1
            if count == 0:
                raise ValueError("there are no frames to write")
            with watchdog:
                process.stdin.close()
                process.wait()
        except BrokenPipeError:
            process.wait(STALL_S)
        if watchdog.fired:
            raise UserError(f"{out_path}: ffmpeg has not taken a frame for {STALL_S:g} s and was stopped. Try again.")
        if process.returncode != 0:
            raise _failure(out_path, log)
        return count
    finally:
        watchdog.stop()
        if process.poll() is None:
            process.kill()
            process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()
        close = getattr(frames, "close", None)
        if close is not None:
            close()


def _failure(out_path: Path, log: IO[bytes]) -> UserError:
    """What ffmpeg said, in one sentence."""
    log.seek(0)
    said = log.read(20_000).decode("utf-8", "replace")
    if "No space left on device" in said:
        return UserError(f"{out_path}: the disk is full. Make room or choose another folder.")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return UserError(f"{out_path}: ffmpeg could not write the video ({' | '.join(lines[:3]) or 'no reason given'}).")


class _Watchdog:
    """Kills a process when the code inside its ``with`` block takes longer than :data:`STALL_S` seconds."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.fired = False
        self._process = process
        self._since: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def __enter__(self) -> None:
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._since = None

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(1.0):
            since = self._since
            if since is not None and time.monotonic() - since > STALL_S:
                self.fired = True
                self._process.kill()
                return
