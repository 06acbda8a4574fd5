"""How good an encoder is: ``python -m motionbeat.evaluate --pairs runs/pairs``.

Prints retrieval and the fine-grained tests of :mod:`motionbeat.matching` on the paired dances of a split, and writes
them to OUT/evaluation.json and OUT/evaluation.md. With ``--ablations`` it trains the rows of
:data:`motionbeat.ablations.ABLATIONS` that OUT/ablations.jsonl does not hold yet, evaluates each, and writes
OUT/ablations.md; several processes may share the work by ``--rows``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motionbeat.ablations import ABLATIONS, METHOD, RunSettings, done, figures, hearing_of, train_row
from motionbeat.clips import Track, tracks_of
from motionbeat.command import OneLineParser, run_command
from motionbeat.embed import load_encoder
from motionbeat.encoder import BARS_PER_CLIP
from motionbeat.errors import UserError
from motionbeat.matching import FINE_GRAINED
from motionbeat.pairs import Pair, load_pairs

_TESTS = {
    "beat": ("blind", "beat"),
    "half beat": ("blind", "half beat"),
    "stretch 3 %": ("blind", "stretch 3"),
    "stretch 6 %": ("blind", "stretch 6"),
    "stretch 10 %": ("blind", "stretch 10"),
    "other song, in step": ("blind", "other song, in step"),
    "other song, as it comes": ("blind", "other song, as it comes"),
    "beat, told": ("told", "beat"),
    "beat, told, no sound": ("told, no sound", "beat"),
}
TABLE_COLUMNS = (*_TESTS, "song R@1, music to dance", "song R@1, dance to music")
"""Columns of the tables that compare encoders: accuracies of tests, blind unless said otherwise, and retrieval in the
meter."""

_CONDITIONS = (
    "blind", "blind, no sound", "blind, seamless", "told", "told, no sound", "told, seamless",
    "told, seamless, no sound",
)  # fmt: skip


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(
        prog="python -m motionbeat.evaluate",
        description="Measures retrieval and the fine-grained tests of an encoder, or trains its ablations.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--pairs", type=Path, default=Path("runs/pairs"), help="folder made by motionbeat.pairs")
    add("--model", type=Path, help="folder of the encoder (default: the one that ships)")
    add("--bars", type=int, default=BARS_PER_CLIP, help="length of a clip, as in training")
    add("--split", choices=("validation", "test"), default="test")
    add("--out", type=Path, default=Path("runs/evaluation"), metavar="DIR")
    add("--ablations", action="store_true", help="train and measure the ablations instead of a model")
    add("--rows", nargs="+", choices=list(ABLATIONS), default=list(ABLATIONS), metavar="ROW")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N")
    add("--steps", type=int, default=400, help="batches of each ablation run")
    return parser


def run(args: argparse.Namespace) -> int:
    """Evaluate as a parsed command line says; returns the exit status.

    Raises:
        UserError: no pairs, no such model, or nothing held out.
    """
    pairs = load_pairs(args.pairs)
    untrained = [pair for pair in pairs if pair.split != "train" and pair.recorded_together]
    held_out = [pair for pair in untrained if pair.split == args.split]
    if not held_out:
        raise UserError(f"{args.pairs}: no dances with their own music in the {args.split} split.")
    model = None if args.ablations else load_encoder(args.model).model
    hearing = METHOD["hearing"] if model is None else model.config["hearing"]
    tracks, others = _held_out_tracks(untrained, hearing, args)
    args.out.mkdir(parents=True, exist_ok=True)
    if model is None:
        _run_ablations(args, pairs, untrained)
        return 0
    begun = time.monotonic()
    result = figures(model, tracks, others) | {"about": _about(held_out, args.split)}
    (args.out / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    text = evaluation_table(result)
    (args.out / "evaluation.md").write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.monotonic() - begun:.0f} s; written to {args.out}")
    return 0


def _held_out_tracks(pairs: list[Pair], hearing: str, args: argparse.Namespace) -> tuple[list[Track], list[Track]]:
    """Tracks of the split that is measured, and of all held-out dances."""
    others = tracks_of(pairs, hearing, mirror=False, bars=args.bars)
    tracks = [track for track in others if track.pair.split == args.split and len(track.starts)]
    if not tracks:
        raise UserError(f"{args.pairs}: no dance of the {args.split} split is long enough for a clip. Try --bars 2.")
    return tracks, others


def _about(pairs: Sequence[Pair], split: str) -> dict[str, object]:
    songs = sorted({pair.song for pair in pairs})
    return {"split": split, "songs": songs, "minutes": round(sum(pair.motion.duration for pair in pairs) / 60, 1)}


def _run_ablations(args: argparse.Namespace, pairs: list[Pair], untrained: list[Pair]) -> None:
    path = args.out / "ablations.jsonl"
    settings = RunSettings(args.steps)
    trained = [pair for pair in pairs if pair.split == "train"]

    def is_done(row: str, seed: int) -> bool:
        return any((each["row"], each["seed"]) == (row, seed) for each in done(path, settings, args.split))

    wanted = [(row, seed) for seed in args.seeds for row in args.rows if not is_done(row, seed)]
    for hearing in sorted({hearing_of(ABLATIONS[row]) for row, _ in wanted}):
        tracks, others = _held_out_tracks(untrained, hearing, args)
        sources = tracks_of(trained, hearing, bars=args.bars)
        for row, seed in wanted:
            # another process may have done it meanwhile
            if hearing_of(ABLATIONS[row]) != hearing or is_done(row, seed):
                continue
            begun = time.monotonic()
            model = train_row(ABLATIONS[row], sources, settings, seed)
            result = {"row": row, "seed": seed, "settings": dataclasses.asdict(settings)}
            result |= figures(model, tracks, others)
            result |= {"about": _about([track.pair for track in tracks], args.split)}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
            blind = result["blind"]["beat"]["mean"]
            print(f"{row}, seed {seed}: beat, blind {blind:.3f}; {time.monotonic() - begun:.0f} s", flush=True)
    text = ablation_table(done(path, settings, args.split))
    (args.out / "ablations.md").write_text(text, encoding="utf-8")
    print(text)


def evaluation_table(result: dict) -> str:
    """Markdown of one evaluation, as :func:`motionbeat.ablations.figures` gives it."""
    lines = [f"| test | {' | '.join(_CONDITIONS)} | songs |", "| --- " * (len(_CONDITIONS) + 2) + "|"]
    for name in FINE_GRAINED:
        cells = [_interval(result[condition][name]) for condition in _CONDITIONS]
        lines.append(f"| {name} | {' | '.join(cells)} | {result['told'][name]['songs']} |")
    lines += [
        "",
        "| retrieval | windows | song R@1/5/10 (chance) | R@1 95 % | R@1 by tempo | window (chance) | median rank |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for gallery, note in (("retrieval", ""), ("retrieval in the meter", ", same meter")):
        for direction, found in result[gallery].items():
            low, high = found["song_interval"]
            song = f"{_triple(found['song'])} ({_triple(found['song_chance'])}) | {low:.2f}-{high:.2f}"
            exact = f"{_triple(found['exact'])} ({_triple(found['exact_chance'])})"
            rank = f"{found['median_rank']:g} ({found['median_rank_chance']:.1f})"
            cells = [found["windows"], song, f"{found['by_tempo']:.2f}", exact, rank]
            lines.append(f"| {direction}{note} | {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"


def ablation_table(rows: Sequence[dict]) -> str:
    """Markdown of the ablations: mean and standard deviation over seeds of accuracies and of song R@1."""
    lines = [f"| trained with | seeds | {' | '.join(TABLE_COLUMNS)} |", "| --- " * (len(TABLE_COLUMNS) + 2) + "|"]
    for name in ABLATIONS:
        runs = [row for row in rows if row["row"] == name]
        if runs:
            lines.append(table_row(name, runs))
    return "\n".join(lines) + "\n"


def table_row(name: str, runs: Sequence[dict]) -> str:
    """One row of a table with :data:`TABLE_COLUMNS`: mean and standard deviation over runs, each with the figures of
    :func:`motionbeat.ablations.figures`."""
    values = [
        [row[condition][test]["mean"] for condition, test in _TESTS.values()]
        + [found["song"][0] for found in row["retrieval in the meter"].values()]
        for row in runs
    ]
    mean, deviation = np.mean(values, axis=0), np.std(values, axis=0, ddof=min(1, len(runs) - 1))
    cells = [f"{m:.3f} ± {d:.3f}" for m, d in zip(mean, deviation, strict=True)]
    return f"| {name} | {len(runs)} | {' | '.join(cells)} |"


def _interval(figure: dict) -> str:
    return f"{figure['mean']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})" if figure["songs"] else "-"


def _triple(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    raise SystemExit(main())
