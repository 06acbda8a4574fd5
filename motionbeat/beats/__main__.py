"""Beats and bars of songs: ``python -m motionbeat.beats song.mp3``.

Prints one line per song and writes NAME.beats (a line ``SECONDS<TAB>POSITION`` for each beat, position 1 on
downbeats) and NAME.beats.json. ``--click`` and ``--plot`` let the beats be checked by ear and by eye. The times in all
files and in the plot count from the beginning of the song, also with ``--start``; the sound with clicks begins at
``--start``. A song that cannot be read prints one line and the others go on. Exit status: 0 all done, 2 a user's
mistake, 1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motionbeat.audio import SAVED_SUFFIXES, load_audio, save_audio
from motionbeat.batch import check_range, project_version, run_batch
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.beats.click import with_clicks
from motionbeat.beats.files import bar_positions, beats_text
from motionbeat.beats.plot import write_plot
from motionbeat.beats.summary import confidence_word, describe, tempo_range
from motionbeat.command import OneLineParser, run_command
from motionbeat.output import StagedFiles, distinct_names, find_songs, target_paths


@dataclass(frozen=True)
class _Job:
    """A song and the files to write for it, None for those that are not wanted."""

    song: Path
    beats: Path | None
    report: Path | None
    click: Path | None
    plot: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.beats, self.report, self.click, self.plot) if path is not None)


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(
        prog="python -m motionbeat.beats",
        description="Finds the beats and bars of songs, and writes them to NAME.beats and NAME.beats.json.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("songs", nargs="+", type=Path, metavar="SONG", help="songs, or folders of songs")
    add("-o", "--out", type=Path, default=Path("out"), metavar="DIR", help="folder to write to (default: out)")
    add("--no-files", dest="write", action="store_false", help="print only; --click and --plot are still written")
    sounds = "|".join(suffix.removeprefix(".") for suffix in SAVED_SUFFIXES)
    add("--click", type=Path, metavar=f"DIR|FILE.{sounds}", help="write the song with a click on each beat")
    add("--plot", type=Path, metavar="DIR|FILE.png", help="draw the song with its beats")
    add("--start", type=float, default=0.0, metavar="S", help="seconds to skip at the beginning")
    add("--duration", type=float, metavar="S", help="seconds to listen to (default: the whole song)")
    add("--json", action="store_true", help="print one JSON object per song, on one line")
    add("--force", action="store_true", help="replace files that exist")
    return parser


def run(args: argparse.Namespace) -> int:
    """Find the beats of all songs of a parsed command line; returns the exit status.

    Raises:
        UserError: an option that cannot be meant as given, found before any work.
    """
    check_range(args.start, args.duration)
    songs, refused = find_songs(args.songs)

    def work(job: _Job) -> tuple[str, dict[str, Any]]:
        grid, report = _listen(job, args.start, args.duration, args.force)
        return _line(job, grid), report

    return run_batch(_plan(songs, args), work, songs, refused, args.force, args.json)


def _plan(songs: Sequence[Path], args: argparse.Namespace) -> list[_Job]:
    names = distinct_names(songs)
    nothing: Sequence[Path | None] = [None] * len(songs)
    beats = target_paths("--out", args.out, names, ".beats", ()) if args.write else nothing
    reports = target_paths("--out", args.out, names, ".beats.json", ()) if args.write else nothing
    clicks = (
        nothing if args.click is None else target_paths("--click", args.click, names, ".click.wav", SAVED_SUFFIXES)
    )
    plots = nothing if args.plot is None else target_paths("--plot", args.plot, names, ".beats.png", (".png",))
    return [_Job(*each) for each in zip(songs, beats, reports, clicks, plots, strict=True)]


def _listen(job: _Job, start_s: float, duration_s: float | None, force: bool) -> tuple[BeatGrid, dict[str, Any]]:
    """Find the beats of one song and write its files; the grid and the report count from the song's beginning."""
    with StagedFiles(job.files, force) as files:
        audio = load_audio(job.song, start_s, duration_s)
        heard = track_beats(audio)
        grid = dataclasses.replace(heard, beats=heard.beats + start_s, downbeats=heard.downbeats + start_s)
        report = _report(job.song, grid, start_s, audio.duration)
        staged = dict(zip(job.files, files.paths, strict=True))
        if job.beats is not None:
            staged[job.beats].write_text(beats_text(grid), encoding="utf-8", newline="\n")
        if job.report is not None:
            staged[job.report].write_text(_json_text(report), encoding="utf-8", newline="\n")
        if job.click is not None:
            save_audio(staged[job.click], with_clicks(audio, heard))
        if job.plot is not None:
            write_plot(staged[job.plot], audio, heard, job.song.name, start_s)
        files.commit()
    return grid, report


def _report(song: Path, grid: BeatGrid, start_s: float, duration_s: float) -> dict[str, Any]:
    times = [round(float(time), 4) for time in grid.beats]
    return {
        "song": song.name,
        "start_s": start_s,
        "duration_s": round(duration_s, 4),
        "tempo": round(grid.tempo, 2),
        "tempo_range": [round(tempo, 2) for tempo in tempo_range(grid)],
        "meter": grid.meter,
        "confidence": round(grid.confidence, 3),
        "verdict": confidence_word(grid.confidence),
        "beats": times,
        "downbeats": [time for time, place in zip(times, bar_positions(grid), strict=True) if place == 1],
        "version": project_version(),
    }


def _json_text(report: dict[str, Any]) -> str:
    """JSON with one line for each entry, however many beats it has."""
    entries = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in report.items())
    return f"{{\n{entries}\n}}\n"


def _line(job: _Job, grid: BeatGrid) -> str:
    # the report, always beside the beats, would only make the line longer
    shown = ", ".join(str(path) for path in job.files if path != job.report)
    written = f" -> {shown}" if shown else ""
    return " ".join(f"{job.song.name}: {describe(grid)}{written}".split())


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_intermixed_args(argv)  # songs may follow options
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
