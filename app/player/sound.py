"""The sound of a dance as a small AAC file, which every browser plays."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import ffmpeg

from motionbeat.errors import UserError
from motionbeat.ffmpeg import MEDIA_FORMATS, QUIET_ARGUMENTS, ffmpeg_executable

BITRATE = "128k"
RATE_HZ = 48_000
STALL_S = 300.0
"""Longest time that ffmpeg may take; an hour of sound needs about a minute."""


def encode_sound(path: str | Path, start_s: float, duration_s: float) -> bytes:
    """An m4a file with ``duration_s`` seconds of the sound of ``path`` from ``start_s`` seconds on.

    Cut after decoding, so to the sample; sound that ends before is followed by silence.

    Args:
        path: any file with sound that ffmpeg reads, a video included.
        start_s: second of the decoded sound at which the dance begins.
        duration_s: length of the dance.

    Raises:
        UserError: the file is missing or has no sound that can be read, or ffmpeg is missing or does not end.
    """
    source = Path(path)
    if not source.is_file():
        raise UserError(f"{path}: no such file. Give a file with sound.")
    sound = (
        ffmpeg.input(f"file:{source.absolute()}", protocol_whitelist="file,pipe", format_whitelist=MEDIA_FORMATS)[
            "a:0"
        ]
        .filter("atrim", start=f"{start_s:.6f}", duration=f"{duration_s:.6f}")
        .filter("asetpts", "PTS-STARTPTS")
        .filter("aresample", RATE_HZ)
        .filter("apad", whole_dur=f"{duration_s:.6f}")
    )
    options = {"acodec": "aac", "audio_bitrate": BITRATE, "ac": 2, "map_metadata": "-1", "f": "ipod"}
    with tempfile.TemporaryDirectory(prefix="motionbeat-") as folder:
        # An mp4 is finished by going back to its beginning, so not through a pipe.
        encoded = Path(folder) / "sound.m4a"
        output = ffmpeg.output(sound, f"file:{encoded}", movflags="+faststart", **options).global_args(
            *QUIET_ARGUMENTS
        )
        command = ffmpeg.compile(output, cmd=ffmpeg_executable(), overwrite_output=True)
        try:
            done = subprocess.run(command, capture_output=True, timeout=STALL_S, check=False)
        except subprocess.TimeoutExpired:
            raise UserError(f"{path}: ffmpeg has taken {STALL_S:g} s over its sound and was stopped.") from None
        if done.returncode != 0:
            said = " | ".join(done.stderr.decode("utf-8", "replace").split("\n")[:2]).strip(" |")
            raise UserError(
                f"{path}: its sound cannot be read ({said or 'ffmpeg gives no reason'}). Give another file."
            )
        return encoded.read_bytes()
