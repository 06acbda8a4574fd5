"""The tab that says what this is, what it may be used for, and what it cannot do."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import gradio as gr

from app.limits import CACHE_SECONDS, MAX_SECONDS, MAX_SONG_S, MAX_UPLOAD

_IMAGE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\s*$", re.MULTILINE)
_LOCAL_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")


def model_card() -> str:
    """The text of MODEL_CARD.md, without pictures and without links to files, which a page cannot show."""
    here = Path(__file__).resolve().parent
    # a wheel carries it in the package, a checkout beside it
    path = next(path for path in (here / "MODEL_CARD.md", here.parent / "MODEL_CARD.md") if path.is_file())
    return _LOCAL_LINK.sub(r"\1", _IMAGE.sub("", path.read_text(encoding="utf-8")))


def build_about_tab() -> None:
    """Lay the tab out within the page that is open."""
    usd = "" if importlib.util.find_spec("pxr") else " USD needs `pip install usd-core` on this server."
    gr.Markdown(
        f"""## This page

A song is heard by an encoder that was trained against human motion, a diffusion model composes a dance to its
beats, the feet are planted, and a body is filmed dancing. It all happens on this server; nothing is sent elsewhere.

- Songs up to {MAX_SONG_S / 60:g} minutes and {MAX_UPLOAD.removesuffix("mb")} MB, dances up to {MAX_SECONDS:g} seconds.
  The command line has no such limits.
- One dance is made at a time; the others wait, and see how long the queue is.
- Uploads and dances are deleted after {CACHE_SECONDS // 60} minutes, and can be seen by nobody else.
- Whoever has the same seed and settings gets the same dance: the line *Make it again* says how.
- Motions are written as npz, BVH, GLB and USD.{usd} FBX cannot be written with a free library: bring the GLB into
  Blender and export it there.

## Licences

Code: Apache-2.0. **Weights of the dance generator and its encoder: research and non-commercial use.** Beat tracker:
CC BY 4.0. Body: MakeHuman geometry, CC0. Example songs: ours, CC0. What you make of your own song is subject to the
rights in that song.
"""
    )
    with gr.Accordion("Model card: data, training, measurements, limits", open=False):
        gr.Markdown(model_card())
