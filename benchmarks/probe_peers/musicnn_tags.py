"""Tags that musicnn gives the clips of a task: ``python musicnn_tags.py CLIPS``. Teacher of the task teacher-tags.

Runs in musicnn's own environment (README.md), on ``--write-clips teacher-tags``. Writes an npz without pickles:
``names`` (N,) of the clips, ``tags`` (50,) of MagnaTagATune, ``probabilities`` (N, 50) float32, the mean over the
clip's patches of 3 s. Run ``--write-clips`` again for encoders after that: the clips are the same, and have tags.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from clip_folders import OneLineParser, PeerError, failed, read_clips, read_sound
from musicnn_features import SAMPLE_RATE, heard_in_patches, load_network


def write_tags(clips_folder: Path, out: Path, force: bool) -> None:
    """Tag the clips of a folder.

    Raises:
        PeerError: the clips cannot be read, or ``out`` exists and ``force`` is not given.
    """
    clips = read_clips(clips_folder)
    if out.exists() and not force:
        raise PeerError(f"{out}: there already; --force replaces it.")
    network = load_network("MTT")
    rows = [heard_in_patches(network, read_sound(path, SAMPLE_RATE))["tags"].mean(axis=0) for path in clips.paths]
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.stem}.part.npz")
    try:
        np.savez(
            partial,
            names=np.array(clips.names),
            tags=np.array(network.tags),
            probabilities=np.stack(rows).astype(np.float32),
        )
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    print(f"{out}: {len(rows)} clips, {len(network.tags)} tags")


def run(args: argparse.Namespace) -> int:
    """Returns the exit status."""
    try:
        write_tags(args.clips, args.out, args.force)
    except PeerError as error:
        return failed(error)
    except OSError as error:
        return failed(f"{args.out}: cannot be written ({error.strerror or error}).")
    except ModuleNotFoundError as error:
        return failed(f"{error.name} is not installed here. README.md beside this script has the pip lines.")
    return 0


def parse() -> argparse.Namespace:
    arguments = OneLineParser(description="Tags of musicnn for the clips of a task.", allow_abbrev=False)
    arguments.add_argument("clips", type=Path, help="folder of --write-clips teacher-tags")
    arguments.add_argument(
        "--out", type=Path, default=Path("runs/probe/tags.npz"), help="npz to write (default: %(default)s)"
    )
    arguments.add_argument("--force", action="store_true", help="replace OUT")
    return arguments.parse_args()


if __name__ == "__main__":
    sys.exit(run(parse()))
