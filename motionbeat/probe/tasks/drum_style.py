"""Styles of drumming: Groove performances, rendered."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from pathlib import Path

import numpy as np

from motionbeat.probe.task import Kind, LabelledClip, Listening, Task
from motionbeat.probe.tasks.rendering import Score, open_archive, read_midi, render_missing, stretch

CLIP_S = 10.0
STYLES = ("funk", "hiphop", "jazz", "latin", "rock", "soul")
"""The six styles with the most performances."""
EACH = 90
"""Most clips of a style."""
_MOST_OF_ONE = 3


def groove(data: Path, cache: Path) -> Task:
    """Clips of ``midi/groove.zip``, rendered into ``cache`` where missing.

    Raises:
        UserError: the archive is missing or damaged, no synthesizer, or ``cache`` cannot be written.
    """
    folder = cache / "drum-style"
    clips: list[LabelledClip] = []
    with open_archive(data, "groove.zip") as archive:
        missing: list[tuple[Path, str, float]] = []
        for style, stretches in _stretches(archive.read("groove/info.csv").decode()).items():
            for name, session, member, start_s in stretches:
                path = folder / f"{name}.flac"
                clips.append(LabelledClip(name, path, style, session))
                if not path.is_file():
                    missing.append((path, member, start_s))
        scores = (
            (path, Score(path.stem, stretch(read_midi(archive, member), start_s, CLIP_S)))
            for path, member, start_s in missing
        )
        render_missing(folder, scores, CLIP_S, len(missing))
    return Task(
        "drum-style",
        "drum style (Groove)",
        Kind.CLASS,
        tuple(clips),
        STYLES,
        Listening.MUSIC,
        True,
        "Drummers' performances, rendered, clips of 10 s. Five folds; a session is never in training and test. Our"
        " beat network was trained on renders of some of them, with beats but without styles.",
    )


def _stretches(table: str) -> dict[str, list[tuple[str, str, str, float]]]:
    """Name, session, file and start in seconds of clips of each style: the first of every performance, then the second
    of every long one, and so on, until there are enough."""
    rounds: dict[str, list[list[tuple[str, str, str, float]]]] = defaultdict(lambda: [[] for _ in range(_MOST_OF_ONE)])
    for row in csv.DictReader(io.StringIO(table)):
        style = row["style"].split("/")[0]
        if row["beat_type"] != "beat" or style not in STYLES:
            continue
        takes = min(_MOST_OF_ONE, int(float(row["duration"]) / CLIP_S))
        for take in range(takes):
            name = f"{row['id'].replace('/', '_')}_{take}"
            rounds[style][take].append((name, row["session"], f"groove/{row['midi_filename']}", CLIP_S * take))
    rng = np.random.default_rng(0)
    chosen: dict[str, list[tuple[str, str, str, float]]] = {}
    for style in STYLES:
        clips = [clip for each in rounds[style] for clip in (each[index] for index in rng.permutation(len(each)))]
        chosen[style] = clips[:EACH]
    return chosen
