"""Songs with known beats for dances that have none: composed, rendered, or recorded.

Three sources: songs of our own (:mod:`motionbeat.composer`), composed near the tempo of the dance; clips of the beat
tracker's training set (:mod:`motionbeat.beatset`), whose beats are exact; free recordings, whose beats the tracker
hears, where it is sure. In three or in four.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motionbeat.array_files import numbers, read_arrays, wrong_file
from motionbeat.audio import SAMPLE_RATE, Audio, load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.beats.summary import CLEAR_CONFIDENCE
from motionbeat.composer import STYLES, compose
from motionbeat.errors import UserError
from motionbeat.output import AUDIO_SUFFIXES

METER = 4
"""Of dances without music, and of recordings."""

METERS = (3, 4)

COMPOSED_STYLES = {
    "pop": ("house", "techno", "disco", "pop", "rock", "funk", "hiphop", "reggaeton"),
    "salsa": ("latin", "rumba", "reggaeton"),
    "indian": ("folk", "pop", "latin"),
    "modern": ("pop", "rock", "hiphop", "folk"),
    "cha-cha": ("latin",),
    "rumba": ("rumba",),
    "tango": ("tango",),
    "waltz": ("waltz",),
}
"""Styles of our own songs that a dance is paired with; any of its meter where its style is not listed."""

DANCED_TO = {
    "salsa": frozenset({
        "salsa", "cha_cha", "merengue", "cumbia", "bolero", "reggaeton", "flamenco_rumba", "samba", "bossa",
        "afrobeats", "dancehall", "funk", "disco",
    }),
    "cha-cha": frozenset({
        "cha_cha", "salsa", "merengue", "cumbia", "samba", "reggaeton", "funk", "disco", "soul_pop", "pop_rock",
        "chacha", "mambo", "son", "calypso", "cubanguitar",
    }),
    "rumba": frozenset({
        "bolero", "flamenco_rumba", "bossa", "rnb", "pop_ballad", "soul_pop", "guitar_strum",
        "rhumba", "jazzrhumba", "slowbolero", "beguine", "popballad", "bossanova", "son",
    }),
    "tango": frozenset({"tango", "lighttango"}),
}  # fmt: skip
"""Styles of arrangements and accompaniments that a dance meets; all of its meter where its style is not listed."""

TEMPO_FIT = (0.87, 1.15)
"""A song suits a dance between these shares of its tempo, the natural one of a dance without music."""

LONGEST_S = 60.0
"""Songs are composed, and recordings read, for no longer than this."""

MIN_BEATS = 24

CLEAN_KINDS = frozenset({"arranged", "composed"})
"""Kinds whose music may be used for anything: notes and forms are our own. Not so POP909 (renditions of commercial
songs), MMA (accompaniment library under the GPL) and recordings (GPL and CC BY-SA): they are heard in training and
never shipped, but whether weights that heard them are free of their terms is in doubt."""

_LIBRARY_KINDS = re.compile(r"(arranged|mma|pop)(\d+)(?:_(.*))?$")
_CLIP = "a clip of the training set of beats"
_AGAIN = "Make it again with python -m motionbeat.beatset."
_RECORDING_S = 60.0
_RECORDING_START_S = 15.0  # past many introductions


@dataclass(frozen=True, eq=False)
class Music:
    """A song or a part of one, ready to be danced to.

    Attributes:
        name: of the song, the same for all parts of it.
        kind: ``composed``, ``arranged``, ``mma``, ``pop`` or ``recorded``.
        audio: the sound.
        grid: its beats, the first of them a downbeat.
        clean: whether it may be used for anything.
    """

    name: str
    kind: str
    audio: Audio
    grid: BeatGrid
    clean: bool


@dataclass(frozen=True, eq=False)
class Song:
    """A song in a file, whose sound is read when it is chosen.

    Attributes:
        path: a clip of the beat tracker's training set, or a sound file.
        kind: as of :class:`Music`.
        style: of an arrangement or accompaniment; empty where not known.
        work: name of the song, the same for all excerpts of it.
        grid: beats, counted from ``start_s`` of the file.
        start_s: where the part with known beats begins.
    """

    path: Path
    kind: str
    style: str
    work: str
    grid: BeatGrid
    start_s: float = 0.0

    @property
    def held_out(self) -> bool:
        """Whether only held-out dances meet it: one song in eight."""
        return zlib.crc32(self.work.encode()) % 8 == 0

    def excerpt(self, seconds: float, rng: np.random.Generator) -> Music:
        """From a bar drawn at random on, where the song is longer than ``seconds``.

        Raises:
            UserError: the file cannot be read.
        """
        spare = self.grid.beats[-1] - seconds
        starts = self.grid.downbeats[self.grid.downbeats <= spare]
        start = float(rng.choice(starts)) if len(starts) else float(self.grid.downbeats[0])
        lead = min(start, 0.2)  # attacks begin before the beat
        zero = start - lead
        beats = self.grid.beats[self.grid.beats >= start - 1e-6] - zero
        downbeats = self.grid.downbeats[self.grid.downbeats >= start - 1e-6] - zero
        grid = BeatGrid(beats, downbeats, self.grid.meter, self.grid.tempo, self.grid.confidence)
        audio = self._audio()
        return Music(self.work, self.kind, audio.crop(zero, audio.duration), grid, self.kind in CLEAN_KINDS)

    def _audio(self) -> Audio:
        if self.path.suffix != ".npz":
            return load_audio(self.path, self.start_s, _RECORDING_S)
        stems = read_arrays(self.path, _CLIP, _AGAIN, ("stems",))["stems"]
        if stems.dtype != np.int16 or stems.ndim != 2 or not stems.size:
            raise wrong_file(self.path, _CLIP, f"stems are {stems.dtype} {stems.shape}", _AGAIN)
        samples = stems.astype(np.float32).sum(axis=0)
        return Audio(samples / max(float(np.abs(samples).max()), 1.0), SAMPLE_RATE)


def composed_song(style: str, tempo: float, meter: int, seconds: float, rng: np.random.Generator) -> Music:
    """A song of our own in ``meter`` for a dance of ``style`` that lasts ``seconds``, within :data:`TEMPO_FIT` of
    ``tempo``."""
    wanted = tempo * rng.uniform(*TEMPO_FIT)
    of_meter = [name for name, form in STYLES.items() if form.meter == meter]
    names = [name for name in COMPOSED_STYLES.get(style, ()) if name in of_meter] or of_meter
    usual = [name for name in names if 0.9 * STYLES[name].tempo[0] <= wanted <= 1.1 * STYLES[name].tempo[1]]
    chosen = str(rng.choice(usual or names))
    # at the fastest rate the dance is through sooner, at the slowest later
    bars = int(np.ceil(min(1.2 * seconds, LONGEST_S) * wanted / 60 / STYLES[chosen].meter)) + 1
    seed = int(rng.integers(2**31))
    audio, grid = compose(chosen, wanted, bars, seed)
    return Music(f"{chosen} {wanted:.1f} {seed}", "composed", audio, grid, True)


def suiting(library: Sequence[Song], style: str, tempo: float, meter: int, split: str) -> list[Song]:
    """The songs of the ``meter`` that a dance of ``style`` with a tempo (beats per minute) may meet: those kept for
    held-out dances if ``split`` is not ``train``, else the others."""
    low, high = TEMPO_FIT
    return [
        song
        for song in library
        if song.held_out == (split != "train")
        and song.grid.meter == meter
        and low * tempo <= song.grid.tempo <= high * tempo
        and (not song.style or style not in DANCED_TO or song.style in DANCED_TO[style])
    ]


def read_clips(folder: Path) -> list[Song]:
    """Arrangements, accompaniments and POP909 songs in three or four from a folder that ``motionbeat.beatset`` made.
    Drums alone, tunes alone and sounds without a beat are left out.

    Raises:
        UserError: there are none, or a file is damaged or something else.
    """
    songs = []
    for path in sorted(folder.glob("*.npz")):
        match = _LIBRARY_KINDS.match(path.stem)
        if match is None:
            continue
        data = read_arrays(path, _CLIP, _AGAIN, ("beats", "positions"))
        try:
            beats, positions = numbers("beats", data["beats"], np.inf), numbers("positions", data["positions"], 1e3)
            if beats.ndim != 1 or positions.shape != beats.shape:
                raise ValueError("beats and positions do not fit together")
            grid = _regular_grid(beats, positions.astype(int))
        except ValueError as error:
            raise wrong_file(path, _CLIP, error, _AGAIN) from None
        if grid is not None:
            kind, number, style = match.group(1), match.group(2), match.group(3) or ""
            songs.append(Song(path, kind, style if kind != "pop" else "", f"{kind}{number}", grid))
    if not songs:
        raise UserError(f"{folder}: no songs in three or four there. Make them with python -m motionbeat.beatset.")
    return songs


def read_recordings(folder: Path) -> list[Song]:
    """Songs in a folder and the folders in it whose beats our tracker hears clearly (confidence 0.5 or more), in
    four: up to a minute of each.

    Raises:
        UserError: there are no sound files, or no beat is clear in any.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file())
    if not paths:
        raise UserError(f"{folder}: no sound files there or in its folders. Give a folder of songs.")
    songs = []
    for path in tqdm(paths, desc="listening", unit="song"):
        try:
            audio = load_audio(path, _RECORDING_START_S, _RECORDING_S)
        except UserError:
            continue  # damaged, silent or short: one of many
        heard = track_beats(audio)
        if heard.confidence >= CLEAR_CONFIDENCE and heard.meter == METER and len(heard.beats) >= MIN_BEATS:
            songs.append(Song(path, "recorded", "", path.stem, heard, _RECORDING_START_S))
    if not songs:
        raise UserError(f"{folder}: no song there has a clear beat in four. Give others.")
    return songs


def _regular_grid(beats: np.ndarray, positions: np.ndarray) -> BeatGrid | None:
    """The grid of a clip; None where its bars are not known to have all three or all four beats, or it is short."""
    downs = np.flatnonzero(positions == 1)
    if len(beats) < MIN_BEATS or len(downs) < 2 or len(meters := np.unique(np.diff(downs))) > 1:
        return None
    meter = int(meters[0])
    if meter not in METERS:
        return None
    return BeatGrid(beats, beats[downs], meter, 60.0 / float(np.median(np.diff(beats))), 1.0)
