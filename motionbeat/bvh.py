"""BVH files: a skeleton of any make and its motion, as text.

A reader of our own, because the files are a user's and the readers that PyPI has either trust them (``upc-pymotion``,
``bvh``: any malformed line is a traceback or a wrong motion, and an endless header is read to its end) or refuse what
other programs write (``pybvh``: joints other than the root with position channels, which Rokoko, MotionBuilder and the
FBX converters write). ``bvhio`` needs a compiled dependency and keeps an object for each joint and frame.

Semantics: angles are degrees, joined in the order of the channels (``R = R_1 R_2 R_3`` on column vectors), a joint's
own rotation moves its children. Position channels of a joint take the place of its OFFSET, as most programs write
them; where they lie nearer to zero than to the OFFSET they are added to it.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from motionbeat.array_files import wrong_file
from motionbeat.errors import UserError

MAX_FILE_BYTES = 256 << 20
"""Largest file that is read: an hour of 30 joints at 60 frames a second, or 20 minutes with all fingers."""

MAX_JOINTS = 500
MAX_SECONDS = 3600.0
FPS_RANGE = (5.0, 1000.0)

_MAX_HEADER_BYTES = 1 << 20
_LARGEST = 1e6  # degrees or units of length
_ROUNDING = 1e-4  # frame times are written with few digits: 0.033333 means 1 / 30
_CHANNEL = re.compile(r"([XYZ])(position|rotation)", re.IGNORECASE)
_MOTION = re.compile(
    rb"\bMOTION\s+Frames:\s*(\d{1,12})\s+Frame\s+Time:\s*([0-9.eE+-]{1,40})[^\S\n]*\r?\n", re.IGNORECASE
)
_KIND = "a BVH motion"
_EXPECTED = "Export it again as BVH."


@dataclass(frozen=True, eq=False)
class BvhClip:
    """What a BVH file holds: N joints (end sites among them) over T frames, in the file's own units and axes.

    Attributes:
        names: of the joints; an end site is called after its parent with ``_end``.
        parents: index of each joint's parent, which comes before it; -1 for the root.
        offsets: (N, 3) position in the parent's frame as the hierarchy has it.
        channels: of each joint its channels in the file's order, such as ``Xposition``; none for an end site.
        values: (T, C) the numbers of all channels, joint after joint.
        fps: frames per second.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: np.ndarray
    channels: tuple[tuple[str, ...], ...]
    values: np.ndarray
    fps: float

    def __len__(self) -> int:
        return len(self.values)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self) / self.fps

    @cached_property
    def rest_offsets(self) -> np.ndarray:
        """(N, 3) offset of each joint in its parent's frame; the median over time where position channels set it."""
        rest = self.offsets.copy()
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                rest[joint] = np.median(np.atleast_2d(self._places(joint)), axis=0)
        return rest

    def rest_positions(self) -> np.ndarray:
        """(N, 3) where the joints are when nothing is turned, the root at 0."""
        places = np.zeros((len(self.names), 3))
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                places[joint] = places[parent] + self.rest_offsets[joint]
        return places

    def world(self, joints: Iterable[int], frames: np.ndarray) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
        """Where some joints are and how they are turned.

        Args:
            joints: which; those between them and the root are worked out on the way.
            frames: (n,) int, which frames.

        Returns:
            By joint: (n, 3) positions and (n, 3, 3) rotation matrices.
        """
        wanted = set(joints)
        for joint in list(wanted):
            while (joint := self.parents[joint]) >= 0 and joint not in wanted:
                wanted.add(joint)
        places: dict[int, np.ndarray] = {}
        turns: dict[int, np.ndarray] = {}
        for joint in sorted(wanted):
            place, turn = self._places(joint, frames), self._turns(joint, frames)
            if (parent := self.parents[joint]) >= 0:
                place = places[parent] + (turns[parent] @ place[..., None])[..., 0]
                turn = turns[parent] @ turn
            places[joint], turns[joint] = np.broadcast_to(place, (len(frames), 3)), turn
        return places, turns

    def _columns(self, joint: int, kind: str) -> tuple[str, list[int]]:
        """Axes and columns of a joint's channels of one kind."""
        first = sum(len(each) for each in self.channels[:joint])
        found = [(name[0], first + k) for k, name in enumerate(self.channels[joint]) if name.endswith(kind)]
        return "".join(axis for axis, _ in found), [column for _, column in found]

    def _places(self, joint: int, frames: np.ndarray | slice = slice(None)) -> np.ndarray:
        """(n, 3) or (3,) of a joint in its parent's frame."""
        axes, columns = self._columns(joint, "position")
        if not columns:
            return self.offsets[joint]
        places = np.tile(self.offsets[joint], (len(self), 1))
        places[:, ["XYZ".index(axis) for axis in axes]] = self.values[:, columns]
        away = np.median(np.linalg.norm(places - self.offsets[joint], axis=1))
        if away > np.median(np.linalg.norm(places, axis=1)):
            places += self.offsets[joint]
        return places[frames]

    def _turns(self, joint: int, frames: np.ndarray) -> np.ndarray:
        """(n, 3, 3) of a joint in its parent's frame."""
        axes, columns = self._columns(joint, "rotation")
        if not columns:
            return np.tile(np.eye(3), (len(frames), 1, 1))
        return Rotation.from_euler(axes, self.values[frames][:, columns], degrees=True).as_matrix()


def read_bvh(path: Path) -> BvhClip:
    """Read a BVH file.

    Raises:
        UserError: the file is missing, too large, cut off, or no BVH motion; it holds fewer than two frames, numbers
            that are not finite, or more than :data:`MAX_SECONDS`.
    """
    try:
        if not path.is_file():
            raise UserError(f"{path}: no such file.")
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UserError(f"{path}: {size >> 20} MiB, more than {MAX_FILE_BYTES >> 20}. Give shorter BVH files.")
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}).") from None
    try:
        return _parse(content)
    except ValueError as error:
        raise wrong_file(path, _KIND, error, _EXPECTED) from None


def _parse(content: bytes) -> BvhClip:
    """
    Raises:
        ValueError: with the reason why this is no BVH motion.
    """
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].upper() == b"HIERARCHY":
        raise ValueError("it does not begin with HIERARCHY")
    motion = _MOTION.search(content)
    if motion is None:
        raise ValueError("it has no MOTION with Frames and Frame Time, or is cut off before")
    if motion.start() > _MAX_HEADER_BYTES:
        raise ValueError("its hierarchy is longer than that of any skeleton")
    names, parents, offsets, channels = _hierarchy(content[: motion.start()].decode("utf-8", errors="replace"))
    columns = sum(len(each) for each in channels)
    frames = int(motion[1])
    fps = _frame_rate(motion[2].decode())
    if frames < 2:
        raise ValueError(f"it has {frames} frames, and a motion has two or more")
    if frames / fps > MAX_SECONDS:
        raise ValueError(f"its header says {frames / fps:.0f} s of motion, and {MAX_SECONDS:g} are read at most")
    if 2 * frames * columns > len(content) + 1 - motion.end():
        raise ValueError(f"its header says {frames} frames of {columns} numbers, and so many cannot follow: cut off?")
    values = _values(content[motion.end() :], frames, columns)
    return BvhClip(tuple(names), tuple(parents), np.array(offsets), tuple(channels), values, fps)


def _frame_rate(frame_time: str) -> float:
    try:
        fps = 1.0 / float(frame_time)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"its frame time {frame_time!r} is no number of seconds") from None
    low, high = FPS_RANGE
    if not low * (1 - _ROUNDING) <= fps <= high * (1 + _ROUNDING):
        raise ValueError(f"its frame time means {fps:.4g} frames a second, and {low:g} to {high:g} are read")
    return float(round(fps)) if abs(fps - round(fps)) <= _ROUNDING * fps else fps


def _values(text: bytes, frames: int, columns: int) -> np.ndarray:
    """(frames, columns) float64; rows beyond ``frames`` are not looked at."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of input without data, which is refused below
            values = np.loadtxt(io.BytesIO(text), comments=None, ndmin=2, max_rows=frames, encoding="latin-1")
    except ValueError:
        raise ValueError("a row of its motion is cut off or holds something else than numbers") from None
    if values.shape != (frames, columns):
        has = f"{len(values)} frames of {values.shape[1]} numbers"
        raise ValueError(f"its motion has {has} where its header says {frames} of {columns}")
    if not np.isfinite(values).all():
        raise ValueError("its motion has values that are not finite numbers")
    if np.abs(values).max() > _LARGEST:
        raise ValueError(f"its motion has values beyond {_LARGEST:g}")
    return values


def _hierarchy(text: str) -> tuple[list[str], list[int], list[list[float]], list[tuple[str, ...]]]:
    """Names, parents, offsets and channels of the joints and end sites."""
    names: list[str] = []
    parents: list[int] = []
    offsets: list[list[float]] = []
    channels: list[tuple[str, ...]] = []
    is_open: list[int] = []  # the joints whose braces are open
    opened = 0
    lines = [line.strip() for line in re.sub(r"([{}])", r"\n\1\n", text).splitlines()]
    for line in [line for line in lines if line][1:]:
        word, *after = line.split(maxsplit=1)
        rest = after[0] if after else ""
        match word.upper():
            case "ROOT" | "JOINT" | "END" as kind:
                root = kind == "ROOT"
                if root and names:
                    raise ValueError("it has two roots, and one dancer is read from a file")
                if not root and not is_open:
                    raise ValueError(f"{rest[:40]!r} is outside of the skeleton")
                if len(names) == MAX_JOINTS:
                    raise ValueError(f"it has more than {MAX_JOINTS} joints")
                parents.append(is_open[-1] if is_open else -1)
                names.append(f"{names[parents[-1]]}_end" if kind == "END" else rest)
                offsets.append([])
                channels.append(())
            case "{":
                opened += 1
                if opened != len(names):
                    raise ValueError("its braces do not fit its joints")
                is_open.append(len(names) - 1)
            case "}":
                if not is_open:
                    raise ValueError("its braces do not fit its joints")
                is_open.pop()
            case "OFFSET" if is_open and not offsets[is_open[-1]]:
                offsets[is_open[-1]] = _offset(rest, names[is_open[-1]])
            case "CHANNELS" if is_open and not channels[is_open[-1]]:
                channels[is_open[-1]] = _channels(rest, names[is_open[-1]])
            case _:
                raise ValueError(f"its hierarchy has a line {line[:40]!r}")
    if not names or is_open or opened != len(names):
        raise ValueError("its hierarchy is empty or not closed")
    for name, offset in zip(names, offsets, strict=True):
        if not offset:
            raise ValueError(f"its joint {name[:40]} has no OFFSET")
    if not any(channels):
        raise ValueError("its joints have no CHANNELS")
    return names, parents, offsets, channels


def _offset(text: str, name: str) -> list[float]:
    try:
        offset = [float(each) for each in text.split()]
    except ValueError:
        offset = []
    if len(offset) != 3 or not all(abs(each) <= _LARGEST for each in offset):
        raise ValueError(f"the OFFSET of its joint {name[:40]} is not three numbers")
    return offset


def _channels(text: str, name: str) -> tuple[str, ...]:
    """The channels of a joint in one spelling."""
    count, *given = text.split() or [""]
    found = [_CHANNEL.fullmatch(each) for each in given]
    spelt = tuple(f"{each[1].upper()}{each[2].lower()}" for each in found if each)
    if len(spelt) != len(given) or str(len(given)) != count or len(set(spelt)) != len(spelt):
        raise ValueError(f"the CHANNELS of its joint {name[:40]} are not so many positions and rotations")
    return spelt
