"""Beats as the rhythm data sets publish them: ``.beats`` files and JAMS."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from motionbeat.errors import UserError
from motionbeat.probe.official.files import read_json, read_lines
from motionbeat.probe.task import BeatLabel


def read_beat_lines(path: Path, expected: str) -> BeatLabel:
    """Beats from a file with a line for each: seconds, and position in the bar where bars are annotated.

    Both forms of the Ballroom annotations are read: position ``3``, and ``9.3`` for the third beat of the ninth bar.

    Raises:
        UserError: the file is missing, or a line is something else.
    """
    times: list[float] = []
    places: list[str] = []
    for number, line in enumerate(read_lines(path, expected), start=1):
        try:
            time, *place = (float(field) for field in line.split())
            if not (0 <= time < math.inf) or len(place) > 1 or (times and time <= times[-1]):
                raise ValueError
        except ValueError:
            raise UserError(
                f"{path}, line {number}: not a beat after the one before (seconds, position in the bar). {expected}"
            ) from None
        times.append(time)
        places.append(line.split()[1] if place else "")
    if not times:
        raise UserError(f"{path}: has no beats in it. {expected}")
    return _label(times, [time for time, place in zip(times, _in_bar(places), strict=True) if place == 1])


def _in_bar(places: list[str]) -> list[int]:
    """Positions in the bar from 1 on, 0 where there is none."""
    fractions = [place.partition(".")[2] for place in places]
    if any(fraction.strip("0") for fraction in fractions):
        return [int(fraction or 0) for fraction in fractions]
    return [int(float(place)) if place else 0 for place in places]


def read_beat_jams(path: Path, expected: str) -> BeatLabel:
    """Beats and downbeats of GTZAN-Rhythm's JAMS.

    A file has annotations of the namespace ``beat`` whose ``sandbox`` says ``annotation_type``: ``beat`` or
    ``downbeat``. Observations may be a list of objects or an object of lists, the two forms that JAMS has had.

    Raises:
        UserError: the file is missing, no JAMS, or has no beats.
    """
    annotations = read_json(path, expected).get("annotations")
    times: dict[str, list[float]] = {}
    try:
        for annotation in annotations if isinstance(annotations, list) else []:
            if annotation["namespace"] == "beat" and annotation["sandbox"]["annotation_type"] in ("beat", "downbeat"):
                times[annotation["sandbox"]["annotation_type"]] = _observed_times(annotation["data"])
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not JAMS with times of beats. {expected}") from None
    if "beat" not in times:
        raise UserError(f"{path}: no annotation of beats in it. {expected}")
    return _label(times["beat"], times.get("downbeat", []))


def _observed_times(data: Any) -> list[float]:
    values = data["time"] if isinstance(data, dict) else [observation["time"] for observation in data]
    times = sorted({float(value) for value in values})
    if not all(0 <= time < math.inf for time in times):
        raise ValueError
    return times


def _label(beats: list[float], downbeats: list[float]) -> BeatLabel:
    """No downbeat at all means that bars were not annotated."""
    return BeatLabel(np.array(beats, dtype=np.float64), np.array(downbeats) if downbeats else None)
