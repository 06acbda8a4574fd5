"""How good dances are, beside ground truth: ``python -m dancegen.evaluate``.

::

    python -m dancegen.evaluate DANCES/ [--songs SONGS/]           # motions that are there already
    python -m dancegen.evaluate --model DIR --songs LIST --seeds 3  # a generator, danced anew
    python -m dancegen.evaluate --pairs runs/pairs --split test     # the ground truth itself, in the same way

Writes ``evaluation.json`` (everything), ``evaluation.md`` (tables) and ``evaluation.png`` (plots). Every measure
stands with its 95 % interval over songs beside that of ground truth and of controls: other songs of the style, other
styles, and the dance played backwards (:mod:`dancegen.evaluation`). Published protocols follow by name.

Dances are judged by the reference that comes with the project (statistics of training and validation dances), and
stand beside the dances it was made of. With ``--pairs`` they stand beside the dances of ``--split`` there instead, and
their distance to the training motion is measured (copy rate). ``--make-reference --pairs DIR`` makes the reference
anew.

Dances of a generator are made to the beats that are heard, and judged by them as the dance counts them; with
``--judge-by annotated`` by the beats that ``--pairs`` has of the songs, which counts what was heard wrongly.

Exit status: 0 all done, 2 a user's mistake, 1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dancegen.settings import AUTO_STYLE, DEFAULT_GUIDANCE, DEFAULT_STEPS, DanceSettings
from motionbeat.assets import asset_path
from motionbeat.command import OneLineParser, run_command
from motionbeat.errors import UserError
from motionbeat.output import StagedFiles, check_free

if TYPE_CHECKING:
    from dancegen.evaluation.measured_set import JudgedDance, MeasuredSet
    from dancegen.evaluation.tables import Evaluation

FILES = ("evaluation.json", "evaluation.md", "evaluation.png")
DEFAULT_SECONDS = 30.0
SPLITS = ("train", "validation", "test")
REFERENCE_SPLITS = ("train", "validation")


def build_parser() -> argparse.ArgumentParser:
    """The command line; nothing heavy is imported for it."""
    parser = OneLineParser(
        prog="python -m dancegen.evaluate",
        description="Measures dances beside ground truth and controls.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("motions", nargs="*", type=Path, metavar="MOTION", help="motion files (npz), or folders of them")
    add("--model", type=Path, metavar="DIR", help="dance with this generator instead (shipped: assets/models/dance)")
    add("--pairs", type=Path, metavar="DIR", help="folder of motionbeat.pairs: ground truth; alone, it is judged")
    add("--split", nargs="+", choices=SPLITS, default=["test"], help="of the pairs (default: test)")
    add(
        "--songs", nargs="+", type=Path, default=[], metavar="PATH",
        help="for --model: songs, folders, a .txt list; for motions: the folder of their songs",
    )  # fmt: skip
    add("--seeds", type=int, default=3, metavar="N", help="dances to each song (default: 3)")
    add("--seed", type=int, default=0, metavar="N", help="the first of them (default: 0)")
    add("--style", metavar="NAME", help="of all dances (default: auto for --model, else what lies beside the motion)")
    add("--start", type=float, default=0.0, metavar="S", help="seconds of each song to skip")
    add(
        "--duration", type=float, default=DEFAULT_SECONDS, metavar="S",
        help=f"seconds of each song to dance to (default: {DEFAULT_SECONDS:g})",
    )  # fmt: skip
    add("--steps", type=int, default=DEFAULT_STEPS, metavar="N", help=f"denoising steps (default: {DEFAULT_STEPS})")
    add("--guidance", type=float, default=DEFAULT_GUIDANCE, metavar="W", help=f"default: {DEFAULT_GUIDANCE}")
    judges = "beats that the dances of --model are judged by (default: heard; annotated: those of --pairs)"
    add("--judge-by", choices=("heard", "annotated"), default="heard", help=judges)
    add("--energy", type=float, default=1.0, metavar="E", help="default: 1")
    add("--reference", type=Path, metavar="DIR", help="another reference than the one that comes with the project")
    add("--make-reference", action="store_true", help="make a reference of training and validation dances of --pairs")
    add(
        "--out", type=Path, default=Path("runs/dance_evaluation"), metavar="DIR", help="default: runs/dance_evaluation"
    )
    add("--force", action="store_true", help="replace files that exist")
    return parser


def run(args: argparse.Namespace) -> int:
    """Evaluate as a parsed command line says; returns the exit status.

    Raises:
        UserError: something that was given cannot be used.
    """
    _check(args)
    if args.make_reference:
        return _make_reference(args.pairs, args.out, args.force)
    final = [args.out / name for name in FILES]
    check_free(final, args.motions, args.force)
    with StagedFiles(final, args.force) as files:
        from dancegen.evaluation.plot import write_plot
        from dancegen.evaluation.tables import markdown, report

        evaluation = _evaluate(args)
        found = report(evaluation)
        as_json, as_markdown, as_plot = files.paths
        as_json.write_text(json.dumps(found, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        as_markdown.write_text(markdown(found), encoding="utf-8")
        write_plot(as_plot, evaluation, found)
        files.commit()
    print(_summary(found))
    print("\n".join(f"wrote {path}" for path in final))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


def _check(args: argparse.Namespace) -> None:
    if args.make_reference:
        if args.pairs is None or args.motions or args.model or args.songs:
            raise UserError("--make-reference wants --pairs DIR, and no motions, model or songs.")
        return
    if args.motions and args.model:
        raise UserError("Give motions or --model, not both.")
    if args.model and not args.songs:
        raise UserError("--model wants --songs: songs, folders, or a .txt list.")
    if args.songs and not (args.model or args.motions):
        raise UserError("--songs wants --model DIR, or motions to which the songs belong.")
    if not (args.motions or args.model or args.pairs):
        raise UserError("Give motions, or --model DIR with --songs, or --pairs DIR.")
    if args.motions and len(args.songs) > 1:
        raise UserError("--songs: give the one folder in which the songs of the motions are.")
    if args.judge_by == "annotated" and not (args.model and args.pairs):
        raise UserError("--judge-by annotated wants --model, and --pairs that has the beats of its songs.")
    if args.seeds < 1:
        raise UserError(f"--seeds must be 1 or more, got {args.seeds}.")


def _make_reference(pairs: Path, out: Path, force: bool) -> int:
    from dancegen.evaluation.ground_truth import read_truth
    from dancegen.evaluation.measured_set import measure_set
    from dancegen.evaluation.reference import ABOUT_FILE, ARRAYS_FILE, save_reference

    final = [out / ARRAYS_FILE, out / ABOUT_FILE]
    check_free(final, [], force)
    with StagedFiles(final, force) as files:
        measured = measure_set(read_truth(pairs, REFERENCE_SPLITS))
        save_reference(measured, *files.paths)
        files.commit()
    for path in final:
        print(f"wrote {path} ({path.stat().st_size / 1e3:.0f} kB)")
    return 0


def _evaluate(args: argparse.Namespace) -> Evaluation:
    from dancegen.evaluation.ground_truth import copy_distances, read_truth, training_windows
    from dancegen.evaluation.measured_set import measure_set
    from dancegen.evaluation.reference import load_reference
    from dancegen.evaluation.tables import Evaluation
    from dancegen.metrics.repetition import COPY_M

    pool = load_reference(args.reference or asset_path("reference"))
    about: dict[str, Any] = {"command": _settings(args)}
    dances: list[JudgedDance] = []
    if args.model is not None:
        from dancegen.evaluation.generated import generate, read_songs

        settings = DanceSettings(
            start_s=args.start,
            duration_s=args.duration,
            seed=args.seed,
            steps=args.steps,
            guidance=args.guidance,
            energy=args.energy,
            video=False,
            model=args.model,
        )
        made = generate(read_songs(args.songs, args.style or AUTO_STYLE), settings, args.seeds)
        dances = made.dances
        about |= {"dances": f"generator {args.model.name}", "weights_sha256": made.checksums}
    elif args.motions:
        from dancegen.evaluation.motion_files import read_motions

        dances = read_motions(args.motions, args.songs[0] if args.songs else None, args.style)
        about["dances"] = f"motions of {', '.join(path.name for path in args.motions)}"

    truth: MeasuredSet = pool
    about["ground_truth"] = "the dances of the reference"
    copies = truth_copies = None
    if args.pairs is not None:
        held_out = read_truth(args.pairs, args.split)
        split = " and ".join(args.split)
        about["ground_truth"] = f"{split} dances of {args.pairs.name}"
        if not dances:
            about |= {"dances": about["ground_truth"], "ground_truth": "the dances of the reference"}
            dances = held_out
        else:
            truth = measure_set(held_out, pool)
            if args.judge_by == "annotated":
                from dancegen.evaluation.generated import by_known_beats

                dances, known = by_known_beats(dances, held_out, args.start)
                about["dances"] += f", {known} of {len(dances)} dances judged by annotated beats"
        training = training_windows(read_truth(args.pairs, ["train"]))

        def copied(judged: Sequence[JudgedDance]) -> Any:
            import numpy as np

            found = [copy_distances(dance, training) for dance in judged]
            return np.array([(np.median(each), (each < COPY_M).mean()) for each in found])

        copies = copied(dances)
        truth_copies = None if truth is pool else copied(held_out)
    judged = measure_set(dances, pool)
    return Evaluation(judged, truth, pool, copies, truth_copies, about)


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked for, without the folders of the user."""

    def plain(value: Any) -> Any:
        if isinstance(value, Path):
            return value.name
        return [plain(each) for each in value] if isinstance(value, list) else value

    return {name: plain(value) for name, value in vars(args).items() if name not in ("out", "force")}


def _summary(found: dict[str, Any]) -> str:
    """The measures to steer by, in a few lines."""
    names = ("plants_toward_style", "feet_profile_distance", "feet_energy_beat", "jerk", "contact_slide")
    lines = []
    for name in names:
        entry = found["measures"][name]
        ours, theirs = entry["dances"], entry["ground_truth"]
        other = ours.get("controls", {}).get("other song of the style", {}).get("value")
        values = [("", ours["value"]), ("ground truth ", theirs["value"]), ("other song ", other)]
        lines.append(
            f"{entry['title']}: " + ", ".join(f"{title}{value:.3g}" for title, value in values if value is not None)
        )
    sides = [found["realism"]["mean of styles"][side] for side in ("dances", "ground_truth")]
    kernel = [None if side is None else side["kernel_kinetic"]["value"] for side in sides]
    if None not in kernel:
        lines.append(f"KID of kinetic features, mean of styles: {kernel[0]:.3g}, ground truth {kernel[1]:.3g}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
