"""Laying a dance that has no music on the beats of a song.

A dance has events of its own, at no steady tempo: feet are planted, limbs stop sharply or turn back
(:func:`motion_events`). A dynamic programme (:func:`lay_on_beats`) chooses for each half beat of a song the moment of
the dance that is played then, so that events fall on beats, while the local speed stays near one overall speed and
changes smoothly. It is the bar-pointer idea of beat tracking turned around: there the music is given and the beats
are sought, here the beats are given and the dance is bent to them.

A dance whose beats are known is played beat for beat (:func:`lay_beats_on_beats`).

Ours; the nearest prior forms are the beat-tracking recursion of Ellis (2007), which scores spacing and strength in
the same way, and dynamic time warping with slope limits (Sakoe and Chiba 1978).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks
from scipy.spatial.transform import Rotation

from motionbeat.beats import BeatGrid
from motionbeat.contacts import detect_contacts, foot_plants
from motionbeat.motion import Motion

MAX_STRETCH = 1.2
"""Where the dance is locally played faster or slower than its overall rate by more than this, frames are invalid."""

RATES = tuple(float(rate) for rate in np.geomspace(0.85, 1.18, 9))
"""Overall rates that are tried, in seconds of dance per second of song: within them a dance still looks natural."""

TEMPO_RANGE_BPM = (85.0, 170.0)
"""Where the natural tempo of a dance is sought: one octave, with salsa's 164 rather than 82 in it."""

KINDS = ("plant", "stop", "turn")
KIND_STRENGTH = (1.0, 0.8, 0.25)
"""Greatest strength of an event of each kind: a foot on the floor is heard, a hand that turns back is only seen."""

_LIMBS = {"left_wrist": 20, "right_wrist": 21, "pelvis": 0, "left_foot": 10, "right_foot": 11}
_SPEED_SIGMA_S = 0.04
_LEAST_FALL_M_S = {"left_wrist": 0.5, "right_wrist": 0.5, "pelvis": 0.15, "left_foot": 0.4, "right_foot": 0.4}
"""A limb has to lose this much speed on the way into an event; an event of three times as much is at full strength."""
_SHARP_STOP_S = 0.25
"""A stop is sharp when its speed falls within this time."""
_TURN_REACH_S = 0.1
"""Directions this long before and after a speed minimum are compared: more than a right angle apart is a turn."""
_SAME_EVENT_S = 0.12
"""A foot that stops this close to its plant is that plant."""

_BUMP_SIGMA_S = 0.07
"""How near a beat counts as on it. Wide on purpose: with 35 ms nearly half of all plants came within 0.04 of a beat,
which is no recorded dance's way, and a model would learn that plants are beats."""
_RESOLUTION_HZ = 120
_WEIGHT_DOWNBEAT, _WEIGHT_BEAT, _WEIGHT_HALF, _WEIGHT_BETWEEN = 1.15, 1.0, 0.1, -0.3
"""Rewards for an event on a downbeat, another beat, half way between beats; and midway between those."""
_LOG_RATES = np.linspace(-math.log(1.17), math.log(1.17), 13)
"""Local rates that the dynamic programme may choose: the smooth curve through them then keeps to MAX_STRETCH."""
_WIDEST_CHANGE = 4  # steps of _LOG_RATES between neighbouring half beats
_RATE_COST = 5.0
_CHANGE_COST = 30.0
_OVERALL_COST = 2.0
"""Costs of half a beat, times the squared logarithm of the local rate, of its change, and of the overall rate. Chosen
on the open set: at half of them plants lock hardly better (0.40 against 0.37), and speeds change more."""


@dataclass(frozen=True, eq=False)
class MotionEvents:
    """The rhythmic events of a motion.

    Attributes:
        times_s: (n,) ascending seconds.
        strengths: (n,) in (0, 1].
        kinds: (n,) int, index into :data:`KINDS`.
    """

    times_s: np.ndarray
    strengths: np.ndarray
    kinds: np.ndarray

    def of_kind(self, kind: str) -> np.ndarray:
        """Times of the events of one kind, seconds."""
        return self.times_s[self.kinds == KINDS.index(kind)]

    def envelope(self, duration_s: float, rate_hz: float) -> np.ndarray:
        """(round(duration_s * rate_hz),) a bump at each event, as high as its strength (70 ms standard deviation);
        events at one moment add up, with less and less effect."""
        frames = round(duration_s * rate_hz)
        pulses = np.zeros(frames)
        np.add.at(pulses, np.clip(np.round(self.times_s * rate_hz).astype(int), 0, frames - 1), self.strengths)
        sigma = _BUMP_SIGMA_S * rate_hz
        height = sigma * math.sqrt(2 * math.pi)
        return 1.5 * np.tanh(gaussian_filter1d(pulses, sigma, mode="constant") * height / 1.5)


def motion_events(motion: Motion) -> MotionEvents:
    """Foot plants, sharp stops and turning points of hands, feet and pelvis.

    A *plant* is one of :func:`motionbeat.contacts.foot_plants`. Where a limb loses speed and comes to a minimum, it
    either goes back (a *turn*, at the minimum) or not; then, if the speed fell quickly, it is a *stop*, at the moment
    of greatest deceleration. Contacts are detected where the motion has none.
    """
    joints = motion.joints()
    contacts = motion.contacts if motion.contacts is not None else detect_contacts(joints, motion.fps)
    plants = foot_plants(contacts, motion.fps)
    found = [(float(time), KIND_STRENGTH[0], 0) for time in plants]
    for limb, joint in _LIMBS.items():
        for time, fall, kind in _slowings(joints[:, joint], motion.fps, _LEAST_FALL_M_S[limb]):
            if limb.endswith("foot") and len(plants) and np.abs(plants - time).min() < _SAME_EVENT_S:
                continue
            strength = KIND_STRENGTH[kind] * min(fall / (3 * _LEAST_FALL_M_S[limb]), 1.0)
            found.append((time, strength, kind))
    found.sort()
    times, strengths, kinds = zip(*found, strict=True) if found else ((), (), ())
    return MotionEvents(np.array(times, float), np.array(strengths, float), np.array(kinds, int))


def _slowings(place: np.ndarray, fps: float, least_fall: float) -> list[tuple[float, float, int]]:
    """Time (s), loss of speed (m/s) and kind of the stops and turns of one joint; ``place`` is (T, 3) metres."""
    if len(place) < 3:
        return []
    velocity = gaussian_filter1d(np.gradient(place.astype(np.float64), axis=0) * fps, _SPEED_SIGMA_S * fps, axis=0)
    speed = np.linalg.norm(velocity, axis=1)
    acceleration = np.gradient(speed) * fps
    reach = max(round(_TURN_REACH_S * fps), 1)
    found = []
    # a minimum at either end counts too
    padded = np.pad(-speed, 1, constant_values=-np.inf)
    for minimum in find_peaks(padded, prominence=least_fall)[0] - 1:
        top = _top_before(speed, minimum, least_fall / 2)
        fall = float(speed[top] - speed[minimum])
        if fall < least_fall:
            continue
        before, after = velocity[max(minimum - reach, 0)], velocity[min(minimum + reach, len(place) - 1)]
        if before @ after < 0:
            found.append((_between_frames(speed, minimum) / fps, fall, 2))
            continue
        brake = top + int(np.argmin(acceleration[top : minimum + 1]))
        stopped = brake + int(np.argmax(speed[brake : minimum + 1] <= speed[minimum] + fall / 4))
        if (stopped - top) / fps <= _SHARP_STOP_S:
            found.append((_between_frames(acceleration, brake) / fps, fall, 1))
    return found


def _top_before(speed: np.ndarray, minimum: int, ripple: float) -> int:
    """Frame of the maximum from which the speed fell to ``minimum``, past waves on the way smaller than ``ripple``
    (m/s)."""
    top = minimum
    for frame in range(minimum, -1, -1):
        if speed[frame] > speed[top]:
            top = frame
        elif speed[top] - speed[frame] > ripple:
            break
    return top


def _between_frames(values: np.ndarray, frame: int) -> float:
    """Place of the minimum of the parabola through ``values`` around ``frame``."""
    if not 0 < frame < len(values) - 1:
        return float(frame)
    before, here, after = values[frame - 1 : frame + 2]
    bend = before - 2 * here + after
    return frame + float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend > 0 else float(frame)


def natural_tempo(motion: Motion) -> float:
    """Beats per minute at which the motion's events come back most, within :data:`TEMPO_RANGE_BPM`.

    Only a hint of which songs suit a dance: most dances keep no steady tempo over a whole clip.
    """
    envelope = motion_events(motion).envelope(motion.duration, _RESOLUTION_HZ)
    low, high = TEMPO_RANGE_BPM
    lags = np.arange(int(60 / high * _RESOLUTION_HZ), int(60 / low * _RESOLUTION_HZ) + 1)
    lags = lags[lags < len(envelope) - 1]
    if not len(lags):
        return 120.0
    centred = envelope - envelope.mean()
    # two beats count as well: a step with each foot
    strength = [
        sum(float(centred[times * lag :] @ centred[: -times * lag]) for times in (1, 2) if times * lag < len(centred))
        for lag in lags
    ]
    return 60 * _RESOLUTION_HZ / float(lags[int(np.argmax(strength))])


@dataclass(frozen=True, eq=False)
class LaidDance:
    """A dance on the clock of a song.

    Attributes:
        motion: from the song's time 0 to the last of ``song_times_s``.
        valid: (T,) bool: False before the first beat, where the source was invalid, and where the local rate is more
            than :data:`MAX_STRETCH` away from the overall rate.
        song_times_s: (k,) ascending seconds of half beats, or of beats.
        dance_times_s: (k,) ascending seconds of the dance that are played then.
        rate: overall rate, seconds of dance per second of song.
    """

    motion: Motion
    valid: np.ndarray
    song_times_s: np.ndarray
    dance_times_s: np.ndarray
    rate: float

    @cached_property
    def warp(self) -> PchipInterpolator:
        """Time in the dance of a time in the song, seconds: monotone, its derivative (the local rate) continuous."""
        return PchipInterpolator(self.song_times_s, self.dance_times_s)


def lay_on_beats(
    motion: Motion,
    valid: np.ndarray,
    song: BeatGrid,
    *,
    part: float = 0.0,
    rates: tuple[float, ...] = RATES,
    event_weight: float = 1.0,
) -> LaidDance:
    """Play a dance so that its events fall on the beats of a song.

    Chosen by dynamic programming over half beats, to make greatest: strength of the dance's events on the beats (a
    little more on downbeats, a quarter on half beats), less the squared deviation of the local rate from the overall
    one, less the squared change of local rate from one half beat to the next. Between half beats the time runs on a
    monotone cubic curve (PCHIP), so speeds have no steps.

    Args:
        motion: the dance; contacts are detected where it has none, and carried over.
        valid: (T,) bool, which of its frames are sound.
        song: beats of the song. The dance begins on its first beat; a song longer than the dance is danced to as far
            as the dance goes.
        part: which part of a dance longer than the song: 0 its beginning, 1 its end.
        rates: overall rates to choose among, seconds of dance per second of song.
        event_weight: how much events count against evenness; 0 plays the dance at one rate.

    Raises:
        ValueError: ``valid`` does not fit the motion, or the dance is shorter than two beats of the song.
    """
    if valid.shape != (len(motion),):
        raise ValueError(f"valid must be ({len(motion)},), got {valid.shape}")
    if motion.contacts is None:
        motion = Motion(motion.poses, motion.trans, motion.fps, detect_contacts(motion.joints(), motion.fps))
    envelope = motion_events(motion).envelope(motion.duration, _RESOLUTION_HZ)
    knots = np.interp(np.arange(2 * len(song.beats) - 1) / 2, np.arange(len(song.beats)), song.beats)
    weights = np.full(len(knots), _WEIGHT_HALF)
    weights[::2] = np.where(song.beat_in_bar == 0, _WEIGHT_DOWNBEAT, _WEIGHT_BEAT)
    paths = [_path(envelope, knots, weights, event_weight, song.meter, rate, part) for rate in rates]
    best = max((path for path in paths if path is not None), key=lambda path: path[0], default=None)
    if best is None:
        raise ValueError(f"a dance of {motion.duration:.1f} s is shorter than two beats of this song")
    _, source, rate = best
    return _laid(motion, valid, knots[: len(source)], source, rate)


def lay_beats_on_beats(
    motion: Motion, valid: np.ndarray, beats: BeatGrid, song: BeatGrid, *, part: float = 0.0
) -> LaidDance:
    """Play a dance whose beats are known to another song: each beat on a beat, each downbeat on a downbeat.

    Args:
        motion: the dance.
        valid: (T,) bool, which of its frames are sound.
        beats: its own beats, all bars whole.
        song: beats of the other song; the dance begins on its first downbeat and lasts until one of them ends.
        part: which part of a dance longer than the song: 0 its beginning, 1 its end.

    Raises:
        ValueError: ``valid`` does not fit the motion, meters differ, a bar breaks off, or fewer than two beats fit.
    """
    if valid.shape != (len(motion),):
        raise ValueError(f"valid must be ({len(motion)},), got {valid.shape}")
    meter = beats.meter
    if song.meter != meter:
        raise ValueError(f"a dance in {meter} does not fit a song in {song.meter}")
    own = beats.beats[(beats.beats >= beats.downbeats[0]) & (beats.beats <= (len(motion) - 1) / motion.fps)]
    knots = song.beats[song.beats >= song.downbeats[0]]
    if not (has_whole_bars(beats) and has_whole_bars(song)):
        raise ValueError("a bar breaks off")
    count = min(len(own), len(knots))
    if count < 2:
        raise ValueError("fewer than two beats of the dance fit")
    first = meter * round(float(np.clip(part, 0.0, 1.0)) * ((len(own) - count) // meter))
    source, knots = own[first : first + count], knots[:count]
    return _laid(motion, valid, knots, source, float((source[-1] - source[0]) / (knots[-1] - knots[0])))


def has_whole_bars(grid: BeatGrid) -> bool:
    """Whether from the first downbeat on all bars but the last have ``meter`` beats."""
    places = np.searchsorted(grid.beats, grid.downbeats)
    return bool((np.diff(places) == grid.meter).all()) and len(grid) - places[-1] <= grid.meter


def _laid(motion: Motion, valid: np.ndarray, knots: np.ndarray, source: np.ndarray, rate: float) -> LaidDance:
    """``source`` seconds of the dance at ``knots`` seconds of the song."""
    laid = LaidDance(motion, valid, knots, source, rate)
    times = np.arange(math.floor(knots[-1] * motion.fps + 1e-6) + 1) / motion.fps
    inside = times >= knots[0]
    # before the first beat time runs at the overall rate, as far as there is dance
    played = np.where(inside, laid.warp(np.maximum(times, knots[0])), source[0] - rate * (knots[0] - times))
    local = np.abs(np.log(np.maximum(laid.warp.derivative()(np.maximum(times, knots[0])), 1e-6) / rate))
    near = np.clip(np.round(played * motion.fps).astype(int), 0, len(motion) - 1)
    sound = inside & valid[near] & (local <= math.log(MAX_STRETCH))
    return LaidDance(_sampled_smoothly(motion, played), sound, knots, source, rate)


def _sampled_smoothly(motion: Motion, times_s: np.ndarray) -> Motion:
    """As :meth:`motionbeat.motion.Motion.sampled_at`, but on cubic splines: linear interpolation between frames takes
    a quarter off the jerk and rounds the accents."""
    inside = np.clip(times_s, 0.0, (len(motion) - 1) / motion.fps)
    frames = np.arange(len(motion)) / motion.fps
    turns = Rotation.from_rotvec(motion.poses.reshape(-1, 3)).as_quat().reshape(len(motion), 24, 4)
    # q and -q are one rotation: take the one near that of the frame before
    apart = np.sum(turns[1:] * turns[:-1], axis=-1, keepdims=True) < 0
    turns[1:] *= np.where(np.cumsum(apart, axis=0) % 2 == 1, -1.0, 1.0)
    sampled = CubicSpline(frames, turns)(inside).reshape(-1, 4)
    poses = Rotation.from_quat(sampled).as_rotvec().reshape(-1, 24, 3).astype(np.float32)
    trans = CubicSpline(frames, motion.trans)(inside).astype(np.float32)
    return Motion(poses, trans, motion.fps, motion.sampled_at(inside, motion.fps).contacts)


def _path(
    envelope: np.ndarray,
    knots: np.ndarray,
    weights: np.ndarray,
    event_weight: float,
    meter: int,
    rate: float,
    part: float,
) -> tuple[float, np.ndarray, float] | None:
    """Mean score of a half beat, seconds of the dance at the half beats, and ``rate``; None if too few fit."""
    lengths = np.diff(knots) * _RESOLUTION_HZ
    steps = np.round(lengths[:, None] * rate * np.exp(_LOG_RATES)).astype(np.int64)
    # on average a dance is not played slower or faster than its overall rate, so this is how far it reaches
    reach = np.concatenate([[0], np.cumsum(lengths * rate)])
    last = len(envelope) - 1
    count = int(np.searchsorted(reach, last - lengths[0] * rate, side="right"))
    if count < 5:
        count = int(np.searchsorted(reach, last, side="right"))
    count = min(count, len(knots))
    if count < 5:
        return None
    spare = last - reach[count - 1]
    bar = min(2 * meter, count - 1)
    width = min(spare, reach[bar])
    first = int(np.clip(part, 0.0, 1.0) * (spare - width))
    score, source = _best_path(
        envelope,
        weights[:count] * event_weight,
        _WEIGHT_BETWEEN * event_weight,
        steps[: count - 1],
        _RATE_COST * _LOG_RATES**2,
        _CHANGE_COST * (_LOG_RATES[1] - _LOG_RATES[0]) ** 2,
        _WIDEST_CHANGE,
        first,
        int(first + width),
    )
    if not math.isfinite(score):
        return None
    return score / count - _OVERALL_COST * math.log(rate) ** 2, source / _RESOLUTION_HZ, rate


@numba.njit(cache=True)
def _best_path(
    envelope: np.ndarray,
    weights: np.ndarray,
    weight_between: float,
    steps: np.ndarray,
    rate_cost: np.ndarray,
    change_cost: float,
    widest_change: int,
    first: int,
    last_first: int,
) -> tuple[float, np.ndarray]:
    """Viterbi recursion over (half beat, place in the dance, local rate).

    Args:
        envelope: (n,) strength of events at each place.
        weights: (k,) of the half beats.
        weight_between: of the middle between two half beats.
        steps: (k - 1, q) places that are passed on the way to the next half beat, for each of q rates, ascending.
        rate_cost: (q,) of each rate.
        change_cost: of a change by one rate, times the square of the number of rates.
        widest_change: greatest change, in rates.
        first, last_first: the first half beat is at one of these places or between.

    Returns:
        The best score (-inf if nothing fits) and (k,) places.
    """
    count, rates, places = len(weights), len(rate_cost), len(envelope)
    best = np.full((rates, places), -np.inf)
    came_by = np.zeros((count, rates, places), dtype=np.int8)
    low, high = first, last_first
    for k in range(1, count):
        after = np.full((rates, places), -np.inf)
        for q in range(rates):
            step = steps[k - 1, q]
            for place in range(low + step, min(high + step, places - 1) + 1):
                start = place - step
                value = -np.inf
                if k == 1:
                    value = weights[0] * envelope[start]
                else:
                    for p in range(max(0, q - widest_change), min(rates, q + widest_change + 1)):
                        candidate = best[p, start] - change_cost * (p - q) ** 2
                        if candidate > value:
                            value = candidate
                            came_by[k, q, place] = p
                between = weight_between * envelope[(start + place) // 2]
                after[q, place] = value - rate_cost[q] + weights[k] * envelope[place] + between
        best = after
        low, high = low + steps[k - 1, 0], min(high + steps[k - 1, rates - 1], places - 1)
    path = np.zeros(count, dtype=np.int64)
    top, q = -np.inf, 0
    for rate in range(rates):
        for place in range(places):
            if best[rate, place] > top:
                top, q, path[count - 1] = best[rate, place], rate, place
    for k in range(count - 1, 0, -1):
        path[k - 1] = path[k] - steps[k - 1, q]
        q = came_by[k, q, path[k]]
    return top, path
