"""The table of formats that a dance can be taken away in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dancegen.body import Body
from dancegen.export.bvh import write_bvh
from dancegen.export.glb import write_glb
from dancegen.export.usd import MISSING, usd_is_installed, write_usd
from motionbeat.errors import UserError
from motionbeat.motion import Motion

NO_FBX = (
    "fbx: no free Python library writes it. Export --to glb and let Blender turn it into FBX "
    "(File > Import > glTF 2.0, then File > Export > FBX)."
)


@dataclass(frozen=True)
class ExportFormat:
    """A kind of file.

    Attributes:
        name: as ``--to`` takes it.
        holds: for a person, in a few words.
        write: writes a motion danced by a body to a path, which is replaced if it exists. Raises UserError as
            :meth:`check` or because of the body, and OSError.
        with_body: whether the file holds the body, or the skeleton alone.
        missing: why it cannot be written here and what to do, None where it can.
    """

    name: str
    holds: str
    write: Callable[[Path, Motion, Body], None]
    with_body: bool
    missing: Callable[[], str | None]

    @property
    def suffix(self) -> str:
        """Ending of its files."""
        return f".{self.name}"

    def check(self) -> None:
        """
        Raises:
            UserError: it cannot be written here.
        """
        if (reason := self.missing()) is not None:
            raise UserError(reason)


def _skeleton_alone(path: Path, motion: Motion, body: Body) -> None:
    write_bvh(path, motion)


def _no_fbx(path: Path, motion: Motion, body: Body) -> None:
    raise UserError(NO_FBX)


FORMATS: dict[str, ExportFormat] = {
    each.name: each
    for each in (
        ExportFormat("bvh", "skeleton and angles, centimetres", _skeleton_alone, False, lambda: None),
        ExportFormat("glb", "skinned, animated body (glTF 2.0), metres", write_glb, True, lambda: None),
        ExportFormat(
            "usd", "skinned, animated body (UsdSkel), metres", write_usd, True,
            lambda: None if usd_is_installed() else MISSING,
        ),
        ExportFormat("fbx", "skinned, animated body", _no_fbx, True, lambda: NO_FBX),
    )
}  # fmt: skip
"""By name, in the order in which they are offered."""
