"""The tab where a motion of one's own is measured against its song."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from app.dance_tab import WORK_QUEUE
from app.dances import PACK_NAME, pack_side_by_side
from app.handling import given, watched
from app.jobs import Tell
from app.limits import MAX_MOTION_S, MAX_SONG_S
from app.measuring import Measured, measure, read_motion, shown
from app.player import encode_sound
from app.player.component import dance_player, player_value
from app.progress import remark
from app.results import numbers_table, timeline
from app.timeline import timeline_view
from dancegen.body import load_body
from dancegen.settings import BODIES, known_styles

PLAYER_ID = "evaluated-in-3d"
ALL_STYLES = "all styles"


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A measured motion, its report as a file, and its first minute for the player."""

    measured: Measured
    report: Path
    pack: Path


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
            return partial(
                evaluate, given(motion_path, "a motion"), given(song_path, "its song"), float(start_s or 0),
                "" if chosen == ALL_STYLES else chosen,
            )  # fmt: skip

        yield from watched(prepare, show, status, {}, (motion_path, song_path))

    def show(evaluated: Evaluated) -> dict[Any, Any]:
        measured = evaluated.measured
        return {
            status: remark("Measured."),
            found: gr.update(visible=True),
            player: player_value(evaluated.pack),
            plot: timeline(shown(measured.motion), measured.grid),
            numbers: numbers_table({"This motion": measured.report}),
            report: str(evaluated.report),
        }

    go.click(
        work,
        [motion, song, start, style],
        [status, found, player, plot, numbers, report],
        concurrency_id=WORK_QUEUE,
        concurrency_limit=1,
        show_progress_on=[status],
        api_visibility="private",
    )


def evaluate(motion: Path, song: Path, start_s: float, style: str, folder: Path, tell: Tell) -> Evaluated:
    """Measure a motion file that begins at second ``start_s`` of a song.

    Raises:
        UserError: one of the files cannot be used.
    """
    tell("measuring", 0, 3)
    read = read_motion(motion)
    tell("measuring", 1, 3)
    measured = measure(read, song, start_s, style)
    tell("measuring", 2, 3)
    report = folder / f"{motion.stem}.json"
    report.write_text(json.dumps(measured.report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    first = shown(read)
    sound = encode_sound(song, start_s, first.duration)
    pack = folder / PACK_NAME
    pack.write_bytes(pack_side_by_side([first], load_body(BODIES[0]), measured.grid, sound))
    return Evaluated(measured, report, pack)
