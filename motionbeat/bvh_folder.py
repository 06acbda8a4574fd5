"""A folder of BVH files with or without music, as dances (:mod:`motionbeat.dance_folder` for the folder,
:mod:`motionbeat.bvh` for the files, :mod:`motionbeat.retarget` for how they come onto our skeleton)."""

from __future__ import annotations

from pathlib import Path

from motionbeat.array_files import wrong_file
from motionbeat.bvh import read_bvh
from motionbeat.dance_folder import find_dance_files, read_dance_files
from motionbeat.dances import Dance
from motionbeat.errors import Refuse, raise_it
from motionbeat.grounding import grounded
from motionbeat.motion import Motion
from motionbeat.retarget import retarget


def read_bvh_folder(folder: Path, refuse: Refuse = raise_it) -> list[Dance]:
    """The dances of a folder of BVH files.

    Args:
        folder: see :mod:`motionbeat.dance_folder`.
        refuse: is called with the error of each dance that cannot be read.

    Raises:
        UserError: there are none; by default also where one cannot be read.
    """
    return read_dance_files(find_dance_files(folder, ".bvh", "bvh"), read_bvh_motion, "BVH", refuse)


def read_bvh_motion(path: Path) -> Motion:
    """One BVH file on our skeleton at 30 fps, sole of the foot at y = 0, with contacts.

    Raises:
        UserError: the file cannot be read, is no BVH motion, or its skeleton is no human body.
    """
    clip = read_bvh(path)
    try:
        return grounded(retarget(clip))
    except ValueError as error:
        raise wrong_file(path, "a human motion that can be read", error, "See docs/data.md.") from None
