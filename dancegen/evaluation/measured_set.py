"""A set of dances, measured: generated ones, or ground truth.

Every dance is measured against its own music and against three controls (:mod:`dancegen.metrics.controls`): other
songs of its style, songs of other styles, and its own song with the dance played backwards. The mean over
:data:`OTHER_SONGS` songs stands for "another song". Features of windows of 10 s and those of the published protocols
are taken along, so that two sets can be compared without their motion.
"""

from __future__ import annotations

import functools
import warnings
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from dancegen.evaluation.measures import OF_MUSIC, Fit, Piece, StyleStatistics, mean_values, pieces
from dancegen.metrics import (
    PROTOCOLS,
    SOUND,
    FeatureSet,
    beat_alignment_score,
    feature_set,
    foot_skating,
    physical_foot_contact,
    seed_diversity,
)
from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate, valid_at
from dancegen.metrics.validate import validate_upright
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion

CONTROLS = ("other song of the style", "song of another style", "played backwards")
OTHER_SONGS = 4
"""How many other songs stand for "another song"."""

LEGACY = tuple(name for name in PROTOCOLS if name != SOUND.name)
"""Published protocols whose features are kept."""

LEGACY_SCORES = (
    "fact beat alignment", "bailando beat alignment", "edge beat alignment", "lodge beat alignment",
    "edge physical foot contact", "lodge foot skating ratio",
)  # fmt: skip
"""Published scores of single dances; FID and diversity are of sets."""

SOUND_SHARE = 0.75
"""A window of a recording is a sample if at least this share of its frames is sound."""

_FEWEST_FRAMES = 3  # of which features can be taken

StyleOf = Callable[["JudgedDance"], StyleStatistics | None]


@dataclass(frozen=True, eq=False)
class JudgedDance:
    """A dance and the beats of its music, from second 0 of both on.

    Attributes:
        name: of the dance.
        song: the same for all dances to one song; what intervals are drawn over.
        style: genre label; empty if it is not known.
        motion: the dance.
        grid: the beats, covering it.
        valid: (T,) bool, False on faulty frames of a recording; None: all are sound.
        source: what of the ground truth it must not be judged by; empty for generated dances.
        seed: of the generator; 0 for ground truth.
        laid: whether the dance was laid on the song afterwards.
    """

    name: str
    song: str
    style: str
    motion: Motion
    grid: BeatGrid
    valid: np.ndarray | None = None
    source: str = ""
    seed: int = 0
    laid: bool = False


@dataclass(frozen=True)
class DanceRow:
    """What is known of a measured dance besides numbers; attributes as in :class:`JudgedDance`."""

    name: str
    song: str
    style: str
    source: str
    seed: int
    laid: bool
    seconds: float


@dataclass(frozen=True, eq=False)
class MeasuredSet:
    """D dances in P pieces and W windows.

    Attributes:
        dances: D rows.
        piece_dance: (P,) int, which dance each piece is of.
        fits: P fits to the dance's own music.
        values: (P, M) with the measures of the style, judged by other dances than the piece's own source.
        controls: (3, P, M) the same to :data:`CONTROLS`, NaN where the music does not matter or there is no such song.
        windows: sound features of W windows; ``songs`` holds the song of each.
        window_dance: (W,) int.
        legacy: features of D dances under each protocol of :data:`LEGACY`.
        legacy_scores: (D, len(LEGACY_SCORES)).
        legacy_chances: (D, len(LEGACY_SCORES)), NaN where there is no such notion.
        variety: (D, 2) metres: mean distance of trajectories and of poses (:mod:`dancegen.metrics.seed_diversity`) to
            other dances: of generated ones to those with other seeds to the song, of ground truth to the next dance
            of its style; NaN without.
        grids: D beat grids of the dances' music: controls for other dances.
    """

    dances: tuple[DanceRow, ...]
    piece_dance: np.ndarray
    fits: tuple[Fit, ...]
    values: np.ndarray
    controls: np.ndarray
    windows: FeatureSet
    window_dance: np.ndarray
    legacy: dict[str, FeatureSet]
    legacy_scores: np.ndarray
    legacy_chances: np.ndarray
    variety: np.ndarray
    grids: tuple[BeatGrid, ...]

    @property
    def styles(self) -> tuple[str, ...]:
        """Styles of the dances, by name."""
        return tuple(sorted({dance.style for dance in self.dances}))

    def dance_values(self) -> np.ndarray:
        """(D, M) means over the pieces of each dance."""
        return self._by_dance(self.values)

    def dance_controls(self) -> np.ndarray:
        """(3, D, M) means over the pieces of each dance."""
        return np.stack([self._by_dance(control) for control in self.controls])

    def style_statistics(self, style: str, without: str = "") -> StyleStatistics | None:
        """When the style moves, by the dances that are not of the source ``without``; None if there are none."""
        chosen = {
            place
            for place, dance in enumerate(self.dances)
            if dance.style == style and (not without or dance.source != without)
        }
        fits = zip(self.fits, self.piece_dance, strict=True)
        return StyleStatistics.of(fit for fit, dance in fits if dance in chosen)

    def part(self, kept: Callable[[DanceRow], bool]) -> MeasuredSet:
        """The set of the dances that ``kept`` says yes to. Values are not judged anew."""
        chosen = np.array([kept(dance) for dance in self.dances], dtype=bool)
        number = np.cumsum(chosen) - 1
        in_piece, in_window = chosen[self.piece_dance], chosen[self.window_dance]
        return MeasuredSet(
            tuple(dance for dance, yes in zip(self.dances, chosen, strict=True) if yes),
            number[self.piece_dance[in_piece]],
            tuple(fit for fit, yes in zip(self.fits, in_piece, strict=True) if yes),
            self.values[in_piece],
            self.controls[:, in_piece],
            rows_of(self.windows, in_window),
            number[self.window_dance[in_window]],
            {name: rows_of(features, chosen) for name, features in self.legacy.items()},
            self.legacy_scores[chosen],
            self.legacy_chances[chosen],
            self.variety[chosen],
            tuple(grid for grid, yes in zip(self.grids, chosen, strict=True) if yes),
        )

    def _by_dance(self, values: np.ndarray) -> np.ndarray:
        return np.stack([mean_values(values[self.piece_dance == dance]) for dance in range(len(self.dances))])


def rows_of(features: FeatureSet, rows: np.ndarray) -> FeatureSet:
    """Some samples of a feature set."""
    return FeatureSet(features.kinetic[rows], features.geometric[rows], features.songs[rows])


def measure_set(dances: Sequence[JudgedDance], pool: MeasuredSet | None = None) -> MeasuredSet:
    """Measure dances, with a bar on a terminal.

    Args:
        dances: one or more, each of at least a second.
        pool: ground truth whose styles the dances are judged by, each without its own source, and whose songs serve as
            controls beside those of the set; None: the set itself is that ground truth.

    Raises:
        ValueError: malformed motion; a body that does not stand along y.
    """
    songs = [(dance.song, dance.style, dance.grid) for dance in dances]
    if pool is not None:
        songs += [(row.song, row.style, grid) for row, grid in zip(pool.dances, pool.grids, strict=True)]
    own: list[Fit] = []
    others: list[list[list[Fit]]] = []
    piece_dance: list[int] = []
    for number, dance in enumerate(tqdm(dances, desc="measuring", unit="dance", disable=None, leave=False)):
        grids = _control_grids(songs, dance)
        for piece in pieces(dance.motion, dance.valid):
            validate_upright(piece.joints)
            own.append(piece.own_fit(dance.grid))
            others.append(_control_fits(piece, dance.grid, grids))
            piece_dance.append(number)
    style_of = _by_the_others(dances, own, piece_dance) if pool is None else _by(pool)
    values, controls = [], []
    for fit, of_piece, number in zip(own, others, piece_dance, strict=True):
        style = style_of(dances[number])
        values.append(fit.with_style(style))
        controls.append([_control_values(fits, style) for fits in of_piece])
    windows, window_dance = _windows(dances)
    scores, chances = _legacy_scores(dances)
    return MeasuredSet(
        tuple(_row(dance) for dance in dances),
        np.array(piece_dance),
        tuple(own),
        np.stack(values),
        np.array(controls).transpose(1, 0, 2),
        windows,
        window_dance,
        {name: _legacy_features(dances, name) for name in LEGACY},
        scores,
        chances,
        _variety(dances),
        tuple(dance.grid for dance in dances),
    )


def window_features(motion: Motion, valid: np.ndarray | None, song: str) -> FeatureSet | None:
    """Sound features of windows of 10 s, half overlapping, of a dance; one window if it is shorter, None if no window
    has enough sound frames."""
    joints = at_metric_rate(motion.joints(), motion.fps)
    sound = valid_at(valid, motion.fps, np.arange(len(joints)) / METRIC_FPS, len(motion))
    assert SOUND.feature_rules.window_s is not None
    length = round(SOUND.feature_rules.window_s * METRIC_FPS)
    starts = range(0, max(len(joints) - length, 0) + 1, length // 2)
    samples = [joints[s : s + length] for s in starts if sound[s : s + length].mean() >= SOUND_SHARE]
    samples = [sample for sample in samples if len(sample) >= _FEWEST_FRAMES]
    return feature_set(samples, METRIC_FPS, [song] * len(samples)) if samples else None


def joined(sets: Iterable[FeatureSet]) -> FeatureSet:
    """Several feature sets as one."""
    parts = list(sets)
    return FeatureSet(
        np.concatenate([part.kinetic for part in parts]),
        np.concatenate([part.geometric for part in parts]),
        np.concatenate([part.songs for part in parts]),
    )


def _row(dance: JudgedDance) -> DanceRow:
    seconds = round(dance.motion.duration, 2)
    return DanceRow(dance.name, dance.song, dance.style, dance.source, dance.seed, dance.laid, seconds)


def _by_the_others(dances: Sequence[JudgedDance], fits: Sequence[Fit], piece_dance: Sequence[int]) -> StyleOf:
    """Judges each dance by those of its style that are of another source."""
    known: dict[tuple[str, str], StyleStatistics | None] = {}

    def style_of(judged: JudgedDance) -> StyleStatistics | None:
        key = judged.style, judged.source
        if key not in known:
            known[key] = StyleStatistics.of(
                fit
                for fit, number in zip(fits, piece_dance, strict=True)
                if dances[number].style == judged.style and dances[number].source != judged.source
            )
        return known[key]

    return style_of


def _by(pool: MeasuredSet) -> StyleOf:
    """Judges each dance by the ground truth of its style that is of another source."""

    @functools.cache
    def statistics(style: str, source: str) -> StyleStatistics | None:
        return pool.style_statistics(style, source)

    return lambda judged: statistics(judged.style, judged.source)


def _control_grids(
    songs: Sequence[tuple[str, str, BeatGrid]], judged: JudgedDance
) -> tuple[list[BeatGrid], list[BeatGrid]]:
    """Beats of other songs of the dance's style, and of songs of other styles, drawn by the dance's song, so that its
    seeds have the same; each list may be empty."""
    rng = np.random.default_rng(zlib.crc32(judged.song.encode()))
    grids = []
    for same_style in (True, False):
        fitting = {
            song: grid for song, style, grid in songs if song != judged.song and (style == judged.style) == same_style
        }
        names = sorted(fitting)
        chosen = rng.permutation(len(names))[:OTHER_SONGS]
        grids.append([fitting[names[place]].covering(judged.motion.duration) for place in chosen])
    return grids[0], grids[1]


def _control_fits(piece: Piece, own: BeatGrid, grids: tuple[list[BeatGrid], list[BeatGrid]]) -> list[list[Fit]]:
    return [*([piece.fit(grid) for grid in of_kind] for of_kind in grids), [piece.reversed_fit(own)]]


def _control_values(fits: Sequence[Fit], style: StyleStatistics | None) -> np.ndarray:
    values = mean_values(np.array([fit.with_style(style) for fit in fits]))
    return np.where(OF_MUSIC, values, np.nan)


def _windows(dances: Sequence[JudgedDance]) -> tuple[FeatureSet, np.ndarray]:
    found = [(number, window_features(dance.motion, dance.valid, dance.song)) for number, dance in enumerate(dances)]
    sets = [(number, features) for number, features in found if features is not None]
    if not sets:
        raise ValueError("no dance has a window with enough sound frames")
    return joined(features for _, features in sets), np.concatenate(
        [np.full(len(features), number) for number, features in sets]
    )


def _legacy_features(dances: Sequence[JudgedDance], name: str) -> FeatureSet:
    """Of whole dances: the crop of generated ones is left to the protocol where they are long enough for it."""
    protocol = PROTOCOLS[name]
    sets = []
    for dance in dances:
        joints = dance.motion.resampled(protocol.fps).joints()
        long_enough = len(joints) >= protocol.feature_rules.skipped_frames + 3
        generated = not dance.source and long_enough
        sets.append(feature_set([joints], protocol.fps, [dance.song], protocol, generated))
    return joined(sets)


def _legacy_scores(dances: Sequence[JudgedDance]) -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # nothing to measure: 0 or NaN, which is printed
        return _scored_by_protocols(dances)


def _scored_by_protocols(dances: Sequence[JudgedDance]) -> tuple[np.ndarray, np.ndarray]:
    values = np.full((len(dances), len(LEGACY_SCORES)), np.nan)
    chances = values.copy()
    for number, dance in enumerate(dances):
        by_rate = {rate: dance.motion.resampled(rate).joints() for rate in (30.0, 60.0)}
        for place, name in enumerate(LEGACY_SCORES):
            protocol = PROTOCOLS[name.split()[0]]
            joints = by_rate[protocol.fps]
            if name.endswith("alignment"):
                score = beat_alignment_score(joints, protocol.fps, _from_zero(dance.grid), protocol)
                values[number, place] = score.value
                chances[number, place] = np.nan if score.chance is None else score.chance
            elif name.endswith("contact"):
                values[number, place] = physical_foot_contact(joints, protocol.fps, protocol)
            else:
                values[number, place] = foot_skating(joints, protocol.fps, protocol)
    return values, chances


def _from_zero(grid: BeatGrid) -> np.ndarray:
    return grid.beats[grid.beats >= 0]


def _variety(dances: Sequence[JudgedDance]) -> np.ndarray:
    """See :attr:`MeasuredSet.variety`. Compared over the first 30 s."""
    values = np.full((len(dances), 2), np.nan)
    for number, dance in enumerate(dances):
        if dance.source:
            fitting = [
                other
                for other in (*dances[number + 1 :], *dances[:number])
                if other.style == dance.style and other.source != dance.source and other.grid.meter == dance.grid.meter
            ][:1]
        else:
            fitting = [other for other in dances if other.song == dance.song and other.seed != dance.seed]
        compared = [
            seed_diversity([_beginning(dance.motion), _beginning(other.motion)], METRIC_FPS) for other in fitting
        ]
        if compared:
            values[number] = np.mean([(each.trajectory_m, each.pose_m) for each in compared], axis=0)
    return values


def _beginning(motion: Motion) -> np.ndarray:
    return at_metric_rate(motion.crop(0, round(30.0 * motion.fps)).joints(), motion.fps)
