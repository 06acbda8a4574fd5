"""From a motion to pictures.

``render_frames`` is the whole of it: it turns the dancer towards the camera, lets the camera follow, and yields one
picture per frame of the motion. The parts can be used alone: :mod:`dancegen.render.camera`,
:mod:`dancegen.render.stage`, :mod:`dancegen.render.overlay`, and the renderers behind :func:`make_renderer`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from dancegen.body import Body
from dancegen.render.camera import CameraPath, face_camera, follow_camera
from dancegen.render.stage import Stage
from dancegen.settings import RENDERERS
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion

__all__ = ["RENDERERS", "CameraPath", "Renderer", "Stage", "face_camera", "follow_camera", "make_renderer",
           "render_frames"]  # fmt: skip


class Renderer(Protocol):
    """Draws a motion.

    Attributes:
        name: one of :data:`RENDERERS`.
        body: what is drawn.
    """

    name: str
    body: Body

    def frames(self, motion: Motion, camera: CameraPath) -> Iterator[np.ndarray]:
        """One (H, W, 3) uint8 sRGB picture per frame; each is the caller's to keep or to draw on."""
        ...


def make_renderer(name: str, body: Body, size: tuple[int, int] = (512, 512), stage: Stage | None = None) -> Renderer:
    """A renderer by name.

    Args:
        name: one of :data:`RENDERERS`; ``skeleton`` draws bones of the body's size instead of the body.
        body: what to draw.
        size: width and height in pixels.
        stage: light and colours; the default stage when None.

    Raises:
        UserError: the name is unknown, the size is not positive, or pyrender cannot start on this machine.
    """
    if name not in RENDERERS:
        raise UserError(f"renderer: {name!r} is unknown. Choose one of {', '.join(RENDERERS)}.")
    if min(size) < 1:
        raise UserError(f"size: width and height must be at least 1 pixel, got {size[0]}x{size[1]}.")
    if name == "pyrender":
        from dancegen.render.pyrender_gl import PyrenderRenderer

        return PyrenderRenderer(body, size, stage)
    from dancegen.render.raster import RasterRenderer

    if name == "skeleton":
        from dancegen.render.skeleton import skeleton_body

        body = skeleton_body(body.stature)
    return RasterRenderer(body, size, stage)


def render_frames(
    motion: Motion,
    body: Body,
    camera: CameraPath | None = None,
    size: tuple[int, int] = (512, 512),
    renderer: str = "auto",
    overlay: bool | None = None,
    beat_grid: BeatGrid | None = None,
    stage: Stage | None = None,
) -> Iterator[np.ndarray]:
    """Draw a motion frame by frame; memory does not grow with its length.

    Args:
        motion: at the frame rate of the pictures.
        body: what to draw.
        camera: one position per frame of the motion; without one the motion is turned towards the camera, which then
            follows it.
        size: width and height in pixels.
        renderer: one of :data:`RENDERERS`.
        overlay: draw beats and tempo; None does so when there is a ``beat_grid``.
        beat_grid: beats in seconds from the first frame; needed for the overlay.
        stage: light and colours.

    Returns:
        An iterator of (H, W, 3) uint8 pictures.

    Raises:
        UserError: as :func:`make_renderer`; raised at the call, not at the first picture.
    """
    drawer = make_renderer(renderer, body, size, stage)
    if camera is None:
        motion = face_camera(motion)
        camera = follow_camera(drawer.body.joints(motion), motion.fps, size, drawer.body.stature)
    elif len(camera) != len(motion) or tuple(camera.size) != tuple(size):
        raise ValueError(f"the camera has {len(camera)} frames of {camera.size}, the motion {len(motion)} of {size}")
    if overlay and beat_grid is None:
        raise ValueError("the overlay needs a beat_grid")
    frames = drawer.frames(motion, camera)
    if beat_grid is None or overlay is False:
        return frames
    return _with_overlay(frames, beat_grid, size, motion.fps)


def _with_overlay(
    frames: Iterator[np.ndarray], grid: BeatGrid, size: tuple[int, int], fps: float
) -> Iterator[np.ndarray]:
    from dancegen.render.overlay import BeatOverlay

    counter = BeatOverlay(grid, size)
    for index, frame in enumerate(frames):
        # The middle of the time it is shown: a beat lights up the frame nearest to it.
        counter.draw(frame, (index + 0.5) / fps)
        yield frame
