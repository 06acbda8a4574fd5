"""Sound without a beat: speech, singing, noise, drones, notes at random. As itself, and to be mixed over music."""

from __future__ import annotations

import io
import shutil
import subprocess

import numpy as np
import pretty_midi
import scipy.ndimage
import scipy.signal
import soundfile
import soxr

from motionbeat.audio import SAMPLE_RATE
from motionbeat.beatset.score import AnnotatedScore

_VOWELS_HZ = np.array([[800, 1150, 2900], [350, 2000, 2800], [270, 2140, 2950], [450, 800, 2830], [325, 700, 2700]])
_SYLLABLES = (
    "ka",
    "lo",
    "mi",
    "ten",
    "dar",
    "ver",
    "so",
    "ni",
    "pa",
    "ru",
    "the",
    "and",
    "of",
    "with",
    "mel",
    "ti",
    "on",
)


def scattered_notes(seed: int, duration_s: float = 45.0) -> AnnotatedScore:
    """Notes whose beginnings are independent of each other (a Poisson process, its rate swelling and ebbing)."""
    rng = np.random.default_rng([seed, 21])
    midi = pretty_midi.PrettyMIDI()
    for _ in range(int(rng.integers(1, 4))):
        drums = rng.random() < 0.2
        instrument = pretty_midi.Instrument(int(rng.integers(0, 104)), drums, "drums" if drums else "scattered")
        time, rate = 0.0, float(np.exp(rng.uniform(np.log(0.3), np.log(6))))
        scale = 48 + int(rng.integers(12)) + np.array([0, 2, 3, 5, 7, 9, 10, 12, 14, 17, 19, 22])
        while (time := time + rng.exponential(1 / rate)) < duration_s:
            pitch = int(rng.integers(35, 60)) if drums else int(rng.choice(scale))
            length = float(rng.exponential(0.7)) + 0.08
            instrument.notes.append(pretty_midi.Note(int(rng.integers(30, 120)), pitch, time, time + length))
            rate = float(np.clip(rate * np.exp(rng.normal(0, 0.15)), 0.2, 8))
        midi.instruments.append(instrument)
    return AnnotatedScore(midi, np.zeros(0), np.zeros(0, dtype=int), f"scattered{seed:04d}", "beatless")


def beatless_sound(seed: int, duration_s: float = 45.0) -> np.ndarray:
    """(N,) float64, peak 1: one of the kinds named above, in turn."""
    rng = np.random.default_rng([seed, 22])
    count = int(duration_s * SAMPLE_RATE)
    kind = (_speech, _singing, _noise, _drone, _speech, _singing)[seed % 6]
    samples = kind(count, rng)
    return samples / max(float(np.abs(samples).max()), 1e-6)


def _speech(count: int, rng: np.random.Generator) -> np.ndarray:
    """Invented words spoken by espeak-ng; a crowd of speakers at times. Singing where it is not installed."""
    if shutil.which("espeak-ng") is None:
        return _singing(count, rng)
    total = np.zeros(count)
    for _ in range(int(rng.choice([1, 1, 2, 12]))):
        words = [
            "".join(rng.choice(_SYLLABLES, int(rng.integers(1, 4)))) + ("," if rng.random() < 0.15 else "")
            for _ in range(150)
        ]
        voice = (
            f"{rng.choice(['en', 'de', 'fr', 'es', 'it', 'pl'])}+{rng.choice(['m1', 'm3', 'm7', 'f1', 'f2', 'f4'])}"
        )
        settings = ["-s", str(int(rng.integers(120, 220))), "-p", str(int(rng.integers(10, 90)))]
        spoken = subprocess.run(
            ["espeak-ng", "-v", voice, *settings, "--stdout", " ".join(words)], capture_output=True, timeout=60
        ).stdout
        voice_samples, rate = soundfile.read(io.BytesIO(spoken))
        voice_samples = soxr.resample(voice_samples, rate, SAMPLE_RATE)
        total += np.resize(voice_samples, count) if len(voice_samples) < count else voice_samples[:count]
    return total


def _singing(count: int, rng: np.random.Generator) -> np.ndarray:
    """A voice gliding between held notes of uneven length: a pulse train with vibrato through vowel formants."""
    total = np.zeros(count)
    for _ in range(int(rng.integers(1, 4))):
        time, pitches, loudness = 0, np.zeros(count), np.zeros(count)
        centre = rng.uniform(48, 70)
        while time < count:
            length = int(rng.gamma(2.0, 0.25) * SAMPLE_RATE) + 2000
            pitches[time : time + length] = centre + rng.choice([-5, -3, -2, 0, 2, 3, 5, 7])
            loudness[time : time + length] = rng.random() > 0.15
            time += length
        smooth = int(0.06 * SAMPLE_RATE)
        pitches = scipy.ndimage.uniform_filter1d(pitches, smooth)
        loudness = scipy.ndimage.uniform_filter1d(loudness, smooth)
        vibrato = 0.3 * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * np.arange(count) / SAMPLE_RATE)
        hertz = 440 * 2 ** ((pitches + vibrato - 69) / 12)
        phase = np.cumsum(hertz) / SAMPLE_RATE
        source = 2 * (phase % 1) - 1 + 0.05 * rng.standard_normal(count)
        voice = np.zeros(count)
        for part in np.array_split(np.arange(count), 40):
            for formant in _VOWELS_HZ[rng.integers(len(_VOWELS_HZ))]:
                band = scipy.signal.iirpeak(formant, formant / 120, fs=SAMPLE_RATE)
                voice[part] += scipy.signal.lfilter(*band, source[part])
        total += voice * loudness
    return total


def _noise(count: int, rng: np.random.Generator) -> np.ndarray:
    """Coloured noise that swells and ebbs, as wind, rain, surf and crowds do."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    colour = np.arange(1, len(spectrum) + 1) ** -rng.uniform(0, 1.0)
    samples = np.fft.irfft(spectrum * colour, count)
    knots = np.exp(rng.normal(0, 0.8, 30))
    return samples * np.interp(np.arange(count), np.linspace(0, count, 30), knots)


def _drone(count: int, rng: np.random.Generator) -> np.ndarray:
    """Held chords of detuned partials that fade into each other at uneven times."""
    time = np.arange(count) / SAMPLE_RATE
    total = np.zeros(count)
    for _ in range(int(rng.integers(3, 9))):
        base = 55 * 2 ** rng.uniform(0, 3)
        for partial in range(1, int(rng.integers(2, 8))):
            swell = np.interp(np.arange(count), np.linspace(0, count, 12), rng.random(12) ** 2)
            detune = 1 + rng.normal(0, 0.002)
            total += swell / partial * np.sin(2 * np.pi * (base * partial * detune * time + rng.random()))
    return total
