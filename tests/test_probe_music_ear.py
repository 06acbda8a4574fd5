"""The music ear as an encoder that is probed, alone and beside the audio tower."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motionbeat.audio import SAMPLE_RATE, Audio
from motionbeat.ear import MusicEar
from motionbeat.errors import UserError
from motionbeat.probe.encoders import pooled
from motionbeat.probe.music_ear import MusicEarEncoder, WholeMotionBeat
from motionbeat.probe.task import Listening


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    made = tmp_path_factory.mktemp("ear")
    MusicEar(width=32, heads=2, layers=2, projection=16).save_pretrained(made)
    return made


@pytest.fixture(scope="module")
def audio() -> Audio:
    clicks = np.zeros(6 * SAMPLE_RATE, np.float32)
    clicks[:: SAMPLE_RATE // 2] = 1
    return Audio(np.convolve(clicks, np.hanning(400), "same").astype(np.float32), SAMPLE_RATE)


def test_every_layer_of_the_ear_is_there(folder: Path, audio: Audio) -> None:
    heard = MusicEarEncoder("ear", folder).hear(audio, Listening.MUSIC)
    assert list(heard.layers) == ["music 0", "music 1", "music 2"]
    assert all(layer.frames.shape == (151, 32) for layer in heard.layers.values())
    assert heard.vectors["music clip"].shape == (16,)


def test_both_are_put_side_by_side(folder: Path, audio: Audio) -> None:
    both = WholeMotionBeat("motionbeat+ear", folder)
    views = pooled(both.hear(audio, Listening.CLOCK))
    expected = np.concatenate([views[f"{name} mean+std"] for name in ("ear", "music 2", "final")])
    np.testing.assert_array_equal(views["pulse + music 2 + final"], expected)
    np.testing.assert_array_equal(views["music 1 + final"][:64], views["music 1 mean+std"])
    assert both.version.endswith(MusicEarEncoder("ear", folder).version)


def test_without_weights_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no music ear"):
        MusicEarEncoder("ear", tmp_path)
