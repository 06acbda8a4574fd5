"""From songs to dancing videos: ``python -m dancegen.sample --audio song.mp3``.

Writes NAME.mp4, NAME.npz (the motion, in AMASS's key names) and NAME.json (metrics and settings) for each song. A song
that cannot be danced to prints one line and the others go on. Exit status: 0 all done, 2 a user's mistake, 1 a bug,
130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dancegen.output import OutputPaths, check_outputs, plan_outputs
from dancegen.settings import RENDERERS, VIDEO_FPS, DanceSettings
from motionbeat.command import EXIT_BUG, EXIT_USER_ERROR, OneLineParser, print_error, run_command
from motionbeat.errors import UserError
from motionbeat.output import find_songs

if TYPE_CHECKING:
    from tqdm import tqdm

    from dancegen.song_to_video import DanceResult

HEADLINES = (
    "beat_lock", "bar_lock", "feet_energy_beat", "beat_alignment_motion_to_music", "beat_f_measure", "foot_slide",
    "contact_slide", "support_speed", "floor_penetration", "speed", "jerk", "self_repetition",
)  # fmt: skip
"""Metrics that are printed; the JSON file holds all."""


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, for example 1280x720")
    return int(match[1]), int(match[2])


def _spans(text: str) -> tuple[tuple[float, float], ...]:
    spans = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*-\s*(\d+(?:\.\d*)?)?\s*", part)
        if match is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not A-B[,C-D] in seconds, for example 0-8,20-24.5 or 12-")
        spans.append((float(match[1]), float(match[2] or "inf")))
    return tuple(spans)


def _pose(text: str) -> tuple[Path, float]:
    match = re.fullmatch(r"(.+)@(\d+(?:\.\d*)?)", text)
    return (Path(match[1]), float(match[2])) if match else (Path(text), 0.0)


def build_parser() -> argparse.ArgumentParser:
    """The command line; nothing heavy is imported for it."""
    defaults = DanceSettings()
    parser = OneLineParser(
        prog="python -m dancegen.sample",
        description="Makes videos of a body dancing to songs.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--audio", nargs="+", type=Path, required=True, metavar="PATH", help="songs, or folders of songs")
    add("--out", type=Path, default=Path("out"), metavar="DIR|FILE.mp4", help="where to write (default: out)")
    add("--start", type=float, default=defaults.start_s, metavar="S", help="seconds to skip at the beginning")
    add("--duration", type=float, metavar="S", help="seconds to dance to (default: the whole song)")
    add("--seed", type=int, default=defaults.seed, metavar="N", help="another seed is another dance (default: 0)")
    add("--style", default=defaults.style, metavar="NAME", help="auto (default), none, or a mix: salsa:0.6,pop:0.4")
    add("--steps", type=int, default=defaults.steps, metavar="N", help=f"denoising steps (default: {defaults.steps})")
    add(
        "--guidance",
        type=float,
        default=defaults.guidance,
        metavar="W",
        help=f"how strictly to follow music and style (default: {defaults.guidance})",
    )
    add("--energy", type=float, default=defaults.energy, metavar="E", help="0.5 calm, 1 as learnt (default), 1.5 wild")
    add("--mirror", action="store_true", help="exchange left and right of the finished dance")
    add("--keep", type=Path, metavar="MOTION.npz", help="keep a part of this motion and fill the rest")
    add(
        "--keep-joints",
        default=defaults.keep_joints,
        metavar="LIST",
        help="upper, lower, left-arm, ... (default: all)",
    )
    add("--keep-seconds", type=_spans, default=(), metavar="A-B[,C-D]", help="when to keep them (default: always)")
    add("--start-pose", type=_pose, metavar="MOTION.npz[@S]", help="begin in the pose of this motion at second S")
    add(
        "--dancers", type=int, default=defaults.dancers, metavar="N", help="so many dancers, with seeds from --seed on"
    )
    add("--size", type=_size, default=(defaults.width, defaults.height), metavar="WxH", help="default: 512x512")
    add("--fps", type=int, choices=VIDEO_FPS, default=defaults.fps, help="frames per second (default: 30)")
    add(
        "--body",
        default=defaults.body,
        metavar="NAME",
        help=f"body, or several for --dancers (default: {defaults.body})",
    )
    add("--smpl", type=Path, metavar="PATH", help="your own SMPL, SMPL-H or SMPL-X file instead of --body")
    add("--renderer", choices=RENDERERS, default=defaults.renderer, help="default: auto")
    add(
        "--overlay",
        action=argparse.BooleanOptionalAction,
        default=defaults.overlay,
        help="show beat and tempo in the picture",
    )
    add("--no-video", dest="video", action="store_false", help="write the motion and its metrics only")
    add("--model", type=Path, metavar="DIR", help="folder of a trained generator (default: the shipped one)")
    add("--json", action="store_true", help="print one JSON object per song on standard output")
    add("--force", action="store_true", help="replace files that exist")
    return parser


def parse_settings(args: argparse.Namespace) -> DanceSettings:
    """Settings of a parsed command line.

    Raises:
        UserError: a value out of range, or a style or body that does not exist.
    """
    start_pose, start_pose_s = args.start_pose or (None, 0.0)
    settings = DanceSettings(
        start_s=args.start,
        duration_s=args.duration,
        seed=args.seed,
        style=args.style,
        steps=args.steps,
        guidance=args.guidance,
        energy=args.energy,
        mirror=args.mirror,
        keep=args.keep,
        keep_joints=args.keep_joints,
        keep_seconds=args.keep_seconds,
        start_pose=start_pose,
        start_pose_s=start_pose_s,
        dancers=args.dancers,
        width=args.size[0],
        height=args.size[1],
        fps=args.fps,
        body=args.body,
        smpl=args.smpl,
        renderer=args.renderer,
        overlay=args.overlay,
        video=args.video,
        model=args.model,
    )
    settings.check_names()
    return settings


class StageBars:
    """Shows the stages of a dance on standard error: bars on a terminal, else one line per stage."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._stage = ""
        self._bar: tqdm | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage:
            self.close()
            self._stage = stage
            if sys.stderr.isatty():
                from tqdm import tqdm

                self._bar = tqdm(total=total, desc=f"{self._prefix}{stage:<9}", file=sys.stderr, leave=False)
            else:
                print(f"{self._prefix}{stage}", file=sys.stderr, flush=True)
        if self._bar is not None:
            self._bar.total = total
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Remove the bar from the terminal."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def run(args: argparse.Namespace) -> int:
    """Dance to all songs of a parsed command line; returns the exit status."""
    settings = parse_settings(args)
    songs, refused = find_songs(args.audio)
    jobs: list[tuple[Path, OutputPaths]] = []
    for song, outputs in zip(songs, plan_outputs(songs, args.out, settings.video, settings.dancers), strict=True):
        try:
            check_outputs(song, outputs, args.force, settings.given_motions)
        except UserError as error:
            refused.append(error)
        else:
            jobs.append((song, outputs))
    for refusal in refused:
        print_error(refusal)
        if args.json:
            print(json.dumps({"error": str(refusal)}), flush=True)
    status = EXIT_USER_ERROR if refused else 0
    if not jobs:
        return status

    from dancegen.song_to_video import dance

    for number, (song, outputs) in enumerate(jobs, start=1):
        bars = StageBars(f"{number}/{len(jobs)} " if len(jobs) > 1 else "")
        try:
            try:
                result = dance(song, outputs, settings, bars, args.force)
            finally:
                bars.close()
        except UserError as error:
            status = status or EXIT_USER_ERROR
            failure = str(error)
        except Exception:
            # A bug met with one song must not cost the user the rest of the batch.
            traceback.print_exc()
            status = EXIT_BUG
            failure = f"{song}: unexpected failure, see above; please report it."
        else:
            written = {"outputs": [str(path) for path in result.outputs.files]}
            print(json.dumps(result.report | written) if args.json else summary(result), flush=True)
            continue
        print_error(failure)
        if args.json:
            print(json.dumps({"song": song.name, "error": failure}), flush=True)
    return status


def summary(result: DanceResult) -> str:
    """A few lines for a person: the music, the dance, how good it is, where it is and what it cost."""
    report = result.report
    music, timing = report["music"], report["timing"]
    stages = ", ".join(f"{name} {stage['wall_s']:.1f}" for name, stage in timing["stages"].items())
    lines = [
        f"{result.song.name}",
        f"  music    {music['tempo']:.1f} BPM, {music['meter']}/4, confidence {music['confidence']:.2f}",
        f"  dance    {report['style']}, seed {report['settings']['seed']}, {report['duration_s']:.1f} s",
        *(f"    {score}" for score in result.scores if score.name in HEADLINES),
        f"  time     {timing['wall_s']:.1f} s, {timing['cpu_s']:.1f} CPU-s ({stages})",
        *(f"  wrote    {path}" for path in result.outputs.files),
    ]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
