"""Beat alignment score (BAS): how near the motion's beats lie to those of the music.

Aim: the score that papers on dance generation print, in seconds, with its chance level. For each beat of one side the
distance d to the nearest beat of the other side is rated exp(-d^2 / (2 sigma^2)); the score is the mean.

The two published families differ in direction and cannot be compared with each other:

* ``"music_to_motion"``: for each music beat the nearest motion beat (Bailando, Siyao et al. 2022). Many motion beats
  raise it.
* ``"motion_to_music"``: for each motion beat the nearest music beat (FACT, Li et al. 2021; EDGE). Few motion beats
  raise it.

Both were defined at 60 frames a second with sigma = 3 frames, so sigma is 50 ms here. Copies that run the same code on
30 fps motion have sigma = 100 ms, which nearly doubles the score.

Known flaw: chance is high. A train of motion beats of rate r reaches about r sigma sqrt(2 pi), 0.24 for 1.9 beats a
second. Hence :func:`beat_alignment_chance`, and :func:`chance_corrected`, which is 0 for chance and 1 for a perfect
score.
"""

from __future__ import annotations

import warnings

import numpy as np

from dancegen.metrics.chance import shifted_beats
from dancegen.metrics.motion_beats import motion_beats as find_motion_beats
from dancegen.metrics.protocols import SIGMA_S, SOUND, Direction, Protocol, protocol_named
from dancegen.metrics.score import Score
from dancegen.metrics.validate import validate_times

SHIFTS = 64
"""How many circular shifts of the music beats estimate the chance level."""


def beat_alignment(
    motion_beats: np.ndarray,
    music_beats: np.ndarray,
    direction: Direction = "music_to_motion",
    sigma_s: float = SIGMA_S,
) -> float:
    """Beat alignment score.

    Args:
        motion_beats: (n,) ascending seconds.
        music_beats: (m,) ascending seconds.
        direction: whose beats are averaged over; see the module.
        sigma_s: standard deviation of the kernel in seconds.

    Returns:
        Score in [0, 1]. An empty side: a warning and 0.

    Raises:
        ValueError: malformed times, unknown direction, or ``sigma_s`` not positive.

    Example:
        >>> beat_alignment(np.array([1.0, 2.0, 3.1]), np.array([1.0, 2.0, 3.0]))
        0.7117...
    """
    _check(motion_beats, music_beats, direction, sigma_s)
    if not len(motion_beats) or not len(music_beats):
        warnings.warn("No motion beats or no music beats: the score is 0.", stacklevel=2)
        return 0.0
    if direction == "music_to_motion":
        return _mean_rating(music_beats, motion_beats, sigma_s)
    return _mean_rating(motion_beats, music_beats, sigma_s)


def beat_alignment_chance(
    motion_beats: np.ndarray,
    music_beats: np.ndarray,
    duration_s: float,
    direction: Direction = "music_to_motion",
    sigma_s: float = SIGMA_S,
    shifts: int = SHIFTS,
) -> tuple[float, float]:
    """What the same motion scores with the same music at another moment.

    The music beats are shifted in a circle of ``duration_s`` (:func:`~dancegen.metrics.chance.shifted_beats`).

    Returns:
        Mean and 95 % quantile of the score over the shifts.

    Raises:
        ValueError: as :func:`beat_alignment`, or ``duration_s`` or ``shifts`` not positive.
    """
    _check(motion_beats, music_beats, direction, sigma_s)
    if not len(motion_beats) or not len(music_beats):
        warnings.warn("No motion beats or no music beats: the chance level is 0.", stacklevel=2)
        return 0.0, 0.0
    scores = [
        beat_alignment(motion_beats, shifted, direction, sigma_s)
        for shifted in shifted_beats(music_beats, duration_s, shifts)
    ]
    return float(np.mean(scores)), float(np.quantile(scores, 0.95))


def beat_alignment_score(
    joints: np.ndarray, fps: float, music_beats: np.ndarray, protocol: Protocol | str = SOUND
) -> Score:
    """Beat alignment of a dance by a protocol, with its chance level: what papers call BAS.

    Args:
        joints: (T, 24, 3) metres, y up, from second 0 of the music on.
        fps: frames per second.
        music_beats: (m,) ascending seconds.
        protocol: see :mod:`dancegen.metrics.protocols`.

    Raises:
        ValueError: as :func:`~dancegen.metrics.motion_beats.motion_beats`, or malformed times.
    """
    protocol = protocol_named(protocol)
    rules = protocol.beat_rules
    validate_times(music_beats, "music_beats")
    found = find_motion_beats(joints, fps, protocol)
    last_s = max(len(joints) - 1, 1) / fps
    if rules.music_cropped:
        music_beats = music_beats[music_beats < last_s]
    chance, chance_95 = beat_alignment_chance(
        found, music_beats, max(last_s, music_beats.max(initial=0.0)), rules.direction, rules.sigma_s
    )
    return Score(
        "beat_alignment",
        beat_alignment(found, music_beats, rules.direction, rules.sigma_s),
        "",
        f"{protocol.describe('beats')}; chance: {SHIFTS} circular shifts",
        chance,
        chance_95,
    )


def chance_corrected(score: float, chance: float) -> float:
    """(score - chance) / (1 - chance): 0 at chance, 1 at best, negative below chance.

    Raises:
        ValueError: ``chance`` is not below 1.
    """
    if not chance < 1:
        raise ValueError(f"chance must be below 1, got {chance}")
    return (score - chance) / (1 - chance)


def _check(motion_beats: np.ndarray, music_beats: np.ndarray, direction: str, sigma_s: float) -> None:
    validate_times(motion_beats, "motion_beats")
    validate_times(music_beats, "music_beats")
    if direction not in ("music_to_motion", "motion_to_music"):
        raise ValueError(f"direction must be music_to_motion or motion_to_music, got {direction!r}")
    if not sigma_s > 0:
        raise ValueError(f"sigma_s must be positive, got {sigma_s}")


def _mean_rating(rated: np.ndarray, others: np.ndarray, sigma_s: float) -> float:
    after = np.clip(np.searchsorted(others, rated), 0, len(others) - 1)
    before = np.maximum(after - 1, 0)
    distance = np.minimum(np.abs(others[after] - rated), np.abs(rated - others[before]))
    return float(np.exp(-(distance**2) / (2 * sigma_s**2)).mean())
