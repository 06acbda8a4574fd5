"""Music and dance side by side in slots: what the encoder and the generator are trained on.

The paired (ballroom) dances come with their music. A dance without music meets songs of our own composition: beats
are laid on its events (:mod:`motionbeat.beatlock`), a song is composed at about that tempo, and the dance is stretched
onto the song's beats. One dance meets several songs that way.

``python -m motionbeat.pairs --open DIR [--ballroom DIR] --out runs/pairs`` writes one npz for each pair.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motionbeat.audio import load_audio
from motionbeat.beatlock import lock_to_beats, motion_grid
from motionbeat.beats import BeatGrid
from motionbeat.composer import compose
from motionbeat.contacts import detect_contacts
from motionbeat.dances import HELD_OUT, Dance, read_ballroom, read_open
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.tokens import SlotGrid, beat_tokens, slot_grid

SONG_STYLES = {
    "pop": ("house", "techno", "disco", "pop", "rock", "funk", "hiphop", "reggaeton"),
    "salsa": ("latin", "rumba", "reggaeton"),
    "indian": ("folk", "pop", "latin"),
    "modern": ("pop", "rock", "hiphop", "folk"),
}
"""Styles of our own songs that a dance without music is paired with."""

POSE_STEPS = 32767 / np.pi
"""Axis-angle components are stored as 16-bit numbers of this many steps a radian (0.005 degrees), which halves the
files: a training machine may be far away."""


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
        clean: True if both dance and music may be used for anything.
    """

    name: str
    dance: str
    style: str
    motion: Motion
    valid: np.ndarray
    grid: BeatGrid
    slots: SlotGrid
    audio_tokens: np.ndarray
    clean: bool

    @property
    def held_out(self) -> bool:
        return self.dance in HELD_OUT

    def save(self, folder: Path) -> None:
        """Write ``folder/NAME.npz``."""
        about = {"name": self.name, "dance": self.dance, "style": self.style, "clean": self.clean}
        grid = {"meter": self.grid.meter, "tempo": self.grid.tempo, "confidence": self.grid.confidence}
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
        )


def load_pair(path: Path) -> Pair:
    """Read a pair that :meth:`Pair.save` wrote."""
    with np.load(path, allow_pickle=False) as data:
        about = json.loads(str(data["about"]))
        grid = BeatGrid(data["beats"], data["downbeats"], about["meter"], about["tempo"], about["confidence"])
        poses = data["poses"].astype(np.float32) / np.float32(POSE_STEPS)
        motion = Motion(poses, data["trans"], about["fps"], data["contacts"].astype(np.float32) / 255)
        return Pair(
            about["name"], about["dance"], about["style"], motion, data["valid"], grid, slot_grid(grid),
            data["audio_tokens"], about["clean"],
        )  # fmt: skip


def load_pairs(folder: Path, clean_only: bool = False) -> list[Pair]:
    """All pairs in a folder, by name.

    Raises:
        UserError: there are none.
    """
    pairs = [load_pair(path) for path in sorted(folder.glob("*.npz"))]
    pairs = [pair for pair in pairs if pair.clean or not clean_only]
    if not pairs:
        raise UserError(f"{folder}: no pairs there. Make them with python -m motionbeat.pairs.")
    return pairs


def pair_with_own_music(dance: Dance) -> Pair:
    """A dance with the music that it was recorded to."""
    assert dance.grid is not None and dance.audio_path is not None
    slots = slot_grid(dance.grid)
    tokens = beat_tokens(load_audio(dance.audio_path), slots)
    return Pair(
        dance.name, dance.name, dance.style, dance.motion, dance.valid, dance.grid, slots, _as_bytes(tokens),
        dance.clean,
    )  # fmt: skip


def pair_with_composed_song(dance: Dance, number: int) -> Pair:
    """A dance without music, stretched onto the beats of a song composed for it; ``number`` chooses the song."""
    seed = zlib.crc32(f"{dance.name}/{number}".encode())
    rng = np.random.default_rng(seed)
    contacts = detect_contacts(dance.motion.joints(), dance.motion.fps)
    motion = Motion(dance.motion.poses, dance.motion.trans, dance.motion.fps, contacts)
    laid = motion_grid(motion)
    tempo = float(laid.tempo * rng.uniform(0.92, 1.08))
    style = str(rng.choice(SONG_STYLES[dance.style]))
    bars = int(np.ceil((len(laid.beats) + laid.meter) / laid.meter))
    audio, song = compose(style, tempo, bars, seed)
    # the dance's first downbeat meets the first downbeat that leaves room for the beats before it
    lead = int(laid.beat_in_bar[0])
    count = min(len(laid.beats), len(song.beats) - lead)
    locked, valid = lock_to_beats(
        motion, dance.valid, laid.beats[:count], song.beats[lead : lead + count], dance.motion.fps
    )
    slots = slot_grid(song)
    return Pair(
        f"{dance.name}_{number}", dance.name, dance.style, locked, valid, song, slots,
        _as_bytes(beat_tokens(audio, slots)), dance.clean,
    )  # fmt: skip


def _as_bytes(tokens: np.ndarray) -> np.ndarray:
    return np.round(tokens * 255).astype(np.uint8)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m motionbeat.pairs", description="Build the training pairs.")
    parser.add_argument("--open", type=Path, help="folder of the open dances (no music)")
    parser.add_argument("--ballroom", type=Path, help="folder of the paired ballroom dances (non-commercial)")
    parser.add_argument("--songs", type=int, default=4, help="composed songs for each dance without music")
    parser.add_argument("--out", type=Path, default=Path("runs/pairs"))
    args = parser.parse_args(argv)
    try:
        dances = (read_open(args.open) if args.open else []) + (read_ballroom(args.ballroom) if args.ballroom else [])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not dances:
        parser.error("give --open, --ballroom or both")
    args.out.mkdir(parents=True, exist_ok=True)
    for dance in tqdm(dances, desc="pairing", unit="dance"):
        if dance.grid is not None:
            pair_with_own_music(dance).save(args.out)
        else:
            for number in range(args.songs):
                pair_with_composed_song(dance, number).save(args.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
