"""Arrays in npz files, read so that a wrong or damaged file is one line for the user.

Nothing is unpickled, and nothing is read that would unpack to more than :data:`MAX_BYTES`.
"""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motionbeat.errors import UserError

MAX_BYTES = 1 << 30
"""Largest size of the arrays that are read from one file, unpacked: 1 GiB, an hour of dance many times over."""

_LONGEST_REASON = 200

# What zipfile, its decompressors and numpy's reader of headers raise for damaged bytes. RuntimeError: encryption and
# compression that zipfile does not know. The last two come from numpy's parsing of old headers as Python.
_DAMAGE = (
    ValueError, EOFError, LookupError, TypeError, OverflowError, MemoryError, RuntimeError, zipfile.BadZipFile,
    zlib.error, lzma.LZMAError, struct.error, SyntaxError, tokenize.TokenError,
)  # fmt: skip


def read_arrays(
    path: str | Path, what: str, advice: str, needed: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Some arrays of an npz file; others in it are not looked at.

    Args:
        path: the file.
        what: it should be, for the errors: ``PATH: not WHAT (...)``.
        advice: the sentence at their end.
        needed: names of arrays that have to be there.
        optional: names of arrays that are read where they are there.

    Raises:
        UserError: the file is missing, cannot be read, is no npz or a damaged one, lacks a needed array, or an array
            holds pickled objects.
    """
    path = Path(path)
    arrays = {}
    try:
        if path.is_dir():
            raise UserError(f"{path}: this is a folder. {advice}")
        if not path.exists():
            raise UserError(f"{path}: no such file.")
        if not path.is_file():
            raise UserError(f"{path}: not a regular file. {advice}")
        with path.open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise wrong_file(path, what, "it is no npz file, or cut off", advice)
            with zipfile.ZipFile(file) as archive:
                present = {member.filename: member for member in archive.infolist()}
                missing = [name for name in needed if f"{name}.npy" not in present]
                if missing:
                    raise wrong_file(path, what, f"it has no {missing[0]}", advice)
                names = [name for name in (*needed, *optional) if f"{name}.npy" in present]
                if sum(present[f"{name}.npy"].file_size for name in names) > MAX_BYTES:
                    raise wrong_file(path, what, f"it unpacks to more than {MAX_BYTES >> 30} GiB", advice)
                for name in names:
                    with archive.open(present[f"{name}.npy"]) as member:
                        arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except _DAMAGE:
        # Their texts are for programmers; numpy's even tells how to load pickles.
        raise wrong_file(path, what, "it is damaged, encrypted, or holds other things than numbers", advice) from None
    return arrays


def wrong_file(path: str | Path, what: str, reason: object, advice: str) -> UserError:
    """``PATH: not WHAT (REASON). ADVICE`` in one line; a long reason is cut."""
    return UserError(f"{path}: not {what} ({' '.join(str(reason).split())[:_LONGEST_REASON]}). {advice}")


def numbers(name: str, array: np.ndarray, limit: float, kinds: str = "fiu") -> np.ndarray:
    """The array as float64.

    Args:
        name: for the errors.
        array: of any kind.
        limit: greatest absolute value.
        kinds: kinds of numbers that are accepted, as in :attr:`numpy.dtype.kind`.

    Raises:
        ValueError: it holds something else than numbers, or values that are not finite or beyond the limit.
    """
    if array.dtype.kind not in kinds:
        raise ValueError(f"{name} holds {array.dtype.name} instead of numbers")
    values = np.asarray(array, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has values that are not finite numbers")
    if np.abs(values).max(initial=0.0) > limit:
        raise ValueError(f"{name} has values beyond {limit:g}")
    return values


def one_number(name: str, array: np.ndarray, low: float, high: float) -> float:
    """The one number that an array holds.

    Raises:
        ValueError: it holds none or several, or one that is not between ``low`` and ``high``.
    """
    values = numbers(name, array, np.inf)
    if values.size != 1:
        raise ValueError(f"{name} must be one number, got {values.shape}")
    value = float(values.reshape(()))
    if not low <= value <= high:
        raise ValueError(f"{name} must be {low:g} to {high:g}, got {value:g}")
    return value
