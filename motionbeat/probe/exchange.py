"""Features and clips on disk: the cache of our encoders, and how others that run elsewhere take part.

A pretrained network may need an environment of its own. It is given the clips of a task as plain files
(:func:`write_clips`; ``python -m motionbeat.probe --write-clips TASK``), and gives features back
(:func:`read_features`). Both sides need numpy and json only.

Clips: a folder with 16-bit mono wav files at 22050 samples per second and ``index.json``::

    {"format": "motionbeat-probe-clips-1", "task": NAME, "digest": HEX, "listening": "music" | "clock" | "frames",
     "sample_rate": 22050, "clips": [{"name": NAME, "file": "0000.wav", "duration_s": SECONDS}, ...]}

Features: a folder ``ENCODER/TASK`` with ``header.json``::

    {"format": "motionbeat-probe-features-1", "encoder": NAME, "version": TEXT, "about": LINE, "task": NAME,
     "digest": HEX, "cpu_s": SECONDS, "audio_s": SECONDS,
     "views": [{"name": VIEW, "kind": "vectors" | "frames", "file": "0.npz"}, ...]}

``task`` and ``digest`` are copied from ``index.json``; ``cpu_s`` is what hearing all clips took in seconds of one CPU,
loading the model left out, and ``audio_s`` how long they are. A view is one way to describe a clip; the probe chooses
between views on validation data. Its npz holds, without pickles, for all clips in the order of the index,

* of kind ``vectors``: ``vectors`` (N, K) float16, one row a clip;
* of kind ``frames`` (tasks whose listening is ``frames``): ``frames`` (R, D) float16, the frames of all clips one
  after another, ``times_s`` (R,) float64, the middle of each in seconds from the beginning of its clip, and ``counts``
  (N,) int64, how many frames each clip has; at least 25 a second.

Values beyond 60000 do not fit float16: scale them first. Every dimension is standardised later anyway.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motionbeat.array_files import read_arrays, wrong_file
from motionbeat.audio import SAMPLE_RATE, save_audio
from motionbeat.errors import UserError
from motionbeat.output import StagedFiles, check_free
from motionbeat.probe.encoders import Layer
from motionbeat.probe.task import Task

CLIPS_FORMAT = "motionbeat-probe-clips-1"
FEATURES_FORMAT = "motionbeat-probe-features-1"
LARGEST = 6e4
"""Greatest value that is stored: float16 ends at 65504."""

_WHAT = "probe features"
_ADVICE = "See motionbeat.probe.exchange for the format."
_HEADER = "header.json"
_TEXTS = ("encoder", "version", "about", "task", "digest")
_SECONDS = ("cpu_s", "audio_s")


@dataclass(frozen=True)
class Header:
    """Whose features these are, and of what.

    Attributes:
        encoder: its name.
        version: changes whenever the features do.
        about: a line on it.
        task: name of the task.
        digest: :attr:`motionbeat.probe.task.Task.digest` of the clips.
        cpu_s: CPU seconds that hearing all clips took, loading left out.
        audio_s: seconds of sound that were heard.
    """

    encoder: str
    version: str
    about: str
    task: str
    digest: str
    cpu_s: float
    audio_s: float

    @property
    def cpu_s_per_min(self) -> float:
        """CPU seconds per minute of sound."""
        return 60.0 * self.cpu_s / max(self.audio_s, 1e-9)


@dataclass(frozen=True, eq=False)
class Features:
    """What an encoder hears in all clips of a task.

    Attributes:
        header: whose they are.
        vectors: (N, K) float32 by view, for tasks about whole clips.
        frames: by view, one :class:`~motionbeat.probe.encoders.Layer` for each clip, for tasks about time.
    """

    header: Header
    vectors: dict[str, np.ndarray]
    frames: dict[str, list[Layer]]


def write_clips(
    task: Task, folder: Path, force: bool = False, progress: Callable[[str], None] = lambda name: None
) -> None:
    """Write the clips of a task as wav files with an index, for encoders that run elsewhere.

    Args:
        task: whose clips.
        folder: where to; made if it is not there.
        force: replace files that exist.
        progress: is told the name of each clip when it is written.

    Raises:
        UserError: a clip cannot be read, or the folder cannot be written or holds such files already.
    """
    names = [f"{number:04d}.wav" for number in range(len(task.clips))]
    final = [folder / "index.json", *(folder / name for name in names)]
    check_free(final, [clip.sound for clip in task.clips], force)
    with StagedFiles(final, force) as files:
        listed = []
        for clip, name, path in zip(task.clips, names, files.paths[1:], strict=True):
            audio = clip.read()
            save_audio(path, audio)
            listed.append({"name": clip.name, "file": name, "duration_s": round(audio.duration, 4)})
            progress(clip.name)
        index = {
            "format": CLIPS_FORMAT,
            "task": task.name,
            "digest": task.digest,
            "listening": str(task.listening),
            "sample_rate": SAMPLE_RATE,
            "clips": listed,
        }
        files.paths[0].write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
        files.commit()


def write_features(folder: Path, features: Features) -> None:
    """Write features in the format that the module describes, in place of older ones.

    Raises:
        UserError: the folder cannot be written.
        ValueError: a view holds values that are not finite or do not fit float16.
    """
    views: list[tuple[str, str, dict[str, np.ndarray]]] = []
    for name, vectors in features.vectors.items():
        views.append((name, "vectors", {"vectors": _half(name, vectors)}))
    for name, layers in features.frames.items():
        arrays = {
            "frames": _half(name, np.concatenate([layer.frames for layer in layers])),
            "times_s": np.concatenate([layer.times_s for layer in layers]),
            "counts": np.array([len(layer.frames) for layer in layers], dtype=np.int64),
        }
        views.append((name, "frames", arrays))
    names = [f"{number}.npz" for number in range(len(views))]
    header: dict[str, Any] = {"format": FEATURES_FORMAT, **asdict(features.header)}
    header["views"] = [
        {"name": view, "kind": kind, "file": name} for (view, kind, _), name in zip(views, names, strict=True)
    ]
    with StagedFiles([folder / _HEADER, *(folder / name for name in names)], force=True) as files:
        files.paths[0].write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")
        for path, (_, _, arrays) in zip(files.paths[1:], views, strict=True):
            np.savez(path, **arrays)  # type: ignore[arg-type]
        files.commit()


def has_features(folder: Path) -> bool:
    """Whether a folder holds features."""
    return (folder / _HEADER).is_file()


def read_header(folder: Path) -> Header:
    """Whose features a folder holds.

    Raises:
        UserError: there are none, or the header is damaged or something else.
    """
    return _read_header(folder)[0]


def read_features(folder: Path, task: Task) -> Features:
    """The features of a task's clips in a folder. Nothing is unpickled.

    Raises:
        UserError: there are none, they are damaged, of another task or of other clips, or not of the kind that the
            task needs.
    """
    header, views = _read_header(folder)
    if header.task != task.name or header.digest != task.digest:
        of = f"the task {header.task}" if header.task != task.name else f"other clips than {task.name} has now"
        raise UserError(f"{folder}: these are features of {of}. Hear the clips anew (--write-clips, --again).")
    needed = "frames" if task.listening == "frames" else "vectors"
    if not any(kind == needed for _, kind, _ in views):
        raise UserError(f"{folder}: {task.name} needs {needed}, and no view has them. {_ADVICE}")
    vectors: dict[str, np.ndarray] = {}
    frames: dict[str, list[Layer]] = {}
    for name, kind, file in views:
        if kind == needed == "vectors":
            vectors[name] = _read_vectors(folder / file, len(task.clips))
        elif kind == needed:
            frames[name] = _read_frames(folder / file, len(task.clips))
    return Features(header, vectors, frames)


def _half(name: str, values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all() or np.abs(values).max(initial=0.0) > LARGEST:
        raise ValueError(f"{name}: values must be finite and at most {LARGEST:g}; scale them first")
    return values.astype(np.float16)


def _read_header(folder: Path) -> tuple[Header, list[tuple[str, str, str]]]:
    """The header, and name, kind and file of each view."""
    path = folder / _HEADER
    if not path.is_file():
        raise UserError(f"{folder}: no {_HEADER} there. {_ADVICE}")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(about, dict) or about.get("format") != FEATURES_FORMAT:
            raise ValueError(f"its format is not {FEATURES_FORMAT}")
        for key in _TEXTS:
            if not isinstance(about.get(key), str):
                raise ValueError(f"{key} must be text")
        for key in _SECONDS:
            value = about.get(key)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
                raise ValueError(f"{key} must be seconds, 0 or more")
        views = _views(about.get("views"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except (ValueError, RecursionError) as error:
        raise wrong_file(path, f"a header of {_WHAT}", error, _ADVICE) from None
    return Header(*(about[key] for key in _TEXTS), *(float(about[key]) for key in _SECONDS)), views


def _views(listed: object) -> list[tuple[str, str, str]]:
    if not isinstance(listed, list) or not listed:
        raise ValueError("views must be a list with at least one view")
    views = []
    for view in listed:
        name, kind, file = (view.get(key) if isinstance(view, dict) else None for key in ("name", "kind", "file"))
        if not isinstance(name, str) or kind not in ("vectors", "frames") or not isinstance(file, str):
            raise ValueError("each view needs a name, a kind (vectors or frames) and a file")
        if Path(file).name != file:
            raise ValueError(f"{file[:80]!r} is not the plain name of a file")
        views.append((name, str(kind), file))
    if len({name for name, _, _ in views}) < len(views):
        raise ValueError("two views have the same name")
    return views


def _read_vectors(path: Path, clips: int) -> np.ndarray:
    vectors = read_arrays(path, _WHAT, _ADVICE, ("vectors",))["vectors"]
    if vectors.ndim != 2 or len(vectors) != clips or vectors.shape[1] == 0:
        raise wrong_file(path, _WHAT, f"vectors must be ({clips}, K), got {vectors.shape}", _ADVICE)
    return _floats(path, "vectors", vectors)


def _read_frames(path: Path, clips: int) -> list[Layer]:
    arrays = read_arrays(path, _WHAT, _ADVICE, ("frames", "times_s", "counts"))
    frames, times_s, counts = (arrays[name] for name in ("frames", "times_s", "counts"))
    if counts.shape != (clips,) or counts.dtype.kind not in "iu" or (counts < 1).any():
        raise wrong_file(path, _WHAT, f"counts must be ({clips},) whole numbers from 1 on", _ADVICE)
    if frames.ndim != 2 or len(frames) != counts.sum() or times_s.shape != frames.shape[:1]:
        raise wrong_file(path, _WHAT, f"frames and times_s must have {counts.sum()} rows", _ADVICE)
    frames, times_s = _floats(path, "frames", frames), _floats(path, "times_s", times_s, np.float64)
    ends: Sequence[int] = np.cumsum(counts)[:-1].tolist()
    parts = list(zip(np.split(frames, ends), np.split(times_s, ends), strict=True))
    if any((np.diff(times) <= 0).any() for _, times in parts):
        raise wrong_file(path, _WHAT, "the times of a clip do not ascend", _ADVICE)
    return [Layer(*part) for part in parts]


def _floats(path: Path, name: str, values: np.ndarray, dtype: type = np.float32) -> np.ndarray:
    if values.dtype.kind not in "fiu":
        raise wrong_file(path, _WHAT, f"{name} holds {values.dtype.name} instead of numbers", _ADVICE)
    floats: np.ndarray = values.astype(dtype)
    if not np.isfinite(floats).all():
        raise wrong_file(path, _WHAT, f"{name} has values that are not finite numbers", _ADVICE)
    return floats
