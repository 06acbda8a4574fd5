"""Dances as one HTML file with a 3-D player: ``python -m app.player dance.npz --audio song.mp3``.

The file holds the dance, the bodies, the beats and the sound; it opens from disk in any browser, without network. Exit
status: 0 done, 2 a user's mistake, 1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from dancegen.settings import BODIES, MAX_DANCERS
from motionbeat.command import OneLineParser, run_command
from motionbeat.errors import UserError
from motionbeat.output import check_free, distinct_names, target_paths


def build_parser() -> argparse.ArgumentParser:
    """The command line; nothing heavy is imported for it."""
    parser = OneLineParser(
        prog="python -m app.player", description="Writes dances as an HTML page in 3-D.", allow_abbrev=False
    )
    add = parser.add_argument
    add("motions", nargs="+", type=Path, metavar="DANCE.npz", help="one dance, or several that are shown side by side")
    add("--audio", type=Path, metavar="SONG", help="any file with sound, the mp4 of the dance for one")
    add("--start", type=float, default=0.0, metavar="S", help="second of the sound at which the dance begins (0)")
    add(
        "--body",
        default=BODIES[0],
        metavar="NAMES",
        help=f"{', '.join(BODIES)} (default: {BODIES[0]}); dancers take turns with several, such as female,male",
    )
    add("-o", "--out", type=Path, default=Path("out"), metavar="DIR|FILE.html", help="where to write (default: out)")
    add("--title", help="of the page (default: the dance's name)")
    add("--force", action="store_true", help="replace a file that is there already")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: _write(args))


def _write(args: argparse.Namespace) -> int:
    if len(args.motions) > MAX_DANCERS:
        raise UserError(f"{len(args.motions)} dances are too many to be seen side by side. Give up to {MAX_DANCERS}.")
    if not 0 <= args.start < 1e6:
        raise UserError(f"--start: must be 0 seconds or more, got {args.start:g}.")
    names = distinct_names(args.motions[:1])
    (path,) = target_paths("--out", args.out, names, ".html", (".html", ".htm"))
    given = [*args.motions, *([args.audio] if args.audio else [])]
    check_free([path], given, args.force)

    from app.player.pack import MAX_FPS
    from app.player.page_file import write_player_html
    from dancegen.body import load_body
    from dancegen.evaluation.motion_files import beats_in
    from dancegen.scene import side_by_side
    from motionbeat.audio import load_audio
    from motionbeat.beats import track_beats
    from motionbeat.motion import load_motion

    bodies = [load_body(name.strip()) for name in args.body.split(",")]
    bodies = [bodies[index % len(bodies)] for index in range(len(args.motions))]
    motions = [load_motion(motion) for motion in args.motions]
    grid = beats_in(args.motions[0])
    if len(motions) > 1:
        even = [motion.resampled(MAX_FPS) for motion in motions]
        shortest = min(len(motion) for motion in even)
        motions = list(side_by_side([motion.crop(0, shortest) for motion in even], bodies))
    if grid is None and args.audio is not None:
        grid = track_beats(load_audio(args.audio, args.start))
    title = args.title or names[0]
    write_player_html(path, motions, bodies, args.audio, grid, args.start, title, args.force)
    print(f"{path}: {motions[0].duration:.1f} s, {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
