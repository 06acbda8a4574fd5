"""The component that shows a dance's movement over the beats of its music, in step with the 3-D player."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr

_SCRIPT = Path(__file__).parent / "web" / "timeline.js"


def timeline_view(player_id: str) -> gr.HTML:
    """Shows what :func:`app.results.timeline` drew. A click goes there in the player, whose time is a line in it.

    Args:
        player_id: ``elem_id`` of the :func:`app.player.component.dance_player`.
    """
    return gr.HTML(
        value="",
        label="Music against motion",
        js_on_load=f"((playerId) => {{\n{_SCRIPT.read_text(encoding='utf-8')}\n}})({json.dumps(player_id)});",
        apply_default_css=False,
    )
