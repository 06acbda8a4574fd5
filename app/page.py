"""The page: its tabs, and how they pass dances to each other."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from app.about_tab import build_about_tab
from app.api import add_api
from app.compare_tab import build_compare_tab
from app.dance_tab import build_dance_tab
from app.evaluate_tab import build_evaluate_tab
from app.limits import CACHE_SECONDS

CSS = (Path(__file__).parent / "web" / "page.css").read_text(encoding="utf-8")


def build_page(model: Path | None = None) -> gr.Blocks:
    """The page with its events; nothing is loaded or served yet.

    Args:
        model: folder of the generator, as :mod:`dancegen.train` writes it; None is the shipped one.

    Raises:
        UserError: it holds no model.
    """
    with gr.Blocks(title="MotionBeat", analytics_enabled=False, delete_cache=(CACHE_SECONDS, CACHE_SECONDS)) as page:
        gr.Markdown("# MotionBeat\nAny song in, somebody dancing to it out.", elem_id="head")
        # a telephone has no room for Gradio's menu of tabs beside them
        with gr.Tabs(overflow_behavior="wrap"):
            with gr.Tab("Dance"):
                dance = build_dance_tab(model)
            with gr.Tab("Compare"):
                build_compare_tab(dance)
            with gr.Tab("Evaluate"):
                build_evaluate_tab(model)
            with gr.Tab("About"):
                build_about_tab()
        add_api(dance, model)
    return page


def theme() -> gr.themes.Base:
    """Colours and fonts; the built-in themes would fetch their fonts from the network."""
    return gr.themes.Default(
        primary_hue="orange",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        # White on the usual orange has a contrast of 2.8; this one has 5.2.
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_cancel_background_fill="#b91c1c",
        button_cancel_background_fill_hover="#991b1b",
        button_cancel_background_fill_dark="#b91c1c",
        button_cancel_background_fill_hover_dark="#991b1b",
        button_cancel_text_color="white",
        button_cancel_text_color_dark="white",
        # The usual grey of hints has a contrast of 2.1 on white; this one has 7.
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="white",
    )
