"""Clips of rendered notes, made once and kept."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
import pretty_midi
from tqdm import tqdm

from motionbeat.audio import SAMPLE_RATE, Audio, save_audio
from motionbeat.beatset.render import soundfonts, synthesized
from motionbeat.beatset.score import AnnotatedScore, cropped, remapped
from motionbeat.errors import UserError
from motionbeat.output import StagedFiles

FONT = "FluidR3_GM"
"""General MIDI soundfont that scores are played with."""
_PEAK = 0.9
_NO_BEATS = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Score:
    """Notes to be played.

    Attributes:
        name: of the clip.
        midi: what is played from time 0 on.
        font: the soundfont, by file name without ending.
    """

    name: str
    midi: pretty_midi.PrettyMIDI
    font: str = FONT


def open_archive(folder: Path, name: str) -> ZipFile:
    """A zip archive of notes.

    Raises:
        UserError: it is not in the folder, or damaged.
    """
    path = folder / "midi" / name
    try:
        return ZipFile(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; --data must name the folder that holds midi/{name}.") from None
    except (OSError, BadZipFile):
        raise UserError(f"{path}: cannot be read as a zip archive; copy it again.") from None


def read_midi(archive: ZipFile, member: str) -> pretty_midi.PrettyMIDI:
    """Notes of a file in an archive."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # some carry their meter outside the first track
        return pretty_midi.PrettyMIDI(io.BytesIO(archive.read(member)))


def stretch(
    midi: pretty_midi.PrettyMIDI, start_s: float, duration_s: float, speed: float = 1.0
) -> pretty_midi.PrettyMIDI:
    """The part of a score from ``start_s`` on that lasts ``duration_s`` when it is played ``speed`` times as fast;
    both in seconds, the first of the score as written."""
    part = cropped(AnnotatedScore(midi, _NO_BEATS, _NO_BEATS, "", ""), start_s, speed * duration_s).midi
    return part if speed == 1.0 else remapped(part, np.array([0.0, 1.0]), np.array([0.0, 1.0 / speed]))


def render_missing(folder: Path, scores: Iterable[tuple[Path, Score]], duration_s: float, count: int) -> None:
    """Render the scores whose files are not there yet.

    Args:
        folder: for the progress bar.
        scores: files (``.flac``) and what they hold; each score is made when its turn comes.
        duration_s: how long each file becomes, seconds.
        count: of the scores.

    Raises:
        UserError: no synthesizer, no such soundfont, or files cannot be written.
    """
    for path, score in tqdm(scores, total=count, desc=f"rendering {folder.name}", unit="clip", disable=None):
        fonts = soundfonts()
        if score.font not in fonts:
            raise UserError(
                f"The soundfont {score.font} is not installed; motionbeat.beatset.render names its package."
            )
        sound = synthesized(score.midi.instruments, fonts[score.font], round(duration_s * SAMPLE_RATE))
        loudest = float(np.abs(sound).max())
        if loudest == 0:
            raise UserError(f"{score.name} is silent when it is rendered; is its soundfont complete?")
        with StagedFiles([path], force=True) as files:
            save_audio(files.paths[0], Audio((_PEAK / loudest * sound).astype(np.float32)))
            files.commit()
