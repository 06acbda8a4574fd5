"""How well an encoder matches dances with music: retrieval, and the fine-grained tests of rhythm.

Each test asks, given a dance, which of two pieces of music it was danced to: its own as it was, or

* ``beat``, ``half beat``: the same music one or half a beat early or late;
* ``stretch 3``, ``6``, ``10``: the same music that many per cent slower or faster, both beginning together;
* ``other song, in step``: another song of the same meter and tempo (within 4 %), its bars on the dance's bars;
* ``other song, as it comes``: the same, begun at a random moment.

The candidate decides the clock: the dance is read in the slots of the candidate's beats and labelled with its bars, as
it would be for a song whose beats were tracked. A moved or stretched song is its own audio tokens on a moved or
stretched grid, so neither clip ends nor the traces of a time-stretching algorithm can give it away. A tie counts half.

Two conditions: *told*, with the bars as annotated, and *blind*, where the bar angles of music and dance are turned
together by a random number of slots, so that beat and bar must be heard. Each is repeated *deaf*: the sound of both
candidates exchanged for that of another song of the meter from any moment on. What can still be told then is told by
the beat labels and the dance, not by the sound. Deaf and told, a dance alone tells whether it is in step with labels;
deaf and blind, the tests of a whole or half beat must be at chance. The stretched songs are given away by their tempo
in all conditions, because the slots follow it.

A clip is four bars, begun on any beat. Accuracies are means over songs of each song's mean over clips.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from motionbeat.clips import Track
from motionbeat.encoder import MotionBeat
from motionbeat.motion_tokens import frames_in_slots, pulses_in_slots
from motionbeat.retrieval import (
    bootstrap_interval,
    chance_median_rank,
    chance_recall_at,
    first_hit_ranks,
    median_rank,
    recall_at,
)
from motionbeat.tokens import SLOTS_PER_BEAT

STRETCHES = (3, 6, 10)
FINE_GRAINED = (
    "beat", "half beat", *(f"stretch {percent}" for percent in STRETCHES), "other song, in step",
    "other song, as it comes",
)  # fmt: skip
"""Names of the tests."""

SAME_TEMPO = 0.04
RECALLS = (1, 5, 10)
_OTHER_SONGS = 2  # candidates from other songs for each clip
_BATCH = 128


@dataclass(frozen=True)
class Figure:
    """A mean over songs with its 95 % bootstrap interval (songs resampled)."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Retrieval:
    """Retrieval in one direction. ``song`` counts every window of the right song as a hit, ``exact`` only the very
    window; recalls are for 1, 5 and 10; with the chance level of each.

    Attributes:
        windows: in the gallery.
        song, exact: R@1, R@5, R@10.
        song_chance, exact_chance: the same for a random order.
        median_rank: of the first window of the right song, and by chance.
    """

    windows: int
    song: tuple[float, ...]
    song_chance: tuple[float, ...]
    exact: tuple[float, ...]
    exact_chance: tuple[float, ...]
    median_rank: float
    median_rank_chance: float


class _Embedder:
    """Clips in, unit vectors out, in batches of equal length."""

    def __init__(self, model: MotionBeat) -> None:
        self.model = model

    def music(self, clips: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
        """(tokens, theta) of each clip -> (B, projection)."""
        return self._run(clips, lambda tokens, theta: self.model.embed_audio(tokens, theta)[0])

    def dance(self, clips: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
        """(tokens, theta, contact) of each clip -> (B, projection)."""
        return self._run(clips, lambda tokens, theta, contact: self.model.embed_motion(tokens, theta, contact)[0])

    @torch.no_grad()
    def _run(self, clips: list, embed: Callable[..., torch.Tensor]) -> np.ndarray:
        result = np.zeros((len(clips), self.model.config["projection"]), dtype=np.float32)
        lengths = np.array([len(clip[0]) for clip in clips])
        for length in np.unique(lengths):
            chosen = np.flatnonzero(lengths == length)
            for part in np.array_split(chosen, math.ceil(len(chosen) / _BATCH)):
                columns = zip(*(clips[i] for i in part), strict=True)
                values = (torch.from_numpy(np.stack(c).astype(np.float32)).to(self.model.device) for c in columns)
                result[part] = embed(*values).float().cpu().numpy()
        return result


def _sound(track: Track, start: int) -> np.ndarray:
    """(T, D) audio tokens of the clip at slot ``start``."""
    tokens = track.audio[start : start + track.length]
    return tokens.astype(np.float32) / 255 if tokens.dtype == np.uint8 else tokens


def _dance_on(
    dance: Track, start: int, music: Track, music_start: int, late_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Motion tokens and contact pulses of the dance from its slot ``start`` on, read on the grid of other music from
    ``music_start`` on; ``late_s`` seconds into the music's clip the dance's clip begins."""
    cut = slice(music_start, music_start + music.length)
    times = music.pair.slots.times_s[cut] - music.pair.slots.times_s[music_start]
    times = times + dance.pair.slots.times_s[start] - late_s
    lengths = music.lengths_s[cut]
    tokens = frames_in_slots(dance.frames, dance.fps, times, lengths)
    return tokens, pulses_in_slots(dance.pulses, dance.fps, times, lengths)


def fine_grained_trials(
    model: MotionBeat, tracks: list[Track], others: list[Track], blind: bool, seed: int = 0
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Run every test on every clip.

    Args:
        model: the encoder.
        tracks: dances with their music, not mirrored.
        others: where other songs are taken from.
        blind: turn the bar angles of each clip at random.
        seed: of the choice of other songs, and of the turns.

    Returns:
        For each of :data:`FINE_GRAINED` (clips,) how often the right music won in [0, 1], NaN where there was no
        candidate; the same *deaf*, for the tests about the same music; and (clips,) the song of each clip.
    """
    rng = np.random.default_rng(seed)
    embedder = _Embedder(model)
    places = []
    for track in tracks:
        step = (track.pair.grid.meter + 1) * SLOTS_PER_BEAT  # a bar and a beat on: all beats of the bar get their turn
        places += [(track, int(start)) for start in track.starts if (start - track.starts[0]) % step == 0]

    moves: dict[str, list[tuple[int, float]]] = {
        "beat": [(-SLOTS_PER_BEAT, 1.0), (SLOTS_PER_BEAT, 1.0)],
        "half beat": [(-SLOTS_PER_BEAT // 2, 1.0), (SLOTS_PER_BEAT // 2, 1.0)],
    }
    moves |= {f"stretch {p}": [(0, 1 - p / 100), (0, 1 + p / 100)] for p in STRETCHES}

    turns = [_turn(track, rng) if blind else 0.0 for track, _ in places]
    angles = [track.theta[s : s + track.length] + turn for (track, s), turn in zip(places, turns, strict=True)]
    music = embedder.music([(_sound(*place), theta) for place, theta in zip(places, angles, strict=True)])
    foreign = embedder.music(
        [(_foreign_sound(track, others, rng), theta) for (track, _), theta in zip(places, angles, strict=True)]
    )

    def dances(shift: int, stretch: float) -> np.ndarray:
        clips = []
        for (track, start), theta in zip(places, angles, strict=True):
            tokens, contact = track.motion(start, shift, stretch)
            clips.append((tokens, theta, contact))
        return embedder.dance(clips)

    own = dances(0, 1.0)
    heard, deaf = {}, {}
    for name, options in moves.items():
        moved = [dances(*option) for option in options]
        heard[name] = np.mean([_won(music, own, music, other) for other in moved], axis=0)
        deaf[name] = np.mean([_won(foreign, own, foreign, other) for other in moved], axis=0)
    for name, in_step in (("other song, in step", True), ("other song, as it comes", False)):
        heard[name] = _against_other_songs(embedder, places, turns, others, music, own, in_step, rng)
    return heard, deaf, np.array([track.pair.song for track, _ in places])


def _turn(track: Track, rng: np.random.Generator) -> float:
    return 2 * math.pi * float(rng.integers(track.slots_per_bar)) / track.slots_per_bar


def _won(music: np.ndarray, own: np.ndarray, other_music: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(clips,) 1 where the first pair of vectors is more alike than the second, one half on a tie."""
    return 0.5 + 0.5 * np.sign((music * own).sum(axis=1) - (other_music * other).sum(axis=1))


def _foreign_sound(track: Track, others: list[Track], rng: np.random.Generator) -> np.ndarray:
    """Audio tokens of another song of the meter, from any slot on."""
    fitting = [t for t in others if t.pair.song != track.pair.song and t.length == track.length]
    other = fitting[int(rng.integers(len(fitting)))]
    return _sound(other, int(rng.integers(len(other.audio) - other.length)))


def _candidates(track: Track, start: int, others: list[Track], tolerance: float) -> list[tuple[Track, int]]:
    """Clips of other songs of about the same tempo and of the meter that begin on the same beat of the bar."""
    return [
        (other, int(place))
        for other in others
        if other.pair.song != track.pair.song
        and other.pair.grid.meter == track.pair.grid.meter
        and abs(other.pair.grid.tempo / track.pair.grid.tempo - 1) <= tolerance
        for place in other.starts
        if other.first_beat(place) == track.first_beat(start)
    ]


def _against_other_songs(
    embedder: _Embedder,
    places: list[tuple[Track, int]],
    turns: list[float],
    others: list[Track],
    music: np.ndarray,
    own: np.ndarray,
    in_step: bool,
    rng: np.random.Generator,
) -> np.ndarray:
    owners, songs, dances = [], [], []
    for index, (track, start) in enumerate(places):
        candidates = _candidates(track, start, others, SAME_TEMPO)
        for pick in rng.permutation(len(candidates))[:_OTHER_SONGS]:
            other, place = candidates[pick]
            bar_s = other.lengths_s[place] * other.slots_per_bar
            late_s = 0.0 if in_step else float(rng.uniform(-bar_s / 2, bar_s / 2))
            theta = other.theta[place : place + other.length] + turns[index]
            tokens, contact = _dance_on(track, start, other, place, late_s)
            owners.append(index)
            songs.append((_sound(other, place), theta))
            dances.append((tokens, theta, contact))
    result = np.full(len(places), np.nan)
    if owners:
        won = _won(music[owners], own[owners], embedder.music(songs), embedder.dance(dances))
        count = np.bincount(owners, minlength=len(places))
        tried = count > 0
        result[tried] = np.bincount(owners, weights=won, minlength=len(places))[tried] / count[tried]
    return result


def over_songs(values: np.ndarray, songs: np.ndarray) -> Figure:
    """Mean over songs of the mean over clips, NaN left out, with the 95 % interval of resampled songs."""
    kept = ~np.isnan(values)
    names = np.unique(songs[kept])
    if not len(names):
        return Figure(math.nan, math.nan, math.nan)
    means = np.array([values[kept & (songs == name)].mean() for name in names])
    low, high = bootstrap_interval(means, np.arange(len(means)))
    return Figure(float(means.mean()), float(low), float(high))


def fine_grained(
    model: MotionBeat, tracks: list[Track], others: list[Track], blind: bool, seed: int = 0
) -> tuple[dict[str, Figure], dict[str, Figure]]:
    """Accuracy of every test over songs: with the sound, and *deaf*. Arguments as of :func:`fine_grained_trials`."""
    heard, deaf, songs = fine_grained_trials(model, tracks, others, blind, seed)
    return (
        {name: over_songs(values, songs) for name, values in heard.items()},
        {name: over_songs(values, songs) for name, values in deaf.items()},
    )


def retrieval(model: MotionBeat, tracks: list[Track], same_meter: bool) -> dict[str, Retrieval]:
    """Music to dance and dance to music among four-bar windows that begin on downbeats and do not overlap.

    Both sides are cut on the music's beats. Windows of other meters can be told by that alone; with ``same_meter`` the
    gallery of each query holds only windows of its own meter (median rank and windows are then means over queries).
    """
    places = []
    for track in tracks:
        last = -track.length
        for start in track.starts[[track.first_beat(start) == 0 for start in track.starts]]:
            if start - last >= track.length:
                places.append((track, int(start)))
                last = int(start)
    embedder = _Embedder(model)
    angles = [track.theta[start : start + track.length] for track, start in places]
    music = embedder.music([(_sound(*place), theta) for place, theta in zip(places, angles, strict=True)])
    dances = []
    for (track, start), theta in zip(places, angles, strict=True):
        tokens, contact = track.motion(start)
        dances.append((tokens, theta, contact))
    dance = embedder.dance(dances)
    song = np.array([track.pair.song for track, _ in places])
    meter = np.array([track.pair.grid.meter for track, _ in places])
    galleries = [np.flatnonzero(meter == m) for m in np.unique(meter)] if same_meter else [np.arange(len(places))]
    return {
        "music to dance": _retrieved(music, dance, song, galleries),
        "dance to music": _retrieved(dance, music, song, galleries),
    }


def _retrieved(queries: np.ndarray, items: np.ndarray, song: np.ndarray, galleries: list[np.ndarray]) -> Retrieval:
    ranks: dict[str, list[np.ndarray]] = {"song": [], "exact": []}
    chance: dict[str, list[np.ndarray]] = {"song": [], "exact": []}
    medians = []
    for gallery in galleries:
        scores = queries[gallery] @ items[gallery].T
        right = song[gallery][:, None] == song[gallery]
        for name, hits in (("song", right), ("exact", np.eye(len(gallery), dtype=bool))):
            ranks[name].append(first_hit_ranks(scores, hits))
            chance[name].append(np.array([chance_recall_at(hits, k) for k in RECALLS]))
        medians.append((chance_median_rank(right), len(gallery)))
    weights = np.array([count for _, count in medians], dtype=float)

    def recalls(name: str) -> tuple[float, ...]:
        return tuple(float(recall_at(np.concatenate(ranks[name]), k)) for k in RECALLS)

    def chances(name: str) -> tuple[float, ...]:
        return tuple(float(value) for value in np.average(chance[name], axis=0, weights=weights))

    return Retrieval(
        round(float(np.average([len(g) for g in galleries], weights=weights))),
        recalls("song"), chances("song"), recalls("exact"), chances("exact"),
        float(median_rank(np.concatenate(ranks["song"]))),
        float(np.average([m for m, _ in medians], weights=weights)),
    )  # fmt: skip
