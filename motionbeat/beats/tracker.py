"""From sound to beat grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
import scipy.signal

from motionbeat.audio import Audio
from motionbeat.beats.grid import DEFAULT_METER, DEFAULT_TEMPO, BeatGrid, BeatTracker

_END_BEATS = 4
METERS: tuple[int, ...] = (3, 4)


def track_beats(audio: Audio, tracker: BeatTracker | None = None) -> BeatGrid:
    """Find the beats of a song.

    Args:
        audio: the sound.
        tracker: who does it; a :class:`LibrosaBeatTracker` when None.
    """
    return (tracker or LibrosaBeatTracker())(audio)


@dataclass(frozen=True)
class LibrosaBeatTracker:
    """Beats by librosa's dynamic programming, with an own tempo path, refinement and downbeats.

    Attributes:
        min_tempo: slowest beat that is looked for, beats per minute.
        max_tempo: fastest one.
        usual_tempo: centre of the log-normal preference among multiples of the same tempo.
        spread_octaves: its standard deviation.
        tightness: how closely beats keep to the tempo (librosa's parameter).
    """

    min_tempo: float = 68.0
    max_tempo: float = 185.0
    usual_tempo: float = 125.0
    spread_octaves: float = 0.6
    tightness: float = 1000.0

    def __call__(self, audio: Audio) -> BeatGrid:
        onsets = _onsets(audio)
        if onsets is None:
            return BeatGrid.steady(DEFAULT_TEMPO, audio.duration)
        tempos, clarity = self._tempo_path(onsets)
        chance = _CHANCE_CLARITY + _CHANCE_CLARITY_S / audio.duration
        confidence = float(np.clip((clarity - chance) / (_FULL_CLARITY - chance), 0, 1))
        beats = self._beats(onsets, tempos)
        if confidence == 0 or len(beats) < 4:
            return BeatGrid.steady(float(np.median(tempos)), audio.duration)
        beats = _refined(beats, onsets)
        beats = _extended(beats, audio.duration)
        meter, first = _meter_and_first_downbeat(beats, onsets)
        tempo = 60.0 / float(np.median(np.diff(beats)))
        return BeatGrid(beats, beats[first::meter], meter, tempo, confidence)

    def _tempo_path(self, onsets: _Onsets) -> tuple[np.ndarray, float]:
        """Tempo in beats per minute for each frame, and how clear it is (a mean autocorrelation, 0 to 1)."""
        rate = onsets.rate
        grid = self.min_tempo * 2 ** (np.arange(0, np.log2(self.max_tempo / self.min_tempo), 1 / 60))
        window = min(len(onsets.strength), round(_TEMPO_WINDOW_S * rate))
        step = max(1, round(rate))
        starts = np.arange(0, max(1, len(onsets.strength) - window + 1), step)
        frames = np.stack([onsets.strength[s : s + window] for s in starts])
        frames = frames - frames.mean(axis=1, keepdims=True)
        power = np.abs(np.fft.rfft(frames, 2 * window, axis=1)) ** 2
        acf = np.fft.irfft(power, axis=1)[:, :window]
        overlap = np.arange(window, 0, -1) / window
        acf = acf / np.maximum(acf[:, :1], 1e-9) / np.maximum(overlap, 0.25)

        lags = 60.0 / grid * rate
        at = lags[:, None] * _COMB_BEATS
        usable = at < 0.8 * window
        read = scipy.ndimage.map_coordinates(
            acf,
            [np.repeat(np.arange(len(acf)), at.size), np.tile(np.minimum(at, window - 1).ravel(), len(acf))],
            order=1,
        ).reshape(len(acf), *at.shape)
        comb = np.full(read.shape[:2], -1.0)  # (windows, tempos)
        for weights in (_DUPLE_COMB, _TRIPLE_COMB):
            weight = weights * usable
            comb = np.maximum(comb, (read * weight).sum(axis=2) / np.maximum(weight.sum(axis=1), 1e-9))

        prior = -0.5 * (np.log2(grid / self.usual_tempo) / self.spread_octaves) ** 2
        score = comb + _PRIOR_WEIGHT * prior
        # The whole song speaks for each window: tempo octaves must not flip between verse and chorus.
        score = score + 2.0 * score.mean(axis=0)
        path = _viterbi(score, np.log2(grid))
        clarity = float(np.mean(comb[np.arange(len(path)), path]))
        centres = starts + window / 2
        return np.interp(np.arange(len(onsets.strength)), centres, grid[path]), clarity

    def _beats(self, onsets: _Onsets, tempos: np.ndarray) -> np.ndarray:
        import librosa

        _, frames = librosa.beat.beat_track(
            onset_envelope=onsets.strength,
            sr=_RATE_HOPS * onsets.rate,
            hop_length=_RATE_HOPS,
            bpm=tempos,
            tightness=self.tightness,
            trim=False,
        )
        return np.asarray(frames, dtype=np.float64) / onsets.rate


_RATE_HOPS = 1000  # librosa wants a sample rate and a hop; only their quotient, the frame rate, matters
_HOP_S = 0.01
_WINDOW_S = 1024 / 22050
_FINE_RATE = 200.0
_FINE_WINDOW_S = 256 / 22050
_MELS = 64
_TEMPO_WINDOW_S = 10.0
_PRIOR_WEIGHT = 0.15
_TRIPLE_MARGIN = 0.05  # music in three must show it: four is far more common
_COMB_BEATS = np.array([1, 2, 3, 4, 6, 8])
_DUPLE_COMB = np.array([1, 1, 0.5, 1, 0.3, 0.6])
_TRIPLE_COMB = np.array([1, 0.5, 1.2, 0.3, 1.0, 0.0])
_LOW_WEIGHT = 0.5  # extra say of the bass drum, which tells beats from off-beats
_FULL_CLARITY = 0.5  # half of a mixed development set is above it, its least clear song at 0.32
_CHANCE_CLARITY = 0.03
_CHANCE_CLARITY_S = 0.6
"""Noise, speech and random notes of t seconds come out at most about 0.03 + 0.6 / t clear (measured)."""


@dataclass(frozen=True, eq=False)
class _Onsets:
    """What the tracker hears, at ``rate`` frames per second."""

    rate: float
    strength: np.ndarray  # (T,) onset strength, about unit variance
    bands: np.ndarray  # (4, T) onset strength in low, low-mid, mid and high bands
    chroma: np.ndarray  # (12, T) energy per pitch class
    fine: (
        np.ndarray
    )  # (U,) onset strength at _FINE_RATE frames per second through a short window, to place beats exactly


def _onsets(audio: Audio) -> _Onsets | None:
    """Onset strength of a sound; None where nothing ever starts."""
    import librosa

    hop = round(_HOP_S * audio.sample_rate)
    window = round(_WINDOW_S * audio.sample_rate)
    spectrum = np.abs(librosa.stft(audio.samples, n_fft=window, hop_length=hop))
    peak = float(spectrum.max())
    if not peak > 1e-6:
        return None
    spectrum /= peak
    mel = librosa.filters.mel(sr=audio.sample_rate, n_fft=window, n_mels=_MELS, fmin=30.0) @ spectrum**2
    mel = np.log1p(1e4 * mel / max(float(np.percentile(mel.max(axis=0), 95)), 1e-12))
    before = scipy.ndimage.maximum_filter1d(mel, 3, axis=0)
    rise = np.maximum(mel[:, 2:] - before[:, :-2], 0)
    rise = np.pad(rise, ((0, 0), (1, 1)))
    bands = np.stack([part.mean(axis=0) for part in np.split(rise, [4, 12, 32])])
    strength = rise.mean(axis=0) + _LOW_WEIGHT * bands[0]
    rate = audio.sample_rate / hop
    strength = strength - scipy.ndimage.uniform_filter1d(strength, round(0.5 * rate))
    strength = np.maximum(strength, 0)
    if not float(strength.max()) > 1e-3:
        return None
    local = np.sqrt(scipy.ndimage.uniform_filter1d(strength**2, round(8 * rate)))
    strength = strength / np.maximum(local, 0.2 * float(local.max()))
    strength = scipy.ndimage.gaussian_filter1d(strength, 1.0)

    freqs = librosa.fft_frequencies(sr=audio.sample_rate, n_fft=window)
    chroma_filter = np.zeros((12, len(freqs)))
    tonal = np.flatnonzero((freqs > 180) & (freqs < 2000))
    chroma_filter[np.round(12 * np.log2(freqs[tonal] / 440)).astype(int) % 12, tonal] = 1
    chroma = chroma_filter @ np.sqrt(spectrum)
    return _Onsets(rate, strength.astype(np.float32), bands, chroma, _fine_onsets(audio))


def _fine_onsets(audio: Audio) -> np.ndarray:
    """(U,) onset strength at about _FINE_RATE frames per second.

    The long window that resolves bass notes feels a click 20 ms before it comes; this one 4 ms.
    """
    import librosa

    window = 2 ** round(np.log2(_FINE_WINDOW_S * audio.sample_rate))
    step = audio.sample_rate / _FINE_RATE
    spectrum = np.abs(librosa.stft(audio.samples, n_fft=window, hop_length=round(step)))
    spectrum = np.log1p(100.0 * spectrum / max(float(spectrum.max()), 1e-9))
    rise = np.maximum(spectrum[:, 2:] - spectrum[:, :-2], 0).mean(axis=0)
    times = np.arange(1, len(rise) + 1) * round(step) / audio.sample_rate
    even = np.interp(np.arange(round(audio.duration * _FINE_RATE)) / _FINE_RATE, times, rise, left=0.0)
    return scipy.ndimage.gaussian_filter1d(even, 1.0)


def _viterbi(score: np.ndarray, log_tempo: np.ndarray) -> np.ndarray:
    """Best path through (windows, tempos) scores when a change of tempo costs by its size in octaves."""
    cost = np.minimum(20.0 * np.abs(log_tempo[:, None] - log_tempo[None, :]), 4.0)
    total = score[0].copy()
    back = np.zeros(score.shape, dtype=int)
    for row in range(1, len(score)):
        moves = total[:, None] - cost
        back[row] = moves.argmax(axis=0)
        total = moves.max(axis=0) + score[row]
    path = np.empty(len(score), dtype=int)
    path[-1] = total.argmax()
    for row in range(len(score) - 1, 0, -1):
        path[row - 1] = back[row, path[row]]
    return path


def _refined(beats: np.ndarray, onsets: _Onsets) -> np.ndarray:
    """Beats moved to the onset peaks near them with sub-frame precision, then smoothed by local straight lines.

    Frames of 10 ms and single early or late notes make the raw intervals uneven; nearby beats vote for a line
    (time against beat number), each with the strength of its onset.
    """
    reach = round(0.04 * _FINE_RATE)
    near = np.round(beats * _FINE_RATE).astype(int)[:, None] + np.arange(-reach, reach + 1)
    inside = np.clip(near, 1, len(onsets.fine) - 2)
    values = onsets.fine[inside]
    best = values.argmax(axis=1)
    at = inside[np.arange(len(beats)), best]
    left, mid, right = (onsets.fine[at + k] for k in (-1, 0, 1))
    bend = left - 2 * mid + right
    shift = np.where(bend < -1e-9, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    peaks = (at + np.clip(shift, -0.5, 0.5)) / _FINE_RATE
    weights = mid + 0.02 * max(float(onsets.fine.max()), 1e-9)

    index = np.arange(len(beats))
    refined = np.empty_like(beats)
    for i in index:
        part = slice(max(0, i - 4), i + 5)
        weight = weights[part] * np.exp(-0.5 * ((index[part] - i) / 2.0) ** 2)
        slope, offset = np.polyfit(index[part] - i, peaks[part], 1, w=np.sqrt(weight))
        residual = np.abs(peaks[part] - offset - slope * (index[part] - i))
        weight = weight / (1 + (residual / 0.015) ** 2)
        refined[i] = np.polyfit(index[part] - i, peaks[part], 1, w=np.sqrt(weight))[1]
    period = np.median(np.diff(beats))
    return refined[np.concatenate([[True], np.diff(refined) > 0.3 * period])]


def _extended(beats: np.ndarray, duration_s: float) -> np.ndarray:
    """Beats continued to both ends of the sound with the local period."""
    span = min(_END_BEATS, len(beats) - 1)
    first = (beats[span] - beats[0]) / span
    last = (beats[-1] - beats[-1 - span]) / span
    # A first note at time 0 is heard only once it has begun: its beat may come out a little before the start.
    before = beats[0] - first * np.arange(int((max(0.0, beats[0]) + 0.03) / first), 0, -1)
    after = beats[-1] + last * np.arange(1, int(np.ceil(max(0.0, duration_s - 0.03 - beats[-1]) / last)))
    beats = np.concatenate([before, beats, after])
    beats[0] = max(beats[0], 0.0)
    return beats


def _meter_and_first_downbeat(beats: np.ndarray, onsets: _Onsets) -> tuple[int, int]:
    """Beats in a bar and the index of the first downbeat, from what changes at the beats.

    Each beat gets a profile of accents: onset strength per band at the beat and half a beat later, and the change of
    harmony. Bars show as profiles that come back after 3 or after 2 and 4 beats; the downbeat is where bass and new
    harmony fall and the backbeat does not.
    """
    profile, harmony = _beat_profiles(beats, onsets)
    if len(profile) < 2 * max(METERS):
        return DEFAULT_METER, 0
    triple = np.mean([_recurrence(profile, harmony, lag) for lag in (3, 6, 9)])
    duple = np.mean([_recurrence(profile, harmony, lag) for lag in (2, 4, 8)])
    meter = 3 if triple > duple + _TRIPLE_MARGIN else DEFAULT_METER

    template = _DOWNBEAT_TEMPLATES[meter]
    accents = np.column_stack([profile, harmony])
    bar = np.stack([accents[place::meter].mean(axis=0) for place in range(meter)])
    scores = [float((np.roll(bar, -first, axis=0) * template).sum()) for first in range(meter)]
    return meter, int(np.argmax(scores))


_DOWNBEAT_TEMPLATES = {
    3: np.array(
        [
            [1.0, 0.6, 0.2, 0.2, 0.2, 0.0, -0.1, -0.1, 1.0],
            [-0.5, -0.3, -0.1, -0.1, 0.0, 0.0, 0.1, 0.1, -0.6],
            [-0.5, -0.3, -0.1, -0.1, -0.2, 0.0, 0.0, 0.0, -0.4],
        ]
    ),
    4: np.array(
        [
            [1.0, 0.4, 0.2, 0.2, -0.3, -0.2, -0.4, -0.4, 1.0],
            [-0.5, -0.2, 0.0, 0.1, 0.2, 0.2, 0.3, 0.3, -0.6],
            [-0.2, -0.3, -0.5, -0.5, -0.1, -0.1, -0.1, -0.1, -0.1],
            [-0.3, 0.1, 0.3, 0.2, 0.2, 0.1, 0.2, 0.2, -0.3],
        ]
    ),
}
"""How each beat of a bar usually sounds: onsets low, low-mid, mid, high on the beat, the same half a beat later, and
change of harmony. Bass and new harmony come first, the beat before a new bar is busier than the one in the middle.
Set by hand from the averages over the songs of a small development set."""


def _beat_profiles(beats: np.ndarray, onsets: _Onsets) -> tuple[np.ndarray, np.ndarray]:
    """(n, 8) onset strength per band at each beat and after half a beat, and (n,) change of harmony; standardised."""
    frames = onsets.bands.shape[1]
    halves = beats[:-1] + np.diff(beats) / 2
    halves = np.append(halves, beats[-1])
    bands = scipy.ndimage.maximum_filter1d(onsets.bands, 2 * round(0.04 * onsets.rate) + 1, axis=1)
    index = np.clip(np.round(np.stack([beats, halves]) * onsets.rate).astype(int), 0, frames - 1)
    profile = np.concatenate([bands[:, index[0]], bands[:, index[1]]]).T

    total = np.cumsum(np.pad(onsets.chroma, ((0, 0), (1, 0))), axis=1)
    edges = np.append(index[0], frames)
    sums = total[:, edges[1:]] - total[:, edges[:-1]]
    sums = np.concatenate([sums[:, :1], sums], axis=1)
    unit = sums / np.maximum(np.linalg.norm(sums, axis=0), 1e-9)
    harmony = 1.0 - (unit[:, 1:] * unit[:, :-1]).sum(axis=0)
    harmony[0] = 0.0
    return _standardised(profile), _standardised(harmony[:, None])[:, 0]


def _standardised(values: np.ndarray) -> np.ndarray:
    """Columns with zero mean and unit deviation against their surroundings of 33 beats; flat ones become zero."""
    centre = values - scipy.ndimage.uniform_filter1d(values, 33, axis=0, mode="nearest")
    spread = centre.std(axis=0)
    return np.clip(centre / np.where(spread > 1e-9, spread, np.inf), -3, 3)


def _recurrence(profile: np.ndarray, harmony: np.ndarray, lag: int) -> float:
    """Mean correlation of the accents with themselves ``lag`` beats later."""
    if len(harmony) <= 2 * lag:
        return 0.0
    columns = np.column_stack([profile, harmony, harmony])
    return float((columns[lag:] * columns[:-lag]).mean())
