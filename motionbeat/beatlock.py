"""Laying beats on a dance that has no music, so that it can be danced to a song.

The motion's own events (foot plants, and the moments where the body brakes) make an envelope like a song's onset
strength; the dynamic programme of Ellis 2007, as librosa implements it, picks beats that fall on strong events while
their spacing stays near one tempo. The dance is then stretched locally so that its beats fall on a song's.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from motionbeat.beats import BeatGrid
from motionbeat.contacts import detect_contacts, foot_plants
from motionbeat.motion import Motion

MAX_STRETCH = 1.25
"""Where a beat would be stretched or squeezed by more than this, the frames are marked invalid."""

TEMPO_RANGE_BPM = (80.0, 160.0)


def event_envelope(motion: Motion) -> np.ndarray:
    """(T,) strength of the motion's rhythmic events: foot plants plus braking of the whole body, each with
    standard deviation 1."""
    joints = motion.joints()
    speed = np.linalg.norm(np.diff(joints, axis=0, prepend=joints[:1]), axis=2).mean(axis=1) * motion.fps
    speed = gaussian_filter1d(speed, 0.05 * motion.fps)
    braking = np.maximum(-np.gradient(speed), 0.0)
    contacts = motion.contacts if motion.contacts is not None else detect_contacts(joints, motion.fps)
    plants = np.zeros(len(motion))
    frames = np.clip(np.round(foot_plants(contacts, motion.fps) * motion.fps).astype(int), 0, len(motion) - 1)
    np.add.at(plants, frames, 1.0)
    plants = gaussian_filter1d(plants, 0.03 * motion.fps)
    return braking / max(braking.std(), 1e-9) + plants / max(plants.std(), 1e-9)


def motion_grid(motion: Motion, meter: int = 4) -> BeatGrid:
    """Beats laid on the motion's own events; the downbeat is the beat in the bar with the strongest events.

    ``confidence`` is 0: nothing here says that the dance was made to this tempo.
    """
    import librosa

    envelope = event_envelope(motion)
    low, high = TEMPO_RANGE_BPM
    lags = np.arange(int(60 / high * motion.fps), int(60 / low * motion.fps) + 1)
    centred = envelope - envelope.mean()
    strength = [float(np.mean(centred[lag:] * centred[:-lag])) for lag in lags]
    tempo = 60 * motion.fps / lags[int(np.argmax(strength))]
    _, frames = librosa.beat.beat_track(
        onset_envelope=envelope, sr=motion.fps, hop_length=1, bpm=tempo, tightness=30, trim=False, units="frames"
    )
    beats = frames / motion.fps
    accent = [envelope[frames[offset::meter]].mean() for offset in range(meter)]
    downbeats = beats[int(np.argmax(accent)) :: meter]
    return BeatGrid(beats, downbeats, meter, 60 / float(np.median(np.diff(beats))), 0.0)


def lock_to_beats(
    motion: Motion, valid: np.ndarray, from_beats: np.ndarray, to_beats: np.ndarray, fps: float
) -> tuple[Motion, np.ndarray]:
    """The dance stretched so that its beats ``from_beats`` fall on ``to_beats`` (seconds, same count).

    Returns:
        The motion from time 0 to the last of ``to_beats``, and (T,) bool validity: False before the first beat, where
        the source was invalid, and where a beat was stretched by more than :data:`MAX_STRETCH`.
    """
    times = np.arange(int(to_beats[-1] * fps)) / fps
    source = np.interp(times, to_beats, from_beats)
    ratio = np.diff(to_beats) / np.diff(from_beats)
    beat = np.clip(np.searchsorted(to_beats, times, side="right") - 1, 0, len(ratio) - 1)
    near = np.clip(np.round(source * motion.fps).astype(int), 0, len(motion) - 1)
    kept = valid[near] & (ratio[beat] <= MAX_STRETCH) & (ratio[beat] >= 1 / MAX_STRETCH) & (times >= to_beats[0])
    return motion.sampled_at(source, fps), kept
