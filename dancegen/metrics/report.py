"""The numbers printed for one dance to one song."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.bar_profile import BarProfile, bar_profile
from dancegen.metrics.beat_alignment import SHIFTS, beat_alignment, beat_alignment_chance
from dancegen.metrics.beat_energy import BeatEnergy, beat_energy
from dancegen.metrics.beat_f_measure import WINDOW_S, beat_f_measure, beat_f_measure_chance
from dancegen.metrics.beat_lock import BeatLock, MotionLocks, motion_locks
from dancegen.metrics.contact_slide import contact_slide
from dancegen.metrics.floor_contact import floor_float, floor_penetration
from dancegen.metrics.foot_skating import foot_skating, foot_skating_ratio, foot_slide, support_speed
from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate
from dancegen.metrics.jerk import mean_jerk
from dancegen.metrics.joint_limits import TOLERANCE_DEG, joint_limits
from dancegen.metrics.motion_energy import Part, motion_energy
from dancegen.metrics.motion_events import MotionEvents, motion_events
from dancegen.metrics.physical_foot_contact import physical_foot_contact
from dancegen.metrics.protocols import SIGMA_S, SOUND, Direction
from dancegen.metrics.repetition import APART_S, self_repetition
from dancegen.metrics.score import Score
from motionbeat.beats import BeatGrid
from motionbeat.contacts import runs
from motionbeat.motion import Motion

SOUND_STRETCH_S = 1.0
"""Speed, jerk and feet of a recording with faulty frames are measured on stretches without, at least this long."""


@dataclass(frozen=True, eq=False)
class MusicFit:
    """How a dance keeps to a song's beats.

    Attributes:
        locks: of foot plants, speed minima and speed maxima to beats and bars.
        feet, body: where in the bar feet and body move.
        scores: what is printed of it.
    """

    locks: MotionLocks
    feet: BarProfile
    body: BarProfile
    scores: tuple[Score, ...]


def summarise(
    motion: Motion, grid: BeatGrid, uncleaned: Motion | None = None, valid: np.ndarray | None = None
) -> tuple[Score, ...]:
    """Every metric of a dance that needs no other dance, each with its protocol.

    Contacts are always detected from the joints, never taken from ``motion.contacts``: a generator must not be judged
    by its own claim of where its feet stand. Warnings of the single metrics (no foot plants, say) become NaN or 0.

    Args:
        motion: the dance, from second 0 of the music on.
        grid: the beats of the music.
        uncleaned: the same dance before cleanup; its foot skating is then given as well.
        valid: (T,) bool; frames of a recording that are faulty are False. None: all are sound.

    Raises:
        ValueError: the motion is empty or holds values that are not finite.
    """
    joints = motion.joints()
    fit = music_fit(joints, motion.fps, grid, valid)
    scores = [*fit.scores, *body_scores(motion, joints, valid)]
    if uncleaned is not None:
        before = uncleaned.joints()
        note = "before cleanup"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            scores += [
                Score("foot_slide_uncleaned", foot_slide(before, motion.fps), "mm/s", _SLIDE, note=note),
                Score("support_speed_uncleaned", support_speed(before, motion.fps), "mm/s", _SUPPORT, note=note),
            ]
    return tuple(scores)


def music_fit(joints: np.ndarray, fps: float, grid: BeatGrid, valid: np.ndarray | None = None) -> MusicFit:
    """What of a dance depends on the music.

    Args:
        joints: (T, 24, 3) metres, from second 0 of the music on.
        fps: frames per second.
        grid: the beats of the music.
        valid: (T,) bool as in :func:`summarise`.

    Raises:
        ValueError: malformed joints, frame rate or ``valid``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        events = motion_events(joints, fps, valid)
        locks = motion_locks(events, grid)
        scores = [*_lock_scores(locks), *_beat_scores(events, grid, len(joints) / fps)]
        for part in _PARTS:
            scores += _energy_scores(beat_energy(joints, fps, grid, valid, part), part)
        feet, body = (bar_profile(joints, fps, grid, valid, part) for part in _PARTS)
    return MusicFit(locks, feet, body, tuple(scores))


def body_scores(motion: Motion, joints: np.ndarray, valid: np.ndarray | None = None) -> tuple[Score, ...]:
    """What of a dance does not depend on the music: speed, feet, joints, repetition.

    Args:
        motion: the dance.
        joints: its joints, (T, 24, 3) metres.
        valid: (T,) bool as in :func:`summarise`.

    Raises:
        ValueError: malformed motion or ``valid``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return (
            *_speed_scores(joints, motion.fps, valid),
            *_foot_scores(joints, motion.fps, valid),
            *_joint_scores(motion, valid),
            *_repetition_scores(joints, motion.fps, valid),
        )


_PARTS: tuple[Part, Part] = ("feet", "body")
_SLIDE = "horizontal speed of ankles and toes in detected contact (slower than 0.3 m/s and low)"
_SUPPORT = "slowest horizontal speed of the foot joints near the floor"


def _lock_scores(locks: MotionLocks) -> list[Score]:
    plants = locks.plants
    scores = [
        _lock("beat_lock", plants.beat, "beat", "foot plants"),
        Score(
            "on_beat",
            plants.beat.on_beat,
            "",
            "mean cosine of the beat phase of foot plants; chance: circular shifts",
            0.0,
            plants.beat.on_beat_95,
        ),
        _lock("bar_lock", plants.bar, "bar", "foot plants", "steps on every beat cancel out"),
    ]
    for name, kind in (("minima", locks.minima), ("maxima", locks.maxima)):
        scores.append(_lock(f"{name}_beat_lock", kind.beat, "beat", f"speed {name} of the body"))
        scores.append(_lock(f"{name}_bar_lock", kind.bar, "bar", f"speed {name} of the body"))
    return scores


def _lock(name: str, lock: BeatLock, pulse: str, events: str, note: str = "") -> Score:
    protocol = f"mean resultant length of the {pulse} phase of {lock.events} {events}; chance: other tempi"
    found = f"p {lock.p:.3f}, mean phase {lock.mean_phase:+.2f} {pulse}s"
    return Score(name, lock.value, "", protocol, lock.chance, lock.chance_95, f"{found}; {note}" if note else found)


def _beat_scores(events: MotionEvents, grid: BeatGrid, duration_s: float) -> list[Score]:
    beats = grid.beats[(grid.beats >= 0) & (grid.beats <= duration_s)]
    scores = []
    directions: tuple[Direction, ...] = ("music_to_motion", "motion_to_music")
    for direction in directions:
        chance, chance_95 = beat_alignment_chance(events.minima, beats, duration_s, direction)
        scores.append(
            Score(
                f"beat_alignment_{direction}",
                beat_alignment(events.minima, beats, direction),
                "",
                f"speed minima as in protocol sound, {direction.replace('_', ' ')}, sigma {SIGMA_S * 1e3:.0f} ms; "
                f"chance: {SHIFTS} circular shifts",
                chance,
                chance_95,
            )
        )
    values = beat_f_measure(events.plants, beats)
    chances = beat_f_measure_chance(events.plants, beats, duration_s)
    for name, value, chance in zip(("precision", "recall", "f_measure"), values, chances, strict=True):
        protocol = f"foot plants within {WINDOW_S * 1e3:.0f} ms of beats; chance: circular shifts"
        scores.append(Score(f"beat_{name}", value, "", protocol, chance))
    return scores


def _energy_scores(energy: BeatEnergy, part: Part) -> list[Score]:
    rates = (("bar", energy.bar), ("beat", energy.beat), ("half_beat", energy.half_beat))
    return [
        Score(
            f"{part}_energy_{rate}",
            share.value,
            "",
            f"share of the variance of the mean speed of the {part} at one cycle a {rate.replace('_', ' ')}; "
            "chance: other tempi",
            share.chance,
            share.chance_95,
        )
        for rate, share in rates
    ]


def _speed_scores(joints: np.ndarray, fps: float, valid: np.ndarray | None) -> list[Score]:
    def mean_speed(part: Part) -> Callable[[np.ndarray], float]:
        return lambda stretch: float(motion_energy(stretch, fps, part)[1].mean())

    def travel(stretch: np.ndarray) -> float:
        root = at_metric_rate(stretch, fps)[:, 0, [0, 2]]
        return float(np.linalg.norm(np.diff(root, axis=0), axis=1).mean() * METRIC_FPS)

    read = "read at 30 fps"
    return [
        Score("speed", _sound_mean(mean_speed("body"), joints, fps, valid), "m/s", f"mean over 24 joints, {read}"),
        Score("feet_speed", _sound_mean(mean_speed("feet"), joints, fps, valid), "m/s", f"ankles and toes, {read}"),
        Score("travel_speed", _sound_mean(travel, joints, fps, valid), "m/s", f"pelvis over the floor, {read}"),
        Score(
            "jerk",
            _sound_mean(lambda stretch: mean_jerk(stretch, fps), joints, fps, valid),
            "m/s^3",
            "third differences, read at 30 fps, mean over 24 joints",
        ),
    ]


def _foot_scores(joints: np.ndarray, fps: float, valid: np.ndarray | None) -> list[Score]:
    def mean(metric: Callable[[np.ndarray], float]) -> float:
        return _sound_mean(metric, joints, fps, valid)

    return [
        Score("foot_slide", mean(lambda part: foot_slide(part, fps)), "mm/s", _SLIDE),
        Score("support_speed", mean(lambda part: support_speed(part, fps)), "mm/s", _SUPPORT),
        Score(
            "contact_slide",
            mean(lambda part: contact_slide(part, fps).mm_per_frame),
            "mm",
            "horizontal way of the toes in 1/30 s, weighted by nearness to the floor (2 - 2^(h / 2.5 cm))",
        ),
        Score("foot_skating", mean(lambda part: foot_skating(part, fps)), "", SOUND.describe("foot_skating")),
        Score(
            "foot_skating_ratio",
            mean(lambda part: foot_skating_ratio(part, fps)),
            "",
            "Lodge: contact ankle 8 cm and toe 5 cm, slide 1 cm per 1/30 s, y up, ground from the first frame",
            note="changes when the dance is turned about the vertical",
        ),
        Score("floor_penetration", mean(lambda part: floor_penetration(part, fps)), "mm", _LOWEST.format("depth")),
        Score(
            "floor_float",
            mean(lambda part: floor_float(part, fps)),
            "mm",
            _LOWEST.format("height"),
            note="jumps count",
        ),
        Score(
            "physical_foot_contact",
            physical_foot_contact(at_metric_rate(joints, fps), METRIC_FPS, "edge"),
            "",
            f"EDGE: y up, steps of 1/30 s, whole clip of {len(joints) / fps:.1f} s, x 10^4",
            note="0 for a body that stands still",
        ),
        Score(
            "physical_foot_contact_sound",
            mean(lambda part: physical_foot_contact(part, fps)),
            "cm^2/s^2",
            SOUND.describe("foot_contact"),
            note="0 for a body that stands still",
        ),
    ]


_LOWEST = "mean {} of the lowest foot joint"


def _joint_scores(motion: Motion, valid: np.ndarray | None) -> list[Score]:
    limits = joint_limits(motion.poses, valid)
    ranges = f"ranges of healthy adults widened by {TOLERANCE_DEG:g} degrees, swing and twist"
    worst = sorted(limits.by_joint.items(), key=lambda item: -item[1])[:3]
    note = ", ".join(f"{name} {share:.0%}" for name, share in worst if share > 0)
    return [
        Score(
            "joint_limit_share", limits.share, "", f"share of frames with a joint out of range; {ranges}", note=note
        ),
        Score(
            "joint_limit_excess", limits.excess_deg, "deg", f"largest excess of a frame, mean over frames; {ranges}"
        ),
    ]


def _repetition_scores(joints: np.ndarray, fps: float, valid: np.ndarray | None) -> list[Score]:
    repeats = self_repetition(joints, fps, valid)
    how = f"windows of 1 s, distance to the nearest at least {APART_S:g} s away in the same dance"
    return [
        Score("self_repetition", repeats.median_m, "m", f"{how}, median", note="0 for a loop"),
        Score("self_repetition_nearest", repeats.nearest_m, "m", f"{how}, 5 % quantile", note="0 for a loop"),
    ]


def _sound_mean(
    metric: Callable[[np.ndarray], float], joints: np.ndarray, fps: float, valid: np.ndarray | None
) -> float:
    """Mean of a metric over the stretches without faulty frames, each weighted by its length; NaN if there is none."""
    if valid is None or valid.all():
        return metric(joints)
    stretches = [
        (joints[start:stop], stop - start) for start, stop in runs(valid) if stop - start >= SOUND_STRETCH_S * fps
    ]
    measured = [(metric(stretch), frames) for stretch, frames in stretches]
    measured = [(value, frames) for value, frames in measured if np.isfinite(value)]
    if not measured:
        return float("nan")
    values, frames = zip(*measured, strict=True)
    return float(np.average(values, weights=frames))
