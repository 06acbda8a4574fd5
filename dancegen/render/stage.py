"""What surrounds the dancer: lights, floor, backdrop and the table from linear light to sRGB."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dancegen.render.camera import CameraPath
from dancegen.render.kernels import TONE_STEPS, TONE_WHITE


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """Linear light of sRGB values in [0, 1]."""
    srgb = np.asarray(srgb, dtype=np.float64)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _hex(*colors: str) -> np.ndarray:
    """(n, 3) linear colours from ``#rrggbb``."""
    return to_linear(np.array([list(bytes.fromhex(color[1:])) for color in colors]) / 255)


@dataclass(frozen=True)
class Stage:
    """Colours (sRGB) and lights of the picture.

    Attributes:
        sky: top of the backdrop and its horizon.
        floor: light and dark squares.
        square_m: side of a floor square.
        key_direction: towards the key light; the shadow falls the other way.
        key, fill: strength of both lights, per channel.
        fill_direction: towards the fill light.
        from_above, from_below, rim: ambient light of the room, reflected by the floor, and along the outline.
        shadow_tint: how much light a full shadow takes from each channel.
        shadow_strength: of all shadows on the floor, 0 to 1.
        fade_m: distance from the dancer's camera at which the floor has dissolved by two thirds.
    """

    sky: tuple[str, str] = ("#39415a", "#b9bfcb")
    floor: tuple[str, str] = ("#c9c6c2", "#a3a3a9")
    square_m: float = 0.5
    key_direction: tuple[float, float, float] = (-0.42, 0.80, 0.50)
    key: tuple[float, float, float] = (0.98, 0.93, 0.84)
    fill_direction: tuple[float, float, float] = (0.85, 0.25, 0.45)
    fill: tuple[float, float, float] = (0.13, 0.15, 0.20)
    from_above: tuple[float, float, float] = (0.36, 0.39, 0.45)
    from_below: tuple[float, float, float] = (0.20, 0.18, 0.17)
    rim: tuple[float, float, float] = (0.30, 0.34, 0.42)
    shadow_tint: tuple[float, float, float] = (0.93, 0.93, 0.87)
    shadow_strength: float = 0.85
    fade_m: float = 11.0

    def lights(self) -> np.ndarray:
        """(7, 3) float32 as :func:`dancegen.render.kernels.shade` takes them."""
        key = np.array(self.key_direction) / np.linalg.norm(self.key_direction)
        fill = np.array(self.fill_direction) / np.linalg.norm(self.fill_direction)
        rows = [key, self.key, fill, self.fill, self.from_above, self.from_below, self.rim]
        return np.array(rows, dtype=np.float32)

    def floor_colors(self) -> np.ndarray:
        """(2, 3) float32 linear light: light and dark squares."""
        return _hex(*self.floor).astype(np.float32)

    def shadow_slope(self) -> tuple[float, float]:
        """Metres in x and z that the shadow of a point lies away from it, per metre of its height."""
        x, y, z = self.key_direction
        return -x / y, -z / y


@dataclass(frozen=True, eq=False)
class Scenery:
    """A stage as one camera sees it, computed once per clip.

    Attributes:
        backdrop: (H, W, 3) uint8 sRGB.
        haze: (H, 3, W), dither: (H, W),
        row_rays: (R, 5) and fade: (R, W) float32 as :func:`dancegen.render.kernels.compose` takes them.
        first_floor_row: first row of the picture that shows the floor.
        tone: (TONE_STEPS,) uint8.
    """

    backdrop: np.ndarray
    haze: np.ndarray
    dither: np.ndarray
    row_rays: np.ndarray
    fade: np.ndarray
    first_floor_row: int
    tone: np.ndarray


def tone_table() -> np.ndarray:
    """(TONE_STEPS,) uint8: linear light 0 to TONE_WHITE as sRGB, highlights rolled off softly."""
    light = np.linspace(0, TONE_WHITE, TONE_STEPS)
    knee = 0.70
    light = np.where(light < knee, light, knee + (1 - knee) * (1 - np.exp(-(light - knee) / (1 - knee))))
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * srgb.clip(0, 1)).astype(np.uint8)


def build_scenery(stage: Stage, camera: CameraPath) -> Scenery:
    """Backdrop and floor rays for a camera that does not turn."""
    width, height = camera.size
    # The camera has no roll and no yaw: the horizon is a row of pixels.
    _, up, forward = camera.rotation.astype(np.float64)
    horizon_row = height / 2 + camera.focal_px * forward[1] / up[1]
    first_floor_row = int(np.clip(np.ceil(horizon_row) + 1, 0, height))

    px = (np.arange(width) + 0.5) / width * 2 - 1
    py = (np.arange(height) + 0.5) / height * 2 - 1
    vignette = 1 - 0.16 * (px[None, :] ** 2 + py[:, None] ** 2)
    top, bottom = _hex(*stage.sky)
    above = np.clip((horizon_row - np.arange(height)) / max(horizon_row, 0.45 * height), 0, 1)
    mix = (1 - above) ** 1.6
    linear = (top + mix[:, None] * (bottom - top))[:, None] * vignette[..., None]

    tone = tone_table()
    slope = np.gradient(tone.astype(np.float64), TONE_WHITE / (TONE_STEPS - 1))
    at = (linear.mean(-1) / TONE_WHITE * (TONE_STEPS - 1)).astype(int).clip(0, TONE_STEPS - 1)
    smooth_slope = np.convolve(slope, np.ones(65) / 65, mode="same")
    noise = np.random.default_rng(0).random((height, width)) - 0.5
    dither = noise / smooth_slope[at].clip(1) * (TONE_STEPS - 1) / TONE_WHITE
    steps = (linear / TONE_WHITE * (TONE_STEPS - 1) + dither[..., None]).astype(int).clip(0, TONE_STEPS - 1)

    # Along a row of pixels the floor has one z and evenly spaced x.
    edges = -(np.arange(first_floor_row, height + 1) - height / 2) / camera.focal_px
    corner_reach = 1 / np.maximum(-(up[1] * edges + forward[1]), 1e-6)
    corner_z = (up[2] * edges + forward[2]) * corner_reach
    middle = 0.5 * (edges[:-1] + edges[1:])
    reach = 1 / np.maximum(-(up[1] * middle + forward[1]), 1e-6)
    floor_z = (up[2] * middle + forward[2]) * reach
    step_x = reach / camera.focal_px
    first_x = (0.5 - width / 2) * step_x
    row_rays = np.stack([first_x, step_x, floor_z, 0.5 * step_x, 0.5 * np.abs(np.diff(corner_z))], axis=-1)
    floor_x = first_x[:, None] + step_x[:, None] * np.arange(width)
    eye = float(np.median(camera.positions[:, 1]))
    clear = np.exp(-((eye * np.hypot(floor_x, floor_z[:, None]) / stage.fade_m) ** 2))
    haze = np.moveaxis(linear, 2, 1).copy()
    haze[first_floor_row:] *= 1 - clear[:, None]
    return Scenery(
        backdrop=tone[steps],
        haze=haze.astype(np.float32),
        dither=dither.astype(np.float32),
        row_rays=np.ascontiguousarray(row_rays, dtype=np.float32),
        fade=(clear * vignette[first_floor_row:]).astype(np.float32),
        first_floor_row=first_floor_row,
        tone=tone,
    )
