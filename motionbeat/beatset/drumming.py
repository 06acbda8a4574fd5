"""Groove: drummers playing to a click, alone and under other music."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pretty_midi

from motionbeat.beatset.score import AnnotatedScore, remapped

DEVELOPMENT_PERFORMANCES = frozenset(
    {
        "drummer8/session1/17",
        "drummer1/session2/62",
        "drummer7/session2/54",
        "drummer8/session1/8",
        "drummer8/session2/23",
    }
)
"""Performances that trackers are compared on; not all of them are in the official test split."""

_MIN_BARS = 4


def groove_scores(archive: Path) -> Iterator[AnnotatedScore]:
    """The performances of ``groove.zip`` (not the single fills) outside its official test split and
    :data:`DEVELOPMENT_PERFORMANCES`."""
    with zipfile.ZipFile(archive) as files:
        rows = csv.DictReader(io.StringIO(files.read("groove/info.csv").decode()))
        for row in rows:
            if row["split"] == "test" or row["id"] in DEVELOPMENT_PERFORMANCES or row["beat_type"] != "beat":
                continue
            beats, unit = (int(part) for part in row["time_signature"].split("-"))
            tempo = float(row["bpm"])  # quarter notes per minute
            meter, beat_s = (beats // 3, 90.0 / tempo) if unit == 8 and beats % 3 == 0 else (beats, 60.0 / tempo)
            if unit == 8 and beats % 3:
                continue
            midi = pretty_midi.PrettyMIDI(io.BytesIO(files.read(f"groove/{row['midi_filename']}")))
            count = int(midi.get_end_time() / beat_s) + 1
            if count < _MIN_BARS * meter:
                continue
            index = np.arange(count)
            name = "groove_" + row["id"].replace("/", "_")
            yield AnnotatedScore(midi, index * beat_s, index % meter + 1, name, "groove")


def drums_under(song: AnnotatedScore, drumming: AnnotatedScore, rng: np.random.Generator) -> pretty_midi.PrettyMIDI:
    """The drumming laid over the bars of a song of the same meter, in the song's time.

    It begins on one of the song's first downbeats, goes back to its own start when it is over or when the song has a
    bar of another length, and leaves out an eighth of the song, eight bars at a time.
    """
    meter = song.meter
    bars = len(drumming.beats) // meter
    downs = np.flatnonzero(song.positions == 1)
    first_bar = int(rng.integers(0, 8)) if rng.random() < 0.5 else 0
    silent = rng.random(len(downs) // 8 + 1) < 0.125
    kit = pretty_midi.Instrument(0, is_drum=True, name="drums")
    bar = min(first_bar, len(downs) - 1)
    while bar < len(downs) - 1:
        count = 0
        while count < bars and bar + count < len(downs) - 1 and downs[bar + count + 1] - downs[bar + count] == meter:
            count += 1
        if count == 0:
            bar += 1
            continue
        first = downs[bar]
        last = first + count * meter
        played = remapped(
            drumming.midi,
            np.append(drumming.beats, 2 * drumming.beats[-1] - drumming.beats[-2])[: last - first + 1],
            song.beats[first : last + 1],
        )
        for note in (note for instrument in played.instruments for note in instrument.notes):
            in_bar = np.searchsorted(song.beats[downs], note.start + 0.02, side="right") - 1
            if song.beats[first] - 0.05 <= note.start < song.beats[last] - 0.02 and not silent[max(0, in_bar) // 8]:
                kit.notes.append(note)
        bar += count
    result = pretty_midi.PrettyMIDI()
    result.instruments.append(kit)
    return result


def fitting(song: AnnotatedScore, drummings: list[AnnotatedScore], rng: np.random.Generator) -> AnnotatedScore | None:
    """A performance of the song's meter whose tempo is within a third of the song's; None when there is none."""
    fits = [d for d in drummings if d.meter == song.meter and abs(np.log(d.tempo / song.tempo)) < 0.3]
    return fits[int(rng.integers(len(fits)))] if fits else None
