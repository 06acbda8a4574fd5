"""Work for the worker of the page, whose process finds it by its name."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Any

from motionbeat.errors import UserError


def write_dance(folder: Path, tell: Any) -> Path:
    """Done in a moment."""
    tell("composing", 1, 4)
    path = folder / "dance.npz"
    path.write_text("dance")
    return path


def go_on(marker: Path, stage: str, *rest: Any) -> None:
    """Goes on until it is stopped, as filming does; ``marker`` then names its process and folder."""
    folder, tell = rest[-2:]
    _mark(marker, folder)
    film_on(folder, tell, stage=stage)


def film_on(*given: Any, stage: str = "filming") -> None:
    """The same in place of :func:`app.dances.make_dances`."""
    folder, tell = given[-2:]
    (folder / "half.mp4").write_text("half")
    while True:
        tell(stage, 1, 2)
        time.sleep(0.01)


def hang(marker: Path, folder: Path, tell: Any) -> None:
    """Hangs in native code that holds the interpreter's lock: nothing in the process can end it."""
    tell("listening", 0, 1)
    _mark(marker, folder)
    ctypes.PyDLL(None).sleep(300)


def crash(folder: Path, tell: Any) -> None:
    """Ends as by a fault in native code, or by a system that is short of memory."""
    tell("filming", 0, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def fail(*_: Any) -> None:
    """Meets with a bug."""
    raise ValueError("secret detail")


def refuse(song: Path, *_: Any) -> None:
    """Cannot use the song."""
    raise UserError(f"{song} is silent.")


def process_id(folder: Path, tell: Any) -> int:
    """Of the worker."""
    return os.getpid()


def _mark(marker: Path, folder: Path) -> None:
    if not marker.exists():
        half = marker.with_suffix(".half")
        half.write_text(f"{os.getpid()} {folder}")
        half.rename(marker)
