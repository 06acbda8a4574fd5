"""Beat-synchronous audio tokens: a song cut into slots of its own beats, one token for each slot, whatever the tempo.

Two kinds: a small mel patch (:func:`beat_tokens`), and what a beat network hears there (:func:`pulse_tokens`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionbeat.audio import Audio
from motionbeat.beats import BeatGrid
from motionbeat.beats.features import FRAME_RATE
from motionbeat.beats.network import BeatNetwork
from motionbeat.beats.tracker import pulse_features

SLOTS_PER_BEAT = 4
"""Sixteenth notes in 4/4: off-beat onsets stay visible."""

MELS = 64
MEL_FRAMES_PER_SLOT = 5
TOKEN_DIM = MELS * MEL_FRAMES_PER_SLOT
PULSE_TOKEN_DIM = 67
"""64 channels of the beat network's last hidden layer, and the probabilities of a beat, a downbeat and a pulse."""

HOP_S = 0.01
FLOOR_DB = -80.0

_WINDOW = 1024
_LEAST_POWER = 1e-10
_LEAST_RISE = 1e-6  # of a clip's level: below it there is only rounding
_BLOCK_FRAMES = 6000  # a minute at a time: the complex spectrum of an hour would fill the memory
_BLOCK_SLOTS = 2048

SLOT_LEAD = 0.25
"""A slot's patch begins this share of a slot early, so that the attack of a note on the slot is inside it."""


@dataclass(frozen=True, eq=False)
class SlotGrid:
    """Slots of a song.

    Attributes:
        times_s: (N,) start of each slot, seconds, ascending.
        phase: (N,) position in the bar in beats, 0 at the downbeat, below ``meter``.
        meter: beats in a bar.
    """

    times_s: np.ndarray
    phase: np.ndarray
    meter: int

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def lengths_s(self) -> np.ndarray:
        """(N,) how long each slot lasts, seconds; the last as long as the one before it."""
        return np.diff(self.times_s, append=2 * self.times_s[-1] - self.times_s[-2])

    @property
    def ends_s(self) -> np.ndarray:
        """(N,) end of each slot, seconds."""
        return self.times_s + self.lengths_s

    def within(self, start_s: float, stop_s: float) -> slice:
        """The slots that lie wholly between two times, give or take a millisecond."""
        first = int(np.searchsorted(self.times_s, start_s - 1e-3))
        return slice(first, max(first, int(np.searchsorted(self.ends_s, stop_s + 1e-3, "right"))))

    def part(self, slots: slice) -> SlotGrid:
        """Some of the slots."""
        return SlotGrid(self.times_s[slots], self.phase[slots], self.meter)


def slot_grid(grid: BeatGrid, slots_per_beat: int = SLOTS_PER_BEAT) -> SlotGrid:
    """Slots between the first and the last beat of ``grid`` (N = (beats - 1) * slots_per_beat)."""
    positions = np.arange((len(grid.beats) - 1) * slots_per_beat) / slots_per_beat
    times = np.interp(positions, np.arange(len(grid.beats)), grid.beats)
    # beat by beat, since a bar may break off early
    in_bar = np.repeat(grid.beat_in_bar[:-1], slots_per_beat)
    return SlotGrid(times, in_bar + positions % 1.0, grid.meter)


def log_mel(audio: Audio) -> np.ndarray:
    """(frames, 64) float32 mel spectrogram in dB below the song's loudest bin (>= -80), frame ``i`` centred at
    ``i * HOP_S`` seconds; 30 Hz to 10 kHz."""
    import librosa

    hop = round(audio.sample_rate * HOP_S)
    frames = len(audio) // hop + 1
    mel = np.empty((frames, MELS), dtype=np.float32)
    for first in range(0, frames, _BLOCK_FRAMES):
        count = min(_BLOCK_FRAMES, frames - first)
        start = first * hop - _WINDOW // 2
        stop = start + (count - 1) * hop + _WINDOW
        sound = audio.samples[max(start, 0) : stop]
        sound = np.pad(sound, (max(-start, 0), max(stop - len(audio), 0)))
        power = librosa.feature.melspectrogram(
            y=sound,
            sr=audio.sample_rate,
            n_fft=_WINDOW,
            hop_length=hop,
            center=False,
            n_mels=MELS,
            fmin=30.0,
            fmax=10000.0,
        )
        mel[first : first + count] = power.T
    # in place: an hour has 92 MB of these
    loudest = max(float(mel.max()), _LEAST_POWER)
    np.maximum(mel, _LEAST_POWER, out=mel)
    mel /= loudest
    np.log10(mel, out=mel)
    mel *= 10.0
    return np.maximum(mel, FLOOR_DB, out=mel)


def beat_tokens(audio: Audio, slots: SlotGrid) -> np.ndarray:
    """(N, 320) float32 tokens in [0, 1]: each slot's mel patch warped to five frames, 0 at -80 dB and 1 at 0 dB."""
    mel = log_mel(audio)
    mel -= FLOOR_DB
    mel /= -FLOOR_DB
    # librosa's hop is a whole number of samples, so a frame lasts this long, not quite HOP_S
    frame_s = round(audio.sample_rate * HOP_S) / audio.sample_rate
    lengths = slots.lengths_s
    within = (np.arange(MEL_FRAMES_PER_SLOT) + 0.5) / MEL_FRAMES_PER_SLOT - SLOT_LEAD
    position = (slots.times_s[:, None] + within * lengths[:, None]) / frame_s
    position = np.clip(position, 0, max(len(mel) - 1.001, 0))
    low = position.astype(np.int64)
    high = np.minimum(low + 1, len(mel) - 1)
    share = (position - low)[..., None].astype(np.float32)
    patches = np.empty((*low.shape, MELS), dtype=np.float32)
    for first in range(0, len(slots), _BLOCK_SLOTS):
        block = slice(first, first + _BLOCK_SLOTS)
        patches[block] = mel[low[block]] * (1 - share[block]) + mel[high[block]] * share[block]
    return patches.reshape(len(slots), TOKEN_DIM)


def pulse_tokens(network: BeatNetwork, audio: Audio, slots: SlotGrid, pitch: float = 0.0) -> np.ndarray:
    """(N, 67) float32 tokens: means of :func:`motionbeat.beats.tracker.pulse_features` over the frames of each slot,
    which begins :data:`SLOT_LEAD` early, as its mel patch does; heard ``pitch`` semitones higher.

    The network was trained on far more music than there are dances to, so that where the pulse is, and where in the
    bar it may be, need not be learned from dances again.
    """
    return slot_means(pulse_features(network, audio.samples, pitch), FRAME_RATE, slots)


def slot_means(frames: np.ndarray, rate: float, slots: SlotGrid) -> np.ndarray:
    """(N, D) float32 means of frames (T, D), ``rate`` of them a second from the beginning of the song on, over each
    slot, which begins :data:`SLOT_LEAD` early."""
    lengths = slots.lengths_s
    edges = (slots.times_s - SLOT_LEAD * lengths) * rate
    first = np.clip(np.round(edges).astype(np.int64), 0, len(frames) - 1)
    after = np.clip(np.round(edges + lengths * rate).astype(np.int64), first + 1, len(frames))
    # a running sum in float64: an hour of frames would lose the last digits of float32
    total = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, axis=0, dtype=np.float64)])
    return ((total[after] - total[first]) / (after - first)[:, None]).astype(np.float32)


def slot_onsets(tokens: np.ndarray) -> np.ndarray:
    """How strongly something begins in each slot: the onset envelope on the beat segments themselves.

    As librosa's onset strength it is the mean over mel bands of the rise in level from one frame to the next, here of
    the five frames of each slot, the first of them against the last of the slot before. The strongest rise in a slot
    counts, relative to the strongest of the clip (the detected onset envelope of MotionBeat, arXiv 2510.13244).

    Args:
        tokens: (..., N, 320) of :func:`beat_tokens`: a clip, or a batch of clips.

    Returns:
        (..., N) float32 in [0, 1]; 0 throughout where a clip is silent or steady. What begins with the clip's very
        first frame is not seen.

    Raises:
        ValueError: the last axis is not 320.
    """
    if tokens.ndim < 2 or tokens.shape[-1] != TOKEN_DIM:
        raise ValueError(f"tokens must be (..., N, {TOKEN_DIM}), got {tokens.shape}")
    clips, slots = tokens.shape[:-2], tokens.shape[-2]
    frames = slots * MEL_FRAMES_PER_SLOT
    level = tokens.reshape(*clips, frames, MELS).astype(np.float32, copy=False)
    rise = np.empty((*clips, frames), dtype=np.float32)
    rise[..., :1] = 0
    # in blocks, since the differences of a whole song take as much memory as its tokens
    for first in range(1, frames, _BLOCK_FRAMES):
        last = min(first + _BLOCK_FRAMES, frames)
        step = level[..., first:last, :] - level[..., first - 1 : last - 1, :]
        rise[..., first:last] = np.maximum(step, 0, out=step).mean(axis=-1)
    strongest = rise.reshape(*clips, slots, MEL_FRAMES_PER_SLOT).max(axis=-1)
    loudest = strongest.max(axis=-1, keepdims=True)
    return strongest / np.maximum(loudest, _LEAST_RISE)
