"""Labelled clips of sound, and the tasks that they make."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from motionbeat.audio import MAX_DURATION_S, Audio, load_audio
from motionbeat.encoder import BARS_PER_CLIP
from motionbeat.pairs import Pair

SHORTEST_S = 0.1
"""The shortest clip, in seconds: single notes are short."""

SPLITS = ("train", "validation", "test")


class Kind(StrEnum):
    """What is to be told of a clip."""

    CLASS = "class"
    """One of the task's classes; ``label`` is its name."""
    TAGS = "tags"
    """Which of the task's classes apply; ``label`` is a frozenset of names, and may be empty."""
    VALUES = "values"
    """One number for each of the task's classes; ``label`` is a tuple of floats in their order."""
    BEATS = "beats"
    """Where beats and downbeats are; ``label`` is a :class:`BeatLabel`."""
    DANCES = "dances"
    """Which dance was danced to it, and in step; ``label`` is a :class:`motionbeat.pairs.Pair` that begins with it."""


class Listening(StrEnum):
    """How an encoder may listen.

    A tracker's beats must not stand in for what the features know: where beats are the answer, or where there are
    none, time is cut by a fixed clock.
    """

    MUSIC = "music"
    """As it likes, its own beats included."""
    CLOCK = "clock"
    """On a fixed time grid, without any tracked beat; frames as dense as it likes."""
    FRAMES = "frames"
    """On a fixed time grid, without any tracked beat, at least 25 frames a second."""


@dataclass(frozen=True, eq=False)
class BeatLabel:
    """Annotated beats of a clip.

    Attributes:
        beats: (n,) ascending seconds from the beginning of the clip.
        downbeats: (m,) the same of the downbeats; None where bars are not annotated.
        eval_from_s: second from which on the clip is scored and trained on.
    """

    beats: np.ndarray
    downbeats: np.ndarray | None
    eval_from_s: float = 0.0


Label = str | frozenset[str] | tuple[float, ...] | BeatLabel | Pair


@dataclass(frozen=True, eq=False)
class LabelledClip:
    """A stretch of a sound file and what is to be told of it.

    Attributes:
        name: unique in its task.
        sound: its file, anything that :func:`motionbeat.audio.load_audio` reads.
        label: of the form that :class:`Kind` says.
        group: what must not be torn apart between training and test, such as a song, a session or a pitch.
        split: one of :data:`SPLITS` where the data set says so, else None.
        start_s: where in the file it begins, seconds.
        duration_s: how long it is; None for all that follows.
        part: a name for clips whose scores are also given on their own, such as ``real songs``; may be empty.
    """

    name: str
    sound: Path
    label: Label
    group: str
    split: str | None = None
    start_s: float = 0.0
    duration_s: float | None = None
    part: str = ""

    def read(self) -> Audio:
        """Its sound.

        Raises:
            UserError: as :func:`motionbeat.audio.load_audio`.
        """
        return load_audio(self.sound, self.start_s, self.duration_s, MAX_DURATION_S, SHORTEST_S)


@dataclass(frozen=True, eq=False)
class Task:
    """Clips with one kind of label.

    Attributes:
        name: such as ``instrument``.
        title: a few words for the heads of tables.
        kind: what is to be told.
        clips: all clips; with a ``split`` each, or none of them.
        classes: names of the classes, tags or values, in order; empty for beats and dances.
        listening: how encoders may listen.
        rendered: whether the sound was synthesised from notes.
        source: one or two sentences: what the clips are, how they are divided, and what any reader of a score should
            know of them.
        bars: length of the stretches that dances are compared in; nothing to other kinds.
    """

    name: str
    title: str
    kind: Kind
    clips: tuple[LabelledClip, ...]
    classes: tuple[str, ...]
    listening: Listening
    rendered: bool
    source: str
    bars: int = BARS_PER_CLIP

    def __post_init__(self) -> None:
        """Raises ValueError where clips do not fit the task."""
        doubles = [name for name, count in Counter(clip.name for clip in self.clips).items() if count > 1]
        if doubles:
            raise ValueError(f"{self.name}: several clips are called {doubles[0]}")
        if len({clip.split is None for clip in self.clips}) > 1:
            raise ValueError(f"{self.name}: either all clips have a split or none")
        for clip in self.clips:
            if clip.split is not None and clip.split not in SPLITS:
                raise ValueError(
                    f"{self.name}: {clip.name} has the split {clip.split}, not one of {', '.join(SPLITS)}"
                )
            self._check_label(clip)

    def _check_label(self, clip: LabelledClip) -> None:
        label = clip.label
        if self.kind is Kind.CLASS:
            fits = isinstance(label, str) and label in self.classes
        elif self.kind is Kind.TAGS:
            fits = isinstance(label, frozenset) and label <= set(self.classes)
        elif self.kind is Kind.VALUES:
            fits = isinstance(label, tuple) and len(label) == len(self.classes) and all(map(math.isfinite, label))
        else:
            fits = isinstance(label, BeatLabel if self.kind is Kind.BEATS else Pair)
        if not fits:
            raise ValueError(f"{self.name}: the label of {clip.name} does not fit a task of kind {self.kind}")

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal of the clips' names and stretches: features with another one are of other clips."""
        listed = "\n".join(f"{clip.name}\t{clip.start_s:.3f}\t{clip.duration_s}" for clip in self.clips)
        return hashlib.sha256(listed.encode()).hexdigest()

    @property
    def label_digest(self) -> str:
        """SHA-256 in hexadecimal of the clips' labels, groups and splits: results with another one are of others."""
        listed = []
        for clip in self.clips:
            label: object = clip.label
            if isinstance(label, BeatLabel):
                downbeats = None if label.downbeats is None else label.downbeats.tolist()
                label = (label.beats.tolist(), downbeats, label.eval_from_s)
            elif isinstance(label, frozenset):
                label = sorted(label)
            elif isinstance(label, Pair):
                label = (_pair_digest(label), self.bars)
            listed.append([label, clip.group, clip.split, clip.part])
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()

    @property
    def groups(self) -> np.ndarray:
        """(N,) group of each clip."""
        return np.array([clip.group for clip in self.clips])

    def targets(self) -> np.ndarray:
        """What a head is trained for.

        Returns:
            (N,) int64 numbers of classes; (N, classes) float32 0 or 1 for tags; (N, classes) float32 for values.

        Raises:
            ValueError: the task is one of beats or dances.
        """
        if self.kind is Kind.CLASS:
            number = {name: index for index, name in enumerate(self.classes)}
            return np.array([number[str(clip.label)] for clip in self.clips], dtype=np.int64)
        if self.kind is Kind.TAGS:
            return np.array(
                [
                    [name in clip.label for name in self.classes]
                    for clip in self.clips
                    if isinstance(clip.label, frozenset)
                ],
                dtype=np.float32,
            ).reshape(len(self.clips), len(self.classes))
        if self.kind is Kind.VALUES:
            return np.array([clip.label for clip in self.clips], dtype=np.float32)
        raise ValueError(f"{self.kind} are no table of targets")


def _pair_digest(pair: Pair) -> str:
    """SHA-256 in hexadecimal of a dance and the beats of its music."""
    digest = hashlib.sha256()
    motion, grid = pair.motion, pair.grid
    for values in (motion.poses, motion.trans, motion.contacts, pair.valid, grid.beats, grid.downbeats):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
