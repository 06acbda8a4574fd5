"""Frame features read per slot of a song."""

from __future__ import annotations

import numpy as np


def slot_features(
    frames: np.ndarray, times_s: np.ndarray, one_hot: np.ndarray, starts_s: np.ndarray, lead: float
) -> np.ndarray:
    """One feature vector for each slot: the mean over the frames whose centre lies in the slot.

    Columns that mark single frames (beats, onsets) take the largest value instead. Frames further apart than the
    shortest slot is long would miss some slots, so then, and in a slot without a frame, the features are interpolated
    (linearly, held beyond the ends) at the slot's middle.

    Args:
        frames: (F, D) features, F at least 2.
        times_s: (F,) ascending centre of each frame, seconds.
        one_hot: (D,) bool, True for columns that mark single frames.
        starts_s: (N,) start of each slot, seconds; the last is as long as the one before.
        lead: share of its length by which a slot begins early; 0 for the slots as they are,
            :data:`motionbeat.tokens.SLOT_LEAD` for what MotionBeat's own tokens hear.

    Returns:
        (N, D) float32.
    """
    values = frames.astype(np.float32)
    lengths = np.diff(starts_s, append=2 * starts_s[-1] - starts_s[-2])
    begins = starts_s - lead * lengths
    first = np.searchsorted(times_s, begins)
    last = np.searchsorted(times_s, begins + lengths)
    position = np.interp(begins + lengths / 2, times_s, np.arange(len(times_s)))
    low = np.minimum(position.astype(np.int64), len(times_s) - 2)
    share = (position - low)[:, None].astype(np.float32)
    slots = values[low] * (1 - share) + values[low + 1] * share
    if np.median(np.diff(times_s)) <= lengths.min():
        for slot in np.flatnonzero(last > first):
            inside = values[first[slot] : last[slot]]
            slots[slot] = np.where(one_hot, inside.max(axis=0), inside.mean(axis=0))
    return slots
