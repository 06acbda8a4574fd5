"""Where results go: names that never collide, and files that appear whole or not at all.

A run plans its output paths before any work (:func:`plan_outputs`), writes into a hidden folder beside them, and moves
the finished files into place in one go (:class:`StagedOutputs`). What was there before is touched only with ``force``.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from motionbeat.errors import UserError

_SOUND_SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".au"}
_VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"}
AUDIO_SUFFIXES = frozenset(_SOUND_SUFFIXES | _VIDEO_SUFFIXES)
"""What a folder of songs is searched for; a file that is named itself may end in anything."""

OTHER_FILE_SUFFIXES = AUDIO_SUFFIXES - {".mp4"} | {".npz", ".json", ".gif", ".bvh", ".fbx", ".glb"}
"""Endings of ``--out`` that surely mean a file, and one that cannot be written."""

MAX_NAME_BYTES = 200
"""Longest stem in bytes: common file systems allow 255 with the ending, and ours add up to ``-123.json``."""


@dataclass(frozen=True)
class OutputPaths:
    """The files of one song: ``video`` (mp4, None without a video), ``motion`` (npz) and ``report`` (json)."""

    video: Path | None
    motion: Path
    report: Path

    @classmethod
    def named(cls, folder: Path, stem: str, with_video: bool = True) -> OutputPaths:
        """``STEM.mp4``, ``STEM.npz`` and ``STEM.json`` in ``folder``."""
        video = folder / f"{stem}.mp4" if with_video else None
        return cls(video, folder / f"{stem}.npz", folder / f"{stem}.json")

    @property
    def files(self) -> tuple[Path, ...]:
        """The paths that exist after a successful run; the report comes last."""
        return tuple(path for path in (self.video, self.motion, self.report) if path is not None)


def find_songs(arguments: Sequence[Path]) -> tuple[list[Path], list[UserError]]:
    """Expand folders to the songs in them (not deeper), sorted by name; every file once, in the given order.

    Returns:
        The songs, and one error for each argument that is missing or a folder without songs.
    """
    songs: dict[Path, Path] = {}
    errors = []
    for argument in arguments:
        try:
            if argument.is_dir():
                found = sorted(
                    path
                    for path in argument.iterdir()
                    if path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".") and path.is_file()
                )
                if not found:
                    raise UserError(f"{argument}: no songs in this folder. Give audio files or a folder with some.")
            elif argument.exists():
                found = [argument]
            else:
                raise UserError(f"{argument}: no such file or folder.")
        except UserError as error:
            errors.append(error)
        except OSError as error:
            errors.append(UserError(f"{argument}: cannot be read ({error.strerror})."))
        else:
            for path in found:
                songs.setdefault(path.resolve(), path)
    return list(songs.values()), errors


def plan_outputs(songs: Sequence[Path], out: Path, with_video: bool = True) -> list[OutputPaths]:
    """Decide the output paths of every song before the work starts.

    Args:
        songs: the songs, each once.
        out: a folder, or ``FILE.mp4`` for a single song (motion and report then go beside it).
        with_video: whether an mp4 is among the outputs.

    Returns:
        One entry per song. Songs with the same stem get ``-2``, ``-3``, ... in their order.

    Raises:
        UserError: ``out`` cannot be meant as given.
    """
    suffix = out.suffix.lower()
    if out.is_dir():
        pass
    elif suffix == ".mp4":
        if len(songs) > 1:
            raise UserError(f"--out {out}: one file cannot hold {len(songs)} songs. Give a folder.")
        return [OutputPaths.named(out.parent, out.stem, with_video) for _ in songs]
    elif suffix in OTHER_FILE_SUFFIXES:
        raise UserError(f"--out {out}: {suffix} cannot be written. Give FILE.mp4 or a folder.")
    elif out.exists():
        raise UserError(f"--out {out}: this is a file. Give FILE.mp4 or a folder.")
    stems = [_clip_name(song.stem) for song in songs]
    plain = {_collision_key(stem) for stem in stems}
    used: set[str] = set()
    plans = []
    for stem in stems:
        name = stem
        number = 1
        # A numbered name must not take the place of a song that is really called so.
        while _collision_key(name) in used or (number > 1 and _collision_key(name) in plain):
            number += 1
            name = f"{stem}-{number}"
        used.add(_collision_key(name))
        plans.append(OutputPaths.named(out, name, with_video))
    return plans


def check_outputs(song: Path, paths: OutputPaths, force: bool) -> None:
    """Refuse paths that hold something already.

    Raises:
        UserError: an output exists and ``force`` is False, or an output is the song itself (with ``force`` too).
    """
    for path in paths.files:
        if not os.path.lexists(path):
            continue
        if path.is_dir():
            raise UserError(f"{path}: a folder is in the way of this output. Choose another --out.")
        if song.exists() and path.exists() and path.samefile(song):
            raise UserError(f"{path}: the output would replace the song itself. Choose another --out.")
        if not force:
            raise UserError(f"{path}: already exists. Add --force to replace it, or choose another --out.")


class StagedOutputs:
    """Context manager: write to :attr:`staged`, then :meth:`commit`; without a commit nothing is left.

    The staging folder lies in the output folder, so that moving a file into place is one atomic rename.

    Attributes:
        staged: where to write; same endings as the final paths, plain names.
        final: where :meth:`commit` puts the files.
    """

    def __init__(self, final: OutputPaths, force: bool = False) -> None:
        self.final = final
        self._force = force

    def __enter__(self) -> StagedOutputs:
        """Create the output folder and the staging folder in it.

        Raises:
            UserError: the folder cannot be created or written.
        """
        folder = self.final.report.parent.resolve()
        self._created = _missing_folders(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._staging = Path(tempfile.mkdtemp(prefix=".motionbeat-", dir=folder))
        except OSError as error:
            self._remove_created()
            raise UserError(f"{folder}: cannot write here ({error.strerror}). Choose another --out.") from None
        self.staged = OutputPaths.named(self._staging, "dance", self.final.video is not None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        shutil.rmtree(self._staging, ignore_errors=True)
        if kind is not None:
            self._remove_created()
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UserError(f"{self.final.report.parent}: the disk is full. Free some space.") from None

    def commit(self) -> None:
        """Move the staged files to their final paths; all of them or, when one exists meanwhile, none.

        With ``force`` old files are replaced one by one, each of them whole.

        Raises:
            UserError: a final path has come into being meanwhile and ``force`` is False.
        """
        placed: list[Path] = []
        try:
            for source, target in zip(self.staged.files, self.final.files, strict=True):
                if self._force:
                    os.replace(source, target)
                else:
                    _move_to_free_path(source, target)
                    placed.append(target)
        except BaseException:
            for target in placed:
                target.unlink(missing_ok=True)
            raise

    def _remove_created(self) -> None:
        for folder in self._created:
            try:
                folder.rmdir()
            except OSError:
                return  # Somebody else has put something there.


def _move_to_free_path(source: Path, target: Path) -> None:
    try:
        # Unlike a rename, a hard link fails when the target exists: no gap between the check and the move.
        os.link(source, target)
        return
    except FileExistsError:
        pass
    except OSError:  # A file system without hard links.
        if not os.path.lexists(target):
            os.replace(source, target)
            return
    raise UserError(f"{target}: was created by another program during the run. Add --force to replace it.")


def _missing_folders(folder: Path) -> list[Path]:
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _collision_key(name: str) -> str:
    """Equal for names that some file system takes for the same (case, Unicode form)."""
    return unicodedata.normalize("NFC", name).casefold()


def _clip_name(stem: str) -> str:
    clipped = os.fsencode(stem)[:MAX_NAME_BYTES]
    # fsdecode would keep half a character as a lone surrogate.
    return stem if len(os.fsencode(stem)) <= MAX_NAME_BYTES else clipped.decode(errors="ignore")
