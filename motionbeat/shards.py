"""Prepared pairs on disk: what ``python -m dancegen.prepare`` writes and training reads.

::

    OUT/index.json              what there is; written anew, whole, whenever a shard is done
    OUT/shard-00000/NAME.npz    pairs (:meth:`motionbeat.pairs.Pair.save`), until the shard has its size
    OUT/shard-00001/...
    OUT/report.json, report.md  of the checks; for people, not read again

``index.json`` is a table: ``format`` (:data:`FORMAT`), ``version`` (:data:`VERSION`), ``complete`` (whether the run
came to its end), ``made_with`` (its options), ``shards`` and ``dances``. A shard is ``{"folder": "shard-00000",
"pairs": [...]}``, a pair ``{"file": "NAME.npz", "bytes", "dance", "style", "split", "clean", "seconds"}``: what can be
chosen by needs no file to be opened. ``dances`` has a row for each dance in the shards, as in ``report.json``.

All pairs of a dance are in one shard. A shard has its name only once it is whole, so a run that was stopped goes on
after the last of them, and any of them may be copied or read alone, with ``index.json``.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from motionbeat.array_files import wrong_file
from motionbeat.errors import UserError

if TYPE_CHECKING:
    from motionbeat.pairs import Pair

FORMAT = "motionbeat-pairs"
VERSION = 1
INDEX = "index.json"

_SHARD = re.compile(r"shard-\d{5,}")
_STAGED = ".shard-in-progress"
_KIND = "the index of prepared pairs"
_AGAIN = "Make them with python -m dancegen.prepare."


class OutputError(UserError):
    """The folder cannot be written any more: nothing that follows can succeed."""


@dataclass(frozen=True)
class PairFile:
    """One pair of a prepared folder, as its index has it.

    Attributes:
        shard: folder that it is in.
        file: name of the npz.
        size: bytes of the file.
        dance: the recording that it comes from.
        style: genre label.
        split: ``train``, ``validation`` or ``test``.
        clean: whether dance and music may be used for anything.
        seconds: length.
    """

    shard: str
    file: str
    size: int
    dance: str
    style: str
    split: str
    clean: bool
    seconds: float

    def as_entry(self) -> dict[str, Any]:
        """What the index says of it in its shard's list."""
        return {
            "file": self.file, "bytes": self.size, "dance": self.dance, "style": self.style, "split": self.split,
            "clean": self.clean, "seconds": self.seconds,
        }  # fmt: skip


@dataclass(frozen=True)
class PreparedIndex:
    """What a prepared folder holds.

    Attributes:
        complete: whether the run that wrote it came to its end.
        made_with: its options.
        pairs: all pairs, shard after shard.
        dances: a row for each dance.
    """

    complete: bool
    made_with: dict[str, Any]
    pairs: tuple[PairFile, ...]
    dances: tuple[dict[str, Any], ...]


def is_prepared(folder: Path) -> bool:
    """Whether a folder has an index of prepared pairs, sound or not; a folder of ``motionbeat.pairs`` has none."""
    return (folder / INDEX).is_file()


def read_index(folder: Path) -> PreparedIndex:
    """The index of a prepared folder.

    Raises:
        UserError: it is missing, damaged, of another version or something else.
    """
    path = folder / INDEX
    if not path.is_file():
        raise UserError(f"{folder}: no {INDEX} there. {_AGAIN}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (ValueError, RecursionError):
        raise wrong_file(path, _KIND, "it is not JSON", _AGAIN) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise wrong_file(path, _KIND, f"its format is not {FORMAT}", _AGAIN)
    if content.get("version") != VERSION:
        raise wrong_file(path, _KIND, f"version {content.get('version')!r}, and {VERSION} is read", _AGAIN)
    try:
        pairs = tuple(_pair_file(shard["folder"], entry) for shard in content["shards"] for entry in shard["pairs"])
        complete, made_with, dances = content["complete"], content["made_with"], content["dances"]
        if not (isinstance(complete, bool) and isinstance(made_with, dict) and isinstance(dances, list)):
            raise TypeError
        if not all(isinstance(row, dict) and isinstance(row.get("dance"), str) for row in dances):
            raise TypeError
    except (KeyError, TypeError, ValueError):
        raise wrong_file(path, _KIND, "an entry is missing or of another kind", _AGAIN) from None
    return PreparedIndex(complete, made_with, pairs, tuple(dances))


def pair_files(
    folder: Path, *, split: str | None = None, clean_only: bool = False, partial: bool = False
) -> list[Path]:
    """Paths of the pairs of a prepared folder, shard after shard.

    Args:
        folder: see the module.
        split: only those of ``train``, ``validation`` or ``test``.
        clean_only: only those whose dance and music may be used for anything.
        partial: take what is there, of a run that was stopped or a copy of some shards.

    Raises:
        UserError: there is no sound index, a file has another size than there, or none is left; without ``partial``
            also where the run did not come to its end or a file is missing.
    """
    index = read_index(folder)
    if not (index.complete or partial):
        raise UserError(f"{folder}: the preparation was stopped. Give the same command again to go on.")
    paths = []
    for pair in index.pairs:
        if (split and pair.split != split) or (clean_only and not pair.clean):
            continue
        path = folder / pair.shard / pair.file
        try:
            size = path.stat().st_size
        except OSError:
            if partial:
                continue
            raise UserError(f"{path}: missing. Copy {pair.shard} again, or prepare again.") from None
        if size != pair.size:
            raise UserError(f"{path}: {size} bytes where the index says {pair.size}. Copy {pair.shard} again.")
        paths.append(path)
    if not paths:
        raise UserError(f"{folder}: no such pairs there. {_AGAIN}")
    return paths


class ShardWriter:
    """Context manager that writes prepared pairs, going on where a run before was stopped.

    When left, by an error or an interruption too, the dances that were added are in whole shards.

    Attributes:
        folder: where.
        rows: of the dances that are in whole shards.

    Raises:
        UserError: the folder holds something else, was made with other options, or cannot be written.
    """

    def __init__(self, folder: Path, made_with: dict[str, Any], shard_bytes: int) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        self._made_with = made_with
        self._shard_bytes = shard_bytes
        self._pairs: list[PairFile] = []
        self._waiting: list[PairFile] = []
        self._waiting_rows: list[dict[str, Any]] = []
        self._files: set[str] = set()
        self._created: list[Path] = []

    def __enter__(self) -> Self:
        try:
            if self.folder.exists() and not self.folder.is_dir():
                raise UserError(f"--out {self.folder}: this is a file. Give a folder.")
            if is_prepared(self.folder):
                self._go_on()
            elif self.folder.exists() and any(path.name != _STAGED for path in self.folder.iterdir()):
                raise UserError(f"--out {self.folder}: holds something already. Write elsewhere with --out.")
            self._created = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self._staged, ignore_errors=True)
            self._staged.mkdir()
        except OSError as error:
            raise UserError(f"--out {self.folder}: cannot write there ({error.strerror}). Write elsewhere.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._waiting:
            self._seal(complete=False)
        shutil.rmtree(self._staged, ignore_errors=True)
        if not self._pairs:
            for path in self._created:
                if path.is_dir() and not any(path.iterdir()):
                    path.rmdir()

    @property
    def empty(self) -> bool:
        """Whether no dance is written."""
        return not (self.rows or self._waiting_rows)

    @property
    def _staged(self) -> Path:
        return self.folder / _STAGED

    def _go_on(self) -> None:
        """Take over what a run before has finished."""
        index = read_index(self.folder)
        if index.made_with != self._made_with:
            before = json.dumps(index.made_with)
            raise UserError(
                f"--out {self.folder}: was made with other options ({before}). Write elsewhere with --out."
            )
        known = {pair.shard for pair in index.pairs}
        for path in self.folder.iterdir():
            if _SHARD.fullmatch(path.name) and path.name not in known:  # stopped between its naming and the index
                shutil.rmtree(path)
        self._pairs, self.rows = list(index.pairs), list(index.dances)
        self._files = {pair.file for pair in index.pairs}

    def add(self, pairs: Iterable[Pair], row: dict[str, Any]) -> None:
        """Write all pairs of a dance, then begin the next shard if this one has its size.

        Args:
            pairs: taken one by one; if that raises, nothing of the dance is written.
            row: what the report says of the dance; its ``dance`` is the dance's name. It may be filled while ``pairs``
                are taken.

        Raises:
            OutputError: the folder cannot be written.
            UserError: a pair of such a name is there; and whatever ``pairs`` raises.
        """
        written: list[PairFile] = []
        try:
            for pair in pairs:
                written.append(self._write(pair))
        except BaseException:
            kept = {file.file for file in self._waiting}
            for path in self._staged.iterdir():
                if path.name not in kept:
                    path.unlink()
            self._files -= {file.file for file in written}
            raise
        self._waiting += written
        self._waiting_rows.append(row)
        if sum(file.size for file in self._waiting) >= self._shard_bytes:
            self._seal(complete=False)

    def finish(self) -> None:
        """Close the last shard and mark the folder as complete."""
        self._seal(complete=True)

    def _write(self, pair: Pair) -> PairFile:
        file = f"{pair.name}.npz"
        if file in self._files:
            raise UserError(f"{pair.name}: another dance or pair has this name. Rename the file.")
        try:
            pair.save(self._staged)
            size = (self._staged / file).stat().st_size
        except OSError as error:
            raise self._unwritable(error) from None
        self._files.add(file)
        seconds = round(pair.motion.duration, 3)
        return PairFile("", file, size, pair.dance, pair.style, pair.split, pair.clean, seconds)

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"--out {self.folder}: cannot write there ({error.strerror}). Give the command again then.")

    def _seal(self, complete: bool) -> None:
        """Give the shard in progress its name, then tell of it in the index."""
        try:
            if self._waiting:
                numbers = [int(pair.shard.removeprefix("shard-")) for pair in self._pairs]
                shard = f"shard-{max(numbers, default=-1) + 1:05d}"
                self._staged.rename(self.folder / shard)
                self._staged.mkdir()
                self._pairs += [replace(file, shard=shard) for file in self._waiting]
                self.rows += self._waiting_rows
                self._waiting, self._waiting_rows = [], []
            staged = self._staged / INDEX
            staged.write_text(json.dumps(self._index(complete), indent=1) + "\n", encoding="utf-8")
            os.replace(staged, self.folder / INDEX)
        except OSError as error:
            raise self._unwritable(error) from None

    def _index(self, complete: bool) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "complete": complete,
            "made_with": self._made_with,
            "shards": [{"folder": name, "pairs": entries} for name, entries in self._by_shard()],
            "dances": self.rows,
        }

    def _by_shard(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        for name, pairs in itertools.groupby(self._pairs, key=lambda pair: pair.shard):
            yield name, [pair.as_entry() for pair in pairs]


def _pair_file(shard: object, entry: dict[str, Any]) -> PairFile:
    """
    Raises:
        KeyError, TypeError, ValueError: the entry is none, or leads out of the folder.
    """
    texts = [shard, *(entry[key] for key in ("file", "dance", "style", "split"))]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    folder, file, dance, style, split = map(str, texts)
    if not _SHARD.fullmatch(folder) or Path(file).name != file or not file.endswith(".npz"):
        raise ValueError
    return PairFile(
        folder, file, int(entry["bytes"]), dance, style, split, bool(entry["clean"]), float(entry["seconds"])
    )
