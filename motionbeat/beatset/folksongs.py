"""Tunes of the Nottingham music database, with their bars."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pretty_midi

from motionbeat.beatset.score import AnnotatedScore

HELD_OUT_PREFIX = "jigs"
"""No jig is ever trained on: they test whether the tracker knows 6/8 from other music."""
DEVELOPMENT_TUNES = frozenset({"hpps11", "reelsa-c1", "waltzes3"})


def nottingham_scores(archive: Path) -> Iterator[AnnotatedScore]:
    """The tunes with one time signature that may be trained on, from ``nottingham.zip`` (jukedeck's MIDI)."""
    with zipfile.ZipFile(archive) as files:
        for name in sorted(files.namelist()):
            path = Path(name)
            if path.parent.as_posix() != "MIDI" or path.suffix != ".mid":
                continue
            if path.stem.startswith(HELD_OUT_PREFIX) or path.stem in DEVELOPMENT_TUNES:
                continue
            score = _read(files.read(name), path.stem)
            if score is not None:
                yield score


def _read(data: bytes, stem: str) -> AnnotatedScore | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # these files carry their meter outside the first track
        midi = pretty_midi.PrettyMIDI(io.BytesIO(data))
    signatures = {(s.numerator, s.denominator) for s in midi.time_signature_changes}
    if len(signatures) != 1 or len(midi.get_tempo_changes()[0]) != 1:
        return None
    numerator, denominator = signatures.pop()
    quarter_s = 60.0 / midi.get_tempo_changes()[1][0]
    compound = denominator == 8 and numerator % 3 == 0
    meter = numerator // 3 if compound else numerator
    if meter not in (2, 3, 4) or denominator not in (4, 8) or (denominator == 8 and not compound):
        return None
    beat_s = 1.5 * quarter_s if compound else quarter_s
    count = int(midi.get_end_time() / beat_s + 1e-6)
    if count < 16:
        return None
    index = np.arange(count)
    return AnnotatedScore(midi, index * beat_s, index % meter + 1, stem, "nottingham")
