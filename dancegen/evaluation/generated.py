"""Dances to judge, from a generator: every song with every seed, as ``python -m dancegen.sample`` makes them.

Songs are files, folders, or a text file (``.txt``) that names one song a line, and after a tab the style to dance it
in if that is to be another; relative paths count from the text file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tqdm import tqdm

from dancegen.cleanup import clean_motion
from dancegen.evaluation.measured_set import JudgedDance
from dancegen.evaluation.motion_files import check_upright
from dancegen.settings import AUTO_STYLE, NO_STYLE, DanceSettings, known_styles, style_shares
from dancegen.song_to_video import load_models
from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.errors import UserError
from motionbeat.output import distinct_names, find_songs

LIST_SUFFIX = ".txt"


@dataclass(frozen=True)
class SongToDance:
    """A song and the style to dance it in, ``auto`` to let the model choose."""

    path: Path
    style: str


@dataclass(frozen=True, eq=False)
class Generated:
    """Dances, and SHA-256 of the weights that made them by file."""

    dances: list[JudgedDance]
    checksums: dict[str, str]


def read_songs(arguments: Sequence[Path], style: str) -> list[SongToDance]:
    """The songs that arguments name.

    Args:
        arguments: see the module.
        style: of those that have none of their own.

    Raises:
        UserError: one is missing, or a list cannot be read.
    """
    songs = []
    for argument in arguments:
        if argument.suffix.lower() == LIST_SUFFIX and not argument.is_dir():
            songs += _listed(argument, style)
            continue
        found, refused = find_songs([argument])
        if refused:
            raise refused[0]
        songs += [SongToDance(path, style) for path in found]
    return list(dict.fromkeys(songs))


def generate(songs: Sequence[SongToDance], settings: DanceSettings, seeds: int) -> Generated:
    """Dance to each song with ``seeds`` seeds from ``settings.seed`` on, and clean the dances up. They are to be
    judged by the beats that were heard, as the dance counts them.

    Args:
        songs: one or more.
        settings: model, seconds of the songs, steps, guidance and energy; what concerns the video is not looked at.
        seeds: 1 or more.

    Raises:
        UserError: the model, a song or a style cannot be used.
    """
    styles = (AUTO_STYLE, NO_STYLE, *known_styles(settings.model))
    for song in songs:
        for name in style_shares(song.style):
            if name not in styles:
                raise UserError(f"style: {name!r} is unknown. Choose one of {', '.join(styles)}.")
    models = load_models(settings.model)
    names = distinct_names([song.path for song in songs])
    dances = []
    with tqdm(total=len(songs) * seeds, desc="dancing", unit="dance", disable=None, leave=False) as bar:
        for song, name in zip(songs, names, strict=True):
            audio = load_audio(song.path, settings.start_s, settings.duration_s)
            grid = track_beats(audio).covering(audio.duration)
            music = models.encoder.encode_audio(audio, grid)
            for seed in range(settings.seed, settings.seed + seeds):
                output = models.pipeline(
                    music,
                    style=song.style,
                    num_inference_steps=settings.steps,
                    guidance_scale=settings.guidance,
                    energy=settings.energy,
                    generator=torch.Generator("cpu").manual_seed(seed),
                )
                motion = clean_motion(output.motion)
                check_upright(motion, song.path)
                style = "" if output.style == NO_STYLE or ":" in output.style else output.style
                danced = output.grid.covering(audio.duration)
                dances.append(JudgedDance(f"{name}, seed {seed}", name, style, motion, danced, seed=seed))
                bar.update()
    return Generated(dances, models.checksums)


def by_known_beats(
    dances: Sequence[JudgedDance], truth: Sequence[JudgedDance], start_s: float
) -> tuple[list[JudgedDance], int]:
    """The dances with the beats that ground truth has of their songs, by name of song or dance, in place of those
    that were heard: a dance to wrongly heard beats is then found to be out of step.

    Args:
        dances: to whole songs from ``start_s`` on.
        truth: dances recorded to songs; those laid on a song afterwards are not looked at.
        start_s: second of the songs.

    Returns:
        All dances, and how many of them have other beats now.
    """
    recorded = [dance for dance in truth if not dance.laid]
    known = {dance.song: dance.grid for dance in recorded} | {dance.name: dance.grid for dance in recorded}
    judged, changed = [], 0
    for dance in dances:
        grid = _begun_at(known[dance.song], start_s) if dance.song in known else None
        if grid is not None:
            dance, changed = replace(dance, grid=grid.covering(dance.motion.duration)), changed + 1
        judged.append(dance)
    return judged, changed


def _begun_at(grid: BeatGrid, start_s: float) -> BeatGrid | None:
    """The beats from a second on, counted from it; None where too few are left."""
    beats, downbeats = (times[times >= start_s] - start_s for times in (grid.beats, grid.downbeats))
    if len(beats) < 2 or not len(downbeats):
        return None
    return BeatGrid(beats, downbeats, grid.meter, grid.tempo, grid.confidence)


def _listed(path: Path, style: str) -> list[SongToDance]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        raise UserError(f"{path}: cannot be read as a list of songs. Give one path a line.") from None
    songs = []
    for line in lines:
        if not line.strip():
            continue
        name, _, own = line.partition("\t")
        song = path.parent / name.strip()
        if not song.is_file():
            raise UserError(f"{path}: {song} is no file.")
        songs.append(SongToDance(song, own.strip() or style))
    if not songs:
        raise UserError(f"{path}: there are no songs in it. Give one path a line.")
    return songs
