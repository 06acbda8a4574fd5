"""MotionBeat beside frozen encoders of others in one harness: ``python -m benchmarks.encoder_peers.compare``.

Every contestant hears the same training dances (those with their own music) and meets the same motion tower. Of a
peer, the frozen features are standardised on the training songs, and three things are trained on them:

* ``pooled``: their mean over the clip and a two-layer head, by plain InfoNCE (the usual protocol; it cannot know when
  in the bar anything happens);
* ``tower``: MotionBeat's audio tower over the features of each slot, by plain InfoNCE;
* ``tower, ECL``: the same by MotionBeat's whole objective, which shows what the features lack and not the loss.

MotionBeat's own tokens are augmented (gain, tilt, transposition, masked bands); the features of others are not.

``--peers motionbeat`` trains MotionBeat itself on its own tokens in the same way. Rows are appended to
OUT/peers.jsonl, rows that are there are not trained again; the table is printed and written to OUT/peers.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from motionbeat.ablations import ABLATIONS, RunSettings, figures
from motionbeat.clips import ClipSampler, tracks_of
from motionbeat.encoder import MotionBeat, RhythmEncoder
from motionbeat.evaluate import TABLE_COLUMNS, table_row
from motionbeat.objective import Objective
from motionbeat.pairs import Pair, load_pairs
from motionbeat.train import fit

HEADS = ("pooled", "tower", "tower, ECL")


class PooledFeatures(nn.Module):
    """Mean over the clip, then a two-layer head: what stands in for the audio tower."""

    rhythm = None

    def __init__(self, features: int, width: int, projection: int) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Linear(features, width), nn.GELU(), nn.Linear(width, projection))

    def forward(self, tokens: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """tokens (B, N, features) -> unit vectors (B, projection), the tokens."""
        return F.normalize(self.head(tokens.mean(dim=1)).float(), dim=-1), tokens


def standardised(folder: Path, pairs: list[Pair]) -> dict[str, np.ndarray]:
    """The features (1, N, D) float32 of every pair, each dimension with mean 0 and deviation 1 in training."""
    values = {pair.name: np.load(folder / f"{pair.name}.npy").astype(np.float32) for pair in pairs}
    trained = np.concatenate([values[pair.name] for pair in pairs if pair.split == "train"])
    mean, std = trained.mean(axis=0), np.maximum(trained.std(axis=0), 1e-3)
    return {name: ((each - mean) / std)[None] for name, each in values.items()}


def contestant(head: str, features: int, model: MotionBeat, standardised_already: bool) -> MotionBeat:
    """``model`` with a music side that reads ``features`` numbers a slot."""
    config = model.config
    if head == "pooled":
        model.audio = cast(RhythmEncoder, PooledFeatures(features, config["width"], config["projection"]))
    else:
        sizes = ("width", "heads", "phase_blocks", "plain_layers", "harmonics", "projection", "dropout")
        switches = {name: config[name] for name in (*sizes, "rotation", "pooling")}
        model.audio = RhythmEncoder(features, **switches, guidance="none", rhythm_head=config["rhythm_heads"])
    if standardised_already:
        model.token_mean, model.token_std = torch.zeros(features), torch.ones(features)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, default=Path("runs/pairs"))
    parser.add_argument("--features", type=Path, default=Path("runs/peer_features"))
    parser.add_argument("--peers", nargs="+", required=True, help="folders in --features, or motionbeat")
    parser.add_argument("--heads", nargs="+", choices=HEADS, default=list(HEADS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, default=Path("runs/evaluation"))
    args = parser.parse_args()
    pairs = [pair for pair in load_pairs(args.pairs) if pair.recorded_together]
    settings = RunSettings(args.steps)
    path = args.out / "peers.jsonl"
    args.out.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    rows = [row for row in rows if row["settings"] == dataclasses.asdict(settings)]
    rows = [row for row in rows if row["about"]["split"] == args.split]
    finished = {(row["row"], row["seed"]) for row in rows}
    for peer in args.peers:
        wanted = [
            (head, seed) for head in args.heads for seed in args.seeds if (f"{peer}, {head}", seed) not in finished
        ]
        if not wanted:
            continue
        features = None if peer == "motionbeat" else standardised(args.features / peer, pairs)
        hearing = settings.encoder["hearing"]
        trained = tracks_of([p for p in pairs if p.split == "train"], hearing, features=features)
        others = tracks_of([p for p in pairs if p.split != "train"], hearing, mirror=False, features=features)
        tested = [track for track in others if track.pair.split == args.split]
        dim = trained[0].audio.shape[2]
        for head, seed in wanted:
            begun = time.monotonic()
            objective = Objective(**ABLATIONS["full" if head == "tower, ECL" else "plain InfoNCE"].objective)
            torch.manual_seed(seed)
            sampler = ClipSampler(trained, seed)
            level = sampler.audio_statistics() if features is None else {}
            model = MotionBeat(**settings.encoder, rhythm_heads=objective.aligns_rhythm, **level)
            if features is not None or head == "pooled":
                model = contestant(head, dim, model, features is not None)
            fit(model, sampler, objective, settings.steps, settings.anchors, settings.rate)
            row = {"row": f"{peer}, {head}", "seed": seed, "settings": dataclasses.asdict(settings)}
            row |= {"features": dim, "about": {"split": args.split}} | figures(model, tested, others)
            rows.append(row)
            with path.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{row['row']}, seed {seed}: {time.monotonic() - begun:.0f} s", flush=True)
    lines = [f"| music side | seeds | {' | '.join(TABLE_COLUMNS)} |", "| --- " * (len(TABLE_COLUMNS) + 2) + "|"]
    for name in dict.fromkeys(row["row"] for row in rows):
        lines.append(table_row(name, [row for row in rows if row["row"] == name]))
    (args.out / "peers.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
