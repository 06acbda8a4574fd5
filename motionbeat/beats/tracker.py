"""From sound to beat grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from motionbeat.assets import asset_path
from motionbeat.audio import SAMPLE_RATE, Audio
from motionbeat.beats.decoding import DecoderSettings, decode, widened
from motionbeat.beats.features import FRAME_RATE, HOP, log_scaled, mel_spectrogram
from motionbeat.beats.grid import DEFAULT_TEMPO, BeatGrid, BeatTracker
from motionbeat.beats.network import BeatLogits, BeatNetwork
from motionbeat.errors import UserError
from motionbeat.model_files import load_model

_MIN_BEATS = 3
_LOUDEST = 1e6
_SILENCE = 1.0  # of a log-scaled spectrogram: 55 dB below the loud parts
_EDGE_FRAMES = 3
_BLOCK_FRAMES = 24_000  # eight minutes at a time, which bounds the memory of the network
_DEFAULT_SETTINGS = DecoderSettings()


@dataclass(frozen=True, eq=False)
class Hearing:
    """What the network makes of a sound, frame by frame at :data:`~motionbeat.beats.features.FRAME_RATE`.

    Attributes:
        beat: (T,) probability of a beat.
        downbeat: (T,) probability of a downbeat.
        pulse: (T,) probability that the music around has a beat.
        meter: (M,) probability of each of :data:`~motionbeat.beats.decoding.METERS`.
    """

    beat: np.ndarray
    downbeat: np.ndarray
    pulse: np.ndarray
    meter: np.ndarray

    def beats(self, settings: DecoderSettings = _DEFAULT_SETTINGS) -> tuple[np.ndarray, np.ndarray, int]:
        """(n,) seconds of the beats, (n,) places in the bar (0 on downbeats), beats in a bar."""
        active_s = float((self.pulse > 0.5).sum()) / FRAME_RATE
        frames, places, meter = decode(self.beat, self.downbeat, self.meter, FRAME_RATE, settings, active_s)
        return _between_frames(frames, self.beat) / FRAME_RATE, places, meter

    def confidence(self, beats_s: np.ndarray) -> float:
        """How sure the network is that these are the beats, 0 to 1: its mean probability at them (the highest within
        a frame), where the music has a beat at all."""
        frames = np.clip(np.round(beats_s * FRAME_RATE).astype(int), 0, len(self.beat) - 1)
        return float(np.mean(widened(self.beat)[frames] * self.pulse[frames]))


PITCHES: tuple[float, ...] = (-3.0, 0.0, 3.0)
"""Semitones: a song is heard so much lower and higher too, and what is said of it averaged. Beats have no pitch, and
the three make different mistakes."""


@torch.inference_mode()
def hear(network: BeatNetwork, samples: np.ndarray, hop: int = HOP, pitches: Sequence[float] = PITCHES) -> Hearing:
    """Run the network over mono (N,) samples at 22050 per second, once for each of ``pitches``; with another ``hop``
    as if they were played ``hop / HOP`` times as fast."""
    sound = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    views, loudness = [], []
    for pitch in pitches:
        spectrogram = log_scaled(mel_spectrogram(sound, hop, pitch))
        views.append(_in_blocks(network, spectrogram, _logits))
        loudness.append(spectrogram.amax(dim=1))
    beat, downbeat, pulse, meter = (torch.stack(view).mean(dim=0) for view in zip(*views, strict=True))
    beat, downbeat, pulse = torch.sigmoid(beat), torch.sigmoid(downbeat), torch.sigmoid(pulse)
    meter = (torch.softmax(meter, dim=-1) * pulse[:, None]).sum(dim=0) / pulse.sum()
    # The network goes on counting in the silence before and after; nobody dances there.
    loud = torch.nonzero(loudness[0] > _SILENCE)
    first, last = (int(loud[0]), int(loud[-1])) if len(loud) else (len(beat), len(beat))
    for heard in (beat, downbeat):
        heard[: max(0, first - _EDGE_FRAMES)] = 0
        heard[last + _EDGE_FRAMES :] = 0
    return Hearing(beat.numpy(), downbeat.numpy(), pulse.numpy(), meter.numpy())


@torch.inference_mode()
def pulse_features(network: BeatNetwork, samples: np.ndarray, pitch: float = 0.0) -> np.ndarray:
    """(T, width + 3) float32 at :data:`~motionbeat.beats.features.FRAME_RATE`: the network's last hidden layer, then
    its probabilities of a beat, a downbeat and a pulse.

    Args:
        network: what hears.
        samples: (N,) mono, 22050 per second.
        pitch: semitones that everything is heard higher.
    """
    spectrogram = log_scaled(mel_spectrogram(torch.from_numpy(samples), HOP, pitch))

    def features(heard: BeatLogits) -> tuple[torch.Tensor]:
        said = torch.stack([heard.beat, heard.downbeat, heard.pulse], dim=-1)
        return (torch.cat([heard.hidden, torch.sigmoid(said)], dim=-1),)

    return _in_blocks(network, spectrogram, features)[0].numpy()


def _logits(heard: BeatLogits) -> tuple[torch.Tensor, ...]:
    return heard.beat, heard.downbeat, heard.pulse, heard.meter


def _in_blocks(
    network: BeatNetwork, spectrogram: torch.Tensor, take: Callable[[BeatLogits], tuple[torch.Tensor, ...]]
) -> list[torch.Tensor]:
    """What ``take`` takes, each (1, T, ...), of a (T, bands) spectrogram of any length: (T, ...) float32."""
    device = next(network.parameters()).device
    reach = network.reach
    parts = []
    for start in range(0, len(spectrogram), _BLOCK_FRAMES):
        before = max(0, start - reach)
        heard = network(spectrogram[None, before : start + _BLOCK_FRAMES + reach].to(device))
        inside = slice(start - before, start - before + _BLOCK_FRAMES)
        parts.append([x[0, inside].float().cpu() for x in take(heard)])
    return [torch.cat(part) for part in zip(*parts, strict=True)]


@dataclass(frozen=True, eq=False)
class NeuralBeatTracker:
    """Beats, bars and meter by a trained network and a bar-pointer model.

    Attributes:
        network: what hears.
        settings: of the decoder.
        min_confidence: below it, a steady grid is laid over the sound instead of beats that are not there.
    """

    network: BeatNetwork
    settings: DecoderSettings = _DEFAULT_SETTINGS
    min_confidence: float = 0.1

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> NeuralBeatTracker:
        """The tracker whose network was saved in ``folder``.

        Raises:
            UserError: there is none, or it cannot be read.
        """
        if not (Path(folder, "config.json").is_file() and any(Path(folder).glob("*.safetensors"))):
            raise UserError(f"No beat network in {folder}; is the installation complete?")
        return cls(load_model(Path(folder), BeatNetwork))

    def __call__(self, audio: Audio) -> BeatGrid:
        if audio.sample_rate != SAMPLE_RATE:
            raise ValueError(f"the network hears {SAMPLE_RATE} samples per second, got {audio.sample_rate}")
        if len(audio.samples) == 0 or not np.isfinite(audio.samples).all() or np.abs(audio.samples).max() > _LOUDEST:
            raise ValueError("samples must be one or more numbers of ordinary size")
        hearing = hear(self.network, audio.samples)
        beats, places, meter = hearing.beats(self.settings)
        confidence = hearing.confidence(beats)
        if len(beats) < _MIN_BEATS or confidence < self.min_confidence:
            return BeatGrid.steady(DEFAULT_TEMPO, audio.duration)
        if not (places == 0).any():
            places[0] = 0
        tempo = 60.0 / float(np.median(np.diff(beats)))
        return BeatGrid(beats, beats[places == 0], meter, tempo, confidence)


def track_beats(audio: Audio, tracker: BeatTracker | None = None) -> BeatGrid:
    """Find the beats of a song.

    Args:
        audio: the sound.
        tracker: who does it; a :class:`NeuralBeatTracker` with the weights that come with the project when None.

    Returns:
        Beats from the first to the last that can be heard; :meth:`BeatGrid.covering` continues them to both ends.
    """
    return (tracker or shipped_tracker())(audio)


@cache
def shipped_tracker() -> NeuralBeatTracker:
    """The tracker with the weights that come with the project."""
    return NeuralBeatTracker.from_pretrained(asset_path("models", "beats"))


def _between_frames(frames: np.ndarray, beat: np.ndarray) -> np.ndarray:
    """(n,) tops of parabolas through the log activations around whole frames; unheard beats stay where they are."""
    padded = np.log(np.pad(np.clip(beat, 1e-4, 1), 1, mode="edge"))
    before, here, after = padded[frames], padded[frames + 1], padded[frames + 2]
    bend = before - 2 * here + after
    shift = np.where(bend < -0.1, 0.5 * (before - after) / np.minimum(bend, -0.1), 0.0)
    return np.maximum(frames + np.clip(shift, -1.0, 1.0), 0.0)
