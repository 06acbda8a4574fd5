"""The command line that makes a dance of the page again."""

from __future__ import annotations

import shlex
from pathlib import Path

from dancegen.settings import DanceSettings


def command_line(song: str | Path, settings: DanceSettings) -> str:
    """``python -m dancegen.sample ...`` for one dance, quoted for a POSIX shell; what is at its default is left out.

    Args:
        song: the visitor's file; its name alone is used.
        settings: of the dance. A model folder is left out: it is the server's own business.
    """
    name = Path(song).name
    # A name that begins with a dash would be read as an option.
    words = ["python", "-m", "dancegen.sample", "--audio", f"./{name}" if name.startswith("-") else name]
    usual = DanceSettings()
    options = {
        "--start": (settings.start_s, usual.start_s),
        "--duration": (settings.duration_s, usual.duration_s),
        "--style": (settings.style, usual.style),
        "--steps": (settings.steps, usual.steps),
        "--guidance": (settings.guidance, usual.guidance),
        "--energy": (settings.energy, usual.energy),
        "--size": (f"{settings.width}x{settings.height}", f"{usual.width}x{usual.height}"),
        "--fps": (settings.fps, usual.fps),
        "--body": (settings.body, usual.body),
        "--renderer": (settings.renderer, usual.renderer),
    }
    words += ["--seed", str(settings.seed)]
    for option, (value, default) in options.items():
        if value != default:
            words += [option, repr(value) if isinstance(value, float) else str(value)]
    if settings.mirror:
        words.append("--mirror")
    return shlex.join(words)
