"""Which songs of a folder are most like this one? ``python examples/similar_songs.py FOLDER QUERY.mp3``.

Songs are ranked by the cosine of their clip vectors with the query's. ``--by`` says what of the vectors is compared:

* ``whole`` (default): everything, as music is compared with dances;
* ``character``: the part that does not turn with the bar, so what the music is like, wherever its bars begin;
* ``rhythm``: the part that turns with the bar, so what happens when in the bar. Trust it where the beat is clear;
* ``sound``: the music ear's vector, which was trained to tell pieces apart by their sound.

MotionBeat was trained against dance: but for ``sound``, alike means *would be danced to alike*, which is more about
rhythm and drive than about instruments or singers. The mean cosine between the query and all songs is printed as a
yardstick. The first call listens to every song (a second or two of one core for each minute of music), later ones read
a small cache.

Exit status: 0 done, 2 a user's mistake or a song that could not be heard.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from listening import PARTS, clip_vectors, example_parser, find_songs_below, listen

from motionbeat.command import EXIT_USER_ERROR, print_error, run_command
from motionbeat.embed import load_encoder
from motionbeat.errors import UserError

_MEANING = {
    "whole": "the whole clip vector",
    "character": "the character part of the clip vector (what the music is like)",
    "rhythm": "the rhythm part of the clip vector (what happens when in the bar)",
    "sound": "the music ear's vector (what it sounds like)",
}


def run(args: argparse.Namespace) -> int:
    """Rank the songs of a parsed command line; returns the exit status.

    Raises:
        UserError: the query cannot be heard, or there is no other song.
    """
    if args.top < 1:
        raise UserError(f"top: must be 1 or more, got {args.top}.")
    songs = [song for song in find_songs_below(args.folder) if song.resolve() != args.query.resolve()]
    if not songs:
        raise UserError(f"{args.folder}: holds no song but the query. Give a folder with others.")
    if not args.query.is_file():
        raise UserError(f"{args.query}: no such file.")
    encoder = load_encoder(args.model)
    asked, failed = listen([args.query], encoder, args.cache)
    if failed:
        raise failed[0]
    heard, refused = listen(songs, encoder, args.cache)
    for error in refused:
        print_error(error)
    if not heard:
        raise UserError(f"{args.folder}: none of its songs could be heard.")
    vectors = clip_vectors([*asked, *heard], encoder, args.by)
    cosines = vectors[1:] @ vectors[0]
    print(f"{_one_line(args.query)} ({asked[0].beats_in_words}), nearest of {len(heard)} by {_MEANING[args.by]};")
    print(f"cosine, {cosines.mean():+.3f} in the mean of the folder:")
    # stable: equal ones stay in the order of their names
    for rank, index in enumerate(np.argsort(-cosines, kind="stable")[: args.top], 1):
        song = heard[index]
        print(f"{rank:3d}. {cosines[index]:+.3f}  {_one_line(song.path)} ({song.beats_in_words})")
    return EXIT_USER_ERROR if refused else 0


def _one_line(path: Path) -> str:
    return " ".join(str(path).split())


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = example_parser("Ranks the songs of a folder by how much MotionBeat hears in them what it hears in one.")
    parser.add_argument("query", type=Path, metavar="QUERY", help="the song that others are compared with")
    parser.add_argument("--by", choices=PARTS, default=PARTS[0], help="what is compared (%(default)s)")
    parser.add_argument("--top", type=int, default=10, metavar="N", help="show the N nearest (%(default)s)")
    args = parser.parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
