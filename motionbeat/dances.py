"""The dance recordings that models are trained on, read from their folders.

Two layouts are read (see ``MODEL_CARD.md`` for what they are and their licences):

* *ballroom*: ``NAME.npz`` (``poses`` (T, 72), ``trans``, ``fps``, ``beats``, ``downbeats``, ``seam``, ``contacts``)
  with ``NAME.ogg``, and ``index.json`` with genre and song of each;
* *open*: ``NAME.npz`` (``poses``, ``trans``, ``fps``, ``valid``) without music, and ``index.json`` with the genre; the
  G1 dances, one genre each, are all labelled ``pop``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion

VALIDATION = (
    "DANCE_C_9", "DANCE_R_10", "DANCE_T_8", "DANCE_W_7", "DANCE_W_15", "DANCE_W_23", "DANCE_W_31",
    "g1_J_Dance21_Blunt", "g1_J_Dance7_Party", "g1_J_ShortDance14_Disco", "cmu_salsa_60_05", "cmu_salsa_61_05",
    "cmu_indian_94_07", "cmu_modern_05_12",
)  # fmt: skip
"""Never trained on, by name: whole songs of the ballroom set, whole takes (both partners) of the open set. Choices of
every kind (sizes, weights, checkpoints) may be made on them."""

TEST = (
    "DANCE_C_2", "DANCE_C_8", "DANCE_R_5", "DANCE_R_8", "DANCE_T_3", "DANCE_T_5",
    "DANCE_W_2", "DANCE_W_11", "DANCE_W_13", "DANCE_W_19", "DANCE_W_28", "DANCE_W_34",
)  # fmt: skip
"""Never trained on and never chosen on: what the encoder's tables are measured on."""

COUPLE_STYLES = ("salsa", "tango", "waltz")
"""Recorded from one dancer of a couple: arms in hold look odd when danced alone."""


@dataclass(frozen=True, eq=False)
class Dance:
    """One recorded dance.

    Attributes:
        name: file name without ending.
        style: genre label, e.g. ``waltz``.
        motion: the motion, 30 fps.
        valid: (T,) bool, False where the recording is faulty or stitched.
        grid: beats of its music, or None for dance without music.
        audio_path: its music, first sample at frame 0, or None.
        clean: True if the recording's licence allows any use.
        split: ``train``, ``validation`` or ``test``.
        song: what its music is called, the same for all dances to it; empty for dance without music.
    """

    name: str
    style: str
    motion: Motion
    valid: np.ndarray
    grid: BeatGrid | None
    audio_path: Path | None
    clean: bool
    split: str = "train"
    song: str = ""


def split_of(name: str) -> str:
    """The split that a dance of the ballroom or the open set belongs to."""
    return "test" if name in TEST else "validation" if name in VALIDATION else "train"


def read_ballroom(folder: Path) -> list[Dance]:
    """The paired ballroom dances.

    Raises:
        UserError: the folder has no index.json.
    """
    dances = []
    for entry in _index(folder)["dances"]:
        with np.load(folder / f"{entry['name']}.npz") as data:
            motion = Motion(
                data["poses"].reshape(-1, 24, 3),
                data["trans"],
                float(data["fps"]),
                data["contacts"].astype(np.float32),
            )
            meter = int(entry["meter"].split("/")[0])
            # the lists were made by hand: a downbeat is the beat nearest to it
            beats = data["beats"].astype(np.float64)
            downbeats = beats[np.unique(np.abs(beats[:, None] - data["downbeats"][None]).argmin(axis=0))]
            grid = BeatGrid(beats, downbeats, meter, float(entry["bpm"]), 1.0)
            valid = ~data["seam"]
        dances.append(
            Dance(entry["name"], entry["genre"], motion, valid, grid, folder / f"{entry['name']}.ogg", False,
                  split_of(entry["name"]), entry["song"])
        )
    return dances


def read_open(folder: Path) -> list[Dance]:
    """The open dances without music.

    Raises:
        UserError: the folder has no index.json.
    """
    dances = []
    for name, entry in _index(folder).items():
        with np.load(folder / f"{name}.npz") as data:
            motion = Motion(data["poses"].reshape(-1, 24, 3), data["trans"], float(data["fps"]))
            valid = data["valid"].astype(bool)
        style = "pop" if name.startswith("g1_") else entry["genre"]
        dances.append(Dance(name, style, motion, valid, None, None, True, split_of(name)))
    return dances


def _index(folder: Path) -> dict:
    path = folder / "index.json"
    if not path.is_file():
        raise UserError(f"{folder}: no index.json there. Give the folder of the data set (see motionbeat.dances).")
    return json.loads(path.read_text())
