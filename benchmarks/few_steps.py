"""How few denoising steps are enough: ``python benchmarks/few_steps.py SONG...``.

Each song is danced from the same noise by several solvers in several numbers of steps. Every dance is compared with a
reference of ``--reference-steps`` steps from that noise: mean distance of the joints in the dancer's own heading, with
the pelvis in one place, so that a turn or a step that comes out differently is counted once and not for ever after.
Beside it stand what must not get worse: mean joint speed, beat lock, jerk, and foot slide before and after cleanup, by
the protocols of ``dancegen.metrics``. Prints a Markdown table.

A solver that draws noise on the way ends in another dance, so that its distance says nothing; ``dancegen.evaluate``
compares what is like recorded dances.

Evaluations are those of the network on one dance: guidance costs four in each step (all told, the same with its
moments apart, the music alone, nothing; they go through it in one batch). ``late`` leaves the last two out of the
earlier half of the steps (Kynkaanniemi et al. 2024).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler

from dancegen.cleanup import clean_motion
from dancegen.metrics import summarise
from dancegen.pipeline import Conditions, DancePipeline
from dancegen.settings import DEFAULT_GUIDANCE
from dancegen.solver import make_solver, timesteps_even_in_lambda
from motionbeat.assets import asset_path
from motionbeat.audio import load_audio
from motionbeat.beats import track_beats
from motionbeat.encoder import MotionBeat, MusicEmbedding
from motionbeat.motion import Motion
from motionbeat.motion_features import heading_frame_joints, motion_to_features

COLUMNS = ("beat_lock", "on_beat", "jerk", "foot_slide_uncleaned", "foot_slide")


def trailing(kind: Any) -> Callable[[Any, int], Any]:
    """A solver of diffusers with its timesteps even in the training index."""

    def make(schedule: Any, steps: int) -> Any:
        solver = kind.from_config(schedule.config, timestep_spacing="trailing")
        solver.set_timesteps(steps)
        return solver

    return make


def drawing(schedule: Any, steps: int) -> Any:
    """SDE-DPM-Solver++ (2M) on our grid."""
    solver = DPMSolverMultistepScheduler.from_config(schedule.config, algorithm_type="sde-dpmsolver++")
    solver.set_timesteps(timesteps=timesteps_even_in_lambda(solver.lambda_t, steps))
    return solver


SOLVERS: dict[str, Callable[[Any, int], Any]] = {
    "DDIM, trailing": trailing(DDIMScheduler),
    "DPM++ 2M, trailing": trailing(DPMSolverMultistepScheduler),
    "UniPC, trailing": trailing(UniPCMultistepScheduler),
    "SDE-DPM++ 2M, even in lambda": drawing,
    "DPM++ 2M, even in lambda (ours)": make_solver,
}


class ComparedPipeline(DancePipeline):
    """The pipeline with another solver, and guidance in some of its steps only."""

    solver_kind = "DPM++ 2M, even in lambda (ours)"
    late_only = False

    def make_solver(self, steps: int) -> Any:
        solver = SOLVERS[self.solver_kind](self.scheduler, steps)
        self.guided = {int(step) for step in solver.timesteps[steps // 2 if self.late_only else 0 :]}
        return solver

    def _guided(
        self, sample: torch.Tensor, starts: list[int], timestep: torch.Tensor, conditions: Conditions
    ) -> torch.Tensor:
        guided = conditions if int(timestep) in self.guided else replace(conditions, guidance=1.0)
        return super()._guided(sample, starts, timestep, guided)


@dataclass(frozen=True)
class Way:
    """How a dance is denoised: which of :data:`SOLVERS`, in how many steps, guided late only or always."""

    solver: str
    steps: int
    late: bool = False

    @property
    def evaluations(self) -> int:
        """Of the network on one dance, guided."""
        return 2 * self.steps + 2 * (self.steps - self.steps // 2 if self.late else self.steps)


def dances(pipeline: ComparedPipeline, songs: list[MusicEmbedding], way: Way, seeds: int, guidance: float) -> list:
    """One motion for each song and seed."""
    torch.manual_seed(0)  # of the noise that a solver draws on the way
    pipeline.solver_kind, pipeline.late_only = way.solver, way.late
    return [
        pipeline(
            music,
            num_inference_steps=way.steps,
            guidance_scale=guidance,
            generator=torch.Generator().manual_seed(seed),
        ).motion
        for music in songs
        for seed in range(seeds)
    ]


def own_joints(motion: Motion) -> np.ndarray:
    """(T, 24, 3) joints seen from the dancer's heading, in metres."""
    return heading_frame_joints(torch.from_numpy(motion_to_features(motion)))[0].numpy()


def row(motions: list[Motion], reference: list[np.ndarray], grids: list) -> str:
    """Table cells of one way: distance in mm, speed in m/s, and the mean of each of :data:`COLUMNS`."""
    joints = [own_joints(motion) for motion in motions]
    apart = [np.linalg.norm(a - b, axis=-1).mean() for a, b in zip(joints, reference, strict=True)]
    speed = [np.linalg.norm(np.diff(a, axis=0), axis=-1).mean() * 30 for a in joints]
    scores = [
        {score.name: score.value for score in summarise(clean_motion(motion), grid, uncleaned=motion)}
        for motion, grid in zip(motions, grids, strict=True)
    ]
    means = [f"{np.nanmean([each[name] for each in scores]):.3g}" for name in COLUMNS]
    return " | ".join([f"{np.mean(apart) * 1e3:.0f}", f"{np.mean(speed):.2f}", *means])


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare solvers in few steps.")
    parser.add_argument("songs", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, default=asset_path("models", "dance"))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--duration", type=float, default=20.0, help="seconds of each song")
    parser.add_argument("--guidance", type=float, default=DEFAULT_GUIDANCE)
    parser.add_argument("--steps", type=int, nargs="+", default=[4, 5, 6, 8, 10, 20, 50])
    parser.add_argument("--reference-steps", type=int, default=200)
    args = parser.parse_args()

    encoder = MotionBeat.from_pretrained(args.model / "encoder").eval()
    pipeline = ComparedPipeline.from_pretrained(args.model)
    pipeline.set_progress_bar_config(disable=True)
    songs = []
    for path in args.songs:
        audio = load_audio(path, 0.0, args.duration)
        songs.append(encoder.encode_audio(audio, track_beats(audio).covering(audio.duration)))
    grids = [music.grid for music in songs for _ in range(args.seeds)]

    *others, ours = SOLVERS
    limit = Way(ours, args.reference_steps)
    best = dances(pipeline, songs, limit, args.seeds, args.guidance)
    reference = [own_joints(motion) for motion in best]
    print(f"| solver | steps | evaluations | distance, mm | joint speed, m/s | {' | '.join(COLUMNS)} |")
    print("| --- " * (len(COLUMNS) + 5) + "|")
    print(f"| reference | {limit.steps} | {limit.evaluations} | {row(best, reference, grids)} |")
    if args.seeds > 1:
        strangers = [reference[(i // args.seeds) * args.seeds + (i + 1) % args.seeds] for i in range(len(reference))]
        print(f"| the reference of another seed | | | {row(best, strangers, grids)} |", flush=True)
    ways = [Way(solver, steps, late) for steps in args.steps for solver, late in
            [*((name, False) for name in others), (ours, False), (ours, True)]]  # fmt: skip
    for way in ways:
        cells = row(dances(pipeline, songs, way, args.seeds, args.guidance), reference, grids)
        name = f"{way.solver}, guided late" if way.late else way.solver
        print(f"| {name} | {way.steps} | {way.evaluations} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
