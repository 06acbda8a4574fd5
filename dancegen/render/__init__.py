"""From a motion to pictures.

``render_frames`` is the whole of it: it turns the dancer towards the camera, lets the camera follow, and yields one
picture per frame of the motion; several dancers are drawn where they stand (:mod:`dancegen.scene` places them). The
parts can be used alone: :mod:`dancegen.render.camera`, :mod:`dancegen.render.stage`, :mod:`dancegen.render.overlay`,
and the renderers behind :func:`make_renderer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """Draws motions.

    Attributes:
        name: one of :data:`RENDERERS`.
        bodies: what is drawn, one body for each motion.
    """

    name: str
    bodies: tuple[Body, ...]

    def frames(self, motions: Motion | Sequence[Motion], camera: CameraPath) -> Iterator[np.ndarray]:
        """One (H, W, 3) uint8 sRGB picture per frame; each is the caller's to keep or to draw on."""
        ...


def make_renderer(
    name: str, bodies: Body | Sequence[Body], size: tuple[int, int] = (512, 512), stage: Stage | None = None
) -> Renderer:
    """A renderer by name.

    Args:
        name: one of :data:`RENDERERS`; ``skeleton`` draws bones of a body's size instead of the body.
        bodies: what to draw; one or more.
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

        return PyrenderRenderer(bodies, size, stage)
    from dancegen.render.raster import RasterRenderer

    if name == "skeleton":
        from dancegen.render.skeleton import skeleton_body

        bodies = [skeleton_body(body.stature) for body in ([bodies] if isinstance(bodies, Body) else bodies)]
    return RasterRenderer(bodies, size, stage)


def render_frames(
    motion: Motion | Sequence[Motion],
    body: Body | Sequence[Body],
    camera: CameraPath | None = None,
    size: tuple[int, int] = (512, 512),
    renderer: str = "auto",
    overlay: bool | None = None,
    beat_grid: BeatGrid | None = None,
    stage: Stage | None = None,
) -> Iterator[np.ndarray]:
    """Draw a motion frame by frame; memory does not grow with its length.

    Args:
        motion: at the frame rate of the pictures; or several of one length, where they stand on the floor.
        body: what to draw; as many as motions.
        camera: one position per frame of the motion; without one a single motion is turned towards the camera, which
            then follows it, or all of them.
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
    motions = (motion,) if isinstance(motion, Motion) else tuple(motion)
    length, fps = len(motions[0]), motions[0].fps
    if len(motions) != len(drawer.bodies) or any(len(each) != length or each.fps != fps for each in motions):
        raise ValueError(f"{len(drawer.bodies)} bodies need as many motions of one length and frame rate")
    if camera is None:
        if len(motions) == 1:
            motions = (face_camera(motions[0]),)
        joints = [body.joints(each) for body, each in zip(drawer.bodies, motions, strict=True)]
        stature = max(body.stature for body in drawer.bodies)
        camera = follow_camera(np.concatenate(joints, axis=1), fps, size, stature)
    elif len(camera) != length or tuple(camera.size) != tuple(size):
        raise ValueError(f"the camera has {len(camera)} frames of {camera.size}, the motion {length} of {size}")
    if overlay and beat_grid is None:
        raise ValueError("the overlay needs a beat_grid")
    frames = drawer.frames(motions, camera)
    if beat_grid is None or overlay is False:
        return frames
    return _with_overlay(frames, beat_grid, size, fps)


def _with_overlay(
    frames: Iterator[np.ndarray], grid: BeatGrid, size: tuple[int, int], fps: float
) -> Iterator[np.ndarray]:
    from dancegen.render.overlay import BeatOverlay

    counter = BeatOverlay(grid, size)
    for index, frame in enumerate(frames):
        # The middle of the time it is shown: a beat lights up the frame nearest to it.
        counter.draw(frame, (index + 0.5) / fps)
        yield frame
