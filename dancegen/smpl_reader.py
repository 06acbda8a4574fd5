"""Reads the user's own SMPL, SMPL-H or SMPL-X file without running anything in it.

The official SMPL files are Python 2 pickles with chumpy and scipy objects inside. The restricted unpickler
(:mod:`motionbeat.restricted_pickle`) is extended by those two, as passive records; chumpy is not needed and any other
class is refused. The npz files of SMPL-H and SMPL-X are read without their pickled entries.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from motionbeat.errors import UserError
from motionbeat.restricted_pickle import ArrayUnpickler, Record, plain_array, read_table

MODEL_NAMES: dict[int, str] = {24: "SMPL", 52: "SMPL-H", 55: "SMPL-X"}
"""Model by its number of joints."""

MAX_FILE_BYTES = 2 << 30
"""The largest official file, SMPL-X with all its parts, has 0.8 GB."""

_DEEPEST_EXPRESSION = 8
"""Layers of chumpy objects around an array. The official files have two: a Select of a Ch."""

_KIND = "an SMPL, SMPL-H or SMPL-X model file"


@dataclass(frozen=True, eq=False)
class SmplData:
    """The arrays of a body model (V vertices, J joints), float32 unless noted.

    Attributes:
        name: SMPL, SMPL-H or SMPL-X.
        v_template: (V, 3) metres, T-pose, y up, facing +z.
        faces: (F, 3) int32.
        weights: (V, J) skinning weights.
        joint_regressor: (J, V).
        parents: (J,) int64, -1 for the root.
        posedirs: (V, 3, 9 (J - 1)) pose-dependent offsets.
        hand_poses: (2, 45) mean rotations of the fingers, left and right; None where the model has no fingers.
    """

    name: str
    v_template: np.ndarray
    faces: np.ndarray
    weights: np.ndarray
    joint_regressor: np.ndarray
    parents: np.ndarray
    posedirs: np.ndarray
    hand_poses: np.ndarray | None


def read_smpl(path: str | Path) -> SmplData:
    """Read a model file (.pkl or .npz, recognised by its first bytes).

    Raises:
        UserError: the file is missing, is no such model, or contains something else than data.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise UserError(f"{path}: no such file. Give an SMPL, SMPL-H or SMPL-X model file (.pkl or .npz).")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserError(f"{path}: larger than any SMPL file. Give an SMPL, SMPL-H or SMPL-X model file.")
        with path.open("rb") as file:
            zipped = file.read(4) == b"PK\x03\x04"
        entries = _read_npz(path) if zipped else read_table(path, _KIND, _SmplUnpickler)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except MemoryError:
        raise UserError(f"{path}: unpacks to more than this machine's memory holds.") from None
    try:
        return _check(entries)
    except MemoryError:
        raise UserError(f"{path}: unpacks to more than this machine's memory holds.") from None
    except (KeyError, ValueError, TypeError, IndexError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise UserError(f"{path}: not an SMPL, SMPL-H or SMPL-X model file ({reason}).") from None


class _ChumpyRecord(Record):
    """Any chumpy object."""


class _SparseRecord(Record):
    """Any scipy.sparse matrix."""

    layout: str


_SPARSE_NAMES = {"csc_matrix": "csc", "csr_matrix": "csr", "coo_matrix": "coo"}


class _SmplUnpickler(ArrayUnpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "chumpy" or module.startswith("chumpy."):
            return _ChumpyRecord
        if (module == "scipy.sparse" or module.startswith("scipy.sparse.")) and name in _SPARSE_NAMES:
            return type("_" + name, (_SparseRecord,), {"layout": _SPARSE_NAMES[name]})
        return super().find_class(module, name)


def _read_npz(path: Path) -> dict[str, Any]:
    entries = {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_FILE_BYTES:
                raise UserError(
                    f"{path}: unpacks to more than any SMPL file. Give an SMPL, SMPL-H or SMPL-X model file."
                )
        with np.load(path, allow_pickle=False) as data:
            for key in data.files:
                try:
                    entries[key] = data[key]
                except ValueError:  # a pickled entry, such as SMPL-X's part names: not needed
                    continue
    except (UserError, OSError, MemoryError):
        raise
    except Exception as error:  # a damaged zip raises many things, a broken header of an array nearly anything
        raise UserError(f"{path}: a damaged npz file ({error}). Copy or download it again.") from None
    return entries


def _array(value: Any, depth: int = 0) -> np.ndarray:
    """The numbers in an entry, whatever wraps them."""
    if isinstance(value, _ChumpyRecord):
        state = _state(value)
        if depth == _DEEPEST_EXPRESSION:  # perhaps one that contains itself
            raise ValueError("a chumpy expression in too many layers")
        if "x" in state:
            return _array(state["x"], depth + 1)
        if "a" in state and "idxs" in state:  # chumpy's reordering.Select
            picked = _array(state["a"], depth + 1).ravel()[_array(state["idxs"], depth + 1).astype(np.int64)]
            return picked.reshape(_shape(state["preferred_shape"])) if "preferred_shape" in state else picked
        raise ValueError("a chumpy expression that holds no values")
    if isinstance(value, _SparseRecord):
        return _dense(value)
    return plain_array(value)


def _state(record: Record) -> dict[str, Any]:
    if not isinstance(record.state, dict):
        raise ValueError("an object without its values")
    return record.state


def _shape(value: Any) -> tuple[int, ...]:
    """Sides of an array, which may be numpy's numbers."""
    if not isinstance(value, tuple):
        raise ValueError("a shape that is none")
    sides = [side if isinstance(side, int) else plain_array(side) for side in value]
    if not all(isinstance(side, int) or (side.dtype.kind in "iu" and side.shape == ()) for side in sides):
        raise ValueError("a shape that is none")
    return tuple(int(side) for side in sides)


def _dense(matrix: _SparseRecord) -> np.ndarray:
    """The matrix written out. scipy's loops trust the indices, so those are checked here."""
    state = _state(matrix)
    shape = _shape(state["_shape"] if "_shape" in state else state["shape"])
    if len(shape) != 2 or min(shape) < 1 or math.prod(shape) * 8 > MAX_FILE_BYTES:
        raise ValueError(f"a sparse matrix of shape {shape}")
    values = plain_array(state["data"])
    if matrix.layout == "coo":
        places = state["coords"] if "coords" in state else (state["row"], state["col"])
        rows, columns = (_indices(place) for place in places)
        if not len(values) == len(rows) == len(columns):
            raise ValueError("a sparse matrix whose indices are not as many as its values")
        return scipy.sparse.coo_matrix((values, (rows, columns)), shape=shape).toarray()
    indices, bounds = _indices(state["indices"]), _indices(state["indptr"])
    if (np.diff(bounds) < 0).any():  # check_format leaves this out where the last bound is 0
        raise ValueError("a sparse matrix whose indptr is not in order")
    build = scipy.sparse.csc_matrix if matrix.layout == "csc" else scipy.sparse.csr_matrix
    built = build((values, indices, bounds), shape=shape)
    built.check_format(full_check=True)
    return built.toarray()


def _indices(value: Any) -> np.ndarray:
    indices = plain_array(value)
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise ValueError("a sparse matrix whose indices are not a row of whole numbers")
    if len(indices) and not 0 <= indices.min() <= indices.max() < MAX_FILE_BYTES:  # so none is changed below
        raise ValueError("a sparse matrix whose indices point outside")
    return indices.astype(np.int64)


def _check(entries: dict[str, Any]) -> SmplData:
    def floats(key: str) -> np.ndarray:
        with np.errstate(over="ignore"):  # what is too large becomes infinite
            array = _array(entries[key]).astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError(f"{key} has values that are not finite")
        return array

    tree = _array(entries["kintree_table"])
    if tree.ndim != 2 or tree.shape[1] not in MODEL_NAMES:
        raise ValueError(f"kintree_table is {tree.shape}, expected 24, 52 or 55 joints")
    joints = tree.shape[1]
    with np.errstate(invalid="ignore"):  # what is no number becomes negative
        parents = tree[0].astype(np.int64)
    parents[0] = -1  # stored as the largest unsigned number
    if (parents[1:] >= np.arange(1, joints)).any() or (parents[1:] < 0).any():
        raise ValueError("kintree_table is not a tree in order")
    template = floats("v_template")
    count = len(template)
    faces = _array(entries["f"])
    if faces.ndim != 2 or faces.shape[1] != 3 or not 0 <= faces.min() <= faces.max() < count:
        raise ValueError("f does not index the vertices")
    data = SmplData(
        name=MODEL_NAMES[joints],
        v_template=template,
        faces=faces.astype(np.int32),
        weights=floats("weights"),
        joint_regressor=floats("J_regressor"),
        parents=parents,
        posedirs=floats("posedirs"),
        hand_poses=np.stack([floats("hands_meanl"), floats("hands_meanr")]) if "hands_meanl" in entries else None,
    )
    expected = {
        "v_template": (count, 3),
        "weights": (count, joints),
        "joint_regressor": (joints, count),
        "posedirs": (count, 3, 9 * (joints - 1)),
    }
    for key, shape in expected.items():
        if getattr(data, key).shape != shape:
            raise ValueError(f"{key} is {getattr(data, key).shape}, expected {shape}")
    if data.hand_poses is not None and data.hand_poses.shape != (2, 45):
        raise ValueError(f"the mean hand poses are {data.hand_poses.shape}, expected (2, 45)")
    return data
