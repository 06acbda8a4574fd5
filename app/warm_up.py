"""What the first visitor would otherwise wait for: the page is served at once, and its workers get ready behind it."""

from __future__ import annotations

from pathlib import Path


def read_everything(model: Path | None) -> None:
    """For :data:`app.worker.WORKER`: models, bodies and reference statistics, tracker and renderer compiled.

    Args:
        model: folder of the generator; None is the shipped one.

    Raises:
        UserError: it holds no model.
    """
    import numpy as np

    from dancegen.body import load_body
    from dancegen.evaluation import shipped_reference
    from dancegen.render import render_frames
    from dancegen.settings import BODIES
    from dancegen.song_to_video import load_models
    from motionbeat.motion import Motion

    load_models(model)
    shipped_reference()
    read_tracker()
    body = load_body(BODIES[0])
    standing = Motion(np.zeros((2, 24, 3), np.float32), np.full((2, 3), 0.98, np.float32), 30.0)
    for _ in render_frames(standing, body, size=(64, 64)):
        pass


def read_tracker() -> None:
    """For :data:`app.worker.EARS`."""
    import numpy as np

    from motionbeat.audio import SAMPLE_RATE, Audio
    from motionbeat.beats import track_beats

    noise = np.random.default_rng(0).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32)
    track_beats(Audio(noise))
