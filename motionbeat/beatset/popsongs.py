"""POP909: piano arrangements of pop songs, with beats, bars and chords."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pretty_midi

from motionbeat.beatset.score import AnnotatedScore

HELD_OUT_MULTIPLE = 101
"""Pieces whose number is a multiple of it are never trained on."""
DEVELOPMENT_PIECES = frozenset({1, 50, 202, 404, 606, 707})
_MAX_ODD_BARS = 0.15


@dataclass(frozen=True, eq=False)
class PopSong:
    """A piece and its chords: (start in seconds, name in Harte's notation such as ``A:min7/b3``; N for none)."""

    score: AnnotatedScore
    chords: tuple[tuple[float, str], ...]


def pop909_songs(archive: Path) -> Iterator[PopSong]:
    """The pieces of ``pop909.zip`` that may be trained on and whose bars are mostly regular."""
    with zipfile.ZipFile(archive) as files:
        for name in sorted(files.namelist()):
            path = Path(name)
            if path.suffix != ".mid" or path.stem != path.parent.name:
                continue
            number = int(path.stem)
            if number % HELD_OUT_MULTIPLE == 0 or number in DEVELOPMENT_PIECES:
                continue
            folder = path.parent.as_posix()
            beats = np.loadtxt(io.BytesIO(files.read(f"{folder}/beat_midi.txt")), ndmin=2)
            bars = _positions(beats[:, 2] > 0.5)
            if bars is None:
                continue
            lines = files.read(f"{folder}/chord_midi.txt").decode().splitlines()
            chords = tuple((float(start), chord) for start, _, chord in (line.split() for line in lines if line))
            midi = pretty_midi.PrettyMIDI(io.BytesIO(files.read(name)))
            yield PopSong(AnnotatedScore(midi, beats[:, 0], bars, f"pop{path.stem}", "pop909"), chords)


def _positions(is_downbeat: np.ndarray) -> np.ndarray | None:
    """Place of each beat in its bar; None where the bars are not mostly of two, three or four beats.

    Pop songs have short bars here and there, so a bar may break off early or run on.
    """
    downs = np.flatnonzero(is_downbeat)
    if len(downs) < 8:
        return None
    lengths = np.diff(downs)
    meter = int(np.bincount(lengths).argmax())
    if meter not in (2, 3, 4) or (lengths != meter).mean() > _MAX_ODD_BARS:
        return None
    index = np.arange(len(is_downbeat))
    last = downs[np.maximum(np.searchsorted(downs, index, side="right") - 1, 0)]
    return np.where(index < downs[0], (index - downs[0]) % meter, index - last) + 1
