"""What the first visitor would otherwise wait for: the page is served at once, and the models are read behind it."""

from __future__ import annotations

import threading
from pathlib import Path

from app.jobs import WORK
from motionbeat.command import print_error
from motionbeat.errors import UserError


def warm_up(model: Path | None = None) -> threading.Thread:
    """Read models, bodies and reference statistics and compile the renderer, in a thread that is returned.

    It takes the turn of a job: who comes meanwhile waits for what would have to be read anyway.

    Args:
        model: folder of the generator; None is the shipped one.
    """
    thread = threading.Thread(target=_warm_up, args=(model,), name="warm-up", daemon=True)
    thread.start()
    return thread


def _warm_up(model: Path | None) -> None:
    try:
        with WORK:
            _read_everything(model)
    except UserError as error:
        # visitors are told the same; who runs the server has to mend it
        print_error(error)


def _read_everything(model: Path | None) -> None:
    import numpy as np

    from dancegen.body import load_body
    from dancegen.evaluation import shipped_reference
    from dancegen.render import render_frames
    from dancegen.settings import BODIES
    from dancegen.song_to_video import load_models
    from motionbeat.audio import SAMPLE_RATE, Audio
    from motionbeat.beats import track_beats
    from motionbeat.motion import Motion

    load_models(model)
    shipped_reference()
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)
    track_beats(Audio(noise))
    body = load_body(BODIES[0])
    standing = Motion(np.zeros((2, 24, 3), np.float32), np.full((2, 3), 0.98, np.float32), 30.0)
    for _ in render_frames(standing, body, size=(64, 64)):
        pass
