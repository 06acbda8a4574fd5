"""Tasks on data sets in their published layouts: ``python -m motionbeat.probe --task gtzan-genre --data DIR``.

Nothing of the data sets comes with the project: sounds, labels and lists of splits are read from the folder of who has
them. Each module says the layout it expects, and its errors say what was expected where. Protocols are those that
MARBLE and the sets' authors published, as far as a frozen-feature probe allows; each task's ``source`` says how it
divides its clips and what differs from the published figures.

``aist`` is read from two folders and stands in :mod:`motionbeat.probe.catalogue` (``--data DIR --pairs PAIRS``).

Sources: R. Yuan et al., "MARBLE: Music Audio Representation Benchmark for Universal Evaluation", NeurIPS 2023, and its
public code (a43992899/MARBLE-Benchmark); the loaders of mirdata; the data sets' own pages.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from motionbeat.probe.official.ballroom import ballroom_beats, ballroom_style
from motionbeat.probe.official.emomusic import emomusic, emomusic_windows
from motionbeat.probe.official.gtzan import gtzan_beats, gtzan_genre
from motionbeat.probe.official.jamendo import jamendo_mood
from motionbeat.probe.official.magnatagatune import magnatagatune
from motionbeat.probe.official.nsynth import nsynth_instrument
from motionbeat.probe.task import Task

OFFICIAL: dict[str, Callable[[Path], Task]] = {
    "gtzan-genre": gtzan_genre,
    "gtzan-beats": gtzan_beats,
    "ballroom-beats": ballroom_beats,
    "ballroom-style": ballroom_style,
    "magnatagatune": magnatagatune,
    "nsynth-instrument": nsynth_instrument,
    "emomusic": emomusic,
    "emomusic-15s": emomusic_windows,
    "jamendo-mood": jamendo_mood,
}
"""By name of the task: what reads it from the folder of its data set."""
