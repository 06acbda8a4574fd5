"""MagnaTagATune: 25,863 clips of 29 s with tags from a game.

The folder::

    annotations_final.csv      tab-separated: clip_id, 188 tags with 0 or 1, mp3_path
    clip_info_final.csv        tab-separated: clip_id, track_number, title, artist, album, ..., mp3_path
    f/name-of-song-0-29.mp3    in sixteen folders 0 to f, here or in mp3/ or audio/

The protocol of Won, Choi and Serra and of MARBLE: the 50 most frequent tags as they are (synonyms such as *female
vocal*, *female voice* and *woman* are not merged), folders 0-b to train on, c to choose on, d-f to test on, clips
without any of the 50 tags kept. Three clips of the release are empty files; they are left out. Source: E. Law,
K. West, M. Mandel, M. Bay and J. S. Downie, "Evaluation of Algorithms Using Games: The Case of Music Tagging", ISMIR
2009.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from motionbeat.errors import UserError
from motionbeat.probe.official.files import (
    SoundFolders,
    first_folder,
    inner_path,
    make_task,
    read_table,
    split_counts,
)
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task

TAGS = 50
TRAIN_FOLDERS, VALIDATION_FOLDERS = "0123456789ab", "c"

_EXPECTED = (
    "Expected: annotations_final.csv and clip_info_final.csv as published (tab-separated), and the clips in folders"
    " 0 to f beside them or in mp3/ or audio/."
)


def magnatagatune(folder: Path) -> Task:
    """The 50 most frequent tags of each clip.

    Raises:
        UserError: the folder has another layout, or a clip is missing.
    """
    path = folder / "annotations_final.csv"
    rows = read_table(path, ("clip_id", "mp3_path"), _EXPECTED, delimiter="\t")
    tags = top_tags(path, rows)
    songs = _songs(folder)
    root = first_folder(folder, ("mp3", "audio", "."), _EXPECTED)
    sounds = SoundFolders(_EXPECTED)
    clips = []
    for row in rows:
        inner = inner_path(path, row["mp3_path"], _EXPECTED)
        if row["clip_id"] not in songs:
            raise UserError(f"{folder / 'clip_info_final.csv'}: has no clip {row['clip_id'][:80]}. {_EXPECTED}")
        label = frozenset(tag for tag in tags if row[tag] == "1")
        split = _split(path, inner.parts[0])
        sound = sounds.find(root / inner)
        clips.append(LabelledClip(row["clip_id"], sound, label, songs[row["clip_id"]], split))
    sounds.check()
    full = [clip for clip in clips if clip.sound.stat().st_size > 0]
    source = (
        f"MagnaTagATune, its {len(tags)} most frequent tags (synonyms not merged), folders 0-b, c, d-f:"
        f" {split_counts(full)}; {len(clips) - len(full)} empty files left out, clips without any of the tags kept."
    )
    return make_task(folder, "magnatagatune", "tags (MTT)", Kind.TAGS, full, tags, Listening.MUSIC, source)


def top_tags(path: Path, rows: Sequence[dict[str, str]]) -> list[str]:
    """The :data:`TAGS` most frequent tags, the most frequent first; of equal ones the one that stands first.

    Args:
        path: of the table, for the errors.
        rows: with a column of 0 and 1 for each tag between ``clip_id`` and ``mp3_path``.

    Raises:
        UserError: a value is something else.
    """
    names = [name for name in rows[0] if name not in ("clip_id", "mp3_path")]
    counts = dict.fromkeys(names, 0)
    for row in rows:
        for name in names:
            if row[name] not in ("0", "1"):
                raise UserError(f"{path}: {row[name][:80]!r} under {name!r} is neither 0 nor 1. {_EXPECTED}")
            counts[name] += row[name] == "1"
    return sorted((name for name in names if counts[name]), key=lambda name: -counts[name])[:TAGS]


def _songs(folder: Path) -> dict[str, str]:
    """Which song each clip is from: clips of one song are drawn together for the intervals."""
    columns = ("clip_id", "track_number", "title", "artist", "album", "mp3_path")
    rows = read_table(folder / "clip_info_final.csv", columns, _EXPECTED, delimiter="\t")
    return {row["clip_id"]: " / ".join(row[key] for key in ("artist", "album", "track_number")) for row in rows}


def _split(path: Path, part: str) -> str:
    if len(part) != 1 or part not in "0123456789abcdef":
        raise UserError(f"{path}: a clip lies in {part[:80]!r}, not in a folder 0 to f. {_EXPECTED}")
    if part in TRAIN_FOLDERS:
        return "train"
    return "validation" if part in VALIDATION_FOLDERS else "test"
