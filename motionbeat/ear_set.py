"""Music for the ear to learn from, without any label: ``python -m motionbeat.ear_set --recordings FOLDER --clips
runs/beatset --solos --out runs/ear_set``.

Three kinds of pieces: free recordings (any folder of songs; those used come from the Debian packages
:data:`PACKAGES`), clips of the beat tracker's rendered training set (:mod:`motionbeat.beatset`), and solos: each
melodic instrument of General MIDI playing notes at random, from several soundfonts. A piece is kept as the sound
tokens (:func:`motionbeat.ear.sound_tokens`) of one or more stretches, and what stretches share is what the ear learns
to tell pieces apart by. Files that exist are not made again, so a stopped build goes on.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pretty_midi
import soundfile
from tqdm import tqdm

from motionbeat.array_files import read_arrays, wrong_file
from motionbeat.audio import SAMPLE_RATE, load_audio
from motionbeat.beats.tracker import shipped_tracker
from motionbeat.beatset.clip_files import Clip
from motionbeat.command import OneLineParser, run_command
from motionbeat.ear import SOUND_DIM, sound_tokens
from motionbeat.errors import UserError
from motionbeat.output import AUDIO_SUFFIXES

PACKAGES = (
    "colobot-common-sounds", "freedroidrpg-data", "hedgewars-data", "hyperrogue-music", "marsshooter-data",
    "megaglest-data", "naev-data", "nexuiz-music", "openarena-088-data", "pushover-data", "redeclipse-data",
    "singularity-music", "starfighter-data", "supertux-data", "supertuxkart-data", "trackballs-data", "ufoai-music",
    "unknown-horizons", "warmux-data", "warzone2100-music", "wesnoth-1.16-music", "widelands-data",
)  # fmt: skip
"""Debian packages with free music that were used (GPL, CC BY, CC BY-SA; see each package's copyright file). Unpack
them, and the zip archives (.pk3) in some, into one folder."""

EXCERPT_S = 30.0
EXCERPTS_AT = (0.2, 0.6)
"""Where in a recording its excerpts begin, as shares of it."""

SOLO_S = 20.0
MELODIC_PROGRAMS = 112
"""The last two of General MIDI's sixteen families are percussion and sound effects."""

_SHORTEST_S = 12.0
_HELD_OUT = 20  # one piece in so many


@dataclass(frozen=True, eq=False)
class Stretch:
    """Sound tokens of a part of a piece.

    Attributes:
        sound: (T, SOUND_DIM) float16.
        piece: stretches of one piece have the same.
    """

    sound: np.ndarray
    piece: str

    @property
    def held_out(self) -> bool:
        """Whether its piece is kept for measuring."""
        return zlib.crc32(self.piece.encode()) % _HELD_OUT == 0


def load_stretches(folder: Path) -> list[Stretch]:
    """All stretches in a folder made by this program.

    Raises:
        UserError: there are none, or a file is damaged.
    """
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise UserError(f"{folder}: no sound tokens there. Make them with python -m motionbeat.ear_set.")
    stretches = []
    for path in paths:
        what = "the sound tokens of a piece"
        sound = read_arrays(path, what, "Make it again with python -m motionbeat.ear_set.", ("sound",))["sound"]
        if sound.ndim != 2 or sound.shape[1] != SOUND_DIM:
            raise wrong_file(path, what, f"sound is not (T, {SOUND_DIM})", "Make it again.")
        stretches.append(Stretch(sound, path.stem.split("--")[0]))
    return stretches


def solo(font: Path, program: int, rng: np.random.Generator) -> np.ndarray:
    """An instrument playing notes at random within two octaves, one or a few at a time: (N,) float32 samples.

    Raises:
        UserError: fluidsynth is not installed.
    """
    from motionbeat.beatset.render import synthesized

    instrument = pretty_midi.Instrument(program)
    middle, chords, at = int(rng.integers(45, 80)), rng.random() < 0.3, 0.0
    pace = rng.uniform(0.2, 2.0)
    while at < SOLO_S:
        lasts = pace * rng.uniform(0.5, 1.5)
        for pitch in rng.integers(middle - 12, middle + 13, size=int(rng.integers(2, 5)) if chords else 1):
            instrument.notes.append(pretty_midi.Note(int(rng.integers(50, 127)), int(pitch), at, at + 0.9 * lasts))
        at += lasts
    return synthesized([instrument], font, round(SOLO_S * SAMPLE_RATE)).astype(np.float32)


def _solos(out: Path) -> Iterator[tuple[Path, str]]:
    from motionbeat.beatset.render import soundfonts

    # the FM chip's instruments do not sound like what they are called
    for font in (path for name, path in soundfonts().items() if "OPL" not in name):
        for program in range(MELODIC_PROGRAMS):
            yield font, f"solo{program:03d}--{font.stem}"


def build(recordings: Path | None, clips: Path | None, every: int, solos: bool, out: Path) -> int:
    """Write the stretches that are missing in ``out``; returns how many there are now.

    Raises:
        UserError: a folder holds no music, or fluidsynth is missing.
    """
    network = shipped_tracker().network
    jobs: list[tuple[str, object]] = []
    if recordings is not None:
        songs = [path for path in sorted(recordings.rglob("*")) if path.suffix.lower() in AUDIO_SUFFIXES]
        jobs += [(f"recording{i:04d}", path) for i, path in enumerate(songs)]
    if clips is not None:
        jobs += [(f"clip_{path.stem}--0", path) for path in sorted(clips.glob("*.npz"))[::every]]
    if solos:
        jobs += [(name, font) for font, name in _solos(out)]
    if not jobs:
        raise UserError("No music: give --recordings, --clips or --solos, and folders that hold some.")
    out.mkdir(parents=True, exist_ok=True)
    for name, source in tqdm(jobs, mininterval=5, unit="piece"):
        for stretch, samples in _sounds(name, Path(str(source)), out):
            if np.abs(samples).max() < 1e-3:
                continue
            path = out / f"{stretch}.npz"
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.savez(file, sound=sound_tokens(network, samples).astype(np.float16))
            part.rename(path)
    return len(list(out.glob("*.npz")))


def _sounds(name: str, source: Path, out: Path) -> Iterator[tuple[str, np.ndarray]]:
    """The stretches of a piece that are not there yet: their names and samples."""
    if name.startswith("recording"):
        wanted = [f"{name}--{i}" for i in range(len(EXCERPTS_AT))]
        if all((out / f"{stretch}.npz").exists() for stretch in wanted):
            return
        try:
            duration = soundfile.info(str(source)).duration
            if duration < _SHORTEST_S:
                return
            for stretch, share in zip(wanted, EXCERPTS_AT, strict=True):
                start_s = share * max(0.0, duration - EXCERPT_S) / max(EXCERPTS_AT)
                yield stretch, load_audio(source, start_s, EXCERPT_S).samples
        except (UserError, soundfile.LibsndfileError) as error:
            print(f"left out: {error}", file=sys.stderr)
    elif not (out / f"{name}.npz").exists():
        if name.startswith("clip_"):
            stems = Clip.read(source).stems.astype(np.float32) / 32768
            yield name, stems.mean(axis=0)
        else:
            yield name, solo(source, int(name[4:7]), np.random.default_rng(zlib.crc32(name.encode())))


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = OneLineParser(prog="python -m motionbeat.ear_set", description="Prepare music for training the ear.")
    parser.add_argument("--recordings", type=Path, metavar="DIR", help="folder of songs, with sub-folders")
    parser.add_argument("--clips", type=Path, metavar="DIR", help="folder made by motionbeat.beatset")
    parser.add_argument("--every", type=int, default=2, help="take every so-manieth of the clips (default 2)")
    parser.add_argument("--solos", action="store_true", help="render instruments playing alone (fluidsynth)")
    parser.add_argument("--out", type=Path, default=Path("runs/ear_set"))
    args = parser.parse_args(argv)

    def run() -> int:
        if args.every < 1:
            raise UserError("--every must be 1 or more.")
        print(f"{build(args.recordings, args.clips, args.every, args.solos, args.out)} stretches in {args.out}")
        return 0

    return run_command(run)


if __name__ == "__main__":
    sys.exit(main())
