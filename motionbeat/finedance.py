"""FineDance: 7.7 hours of motion-captured dances of 16 genres with their songs.

The folder is that of the release::

    motion/001.npy          (T, 315): translation in metres, then 52 SMPL-H joints in 6D; 30 frames a second, y up
    music_wav/001.wav       starts with the motion at time 0
    label_json/001.json     name (the song), style1 (coarse), style2 (genre)

6D means the first two *rows* of a joint's rotation matrix: its author gives pytorch3d's ``rotation_6d_to_matrix`` for
it (li-ronghui/FineDance, issue 3; ``data/code/pre_motion.py``). Files with four foot contacts in front (T, 319), as
that script writes them, are read too. The hands are left out: SMPL's 24 joints are the first 22 and two still hands.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import roma
import torch
from tqdm import tqdm

from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.dances import Dance
from motionbeat.errors import Refuse, UserError, raise_it
from motionbeat.grounding import FARTHEST_M, grounded
from motionbeat.motion import Motion

FINEDANCE_FPS = 30
"""Frames per second of the motion files (its author in li-ronghui/FineDance, issue 20)."""

TEST_IDS = frozenset(
    ("012", "036", "037", "063", "065", "092", "098", "109", "120", "130",
     "132", "137", "143", "144", "161", "179", "193", "198", "204", "211")
)  # fmt: skip
"""The authors' test list of the split FineDance@Genre (``get_train_test_list`` in li-ronghui/FineDance
``dataset/FineDance_dataset.py``)."""

EXCLUDED_IDS = frozenset(("116", "117", "118", "119", "120", "121", "122", "123", "130", "202"))
"""What that function leaves out of every list of this split, test included: 18 test dances remain."""

VALIDATION_EVERY = 15
"""No validation list is published for this split. Ours: every dance whose number this divides, and with it every
other training dance to the same song. (Before that, dances outside the test list to a song of a test dance are left
out, so that no song is in two splits.)"""

STILL_FRAMES = {
    "004": 240, "005": 300, "010": 3, "014": 3, "067": 180,
    "105": 570, "110": 420, "113": 870, "153": 1560, "211": 660,
}  # fmt: skip
"""Frames at the beginning that the authors cut off, as the dancer only stands there or the recording is not yet sound
(li-ronghui/LODGE ``data/code/preprocess.py``). They are marked invalid here: cutting would lose the music's time 0."""

_BODY_JOINTS = 22
_JOINTS = 52
_ID = re.compile(r"\d{3}")
_SHORTEST_AXIS = 1e-3
_EXPECTED = "Give the folder of FineDance, with motion/001.npy, music_wav/001.wav, label_json/001.json and so on."


@dataclass(frozen=True)
class _Label:
    song: str
    style: str


def read_finedance(folder: Path, refuse: Refuse = raise_it) -> list[Dance]:
    """The dances in a FineDance folder with the beats that our tracker hears in their music.

    No song is in two splits: other dances to the songs of test dances are left out.

    Args:
        folder: see the module.
        refuse: is called with the error of each dance that cannot be read.

    Raises:
        UserError: the folder is another, or a file is missing; by default also where a motion or its music is not what
            it should be.
    """
    numbers = _find_numbers(folder)
    labels = {number: _read_label(folder / "label_json" / f"{number}.json") for number in numbers}
    test_songs = {labels[n].song for n in numbers if n in TEST_IDS}
    numbers = [n for n in numbers if n in TEST_IDS or labels[n].song not in test_songs]
    validation_songs = {labels[n].song for n in numbers if n not in TEST_IDS and int(n) % VALIDATION_EVERY == 0}
    dances = []
    for number in tqdm(numbers, desc="reading FineDance", unit="dance"):
        music = folder / "music_wav" / f"{number}.wav"
        try:
            motion = read_finedance_motion(folder / "motion" / f"{number}.npy")
            grid = _music_grid(music)
        except UserError as error:
            refuse(error)
            continue
        valid = np.ones(len(motion), dtype=bool)
        valid[: STILL_FRAMES.get(number, 0)] = False
        song, style = labels[number].song, labels[number].style
        split = "test" if number in TEST_IDS else "validation" if song in validation_songs else "train"
        dances.append(Dance(f"finedance_{number}", style, motion, valid, grid, music, False, split, song=song))
    return dances


def read_finedance_motion(path: Path) -> Motion:
    """One motion file, sole of the foot at y = 0, with contacts.

    Raises:
        UserError: the file cannot be read or is no FineDance motion.
    """
    try:
        with path.open("rb") as file:
            values = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except Exception:  # a broken header raises nearly anything, tokenize.TokenError and MemoryError among it
        raise UserError(f"{path}: not an npy file of numbers. Download it again.") from None
    width = 3 + 6 * _JOINTS
    if values.ndim != 2 or values.shape[1] not in (width, width + 4):
        raise UserError(f"{path}: not a FineDance motion ({values.shape}; expected (T, {width}) or (T, {width + 4})).")
    if len(values) < FINEDANCE_FPS:
        raise UserError(f"{path}: only {len(values)} frames, less than a second. Download it again.")
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what is too large for our numbers becomes infinite
            values = values[:, values.shape[1] - width :].astype(np.float32)
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise UserError(f"{path}: has values that are not finite numbers. Download it again.")
    if np.abs(values[:, :3]).max() > FARTHEST_M:
        raise UserError(f"{path}: the dancer is more than {FARTHEST_M:g} m away. Download it again.")
    sixd = torch.from_numpy(values[:, 3 : 3 + 6 * _BODY_JOINTS].reshape(len(values), _BODY_JOINTS, 2, 3).copy())
    first, second = sixd.unbind(dim=-2)
    product = torch.linalg.cross(first, second).norm(dim=-1)
    if product.min() < _SHORTEST_AXIS or not product.isfinite().all():
        raise UserError(f"{path}: not a FineDance motion (a joint's six numbers are not two rows of a rotation).")
    # Gram-Schmidt makes two vectors the first columns of a rotation; these are rows.
    rotations = roma.special_gramschmidt(sixd.transpose(-1, -2)).transpose(-1, -2)
    poses = np.zeros((len(values), 24, 3), dtype=np.float32)
    poses[:, :_BODY_JOINTS] = roma.rotmat_to_rotvec(rotations).numpy()
    return grounded(Motion(poses, values[:, :3], float(FINEDANCE_FPS)))


def _find_numbers(folder: Path) -> list[str]:
    """Ids of the dances to be read; every file of theirs is there."""
    for name in ("motion", "music_wav", "label_json"):
        if not (folder / name).is_dir():
            raise UserError(f"{folder}: no folder {name} there. {_EXPECTED}")
    # LODGE puts mirrored copies, M001.npy, beside the originals; we mirror in training.
    found = sorted(path.stem for path in (folder / "motion").glob("*.npy") if _ID.fullmatch(path.stem))
    numbers = [number for number in found if number not in EXCLUDED_IDS]
    if not numbers:
        raise UserError(f"{folder}: no dances in motion/. {_EXPECTED}")
    for number in numbers:
        for path in (folder / "music_wav" / f"{number}.wav", folder / "label_json" / f"{number}.json"):
            if not path.is_file():
                raise UserError(f"{path}: missing. {_EXPECTED}")
    return numbers


def _read_label(path: Path) -> _Label:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        style = entries["style2"].strip().lower().replace(" ", "_")
        song = str(entries.get("name") or path.stem)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path}: not a FineDance label (a table with name, style1 and style2).") from None
    return _Label(f"finedance_{song.strip()}", style)


def _music_grid(path: Path) -> BeatGrid:
    audio = load_audio(path)
    return track_beats(audio).covering(audio.duration)
