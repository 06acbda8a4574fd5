"""A folder of a user's own dances: motion files, in folders by style, with or without their music.

::

    FOLDER/hiphop/take1.bvh      style hiphop, without music
    FOLDER/waltz/anna/1.bvh      style waltz
    FOLDER/waltz/anna/1.wav      its music: begins with the motion at time 0
    FOLDER/solo.bvh              style other

The style is the name of the uppermost folder in FOLDER, in small letters with ``_`` for spaces.

The split is drawn by hash, a tenth of the songs for validation and a tenth for test: of a dance with music by the
content of its sound file, so that all dances to one recording are in one split whatever the files are called; of one
without music by its path in FOLDER. It stays the same when dances are added, taken away, or the folder is moved.
Dances by one dancer, takes of one choreography, or one song in two recordings are not known to belong together.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.dances import Dance
from motionbeat.errors import Refuse, UserError, raise_it
from motionbeat.motion import Motion
from motionbeat.output import distinct_names

SOUND_ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".aiff", ".aif", ".m4a", ".mp3", ".aac", ".wma")
"""Endings of the music beside a motion; the first that is there is taken, mp3 late because its encoders put some
hundredths of a second before the first sample."""

NO_STYLE = "other"


@dataclass(frozen=True)
class DanceFile:
    """A motion file and what its place in the folder tells.

    Attributes:
        name: of the dance, different from all others.
        style: genre label.
        motion_path: the motion.
        audio_path: its music or None.
        song: what its music is called, the same for all files with that sound; empty without music.
        split: ``train``, ``validation`` or ``test``.
    """

    name: str
    style: str
    motion_path: Path
    audio_path: Path | None
    song: str
    split: str


def find_dance_files(folder: Path, ending: str, prefix: str, left_out: tuple[str, ...] = ()) -> list[DanceFile]:
    """The motion files in a folder and all folders in it, by path.

    Args:
        folder: see the module.
        ending: of the motion files, in small letters.
        prefix: before all names, to tell dances of several sets apart.
        left_out: endings of names that are no motions.

    Raises:
        UserError: no such folder, it cannot be read, or there are none.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder.")
    try:
        visible = [
            path
            for path in sorted(folder.rglob("*"))
            if not any(part.startswith(".") for part in path.relative_to(folder).parts) and path.is_file()
        ]
        paths = [
            path for path in visible if path.suffix.lower() == ending and not path.name.lower().endswith(left_out)
        ]
        sounds = {(path.with_suffix(""), path.suffix.lower()): path for path in visible}
        places = [path.relative_to(folder) for path in paths]
        # the path as one plain name; two paths that become one get numbers
        names = distinct_names([Path(f"{prefix}_{'_'.join(place.with_suffix('').parts)}{ending}") for place in places])
        files = []
        songs: dict[str, str] = {}
        for path, place, name in zip(paths, places, names, strict=True):
            style = place.parts[0].strip().lower().replace(" ", "_") if len(place.parts) > 1 else NO_STYLE
            found = (sounds.get((path.with_suffix(""), each)) for each in SOUND_ENDINGS)
            music = next(filter(None, found), None)
            if music is None:
                files.append(DanceFile(name, style, path, None, "", _split(place.with_suffix("").as_posix())))
                continue
            with music.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            files.append(DanceFile(name, style, path, music, songs.setdefault(content, name), _split(content)))
    except OSError as error:
        raise UserError(f"{error.filename or folder}: cannot be read ({error.strerror or error}).") from None
    if not files:
        raise UserError(f"{folder}: no {ending} files there or in its folders.")
    return files


def read_dance_files(
    files: list[DanceFile], read_motion: Callable[[Path], Motion], what: str, refuse: Refuse = raise_it
) -> list[Dance]:
    """The dances with the beats that our tracker hears in their music. They count as not clean, as nothing is known of
    their licence.

    Args:
        files: from :func:`find_dance_files`.
        read_motion: reads a motion file: 30 fps, y up, floor at y = 0, with contacts.
        what: is read, for the progress bar.
        refuse: is called with the error of each dance that cannot be read.
    """
    grids: dict[str, BeatGrid] = {}
    dances = []
    for file in tqdm(files, desc=f"reading {what}", unit="dance"):
        try:
            motion = read_motion(file.motion_path)
            if file.audio_path is not None and file.song not in grids:
                audio = load_audio(file.audio_path)
                grids[file.song] = track_beats(audio).covering(audio.duration)
        except UserError as error:
            refuse(error)
            continue
        valid = np.ones(len(motion), dtype=bool)
        grid = grids.get(file.song)
        dances.append(
            Dance(file.name, file.style, motion, valid, grid, file.audio_path, False, file.split, song=file.song)
        )
    return dances


def _split(key: str) -> str:
    return {0: "test", 1: "validation"}.get(zlib.crc32(key.encode("utf-8", "surrogateescape")) % 10, "train")
