"""Where the beats and bars of a song are.

A :class:`BeatGrid` is the clock that everything else reads: tokens are laid on its beats, the phase rotation of the
encoder turns with its bars. It comes from a :class:`BeatTracker`, any callable from sound to grid.
"""

from motionbeat.beats.grid import DEFAULT_METER, DEFAULT_TEMPO, BeatGrid, BeatTracker
from motionbeat.beats.tracker import LibrosaBeatTracker, track_beats

__all__ = ["DEFAULT_METER", "DEFAULT_TEMPO", "BeatGrid", "BeatTracker", "LibrosaBeatTracker", "track_beats"]
