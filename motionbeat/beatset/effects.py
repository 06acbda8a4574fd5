"""What studios, rooms and codecs do to a sound, with settings drawn at random. Timing is kept."""

from __future__ import annotations

import io

import numpy as np
import scipy.ndimage
import scipy.signal
import soundfile

from motionbeat.audio import SAMPLE_RATE

_MOST_DELAY = 4000  # samples


def equalised(samples: np.ndarray, rng: np.random.Generator, spread_db: float = 7.0) -> np.ndarray:
    """(N,) through three peaking filters of up to about ``spread_db`` (biquads after R. Bristow-Johnson)."""
    for low, high in ((50, 250), (250, 1500), (1500, 8000)):
        centre = np.exp(rng.uniform(np.log(low), np.log(high)))
        gain = 10 ** (np.clip(rng.normal(0, spread_db / 2), -spread_db, spread_db) / 40)
        omega = 2 * np.pi * centre / SAMPLE_RATE
        alpha = np.sin(omega) / (2 * rng.uniform(0.5, 1.5))
        b = [1 + alpha * gain, -2 * np.cos(omega), 1 - alpha * gain]
        a = [1 + alpha / gain, -2 * np.cos(omega), 1 - alpha / gain]
        samples = scipy.signal.lfilter(np.array(b) / a[0], np.array(a) / a[0], samples)
    return samples


def compressed(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N,) with its loud parts held down: a feed-forward compressor of ratio 2 to 10, and make-up gain."""
    level = np.sqrt(scipy.ndimage.uniform_filter1d(samples**2, int(rng.uniform(0.01, 0.2) * SAMPLE_RATE)) + 1e-9)
    threshold = np.percentile(level, rng.uniform(30, 80))
    gain = np.minimum(1.0, (level / threshold) ** (1 / rng.uniform(2, 10) - 1))
    return samples * gain


def driven(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N,) through an overdriven amplifier and its loudspeaker, as electric guitars sound."""
    peak = np.percentile(np.abs(samples), 99) + 1e-9
    high_pass = scipy.signal.butter(1, rng.uniform(80, 250), "high", fs=SAMPLE_RATE, output="sos")
    hot = np.tanh(rng.uniform(4, 40) * scipy.signal.sosfilt(high_pass, samples) / peak)
    speaker = scipy.signal.butter(3, rng.uniform(3500, 6500), fs=SAMPLE_RATE, output="sos")
    return scipy.signal.sosfilt(speaker, hot)


def in_a_room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N,) with the reverberation of a room: exponentially decaying, dark noise of 0.2 to 2 s."""
    decay_s = float(np.exp(rng.uniform(np.log(0.2), np.log(2.0))))
    count = int(decay_s * SAMPLE_RATE)
    tail = rng.standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)
    dark = scipy.signal.butter(1, rng.uniform(2000, 8000), fs=SAMPLE_RATE, output="sos")
    tail = scipy.signal.sosfilt(dark, tail)
    tail /= np.sqrt((tail**2).sum())
    wet = scipy.signal.oaconvolve(samples, tail)[: len(samples)]
    return samples + rng.uniform(0.05, 0.5) * wet


def coded(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N,) after lossy coding, as MP3 or Ogg Vorbis at a low quality; shifted back by the codec's delay."""
    buffer = io.BytesIO()
    kind = str(rng.choice(["MP3", "OGG"]))
    scaled = 0.9 * samples / (np.abs(samples).max() + 1e-9)
    subtype = "MPEG_LAYER_III" if kind == "MP3" else "VORBIS"
    soundfile.write(
        buffer, scaled, SAMPLE_RATE, format=kind, subtype=subtype, compression_level=float(rng.uniform(0.6, 0.98))
    )
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="float64")
    window = min(len(scaled), len(decoded), 10 * SAMPLE_RATE)
    first = max(0, min(int(np.abs(scaled).argmax()), min(len(scaled), len(decoded)) - window))
    match = scipy.signal.correlate(decoded[first : first + window], scaled[first : first + window], method="fft")
    delay = int(match.argmax()) - (window - 1)
    if abs(delay) > _MOST_DELAY:  # a sound that repeats itself
        delay = 0
    shifted = decoded[delay:] if delay >= 0 else np.concatenate([np.zeros(-delay), decoded])
    return np.pad(shifted, (0, max(0, len(samples) - len(shifted))))[: len(samples)]


def produced(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N,) after a random choice of these."""
    if rng.random() < 0.6:
        samples = equalised(samples, rng)
    if rng.random() < 0.35:
        samples = compressed(samples, rng)
    if rng.random() < 0.4:
        samples = in_a_room(samples, rng)
    if rng.random() < 0.1:
        samples = np.tanh(rng.uniform(1, 4) * samples / (np.percentile(np.abs(samples), 99.5) + 1e-9))
    if rng.random() < 0.2:
        samples = coded(samples, rng)
    return samples
