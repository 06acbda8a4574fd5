"""A visitor's own motion, read strictly and measured like the dances of the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.limits import MAX_MOTION_S, MAX_SECONDS
from dancegen.evaluation import place, shipped_reference
from dancegen.metrics import summarise
from dancegen.metrics.validate import validate_upright
from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.bvh_folder import read_bvh_motion
from motionbeat.errors import UserError
from motionbeat.motion import Motion, load_motion

MOTION_SUFFIXES = (".npz", ".bvh")


@dataclass(frozen=True, eq=False)
class Measured:
    """A motion beside its music.

    Attributes:
        motion: from second 0 of the music on.
        grid: beats of the music, seconds from there on.
        report: ``metrics`` and ``placement`` as in the report of a dance, and the ``song`` and ``music`` it is of.
    """

    motion: Motion
    grid: BeatGrid
    report: dict[str, Any]


def read_motion(path: Path) -> Motion:
    """A motion npz (never unpickled) or a BVH file on our skeleton.

    Raises:
        UserError: it cannot be read, is longer than :data:`~app.limits.MAX_MOTION_S`, or does not stand along y.
    """
    suffix = path.suffix.lower()
    if suffix not in MOTION_SUFFIXES:
        raise UserError(f"{path}: give a motion as npz (poses, trans, mocap_framerate) or as BVH.")
    motion = read_bvh_motion(path) if suffix == ".bvh" else load_motion(path)
    if motion.duration > MAX_MOTION_S:
        raise UserError(f"{path}: {motion.duration:.0f} s are more than the {MAX_MOTION_S:g} s measured here. Cut it.")
    try:
        validate_upright(motion.joints())
    except ValueError as error:
        raise UserError(f"{path}: {error}. Turn it so that y is up, in metres.") from None
    return motion


def hear_part(song: Path, start_s: float, duration_s: float) -> BeatGrid:
    """The beats of a part of a song, seconds from its start on.

    Raises:
        UserError: the song cannot be read, or ends before.
    """
    audio = load_audio(song, start_s, duration_s)
    return track_beats(audio).covering(duration_s)


def measure(motion: Motion, song: Path, start_s: float, style: str) -> Measured:
    """Measure a motion that begins at second ``start_s`` of a song.

    Args:
        motion: from :func:`read_motion`.
        song: any file with sound.
        start_s: seconds.
        style: beside whose recorded dances it is placed; one that the reference lacks: all.

    Raises:
        UserError: the song cannot be used.
    """
    grid = hear_part(song, start_s, motion.duration)
    report = {
        "song": song.name,
        "start_s": start_s,
        "duration_s": round(motion.duration, 3),
        "music": {"tempo": round(grid.tempo, 2), "meter": grid.meter, "confidence": round(grid.confidence, 3)},
        "metrics": {score.name: score.as_dict() for score in summarise(motion, grid)},
        "placement": place(motion, grid, style, shipped_reference()).as_dict(),
    }
    return Measured(motion, grid, report)


def shown(motion: Motion) -> Motion:
    """As much of it as the player is given."""
    return motion.crop(0, min(len(motion), round(MAX_SECONDS * motion.fps)))
