"""Scores the beat tracker, and others beside it, on songs with annotated beats.

``python -m motionbeat.evaluate_beats DIR`` reads the songs of a folder (see :mod:`motionbeat.beat_tracks`), tracks
their beats, scores them (see :mod:`motionbeat.beat_scores`) and prints a Markdown table: means over all songs with
95 % bootstrap intervals of F and AMLt over songs, and means over each group, with the protocol below it.
``--estimates madmom=FOLDER`` adds a tracker that ran elsewhere; ``benchmarks/beat_peers`` makes such folders. Exit
status: 0 done, 2 a user's mistake, 1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from motionbeat.audio import Audio, load_audio
from motionbeat.beat_scores import SCORE_NAMES, Beats, BeatScores, bootstrap_interval, mean, score_beats
from motionbeat.beat_tracks import Estimates, Track, read_estimates, read_tracks
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.command import OneLineParser, run_command
from motionbeat.errors import UserError
from motionbeat.output import StagedFiles

OWN_NAME = "motionbeat"
ALL = "all"
INTERVALS = ("f_measure", "amlt")
PROTOCOL = (
    "mir_eval {version}, hits within 70 ms. Scored from eval_from_s - 70 ms (index.json; otherwise 0) to the last"
    " annotated beat + 70 ms; annotated and estimated beats outside are dropped, nothing else is trimmed."
    " Means over songs, in brackets 95 % bootstrap intervals over songs. Downbeats: songs with annotated bars only."
    " Meter, downbeats: '-' where the tracker does not report them. Tempo: as reported by motionbeat, else 60 / median"
    " beat interval; Acc1 within 4 %, Acc2 also by factors of 2 and 3."
    " CPU seconds per minute of sound: from samples to beats; reading the file and the first call, which loads and"
    " compiles, are left out."
)

_HEADINGS = {
    "f_measure": "F",
    "cmlc": "CMLc",
    "cmlt": "CMLt",
    "amlc": "AMLc",
    "amlt": "AMLt",
    "cemgil": "Cemgil",
    "information_gain": "inf. gain",
    "downbeat_f": "downbeat F",
    "tempo_acc1": "tempo Acc1",
    "tempo_acc2": "Acc2",
    "meter": "meter",
}


@dataclass(frozen=True)
class Result:
    """Scores of a tracker on a song, and its CPU seconds per minute of sound (None when not known)."""

    tracker: str
    track: str
    group: str
    scores: BeatScores
    cpu_s_per_min: float | None


@dataclass(frozen=True)
class Summary:
    """Means of a tracker over a group of songs.

    Attributes:
        tracker: its name.
        group: name of the group, :data:`ALL` for all songs.
        count: songs in it.
        means: by name of the score; None where no song has it.
        counts: how many songs each mean is over.
        intervals: 95 % bootstrap intervals over songs of the scores in :data:`INTERVALS`.
        cpu_s_per_min: CPU seconds per minute of sound, mean over songs.
    """

    tracker: str
    group: str
    count: int
    means: dict[str, float | None]
    counts: dict[str, int]
    intervals: dict[str, tuple[float, float]]
    cpu_s_per_min: float | None


def heard_by(tracker: Callable[[Audio], BeatGrid], tracks: Sequence[Track]) -> tuple[Estimates, dict[str, float]]:
    """Run a tracker.

    Returns:
        What it heard, with the CPU seconds of this process without reading the file, and the seconds of each song.

    Raises:
        UserError: a song cannot be read.
    """
    beats: dict[str, Beats] = {}
    cpu_s: dict[str, float] = {}
    durations: dict[str, float] = {}
    for track in tqdm(tracks, desc="tracking", unit="song", disable=None, leave=False):
        audio = load_audio(track.sound)
        if not beats:
            tracker(audio)  # the first call loads weights and compiles
        begun = time.process_time()
        grid = tracker(audio)
        cpu_s[track.name] = time.process_time() - begun
        beats[track.name] = Beats(grid.beats, grid.downbeats, grid.meter, grid.tempo)
        durations[track.name] = audio.duration
    return Estimates(beats, cpu_s), durations


def score_tracker(
    name: str, estimates: Estimates, tracks: Sequence[Track], durations: dict[str, float]
) -> list[Result]:
    """Score what a tracker heard in each song.

    Args:
        name: of the tracker.
        estimates: what it heard in ``tracks``.
        tracks: the songs.
        durations: their seconds.
    """
    results = []
    for track in tracks:
        scores = score_beats(track.reference, estimates.beats[track.name], track.eval_from_s)
        seconds = estimates.cpu_s.get(track.name)
        per_minute = None if seconds is None else 60.0 * seconds / durations[track.name]
        results.append(Result(name, track.name, track.group, scores, per_minute))
    return results


def summarise(results: Sequence[Result]) -> list[Summary]:
    """Means over all songs, then over each group by name; trackers in the order of ``results``."""
    trackers = list(dict.fromkeys(result.tracker for result in results))
    groups = sorted({result.group for result in results})
    summaries = []
    for group in (ALL, *groups):
        for tracker in trackers:
            part = [r for r in results if r.tracker == tracker and group in (ALL, r.group)]
            columns = {name: [getattr(result.scores, name) for result in part] for name in SCORE_NAMES}
            summaries.append(
                Summary(
                    tracker,
                    group,
                    len(part),
                    {name: mean(column) for name, column in columns.items()},
                    {name: sum(value is not None for value in column) for name, column in columns.items()},
                    {name: bootstrap_interval(columns[name]) for name in INTERVALS},
                    mean([result.cpu_s_per_min for result in part]),
                )
            )
    return summaries


def summary_table(summaries: Sequence[Summary]) -> str:
    """Markdown table of means, a row for each tracker and group; intervals in the rows over all songs."""
    rows = []
    for summary in summaries:
        cells = {name: _number(summary.means[name]) for name in SCORE_NAMES}
        if summary.group == ALL:
            for name, (low, high) in summary.intervals.items():
                cells[name] += f" ({low:.3f}-{high:.3f})"
        rows.append([summary.group, summary.tracker, str(summary.count), *cells.values()])
        rows[-1].append(_number(summary.cpu_s_per_min, 2))
    return _table(["group", "tracker", "songs"], rows)


def track_table(results: Sequence[Result]) -> str:
    """Markdown table with a row for each song and tracker."""
    rows = []
    for result in sorted(results, key=lambda result: result.track):  # stable: trackers stay in their order
        cells = [_number(getattr(result.scores, name)) for name in SCORE_NAMES]
        rows.append([result.track, result.tracker, *cells, _number(result.cpu_s_per_min, 2)])
    return _table(["song", "tracker"], rows)


def write_report(folder: Path, results: Sequence[Result], summaries: Sequence[Summary]) -> None:
    """Write ``beat_scores.json`` and ``beat_scores.md``, replacing older ones; each appears whole or not at all.

    Raises:
        UserError: the folder cannot be made or written.
    """
    report = {
        "protocol": _protocol(),
        "means": [asdict(summary) for summary in summaries],
        "songs": [_flat(result) for result in results],
    }
    page = f"# Beat tracking\n\n{_protocol()}\n\n{summary_table(summaries)}\n\n{track_table(results)}\n"
    with StagedFiles([folder / "beat_scores.json", folder / "beat_scores.md"], force=True) as files:
        files.paths[0].write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        files.paths[1].write_text(page, encoding="utf-8")
        files.commit()


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(
        prog="python -m motionbeat.evaluate_beats",
        description="Scores the beat tracker on songs with annotated beats.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("folder", type=Path, metavar="DIR", help="songs with NAME.beats beside them, and perhaps an index.json")
    add(
        "--estimates", nargs="+", action="extend", default=[], metavar="NAME=FOLDER",
        help="another tracker: its name, and the folder of its NAME.beats (and seconds.json)",
    )  # fmt: skip
    add("--only", nargs="+", default=[], metavar="NAME", help="only these songs; patterns such as fof_* too")
    add("--songs", action="store_true", help="print a second table with a row for each song")
    add("--out", type=Path, metavar="DIR", help="write beat_scores.json and beat_scores.md there")
    return parser


def run(args: argparse.Namespace) -> int:
    """Score the trackers of a parsed command line; returns the exit status.

    Raises:
        UserError: songs, estimates or options that cannot be used, found before any work; or a song cannot be read.
    """
    tracks = read_tracks(args.folder, args.only)
    peers = {name: read_estimates(folder, tracks) for name, folder in _named_folders(args.estimates).items()}
    own, durations = heard_by(track_beats, tracks)
    results = [
        result
        for name, estimates in {OWN_NAME: own, **peers}.items()
        for result in score_tracker(name, estimates, tracks, durations)
    ]
    summaries = summarise(results)
    if args.out is not None:
        write_report(args.out, results, summaries)
    print(summary_table(summaries))
    if args.songs:
        print(f"\n{track_table(results)}")
    print(f"\n{_protocol()}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


def _named_folders(arguments: Sequence[str]) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for argument in arguments:
        name, equals, folder = argument.partition("=")
        if not (name and equals and folder):
            raise UserError(f"--estimates wants NAME=FOLDER, got {argument}.")
        if name == OWN_NAME or name in folders:
            raise UserError(f"--estimates: the name {name} is taken; choose another.")
        folders[name] = Path(folder)
    return folders


def _protocol() -> str:
    return PROTOCOL.format(version=version("mir_eval"))


def _flat(result: Result) -> dict[str, Any]:
    flat = asdict(result)
    return {**flat, **flat.pop("scores")}


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _table(first: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    headings = [*first, *(_HEADINGS[name] for name in SCORE_NAMES), "CPU-s/min"]
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
