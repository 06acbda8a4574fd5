"""Music as notes, with the beats and bars that its writer meant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pretty_midi


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
