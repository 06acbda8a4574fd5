"""A visitor's dances to one song: made, measured, packed for the player and written for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from app.limits import MAX_SEED
from app.measuring import read_motion
from app.player.pack import pack_dance
from app.player.page_file import player_page
from app.player.sound import encode_sound
from app.progress import of_all, packing
from app.reproduce import command_line
from app.results import numbers_table, timeline, variety_line
from app.shown import ShownDance, ShownDances
from app.work import Tell
from dancegen.body import Body, load_body
from dancegen.evaluation import shipped_reference
from dancegen.export import FORMATS
from dancegen.output import OutputPaths
from dancegen.scene import side_by_side
from dancegen.settings import DanceSettings
from dancegen.song_to_video import DanceResult, dance
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.output import distinct_names

PACK_NAME = "dance.mbdance"
"""File of the player."""


def make_dances(song: Path, settings: DanceSettings, variations: int, folder: Path, tell: Tell) -> ShownDances:
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
    # seeds begin again at 0 after the largest
    chosen = [replace(settings, seed=(settings.seed + number) % (MAX_SEED + 1)) for number in range(variations)]
    made: list[DanceResult] = []
    for number, each in enumerate(chosen):
        outputs = OutputPaths.named(folder / f"{number}", f"{name}-seed{each.seed}")
        music = made[0].music if made else None
        made.append(dance(song, outputs, each, of_all(tell, number, variations), music=music))
    packing(tell, 0.0)
    grid = made[0].grid
    sound = encode_sound(song, settings.start_s, made[0].motion.duration)
    shown = []
    for number, (each, one) in enumerate(zip(chosen, made, strict=True)):
        motion, video, report = one.outputs.motion, one.outputs.video, one.outputs.report
        assert video is not None
        files = (motion, video, report, *_exports(one, body, sound))
        plot, numbers = timeline(one.motion, grid), numbers_table({"This dance": one.report})
        command = command_line(song, each)
        shown.append(ShownDance(each.seed, video, plot, numbers, files, command, one.report))
        packing(tell, (number + 1) / variations)
    motions = [one.motion for one in made]
    pack = folder / PACK_NAME
    pack.write_bytes(pack_side_by_side(motions, [body] * variations, grid, sound))
    return ShownDances(tuple(shown), pack, variety_line(motions, made[0].report["style"], shipped_reference()))


def pack_side_by_side(
    motions: Sequence[Motion], bodies: Sequence[Body], grid: BeatGrid | None, sound: bytes | None
) -> bytes:
    """Dances to one song for the player, in a row; those that are longer than the shortest are cut."""
    frames = min(len(motion) for motion in motions)
    same = [motion.crop(0, frames) for motion in motions]
    return pack_dance(side_by_side(same, bodies) if len(same) > 1 else same[0], bodies, grid, sound)


def _exports(one: DanceResult, body: Body, sound: bytes) -> Iterator[Path]:
    """Every format that can be written here, and the player as a page that opens from disk."""
    motion = one.outputs.motion
    for kind in FORMATS.values():
        if kind.missing() is None:
            path = motion.with_suffix(kind.suffix)
            kind.write(path, one.motion, body)
            yield path
    page = motion.with_suffix(".html")
    page.write_text(player_page(pack_dance(one.motion, body, one.grid, sound), motion.stem), encoding="utf-8")
    yield page


def export(motion: Path, kind: str, body: str, folder: Path, tell: Tell) -> Path:
    """A motion file in another of :data:`~dancegen.export.FORMATS`, in ``folder``.

    Raises:
        UserError: it cannot be read, the format cannot be written here, or the body is unknown.
    """
    tell("packing", 0, 1)
    if kind not in FORMATS:
        raise UserError(f"format: {kind!r} is unknown. Choose one of {', '.join(FORMATS)}.")
    FORMATS[kind].check()
    target = folder / f"{motion.stem}{FORMATS[kind].suffix}"
    FORMATS[kind].write(target, read_motion(motion), load_body(body))
    return target
