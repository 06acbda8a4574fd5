"""Reads the arrays in somebody's pickle without running anything in it.

A pickle is a program: loading one may call any function there is. Here it may call only what makes plain containers
and passive records; the rest is refused by name. That holds for numpy's own parts too: its types take over the state
that a pickle hands them without checking all of it, and a dtype of lies turns bytes into pointers. So nothing of numpy
is called while loading. :func:`plain_array` makes the array afterwards, from the raw bytes and checked facts.

Arrays of Python 2, and of numpy before and after version 2 (``numpy.core`` and ``numpy._core``), are read alike.
"""

from __future__ import annotations

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from motionbeat.errors import UserError

_NUMBER_TYPES = frozenset(["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"])
_LARGEST_SIDE = 2**31


class ForbiddenCallable(Exception):
    """The pickle asks for something that is not data; the message is its full name."""


class Record:
    """Stands in for an object of a foreign class: keeps what it was made of and its state, does nothing.

    Attributes:
        args: what its class was called with.
        state: what the object was filled with, None if with nothing.
    """

    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: object) -> Record:
        record = super().__new__(cls)
        record.args = args
        record.state = None
        return record

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Dtype(Record):
    """``numpy.dtype``: called with ``"f8", align, copy``, filled with ``version, byte order, ...``."""


class _NdarrayName(Record):
    """``numpy.ndarray``: only ever named, as what ``_reconstruct`` shall make."""


class _FilledArray(Record):
    """``_reconstruct``: an array that is filled with ``[version,] shape, dtype, is Fortran's order, raw``."""


class _BufferArray(Record):
    """``_frombuffer``: called with ``raw, dtype, shape, order[, axis order]``."""


class _Scalar(Record):
    """``scalar``: called with ``dtype, raw``."""


class _Encode(Record):
    """``_codecs.encode``, by which protocols before 3 write bytes; always with latin1."""

    def __new__(cls, text: str, encoding: str) -> bytes:  # type: ignore[misc]
        if encoding != "latin1":
            raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
        return str(text).encode("latin1")


class _Reconstructor(Record):
    """``copyreg._reconstructor``, by which protocols before 2 make objects."""

    def __new__(cls, kind: Any, base: object, state: object) -> Record:  # type: ignore[misc]
        if not (isinstance(kind, type) and issubclass(kind, Record)):
            raise pickle.UnpicklingError("an object that is no record")
        return kind()


_ARRAY_MODULES = frozenset(
    ["numpy"] + [f"numpy.{core}{part}" for core in ("core", "_core") for part in ("", ".multiarray", ".numeric")]
)
_ARRAY_PARTS = {
    "ndarray": _NdarrayName,
    "dtype": _Dtype,
    "_reconstruct": _FilledArray,
    "scalar": _Scalar,
    "_frombuffer": _BufferArray,
}
# Records or built-in types only: a pickle may set attributes of whatever it gets (of a function, for one), unless that
# has a __setstate__ or cannot be changed.
_HARMLESS: dict[tuple[str, str], type] = (
    {("_codecs", "encode"): _Encode}
    | {(module, "_reconstructor"): _Reconstructor for module in ("copyreg", "copy_reg")}
    | {
        (module, kind.__name__): kind
        for module in ("builtins", "__builtin__")
        for kind in (object, set, frozenset, slice)
    }
)


class ArrayUnpickler(pickle.Unpickler):
    """Accepts plain containers, and arrays as records for :func:`plain_array`. A subclass may accept more records."""

    def find_class(self, module: str, name: str) -> Any:
        """What stands for ``module.name`` here.

        Raises:
            ForbiddenCallable: neither an array's part nor a plain container.
        """
        if module in _ARRAY_MODULES and name in _ARRAY_PARTS:
            return _ARRAY_PARTS[name]
        if (module, name) in _HARMLESS:
            return _HARMLESS[module, name]
        raise ForbiddenCallable(f"{module}.{name}")


def read_table(path: Path, kind: str, unpickler: type[ArrayUnpickler] = ArrayUnpickler) -> dict[str, Any]:
    """The table of entries that a pickle file holds; arrays in it are still to be read by :func:`plain_array`.

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


def plain_array(value: Any) -> np.ndarray:
    """The array of numbers (float, integer or bool) that an entry of a table is; it may be read-only.

    Args:
        value: from :func:`read_table`, or an array already.

    Raises:
        ValueError: it is something else, or its facts do not fit together.
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "fiub":
            raise ValueError("an entry that is not an array of numbers")
        return value
    raw, dtype, shape, order, axes = _facts(value)
    code = _type_code(dtype)
    if isinstance(raw, str):  # of Python 2
        raw = raw.encode("latin1")
    if not isinstance(raw, bytes | bytearray):
        raise ValueError("an array without its bytes")
    if not _are_counts(shape) or max(shape, default=0) >= _LARGEST_SIDE:
        raise ValueError("an array of no sensible shape")
    if order not in ("C", "F") or (axes is not None and not _are_axes(axes, len(shape))):
        raise ValueError("an array in no known order")
    if math.prod(shape) * int(code[-1]) != len(raw):
        raise ValueError(f"an array of shape {shape} in {len(raw)} bytes")
    array = np.frombuffer(raw, code) if code[1] != "b" else np.frombuffer(raw, np.uint8) != 0
    array = array.reshape(shape, order=order)
    return array if axes is None else array.transpose(axes)


def _are_counts(values: Any) -> bool:
    return isinstance(values, tuple) and all(type(value) is int and value >= 0 for value in values)


def _are_axes(values: Any, count: int) -> bool:
    return _are_counts(values) and sorted(values) == list(range(count))


def _facts(value: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Raw bytes, dtype, shape, order and axes of an array's record, as they stand there."""
    match value:
        case _FilledArray(state=(int(), shape, dtype, fortran, raw) | (shape, dtype, fortran, raw)):
            return raw, dtype, shape, "F" if fortran else "C", None
        case _BufferArray(args=(raw, dtype, shape, "K", axes)):
            return raw, dtype, shape, "C", axes
        case _BufferArray(args=(raw, dtype, shape, order) | (raw, dtype, shape, order, None)):
            return raw, dtype, shape, order, None
        case _Scalar(args=(dtype, raw)):
            return raw, dtype, (), "C", None
    raise ValueError("an entry that is not an array of numbers")


def _type_code(dtype: Any) -> str:
    """numpy's short name of a plain type of numbers with its byte order, such as ``<f8``."""
    match dtype:
        case _Dtype(args=(str(name), *_), state=(int(), str(order), None, None, None, *_)) if (
            name in _NUMBER_TYPES and order in ("<", ">", "|", "=")
        ):
            return order + name
    raise ValueError("an array of something else than plain numbers")
