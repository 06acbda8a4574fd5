"""What a visitor chose, checked: from the values of the page's controls, or of an API call, to settings of a dance."""

from __future__ import annotations

import math
from pathlib import Path

from app.limits import MAX_SEED, MAX_STEPS, MAX_VARIATIONS
from app.song_trim import SongPart
from dancegen.settings import DanceSettings
from motionbeat.errors import UserError

SIZES = {
    "512x512": "Square, 512 x 512",
    "720x720": "Square, 720 x 720",
    "432x768": "Vertical, 432 x 768",
    "720x1280": "Vertical, 720 x 1280 (slow)",
    "768x432": "Wide, 768 x 432",
    "1280x720": "Wide, 1280 x 720 (slow)",
}
"""Sizes of the video in pixels that are offered, and what the page calls them."""

RENDERERS = {"auto": "Body", "skeleton": "Skeleton"}
"""Of :data:`dancegen.settings.RENDERERS`, those that run on any machine."""

FORMAT_NAMES = ("bvh", "glb", "usd", "fbx")
"""Those of :data:`dancegen.export.FORMATS`, which takes seconds to import."""


def chosen_settings(
    part: SongPart,
    style: str,
    energy: float | None,
    seed: float | None,
    steps: float | None,
    guidance: float | None,
    size: str,
    body: str,
    renderer: str,
    mirror: bool,
    *,
    model: Path | None,
) -> DanceSettings:
    """Settings of a dance, within the limits of the page.

    Raises:
        UserError: a choice is missing, unknown or out of range.
    """
    if size not in SIZES:
        raise UserError(f"size: {size!r} is not offered. Choose one of {', '.join(SIZES)}.")
    if renderer not in RENDERERS:
        raise UserError(f"renderer: {renderer!r} is not offered. Choose one of {', '.join(RENDERERS)}.")
    width, height = (int(side) for side in size.split("x"))
    settings = DanceSettings(
        start_s=part.start_s,
        duration_s=part.seconds,
        seed=_whole("seed", seed, MAX_SEED),
        style=style.strip(),
        steps=_whole("steps", steps, MAX_STEPS),
        guidance=_number("guidance", guidance),
        energy=_number("energy", energy),
        mirror=bool(mirror),
        width=width,
        height=height,
        body=body,
        renderer=renderer,
        model=model,
    )
    settings.check_names()
    return settings


def chosen_variations(count: float | None) -> int:
    """How many dances.

    Raises:
        UserError: no whole number from 1 to :data:`~app.limits.MAX_VARIATIONS`.
    """
    chosen = _whole("variations", count, MAX_VARIATIONS)
    if chosen < 1:
        raise UserError("variations: choose 1 or more.")
    return chosen


def _number(name: str, value: float | None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UserError(f"{name}: give a number.")
    return float(value)


def _whole(name: str, value: float | None, most: int) -> int:
    number = _number(name, value)
    if number != int(number) or not 0 <= number <= most:
        raise UserError(f"{name}: give a whole number up to {most}.")
    return int(number)
