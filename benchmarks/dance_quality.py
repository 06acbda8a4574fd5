"""Beat lock, feet and jerk of generated dances beside recorded ones: ``python benchmarks/dance_quality.py SONG...``.

Each song is danced with several seeds; every figure is the mean over seeds, by the protocols of ``dancegen.metrics``.
``--truth runs/pairs`` adds the held-out recordings, measured in the same way. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from dancegen.cleanup import clean_motion
from dancegen.metrics import Score, summarise
from dancegen.pipeline import DancePipeline
from dancegen.settings import DEFAULT_GUIDANCE, DEFAULT_STEPS
from motionbeat.assets import asset_path
from motionbeat.audio import load_audio
from motionbeat.beats import track_beats
from motionbeat.contacts import runs
from motionbeat.encoder import MotionBeat
from motionbeat.pairs import load_pairs

COLUMNS = ("beat_lock", "on_beat", "beat_alignment_motion_to_music", "foot_slide", "support_speed", "jerk")


def cells(dances: list[tuple[Score, ...]]) -> str:
    """Table cells: the mean of each column's score over dances, with its mean chance level in brackets."""
    row = []
    for name in COLUMNS:
        scores = [next(score for score in dance if score.name == name) for dance in dances]
        value = f"{np.nanmean([score.value for score in scores]):.3g}"
        chances = [score.chance for score in scores if score.chance is not None]
        row.append(f"{value} ({np.nanmean(chances):.2f})" if chances else value)
    above = [score.value > score.chance_95 for dance in dances for score in dance[:1] if score.chance_95 is not None]
    return " | ".join([*row, f"{sum(above)}/{len(above)}"])


def longest_sound_stretch(valid: np.ndarray) -> tuple[int, int]:
    """Start and stop of the longest run without faulty or stitched frames."""
    stretches = runs(valid)
    start, stop = stretches[np.argmax(stretches[:, 1] - stretches[:, 0])]
    return int(start), int(stop)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure generated dances beside recorded ones.")
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, default=asset_path("models", "dance"))
    parser.add_argument("--truth", type=Path, help="folder of pairs; its held-out dances are measured too")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--duration", type=float, default=30.0, help="seconds of each song")
    parser.add_argument("--steps", type=int, default=DEFAULT_STEPS)
    parser.add_argument("--guidance", type=float, default=DEFAULT_GUIDANCE)
    parser.add_argument("--style", default="auto")
    args = parser.parse_args()

    encoder = MotionBeat.from_pretrained(args.model / "encoder").eval()
    pipeline = DancePipeline.from_pretrained(args.model)
    pipeline.set_progress_bar_config(disable=True)
    print(f"| dance | {' | '.join(COLUMNS)} | beat lock above its chance's 95 % |")
    print("| --- " * (len(COLUMNS) + 2) + "|")
    for song in args.songs:
        audio = load_audio(song, 0.0, args.duration)
        music = encoder.encode_audio(audio, track_beats(audio).covering(audio.duration))
        dances = []
        for seed in range(args.seeds):
            output = pipeline(
                music,
                style=args.style,
                num_inference_steps=args.steps,
                guidance_scale=args.guidance,
                generator=torch.Generator().manual_seed(seed),
            )
            dances.append(summarise(clean_motion(output.motion), music.grid))
        print(f"| {song.stem} ({output.style}) | {cells(dances)} |", flush=True)
    if args.truth is not None:
        recorded = {pair.dance: pair for pair in load_pairs(args.truth) if pair.split == "validation"}
        for pair in recorded.values():
            start, stop = longest_sound_stretch(pair.valid)
            stop = min(stop, start + round(args.duration * pair.motion.fps))
            shift = start / pair.motion.fps
            grid = replace(pair.grid, beats=pair.grid.beats - shift, downbeats=pair.grid.downbeats - shift)
            measured = [summarise(pair.motion.crop(start, stop), grid)]
            print(f"| recorded {pair.dance}, {(stop - start) / pair.motion.fps:.0f} s | {cells(measured)} |")


if __name__ == "__main__":
    main()
