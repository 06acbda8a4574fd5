"""Dances for songs: diffusion generator, body, renderer and video on top of :mod:`motionbeat`."""

from typing import Any


def __getattr__(name: str) -> Any:
    # diffusers looks a saved pipeline's parts up here by class name; importing them only then keeps start-up quick
    if name == "DanceDenoiser":
        from dancegen.denoiser import DanceDenoiser

        return DanceDenoiser
    if name == "DancePipeline":
        from dancegen.pipeline import DancePipeline

        return DancePipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
