"""The Ballroom data set: 698 excerpts of 30 s in eight dance styles, and their beats.

The folder holds the two published archives, unpacked anywhere in it (mirdata's ``B_1.0`` too)::

    BallroomData/Waltz/Media-105901.wav
    BallroomAnnotations/Media-105901.beats      for ballroom-beats

Style is the name of the sound's folder; the three folders of rumba are one. There is no official split: the harness
makes five folds that keep the excerpts of an album together, where the name tells it. Sources: F. Gouyon et al., "An
experimental comparison of audio tempo induction algorithms", 2006; F. Krebs, S. Böck and G. Widmer, "Rhythmic Pattern
Modeling for Beat- and Downbeat Tracking in Musical Audio", ISMIR 2013, and CPJKU/BallroomAnnotations.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from motionbeat.errors import UserError
from motionbeat.probe.official.beat_files import read_beat_lines
from motionbeat.probe.official.files import make_task
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task

STYLES = {
    "ChaChaCha": "cha-cha", "Jive": "jive", "Quickstep": "quickstep", "Rumba-American": "rumba",
    "Rumba-International": "rumba", "Rumba-Misc": "rumba", "Samba": "samba", "Tango": "tango",
    "VienneseWaltz": "viennese waltz", "Waltz": "waltz",
}  # fmt: skip
"""Our name by that of the folder."""

_EXPECTED = "Expected: BallroomData/Waltz/Media-105901.wav and so on (the published archive data1, unpacked)."
_BEATS_EXPECTED = "Expected: a file such as BallroomAnnotations/Media-105901.beats for each sound."


def ballroom_style(folder: Path) -> Task:
    """Dance style of each excerpt, eight classes.

    Raises:
        UserError: the folder has another layout.
    """
    clips = _clips(folder)
    classes = sorted(set(STYLES.values()))
    source = (
        f"Ballroom, {len(clips)} excerpts of 30 s (published: 698), five folds by album. Some recordings are in the"
        " set twice, and tempo alone tells most styles. Published figures are mostly from ten folds by excerpt."
    )
    return make_task(folder, "ballroom-style", "style (Ballroom)", Kind.CLASS, clips, classes, Listening.MUSIC, source)


def ballroom_beats(folder: Path) -> Task:
    """Beats and downbeats of each excerpt; scored from the first annotated beat on, as the annotators ask.

    Raises:
        UserError: the folder has another layout, or labels are missing or damaged.
    """
    clips = []
    unlabelled = []
    labels = {path.stem: path for path in folder.rglob("*.beats")}
    for clip in _clips(folder):
        if clip.name not in labels:
            unlabelled.append(clip.name)
            continue
        label = read_beat_lines(labels[clip.name], _BEATS_EXPECTED)
        clips.append(replace(clip, label=replace(label, eval_from_s=float(label.beats[0]))))
    if unlabelled:
        count = f"{len(unlabelled)} of {len(clips) + len(unlabelled)} excerpts have no beats"
        raise UserError(f"{folder}: {count}, the first is {unlabelled[0]}. {_BEATS_EXPECTED}")
    source = (
        f"Ballroom, {len(clips)} excerpts of 30 s (published: 698), five folds by album, scored from the first"
        " annotated beat on."
    )
    return make_task(folder, "ballroom-beats", "beats (Ballroom)", Kind.BEATS, clips, (), Listening.FRAMES, source)


def _clips(folder: Path) -> list[LabelledClip]:
    """All excerpts that lie in a folder of a style, labelled with it."""
    sounds = sorted(path for path in folder.rglob("*.wav") if path.parent.name in STYLES)
    if not sounds:
        raise UserError(f"{folder}: no sounds in folders of dance styles there. {_EXPECTED}")
    return [LabelledClip(path.stem, path, STYLES[path.parent.name], _album(path.stem)) for path in sounds]


def _album(name: str) -> str:
    """``Albums-Fire`` for ``Albums-Fire-08``; of a ``Media-105901`` no album is known."""
    return re.sub(r"-\d+$", "", name) if name.startswith("Albums-") else name
