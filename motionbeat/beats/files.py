"""Beats as text: ``.beats`` files, a line ``SECONDS<TAB>POSITION`` for each beat, position 1 on downbeats.

The position counts the beats of a bar. madmom and Beat This write the same; files with the first column alone are read
too.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from motionbeat.beats.grid import DEFAULT_METER, BeatGrid
from motionbeat.errors import UserError
from motionbeat.output import StagedFiles, check_free

_MAX_FILE_BYTES = 10_000_000  # beats of an hour take a fiftieth of it; more is surely something else
_QUOTED_CHARACTERS = 40


def bar_positions(grid: BeatGrid) -> np.ndarray:
    """(n,) int, position of each beat in its bar from 1 on; 1 on the downbeats of ``grid`` and nowhere else.

    Unlike :attr:`BeatGrid.beat_in_bar` it goes on counting in a bar that is longer than the meter. Beats before the
    first downbeat count up to it.
    """
    index = np.arange(len(grid.beats))
    # a downbeat may lie up to a millisecond from its beat, so the nearest one is taken
    downs = np.searchsorted((grid.beats[:-1] + grid.beats[1:]) / 2, grid.downbeats)
    since = index - downs[np.maximum(np.searchsorted(downs, index, side="right") - 1, 0)]
    pickup = max(grid.meter, downs[0] + 1)
    return np.where(since >= 0, since, since + pickup) + 1


def beats_text(grid: BeatGrid) -> str:
    """What a ``.beats`` file says of a grid; times to a tenth of a millisecond."""
    lines = [f"{time:.4f}\t{position}\n" for time, position in zip(grid.beats, bar_positions(grid), strict=True)]
    return "".join(lines)


def write_beats_file(path: str | Path, grid: BeatGrid, force: bool = False) -> None:
    """Write a ``.beats`` file, whole or not at all.

    Args:
        path: the file; missing folders are made.
        grid: what to write. Its confidence is not in the file.
        force: replace a file that exists.

    Raises:
        UserError: the file exists and ``force`` is False, or it cannot be written.
    """
    path = Path(path)
    check_free([path], [], force)
    with StagedFiles([path], force) as files:
        files.paths[0].write_text(beats_text(grid), encoding="utf-8", newline="\n")
        files.commit()


def read_beats_file(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Times and positions of a ``.beats`` file.

    Columns are parted by spaces or tabs; empty lines and lines that begin with ``#`` are skipped.

    Returns:
        (n,) ascending seconds, at least one; (n,) int positions in the bar from 1 on, or all 0 in a file that
            has no positions or only such.

    Raises:
        UserError: the file is missing, not readable, no text or empty, or one of its lines (which is named) is not as
            described, or only some of them have a position.
    """
    path = Path(path)
    times: list[float] = []
    positions: list[int] = []
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        try:
            time, position = _parse(fields)
            if times and time <= times[-1]:
                raise ValueError(f"{time:g} s does not come after the beat before it, {times[-1]:g} s")
            if times and (position == 0) != (positions[-1] == 0):
                raise ValueError("some lines have a position in the bar and some have none (or 0)")
        except ValueError as error:
            raise UserError(
                f"{path}, line {number}: {error}. Expected: seconds, and position in the bar (1 on downbeats)."
            ) from None
        times.append(time)
        positions.append(position)
    if not times:
        raise UserError(f"{path} has no beats in it.")
    return np.array(times), np.array(positions)


def read_beats(path: str | Path, confidence: float = 1.0) -> BeatGrid:
    """The beat grid in a ``.beats`` file.

    The meter is the usual number of beats from downbeat to downbeat, the tempo that of the median beat. In a file
    without positions the first beat is taken for a downbeat in four.

    Args:
        path: the file.
        confidence: of the grid; the file does not tell.

    Raises:
        UserError: as :func:`read_beats_file`; also a single beat, or positions without a downbeat.
    """
    times, positions = read_beats_file(path)
    if len(times) < 2:
        raise UserError(f"{path} has only one beat in it; at least two are needed.")
    meter = DEFAULT_METER
    if positions[0] == 0:
        downs = np.arange(0, len(times), meter)
    else:
        downs = np.flatnonzero(positions == 1)
        if len(downs) == 0:
            raise UserError(f"{path} has no downbeat in it: no line has position 1.")
        meter = int(np.bincount(np.diff(downs)).argmax() if len(downs) > 1 else positions.max())
    return BeatGrid(times, times[downs], meter, 60.0 / float(np.median(np.diff(times))), confidence)


def _parse(fields: list[str]) -> tuple[float, int]:
    """Seconds and position (0 if there is none) of one line.

    Raises:
        ValueError: with what is wrong, for the user.
    """
    if len(fields) > 2:
        raise ValueError(f"has {len(fields)} columns")
    try:
        time = float(fields[0])
    except ValueError:
        raise ValueError(f"{_quote(fields[0])} is not a number") from None
    if not (math.isfinite(time) and time >= 0):
        raise ValueError(f"{_quote(fields[0])} is not a time in the song")
    if len(fields) == 1:
        return time, 0
    try:
        position = float(fields[1])
    except ValueError:
        raise ValueError(f"{_quote(fields[1])} is not a position in the bar") from None
    if not 0 <= position < 1000 or position != int(position):
        raise ValueError(f"{_quote(fields[1])} is not a position in the bar")
    return time, int(position)


def _quote(text: str) -> str:
    return repr(text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "...")


def _read_text(path: Path) -> str:
    try:
        if not path.exists():
            raise UserError(f"{path}: no such file.")
        if not path.is_file():
            raise UserError(f"{path} is not a file of beats.")
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{str(path)[:200]} cannot be opened: {reason}.") from None
    if len(content) > _MAX_FILE_BYTES or b"\0" in content:
        raise UserError(f"{path} is not a file of beats.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a file of beats.") from None
