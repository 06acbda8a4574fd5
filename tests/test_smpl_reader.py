from __future__ import annotations

import os
import pickle
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from dancegen.body import load_body, load_smpl_body
from dancegen.smpl_reader import read_smpl
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.skeleton import PARENTS

Entries = dict[str, object]


def entries_for(vertices: np.ndarray, faces: np.ndarray, joints: np.ndarray, weights: np.ndarray) -> Entries:
    """A model file's table in SMPL's own layout."""
    count, bones = weights.shape
    rng = np.random.default_rng(0)
    # Minimum-norm rows that sum to one and reproduce the joints exactly.
    system = np.concatenate([vertices.T, np.ones((1, count))])
    regressor = np.linalg.lstsq(system, np.concatenate([joints.T, np.ones((1, bones))]), rcond=None)[0].T
    parents = np.array(PARENTS)[:bones].astype(np.uint32) if bones == 24 else _long_tree(bones)
    parents[0] = 4294967295
    return {
        "v_template": vertices,
        "f": faces.astype(np.uint32),
        "weights": weights,
        "J": joints,
        "J_regressor": scipy.sparse.csc_matrix(regressor),
        "kintree_table": np.stack([parents, np.arange(bones, dtype=np.uint32)]),
        "posedirs": rng.normal(0, 1e-3, (count, 3, 9 * (bones - 1))).astype(np.float32),
        "shapedirs": np.zeros((count, 3, 10)),
        "bs_style": "lbs",
        "bs_type": "lrotmin",
    }


def _long_tree(bones: int) -> np.ndarray:
    tree = np.concatenate([np.array(PARENTS)[:22], np.full(bones - 22, 20)])
    return tree.astype(np.uint32)


def small_entries(bones: int = 24) -> Entries:
    rng = np.random.default_rng(1)
    body = load_body("neutral")
    rest = np.zeros((1, 24, 3), dtype=np.float32)
    joints = body.joints(Motion(rest, np.zeros((1, 3), dtype=np.float32), 30.0))[0]
    joints = np.concatenate([joints[:22], np.repeat(joints[20:21], bones - 22, axis=0)])
    vertices = np.concatenate([joints + rng.normal(0, 0.05, joints.shape), [[0.1, -0.984, 0.1]] * 60])
    vertices[len(joints) :] += rng.uniform([-0.3, 0, -0.2], [0.3, 1.7, 0.2], (60, 3))
    vertices[-1] = [0, -0.984, 0]
    weights = rng.dirichlet(np.ones(bones), len(vertices))
    faces = rng.integers(0, len(vertices), (40, 3))
    return entries_for(vertices, faces, joints, weights)


def save_pickle(path: Path, entries: Entries) -> Path:
    path.write_bytes(pickle.dumps(entries, protocol=2))
    return path


@pytest.fixture
def chumpy(monkeypatch):
    """Stand-ins that pickle as chumpy's classes do; the reader must not need them."""
    module, reordering = types.ModuleType("chumpy.ch"), types.ModuleType("chumpy.reordering")

    def make(name: str, home: types.ModuleType) -> type:
        kind = type(name, (), {"__module__": home.__name__, "__qualname__": name})
        setattr(home, name, kind)
        return kind

    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)
    monkeypatch.setitem(sys.modules, "chumpy.reordering", reordering)
    return make("Ch", module), make("Select", reordering)


def test_plain_pickle(tmp_path):
    entries = small_entries()
    data = read_smpl(save_pickle(tmp_path / "a.pkl", entries))
    assert data.name == "SMPL"
    np.testing.assert_allclose(data.v_template, entries["v_template"], rtol=1e-6)
    np.testing.assert_allclose(data.joint_regressor @ data.v_template, entries["J"], atol=1e-5)
    assert tuple(data.parents) == PARENTS


def test_chumpy_pickle_is_read_without_chumpy(tmp_path, chumpy, monkeypatch):
    ch, select = chumpy
    entries = small_entries()
    plain = read_smpl(save_pickle(tmp_path / "plain.pkl", entries))
    wrapped = dict(entries)
    for key in ("v_template", "weights", "posedirs"):
        wrapped[key] = ch()
        wrapped[key].__dict__["x"] = entries[key]
    shapedirs = select()
    shapedirs.__dict__.update(a=wrapped["v_template"], idxs=np.array([2, 1, 0]), preferred_shape=(3, 1))
    wrapped["shapedirs"] = shapedirs
    picked = select()
    order = np.arange(entries["weights"].size)[::-1]
    reversed_weights = ch()
    reversed_weights.__dict__["x"] = entries["weights"].ravel()[::-1].copy()
    picked.__dict__.update(a=reversed_weights, idxs=order, preferred_shape=entries["weights"].shape)
    wrapped["weights"] = picked
    path = save_pickle(tmp_path / "chumpy.pkl", wrapped)
    for name in ("chumpy", "chumpy.ch", "chumpy.reordering"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it now fails
    data = read_smpl(path)
    for key in ("v_template", "weights", "posedirs", "joint_regressor", "faces"):
        np.testing.assert_array_equal(getattr(data, key), getattr(plain, key))


@pytest.mark.parametrize(("bones", "name"), [(24, "SMPL"), (52, "SMPL-H"), (55, "SMPL-X")])
def test_npz_of_each_model(tmp_path, bones, name):
    entries = small_entries(bones)
    entries["J_regressor"] = entries["J_regressor"].toarray()
    if bones > 24:
        entries |= {"hands_meanl": np.full(45, 0.1), "hands_meanr": np.full(45, 0.2)}
    entries["part2num"] = np.array({"Global": 0}, dtype=object)  # SMPL-X's files hold such an entry
    np.savez(tmp_path / "m.npz", **entries)
    body = load_smpl_body(tmp_path / "m.npz")
    assert body.name == name
    motion = Motion(np.zeros((2, 24, 3), np.float32), np.tile(np.float32([0, 0.984, 0]), (2, 1)), 30.0)
    assert body.skin(motion).shape == (2, len(entries["v_template"]), 3)
    assert body.joints(motion).shape == (2, 24, 3)
    # Standing at rest, the lowest point of its own template is on the floor.
    lowest = entries["v_template"][:, 1].min() - (entries["J"][0, 1] - body.stature * 0.984)
    assert abs(lowest) < 1e-5


def test_skin_equals_smplx(tmp_path):
    smplx = pytest.importorskip("smplx")
    torch = pytest.importorskip("torch")
    baked = load_body("neutral")
    at_rest = Motion(np.zeros((1, 24, 3), np.float32), np.zeros((1, 3), np.float32), 30.0)
    weights = np.zeros((6890, 24))
    np.add.at(weights, (np.arange(6890)[:, None], baked.rig.joint_index), baked.rig.joint_weight)
    entries = entries_for(baked.skin(at_rest)[0].astype(float), baked.faces, baked.joints(at_rest)[0], weights)
    body = load_smpl_body(save_pickle(tmp_path / "smpl.pkl", entries))
    assert body.stature == pytest.approx(1.0, abs=0.005)
    rng = np.random.default_rng(2)
    motion = Motion(
        rng.normal(0, 0.3, (3, 24, 3)).astype(np.float32), rng.normal(0, 1, (3, 3)).astype(np.float32), 30.0
    )
    model = smplx.SMPL(
        model_path="", data_struct=types.SimpleNamespace(**entries | {"shapedirs": np.zeros((6890, 3, 10))})
    )
    with torch.no_grad():
        out = model(
            body_pose=torch.from_numpy(motion.poses[:, 1:].reshape(3, 69)),
            global_orient=torch.from_numpy(motion.poses[:, 0]),
            betas=torch.zeros(3, 10),
            transl=torch.zeros(3, 3),
        )
    shift = (motion.trans * body.stature - baked.joints(at_rest)[0, 0])[:, None]
    np.testing.assert_allclose(body.skin(motion), out.vertices.numpy() + shift, atol=2e-6)
    np.testing.assert_allclose(body.joints(motion), out.joints[:, :24].numpy() + shift, atol=2e-6)


class _Evil:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_a_pickle_that_wants_to_run_something_is_refused(tmp_path):
    entries = small_entries() | {"v_template": _Evil(tmp_path / "harm")}
    with pytest.raises(UserError, match=r"refused.*mkdir"):
        read_smpl(save_pickle(tmp_path / "evil.pkl", entries))
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cbuiltins\ngetattr\n.",
        b"cnumpy\nload\n.",
        b"cnumpy.testing\nrundocs\n.",
        b"c__builtin__\n__import__\n.",
        b"cscipy.sparse\nload_npz\n.",
    ],
)
def test_other_callables_are_refused(tmp_path, payload):
    (tmp_path / "x.pkl").write_bytes(payload)
    with pytest.raises(UserError, match="refused"):
        read_smpl(tmp_path / "x.pkl")


def test_a_pickled_entry_of_an_npz_is_not_opened(tmp_path):
    entries = small_entries()
    entries["J_regressor"] = entries["J_regressor"].toarray()
    evil = np.empty(1, dtype=object)
    evil[0] = _Evil(tmp_path / "harm")
    np.savez(tmp_path / "evil.npz", **entries | {"weights": evil})
    with pytest.raises(UserError, match="weights is missing"):
        read_smpl(tmp_path / "evil.npz")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("v_template", None, "v_template is missing"),
        ("weights", np.ones((5, 24)), r"weights is \(5, 24\)"),
        ("v_template", np.full((84, 3), np.nan), "not finite"),
        ("kintree_table", np.zeros((2, 24), np.uint32) + 30, "not a tree"),
        ("kintree_table", np.zeros((2, 17), np.uint32), "expected 24, 52 or 55"),
        ("f", np.full((4, 3), 9999), "does not index"),
        ("posedirs", "text", "not an array of numbers"),
    ],
)
def test_broken_tables(tmp_path, key, value, message):
    entries = small_entries()
    if value is None:
        del entries[key]
    else:
        entries[key] = value
    with pytest.raises(UserError, match=message):
        read_smpl(save_pickle(tmp_path / "a.pkl", entries))


def sparse(layout: str, shape: object, **arrays: object) -> object:
    """A sparse matrix that says what it is told to."""
    matrix = {"csc": scipy.sparse.csc_matrix, "csr": scipy.sparse.csr_matrix, "coo": scipy.sparse.coo_matrix}[layout](
        (1, 1)
    )
    matrix.__dict__.clear()
    matrix.__dict__.update(_shape=shape, **arrays)
    return matrix


ONE, TWO = np.ones(1), np.ones(2)


@pytest.mark.parametrize("layout", ["csc", "csr", "coo"])
def test_every_layout_of_sparse_matrices(tmp_path, layout):
    entries = small_entries()
    plain = read_smpl(save_pickle(tmp_path / "a.pkl", entries)).joint_regressor
    entries["J_regressor"] = entries["J_regressor"].asformat(layout)
    np.testing.assert_allclose(read_smpl(save_pickle(tmp_path / "b.pkl", entries)).joint_regressor, plain)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (sparse("csc", (24, 2), data=ONE, indices=np.array([50_000_000]), indptr=np.array([0, 1, 1])), "indices must"),
        (sparse("csc", (24, 2), data=ONE, indices=np.array([-9]), indptr=np.array([0, 1, 1])), "outside"),
        (sparse("csc", (24, 2), data=ONE, indices=np.array([0]), indptr=np.array([0, 50_000_000, 1])), "in order"),
        # of no values at all, by its last bound
        (sparse("csc", (24, 2), data=ONE, indices=np.array([0]), indptr=np.array([0, 50_000_000, 0])), "in order"),
        (sparse("csr", (2, 24), data=ONE, indices=np.array([0]), indptr=np.array([0, 50_000_000, -1])), "outside"),
        (sparse("csc", (24, 2), data=ONE, indices=np.array([0]), indptr=np.array([0, 9, 2**63], np.uint64)), "side"),
        (sparse("csc", (24, 2), data=ONE, indices=np.array([0]), indptr=np.array([0, 1])), "index pointer size"),
        (sparse("csc", (24, 2), data=ONE, indices=np.array([0.0]), indptr=np.array([0, 1, 1])), "whole numbers"),
        (sparse("csc", (24, 2), data=ONE, indices=[0], indptr=np.array([0, 1, 1])), "not an array of numbers"),
        (sparse("csc", (24, 2), data=[{}], indices=np.array([0]), indptr=np.array([0, 1, 1])), "not an array"),
        (sparse("csc", (24, -2), data=ONE, indices=np.array([0]), indptr=np.array([0, 1, 1])), "of shape"),
        (sparse("csc", (2**40, 2**40), data=ONE, indices=np.array([0]), indptr=np.array([0, 1, 1])), "of shape"),
        (sparse("csc", ("24", 2), data=ONE, indices=np.array([0]), indptr=np.array([0, 1, 1])), "not an array"),
        (sparse("csc", None, data=ONE, indices=np.array([0]), indptr=np.array([0, 1, 1])), "shape that is none"),
        (sparse("coo", (24, 2), data=ONE, row=np.array([24]), col=np.array([0])), "exceeds"),
        (sparse("coo", (24, 2), data=TWO, row=np.array([1]), col=np.array([0])), "not as many"),
        (sparse("coo", (24, 2), data=ONE, coords=(np.array([-1]), np.array([0]))), "outside"),
    ],
)
def test_sparse_matrices_that_point_outside(tmp_path, matrix, message):
    entries = small_entries() | {"J_regressor": matrix}
    with pytest.raises(UserError, match=rf"not an SMPL.*{message}"):
        read_smpl(save_pickle(tmp_path / "a.pkl", entries))


def test_a_chumpy_object_that_is_its_own_value(tmp_path, chumpy):
    ch, select = chumpy
    own, other = ch(), select()
    own.__dict__["x"] = own
    other.__dict__.update(a=other, idxs=other)
    empty = ch()
    for value, message in ((own, "too many layers"), (other, "too many layers"), (empty, "without its values")):
        with pytest.raises(UserError, match=message) as caught:
            read_smpl(save_pickle(tmp_path / "a.pkl", small_entries() | {"v_template": value}))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("header", [b"{'descr': '<f8', 'shape': (3,", b"{'descr': [", b"\xff\xfe", b"(" * 200])
def test_an_npz_with_a_broken_header(tmp_path, header):
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        archive.writestr("v_template.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(UserError, match=r"m\.npz: ") as caught:
        read_smpl(tmp_path / "m.npz")
    assert "\n" not in str(caught.value)


def test_faces_are_looked_at_before_they_are_made_smaller(tmp_path):
    entries = small_entries() | {"f": np.full((4, 3), 2**32, np.int64)}
    with pytest.raises(UserError, match="does not index"):
        read_smpl(save_pickle(tmp_path / "a.pkl", entries))


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG....", b"PK\x03\x04broken", b"\x80\x02}q\x00("])
def test_files_that_are_no_model(tmp_path, content):
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.pkl"):
        load_smpl_body(tmp_path / "x.pkl")


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        load_smpl_body(tmp_path / "none.npz")


def test_other_table(tmp_path):
    with pytest.raises(UserError, match="no table"):
        read_smpl(save_pickle(tmp_path / "a.pkl", [1, 2]))  # type: ignore[arg-type]
