"""Train the dance generator.

``python -m dancegen.train --pairs runs/pairs --encoder runs/motionbeat --out runs/dance``

Runs on a CPU or a GPU, or on several with ``torchrun --nproc-per-node N -m dancegen.train ...`` (set
``ACCELERATE_USE_CPU=true`` for several CPU processes), at any size (``--width``, ``--layers``), keeps an exponential
moving average of the weights, and goes on from its last checkpoint with ``--resume``.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from diffusers import DDIMScheduler
from diffusers.training_utils import EMAModel
from torch import nn
from tqdm import tqdm

from dancegen.denoiser import DanceDenoiser, token_gain
from dancegen.losses import LossWeights, motion_loss
from dancegen.pipeline import DancePipeline
from dancegen.windows import Hear, WindowBatch, WindowSampler, auto_styles, heard_by, style_prototypes
from motionbeat.checkpoint import save_run, saved_step, time_is_up
from motionbeat.command import OneLineParser, run_command
from motionbeat.embed import load_encoder
from motionbeat.encoder import CLOCK_DIM
from motionbeat.errors import UserError
from motionbeat.model_files import load_model
from motionbeat.pairs import Pair, load_pairs
from motionbeat.precision import PRECISIONS, mixed_precision

STYLE_DROP = 0.25
"""Share of windows trained without a style label."""

ENERGY_DROP = 0.5
"""Share of windows trained without being told how lively they are."""

MUSIC_DROP = 0.15
"""Share of windows trained without music (and without style and energy): the unconditional half of guidance."""

NOISE_POWER = 2.0
"""High noise is drawn more often: a training step has the share (1 - s) ** (1 / NOISE_POWER) of all steps at or above
the share s of them. What a dance is (side, figures) is decided in the noisiest tenth, which an even draw hardly
visits; here it has 0.32 of the windows."""


def make_scheduler() -> DDIMScheduler:
    """Cosine schedule over 1,000 steps that predicts the clean motion, with a last step of pure noise."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        clip_sample=False,
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )


def denoising_loss(
    model: nn.Module, denoiser: DanceDenoiser, batch: WindowBatch, scheduler: DDIMScheduler, withhold: bool = True
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Loss of one batch at noise levels drawn with :data:`NOISE_POWER`; ``model`` is ``denoiser``, perhaps wrapped for
    several devices."""
    size, device = len(batch.motion), batch.motion.device
    clean = (batch.motion - denoiser.motion_mean) / denoiser.motion_std
    levels = scheduler.config["num_train_timesteps"]
    steps = ((1 - torch.rand(size, device=device) ** NOISE_POWER) * levels).long().clamp(max=levels - 1)
    noisy = scheduler.add_noise(clean, torch.randn_like(clean), steps)
    given = torch.ones(size, dtype=torch.bool, device=device)
    style, energy = batch.style, batch.energy
    if withhold:
        given = torch.rand(size, device=device) >= MUSIC_DROP
        style = style * (given & (torch.rand(size, device=device) >= STYLE_DROP))
        said = given & (torch.rand(size, device=device) >= ENERGY_DROP)
        energy = torch.where(said, energy, torch.nan)
    predicted = model(noisy, steps, batch.music, style, energy, given)
    return motion_loss(predicted, clean, batch.valid, denoiser.motion_mean, denoiser.motion_std, LossWeights())


def begin_with(denoiser: DanceDenoiser, trained: DanceDenoiser) -> None:
    """Take over the weights of a trained denoiser and its normalisation of motion. What reads the music begins anew if
    its encoder had another width, and so do the styles if they were others.

    Raises:
        UserError: its sizes are others.
    """
    names = ("width", "heads", "layers", "window", "patch")
    if any(denoiser.config[name] != trained.config[name] for name in names):
        raise UserError(f"--start-from: that generator has other sizes ({', '.join(names)}). Give the same ones.")
    before, now = trained.state_dict(), denoiser.state_dict()
    # a configuration read from a file holds lists
    same_styles = tuple(denoiser.config["styles"]) == tuple(trained.config["styles"])
    fresh = set() if same_styles else {"style.weight"}
    kept = {key: value for key, value in before.items() if value.shape == now[key].shape and key not in fresh}
    if "music_in.weight" in kept:
        # the same is heard at another gain
        louder = trained.config["token_gain"] / denoiser.config["token_gain"]
        tokens, clock = kept["music_in.weight"].split([before["no_music"].numel() - CLOCK_DIM, CLOCK_DIM], dim=1)
        kept["music_in.weight"] = torch.cat([tokens * louder, clock], dim=1)
    denoiser.load_state_dict(now | kept)


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(prog="python -m dancegen.train", description="Train the dance generator.")
    add = parser.add_argument
    add("--pairs", type=Path, default=Path("runs/pairs"), help="folder made by motionbeat.pairs")
    add("--encoder", type=Path, default=Path("runs/motionbeat"), help="trained MotionBeat encoder")
    add("--clean", action="store_true", help="only pairs whose licence allows any use")
    add("--out", type=Path, default=Path("runs/dance"))
    add("--steps", type=int, default=20000)
    add("--minutes", type=float, default=math.inf, help="stop after this long; --resume goes on")
    add("--batch", type=int, default=40)
    add("--lr", type=float, default=4e-4)
    add("--width", type=int, default=192)
    add("--heads", type=int, default=4)
    add("--layers", type=int, default=6)
    add("--ema", type=float, default=0.999)
    add("--seed", type=int, default=0)
    add("--save-every", type=int, default=1000)
    add("--mixed-precision", choices=PRECISIONS, default="auto")
    start = "begin with the weights of a trained generator of these sizes, whatever its encoder"
    add("--start-from", type=Path, metavar="DIR", help=start)
    add("--resume", action="store_true")
    return parser


def run(args: argparse.Namespace) -> int:
    """Train as a parsed command line says; returns the exit status.

    Raises:
        UserError: there is nothing to train on, or a model cannot be read.
    """
    pairs = load_pairs(args.pairs, args.clean)
    encoder = load_encoder(args.encoder).model
    trained_before = None if args.start_from is None else load_model(args.start_from / "denoiser", DanceDenoiser)
    if not any(pair.split == "train" for pair in pairs):
        raise UserError(f"{args.pairs}: no pairs to train on there, only held-out ones.")
    if args.steps < 1 or args.batch < 1 or args.save_every < 1 or not args.lr > 0:
        raise UserError("--steps, --batch and --save-every must be 1 or more, and --lr above 0.")
    if not args.resume and (args.out / "log.jsonl").exists():
        raise UserError(f"{args.out}: holds a training run. Give --resume to go on, or another --out.")
    accelerator = make_accelerator(args)
    set_seed(args.seed)
    styles = tuple(sorted({pair.style for pair in pairs}))
    trained = [pair for pair in pairs if pair.split == "train"]
    held_out = [pair for pair in pairs if pair.split == "validation"]
    denoiser = DanceDenoiser(
        encoder.frame_dim,
        styles,
        width=args.width,
        heads=args.heads,
        layers=args.layers,
        embedding_dim=encoder.config["projection"],
        auto_styles=auto_styles(trained, styles),
        token_gain=token_gain(encoder.config["width"]),
    )
    denoiser.style_prototype.copy_(torch.from_numpy(style_prototypes(trained, encoder, styles)))
    if accelerator.is_main_process:
        # songs to dance to have to be heard as the training songs were
        encoder.save_pretrained(args.out / "encoder")
    fit(args, accelerator, denoiser, trained, held_out, heard_by(encoder), trained_before)
    return 0


def make_accelerator(args: argparse.Namespace) -> Accelerator:
    """What runs the training on the devices at hand, with the precision that a parsed command line names."""
    # the schedule counts our steps, however many processes take them
    return Accelerator(mixed_precision=mixed_precision(args.mixed_precision), step_scheduler_with_optimizer=False)


def fit(
    args: argparse.Namespace,
    accelerator: Accelerator,
    denoiser: DanceDenoiser,
    trained: list[Pair],
    held_out: list[Pair],
    hear: Hear,
    trained_before: DanceDenoiser | None = None,
) -> None:
    """Train a new denoiser and save its pipeline under ``args.out``.

    Args:
        args: of :func:`build_parser`.
        accelerator: of :func:`make_accelerator`.
        denoiser: of which normalisation and the beats of the styles are not set yet.
        trained: to train on.
        held_out: to log the loss of.
        hear: what the denoiser is told of the music.
        trained_before: whose weights it begins with.
    """
    state = args.out / "state"
    step = saved_step(state) if args.resume else 0
    # past draws are not replayed on resuming: a new stream, still fixed by seed and step
    set_seed(args.seed + step, device_specific=True)
    styles, window = tuple(denoiser.config["styles"]), denoiser.config["window"]
    sampler = WindowSampler(trained, hear, styles, window, args.seed + step + 1_000_000 * accelerator.process_index)
    mean, std = sampler.statistics()
    denoiser.motion_mean.copy_(torch.from_numpy(mean))
    denoiser.motion_std.copy_(torch.from_numpy(std))
    if trained_before is not None:
        begin_with(denoiser, trained_before)
    for index, style in enumerate(styles):
        grids = [pair.grid for pair in trained if pair.style == style]
        denoiser.style_meter[index] = grids[0].meter
        denoiser.style_period_s[index] = float(np.median(np.concatenate([np.diff(grid.beats) for grid in grids])))
    ema = EMAModel(denoiser.parameters(), decay=args.ema, use_ema_warmup=True, power=0.75)
    optimizer = torch.optim.AdamW(denoiser.parameters(), lr=args.lr, weight_decay=0.01, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / 500, 0.5 + 0.5 * math.cos(math.pi * min(step / args.steps, 1)) + 0.01)
    )
    scheduler = make_scheduler()
    model, optimizer, schedule = accelerator.prepare(denoiser, optimizer, schedule)
    accelerator.register_for_checkpointing(ema)
    if step:
        accelerator.load_state(str(state))
    ema.to(accelerator.device)
    checks = WindowSampler(held_out, hear, styles, window, 0, augment=False) if held_out else None

    def save() -> None:
        save_run(accelerator, state, step)
        if not accelerator.is_main_process:
            return
        ema.store(denoiser.parameters())
        ema.copy_to(denoiser.parameters())
        DancePipeline(denoiser, scheduler).save_pretrained(args.out)
        if checks is not None:
            row = evaluate(denoiser, checks, scheduler, accelerator)
            with (args.out / "held_out.jsonl").open("a") as log:
                log.write(json.dumps({"step": step} | row) + "\n")
        ema.restore(denoiser.parameters())

    args.out.mkdir(parents=True, exist_ok=True)
    begun, saved = time.monotonic(), step
    bar = tqdm(total=args.steps, initial=step, disable=not accelerator.is_main_process, mininterval=10)
    with (args.out / "log.jsonl").open("a") as log:
        while step < args.steps and not time_is_up(accelerator, begun, args.minutes):
            batch = sampler.batch(args.batch).to(accelerator.device)
            loss, terms = denoising_loss(model, denoiser, batch, scheduler)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            ema.step(denoiser.parameters())
            step += 1
            bar.update()
            if step % 20 == 0 and accelerator.is_main_process:
                row = {"step": step, "seconds": round(time.monotonic() - begun), "loss": loss.item()}
                log.write(json.dumps(row | {name: term.item() for name, term in terms.items()}) + "\n")
                log.flush()
            if step % args.save_every == 0:
                save()
                saved = step
    if saved != step:
        save()


@torch.no_grad()
def evaluate(
    denoiser: DanceDenoiser, sampler: WindowSampler, scheduler: DDIMScheduler, accelerator: Accelerator
) -> dict[str, float]:
    """Mean loss terms over four fixed batches of held-out dances at fixed noise."""
    denoiser.eval()
    sampler.rng = np.random.default_rng(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        rows = []
        for _ in range(4):
            _, terms = denoising_loss(denoiser, denoiser, sampler.batch(32).to(accelerator.device), scheduler, False)
            rows.append({name: term.item() for name, term in terms.items()})
    denoiser.train()
    return {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    raise SystemExit(main())
