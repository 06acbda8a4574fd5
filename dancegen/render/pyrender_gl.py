"""The optional renderer: the body through pyrender on EGL, floor and shadow by the software rasteriser.

Needs EGL (a GPU's, or Mesa's software one) and is therefore imported only when it is asked for. Colours are per
vertex here, so the borders of the clothes follow the triangles.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dancegen.body import Body
from dancegen.render.camera import CameraPath
from dancegen.render.raster import RasterRenderer
from dancegen.render.stage import Stage, to_linear
from motionbeat.errors import UserError
from motionbeat.motion import Motion

KEY_INTENSITY = 3.4
FILL_INTENSITY = 0.9
AMBIENT = 0.55
"""Strengths in pyrender's units that come close to the rasteriser's picture."""


class PyrenderRenderer:
    """Draws bodies with OpenGL.

    Args:
        bodies: who dances; one or more.
        size: width and height in pixels.
        stage: light and colours.

    Raises:
        UserError: pyrender or EGL cannot start on this machine.
    """

    name = "pyrender"

    def __init__(self, bodies: Body | Sequence[Body], size: tuple[int, int], stage: Stage | None = None) -> None:
        self.bodies = (bodies,) if isinstance(bodies, Body) else tuple(bodies)
        self.size = size
        self.stage = stage or Stage()
        self._surroundings = RasterRenderer(self.bodies, size, stage)
        self._colors = [_lit_colors(body) for body in self.bodies]
        self._pyrender = _import_pyrender()
        # Started once to find out whether it can be: better now than when the first picture is due.
        self._start().delete()

    def frames(self, motions: Motion | Sequence[Motion], camera: CameraPath) -> Iterator[np.ndarray]:
        """One (H, W, 3) uint8 picture per frame of the motions."""
        motions = (motions,) if isinstance(motions, Motion) else tuple(motions)
        gl = self._pyrender
        scene = gl.Scene(bg_color=[0.0, 0.0, 0.0, 0.0], ambient_light=np.full(3, AMBIENT))
        lights = self.stage.lights()
        for direction, color, intensity in ((lights[0], lights[1], KEY_INTENSITY), (lights[2], None, FILL_INTENSITY)):
            tint = np.ones(3) if color is None else color / color.max()
            scene.add(gl.DirectionalLight(color=tint, intensity=intensity), pose=_look_along(-direction))
        width, height = self.size
        lens = gl.IntrinsicsCamera(camera.focal_px, camera.focal_px, width / 2, height / 2, znear=0.1, zfar=100.0)
        eye = scene.add(lens, pose=np.eye(4))
        skin = gl.MetallicRoughnessMaterial(metallicFactor=0.0, roughnessFactor=0.75)
        drawer = self._start()
        node = None
        try:
            behind = self._surroundings.frames(motions, camera, with_body=False)
            surfaces = [
                (vertices for chunk in body.skin_chunks(motion) for vertices in chunk)
                for body, motion in zip(self.bodies, motions, strict=True)
            ]
            for index, (picture, *bodies) in enumerate(zip(behind, *surfaces, strict=True)):
                if node is not None:
                    scene.remove_node(node)
                node = scene.add(
                    gl.Mesh([self._primitive(who, vertices, skin) for who, vertices in enumerate(bodies)])
                )
                pose = np.eye(4)
                pose[:3, :3] = (camera.rotation * np.array([[1], [1], [-1]])).T
                pose[:3, 3] = camera.positions[index]
                scene.set_pose(eye, pose)
                layer, _ = drawer.render(scene, flags=gl.RenderFlags.RGBA)
                # The edge pixels hold the body's share of the light already: pyrender mixes them with black.
                share = layer[..., 3:].astype(np.uint16)
                picture[:] = np.minimum(layer[..., :3] + (picture * (255 - share) + 127) // 255, 255)
                yield picture
        finally:
            drawer.delete()

    def _primitive(self, who: int, vertices: np.ndarray, material: Any) -> Any:
        from dancegen.render.kernels import vertex_normals

        faces, normals = self.bodies[who].faces, np.empty_like(vertices)
        vertex_normals(vertices, faces, normals)
        return self._pyrender.Primitive(
            positions=vertices, normals=normals, indices=faces, color_0=self._colors[who], material=material
        )

    def _start(self) -> Any:
        try:
            return self._pyrender.OffscreenRenderer(*self.size)
        except Exception as error:  # every driver fails in its own way
            raise _cannot_start(error) from None


def _lit_colors(body: Body) -> np.ndarray:
    """(V, 4) float32 linear colours, darker where a vertex sees little of its surroundings."""
    colors = to_linear(body.vertex_colors / 255.0) * body.occlusion[:, None] ** 0.5
    return np.concatenate([colors, np.ones((len(colors), 1))], axis=1).astype(np.float32)


def _cannot_start(error: BaseException) -> UserError:
    return UserError(
        f"renderer: pyrender cannot start here ({type(error).__name__}: {error}). Install EGL (on Debian: apt-get "
        "install libegl1 libgl1 libgl1-mesa-dri) or choose --renderer raster."
    )


def _import_pyrender() -> Any:
    # Read by PyOpenGL when it is first imported.
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    if not hasattr(np, "infty"):
        # pyrender 0.1.45 uses the name that numpy 2 removed.
        np.infty = np.inf  # type: ignore[attr-defined]
    try:
        import pyrender
    except (ImportError, AttributeError, OSError) as error:
        raise _cannot_start(error) from None
    return pyrender


def _look_along(direction: np.ndarray) -> np.ndarray:
    """(4, 4) pose of a light that shines along ``direction``; pyrender's lights shine along their -z."""
    back = -direction / np.linalg.norm(direction)
    side = np.cross([0.0, 1.0, 0.0], back)
    side /= np.linalg.norm(side)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2] = side, np.cross(back, side), back
    return pose
