"""Chord progressions and tunes that fit them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
_QUALITIES = {
    "": (),
    "7": (10,),
    "M7": (11,),
    "9": (10, 14),
    "6": (9,),
    "add": (14,),
}
_NUMERAL = re.compile(r"([b#]?)([IViv]+)(M7|7|9|6|add|s|o|h|5)?$")

# Chords in Roman numerals, capitals for major; s = suspended, o = diminished, h = half-diminished, 5 = power chord.
PROGRESSIONS: dict[str, tuple[str, ...]] = {
    "pop_major": (
        "I V vi IV",
        "vi IV I V",
        "I vi IV V",
        "I IV vi V",
        "IV V iii vi",
        "I iii IV V",
        "I V vi iii IV I IV V",
        "I IV I V",
        "IV I V vi",
        "I V IV IV",
        "I ii vi IV",
    ),
    "pop_minor": (
        "i bVI bIII bVII",
        "i bVII bVI bVII",
        "i iv bVI V",
        "i bIII bVII bVI",
        "bVI bVII i i",
        "i v bVI bVII",
        "i bVII bVI V",
        "i iv bVII bIII bVI iv V V",
    ),
    "rock": ("I bVII IV I", "I IV V IV", "I I IV IV", "i bVII IV i", "i i bVII bVII", "I bIII IV I", "i bIII IV bVI"),
    "punk": ("I V vi IV", "I IV V V", "I IV I V", "vi IV I V", "I bVII IV IV", "I vi IV V"),
    "metal": (
        "i5 i5 bVI5 bVII5",
        "i5 bII5 i5 bII5",
        "i5 i5 i5 bII5",
        "i5 bIII5 bVI5 bII5",
        "i5 bVII5 bVI5 bII5",
        "i5 bVI5 iv5 V5",
        "i5 i5 bV5 iv5",
        "i5 bVI5 bIII5 bVII5",
        "i5 i5 i5 i5 bIII5 bIII5 bII5 bII5",
        "i5 iv5 bVI5 v5",
    ),
    "drone": ("i i i i", "I I I I", "i i i bVII", "i i bII i", "I I I bVII", "i i i i iv iv i i"),
    "edm": (
        "bVI bVII i i",
        "i bVI bIII bVII",
        "iv bVI i bVII",
        "bVI bIII bVII i",
        "i bIII bVI bVII",
        "I V vi IV",
        "vi IV I V",
        "IV V vi iii",
        "bVI i bVII v",
        "IVM7 V vi I",
    ),
    "house": (
        "i7 iv7 i7 iv7",
        "ii7 V7 IM7 IM7",
        "i9 bVIM7 iv9 v7",
        "i7 i7 bVIM7 bVII",
        "iv9 v7 i9 i9",
        "IM7 iii7 vi9 IVM7",
    ),
    "jazz": (
        "ii7 V7 IM7 vi7",
        "IM7 vi7 ii7 V7",
        "iih V7 i7 i7",
        "IM7 IM7 ii7 V7",
        "iii7 VI7 ii7 V7",
        "I6 IV7 iii7 VI7",
    ),
    "blues": ("I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7", "i7 i7 i7 i7 iv7 iv7 i7 i7 bVI7 V7 i7 V7", "I7 IV7 I7 V7"),
    "soul": (
        "IM7 iii7 vi7 IVM7",
        "ii7 iii7 IVM7 V7",
        "vi7 ii7 V7 IM7",
        "IVM7 iii7 vi7 vi7",
        "i9 iv9 bVIM7 V7",
        "IM7 I7 IVM7 iv6",
    ),
    "latin_minor": ("i iv V7 i", "i V7 V7 i", "i bVII bVI V7", "iih V7 i i", "i i iv V7", "iv i V7 i"),
    "latin_major": ("I IV V7 IV", "I V7 V7 I", "ii7 V7 I6 I6", "I vi ii7 V7", "I IV I V7"),
    "bossa": (
        "IM7 IM7 II7 II7 ii7 V7 IM7 V7",
        "i7 iv7 iih V7",
        "IM7 vi7 ii7 V7",
        "IM7 bVIIM7 IM7 ii7",
        "i9 bVIM7 iih V7",
    ),
    "reggae": (
        "I IV I V",
        "i bVII i bVII",
        "i iv i iv",
        "I vi IV V",
        "ii V ii V",
        "I V vi IV",
        "i v bVI iv",
        "i i bVII i",
    ),
    "folk": (
        "I IV I V",
        "I I IV V",
        "I V I V",
        "i bVII i bVII",
        "I I V V I IV V I",
        "i i bVII V",
        "I vi IV V",
        "i bVII bVI bVII",
    ),
    "jig": (
        "I I IV V I IV V I",
        "i bVII i bVII i bVII v i",
        "I IV I V I IV V I",
        "I ii I V I ii V I",
        "i i bVII bVII i i bVII i",
    ),
    "modal": (
        "i IV i IV",
        "I bVII IV I",
        "i bVII i bVII",
        "I bII I bvii",
        "i bII i bvii",
        "I I bII bII",
        "i i iv bII",
    ),
    "flamenco": ("iv bIII bII I", "I bII I bII", "iv iv bII I", "I bII bIII bII"),
    "classical": (
        "I IV V7 I",
        "I vi ii V7",
        "i iv V7 i",
        "i bVI iv V7",
        "I V vi iii IV I ii V",
        "I V7 V7 I",
        "i VIIo i V7",
        "I II7 V I",
    ),
    "march": ("I I V7 V7 V7 V7 I I", "I IV I V7", "I I IV V7 I vi V7 I", "i i V7 i"),
    "cinematic": (
        "i bVI bIII bVII",
        "i bVI i bVI",
        "i bIII bVI bVII",
        "i iv bVI V",
        "i bII i bII",
        "i biii i biii",
        "I bVI I bVI",
        "i v bVI iv",
    ),
    "chip": ("i bVI bVII i", "I V vi IV", "IV V iii vi", "i bVII bVI V", "I bVII bVI V", "bVI bVII i i", "I IV V I"),
    "lofi": ("ii7 V7 IM7 vi7", "IVM7 iii7 ii7 IM7", "IM7 vi7 ii9 V7", "i9 iv9 i9 bVIM7", "IVM7 iv6 iii7 VI7"),
}


@dataclass(frozen=True)
class Chord:
    """A chord that sounds from a beat to another.

    Attributes:
        start, end: in beats.
        root: pitch class.
        tones: pitch classes from the root upward.
    """

    start: float
    end: float
    root: int
    tones: tuple[int, ...]


def chord_tones(numeral: str, key: int) -> tuple[int, ...]:
    """Pitch classes of a Roman numeral in a key, the root first."""
    match = _NUMERAL.match(numeral)
    if match is None:
        raise ValueError(f"no chord: {numeral}")
    accidental, degree, suffix = match[1], match[2], match[3] or ""
    root = key + _DEGREES[degree.upper()] + {"b": -1, "#": 1, "": 0}[accidental]
    third = 3 if degree.islower() else 4
    if suffix == "5":
        shape: tuple[int, ...] = (0, 7)
    elif suffix == "s":
        shape = (0, 5, 7)
    elif suffix in ("o", "h"):
        shape = (0, 3, 6, 9 if suffix == "o" else 10)
    else:
        shape = (0, third, 7, *_QUALITIES[suffix])
    return tuple((root + interval) % 12 for interval in shape)


def progression(family: str, rng: np.random.Generator) -> list[str]:
    """One progression out of the families, whose names are joined by ``+``."""
    pool = [text for name in family.split("+") for text in PROGRESSIONS[name]]
    return pool[int(rng.integers(len(pool)))].split()


def scale_of(numerals: Sequence[str], key: int, rng: np.random.Generator) -> tuple[int, ...]:
    """A seven-tone (sometimes five-tone) scale for a tune over chords; its third is that of the tonic chord."""
    tonic_minor = any(n.rstrip("5679adM") == "i" for n in numerals)
    flat_two = any(n.startswith("bII") and not n.startswith("bIII") for n in numerals)
    minor_chords = tonic_minor or (not any(n[0] == "I" for n in numerals) and any(n.startswith("b") for n in numerals))
    if minor_chords:
        shapes = [(0, 2, 3, 5, 7, 8, 10)] * 3 + [(0, 2, 3, 5, 7, 9, 10), (0, 3, 5, 7, 10), (0, 2, 3, 5, 7, 8, 11)]
        if flat_two:
            shapes = [(0, 1, 3, 5, 7, 8, 10)]
    elif flat_two:
        shapes = [(0, 1, 4, 5, 7, 8, 10)]
    elif any(n.startswith("bVII") for n in numerals):
        shapes = [(0, 2, 4, 5, 7, 9, 10)]
    else:
        shapes = [(0, 2, 4, 5, 7, 9, 11)] * 3 + [(0, 2, 4, 7, 9)]
    return tuple((key + tone) % 12 for tone in shapes[int(rng.integers(len(shapes)))])


def nearest(pitch: float, classes: Sequence[int]) -> int:
    """The pitch nearest to a pitch among all octaves of the classes."""
    base = round(pitch)
    return min(range(base - 6, base + 7), key=lambda p: (abs(p - pitch) if p % 12 in classes else 99.0, p))


@dataclass(frozen=True)
class TuneNote:
    """A note of a tune before its harmony is known: onset and length in beats, steps of the scale from the centre."""

    start: float
    length: float
    step: int


def _bar_rhythm(rng: np.random.Generator, meter: int, division: int, density: float, sync: float) -> list[float]:
    """Onsets within a bar, at least one."""
    cell = division if density < 1.6 else 2 * division
    onsets = []
    for tick in range(meter * cell):
        on_beat = tick % cell == 0
        eighth = tick % max(cell // division, 1) == 0
        weight = (1.0 - 0.7 * sync) if on_beat else (0.35 + 0.5 * sync if eighth else 0.2 + 0.1 * sync)
        if tick == 0:
            weight = 1.0 - 0.75 * sync
        if rng.random() < weight * density / 1.5:
            onsets.append(tick / cell)
    return onsets or [float(rng.integers(meter))]


def tune(
    rng: np.random.Generator, meter: int, division: int, density: float, sync: float, bars: int
) -> list[TuneNote]:
    """A phrase of motifs that return, over a number of bars.

    Args:
        meter: beats per bar.
        division: 2 where beats split in halves, 3 in thirds.
        density: about the number of notes per beat.
        sync: 0 for onsets on beats, 1 for onsets between them.
    """
    motifs = []
    for _ in range(3):
        onsets = _bar_rhythm(rng, meter, division, density * float(rng.uniform(0.7, 1.2)), sync)
        steps = np.cumsum(rng.choice([-2, -1, -1, 0, 1, 1, 2, 3, -4], size=len(onsets))).tolist()
        motifs.append(list(zip(onsets, steps, strict=True)))
    form = str(rng.choice(["ABAC", "AABC", "AAAB", "ABAB", "ABCB", "AABB"]))
    notes = []
    legato = float(rng.uniform(0.55, 1.0))
    for bar in range(bars):
        motif = motifs["ABC".index(form[bar % 4])]
        lift = int(rng.integers(-1, 2)) if bar % 4 == 3 else 0
        cadence = bar % 8 == 7 or bar == bars - 1
        for index, (onset, step) in enumerate(motif):
            after = motif[index + 1][0] if index + 1 < len(motif) else float(meter)
            if cadence and index and onset >= meter / 2:
                continue
            notes.append(TuneNote(bar * meter + onset, max((after - onset) * legato, 0.12), step + lift))
    return notes


def fit(note: TuneNote, centre: int, scale: Sequence[int], chord: Chord) -> int:
    """The pitch of a tune's note: a chord tone where it is long or on the beat, else a tone that does not rub."""
    clash = {
        tone for tone in scale for other in chord.tones if (tone - other) % 12 in (1, 11) and tone not in chord.tones
    }
    free = sorted(set(scale) - clash | set(chord.tones))
    rough = centre + note.step * 12 / 7
    strong = note.length >= 0.75 or note.start % 1 == 0
    pitch = nearest(rough, chord.tones if strong else free)
    while pitch > centre + 14:
        pitch -= 12
    while pitch < centre - 12:
        pitch += 12
    return pitch
