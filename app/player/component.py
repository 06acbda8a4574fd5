"""The player in a Gradio page: a ``gr.HTML`` that is handed the file of a packed dance.

It is no subclass, because Gradio writes a stub file beside the source of each of those, into the installed package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from app.player.bundle import WEB, player_script


def dance_player(**options: Any) -> gr.HTML:
    """An empty player; events show a dance in it by returning :func:`player_value`, and nothing by returning None.

    In the page, ``document.querySelector("#ELEM_ID dance-player")`` is the element, with ``seek(seconds)`` and the
    event ``dance-time``; ``web/element.js`` says what else it can do.

    Args:
        options: of :class:`gradio.HTML`; ``elem_id`` above all.
    """
    glue = (WEB / "gradio.js").read_text(encoding="utf-8")
    return gr.HTML(
        html_template="<dance-player page-scrolls></dance-player>",
        js_on_load=f"(() => {{\n{player_script()}\n}})();\n{glue}",
        apply_default_css=False,
        **options,
    )


def player_value(path: str | Path) -> dict[str, Any]:
    """What an event returns to show the packed dance (:func:`app.player.pack.pack_dance`) in a file.

    Gradio copies the file into its cache, as with any result, and serves it from there: under the page's root path,
    without ``allowed_paths``, and until ``delete_cache`` removes it. The file itself may go once the event has ended.
    """
    return FileData(path=str(path), orig_name=Path(path).name).model_dump()
