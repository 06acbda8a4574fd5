"""A folder's songs as a map to listen to: ``python examples/listening_map.py FOLDER -o map.html``.

Songs that MotionBeat hears alike lie close together. The page is one HTML file that works offline: zoom and move by
mouse, touch or keys, point at a song for its name, tempo and meter, click to hear it. It does not hold the sound: it
links to the songs by relative path, so keep the page where it was written, or move it together with the folder.

Places are a projection of the clip vectors to two dimensions, the same at every run: principal components
(``--method pca``, default: straight axes, distances shrink but keep their order roughly) or t-SNE (``tsne``:
neighbours stay together, distances between far songs mean little). ``--by`` says which part of the vectors is taken,
as in ``similar_songs.py``. Colours are the folders that the songs lie in.

Exit status: 0 done, 2 a user's mistake or a song that could not be heard.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from listening import PARTS, HeardSong, clip_vectors, example_parser, find_songs_below, listen
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from motionbeat.command import EXIT_USER_ERROR, print_error, run_command
from motionbeat.embed import load_encoder
from motionbeat.errors import UserError
from motionbeat.output import StagedFiles, check_free

METHODS = ("pca", "tsne")
MIN_SONGS = 3
MAP_SIZE = 1000
"""Length of the map's longer side, in the units of the page's drawing."""

_PAGE = Path(__file__).with_suffix(".html")
_MOST_NEIGHBOURS = 30


def places(vectors: np.ndarray, method: str) -> tuple[np.ndarray, str]:
    """Project songs to the plane.

    Args:
        vectors: (N, D), N at least :data:`MIN_SONGS`.
        method: one of :data:`METHODS`.

    Returns:
        (N, 2) places whose longer side reaches from 0 to :data:`MAP_SIZE`, and a sentence on what they are.
    """
    if method == "tsne":
        neighbours = min(_MOST_NEIGHBOURS, (len(vectors) - 1) / 3)
        projection = TSNE(perplexity=neighbours, init="pca", random_state=0)
        plane = projection.fit_transform(vectors.astype(np.float32)).astype(np.float64)
        note = "t-SNE: neighbours were kept together; distances between far songs mean little."
    else:
        principal = PCA(2, svd_solver="full")
        plane = principal.fit_transform(vectors)
        note = f"Principal components: the map shows {principal.explained_variance_ratio_.sum():.0%} of the variance."
    plane -= plane.min(axis=0)
    return plane * (MAP_SIZE / max(plane.max(), 1e-9)), note


def song_entries(songs: Sequence[HeardSong], folder: Path, page: Path, plane: np.ndarray) -> list[dict[str, Any]]:
    """What the page is told of each song."""
    entries = []
    for song, (x, y) in zip(songs, plane.tolist(), strict=True):
        minutes, seconds = divmod(round(song.duration_s), 60)
        entries.append(
            {
                "name": song.path.stem,
                "folder": song.path.parent.relative_to(folder).as_posix(),
                "about": f"{song.beats_in_words}, {minutes}:{seconds:02d}",
                "link": _relative_link(song.path, page),
                "x": round(x, 1),
                "y": round(y, 1),
            }
        )
    return entries


def _relative_link(song: Path, page: Path) -> str | None:
    """Address of a song as seen from the page; None where no relative one exists (another drive)."""
    try:
        path = os.path.relpath(song.resolve(), page.parent.resolve())
    except ValueError:
        return None
    return quote(os.fsencode(path.replace(os.sep, "/")))


def map_page(title: str, note: str, entries: Sequence[dict[str, Any]]) -> str:
    """The text of the HTML file.

    Args:
        title: plain text.
        note: a sentence on the places, plain text.
        entries: of :func:`song_entries`.
    """
    parts = {
        "@title@": html.escape(title),
        "@note@": html.escape(note),
        # a song may be called </script>
        "@songs@": json.dumps(list(entries)).replace("<", "\\u003c"),
    }
    page = re.sub("|".join(parts), lambda mark: parts[mark[0]], _PAGE.read_text(encoding="utf-8"))
    # names of files may hold bytes that are no text
    return page.encode(errors="replace").decode()


def run(args: argparse.Namespace) -> int:
    """Map the folder of a parsed command line; returns the exit status.

    Raises:
        UserError: too few songs, or the page cannot be written.
    """
    songs = find_songs_below(args.folder)
    if args.out.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"--out {args.out}: must end in .html.")
    check_free([args.out], songs, args.force)
    encoder = load_encoder(args.model)
    heard, refused = listen(songs, encoder, args.cache)
    for error in refused:
        print_error(error)
    if len(heard) < MIN_SONGS:
        raise UserError(f"{args.folder}: {len(heard)} songs could be heard; a map needs at least {MIN_SONGS}.")
    plane, note = places(clip_vectors(heard, encoder, args.by), args.method)
    title = f"Songs in {args.folder.resolve().name}"
    page = map_page(title, note, song_entries(heard, args.folder, args.out, plane))
    with StagedFiles([args.out], args.force) as staged:
        staged.paths[0].write_text(page, encoding="utf-8")
        staged.commit()
    print(f"{args.out}: {len(heard)} songs. {note}")
    return EXIT_USER_ERROR if refused else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    parser = example_parser("Draws a folder's songs as a map to listen to, in one HTML file.")
    add = parser.add_argument
    add("-o", "--out", type=Path, default=Path("map.html"), metavar="FILE.html", help="where to write (%(default)s)")
    add("--method", choices=METHODS, default=METHODS[0], help="how places are found (%(default)s)")
    add("--by", choices=PARTS, default=PARTS[0], help="which part of the clip vectors is taken (%(default)s)")
    add("--force", action="store_true", help="replace a file that is there already")
    args = parser.parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
