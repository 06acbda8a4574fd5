"""Measures of a dance and of how it fits its music, in mir_eval's manner.

One module for each task: its docstring says what is measured, in which unit, from which source, and what is wrong with
it. Every function validates first, takes seconds and metres, y up, and warns and gives 0 or NaN (as documented) where
there is nothing to measure. :func:`summarise` measures a dance in full; each :class:`Score` carries its protocol,
because the same name stands for numbers that cannot be compared. Published ways of measuring, slips and all, are named
in :data:`PROTOCOLS`; ``sound`` among them is this project's own.
"""

from dancegen.metrics.bar_profile import BarProfile, bar_profile, flat_profile, mean_profile, profile_distance
from dancegen.metrics.beat_alignment import (
    beat_alignment,
    beat_alignment_chance,
    beat_alignment_score,
    chance_corrected,
)
from dancegen.metrics.beat_energy import BeatEnergy, EnergyShare, beat_energy
from dancegen.metrics.beat_f_measure import beat_f_measure, beat_f_measure_chance
from dancegen.metrics.beat_lock import (
    BeatLock,
    MotionLocks,
    PooledLock,
    PulseLocks,
    beat_lock,
    motion_locks,
    pooled_lock,
)
from dancegen.metrics.contact_slide import ContactSlide, contact_slide
from dancegen.metrics.controls import other_songs, time_reversed
from dancegen.metrics.diversity import diversity
from dancegen.metrics.floor_contact import floor_float, floor_gap, floor_penetration
from dancegen.metrics.foot_skating import foot_skating, foot_skating_ratio, foot_slide, support_speed
from dancegen.metrics.frechet import frechet_distance, frechet_infinity, standardised
from dancegen.metrics.geometric import geometric_features
from dancegen.metrics.jerk import mean_jerk
from dancegen.metrics.joint_limits import JointLimits, joint_limits
from dancegen.metrics.kernel_distance import KernelDistance, kernel_distance
from dancegen.metrics.kinetic import kinetic_features
from dancegen.metrics.motion_beats import motion_beats, motion_beats_fact
from dancegen.metrics.motion_energy import motion_energy
from dancegen.metrics.motion_events import MotionEvents, motion_events
from dancegen.metrics.physical_foot_contact import physical_foot_contact
from dancegen.metrics.protocols import BAILANDO, EDGE, FACT, LODGE, PROTOCOLS, SOUND, Protocol, protocol_named
from dancegen.metrics.realism import FeatureSet, feature_set, realism_scores
from dancegen.metrics.repetition import (
    CopyRate,
    SelfRepetition,
    copy_rate,
    motion_windows,
    nearest_distances,
    self_repetition,
)
from dancegen.metrics.report import MusicFit, body_scores, music_fit, summarise
from dancegen.metrics.score import Score
from dancegen.metrics.seed_diversity import SeedDiversity, seed_diversity
from dancegen.metrics.song_bootstrap import song_interval

__all__ = [
    "BAILANDO",
    "EDGE",
    "FACT",
    "LODGE",
    "PROTOCOLS",
    "SOUND",
    "BarProfile",
    "BeatEnergy",
    "BeatLock",
    "ContactSlide",
    "CopyRate",
    "EnergyShare",
    "FeatureSet",
    "JointLimits",
    "KernelDistance",
    "MotionEvents",
    "MotionLocks",
    "MusicFit",
    "PooledLock",
    "Protocol",
    "PulseLocks",
    "Score",
    "SeedDiversity",
    "SelfRepetition",
    "bar_profile",
    "beat_alignment",
    "beat_alignment_chance",
    "beat_alignment_score",
    "beat_energy",
    "beat_f_measure",
    "beat_f_measure_chance",
    "beat_lock",
    "body_scores",
    "chance_corrected",
    "contact_slide",
    "copy_rate",
    "diversity",
    "feature_set",
    "flat_profile",
    "floor_float",
    "floor_gap",
    "floor_penetration",
    "foot_skating",
    "foot_skating_ratio",
    "foot_slide",
    "frechet_distance",
    "frechet_infinity",
    "geometric_features",
    "joint_limits",
    "kernel_distance",
    "kinetic_features",
    "mean_jerk",
    "mean_profile",
    "motion_beats",
    "motion_beats_fact",
    "motion_energy",
    "motion_events",
    "motion_locks",
    "motion_windows",
    "music_fit",
    "nearest_distances",
    "other_songs",
    "physical_foot_contact",
    "pooled_lock",
    "profile_distance",
    "protocol_named",
    "realism_scores",
    "seed_diversity",
    "self_repetition",
    "song_interval",
    "standardised",
    "summarise",
    "support_speed",
    "time_reversed",
]
