"""What the readers of data sets share: lists, tables and sounds, and errors that say what was expected where."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from motionbeat.errors import UserError
from motionbeat.probe.task import SPLITS, Kind, LabelledClip, Listening, Task

_SHOWN_LETTERS = 80


class SoundFolders:
    """Which sounds of a data set are there. Each folder is listed once, as a set may have 300,000 files.

    Args:
        expected: the layout in a sentence, for the errors.
    """

    def __init__(self, expected: str) -> None:
        self._expected = expected
        self._names: dict[Path, frozenset[str]] = {}
        self._wanted = 0
        self._missing: list[Path] = []

    def find(self, *choices: Path) -> Path:
        """The first of some paths that is there; where none is, the first, which then counts as missing."""
        self._wanted += 1
        for path in choices:
            if path.name in self._listed(path.parent):
                return path
        self._missing.append(choices[0])
        return choices[0]

    def check(self) -> None:
        """Raises UserError where a sound was missing."""
        if self._missing:
            count = f"{len(self._missing)} of {self._wanted} sounds are missing"
            raise UserError(f"{self._missing[0]}: no such file; {count}. {self._expected}")

    def _listed(self, folder: Path) -> frozenset[str]:
        if folder not in self._names:
            try:
                self._names[folder] = frozenset(os.listdir(folder))
            except OSError:
                self._names[folder] = frozenset()
        return self._names[folder]


def first_folder(root: Path, names: Sequence[str], expected: str) -> Path:
    """The first of some folders below ``root`` that is there (``.`` is ``root`` itself).

    Raises:
        UserError: none is.
    """
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise UserError(f"{root}: no folder {names[0]} there. {expected}")


def read_lines(path: Path, expected: str) -> list[str]:
    """The lines of a text file without the empty ones.

    Raises:
        UserError: the file is missing or no text.
    """
    return [line.strip() for line in _text(path, expected).splitlines() if line.strip()]


def read_json(path: Path, expected: str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        UserError: the file is missing or something else.
    """
    try:
        content = json.loads(_text(path, expected))
    except (ValueError, RecursionError):
        raise UserError(f"{path}: not JSON, or cut off. {expected}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: no JSON object. {expected}")
    return content


def read_table(path: Path, columns: Sequence[str], expected: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a file of comma- or tab-separated values with a head.

    Blanks around heads and values are taken off; values missing at the end of a row are empty.

    Args:
        path: the file.
        columns: that it must have; all that it has are returned.
        expected: the layout in a sentence, for the errors.
        delimiter: what parts the columns.

    Raises:
        UserError: the file is missing, no text or without rows, lacks a column, or a row has more values than heads.
    """
    try:
        rows = [[value.strip() for value in row] for row in _rows(path, expected, delimiter)]
    except csv.Error as error:
        raise UserError(f"{path}: not a table ({error}). {expected}") from None
    head = rows[0] if rows else []
    missing = [column for column in columns if column not in head]
    if missing:
        raise UserError(f"{path}: has no column {missing[0]!r}. {expected}")
    if len(rows) < 2:
        raise UserError(f"{path}: has no rows. {expected}")
    table = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) > len(head):
            raise UserError(f"{path}, row {number}: {len(row)} values under {len(head)} heads. {expected}")
        table.append(dict(itertools.zip_longest(head, row, fillvalue="")))
    return table


def _rows(path: Path, expected: str, delimiter: str) -> list[list[str]]:
    # not by splitlines(), which also parts lines at characters that occur within names
    return [row for row in csv.reader(io.StringIO(_text(path, expected), newline=""), delimiter=delimiter) if row]


def number_in(path: Path, row: dict[str, str], column: str, expected: str) -> float:
    """The number in a column of a row.

    Raises:
        UserError: it is none.
    """
    try:
        value = float(row[column])
        if not math.isfinite(value):
            raise ValueError
        return value
    except ValueError:
        shown = row[column][:_SHOWN_LETTERS]
        raise UserError(f"{path}: {shown!r} under {column!r} is not a number. {expected}") from None


def inner_path(source: Path, name: str, expected: str) -> PurePosixPath:
    """A relative path that a list names.

    Args:
        source: the list, for the errors.
        name: with slashes.
        expected: the layout in a sentence, for the errors.

    Raises:
        UserError: it leads out of the data set.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.name:
        raise UserError(f"{source}: {name[:_SHOWN_LETTERS]!r} is not a file within the data set. {expected}")
    return path


def split_counts(clips: Sequence[LabelledClip]) -> str:
    """Such as ``443 to train on, 197 to choose on, 290 to test on``."""
    counts = Counter(clip.split for clip in clips)
    verbs = zip(SPLITS, ("train", "choose", "test"), strict=True)
    return ", ".join(f"{counts[split]} to {verb} on" for split, verb in verbs)


def make_task(
    folder: Path,
    name: str,
    title: str,
    kind: Kind,
    clips: Sequence[LabelledClip],
    classes: Sequence[str],
    listening: Listening,
    source: str,
) -> Task:
    """A task of recorded clips from a data set's folder.

    Raises:
        UserError: the lists name a clip twice.
    """
    try:
        return Task(name, title, kind, tuple(clips), tuple(classes), listening, False, source)
    except ValueError as error:
        raise UserError(f"{folder}: {error}. Copy or download the lists again.") from None


def _text(path: Path, expected: str) -> str:
    try:
        # some sets have names in older encodings; only those that the labels need must be right
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file. {expected}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}). {expected}") from None
