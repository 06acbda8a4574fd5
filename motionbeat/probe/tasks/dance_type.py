"""Which dance a tune or a song is for: Nottingham's folk tunes, rendered, and ballroom songs, recorded."""

from __future__ import annotations

import re
import zlib
from pathlib import Path, PurePosixPath

import numpy as np
import pretty_midi

from motionbeat.dances import TEST, VALIDATION, read_ballroom
from motionbeat.errors import UserError
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task
from motionbeat.probe.tasks.rendering import Score, open_archive, read_midi, render_missing, stretch

CLIP_S = 15.0
EACH = 65
"""Tunes of each dance, as many as there are."""
DANCES = {"hornpipe": "hpps", "jig": "jigs", "reel": "reels", "waltz": "waltzes"}
"""Dance types and how the names of their files begin."""
SPEEDS = (0.8, 1.25)
"""Tunes are played at a speed drawn between these, evenly in its logarithm: written, all have the same tempo, and a
tempo would tell metres apart."""

_SONG_CLIP_S = 15.0
_CLIPS_A_SONG = 4


def nottingham(data: Path, cache: Path) -> Task:
    """Tunes of ``midi/nottingham.zip``, rendered into ``cache`` where missing.

    Raises:
        UserError: the archive is missing or damaged, no synthesizer, or ``cache`` cannot be written.
    """
    folder = cache / "dance-type"
    rng = np.random.default_rng(0)
    clips: list[LabelledClip] = []
    with open_archive(data, "nottingham.zip") as archive:
        members = sorted(name for name in archive.namelist() if re.fullmatch(r"MIDI/[^/]+\.mid", name))
        missing: list[tuple[Path, str]] = []
        for label, prefix in DANCES.items():
            own = [name for name in members if PurePosixPath(name).name.startswith(prefix)]
            if len(own) < 2:
                raise UserError(f"nottingham.zip holds no {prefix}; copy it again.")
            for member in sorted(rng.choice(own, min(EACH, len(own)), replace=False).tolist()):
                name = PurePosixPath(member).stem
                path = folder / f"{name}.flac"
                clips.append(LabelledClip(name, path, label, name))
                if not path.is_file():
                    missing.append((path, member))
        scores = ((path, _tune(path.stem, read_midi(archive, member))) for path, member in missing)
        render_missing(folder, scores, CLIP_S, len(missing))
    return Task(
        "dance-type",
        "dance type (Nottingham)",
        Kind.CLASS,
        tuple(clips),
        tuple(DANCES),
        Listening.MUSIC,
        True,
        "Folk tunes, rendered, first 15 s at 0.8 to 1.25 times the written tempo. Five folds; a tune is one clip. Our"
        " beat network was trained on renders of some of these tunes (no jigs), with beats but without dance types.",
    )


def _tune(name: str, midi: pretty_midi.PrettyMIDI) -> Score:
    low, high = np.log(SPEEDS)
    speed = float(np.exp(np.random.default_rng(zlib.crc32(name.encode())).uniform(low, high)))
    return Score(name, stretch(midi, 0.0, CLIP_S, speed))


def ballroom(data: Path) -> Task:
    """Songs of ``ballroom/`` (:mod:`motionbeat.dances`), four clips each. Training: the songs that MotionBeat was
    trained on; test: those that it was not.

    Raises:
        UserError: the folder cannot be read.
    """
    clips: dict[str, LabelledClip] = {}
    for dance in read_ballroom(data / "ballroom"):
        if dance.audio_path is None:
            continue
        split = "test" if dance.name in (*VALIDATION, *TEST) else "train"
        length_s = len(dance.motion) / dance.motion.fps
        for number, start in enumerate(np.linspace(0.0, length_s - _SONG_CLIP_S, _CLIPS_A_SONG).round(2).tolist()):
            # two dances to one song are one song
            name = f"{dance.song}_{number}"
            clips.setdefault(
                name, LabelledClip(name, dance.audio_path, dance.style, dance.song, split, start, _SONG_CLIP_S)
            )
    return Task(
        "ballroom",
        "ballroom style (songs)",
        Kind.CLASS,
        tuple(clips.values()),
        tuple(sorted({str(clip.label) for clip in clips.values()})),
        Listening.MUSIC,
        False,
        "Recorded dance music, four clips of 15 s a song; test: the 19 songs that MotionBeat was not trained on (its"
        " choices were made on 7 of them), training: the others. Tempi nearly tell the styles apart.",
    )
