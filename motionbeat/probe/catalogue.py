"""The tasks by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from motionbeat.errors import UserError
from motionbeat.probe import official
from motionbeat.probe.task import Task


@dataclass(frozen=True)
class Places:
    """Where data lie.

    Attributes:
        data: the folder that holds ``instruments/``, ``midi/``, ``ballroom/``, ``beats_dev/``; for an official task
            the folder of its data set.
        cache: where rendered clips are kept.
        beatset: clips of ``python -m motionbeat.beatset``.
        recordings: clips of ``python -m motionbeat.beatset.recordings``.
        tags: npz of teacher tags.
        pairs: dances and their music, of ``python -m motionbeat.pairs``.
    """

    data: Path | None
    cache: Path
    beatset: Path
    recordings: Path
    tags: Path
    pairs: Path

    def folder(self, task: str) -> Path:
        """``data``.

        Raises:
            UserError: it was not given or is no folder.
        """
        if self.data is None:
            raise UserError(f"{task} is read from a folder of data; name it with --data DIR.")
        if not self.data.is_dir():
            raise UserError(f"--data {self.data}: no such folder.")
        return self.data


def _recorded_notes(places: Places) -> Task:
    from motionbeat.probe.tasks.instrument import recorded_notes

    return recorded_notes(places.folder("instrument"))


def _notes_across_fonts(places: Places) -> Task:
    from motionbeat.probe.tasks.instrument import notes_across_fonts

    return notes_across_fonts(places.cache)


def _emopia(places: Places) -> Task:
    from motionbeat.probe.tasks.emotion import emopia

    return emopia(places.folder("emotion"), places.cache)


def _vgmidi(places: Places) -> Task:
    from motionbeat.probe.tasks.emotion import vgmidi

    return vgmidi(places.folder("vgmidi"), places.cache)


def _nottingham(places: Places) -> Task:
    from motionbeat.probe.tasks.dance_type import nottingham

    return nottingham(places.folder("dance-type"), places.cache)


def _ballroom(places: Places) -> Task:
    from motionbeat.probe.tasks.dance_type import ballroom

    return ballroom(places.folder("ballroom"))


def _groove(places: Places) -> Task:
    from motionbeat.probe.tasks.drum_style import groove

    return groove(places.folder("drum-style"), places.cache)


def _beats(places: Places) -> Task:
    from motionbeat.probe.tasks.beat_clips import beats

    return beats(places.folder("beats"), places.cache, places.beatset)


def _teacher_tags(places: Places) -> Task:
    from motionbeat.probe.tasks.teacher_tags import teacher_tags

    return teacher_tags(places.cache, places.recordings, places.tags)


def _dances(places: Places) -> Task:
    from motionbeat.probe.tasks.dances import ballroom_dances

    return ballroom_dances(places.folder("dances"), places.pairs)


def _aist(places: Places) -> Task:
    from motionbeat.probe.official.aist import aist_dances

    return aist_dances(places.folder("aist"), places.pairs)


def _in_its_folder(name: str) -> Callable[[Places], Task]:
    return lambda places: official.OFFICIAL[name](places.folder(name))


OWN: dict[str, Callable[[Places], Task]] = {
    "beats": _beats,
    "dance-type": _nottingham,
    "ballroom": _ballroom,
    "drum-style": _groove,
    "instrument": _recorded_notes,
    "instrument-fonts": _notes_across_fonts,
    "emotion": _emopia,
    "vgmidi": _vgmidi,
    "teacher-tags": _teacher_tags,
    "dances": _dances,
}
"""Tasks on data that anyone can get; each imported when it is read, since rendering needs an optional dependency."""

OFFICIAL: dict[str, Callable[[Places], Task]] = {name: _in_its_folder(name) for name in official.OFFICIAL} | {
    "aist": _aist
}
"""Tasks on published data sets, of which only who has them can read them."""


def read_task(name: str, places: Places) -> Task:
    """A task by name; clips that have to be rendered are.

    Raises:
        UserError: no such task, or its data are not there or damaged.
    """
    if name in OFFICIAL:
        return OFFICIAL[name](places)
    if name not in OWN:
        raise UserError(f"No task is called {name}; --list shows all.")
    try:
        return OWN[name](places)
    except ModuleNotFoundError as error:
        raise UserError(f"{name} needs {error.name}; install it with: pip install '.[beatset]'") from None
