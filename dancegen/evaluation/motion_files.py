"""Dances to judge, from motion files.

A file that ``python -m dancegen.sample`` wrote holds its beats; the JSON of the same name beside it tells style, song
and seed. Any other motion npz (``poses``, ``trans``, ``mocap_framerate``; y up, sole of the foot at y = 0) needs its
song: a sound file of the same name, that begins with the motion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dancegen.evaluation.measured_set import JudgedDance
from dancegen.evaluation.measures import SHORTEST_S
from dancegen.metrics.validate import validate_upright
from motionbeat.array_files import numbers, read_arrays, wrong_file
from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.errors import UserError
from motionbeat.motion import Motion, load_motion
from motionbeat.output import AUDIO_SUFFIXES, find_files

_DANCER = re.compile(r"\.dancer(\d+)$")
_LATEST_S = 1e6
_GIVE = "Give dances of python -m dancegen.sample, or motions with their songs in --songs DIR."


def read_motions(arguments: Sequence[Path], songs: Path | None, style: str | None) -> list[JudgedDance]:
    """The dances in some files and folders (not deeper).

    Args:
        arguments: npz files, and folders of them.
        songs: folder of the songs of those that hold no beats; None: beside each motion.
        style: of all of them; None: what the JSON beside each says, unknown without.

    Raises:
        UserError: a file cannot be used, or a song is missing.
    """
    paths, refused = find_files(arguments, {".npz"}, "motions", "npz files")
    if refused:
        raise refused[0]
    if songs is not None and not songs.is_dir():
        raise UserError(f"--songs {songs}: no such folder.")
    return [_read(path, songs or path.parent, style) for path in paths]


def check_upright(motion: Motion, name: object) -> None:
    """Refuse a motion that cannot be measured.

    Raises:
        UserError: it is shorter than :data:`~dancegen.evaluation.measures.SHORTEST_S`, or does not stand along y.
    """
    if motion.duration < SHORTEST_S:
        raise UserError(f"{name}: {motion.duration:.1f} s are too short to be judged. Give {SHORTEST_S:g} s or more.")
    try:
        validate_upright(motion.joints())
    except ValueError as error:
        raise UserError(f"{name}: {error}. Turn it first, with python -m dancegen.prepare for instance.") from None


def _read(path: Path, songs: Path, style: str | None) -> JudgedDance:
    motion = load_motion(path)
    check_upright(motion, path)
    grid = beats_in(path) or _beats_heard(path, songs)
    report, dancer = _report_beside(path)
    settings = report.get("settings")
    seed = settings.get("seed") if isinstance(settings, dict) else 0
    song, danced = report.get("song"), report.get("style")
    return JudgedDance(
        name=path.stem,
        song=song if isinstance(song, str) else _DANCER.sub("", path.stem),
        # a mix has no ground truth
        style=style or (danced if isinstance(danced, str) and danced != "none" and ":" not in danced else ""),
        motion=motion,
        grid=grid.covering(motion.duration),
        seed=(seed if isinstance(seed, int) else 0) + dancer,
    )


def beats_in(path: Path) -> BeatGrid | None:
    """The beats that the file holds, None if it holds none."""
    arrays = read_arrays(path, "a motion file", _GIVE, (), ("beats", "downbeats"))
    if len(arrays) < 2:
        return None
    try:
        beats, downbeats = (numbers(name, arrays[name], _LATEST_S) for name in ("beats", "downbeats"))
        if len(beats) < 2 or not len(downbeats):
            raise ValueError("it has no beats")
        places = np.flatnonzero(np.isin(beats, downbeats))
        meter = int(np.bincount(np.diff(places)).argmax()) if len(places) > 1 else 4
        return BeatGrid(beats, downbeats, meter, 60.0 / float(np.median(np.diff(beats))), 1.0)
    except (ValueError, TypeError, IndexError) as error:
        raise wrong_file(path, "a motion file", error, _GIVE) from None


def _beats_heard(path: Path, songs: Path) -> BeatGrid:
    stem = _DANCER.sub("", path.stem)
    fitting = sorted(song for song in songs.glob(f"{_escaped(stem)}.*") if song.suffix.lower() in AUDIO_SUFFIXES)
    if not fitting:
        raise UserError(f"{path}: holds no beats, and there is no song {stem!r} in {songs}. {_GIVE}")
    return track_beats(load_audio(fitting[0]))


def _escaped(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _report_beside(path: Path) -> tuple[dict[str, Any], int]:
    """The JSON of a dance, empty without, and the number of its dancer from 0 on."""
    dancer = _DANCER.search(path.stem)
    beside = path.with_name(_DANCER.sub("", path.stem) + ".json")
    try:
        report = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    except (OSError, ValueError, RecursionError):
        raise UserError(f"{beside}: cannot be read as JSON. Move it away, or make the dance again.") from None
    return report if isinstance(report, dict) else {}, int(dancer[1]) - 1 if dancer else 0
