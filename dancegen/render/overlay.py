"""The beat counter in the corner of the picture: one dot per beat of the bar that flashes in time, and the tempo."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from motionbeat.beats import BeatGrid

FADE_BEATS = 0.55
"""Share of a beat over which its flash dies away."""
LEVELS = 8
"""Steps of brightness of a flash."""
DOWNBEAT_COLOR = (255, 196, 84)
BEAT_COLOR = (255, 255, 255)
_OVERSAMPLE = 4


class BeatOverlay:
    """Draws beats and tempo into finished frames.

    All states are drawn once as small tiles with an alpha channel; a frame costs one blend of a few thousand pixels.

    Args:
        grid: beats in seconds from the first frame.
        size: width and height of the frames in pixels.
    """

    def __init__(self, grid: BeatGrid, size: tuple[int, int]) -> None:
        self._grid = grid
        self._in_bar = grid.beat_in_bar
        width, height = size
        unit = min(width, height) / 512  # the look is laid out for 512 pixels
        self._margin = round(16 * unit)
        self._tiles = [
            [self._tile(place, level / (LEVELS - 1), unit) for level in range(LEVELS)] for place in range(grid.meter)
        ]

    def draw(self, frame: np.ndarray, time_s: float) -> None:
        """Draw into ``frame`` (H, W, 3) uint8, which is shown from about ``time_s`` seconds on."""
        position = float(self._grid.beat_position(time_s))
        beat = int(np.floor(position))
        # Beyond both ends the grid goes on with whole bars.
        inside = min(max(beat, 0), len(self._in_bar) - 1)
        place = int(self._in_bar[inside] + beat - inside) % self._grid.meter
        glow = max(0.0, 1.0 - (position - beat) / FADE_BEATS)
        color, alpha = self._tiles[place][round(glow * (LEVELS - 1))]
        height, width = alpha.shape
        rows, columns = frame.shape[:2]
        if rows < height + self._margin or columns < width + self._margin:
            return
        area = frame[rows - self._margin - height : rows - self._margin, self._margin : self._margin + width]
        mixed = area + ((color - area.astype(np.int32)) * alpha[..., None] + 127) // 255
        area[:] = mixed.astype(np.uint8)

    def _tile(self, place: int, glow: float, unit: float) -> tuple[np.ndarray, np.ndarray]:
        """Color (h, w, 3) and alpha (h, w), both int32, with the dot of one beat at one brightness."""
        scale = unit * _OVERSAMPLE
        font = ImageFont.load_default(size=17 * scale)
        text = f"{self._grid.tempo:.0f} BPM"
        left, top, right, bottom = font.getbbox(text)
        step, height = 17 * scale, 26 * scale
        dots = self._grid.meter * step
        width = dots + 10 * scale + (right - left) + 4 * scale
        image = Image.new("RGBA", (round(width), round(height)), (*BEAT_COLOR, 0))
        pen = ImageDraw.Draw(image)
        for i in range(self._grid.meter):
            color = DOWNBEAT_COLOR if i == 0 else BEAT_COLOR
            lit = glow if i == place else 0.0
            radius = (4.0 + (1.0 if i == 0 else 0.0) + 3.0 * lit) * scale
            x, y = (i + 0.5) * step, height / 2
            alpha = round(95 + 160 * lit) if i == place else 95
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=(*color, alpha))
        text_y = height / 2 - (top + bottom) / 2
        shade = 1.0 * scale
        pen.text((dots + 10 * scale + shade, text_y + shade), text, font=font, fill=(20, 22, 30, 120))
        pen.text((dots + 10 * scale, text_y), text, font=font, fill=(*BEAT_COLOR, 225))
        small = image.resize(
            (max(1, round(width / _OVERSAMPLE)), max(1, round(height / _OVERSAMPLE))), Image.Resampling.LANCZOS
        )
        pixels = np.asarray(small, dtype=np.int32)
        return pixels[..., :3], pixels[..., 3]
