"""AIST++: street dances and the pieces that they were danced to, in the release's cross-modal split.

Two folders are read: that of the release with AIST's music in it (:mod:`motionbeat.aist` says its layout), and the
pairs that ``python -m motionbeat.pairs --aist DIR --out PAIRS`` makes of it, for the dances and their beats.
"""

from __future__ import annotations

from pathlib import Path

from motionbeat.aist import music_of
from motionbeat.probe.task import Kind, Listening, Task
from motionbeat.probe.tasks.dances import recorded_dances

BARS = 2
"""Length of a clip: the dances of the validation and the test split last four bars, and a clip needs room to move."""


def aist_dances(folder: Path, pairs: Path) -> Task:
    """Music and dance of AIST++.

    Raises:
        UserError: the pairs hold no dances of AIST++, or the music of one is missing.
    """
    clips = recorded_dances(pairs, lambda name: music_of(folder, name), f"--aist {folder}")
    source = (
        f"AIST++, {len(clips)} dances in the release's cross-modal split, cut into clips of two bars. The dances of"
        " the validation and the test part are other choreographies to the same ten pieces."
    )
    return Task("aist", "music and dance (AIST++)", Kind.DANCES, clips, (), Listening.FRAMES, False, source, BARS)
