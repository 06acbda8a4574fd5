"""Songs in, files out: what a command line is given, names that never collide, files that appear whole or not at all.

A run finds its songs (:func:`find_songs`), plans its output paths before any work (:func:`distinct_names`,
:func:`target_paths`, :func:`check_free`), writes into hidden folders beside them, and moves the finished files into
place in one go (:class:`StagedFiles`). What was there before is touched only with ``force``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Sequence, Set
from pathlib import Path
from types import TracebackType
from typing import Self

from motionbeat.errors import UserError

_SOUND_SUFFIXES = {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".au"}
_VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"}
AUDIO_SUFFIXES = frozenset(_SOUND_SUFFIXES | _VIDEO_SUFFIXES)
"""What a folder of songs is searched for; a file that is named itself may end in anything."""

_FILE_SUFFIXES = AUDIO_SUFFIXES | {
    ".beats", ".json", ".txt", ".csv", ".npz", ".npy", ".png", ".jpg", ".jpeg", ".svg", ".pdf",
}  # fmt: skip
"""Endings that surely mean a file, not a folder."""

MAX_NAME_BYTES = 200
"""Longest stem in bytes: common file systems allow 255 with the ending, and ours add up to ``-123.beats.json``."""


def find_songs(arguments: Sequence[Path]) -> tuple[list[Path], list[UserError]]:
    """Expand folders to the songs in them (not deeper), sorted by name; every file once, in the given order.

    Returns:
        The songs, and one error for each argument that is missing or a folder without songs.
    """
    return find_files(arguments, AUDIO_SUFFIXES, "songs", "audio files")


def find_files(
    arguments: Sequence[Path], suffixes: Set[str], what: str, kind: str
) -> tuple[list[Path], list[UserError]]:
    """:func:`find_songs` for files of any kind.

    Args:
        arguments: files, whatever they end in, and folders.
        suffixes: endings in lower case that a folder is searched for.
        what: for the errors: ``no WHAT in this folder``.
        kind: for the errors: ``Give KIND``.
    """
    files: dict[Path, Path] = {}
    errors = []
    for argument in arguments:
        try:
            if argument.is_dir():
                found = sorted(
                    path
                    for path in argument.iterdir()
                    if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
                )
                if not found:
                    raise UserError(f"{argument}: no {what} in this folder. Give {kind} or a folder with some.")
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
                files.setdefault(path.resolve(), path)
    return list(files.values()), errors


def distinct_names(songs: Sequence[Path]) -> list[str]:
    """One name without ending per song, for its outputs.

    It is the song's own, cut to :data:`MAX_NAME_BYTES`; songs of the same name get ``-2``, ``-3``, ... in their order.
    """
    stems = [_clip_name(song.stem) for song in songs]
    plain = {_collision_key(stem) for stem in stems}
    used: set[str] = set()
    names = []
    for stem in stems:
        name = stem
        number = 1
        # A numbered name must not take the place of a song that is really called so.
        while _collision_key(name) in used or (number > 1 and _collision_key(name) in plain):
            number += 1
            name = f"{stem}-{number}"
        used.add(_collision_key(name))
        names.append(name)
    return names


def target_paths(option: str, target: Path, names: list[str], ending: str, suffixes: tuple[str, ...]) -> list[Path]:
    """One path per song: NAME + ``ending`` in the folder ``target``, or ``target`` if it ends in one of ``suffixes``.

    Args:
        option: that ``target`` was given with, for the errors.
        target: a folder, which need not exist, or a file.
        names: of the songs, from :func:`distinct_names`.
        ending: of the files in a folder.
        suffixes: endings that a file may have; none when only a folder will do.

    Raises:
        UserError: ``target`` cannot be meant as given.
    """
    if not target.is_dir():
        suffix = target.suffix.lower()
        if suffix in suffixes:
            if len(names) > 1:
                raise UserError(f"{option} {target}: one file cannot hold {len(names)} songs. Give a folder.")
            return [target] * len(names)
        choices = "".join(f"FILE{each}, " for each in suffixes).rstrip(", ")
        wanted = f"{choices} or a folder" if choices else "a folder"
        if suffix in _FILE_SUFFIXES:
            raise UserError(f"{option} {target}: {suffix} cannot be written. Give {wanted}.")
        if target.exists():
            raise UserError(f"{option} {target}: this is a file. Give {wanted}.")
    return [target / f"{name}{ending}" for name in names]


def check_free(paths: Sequence[Path], inputs: Sequence[Path], force: bool) -> None:
    """Refuse output paths that hold something already.

    Args:
        paths: where a run is going to write.
        inputs: what it reads, never to be replaced.
        force: whether other files may be.

    Raises:
        UserError: a path exists and ``force`` is False, or it is a folder or one of what is read (with ``force`` too).
    """
    for path in paths:
        if not os.path.lexists(path):
            continue
        if path.is_dir():
            raise UserError(f"{path}: a folder is in the way of this output. Write elsewhere.")
        if path.exists() and any(each.exists() and path.samefile(each) for each in inputs):
            raise UserError(f"{path}: the output would replace a file that is read. Write elsewhere.")
        if not force:
            raise UserError(f"{path}: already exists. Add --force to replace it, or write elsewhere.")


class StagedFiles:
    """Context manager: write to :attr:`paths`, then :meth:`commit`; without a commit nothing is left.

    A staging folder lies in each output folder, so that moving a file into place is one atomic rename.

    Attributes:
        final: where :meth:`commit` puts the files.
        paths: where to write, one for each of ``final``: same endings, plain names. Known once entered.
    """

    def __init__(self, final: Sequence[Path], force: bool = False) -> None:
        self.final = tuple(final)
        self.paths: tuple[Path, ...] = ()
        self._force = force
        self._staging: dict[Path, Path] = {}
        self._created: list[Path] = []

    def __enter__(self) -> Self:
        """Create the output folders and the staging folders in them.

        Raises:
            UserError: a folder cannot be created or written.
        """
        folders = [path.parent.resolve() for path in self.final]
        for folder in dict.fromkeys(folders):
            self._created += [path for path in (folder, *folder.parents) if not path.exists()]
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._staging[folder] = Path(tempfile.mkdtemp(prefix=".motionbeat-", dir=folder))
            except OSError as error:
                self._remove_staging()
                self._remove_created()
                raise UserError(f"{folder}: cannot write here ({error.strerror}). Write elsewhere.") from None
        self.paths = tuple(
            self._staging[folder] / f"{number}{path.suffix}"
            for number, (folder, path) in enumerate(zip(folders, self.final, strict=True))
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        folders = ", ".join(str(folder) for folder in self._staging)
        self._remove_staging()
        if kind is not None:
            self._remove_created()
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise UserError(f"{folders}: the disk is full. Free some space.") from None

    def commit(self) -> None:
        """Move the staged files to their final paths; all of them or, when one exists meanwhile, none.

        With ``force`` old files are replaced one by one, each of them whole.

        Raises:
            UserError: a final path has come into being meanwhile and ``force`` is False.
        """
        placed: list[Path] = []
        try:
            for source, target in zip(self.paths, self.final, strict=True):
                if self._force:
                    os.replace(source, target)
                else:
                    _move_to_free_path(source, target)
                    placed.append(target)
        except BaseException:
            for target in placed:
                target.unlink(missing_ok=True)
            raise

    def _remove_staging(self) -> None:
        for staging in self._staging.values():
            shutil.rmtree(staging, ignore_errors=True)

    def _remove_created(self) -> None:
        for folder in sorted(self._created, key=lambda path: len(path.parts), reverse=True):
            with contextlib.suppress(OSError):  # Somebody else has put something there.
                folder.rmdir()


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


def _collision_key(name: str) -> str:
    """Equal for names that some file system takes for the same (case, Unicode form)."""
    return unicodedata.normalize("NFC", name).casefold()


def _clip_name(stem: str) -> str:
    clipped = os.fsencode(stem)[:MAX_NAME_BYTES]
    # fsdecode would keep half a character as a lone surrogate.
    return stem if len(os.fsencode(stem)) <= MAX_NAME_BYTES else clipped.decode(errors="ignore")
