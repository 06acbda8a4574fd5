"""The work of the tabs Compare and Evaluate: motions of visitors measured, drawn and packed for the player."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from app.dances import PACK_NAME, pack_side_by_side
from app.measuring import measure, read_motion, shown
from app.player.sound import encode_sound
from app.results import numbers_table, timeline
from app.shown import ShownMotions
from app.work import Tell
from dancegen.body import Body, load_body
from dancegen.settings import BODIES
from motionbeat.array_files import read_arrays


def evaluate(motion: Path, song: Path, start_s: float, style: str, folder: Path, tell: Tell) -> ShownMotions:
    """Measure a motion file that begins at second ``start_s`` of a song; the player gets its first minute.

    Raises:
        UserError: one of the files cannot be used.
    """
    tell("measuring", 0, 3)
    read = read_motion(motion)
    tell("measuring", 1, 3)
    measured = measure(read, song, start_s, style)
    tell("measuring", 2, 3)
    first = shown(read)
    sound = encode_sound(song, start_s, first.duration)
    pack = folder / PACK_NAME
    pack.write_bytes(pack_side_by_side([first], [danced_by(motion)], measured.grid, sound))
    report = folder / f"{motion.stem}.json"
    report.write_text(json.dumps(measured.report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return ShownMotions(
        (timeline(first, measured.grid),),
        numbers_table({"This motion": measured.report}),
        (measured.report,),
        (report,),
        pack,
    )


def compare(
    song: Path, start_s: float, dances: Sequence[Path], titles: Sequence[str], folder: Path, tell: Tell
) -> ShownMotions:
    """Measure dances that begin at second ``start_s`` of a song; those that are longer than the shortest are cut.

    Raises:
        UserError: the song or a motion cannot be used.
    """
    tell("measuring", 0, len(dances) + 1)
    motions = [read_motion(path) for path in dances]
    # of one frame rate, which the player wants
    motions = [shown(motion.resampled(motions[0].fps)) for motion in motions]
    frames = min(len(motion) for motion in motions)
    measured = []
    for number, motion in enumerate(motions, start=1):
        measured.append(measure(motion.crop(0, frames), song, start_s, ""))
        tell("measuring", number, len(dances) + 1)
    grid = measured[0].grid
    sound = encode_sound(song, start_s, measured[0].motion.duration)
    bodies = [danced_by(path) for path in dances]
    pack = folder / PACK_NAME
    pack.write_bytes(pack_side_by_side([one.motion for one in measured], bodies, grid, sound))
    reports = tuple(one.report for one in measured)
    return ShownMotions(
        tuple(timeline(one.motion, one.grid) for one in measured),
        numbers_table(dict(zip(titles, reports, strict=True))),
        reports,
        (),
        pack,
    )


def danced_by(path: Path) -> Body:
    """The built-in body that a dance of this project was made with, by its provenance; else the usual one.

    Args:
        path: npz or BVH, read before.
    """
    if path.suffix.lower() != ".npz":
        return load_body(BODIES[0])
    held = read_arrays(path, "a motion file", "Give a dance.", (), ("provenance",)).get("provenance")
    try:
        provenance = json.loads(str(held))
        names = provenance["settings"]["body"].split(",")
        name = names[(provenance.get("dancer", 1) - 1) % len(names)]
    except (ValueError, KeyError, TypeError, AttributeError):
        # anybody may have written it
        return load_body(BODIES[0])
    return load_body(name if name in BODIES else BODIES[0])
