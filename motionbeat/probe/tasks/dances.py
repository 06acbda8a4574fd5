"""Which dance was danced to which music, and in step: ballroom dances with the songs that they were recorded to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from motionbeat.dances import read_ballroom
from motionbeat.errors import UserError
from motionbeat.pairs import load_pair
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task
from motionbeat.shards import is_prepared, pair_files

_AFTER_S = 1.0  # of the song that is heard after the last beat of the dance


def ballroom_dances(data: Path, pairs: Path) -> Task:
    """The dances of ``ballroom/`` (:mod:`motionbeat.dances`) that are among the pairs.

    Raises:
        UserError: a folder cannot be read, or holds none of them.
    """
    sounds = {dance.name: dance.audio_path for dance in read_ballroom(data / "ballroom")}
    clips = recorded_dances(pairs, sounds.get, f"--ballroom {data / 'ballroom'}")
    return Task(
        "dances",
        "music and dance (ballroom)",
        Kind.DANCES,
        clips,
        (),
        Listening.FRAMES,
        False,
        "Recorded ballroom dances and their songs, cut on annotated beats into clips of four bars. The layers of"
        " MotionBeat's audio tower were trained on the same training dances, and on others; its weights were chosen on"
        " the validation songs, on which views are chosen here.",
    )


def recorded_dances(pairs: Path, sound_of: Callable[[str], Path | None], made_by: str) -> tuple[LabelledClip, ...]:
    """A clip for each pair whose dance was danced to its music: the music, from the beginning of the dance to its end.

    Args:
        pairs: folder that ``motionbeat.pairs`` or ``dancegen.prepare`` wrote.
        sound_of: the music of a dance by the dance's name; None for names of other pairs.
        made_by: what ``motionbeat.pairs`` has to be given to make these pairs, for the error.

    Raises:
        UserError: there is none, or one is damaged.
    """
    clips = []
    for path in pair_files(pairs) if is_prepared(pairs) else sorted(pairs.glob("*.npz")):
        sound = sound_of(path.stem)
        pair = None if sound is None else load_pair(path)
        if sound is not None and pair is not None and pair.recorded_together:
            end_s = round(float(pair.grid.beats[-1]) + _AFTER_S, 3)
            clips.append(LabelledClip(pair.name, sound, pair, pair.song, pair.split, 0.0, end_s))
    if not clips:
        raise UserError(
            f"--pairs {pairs}: no such dances with their own music there. Make them with python -m motionbeat.pairs"
            f" {made_by} --out {pairs}."
        )
    return tuple(clips)
