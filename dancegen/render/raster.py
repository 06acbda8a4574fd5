"""The default renderer: a software rasteriser that needs no graphics driver and draws the same pixels everywhere.

Per-vertex lighting with self-shadow, z-buffer at 2x2 samples per pixel, soft planar shadow, and a floor whose squares
are filtered analytically. The inner loops are in :mod:`dancegen.render.kernels`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dancegen.body import Body
from dancegen.render import kernels
from dancegen.render.camera import CameraPath
from dancegen.render.stage import Scenery, Stage, build_scenery, to_linear
from motionbeat.motion import Motion

SHADOW_CELLS = 192
SHADOW_CELL_M = 0.024
"""Resolution of the shadow map: 4.6 m around the dancer."""
BLUR_NEAR, BLUR_FAR = 1, 5
"""Radii of the shadow's blur in cells, at the feet and from the shoulders up."""


class RasterRenderer:
    """Draws a body with the numba kernels.

    Args:
        body: what to draw.
        size: width and height in pixels.
        stage: light and colours.
    """

    name = "raster"

    def __init__(self, body: Body, size: tuple[int, int], stage: Stage | None = None) -> None:
        self.body = body
        self.size = size
        self.stage = stage or Stage()
        width, height = size
        count = len(body.materials)
        self._faces = np.ascontiguousarray(body.faces, dtype=np.int32)
        corners = body.materials.argmax(axis=1)[self._faces]
        single = (corners == corners[:, :1]).all(axis=1)
        self._face_material = np.where(single, corners[:, 0], -1).astype(np.int8)
        self._palette = to_linear(body.palette).astype(np.float32)
        self._lights = self.stage.lights()
        self._floor_colors = self.stage.floor_colors()
        self._shadow_tint = np.array(self.stage.shadow_tint, dtype=np.float32)
        self._slope = tuple(np.float32(value) for value in self.stage.shadow_slope())
        self._normals = np.empty((count, 3), dtype=np.float32)
        self._points = np.empty((count, 3), dtype=np.float32)
        self._lighting = np.empty((count, 4), dtype=np.float32)
        self._heights = np.empty((SHADOW_CELLS, SHADOW_CELLS), dtype=np.float32)
        self._scratch = np.empty((2, SHADOW_CELLS, SHADOW_CELLS), dtype=np.float32)
        self._shadow = np.empty((SHADOW_CELLS, SHADOW_CELLS), dtype=np.float32)
        self._depth = np.zeros((2 * height, 2 * width), dtype=np.float32)
        self._color = np.zeros((2 * height, 2 * width, 3), dtype=np.float32)
        self._line = np.empty((4, max(width, SHADOW_CELLS)), dtype=np.float32)
        self._steps = np.empty((3, width), dtype=np.int32)
        self._box = np.zeros(4, dtype=np.int64)

    def frames(self, motion: Motion, camera: CameraPath, with_body: bool = True) -> Iterator[np.ndarray]:
        """One (H, W, 3) uint8 picture per frame of the motion; only a few frames are in memory at a time.

        ``with_body=False`` draws its surroundings and its shadow only.
        """
        scenery = build_scenery(self.stage, camera)
        index = 0
        for chunk in self.body.skin_chunks(motion):
            for vertices in chunk:
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
        middle = vertices[:, [0, 2]].mean(axis=0) + 0.8 * np.array(self._slope)
        corner = np.floor(middle / SHADOW_CELL_M - SHADOW_CELLS / 2) * SHADOW_CELL_M
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
            self.body.occlusion,
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
            self.body.materials,
            self._palette,
            self.body.gloss,
            self._depth,
            self._color,
            self._box,
        )
