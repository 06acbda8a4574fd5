"""Clips of the training set as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class Recording:
    """Sound and its beats, as they are kept: what :class:`AnnotatedScore` is for notes."""

    stems: dict[str, np.ndarray]
    beats: np.ndarray
    positions: np.ndarray
    name: str
    group: str


def save(folder: Path, recording: Recording) -> None:
    """Write a clip: ``stems`` (k, N) int16 at 22050 per second, drums first, ``beats``, ``positions``, ``group``."""
    order = [name for name in ("drums", "rest") if name in recording.stems]
    stems = np.stack([np.round(32000 * recording.stems[name]).astype(np.int16) for name in order])
    path = folder / f"{recording.name}.npz"
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            stems=stems,
            beats=recording.beats,
            positions=recording.positions.astype(np.int8),
            group=np.array(recording.group),
        )
    part.rename(path)


@dataclass(frozen=True, eq=False)
class Clip:
    """A file of the set, read."""

    stems: np.ndarray  # (k, N) int16, drums first
    beats: np.ndarray
    positions: np.ndarray

    @classmethod
    def read(cls, path: Path) -> Clip:
        with np.load(path) as data:
            return cls(data["stems"], data["beats"], data["positions"].astype(int))

    @property
    def meter(self) -> int:
        """Beats in a bar; 0 where not known."""
        downs = np.flatnonzero(self.positions == 1)
        return int(np.bincount(np.diff(downs)).argmax()) if len(downs) > 1 else 0
