"""A visitor's dances to one song: made, measured, packed for the player and written for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.jobs import Tell
from app.limits import MAX_SEED
from app.player import encode_sound, pack_dance, player_page
from app.progress import of_all, packing
from app.reproduce import command_line
from dancegen.body import Body, load_body
from dancegen.export import FORMATS
from dancegen.output import OutputPaths
from dancegen.scene import side_by_side
from dancegen.settings import DanceSettings
from dancegen.song_to_video import dance
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion
from motionbeat.output import distinct_names

PACK_NAME = "dance.mbdance"
"""File of the player."""


@dataclass(frozen=True, eq=False)
class MadeDance:
    """One of them.

    Attributes:
        settings: how it was made.
        motion: at the frame rate of the video.
        report: as :func:`dancegen.song_to_video.dance` writes it.
        video: the mp4.
        files: the motion (npz) first, then all others to take away.
        command: that makes it again.
    """

    settings: DanceSettings
    motion: Motion
    report: dict[str, Any]
    video: Path
    files: tuple[Path, ...]
    command: str


@dataclass(frozen=True, eq=False)
class MadeDances:
    """All of them.

    Attributes:
        dances: one for each seed.
        grid: beats of the music, seconds from the start of the dances on.
        pack: for :func:`app.player.component.player_value`: all dancers side by side.
    """

    dances: tuple[MadeDance, ...]
    grid: BeatGrid
    pack: Path


def make_dances(song: Path, settings: DanceSettings, variations: int, folder: Path, tell: Tell) -> MadeDances:
    """Dance to a song with ``variations`` seeds from ``settings.seed`` on.

    Args:
        song: the visitor's file.
        settings: of the first; its duration must be given.
        variations: how many.
        folder: for the files; must be empty.
        tell: is told how far the work is.

    Raises:
        UserError: the song or a setting cannot be used.
    """
    body = load_body(settings.body)
    name = distinct_names([song])[0]
    made = []
    grid = None
    for number in range(variations):
        # seeds begin again at 0 after the largest
        chosen = replace(settings, seed=(settings.seed + number) % (MAX_SEED + 1))
        outputs = OutputPaths.named(folder / f"{number}", f"{name}-seed{chosen.seed}")
        result = dance(song, outputs, chosen, of_all(tell, number, variations))
        grid = result.grid
        assert outputs.video is not None
        made.append(
            MadeDance(
                chosen,
                result.motion,
                result.report,
                outputs.video,
                (outputs.motion, outputs.video, outputs.report),
                command_line(song, chosen),
            )
        )
    assert grid is not None
    packing(tell, 0.0)
    sound = encode_sound(song, settings.start_s, made[0].motion.duration)
    for number, one in enumerate(made):
        made[number] = replace(one, files=(*one.files, *_exports(one, body, grid, sound)))
        packing(tell, (number + 1) / variations)
    pack = folder / PACK_NAME
    pack.write_bytes(pack_side_by_side([one.motion for one in made], body, grid, sound))
    return MadeDances(tuple(made), grid, pack)


def pack_side_by_side(motions: Sequence[Motion], body: Body, grid: BeatGrid | None, sound: bytes | None) -> bytes:
    """Dances to one song for the player, in a row; those that are longer than the shortest are cut."""
    frames = min(len(motion) for motion in motions)
    same = [motion.crop(0, frames) for motion in motions]
    bodies = [body] * len(same)
    return pack_dance(side_by_side(same, bodies) if len(same) > 1 else same[0], bodies[: len(same)], grid, sound)


def _exports(one: MadeDance, body: Body, grid: BeatGrid, sound: bytes) -> Iterator[Path]:
    """Every format that can be written here, and the player as a page that opens from disk."""
    motion = one.files[0]
    for kind in FORMATS.values():
        if kind.missing() is None:
            path = motion.with_suffix(kind.suffix)
            kind.write(path, one.motion, body)
            yield path
    page = motion.with_suffix(".html")
    page.write_text(player_page(pack_side_by_side([one.motion], body, grid, sound), motion.stem), encoding="utf-8")
    yield page


def formats_missing() -> list[str]:
    """Why some formats are not offered here and what to do, one line each."""
    return [reason for kind in FORMATS.values() if (reason := kind.missing()) is not None]
