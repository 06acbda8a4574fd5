"""Backings by Musical MIDI Accompaniment (the program ``mma``), whose library holds a thousand grooves of a hundred
styles: rock, swing, Latin, waltz, polka, march, ballad.

The program is GPL; what it writes is not, and none of it is shipped.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pretty_midi

from motionbeat.beatset.popsongs import PopSong
from motionbeat.beatset.score import AnnotatedScore, remapped
from motionbeat.errors import UserError

_TIMEOUT_S = 60
_NOTATED_TEMPO = 120.0
_SLOW = re.compile(r"slow|ballad|lullaby|hymn|spiritual|evans|descending|desert")
_FAST = re.compile(r"fast|quick|bebop|polka|vienese|jive|merengue|samba|zydeco|bluegrass|ragtime|dixie|charleston")
_QUALITIES = {
    "maj": "", "min": "m", "7": "7", "maj7": "M7", "min7": "m7", "dim": "dim", "aug": "aug", "sus4": "sus4",
    "sus2": "sus2", "hdim7": "m7b5", "dim7": "dim7", "maj6": "6", "min6": "m6", "9": "9", "min9": "m9", "maj9": "M9",
}  # fmt: skip
"""Harte's chord names to the program's."""
_PROGRESSIONS = (
    "0 9m 5 7", "0 7 9m 5", "9m 5 0 7", "0 5 7 5", "0 0 5 7", "2m 7 0 0", "9m 7 5 7", "0 4m 5 7", "0 9m 2m 7",
    "0 10 5 0", "9m 9m 2m 4", "0 5 0 7", "9m 4m 5 0", "0 0 0 0 5 5 0 0 7 5 0 7", "2m 2m 9m 9m", "0 2m 4m 5",
)  # fmt: skip
"""Chords as semitones above the key note, m for minor."""
_KEYS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True)
class GrooveFile:
    """A file of the program's library: grooves that go together.

    Attributes:
        name: of the style, lower case.
        quarters: MIDI quarter notes in a bar.
        meter: beats in a bar; three quarters make a beat in 6/8.
        grooves: names, the variations of one style; without introductions and endings.
    """

    name: str
    quarters: int
    meter: int
    grooves: tuple[str, ...]


@cache
def groove_files(library: Path = Path("/usr/share/mma/lib/stdlib")) -> tuple[GrooveFile, ...]:
    """The styles of an installed library whose bars are understood.

    Raises:
        UserError: the program is not installed.
    """
    if not library.is_dir():
        raise UserError("Musical MIDI Accompaniment is not installed; get it with: apt-get install mma.")
    found = []
    for path in sorted(library.glob("*.mma")):
        text = path.read_text(errors="replace")
        times = {int(n) for n in re.findall(r"(?im)^\s*time\s+(\d+)", text)}
        signatures = set(re.findall(r"(?im)^\s*timesig\s+(\d+)[ /](\d+)", text))
        names = re.findall(r"(?im)^\s*defgroove\s+(\S+)", text)
        grooves = tuple(n for n in names if not re.search(r"(?i)intro|end|metronome", n))
        if len(times) != 1 or len(signatures) != 1 or not grooves or path.stem.startswith(("metronome", "none")):
            continue
        quarters = times.pop()
        numerator, denominator = (int(part) for part in signatures.pop())
        if quarters != numerator:
            continue
        meter = quarters // 3 if denominator == 8 else quarters
        found.append(GrooveFile(path.stem.lower(), quarters, meter, grooves))
    return tuple(found)


def accompaniment(seed: int) -> AnnotatedScore:
    """A song of one style over one of the common chord progressions, with a melody over some."""
    rng = np.random.default_rng([seed, 11])
    files = groove_files()
    triple = [f for f in files if f.meter != 4]
    file = triple[rng.integers(len(triple))] if rng.random() < 0.4 else files[rng.integers(len(files))]
    key = int(rng.integers(12))
    bars: list[list[str]] = []
    count = int(rng.integers(28, 49))
    while len(bars) < count:
        progression = _PROGRESSIONS[rng.integers(len(_PROGRESSIONS))].split()
        hold = int(rng.choice([1, 1, 1, 2]))
        for _ in range(int(rng.choice([1, 2, 2]))):
            bars.extend([_moved(chord, key)] for chord in progression for _ in range(hold))
    bars = bars[:count]
    tempo = _tempo(file, rng)
    quarter_s = 60.0 / tempo * file.meter / file.quarters
    midi = _play(file, bars, rng)
    quarters = np.arange(len(bars) * file.quarters + 1)
    midi = remapped(midi, quarters * 60.0 / _NOTATED_TEMPO, quarters * quarter_s)
    beats = np.arange(len(bars) * file.meter) * 60.0 / tempo
    if rng.random() < 0.6:
        midi.instruments.append(_melody(bars, file, quarter_s, key, rng))
    positions = np.arange(len(beats)) % file.meter + 1
    return AnnotatedScore(midi, beats, positions, f"mma{seed:05d}_{file.name}", "mma")


def accompanied(song: PopSong, rng: np.random.Generator) -> pretty_midi.PrettyMIDI | None:
    """A backing in four for the chords of a pop song, in the song's time; None where the program could not make one.

    It begins at the song's first downbeat and knows nothing of short bars, so it is for songs without any.
    """
    score = song.score
    downs = np.flatnonzero(score.positions == 1)
    if score.meter != 4 or (np.diff(downs) != 4).any():
        return None
    files = [f for f in groove_files() if f.meter == 4]
    tempo = score.tempo
    fitting = [f for f in files if tempo > 130 or not _FAST.search(f.name)]
    file = fitting[rng.integers(len(fitting))]
    starts = np.array([start for start, _ in song.chords])
    bars = []
    chord = "C"
    for down in downs[:-1]:
        cells = []
        for beat in range(down, down + 4):
            at = np.searchsorted(starts, score.beats[beat] + 0.1, side="right") - 1
            named = _translated(song.chords[max(at, 0)][1])
            chord = named or chord
            cells.append(chord)
        bars.append([cell if i == 0 or cell != cells[i - 1] else "/" for i, cell in enumerate(cells)])
    midi = _play(file, bars, rng)
    quarters = np.arange(4 * len(bars) + 1)
    return remapped(midi, quarters * 60.0 / _NOTATED_TEMPO, score.beats[downs[0] : downs[-1] + 1])


def _play(file: GrooveFile, bars: Sequence[Sequence[str]], rng: np.random.Generator) -> pretty_midi.PrettyMIDI:
    lines = [f"Tempo {_NOTATED_TEMPO:g}", f"RndSeed {int(rng.integers(1, 1 << 30))}"]
    base = file.grooves[rng.integers(len(file.grooves))]
    for number, bar in enumerate(bars):
        if number % 8 == 0 and (number == 0 or rng.random() < 0.7):
            lines.append(f"Groove {base if rng.random() < 0.5 else file.grooves[rng.integers(len(file.grooves))]}")
        lines.append(f"{number + 1} {' '.join(bar)}")
    with tempfile.TemporaryDirectory() as folder:
        chart, out = Path(folder, "chart.mma"), Path(folder, "out.mid")
        chart.write_text("\n".join(lines) + "\n")
        done = subprocess.run(
            ["mma", "-f", str(out), str(chart)], cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S
        )
        if done.returncode or not out.is_file():
            raise RuntimeError(f"mma could not play {file.name} ({base}): {done.stdout[-300:]}")
        return pretty_midi.PrettyMIDI(str(out))


def _tempo(file: GrooveFile, rng: np.random.Generator) -> float:
    centre = 75.0 if _SLOW.search(file.name) else 175.0 if _FAST.search(file.name) else 120.0
    if file.quarters != file.meter:  # dotted beats
        centre = 80.0
    elif file.meter == 3:
        centre *= 1.1
    return float(np.clip(centre * np.exp(rng.normal(0, 0.22)), 52, 212))


def _moved(chord: str, key: int) -> str:
    minor = chord.endswith("m")
    return _KEYS[(int(chord.rstrip("m")) + key) % 12] + ("m" if minor else "")


def _translated(chord: str) -> str | None:
    """The program's name of a chord in Harte's notation; None for no chord."""
    if chord == "N":
        return None
    root, _, quality = chord.partition(":")
    quality = re.sub(r"\(.*\)|/.*", "", quality)
    return root.split("/")[0] + _QUALITIES.get(quality, "m" if quality.startswith("min") else "")


def _melody(
    bars: Sequence[Sequence[str]], file: GrooveFile, quarter_s: float, key: int, rng: np.random.Generator
) -> pretty_midi.Instrument:
    """Motifs of two bars on a pentatonic scale, coming back with other pitches."""
    lead = pretty_midi.Instrument(
        int(rng.choice([0, 4, 24, 26, 40, 56, 60, 65, 66, 68, 71, 73, 75, 80, 81])), name="lead"
    )
    scale = key + np.array([0, 2, 4, 7, 9])
    per_bar = 2 * file.quarters
    motifs = []
    for _ in range(3):
        weight = np.where(np.arange(2 * per_bar) % 2 == 0, 0.55, 0.25)
        motifs.append(np.flatnonzero(rng.random(2 * per_bar) < weight))
    degree = 7
    for pair in range(len(bars) // 2):
        if rng.random() < 0.15:
            continue
        motif = motifs[[0, 0, 1, 2][pair % 4]]
        for at, after in zip(motif, np.append(motif[1:], 2 * per_bar), strict=True):
            degree = int(np.clip(degree + rng.integers(-2, 3), 3, 13))
            pitch = int(60 + scale[degree % 5] + 12 * (degree // 5 - 1))
            start = (pair * file.quarters * 2 + at / 2) * quarter_s + abs(rng.normal(0, 0.008))
            end = start + min(after - at, 4) / 2 * quarter_s * rng.uniform(0.6, 0.95)
            lead.notes.append(pretty_midi.Note(int(rng.integers(70, 115)), pitch, start, end))
    return lead
