"""Beat-synchronous motion tokens: a dance cut into the slots of its music's beats."""

from __future__ import annotations

import numpy as np
import torch

from motionbeat.contacts import contact_pulses
from motionbeat.motion_features import CONTACT, FEATURE_DIM, heading_frame_joints
from motionbeat.tokens import SlotGrid

MOTION_FRAMES_PER_SLOT = 3
MOTION_FRAME_DIM = FEATURE_DIM + 72
MOTION_TOKEN_DIM = MOTION_FRAMES_PER_SLOT * MOTION_FRAME_DIM


def motion_frames(features: np.ndarray, fps: float) -> np.ndarray:
    """Features (T, 151) with the 24 joints' velocities in m/s as seen from the dancer's heading: (T, 223) float32."""
    _, steps = heading_frame_joints(torch.from_numpy(features))
    velocity = np.concatenate([steps[:1].numpy(), steps.numpy()]).reshape(len(features), 72) * fps
    return np.concatenate([features, velocity], axis=1).astype(np.float32)


def frames_in_slots(frames: np.ndarray, fps: float, times_s: np.ndarray, lengths_s: np.ndarray) -> np.ndarray:
    """Motion frames (T, 223) read in N slots that start at ``times_s`` and last ``lengths_s``: (N, 669) float32, three
    frames a slot."""
    within = (np.arange(MOTION_FRAMES_PER_SLOT) + 0.5) / MOTION_FRAMES_PER_SLOT
    position = np.clip((times_s[:, None] + within * lengths_s[:, None]) * fps, 0, len(frames) - 1.001)
    low = position.astype(np.int64)
    share = (position - low)[..., None].astype(np.float32)
    before = frames[low]
    return (before + (frames[low + 1] - before) * share).reshape(len(times_s), MOTION_TOKEN_DIM)


def pulses_in_slots(pulses: np.ndarray, fps: float, times_s: np.ndarray, lengths_s: np.ndarray) -> np.ndarray:
    """Contact pulses (T,) read in N slots: (N,) float32, the strongest pulse of each slot's frames."""
    # a slot that starts between two frames still owns the frame nearest to its start: a foot set down on the beat
    first = np.clip(np.round(times_s * fps).astype(int), 0, len(pulses) - 1)
    last = np.clip(np.round((times_s + lengths_s) * fps).astype(int), first + 1, len(pulses))
    # reduceat takes every second span from a list of borders; a border must not lie at the very end
    borders = np.stack([first, last], axis=1).ravel()
    return np.maximum.reduceat(np.append(pulses, np.float32(0)), borders)[::2].astype(np.float32)


def motion_tokens(features: np.ndarray, fps: float, slots: SlotGrid) -> tuple[np.ndarray, np.ndarray]:
    """Motion features (T, 151) read in the slots of a song.

    Returns:
        (N, 669) float32: three frames a slot of :func:`motion_frames`; (N,) float32 contact pulse of each slot: how
        surely a foot strikes in it, in [0, 1].
    """
    lengths_s = slots.lengths_s
    tokens = frames_in_slots(motion_frames(features, fps), fps, slots.times_s, lengths_s)
    return tokens, pulses_in_slots(contact_pulses(features[:, CONTACT]), fps, slots.times_s, lengths_s)
