"""What the page shows, as the worker hands it over: texts and files, nothing that has to be computed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ShownDance:
    """A dance of the page.

    Attributes:
        seed: of it.
        video: the mp4.
        timeline: HTML of :func:`app.results.timeline`.
        numbers: HTML of :func:`app.results.numbers_table`.
        files: the motion (npz) first, then all others to take away.
        command: that makes it again.
        report: as :func:`dancegen.song_to_video.dance` writes it.
    """

    seed: int
    video: Path
    timeline: str
    numbers: str
    files: tuple[Path, ...]
    command: str
    report: dict[str, Any]


@dataclass(frozen=True)
class ShownDances:
    """All of them to one song.

    Attributes:
        dances: one for each seed.
        pack: for :func:`app.player.component.player_value`: all dancers side by side.
        variety: how different they are, in a line; empty for one.
    """

    dances: tuple[ShownDance, ...]
    pack: Path
    variety: str


@dataclass(frozen=True)
class ShownMotions:
    """Motions that a visitor brought, measured.

    Attributes:
        timelines: HTML of each.
        numbers: HTML of all.
        reports: all numbers of each.
        files: to take away.
        pack: for the player.
    """

    timelines: tuple[str, ...]
    numbers: str
    reports: tuple[dict[str, Any], ...]
    files: tuple[Path, ...]
    pack: Path
