"""Train the beat network: ``python -m motionbeat.train_beats --clips runs/beatset --out runs/beats``.

Runs on a CPU or a GPU, or on several with ``torchrun --nproc-per-node N -m motionbeat.train_beats ...`` (set
``ACCELERATE_USE_CPU=true`` for several CPU processes). Every ``--save-every`` steps the run is saved, to go on with
``--resume``, and so is the running average of the weights when it is the best so far on the held-out clips.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path

import mir_eval
import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from diffusers.training_utils import EMAModel
from torch.nn import functional as F
from tqdm import tqdm

from motionbeat.beats.decoding import METERS
from motionbeat.beats.network import BeatLogits, BeatNetwork
from motionbeat.beats.tracker import hear
from motionbeat.beatset.clip_files import Clip
from motionbeat.beatset.excerpts import ExcerptBatch, ExcerptSampler, clip_paths
from motionbeat.checkpoint import save_run, saved_step, time_is_up
from motionbeat.command import EXIT_USER_ERROR, print_error
from motionbeat.errors import UserError
from motionbeat.precision import PRECISIONS, mixed_precision

_PULSE_WEIGHT = 0.1
_METER_WEIGHT = 0.03
_HELD_OUT_CLIPS = 100


def beat_loss(heard: BeatLogits, batch: ExcerptBatch) -> dict[str, torch.Tensor]:
    """Cross entropies of beats, downbeats (where bars are known), pulse, and meter (where there is a pulse)."""
    beat = F.binary_cross_entropy_with_logits(heard.beat.float(), batch.beat)
    downbeat = F.binary_cross_entropy_with_logits(heard.downbeat.float(), batch.downbeat, reduction="none")
    pulse = F.binary_cross_entropy_with_logits(heard.pulse.float(), batch.pulse)
    lookup = {meter: i for i, meter in enumerate(METERS)}
    index = torch.tensor([lookup.get(int(m), -1) for m in batch.meter], device=batch.meter.device)
    frames = batch.pulse * (index >= 0)[:, None]
    targets = index.clamp(min=0)[:, None].expand(-1, frames.shape[1])
    meter = F.cross_entropy(heard.meter.float().transpose(1, 2), targets, reduction="none")
    return {
        "beat": beat,
        "downbeat": (downbeat.mean(dim=1) * batch.bars_known).sum() / batch.bars_known.sum().clamp(min=1),
        "pulse": _PULSE_WEIGHT * pulse,
        "meter": _METER_WEIGHT * (meter * frames).sum() / frames.sum().clamp(min=1),
    }


@torch.no_grad()
def evaluate(model: BeatNetwork, paths: list[Path]) -> dict[str, float]:
    """Mean F-measures (70 ms) of beats and downbeats, AMLt, and meters right, over clips as they are; and the mean
    confidence in clips without a beat."""
    rows: dict[str, list[float]] = {"beat": [], "downbeat": [], "amlt": [], "meter": [], "beatless_confidence": []}
    for path in paths:
        clip = Clip.read(path)
        samples = np.mean(clip.stems.astype(np.float32) / 32768, axis=0)
        hearing = hear(model, samples, pitches=(0.0,))
        times, positions, meter = hearing.beats()
        if len(clip.beats) == 0:
            rows["beatless_confidence"].append(hearing.confidence(times))
            continue
        scores = mir_eval.beat.evaluate(clip.beats, times, min_beat_time=0)
        rows["beat"].append(scores["F-measure"])
        rows["amlt"].append(scores["Any Metric Level Total"])
        if clip.positions.any():
            downs = clip.beats[clip.positions == 1]
            rows["downbeat"].append(mir_eval.beat.f_measure(downs, times[positions == 0]))
            rows["meter"].append(float(meter == clip.meter))
    return {name: float(np.mean(values)) if values else math.nan for name, values in rows.items()}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m motionbeat.train_beats", description="Train the beat network.")
    parser.add_argument("--clips", type=Path, default=Path("runs/beatset"), help="folder made by motionbeat.beatset")
    parser.add_argument("--out", type=Path, default=Path("runs/beats"))
    parser.add_argument("--start-from", type=Path, help="folder of a trained network to go on with, by a new schedule")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after this long; --resume goes on")
    parser.add_argument("--batch", type=int, default=16, help="excerpts in a batch, of each process")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--depth", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=500)
    parser.add_argument("--mixed-precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--resume", action="store_true")
    args = parser.parse_args(argv)

    try:
        if args.start_from and not (args.start_from / "config.json").is_file():
            raise UserError(f"No network in {args.start_from} to start from.")
        if args.save_every < 1 or args.batch < 1:
            raise UserError("--save-every and --batch must be at least 1.")
        trained, held_out = clip_paths(args.clips, held_out=False), clip_paths(args.clips, held_out=True)
    except UserError as error:
        print_error(error)
        return EXIT_USER_ERROR
    held_out = held_out[:: max(1, len(held_out) // _HELD_OUT_CLIPS)]
    accelerator = Accelerator(
        mixed_precision=mixed_precision(args.mixed_precision), step_scheduler_with_optimizer=False
    )
    state = args.out / "state"
    step = saved_step(state) if args.resume else 0
    # past draws are not replayed on resuming: a new stream, still fixed by seed and step
    set_seed(args.seed + step, device_specific=True)
    sampler = ExcerptSampler(trained, args.seed + step + 1_000_000 * accelerator.process_index)

    if args.start_from:
        model = BeatNetwork.from_pretrained(args.start_from, torch_dtype=torch.float32)
    else:
        model = BeatNetwork(width=args.width, depth=args.depth)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / 200, 0.5 + 0.5 * math.cos(math.pi * min(step / args.steps, 1)))
    )
    training, optimizer, schedule = accelerator.prepare(model, optimizer, schedule)
    average = EMAModel(accelerator.unwrap_model(training).parameters(), decay=0.998)
    accelerator.register_for_checkpointing(average)
    if step:
        accelerator.load_state(str(state))
    args.out.mkdir(parents=True, exist_ok=True)
    held_out_log = args.out / "held_out.jsonl"
    best = -math.inf
    if not step:
        held_out_log.unlink(missing_ok=True)  # of an earlier run
    if step and held_out_log.is_file():
        best = max(json.loads(line)["score"] for line in held_out_log.read_text().splitlines())

    def save() -> None:
        """Save the run, and the averaged model if it is the best so far on held-out clips."""
        nonlocal best
        save_run(accelerator, state, step)
        if not accelerator.is_main_process:
            return
        unwrapped = accelerator.unwrap_model(training, keep_fp32_wrapper=False)
        average.store(unwrapped.parameters())
        average.copy_to(unwrapped.parameters())
        unwrapped.eval()
        row = evaluate(unwrapped, held_out)
        row["score"] = row["beat"] + row["downbeat"]
        with held_out_log.open("a") as log:
            log.write(json.dumps({"step": step} | row) + "\n")
        if row["score"] >= best:
            best = row["score"]
            unwrapped.save_pretrained(args.out)
        average.restore(unwrapped.parameters())
        unwrapped.train()

    begun, saved = time.monotonic(), step
    training.train()
    bar = tqdm(total=args.steps, initial=step, disable=not accelerator.is_main_process, mininterval=5)
    with (args.out / "log.jsonl").open("a") as log:
        while step < args.steps and not time_is_up(accelerator, begun, args.minutes):
            batch = sampler.batch(args.batch).to(accelerator.device)
            with accelerator.autocast():
                heard = training(batch.spectrogram)
            losses = beat_loss(heard, batch)
            accelerator.backward(sum(losses.values()))
            accelerator.clip_grad_norm_(training.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            average.step(accelerator.unwrap_model(training).parameters())
            step += 1
            bar.update()
            if step % 10 == 0 and accelerator.is_main_process:
                log.write(json.dumps({"step": step} | {name: loss.item() for name, loss in losses.items()}) + "\n")
                log.flush()
            if step % args.save_every == 0:
                save()
                saved = step
    if saved != step:
        save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
