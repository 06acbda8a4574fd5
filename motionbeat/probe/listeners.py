"""The encoders by name, and the features of tasks by encoder: heard once, then read from disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motionbeat.errors import UserError
from motionbeat.probe.encoders import VIEWS, Encoder, Layer, pooled
from motionbeat.probe.exchange import Features, Header, has_features, read_features, read_header, write_features
from motionbeat.probe.task import Listening, Task


def _mel(name: str, folder: Path | None) -> Encoder:
    from motionbeat.probe.handmade import MelStatistics

    return MelStatistics()


def _mfcc(name: str, folder: Path | None) -> Encoder:
    from motionbeat.probe.handmade import MfccStatistics

    return MfccStatistics()


def _librosa35(name: str, folder: Path | None) -> Encoder:
    from motionbeat.probe.handmade import Librosa35

    return Librosa35()


def _tempogram(name: str, folder: Path | None) -> Encoder:
    from motionbeat.probe.handmade import Tempogram

    return Tempogram()


def _motionbeat(name: str, folder: Path | None) -> Encoder:
    from motionbeat.probe.towers import MotionBeatEncoder

    return MotionBeatEncoder(name, folder)


def _motionbeat_clock(name: str, folder: Path | None) -> Encoder:
    from motionbeat.probe.towers import MotionBeatEncoder

    return MotionBeatEncoder(name, folder, on_beats=False)


def _ear(name: str, folder: Path | None) -> Encoder:
    from motionbeat.probe.music_ear import MusicEarEncoder

    return MusicEarEncoder(name, folder)


def _with_ear(name: str, folder: Path | None) -> Encoder:
    from motionbeat.probe.music_ear import WholeMotionBeat

    return WholeMotionBeat(name, folder)


OWN: dict[str, Callable[[str, Path | None], Encoder]] = {
    "mel": _mel,
    "mfcc": _mfcc,
    "librosa35": _librosa35,
    "tempogram": _tempogram,
    "motionbeat": _motionbeat,
    "motionbeat-clock": _motionbeat_clock,
    "ear": _ear,
    "motionbeat+ear": _with_ear,
}
"""What loads each of our encoders, given its name in tables and the folder of its weights; loaded when needed."""

WITH_WEIGHTS = ("motionbeat", "motionbeat-clock", "ear", "motionbeat+ear")
"""Those that take a folder of weights."""


@dataclass(frozen=True)
class Choice:
    """An encoder on the command line.

    Attributes:
        name: in tables and of the folder of its features.
        kind: a key of :data:`OWN`; None for one that only has features on disk.
        folder: of its weights; None for the shipped ones.
    """

    name: str
    kind: str | None
    folder: Path | None = None


def choose(given: str, root: Path) -> Choice:
    """An encoder by ``NAME``, ``NAME@FOLDER`` for other weights, or the name of a folder of features in ``root``.

    Raises:
        UserError: there is none of that name.
    """
    kind, at, folder = given.partition("@")
    if at:
        if kind not in WITH_WEIGHTS:
            raise UserError(f"--encoder {given}: only {' and '.join(WITH_WEIGHTS)} take a folder of weights.")
        path = Path(folder)
        return Choice(f"{kind}@{path.resolve().name}", kind, path)
    if given in OWN:
        return Choice(given, given)
    if not given or Path(given).name != given or not (root / given).is_dir():
        raise UserError(f"--encoder {given}: neither ours nor a folder of features in {root}; --list shows all.")
    return Choice(given, None)


def features_of(choice: Choice, task: Task, root: Path, again: bool) -> Features:
    """What an encoder hears in the clips of a task: read from ``root/ENCODER/TASK``, or heard and written there.

    Args:
        choice: the encoder.
        task: whose clips.
        root: folder of all features.
        again: hear again what is on disk; ours only.

    Raises:
        UserError: features that were made elsewhere are missing or do not fit, or a clip cannot be read.
    """
    folder = root / choice.name / task.name
    if choice.kind is None:
        if not has_features(folder):
            raise UserError(f"{folder}: {choice.name} has no features of {task.name}; make them from --write-clips.")
        features = read_features(folder, task)
        # whatever it calls itself, the folder's name is what was asked for
        return replace(features, header=replace(features.header, encoder=choice.name))
    encoder = OWN[choice.kind](choice.name, choice.folder)
    if not again and has_features(folder):
        header = read_header(folder)
        if (header.version, header.task, header.digest) == (_version(encoder, task), task.name, task.digest):
            return read_features(folder, task)
    write_features(folder, hear_task(encoder, task))
    # what is read is what others read: rounded to float16
    return read_features(folder, task)


def _version(encoder: Encoder, task: Task) -> str:
    return encoder.version if task.listening is Listening.FRAMES else f"{encoder.version}, {VIEWS}"


def hear_task(encoder: Encoder, task: Task) -> Features:
    """Let an encoder hear all clips of a task.

    Raises:
        UserError: a clip cannot be read.
    """
    dense = task.listening is Listening.FRAMES
    vectors: dict[str, list[np.ndarray]] = {}
    frames: dict[str, list[Layer]] = {}
    cpu_s = audio_s = 0.0
    for clip in tqdm(task.clips, desc=f"{encoder.name} hears {task.name}", unit="clip", disable=None):
        audio = clip.read()
        if not audio_s:
            encoder.hear(audio, task.listening)  # the first call loads and compiles
        start = time.process_time()
        heard = encoder.hear(audio, task.listening)
        cpu_s += time.process_time() - start
        audio_s += audio.duration
        if dense:
            for name, layer in heard.layers.items():
                frames.setdefault(name, []).append(layer)
        else:
            for name, vector in pooled(heard).items():
                vectors.setdefault(name, []).append(vector)
    header = Header(encoder.name, _version(encoder, task), encoder.about, task.name, task.digest, cpu_s, audio_s)
    return Features(header, {name: np.stack(rows) for name, rows in vectors.items()}, frames)
