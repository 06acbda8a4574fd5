"""AIST++: street dances by 30 dancers to 60 pieces of music made for them.

The folder is that of the release (``aist_plusplus_final``), with the music of the AIST Dance Video Database in it::

    motions/gBR_sBM_cAll_d04_mBR0_ch01.pkl    genre, situation, camera, dancer, music, choreography
    splits/crossmodal_train.txt, crossmodal_val.txt, crossmodal_test.txt
    ignore_list.txt                           sequences whose reconstruction failed
    wav/mBR0.wav                              or music/mBR0.wav

A motion file is a pickle of numpy arrays: ``smpl_poses`` (T, 72) axis-angle, ``smpl_trans`` (T, 3), ``smpl_scaling``
(1,) by which the translation must be divided to be metres on the SMPL body, ``smpl_loss``; 60 frames a second, y up.
The music starts with the motion at time 0. Sources: the dataset's page, loader and preprocessing
(google/aistplusplus_dataset ``download.html``, google/aistplusplus_api ``aist_plusplus/loader.py``,
google-research/mint ``tools/preprocessing.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation
from tqdm import tqdm

from motionbeat.audio import load_audio
from motionbeat.dances import Dance
from motionbeat.errors import Refuse, UserError, raise_it
from motionbeat.grounding import FARTHEST_M, grounded
from motionbeat.motion import Motion
from motionbeat.motion_features import MOTION_FPS
from motionbeat.restricted_pickle import plain_array, read_table
from motionbeat.steady_beats import SteadyBeats, fit_steady_beats

AIST_FPS = 60
"""Frames per second of the motion files."""

GENRES = {
    "BR": "breaking", "PO": "popping", "LO": "locking", "MH": "hiphop", "LH": "la_hiphop",
    "HO": "house", "WA": "waacking", "KR": "krump", "JS": "street_jazz", "JB": "ballet_jazz",
}  # fmt: skip
"""Style by the two letters of genre and music; ``MH`` is what AIST calls middle hip-hop."""

SPLIT_FILES = {"crossmodal_train": "train", "crossmodal_val": "validation", "crossmodal_test": "test"}
"""Our split by the release's list. Validation and test, 20 dances each, are other choreographies to the same ten
pieces, and four bars long: the published 187.6 s of either are 16 beats each at the tempi of their music."""

MUSIC_FOLDERS = ("wav", "music")

_NAME = re.compile(r"g[A-Z]{2}_s[A-Z]{2}_cAll_d\d{2}_m([A-Z]{2}\d)_ch\d{2}")
_EXPECTED = (
    "Give the folder aist_plusplus_final, with motions/*.pkl, splits/crossmodal_train.txt, _val and _test, "
    "ignore_list.txt, and AIST's music in wav/ or music/."
)


@dataclass(frozen=True)
class _Sequence:
    name: str
    music: str
    split: str
    motion_path: Path
    audio_path: Path


def read_aist(folder: Path, refuse: Refuse = raise_it) -> list[Dance]:
    """The dances of the release's cross-modal split, at 30 fps with the beats of their music.

    A piece's tempo is known from its name; where the beats fall is found once per piece
    (:func:`motionbeat.steady_beats.fit_steady_beats`). The floor is placed under our skeleton's feet.

    Args:
        folder: see the module.
        refuse: is called with the error of each dance that cannot be read.

    Raises:
        UserError: the folder is another, or a file is missing; by default also where one is not what it should be.
    """
    sequences = _find_sequences(folder)
    beats: dict[Path, SteadyBeats] = {}
    seconds: dict[Path, float] = {}
    dances = []
    for sequence in tqdm(sequences, desc="reading AIST++", unit="dance"):
        music = sequence.audio_path
        try:
            motion = read_aist_motion(sequence.motion_path)
            if music not in beats:
                audio = load_audio(music)
                beats[music] = fit_steady_beats(audio, music_tempo(sequence.music))
                seconds[music] = audio.duration
        except UserError as error:
            refuse(error)
            continue
        grid = beats[music].grid(min(motion.duration, seconds[music]))
        valid = np.ones(len(motion), dtype=bool)
        style = GENRES[sequence.name[1:3]]
        dances.append(
            Dance(sequence.name, style, motion, valid, grid, music, False, sequence.split, song=sequence.music)
        )
    return dances


def music_tempo(music: str) -> float:
    """Beats per minute of a piece by its id, such as ``mBR0``: 80 + 10 i, house 110 + 5 i (mint, ``_get_tempo``)."""
    number = int(music[3])
    return 110.0 + 5 * number if music[:3] == "mHO" else 80.0 + 10 * number


def read_aist_motion(path: Path) -> Motion:
    """One motion file at 30 fps, sole of the foot at y = 0, with contacts.

    Every second frame is kept, as EDGE does.

    Raises:
        UserError: the file cannot be read or is no AIST++ motion.
    """
    try:
        table = read_table(path, "an AIST++ motion")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except MemoryError:
        raise UserError(f"{path}: unpacks to more than this machine's memory holds.") from None
    try:
        poses, trans, scaling = (plain_array(table[key]) for key in ("smpl_poses", "smpl_trans", "smpl_scaling"))
    except KeyError as error:
        raise UserError(f"{path}: not an AIST++ motion ({error.args[0]} is missing).") from None
    except ValueError:
        raise UserError(f"{path}: not an AIST++ motion (an entry is not an array of numbers).") from None
    if poses.shape[1:] not in ((72,), (24, 3)) or trans.shape != (len(poses), 3) or scaling.size != 1:
        shapes = f"smpl_poses {poses.shape}, smpl_trans {trans.shape}, smpl_scaling {scaling.shape}"
        raise UserError(f"{path}: not an AIST++ motion ({shapes}; expected (T, 72), (T, 3), (1,)).")
    if len(poses) < AIST_FPS:
        raise UserError(f"{path}: only {len(poses)} frames, less than a second. Download it again.")
    step = AIST_FPS // MOTION_FPS
    # Looked at as they come out, in metres and wrapped: what is finite in the file need not be so any more.
    with np.errstate(all="ignore"):
        metres = trans.astype(np.float64) / scaling.astype(np.float64).reshape(())
        # The fit lets angles run on through turns; an axis-angle vector of ours is never longer than pi.
        turns = Rotation.from_rotvec(poses.reshape(-1, 3).astype(np.float64)).as_rotvec().reshape(-1, 24, 3)
    if not (np.isfinite(turns).all() and np.isfinite(metres).all() and scaling.min() > 0):
        raise UserError(f"{path}: has numbers that are not finite, or a scaling that is not positive.")
    if np.abs(metres).max() > FARTHEST_M:
        raise UserError(f"{path}: the dancer is more than {FARTHEST_M:g} m away. Download it again.")
    return grounded(Motion(turns[::step].astype(np.float32), metres[::step].astype(np.float32), float(MOTION_FPS)))


def _find_sequences(folder: Path) -> list[_Sequence]:
    """The sequences of the split lists less those to be ignored; every file named is there."""
    lists = [folder / "ignore_list.txt", *(folder / "splits" / f"{name}.txt" for name in SPLIT_FILES)]
    for path in (folder / "motions", *lists):
        if not path.exists():
            raise UserError(f"{folder}: no {path.relative_to(folder)} there. {_EXPECTED}")
    ignored = set(_lines(lists[0]))
    sequences = []
    for path in lists[1:]:
        for name in _lines(path):
            match = _NAME.fullmatch(name)
            if match is None or name[1:3] not in GENRES or match[1][:2] not in GENRES:
                raise UserError(f"{path}: {name[:80]!r} is not the name of an AIST++ sequence.")
            if name not in ignored:
                music = f"m{match[1]}"
                motion_path = folder / "motions" / f"{name}.pkl"
                sequences.append(_Sequence(name, music, SPLIT_FILES[path.stem], motion_path, _music(folder, music)))
    missing = [sequence.motion_path for sequence in sequences if not sequence.motion_path.is_file()]
    if missing:
        raise UserError(
            f"{missing[0]}: missing, as are {len(missing) - 1} more of {len(sequences)} motions. {_EXPECTED}"
        )
    if not sequences:
        raise UserError(f"{folder}: the split lists name no sequence. {_EXPECTED}")
    return sequences


def music_of(folder: Path, name: str) -> Path | None:
    """The music of a sequence by the sequence's name; None for a name of another form.

    Raises:
        UserError: it is not in the folder.
    """
    match = _NAME.fullmatch(name)
    return None if match is None else _music(folder, f"m{match[1]}")


def _music(folder: Path, music: str) -> Path:
    # AIST also offers mp3, whose encoders put some hundredths of a second before the first sample: not taken.
    places = [folder / place / f"{music}.wav" for place in MUSIC_FOLDERS]
    found = [path for path in places if path.is_file()]
    if not found:
        raise UserError(f"{folder}: the music {music}.wav is in neither wav/ nor music/. {_EXPECTED}")
    return found[0]


def _lines(path: Path) -> list[str]:
    try:
        lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        raise UserError(f"{path}: cannot be read as a list of names. {_EXPECTED}") from None
    return [line for line in lines if line]
