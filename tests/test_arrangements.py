"""Arrangements: every style gives valid music whose notes agree with its beats."""

from __future__ import annotations

import numpy as np
import pytest

from motionbeat.beatset.arrangements import STYLES, arrange
from motionbeat.beatset.drum_patterns import DRUMS, GROOVES
from motionbeat.beatset.harmony import PROGRESSIONS, chord_tones
from motionbeat.beatset.part_patterns import PATTERNS
from motionbeat.beatset.score import MAX_TEMPO, MIN_TEMPO
from motionbeat.beatset.styles import KITS, PROGRAMS, STYLES_TABLE

DURATION_S = 20.0
FOUR_ON_THE_FLOOR = ("house", "techno", "trance", "progressive_house", "eurodance", "hardstyle")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_styles_give_valid_scores(style: str, seed: int) -> None:
    score = arrange(style, seed, DURATION_S)
    notes = [note for instrument in score.midi.instruments for note in instrument.notes]
    assert len(notes) > 15
    assert all(0 <= note.start < note.end <= DURATION_S + 0.05 for note in notes)
    assert all(instrument.name for instrument in score.midi.instruments)
    tempi = 60 / np.diff(score.beats)
    assert tempi.min() >= MIN_TEMPO - 1e-6 and tempi.max() <= MAX_TEMPO + 1e-6
    last = max(note.start for note in notes)
    assert score.beats[0] >= 0 and last - 60 / tempi.min() - 0.05 < score.beats[-1] < DURATION_S
    assert last > 0.6 * DURATION_S
    meter = STYLES_TABLE[style].meter
    assert np.array_equal(np.diff(score.positions) % meter, np.full(len(score.positions) - 1, 1 % meter))
    assert score.positions.min() == 1 and score.positions.max() == meter
    assert (np.diff(np.flatnonzero(score.positions == 1)) == meter).all()


def test_a_seed_gives_one_song() -> None:
    first, again, other = arrange("trance", 5), arrange("trance", 5), arrange("trance", 6)
    assert np.array_equal(first.beats, again.beats)
    assert [str(i.notes) for i in first.midi.instruments] == [str(i.notes) for i in again.midi.instruments]
    assert first.name != other.name
    assert len(first.beats) != len(other.beats) or not np.allclose(first.beats, other.beats)


@pytest.mark.parametrize("style", FOUR_ON_THE_FLOOR)
def test_kicks_of_dance_music_lie_on_beats(style: str) -> None:
    near = []
    for seed in range(4):
        score = arrange(style, seed, 40.0)
        for instrument in score.midi.instruments:
            if not instrument.is_drum:
                continue
            kicks = np.array([n.start for n in instrument.notes if n.pitch in DRUMS["K"]])
            near.append(np.abs(kicks[:, None] - score.beats).min(axis=1, initial=np.inf) < 0.02)
    assert np.concatenate(near).mean() > 0.85


@pytest.mark.parametrize("style", [name for name, table in STYLES_TABLE.items() if any(table.grooves)])
def test_strokes_lie_on_the_grid(style: str) -> None:
    """Half of the strokes lie on beats or halves (thirds) of them, whatever the swing, or the annotation is off."""
    table = STYLES_TABLE[style]
    close = []
    for seed in range(3):
        score = arrange(style, seed, DURATION_S)
        for instrument in score.midi.instruments:
            if instrument.is_drum:
                starts = np.array([n.start for n in instrument.notes])
                starts = starts[(starts > score.beats[0]) & (starts < score.beats[-1])]
                place = np.interp(starts, score.beats, np.arange(len(score.beats))) * table.division
                close.append(np.abs(place - np.round(place)) < 0.2)  # strokes at random: 40 %
    assert not close or np.concatenate(close).mean() > 0.5


@pytest.mark.parametrize("style", STYLES)
def test_tables_agree(style: str) -> None:
    table = STYLES_TABLE[style]
    assert MIN_TEMPO <= table.bpm[0] < table.bpm[1] <= MAX_TEMPO
    assert table.kit in KITS
    assert set(table.harmony.split("+")) <= set(PROGRESSIONS)
    assert set(table.tune[0].split("+")) <= set(PROGRAMS)
    for part in table.parts:
        assert {name for name in part.figures.split("+") if not name.startswith("*")} <= set(PATTERNS)
        assert set(part.programs.split("+")) <= set(PROGRAMS)
    for name in " ".join(table.grooves).split():
        beats = GROOVES[name].beats
        assert beats % table.meter == 0 or table.meter % beats == 0, name


def test_chords() -> None:
    assert chord_tones("I", 0) == (0, 4, 7)
    assert chord_tones("bVII7", 2) == (0, 4, 7, 10)
    assert chord_tones("iih", 0) == (2, 5, 8, 0)
    for texts in PROGRESSIONS.values():
        for text in texts:
            for numeral in text.split():
                assert 2 <= len(chord_tones(numeral, 3)) <= 5
    with pytest.raises(ValueError, match="no chord"):
        chord_tones("H", 0)
