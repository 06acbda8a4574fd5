"""MotionBeat's audio tower as an encoder to be probed: every layer, on its own beats or on a fixed clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import nn

from motionbeat.audio import Audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.beats.decoding import METERS
from motionbeat.beats.features import FRAME_RATE
from motionbeat.beats.tracker import pulse_features
from motionbeat.embed import load_encoder
from motionbeat.encoder import MotionBeat, bar_angles, clip_length, clip_starts
from motionbeat.probe.encoders import Heard, Layer
from motionbeat.probe.task import Listening
from motionbeat.tokens import SLOT_LEAD, SLOTS_PER_BEAT, SlotGrid, slot_grid

CLOCK_SLOT_S = 0.12
"""Length of a slot where time is cut by a clock: a sixteenth at 125 beats a minute, so that tokens are as long as in
training."""

FRAME_S = 0.04
"""Distance of frames where beats are probed; a third of a slot, since clocks that start apart are interleaved."""

LAGS = 12 * SLOTS_PER_BEAT
"""Repetition is looked for up to twelve beats apart: three bars of four, four of three."""

_METER = 4
_LEAST_S = 0.5  # shorter notes are followed by silence, so that there are slots


class MotionBeatEncoder:
    """MotionBeat's audio tower.

    Layers: ``ear`` (the beat network's frames; only where it hears through one), ``tokens`` (the same or mel patches,
    by slot), ``stem``, ``phase N``, ``plain N``, ``final``. On a clock, all tokens have phase zero. Vectors: ``clip``
    (the embedding that is compared with dances) and, on its own beats, ``tokens in beat`` and ``final in beat`` (means
    of the four slots of a beat, side by side), ``tokens + repetition`` and ``final + repetition`` (means, deviations
    and :func:`repetition`) and ``final, grid`` (mean and deviation of the last layer, tempo, meter and confidence: all
    that a dance generator is told).

    Args:
        name: in tables.
        folder: of the weights; the shipped ones when None.
        on_beats: whether it listens on its own beats where a task allows that.
    """

    def __init__(self, name: str, folder: Path | None = None, on_beats: bool = True) -> None:
        loaded = load_encoder(folder)
        self.name = name
        self.version = f"{loaded.sha256[:16]} {'beats' if on_beats else 'clock'}"
        where = "on its own beats where that gives nothing away" if on_beats else "always on a fixed clock"
        self.about = f"MotionBeat's audio tower, {where}"
        self._model = loaded.model
        self._on_beats = on_beats

    def hear(self, audio: Audio, listening: Listening) -> Heard:
        """See the class."""
        if audio.duration < _LEAST_S:
            missing = round(_LEAST_S * audio.sample_rate) - len(audio)
            audio = Audio(np.pad(audio.samples, (0, missing)), audio.sample_rate)
        if listening is Listening.FRAMES:
            return Heard(self._dense_layers(audio))
        if listening is Listening.MUSIC and self._on_beats:
            return self._on_own_beats(audio)
        layers, clip = self._layers(audio, _clock(audio.duration, 0.0))
        return Heard(self._ear(audio) | layers, {"clip": clip})

    def _on_own_beats(self, audio: Audio) -> Heard:
        grid = track_beats(audio).covering(audio.duration)
        layers, clip = self._layers(audio, slot_grid(grid))
        final = layers["final"].frames
        whole = np.concatenate([final.mean(axis=0), final.std(axis=0), _grid_values(grid)])
        vectors = {"clip": clip, "final, grid": whole.astype(np.float32)}
        for name in ("tokens", "final"):
            frames = layers[name].frames
            vectors[f"{name} in beat"] = frames.reshape(-1, SLOTS_PER_BEAT, frames.shape[1]).mean(axis=0).ravel()
            again = repetition(frames)
            vectors[f"{name} + repetition"] = np.concatenate([frames.mean(axis=0), frames.std(axis=0), again])
            vectors[f"{name} repetition"] = again
        return Heard(self._ear(audio) | layers, vectors)

    def _dense_layers(self, audio: Audio) -> dict[str, Layer]:
        """Frames :data:`FRAME_S` apart, of clocks that start that much later each."""
        count = round(CLOCK_SLOT_S / FRAME_S)
        heard = [self._layers(audio, _clock(audio.duration, FRAME_S * index))[0] for index in range(count)]
        dense = self._ear(audio)
        for name in heard[0]:
            times = np.concatenate([layers[name].times_s for layers in heard])
            order = np.argsort(times)
            dense[name] = Layer(np.concatenate([layers[name].frames for layers in heard])[order], times[order])
        return dense

    def _ear(self, audio: Audio) -> dict[str, Layer]:
        if self._model.beat_network is None:
            return {}
        frames = pulse_features(self._model.beat_network, audio.samples)
        return {"ear": Layer(frames, np.arange(len(frames)) / FRAME_RATE)}

    @torch.no_grad()
    def _layers(self, audio: Audio, slots: SlotGrid) -> tuple[dict[str, Layer], np.ndarray]:
        """Every layer of the tower on the slots of a clip, and the unit vector of the whole."""
        tokens = self._model.audio_tokens(audio, slots)
        starts, length = clip_starts(slots), clip_length(slots)
        index = starts[:, None] + np.arange(length)
        with _recorded(self._model) as layers:
            z, _ = self._model.embed_audio(torch.from_numpy(tokens)[index], torch.from_numpy(bar_angles(slots))[index])
        # as MotionBeat.embed_slots lays overlapping clips over one another
        weight = np.hanning(length + 2)[1:-1, None]
        weights = np.zeros((len(slots), 1))
        for start in starts:
            weights[start : start + length] += weight
        middles = slots.times_s + (0.5 - SLOT_LEAD) * slots.lengths_s
        heard = {"tokens": Layer(tokens, middles)}
        for name, clips in layers.items():
            total = np.zeros((len(slots), clips.shape[-1]))
            for start, clip in zip(starts, clips, strict=True):
                total[start : start + length] += weight * clip
            heard[name] = Layer((total / weights).astype(np.float32), middles)
        mean = z.numpy().mean(axis=0, dtype=np.float64)
        return heard, (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)


@contextmanager
def _recorded(model: MotionBeat) -> Iterator[dict[str, np.ndarray]]:
    """What leaves each block of the audio tower, (B, N, width) by name, while inside."""
    tower = model.audio
    blocks: dict[str, nn.Module] = {"stem": tower.stem}
    blocks |= {f"phase {number}": block for number, block in enumerate(tower.phase_blocks, 1)}
    blocks |= {f"plain {number}": layer for number, layer in enumerate(tower.plain_layers, 1)}
    blocks["final"] = tower.final
    outputs: dict[str, np.ndarray] = {}
    handles = []
    for name, block in blocks.items():

        def keep(module: nn.Module, given: object, output: torch.Tensor, name: str = name) -> None:
            outputs[name] = output.numpy()

        handles.append(block.register_forward_hook(keep))
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def repetition(tokens: np.ndarray) -> np.ndarray:
    """(LAGS,) float32: how alike tokens (N, D) are that lie 1, 2, ... slots apart, the mean correlation over channels;
    0 for lags as long as the clip. Slots are counted in beats, so this tells meter and rhythm at any tempo."""
    values = (tokens - tokens.mean(axis=0)) / (tokens.std(axis=0) + 1e-3)
    alike = [(values[:-lag] * values[lag:]).mean() for lag in range(1, min(LAGS + 1, len(values)))]
    return np.pad(np.array(alike, dtype=np.float32), (0, LAGS - len(alike)))


def _clock(duration_s: float, first_s: float) -> SlotGrid:
    """Slots of :data:`CLOCK_SLOT_S` from ``first_s`` on, all of phase zero."""
    count = max(2, int((duration_s - first_s) / CLOCK_SLOT_S))
    return SlotGrid(first_s + CLOCK_SLOT_S * np.arange(count), np.zeros(count), _METER)


def _grid_values(grid: BeatGrid) -> np.ndarray:
    """(8,) tempo in octaves from 120 beats a minute, which of the meters it is, confidence."""
    return np.array([np.log2(grid.tempo / 120.0), *(float(grid.meter == meter) for meter in METERS), grid.confidence])
