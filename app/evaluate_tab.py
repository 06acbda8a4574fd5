"""The tab where a motion of one's own is measured against its song."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app.dance_tab import WORK_QUEUE
from app.handling import CROWDED, given, watched
from app.limits import MAX_MOTION_S, MAX_SONG_S
from app.player.component import dance_player, player_value
from app.progress import remark, trouble
from app.shown import ShownMotions
from app.timeline import timeline_view
from app.work import Task
from dancegen.settings import known_styles

PLAYER_ID = "evaluated-in-3d"
ALL_STYLES = "all styles"


def build_evaluate_tab(model: Path | None) -> None:
    """Lay the tab out within the page that is open; ``model`` as in :func:`app.page.build_page`."""
    gr.Markdown(
        f"How well does a motion fit its song? Up to {MAX_MOTION_S / 60:g} minutes of motion: an npz in AMASS's key "
        "names (y up, metres) or a BVH file of any make."
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=260):
            motion = gr.File(label="Motion (npz or BVH)", file_types=[".npz", ".bvh"], height=120)
            song = gr.Audio(sources=["upload"], type="filepath", label="Its song", buttons=[])
            start = gr.Number(
                value=0, minimum=0, maximum=MAX_SONG_S, label="Second of the song at which the motion begins"
            )
            style = gr.Dropdown(
                [ALL_STYLES, *known_styles(model)],
                value=ALL_STYLES,
                label="Beside recorded dances of",
                filterable=False,
            )
            go = gr.Button("Evaluate", variant="primary")
            status = gr.HTML(remark("Give a motion and its song."), min_height=56)
        with gr.Column(scale=3, min_width=260), gr.Column(visible=False) as found:
            player = dance_player(elem_id=PLAYER_ID)
            plot = timeline_view(PLAYER_ID)
            numbers = gr.HTML(apply_default_css=False)
            report = gr.File(label="All numbers (JSON)", interactive=False)

    def work(
        motion_path: str | None, song_path: str | None, start_s: float | None, chosen: str
    ) -> Iterator[dict[Any, Any]]:
        def prepare() -> Any:
            style = "" if chosen == ALL_STYLES else chosen
            motion, song = given(motion_path, "a motion"), given(song_path, "its song")
            return Task.of("app.judging:evaluate", motion, song, float(start_s or 0), style)

        yield from watched(prepare, show, status, {}, (motion_path, song_path))

    def show(measured: ShownMotions) -> dict[Any, Any]:
        return {
            status: remark("Measured."),
            found: gr.update(visible=True),
            player: player_value(measured.pack),
            plot: measured.timelines[0],
            numbers: measured.numbers,
            report: str(measured.files[0]),
        }

    measured = go.click(
        work,
        [motion, song, start, style],
        [status, found, player, plot, numbers, report],
        concurrency_id=WORK_QUEUE,
        concurrency_limit=1,
        show_progress_on=[status],
        api_visibility="private",
    )
    measured.failure(lambda: trouble(CROWDED), None, status, queue=False, api_visibility="private")
