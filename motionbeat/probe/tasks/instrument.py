"""Which instrument plays a note: recorded notes, and rendered ones across soundfonts."""

from __future__ import annotations

from pathlib import Path

import pretty_midi

from motionbeat.beatset.render import soundfonts
from motionbeat.errors import UserError
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task
from motionbeat.probe.tasks.index_files import read_index, texts
from motionbeat.probe.tasks.rendering import Score, render_missing

NOTE_S = 5.0
"""Only so much of a note is heard, in seconds; most are shorter."""

PROGRAMS = {
    "piano": 0, "electric piano": 4, "vibraphone": 11, "organ": 19, "accordion": 21, "nylon guitar": 24,
    "distorted guitar": 30, "double bass": 32, "violin": 40, "strings": 48, "trumpet": 56, "french horn": 60,
    "saxophone": 65, "oboe": 68, "clarinet": 71, "flute": 73,
}  # fmt: skip
"""Programs of General MIDI that are told apart across soundfonts."""

_PITCHES = (45, 50, 54, 57, 60, 62, 64, 67, 70, 73)
_FONT_NOTE_S = 2.0
_SOUNDING_S = 1.2


def recorded_notes(data: Path) -> Task:
    """``instruments/`` with ``index.json``: a list of ``{"file", "label", "pitch"}``.

    Raises:
        UserError: no such folder, or a malformed index.
    """
    folder = data / "instruments"
    clips = []
    for entry in read_index(folder):
        file, label, pitch = texts(folder, entry, ("file", "label", "pitch"))
        clips.append(LabelledClip(file, folder / file, label, pitch, duration_s=NOTE_S))
    return Task(
        "instrument",
        "instrument (recorded notes)",
        Kind.CLASS,
        tuple(clips),
        tuple(sorted({str(clip.label) for clip in clips})),
        Listening.CLOCK,
        False,
        "Single notes of the Philharmonia samples, their first 5 s. Five folds; a pitch is in training or in test.",
    )


def notes_across_fonts(cache: Path) -> Task:
    """Notes of 16 programs, 10 pitches, in every soundfont that is installed; rendered into ``cache`` where missing.

    Raises:
        UserError: fewer than two soundfonts, no synthesizer, or ``cache`` cannot be written.
    """
    fonts = sorted(soundfonts())
    if len(fonts) < 2:
        raise UserError("Fewer than two soundfonts are installed; motionbeat.beatset.render names their packages.")
    folder = cache / "notes"
    clips, missing = [], []
    for font in fonts:
        for label, program in PROGRAMS.items():
            name = f"{font} {label}".replace(" ", "_")
            path = folder / f"{name}.flac"
            if not path.is_file():
                missing.append((path, Score(name, _scale(program), font)))
            clips += [
                LabelledClip(f"{name}_{pitch}", path, label, font, None, _FONT_NOTE_S * index, _FONT_NOTE_S)
                for index, pitch in enumerate(_PITCHES)
            ]
    render_missing(folder, missing, _FONT_NOTE_S * len(_PITCHES), len(missing))
    return Task(
        "instrument-fonts",
        "instrument (across soundfonts)",
        Kind.CLASS,
        tuple(clips),
        tuple(PROGRAMS),
        Listening.CLOCK,
        True,
        f"Rendered notes of 16 programs in {len(fonts)} soundfonts; a font is never in training and test.",
    )


def _scale(program: int) -> pretty_midi.PrettyMIDI:
    """All pitches one after another."""
    midi = pretty_midi.PrettyMIDI()
    instrument = pretty_midi.Instrument(program)
    for index, pitch in enumerate(_PITCHES):
        start = _FONT_NOTE_S * index
        instrument.notes.append(pretty_midi.Note(90, pitch, start, start + _SOUNDING_S))
    midi.instruments.append(instrument)
    return midi
