"""Train the music ear on music alone: ``python -m motionbeat.train_ear --music runs/ear_set --out runs/ear``.

Two things are asked of it at once. Half of a window's tokens are hidden, in short spans, and it has to say what they
were (:func:`filling_loss`); and of the windows in a batch it has to find the other one of the same piece
(:func:`telling_loss`). Runs on a CPU or a GPU, or on several with ``torchrun``; goes on with ``--resume``.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm

from motionbeat.beats.tracker import shipped_tracker
from motionbeat.checkpoint import save_run, saved_step, time_is_up
from motionbeat.command import OneLineParser, run_command
from motionbeat.ear import SOUND_PARTS, WINDOW_TOKENS, MusicEar
from motionbeat.ear_set import Stretch, load_stretches
from motionbeat.errors import UserError
from motionbeat.precision import PRECISIONS, mixed_precision

HIDDEN_SHARE = 0.5
SPAN_TOKENS = 10
"""Tokens hidden in one go: 0.4 s."""

SHORTEST_TOKENS = 50
TEMPERATURE = 0.1
TELLING_WEIGHT = 0.3

_COLOUR = 0.4
"""How much the spectrum of a window is bent, natural logarithm: a piece is to be known in any room."""


@dataclass(frozen=True, eq=False)
class SoundBatch:
    """Two windows of each of B pieces.

    Attributes:
        sound: (2 B, T, SOUND_DIM) float32, the first windows, then the second ones.
        hidden: (2 B, T) bool.
    """

    sound: torch.Tensor
    hidden: torch.Tensor


class SoundSampler:
    """Draws batches of windows of 2 to 8 s, all of one length; all random choices come from ``seed``."""

    def __init__(self, stretches: list[Stretch], seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.pieces: dict[str, list[np.ndarray]] = {}
        for stretch in stretches:
            self.pieces.setdefault(stretch.piece, []).append(stretch.sound)
        self.names = sorted(self.pieces)

    def statistics(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (SOUND_DIM,) of the tokens of up to 400 pieces."""
        chosen = self.rng.permutation(len(self.names))[:400]
        values = np.concatenate([self.pieces[self.names[i]][0][::10] for i in chosen]).astype(np.float32)
        return values.mean(axis=0), np.maximum(values.std(axis=0), 1e-2)

    def batch(self, pieces: int) -> SoundBatch:
        """Two windows of each of ``pieces`` different pieces, as far apart as it comes."""
        tokens = int(self.rng.integers(SHORTEST_TOKENS, WINDOW_TOKENS + 1))
        chosen = self.rng.choice(len(self.names), size=pieces, replace=len(self.names) < pieces)
        windows = [[self._window(self.pieces[self.names[i]], tokens) for i in chosen] for _ in range(2)]
        sound = np.stack([window for half in windows for window in half])
        return SoundBatch(torch.from_numpy(sound), torch.from_numpy(self._spans(len(sound), tokens)))

    def _window(self, stretches: list[np.ndarray], tokens: int) -> np.ndarray:
        stretch = stretches[self.rng.integers(len(stretches))]
        start = int(self.rng.integers(max(1, len(stretch) - tokens + 1)))
        window = stretch[start : start + tokens].astype(np.float32)
        window = np.pad(window, ((0, tokens - len(window)), (0, 0)), mode="edge")
        spectrum = SOUND_PARTS[0] + SOUND_PARTS[1]
        window[:, :spectrum] += np.concatenate([self._colour(part) for part in SOUND_PARTS[:2]])
        return window

    def _colour(self, bands: int) -> np.ndarray:
        """A smooth bend of a spectrum; both mel frames of a token are bent alike."""
        frames = 2 if bands == SOUND_PARTS[0] else 1
        knots = self.rng.normal(0, _COLOUR, size=5)
        bend = np.interp(np.linspace(0, 4, bands // frames), np.arange(5), knots)
        return np.tile(bend, frames).astype(np.float32)

    def _spans(self, windows: int, tokens: int) -> np.ndarray:
        begins = self.rng.random((windows, tokens)) < -math.log(1 - HIDDEN_SHARE) / SPAN_TOKENS
        begun = np.cumsum(begins, axis=1, dtype=np.int64)
        return begun > np.pad(begun[:, :-SPAN_TOKENS], ((0, 0), (SPAN_TOKENS, 0)))


def filling_loss(predicted: torch.Tensor, sound: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Mean squared error of what was hidden, mel frames, semitones and pulse weighing the same.

    Args:
        predicted: (B, T, SOUND_DIM), normalised.
        sound: (B, T, SOUND_DIM), normalised.
        hidden: (B, T) bool.
    """
    error = (predicted.float() - sound).square()[hidden]
    return torch.stack([part.mean() for part in error.split(SOUND_PARTS, dim=-1)]).mean()


def telling_loss(vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """InfoNCE both ways between the first and the second windows of B pieces, and how often the right one is found.

    Args:
        vectors: (2 B, projection) unit vectors.
    """
    first, second = vectors.chunk(2)
    scores = first @ second.T / TEMPERATURE
    labels = torch.arange(len(scores), device=scores.device)
    loss = (F.cross_entropy(scores, labels) + F.cross_entropy(scores.T, labels)) / 2
    return loss, (scores.argmax(dim=1) == labels).float().mean()


def ear_loss(training: nn.Module, ear: MusicEar, batch: SoundBatch) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of a batch and its parts; ``training`` is ``ear``, perhaps wrapped for several devices."""
    last = training(batch.sound, batch.hidden)[-1]
    normalised = (batch.sound - ear.sound_mean) / ear.sound_std
    filling = filling_loss(ear.predict(ear.norm(last)), normalised, batch.hidden)
    telling, found = telling_loss(ear.clip_vector(last))
    loss = filling + TELLING_WEIGHT * telling
    return loss, {"filling": filling.item(), "telling": telling.item(), "found": found.item()}


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(prog="python -m motionbeat.train_ear", description="Train the music ear on music alone.")
    add = parser.add_argument
    add("--music", type=Path, default=Path("runs/ear_set"), help="folder made by motionbeat.ear_set")
    add("--out", type=Path, default=Path("runs/ear"))
    add("--steps", type=int, default=4000)
    add("--minutes", type=float, default=math.inf, help="stop after this long; --resume goes on")
    add("--batch", type=int, default=32, help="pieces in a batch, two windows of each")
    add("--lr", type=float, default=6e-4)
    add("--width", type=int, default=192)
    add("--heads", type=int, default=6)
    add("--layers", type=int, default=4)
    add("--seed", type=int, default=0)
    add("--save-every", type=int, default=250)
    add("--mixed-precision", choices=PRECISIONS, default="auto")
    add("--resume", action="store_true")
    return parser


def run(args: argparse.Namespace) -> int:
    """Train as a parsed command line says; returns the exit status.

    Raises:
        UserError: there is nothing to train on.
    """
    stretches = load_stretches(args.music)
    trained, held_out = ([s for s in stretches if s.held_out is which] for which in (False, True))
    if not trained:
        raise UserError(f"{args.music}: too few pieces to train on.")
    if args.steps < 1 or args.batch < 2 or args.save_every < 1 or not args.lr > 0:
        raise UserError("--steps and --save-every must be 1 or more, --batch 2 or more, and --lr above 0.")
    if not args.resume and (args.out / "log.jsonl").exists():
        raise UserError(f"{args.out}: holds a training run. Give --resume to go on, or another --out.")
    accelerator = Accelerator(
        mixed_precision=mixed_precision(args.mixed_precision), step_scheduler_with_optimizer=False
    )
    state = args.out / "state"
    step = saved_step(state) if args.resume else 0
    # past draws are not replayed on resuming: a new stream, still fixed by seed and step
    set_seed(args.seed + step, device_specific=True)
    sampler = SoundSampler(trained, args.seed + step + 1_000_000 * accelerator.process_index)
    ear = MusicEar(width=args.width, heads=args.heads, layers=args.layers)
    ear.pulse.load_state_dict(shipped_tracker().network.state_dict())
    mean, std = sampler.statistics()
    ear.sound_mean.copy_(torch.from_numpy(mean))
    ear.sound_std.copy_(torch.from_numpy(std))
    weights = [weight for weight in ear.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=args.lr, weight_decay=0.02, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / 200, 0.5 + 0.5 * math.cos(math.pi * min(step / args.steps, 1)) + 0.01)
    )
    training, optimizer, schedule = accelerator.prepare(ear, optimizer, schedule)
    if step:
        accelerator.load_state(str(state))
    args.out.mkdir(parents=True, exist_ok=True)

    def save() -> None:
        save_run(accelerator, state, step)
        if accelerator.is_main_process:
            accelerator.unwrap_model(training, keep_fp32_wrapper=False).save_pretrained(args.out)
            if held_out:
                row = held_out_figures(ear, held_out, accelerator, args.batch)
                with (args.out / "held_out.jsonl").open("a") as log:
                    log.write(json.dumps({"step": step} | row) + "\n")

    begun, saved = time.monotonic(), step
    bar = tqdm(total=args.steps, initial=step, disable=not accelerator.is_main_process, mininterval=10)
    with (args.out / "log.jsonl").open("a") as log:
        while step < args.steps and not time_is_up(accelerator, begun, args.minutes):
            batch = sampler.batch(args.batch)
            batch = SoundBatch(batch.sound.to(accelerator.device), batch.hidden.to(accelerator.device))
            with accelerator.autocast():
                loss, figures = ear_loss(training, ear, batch)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            step += 1
            bar.update()
            if step % 10 == 0 and accelerator.is_main_process:
                log.write(json.dumps({"step": step} | figures) + "\n")
                log.flush()
            if step % args.save_every == 0:
                save()
                saved = step
    if saved != step:
        save()
    return 0


@torch.no_grad()
def held_out_figures(
    ear: MusicEar, stretches: list[Stretch], accelerator: Accelerator, pieces: int
) -> dict[str, float]:
    """Mean of :func:`ear_loss`'s figures over eight fixed batches of pieces that are not trained on."""
    ear.eval()
    sampler = SoundSampler(stretches, 0)
    rows = []
    for _ in range(8):
        batch = sampler.batch(min(pieces, len(sampler.names)))
        batch = SoundBatch(batch.sound.to(accelerator.device), batch.hidden.to(accelerator.device))
        with accelerator.autocast():
            rows.append(ear_loss(ear, ear, batch)[1])
    ear.train()
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    raise SystemExit(main())
