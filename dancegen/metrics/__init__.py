"""Measures of a dance and of how it fits its music, in mir_eval's manner.

One module for each task: its docstring says what is measured, in which unit, from which source, and what is wrong with
it. Every function validates first, takes seconds and metres, y up, and warns and gives 0 or NaN (as documented) where
there is nothing to measure. :func:`summarise` measures a dance in full; each :class:`Score` carries its protocol,
because the same name stands for numbers that cannot be compared.
"""

from dancegen.metrics.beat_alignment import beat_alignment, beat_alignment_chance, chance_corrected
from dancegen.metrics.beat_f_measure import beat_f_measure, beat_f_measure_chance
from dancegen.metrics.beat_lock import BeatLock, beat_lock
from dancegen.metrics.floor_contact import floor_gap, floor_penetration
from dancegen.metrics.foot_skating import foot_skating_ratio, foot_slide, support_speed
from dancegen.metrics.jerk import mean_jerk
from dancegen.metrics.motion_beats import motion_beats, motion_beats_fact
from dancegen.metrics.physical_foot_contact import physical_foot_contact
from dancegen.metrics.report import summarise
from dancegen.metrics.score import Score

__all__ = [
    "BeatLock",
    "Score",
    "beat_alignment",
    "beat_alignment_chance",
    "beat_f_measure",
    "beat_f_measure_chance",
    "beat_lock",
    "chance_corrected",
    "floor_gap",
    "floor_penetration",
    "foot_skating_ratio",
    "foot_slide",
    "mean_jerk",
    "motion_beats",
    "motion_beats_fact",
    "physical_foot_contact",
    "summarise",
    "support_speed",
]
