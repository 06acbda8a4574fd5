"""The music ear as an encoder to be probed, alone and beside MotionBeat's audio tower."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from motionbeat.assets import asset_path
from motionbeat.audio import Audio
from motionbeat.ear import MusicEar
from motionbeat.errors import UserError
from motionbeat.model_files import load_model
from motionbeat.probe.encoders import Heard, Layer, pooled
from motionbeat.probe.task import Listening
from motionbeat.probe.towers import MotionBeatEncoder


class MusicEarEncoder:
    """The music ear (:mod:`motionbeat.ear`), pre-trained on music alone.

    Layers: ``music 0`` (what it is given, through its stem) to ``music N``. Vector: ``music clip``, by which it tells
    pieces apart.

    Args:
        name: in tables.
        folder: of the weights; the shipped ones when None.

    Raises:
        UserError: there are none, or they cannot be read.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        folder = folder or asset_path("models", "ear")
        weights = sorted(folder.glob("*.safetensors"))
        if not weights:
            raise UserError(f"model: {folder} holds no music ear. Give a folder with config.json and *.safetensors.")
        self.name = name
        self.version = hashlib.sha256(b"".join(path.read_bytes() for path in weights)).hexdigest()[:16]
        self.about = "MotionBeat's music ear, pre-trained on music alone"
        self._ear = load_model(folder, MusicEar)

    def hear(self, audio: Audio, listening: Listening) -> Heard:
        """See the class."""
        heard = self._ear.listen(audio)
        layers = {f"music {number}": Layer(frames, heard.times_s) for number, frames in enumerate(heard.layers)}
        return Heard(layers, {"music clip": heard.clip})


class WholeMotionBeat:
    """Both of MotionBeat's ways of hearing: the audio tower trained against motion, and the music ear.

    Layers and vectors of both; and vectors that put some of them side by side: ``music K + final`` (means and
    deviations of a layer of the ear and of the tower's last one), ``pulse + music N + final`` and, on its own beats,
    ``music K + repetition`` (mean, deviation, change, greatest and least of a layer of the ear, and how the tower's
    tokens repeat).

    Args:
        name: in tables.
        folder: of the music ear's weights; the shipped ones when None.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self.name = name
        self._tower = MotionBeatEncoder(name)
        self._ear = MusicEarEncoder(name, folder)
        self.version = f"{self._tower.version} {self._ear.version}"
        self.about = "MotionBeat: the audio tower trained against motion, and its music ear"

    def hear(self, audio: Audio, listening: Listening) -> Heard:
        """See the class."""
        tower, ear = (part.hear(audio, listening) for part in (self._tower, self._ear))
        views = pooled(tower) | pooled(ear)
        beside = {
            f"{name} + final": np.concatenate([views[f"{name} mean+std"], views["final mean+std"]])
            for name in ear.layers
        }
        pulse = f"pulse + {max(ear.layers)} + final"
        both = {pulse: np.concatenate([views["ear mean+std"], beside[f"{max(ear.layers)} + final"]])}
        if "tokens repetition" in views:
            both |= {
                f"{name} + repetition": np.concatenate([views[f"{name} course"], views["tokens repetition"]])
                for name in ear.layers
            }
        return Heard(tower.layers | ear.layers, tower.vectors | ear.vectors | beside | both)
