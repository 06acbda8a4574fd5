"""Reads the arrays in somebody's pickle without running anything in it.

A pickle is a program: loading one may call any function there is. Here only what rebuilds numpy arrays and plain
containers may be called; the rest is refused by name. Arrays of Python 2, and of numpy before and after version 2
(``numpy.core`` and ``numpy._core``), are read alike.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from motionbeat.errors import UserError

_ARRAY_MODULES = frozenset(
    ["numpy"] + [f"numpy.{core}{part}" for core in ("core", "_core") for part in ("", ".multiarray", ".numeric")]
)
_ARRAY_PARTS = {
    "ndarray": np.ndarray,
    "dtype": np.dtype,
    "_reconstruct": np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    "scalar": np._core.multiarray.scalar,  # type: ignore[attr-defined]
    "_frombuffer": np._core.numeric._frombuffer,  # type: ignore[attr-defined]
}
_HARMLESS = {("_codecs", "encode")} | {
    (module, name) for module in ("builtins", "__builtin__") for name in ("object", "set", "frozenset", "slice")
} | {(module, "_reconstructor") for module in ("copyreg", "copy_reg")}  # fmt: skip


class ForbiddenCallable(Exception):
    """The pickle asks for something that is not data; the message is its full name."""


class ArrayUnpickler(pickle.Unpickler):
    """Accepts arrays of numbers and plain containers. A subclass may accept more, as passive records."""

    def find_class(self, module: str, name: str) -> Any:
        """What the pickle means by ``module.name``.

        Raises:
            ForbiddenCallable: neither an array's part nor a plain container.
        """
        if module in _ARRAY_MODULES and name in _ARRAY_PARTS:
            return _ARRAY_PARTS[name]
        if (module, name) in _HARMLESS:
            return super().find_class(module, name)
        raise ForbiddenCallable(f"{module}.{name}")


def read_table(path: Path, kind: str, unpickler: type[ArrayUnpickler] = ArrayUnpickler) -> dict[str, Any]:
    """The table of entries that a pickle file holds.

    Args:
        path: the file.
        kind: what it should be, with its article, for messages: ``an SMPL model file``.
        unpickler: decides what is accepted.

    Raises:
        UserError: the file is no pickle, holds no table, or contains something else than data.
        OSError: it cannot be read.
        MemoryError: it unpacks to more than the memory holds.
    """
    try:
        with path.open("rb") as file:
            entries = unpickler(file, encoding="latin1").load()
    except ForbiddenCallable as error:
        raise UserError(
            f"{path}: refused, because the file asks to run {error}. Only data is accepted; get the official file."
        ) from None
    except (OSError, MemoryError):
        raise
    except Exception as error:  # a broken pickle raises nearly anything
        raise UserError(f"{path}: not {kind} (not a readable pickle: {type(error).__name__}).") from None
    if not isinstance(entries, dict):
        raise UserError(f"{path}: not {kind} (it holds no table of arrays).")
    return entries
