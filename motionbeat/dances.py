"""The dance recordings that models are trained on, read from their folders.

Two layouts are read (see ``MODEL_CARD.md`` for what they are and their licences):

* *ballroom*: ``NAME.npz`` (``poses`` (T, 72), ``trans``, ``fps``, ``beats``, ``downbeats``, ``seam``, ``contacts``)
  with ``NAME.ogg``, and ``index.json`` with genre and song of each;
* *open*: ``NAME.npz`` (``poses``, ``trans``, ``fps``, ``valid``) without music, and ``index.json`` with the genre; the
  G1 dances, one genre each, are all labelled ``pop``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motionbeat.array_files import numbers, read_arrays, wrong_file
from motionbeat.beats import BeatGrid
from motionbeat.errors import Refuse, UserError, raise_it
from motionbeat.motion import Motion, motion_from_arrays

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

_EXPECTED = "Give the folder of the data set (see motionbeat.dances)."
_LATEST_S = 1e6


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


def read_ballroom(folder: Path, refuse: Refuse = raise_it) -> list[Dance]:
    """The paired ballroom dances.

    Args:
        folder: see the module.
        refuse: is called with the error of each dance that cannot be read.

    Raises:
        UserError: the folder has no index.json, or it is damaged or something else; by default also where a dance is.
    """
    index = _index(folder)
    entries = index.get("dances")
    if not isinstance(entries, list):
        raise _wrong_index(folder, "no list of dances")
    dances = []
    for entry in entries:
        try:
            dances.append(_ballroom_dance(folder, entry))
        except UserError as error:
            refuse(error)
    return dances


def _ballroom_dance(folder: Path, entry: Any) -> Dance:
    about = _texts(folder, entry, ("name", "genre", "song", "meter"))
    name = _plain_name(folder, about["name"])
    path = folder / f"{name}.npz"
    needed = ("poses", "trans", "fps", "contacts", "beats", "downbeats", "seam")
    arrays = read_arrays(path, "a dance of the ballroom set", _EXPECTED, needed)
    try:
        motion = motion_from_arrays(arrays["poses"], arrays["trans"], arrays["fps"], arrays["contacts"])
        valid = ~_flags("seam", arrays["seam"], len(motion))
        beats, downbeats = (numbers(key, arrays[key], _LATEST_S) for key in ("beats", "downbeats"))
        if beats.ndim != 1 or downbeats.ndim != 1 or not len(beats) or not len(downbeats):
            raise ValueError("it has no beats or no downbeats")
        # the lists were made by hand: a downbeat is the beat nearest to it
        downbeats = beats[np.unique(np.abs(beats[:, None] - downbeats[None]).argmin(axis=0))]
        grid = BeatGrid(beats, downbeats, int(about["meter"].split("/")[0]), float(entry["bpm"]), 1.0)
    except (ValueError, KeyError, TypeError) as error:
        raise wrong_file(path, "a dance of the ballroom set", error, _EXPECTED) from None
    music = folder / f"{name}.ogg"
    return Dance(name, about["genre"], motion, valid, grid, music, False, split_of(name), song=about["song"])


def read_open(folder: Path, refuse: Refuse = raise_it) -> list[Dance]:
    """The open dances without music.

    Args:
        folder: see the module.
        refuse: is called with the error of each dance that cannot be read.

    Raises:
        UserError: the folder has no index.json, or it is damaged or something else; by default also where a dance is.
    """
    dances = []
    for given, entry in _index(folder).items():
        try:
            dances.append(_open_dance(folder, given, entry))
        except UserError as error:
            refuse(error)
    return dances


def _open_dance(folder: Path, given: str, entry: Any) -> Dance:
    name = _plain_name(folder, given)
    style = "pop" if name.startswith("g1_") else _texts(folder, entry, ("genre",))["genre"]
    path = folder / f"{name}.npz"
    arrays = read_arrays(path, "a dance of the open set", _EXPECTED, ("poses", "trans", "fps", "valid"))
    try:
        motion = motion_from_arrays(arrays["poses"], arrays["trans"], arrays["fps"])
        valid = _flags("valid", arrays["valid"], len(motion))
    except ValueError as error:
        raise wrong_file(path, "a dance of the open set", error, _EXPECTED) from None
    return Dance(name, style, motion, valid, None, None, True, split_of(name))


def _index(folder: Path) -> dict[str, Any]:
    path = folder / "index.json"
    if not path.is_file():
        raise UserError(f"{folder}: no index.json there. {_EXPECTED}")
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (ValueError, RecursionError):  # the last: a thousand brackets
        raise _wrong_index(folder, "not JSON") from None
    if not isinstance(index, dict):
        raise _wrong_index(folder, "no table")
    return index


def _wrong_index(folder: Path, reason: str) -> UserError:
    return wrong_file(folder / "index.json", "the index of a data set", reason, _EXPECTED)


def _texts(folder: Path, entry: object, keys: Iterable[str]) -> dict[str, str]:
    """Some entries of a dance in the index, all of them texts."""
    if not isinstance(entry, dict):
        raise _wrong_index(folder, "an entry is no table")
    for key in keys:
        if not isinstance(entry.get(key), str):
            raise _wrong_index(folder, f"{str(entry.get('name', 'a dance'))[:80]} has no {key}")
    return {key: entry[key] for key in keys}


def _plain_name(folder: Path, name: str) -> str:
    """The name of a dance, which becomes file names here and in the pairs: no way into other folders."""
    if not name or Path(name).name != name:
        raise _wrong_index(folder, f"{name[:80]!r} is not the plain name of a file")
    return name


def _flags(name: str, array: np.ndarray, frames: int) -> np.ndarray:
    """(T,) bool of an array of one truth value or number for each frame."""
    values = numbers(name, array, np.inf, kinds="fiub")
    if values.shape != (frames,):
        raise ValueError(f"{name} must be ({frames},), got {values.shape}")
    return values.astype(bool)
