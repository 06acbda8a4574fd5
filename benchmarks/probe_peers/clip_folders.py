"""A peer's side of ``motionbeat.probe.exchange``: reads a task's clips, writes features. Needs numpy and soundfile.

The format is described there; this module repeats it, since a peer's environment holds nothing of ours. What a peer is
made of is a :class:`Peer`, and :func:`main` is the command line that all scripts of this folder share.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import soundfile

CLIPS_FORMAT = "motionbeat-probe-clips-1"
FEATURES_FORMAT = "motionbeat-probe-features-1"
LARGEST = 6e4
"""Greatest value that may be stored as float16."""
FRAMES = "frames"
"""What a task is called that needs frames; all others need vectors."""

EXIT_USER_ERROR = 2


class PeerError(Exception):
    """Something the user gave cannot be used, or this peer cannot do it; the message is one or two plain sentences."""


@dataclass(frozen=True)
class Clips:
    """A folder of clips.

    Attributes:
        task: its name.
        digest: of the clips; goes into the header of the features.
        listening: "frames" where frames are needed.
        names: of the clips.
        paths: (N) wav files, in the order in which features are written.
    """

    task: str
    digest: str
    listening: str
    names: tuple[str, ...]
    paths: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class Frames:
    """Features over time.

    Attributes:
        values: (T, D), T at least 1.
        times_s: (T,) ascending, middle of each frame, seconds from the beginning of the clip.
    """

    values: np.ndarray
    times_s: np.ndarray


@dataclass(frozen=True)
class Peer:
    """A network that listens. Both functions take (N,) float32 samples at ``sample_rate``.

    Attributes:
        name: of the encoder, in tables.
        version: of the package, and which weights.
        about: a line: layers, dimensions, pooling, licence.
        sample_rate: what it is given, samples per second.
        vectors: (K,) for the whole clip, by view; the same views for all clips.
        frames: at least 25 frames a second, by view; None if it has none so dense.
    """

    name: str
    version: str
    about: str
    sample_rate: int
    vectors: Callable[[np.ndarray], dict[str, np.ndarray]]
    frames: Callable[[np.ndarray], dict[str, Frames]] | None = None


def read_clips(folder: Path) -> Clips:
    """The clips of ``python -m motionbeat.probe --write-clips TASK``.

    Raises:
        PeerError: no such folder, or its index is damaged or names files that are not there.
    """
    path = folder / "index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
        if index["format"] != CLIPS_FORMAT:
            raise ValueError(f"its format is not {CLIPS_FORMAT}")
        task, digest, listening = (index[key] for key in ("task", "digest", "listening"))
        if not all(isinstance(text, str) for text in (task, digest, listening)) or Path(task).name != task:
            raise ValueError("task, digest and listening must be plain text")
        names = tuple(str(clip["name"]) for clip in index["clips"])
        paths = tuple(folder / Path(clip["file"]).name for clip in index["clips"])
    except OSError as error:
        raise PeerError(
            f"{path}: cannot be read ({error.strerror}). Write clips first: python -m motionbeat.probe"
            " --write-clips TASK."
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PeerError(f"{path}: no index of clips ({error!r}). Write the clips anew.") from None
    if not paths:
        raise PeerError(f"{path}: no clips in it.")
    for sound in paths:
        if not sound.is_file():
            raise PeerError(f"{sound}: not there. Write the clips anew.")
    return Clips(task, digest, listening, names, paths)


def read_sound(path: Path, sample_rate: int) -> np.ndarray:
    """(N,) float32 samples of a mono file at another rate (soxr, high quality).

    Raises:
        PeerError: it cannot be read.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise PeerError(f"{path}: {error.error_string} Write the clips anew.") from None
    if samples.ndim != 1 or not len(samples):
        raise PeerError(f"{path}: not a mono file with sound in it. Write the clips anew.")
    if rate == sample_rate:
        return np.asarray(samples)
    import soxr  # peers that hear the clips' own rate need none

    return np.asarray(soxr.resample(samples, rate, sample_rate), dtype=np.float32)


def hear(clips: Clips, peer: Peer, progress: Callable[[int], None] = lambda done: None) -> tuple[dict[str, Any], dict]:
    """What a peer hears in a folder of clips.

    The first clip is heard twice, so that what is compiled or cached on the first call is not counted; neither is
    reading and resampling.

    Args:
        clips: to hear.
        peer: who hears.
        progress: is told how many clips are done.

    Returns:
        The header without its views, and the arrays of each view by name.

    Raises:
        PeerError: frames are needed and the peer has none, or a clip cannot be read.
        ValueError: what the peer gives does not fit the format.
    """
    if clips.listening == FRAMES and peer.frames is None:
        raise PeerError(f"{clips.task} needs frames, 25 or more a second, and {peer.name} has none so dense.")
    listen: Callable[[np.ndarray], dict[str, Any]] = peer.vectors
    if clips.listening == FRAMES and peer.frames is not None:
        listen = peer.frames
    listen(read_sound(clips.paths[0], peer.sample_rate))
    heard = []
    cpu_s = audio_s = 0.0
    for path in clips.paths:
        samples = read_sound(path, peer.sample_rate)
        audio_s += len(samples) / peer.sample_rate
        begun = time.process_time()
        heard.append(listen(samples))
        cpu_s += time.process_time() - begun
        progress(len(heard))
    views = {name: _arrays(name, [each[name] for each in heard]) for name in heard[0]}
    header = {
        "format": FEATURES_FORMAT,
        "encoder": peer.name,
        "version": peer.version,
        "about": peer.about,
        "task": clips.task,
        "digest": clips.digest,
        "cpu_s": round(cpu_s, 3),
        "audio_s": round(audio_s, 3),
    }
    return header, views


def write_features(folder: Path, header: dict[str, Any], views: dict[str, dict[str, np.ndarray]]) -> None:
    """Write what :func:`hear` gave; the folder appears whole, in place of an older one."""
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        listed = []
        for number, (name, arrays) in enumerate(views.items()):
            np.savez(partial / f"{number}.npz", **arrays)  # type: ignore[arg-type]
            kind = FRAMES if FRAMES in arrays else "vectors"
            listed.append({"name": name, "kind": kind, "file": f"{number}.npz"})
        text = json.dumps({**header, "views": listed}, indent=1)
        (partial / "header.json").write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _arrays(name: str, heard: Sequence[Any]) -> dict[str, np.ndarray]:
    """A view's arrays from what was heard in each clip."""
    if not isinstance(heard[0], Frames):
        return {"vectors": _half(name, np.stack(heard))}
    for frames in heard:
        if not len(frames.values) or frames.times_s.shape != frames.values.shape[:1]:
            raise ValueError(f"{name}: {frames.values.shape} values for {frames.times_s.shape} times")
    return {
        FRAMES: _half(name, np.concatenate([frames.values for frames in heard])),
        "times_s": np.concatenate([frames.times_s for frames in heard]).astype(np.float64),
        "counts": np.array([len(frames.values) for frames in heard], dtype=np.int64),
    }


def _half(name: str, values: np.ndarray) -> np.ndarray:
    if values.ndim != 2:
        raise ValueError(f"{name}: must be of two dimensions, got {values.shape}")
    if not np.isfinite(values).all() or np.abs(values).max(initial=0.0) > LARGEST:
        raise ValueError(f"{name}: values must be finite and at most {LARGEST:g}")
    return values.astype(np.float16)


class OneLineParser(argparse.ArgumentParser):
    """Reports a wrong command line in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USER_ERROR, f"error: {message} (--help shows all options)\n")


def parser(description: str) -> argparse.ArgumentParser:
    """The arguments that all scripts share."""
    shared = OneLineParser(description=description, allow_abbrev=False)
    shared.add_argument("clips", nargs="+", type=Path, help="folders of --write-clips, one a task")
    shared.add_argument(
        "--out",
        type=Path,
        default=Path("runs/probe/features"),
        help="features go to OUT/ENCODER/TASK (default: %(default)s)",
    )
    shared.add_argument("--force", action="store_true", help="replace features that are there")
    return shared


def main(args: argparse.Namespace, load: Callable[[], Peer]) -> int:
    """Hear all folders of a parsed command line; returns the exit status.

    A folder that this peer cannot hear costs a line, and the others go on.

    Args:
        args: with ``clips``, ``out``, ``force``.
        load: makes the peer; called once the folders have been read, as it is slow.
    """
    try:
        tasks = [read_clips(folder) for folder in args.clips]
        peer = load()
    except PeerError as error:
        return failed(error)
    except ModuleNotFoundError as error:
        return failed(f"{error.name} is not installed here. README.md beside this script has the pip lines.")
    status = 0
    for clips in tasks:
        folder = args.out / peer.name / clips.task
        try:
            if folder.exists() and not args.force:
                raise PeerError(f"{folder}: there already; --force replaces it.")
            header, views = hear(clips, peer, _progress(clips))
            write_features(folder, header, views)
        except PeerError as error:
            status = failed(error)
        except OSError as error:
            status = failed(f"{folder}: cannot be written ({error.strerror or error}).")
        else:
            cost = 60 * header["cpu_s"] / header["audio_s"]
            print(f"{folder}: {len(clips.paths)} clips, {cost:.2f} CPU-s per minute of sound", flush=True)
    return status


def failed(reason: object) -> int:
    """One line on standard error; returns the exit status."""
    print(f"error: {' '.join(str(reason).split())}", file=sys.stderr, flush=True)
    return EXIT_USER_ERROR


def _progress(clips: Clips) -> Callable[[int], None]:
    """A line now and then, so that a log shows how far it is."""
    every = max(1, len(clips.paths) // 10)

    def tell(done: int) -> None:
        if done % every == 0:
            print(f"{clips.task}: {done} of {len(clips.paths)}", flush=True)

    return tell
