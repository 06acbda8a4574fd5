"""Beat lock, feet and jerk of generated dances beside recorded ones: ``python benchmarks/dance_quality.py SONG...``.

Each song is danced with several seeds; every figure is the mean over seeds, by the protocols of ``dancegen.metrics``.
``--truth runs/pairs`` adds the held-out recordings, measured in the same way. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from dancegen.cleanup import clean_motion
from dancegen.metrics import Score, summarise
from dancegen.pipeline import DancePipeline
from motionbeat.audio import load_audio
from motionbeat.beats import track_beats
from motionbeat.encoder import MotionBeat
from motionbeat.pairs import load_pairs

COLUMNS = ("beat_lock", "on_beat", "beat_alignment_motion_to_music", "foot_slide", "support_speed", "jerk")


def cells(runs: list[tuple[Score, ...]]) -> str:
    """Table cells: the mean of each column's score over runs, with its mean chance level in brackets."""
    row = []
    for name in COLUMNS:
        scores = [next(score for score in run if score.name == name) for run in runs]
        value = f"{np.nanmean([score.value for score in scores]):.3g}"
        chances = [score.chance for score in scores if score.chance is not None]
        row.append(f"{value} ({np.nanmean(chances):.2f})" if chances else value)
    above = [score.value > score.chance_95 for run in runs for score in run[:1] if score.chance_95 is not None]
    return " | ".join([*row, f"{sum(above)}/{len(above)}"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure generated dances beside recorded ones.")
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, default=Path("assets/models"))
    parser.add_argument("--truth", type=Path, help="folder of pairs; its held-out dances are measured too")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--duration", type=float, default=30.0, help="seconds of each song")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=1.5)
    parser.add_argument("--style", default="auto")
    args = parser.parse_args()

    encoder = MotionBeat.from_pretrained(args.model / "motionbeat").eval()
    pipeline = DancePipeline.from_pretrained(args.model / "dance")
    pipeline.set_progress_bar_config(disable=True)
    print(f"| dance | {' | '.join(COLUMNS)} | beat lock above its chance's 95 % |")
    print("| --- " * (len(COLUMNS) + 2) + "|")
    for song in args.songs:
        audio = load_audio(song, 0.0, args.duration)
        music = encoder.encode_audio(audio, track_beats(audio))
        runs = []
        for seed in range(args.seeds):
            output = pipeline(
                music,
                style=args.style,
                num_inference_steps=args.steps,
                guidance_scale=args.guidance,
                generator=torch.Generator().manual_seed(seed),
            )
            runs.append(summarise(clean_motion(output.motion), music.grid))
        print(f"| {song.stem} ({output.style}) | {cells(runs)} |", flush=True)
    if args.truth is not None:
        for pair in load_pairs(args.truth):
            if pair.held_out:
                frames = min(len(pair.motion), round(args.duration * pair.motion.fps))
                print(f"| recorded {pair.name} | {cells([summarise(pair.motion.crop(0, frames), pair.grid)])} |")


if __name__ == "__main__":
    main()
