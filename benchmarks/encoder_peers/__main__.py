"""librosa's 35 features of the ballroom songs, per slot: ``python -m benchmarks.encoder_peers BALLROOM``.

They are what ``benchmarks.side_by_side`` trains its librosa rows on: ``OUT/librosa35/NAME.npy``, (N, 35) float16, not
standardised, a row for each slot of the annotated beats (:func:`motionbeat.probe.slots.slot_features`, without lead).
Encoders of others are measured beside MotionBeat by ``python -m motionbeat.probe`` (``benchmarks/probe_peers``).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.encoder_peers.librosa35 import librosa35
from motionbeat.audio import load_audio
from motionbeat.command import OneLineParser, run_command
from motionbeat.dances import read_ballroom
from motionbeat.probe.slots import slot_features
from motionbeat.tokens import slot_grid


def run(args: argparse.Namespace) -> int:
    """Hear the songs of a parsed command line, in place of what was there; returns the exit status.

    Raises:
        UserError: there are no dances, or the music of one cannot be read.
    """
    dances = read_ballroom(args.ballroom)
    extract = librosa35()
    folder, partial = args.out / "librosa35", args.out / ".librosa35.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for dance in tqdm(dances, unit="song", disable=None):
            if dance.audio_path is None or dance.grid is None:
                continue
            frames = extract(load_audio(dance.audio_path).samples)
            starts_s = slot_grid(dance.grid).times_s
            slots = slot_features(frames.values, frames.times_s, frames.marks, starts_s, lead=0.0)
            np.save(partial / f"{dance.name}.npy", slots.astype(np.float16))
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    print(f"{len(dances)} songs -> {folder}")
    return 0


def main() -> int:
    parser = OneLineParser(description="librosa's 35 features of the ballroom songs, per slot.", allow_abbrev=False)
    parser.add_argument("ballroom", type=Path, help="folder of the ballroom set (see motionbeat.dances)")
    parser.add_argument("--out", type=Path, default=Path("runs/peer_features"))
    args = parser.parse_args()
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
