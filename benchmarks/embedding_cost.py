"""Cost of embedding a song, by stage, and its peak memory: ``python benchmarks/embedding_cost.py SONG``.

For each length the song is looped to a flac file and embedded in a process of its own, on one thread. The stages are
those of :meth:`motionbeat.encoder.MotionBeat.encode_audio`: decoding, beat tracking, tokens, and the encoder with
everything that follows. Peak memory is the most that the process has held so far at the end of each stage, imports and
weights (the first line) included; the sound itself is told beside it. A few seconds are embedded first, so that numba
and torch are warm.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile


def measure(song: Path, model: Path | None) -> dict[str, list[float]]:
    """CPU seconds and peak memory in MB of each stage."""
    from motionbeat.audio import Audio, load_audio
    from motionbeat.beats import track_beats
    from motionbeat.embed import load_encoder
    from motionbeat.tokens import beat_tokens, slot_grid

    encoder = load_encoder(model).model
    noise = np.random.default_rng(0).normal(0, 0.1, 5 * 22050).astype(np.float32)
    encoder.encode_audio(Audio(noise))
    stages: dict[str, list[float]] = {}

    def done(name: str, begun: float) -> None:
        stages[name] = [time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3]

    done("before", time.process_time())
    begun = time.process_time()
    audio = load_audio(song, max_duration_s=7200)
    done("decoding", begun)
    begun = time.process_time()
    grid = track_beats(audio).covering(audio.duration)
    done("beats", begun)
    begun = time.process_time()
    slots = slot_grid(grid)
    beat_tokens(audio, slots)
    if encoder.beat_network is not None:
        encoder.audio_tokens(audio, slots)
    done("tokens", begun)
    tokens_s = stages["tokens"][0]
    begun = time.process_time()
    encoder.encode_audio(audio, grid)
    done("encoder", begun + tokens_s)  # which computes the tokens once more
    return stages


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what embedding a song costs.")
    parser.add_argument("song", type=Path)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 10.0, 60.0])
    parser.add_argument("--model", type=Path, help="folder of the encoder (default: the shipped one)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)  # the process that is measured
    args = parser.parse_args()
    if args.here:
        print(json.dumps(measure(args.song, args.model)))
        return
    from motionbeat.audio import load_audio

    audio = load_audio(args.song)
    with tempfile.TemporaryDirectory() as folder:
        for minutes in args.minutes:
            song = Path(folder) / "song.flac"
            samples = int(minutes * 60 * audio.sample_rate)
            soundfile.write(song, np.resize(audio.samples, samples), audio.sample_rate)
            command = [sys.executable, __file__, str(song), "--here"]
            command += [] if args.model is None else ["--model", str(args.model)]
            environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
            printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
            stages: dict[str, list[float]] = json.loads(printed)
            spent = sum(cpu for cpu, _ in stages.values())
            base, peak = stages["before"][1], max(memory for _, memory in stages.values())
            print(
                f"{minutes:g} min: {spent:.1f} CPU-s, {spent / minutes:.2f} a minute; peak {peak:.0f} MB, of which"
                f" {base:.0f} before it begins and {4 * samples / 1e6:.0f} the sound"
            )
            for name, (cpu, memory) in stages.items():
                print(f"  {name:10s} {cpu:7.2f} CPU-s   peak so far {memory:6.0f} MB")


if __name__ == "__main__":
    main()
