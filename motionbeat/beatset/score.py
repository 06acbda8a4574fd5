"""Music as notes, with the beats and bars that its writer meant, and ways to make new scores of a score."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import pretty_midi

MIN_TEMPO = 50.0
MAX_TEMPO = 215.0
"""Beats per minute between which annotated music lies; the tracker looks a little further."""


@dataclass(frozen=True, eq=False)
class AnnotatedScore:
    """Notes and their beats.

    Attributes:
        midi: the notes, in seconds; drums are the instruments with ``is_drum``.
        beats: (n,) ascending seconds; empty for music without a beat.
        positions: (n,) int, place of each beat in its bar, 1 on the downbeat; all 0 where bars are not known.
        name: unique in the set; becomes a file name.
        group: where it comes from, such as ``pop909``.
    """

    midi: pretty_midi.PrettyMIDI
    beats: np.ndarray
    positions: np.ndarray
    name: str
    group: str

    def __post_init__(self) -> None:
        if self.beats.shape != self.positions.shape or self.beats.ndim != 1:
            raise ValueError(f"{self.name}: beats {self.beats.shape} and positions {self.positions.shape} differ")
        if (np.diff(self.beats) <= 0).any():
            raise ValueError(f"{self.name}: beats must ascend")

    @property
    def meter(self) -> int:
        """Beats in most of its bars."""
        return int(np.bincount(np.diff(np.flatnonzero(self.positions == 1))).argmax())

    @property
    def tempo(self) -> float:
        """Beats per minute in the middle of its range."""
        return 60.0 / float(np.median(np.diff(self.beats)))


def remapped(midi: pretty_midi.PrettyMIDI, old_s: np.ndarray, new_s: np.ndarray) -> pretty_midi.PrettyMIDI:
    """A copy of ``midi`` whose notes are moved from times ``old_s`` to ``new_s`` (ascending, linear between and
    beyond). Only notes are kept."""
    first = (new_s[1] - new_s[0]) / (old_s[1] - old_s[0])
    last = (new_s[-1] - new_s[-2]) / (old_s[-1] - old_s[-2])

    def move(time: float) -> float:
        if time < old_s[0]:
            return float(new_s[0] + (time - old_s[0]) * first)
        if time > old_s[-1]:
            return float(new_s[-1] + (time - old_s[-1]) * last)
        return float(np.interp(time, old_s, new_s))

    moved = pretty_midi.PrettyMIDI()
    for source in midi.instruments:
        instrument = pretty_midi.Instrument(int(source.program), source.is_drum, source.name)
        for note in source.notes:
            start, end = move(note.start), move(note.end)
            if start >= 0:
                instrument.notes.append(pretty_midi.Note(note.velocity, note.pitch, start, max(end, start + 0.02)))
        moved.instruments.append(instrument)
    return moved


def cropped(score: AnnotatedScore, start_s: float, duration_s: float) -> AnnotatedScore:
    """The part of a score from ``start_s`` on, its times counted from there. Sounding notes are not carried in."""
    end_s = start_s + duration_s
    midi = pretty_midi.PrettyMIDI()
    for source in score.midi.instruments:
        instrument = pretty_midi.Instrument(int(source.program), source.is_drum, source.name)
        instrument.notes = [
            pretty_midi.Note(n.velocity, n.pitch, n.start - start_s, min(n.end, end_s) - start_s)
            for n in source.notes
            if start_s <= n.start < end_s
        ]
        instrument.control_changes = [
            pretty_midi.ControlChange(c.number, c.value, max(0.0, c.time - start_s))
            for c in source.control_changes
            if c.time < end_s
        ]
        if instrument.notes:
            midi.instruments.append(instrument)
    inside = (score.beats >= start_s) & (score.beats < end_s)
    return replace(score, midi=midi, beats=score.beats[inside] - start_s, positions=score.positions[inside])


def with_other_tempo(score: AnnotatedScore, rng: np.random.Generator, spread: float = 0.0) -> AnnotatedScore:
    """The score played at another tempo, with slow drifts of about ``spread`` (a fraction) and, sometimes, a jump.

    The mean factor is drawn between 0.75 and 1.35 and kept where the beats stay between :data:`MIN_TEMPO` and
    :data:`MAX_TEMPO`.
    """
    intervals = np.diff(score.beats)
    tempo = 60.0 / np.median(intervals)
    low, high = max(0.75, MIN_TEMPO / tempo), min(1.35, MAX_TEMPO / tempo)
    factor = float(np.exp(rng.uniform(np.log(low), np.log(high)))) if low < high else 1.0
    drift = np.zeros(len(intervals))
    if spread > 0:
        knots = np.arange(0, len(intervals) + 12, 12)
        drift = np.interp(np.arange(len(intervals)), knots, rng.normal(0, spread, len(knots)))
        if rng.random() < 0.2:
            drift[rng.integers(len(drift)) :] += rng.choice([-1, 1]) * rng.uniform(0.03, 0.12)
    beats = score.beats[0] / factor + np.concatenate([[0.0], np.cumsum(intervals / factor * np.exp(drift))])
    return replace(score, midi=remapped(score.midi, score.beats, beats), beats=beats)


def merged(score: AnnotatedScore, other: pretty_midi.PrettyMIDI) -> AnnotatedScore:
    """The score with the instruments of ``other`` (already in its time) added."""
    midi = copy.deepcopy(score.midi)
    midi.instruments.extend(copy.deepcopy(other.instruments))
    return replace(score, midi=midi)
