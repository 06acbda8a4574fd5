"""Where the beats and bars of a song are.

A :class:`BeatGrid` is the clock that everything else reads: tokens are laid on its beats, the phase rotation of the
encoder turns with its bars. It comes from a :class:`BeatTracker`, any callable from sound to grid;
:class:`NeuralBeatTracker` is ours: a spectrogram (:mod:`~motionbeat.beats.features`), a network that hears beats in it
(:mod:`~motionbeat.beats.network`), and the most likely sequence of them (:mod:`~motionbeat.beats.decoding`).

>>> from motionbeat.audio import load_audio
>>> from motionbeat.beats import track_beats
>>> grid = track_beats(load_audio("song.mp3"))
>>> grid.tempo, grid.meter, grid.downbeats, grid.confidence
"""

from motionbeat.beats.grid import DEFAULT_METER, DEFAULT_TEMPO, BeatGrid, BeatTracker
from motionbeat.beats.tracker import NeuralBeatTracker, track_beats

__all__ = ["DEFAULT_METER", "DEFAULT_TEMPO", "BeatGrid", "BeatTracker", "NeuralBeatTracker", "track_beats"]
