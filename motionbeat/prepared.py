"""The pairs of a prepared folder (:mod:`motionbeat.shards`), one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from motionbeat.pairs import Pair, load_pair
from motionbeat.shards import pair_files


def read_prepared(
    folder: Path, *, split: str | None = None, clean_only: bool = False, partial: bool = False
) -> Iterator[Pair]:
    """The pairs of a folder that ``python -m dancegen.prepare`` wrote, each read when its turn comes.

    Args:
        folder: the folder.
        split, clean_only, partial: which pairs, as in :func:`motionbeat.shards.pair_files`.

    Raises:
        UserError: as :func:`motionbeat.shards.pair_files` at once, and as :func:`motionbeat.pairs.load_pair` when a
            pair is read.
    """
    paths = pair_files(folder, split=split, clean_only=clean_only, partial=partial)
    return (load_pair(path) for path in paths)
