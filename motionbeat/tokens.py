"""Beat-synchronous audio tokens: a song cut into slots of its own beats, each slot a small tempo-free mel patch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motionbeat.audio import Audio
from motionbeat.beats import BeatGrid

SLOTS_PER_BEAT = 4
"""Sixteenth notes in 4/4: off-beat onsets stay visible."""

MELS = 64
MEL_FRAMES_PER_SLOT = 5
TOKEN_DIM = MELS * MEL_FRAMES_PER_SLOT
HOP_S = 0.01
FLOOR_DB = -80.0

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

    power = librosa.feature.melspectrogram(
        y=audio.samples,
        sr=audio.sample_rate,
        n_fft=1024,
        hop_length=round(audio.sample_rate * HOP_S),
        n_mels=MELS,
        fmin=30.0,
        fmax=10000.0,
    )
    loudest = max(float(power.max()), 1e-10)
    decibel = 10.0 * np.log10(np.maximum(power, 1e-10) / loudest)
    return np.maximum(decibel, FLOOR_DB).T.astype(np.float32)


def beat_tokens(audio: Audio, slots: SlotGrid) -> np.ndarray:
    """(N, 320) float32 tokens in [0, 1]: each slot's mel patch warped to five frames, 0 at -80 dB and 1 at 0 dB."""
    mel = (log_mel(audio) - FLOOR_DB) / -FLOOR_DB
    # librosa's hop is a whole number of samples, so a frame lasts this long, not quite HOP_S
    frame_s = round(audio.sample_rate * HOP_S) / audio.sample_rate
    lengths = np.diff(slots.times_s, append=2 * slots.times_s[-1] - slots.times_s[-2])
    within = (np.arange(MEL_FRAMES_PER_SLOT) + 0.5) / MEL_FRAMES_PER_SLOT - SLOT_LEAD
    position = (slots.times_s[:, None] + within * lengths[:, None]) / frame_s
    position = np.clip(position, 0, len(mel) - 1.001)
    low = position.astype(np.int64)
    share = (position - low)[..., None].astype(np.float32)
    patches = mel[low] * (1 - share) + mel[low + 1] * share
    return patches.reshape(len(slots), TOKEN_DIM)
