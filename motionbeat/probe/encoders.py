"""What listens: the small interface of an encoder, and the encoders that come with the project.

An encoder turns sound into named *layers* (frames with times) and named *vectors* (one for the whole clip). Layers of
tasks about whole clips are pooled over time (:func:`pooled`); which layer or vector is probed is chosen on validation
data (:mod:`motionbeat.probe.protocol`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from motionbeat.audio import Audio
from motionbeat.probe.task import Listening

VIEWS = "views 2"
"""Changes whenever :func:`pooled` or what an encoder puts beside its layers does."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Frames of one layer.

    Attributes:
        frames: (T, D) float32, T at least 1.
        times_s: (T,) ascending seconds from the beginning of the clip, the middle of what each frame describes.
    """

    frames: np.ndarray
    times_s: np.ndarray

    def __post_init__(self) -> None:
        if self.frames.ndim != 2 or self.times_s.shape != self.frames.shape[:1] or not len(self.frames):
            raise ValueError(f"frames must be (T, D) with T times, got {self.frames.shape} and {self.times_s.shape}")


@dataclass(frozen=True, eq=False)
class Heard:
    """What an encoder hears in a clip.

    Attributes:
        layers: by name.
        vectors: (K,) float32 by name, of the whole clip.
    """

    layers: dict[str, Layer]
    vectors: dict[str, np.ndarray] = field(default_factory=dict)


class Encoder(Protocol):
    """Anything frozen that listens.

    Attributes:
        name: in tables and on the command line.
        version: changes whenever the features do: a digest of the weights, or the version of a library.
        about: a line: what it is, its layers, and its licence where that is not ours.
    """

    name: str
    version: str
    about: str

    def hear(self, audio: Audio, listening: Listening) -> Heard:
        """Listen to a clip, of :data:`motionbeat.audio.SAMPLE_RATE` and at least 0.1 s.

        The same layers and vectors, of the same sizes, for all clips and one ``listening``.
        """
        ...


def pooled(heard: Heard) -> dict[str, np.ndarray]:
    """Vectors of a whole clip, by view: of each layer ``LAYER mean``, ``LAYER mean+std`` (over time) and ``LAYER
    course`` (these two, the mean size of the change from frame to frame, the greatest and the least value), and the
    encoder's own vectors, ``VECTOR``."""
    views: dict[str, np.ndarray] = {}
    for name, layer in heard.layers.items():
        frames = layer.frames.astype(np.float64)
        mean, std = frames.mean(axis=0), frames.std(axis=0)
        change = np.abs(np.diff(frames, axis=0)).mean(axis=0) if len(frames) > 1 else np.zeros_like(mean)
        course = np.concatenate([mean, std, change, frames.max(axis=0), frames.min(axis=0)]).astype(np.float32)
        width = len(mean)
        views |= {f"{name} mean": course[:width], f"{name} mean+std": course[: 2 * width], f"{name} course": course}
    return views | heard.vectors
