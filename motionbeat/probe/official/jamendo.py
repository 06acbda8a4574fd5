"""MTG-Jamendo, mood and theme: 18,486 songs with 56 tags.

The folder is that of the repository with the sounds in it::

    data/splits/split-0/autotagging_moodtheme-train.tsv, -validation.tsv, -test.tsv
    audio/34/786434.mp3          or 786434.low.mp3 (the smaller download), in audio/, audio-low/ or audios/

A line of a list is TRACK_ID, ARTIST_ID, ALBUM_ID, PATH, DURATION (seconds) and any number of tags, tab-separated. The
first of the five official splits is used, as in MARBLE; no artist is in two of its parts. Of each song 30 s from the
middle are heard. Source: D. Bogdanov, M. Won, P. Tovstogan, A. Porter and X. Serra, "The MTG-Jamendo Dataset for
Automatic Music Tagging", 2019.
"""

from __future__ import annotations

from pathlib import Path

from motionbeat.errors import UserError
from motionbeat.probe.official.files import (
    SoundFolders,
    first_folder,
    inner_path,
    make_task,
    read_lines,
    split_counts,
)
from motionbeat.probe.task import SPLITS, Kind, LabelledClip, Listening, Task

CLIP_S = 30.0
TAG_PREFIX = "mood/theme---"

_HEAD = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION", "TAGS"]
_EXPECTED = (
    "Expected: data/splits/split-0/autotagging_moodtheme-train.tsv, -validation.tsv and -test.tsv as published, and"
    " audio/34/786434.mp3 (or .low.mp3) and so on."
)


def jamendo_mood(folder: Path) -> Task:
    """The moods and themes of each song.

    Raises:
        UserError: the folder has another layout, or a song is missing.
    """
    audio = first_folder(folder, ("audio", "audio-low", "audios"), _EXPECTED)
    sounds = SoundFolders(_EXPECTED)
    clips = []
    for split in SPLITS:
        path = folder / "data" / "splits" / "split-0" / f"autotagging_moodtheme-{split}.tsv"
        head, *lines = read_lines(path, _EXPECTED) or [""]
        if head.split("\t") != _HEAD:
            raise UserError(f"{path}: the head is not {', '.join(_HEAD)}. {_EXPECTED}")
        clips += [_clip(path, line, split, audio, sounds) for line in lines]
    sounds.check()
    tags = sorted({tag for clip in clips if isinstance(clip.label, frozenset) for tag in clip.label})
    source = (
        f"MTG-Jamendo mood/theme, split 0, {len(tags)} tags (published: 56): {split_counts(clips)}. 30 s from the"
        " middle of each song; published figures are mostly averages over whole songs. Intervals are over artists."
    )
    return make_task(folder, "jamendo-mood", "mood (Jamendo)", Kind.TAGS, clips, tags, Listening.MUSIC, source)


def _clip(path: Path, line: str, split: str, audio: Path, sounds: SoundFolders) -> LabelledClip:
    fields = line.split("\t")
    try:
        track, artist, _, name, seconds, *tags = fields
        length_s = float(seconds)
        if not 0 < length_s < 1e6 or not tags or not all(tag.startswith(TAG_PREFIX) for tag in tags):
            raise ValueError
    except ValueError:
        raise UserError(f"{path}: {line[:80]!r} is not a song with its tags. {_EXPECTED}") from None
    inner = inner_path(path, name, _EXPECTED)
    sound = sounds.find(audio / inner, audio / inner.with_suffix(f".low{inner.suffix}"))
    start_s = max(0.0, (length_s - CLIP_S) / 2)
    label = frozenset(tag.removeprefix(TAG_PREFIX) for tag in tags)
    return LabelledClip(track, sound, label, artist, split, round(start_s, 3), CLIP_S)
