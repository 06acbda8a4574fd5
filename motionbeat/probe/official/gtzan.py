"""GTZAN: 1,000 excerpts of 30 s in ten genres, and the beats of GTZAN-Rhythm.

The folder::

    genres/blues/blues.00000.wav           or .au; genres_original/ as it is also passed on
    train_filtered.txt, valid_filtered.txt, test_filtered.txt
    jams/blues.00000.wav.jams              for gtzan-beats, anywhere in the folder, or
    beats/gtzan_blues_00000.beats          the same labels in mirdata's form

A line of a list is ``blues/blues.00029.wav``. The lists are the fault-filtered, artist-disjoint ones that MARBLE and
most later work use (C. Kereliuk, B. L. Sturm and J. Larsen, "Deep Learning and Music Adversaries", 2015: 443, 197 and
290 excerpts; B. L. Sturm, "The GTZAN dataset", 2013). Beats: U. Marchand, Q. Fresnel and G. Peeters, "GTZAN-Rhythm",
ISMIR 2015 late-breaking.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from motionbeat.errors import UserError
from motionbeat.probe.official.beat_files import read_beat_jams, read_beat_lines
from motionbeat.probe.official.files import SoundFolders, first_folder, make_task, read_lines, split_counts
from motionbeat.probe.task import BeatLabel, Kind, LabelledClip, Listening, Task

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
LISTS = {"train": "train_filtered.txt", "validation": "valid_filtered.txt", "test": "test_filtered.txt"}
MOST_UNLABELLED = 0.01
"""Greatest share of excerpts without beats: mirdata's form lacks one of the 1,000."""

_LINE = re.compile(r"(?P<genre>[a-z]+)/(?P<name>(?P=genre)\.(?P<number>\d{5}))\.(wav|au|mp3)")
_EXPECTED = (
    "Expected: genres/blues/blues.00000.wav (or .au) and so on, and beside genres/ the filtered lists"
    " train_filtered.txt, valid_filtered.txt and test_filtered.txt."
)
_BEATS_EXPECTED = "Expected: GTZAN-Rhythm's jams/blues.00000.wav.jams or beats/gtzan_blues_00000.beats in the folder."


def gtzan_genre(folder: Path) -> Task:
    """Genre of each excerpt, ten classes, by the filtered lists.

    Raises:
        UserError: the folder has another layout, or a sound is missing.
    """
    clips = _clips(folder)
    source = (
        f"GTZAN, excerpts of 30 s by the fault-filtered lists: {split_counts(clips)}. Published as accuracy; the"
        " intervals here are over excerpts."
    )
    return make_task(folder, "gtzan-genre", "genre (GTZAN)", Kind.CLASS, clips, GENRES, Listening.MUSIC, source)


def gtzan_beats(folder: Path) -> Task:
    """Beats and downbeats of each excerpt, divided by the same lists, as MARBLE does.

    Raises:
        UserError: as :func:`gtzan_genre`; or labels are missing or damaged.
    """
    everything, clips = _clips(folder), []
    # names are unique, so that it does not matter how deep the archives were unpacked
    jams = {path.name: path for path in folder.rglob("*.jams")}
    lines = {} if jams else {path.name: path for path in folder.rglob("gtzan_*.beats")}
    form = "JAMS" if jams else "mirdata's form"
    for clip in everything:
        label: BeatLabel | None = None
        if f"{clip.name}.wav.jams" in jams:
            label = read_beat_jams(jams[f"{clip.name}.wav.jams"], _BEATS_EXPECTED)
        elif (name := f"gtzan_{clip.name.replace('.', '_')}.beats") in lines:
            label = read_beat_lines(lines[name], _BEATS_EXPECTED)
        if label is not None:
            clips.append(replace(clip, label=label))
    left_out = len(everything) - len(clips)
    if left_out > MOST_UNLABELLED * len(everything):
        raise UserError(f"{folder}: {left_out} of {len(everything)} excerpts have no beats. {_BEATS_EXPECTED}")
    source = (
        f"GTZAN with the beats of GTZAN-Rhythm ({form}), by the fault-filtered lists: {split_counts(clips)};"
        f" {left_out} without labels left out. Nothing is trimmed at the beginning. Beat trackers are mostly published"
        " on all 1,000 excerpts without training on any, which is another protocol."
    )
    return make_task(folder, "gtzan-beats", "beats (GTZAN)", Kind.BEATS, clips, (), Listening.FRAMES, source)


def _clips(folder: Path) -> list[LabelledClip]:
    """All excerpts of the lists, labelled with their genre."""
    named = []
    for split, name in LISTS.items():
        path = folder / name
        for line in read_lines(path, _EXPECTED):
            match = _LINE.fullmatch(line)
            if match is None or match["genre"] not in GENRES:
                raise UserError(f"{path}: {line[:80]!r} is not an excerpt of GTZAN. {_EXPECTED}")
            named.append((match["genre"], match["name"], split))
    genres = first_folder(folder, ("genres", "genres_original"), _EXPECTED)
    sounds = SoundFolders(_EXPECTED)
    clips = []
    for genre, name, split in named:
        path = sounds.find(*(genres / genre / f"{name}{suffix}" for suffix in (".wav", ".au")))
        clips.append(LabelledClip(name, path, genre, name, split))
    sounds.check()
    return clips
