"""Which dance fits a song, which song a dance: ``python -m motionbeat.retrieve --music song.mp3 --dances DIR``.

The question asked of each song and dance is: does this dance fit this song when both start together? A dance has no
beats of its own here: it is read in the slots of the song's beats, at the same seconds as the music (``--offset``
seconds later), in the four-bar clips that the song is heard in. The score is the mean cosine of music and motion
embedding over all clips that the dance covers whole. It depends on the start: the same dance half a beat late is
another answer. ``--align`` tries starts up to one bar later, in half beats, and takes the best; every pair gets as
many tries, so that the ranking stays fair, but scores are higher than without.

Scores of dances of different lengths come from different parts of the song. A dance that covers no clip (four bars, 8
seconds at 120 beats per minute, or the song where it is shorter) cannot be ranked and is named in an error. Exit
status: 0 all done, 2 a user's mistake, 1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from motionbeat.array_files import wrong_file
from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid
from motionbeat.command import EXIT_USER_ERROR, OneLineParser, print_error, run_command
from motionbeat.contacts import contact_pulses
from motionbeat.embed import Encoder, load_encoder, read_embedding
from motionbeat.encoder import MotionBeat, bar_angles, clip_length, clip_starts
from motionbeat.errors import UserError
from motionbeat.motion import load_motion
from motionbeat.motion_features import CONTACT, MOTION_FPS, motion_to_features
from motionbeat.motion_tokens import frames_in_slots, motion_frames, pulses_in_slots
from motionbeat.output import AUDIO_SUFFIXES, find_files
from motionbeat.tokens import SlotGrid, slot_grid

EMBEDDING_SUFFIX = ".npz"
ALIGN_STEP_BEATS = 0.5
_CLIPS_AT_ONCE = 32
_LARGEST_METER = 64
_SAME_S = 1e-6

FoundT = TypeVar("FoundT")


@dataclass(frozen=True, eq=False)
class SongClips:
    """A song as it is compared with dances. All times count from where the listening started.

    Attributes:
        name: of the file.
        grid: its beats.
        slots: N slots.
        starts: (K,) first slot of each clip.
        clips: (K, P) float32 unit vectors of the clips.
    """

    name: str
    grid: BeatGrid
    slots: SlotGrid
    starts: np.ndarray
    clips: np.ndarray


@dataclass(frozen=True, eq=False)
class DanceFrames:
    """A dance as it is compared with songs.

    Attributes:
        name: of the file.
        frames: (T, 223) of :func:`motionbeat.motion_tokens.motion_frames` at 30 fps.
        pulses: (T,) contact pulses.
    """

    name: str
    frames: np.ndarray
    pulses: np.ndarray

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.frames) / MOTION_FPS


@dataclass(frozen=True)
class Match:
    """How well a dance fits a song.

    Attributes:
        score: mean cosine over clips, -1 to 1.
        clips: how many were compared.
        offset_s: seconds between the song's start and the dance's.
        offset_beats: the part of it that was found by alignment, in beats; 0 without.
    """

    score: float
    clips: int
    offset_s: float
    offset_beats: float


def read_song(path: Path, encoder: Encoder, start_s: float = 0.0) -> SongClips:
    """A song from its sound, or from the npz that ``python -m motionbeat.embed`` wrote with the same encoder.

    Raises:
        UserError: it is neither, or the npz is another encoder's.
    """
    if path.suffix.lower() != EMBEDDING_SUFFIX:
        music = encoder.model.encode_audio(load_audio(path, start_s))
        slots = SlotGrid(music.token_times_s, music.token_phase, music.grid.meter)
        return SongClips(path.name, music.grid, slots, music.clip_starts, music.clips)
    arrays, about = read_embedding(path)
    if about["model_sha256"] != encoder.sha256:
        raise UserError(f"{path}: made with another encoder. Make it again, or give the encoder with --model.")
    if start_s:
        raise UserError(f"{path}: an embedding starts where it was made to. Give --start to motionbeat.embed.")
    begun_s = float(about["start_s"])
    beats, downbeats = arrays["beats"] - begun_s, arrays["downbeats"] - begun_s
    meter, tempo, confidence = int(arrays["meter"]), float(arrays["tempo"]), float(arrays["confidence"])
    try:
        grid = BeatGrid(beats, downbeats, meter, tempo, confidence)
    except ValueError as error:
        raise wrong_file(path, "a song's embedding", error, "Make it again.") from None
    slots = slot_grid(grid)
    # the slots follow from the beats, and the clips from the slots
    fits = len(arrays["token_times_s"]) == len(slots) and (
        np.allclose(arrays["token_times_s"] - begun_s, slots.times_s, rtol=0, atol=_SAME_S)
        and np.allclose(arrays["token_phase"], slots.phase, rtol=0, atol=_SAME_S)
        and np.array_equal(arrays["clip_starts"], clip_starts(slots))
    )
    if not fits or meter > _LARGEST_METER:
        raise UserError(f"{path}: its beats, slots and clips do not fit together. Make it again.")
    if arrays["clips"].shape[1] != encoder.model.config["projection"]:
        raise UserError(f"{path}: its clips are not as wide as this encoder's. Make it again.")
    return SongClips(path.name, grid, slots, arrays["clip_starts"], arrays["clips"])


def read_dance(path: Path) -> DanceFrames:
    """A dance from a motion npz (see :func:`motionbeat.motion.load_motion`).

    Raises:
        UserError: the file is something else.
    """
    features = motion_to_features(load_motion(path).resampled(MOTION_FPS))
    return DanceFrames(path.name, motion_frames(features, MOTION_FPS), contact_pulses(features[:, CONTACT]))


@torch.no_grad()
def match(model: MotionBeat, song: SongClips, dance: DanceFrames, offset_s: float = 0.0) -> Match | None:
    """How well ``dance`` fits ``song`` when it starts ``offset_s`` seconds after it.

    Args:
        model: the encoder that heard the song.
        song: its clips.
        dance: read at the same seconds as the music.
        offset_s: may be negative: then the song starts later than the dance.

    Returns:
        None when the dance covers no clip of the song.

    Raises:
        UserError: the score is not a finite number.
    """
    covered = song.slots.within(offset_s, offset_s + dance.duration_s)
    length = clip_length(song.slots)
    chosen = np.flatnonzero((song.starts >= covered.start) & (song.starts + length <= covered.stop))
    if not len(chosen):
        return None
    slots = song.slots.part(covered)
    times_s, lengths_s = slots.times_s - offset_s, slots.lengths_s
    tokens = torch.from_numpy(frames_in_slots(dance.frames, MOTION_FPS, times_s, lengths_s))
    contact = torch.from_numpy(pulses_in_slots(dance.pulses, MOTION_FPS, times_s, lengths_s))
    theta = torch.from_numpy(bar_angles(slots))
    cosines = []
    for batch in np.array_split(chosen, math.ceil(len(chosen) / _CLIPS_AT_ONCE)):
        index = song.starts[batch, None] - covered.start + np.arange(length)
        inputs = (x[index].to(model.device) for x in (tokens, theta, contact))
        z, _ = model.embed_motion(*inputs)
        cosines.append((z.cpu().numpy() * song.clips[batch]).sum(axis=1))
    score = float(np.concatenate(cosines).mean())
    if not math.isfinite(score):  # no rank would be right
        raise UserError(f"{dance.name} to {song.name}: the score is not finite; a file or the encoder is damaged.")
    return Match(score, len(chosen), offset_s, 0.0)


def best_match(model: MotionBeat, song: SongClips, dance: DanceFrames, offset_s: float = 0.0) -> Match | None:
    """The best :func:`match` with the dance starting at ``offset_s`` or up to a bar later, in steps of half a beat of
    the song at that place; of equal ones the earliest. None when it covers no clip at any of them.

    Raises:
        UserError: a score is not a finite number.
    """
    best = None
    begin = float(song.grid.beat_position(offset_s))
    for later in np.arange(0, song.grid.meter, ALIGN_STEP_BEATS):
        start_s = offset_s if later == 0 else float(song.grid.time_at(begin + later))
        found = match(model, song, dance, start_s)
        if found is not None and (best is None or found.score > best.score):
            best = Match(found.score, found.clips, start_s, float(later))
    return best


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = OneLineParser(
        prog="python -m motionbeat.retrieve",
        description="Ranks dances by how well they fit a song, or songs by how well they fit a dance, when both start"
        " together: each dance is read at the same seconds as the music, in four-bar clips on the song's own beats;"
        " the score is the mean cosine of both embeddings over the clips that the dance covers.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--music", type=Path, metavar="SONG", help="the song: a sound file, or an npz of motionbeat.embed")
    add("--dances", type=Path, nargs="+", metavar="PATH", help="motion npz files, or folders of them, to rank for it")
    add("--dance", type=Path, metavar="DANCE.npz", help="the dance: an npz with poses, trans, mocap_framerate")
    add(
        "--songs",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="songs (sound or npz), or folders of them, to rank for it",
    )
    add("--top", type=int, metavar="N", help="show the N best (default: all)")
    add("--offset", type=float, default=0.0, metavar="S", help="seconds from the song's start to the dance's")
    add("--align", action="store_true", help="also try starts up to a bar later, in half beats, and take the best")
    add("--start", type=float, default=0.0, metavar="S", help="seconds of the songs to skip: their start is there")
    add("--model", type=Path, metavar="DIR", help="folder of the encoder (default: the shipped one)")
    add("--json", action="store_true", help="print one JSON object")
    return parser


def run(args: argparse.Namespace) -> int:
    """Rank what a parsed command line names; returns the exit status.

    Raises:
        UserError: options that cannot be meant as given, or the one song or dance cannot be read.
    """
    by_song = args.music is not None and args.dances is not None
    by_dance = args.dance is not None and args.songs is not None
    given = [each for each in (args.music, args.dances, args.dance, args.songs) if each is not None]
    if by_song == by_dance or len(given) != 2:
        raise UserError("Give --music with --dances, or --dance with --songs.")
    if args.top is not None and args.top < 1:
        raise UserError(f"top: must be 1 or more, got {args.top}.")
    if not math.isfinite(args.offset):
        raise UserError(f"offset: must be a number of seconds, got {args.offset:g}.")
    if not 0 <= args.start < math.inf:
        raise UserError(f"start: must be 0 seconds or more, got {args.start:g}.")
    encoder = load_encoder(args.model)
    fit = best_match if args.align else match

    if by_song:
        query = args.music
        paths, refused = find_files(args.dances, {EMBEDDING_SUFFIX}, "dances", "motion npz files")
        song = read_song(args.music, encoder, args.start)
        matches = _match_all(paths, read_dance, lambda dance: fit(encoder.model, song, dance, args.offset), refused)
    else:
        query = args.dance
        paths, refused = _find_songs(args.songs)
        dance = read_dance(args.dance)
        matches = _match_all(
            paths,
            lambda path: read_song(path, encoder, args.start),
            lambda song: fit(encoder.model, song, dance, args.offset),
            refused,
        )
    # sorted() keeps the given order of equal scores
    ranking = sorted(matches, key=lambda each: -each[1].score)[: args.top]
    for refusal in refused:
        print_error(refusal)
    if args.json:
        rows = [{"rank": rank, "path": str(path)} | asdict(found) for rank, (path, found) in enumerate(ranking, 1)]
        about = {"query": str(query), "compared": len(matches), "model_sha256": encoder.sha256}
        print(json.dumps(about | {"ranking": rows, "errors": [str(each) for each in refused]}, allow_nan=False))
    else:
        for rank, (path, found) in enumerate(ranking, 1):
            print(_line(rank, path, found, args.align))
    return EXIT_USER_ERROR if refused else 0


def _find_songs(arguments: Sequence[Path]) -> tuple[list[Path], list[UserError]]:
    """Songs of the command line; of a folder its sound files or, when it has none, its npz files."""
    paths: list[Path] = []
    refused: list[UserError] = []
    for argument in arguments:
        found, errors = find_files([argument], AUDIO_SUFFIXES, "songs", "audio files, npz files of motionbeat.embed,")
        if errors:
            embeddings, worse = find_files([argument], {EMBEDDING_SUFFIX}, "songs", "audio files")
            found, errors = embeddings, errors if worse else []
        paths += [path for path in found if path not in paths]
        refused += errors
    return paths, refused


def _match_all(
    paths: Sequence[Path],
    read: Callable[[Path], FoundT],
    fit: Callable[[FoundT], Match | None],
    refused: list[UserError],
) -> list[tuple[Path, Match]]:
    """What fits how well, one file in memory at a time; what cannot be ranked is added to ``refused``."""
    matches = []
    for path in paths:
        try:
            found = fit(read(path))
            if found is None:
                raise UserError(f"{path}: song and dance have no clip of four bars in common: too short, or --offset.")
        except UserError as error:
            refused.append(error)
        else:
            matches.append((path, found))
    return matches


def _line(rank: int, path: Path, found: Match, aligned: bool) -> str:
    clips = "1 clip" if found.clips == 1 else f"{found.clips} clips"
    start = f", starting {found.offset_beats:g} beats later ({found.offset_s:.2f} s)" if aligned else ""
    return f"{rank:3d}. {found.score:+.3f}  {' '.join(str(path).split())} ({clips}{start})"


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = build_parser().parse_args(argv)
    return run_command(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
