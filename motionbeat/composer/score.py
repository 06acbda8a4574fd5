"""Writing the notes: key, chords, tune, accompaniment and the form of a song.

Everything here is counted in beats from the first downbeat; when a beat sounds is decided later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from motionbeat.composer.styles import SCALES, Groove, Style

STEPS_PER_BEAT = 4
"""Pattern characters per beat."""

_T = TypeVar("_T")
_LOUDNESS = {"X": 1.0, "x": 0.72, "o": 0.42}


@dataclass(frozen=True)
class Note:
    """One note or stroke.

    Attributes:
        part: ``drums``, ``bass``, ``chords``, ``pad``, ``lead`` or ``effects``.
        sound: the drum's name, or empty for the part's instrument.
        beat: start in beats from the first downbeat.
        length: beats; 0 for drums.
        pitch: MIDI note number; 0 for drums.
        loudness: 0 to 1.
    """

    part: str
    sound: str
    beat: float
    length: float
    pitch: float
    loudness: float


@dataclass(frozen=True)
class Section:
    """A stretch of the form.

    Attributes:
        kind: ``intro``, ``verse``, ``chorus``, ``break``, ``build`` or ``outro``.
        first_bar, bars: where it is.
    """

    kind: str
    first_bar: int
    bars: int


def plan_form(bars: int, rng: np.random.Generator) -> list[Section]:
    """Divide ``bars`` bars into sections of mostly 4 or 8."""
    if bars < 8:
        return [Section("chorus", 0, bars)]
    unit = 8 if bars >= 48 and rng.random() < 0.6 else 4
    kinds = ["intro"] if rng.random() < 0.8 else []
    cycle = [
        ["verse", "chorus", "verse", "chorus", "break", "chorus"],
        ["verse", "verse", "chorus", "break", "build", "chorus"],
        ["chorus", "verse", "chorus", "build", "chorus", "break"],
    ][rng.integers(3)]
    sections: list[Section] = []
    at = 0
    while at < bars:
        place = len(sections)
        kind = kinds[place] if place < len(kinds) else cycle[(place - len(kinds)) % len(cycle)]
        length = min(4 if kind in ("intro", "build", "break") else unit, bars - at)
        if bars - at - length < 4:
            length = bars - at
        if at + length == bars:
            kind = "outro" if kind != "chorus" and rng.random() < 0.5 else "chorus"
        sections.append(Section(kind, at, length))
        at += length
    return sections


_LAYERS = {
    "intro": (("drums", "bass"), ("drums", "chords"), ("drums", "chords", "bass"), ("chords", "pad", "drums")),
    "verse": (("drums", "bass", "chords"), ("drums", "bass", "chords", "lead"), ("drums", "bass", "pad", "lead")),
    "chorus": (("drums", "extras", "bass", "chords", "pad", "lead"), ("drums", "extras", "bass", "chords", "lead")),
    "break": (("pad", "chords"), ("chords", "lead"), ("drums", "bass"), ("pad", "lead", "extras")),
    "build": (("drums", "chords", "pad", "roll"), ("bass", "chords", "roll"), ("pad", "lead", "roll")),
    "outro": (("drums", "bass", "chords", "lead"), ("drums", "extras", "bass", "pad")),
}


@dataclass(frozen=True)
class _Key:
    root: int  # MIDI number of the tonic near middle C
    scale: tuple[int, ...]
    notes_per_chord: int
    major_dominant: bool

    def degree(self, step: int) -> int:
        """MIDI number of a scale step; 7 steps are an octave."""
        return self.root + 12 * (step // 7) + self.scale[step % 7]

    def chord(self, step: int) -> list[int]:
        """MIDI numbers of the chord on a scale step, from its root up."""
        notes = [self.degree(step + 2 * i) for i in range(self.notes_per_chord)]
        if self.major_dominant and step % 7 == 4:
            notes[1] = notes[0] + 4
        return notes


def write_song(
    style: Style,
    beats: int,
    rng: np.random.Generator,
    form: Sequence[Section] | None = None,
    ending: bool = False,
) -> list[Note]:
    """All notes of a song.

    Args:
        style: what it is made of.
        beats: how long it is; the last bar may be incomplete.
        rng: every choice is drawn from it.
        form: its sections; drawn as well when None.
        ending: whether the last bar is one held chord.
    """
    mode = _pick(style.modes, rng)
    key = _Key(
        root=int(rng.integers(55, 67)),
        scale=SCALES[mode],
        notes_per_chord=4 if rng.random() < style.seventh else 3,
        major_dominant=style.major_dominant and mode == "minor",
    )
    bars = -(-beats // style.meter)
    played = bars - 1 if ending else bars
    writer = _Writer(style, key, rng)
    for section in form if form is not None else plan_form(played, rng):
        writer.section(section, last_bar=played - 1)
    notes = [note for note in writer.notes if note.beat < min(beats, played * style.meter)]
    if ending:
        writer.notes.clear()
        writer.final_chord(played)
        notes += writer.notes
    return notes


def _pick(items: Sequence[_T], rng: np.random.Generator) -> _T:
    return items[int(rng.integers(len(items)))]


class _Writer:
    """The choices that hold for one song, and the notes written so far."""

    def __init__(self, style: Style, key: _Key, rng: np.random.Generator) -> None:
        self.style, self.key, self.rng = style, key, rng
        self.steps = STEPS_PER_BEAT * style.meter
        self.notes: list[Note] = []
        self.staccato = rng.uniform(*style.staccato)
        self.grooves = {"verse": _pick(style.grooves, rng), "chorus": _pick(style.grooves, rng)}
        if not any(self.grooves["chorus"].values()) and rng.random() < 0.7:
            self.grooves["chorus"] = style.grooves[0]
        self.extras = [_pick(style.extras, rng) for _ in range(2)]
        self.bass = {kind: _pick(style.basses, rng) for kind in ("verse", "chorus")}
        self.chord_patterns = {kind: _pick(style.chords, rng) for kind in ("verse", "chorus")}
        self.progressions = {kind: _pick(style.progressions, rng) for kind in ("verse", "chorus")}
        self.tunes = {kind: self._tune(self.progressions[kind]) for kind in ("verse", "chorus")}
        self.fills = rng.random() < 0.85
        self.lead_octave = int(rng.choice([0, 0, 12]))

    def final_chord(self, bar: int) -> None:
        chord = self.key.chord(0)
        for pitch in (_into_range(chord[0], 31, 43), chord[0] - 12):
            self._add("bass", bar, 0, self.style.meter, pitch, 0.95)
        for part, notes in (("chords", chord), ("pad", chord), ("lead", [self.key.degree(7) + self.lead_octave])):
            for pitch in notes:
                self._add(part, bar, 0, self.style.meter, pitch, 0.9)
        for drum in ("kick", "crash"):
            self._stroke(drum, bar, 0, 0.9)

    def section(self, section: Section, last_bar: int) -> None:
        """Write one section; ``last_bar`` of the song gets no fill."""
        layers = _pick(_LAYERS[section.kind], self.rng)
        material = "chorus" if section.kind in ("chorus", "outro") else "verse"
        progression = self.progressions[material]
        thin = section.kind in ("intro", "break") and self.rng.random() < 0.5
        previous: list[int] | None = None
        for index in range(section.bars):
            bar = section.first_bar + index
            step = progression[index % len(progression)]
            following = progression[(index + 1) % len(progression)]
            last = index == section.bars - 1
            fill = self.fills and last and bar < last_bar and "drums" in layers and section.bars >= 2
            if "drums" in layers:
                self._drums(bar, self.grooves[material], thin=thin, until=self.steps - 4 * fill)
            if "extras" in layers:
                for extra in self.extras:
                    self._drums(bar, extra, thin=False, until=self.steps)
            if "roll" in layers:
                self._roll(bar, index / section.bars)
            if fill:
                self._fill(bar)
            if "bass" in layers:
                self._bass(bar, self.bass[material], step, following)
            chord = _voiced(self.key.chord(step), previous)
            previous = chord
            if "chords" in layers:
                self._chords(bar, self.chord_patterns[material], chord)
            if "pad" in layers:
                for pitch in chord:
                    self._add("pad", bar, 0, self.style.meter * 0.98, pitch, 0.8)
            if "lead" in layers:
                self._lead(bar, self.tunes[material][index % 4], step)
        if section.kind == "chorus" and section.first_bar > 0 and self.rng.random() < 0.8:
            self._stroke("crash", section.first_bar, 0, 0.8)

    def _add(self, part: str, bar: int, step: float, length: float, pitch: float, loudness: float) -> None:
        loudness = loudness * (1 + 0.06 * float(self.rng.standard_normal()))
        beat = bar * self.style.meter + step / STEPS_PER_BEAT
        self.notes.append(Note(part, "", beat, length, pitch, float(np.clip(loudness, 0.05, 1.2))))

    def _stroke(self, drum: str, bar: int, step: float, loudness: float) -> None:
        loudness = loudness * (1 + 0.08 * float(self.rng.standard_normal()))
        beat = bar * self.style.meter + step / STEPS_PER_BEAT
        self.notes.append(Note("drums", drum, beat, 0.0, 0.0, float(np.clip(loudness, 0.05, 1.2))))

    def _bar_of(self, pattern: str, bar: int) -> str:
        """The part of a one- or two-bar pattern that falls on a bar; shorter ones are repeated."""
        if len(pattern) <= self.steps:
            return (pattern * self.steps)[: self.steps]
        start = bar * self.steps % len(pattern)
        return pattern[start : start + self.steps]

    def _drums(self, bar: int, groove: Groove, thin: bool, until: int) -> None:
        for drum, pattern in groove.items():
            if thin and drum not in ("kick", "soft_kick", "hat", "shaker", "maracas"):
                continue
            for step, mark in enumerate(self._bar_of(pattern, bar)):
                if mark in _LOUDNESS and (step < until or drum in ("kick", "soft_kick")):
                    self._stroke(drum, bar, step, _LOUDNESS[mark])

    def _fill(self, bar: int) -> None:
        drums = _pick(
            (("snare",), ("tom_high", "tom_low"), ("snare", "tom_high", "tom_low"), ("conga_high",)), self.rng
        )
        pattern = _pick(("xxxX", "x.xX", "X.xx", "..xX", "xX.X"), self.rng)
        for step, mark in enumerate(pattern):
            if mark in _LOUDNESS:
                drum = drums[min(len(drums) - 1, step * len(drums) // 4)]
                self._stroke(drum, bar, self.steps - 4 + step, _LOUDNESS[mark])

    def _roll(self, bar: int, progress: float) -> None:
        every = 4 if progress < 0.5 else 2 if progress < 0.75 else 1
        for step in range(0, self.steps, every):
            self._stroke("snare", bar, step, 0.3 + 0.5 * (progress + step / self.steps / 4))

    def _bass(self, bar: int, pattern: str, step: int, following: int) -> None:
        chord = [pitch - 24 for pitch in self.key.chord(step)]
        root = _into_range(chord[0], 31, 43)
        shift = root - chord[0]
        next_root = _into_range(self.key.chord(following)[0], 31, 43)
        pitches = {"1": root, "3": chord[1] + shift, "5": chord[2] + shift, "8": root + 12}
        pitches |= {"a": next_root, "n": next_root - 1}
        marks = self._bar_of(pattern, bar)
        onsets = [i for i, mark in enumerate(marks) if mark in pitches]
        for onset, after in zip(onsets, [*onsets[1:], self.steps + (onsets[0] if onsets else 0)], strict=True):
            length = min((after - onset) / STEPS_PER_BEAT, 2.0) * (0.5 + 0.5 * self.staccato)
            loudness = 0.95 if onset % STEPS_PER_BEAT == 0 else 0.85
            self._add("bass", bar, onset, length, pitches[marks[onset]], loudness)

    def _chords(self, bar: int, pattern: str, chord: list[int]) -> None:
        marks = self._bar_of(pattern, bar)
        onsets = [i for i, mark in enumerate(marks) if mark != "."]
        ladder = chord[:3] + [pitch + 12 for pitch in chord]
        for onset, after in zip(onsets, [*onsets[1:], self.steps + (onsets[0] if onsets else 0)], strict=True):
            mark = marks[onset]
            length = min((after - onset) / STEPS_PER_BEAT, 4.0) * self.staccato
            if mark.isdigit():
                self._add("chords", bar, onset, max(length, 0.2), ladder[int(mark)], 0.9)
                continue
            for pitch in chord:
                self._add("chords", bar, onset, length, pitch, _LOUDNESS[mark])

    def _tune(self, progression: Sequence[int]) -> list[list[tuple[int, float, int]]]:
        """Four bars of melody, rhythm a b a c: (step of the bar, length in beats, scale step) for each note."""
        first, second, close = (_pick(self.style.rhythms, self.rng) for _ in range(3))
        place = int(self.rng.integers(5, 10))
        phrase: list[list[tuple[int, float, int]]] = []
        for bar, rhythm in enumerate((first, second, first, close)):
            if bar == 2 and self.rng.random() < 0.6:
                phrase.append(phrase[0])
                place = phrase[0][-1][2] if phrase[0] else place
                continue
            tones = [progression[bar % len(progression)] + 2 * i for i in range(3)]
            onsets = [i for i, mark in enumerate(rhythm) if mark != "."]
            line: list[tuple[int, float, int]] = []
            for onset, after in zip(onsets, [*onsets[1:], self.steps], strict=True):
                place += int(self.rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3]))
                place = min(max(place, 2), 13)
                if onset % (2 * STEPS_PER_BEAT) == 0 or (bar == 3 and onset == onsets[-1]):
                    near = [tone + 7 * octave for tone in tones for octave in range(-1, 3)]
                    place = min(near, key=lambda tone: (abs(tone - place), tone))
                line.append((onset, (after - onset) / STEPS_PER_BEAT, place))
            phrase.append(line)
        return phrase

    def _lead(self, bar: int, line: Sequence[tuple[int, float, int]], step: int) -> None:
        raised = self.key.chord(step)[1] % 12 if self.key.major_dominant and step % 7 == 4 else None
        for onset, length, place in line:
            pitch = self.key.degree(place) + self.lead_octave
            if raised is not None and (pitch + 1) % 12 == raised:
                pitch += 1  # the leading note of a minor key over its major dominant
            loudness = 0.95 if onset % STEPS_PER_BEAT == 0 else 0.82
            self._add("lead", bar, onset, 0.92 * min(length, 4.0), pitch, loudness)


def _into_range(pitch: int, low: int, high: int) -> int:
    """The pitch moved by octaves into ``low`` to ``high`` (at least an octave apart)."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch


def _voiced(chord: list[int], previous: list[int] | None) -> list[int]:
    """The inversion of a chord that lies nearest to the one before, around middle C."""
    centre = 62.0 if previous is None else 0.5 * (62.0 + float(np.mean(previous)))
    inversions = []
    for turn in range(len(chord)):
        notes = [*chord[turn:], *(pitch + 12 for pitch in chord[:turn])]
        inversions += [[pitch + shift for pitch in notes] for shift in (-24, -12, 0, 12)]
    return min(inversions, key=lambda notes: abs(float(np.mean(notes)) - centre))
