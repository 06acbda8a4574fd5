"""What frozen encoders know, task by task: ``python -m motionbeat.probe --encoder NAME --task NAME --data DIR``.

Features are heard once and kept in ``OUT/features/ENCODER/TASK``, results in ``OUT/results``; both are read again as
long as encoder and clips are the same. ``OUT/probe.md`` and ``OUT/probe.json`` get the table of the encoders and tasks
that were asked for. ``--write-clips TASK`` writes a task's clips for encoders that need an environment of their own
(:mod:`motionbeat.probe.exchange`); features that they leave in ``OUT/features/NAME`` are probed by ``--encoder NAME``.
A task or an encoder that fails prints one line and the others go on. Exit status: 0 all done, 2 a user's mistake,
1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from motionbeat.command import EXIT_USER_ERROR, OneLineParser, print_error, run_command
from motionbeat.errors import UserError
from motionbeat.output import StagedFiles
from motionbeat.probe import catalogue, listeners
from motionbeat.probe.beat_probe import probe_beats
from motionbeat.probe.catalogue import OFFICIAL, Places, read_task
from motionbeat.probe.dance_probe import probe_dances
from motionbeat.probe.exchange import Features, write_clips
from motionbeat.probe.listeners import Choice, choose, features_of
from motionbeat.probe.protocol import HEADS, Result, probe
from motionbeat.probe.results import as_json, load_results, save_results
from motionbeat.probe.table import as_markdown
from motionbeat.probe.task import Kind, Task

ALL = "all"


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(
        prog="python -m motionbeat.probe",
        description="Trains small classifiers on the frozen features of music encoders and prints a table of what"
        " each encoder knows.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--encoder", nargs="+", default=[], metavar="NAME",
        help="encoders: ours, NAME@DIR for other weights, or folders of features (see --list)",
    )  # fmt: skip
    add("--task", nargs="+", default=[], metavar="NAME", help=f"tasks (see --list); {ALL}: all but the official ones")
    add(
        "--data", type=Path, metavar="DIR",
        help="folder that holds instruments, midi, ballroom, beats_dev; for an official task, its data set",
    )  # fmt: skip
    add("--out", type=Path, default=Path("runs/probe"), metavar="DIR", help="everything is kept here (default: %(default)s)")  # noqa: E501  # fmt: skip
    add(
        "--beatset", type=Path, default=Path("runs/beatset"), metavar="DIR",
        help="clips of motionbeat.beatset, for the task beats (default: %(default)s)",
    )  # fmt: skip
    add(
        "--recordings", type=Path, default=Path("runs/recordings"), metavar="DIR",
        help="clips of motionbeat.beatset.recordings, for the task teacher-tags (default: %(default)s)",
    )  # fmt: skip
    add(
        "--pairs", type=Path, default=Path("runs/pairs"), metavar="DIR",
        help="dances and music of motionbeat.pairs, for the tasks dances and aist (default: %(default)s)",
    )  # fmt: skip
    add("--tags", type=Path, metavar="FILE.npz", help="teacher tags (default: OUT/tags.npz)")
    add("--head", nargs="+", choices=HEADS, default=list(HEADS), help="heads to train (default: %(default)s)")
    add("--again", action="store_true", help="hear and probe again what is on disk")
    add("--json", action="store_true", help="print JSON instead of a table")
    add("--list", action="store_true", help="list encoders and tasks, and end")
    add("--write-clips", metavar="TASK", help="write the clips of a task to OUT/clips/TASK, and end")
    add("--force", action="store_true", help="let --write-clips replace files that exist")
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what a parsed command line says; returns the exit status.

    Raises:
        UserError: an option that cannot be meant as given.
    """
    tags = args.tags or args.out / "tags.npz"
    places = Places(args.data, args.out / "rendered", args.beatset, args.recordings, tags, args.pairs)
    root = args.out / "features"
    if args.list:
        print(_listing(root))
        return 0
    if args.write_clips:
        task = read_task(args.write_clips, places)
        folder = args.out / "clips" / task.name
        with tqdm(total=len(task.clips), desc=f"writing {task.name}", unit="clip", disable=None) as bar:
            write_clips(task, folder, args.force, lambda name: _advance(bar))
        print(f"{task.name}: {len(task.clips)} clips -> {folder}")
        return 0
    if not args.encoder or not args.task:
        raise UserError("Name at least one --encoder and one --task; --list shows all.")
    choices = [choose(given, root) for given in dict.fromkeys(args.encoder)]
    names = [name for given in args.task for name in (catalogue.OWN if given == ALL else [given])]
    for name in names:
        if name not in catalogue.OWN and name not in OFFICIAL:
            raise UserError(f"--task {name}: no task is called so; --list shows all.")
    tasks, results, failed = _probe_all(choices, list(dict.fromkeys(names)), places, args)
    if results:
        _write_table(args.out, tasks, results)
        print(json.dumps(as_json(tasks, results)) if args.json else as_markdown(tasks, results), end="")
    return EXIT_USER_ERROR if failed else 0


def _advance(bar: tqdm) -> None:
    bar.update()


def _probe_all(
    choices: Sequence[Choice], names: Sequence[str], places: Places, args: argparse.Namespace
) -> tuple[list[Task], list[Result], bool]:
    """The tasks that could be read, the results that could be had, and whether anything failed."""
    tasks: list[Task] = []
    results: list[Result] = []
    failed = False
    for name in names:
        try:
            task = read_task(name, places)
        except UserError as error:
            print_error(f"{name}: {error}")
            failed = True
            continue
        tasks.append(task)
        for choice in choices:
            try:
                results += _probe_one(choice, task, args.out, args.head, args.again)
            except UserError as error:
                print_error(f"{choice.name} on {name}: {error}")
                failed = True
    return tasks, results, failed


def _probe_one(choice: Choice, task: Task, out: Path, heads: Sequence[str], again: bool) -> list[Result]:
    """The results of one encoder on one task, in the order of the heads; only those that are not on disk are made."""
    if not task.clips or (task.kind not in (Kind.BEATS, Kind.DANCES) and not task.classes):
        raise UserError(f"nothing to tell of its clips; has it labels? {task.source}")
    features = features_of(choice, task, out / "features", again)
    path = out / "results" / choice.name / f"{task.name}.json"
    results = [] if again else load_results(path, features.header, task)
    missing = [head for head in HEADS if head in heads and all(head != _plain(result.head) for result in results)]
    if missing:
        results += _trained_heads(task, features, missing)
        save_results(path, features.header, task, results)
    return [result for head in HEADS if head in heads for result in results if _plain(result.head) == head]


def _trained_heads(task: Task, features: Features, heads: Sequence[str]) -> list[Result]:
    if task.kind is Kind.BEATS:
        return probe_beats(task, features, heads)
    if task.kind is Kind.DANCES:
        return probe_dances(task, features, heads)
    return probe(task, features, heads)


def _plain(head: str) -> str:
    """The head in ``HEAD, DECODER`` and ``HEAD, WHAT IT IS``."""
    return head.split(", ")[0]


def _write_table(out: Path, tasks: Sequence[Task], results: Sequence[Result]) -> None:
    with StagedFiles([out / "probe.json", out / "probe.md"], force=True) as files:
        files.paths[0].write_text(json.dumps(as_json(tasks, results), indent=1) + "\n", encoding="utf-8")
        files.paths[1].write_text(as_markdown(tasks, results), encoding="utf-8")
        files.commit()


def _listing(root: Path) -> str:
    given = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    others = [name for name in given if name.partition("@")[0] not in listeners.OWN]
    lines = [
        f"encoders: {', '.join(listeners.OWN)}",
        f"features in {root}: {', '.join(others) or 'none'}",
        f"tasks: {', '.join(catalogue.OWN)}",
        f"official tasks, each with --data DIR: {', '.join(OFFICIAL)}",
    ]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
