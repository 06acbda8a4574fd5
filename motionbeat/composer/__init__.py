"""A composer of dance music: notes in, sound out, with the exact beats of every song.

It makes the demo songs and licence-clean training music. Everything is drawn from a seed and played by own synthesis
(:mod:`~motionbeat.composer.synth`), so the result belongs to whoever runs it.

>>> from motionbeat.composer import compose
>>> audio, grid = compose("house", tempo_bpm=122, bars=16, seed=1)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.signal

from motionbeat.audio import SAMPLE_RATE, Audio
from motionbeat.beats import BeatGrid
from motionbeat.composer.score import Note, Section, write_song
from motionbeat.composer.styles import STYLES, Style
from motionbeat.composer.synth import Instrument, make_drum, make_instrument

__all__ = ["STYLES", "Note", "Section", "compose", "perform", "write_song"]

_PEAK = 0.89  # -1 dB: leaves room for what lossy encoders add


def compose(
    style: str,
    tempo_bpm: float,
    bars: int,
    seed: int,
    beat_times_s: np.ndarray | None = None,
    *,
    form: Sequence[Section] | None = None,
    ending: bool = False,
    sample_rate: int = SAMPLE_RATE,
) -> tuple[Audio, BeatGrid]:
    """A new song and its beats.

    Args:
        style: one of :data:`STYLES`.
        tempo_bpm: quarter notes per minute; not used when ``beat_times_s`` is given.
        bars: length; not used when ``beat_times_s`` is given.
        seed: the same seed gives the same song.
        beat_times_s: (n,) ascending seconds, at least two; the song is played on exactly these beats, however uneven,
            with a downbeat on the first one. Silence before it.
        form: the sections, covering all bars; drawn from the seed when None.
        ending: whether the last bar is one held chord; otherwise the music plays on to the last beat.
        sample_rate: of the sound.

    Returns:
        The sound, from time 0 to one beat after the last one, and the grid.
    """
    if style not in STYLES:
        raise ValueError(f"no style {style!r}; there are {', '.join(STYLES)}")
    chosen = STYLES[style]
    if beat_times_s is None:
        if bars < 1:
            raise ValueError(f"bars must be 1 or more, got {bars}")
        grid = BeatGrid.steady(tempo_bpm, bars * chosen.meter * 60.0 / tempo_bpm, chosen.meter, confidence=1.0)
    else:
        times = np.asarray(beat_times_s, dtype=np.float64)
        tempo = 60.0 / float(np.median(np.diff(times)))
        grid = BeatGrid(times, times[:: chosen.meter], chosen.meter, tempo, 1.0)
    rng = np.random.default_rng([seed, *style.encode()])
    notes = write_song(chosen, len(grid), rng, form, ending)
    return perform(notes, chosen, grid, rng, fade_s=0.8 if ending else 0.02, sample_rate=sample_rate), grid


_LEVELS = {"bass": 0.48, "chords": 0.24, "pad": 0.13, "lead": 0.36}
_SOFTER_INSTRUMENTS = {
    "accordion": 0.7,
    "organ": 0.6,
    "overdriven_guitar": 0.55,
    "stab": 0.9,
    "marimba": 1.3,
    "bell": 1.0,
}
_DRUM_LEVELS = {
    "kick": 1.0,
    "soft_kick": 0.9,
    "snare": 0.62,
    "clap": 0.55,
    "hat": 0.24,
    "open_hat": 0.27,
    "ride": 0.2,
    "crash": 0.35,
    "shaker": 0.2,
    "maracas": 0.26,
    "tambourine": 0.24,
    "guiro": 0.24,
    "clave": 0.32,
    "rim": 0.36,
    "cowbell": 0.24,
    "conga_high": 0.46,
    "conga_low": 0.52,
    "tom_high": 0.6,
    "tom_low": 0.7,
}
_DRY_DRUMS = ("kick", "soft_kick", "hat")


@dataclass
class _Band:
    """The instruments and drums of one performance, each made or sounded once and kept."""

    rng: np.random.Generator
    rate: int
    instruments: dict[str, Instrument]
    sounds: dict[tuple[str, int, int], np.ndarray] = field(default_factory=dict)
    drums: dict[str, np.ndarray] = field(default_factory=dict)

    def drum(self, name: str) -> np.ndarray:
        if name not in self.drums:
            self.drums[name] = make_drum(name, self.rng, self.rate)
        return self.drums[name]

    def note(self, part: str, pitch: float, length_s: float) -> np.ndarray:
        ticks = max(2, round(length_s * 50))
        key = (part, round(pitch * 4), ticks)
        if key not in self.sounds:
            self.sounds[key] = self.instruments[part](440.0 * 2 ** ((pitch - 69) / 12), ticks / 50)
        return self.sounds[key]


def perform(
    notes: Sequence[Note],
    style: Style,
    grid: BeatGrid,
    rng: np.random.Generator,
    fade_s: float = 0.02,
    sample_rate: int = SAMPLE_RATE,
) -> Audio:
    """Play notes on the beats of a grid.

    Args:
        notes: what to play; beat 0 is the first beat of the grid.
        style: instruments to choose from, swing and ducking.
        grid: when each beat sounds.
        rng: choice and timbre of the instruments, and the small unevenness of human playing.
        fade_s: seconds over which the end of the last beat is faded out.
        sample_rate: of the sound.
    """
    names = {
        "bass": str(rng.choice(style.bass_voices)),
        "chords": str(rng.choice(style.chord_voices)),
        "pad": str(rng.choice(style.pad_voices)),
        "lead": str(rng.choice(style.lead_voices)),
    }
    band = _Band(rng, sample_rate, {part: make_instrument(name, rng, sample_rate) for part, name in names.items()})
    levels = {part: _LEVELS[part] * _SOFTER_INSTRUMENTS.get(name, 1.0) for part, name in names.items()}
    levels = {part: level * rng.uniform(0.75, 1.3) for part, level in levels.items()}
    drum_level = rng.uniform(0.7, 1.0)
    swing = rng.uniform(*style.swing)

    length = round(float(grid.time_at(len(grid))) * sample_rate)
    dry_drums, wet_drums, low, high = (np.zeros(length, dtype=np.float32) for _ in range(4))
    kicks = []
    for note in notes:
        start_s, end_s = grid.time_at(np.array([_swung(note.beat, swing), note.beat + note.length]))
        if note.part == "drums":
            if "kick" in note.sound:
                kicks.append(start_s)
            else:
                start_s += float(np.clip(rng.normal(0, 0.002), -0.005, 0.005))
            bus = dry_drums if note.sound in _DRY_DRUMS else wet_drums
            _mix(
                bus, band.drum(note.sound), start_s, drum_level * _DRUM_LEVELS[note.sound] * note.loudness, sample_rate
            )
        else:
            start_s += float(np.clip(rng.normal(0, 0.004), -0.01, 0.01))
            bus = low if note.part == "bass" else high
            sound = band.note(note.part, note.pitch, end_s - start_s)
            _mix(bus, sound, start_s, levels[note.part] * note.loudness, sample_rate)

    duck = _ducking(np.array(kicks), style.duck, length, sample_rate)
    low *= duck
    high *= duck
    room = _room(rng, sample_rate)
    reverb = scipy.signal.oaconvolve(0.6 * high + 0.5 * wet_drums, room)[:length] * rng.uniform(0.1, 0.3)
    mix = dry_drums + wet_drums + low + high + reverb
    # With this lift above 1 kHz the octave bands come out as in a sample of published dance music.
    mix = mix + 0.35 * scipy.signal.sosfilt(scipy.signal.butter(1, 1000.0, "high", fs=sample_rate, output="sos"), mix)
    # A gentle limiter: quiet passages stay linear, peaks are rounded.
    loud = float(np.percentile(np.abs(mix), 99.5)) or 1.0
    mix = np.tanh(0.9 * mix / loud)
    mix = scipy.signal.sosfilt(scipy.signal.butter(2, 28.0, "high", fs=sample_rate, output="sos"), mix)
    fade = min(length, int(fade_s * sample_rate))
    mix[length - fade :] *= np.linspace(1, 0, fade) ** 2
    peak = float(np.abs(mix).max())
    return Audio((mix * (_PEAK / peak if peak > 0 else 0.0)).astype(np.float32), sample_rate)


def _swung(beat: float, swing: float) -> float:
    """A time in beats when every second eighth comes ``swing`` beats late and the rest follows evenly."""
    whole, part = divmod(beat, 1.0)
    middle = 0.5 + swing
    return whole + (part * middle / 0.5 if part < 0.5 else middle + (part - 0.5) * (1 - middle) / 0.5)


def _mix(bus: np.ndarray, sound: np.ndarray, start_s: float, level: float, rate: int) -> None:
    start = max(0, round(start_s * rate))
    part = sound[: max(0, len(bus) - start)]
    bus[start : start + len(part)] += level * part


def _ducking(kicks_s: np.ndarray, depth: float, length: int, rate: int) -> np.ndarray:
    """Gain that dips at each kick and comes back within about a quarter of a second: the pumping of club music."""
    gain = np.ones(length, dtype=np.float32)
    if depth == 0:
        return gain
    time = np.arange(int(0.4 * rate)) / rate
    dip = (1 - depth * np.minimum(1, time / 0.004) * np.exp(-time / 0.1)).astype(np.float32)
    for kick in kicks_s:
        start = max(0, round(kick * rate))
        part = dip[: max(0, length - start)]
        gain[start : start + len(part)] = np.minimum(gain[start : start + len(part)], part)
    return gain


def _room(rng: np.random.Generator, rate: int) -> np.ndarray:
    """Impulse response of a made-up room: decaying noise, darker towards its end."""
    time = np.arange(int(rng.uniform(0.6, 1.6) * rate)) / rate
    fall = time[-1] / 6
    noise = rng.standard_normal(len(time))
    dark = scipy.signal.sosfilt(scipy.signal.butter(1, 2500.0, "low", fs=rate, output="sos"), noise)
    bright = np.exp(-time / (0.5 * fall))
    response = (noise * bright + 2 * dark * (1 - bright)) * np.exp(-time / fall)
    response[: int(0.008 * rate)] = 0
    return (response / np.sqrt((response**2).sum())).astype(np.float32)
