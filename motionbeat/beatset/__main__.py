"""Build the training set of the beat tracker: ``python -m motionbeat.beatset --midi FOLDER --out runs/beatset``.

Needs the optional dependencies ``beatset``, the Debian packages of :data:`motionbeat.beatset.render.PACKAGES`, ``mma``
and ``espeak-ng``. Every clip becomes one file, and files that exist are not made again, so a stopped build goes on.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pretty_midi
from tqdm import tqdm

from motionbeat.beatset import arrangements
from motionbeat.beatset.accompaniment import accompanied, accompaniment
from motionbeat.beatset.beatless import beatless_sound, scattered_notes
from motionbeat.beatset.clip_files import Recording, save
from motionbeat.beatset.drumming import drums_under, fitting, groove_scores
from motionbeat.beatset.folksongs import nottingham_scores
from motionbeat.beatset.popsongs import PopSong, pop909_songs
from motionbeat.beatset.render import PACKAGES, render_stems
from motionbeat.beatset.score import MAX_TEMPO, MIN_TEMPO, AnnotatedScore, cropped, merged, with_other_tempo
from motionbeat.command import EXIT_BUG, EXIT_USER_ERROR, print_error
from motionbeat.composer import STYLES, compose
from motionbeat.errors import UserError

ARCHIVES = ("groove.zip", "pop909.zip", "nottingham.zip")
CLIP_S = 45.0
_DRIFT = 0.015


SIZES = {"pop": 1100, "mma": 900, "arranged": 2400, "composed": 280, "beatless": 240}
"""Clips of each kind that can be made without end; of the others there are as many as there are originals."""


def rendered(score: AnnotatedScore, rng: np.random.Generator) -> Recording:
    """A part of a score, at most :data:`CLIP_S` long, as sound."""
    end = score.midi.get_end_time()
    start = 0.0
    if end > CLIP_S + 5:
        start = float(rng.uniform(0, end - CLIP_S)) if rng.random() < 0.8 else 0.0
    duration = float(min(CLIP_S, end - start + 0.5))
    part = cropped(score, start, duration)
    return Recording(render_stems(part.midi, duration, rng), part.beats, part.positions, part.name, part.group)


def _pop(song: PopSong, take: int, drummings: list[AnnotatedScore], rng: np.random.Generator) -> AnnotatedScore:
    score = song.score
    draw = rng.random()
    if draw < 0.35 and (backing := accompanied(song, rng)) is not None:
        keep = [i for i in score.midi.instruments if i.name == "MELODY" or rng.random() < 0.3]
        alone = pretty_midi.PrettyMIDI()
        alone.instruments = keep
        score = merged(replace(score, midi=alone), backing)
    elif draw < 0.8 and (drumming := fitting(score, drummings, rng)) is not None:
        score = merged(score, drums_under(score, drumming, rng))
    return replace(score, name=f"{score.name}_{take}")


def _composed(seed: int, rng: np.random.Generator) -> Recording:
    style = sorted(STYLES)[seed % len(STYLES)]
    low, high = STYLES[style].tempo
    tempo = float(np.clip(rng.uniform(0.85 * low, 1.15 * high), MIN_TEMPO, MAX_TEMPO))
    meter = STYLES[style].meter
    drift = rng.normal(0, _DRIFT if rng.random() < 0.4 else 0.0, int(CLIP_S * tempo / 60))
    beats = np.cumsum(np.concatenate([[rng.uniform(0, 1)], 60 / tempo * np.exp(drift)]))
    audio, grid = compose(style, tempo, 0, seed, beats)
    positions = np.arange(len(grid.beats)) % meter + 1
    return Recording(
        {"rest": audio.samples.astype(np.float64)}, grid.beats, positions, f"composed{seed:04d}", "composed"
    )


@dataclass(frozen=True, eq=False)
class Sources:
    """The archives (:data:`ARCHIVES`), read."""

    drummings: list[AnnotatedScore]
    songs: list[PopSong]
    folk: list[AnnotatedScore]

    @classmethod
    def read(cls, midi: Path) -> Sources:
        return cls(
            list(groove_scores(midi / "groove.zip")),
            list(pop909_songs(midi / "pop909.zip")),
            list(nottingham_scores(midi / "nottingham.zip")),
        )


@dataclass(frozen=True)
class Job:
    """A clip to make: of a kind, the so-manieth."""

    kind: str
    number: int

    def make(self, sources: Sources) -> Recording:
        rng = np.random.default_rng([self.number, *self.kind.encode()])
        drift = _DRIFT if rng.random() < 0.35 else 0.0
        if self.kind == "composed":
            return _composed(self.number, rng)
        if self.kind == "beatless" and self.number % 4:
            sound = beatless_sound(self.number)
            return Recording(
                {"rest": sound}, np.zeros(0), np.zeros(0, dtype=int), f"sound{self.number:04d}", "beatless"
            )
        if self.kind == "beatless":
            return rendered(scattered_notes(self.number), rng)
        if self.kind == "arranged":
            style = arrangements.STYLES[self.number % len(arrangements.STYLES)]
            score = arrangements.arrange(style, self.number)
            return rendered(replace(score, name=f"arranged{self.number:05d}_{style}"), rng)
        if self.kind == "pop":
            take, number = divmod(self.number, len(sources.songs))
            score = _pop(sources.songs[number], take, sources.drummings, rng)
        elif self.kind == "mma":
            score = accompaniment(self.number)
        else:
            score = (sources.drummings if self.kind == "groove" else sources.folk)[self.number]
        return rendered(with_other_tempo(score, rng, drift), rng)


def jobs(sources: Sources) -> list[Job]:
    """All clips, the kinds mixed so that any beginning of the list is a fair sample."""
    sizes = SIZES | {"groove": len(sources.drummings), "folk": len(sources.folk)}
    places = [((i + 0.5) / count, Job(kind, i)) for kind, count in sizes.items() for i in range(count)]
    return [job for _, job in sorted(places, key=lambda place: place[0])]


_sources: Sources | None = None  # set before the workers are forked, which saves each of them the reading


def _run(job: Job, folder: Path) -> str | None:
    """Make one clip; returns the reason where it could not be made."""
    assert _sources is not None
    done = folder / "made" / f"{job.kind}{job.number}"
    if done.exists():
        return None
    try:
        save(folder, job.make(_sources))
    except (RuntimeError, ValueError, IndexError, subprocess.SubprocessError) as error:
        return f"{job.kind} {job.number}: {type(error).__name__}: {str(error)[:200]}"
    done.touch()
    return None


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m motionbeat.beatset",
        description="Build the training set of the beat tracker.",
        epilog=f"Debian packages it needs: {', '.join(PACKAGES)}, mma, espeak-ng.",
    )
    parser.add_argument("--midi", type=Path, required=True, help="folder with groove.zip, pop909.zip, nottingham.zip")
    parser.add_argument("--out", type=Path, default=Path("runs/beatset"))
    parser.add_argument("--part", type=float, default=1.0, help="share of the set to make")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(argv)
    global _sources
    failures = 0
    try:
        missing = [name for name in ARCHIVES if not (args.midi / name).is_file()]
        if missing:
            raise UserError(f"{args.midi} lacks {', '.join(missing)}; name the folder that holds the MIDI archives.")
        if not 0 < args.part <= 1 or args.workers < 1:
            raise UserError("--part must be above 0 and at most 1, --workers at least 1.")
        (args.out / "made").mkdir(parents=True, exist_ok=True)
        _sources = Sources.read(args.midi)
        gc.freeze()  # else every collection in the workers walks, and thereby copies, all the notes
        todo = jobs(_sources)
        todo = todo[: max(1, round(args.part * len(todo)))]
        with ProcessPoolExecutor(args.workers, mp_context=multiprocessing.get_context("fork")) as pool:
            results = pool.map(_run, todo, itertools.repeat(args.out), chunksize=4)
            for failed in tqdm(results, total=len(todo), unit="clip"):
                if failed:
                    failures += 1
                    tqdm.write(failed, file=sys.stderr)
    except UserError as error:
        print_error(error)
        return EXIT_USER_ERROR
    return EXIT_BUG if failures == len(todo) else 0


if __name__ == "__main__":
    sys.exit(main())
