"""Cost of a song from file to finished mp4, by stage, and its peak memory: ``python benchmarks/whole_line.py SONG``.

The command line is run as a user runs it, in a process of its own, first on a few seconds (so that numba's compiled
code is cached), then on ``--seconds`` of the song, which is looped when it is shorter.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from motionbeat.audio import load_audio


def run(song: Path, out: Path, options: list[str]) -> tuple[dict, float, float]:
    """Report of one run, its wall seconds and the peak memory of the process in GB."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "dancegen.sample", "--audio", str(song), "--out", str(out), "--json", "--force"]
    printed = subprocess.run([*command, *options], check=True, capture_output=True, text=True).stdout
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    return json.loads(printed), time.monotonic() - begun, peak


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the whole line.")
    parser.add_argument("song", type=Path)
    parser.add_argument("--seconds", type=float, nargs="+", default=[30.0])
    parser.add_argument("--size", default="512x512")
    args = parser.parse_args()
    audio = load_audio(args.song)
    with tempfile.TemporaryDirectory() as folder:
        run(args.song, Path(folder), ["--duration", "5", "--size", args.size])
        for seconds in args.seconds:
            song = Path(folder) / f"{seconds:g}.flac"
            soundfile.write(song, np.resize(audio.samples, int(seconds * audio.sample_rate)), audio.sample_rate)
            report, wall, peak = run(song, Path(folder), ["--size", args.size])
            timing = report["timing"]
            print(f"{seconds:g} s at {args.size}: {timing['cpu_s']:.1f} CPU-s after import, {wall:.1f} s wall in all,")
            print(f"  peak {peak:.2f} GB (the largest run so far)")
            for name, stage in timing["stages"].items():
                print(f"  {name:10s} {stage['cpu_s']:7.1f} CPU-s {stage['wall_s']:7.1f} s")


if __name__ == "__main__":
    main()
