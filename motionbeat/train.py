"""Train the MotionBeat encoder: ``python -m motionbeat.train --pairs runs/pairs --out runs/motionbeat``.

Runs on a CPU or a GPU, or on several with ``torchrun --nproc-per-node N -m motionbeat.train ...`` (set
``ACCELERATE_USE_CPU=true`` for several CPU processes). Every ``--save-every`` steps the run is saved, to go on with
``--resume``, and so is the model when it is the best so far on the held-out dances.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from tqdm import tqdm

from motionbeat.checkpoint import save_run, saved_step, time_is_up
from motionbeat.clips import ClipBatch, ClipSampler
from motionbeat.encoder import MotionBeat
from motionbeat.errors import UserError
from motionbeat.losses import embodied_contrastive_loss
from motionbeat.pairs import load_pairs


def contrast(model: nn.Module, batch: ClipBatch, tempo_negatives: int) -> tuple[torch.Tensor, dict[str, float]]:
    """ECL of a batch, and how often the anchor's own motion wins: over the whole batch, over its tempo negatives, and
    over its jitter negatives."""
    anchors, clips, slots, dim = batch.motion.shape
    theta = batch.theta[:, None].expand(-1, clips, -1).reshape(anchors * clips, slots)
    motion = batch.motion.reshape(anchors * clips, slots, dim)
    z_a, z_m = model(batch.audio, batch.theta, motion, theta, batch.contact.reshape(anchors * clips, slots))
    z_m = z_m.unflatten(0, (anchors, clips))
    own, tempo, jitter = z_m[:, 0], z_m[:, 1 : 1 + tempo_negatives], z_m[:, 1 + tempo_negatives :]
    loss = embodied_contrastive_loss(z_a, own, tempo, jitter, batch.same)
    with torch.no_grad():
        score = (z_a * own).sum(dim=1)
        others = (z_a @ own.T).masked_fill(batch.same, -1).max(dim=1).values
        wins = {
            "batch": (score > others).float().mean().item(),
            "tempo": (score[:, None] > torch.einsum("nd,nkd->nk", z_a, tempo)).float().mean().item(),
            "jitter": (score[:, None] > torch.einsum("nd,njd->nj", z_a, jitter)).float().mean().item(),
        }
    return loss, wins


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m motionbeat.train", description="Train the MotionBeat encoder.")
    parser.add_argument("--pairs", type=Path, default=Path("runs/pairs"), help="folder made by motionbeat.pairs")
    parser.add_argument("--clean", action="store_true", help="only pairs whose licence allows any use")
    parser.add_argument("--out", type=Path, default=Path("runs/motionbeat"))
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this long; --resume goes on")
    parser.add_argument("--batch", type=int, default=32, help="anchors in a batch")
    parser.add_argument("--tempo-negatives", type=int, default=2)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=250)
    parser.add_argument("--mixed-precision", choices=("no", "bf16", "fp16"), default="bf16")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args(argv)

    try:
        pairs = load_pairs(args.pairs, args.clean)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    # the schedule counts our steps, however many processes take them
    accelerator = Accelerator(mixed_precision=args.mixed_precision, step_scheduler_with_optimizer=False)
    state = args.out / "state"
    step = saved_step(state) if args.resume else 0
    # past draws are not replayed on resuming: a new stream, still fixed by seed and step
    set_seed(args.seed + step, device_specific=True)
    trained, held_out = [p for p in pairs if not p.held_out], [p for p in pairs if p.held_out]
    sampler = ClipSampler(trained, args.seed + step + 1_000_000 * accelerator.process_index)
    checks = ClipSampler(held_out, 0, mirror=False) if held_out else None

    model = MotionBeat(width=args.width)
    mean, std = sampler.motion_statistics()
    model.motion_mean.copy_(torch.from_numpy(mean))
    model.motion_std.copy_(torch.from_numpy(std))
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / 100, 0.5 + 0.5 * math.cos(math.pi * min(step / args.steps, 1)))
    )
    training, optimizer, schedule = accelerator.prepare(model, optimizer, schedule)
    if step:
        accelerator.load_state(str(state))

    args.out.mkdir(parents=True, exist_ok=True)
    held_out_log = args.out / "held_out.jsonl"
    best = math.inf
    if step and held_out_log.is_file():
        best = min(json.loads(line)["loss"] for line in held_out_log.read_text().splitlines())

    def save() -> None:
        """Save the run, and the model if it is the best so far on held-out dances (or none are held out)."""
        nonlocal best
        save_run(accelerator, state, step)
        if not accelerator.is_main_process:
            return
        unwrapped = accelerator.unwrap_model(training)
        if checks is not None:
            row = evaluate(unwrapped, checks, accelerator)
            with held_out_log.open("a") as log:
                log.write(json.dumps({"step": step} | row) + "\n")
            if row["loss"] >= best:
                return
            best = row["loss"]
        unwrapped.save_pretrained(args.out)

    begun, saved = time.monotonic(), step
    bar = tqdm(total=args.steps, initial=step, disable=not accelerator.is_main_process, mininterval=5)
    with (args.out / "log.jsonl").open("a") as log:
        while step < args.steps and not time_is_up(accelerator, begun, args.minutes):
            batch = sampler.batch(args.batch, args.tempo_negatives).to(accelerator.device)
            loss, wins = contrast(training, batch, args.tempo_negatives)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(training.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            step += 1
            bar.update()
            if step % 10 == 0 and accelerator.is_main_process:
                log.write(json.dumps({"step": step, "loss": loss.item()} | wins) + "\n")
                log.flush()
            if step % args.save_every == 0:
                save()
                saved = step
    if saved != step:
        save()
    return 0


@torch.no_grad()
def evaluate(model: MotionBeat, sampler: ClipSampler, accelerator: Accelerator, batches: int = 12) -> dict[str, float]:
    """Mean of :func:`contrast`'s figures over the same batches of held-out dances every time."""
    model.eval()
    sampler.rng = np.random.default_rng(0)
    rows = []
    for _ in range(batches):
        batch = sampler.batch(16, 2).to(accelerator.device)
        loss, wins = contrast(model, batch, 2)
        rows.append({"loss": loss.item()} | wins)
    model.train()
    return {key: sum(row[key] for row in rows) / batches for key in rows[0]}


if __name__ == "__main__":
    raise SystemExit(main())
