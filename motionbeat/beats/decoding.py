"""From what the network says of each frame to one sequence of beats with their places in the bar.

A bar-pointer model (Whiteley, Cemgil and Godsill, ISMIR 2006; Krebs, Boeck and Widmer, ISMIR 2015), solved from beat
to beat instead of from frame to frame: a state is a beat with its tempo, its meter and its place in the bar; the next
beat comes about one period later, at about the same tempo. The best sequence is found by dynamic programming.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import scipy.signal
from scipy.special import expit, logit

METERS: tuple[int, ...] = (2, 3, 4, 5, 6, 7)
"""Beats in a bar that are told apart."""


@dataclass(frozen=True)
class DecoderSettings:
    """What is likely before anything is heard, in logarithms of probabilities. Chosen on held-out rendered music,
    where that was indifferent (``bonus``) on the development tracks.

    Attributes:
        min_tempo: slowest beats per minute.
        max_tempo: fastest.
        tempo_step: ratio of neighbouring tempi, less one.
        tempo_change_cost: for going up or down by one such step from one beat to the next.
        wobble_cost: for a beat that is one frame off its time; grows with the square.
        meter_prior: for each of :data:`METERS`, on every beat.
        meter_weight: how much the network's opinion of the meter of the whole counts on every beat.
        new_bar_cost: for a bar that breaks off early.
        downbeat_weight: how much the network's opinion of downbeats counts.
        floor: least probability of a beat, so that a silent one does not end everything.
        bonus: for every beat: more of it favours faster tempi.
        coverage: for every second that is covered with beats, whatever the tempo: more of it bridges longer gaps and
            reaches further towards both ends.
        usual_height: what the peaks of :func:`levelled` activations are brought to.
    """

    min_tempo: float = 48.0
    max_tempo: float = 225.0
    tempo_step: float = 0.015
    tempo_change_cost: float = 1.5
    wobble_cost: float = 0.5
    meter_prior: tuple[float, ...] = (-0.05, -0.02, 0.0, -0.1, -0.1, -0.1)
    meter_weight: float = 0.05
    new_bar_cost: float = 8.0
    downbeat_weight: float = 1.0
    floor: float = 0.01
    bonus: float = -0.75
    coverage: float = 3.0
    usual_height: float = 0.9


def decode(
    beat: np.ndarray,
    downbeat: np.ndarray,
    meter: np.ndarray,
    frame_rate: float,
    settings: DecoderSettings,
    active_s: float,
) -> tuple[np.ndarray, np.ndarray, int]:
    """The most likely beats.

    Args:
        beat: (T,) probability of a beat at each frame.
        downbeat: (T,) probability of a downbeat.
        meter: (M,) probability of each of :data:`METERS` for the whole.
        frame_rate: frames per second.
        settings: the rest.
        active_s: seconds of the sound that have a beat, as a measure for how many peaks to expect.

    Returns:
        (n,) frames of the beats (whole numbers), (n,) places in the bar (0 on downbeats), beats in a bar. Begins and
        ends where beats are heard.
    """
    steps = int(np.log(settings.max_tempo / settings.min_tempo) / np.log1p(settings.tempo_step)) + 1
    periods = 60.0 * frame_rate / (settings.min_tempo * (1 + settings.tempo_step) ** np.arange(steps))
    beat, downbeat = levelled(beat, downbeat, active_s, settings.usual_height)
    believed = np.clip(beat, settings.floor, 1 - settings.floor).astype(np.float64)
    # A sequence explains every frame as beat or no beat; relative to "nowhere a beat", each beat gains this. The
    # bump of a beat is three frames wide, and the outer ones are not evidence against it.
    absent = -np.log1p(-believed)
    gain = np.log(believed) + absent + np.append(absent[1:], 0) + np.append(0, absent[:-1]) + settings.bonus
    near_beat, near_down = widened(beat), widened(downbeat)
    share = np.clip(near_down / np.maximum(near_beat, 1e-3), 0.03, 0.97)
    certain = settings.downbeat_weight * np.clip(near_beat / 0.3, 0, 1)  # unheard beats say nothing of bars

    prior = np.array(settings.meter_prior) + settings.meter_weight * np.log(np.maximum(meter, 1e-4))
    likely = np.flatnonzero(meter > _LEAST_METER_SHARE * meter.max())
    lengths = np.array(METERS)[likely]
    first_state = np.concatenate([[0], np.cumsum(lengths)])
    frames, states = _best_path(
        gain,
        certain * np.log(share),
        certain * np.log(1 - share),
        periods,
        lengths,
        first_state,
        prior[likely],
        settings.coverage / frame_rate,
        settings.tempo_change_cost,
        settings.wobble_cost,
        settings.new_bar_cost,
    )
    chosen = int(np.searchsorted(first_state, states[0], side="right") - 1)
    heard = np.flatnonzero(near_beat[frames] > _LEAST_END)
    if len(heard):  # what was bridged has a beat on either side; ends that nobody hears are not there
        frames, states = frames[heard[0] : heard[-1] + 1], states[heard[0] : heard[-1] + 1]
    return frames, states - first_state[chosen], int(lengths[chosen])


def levelled(
    beat: np.ndarray, downbeat: np.ndarray, active_s: float, usual_height: float
) -> tuple[np.ndarray, np.ndarray]:
    """Both activations (T,) with one number added to all their logits, so that music the network is unsure of is
    decoded like other music: the median of the highest peaks, one for every active second, comes to ``usual_height``.
    Nothing is ever made lower."""
    peaks, _ = scipy.signal.find_peaks(beat, height=_LEAST_PEAK)
    if len(peaks) == 0:
        return beat, downbeat
    highest = np.sort(beat[peaks])[::-1][: max(4, int(active_s))]
    lift = float(np.clip(logit(usual_height) - logit(np.clip(np.median(highest), 0.01, 0.99)), 0.0, _MOST_LIFT))

    def lifted(activation: np.ndarray) -> np.ndarray:
        return expit(logit(np.clip(activation.astype(np.float64), 1e-4, 1 - 1e-4)) + lift)

    return lifted(beat), lifted(downbeat)


_LEAST_END = 0.3
_LEAST_PEAK = 0.03
_MOST_LIFT = 3.0
_LEAST_METER_SHARE = 0.02  # meters that the network thinks so much less likely are not tried, which saves time
_REACH = 3  # tempo steps between neighbouring beats, at most
_WOBBLE = 1  # frames by which a beat may be off, besides rounding


def widened(activation: np.ndarray) -> np.ndarray:
    """(T,) maximum with both neighbours."""
    return np.maximum(activation, np.maximum(np.append(activation[1:], 0), np.append(0, activation[:-1])))


@numba.njit(cache=True)
def _best_path(
    gain: np.ndarray,
    on_down: np.ndarray,
    off_down: np.ndarray,
    periods: np.ndarray,
    lengths: np.ndarray,
    first_state: np.ndarray,
    prior: np.ndarray,
    coverage: float,
    change_cost: float,
    wobble_cost: float,
    new_bar_cost: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Frames and states (meters and places in the bar, counted through) of the best sequence of beats."""
    frames, tempi, states, meters = len(gain), len(periods), first_state[-1], len(lengths)
    ring = int(periods.max()) + _WOBBLE + 2
    # moved[t % ring, i, s]: best sequence whose last beat is at t in state s and that goes on at tempo i
    moved = np.full((ring, tempi, states), -1e18)
    broken_state = np.zeros((frames, tempi, meters), dtype=np.int8)  # best state to break a bar off in, by meter
    # The way back, in one byte since there is one for each frame, tempo and state. Lower three bits: 0 for the first
    # beat, else 1 + _WOBBLE + wobble, and 2 * _WOBBLE + 1 more if a bar broke off. Above: _REACH + the tempo that the
    # sequence in `moved` had before, less i.
    way = np.zeros((frames, tempi, states), dtype=np.uint8)
    now = np.zeros((tempi, states))
    top, top_frame, top_tempo, top_state = -1e18, 0, 0, 0
    for t in range(frames):
        for i in range(tempi):
            whole = round(periods[i])
            for m in range(meters):
                low, high = first_state[m], first_state[m + 1]
                for s in range(low, high):
                    before = s - 1 if s > low else high - 1
                    value, code = 0.0, 0
                    for w in range(-_WOBBLE, _WOBBLE + 1):
                        then = t - whole - w
                        if then < 0:
                            continue
                        off = whole + w - periods[i]
                        cost = wobble_cost * off * off
                        row = moved[then % ring, i]
                        if row[before] - cost > value:
                            value, code = row[before] - cost, 1 + _WOBBLE + w
                        if s == low:
                            other = row[broken_state[then, i, m]] - cost - new_bar_cost
                            if other > value:
                                value, code = other, 2 + 3 * _WOBBLE + w
                    value += gain[t] + prior[m] + coverage * periods[i] + (on_down[t] if s == low else off_down[t])
                    now[i, s] = value
                    way[t, i, s] = code
                    if value > top:
                        top, top_frame, top_tempo, top_state = value, t, i, s
        for i in range(tempi):
            for s in range(states):
                value, step = now[i, s], 0
                for d in range(-_REACH, _REACH + 1):
                    if 0 <= i + d < tempi and now[i + d, s] - change_cost * abs(d) > value:
                        value, step = now[i + d, s] - change_cost * abs(d), d
                moved[t % ring, i, s] = value
                way[t, i, s] |= (step + _REACH) << 3
            for m in range(meters):
                broken = first_state[m]
                for s in range(first_state[m], first_state[m + 1]):
                    if moved[t % ring, i, s] > moved[t % ring, i, broken]:
                        broken = s
                broken_state[t, i, m] = broken
    beats, places = [top_frame], [top_state]
    t, i, s = top_frame, top_tempo, top_state
    while way[t, i, s] & 7:
        code = (way[t, i, s] & 7) - 1
        broke = code > 2 * _WOBBLE
        w = code - _WOBBLE - (2 * _WOBBLE + 1 if broke else 0)
        t = t - round(periods[i]) - w
        m = 0
        while first_state[m + 1] <= s:
            m += 1
        in_bar = s - 1 if s > first_state[m] else first_state[m + 1] - 1
        s = broken_state[t, i, m] if broke else in_bar
        i = i + (way[t, i, s] >> 3) - _REACH
        beats.append(t)
        places.append(s)
    return np.array(beats[::-1]), np.array(places[::-1])
