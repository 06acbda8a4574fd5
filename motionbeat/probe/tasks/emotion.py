"""The emotion that listeners hear in piano music: EMOPIA quadrants and signs of VGMIDI, rendered."""

from __future__ import annotations

import csv
import io
from pathlib import Path, PurePosixPath

import numpy as np

from motionbeat.errors import UserError
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task
from motionbeat.probe.tasks.rendering import Score, open_archive, read_midi, render_missing, stretch

CLIP_S = 15.0
EACH = 75
"""Clips of each EMOPIA quadrant."""
QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
SIGNS = ("valence", "arousal")


def emopia(data: Path, cache: Path) -> Task:
    """Clips of ``midi/emopia.zip``, rendered into ``cache`` where missing.

    Raises:
        UserError: the archive is missing or damaged, no synthesizer, or ``cache`` cannot be written.
    """
    folder = cache / "emotion"
    with open_archive(data, "emopia.zip") as archive:
        members = sorted(name for name in archive.namelist() if name.endswith(".mid"))
        rng = np.random.default_rng(0)
        chosen: list[str] = []
        for quadrant in QUADRANTS:
            own = [name for name in members if PurePosixPath(name).name.startswith(f"{quadrant}_")]
            if len(own) < EACH:
                raise UserError(f"emopia.zip holds {len(own)} clips of {quadrant}, fewer than {EACH}; copy it again.")
            chosen += sorted(rng.choice(own, EACH, replace=False).tolist())
        paths = {member: folder / f"{PurePosixPath(member).stem}.flac" for member in chosen}
        missing = [member for member in chosen if not paths[member].is_file()]
        scores = (
            (paths[name], Score(PurePosixPath(name).stem, stretch(read_midi(archive, name), 0.0, CLIP_S)))
            for name in missing
        )
        render_missing(folder, scores, CLIP_S, len(missing))
    clips = []
    for path in paths.values():
        quadrant, rest = path.stem.split("_", 1)
        clips.append(LabelledClip(path.stem, path, quadrant, rest.rsplit("_", 1)[0]))
    return Task(
        "emotion",
        "emotion (EMOPIA quadrants)",
        Kind.CLASS,
        tuple(clips),
        QUADRANTS,
        Listening.MUSIC,
        True,
        "300 of EMOPIA's piano transcriptions, rendered, first 15 s. Five folds; a song is in training or in test.",
    )


def vgmidi(data: Path, cache: Path) -> Task:
    """Labelled pieces of ``midi/vgmidi.zip``, rendered into ``cache`` where missing.

    Raises:
        UserError: as :func:`emopia`.
    """
    folder = cache / "vgmidi"
    with open_archive(data, "vgmidi.zip") as archive:
        present = set(archive.namelist())
        rows = {}
        for row in csv.DictReader(io.StringIO(archive.read("vgmidi_labelled.csv").decode())):
            # the table names phrases, which are not in the archive; a phrase's piece is
            piece = PurePosixPath(row["midi"]).stem.rsplit("_", 1)[0]
            member = f"labelled/midi/{piece}.mid"
            if member in present:
                rows[member] = row
        paths = {member: folder / f"{number:03d}.flac" for number, member in enumerate(rows)}
        missing = [member for member in rows if not paths[member].is_file()]
        scores = ((paths[name], Score(name, stretch(read_midi(archive, name), 0.0, CLIP_S))) for name in missing)
        render_missing(folder, scores, CLIP_S, len(missing))
    clips = [
        LabelledClip(
            PurePosixPath(member).stem,
            paths[member],
            frozenset(sign for sign in SIGNS if float(row[sign]) > 0),
            row["series"],
        )
        for member, row in rows.items()
    ]
    return Task(
        "vgmidi",
        "emotion (VGMIDI signs)",
        Kind.TAGS,
        tuple(clips),
        SIGNS,
        Listening.MUSIC,
        True,
        "Piano arrangements of game music with the sign of valence and arousal, rendered, first 15 s. Five folds; a"
        " series of games is never in training and test.",
    )
