"""What each kind of dance music is made of: grooves, bass lines, chords, rhythms of the melody, instruments.

Patterns are strings of sixteenth notes, four to a beat; a pattern may be one or two bars long.

- drums, chords, melodies: ``X`` loud, ``x`` normal, ``o`` soft, ``.`` nothing;
- chords may also use digits, the notes of the chord from below (``3`` and up: the same an octave higher);
- bass: ``1`` root, ``3`` third, ``5`` fifth, ``8`` octave, ``a`` root of the next chord, ``n`` a semitone below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Groove = Mapping[str, str]
"""Drum name to pattern."""


@dataclass(frozen=True)
class Style:
    """The material of one style; each song draws from every list.

    Attributes:
        meter: beats in a bar.
        tempo: usual range in beats per minute.
        grooves: main drum patterns.
        extras: percussion that full sections may add.
        basses: bass patterns.
        chords: patterns of the accompaniment.
        rhythms: one-bar rhythms of melodies.
        modes: names of scales.
        progressions: chords as scale steps from 0, one per bar (two per bar where it has twice as many as bars).
        bass_voices, chord_voices, pad_voices, lead_voices: instruments to choose from.
        seventh: chance of chords with four notes.
        swing: range of the delay of every second eighth, in beats.
        duck: how far the kick presses the other instruments down, 0 to 1.
        staccato: range of the length of chord and bass notes, as a part of the time to the next one.
        major_dominant: whether the fifth step of a minor key carries a major chord.
    """

    meter: int
    tempo: tuple[float, float]
    grooves: tuple[Groove, ...]
    extras: tuple[Groove, ...]
    basses: tuple[str, ...]
    chords: tuple[str, ...]
    rhythms: tuple[str, ...]
    modes: tuple[str, ...]
    progressions: tuple[tuple[int, ...], ...]
    bass_voices: tuple[str, ...]
    chord_voices: tuple[str, ...]
    pad_voices: tuple[str, ...]
    lead_voices: tuple[str, ...]
    seventh: float = 0.0
    swing: tuple[float, float] = (0.0, 0.0)
    duck: float = 0.0
    staccato: tuple[float, float] = (0.5, 0.95)
    major_dominant: bool = False


SCALES: Mapping[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}

_POP_PROGRESSIONS = ((0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (0, 3, 5, 4), (0, 3, 0, 4), (3, 4, 5, 0), (0, 2, 3, 4))
_MINOR_PROGRESSIONS = (
    (0, 5, 2, 6),
    (0, 6, 5, 6),
    (0, 3, 5, 4),
    (0, 5, 3, 4),
    (0, 0, 5, 6),
    (5, 6, 0, 0),
    (0, 2, 6, 3),
)
_CADENCES = ((0, 0, 4, 4), (0, 3, 4, 0), (0, 5, 1, 4), (0, 4, 4, 0), (3, 0, 4, 0), (0, 1, 4, 0), (0, 3, 0, 4))
_STRAIGHT = (
    "X...X...X.X.X...",
    "X.x.X.x.X...X...",
    "X.......X.x.X...",
    "X...x.x.X.......",
    "X.......X.......",
    "..X.X.X.X...X...",
)
_SYNCOPATED = (
    "X..x..X..x..X...",
    "X..X..X.....x.x.",
    "..X..X..X...X...",
    "X.X..X.X..X.....",
    "X.....X...X.....",
    "X..X...X..X.x.x.",
    "..x.x..X..X.X...",
)
_THREE = (
    "X...X...X...",
    "X.......X...",
    "X.....x.X...",
    "X.x.X.x.X.x.",
    "X...........",
    "X...X.x.X...",
    "X.......x.x.",
)
_SON_CLAVE = "x.....x.....x.......x...x......."
_RUMBA_CLAVE = "x.....x.......x.....x...x......."

STYLES: Mapping[str, Style] = {
    "house": Style(
        meter=4,
        tempo=(116, 130),
        grooves=(
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "open_hat": "..X...X...X...X."},
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "hat": "x.X.x.X.x.X.x.X."},
            {
                "kick": "X...X...X...X.o.",
                "snare": "....X..o....X...",
                "open_hat": "..x...x...x...x.",
                "hat": "xoxoxoxoxoxoxoxo",
            },
            {"kick": "X...X...X...X...", "clap": "....X.......X..o", "hat": "oox.oox.oox.ooxo"},
        ),
        extras=(
            {"shaker": "oxXooxXooxXooxXo"},
            {"conga_high": "...x..x....x..x.", "conga_low": "......x.......xx"},
            {"tambourine": "..x...x...x...x."},
            {"rim": "...x..x...x....."},
        ),
        basses=("..1...1...1...1.", "1..1..1.1..1..1.", "..1..18...1..15.", "1..1...1..1.8...", "1.8.1.8.1.8.1.8."),
        chords=("..X...X...X...X.", "X..X..X...X..X..", "...X..X....X..X.", "X.....X..X......", "0.1.2.1.0.2.1.3."),
        rhythms=_SYNCOPATED + _STRAIGHT,
        modes=("minor", "dorian", "major"),
        progressions=_MINOR_PROGRESSIONS,
        bass_voices=("synth_bass", "sub_bass", "electric_bass"),
        chord_voices=("stab", "piano", "electric_piano", "organ", "pluck"),
        pad_voices=("pad", "strings"),
        lead_voices=("lead", "pluck", "bell", "flute", "brass"),
        seventh=0.7,
        swing=(0.0, 0.05),
        duck=0.6,
        staccato=(0.3, 0.8),
    ),
    "techno": Style(
        meter=4,
        tempo=(124, 144),
        grooves=(
            {"kick": "X...X...X...X...", "open_hat": "..X...X...X...X.", "hat": "oooooooooooooooo"},
            {"kick": "X...X...X...X...", "clap": "....x.......x...", "hat": "x.xxx.xxx.xxx.xx"},
            {"kick": "X...X...X...X..x", "rim": "...x..x....x..x.", "open_hat": "..x...x...x...x."},
        ),
        extras=(
            {"ride": "x...x...x...x..."},
            {"shaker": "xoxoxoxoxoxoxoxo"},
            {"tom_low": "......x..x......", "tom_high": "..............x."},
        ),
        basses=(".111.111.111.111", "..1...1...1...1.", ".11..11..11..118", "1.1.11.11.1.11.1"),
        chords=("0120120120120120", "0.2.1.3.0.2.1.3.", "X..X..X..X..X...", "...X......X....."),
        rhythms=_SYNCOPATED,
        modes=("minor",),
        progressions=((0, 0, 0, 0), (0, 0, 5, 5), (0, 5, 6, 6), (0, 0, 6, 5)),
        bass_voices=("synth_bass", "sub_bass"),
        chord_voices=("pluck", "stab"),
        pad_voices=("pad",),
        lead_voices=("lead", "pluck", "stab"),
        duck=0.7,
        staccato=(0.3, 0.7),
    ),
    "disco": Style(
        meter=4,
        tempo=(108, 128),
        grooves=(
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "open_hat": "..X...X...X...X."},
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "hat": "xoX.xoX.xoX.xoX."},
            {"kick": "X...X...X...X...", "snare": "....X..o.o..X...", "hat": "xoxoxoxoxoxoxoxo"},
        ),
        extras=(
            {"tambourine": "x.X.x.X.x.X.x.X."},
            {"clap": "....X.......X..."},
            {"conga_high": "x.xx..x.x.xx..x.", "conga_low": "......x.......x."},
            {"cowbell": "x...x...x...x..."},
        ),
        basses=("1.8.1.8.1.8.1.8.", "1..8..1.8..1..8.", "1.8.1.8.1.8.5.n.", "1...8.1...5.8.n.", "1.1.8.1.1.8.1.5."),
        chords=("x.xXx.xXx.xXx.xX", "..X...X...X...X.", "X..X..X.....X.X.", "xoXoxoXoxoXoxoXo", "X.......X..X...."),
        rhythms=_SYNCOPATED + _STRAIGHT,
        modes=("minor", "dorian", "major"),
        progressions=(*_MINOR_PROGRESSIONS, (0, 3, 6, 2), (3, 6, 2, 5), (1, 4, 0, 5)),
        bass_voices=("electric_bass", "synth_bass"),
        chord_voices=("clav", "guitar", "electric_piano", "piano"),
        pad_voices=("strings",),
        lead_voices=("strings", "brass", "lead", "flute"),
        seventh=0.8,
        duck=0.15,
        staccato=(0.4, 0.8),
    ),
    "pop": Style(
        meter=4,
        tempo=(92, 136),
        grooves=(
            {"kick": "X.......X.......", "snare": "....X.......X...", "hat": "X.x.X.x.X.x.X.x."},
            {"kick": "X.....x.X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X..x....X.x.....", "snare": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
            {"kick": "X.....X...X.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X...X...X...X...", "clap": "....X.......X...", "hat": "..x...x...x...x."},
        ),
        extras=({"tambourine": "....X.......X..."}, {"shaker": "xoXoxoXoxoXoxoXo"}, {"clap": "....x.......x..."}),
        basses=("1.1.1.1.1.1.1.1.", "1.....1.1...5...", "1..1..1.1.......", "1.......1.....n.", "1...1...1...5.n."),
        chords=(
            "X.......X.......",
            "X.x.X.x.X.x.X.x.",
            "X...x..X..X.x...",
            "0.1.2.1.3.2.1.2.",
            "X...X...X...X...",
            "X..X..X..X..X.X.",
        ),
        rhythms=_STRAIGHT + _SYNCOPATED,
        modes=("major", "major", "minor"),
        progressions=_POP_PROGRESSIONS,
        bass_voices=("electric_bass", "synth_bass"),
        chord_voices=("piano", "guitar", "electric_piano", "pluck"),
        pad_voices=("pad", "strings", "organ"),
        lead_voices=("lead", "flute", "bell", "electric_piano", "brass"),
        seventh=0.15,
        duck=0.1,
    ),
    "rock": Style(
        meter=4,
        tempo=(104, 168),
        grooves=(
            {"kick": "X.......X.x.....", "snare": "....X.......X...", "hat": "X.X.X.X.X.X.X.X."},
            {"kick": "X.x...x.X.......", "snare": "....X.......X...", "ride": "X.x.X.x.X.x.X.x."},
            {"kick": "X...X...X...X...", "snare": "....X.......X...", "open_hat": "X...X...X...X..."},
            {"kick": "X.....X.X.......", "snare": "....X.......X..o", "hat": "X.x.X.x.X.x.X.x."},
        ),
        extras=({"crash": "X..............."}, {"tambourine": "....X.......X..."}),
        basses=("1.1.1.1.1.1.1.1.", "1...1...1...1.n.", "1..1..1.1..1..1.", "1.1.1.1.5.5.n.n."),
        chords=("x.x.x.x.x.x.x.x.", "X.......X.......", "X..X..X...X.X...", "X...x.x.X...x.x.", "X..............."),
        rhythms=_STRAIGHT + _SYNCOPATED,
        modes=("minor", "mixolydian", "major"),
        progressions=((0, 6, 3, 0), (0, 3, 4, 3), (0, 0, 3, 4), (0, 5, 6, 0), (0, 6, 5, 6), (0, 3, 6, 3)),
        bass_voices=("electric_bass",),
        chord_voices=("overdriven_guitar",),
        pad_voices=("organ",),
        lead_voices=("overdriven_guitar", "lead", "organ"),
        staccato=(0.5, 0.95),
    ),
    "funk": Style(
        meter=4,
        tempo=(92, 118),
        grooves=(
            {"kick": "X.X.......X..X..", "snare": "....X..o.o..X..o", "hat": "xoxoxoxoxoxoxoxo"},
            {"kick": "X..X......X.....", "snare": "....X..o....X.o.", "hat": "x.x.x.x.x.x.xoX."},
            {
                "kick": "X.......X.X..X..",
                "snare": "....X.o..o..X...",
                "open_hat": "......x.........",
                "hat": "xox.xo..xoxoxoxo",
            },
        ),
        extras=(
            {"cowbell": "x...x...x...x..."},
            {"conga_high": "x.xx..x.x.xx..x.", "conga_low": "......x.......x."},
            {"clap": "....X.......X..."},
        ),
        basses=("1..1..8...1..5n.", "1.....81..1.8.n.", "1..8..1..8..5.n.", "11....8...5.3.n."),
        chords=("..x...xX..x...xX", "...X..x....X..x.", "xoxXoxxoxoxXoxxo", "X.....X..x......"),
        rhythms=_SYNCOPATED,
        modes=("dorian", "mixolydian", "minor"),
        progressions=((0, 0, 0, 0), (0, 0, 3, 3), (0, 3, 0, 3), (0, 3, 0, 4), (1, 4, 1, 4)),
        bass_voices=("electric_bass",),
        chord_voices=("clav", "guitar", "electric_piano"),
        pad_voices=("organ", "strings"),
        lead_voices=("brass", "lead", "flute"),
        seventh=0.9,
        swing=(0.0, 0.04),
        staccato=(0.3, 0.7),
    ),
    "hiphop": Style(
        meter=4,
        tempo=(76, 104),
        grooves=(
            {"kick": "X.........X.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
            {"kick": "X..x......x..x..", "snare": "....X.......X...", "hat": "x.x.x.xox.x.x.xo"},
            {"kick": "X.....x...X.....", "clap": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
            {"kick": "X.....X......x..", "snare": "........X.......", "hat": "x.x.x.x.x.xxx.x."},
            {"kick": "X..X..........X.", "clap": "........X.......", "hat": "xxx.xxx.x.x.xxxx"},
        ),
        extras=({"shaker": "..x...x...x...x."}, {"rim": "...x......x....."}, {"open_hat": "..............x."}),
        basses=("1......1..1.....", "1.........1..5..", "1..1......1.n...", "1.......1......."),
        chords=("X...............", "X.....X.........", "0.2.1.2.3.2.1.2.", "X...X...X...X...", "X..X....X.x....."),
        rhythms=_SYNCOPATED,
        modes=("minor", "dorian"),
        progressions=(*_MINOR_PROGRESSIONS, (0, 3, 0, 4), (0, 5, 0, 5)),
        bass_voices=("sub_bass", "electric_bass", "upright_bass"),
        chord_voices=("electric_piano", "piano", "guitar", "bell", "marimba"),
        pad_voices=("pad", "strings"),
        lead_voices=("bell", "flute", "lead", "pluck"),
        seventh=0.6,
        swing=(0.0, 0.1),
        duck=0.2,
    ),
    "reggaeton": Style(
        meter=4,
        tempo=(86, 104),
        grooves=(
            {"kick": "X...X...X...X...", "snare": "...x..x....x..x.", "hat": "x.x.x.x.x.x.x.x."},
            {
                "kick": "X...X...X...X...",
                "rim": "...X..X....X..X.",
                "clap": "...o..o....o..o.",
                "hat": "..x...x...x...x.",
            },
        ),
        extras=({"shaker": "xoxoxoxoxoxoxoxo"}, {"conga_high": "..x..x.x..x..x..", "conga_low": "x.......x......."}),
        basses=("1..1..1.1..1..1.", "1.....1.1.....5.", "1...1...1..1..n."),
        chords=("..X...X...X...X.", "...X..X....X..X.", "X...............", "0..1..2.0..1..3."),
        rhythms=_SYNCOPATED,
        modes=("minor",),
        progressions=_MINOR_PROGRESSIONS,
        bass_voices=("sub_bass", "synth_bass"),
        chord_voices=("pluck", "marimba", "guitar", "stab"),
        pad_voices=("pad", "strings"),
        lead_voices=("flute", "lead", "bell", "brass", "marimba"),
        duck=0.3,
        major_dominant=True,
    ),
    "latin": Style(
        meter=4,
        tempo=(108, 196),
        grooves=(
            {
                "conga_low": "............x.x.",
                "conga_high": "o.x.X.o.o.x.....",
                "cowbell": "X...x...X...x...",
                "kick": "X...........x...",
            },
            {
                "conga_low": "............X.x.",
                "conga_high": "....X...........",
                "maracas": "X.x.X.x.X.x.X.x.",
                "clave": _SON_CLAVE,
                "soft_kick": "X.......X.......",
            },
            {
                "cowbell": "X...X.x.X...X.x.",
                "conga_low": "............x.X.",
                "conga_high": "o.o.X.o.o.o.....",
                "guiro": "X...x.x.X...x.x.",
                "kick": "X.......",
            },
        ),
        extras=(
            {"clave": _SON_CLAVE},
            {"rim": "x...x.x...x.x.x...x.x.x.x...x.x."},
            {"guiro": "X...x.x.X...x.x."},
            {"maracas": "x.x.x.x.x.x.x.x."},
        ),
        basses=("......5.....a...", "1.....5.....a...", "1.....5.5...a...", "1.....5.8...5...", "1...1...5...5..."),
        chords=("0.3.2.3..20.3.2.", "X...x.x.X...x.x.", "..X.X...X..X..X.", "3.02.3.02.3.0.3.", "X.x.X..X.X.X..X."),
        rhythms=_SYNCOPATED,
        modes=("minor", "major", "dorian"),
        progressions=((0, 3, 4, 3), (0, 4, 4, 0), (0, 5, 1, 4), (0, 3, 4, 0), (0, 6, 5, 4), (1, 4, 0, 5)),
        bass_voices=("upright_bass", "electric_bass"),
        chord_voices=("piano", "guitar", "marimba"),
        pad_voices=("strings", "organ"),
        lead_voices=("brass", "flute", "marimba", "piano"),
        seventh=0.4,
        major_dominant=True,
    ),
    "rumba": Style(
        meter=4,
        tempo=(92, 112),
        grooves=(
            {
                "conga_low": "x...........x.x.",
                "conga_high": "..o.X.o...o.....",
                "maracas": "X.x.X.x.X.x.X.x.",
                "soft_kick": "X.......x.......",
            },
            {
                "conga_low": "............X.x.",
                "conga_high": "o.o.X.o.o.o.....",
                "rim": "x.....x.....x...",
                "shaker": "x.x.x.x.x.x.x.x.",
                "soft_kick": "X...............",
            },
            {"soft_kick": "X.....x.x.......", "rim": "....X.......X...", "maracas": "xoxoxoxoxoxoxoxo"},
        ),
        extras=({"clave": _RUMBA_CLAVE}, {"guiro": "X...x.x.X...x.x."}, {"cowbell": "X.......X......."}),
        basses=("1.....5.8.......", "1.....5.1...5...", "1.......5...8...", "1.....5.....a..."),
        chords=("0.1.2.3.2.1.2.1.", "..X.X...X...X...", "X...x.x.X...x...", "0..1..2..3..2.1."),
        rhythms=(*_SYNCOPATED, "X.......x.x.X...", "X...........x.x."),
        modes=("minor", "major"),
        progressions=(*_CADENCES, (0, 6, 5, 4), (0, 3, 6, 2)),
        bass_voices=("upright_bass", "electric_bass"),
        chord_voices=("guitar", "piano", "marimba"),
        pad_voices=("strings", "pad"),
        lead_voices=("flute", "guitar", "strings", "electric_piano", "brass"),
        seventh=0.3,
        major_dominant=True,
    ),
    "tango": Style(
        meter=4,
        tempo=(112, 134),
        grooves=(
            {"soft_kick": "X...x...X...x...", "rim": "..............oo"},
            {"soft_kick": "X.......X.......", "snare": "o...o...o...o.xx"},
            {"soft_kick": "X..x....X..x....", "tambourine": "....x.......x..."},
            {},
        ),
        extras=({"snare": "x..ox.x.x..ox.x."}, {"rim": "x...x...x...x..."}),
        basses=("1...5...1...5...", "1...1...1...1...", "1..15.8.1..15.8.", "1.......5.......", "1..1..1.1...5.n."),
        chords=("X...x...X...x...", "X..X..X.X..X..X.", "X...X...X...X.x.", "..X...X...X...X."),
        rhythms=(
            "X...x.x.X...X...",
            "X..x..X.X...X...",
            "X.xxX.x.X.......",
            "X...X...X...x.x.",
            "X.x.X.......X.x.",
            "..x.X.x.X.......",
        ),
        modes=("minor",),
        progressions=(*_CADENCES, (0, 0, 3, 4), (0, 3, 4, 0), (0, 5, 4, 0)),
        bass_voices=("upright_bass",),
        chord_voices=("accordion", "piano"),
        pad_voices=("strings",),
        lead_voices=("fiddle", "accordion", "strings"),
        staccato=(0.3, 0.5),
        major_dominant=True,
    ),
    "waltz": Style(
        meter=3,
        tempo=(84, 184),
        grooves=(
            {"soft_kick": "X...........", "hat": "....x...x..."},
            {"soft_kick": "X...........", "snare": "....o...o...", "ride": "x...x...x..."},
            {"soft_kick": "X...........", "tambourine": "....x...x..."},
            {"kick": "X...........", "rim": "....x...x...", "shaker": "x.o.x.o.x.o."},
            {},
        ),
        extras=({"crash": "o..........."}, {"ride": "x...x...x.x."}, {"shaker": "x.x.x.x.x.x."}),
        basses=("1...........", "1.......5...", "1...5...5...", "1.......n..."),
        chords=("....X...X...", "....X...x...", "0.1.2.3.2.1.", "0...1...2...", "....x.x.X..."),
        rhythms=_THREE,
        modes=("major", "major", "minor"),
        progressions=(*_CADENCES, (0, 5, 3, 4), (0, 4, 5, 3), (0, 0, 3, 3), (0, 2, 3, 4)),
        bass_voices=("upright_bass", "electric_bass"),
        chord_voices=("accordion", "guitar", "piano", "strings"),
        pad_voices=("strings", "pad"),
        lead_voices=("fiddle", "flute", "accordion", "strings", "bell", "piano"),
        staccato=(0.4, 0.8),
        seventh=0.1,
        major_dominant=True,
    ),
    "march": Style(
        meter=4,
        tempo=(100, 128),
        grooves=(
            {"soft_kick": "X.......X.......", "snare": "X..xX.x.X..xX.xx"},
            {"kick": "X.......X.......", "snare": "....X..o....X.xx", "crash": "o..............."},
            {"soft_kick": "X...X...X...X...", "snare": "x.xxX.x.x.xxX.x."},
        ),
        extras=({"tambourine": "....x.......x..."}, {"cowbell": "x...x...x...x..."}),
        basses=("1...5...1...5...", "1.......5.......", "1...5...8...5..."),
        chords=("....X.......X...", "..x.....x...X...", "....X.x.....X.x.", "X...x...X...x..."),
        rhythms=(*_STRAIGHT, "X..xX...X..xX...", "X...X.xxX...X..."),
        modes=("major",),
        progressions=_CADENCES,
        bass_voices=("upright_bass", "brass"),
        chord_voices=("brass", "accordion"),
        pad_voices=("strings", "brass"),
        lead_voices=("flute", "brass", "bell"),
        staccato=(0.4, 0.7),
    ),
    "folk": Style(
        meter=4,
        tempo=(96, 140),
        grooves=(
            {"soft_kick": "X.......X.......", "tambourine": "....X.......X...", "shaker": "x.x.x.x.x.x.x.x."},
            {"kick": "X...X...X...X...", "clap": "....x.......x..."},
            {"soft_kick": "X...x...X...x...", "rim": "..x...x...x...x."},
        ),
        extras=({"conga_low": "X..x..x.X..x..x."}, {"tambourine": "x.X.x.X.x.X.x.X."}),
        basses=("1...5...1...5...", "1.......5.......", "1.......1...n..."),
        chords=("X.x.X.x.X.x.X.x.", "X...x.xxX...x.xx", "..X...X...X...X.", "0.2.1.2.0.2.1.2."),
        rhythms=("X.x.x.x.X.x.x.x.", "X.x.X.x.X...X...", "X...x.x.X.x.X...", "X.xxX.x.X.x.X...", "X..xX...X.x.x.x."),
        modes=("major", "mixolydian", "dorian"),
        progressions=(*_CADENCES, (0, 6, 0, 6), (0, 3, 0, 4), (0, 6, 3, 0)),
        bass_voices=("upright_bass", "electric_bass"),
        chord_voices=("guitar", "accordion"),
        pad_voices=("accordion", "strings"),
        lead_voices=("fiddle", "flute", "accordion", "guitar"),
        swing=(0.0, 0.06),
        major_dominant=False,
    ),
}
"""The styles of :func:`motionbeat.composer.compose`."""
