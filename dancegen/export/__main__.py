"""Dances for other programs: ``python -m dancegen.export MOTION.npz --to glb --to bvh``.

Reads motions (npz with ``poses``, ``trans``, ``mocap_framerate``; y up) and writes NAME.bvh, NAME.glb or NAME.usd of
each. A file that cannot be read prints one line and the others go on. Exit status: 0 all done, 2 a user's mistake,
1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dancegen.body import Body, load_body
from dancegen.export.formats import FORMATS, ExportFormat
from dancegen.metrics.validate import validate_upright
from dancegen.settings import BODIES, VIDEO_FPS
from motionbeat.batch import run_batch
from motionbeat.command import OneLineParser, run_command
from motionbeat.errors import UserError
from motionbeat.motion import Motion, load_motion
from motionbeat.output import StagedFiles, distinct_names, find_files, target_paths


@dataclass(frozen=True)
class _Job:
    """A motion and the files to write of it, one for each format."""

    song: Path
    files: tuple[Path, ...]


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(
        prog="python -m dancegen.export",
        description="Writes dances for other programs: "
        + "; ".join(f"{each.name}: {each.holds}" for each in FORMATS.values() if each.name != "fbx")
        + ".",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("motions", nargs="+", type=Path, metavar="MOTION", help="motions (npz), or folders of them")
    add("--to", action="append", required=True, choices=tuple(FORMATS), help="format; may be given several times")
    add("-o", "--out", type=Path, default=Path("out"), metavar="DIR|FILE", help="where to write (default: out)")
    add("--body", choices=BODIES, help="who dances in GLB and USD (default: neutral)")
    add("--fps", type=int, choices=VIDEO_FPS, help="frames per second (default: the motion's own)")
    add("--json", action="store_true", help="print one JSON object per motion, on one line")
    add("--force", action="store_true", help="replace files that exist")
    return parser


def run(args: argparse.Namespace) -> int:
    """Export all motions of a parsed command line; returns the exit status.

    Raises:
        UserError: an option that cannot be meant as given, found before any work.
    """
    formats = [FORMATS[name] for name in dict.fromkeys(args.to)]
    for each in formats:
        each.check()
    if args.body is not None and not any(each.with_body for each in formats):
        raise UserError("body: BVH holds a skeleton and no body. Leave --body out, or add --to glb.")
    motions, refused = find_files(args.motions, {".npz"}, "motions", "npz files")
    jobs = _plan(motions, formats, args.out)
    body = load_body(args.body or "neutral")

    def work(job: _Job) -> tuple[str, dict[str, Any]]:
        return _export(job, formats, body, args.fps, args.force)

    return run_batch(jobs, work, motions, refused, args.force, args.json)


def _plan(motions: Sequence[Path], formats: Sequence[ExportFormat], out: Path) -> list[_Job]:
    endings = {each.suffix for each in FORMATS.values()}
    if out.suffix.lower() in endings and not out.is_dir():
        if out.suffix.lower() not in {each.suffix for each in formats}:
            raise UserError(f"--out {out}: no such file is asked for. Add --to {out.suffix[1:].lower()}.")
        if len(formats) > 1 or len(motions) > 1:
            count = len(formats) * len(motions)
            raise UserError(f"--out {out}: one file cannot hold {count} exports. Give a folder.")
    names = distinct_names(motions)
    files = [target_paths("--out", out, names, each.suffix, (each.suffix,)) for each in formats]
    return [_Job(motion, of_motion) for motion, of_motion in zip(motions, zip(*files, strict=True), strict=True)]


def _export(
    job: _Job, formats: Sequence[ExportFormat], body: Body, fps: int | None, force: bool
) -> tuple[str, dict[str, Any]]:
    """Write the files of one motion; the line and the JSON object to print."""
    motion = _upright(job.song)
    if fps is not None:
        motion = motion.resampled(fps)
    if len(motion) < 2:
        raise UserError(f"{job.song}: shorter than two frames at {fps} fps. Leave --fps out.")
    with StagedFiles(job.files, force) as files:
        for each, path in zip(formats, files.paths, strict=True):
            each.write(path, motion, body)
        files.commit()
    report = {"motion": job.song.name, "frames": len(motion), "fps": motion.fps, "body": body.name}
    shown = ", ".join(f"{path} ({path.stat().st_size / 1e6:.2f} MB)" for path in job.files)
    return f"{job.song.name}: {motion.duration:.1f} s at {motion.fps:g} fps -> {shown}", report


def _upright(path: Path) -> Motion:
    """The motion of a file.

    Raises:
        UserError: as :func:`motionbeat.motion.load_motion`, or the body lies along another axis, as in AMASS's files.
    """
    motion = load_motion(path)
    try:
        validate_upright(motion.joints())
    except ValueError as error:
        raise UserError(f"{path}: {error}. Turn it first (AMASS's own files are z up).") from None
    return motion


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_intermixed_args(argv)  # motions may follow options
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
