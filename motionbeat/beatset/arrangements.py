"""Writes arrangements in many styles, whose beats and bars are known because they come before the notes.

A song is drawn in this order: style, tempo and key; sections; for each section the chords, and for each part a figure
that returns whenever a section of its kind does; then timing. Everything is written in beats and swung, jittered and
turned into seconds at the end.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pretty_midi

from motionbeat.beatset.drum_patterns import DRUMS, GROOVES, LEVELS, Groove, chop, fill, settle
from motionbeat.beatset.harmony import Chord, TuneNote, chord_tones, fit, nearest, progression, scale_of, tune
from motionbeat.beatset.part_patterns import find_pattern
from motionbeat.beatset.score import MAX_TEMPO, MIN_TEMPO, AnnotatedScore
from motionbeat.beatset.styles import KITS, PROGRAMS, STYLES_TABLE, Part, Style

STYLES: tuple[str, ...] = tuple(STYLES_TABLE)
_POWER_SHIFTS = {"p": 0, "P": 0, "Q": 1, "U": 3, "V": 5}


@dataclass(frozen=True)
class Section:
    """A stretch of a song.

    Attributes:
        kind: sections of a kind share figures and tune.
        start: first beat, a downbeat.
        bars: length.
        level: 0 quiet, 1 middling, 2 loud.
        drums: whether the kit plays; ``build`` is a growing snare roll.
        crash: a cymbal on its first beat.
        fill: length in beats of the drum fill at its end.
        stop: beats of silence at its end.
    """

    kind: str
    start: int
    bars: int
    level: int
    drums: str
    crash: bool
    fill: float
    stop: float


@dataclass
class Event:
    """A note in beats."""

    start: float
    end: float
    pitch: int
    velocity: float


@dataclass
class Song:
    """A song while it is written."""

    rng: np.random.Generator
    style: Style
    bpm: float
    sections: list[Section]
    chords: list[Chord]
    scale: tuple[int, ...]
    stems: dict[str, list[Event]] = field(default_factory=dict)
    programs: dict[str, int] = field(default_factory=dict)


_FORMS: dict[str, tuple[tuple[str, int], ...]] = {
    "song": (
        ("intro", 0),
        ("verse", 1),
        ("chorus", 2),
        ("verse", 1),
        ("chorus", 2),
        ("bridge", 0),
        ("solo", 2),
        ("chorus", 2),
    ),
    "dance": (
        ("intro", 1),
        ("groove", 1),
        ("break", 0),
        ("build", 0),
        ("drop", 2),
        ("groove", 1),
        ("build", 1),
        ("drop", 2),
    ),
    "plain": (("theme", 1), ("second", 1), ("theme", 1), ("third", 2), ("second", 0)),
}


def _sections(rng: np.random.Generator, style: Style, beats: float) -> list[Section]:
    """Sections that last at least a number of beats; songs may begin in their middle, as excerpts do."""
    form = _FORMS[style.form]
    index = 0 if rng.random() < 0.6 else int(rng.integers(len(form)))
    sections: list[Section] = []
    start = 0
    usual = int(rng.choice([4, 8, 8])) if beats > 24 * style.meter else 4
    drummer = any(style.grooves) and rng.random() < 0.95
    bare = {kind: rng.random() < 0.3 for kind in ("intro", "bridge", "theme", "second")}
    fill_chance = float(rng.choice([0.0, 0.4, 0.8, 1.0]))
    while start < beats:
        kind, level = form[index % len(form)]
        bars = usual
        if rng.random() < 0.12:
            bars = int(rng.choice([2, 4, 6, 12]))
        if kind == "build":
            bars = int(rng.choice([4, 8]))
        drums = "kit" if drummer and style.grooves[level] else ""
        if drums and (bare.get(kind, False) or (kind == "break" and rng.random() < 0.75)):
            drums = ""
        if drums and kind == "build":
            drums = "build"
        sections.append(
            Section(
                kind,
                start,
                bars,
                level,
                drums,
                rng.random() < (0.75 if level else 0.35),
                float(rng.choice([1, 2, style.meter])) if rng.random() < fill_chance else 0.0,
                float(rng.choice([1, 2, style.meter])) if rng.random() < (0.4 if kind == "build" else 0.06) else 0.0,
            )
        )
        start += bars * style.meter
        index += 1
    return sections


def _chords(
    rng: np.random.Generator, style: Style, sections: Sequence[Section]
) -> tuple[list[Chord], tuple[int, ...]]:
    """Chords of all sections, and the scale of the tune."""
    key = int(rng.integers(12))
    home = progression(style.harmony, rng)
    by_kind: dict[str, tuple[list[str], float]] = {}
    chords: list[Chord] = []
    pace = float(rng.choice(style.bars_per_chord))
    if style.meter % 2 and pace < 1:
        pace = 1.0
    lift = 0
    for number, section in enumerate(sections):
        if section.kind not in by_kind:
            other = progression(style.harmony, rng) if rng.random() < 0.5 else home
            same_mode = other[0][0].islower() == home[0][0].islower() or other[0][0] == "b"
            by_kind[section.kind] = (other if same_mode else home, pace)
        numerals, rate = by_kind[section.kind]
        if number > 3 and section.level == 2 and lift == 0 and rng.random() < 0.08:
            lift = int(rng.integers(1, 3))
        length = rate * style.meter
        count = int(np.ceil(section.bars / rate))
        end = section.start + section.bars * style.meter
        for i in range(count):
            tones = chord_tones(numerals[i % len(numerals)], key + lift)
            start = section.start + i * length
            chords.append(Chord(start, min(start + length, end), tones[0], tones))
    return chords, scale_of(home, key, rng)


def _chord_at(chords: Sequence[Chord], beat: float) -> int:
    """Index of the chord that sounds at a beat."""
    starts = np.fromiter((chord.start for chord in chords), float, len(chords))
    return int(np.clip(np.searchsorted(starts, beat + 1e-6, side="right") - 1, 0, len(chords) - 1))


def _ladder(chord: Chord, centre: int, steps: int) -> list[int]:
    """Chord tones upward from around a pitch."""
    pitch = nearest(centre - 4, (chord.root,))
    ladder = [pitch]
    while len(ladder) < steps:
        pitch += 1
        if pitch % 12 in chord.tones:
            ladder.append(pitch)
    return ladder


def _voicing(chord: Chord, centre: int) -> list[int]:
    """A close voicing around a pitch, which leads smoothly from chord to chord."""
    return sorted({nearest(centre, (tone,)) for tone in chord.tones})


def _pitches(sign: str, chord: Chord, coming: Chord, centre: int) -> list[int]:
    """Pitches of a sign of a figure, see :mod:`motionbeat.beatset.part_patterns`."""
    if sign in "xXm":
        return _voicing(chord, centre)
    if sign == "N":
        return _voicing(coming, centre)
    if sign in _POWER_SHIFTS:
        root = nearest(centre, (chord.root,)) + _POWER_SHIFTS[sign]
        return [root, root + 7] if sign == "p" else [root, root + 7, root + 12]
    if sign.isdigit():
        return [_ladder(chord, centre, 9)[int(sign) - 1]]
    low = nearest(centre, (chord.root,))
    tones = chord.tones
    if sign in "aAn":
        target = nearest(low, (coming.root,))
        return [target if sign == "n" else target + (-1 if target >= low else 1)]
    index = {"r": 0, "o": 0, "t": 1, "f": 2, "s": 3}[sign.lower()]
    # A power chord has no third; its fifth stands in for what is missing.
    tone = tones[min(index, len(tones) - 1)]
    return [low + 12 if sign.lower() == "o" else low + (tone - chord.root) % 12]


def _play_figure(song: Song, part: Part, groups: list[str], section: Section, gate: float, push: bool) -> list[Event]:
    """A part's notes in a section from its figure."""
    meter = song.style.meter
    events: list[Event] = []
    end = section.start + section.bars * meter
    last: list[Event] = []
    early = 1 / song.style.division
    for beat in range(section.start, end):
        group = groups[(beat - section.start) % len(groups)]
        for i, sign in enumerate(group):
            time = beat + i / len(group)
            if sign == "-":
                for event in last:
                    event.end = time + 1 / len(group)
                continue
            if sign == ".":
                last = []
                continue
            index = _chord_at(song.chords, time)
            chord, coming = song.chords[index], song.chords[min(index + 1, len(song.chords) - 1)]
            accent = sign in "XPROFTNQUV"
            pitches = _pitches(sign, chord, coming, part.centre)
            start = time
            if push and time == chord.start and time > section.start:
                start -= early
                for event in last:
                    event.end = min(event.end, start)
            length = 1 / len(group) + (time - start)
            short = 0.45 if sign in "mp" else gate
            base = 104 if accent else 88
            if sign == "m":
                base = 55
            last = [Event(start, start + length * short, pitch, base) for pitch in pitches]
            events += last
    return events


def _play_pad(song: Song, part: Part, section: Section) -> list[Event]:
    """Chords that last as long as their harmony."""
    end = section.start + section.bars * song.style.meter
    events: list[Event] = []
    for chord in song.chords:
        if section.start <= chord.start < end:
            events += [Event(chord.start, chord.end - 0.03, pitch, 72.0) for pitch in _voicing(chord, part.centre)]
    return events


def _play_tune(song: Song, notes: Sequence[TuneNote], centre: int, section: Section, ahead: bool) -> list[Event]:
    """A tune over the chords of a section."""
    meter = song.style.meter
    events = []
    span = 8 * meter
    for repeat in range(0, section.bars * meter, span):
        for note in notes:
            start = section.start + repeat + note.start
            if start >= section.start + section.bars * meter:
                break
            chord = song.chords[_chord_at(song.chords, start)]
            pitch = fit(note, centre, song.scale, chord)
            if ahead and note.start % meter == 0 and start > section.start:
                start -= 1 / song.style.division
            end = min(start + note.length, float(section.start + section.bars * meter))
            events.append(Event(start, end, pitch, 96.0 + 8.0 * (note.start % 1 == 0)))
    return events


class _Drummer:
    """Plays the kit through the sections of a song."""

    def __init__(self, song: Song) -> None:
        rng = song.rng
        self.song = song
        self.events: list[Event] = []
        self.notes = {drum: int(rng.choice(options)) for drum, options in DRUMS.items()}
        self.gains = {drum: float(rng.uniform(0.75, 1.1)) for drum in DRUMS}
        if song.style.form == "dance" and rng.random() < 0.25:
            # Mixes in which the off-beat cymbal is louder than the kick.
            self.gains |= {"O": 1.2, "H": 1.15, "K": 0.6}
        if rng.random() < 0.1:
            self.gains[str(rng.choice(list("KSH")))] = 0.0
        self.soft = float(rng.uniform(0.6, 1.0))
        self.grooves: dict[str, Groove] = {}

    def strike(self, beat: float, drum: str, velocity: float) -> None:
        """Adds a stroke."""
        loud = velocity * self.gains[drum] * float(self.song.rng.normal(1, 0.04))
        if loud > 8:
            self.events.append(Event(beat, beat + 0.1, self.notes[drum], loud))

    def fill(self, end: float, length: float) -> None:
        """Plays a fill before a beat."""
        for beat, drum, velocity in fill(self.song.rng, length, self.song.style.division, self.song.bpm):
            self.strike(end - length + beat, drum, velocity)

    def build(self, section: Section) -> None:
        """Plays a roll that gets denser and louder, as before a drop."""
        rng, meter = self.song.rng, self.song.style.meter
        drum = str(rng.choice(["S", "C", "K", "S"]))
        kick = rng.random() < 0.4
        total = section.bars * meter
        for beat in range(total):
            done = beat / total
            strokes = 1 if done < 0.5 else (2 if done < 0.75 else 4)
            for i in range(strokes):
                self.strike(section.start + beat + i / strokes, drum, 50 + 60 * done)
            if kick and done < 0.75:
                self.strike(section.start + beat, "K", 100)

    def groove(self, section: Section) -> Groove:
        """The groove of a kind of section."""
        song, rng = self.song, self.song.rng
        if section.kind not in self.grooves:
            groove = settle(GROOVES[str(rng.choice(song.style.grooves[section.level].split()))], rng)
            if section.level == 0 and rng.random() < 0.12:
                keep = str(rng.choice(["K", "HDO", "KHD", "SKR"]))
                thin = tuple(stroke for stroke in groove.strokes if stroke[1] in keep)
                groove = Groove(groove.beats, thin or groove.strokes)
            self.grooves[section.kind] = groove
        groove = self.grooves[section.kind]
        if song.style.chop and groove.beats >= 2 * song.style.meter and rng.random() < 0.6:
            groove = chop(groove, song.style.meter, rng)
        return groove

    def section(self, section: Section) -> None:
        """Plays a section."""
        style, rng = self.song.style, self.song.rng
        if not any(style.grooves):
            return
        end = section.start + section.bars * style.meter
        if section.crash and (section.drums or rng.random() < 0.3):
            self.strike(section.start, "Z", 112)
        if section.drums == "build":
            self.build(section)
            return
        if not section.drums:
            if section.fill and rng.random() < 0.4:
                self.fill(end, section.fill)
            return
        groove = self.groove(section)
        turn = end
        after = groove
        if rng.random() < 0.25:
            # Real songs change between half time, normal and double time within a section.
            turn = section.start + section.bars // 2 * style.meter
            after = settle(GROOVES[str(rng.choice(style.grooves[section.level].split()))], rng)
        phrase = 4 * style.meter
        for beat in range(section.start, end):
            current, origin = (groove, section.start) if beat < turn else (after, turn)
            place = (beat - origin) % current.beats
            for at, drum, sign in current.strokes:
                time = beat + at - place
                if place <= at < place + 1 and (time < end - section.fill or drum in "KU"):
                    self.strike(time, drum, LEVELS[sign] * (1.0 if sign == "X" else self.soft))
            within = (beat - section.start) % phrase
            if within == phrase - 1 and beat < end - 1 and section.fill and rng.random() < 0.4:
                self.fill(beat + 1, 1.0)
            if section.level and within == 0 and beat > section.start and rng.random() < 0.2:
                self.strike(beat, "Z", 104)
        if section.fill:
            self.fill(end, section.fill)


def _program(names: str, rng: np.random.Generator) -> int:
    """A General MIDI program out of the named pools."""
    pool = PROGRAMS[str(rng.choice(names.split("+")))]
    return pool[int(rng.integers(len(pool)))]


def _play_parts(song: Song) -> None:
    """Writes the pitched stems of a song."""
    rng, style = song.rng, song.style
    parts = [part for part in style.parts if rng.random() < part.chance] or [style.parts[0]]
    early = rng.random() < style.push
    for part in parts:
        song.programs[part.role] = _program(part.programs, rng)
        gate = float(rng.uniform(0.5, 1.0))
        push = early and part.figures != "pad" and rng.random() < 0.8
        figures: dict[str, list[str]] = {}
        silent = {kind: rng.random() < 0.12 for kind in sorted({section.kind for section in song.sections})}
        stem = song.stems.setdefault(part.role, [])
        for section in song.sections:
            needed = not section.drums and part is parts[0]
            if (section.level < part.level or silent[section.kind]) and not needed:
                continue
            if part.figures == "pad":
                stem += _play_pad(song, part, section)
                continue
            if section.kind not in figures:
                first = next(iter(figures.values()), None)
                keep = first is not None and rng.random() < 0.35
                figures[section.kind] = first if first and keep else find_pattern(part.figures, style.meter, rng)
            stem += _play_figure(song, part, figures[section.kind], section, gate, push)
    _play_tunes(song)


def _play_tunes(song: Song) -> None:
    """Writes the tune, one for each kind of section."""
    rng, style = song.rng, song.style
    programs, chance, density, sync = style.tune
    if rng.random() >= chance:
        return
    song.programs["lead"] = _program(programs, rng)
    stem = song.stems.setdefault("lead", [])
    centre = int(rng.integers(67, 79))
    ahead = rng.random() < 0.2
    # Fast beats carry fewer notes each.
    density *= float(np.clip(120 / song.bpm, 0.6, 1.5)) if style.division == 2 and density < 2 else 1.0
    tunes: dict[str, list[TuneNote]] = {}
    for section in song.sections:
        if section.kind not in tunes:
            twist = float(np.clip(sync + rng.normal(0, 0.12), 0, 1))
            tunes[section.kind] = (
                tune(rng, style.meter, style.division, density, twist, 8) if rng.random() < 0.75 else []
            )
        stem += _play_tune(song, tunes[section.kind], centre, section, ahead)


def _silence(events: list[Event], start: float, end: float) -> list[Event]:
    """The events without those that begin in a stretch; earlier ones end where it begins."""
    kept = [event for event in events if not start <= event.start < end]
    for event in kept:
        if event.start < start:
            event.end = min(event.end, max(start, event.start + 0.05))
    return kept


def _swing(beat: float, parts: int, share: float) -> float:
    """Beat time with every second of ``parts`` subdivisions (2 eighths, 4 sixteenths) late."""
    if not parts:
        return beat
    pair = 2 / parts
    whole, rest = divmod(beat + 1e-9, pair)
    place = rest / pair
    bent = place * share / 0.5 if place < 0.5 else share + (place - 0.5) * (1 - share) / 0.5
    return (whole + bent) * pair


def _beat_times(rng: np.random.Generator, song: Song, count: int) -> np.ndarray:
    """Seconds of ``count`` beats, from 0, by the tempo curve of the song."""
    style = song.style
    speed = np.ones(count)
    if style.feel == "human" and rng.random() < 0.7:
        speed *= _wander(rng, count, float(rng.uniform(0.003, 0.02)))
    if style.feel == "loose":
        speed *= _wander(rng, count, float(rng.choice([0.01, 0.03, 0.06, 0.08])))
    if style.feel == "loose" and rng.random() < 0.35:
        for section in song.sections:
            end = min(section.start + section.bars * style.meter, count)
            slow = min(style.meter, end)
            speed[end - slow : end] *= np.linspace(1, float(rng.uniform(0.8, 0.97)), slow)
    if style.form != "dance" and rng.random() < 0.08 and len(song.sections) > 2:
        change = song.sections[int(rng.integers(1, len(song.sections)))].start
        speed[change:] *= float(rng.choice([0.8, 0.88, 0.94, 1.06, 1.12, 1.25]))
    if style.feel != "machine" and rng.random() < 0.08:
        speed *= np.linspace(1, float(rng.uniform(0.88, 1.14)), count)
    periods = 60 / np.clip(song.bpm * speed, MIN_TEMPO, MAX_TEMPO)
    return np.concatenate([[0.0], np.cumsum(periods)])[:count]


def _wander(rng: np.random.Generator, count: int, depth: float) -> np.ndarray:
    """A smooth curve around 1."""
    knots = rng.normal(0, depth, size=count // 12 + 3)
    return np.clip(1 + np.interp(np.arange(count) / 12, np.arange(len(knots)), knots), 0.85, 1.15)


_FEELS = {"machine": (0.0, 0.0015, 0.001), "human": (0.002, 0.009, 0.005), "loose": (0.005, 0.014, 0.007)}
"""Range of a stem's jitter and deviation of its lay-back, in seconds."""


def arrange(style: str, seed: int, duration_s: float = 60.0) -> AnnotatedScore:
    """A song, the same for the same style and seed.

    Args:
        style: one of :data:`STYLES`.
        duration_s: length; the song is cut there, as an excerpt is.

    Returns:
        notes and beats; instruments are named by their role.
    """
    table = STYLES_TABLE[style]
    rng = np.random.default_rng([zlib.crc32(style.encode()), seed])
    bpm = float(rng.uniform(*table.bpm))
    meter = table.meter
    lead_in = _lead_in(rng)
    # Tempo curves may slow down, so beats are written for a longer song and cut.
    needed = int(duration_s * bpm / 60 * 1.15) + 2 * meter
    sections = _sections(rng, table, needed)
    chords, scale = _chords(rng, table, sections)
    song = Song(rng, table, bpm, sections, chords, scale)
    _play_parts(song)
    drummer = _Drummer(song)
    for section in sections:
        drummer.section(section)
    song.stems["drums"] = drummer.events
    song.programs["drums"] = int(rng.choice(KITS[table.kit]))
    for section in sections:
        end = section.start + section.bars * meter
        if section.stop:
            for role in song.stems:
                # A singer or soloist often carries a break.
                if role != "lead" or rng.random() < 0.5:
                    song.stems[role] = _silence(song.stems[role], end - section.stop, end)
    upbeat = _pickup(song)
    count = sections[-1].start + sections[-1].bars * meter + upbeat
    times = lead_in + _beat_times(rng, song, count)
    if rng.random() < 0.2:
        bars = int((np.searchsorted(times, duration_s * rng.uniform(0.75, 0.95)) - upbeat) // meter)
        _end_at(song, max(bars, 1) * meter)
        count = max(bars, 1) * meter + upbeat + meter
        times = times[:count]
    midi = pretty_midi.PrettyMIDI(initial_tempo=bpm)
    parts, share = table.swing[0], float(rng.uniform(*table.swing[1:]))
    for role, events in song.stems.items():
        if not events:
            continue
        instrument = pretty_midi.Instrument(song.programs[role], is_drum=role == "drums", name=role.rstrip("2"))
        low, high, lag = _FEELS[table.feel]
        jitter, late = float(rng.uniform(low, high)), float(np.clip(rng.normal(0, lag), -2 * lag, 2 * lag))
        level = float(rng.uniform(0.7, 1.08))
        touch = 0.02 if table.feel == "machine" else 0.08
        starts = np.array([_swing(event.start, parts, share) for event in events]) + upbeat
        ends = np.array([_swing(event.end, parts, share) for event in events]) + upbeat
        grid = np.arange(count)
        onset = np.interp(starts, grid, times) + rng.normal(late, jitter, len(events))
        offset = np.interp(ends, grid, times)
        onset, offset = np.maximum(onset, 0.0), np.minimum(offset, duration_s)
        for event, start, end in zip(events, onset.tolist(), offset.tolist(), strict=True):
            if start < duration_s - 0.05:
                velocity = int(np.clip(event.velocity * level * rng.normal(1, touch), 1, 127))
                pitch = int(np.clip(event.pitch, 21, 108))
                instrument.notes.append(pretty_midi.Note(velocity, pitch, start, max(end, start + 0.03)))
        instrument.notes.sort(key=lambda note: (note.start, note.pitch))
        midi.instruments.append(instrument)
    _drone(song, midi, lead_in)
    inside = times < duration_s - 0.02
    positions = (np.arange(count) - upbeat) % meter + 1
    return AnnotatedScore(midi, times[inside], positions[inside], f"arranged_{style}_{seed:05d}", "arranged")


def _end_at(song: Song, beat: int) -> None:
    """Ends the song with a chord on a downbeat, held for up to a bar."""
    length = float(song.rng.choice([0.5, 1.0, song.style.meter - 0.1]))
    chord = song.chords[0]
    for role, events in song.stems.items():
        kept = _silence(events, beat, np.inf)
        if kept and role == "drums":
            kept += [Event(beat, beat + 0.1, DRUMS[drum][0], 110.0) for drum in "KZ"]
        elif kept:
            centre = round(float(np.median([event.pitch for event in kept])))
            pitches = [nearest(centre, (chord.root,))] if role in ("bass", "low", "lead") else _voicing(chord, centre)
            kept += [Event(beat, beat + length, pitch, 100.0) for pitch in pitches]
        song.stems[role] = kept


def _lead_in(rng: np.random.Generator) -> float:
    """Seconds before the first beat."""
    kind = rng.random()
    if kind < 0.5:
        return float(rng.uniform(0.05, 0.4))
    return float(rng.uniform(0.0, 6.0)) if kind < 0.75 else float(rng.uniform(0.0, 1.5))


def _drone(song: Song, midi: pretty_midi.PrettyMIDI, lead_in: float) -> None:
    """Sometimes fills the time before the first beat with a chord that has no pulse."""
    rng = song.rng
    if lead_in < 1.5 or rng.random() < 0.5:
        return
    instrument = pretty_midi.Instrument(_program("pad+strings", rng), name="drone")
    for pitch in _voicing(song.chords[0], int(rng.integers(45, 64))):
        start = float(rng.uniform(0, 0.5))
        instrument.notes.append(pretty_midi.Note(int(rng.integers(35, 75)), pitch, start, lead_in))
    midi.instruments.append(instrument)


def _pickup(song: Song) -> int:
    """Sometimes writes an upbeat or a count-in before the first bar, at negative beats; returns its beats."""
    rng, meter = song.rng, song.style.meter
    kind = rng.random()
    if kind > 0.3:
        return 0
    length = meter if kind < 0.1 else int(rng.integers(1, meter)) if meter > 1 else 1
    if kind < 0.1 and song.stems["drums"]:
        stick = int(rng.choice([37, 42, 75, 31]))
        song.stems["drums"] += [Event(beat - length, beat - length + 0.1, stick, 90.0) for beat in range(length)]
    elif kind < 0.18 and song.stems["drums"]:
        strokes = fill(rng, float(length), song.style.division, song.bpm)
        song.stems["drums"] += [Event(b - length, b - length + 0.1, DRUMS[d][0], v) for b, d, v in strokes]
    else:
        role = "lead" if song.stems.get("lead") else next(iter(song.stems))
        song.programs.setdefault(role, 0)
        chord = song.chords[0]
        centre = 72 if role == "lead" else 48
        target = nearest(centre, chord.tones)
        count = length * song.style.division
        for i in range(count):
            pitch = nearest(target - 2 * (count - i) if rng.random() < 0.7 else target, song.scale)
            start = (i - count) / song.style.division
            song.stems[role].append(Event(start, start + 0.9 / song.style.division, pitch, 92.0))
    return length
