"""What is measured of a dance for tables, percentiles and the reference, and how a style enters.

A dance is measured in pieces of about :data:`PIECE_S` seconds, so that dances of all lengths can be compared: with
more events a mean resultant length falls towards chance, with more bars a profile gets smoother, and in more windows
there is a nearer one.

Five measures ask whether a dance moves *when its style does*: the lock of plants, minima and maxima toward the mean
phase of the style's ground truth, and the distance of its bar profiles from the style's. They tell steps in time from
steps at the right tempo anywhere in the beat, which a resultant length cannot (:mod:`dancegen.metrics.beat_lock`).
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dancegen.metrics import BarProfile, MusicFit, Score, body_scores, mean_profile, music_fit, profile_distance
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion

PIECE_S = 30.0
"""Length of a piece in seconds: a dance is cut into as many equal ones as come nearest to it."""

SHORTEST_S = 8.0
"""A dance shorter than this says too little: four bars at 120 beats a minute."""

Wanted = Literal["more", "less", "as truth"]
Taken = Literal["value", "over chance", "corrected"]


@dataclass(frozen=True)
class Measure:
    """A column of the table.

    Attributes:
        name: in files.
        title: in tables.
        unit: of the value.
        wanted: which way is better; ``as truth``: neither, ground truth is the goal.
        of_music: whether it changes with the music, so that controls apply.
        score: name of the :class:`~dancegen.metrics.Score` that it is taken from; empty for those of a style.
        taken: the score's value, the value less its chance level, or (value - chance) / (1 - chance).
    """

    name: str
    title: str
    unit: str
    wanted: Wanted
    of_music: bool
    score: str
    taken: Taken = "value"


def _of_style(name: str, title: str, unit: str, wanted: Wanted) -> Measure:
    return Measure(name, title, unit, wanted, True, "")


def _over_chance(name: str, title: str) -> Measure:
    return Measure(name, f"{title} over chance", "", "more", True, name, "over chance")


def _corrected(name: str, title: str, wanted: Wanted) -> Measure:
    return Measure(name, f"{title}, chance-corrected", "", wanted, True, name, "corrected")


def _of_body(name: str, title: str, unit: str, wanted: Wanted) -> Measure:
    return Measure(name, title, unit, wanted, False, name)


MEASURES = (
    _of_style("plants_toward_style", "foot plants toward the style's beat phase", "", "more"),
    _of_style("minima_toward_style", "speed minima toward the style's beat phase", "", "more"),
    _of_style("maxima_toward_style", "speed maxima toward the style's beat phase", "", "more"),
    _of_style("feet_profile_distance", "bar profile of the feet, distance from the style's", "beats", "less"),
    _of_style("body_profile_distance", "bar profile of the body, distance from the style's", "beats", "less"),
    _over_chance("beat_lock", "beat lock of foot plants"),
    _over_chance("bar_lock", "bar lock of foot plants"),
    _over_chance("minima_beat_lock", "beat lock of speed minima"),
    _over_chance("minima_bar_lock", "bar lock of speed minima"),
    _over_chance("maxima_beat_lock", "beat lock of speed maxima"),
    _over_chance("maxima_bar_lock", "bar lock of speed maxima"),
    _over_chance("feet_energy_beat", "feet energy at the beat"),
    _over_chance("feet_energy_half_beat", "feet energy at the half beat"),
    _over_chance("feet_energy_bar", "feet energy at the bar"),
    _over_chance("body_energy_beat", "body energy at the beat"),
    _over_chance("body_energy_bar", "body energy at the bar"),
    _corrected("beat_alignment_motion_to_music", "BAS, motion to music", "as truth"),
    _corrected("beat_alignment_music_to_motion", "BAS, music to motion", "as truth"),
    _corrected("beat_f_measure", "F of foot plants within 70 ms", "more"),
    _of_body("speed", "mean speed of the joints", "m/s", "as truth"),
    _of_body("feet_speed", "mean speed of the feet", "m/s", "as truth"),
    _of_body("travel_speed", "speed over the floor", "m/s", "as truth"),
    _of_body("jerk", "jerk", "m/s^3", "as truth"),
    _of_body("contact_slide", "foot slide in 1/30 s, contact by height", "mm", "less"),
    _of_body("foot_slide", "foot slide, contact by height and speed", "mm/s", "less"),
    _of_body("support_speed", "speed of the slowest foot joint", "mm/s", "less"),
    _of_body("foot_skating", "share of contact frames that slide", "", "less"),
    _of_body("floor_penetration", "feet below the floor", "mm", "less"),
    _of_body("floor_float", "feet above the floor", "mm", "as truth"),
    _of_body("physical_foot_contact_sound", "physical foot contact", "cm^2/s^2", "less"),
    _of_body("joint_limit_share", "share of frames with a joint out of range", "", "less"),
    _of_body("joint_limit_excess", "largest excess over a joint's range", "deg", "less"),
    _of_body("self_repetition", "distance to its own nearest second", "m", "as truth"),
)
"""In the order of the table."""

INDEX = {measure.name: place for place, measure in enumerate(MEASURES)}
OF_MUSIC = np.array([measure.of_music for measure in MEASURES])
OF_STYLE = tuple(measure.name for measure in MEASURES if not measure.score)
EVENTS = ("plants", "minima", "maxima")


@dataclass(frozen=True, eq=False)
class Fit:
    """A piece of dance measured against some music.

    Attributes:
        values: (len(MEASURES),) NaN where there was nothing to measure.
        vectors: (3,) complex: mean vector of the beat phases of plants, minima and maxima.
        events: (3,) how many there are of each.
        feet, body: bar profiles.
    """

    values: np.ndarray
    vectors: np.ndarray
    events: np.ndarray
    feet: BarProfile
    body: BarProfile

    def with_style(self, style: StyleStatistics | None) -> np.ndarray:
        """(len(MEASURES),) the values with those of the style; they stay NaN without a style, or for a meter that its
        ground truth does not have. A dance without events has a lock of 0, one that does not move a flat profile."""
        values = self.values.copy()
        if style is None:
            return values
        for place, event in enumerate(EVENTS):
            if math.isfinite(style.phases[place]):
                toward = self.vectors[place] * np.exp(-2j * np.pi * style.phases[place])
                values[INDEX[f"{event}_toward_style"]] = toward.real
        for part, own, of_style in (("feet", self.feet, style.feet), ("body", self.body, style.body)):
            if own.meter in of_style:
                values[INDEX[f"{part}_profile_distance"]] = profile_distance(own, of_style[own.meter])
        return values


@dataclass(frozen=True, eq=False)
class StyleStatistics:
    """When a style's ground truth moves.

    Attributes:
        phases: (3,) beat phase of the mean vector of all plants, minima and maxima, in [-0.5, 0.5); NaN without any.
        feet, body: bar profile by meter.
        pieces: over how many pieces.
    """

    phases: np.ndarray
    feet: Mapping[int, BarProfile]
    body: Mapping[int, BarProfile]
    pieces: int

    @classmethod
    def of(cls, fits: Iterable[Fit]) -> StyleStatistics | None:
        """Statistics of pieces of one style; None without any."""
        fits = list(fits)
        if not fits:
            return None
        vectors = sum((fit.vectors * fit.events for fit in fits), np.zeros(3, dtype=complex))
        phases = np.where(np.abs(vectors) > 0, (np.angle(vectors) / (2 * np.pi) + 0.5) % 1.0 - 0.5, np.nan)
        return cls(phases, _profiles([f.feet for f in fits]), _profiles([f.body for f in fits]), len(fits))


def _profiles(profiles: list[BarProfile]) -> dict[int, BarProfile]:
    by_meter: dict[int, list[BarProfile]] = {}
    for profile in profiles:
        if profile.bars > 0:
            by_meter.setdefault(profile.meter, []).append(profile)
    return {meter: mean_profile(of_meter) for meter, of_meter in by_meter.items()}


@dataclass(frozen=True, eq=False)
class Piece:
    """A stretch of a dance, its clock beginning at 0.

    Attributes:
        motion: the stretch.
        joints: (T, 24, 3) metres.
        valid: (T,) bool or None.
        start_s, stop_s: where it was in the dance.
    """

    motion: Motion
    joints: np.ndarray
    valid: np.ndarray | None
    start_s: float
    stop_s: float

    def grid(self, grid: BeatGrid) -> BeatGrid:
        """The beats of the dance's music on the piece's clock, those outside left out."""
        inside = (grid.beats >= self.start_s) & (grid.beats <= self.stop_s)
        down = np.isin(grid.beats, grid.downbeats) & inside
        if np.count_nonzero(inside) < 2 or not down.any():
            inside, down = np.ones_like(inside), np.isin(grid.beats, grid.downbeats)
        beats, downbeats = grid.beats[inside] - self.start_s, grid.beats[down] - self.start_s
        return BeatGrid(beats, downbeats, grid.meter, grid.tempo, grid.confidence)

    def fit(self, grid: BeatGrid) -> Fit:
        """Measured against the music with these beats (of the whole dance): everything that depends on it."""
        return _fit(music_fit(self.joints, self.motion.fps, self.grid(grid), self.valid))

    def reversed_fit(self, grid: BeatGrid) -> Fit:
        """As :meth:`fit`, the piece played backwards."""
        valid = None if self.valid is None else np.ascontiguousarray(self.valid[::-1])
        joints = np.ascontiguousarray(self.joints[::-1])
        return _fit(music_fit(joints, self.motion.fps, self.grid(grid), valid))

    def own_fit(self, grid: BeatGrid) -> Fit:
        """:meth:`fit` to its own music, with what does not depend on the music."""
        fit = self.fit(grid)
        _fill(fit.values, body_scores(self.motion, self.joints, self.valid))
        return fit


def pieces(motion: Motion, valid: np.ndarray | None = None) -> list[Piece]:
    """A dance in equal pieces of about :data:`PIECE_S` seconds, at least one.

    Args:
        motion: the dance.
        valid: (T,) bool; False on faulty frames.
    """
    joints = motion.joints()
    count = max(1, int(motion.duration / PIECE_S + 0.5))
    edges = np.round(np.linspace(0, len(motion), count + 1)).astype(int)
    return [
        Piece(
            motion.crop(start, stop),
            joints[start:stop],
            None if valid is None else valid[start:stop],
            start / motion.fps,
            stop / motion.fps,
        )
        for start, stop in itertools.pairwise(edges)
    ]


def mean_values(values: np.ndarray) -> np.ndarray:
    """(M,) means of (n, M) values over those that are not NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN
        return np.nanmean(values, axis=0) if len(values) else np.full(len(MEASURES), np.nan)


def _fit(found: MusicFit) -> Fit:
    locks = [getattr(found.locks, event).beat for event in EVENTS]
    fit = Fit(
        np.full(len(MEASURES), np.nan),
        np.array([lock.value * np.exp(2j * np.pi * lock.mean_phase) for lock in locks]),
        np.array([lock.events for lock in locks]),
        found.feet,
        found.body,
    )
    _fill(fit.values, found.scores)
    return fit


def _fill(values: np.ndarray, scores: Iterable[Score]) -> None:
    by_name = {score.name: score for score in scores}
    for place, measure in enumerate(MEASURES):
        if measure.score in by_name:
            values[place] = _taken(by_name[measure.score], measure.taken)


def _taken(score: Score, taken: Taken) -> float:
    if taken == "value":
        return score.value
    assert score.chance is not None
    if taken == "over chance":
        return score.value - score.chance
    assert score.above_chance is not None
    return score.above_chance
