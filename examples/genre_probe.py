"""How well can genres be told apart by what MotionBeat hears? ``python examples/genre_probe.py FOLDER``.

FOLDER has one sub-folder of songs for each genre. A song may lie in a folder of its own within the genre
(``FOLDER/tango/some artist/song.mp3``): songs of one such folder always stay in the same fold, so that the probe
cannot pass by knowing the artist. Give at least five songs, or artists, a genre.

The encoder stays as it is. A linear classifier (multinomial logistic regression, C = 0.1, features standardised on the
training folds) is trained on four fifths of the songs and asked about the last fifth, in turn for all five; the
features of a song are its clip vector and the mean and standard deviation of its tokens. Printed are accuracy with a
95 % interval (bootstrap over songs or artists), what guessing the largest genre would give, and who is taken for whom.

Exit status: 0 done, 2 a user's mistake or a song that could not be heard.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from listening import HeardSong, example_parser, find_songs_below, listen
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from motionbeat.command import EXIT_USER_ERROR, print_error, run_command
from motionbeat.embed import load_encoder
from motionbeat.errors import UserError

FOLDS = 5
BOOTSTRAP_DRAWS = 2000
_SHOWN_LETTERS = 10


@dataclass(frozen=True, eq=False)
class ProbeResult:
    """What a cross-validated probe found for N songs.

    Attributes:
        accuracy: share of songs whose genre was told, 0 to 1.
        low, high: ends of its 95 % interval.
        largest: share of the most frequent genre, which is what guessing reaches.
        genres: G names, sorted.
        confusion: (G, G) int, songs of genre i taken for genre j.
    """

    accuracy: float
    low: float
    high: float
    largest: float
    genres: list[str]
    confusion: np.ndarray


def song_features(song: HeardSong) -> np.ndarray:
    """(P + 2 W,) clip vector, token mean and token deviation."""
    return np.concatenate([song.clip, song.token_mean, song.token_std])


def genre_and_group(folder: Path, song: Path) -> tuple[str, str]:
    """The genre of a song, and the name of what must not be divided between folds.

    Raises:
        UserError: the song lies in no sub-folder.
    """
    parts = song.relative_to(folder).parts
    if len(parts) < 2:
        raise UserError(f"{song}: lies in no genre's folder. Move it to {folder}/GENRE/.")
    return parts[0], "/".join(parts[:2])


def check_sizes(folder: Path, genres: Sequence[str], groups: Sequence[str]) -> None:
    """Refuse what five folds cannot be made of.

    Raises:
        UserError: fewer than two genres, or one with fewer than five songs or artists.
    """
    members = {genre: {group for group, each in zip(groups, genres, strict=True) if each == genre} for genre in genres}
    if len(members) < 2:
        raise UserError(f"{folder}: songs of {len(members)} genre; a probe needs at least 2, in sub-folders.")
    small = min(members, key=lambda genre: len(members[genre]))
    if len(members[small]) < FOLDS:
        raise UserError(
            f"{folder}: the genre {small} has {len(members[small])} songs (or folders of songs) that could be heard;"
            f" {FOLDS} folds need at least {FOLDS}. Add some or leave it out."
        )


def probe(features: np.ndarray, genres: Sequence[str], groups: Sequence[str]) -> ProbeResult:
    """Cross-validated probe of N songs.

    Args:
        features: (N, D).
        genres: N names.
        groups: N names; songs of one group stay in one fold.
    """
    names = sorted(set(genres))
    truth = np.array(genres)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    told = cross_val_predict(classifier, features, truth, groups=np.array(groups), cv=folds)
    right = told == truth
    low, high = _bootstrap_interval(right, groups)
    largest = max(np.mean(truth == name) for name in names)
    confusion = confusion_matrix(truth, told, labels=names)
    return ProbeResult(float(right.mean()), low, high, float(largest), names, confusion)


def _bootstrap_interval(right: np.ndarray, groups: Sequence[str]) -> tuple[float, float]:
    """95 % interval of the mean of ``right`` (N,), by drawing groups with replacement."""
    _, index = np.unique(groups, return_inverse=True)
    hits, sizes = np.bincount(index, right), np.bincount(index)
    draws = np.random.default_rng(0).integers(len(sizes), size=(BOOTSTRAP_DRAWS, len(sizes)))
    low, high = np.percentile(hits[draws].sum(axis=1) / sizes[draws].sum(axis=1), [2.5, 97.5])
    return float(low), float(high)


def result_text(result: ProbeResult, songs: int) -> str:
    """Some lines for the terminal."""
    shown = [name[:_SHOWN_LETTERS] for name in result.genres]
    width = max(5, *(len(name) for name in shown)) + 1
    lines = [
        f"accuracy {result.accuracy:.3f} ({result.low:.3f}-{result.high:.3f}, 95 % bootstrap), {songs} songs,"
        f" {len(shown)} genres; always guessing the largest: {result.largest:.3f}",
        "",
        "genre \\ heard as".ljust(2 * _SHOWN_LETTERS) + "".join(name.rjust(width) for name in shown) + "  told",
    ]
    for name, row in zip(result.genres, result.confusion, strict=True):
        cells = "".join(str(count).rjust(width) for count in row)
        told = row[result.genres.index(name)] / row.sum()
        lines.append(f"{name[: 2 * _SHOWN_LETTERS].ljust(2 * _SHOWN_LETTERS)}{cells}  {told:.2f}")
    return "\n".join(lines)


def run(args: argparse.Namespace) -> int:
    """Probe the folder of a parsed command line; returns the exit status.

    Raises:
        UserError: the folder is not one of genres, or too small.
    """
    songs = find_songs_below(args.folder)
    # before an hour of listening
    named = [genre_and_group(args.folder, song) for song in songs]
    check_sizes(args.folder, *zip(*named, strict=True))
    heard, refused = listen(songs, load_encoder(args.model), args.cache)
    for error in refused:
        print_error(error)
    named = [genre_and_group(args.folder, song.path) for song in heard]
    genres, groups = [genre for genre, _ in named], [group for _, group in named]
    check_sizes(args.folder, genres, groups)
    result = probe(np.stack([song_features(song) for song in heard]), genres, groups)
    print(result_text(result, len(heard)))
    return EXIT_USER_ERROR if refused else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = example_parser("Tells how well the genres of a folder can be told apart by what MotionBeat hears.")
    args = parser.parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
