"""What several test files need: a song with a beat, and models small enough to run in a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

SONG_TEMPO = 120.0
SONG_SECONDS = 4.0
STYLES = ("pop", "waltz")


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wav of SONG_SECONDS: a drum on each beat of SONG_TEMPO, a louder one on each downbeat, and a chord."""
    rate = 22050
    time = np.arange(int(SONG_SECONDS * rate)) / rate
    since_beat = time % (60 / SONG_TEMPO)
    accent = np.where(time % (240 / SONG_TEMPO) < 60 / SONG_TEMPO, 0.6, 0.3)
    drum = accent * np.exp(-40 * since_beat) * np.sin(2 * np.pi * 80 * since_beat)
    chord = 0.05 * sum(np.sin(2 * np.pi * pitch * time) for pitch in (220.0, 277.2, 329.6))
    path = tmp_path_factory.mktemp("music") / "song.wav"
    soundfile.write(path, (drum + chord).astype(np.float32), rate)
    return path


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder as ``--model`` takes it, with random weights."""
    import torch

    from dancegen.denoiser import DanceDenoiser
    from dancegen.pipeline import DancePipeline
    from dancegen.train import make_scheduler
    from motionbeat.encoder import MotionBeat

    folder = tmp_path_factory.mktemp("models")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = MotionBeat(width=24, heads=2, phase_blocks=1, plain_layers=1, projection=16)
        denoiser = DanceDenoiser(encoder.frame_dim, STYLES, width=16, heads=2, layers=1, embedding_dim=16)
    denoiser.style_meter.copy_(torch.tensor([4, 3]))
    denoiser.style_period_s.fill_(60 / SONG_TEMPO)
    encoder.save_pretrained(folder / "encoder")
    DancePipeline(denoiser, make_scheduler()).save_pretrained(folder)
    return folder
