"""Tags of free recordings, as another network hears them: the teacher stands in for listeners."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motionbeat.array_files import read_arrays, wrong_file
from motionbeat.errors import UserError
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task
from motionbeat.probe.tasks.stem_files import sound_files

CLIP_S = 15.0
CLIPS_A_RECORDING = 3
THRESHOLD = 0.2
"""A tag is taken as given where the teacher's probability is at least this."""
LEAST = 10
"""Tags of fewer clips, or missing in fewer, are left out."""

_WHAT = "teacher tags"
_ADVICE = "They hold names (N,), tags (K,) and probabilities (N, K); benchmarks/probe_peers writes them."


def teacher_tags(cache: Path, recordings: Path, tags: Path) -> Task:
    """Clips of ``recordings`` (a folder of :mod:`motionbeat.beatset.recordings`) with the tags in ``tags``.

    Args:
        cache: where the sound of the recordings is written.
        recordings: a folder of npz files.
        tags: npz with ``names`` (N,) of the clips, ``tags`` (K,) and ``probabilities`` (N, K). Where there is no such
            file, clips have no tags and the task no classes: enough for a teacher to listen to.

    Raises:
        UserError: no recordings, or tags that are damaged or of other clips.
    """
    paths = sorted(recordings.glob("*.npz"))
    if not paths:
        raise UserError(
            f"{recordings}: no recordings there; make them with python -m motionbeat.beatset.recordings, or name"
            " another folder with --recordings."
        )
    files = sound_files(paths, cache / "recordings")
    stretches = [
        (f"{name}_{part}", path, name.split("_")[0], CLIP_S * part)
        for name, path in files.items()
        for part in range(CLIPS_A_RECORDING)
    ]
    given = _read_tags(tags) if tags.is_file() else {}
    if given and (missing := [name for name, *_ in stretches if name not in given]):
        raise UserError(f"{tags}: no tags for {missing[0]} and {len(missing) - 1} more clips. {_ADVICE}")
    counts: dict[str, int] = {}
    for name, *_ in stretches:
        for tag in given.get(name, ()):
            counts[tag] = counts.get(tag, 0) + 1
    classes = tuple(sorted(tag for tag, count in counts.items() if LEAST <= count <= len(stretches) - LEAST))
    clips = tuple(
        LabelledClip(name, path, given.get(name, frozenset()) & set(classes), group, None, start_s, CLIP_S)
        for name, path, group, start_s in stretches
    )
    return Task(
        "teacher-tags",
        "teacher tags (recordings)",
        Kind.TAGS,
        clips,
        classes,
        Listening.MUSIC,
        False,
        f"Free recordings, clips of 15 s, tagged by a network and not by people: a tag counts from {THRESHOLD:g} on,"
        f" tags of fewer than {LEAST} clips are left out. Five folds; a recording is never in training and test.",
    )


def _read_tags(path: Path) -> dict[str, frozenset[str]]:
    arrays = read_arrays(path, _WHAT, _ADVICE, ("names", "tags", "probabilities"))
    names, tags, probabilities = (arrays[key] for key in ("names", "tags", "probabilities"))
    if names.dtype.kind != "U" or tags.dtype.kind != "U" or probabilities.dtype.kind != "f":
        raise wrong_file(path, _WHAT, "names and tags must be text, probabilities numbers", _ADVICE)
    if names.ndim != 1 or tags.ndim != 1 or probabilities.shape != (len(names), len(tags)):
        raise wrong_file(path, _WHAT, f"probabilities must be ({len(names)}, {len(tags)})", _ADVICE)
    if not np.isfinite(probabilities).all():
        raise wrong_file(path, _WHAT, "probabilities must be finite", _ADVICE)
    return {
        str(name): frozenset(tags[row >= THRESHOLD].tolist()) for name, row in zip(names, probabilities, strict=True)
    }
