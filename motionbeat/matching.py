"""How well an encoder matches dances with music: retrieval, and the fine-grained tests of rhythm.

Each test asks, given a dance, which of two pieces of music it was danced to: its own as it was, or

* ``beat``, ``half beat``: the same music a beat or half a beat early or late;
* ``stretch 3``, ``6``, ``10``: the same music that many per cent slower or faster, both beginning together;
* ``other song, in step``: another song of the meter and of about the tempo, its beats laid on the dance's beats and
  its bars on the bars: only what it sounds like can tell;
* ``other song, as it comes``: the same song at its own tempo, begun at a random moment.

The candidate decides the clock: the dance is read in the slots of the candidate's beats and labelled with its bars. A
moved or stretched song is its own audio tokens on a moved or stretched grid, so neither clip ends nor the traces of a
time-stretching algorithm can give it away. A tie counts half.

Two conditions. *Told*: bar angles as annotated. They are nearly all that the tests about the same music need, because
a dance alone shows whether it is in step with labelled beats. *Blind*: the bar angles of music and dance are turned
by the same random number of slots, so that beat and bar must be heard. (A stretch stays visible, because the slots
follow the tempo.) Beside each stands the same test *without sound*: both candidates are the mean vector of the
music of that meter, so what is still told is told by the dance and the labels.

*Seamless* are clips without a join of the stitched recordings: joins lie on beats, which gives beats away.

A clip is four bars, begun on any beat. Accuracies are means over songs of each song's mean over clips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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
MOVES: Mapping[str, tuple[tuple[int, float], ...]] = {
    "beat": ((-SLOTS_PER_BEAT, 1.0), (SLOTS_PER_BEAT, 1.0)),
    "half beat": ((-SLOTS_PER_BEAT // 2, 1.0), (SLOTS_PER_BEAT // 2, 1.0)),
} | {f"stretch {percent}": ((0, 1 - percent / 100), (0, 1 + percent / 100)) for percent in STRETCHES}
"""Tests against the same music: shift in slots and stretch of its wrong versions."""

IN_STEP, AS_IT_COMES = "other song, in step", "other song, as it comes"
FINE_GRAINED = (*MOVES, IN_STEP, AS_IT_COMES)
"""Names of all tests."""

SAME_TEMPO = 0.04
RECALLS = (1, 5, 10)
_CLIPS_PER_SONG = 32
_OTHER_SONGS = 2  # candidates for each clip
_BATCH = 128


@dataclass(frozen=True)
class Figure:
    """A mean over songs with its 95 % bootstrap interval (songs resampled); NaN where no song could be tried."""

    mean: float
    low: float
    high: float
    songs: int


@dataclass(frozen=True, eq=False)
class Trials:
    """What came out of every test on every clip.

    Attributes:
        heard: for each of :data:`FINE_GRAINED` (clips,) how often the right music won, in [0, 1]; NaN where there was
            no candidate.
        unheard: the same without sound.
        song: (clips,) song of each clip.
        seamless: (clips,) bool, whether no join or fault of the recording is in the clip or just beside it.
    """

    heard: dict[str, np.ndarray]
    unheard: dict[str, np.ndarray]
    song: np.ndarray
    seamless: np.ndarray

    def figures(self, sound: bool = True, seamless: bool = False) -> dict[str, Figure]:
        """Accuracy of every test over songs, with or without sound, on all clips or on the seamless ones."""
        kept = self.seamless if seamless else np.ones(len(self.song), dtype=bool)
        values = self.heard if sound else self.unheard
        return {name: over_songs(each[kept], self.song[kept]) for name, each in values.items()}


@dataclass(frozen=True)
class Retrieval:
    """Retrieval in one direction. ``song`` counts every window of the right song as a hit, ``exact`` only the very
    window; recalls are for 1, 5 and 10, over all windows; with the chance level of each.

    Attributes:
        windows: in the gallery of a query, on average.
        song, exact: R@1, R@5, R@10.
        song_interval: 95 % interval of the song's R@1, songs resampled.
        song_chance, exact_chance: the same for a random order.
        by_tempo: the song's R@1 when windows are ranked by how near their duration is, the very window left out: what
            knowing the tempo alone is worth, since both sides are cut on the music's beats.
        median_rank: of the first window of the right song.
        median_rank_chance: the same for a random order, mean over galleries by their size.
    """

    windows: int
    song: tuple[float, ...]
    song_interval: tuple[float, float]
    song_chance: tuple[float, ...]
    exact: tuple[float, ...]
    exact_chance: tuple[float, ...]
    by_tempo: float
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


def fine_grained(model: MotionBeat, tracks: list[Track], others: list[Track], blind: bool, seed: int = 0) -> Trials:
    """Run every test.

    Args:
        model: the encoder.
        tracks: dances with their music, not mirrored.
        others: where other songs are taken from.
        blind: turn the bar angles of each clip at random.
        seed: of the choice of clips and other songs, and of the turns.
    """
    rng = np.random.default_rng(seed)
    embedder = _Embedder(model)
    places: list[tuple[Track, int]] = []
    for track in tracks:
        places += [(track, int(start)) for start in sorted(rng.permutation(track.starts)[:_CLIPS_PER_SONG])]
    if not places:
        raise ValueError("no track is long enough for a clip")
    turns = [2 * math.pi * float(rng.integers(t.slots_per_bar)) / t.slots_per_bar * blind for t, _ in places]
    angles = [track.theta[s : s + track.length] + turn for (track, s), turn in zip(places, turns, strict=True)]
    music = embedder.music([(track.music(start), theta) for (track, start), theta in zip(places, angles, strict=True)])
    silence = _mean_of_meter(music, [track.slots_per_bar for track, _ in places])

    def dances(shift: int, stretch: float) -> np.ndarray:
        clips = []
        for (track, start), theta in zip(places, angles, strict=True):
            tokens, contact = track.motion(start, shift, stretch)
            clips.append((tokens, theta, contact))
        return embedder.dance(clips)

    own = dances(0, 1.0)
    heard, unheard = {}, {}
    for name, moves in MOVES.items():
        moved = [dances(*move) for move in moves]
        heard[name] = np.mean([_won(music, own, music, other) for other in moved], axis=0)
        unheard[name] = np.mean([_won(silence, own, silence, other) for other in moved], axis=0)
    for name in (IN_STEP, AS_IT_COMES):
        heard[name], unheard[name] = _against_other_songs(
            embedder, places, turns, others, (music, own, silence), name == IN_STEP, rng
        )
    return Trials(
        heard, unheard, np.array([track.pair.song for track, _ in places]),
        np.array([track.is_seamless(start) for track, start in places]),
    )  # fmt: skip


def _won(music: np.ndarray, own: np.ndarray, other_music: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(clips,) 1 where the first pair of vectors is more alike than the second, one half on a tie."""
    return 0.5 + 0.5 * np.sign((music * own).sum(axis=1) - (other_music * other).sum(axis=1))


def _mean_of_meter(music: np.ndarray, meters: list[int]) -> np.ndarray:
    """(clips, D): for each clip the mean vector of all clips of its meter."""
    meter = np.array(meters)
    result = np.zeros_like(music)
    for each in np.unique(meter):
        result[meter == each] = music[meter == each].mean(axis=0)
    return result


def _against_other_songs(
    embedder: _Embedder,
    places: list[tuple[Track, int]],
    turns: list[float],
    others: list[Track],
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray],
    in_step: bool,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    music, own, silence = vectors
    owners, songs, dances = [], [], []
    for index, (track, start) in enumerate(places):
        for other in _other_songs(track, others, rng):
            fitting = [place for place in other.starts if other.first_beat(place) == track.first_beat(start)]
            if not fitting:
                continue
            place = int(rng.choice(fitting))
            theta = other.theta[place : place + other.length] + turns[index]
            if in_step:
                tokens, contact = track.motion(start)
            else:
                tokens, contact = _dance_on(track, start, other, place, rng)
            owners.append(index)
            songs.append((other.music(place), theta))
            dances.append((tokens, theta, contact))
    results = [np.full(len(places), np.nan) for _ in range(2)]
    if owners:
        count = np.bincount(owners, minlength=len(places))
        tried = count > 0
        other_music, other_own = embedder.music(songs), embedder.dance(dances)
        for result, first, second in (
            (results[0], music[owners], other_music),
            (results[1], silence[owners], silence[owners]),
        ):
            won = np.bincount(owners, weights=_won(first, own[owners], second, other_own), minlength=len(places))
            result[tried] = won[tried] / count[tried]
    return results[0], results[1]


def _other_songs(track: Track, others: list[Track], rng: np.random.Generator) -> list[Track]:
    """A few dances to other songs of the meter and of about the tempo."""
    near = [
        other
        for other in others
        if other.pair.song != track.pair.song
        and other.slots_per_bar == track.slots_per_bar
        and abs(other.pair.grid.tempo / track.pair.grid.tempo - 1) <= SAME_TEMPO
        and len(other.starts)
    ]
    return [near[i] for i in rng.permutation(len(near))[:_OTHER_SONGS]]


def _dance_on(
    dance: Track, start: int, music: Track, place: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Motion tokens and contact pulses of the dance from about its slot ``start`` on, at its own speed, on the grid of
    other music from ``place`` on, which begins up to half a bar early or late."""
    cut = slice(place, place + music.length)
    lengths = music.lengths_s[cut]
    times = music.pair.slots.times_s[cut] - music.pair.slots.times_s[place] + dance.pair.slots.times_s[start]
    half_bar = lengths[: music.slots_per_bar].sum() / 2
    earliest = max(-half_bar, -times[0])  # both within the recording
    latest = max(earliest, min(half_bar, dance.pair.motion.duration - times[-1] - lengths[-1]))
    times = times + rng.uniform(earliest, latest)
    return (
        frames_in_slots(dance.frames, dance.fps, times, lengths),
        pulses_in_slots(dance.pulses, dance.fps, times, lengths),
    )


def over_songs(values: np.ndarray, songs: np.ndarray) -> Figure:
    """Mean over songs of the mean over clips, NaN left out, with the 95 % interval of resampled songs."""
    kept = ~np.isnan(values)
    names = np.unique(songs[kept])
    if not len(names):
        return Figure(math.nan, math.nan, math.nan, 0)
    means = np.array([values[kept & (songs == name)].mean() for name in names])
    low, high = bootstrap_interval(means, np.arange(len(means)))
    return Figure(float(means.mean()), float(low), float(high), len(names))


def retrieval(model: MotionBeat, tracks: list[Track], same_meter: bool) -> dict[str, Retrieval]:
    """Music to dance and dance to music among four-bar windows that begin on downbeats and do not overlap.

    Both sides are cut on the music's beats. Windows of other meters can be told by that alone; with ``same_meter`` the
    gallery of each query holds only windows of its own meter.

    Raises:
        ValueError: no track is long enough for a window.
    """
    places = []
    for track in tracks:
        last = -track.length
        for start in track.starts[[track.first_beat(start) == 0 for start in track.starts]]:
            if start - last >= track.length:
                places.append((track, int(start)))
                last = int(start)
    if not places:
        raise ValueError("no track is long enough for a clip")
    embedder = _Embedder(model)
    angles = [track.theta[start : start + track.length] for track, start in places]
    music = embedder.music([(track.music(start), theta) for (track, start), theta in zip(places, angles, strict=True)])
    dances = []
    for (track, start), theta in zip(places, angles, strict=True):
        tokens, contact = track.motion(start)
        dances.append((tokens, theta, contact))
    dance = embedder.dance(dances)
    song = np.array([track.pair.song for track, _ in places])
    meter = np.array([track.pair.grid.meter for track, _ in places])
    duration = np.array([track.lengths_s[start : start + track.length].sum() for track, start in places])
    galleries = [np.flatnonzero(meter == m) for m in np.unique(meter)] if same_meter else [np.arange(len(places))]
    return {
        "music to dance": _retrieved(music, dance, song, duration, galleries),
        "dance to music": _retrieved(dance, music, song, duration, galleries),
    }


def _retrieved(
    queries: np.ndarray, items: np.ndarray, song: np.ndarray, duration: np.ndarray, galleries: list[np.ndarray]
) -> Retrieval:
    ranks: dict[str, list[np.ndarray]] = {"song": [], "exact": []}
    chance: dict[str, list[np.ndarray]] = {"song": [], "exact": []}
    medians, by_tempo = [], []
    for gallery in galleries:
        scores = queries[gallery] @ items[gallery].T
        right = song[gallery][:, None] == song[gallery]
        for name, hits in (("song", right), ("exact", np.eye(len(gallery), dtype=bool))):
            ranks[name].append(first_hit_ranks(scores, hits))
            chance[name].append(np.array([chance_recall_at(hits, k) for k in RECALLS]))
        nearness = -np.abs(duration[gallery][:, None] - duration[gallery])
        np.fill_diagonal(nearness, -np.inf)
        by_tempo.append(right[np.arange(len(gallery)), nearness.argmax(axis=1)] & (right.sum(axis=1) > 1))
        medians.append((chance_median_rank(right), len(gallery)))
    first = np.concatenate(ranks["song"]) <= 1
    interval = bootstrap_interval(first.astype(float), np.concatenate([song[gallery] for gallery in galleries]))
    weights = np.array([count for _, count in medians], dtype=float)

    def recalls(name: str) -> tuple[float, ...]:
        return tuple(float(recall_at(np.concatenate(ranks[name]), k)) for k in RECALLS)

    def chances(name: str) -> tuple[float, ...]:
        return tuple(float(value) for value in np.average(chance[name], axis=0, weights=weights))

    return Retrieval(
        round(float(np.average([len(g) for g in galleries], weights=weights))),
        recalls("song"), interval, chances("song"), recalls("exact"), chances("exact"),
        float(np.concatenate(by_tempo).mean()),
        float(median_rank(np.concatenate(ranks["song"]))),
        float(np.average([m for m, _ in medians], weights=weights)),
    )  # fmt: skip
