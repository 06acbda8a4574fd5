"""Clips of the beat tracker's training set (:mod:`motionbeat.beatset.clip_files`) as sound files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motionbeat.array_files import read_arrays
from motionbeat.audio import Audio, save_audio
from motionbeat.output import StagedFiles

_FULL_SCALE = 32768.0
_WHAT = "a clip of the beat tracker's training set"
_ADVICE = "Make one with python -m motionbeat.beatset."


def sound_files(paths: Sequence[Path], folder: Path) -> dict[str, Path]:
    """The mixed stems of clips as ``.flac`` files in ``folder``, by name of the clip; written where missing. Clips
    without any sound (synthesizers fail now and then) are left out.

    Raises:
        UserError: a clip cannot be read, or the folder cannot be written.
    """
    files = {path.stem: folder / f"{path.stem}.flac" for path in paths}
    missing = [path for path in paths if not files[path.stem].is_file()]
    for path in tqdm(missing, desc=f"writing {folder.name}", unit="clip", disable=None):
        stems = read_arrays(path, _WHAT, _ADVICE, ("stems",))["stems"]
        sound = stems.astype(np.float32).sum(axis=0) / _FULL_SCALE
        loudest = float(np.abs(sound).max())
        if loudest == 0:
            del files[path.stem]
            continue
        sound /= max(1.0, loudest)
        with StagedFiles([files[path.stem]], force=True) as staged:
            save_audio(staged.paths[0], Audio(sound))
            staged.commit()
    return files


def read_beats(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(n,) seconds of a clip's beats and their places in the bar, 1 on downbeats, 0 where bars are not known.

    Raises:
        UserError: the clip cannot be read.
    """
    arrays = read_arrays(path, _WHAT, _ADVICE, ("beats", "positions"))
    return arrays["beats"].astype(np.float64), arrays["positions"].astype(int)
