"""The numbers printed for one dance to one song."""

from __future__ import annotations

import warnings

import numpy as np

from dancegen.metrics.beat_alignment import SHIFTS, SIGMA_S, Direction, beat_alignment, beat_alignment_chance
from dancegen.metrics.beat_f_measure import WINDOW_S, beat_f_measure, beat_f_measure_chance
from dancegen.metrics.beat_lock import beat_lock
from dancegen.metrics.floor_contact import floor_penetration
from dancegen.metrics.foot_skating import foot_skating_ratio, foot_slide, support_speed
from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate
from dancegen.metrics.jerk import mean_jerk
from dancegen.metrics.motion_beats import SMOOTHING_S, motion_beats
from dancegen.metrics.physical_foot_contact import physical_foot_contact
from dancegen.metrics.score import Score
from motionbeat.beats import BeatGrid
from motionbeat.contacts import detect_contacts, foot_plants
from motionbeat.motion import Motion


def summarise(motion: Motion, grid: BeatGrid, uncleaned: Motion | None = None) -> tuple[Score, ...]:
    """Every first metric of a dance, each with its protocol.

    Contacts are always detected from the joints, never taken from ``motion.contacts``: a generator must not be judged
    by its own claim of where its feet stand. Warnings of the single metrics (no foot plants, say) become NaN or 0.

    Args:
        motion: the dance, from second 0 of the music on.
        grid: the beats of the music.
        uncleaned: the same dance before cleanup; its foot skating is then given as well.

    Raises:
        ValueError: the motion is empty or holds values that are not finite.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        joints = motion.joints()
        scores = [*_beat_scores(joints, motion, grid), *_foot_scores(joints, motion.fps)]
        if uncleaned is not None:
            before = uncleaned.joints()
            note = "before cleanup"
            scores += [
                Score("foot_slide_uncleaned", foot_slide(before, motion.fps), "mm/s", _SLIDE, note=note),
                Score("support_speed_uncleaned", support_speed(before, motion.fps), "mm/s", _SUPPORT, note=note),
            ]
        rate = "third differences, read at 30 fps, mean over 24 joints"
        scores.append(Score("jerk", mean_jerk(joints, motion.fps), "m/s^3", rate))
    return tuple(scores)


_SLIDE = "horizontal speed of ankles and toes in detected contact (slower than 0.3 m/s and low)"
_SUPPORT = "slowest horizontal speed of the foot joints near the floor"


def _beat_scores(joints: np.ndarray, motion: Motion, grid: BeatGrid) -> list[Score]:
    plants = foot_plants(detect_contacts(joints, motion.fps), motion.fps)
    beats = grid.beats[(grid.beats >= 0) & (grid.beats <= motion.duration)]
    slow = motion_beats(joints, motion.fps)
    lock = beat_lock(plants, beats)
    bar = beat_lock(plants, grid.downbeats)
    scores = [
        Score(
            "beat_lock",
            lock.value,
            "",
            f"mean resultant length of the beat phase of {lock.events} foot plants; chance: other tempi",
            lock.chance,
            lock.chance_95,
            f"p {lock.p:.3f}, mean phase {lock.mean_phase:+.2f} beats",
        ),
        Score(
            "on_beat",
            lock.on_beat,
            "",
            "mean cosine of the beat phase of foot plants; chance: circular shifts",
            0.0,
            lock.on_beat_95,
        ),
        Score(
            "bar_lock",
            bar.value,
            "",
            "mean resultant length of the bar phase of foot plants; chance: other tempi",
            bar.chance,
            bar.chance_95,
            "steps on every beat cancel out",
        ),
    ]
    directions: tuple[Direction, ...] = ("music_to_motion", "motion_to_music")
    for direction in directions:
        chance, chance_95 = beat_alignment_chance(slow, beats, motion.duration, direction)
        scores.append(
            Score(
                f"beat_alignment_{direction}",
                beat_alignment(slow, beats, direction),
                "",
                f"speed minima smoothed {SMOOTHING_S * 1e3:.0f} ms at {motion.fps:g} fps, sigma "
                f"{SIGMA_S * 1e3:.0f} ms; chance: {SHIFTS} circular shifts",
                chance,
                chance_95,
            )
        )
    values = beat_f_measure(plants, beats)
    chances = beat_f_measure_chance(plants, beats, motion.duration)
    for name, value, chance in zip(("precision", "recall", "f_measure"), values, chances, strict=True):
        protocol = f"foot plants within {WINDOW_S * 1e3:.0f} ms of beats; chance: circular shifts"
        scores.append(Score(f"beat_{name}", value, "", protocol, chance))
    return scores


def _foot_scores(joints: np.ndarray, fps: float) -> list[Score]:
    return [
        Score("foot_slide", foot_slide(joints, fps), "mm/s", _SLIDE),
        Score("support_speed", support_speed(joints, fps), "mm/s", _SUPPORT),
        Score(
            "foot_skating_ratio",
            foot_skating_ratio(joints, fps),
            "",
            "Lodge: contact ankle 8 cm and toe 5 cm, slide 1 cm per 1/30 s, y up, ground from the first frame",
            note="changes when the dance is turned about the vertical",
        ),
        Score("floor_penetration", floor_penetration(joints, fps), "mm", "mean depth of the lowest foot joint"),
        Score(
            "physical_foot_contact",
            physical_foot_contact(at_metric_rate(joints, fps), METRIC_FPS, "edge"),
            "",
            f"EDGE: y up, steps of 1/30 s, whole clip of {len(joints) / fps:.1f} s, x 10^4",
            note="0 for a body that stands still",
        ),
    ]
