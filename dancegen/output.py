"""Where a dance goes: the paths of its files, planned before any work (:func:`plan_outputs`) and filled all or none
(:class:`StagedOutputs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from motionbeat.errors import UserError
from motionbeat.output import AUDIO_SUFFIXES, StagedFiles, check_free, distinct_names

OTHER_FILE_SUFFIXES = AUDIO_SUFFIXES - {".mp4"} | {".npz", ".json", ".gif", ".bvh", ".fbx", ".glb"}
"""Endings of ``--out`` that surely mean a file, and one that cannot be written."""


@dataclass(frozen=True)
class OutputPaths:
    """The files of one song: ``video`` (mp4, None without a video), ``motion`` (npz), ``report`` (json), and
    ``others`` (npz), the motions of the second dancer and those that follow."""

    video: Path | None
    motion: Path
    report: Path
    others: tuple[Path, ...] = ()

    @classmethod
    def named(cls, folder: Path, stem: str, with_video: bool = True, dancers: int = 1) -> OutputPaths:
        """``STEM.mp4``, ``STEM.npz``, ``STEM.json`` in ``folder``, and ``STEM.dancer2.npz``, ... of more dancers."""
        video = folder / f"{stem}.mp4" if with_video else None
        others = tuple(folder / f"{stem}.dancer{number}.npz" for number in range(2, dancers + 1))
        return cls(video, folder / f"{stem}.npz", folder / f"{stem}.json", others)

    @property
    def motions(self) -> tuple[Path, ...]:
        """The motion of each dancer."""
        return (self.motion, *self.others)

    @property
    def files(self) -> tuple[Path, ...]:
        """The paths that exist after a successful run; the report comes last."""
        return tuple(path for path in (self.video, *self.motions, self.report) if path is not None)


def plan_outputs(songs: Sequence[Path], out: Path, with_video: bool = True, dancers: int = 1) -> list[OutputPaths]:
    """Decide the output paths of every song before the work starts.

    Args:
        songs: the songs, each once.
        out: a folder, or ``FILE.mp4`` for a single song (motion and report then go beside it).
        with_video: whether an mp4 is among the outputs.
        dancers: how many motions there are of each song.

    Returns:
        One entry per song. Songs with the same stem get ``-2``, ``-3``, ... in their order.

    Raises:
        UserError: ``out`` cannot be meant as given.
    """
    suffix = out.suffix.lower()
    if out.is_dir():
        pass
    elif suffix == ".mp4":
        if len(songs) > 1:
            raise UserError(f"--out {out}: one file cannot hold {len(songs)} songs. Give a folder.")
        return [OutputPaths.named(out.parent, out.stem, with_video, dancers) for _ in songs]
    elif suffix in OTHER_FILE_SUFFIXES:
        raise UserError(f"--out {out}: {suffix} cannot be written. Give FILE.mp4 or a folder.")
    elif out.exists():
        raise UserError(f"--out {out}: this is a file. Give FILE.mp4 or a folder.")
    return [OutputPaths.named(out, name, with_video, dancers) for name in distinct_names(songs)]


def check_outputs(song: Path, paths: OutputPaths, force: bool, given: Sequence[Path] = ()) -> None:
    """Refuse paths that hold something already.

    Raises:
        UserError: an output exists and ``force`` is False, or an output is the song itself or one of the ``given``
            motions (with ``force`` too).
    """
    check_free(paths.files, [song, *given], force)


class StagedOutputs(StagedFiles):
    """:class:`~motionbeat.output.StagedFiles` for the files of one song.

    Attributes:
        staged: where to write; same endings as the final paths, plain names. Known once entered.
    """

    staged: OutputPaths

    def __init__(self, final: OutputPaths, force: bool = False) -> None:
        super().__init__(final.files, force)
        self._motions = len(final.motions)

    def __enter__(self) -> Self:
        super().__enter__()
        *before, report = self.paths
        motion, *others = before[len(before) - self._motions :]
        self.staged = OutputPaths(before[0] if len(before) > self._motions else None, motion, report, tuple(others))
        return self
