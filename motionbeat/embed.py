"""What the encoder hears in songs: ``python -m motionbeat.embed song.mp3 -o song.npz``.

Writes an npz (no pickles) for each song:

==================  ==========  ====================================================================================
key                 shape       holds
==================  ==========  ====================================================================================
``clip``            (P,)        unit vector of the whole song, comparable with motion embeddings
``clips``           (K, P)      unit vectors of its clips of four bars, which overlap by half
``clip_starts``     (K,)        number of the slot that each clip begins with
``tokens``          (N, W)      embedding of each slot; four slots a beat, from the first beat to the last
``token_times_s``   (N,)        start of each slot, seconds
``token_phase``     (N,)        place of each slot in its bar, beats; 0 on downbeats
``onsets``          (N,)        onset envelope of the slots, 0 to 1
``accents``         (N,)        what the rhythm head makes of it, 0 or more; missing when the encoder has no heads
``beats``           (n,)        seconds; continued at the local tempo to both ends of the song
``downbeats``       (m,)        seconds
``meter``           ()          beats in a bar
``tempo``           ()          beats per minute
``confidence``      ()          of the beats, 0 to 1
``about``           ()          JSON: the song's file name, SHA-256 of the encoder's weights, version, settings, units
==================  ==========  ====================================================================================

All times count from the beginning of the song, also with ``--start``. ``--plot`` draws what is heard
(:mod:`motionbeat.hearing_plot`), ``--motion`` adds a dance that starts when the listening starts, as the dances of
``python -m dancegen.sample`` with the same ``--start`` do. A song that cannot be read prints one line and the others
go on. Exit status: 0 all done, 2 a user's mistake, 1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motionbeat.array_files import numbers, read_arrays, wrong_file
from motionbeat.assets import asset_path
from motionbeat.audio import load_audio
from motionbeat.batch import check_range, project_version, run_batch
from motionbeat.beats.summary import describe
from motionbeat.command import OneLineParser, run_command
from motionbeat.encoder import BARS_PER_CLIP, MotionBeat, MusicEmbedding
from motionbeat.errors import UserError
from motionbeat.hearing_plot import hear_dance, write_hearing_plot
from motionbeat.model_files import load_model
from motionbeat.motion import Motion, load_motion
from motionbeat.output import StagedFiles, distinct_names, find_songs, target_paths
from motionbeat.tokens import SLOTS_PER_BEAT

UNITS = {
    "token_times_s": "seconds from the beginning of the song",
    "token_phase": "beats from the downbeat",
    "beats": "seconds from the beginning of the song",
    "downbeats": "seconds from the beginning of the song",
    "meter": "beats in a bar",
    "tempo": "beats per minute",
    "clip_starts": "slots",
    "onsets": "share of the song's strongest onset",
}

_SHAPES = {
    "clip": 1, "clips": 2, "clip_starts": 1, "tokens": 2, "token_times_s": 1, "token_phase": 1, "onsets": 1,
    "beats": 1, "downbeats": 1, "meter": 0, "tempo": 0, "confidence": 0,
}  # fmt: skip
"""Arrays of every embedding, and how many axes each has."""

_WHAT = "a song's embedding"
_AGAIN = "Make one with python -m motionbeat.embed."
_LARGEST = 1e9
_LONGEST_CLIP = 1.001
_BESIDE = object()  # --plot without a place: beside the npz


@dataclass(frozen=True, eq=False)
class Encoder:
    """An encoder ready to listen, and what tells it from others.

    Attributes:
        model: in evaluation mode.
        sha256: of its weights, in hexadecimal.
    """

    model: MotionBeat
    sha256: str

    def embed(self, path: str | Path) -> MusicEmbedding:
        """What it hears in a song file.

        Raises:
            UserError: the file cannot be read as music.
        """
        return self.model.encode_audio(load_audio(path))


@dataclass(frozen=True)
class _Job:
    """A song and the files to write for it; ``plot`` is None when it is not wanted."""

    song: Path
    embedding: Path
    plot: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.embedding,) if self.plot is None else (self.embedding, self.plot)


def load_encoder(folder: Path | None = None) -> Encoder:
    """The encoder saved in ``folder``, the shipped one when None.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    folder = folder or asset_path("models", "motionbeat")
    weights = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file() or not weights:
        raise UserError(f"model: {folder} holds no encoder. Give a folder with config.json and *.safetensors.")
    model = load_model(folder, MotionBeat)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in weights)).hexdigest()
    return Encoder(model, digest)


def save_embedding(path: Path, music: MusicEmbedding, start_s: float, about: dict[str, Any]) -> None:
    """Write the npz that the module describes.

    Args:
        path: ends in ``.npz``; replaced if it exists.
        music: its times count from where the listening started.
        start_s: where that was, in seconds of the song.
        about: any JSON.
    """
    arrays: dict[str, Any] = {
        "clip": music.clip,
        "clips": music.clips,
        "clip_starts": music.clip_starts,
        "tokens": music.tokens,
        "token_times_s": music.token_times_s + start_s,
        "token_phase": music.token_phase,
        "onsets": music.onsets,
        "beats": music.grid.beats + start_s,
        "downbeats": music.grid.downbeats + start_s,
        "meter": music.grid.meter,
        "tempo": music.grid.tempo,
        "confidence": music.grid.confidence,
        "about": json.dumps(about),
    }
    if music.accents is not None:
        arrays["accents"] = music.accents
    np.savez(path, **arrays)


def read_embedding(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and ``about`` of an npz that :func:`save_embedding` wrote.

    Raises:
        UserError: the file is missing, damaged, something else, or has shapes and values that none of them has.
    """
    arrays = read_arrays(path, _WHAT, _AGAIN, ("about", *_SHAPES), ("accents",))
    try:
        about = json.loads(str(arrays.pop("about")))
        if not math.isfinite(float(about["start_s"])) or not isinstance(about["model_sha256"], str):
            raise ValueError("its start is no number, or it names no encoder")
        for name, axes in _SHAPES.items():
            numbers(name, arrays[name], _LARGEST)
            if arrays[name].ndim != axes:
                raise ValueError(f"{name} must have {axes} axes, got {arrays[name].shape}")
        clips, starts, slots = arrays["clips"], arrays["clip_starts"], arrays["token_times_s"]
        whole = len(clips) > 0 and starts.shape == clips.shape[:1] and arrays["clip"].shape == clips.shape[1:]
        if not whole or starts.dtype.kind not in "iu" or arrays["meter"].dtype.kind not in "iu":
            raise ValueError("its clips do not fit together")
        if any(arrays[name].shape[:1] != slots.shape for name in ("tokens", "token_phase", "onsets")):
            raise ValueError("its slots do not fit together")
        if np.linalg.norm(clips.astype(np.float64), axis=1).max() > _LONGEST_CLIP:
            raise ValueError("its clips are longer than unit vectors")
    except KeyError as error:
        raise wrong_file(path, _WHAT, f"it does not say its {error.args[0]}", _AGAIN) from None
    except (ValueError, TypeError) as error:
        raise wrong_file(path, _WHAT, error, _AGAIN) from None
    return arrays, about


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(
        prog="python -m motionbeat.embed",
        description="Writes what the encoder hears in songs: an embedding of each song, of its four-bar clips and of"
        " each quarter of a beat, with the beats they are cut at.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("songs", nargs="+", type=Path, metavar="SONG", help="songs, or folders of songs")
    add(
        "-o", "--out", type=Path, default=Path("embeddings"), metavar="DIR|FILE.npz",
        help="where to write (default: embeddings)",
    )  # fmt: skip
    add(
        "--plot", nargs="?", type=Path, const=_BESIDE, metavar="DIR|FILE.png",
        help="draw what the encoder hears (default: beside the npz); name the songs before it",
    )  # fmt: skip
    add("--motion", type=Path, metavar="DANCE.npz", help="draw a dance that belongs to the (one) song too")
    add("--start", type=float, default=0.0, metavar="S", help="seconds to skip at the beginning")
    add("--duration", type=float, metavar="S", help="seconds to listen to (default: the whole song)")
    add("--model", type=Path, metavar="DIR", help="folder of the encoder (default: the shipped one)")
    add("--json", action="store_true", help="print one JSON object per song, on one line")
    add("--force", action="store_true", help="replace files that exist")
    return parser


def run(args: argparse.Namespace) -> int:
    """Listen to all songs of a parsed command line; returns the exit status.

    Raises:
        UserError: an option that cannot be meant as given, found before any work.
    """
    check_range(args.start, args.duration)
    songs, refused = find_songs(args.songs)
    if args.motion is not None and args.plot is None:
        raise UserError("motion: a dance is only drawn. Add --plot.")
    if args.motion is not None and len(songs) > 1:
        raise UserError(f"motion: a dance belongs to one song, and {len(songs)} were given.")
    jobs = _plan(songs, args)
    motion = None if args.motion is None else load_motion(args.motion)
    encoder = load_encoder(args.model)

    def work(job: _Job) -> tuple[str, dict[str, Any]]:
        return _embed(job, encoder, motion, args.start, args.duration, args.force)

    read = songs if args.motion is None else [*songs, args.motion]
    return run_batch(jobs, work, read, refused, args.force, args.json)


def _plan(songs: Sequence[Path], args: argparse.Namespace) -> list[_Job]:
    names = distinct_names(songs)
    embeddings = target_paths("--out", args.out, names, ".npz", (".npz",))
    plots: Sequence[Path | None] = [None] * len(songs)
    if args.plot is _BESIDE:
        plots = [path.with_suffix(".png") for path in embeddings]
    elif args.plot is not None:
        plots = target_paths("--plot", args.plot, names, ".png", (".png",))
    return [_Job(*each) for each in zip(songs, embeddings, plots, strict=True)]


def _embed(
    job: _Job, encoder: Encoder, motion: Motion | None, start_s: float, duration_s: float | None, force: bool
) -> tuple[str, dict[str, Any]]:
    """Listen to one song and write its files; the line and the JSON object to print."""
    with StagedFiles(job.files, force) as files:
        audio = load_audio(job.song, start_s, duration_s)
        music = encoder.model.encode_audio(audio)
        about = {
            "song": job.song.name,
            "start_s": start_s,
            "duration_s": round(audio.duration, 4),
            "model_sha256": encoder.sha256,
            "version": project_version(),
            "settings": {"slots_per_beat": SLOTS_PER_BEAT, "bars_per_clip": BARS_PER_CLIP},
            "units": UNITS,
        }
        save_embedding(files.paths[0], music, start_s, about)
        if job.plot is not None:
            dance = None if motion is None else hear_dance(encoder.model, motion, music)
            write_hearing_plot(files.paths[1], audio, music, job.song.name, start_s, dance)
        files.commit()
    report = about | {
        "tempo": round(music.grid.tempo, 2),
        "meter": music.grid.meter,
        "confidence": round(music.grid.confidence, 3),
        "tokens": len(music.tokens),
        "clips": len(music.clips),
    }
    shown = ", ".join(str(path) for path in job.files)
    tokens, width = music.tokens.shape
    line = f"{job.song.name}: {describe(music.grid)}; {tokens} tokens of {width} -> {shown}"
    return " ".join(line.split()), report


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_intermixed_args(argv)  # songs may follow options
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
