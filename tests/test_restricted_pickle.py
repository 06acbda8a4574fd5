"""The reader of other people's pickles: it reads every layout of arrays and calls nothing of numpy meanwhile."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motionbeat.aist import read_aist_motion
from motionbeat.errors import UserError
from motionbeat.restricted_pickle import Record, plain_array, read_table

ARRAYS = {
    "row": np.arange(5.0),
    "fortran": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
    "swapped axes": np.arange(24.0, dtype=np.float32).reshape(2, 3, 4).transpose(1, 0, 2),
    "strided": np.arange(20, dtype=np.uint8)[::3],
    "big-endian": np.arange(4, dtype=">f8"),
    "bool": np.array([[True, False, True]]),
    "point": np.array(2.5),
    "number": np.float32(0.1),
}
OBJECT_POINTERS = struct.pack("<Q", 0x4141414141414141) * 72 * 60


class Named:
    """Pickles as the name of a class or function of somebody else's."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Made:
    """Pickles as the result of a call, filled with a state."""

    def __init__(self, call: Named, args: tuple[object, ...], state: object = None) -> None:
        self.call, self.args, self.state = call, args, state


class Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes names and calls as asked, whether or not they are there."""

    def save(self, obj: object, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Named):
            self.write(b"c" + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Made):
            self.save(obj.call)
            self.save(obj.args)
            self.write(b"R")
            if obj.state is not None:
                self.save(obj.state)
                self.write(b"b")
        else:
            super().save(obj, save_persistent_id)


def write(path: Path, table: object) -> Path:
    with path.open("wb") as file:
        Pickler(file, 4).dump(table)
    return path


def dtype_of(name: object, *state: object) -> Made:
    return Made(Named("numpy", "dtype"), (name, False, True), state)


FLOATS = dtype_of("f4", 3, "<", None, None, None, -1, -1, 0)
RECONSTRUCT = Named("numpy.core.multiarray", "_reconstruct")


def array_of(*state: object) -> Made:
    return Made(RECONSTRUCT, (Named("numpy", "ndarray"), (0,), b"b"), state)


def pointers() -> Made:
    """A record type whose one field is an object, with flags that say that it is none."""
    field = dtype_of("O", 3, "|", None, None, None, -1, -1, 63)
    return dtype_of("V8", 3, "|", None, ("a",), {"a": (field, 0)}, 8, 1, 0)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_layout_and_protocol(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(ARRAYS, protocol))
    table = read_table(path, "a table")
    assert list(table) == list(ARRAYS)
    for name, expected in ARRAYS.items():
        array = plain_array(table[name])
        assert array.dtype == expected.dtype and array.shape == expected.shape, name
        np.testing.assert_array_equal(array, expected)


def test_an_empty_array(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": np.zeros((0, 3), np.float32)}))
    assert plain_array(read_table(tmp_path / "a.pkl", "a table")["a"]).shape == (0, 3)


def test_arrays_of_python_2(tmp_path: Path) -> None:
    raw = np.array([1.5, -2.0, 1e-30], "<f4").tobytes()
    head = b"\x80\x02}U\x01acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x03\x85"
    dtype = b"cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    (tmp_path / "a.pkl").write_bytes(head + dtype + b"\x89U" + bytes([len(raw)]) + raw + b"tbs.")
    array = plain_array(read_table(tmp_path / "a.pkl", "a table")["a"])
    np.testing.assert_array_equal(array, np.array([1.5, -2.0, 1e-30], np.float32))


@pytest.mark.parametrize("key", ["smpl_poses", "smpl_scaling"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: array_of(1, (60, 72), pointers(), False, OBJECT_POINTERS),
        lambda: Made(Named("numpy.core.numeric", "_frombuffer"), (OBJECT_POINTERS, pointers(), (60, 72), "C")),
        lambda: Made(Named("numpy.core.multiarray", "scalar"), (pointers(), OBJECT_POINTERS[:8])),
        lambda: Made(Named("numpy", "ndarray"), ((60, 72), pointers(), OBJECT_POINTERS)),
    ],
)
def test_bytes_do_not_become_pointers(tmp_path: Path, key: str, make: Callable[[], Made]) -> None:
    table = {
        "smpl_poses": np.zeros((60, 72), np.float32),
        "smpl_trans": np.zeros((60, 3), np.float32),
        "smpl_scaling": np.ones(1, np.float32),
    }
    path = write(tmp_path / "a.pkl", table | {key: make()})
    assert isinstance(read_table(path, "a table")[key], Record)  # loading makes nothing of it
    with pytest.raises(UserError, match=r"a\.pkl: not an AIST\+\+ motion \(an entry is not an array of numbers\)"):
        read_aist_motion(path)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (array_of(1, (3,), FLOATS, False, b"1234"), r"shape \(3,\) in 4 bytes"),
        (array_of(1, (-1, -1), FLOATS, False, b"1234"), "no sensible shape"),
        (array_of(1, (0, 2**40), FLOATS, False, b""), "no sensible shape"),
        (array_of(1, [1], FLOATS, False, b"1234"), "no sensible shape"),
        (array_of(1, ("1",), FLOATS, False, b"1234"), "no sensible shape"),
        (array_of(1, (1,) * 70, FLOATS, False, b"1234"), "dimension"),
        (array_of(1, (1,), FLOATS, False, [1.0]), "without its bytes"),
        (array_of(1, (1,), FLOATS, False, "☃123"), "latin-1"),
        (array_of(1, (1,), dtype_of("O", 3, "|", None, None, None, -1, -1, 63), False, [1]), "plain numbers"),
        (array_of(1, (1,), dtype_of("f4", 3, "<", (FLOATS, (2,)), None, None, 4, 1, 0), False, b"1234"), "plain"),
        (array_of(1, (1,), dtype_of(["f4"], 3, "<", None, None, None, -1, -1, 0), False, b"1234"), "plain"),
        (array_of(1, (1,), Made(Named("numpy", "dtype"), ("f4",)), False, b"1234"), "plain"),
        (array_of(1, (1,), "f4", False, b"1234"), "plain"),
        (array_of(3), "not an array"),
        (Made(RECONSTRUCT, (Named("numpy", "ndarray"), (0,), b"b")), "not an array"),
        (Made(Named("numpy.core.numeric", "_frombuffer"), (b"1234", FLOATS, (1,), "K", ("a",))), "no known order"),
        (Made(Named("numpy.core.numeric", "_frombuffer"), (b"1234", FLOATS, (1,), "K", (True,))), "no known order"),
        (Named("numpy", "ndarray"), "not an array"),
        ("1", "not an array"),
        ([1.0], "not an array"),
    ],
)
def test_facts_that_do_not_fit_together(tmp_path: Path, made: object, message: str) -> None:
    table = read_table(write(tmp_path / "a.pkl", {"a": made}), "a table")
    with pytest.raises(ValueError, match=message):
        plain_array(table["a"])


def test_text_arrays_are_not_numbers() -> None:
    with pytest.raises(ValueError, match="not an array of numbers"):
        plain_array(np.array(["1"]))


@pytest.mark.parametrize(
    "harm",
    [
        Made(Named("_codecs", "encode"), ("x", "rot13")),
        Made(Named("copyreg", "_reconstructor"), (Named("builtins", "set"), Named("builtins", "object"), None)),
    ],
)
def test_helpers_make_nothing_but_bytes_and_records(tmp_path: Path, harm: Made) -> None:
    with pytest.raises(UserError, match=r"not a table \(not a readable pickle: UnpicklingError\)"):
        read_table(write(tmp_path / "a.pkl", {"a": harm}), "a table")


@pytest.mark.parametrize(
    "name",
    [("_codecs", "encode"), ("copyreg", "_reconstructor"), ("numpy", "dtype"), ("numpy.core.numeric", "_frombuffer")],
)
def test_what_a_pickle_may_call_it_cannot_change(tmp_path: Path, name: tuple[str, str]) -> None:
    class Filled(Made):
        """The callable itself, filled with attributes."""

    class Changing(Pickler):
        def save(self, obj: object, save_persistent_id: bool = True) -> None:
            if isinstance(obj, Filled):
                self.save(obj.call)
                self.save((None, {"__defaults__": (1,), "__new__": Named("builtins", "set")}))
                self.write(b"b")
            else:
                super().save(obj, save_persistent_id)

    path = tmp_path / "a.pkl"
    with path.open("wb") as file:
        Changing(file, 4).dump({"a": Filled(Named(*name), ())})
    with pytest.raises(UserError, match="not a readable pickle"):
        read_table(path, "a table")
    (tmp_path / "b.pkl").write_bytes(pickle.dumps(ARRAYS, 2))
    np.testing.assert_array_equal(plain_array(read_table(tmp_path / "b.pkl", "a table")["row"]), ARRAYS["row"])
