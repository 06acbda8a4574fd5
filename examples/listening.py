"""What the examples share: find the songs in a folder, listen to each once, keep what was heard in a small cache.

A song becomes four vectors: its clip vector, mean and standard deviation of its tokens, and what the music ear tells
pieces apart by. The cache holds one npz
of a few kilobytes for each song and encoder, named by a digest of where the song lies, its size, when it was changed,
and the encoder's weights. So a changed song or another encoder is heard anew, and nothing is read that does not fit.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motionbeat.array_files import numbers, one_number, read_arrays
from motionbeat.audio import load_audio
from motionbeat.batch import project_version
from motionbeat.beats.summary import confidence_word
from motionbeat.command import OneLineParser
from motionbeat.ear import shipped_ear
from motionbeat.embed import Encoder
from motionbeat.errors import UserError
from motionbeat.output import AUDIO_SUFFIXES, StagedFiles

PARTS = ("whole", "character", "rhythm", "sound")
"""What is compared: of the clip vector all, or the quarter that the encoder pools as plain means over the tokens
(*character*: what the music is like to dance to), or the rest, turned by each token's place in the bar (*rhythm*: what
happens when in the bar; only as good as the downbeats heard). Or the music ear's vector (*sound*: instruments, mix,
harmony, whatever the dance)."""

_VECTORS = ("clip", "token_mean", "token_std", "sound")
_NUMBERS = {"tempo": (1.0, 1000.0), "meter": (1, 64), "confidence": (0, 1), "duration_s": (0, math.inf)}
_LARGEST = 1e6


@dataclass(frozen=True, eq=False)
class HeardSong:
    """What the encoder heard in one song.

    Attributes:
        path: of the song.
        clip: (P,) float32 unit vector.
        token_mean, token_std: (W,) float32, over the song's tokens.
        sound: (S,) float32 unit vector of the shipped music ear.
        tempo: beats per minute.
        meter: beats in a bar.
        confidence: of the beats, 0 to 1.
        duration_s: seconds.
    """

    path: Path
    clip: np.ndarray
    token_mean: np.ndarray
    token_std: np.ndarray
    sound: np.ndarray
    tempo: float
    meter: int
    confidence: float
    duration_s: float

    @property
    def beats_in_words(self) -> str:
        """Such as ``120 BPM, 4/4``; with a warning where the beat is not clear."""
        word = confidence_word(self.confidence)
        return f"{self.tempo:.0f} BPM, {self.meter}/4" + ("" if word == "clear" else f", {word}")


def example_parser(description: str) -> argparse.ArgumentParser:
    """A command line with the options that all examples have."""
    parser = OneLineParser(description=description, allow_abbrev=False)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="songs, in sub-folders or not")
    parser.add_argument("--model", type=Path, metavar="DIR", help="folder of the encoder (default: the shipped one)")
    parser.add_argument(
        "--cache", type=Path, default=default_cache(), metavar="DIR", help="what was heard is kept here (%(default)s)"
    )
    return parser


def default_cache() -> Path:
    """Where the user's caches lie (XDG base directories), and in it a folder of ours."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "motionbeat" / "songs"


def find_songs_below(folder: Path) -> list[Path]:
    """The songs in a folder and its sub-folders, hidden ones left out, by name.

    Raises:
        UserError: no such folder, or no song in it.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder. Give a folder with songs.")
    songs = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )
    if not songs:
        raise UserError(f"{folder}: no songs in this folder or below. Give a folder with some.")
    return songs


def listen(songs: Sequence[Path], encoder: Encoder, cache: Path) -> tuple[list[HeardSong], list[UserError]]:
    """Hear all songs, from the cache where they are in it.

    Args:
        songs: files.
        encoder: of all of them.
        cache: a folder, made when it is missing.

    Returns:
        What was heard in the order of ``songs``, and an error for each song that cannot be used.

    Raises:
        UserError: the cache cannot be written.
    """
    heard, refused = [], []
    # disable=None: no bar where nobody watches
    for path in tqdm(songs, desc="listening", unit="song", file=sys.stderr, disable=None, leave=False):
        entry = cache / f"{_digest(path, encoder)}.npz"
        song = _read_entry(path, entry, encoder)
        if song is None:
            try:
                song = _hear(path, encoder)
            except UserError as error:
                refused.append(error)
                continue
            _write_entry(entry, song)
        heard.append(song)
    return heard, refused


def clip_vectors(songs: Sequence[HeardSong], encoder: Encoder, part: str = PARTS[0]) -> np.ndarray:
    """(N, D) float64 unit vectors of N songs, whose products are cosines.

    Args:
        songs: all heard by ``encoder``.
        encoder: whose pooling says where its vectors divide.
        part: one of :data:`PARTS`.

    Raises:
        UserError: the encoder pools by plain means and its vectors have no parts.
    """
    vectors = np.stack([song.sound if part == "sound" else song.clip for song in songs]).astype(np.float64)
    if part in ("character", "rhythm"):
        pooling = encoder.model.audio.bar_pooling
        if pooling is None:
            raise UserError(f"This encoder's vectors have no part for {part}. Compare the whole.")
        vectors = vectors[:, : pooling.still] if part == "character" else vectors[:, pooling.still :]
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _hear(path: Path, encoder: Encoder) -> HeardSong:
    audio = load_audio(path)
    music = encoder.model.encode_audio(audio)
    return HeardSong(
        path,
        music.clip,
        music.tokens.mean(axis=0),
        music.tokens.std(axis=0),
        shipped_ear().listen(audio, [0]).clip,
        music.grid.tempo,
        music.grid.meter,
        music.grid.confidence,
        music.duration_s,
    )


def _digest(path: Path, encoder: Encoder) -> str:
    about = path.stat()
    key = (str(path.resolve()), about.st_size, about.st_mtime_ns, encoder.sha256, project_version())
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32]


def _read_entry(path: Path, entry: Path, encoder: Encoder) -> HeardSong | None:
    """What the cache holds of a song; None where that is nothing, or damaged."""
    width = encoder.model.config["width"]
    widths = (encoder.model.config["projection"], width, width, shipped_ear().config["projection"])
    try:
        arrays = read_arrays(entry, "a song heard", "It is heard anew.", (*_VECTORS, *_NUMBERS))
        clip, mean, std, sound = (numbers(name, arrays[name], _LARGEST).astype(np.float32) for name in _VECTORS)
        if (clip.shape, mean.shape, std.shape, sound.shape) != tuple((width,) for width in widths):
            return None
        tempo, meter, confidence, duration_s = (one_number(name, arrays[name], *_NUMBERS[name]) for name in _NUMBERS)
    except (UserError, ValueError):
        return None
    return HeardSong(path, clip, mean, std, sound, tempo, int(meter), confidence, duration_s)


def _write_entry(entry: Path, song: HeardSong) -> None:
    with StagedFiles([entry], force=True) as staged:
        np.savez(staged.paths[0], **{name: getattr(song, name) for name in (*_VECTORS, *_NUMBERS)})
        staged.commit()
