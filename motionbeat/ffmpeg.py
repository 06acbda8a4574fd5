"""Where ffmpeg is and how it may be started: always as an argument list, without a terminal, on local files only."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from motionbeat.errors import UserError

QUIET_ARGUMENTS: tuple[str, ...] = ("-nostdin", "-hide_banner", "-loglevel", "error")
"""First arguments of every call: never read the terminal, print errors only."""

MEDIA_FORMATS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,ac3,eac3,mov,mp4,m4a,matroska,webm,avi,asf,flv,mpeg,mpegts,amr,wv,ape,tta"
)
"""Demuxers that may open a user's file. Playlists (hls, dash, concat) are left out: they make ffmpeg read other
files than the one that was named."""


@cache
def ffmpeg_executable() -> str:
    """Path of the ffmpeg program: the one on PATH, else the one that comes with imageio-ffmpeg.

    Raises:
        UserError: there is neither.
    """
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise UserError("ffmpeg was not found. Install ffmpeg, or the Python package imageio-ffmpeg.") from None


def input_arguments(path: str | Path, formats: str | None = MEDIA_FORMATS) -> list[str]:
    """Arguments that open one local file whatever its name is, and nothing else that it may point to.

    Args:
        path: the file; relative names are made absolute so that ``-x.mp3`` is no option and ``http:x`` no address.
        formats: comma-separated demuxers that may open it, or None for any.
    """
    whitelist = [] if formats is None else ["-format_whitelist", formats]
    return ["-protocol_whitelist", "file,pipe", *whitelist, "-i", f"file:{Path(path).absolute()}"]
