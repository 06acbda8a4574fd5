"""Dances of any kind, checked, paired with music and written in shards: ``python -m dancegen.prepare``.

Reads the ballroom and the open set, AIST++, FineDance, folders of BVH and of AMASS files (``docs/data.md``). Each
dance is checked (:mod:`dancegen.dance_checks`), its bad frames are marked invalid, and it is paired with its own
music, or laid on the beats of several songs if it has none (:mod:`motionbeat.pairs`). A dance that cannot be read or
has a fault is left out with a line, and the others go on. The output is described in :mod:`motionbeat.shards` and read
by training (:func:`motionbeat.pairs.load_pairs`), or one by one (:func:`motionbeat.prepared.read_prepared`). A run
that was stopped goes on when the same command is given again.

Mirrored copies are not written: training mirrors each motion as it reads it. Turning a dance about the vertical or
moving it on the floor changes nothing that a model sees, because its features are relative to the dancer's own heading
(:mod:`motionbeat.motion_features`).

Exit status: 0 if all dances are prepared, 2 if one is left out or nothing could be done, 1 after a bug.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from dancegen.dance_checks import check_dance
from dancegen.metrics import BeatLock, beat_lock
from dancegen.prepare_report import LeftOut, write_report
from motionbeat.aist import read_aist
from motionbeat.amass import read_amass_folder
from motionbeat.beatlock import LaidDance
from motionbeat.bvh_folder import read_bvh_folder
from motionbeat.command import EXIT_USER_ERROR, OneLineParser, run_command
from motionbeat.contacts import detect_contacts, foot_plants
from motionbeat.dances import Dance, read_ballroom, read_open
from motionbeat.errors import Refuse, UserError
from motionbeat.finedance import read_finedance
from motionbeat.motion import Motion
from motionbeat.pairs import Pair, pair_with_own_music, pairs_with_songs, with_tracked_beats
from motionbeat.shards import OutputError, ShardWriter
from motionbeat.songs import Song, read_clips, read_recordings

SHARD_MB = 64
"""Size of a shard in 10^6 bytes: about two hours of pairs."""


@dataclass(frozen=True)
class Source:
    """A kind of data set that can be prepared.

    Attributes:
        read: reads its folder.
        about: what the folder is, for ``--help``.
    """

    read: Callable[[Path, Refuse], list[Dance]]
    about: str


SOURCES = {
    "ballroom": Source(read_ballroom, "the paired ballroom dances (non-commercial)"),
    "open": Source(read_open, "the open dances (no music)"),
    "aist": Source(read_aist, "aist_plusplus_final of AIST++, with its music in wav/"),
    "finedance": Source(read_finedance, "FineDance (non-commercial)"),
    "bvh": Source(read_bvh_folder, "BVH files, in folders by style, with or without sound files of the same names"),
    "amass": Source(read_amass_folder, "AMASS or other SMPL npz files, likewise"),
}
"""By the name of its option."""


@dataclass(frozen=True)
class _Pairing:
    """How dances meet music; see the options."""

    songs: int
    more_songs: int
    library: list[Song]
    tracked_beats: bool


def plant_times(motion: Motion, valid: np.ndarray) -> np.ndarray:
    """(n,) seconds of the foot plants of a motion at its valid frames (T,)."""
    contacts = motion.contacts if motion.contacts is not None else detect_contacts(motion.joints(), motion.fps)
    plants = foot_plants(contacts, motion.fps)
    return plants[valid[np.round(plants * motion.fps).astype(int)]]


def evenly_laid(plants: np.ndarray, laid: LaidDance) -> np.ndarray:
    """Where plants (n,) seconds of a dance would fall in the song had it been laid on it at one rate, without bending:
    (n,) seconds, those that fall within the laid dance."""
    times = laid.song_times_s[0] + (plants - laid.dance_times_s[0]) / laid.rate
    return times[(times >= laid.song_times_s[0]) & (times <= laid.song_times_s[-1])]


def pairs_of(dance: Dance, pairing: _Pairing, row: dict[str, Any]) -> Iterator[Pair]:
    """The pairs of a dance one after another; what was measured of each is put into ``row["pairs"]``.

    Raises:
        UserError: its music cannot be read, or no song fits.
    """
    if pairing.tracked_beats:
        dance = with_tracked_beats(dance)
    plants = plant_times(dance.motion, dance.valid)
    if dance.grid is not None:
        own = pair_with_own_music(dance)
        lock = _lock(plants, dance.grid.beats)
        row["pairs"].append(_about_pair(own, "own music", 1.0, None, lock))
        yield own
    try:
        for pair, music, laid in pairs_with_songs(dance, pairing.songs, pairing.more_songs, pairing.library):
            before = _lock(evenly_laid(plants, laid), pair.grid.beats)
            after = _lock(plant_times(pair.motion, pair.valid), pair.grid.beats)
            row["pairs"].append(_about_pair(pair, music.kind, laid.rate, before, after))
            yield pair
    except ValueError as error:
        raise UserError(f"{dance.name}: cannot be laid on its songs ({error}).") from None


def _lock(plants: np.ndarray, beats: np.ndarray) -> BeatLock:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of too few plants, which the row says as a number
        return beat_lock(plants, beats)


def _about_pair(pair: Pair, kind: str, rate: float, before: BeatLock | None, after: BeatLock) -> dict[str, Any]:
    return {
        "pair": pair.name,
        "song": pair.song,
        "kind": kind,
        "seconds": round(pair.motion.duration, 2),
        "valid": round(float(pair.valid.mean()), 3),
        "tempo": round(pair.grid.tempo, 2),
        "beat_confidence": round(pair.grid.confidence, 3),
        "rate": round(rate, 4),
        "lock_before": None if before is None else _lock_row(before),
        "lock": _lock_row(after),
    }


def _lock_row(lock: BeatLock) -> dict[str, float | int | None]:
    z = None if math.isnan(lock.z) else round(lock.z, 2)
    return {"value": round(lock.value, 3), "chance": round(lock.chance, 3), "z": z, "events": lock.events}


def main(argv: list[str] | None = None) -> int:
    return run_command(lambda: _main(argv))


def _main(argv: list[str] | None) -> int:
    parser = OneLineParser(prog="python -m dancegen.prepare", description="Check dances and make training pairs.")
    for name, source in SOURCES.items():
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"folder of {source.about}")
    parser.add_argument("--songs", type=int, default=4, help="songs for each dance without music (default: 4)")
    parser.add_argument("--more-songs", type=int, default=0, help="further songs for each training dance with music")
    parser.add_argument("--beatset", type=Path, help="folder of motionbeat.beatset: half of the songs come from it")
    parser.add_argument("--recordings", type=Path, help="folder of recorded songs: some of that half come from it")
    tracked = "hear the beats of paired music with our own tracker instead of taking those of the set, as in use"
    parser.add_argument("--tracked-beats", action="store_true", help=tracked)
    only = "only dances of these names, or patterns such as 'bvh_waltz_*'; for a trial"
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help=only)
    parser.add_argument("--shard-mb", type=int, default=SHARD_MB, help=f"megabytes in a shard (default: {SHARD_MB})")
    parser.add_argument("--out", type=Path, default=Path("runs/prepared"))
    args = parser.parse_args(argv)
    if args.songs < 1 or args.more_songs < 0 or args.shard_mb < 1:
        raise UserError("--songs and --shard-mb must be 1 or more, and --more-songs 0 or more.")
    given = {name: getattr(args, name) for name in SOURCES if getattr(args, name) is not None}
    if not given:
        parser.error(f"give dances: {', '.join(f'--{name}' for name in SOURCES)}, or several of them")
    made_with = {
        "sources": list(given), "songs": args.songs, "more_songs": args.more_songs,
        "beatset": args.beatset is not None, "recordings": args.recordings is not None,
        "tracked_beats": args.tracked_beats, "only": args.only,
    }  # fmt: skip
    with ShardWriter(args.out.resolve(), made_with, args.shard_mb * 10**6) as writer:
        return _prepare(given, args, writer)


def _prepare(given: dict[str, Path], args: argparse.Namespace, writer: ShardWriter) -> int:
    """Read, check and write all dances, then report."""
    left_out: list[LeftOut] = []
    dances: list[tuple[str, Dance]] = []
    for name, folder in given.items():
        dances += [(name, dance) for dance in SOURCES[name].read(folder, partial(_leave_out, left_out, name, ""))]
    if args.only:
        dances = [(name, dance) for name, dance in dances if any(fnmatchcase(dance.name, each) for each in args.only)]
    if not dances and not left_out:
        raise UserError("The folders given have no such dances in them. Give others.")
    library = read_clips(args.beatset) if args.beatset else []
    library += read_recordings(args.recordings) if args.recordings else []
    pairing = _Pairing(args.songs, args.more_songs, library, args.tracked_beats)
    done = {row["dance"] for row in writer.rows}
    for source, dance in tqdm(dances, desc="preparing", unit="dance"):
        if dance.name in done:
            continue
        check, sound = check_dance(dance)
        faults = check.faults()
        if faults:
            _leave_out(left_out, source, dance.name, "; ".join(faults))
            continue
        row = _about_dance(source, dance) | {key: round(value, 3) for key, value in asdict(check).items()}
        row["pairs"] = []
        try:
            writer.add(pairs_of(replace(dance, valid=sound), pairing, row), row)
        except OutputError:
            raise
        except UserError as error:
            _leave_out(left_out, source, dance.name, error)
    if writer.empty:
        raise UserError(f"None of {len(left_out)} dances could be prepared; see above.")
    writer.finish()
    write_report(writer.folder, writer.rows, left_out)
    total = len(writer.rows) + len(left_out)
    print(f"{writer.folder}: {len(writer.rows)} of {total} dances prepared; see report.md.", flush=True)
    return EXIT_USER_ERROR if left_out else 0


def _leave_out(left_out: list[LeftOut], source: str, dance: str, reason: str | UserError) -> None:
    """Note a dance that is not prepared, with a line; its name is in the reason where it could not be read."""
    left_out.append(LeftOut(source, dance, str(reason)))
    tqdm.write(f"left out: {dance}{': ' if dance else ''}{reason}", file=sys.stderr)


def _about_dance(source: str, dance: Dance) -> dict[str, Any]:
    return {
        "dance": dance.name, "source": source, "style": dance.style, "split": dance.split, "song": dance.song,
        "clean": dance.clean,
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
