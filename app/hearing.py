"""What is heard in a song before anybody dances to it: its loudness over time, its beats and its bars."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.limits import MAX_SONG_S
from app.work import Tell
from motionbeat.audio import Audio, load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.beats.summary import describe

PEAKS_PER_S = 40
"""Columns of the waveform a second; a quarter of an hour is 36,000."""


@dataclass(frozen=True, eq=False)
class HeardSong:
    """A song that has been listened to.

    Attributes:
        duration_s: seconds.
        peaks: (n,) uint8 loudest sample of each 1 / :data:`PEAKS_PER_S` s, 255 for the loudest of the song.
        grid: beats in seconds from the beginning of the song; None while they are not known.
    """

    duration_s: float
    peaks: np.ndarray
    grid: BeatGrid | None

    def as_dict(self) -> dict[str, Any]:
        """What the page draws."""
        grid = self.grid
        return {
            "duration_s": round(self.duration_s, 3),
            "peaks_per_s": PEAKS_PER_S,
            "peaks": self.peaks.tolist(),
            "beats": [] if grid is None else grid.beats.round(3).tolist(),
            "downbeats": [] if grid is None else grid.downbeats.round(3).tolist(),
        }

    def beats_as_dict(self) -> dict[str, Any]:
        """For the API: tempo in beats per minute, beats in a bar, times in seconds, confidence from 0 to 1.

        Raises:
            ValueError: the beats are not known.
        """
        if self.grid is None:
            raise ValueError("the beats have not been tracked")
        return {
            "duration_s": round(self.duration_s, 3),
            "tempo": round(self.grid.tempo, 2),
            "meter": self.grid.meter,
            "confidence": round(self.grid.confidence, 3),
            "beats": self.grid.beats.round(3).tolist(),
            "downbeats": self.grid.downbeats.round(3).tolist(),
        }

    def describe(self) -> str:
        """One line for a person."""
        return "Listening for beats ..." if self.grid is None else describe(self.grid)


def hear_waveform(song: Path) -> tuple[Audio, HeardSong]:
    """Read a song; its beats are not known yet.

    Raises:
        UserError: it cannot be read, or is longer than :data:`~app.limits.MAX_SONG_S`.
    """
    audio = load_audio(song, max_duration_s=MAX_SONG_S)
    starts = np.arange(0, len(audio), audio.sample_rate / PEAKS_PER_S).astype(int)
    loudest = np.maximum.reduceat(np.abs(audio.samples), starts)
    return audio, HeardSong(audio.duration, np.round(255 * loudest / loudest.max()).astype(np.uint8), None)


def hear_beats(audio: Audio, heard: HeardSong) -> HeardSong:
    """The same with beats and bars."""
    return HeardSong(heard.duration_s, heard.peaks, track_beats(audio))


def waveform_of(song: Path, folder: Path, tell: Tell) -> tuple[dict[str, Any], str]:
    """What the page draws of a song at once, and a line that says so.

    Raises:
        UserError: as of :func:`hear_waveform`.
    """
    tell("listening", 0, 2)
    heard = hear_waveform(song)[1]
    return heard.as_dict(), heard.describe()


def waveform_and_beats_of(song: Path, folder: Path, tell: Tell) -> tuple[dict[str, Any], str]:
    """The same with its beats."""
    tell("listening", 1, 2)
    heard = hear_beats(*hear_waveform(song))
    return heard.as_dict(), heard.describe()


def beats_of(song: Path, folder: Path, tell: Tell) -> dict[str, Any]:
    """:meth:`HeardSong.beats_as_dict` of a song."""
    tell("listening", 0, 1)
    return hear_beats(*hear_waveform(song)).beats_as_dict()
