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

from motionbeat.ablations import ABLATIONS, RunSettings, done, figures, train_row
from motionbeat.clips import Track, tracks_of
from motionbeat.command import OneLineParser, run_command
from motionbeat.embed import load_encoder
from motionbeat.errors import UserError
from motionbeat.matching import FINE_GRAINED
from motionbeat.pairs import Pair, load_pairs

_TESTS = {
    "beat, blind": ("blind", "beat"),
    "half beat, blind": ("blind", "half beat"),
    "beat": ("told", "beat"),
    "half beat": ("told", "half beat"),
    "stretch 3 %": ("told", "stretch 3"),
    "other song, as it comes": ("told", "other song, as it comes"),
    "other song, in step": ("told", "other song, in step"),
}
TABLE_COLUMNS = (*_TESTS, "song R@1, music to dance", "song R@1, dance to music")
"""Columns of the tables that compare encoders: accuracies of tests, told unless said otherwise, and retrieval in the
meter."""


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
    add("--split", choices=("validation", "test"), default="test")
    add("--out", type=Path, default=Path("runs/evaluation"), metavar="DIR")
    add("--ablations", action="store_true", help="train and measure the ablations instead of a model")
    add("--rows", nargs="+", choices=list(ABLATIONS), default=list(ABLATIONS), metavar="ROW")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N")
    add("--steps", type=int, default=600, help="batches of each ablation run")
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
    others = tracks_of(untrained, mirror=False)
    tracks = [track for track in others if track.pair.split == args.split]
    args.out.mkdir(parents=True, exist_ok=True)
    if args.ablations:
        _run_ablations(args, pairs, tracks, others)
        return 0
    model = load_encoder(args.model).model
    begun = time.monotonic()
    result = figures(model, tracks, others) | {"about": _about(held_out, args.split)}
    (args.out / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    text = evaluation_table(result)
    (args.out / "evaluation.md").write_text(text, encoding="utf-8")
    print(text)
    print(f"{time.monotonic() - begun:.0f} s; written to {args.out}")
    return 0


def _about(pairs: Sequence[Pair], split: str) -> dict[str, object]:
    songs = sorted({pair.song for pair in pairs})
    return {"split": split, "songs": songs, "minutes": round(sum(pair.motion.duration for pair in pairs) / 60, 1)}


def _run_ablations(args: argparse.Namespace, pairs: list[Pair], tracks: list[Track], others: list[Track]) -> None:
    path = args.out / "ablations.jsonl"
    settings = RunSettings(args.steps)
    wanted = [(row, seed) for seed in args.seeds for row in args.rows if (row, seed) not in done(path)]
    trained = tracks_of([pair for pair in pairs if pair.split == "train"]) if wanted else []
    for row, seed in wanted:
        if (row, seed) in done(path):  # another process has done it meanwhile
            continue
        begun = time.monotonic()
        model = train_row(ABLATIONS[row], trained, settings, seed)
        result = {"row": row, "seed": seed, "settings": dataclasses.asdict(settings)} | figures(model, tracks, others)
        result |= {"about": _about([track.pair for track in tracks], args.split)}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        blind = result["blind"]["beat"]["mean"]
        print(f"{row}, seed {seed}: beat, blind {blind:.3f}; {time.monotonic() - begun:.0f} s", flush=True)
    text = ablation_table([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])
    (args.out / "ablations.md").write_text(text, encoding="utf-8")
    print(text)


def evaluation_table(result: dict) -> str:
    """Markdown of one evaluation, as :func:`motionbeat.ablations.figures` gives it."""
    lines = ["| test | told | told, deaf | blind | blind, deaf |", "| --- | --- | --- | --- | --- |"]
    for name in FINE_GRAINED:
        cells = [_interval(result[column].get(name)) for column in ("told", "told, deaf", "blind", "blind, deaf")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "| retrieval | windows | song R@1/5/10 (chance) | exact window R@1/5/10 (chance) | median rank (chance) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for gallery, note in (("retrieval", ""), ("retrieval in the meter", ", same meter")):
        for direction, found in result[gallery].items():
            song = f"{_triple(found['song'])} ({_triple(found['song_chance'])})"
            exact = f"{_triple(found['exact'])} ({_triple(found['exact_chance'])})"
            rank = f"{found['median_rank']:g} ({found['median_rank_chance']:.1f})"
            lines.append(f"| {direction}{note} | {found['windows']} | {song} | {exact} | {rank} |")
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
    mean, deviation = np.mean(values, axis=0), np.std(values, axis=0)
    cells = [f"{m:.3f} ± {d:.3f}" for m, d in zip(mean, deviation, strict=True)]
    return f"| {name} | {len(runs)} | {' | '.join(cells)} |"


def _interval(figure: dict | None) -> str:
    return "-" if figure is None else f"{figure['mean']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"


def _triple(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    raise SystemExit(main())
