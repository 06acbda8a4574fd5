"""Lists of clips in JSON files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from motionbeat.array_files import wrong_file
from motionbeat.errors import UserError

_EXPECTED = "--data must name the folder that holds the data sets (see motionbeat.probe.tasks)."


def read_index(folder: Path) -> list[object]:
    """The list in ``folder/index.json``.

    Raises:
        UserError: no such file, or something else in it.
    """
    path = folder / "index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file. {_EXPECTED}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (ValueError, RecursionError):
        raise wrong_file(path, "an index of clips", "not JSON", _EXPECTED) from None
    if not isinstance(index, list) or not index:
        raise wrong_file(path, "an index of clips", "no list", _EXPECTED)
    return index


def texts(folder: Path, entry: object, keys: Sequence[str]) -> list[str]:
    """Some entries of a clip in the index, all of them texts.

    Raises:
        UserError: one is missing or no text.
    """
    values = [entry.get(key) if isinstance(entry, dict) else None for key in keys]
    for key, value in zip(keys, values, strict=True):
        if not isinstance(value, str):
            raise wrong_file(folder / "index.json", "an index of clips", f"an entry has no {key}", _EXPECTED)
    return [str(value) for value in values]
