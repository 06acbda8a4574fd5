"""Music and dance side by side in slots: what the encoder and the generator are trained on.

The paired (ballroom) dances come with their music. A dance without music meets several songs
(:mod:`motionbeat.songs`): some composed for it, others taken from the rendered training set of the beat tracker or
from free recordings, all near its natural tempo. It is laid on the beats of each (:mod:`motionbeat.beatlock`). A
paired dance of the training split meets further songs of its style in the same way, its beats on their beats
(``--more-songs``).

``python -m motionbeat.pairs --open DIR [--ballroom DIR] --out runs/pairs`` writes one npz for each pair, and
``songs.json``: which song each dance was laid on, and how.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from motionbeat.aist import read_aist
from motionbeat.array_files import numbers, one_number, read_arrays, wrong_file
from motionbeat.audio import Audio, load_audio
from motionbeat.beatlock import LaidDance, has_whole_bars, lay_beats_on_beats, lay_on_beats, natural_tempo
from motionbeat.beats import BeatGrid, track_beats
from motionbeat.beats.tracker import shipped_tracker
from motionbeat.command import OneLineParser, run_command
from motionbeat.dances import Dance, read_ballroom, read_open
from motionbeat.ear import MUSIC_TOKEN_DIM, MusicEar, music_tokens, shipped_ear
from motionbeat.errors import UserError
from motionbeat.finedance import read_finedance
from motionbeat.motion import FPS_RANGE, Motion
from motionbeat.output import StagedFiles
from motionbeat.shards import is_prepared, pair_files
from motionbeat.songs import METER, METERS, Music, Song, composed_song, read_clips, read_recordings, suiting
from motionbeat.tokens import PULSE_TOKEN_DIM, TOKEN_DIM, SlotGrid, beat_tokens, pulse_tokens, slot_grid

POSE_STEPS = 32767 / np.pi
"""Axis-angle components are stored as 16-bit numbers of this many steps a radian (0.005 degrees), which halves the
files: a training machine may be far away."""

PITCHES = (0.0, -3.0, 3.0)
"""Semitones: as it is first, then in two other keys, for training."""

PULSE_STEPS = 64
"""Pulse tokens are stored in so many steps a unit; they spread by about half a unit."""

MUSIC_STEPS = 16
"""The same of what the music ear hears, which spreads by about one unit."""

SHORTEST_S = 3.0
"""A dance without music has to last this long to be laid on beats."""

_COMPACT = {
    "poses": np.int16, "contacts": np.uint8, "audio_tokens": np.uint8, "pulse_tokens": np.float16, "valid": bool,
}  # fmt: skip
_AGAIN = "Make the pairs again with python -m motionbeat.pairs."


@dataclass(frozen=True, eq=False)
class Pair:
    """A dance and its music, on one clock.

    Attributes:
        name: the dance, with the number of its song where it meets several.
        dance: the recording that it comes from.
        style: genre label.
        motion: 30 fps, with contacts.
        valid: (T,) bool.
        grid: the music's beats.
        slots: the music's slots.
        audio_tokens: (N, 320) uint8, tokens of :func:`motionbeat.tokens.beat_tokens` times 255.
        pulse_tokens: (3, N, 67) float16, tokens of :func:`motionbeat.tokens.pulse_tokens` by the shipped beat network,
            heard at each of :data:`PITCHES`.
        clean: True if both dance and music may be used for anything.
        split: ``train``, ``validation`` or ``test``: that of the dance.
        song: what the music is called, the same for all dances to it.
        music_tokens: (N, 192) float16, tokens of :func:`motionbeat.ear.music_tokens` by the shipped music ear; None
            where they were not asked for (``--music-tokens``).
    """

    name: str
    dance: str
    style: str
    motion: Motion
    valid: np.ndarray
    grid: BeatGrid
    slots: SlotGrid
    audio_tokens: np.ndarray
    pulse_tokens: np.ndarray
    clean: bool
    split: str
    song: str
    music_tokens: np.ndarray | None = None

    @property
    def recorded_together(self) -> bool:
        """Whether the dance was danced to this very music, not laid on its beats afterwards."""
        return self.name == self.dance

    def tokens(self, hearing: str) -> np.ndarray:
        """(V, N, D) tokens as they are kept, in V keys, for an encoder with that ``hearing`` (a key of
        :data:`motionbeat.encoder.AUDIO_TOKEN_DIM`).

        Raises:
            UserError: they were not kept.
        """
        if hearing == "mel":
            return self.audio_tokens[None]
        if hearing == "pulse":
            return self.pulse_tokens
        if self.music_tokens is None:
            raise UserError(f"{self.name}: has no tokens of the music ear. Make the pairs with --music-tokens.")
        # the ear hears a piece in its own key only: what it tells is not when something happens
        music = np.broadcast_to(self.music_tokens, (len(self.pulse_tokens), *self.music_tokens.shape))
        return np.concatenate([self.pulse_tokens, music], axis=2)

    def save(self, folder: Path) -> None:
        """Write ``folder/NAME.npz``."""
        about = {"name": self.name, "dance": self.dance, "style": self.style, "clean": self.clean}
        about |= {"split": self.split, "song": self.song}
        grid = {"meter": self.grid.meter, "tempo": self.grid.tempo, "confidence": self.grid.confidence}
        heard: dict[str, Any] = {} if self.music_tokens is None else {"music_tokens": self.music_tokens}
        np.savez_compressed(
            folder / f"{self.name}.npz",
            about=np.array(json.dumps(about | grid | {"fps": self.motion.fps})),
            poses=np.round(self.motion.poses * POSE_STEPS).astype(np.int16),
            trans=self.motion.trans,
            contacts=np.round(np.asarray(self.motion.contacts) * 255).astype(np.uint8),
            valid=self.valid,
            beats=self.grid.beats,
            downbeats=self.grid.downbeats,
            audio_tokens=self.audio_tokens,
            pulse_tokens=self.pulse_tokens,
            **heard,
        )


def as_given(tokens: np.ndarray) -> np.ndarray:
    """Tokens as they are kept -> float32, as an encoder is given them."""
    values = tokens.astype(np.float32)
    return values / 255 if tokens.dtype == np.uint8 else values


def load_pair(path: Path) -> Pair:
    """Read a pair that :meth:`Pair.save` wrote.

    Raises:
        UserError: the file is missing, damaged, or something else.
    """
    needed = ("about", "poses", "trans", "contacts", "valid", "beats", "downbeats", "audio_tokens", "pulse_tokens")
    data = read_arrays(path, "a pair", _AGAIN, needed, ["music_tokens"])
    try:
        about = json.loads(str(data["about"]))
        beats, downbeats = (numbers(name, data[name], np.inf) for name in ("beats", "downbeats"))
        grid = BeatGrid(beats, downbeats, int(about["meter"]), float(about["tempo"]), float(about["confidence"]))
        slots = slot_grid(grid)
        # compact integers, each all of whose values mean something
        for name, kind in _COMPACT.items():
            if data[name].dtype != kind:
                raise ValueError(f"{name} must be {np.dtype(kind)}, got {data[name].dtype}")
        if not np.isfinite(data["pulse_tokens"]).all():
            raise ValueError("pulse_tokens must be finite")
        music = data.get("music_tokens")
        if music is not None and (music.dtype != np.float16 or not np.isfinite(music).all()):
            raise ValueError("music_tokens must be finite float16")
        poses = data["poses"].astype(np.float32) / np.float32(POSE_STEPS)
        contacts = data["contacts"].astype(np.float32) / 255
        fps = one_number("fps", np.array(about["fps"]), *FPS_RANGE)
        trans = numbers("trans", data["trans"], np.inf).astype(np.float32)
        motion = Motion(poses, trans, fps, contacts)
        if (
            data["valid"].shape != (len(motion),)
            or data["audio_tokens"].shape != (len(slots), TOKEN_DIM)
            or data["pulse_tokens"].shape != (len(PITCHES), len(slots), PULSE_TOKEN_DIM)
            or (music is not None and music.shape != (len(slots), MUSIC_TOKEN_DIM))
        ):
            raise ValueError("its arrays do not fit together")
        if about["name"] != path.stem:
            raise ValueError("its name inside is another")
        return Pair(
            about["name"], about["dance"], about["style"], motion, data["valid"], grid, slots, data["audio_tokens"],
            data["pulse_tokens"], about["clean"], about["split"], about["song"], music,
        )  # fmt: skip
    except KeyError as error:
        raise wrong_file(path, "a pair", f"it does not say its {error.args[0]}", _AGAIN) from None
    except (ValueError, TypeError) as error:
        raise wrong_file(path, "a pair", error, _AGAIN) from None


def load_pairs(folder: Path, clean_only: bool = False) -> list[Pair]:
    """All pairs in a folder that ``motionbeat.pairs`` or ``dancegen.prepare`` wrote.

    Raises:
        UserError: there are none.
    """
    paths = pair_files(folder, clean_only=clean_only) if is_prepared(folder) else sorted(folder.glob("*.npz"))
    pairs = [pair for pair in map(load_pair, paths) if pair.clean or not clean_only]
    if not pairs:
        raise UserError(f"{folder}: no pairs there. Make them with python -m motionbeat.pairs.")
    return pairs


def with_tracked_beats(dance: Dance) -> Dance:
    """The dance with the beats that our own tracker hears in its music; as it was if it has none."""
    if dance.audio_path is None:
        return dance
    audio = load_audio(dance.audio_path)
    return replace(dance, grid=track_beats(audio).covering(audio.duration))


def pair_with_own_music(dance: Dance, ear: MusicEar | None = None) -> Pair:
    """A dance with the music that it was recorded to, heard by a music ear too if one is given."""
    assert dance.grid is not None and dance.audio_path is not None
    slots = slot_grid(dance.grid)
    audio = load_audio(dance.audio_path)
    return Pair(
        dance.name, dance.name, dance.style, dance.motion, dance.valid, dance.grid, slots, *_heard(audio, slots),
        dance.clean, dance.split, dance.song, _heard_by(ear, audio, slots),
    )  # fmt: skip


def pair_with_song(
    dance: Dance, name: str, music: Music, part: float = 0.0, ear: MusicEar | None = None
) -> tuple[Pair, LaidDance]:
    """A dance laid on the beats of ``music``: by its events, or by its own beats if they are known. The pair, called
    ``name``, ends with the dance or the music; heard by a music ear too if one is given.

    Raises:
        ValueError: the dance is shorter than two beats, or its bars and those of the music differ.
    """
    if dance.grid is None:
        laid = lay_on_beats(dance.motion, dance.valid, music.grid, part=part)
    else:
        laid = lay_beats_on_beats(dance.motion, dance.valid, dance.grid, music.grid, part=part)
    beats = music.grid.beats[music.grid.beats <= laid.song_times_s[-1] + 1e-6]
    downbeats = music.grid.downbeats[music.grid.downbeats <= beats[-1]]
    grid = BeatGrid(beats, downbeats, music.grid.meter, music.grid.tempo, music.grid.confidence)
    slots = slot_grid(grid)
    audio = music.audio.crop(0.0, float(beats[-1]) + 1.0)
    pair = Pair(
        name, dance.name, dance.style, laid.motion, laid.valid, grid, slots, *_heard(audio, slots),
        dance.clean and music.clean, dance.split, music.name, _heard_by(ear, audio, slots),
    )  # fmt: skip
    return pair, laid


def pairs_with_songs(
    dance: Dance, songs: int, more_songs: int, library: list[Song], ear: MusicEar | None = None
) -> Iterator[tuple[Pair, Music, LaidDance]]:
    """A dance with songs that it was not recorded to, one after another: ``songs`` of them if it came without music,
    ``more_songs`` if it came with some, is not short, its bars are whole and it is trained on (held-out dances are
    measured with their own music alone). Heard by a music ear too if one is given.

    Raises:
        ValueError: the dance is shorter than two beats.
    """
    count = songs
    if dance.grid is not None:
        fitting = dance.split == "train" and dance.grid.meter in METERS and has_whole_bars(dance.grid)
        count = more_songs if fitting and dance.motion.duration >= SHORTEST_S else 0
    for number, music in enumerate(choose_songs(dance, count, library)):
        # a dance longer than its songs shows another part to each
        pair, laid = pair_with_song(dance, f"{dance.name}_{number}", music, number / max(count - 1, 1), ear)
        yield pair, music, laid


def choose_songs(dance: Dance, count: int, library: list[Song]) -> list[Music]:
    """``count`` different songs near the tempo of a dance, its natural one if it came without music: every other one
    from ``library`` (while it has fitting ones, each kind in turn), the rest composed. The same dance and library give
    the same songs."""
    rng = np.random.default_rng(zlib.crc32(dance.name.encode()))
    tempo, meter = (natural_tempo(dance.motion), METER) if dance.grid is None else (dance.grid.tempo, dance.grid.meter)
    fitting = suiting(library, dance.style, tempo, meter, dance.split)
    if dance.grid is not None:
        fitting = [song for song in fitting if has_whole_bars(song.grid)]
    kinds = sorted({song.kind for song in fitting})
    rng.shuffle(kinds)
    chosen: list[Music] = []
    for number in range(count):
        song_rng = np.random.default_rng(zlib.crc32(f"{dance.name}/{number}".encode()))
        left = [song for song in fitting if number % 2 and song.kind == kinds[number // 2 % len(kinds)]]
        if left:
            song = left[int(song_rng.integers(len(left)))]
            fitting.remove(song)
            chosen.append(song.excerpt(dance.motion.duration, song_rng))
        else:
            chosen.append(composed_song(dance.style, tempo, meter, dance.motion.duration, song_rng))
    return chosen


def _heard(audio: Audio, slots: SlotGrid) -> tuple[np.ndarray, np.ndarray]:
    """Mel and pulse tokens as a :class:`Pair` keeps them."""
    network = shipped_tracker().network
    pulse = np.stack([pulse_tokens(network, audio, slots, pitch) for pitch in PITCHES])
    # finer steps than these are noise, and take a third of the file
    pulse = np.round(pulse * PULSE_STEPS) / PULSE_STEPS
    return np.round(beat_tokens(audio, slots) * 255).astype(np.uint8), pulse.astype(np.float16)


def _heard_by(ear: MusicEar | None, audio: Audio, slots: SlotGrid) -> np.ndarray | None:
    """What a music ear hears, as a :class:`Pair` keeps it."""
    if ear is None:
        return None
    return (np.round(music_tokens(ear, audio, slots) * MUSIC_STEPS) / MUSIC_STEPS).astype(np.float16)


def main(argv: list[str] | None = None) -> int:
    return run_command(lambda: _main(argv))


def _main(argv: list[str] | None) -> int:
    parser = OneLineParser(prog="python -m motionbeat.pairs", description="Build the training pairs.")
    parser.add_argument("--open", type=Path, help="folder of the open dances (no music)")
    parser.add_argument("--ballroom", type=Path, help="folder of the paired ballroom dances (non-commercial)")
    parser.add_argument("--aist", type=Path, help="folder aist_plusplus_final of AIST++, with its music in wav/")
    parser.add_argument("--finedance", type=Path, help="folder of FineDance (non-commercial)")
    parser.add_argument("--songs", type=int, default=4, help="songs for each dance without music (default: 4)")
    parser.add_argument("--more-songs", type=int, default=0, help="further songs for each training dance with music")
    parser.add_argument("--beatset", type=Path, help="folder of motionbeat.beatset: half of the songs come from it")
    parser.add_argument("--recordings", type=Path, help="folder of recorded songs: some of that half come from it")
    tracked = "hear the beats of paired music with our own tracker instead of taking those of the set, as in use"
    parser.add_argument("--tracked-beats", action="store_true", help=tracked)
    heard = "keep what the music ear hears, too, for encoders that are given it (a tenth more disk)"
    parser.add_argument("--music-tokens", action="store_true", help=heard)
    parser.add_argument("--out", type=Path, default=Path("runs/pairs"))
    args = parser.parse_args(argv)
    if args.songs < 1 or args.more_songs < 0:
        raise UserError("--songs must be 1 or more, and --more-songs 0 or more.")
    if not (args.open or args.ballroom or args.aist or args.finedance):
        parser.error("give dances: --open, --ballroom, --aist, --finedance, or several of them")
    out = args.out.resolve()
    _check_out(out)
    with StagedFiles([out]) as staged:
        (folder,) = staged.paths
        folder.mkdir()
        dances = (read_ballroom(args.ballroom) if args.ballroom else []) + (read_open(args.open) if args.open else [])
        dances += read_aist(args.aist) if args.aist else []
        dances += read_finedance(args.finedance) if args.finedance else []
        if not dances:
            raise UserError("The folders given have no dances in them. Give others.")
        library = read_clips(args.beatset) if args.beatset else []
        library += read_recordings(args.recordings) if args.recordings else []
        _build(
            [with_tracked_beats(dance) for dance in dances] if args.tracked_beats else dances,
            args.songs,
            args.more_songs,
            library,
            folder,
            shipped_ear() if args.music_tokens else None,
        )
        if out.exists():
            out.rmdir()
        staged.commit()
    return 0


def _check_out(out: Path) -> None:
    try:
        if out.exists() and not out.is_dir():
            raise UserError(f"--out {out}: this is a file. Give a folder.")
        if os.path.ismount(out):
            raise UserError(f"--out {out}: this is a mount point. Name a folder in it.")
        if out.exists() and any(out.iterdir()):
            raise UserError(f"--out {out}: holds something already. Move it away or write elsewhere with --out.")
    except OSError as error:
        raise UserError(f"--out {out}: cannot be read ({error.strerror}). Write elsewhere.") from None


def _build(
    dances: list[Dance], songs: int, more_songs: int, library: list[Song], folder: Path, ear: MusicEar | None
) -> None:
    """Write all pairs, and ``songs.json``."""
    met = {}
    for dance in tqdm(dances, desc="pairing", unit="dance"):
        if dance.grid is not None:
            pair_with_own_music(dance, ear).save(folder)
        elif dance.motion.duration < SHORTEST_S:
            tqdm.write(f"{dance.name}: shorter than {SHORTEST_S:g} s, left out.", file=sys.stderr)
            continue
        for pair, music, laid in pairs_with_songs(dance, songs, more_songs, library, ear):
            pair.save(folder)
            met[pair.name] = {
                "song": music.name,
                "kind": music.kind,
                "rate": round(laid.rate, 4),
                "song_times_s": laid.song_times_s.round(4).tolist(),
                "dance_times_s": laid.dance_times_s.round(4).tolist(),
            }
    (folder / "songs.json").write_text(json.dumps(met) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
