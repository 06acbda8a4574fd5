"""Write composed songs to files: the two demo songs, or one song of a chosen style."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from motionbeat.audio import Audio, save_audio
from motionbeat.beats import BeatGrid
from motionbeat.composer import STYLES, Section, compose
from motionbeat.errors import UserError

DEMO_RATE = 44_100

_Form = tuple[tuple[str, int], ...]
_DEMOS: dict[str, tuple[str, float, int, _Form]] = {
    "demo_4-4.ogg": (
        "disco",
        120.0,
        9,
        (("intro", 4), ("verse", 4), ("chorus", 4), ("break", 2), ("chorus", 4)),
    ),
    "demo_3-4.ogg": (
        "waltz",
        162.0,
        69,
        (("intro", 4), ("verse", 8), ("chorus", 8), ("verse", 4), ("chorus", 7)),
    ),
}
"""File name: style, tempo, seed and form with the bars of each section. One bar with the last chord follows."""


def demo_song(name: str) -> tuple[Audio, BeatGrid]:
    """One of the demo songs and its exact beats, as it was before encoding.

    Args:
        name: file name in ``assets/songs``.
    """
    style, tempo, seed, parts = _DEMOS[name]
    starts = np.cumsum([0, *(bars for _, bars in parts)])
    form = [Section(kind, int(start), bars) for (kind, bars), start in zip(parts, starts, strict=False)]
    return compose(style, tempo, int(starts[-1]) + 1, seed, form=form, ending=True, sample_rate=DEMO_RATE)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m motionbeat.composer", description=__doc__)
    parser.add_argument("--demo", type=Path, metavar="DIR", help="write the two demo songs into a folder")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write one song (.ogg, .flac, .wav)")
    parser.add_argument(
        "--style", choices=tuple(STYLES), default="disco", help="of the one song (default: %(default)s)"
    )
    parser.add_argument("--tempo", type=float, default=120.0, help="beats per minute (default: %(default)s)")
    parser.add_argument("--bars", type=int, default=16, help="length (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="which song (default: %(default)s)")
    options = parser.parse_args(arguments)
    if (options.demo is None) == (options.out is None):
        parser.error("give either --demo DIR or --out FILE")
    if not (20 <= options.tempo <= 400 and 1 <= options.bars <= 2000 and options.seed >= 0):
        parser.error("--tempo must be 20 to 400, --bars 1 to 2000 and --seed 0 or more")
    try:
        if options.demo is not None:
            options.demo.mkdir(parents=True, exist_ok=True)
            for name in _DEMOS:
                save_audio(options.demo / name, demo_song(name)[0])
        else:
            audio, _ = compose(
                options.style,
                options.tempo,
                options.bars,
                options.seed,
                ending=options.bars > 1,
                sample_rate=DEMO_RATE,
            )
            save_audio(options.out, audio)
    except (UserError, OSError) as error:
        parser.exit(2, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
