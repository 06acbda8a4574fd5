"""The default renderer: a software rasteriser that needs no graphics driver and draws the same pixels everywhere.

Per-vertex lighting with self-shadow, z-buffer at 2x2 samples per pixel, soft planar shadow, and a floor whose squares
are filtered analytically. The inner loops are in :mod:`dancegen.render.kernels`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.linalg import block_diag

from dancegen.body import Body
from dancegen.render import kernels
from dancegen.render.camera import CameraPath
from dancegen.render.stage import Scenery, Stage, build_scenery, to_linear
from motionbeat.motion import Motion

SHADOW_CELLS = 192
SHADOW_CELL_M = 0.024
"""Resolution of the shadow map: 4.6 m around a dancer."""
MAX_SHADOW_CELLS = 1024
"""Size of the shadow map of dancers who stand far apart, 25 m."""
BLUR_NEAR, BLUR_FAR = 1, 5
"""Radii of the shadow's blur in cells, at the feet and from the shoulders up."""


class RasterRenderer:
    """Draws bodies with the numba kernels.

    Args:
        bodies: who dances; one or more.
        size: width and height in pixels.
        stage: light and colours.
    """

    name = "raster"

    def __init__(self, bodies: Body | Sequence[Body], size: tuple[int, int], stage: Stage | None = None) -> None:
        self.bodies = (bodies,) if isinstance(bodies, Body) else tuple(bodies)
        self.size = size
        self.stage = stage or Stage()
        width, height = size
        # To the kernels all bodies are one: their surfaces one after the other, each with its own materials.
        starts = np.cumsum([0] + [len(body.materials) for body in self.bodies])
        count = int(starts[-1])
        self._starts = starts[1:-1]
        self._faces = np.concatenate(
            [body.faces + start for body, start in zip(self.bodies, starts[:-1], strict=True)]
        ).astype(np.int32)
        self._materials = block_diag(*(body.materials for body in self.bodies)).astype(np.uint8)
        self._occlusion = np.concatenate([body.occlusion for body in self.bodies])
        self._gloss = np.concatenate([body.gloss for body in self.bodies])
        self._palette = to_linear(np.concatenate([body.palette for body in self.bodies])).astype(np.float32)
        corners = self._materials.argmax(axis=1)[self._faces]
        single = (corners == corners[:, :1]).all(axis=1)
        self._face_material = np.where(single, corners[:, 0], -1).astype(np.int8)
        self._lights = self.stage.lights()
        self._floor_colors = self.stage.floor_colors()
        self._shadow_tint = np.array(self.stage.shadow_tint, dtype=np.float32)
        self._slope = tuple(np.float32(value) for value in self.stage.shadow_slope())
        self._normals = np.empty((count, 3), dtype=np.float32)
        self._points = np.empty((count, 3), dtype=np.float32)
        self._lighting = np.empty((count, 4), dtype=np.float32)
        self._depth = np.zeros((2 * height, 2 * width), dtype=np.float32)
        self._color = np.zeros((2 * height, 2 * width, 3), dtype=np.float32)
        self._steps = np.empty((3, width), dtype=np.int32)
        self._box = np.zeros(4, dtype=np.int64)
        self._fit_shadow(SHADOW_CELLS)

    def _fit_shadow(self, cells: int) -> None:
        self._heights = np.empty((cells, cells), dtype=np.float32)
        self._scratch = np.empty((2, cells, cells), dtype=np.float32)
        self._shadow = np.empty((cells, cells), dtype=np.float32)
        self._line = np.empty((4, max(self.size[0], cells)), dtype=np.float32)

    def frames(
        self, motions: Motion | Sequence[Motion], camera: CameraPath, with_body: bool = True
    ) -> Iterator[np.ndarray]:
        """One (H, W, 3) uint8 picture per frame of the motions; only a few frames are in memory at a time.

        ``with_body=False`` draws their surroundings and their shadow only.
        """
        motions = (motions,) if isinstance(motions, Motion) else tuple(motions)
        # One body needs what lies around it; each metre between bodies needs more.
        paths = [motion.trans[:, [0, 2]] * body.stature for body, motion in zip(self.bodies, motions, strict=True)]
        apart = np.ptp(np.stack(paths), axis=0).max()
        self._fit_shadow(min(SHADOW_CELLS + int(np.ceil(apart / SHADOW_CELL_M)), MAX_SHADOW_CELLS))
        scenery = build_scenery(self.stage, camera)
        chunks = [body.skin_chunks(motion) for body, motion in zip(self.bodies, motions, strict=True)]
        index = 0
        for together in zip(*chunks, strict=True):
            for vertices in np.concatenate(together, axis=1):
                yield self._draw(vertices, camera, index, scenery, with_body)
                index += 1

    def _draw(
        self, vertices: np.ndarray, camera: CameraPath, index: int, scenery: Scenery, with_body: bool
    ) -> np.ndarray:
        width, height = self.size
        position = camera.positions[index]
        target = camera.targets[index]
        slope_x, slope_z = self._slope
        # The shadow lies within a metre and a half of the body, away from the light.
        places = np.stack([body[:, [0, 2]].mean(axis=0) for body in np.split(vertices, self._starts)])
        middle = 0.5 * (places.min(axis=0) + places.max(axis=0)) + 0.8 * np.array(self._slope)
        corner = np.floor(middle / SHADOW_CELL_M - len(self._heights) / 2) * SHADOW_CELL_M
        origin_x, origin_z = np.float32(corner[0]), np.float32(corner[1])
        cell = np.float32(SHADOW_CELL_M)
        kernels.cast_heights(vertices, self._faces, slope_x, slope_z, origin_x, origin_z, cell, self._heights)
        kernels.soften_shadow(self._heights, BLUR_NEAR, BLUR_FAR, self._scratch, self._shadow)
        if with_body:
            self._draw_body(vertices, camera, position, (origin_x, origin_z))
        else:
            self._box[:] = 0
        frame = np.empty((height, width, 3), dtype=np.uint8)
        kernels.compose(
            scenery.backdrop,
            scenery.haze,
            scenery.dither,
            scenery.row_rays,
            scenery.fade,
            scenery.first_floor_row,
            position,
            target[0],
            target[2],
            np.float32(self.stage.square_m),
            self._floor_colors,
            self._shadow_tint,
            self._shadow,
            np.float32(self.stage.shadow_strength),
            origin_x,
            origin_z,
            cell,
            self._depth,
            self._color,
            self._box,
            scenery.tone,
            self._line,
            self._steps,
            frame,
        )
        return frame

    def _draw_body(
        self, vertices: np.ndarray, camera: CameraPath, position: np.ndarray, origin: tuple[np.float32, np.float32]
    ) -> None:
        """Fill the sample buffers; ``origin`` is the corner of the shadow map."""
        width, height = self.size
        kernels.vertex_normals(vertices, self._faces, self._normals)
        kernels.shade(
            vertices,
            self._normals,
            self._occlusion,
            position,
            self._lights,
            self._heights,
            *self._slope,
            *origin,
            np.float32(SHADOW_CELL_M),
            self._lighting,
        )
        kernels.project(
            vertices,
            camera.rotation,
            position,
            np.float32(2 * camera.focal_px),
            np.float32(width),
            np.float32(height),
            self._points,
        )
        kernels.raster(
            self._points,
            self._faces,
            self._face_material,
            self._lighting,
            self._materials,
            self._palette,
            self._gloss,
            self._depth,
            self._color,
            self._box,
        )
