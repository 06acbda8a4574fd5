"""Synthetic dances and their music, for tests of the readers of data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from motionbeat.skeleton import OFFSETS_M, TOE_HEIGHT_M

STANDING_M = float(TOE_HEIGHT_M - (OFFSETS_M[1] + OFFSETS_M[4] + OFFSETS_M[7] + OFFSETS_M[10])[1])
"""Height of the pelvis over the left foot's sole when the legs are straight."""


def stepping_poses(period_s: float, seconds: float, fps: int) -> np.ndarray:
    """(T, 24, 3) of a body that lifts one knee after the other, one step each ``period_s``, arms swinging, and turns
    slowly about itself."""
    time = np.arange(round(seconds * fps)) / fps
    poses = np.zeros((len(time), 24, 3))
    poses[:, 0, 1] = 0.2 * time
    for side, (hip, knee) in enumerate(((1, 4), (2, 5))):
        lift = np.maximum(np.sin(np.pi * (time / period_s + side)), 0) ** 2
        poses[:, hip, 0], poses[:, knee, 0] = -0.6 * lift, 1.2 * lift
        poses[:, 16 + side, 0] = 0.5 * np.sin(np.pi * (time / period_s + side))
    return poses.astype(np.float32)


def write_song(path: Path, tempo: float, first_downbeat_s: float, seconds: float) -> None:
    """A wav in 4/4: kick on the first and third beat, snare on the others, hi-hats between, a new chord each bar."""
    rate = 22050
    period = 60 / tempo
    sound = np.zeros(round(seconds * rate))
    rng = np.random.default_rng(0)
    decay = np.arange(round(4 * period * rate)) / rate
    noise = rng.normal(0, 1, len(decay))
    kick = 0.5 * np.exp(-30 * decay) * np.sin(2 * np.pi * 60 * decay)
    snare, hat, crash = (level * np.exp(-speed * decay) * noise for level, speed in ((0.2, 30), (0.05, 90), (0.1, 6)))
    for half in range(-8, int(2 * seconds / period) + 1):
        parts = [hat]
        if half % 2 == 0:
            parts.append(snare if half % 4 == 2 else kick)
        if half % 8 == 0:
            root = 110.0 * 2 ** ((0, 5, 7, 3)[half // 8 % 4] / 12)
            chord = np.sin(2 * np.pi * root * np.outer([0.5, 1, 1.26, 1.5, 2], decay)).sum(axis=0)
            parts += [crash, 0.08 * np.exp(-decay) * chord]
        start = round((first_downbeat_s + half * period / 2) * rate)
        if 0 <= start < len(sound):
            stop = min(start + len(decay), len(sound))
            sound[start:stop] += np.sum(parts, axis=0)[: stop - start]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, (0.8 * sound / np.abs(sound).max()).astype(np.float32), rate)
