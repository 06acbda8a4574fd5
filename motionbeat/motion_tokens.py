"""Beat-synchronous motion tokens: a dance cut into the slots of its music's beats."""

from __future__ import annotations

import numpy as np
import torch

from motionbeat.contacts import contact_pulses
from motionbeat.motion_features import CONTACT, FEATURE_DIM, heading_frame_joints
from motionbeat.tokens import SlotGrid

MOTION_FRAMES_PER_SLOT = 3
MOTION_TOKEN_DIM = MOTION_FRAMES_PER_SLOT * (FEATURE_DIM + 72)


def motion_tokens(features: np.ndarray, fps: float, slots: SlotGrid) -> tuple[np.ndarray, np.ndarray]:
    """Motion features (T, 151) read in the slots of a song.

    Returns:
        (N, 669) float32: three frames a slot of the features and of the 24 joints' velocities in m/s as seen from the
        dancer's heading; (N,) float32 contact pulse of each slot: how surely a foot strikes in it, in [0, 1].
    """
    _, steps = heading_frame_joints(torch.from_numpy(features))
    velocity = np.concatenate([steps[:1].numpy(), steps.numpy()]).reshape(len(features), 72) * fps
    frames = np.concatenate([features, velocity], axis=1).astype(np.float32)
    lengths = np.diff(slots.times_s, append=2 * slots.times_s[-1] - slots.times_s[-2])
    within = (np.arange(MOTION_FRAMES_PER_SLOT) + 0.5) / MOTION_FRAMES_PER_SLOT
    position = np.clip((slots.times_s[:, None] + within * lengths[:, None]) * fps, 0, len(frames) - 1.001)
    low = position.astype(np.int64)
    share = (position - low)[..., None].astype(np.float32)
    tokens = (frames[low] * (1 - share) + frames[low + 1] * share).reshape(len(slots), MOTION_TOKEN_DIM)

    pulses = contact_pulses(features[:, CONTACT])
    # a slot that starts between two frames still owns the frame nearest to its start: a foot set down on the beat
    first = np.clip(np.round(slots.times_s * fps).astype(int), 0, len(pulses) - 1)
    last = np.clip(np.round((slots.times_s + lengths) * fps).astype(int), first + 1, len(pulses))
    struck = np.array([pulses[a:b].max() for a, b in zip(first, last, strict=True)], dtype=np.float32)
    return tokens, struck
