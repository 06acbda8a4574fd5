"""The ground truth in a folder of training pairs.

A dance that was recorded to its music stands for itself. The dances of the open set were recorded without music: they
exist only as laid on the beats of songs (:mod:`motionbeat.beatlock`), and each is taken on the first of its songs. How
well such a dance keeps time is in part the work of that laying, and is marked so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dancegen.evaluation.measured_set import JudgedDance
from dancegen.evaluation.measures import SHORTEST_S
from dancegen.metrics import motion_windows, nearest_distances
from dancegen.metrics.repetition import REFERENCE_HOP_S
from motionbeat.errors import UserError
from motionbeat.pairs import Pair, load_pair
from motionbeat.shards import INDEX, pair_files

SPLITS = ("train", "validation", "test")

_PARTNERS = re.compile(r"cmu_salsa_6[01]_")
"""CMU's subjects 60 and 61 are a couple: takes of one number are two views of one dance."""


def read_truth(folder: Path, splits: Sequence[str]) -> list[JudgedDance]:
    """The dances of some splits, one for each recording; those shorter than
    :data:`~dancegen.evaluation.measures.SHORTEST_S` are left out.

    Args:
        folder: that ``python -m motionbeat.pairs`` or ``python -m dancegen.prepare`` wrote.
        splits: of :data:`SPLITS`.

    Raises:
        UserError: there are no pairs, or none of these splits; one cannot be read.
    """
    chosen: dict[str, Pair] = {}
    paths = pair_files(folder) if (folder / INDEX).is_file() else sorted(folder.glob("*.npz"))
    if not paths:
        raise UserError(f"{folder}: no pairs there. Make them with python -m motionbeat.pairs.")
    for path in tqdm(paths, desc="reading", unit="pair", disable=None, leave=False):
        pair = load_pair(path)
        if pair.split in splits and (pair.recorded_together or pair.dance not in chosen):
            chosen[pair.dance] = pair
    dances = [_dance(pair) for pair in chosen.values() if pair.motion.duration >= SHORTEST_S]
    if not dances:
        raise UserError(f"{folder}: no dances of the split {' or '.join(splits)}. Choose from {', '.join(SPLITS)}.")
    return sorted(dances, key=lambda dance: (dance.style, dance.name))


def training_windows(dances: Sequence[JudgedDance]) -> dict[str, np.ndarray]:
    """Windows of the dances and of their mirror images by source, as :func:`dancegen.metrics.copy_rate` compares with:
    generators of this project are trained on both."""
    found: dict[str, list[np.ndarray]] = {}
    for dance in dances:
        for motion in (dance.motion, dance.motion.mirrored()):
            windows = motion_windows(motion.joints(), motion.fps, REFERENCE_HOP_S, dance.valid)
            found.setdefault(dance.source, []).append(windows)
    windows_of = {source: np.concatenate(windows) for source, windows in found.items()}
    return {source: windows for source, windows in windows_of.items() if len(windows)}


def copy_distances(dance: JudgedDance, training: Mapping[str, np.ndarray]) -> np.ndarray:
    """(n,) metres from each window of a dance to the nearest training window of another source."""
    windows = motion_windows(dance.motion.joints(), dance.motion.fps, valid=dance.valid)
    others = (of_source for source, of_source in training.items() if source != dance.source)
    return np.min([nearest_distances(windows, of_source) for of_source in others], axis=0)


def _dance(pair: Pair) -> JudgedDance:
    source = pair.song if pair.recorded_together else _PARTNERS.sub("cmu_salsa_", pair.dance)
    grid = pair.grid.covering(pair.motion.duration)
    laid = not pair.recorded_together
    return JudgedDance(pair.dance, source, pair.style, pair.motion, grid, pair.valid, source, laid=laid)
