"""Train the MotionBeat encoder: ``python -m motionbeat.train --pairs runs/pairs --out runs/motionbeat``.

Runs on a CPU or a GPU, or on several with ``torchrun --nproc-per-node N -m motionbeat.train ...`` (set
``ACCELERATE_USE_CPU=true`` for several CPU processes). Every ``--save-every`` steps the run is saved, to go on with
``--resume``, and so is the model when it is the best so far on the held-out dances.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from tqdm import tqdm

from motionbeat.beats.tracker import shipped_tracker
from motionbeat.checkpoint import save_run, saved_step, time_is_up
from motionbeat.clips import ClipBatch, ClipSampler, tracks_of
from motionbeat.command import OneLineParser, run_command
from motionbeat.ear import shipped_ear
from motionbeat.embed import load_encoder
from motionbeat.encoder import AUDIO_TOKEN_DIM, BARS_PER_CLIP, CONTACT_GUIDANCES, POOLINGS, ROTATIONS, MotionBeat
from motionbeat.errors import UserError
from motionbeat.losses import (
    accent_entropy,
    anchor_loss,
    bar_alignment_loss,
    beat_alignment_loss,
    embodied_contrastive_loss,
)
from motionbeat.objective import Objective
from motionbeat.pairs import load_pairs
from motionbeat.precision import PRECISIONS, computes_bf16, mixed_precision
from motionbeat.tokens import SLOTS_PER_BEAT

WEIGHT_DECAY = 0.02


def training_loss(model: nn.Module, batch: ClipBatch, objective: Objective) -> tuple[torch.Tensor, dict[str, float]]:
    """The loss of a batch, and its parts; with them how often the anchor's own motion wins: over the whole batch, over
    its tempo negatives, and over its jitter negatives."""
    z_a, z_m, accents, contacts = model(batch.audio, batch.theta, batch.motion, batch.contact)
    own, jitter = z_m[:, 0], z_m[:, 1:]
    tempo = jitter.flatten(0, 1)[batch.tempo_index]
    if objective.tempo_negatives and not objective.beat_jitter:
        jitter = jitter[:, 2:]  # the first two are there for other anchors only
    # in bf16 the similarities of hard negatives would be rounded to a step of 0.03 logits and more
    with torch.autocast(z_a.device.type, enabled=False):
        contrastive = embodied_contrastive_loss(
            z_a, own, tempo, jitter, batch.same, objective.temperature, batch.tempo_mask, objective.both_ways
        )
    figures = {"contrastive": contrastive.item()} | _wins(z_a, own, tempo, jitter, batch)
    loss = contrastive
    if objective.aligns_rhythm:
        if accents is None or contacts is None:
            raise ValueError("rhythm alignment needs an encoder with rhythm heads")
        whole = slice(-batch.first_beat * SLOTS_PER_BEAT % batch.slots_per_bar, None)
        bars = batch.energy.shape[1] // batch.slots_per_bar - (batch.first_beat > 0)
        inner = slice(whole.start, whole.start + bars * batch.slots_per_bar)
        beat = beat_alignment_loss(accents, contacts, batch.onsets, batch.contact[:, 0])
        bar = bar_alignment_loss(accents[:, inner], batch.energy[:, inner], batch.slots_per_bar, SLOTS_PER_BEAT)
        anchor = anchor_loss(accents, contacts, batch.onsets, batch.contact[:, 0])
        loss = loss + objective.beat_weight * beat + objective.bar_weight * bar + objective.anchor_weight * anchor
        entropy = accent_entropy(accents[:, inner], batch.slots_per_bar)
        figures |= {"beat": beat.item(), "bar": bar.item(), "anchor": anchor.item(), "entropy": entropy.item()}
    return loss, {"loss": loss.item()} | figures


@torch.no_grad()
def _wins(
    z_a: torch.Tensor, own: torch.Tensor, tempo: torch.Tensor, jitter: torch.Tensor, batch: ClipBatch
) -> dict[str, float]:
    score = (z_a * own).sum(dim=1)
    others = (z_a @ own.T).masked_fill(batch.same, -1).max(dim=1).values
    wins = {"batch_wins": (score > others).float().mean().item()}
    if batch.tempo_mask.any():
        won = score[:, None] > torch.einsum("nd,nkd->nk", z_a, tempo)
        wins["tempo_wins"] = won[batch.tempo_mask].float().mean().item()
    if jitter.shape[1]:
        wins["jitter_wins"] = (score[:, None] > torch.einsum("nd,njd->nj", z_a, jitter)).float().mean().item()
    return wins


@contextlib.contextmanager
def fast_attention() -> Iterator[None]:
    """On a CPU, plain matrix products are a quarter faster in training than torch's fused attention at our lengths."""
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH] if torch.cuda.is_available() else SDPBackend.MATH):
        yield


def fit(
    model: MotionBeat,
    sampler: ClipSampler,
    objective: Objective,
    steps: int,
    anchors: int,
    rate: float,
    progress: Callable[[int, dict[str, float]], None] | None = None,
) -> MotionBeat:
    """Train an encoder in this process, for short runs that are compared with each other.

    Args:
        model: changed in place, beginning with :func:`set_senses`.
        sampler: where batches come from.
        objective: what is minimised.
        steps: number of batches.
        anchors: clips in a batch.
        rate: highest learning rate: AdamW, 5 % warm-up, cosine to zero. bf16 where the device has it.
        progress: told the step and the figures of :func:`training_loss` at each.
    """
    set_senses(model, sampler)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_share(step, steps))
    for step in range(1, steps + 1):
        batch = sampler.batch(anchors, objective).to(model.device)
        with torch.autocast(model.device.type, torch.bfloat16, enabled=computes_bf16()), fast_attention():
            loss, figures = training_loss(model, batch, objective)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if progress is not None:
            progress(step, figures)
    return model.eval()


def set_senses(model: MotionBeat, sampler: ClipSampler) -> None:
    """Let the encoder normalise motion by the training dances, and hear through the shipped beat network and music
    ear, which made the tokens of the pairs."""
    mean, std = sampler.motion_statistics()
    model.motion_mean.copy_(torch.from_numpy(mean))
    model.motion_std.copy_(torch.from_numpy(std))
    if model.ear is not None:
        model.ear.load_state_dict(shipped_tracker().network.state_dict())
    if model.music is not None:
        model.music.load_state_dict(shipped_ear().state_dict())


def begin_with(model: MotionBeat, trained: MotionBeat) -> None:
    """Take over the weights of a trained encoder; tokens are normalised anew, by the dances that are trained on.

    Raises:
        UserError: it is built otherwise.
    """
    names = [name for name in model.config if name not in ("audio_mean", "audio_std", "objective", "dropout")]
    other = [name for name in names if not name.startswith("_") and model.config[name] != trained.config.get(name)]
    if other:
        raise UserError(f"--start-from: that encoder differs in {', '.join(other)}. Give the same ones.")
    model.load_state_dict(trained.state_dict())


def learning_rate_share(step: int, steps: int) -> float:
    """Warm-up over the first 5 % of ``steps`` (at most 200), then half a cosine to zero."""
    warm_up = min(200, max(1, steps // 20))
    return min((step + 1) / warm_up, 0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1)))


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(
        prog="python -m motionbeat.train", description="Train the MotionBeat encoder.", allow_abbrev=False
    )
    add = parser.add_argument
    add("--pairs", type=Path, default=Path("runs/pairs"), help="folder made by motionbeat.pairs")
    add("--clean", action="store_true", help="only pairs whose licence allows any use")
    add("--paired-only", action="store_true", help="only dances that came with music, none beat-locked")
    unheard = "only pairs with songs that the dance was not recorded to: no dance's own song is heard"
    add("--other-songs", action="store_true", help=unheard)
    add("--bars", type=int, default=BARS_PER_CLIP, help="length of a clip; 2 for AIST++, whose dances last 4 bars")
    add("--out", type=Path, default=Path("runs/motionbeat"))
    add("--steps", type=int, default=6000)
    add("--minutes", type=float, default=math.inf, help="stop after this long; --resume goes on")
    add("--batch", type=int, default=32, help="anchors in a batch")
    add("--lr", type=float, default=6e-4)
    add("--seed", type=int, default=0)
    add("--save-every", type=int, default=250)
    add("--mixed-precision", choices=PRECISIONS, default="auto")
    add("--start-from", type=Path, metavar="DIR", help="begin with the weights of a trained encoder of the same sizes")
    add("--resume", action="store_true")
    switches = parser.add_argument_group("the encoder; all of it is written into its config.json")
    add = switches.add_argument
    add("--width", type=int, default=192)
    add("--heads", type=int, default=6)
    add("--phase-blocks", type=int, default=3)
    add("--plain-layers", type=int, default=2)
    add("--dropout", type=float, default=0.2)
    add("--hearing", choices=tuple(AUDIO_TOKEN_DIM), default="pulse", help="what the audio tower is given")
    add("--rotation", choices=ROTATIONS, default="qkv")
    add("--pooling", choices=POOLINGS, default="bar")
    add("--contact-guidance", choices=CONTACT_GUIDANCES, default="add")
    default = Objective()
    add("--temperature", type=float, default=default.temperature)
    add("--both-ways", action=argparse.BooleanOptionalAction, default=default.both_ways, help="also motion to music")
    add("--tempo-negatives", type=int, default=default.tempo_negatives, help="0 leaves them out")
    add("--beat-jitter", action=argparse.BooleanOptionalAction, default=default.beat_jitter)
    add("--fine-jitter", action=argparse.BooleanOptionalAction, default=default.fine_jitter)
    add("--blind-share", type=float, default=default.blind_share, help="share of batches with turned bar angles")
    add("--beat-weight", type=float, default=default.beat_weight, help="of the beat level of SRAL; 0 leaves it out")
    add("--bar-weight", type=float, default=default.bar_weight, help="of the bar level of SRAL; 0 leaves it out")
    add("--anchor-weight", type=float, default=default.anchor_weight)
    return parser


def run(args: argparse.Namespace) -> int:
    """Train as a parsed command line says; returns the exit status.

    Raises:
        UserError: there is nothing to train on.
    """
    pairs = load_pairs(args.pairs, args.clean)
    if args.paired_only:
        paired = {pair.dance for pair in pairs if pair.recorded_together}
        pairs = [pair for pair in pairs if pair.dance in paired]
    trained, held_out = ([pair for pair in pairs if pair.split == split] for split in ("train", "validation"))
    if args.other_songs:
        trained = [pair for pair in trained if not pair.recorded_together]
    if not trained:
        raise UserError(f"{args.pairs}: no pairs to train on there, only held-out ones or none of the kind asked for.")
    if args.steps < 1 or args.batch < 2 or args.bars < 1 or args.save_every < 1 or not args.lr > 0:
        raise UserError("--steps, --bars and --save-every must be 1 or more, --batch 2 or more, and --lr above 0.")
    if not args.resume and (args.out / "log.jsonl").exists():
        raise UserError(f"{args.out}: holds a training run. Give --resume to go on, or another --out.")
    objective = Objective(**{field.name: getattr(args, field.name) for field in dataclasses.fields(Objective)})
    # the schedule counts our steps, however many processes take them
    accelerator = Accelerator(
        mixed_precision=mixed_precision(args.mixed_precision), step_scheduler_with_optimizer=False
    )
    state = args.out / "state"
    step = saved_step(state) if args.resume else 0
    # past draws are not replayed on resuming: a new stream, still fixed by seed and step
    set_seed(args.seed + step, device_specific=True)
    tracks = tracks_of(trained, args.hearing, bars=args.bars)
    sampler = ClipSampler(tracks, args.seed + step + 1_000_000 * accelerator.process_index)
    heard = tracks_of(held_out, args.hearing, mirror=False, bars=args.bars)
    checks = ClipSampler(heard, 0, augment=False) if held_out else None

    model = MotionBeat(
        width=args.width, heads=args.heads, phase_blocks=args.phase_blocks, plain_layers=args.plain_layers,
        dropout=args.dropout, rotation=args.rotation, pooling=args.pooling, contact_guidance=args.contact_guidance,
        rhythm_heads=objective.aligns_rhythm, hearing=args.hearing,
        objective=dataclasses.asdict(objective), **sampler.audio_statistics(),
    )  # fmt: skip
    if args.start_from is not None:
        begin_with(model, load_encoder(args.start_from).model)
    set_senses(model, sampler)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_share(step, args.steps))
    training, optimizer, schedule = accelerator.prepare(model, optimizer, schedule)
    if step:
        accelerator.load_state(str(state))

    args.out.mkdir(parents=True, exist_ok=True)
    held_out_log = args.out / "held_out.jsonl"
    best = math.inf
    if step and held_out_log.is_file():
        rows = map(json.loads, held_out_log.read_text().splitlines())
        best = min((row["contrastive"] for row in rows if row["step"] <= step), default=math.inf)

    def save() -> None:
        """Save the run, and the model if it is the best so far on held-out dances (or none are held out)."""
        nonlocal best
        save_run(accelerator, state, step)
        if not accelerator.is_main_process:
            return
        unwrapped = accelerator.unwrap_model(training)
        if checks is not None:
            row = held_out_figures(unwrapped, checks, objective)
            with held_out_log.open("a") as log:
                log.write(json.dumps({"step": step} | row) + "\n")
            if not row["contrastive"] < best:
                return
            best = row["contrastive"]
        unwrapped.save_pretrained(args.out)

    begun, saved = time.monotonic(), step
    bar = tqdm(total=args.steps, initial=step, disable=not accelerator.is_main_process, mininterval=5)
    with (args.out / "log.jsonl").open("a") as log:
        while step < args.steps and not time_is_up(accelerator, begun, args.minutes):
            batch = sampler.batch(args.batch, objective).to(accelerator.device)
            with accelerator.autocast(), fast_attention():
                loss, figures = training_loss(training, batch, objective)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(training.parameters(), 1.0)
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
    model: MotionBeat, sampler: ClipSampler, objective: Objective, batches: int = 12
) -> dict[str, float]:
    """Mean of :func:`training_loss`'s figures over the same batches of held-out dances every time."""
    model.eval()
    sampler.rng = np.random.default_rng(0)
    rows = []
    for _ in range(batches):
        rows.append(training_loss(model, sampler.batch(16, objective).to(model.device), objective)[1])
    model.train()
    return {key: float(np.mean([row[key] for row in rows if key in row])) for key in rows[0]}


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    raise SystemExit(main())
