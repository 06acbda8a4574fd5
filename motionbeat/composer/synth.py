"""Sounds from arithmetic: the instruments and drums of the composer.

An instrument is a function of pitch and length, made once per song by :func:`make_instrument` with its own random
timbre; a drum is one sound, made by :func:`make_drum`. Methods are the textbook ones: subtractive synthesis from
band-limited (PolyBLEP) saws, two-operator frequency modulation (Chowning 1973), plucked strings (Karplus and Strong
1983), additive partials, and filtered noise.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy.signal

Instrument = Callable[[float, float], np.ndarray]
"""Sound of one note, (N,) float32 with a peak near 1, from its frequency in Hz and its length in seconds. What rings
on after the length is included."""

INSTRUMENTS: tuple[str, ...] = (
    "accordion",
    "bell",
    "brass",
    "clav",
    "electric_bass",
    "electric_piano",
    "fiddle",
    "flute",
    "guitar",
    "lead",
    "marimba",
    "organ",
    "overdriven_guitar",
    "pad",
    "piano",
    "pluck",
    "stab",
    "strings",
    "sub_bass",
    "synth_bass",
    "upright_bass",
)

DRUMS: tuple[str, ...] = (
    "clap",
    "clave",
    "conga_high",
    "conga_low",
    "cowbell",
    "crash",
    "guiro",
    "hat",
    "kick",
    "maracas",
    "open_hat",
    "ride",
    "rim",
    "shaker",
    "snare",
    "soft_kick",
    "tambourine",
    "tom_high",
    "tom_low",
)


@lru_cache(maxsize=256)
def _filter(kind: str, cutoff_hz: float | tuple[float, float], rate: int, order: int = 2) -> np.ndarray:
    cutoff = np.clip(np.asarray(cutoff_hz, dtype=np.float64), 20.0, 0.47 * rate)
    return scipy.signal.butter(order, cutoff, kind, fs=rate, output="sos")


def _filtered(
    sound: np.ndarray, kind: str, cutoff_hz: float | tuple[float, float], rate: int, order: int = 2
) -> np.ndarray:
    return scipy.signal.sosfilt(_filter(kind, cutoff_hz, rate, order), sound)


def _time(seconds: float, rate: int) -> np.ndarray:
    return np.arange(max(1, int(seconds * rate))) / rate


def _saw(hz: float | np.ndarray, time: np.ndarray, rate: int, phase: float = 0.0) -> np.ndarray:
    """Band-limited saw by PolyBLEP (Valimaki and Huovilainen 2007); ``hz`` may move."""
    step = np.broadcast_to(np.asarray(hz, dtype=np.float64) / rate, time.shape)
    turn = (phase + np.cumsum(step)) % 1.0
    wave = 2 * turn - 1
    after = turn < step
    x = turn[after] / step[after]
    wave[after] -= 2 * x - x * x - 1
    before = turn > 1 - step
    x = (turn[before] - 1) / step[before]
    wave[before] -= x * x + 2 * x + 1
    return wave


def _pulse(hz: float | np.ndarray, time: np.ndarray, rate: int, width: float = 0.5) -> np.ndarray:
    return _saw(hz, time, rate) - _saw(hz, time, rate, 1 - width)


def _gate(time: np.ndarray, length_s: float, attack_s: float, release_s: float) -> np.ndarray:
    """Rise, hold until ``length_s``, exponential fall."""
    rise = np.minimum(1.0, (time + 1e-4) / attack_s)
    return rise * np.exp(-np.maximum(time - length_s, 0) / release_s)


def _swept(sound: np.ndarray, low_hz: float, high_hz: float, amount: np.ndarray, rate: int) -> np.ndarray:
    """A lowpass that moves from ``high_hz`` (amount 1) to ``low_hz`` (amount 0), as a mix of its two ends."""
    dark = _filtered(sound, "low", round(low_hz, -1), rate)
    return dark + amount * (_filtered(sound, "low", round(high_hz, -2), rate) - dark)


def _partials(hz: float, time: np.ndarray, rate: int, levels: np.ndarray, decays: np.ndarray) -> np.ndarray:
    """Sum of harmonics with a level and a decay rate (1/s) each, those below the Nyquist frequency."""
    count = max(1, min(len(levels), int(0.45 * rate / hz)))
    number = np.arange(1, count + 1)[:, None]
    waves = np.sin(2 * np.pi * hz * number * time) * np.exp(-decays[:count, None] * time)
    return levels[:count] @ waves


def make_instrument(kind: str, rng: np.random.Generator, rate: int) -> Instrument:
    """An instrument of one kind with a timbre drawn from ``rng``.

    Args:
        kind: one of :data:`INSTRUMENTS`.
        rng: source of the timbre.
        rate: samples per second.
    """
    if kind not in INSTRUMENTS:
        raise ValueError(f"no instrument {kind!r}; there are {', '.join(INSTRUMENTS)}")
    maker: Callable[[np.random.Generator, int], Instrument] = globals()[f"_{kind}"]
    raw = maker(rng, rate)

    def play(hz: float, length_s: float) -> np.ndarray:
        sound = raw(hz, length_s)
        fade = min(len(sound), int(0.005 * rate))
        sound[len(sound) - fade :] *= np.linspace(1, 0, fade)
        return (sound / max(float(np.abs(sound).max()), 1e-6)).astype(np.float32)

    return play


def _detuned_saws(
    rng: np.random.Generator, count: int, cents: float
) -> Callable[[float, np.ndarray, int], np.ndarray]:
    detune = 2 ** (np.linspace(-cents, cents, count) / 1200)
    phases = rng.random(count)

    def waves(hz: float, time: np.ndarray, rate: int) -> np.ndarray:
        return sum((_saw(hz * d, time, rate, p) for d, p in zip(detune, phases, strict=True)), np.zeros(len(time)))

    return waves


def _synth_bass(rng: np.random.Generator, rate: int) -> Instrument:
    low, high, fall = rng.uniform(180, 400), rng.uniform(900, 3000), rng.uniform(0.06, 0.25)
    square = rng.random() < 0.4
    sub = rng.uniform(0.3, 0.8)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.08, rate)
        wave = _pulse(hz, time, rate) if square else _saw(hz, time, rate) + _saw(hz * 1.006, time, rate, 0.3)
        sound = _swept(wave, low, high, np.exp(-time / fall), rate) + sub * np.sin(2 * np.pi * hz * time)
        return np.tanh(sound) * _gate(time, length_s, 0.003, 0.02)

    return note


def _sub_bass(rng: np.random.Generator, rate: int) -> Instrument:
    drive, fall = rng.uniform(1.5, 4.0), rng.uniform(0.5, 1.5)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.1, rate)
        bend = 1 + 0.5 * np.exp(-time / 0.012)
        wave = np.sin(2 * np.pi * hz * np.cumsum(bend) / rate)
        return np.tanh(drive * wave * np.exp(-time / fall)) * _gate(time, length_s, 0.002, 0.03)

    return note


def _electric_bass(rng: np.random.Generator, rate: int) -> Instrument:
    bright, fall = rng.uniform(0.5, 0.75), rng.uniform(1.5, 3.0)
    levels = bright ** np.arange(14) * (1 + 0.3 * rng.standard_normal(14))
    decays = fall * (1 + 0.5 * np.arange(14))

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.08, rate)
        thumb = 0.15 * np.exp(-time / 0.004) * np.sin(2 * np.pi * 1800 * time)
        return (_partials(hz, time, rate, levels, decays) + thumb) * _gate(time, length_s, 0.003, 0.025)

    return note


def _upright_bass(rng: np.random.Generator, rate: int) -> Instrument:
    levels = np.array([1.0, 0.55, 0.3, 0.14, 0.08, 0.05]) * rng.uniform(0.7, 1.3, 6)
    decays = np.array([2.5, 3.5, 6.0, 9.0, 14.0, 20.0])

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.15, rate)
        return _partials(hz, time, rate, levels, decays) * _gate(time, length_s, 0.006, 0.05)

    return note


def _electric_piano(rng: np.random.Generator, rate: int) -> Instrument:
    index, tine, fall = rng.uniform(0.6, 2.0), rng.uniform(0.05, 0.2), rng.uniform(0.8, 1.6)
    shake = rng.uniform(0, 0.25)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.25, rate)
        turn = 2 * np.pi * hz * time
        body = np.sin(turn + index * np.exp(-time / 0.35) * np.sin(turn))
        bell = tine * np.exp(-time / 0.08) * np.sin(14 * turn) if 14 * hz < 0.45 * rate else 0.0
        tremolo = 1 - shake * (0.5 + 0.5 * np.sin(2 * np.pi * 5 * time))
        return (body + bell) * tremolo * np.exp(-time / fall) * _gate(time, length_s, 0.003, 0.07)

    return note


def _piano(rng: np.random.Generator, rate: int) -> Instrument:
    number = np.arange(1, 17)
    levels = rng.uniform(0.62, 0.74) ** (number - 1) * (0.7 + 0.6 * rng.random(16))
    decays = rng.uniform(0.9, 1.6) * (1 + 0.35 * (number - 1))
    stretch = rng.uniform(2e-4, 5e-4)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.2, rate)
        tones = hz * number * np.sqrt(1 + stretch * number**2)
        use = tones < 0.45 * rate
        waves = np.sin(2 * np.pi * tones[use, None] * time) * np.exp(-decays[use, None] * time * (hz / 260) ** 0.4)
        hammer = 0.2 * np.exp(-time / 0.006) * np.sin(2 * np.pi * 900 * time)
        return (levels[use] @ waves + hammer) * _gate(time, length_s, 0.002, 0.06)

    return note


def _organ(rng: np.random.Generator, rate: int) -> Instrument:
    bars = np.zeros(8)
    bars[[0, 1, 2, 3, 5, 7]] = rng.uniform(0.1, 1.0, 6)
    bars[0] = 1.0
    speed = rng.uniform(5.5, 7.0)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.05, rate)
        wobble = 1 + 0.12 * np.sin(2 * np.pi * speed * time)
        click = 0.3 * np.exp(-time / 0.003) * np.sin(2 * np.pi * 2500 * time)
        return (_partials(hz, time, rate, bars, np.zeros(8)) * wobble + click) * _gate(time, length_s, 0.004, 0.012)

    return note


def _clav(rng: np.random.Generator, rate: int) -> Instrument:
    width, fall = rng.uniform(0.12, 0.3), rng.uniform(0.15, 0.35)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(min(length_s, 0.5) + 0.05, rate)
        wave = _pulse(hz, time, rate, width) - 0.5 * _pulse(2 * hz, time, rate, width)
        return (
            _swept(wave, 900, 4500, np.exp(-time / 0.1), rate)
            * np.exp(-time / fall)
            * _gate(time, length_s, 0.002, 0.012)
        )

    return note


def _pluck(rng: np.random.Generator, rate: int) -> Instrument:
    waves = _detuned_saws(rng, 2, rng.uniform(4, 12))
    low, high, fall = rng.uniform(400, 900), rng.uniform(3000, 7500), rng.uniform(0.05, 0.18)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.2, rate)
        sound = _swept(waves(hz, time, rate), low, high, np.exp(-time / fall), rate)
        return sound * np.exp(-time / (2.5 * fall)) * _gate(time, length_s, 0.002, 0.08)

    return note


def _stab(rng: np.random.Generator, rate: int) -> Instrument:
    waves = _detuned_saws(rng, 3, rng.uniform(8, 20))
    low, high, fall = rng.uniform(500, 1200), rng.uniform(3500, 8000), rng.uniform(0.1, 0.3)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.12, rate)
        sound = _swept(waves(hz, time, rate), low, high, np.exp(-time / fall), rate)
        return sound * _gate(time, length_s, 0.003, 0.04)

    return note


def _lead(rng: np.random.Generator, rate: int) -> Instrument:
    square = rng.random() < 0.4
    cutoff, depth = rng.uniform(2000, 6000), rng.uniform(0.002, 0.007)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.1, rate)
        bend = hz * (1 + depth * np.minimum(time / 0.3, 1) * np.sin(2 * np.pi * 5.5 * time))
        wave = (
            _pulse(bend, time, rate, 0.4) if square else _saw(bend, time, rate) + _saw(1.007 * bend, time, rate, 0.5)
        )
        return _swept(wave, 900, cutoff, 0.4 + 0.6 * np.exp(-time / 0.2), rate) * _gate(time, length_s, 0.006, 0.04)

    return note


def _pad(rng: np.random.Generator, rate: int) -> Instrument:
    waves = _detuned_saws(rng, 4, rng.uniform(8, 16))
    cutoff, attack = rng.uniform(700, 1800), rng.uniform(0.08, 0.3)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.4, rate)
        sound = _filtered(waves(hz, time, rate), "low", round(cutoff, -1), rate)
        return sound * _gate(time, length_s, attack, 0.15)

    return note


def _strings(rng: np.random.Generator, rate: int) -> Instrument:
    waves = _detuned_saws(rng, 3, rng.uniform(5, 9))
    cutoff, attack = rng.uniform(2000, 3500), rng.uniform(0.04, 0.1)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.25, rate)
        sound = _filtered(waves(hz, time, rate), "low", round(cutoff, -1), rate)
        return _filtered(sound, "high", 180.0, rate, 1) * _gate(time, length_s, attack, 0.09)

    return note


def _fiddle(rng: np.random.Generator, rate: int) -> Instrument:
    cutoff, depth = rng.uniform(3000, 4500), rng.uniform(0.003, 0.008)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.1, rate)
        bend = hz * (1 + depth * np.minimum(time / 0.25, 1) * np.sin(2 * np.pi * 5.8 * time))
        wave = _saw(bend, time, rate)
        body = _filtered(wave, "low", round(cutoff, -1), rate) + _filtered(wave, "band", (380.0, 700.0), rate)
        return body * (0.7 + 0.3 * np.exp(-time / 0.08)) * _gate(time, length_s, 0.015, 0.035)

    return note


def _brass(rng: np.random.Generator, rate: int) -> Instrument:
    waves = _detuned_saws(rng, 3, rng.uniform(3, 8))
    high = rng.uniform(3000, 5500)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.1, rate)
        swell = np.minimum(1, time / 0.035) * (0.55 + 0.45 * np.exp(-time / 0.25))
        return _swept(waves(hz, time, rate), 800, high, swell, rate) * _gate(time, length_s, 0.015, 0.03)

    return note


def _flute(rng: np.random.Generator, rate: int) -> Instrument:
    levels = np.array([1.0, 0.35, 0.12, 0.05]) * rng.uniform(0.6, 1.4, 4)
    breath = rng.uniform(0.02, 0.06)
    noise = rng.standard_normal(8 * rate)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(min(length_s, 7.5) + 0.08, rate)
        wobble = 1 + 0.1 * np.minimum(time / 0.3, 1) * np.sin(2 * np.pi * 5 * time)
        air = breath * _filtered(noise[: len(time)], "band", (1000.0, 4000.0), rate) * (1 + 4 * np.exp(-time / 0.03))
        return (_partials(hz, time, rate, levels, np.zeros(4)) * wobble + air) * _gate(time, length_s, 0.02, 0.03)

    return note


def _accordion(rng: np.random.Generator, rate: int) -> Instrument:
    levels = 0.78 ** np.arange(16) * (0.5 + rng.random(16))
    beating = rng.uniform(1.003, 1.008)
    octave = rng.uniform(0.0, 0.6)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.06, rate)
        reeds = sum(
            level * _partials(hz * ratio, time, rate, levels, np.zeros(16))
            for ratio, level in ((1.0, 1.0), (beating, 0.8), (2.003, octave))
        )
        return np.asarray(reeds) * _gate(time, length_s, 0.012, 0.02)

    return note


def _marimba(rng: np.random.Generator, rate: int) -> Instrument:
    fall, over = rng.uniform(0.15, 0.4), rng.uniform(0.2, 0.5)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(0.6, rate)
        sound = np.sin(2 * np.pi * hz * time) * np.exp(-time / fall)
        if 4 * hz < 0.45 * rate:
            sound = sound + over * np.sin(2 * np.pi * 3.98 * hz * time) * np.exp(-time / (0.25 * fall))
        return sound * np.minimum(1, time / 0.001)

    return note


def _bell(rng: np.random.Generator, rate: int) -> Instrument:
    ratio, index = rng.choice([1.41, 2.76, 3.5, 4.0]), rng.uniform(0.8, 2.5)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(min(length_s, 1.0) + 0.5, rate)
        turn = 2 * np.pi * hz * time
        depth = index * np.exp(-time / 0.3) if ratio * hz * 2 < 0.45 * rate else 0.2
        return np.sin(turn + depth * np.sin(ratio * turn)) * np.exp(-time / 0.45)

    return note


def _string_loop(hz: float, seconds: float, rate: int, burst: np.ndarray, loss: float, dull: float) -> np.ndarray:
    """Karplus-Strong: a noise burst going round a delay line with a gentle lowpass, tuned between samples."""
    period = rate / hz - 1.0
    whole = int(period)
    part = period - whole
    taps = np.convolve([1 - part, part], [dull, 1 - 2 * dull, dull])
    feedback = np.zeros(whole + len(taps))
    feedback[0] = 1.0
    feedback[whole : whole + len(taps)] -= loss * taps
    start = np.zeros(max(1, int(seconds * rate)))
    length = min(len(start), whole + 1)
    start[:length] = burst[:length]
    return scipy.signal.lfilter([1.0], feedback, start)


def _guitar(rng: np.random.Generator, rate: int) -> Instrument:
    burst = _filtered(rng.uniform(-1, 1, rate // 20), "low", round(rng.uniform(2500, 6000), -2), rate, 1)
    loss, dull = rng.uniform(0.985, 0.996), rng.uniform(0.08, 0.2)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.1, rate)
        sound = _string_loop(hz, length_s + 0.1, rate, burst, loss ** (200 / hz), dull)
        return _filtered(sound, "high", 80.0, rate, 1) * _gate(time, length_s, 0.001, 0.03)

    return note


def _overdriven_guitar(rng: np.random.Generator, rate: int) -> Instrument:
    burst = rng.uniform(-1, 1, rate // 20)
    drive = rng.uniform(4, 12)

    def note(hz: float, length_s: float) -> np.ndarray:
        time = _time(length_s + 0.06, rate)
        root = _string_loop(hz, length_s + 0.06, rate, burst, 0.998, 0.1)
        sound = np.tanh(drive * (root + 0.7 * _string_loop(1.5 * hz, length_s + 0.06, rate, burst, 0.998, 0.1)))
        return _filtered(sound, "band", (100.0, 3800.0), rate) * _gate(time, length_s, 0.002, 0.02)

    return note


def make_drum(kind: str, rng: np.random.Generator, rate: int) -> np.ndarray:
    """One drum sound, (N,) float32 with a peak of 1, starting at its stroke.

    Args:
        kind: one of :data:`DRUMS`.
        rng: source of its tuning, length and colour.
        rate: samples per second.
    """
    if kind not in DRUMS:
        raise ValueError(f"no drum {kind!r}; there are {', '.join(DRUMS)}")
    sound = _drum(kind, rng, rate)
    fade = min(len(sound), int(0.01 * rate))
    sound[len(sound) - fade :] *= np.linspace(1, 0, fade)
    return (sound / np.abs(sound).max()).astype(np.float32)


def _drum(kind: str, rng: np.random.Generator, rate: int) -> np.ndarray:
    if kind in ("kick", "soft_kick"):
        soft = kind == "soft_kick"
        time = _time(0.35, rate)
        bottom, sweep = rng.uniform(44, 60), rng.uniform(60, 110) if soft else rng.uniform(110, 260)
        pitch = bottom + sweep * np.exp(-time / rng.uniform(0.015, 0.035))
        body = np.sin(2 * np.pi * np.cumsum(pitch) / rate) * np.exp(-time / rng.uniform(0.09, 0.2))
        click = rng.uniform(0.1, 0.5) * (0.2 if soft else 1.0) * np.exp(-time / 0.004) * rng.standard_normal(len(time))
        return np.tanh(rng.uniform(1.2, 2.5) * body) + _filtered(click, "low", 5000.0, rate, 1)
    if kind == "snare":
        time = _time(0.28, rate)
        tone = rng.uniform(170, 230)
        bend = tone * (1 + 0.4 * np.exp(-time / 0.012))
        head = np.sin(2 * np.pi * np.cumsum(bend) / rate) * np.exp(-time / rng.uniform(0.04, 0.09))
        wires = _filtered(rng.standard_normal(len(time)), "high", round(rng.uniform(900, 2200), -2), rate)
        return rng.uniform(0.4, 0.9) * head + 0.5 * wires * np.exp(-time / rng.uniform(0.06, 0.14))
    if kind == "clap":
        time = _time(0.25, rate)
        bursts = sum((np.where(time >= at, np.exp(-(time - at) / 0.006), 0) for at in (0.0, 0.009, 0.019)), 0 * time)
        tail = np.where(time >= 0.027, np.exp(-(time - 0.027) / rng.uniform(0.05, 0.1)), 0)
        noise = _filtered(rng.standard_normal(len(time)), "band", (rng.uniform(700, 1100), 4500.0), rate)
        return noise * (0.8 * bursts + tail)
    if kind in ("hat", "open_hat", "ride", "crash"):
        ring = {"hat": rng.uniform(0.015, 0.04), "open_hat": rng.uniform(0.1, 0.2), "ride": 0.35, "crash": 0.7}[kind]
        time = _time(min(2.0, 4 * ring + 0.03), rate)
        metal = sum((np.sign(np.sin(2 * np.pi * tone * time)) for tone in rng.uniform(2500, 0.42 * rate, 6)), 0 * time)
        mix = rng.uniform(0.1, 0.35) * metal + rng.standard_normal(len(time))
        floor = {"hat": 6000, "open_hat": 5500, "ride": 4000, "crash": 2500}[kind]
        sound = _filtered(mix, "high", float(min(floor, 0.3 * rate)), rate, 3) * np.exp(-time / ring)
        if kind == "ride":
            sound += 0.5 * np.exp(-time / 0.03) * np.sin(2 * np.pi * 3200 * time)
        return sound
    if kind in ("shaker", "maracas", "tambourine", "guiro"):
        length = {"shaker": 0.09, "maracas": 0.06, "tambourine": 0.18, "guiro": 0.22}[kind]
        time = _time(length, rate)
        noise = _filtered(rng.standard_normal(len(time)), "high", round(rng.uniform(3500, 5500), -2), rate)
        if kind == "guiro":
            return (
                noise * (0.5 + 0.5 * np.sign(np.sin(2 * np.pi * rng.uniform(60, 90) * time))) * (0.3 + time / length)
            )
        if kind == "tambourine":
            jingle = np.sin(2 * np.pi * rng.uniform(6000, 8000) * time) + np.sin(2 * np.pi * 5100 * time)
            return (noise + 0.5 * jingle) * np.exp(-time / 0.05)
        attack = 0.02 if kind == "shaker" else 0.006
        return noise * np.minimum(1, time / attack) * np.exp(-np.maximum(time - attack, 0) / 0.018)
    if kind in ("clave", "rim", "cowbell"):
        time = _time(0.16, rate)
        if kind == "clave":
            return np.sin(2 * np.pi * rng.uniform(2200, 2700) * time) * np.exp(-time / 0.022)
        if kind == "rim":
            knock = np.sin(2 * np.pi * 1700 * time) + np.sin(2 * np.pi * rng.uniform(420, 520) * time)
            return knock * np.exp(-time / 0.011)
        tone = rng.uniform(520, 580)
        return (_pulse(tone, time, rate) + _pulse(1.482 * tone, time, rate)) * np.exp(-time / 0.06)
    tone = {"conga_high": 330.0, "conga_low": 220.0, "tom_high": 170.0, "tom_low": 100.0}[kind] * rng.uniform(0.9, 1.1)
    time = _time(0.32, rate)
    bend = tone * (1 + 0.25 * np.exp(-time / 0.02))
    skin = np.sin(2 * np.pi * np.cumsum(bend) / rate) * np.exp(-time / (0.09 if "conga" in kind else 0.14))
    slap = _filtered(rng.standard_normal(len(time)), "band", (800.0, 4000.0), rate) * np.exp(-time / 0.008)
    return skin + 0.6 * slap
