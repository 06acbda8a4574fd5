"""The tab where two dances to one song are seen side by side, in step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.dance_tab import WORK_QUEUE, DanceTab
from app.handling import CROWDED, given, watched
from app.limits import MAX_SONG_S
from app.player.component import dance_player, player_value
from app.progress import remark, trouble
from app.shown import ShownMotions
from app.song_trim import SongPart
from app.timeline import timeline_view
from app.work import Task

PLAYER_ID = "compare-in-3d"
TITLES = ("First", "Second")


def build_compare_tab(dance: DanceTab) -> None:
    """Lay the tab out within the page that is open; dances of the tab ``dance`` can be taken over."""
    gr.Markdown("Two dances to one song, side by side and in step: of this page, or your own motions (npz or BVH).")
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=260):
            song = gr.Audio(sources=["upload"], type="filepath", label="Song", buttons=[])
            start = gr.Number(
                value=0, minimum=0, maximum=MAX_SONG_S, label="Second of the song at which the dances begin"
            )
            files = [
                gr.File(label=f"{title} dance (npz or BVH)", file_types=[".npz", ".bvh"], height=120)
                for title in TITLES
            ]
            take = gr.Button("Take the first two dances of the tab Dance", size="sm")
            go = gr.Button("Compare", variant="primary")
            status = gr.HTML(remark("Give a song and two dances."), min_height=56)
        with gr.Column(scale=3, min_width=260), gr.Column(visible=False) as found:
            player = dance_player(elem_id=PLAYER_ID)
            plots = []
            for title in TITLES:
                gr.Markdown(f"**{title}**")
                plots.append(timeline_view(PLAYER_ID))
            numbers = gr.HTML(apply_default_css=False)

    def work(
        song_path: str | None, start_s: float | None, first: str | None, second: str | None
    ) -> Iterator[dict[Any, Any]]:
        def prepare() -> Any:
            paths = zip(TITLES, (first, second), strict=True)
            dances = [given(path, f"the {title.lower()} dance") for title, path in paths]
            song = given(song_path, "the song")
            return Task.of("app.judging:compare", song, float(start_s or 0), dances, TITLES)

        yield from watched(prepare, show, status, {}, (song_path, first, second))

    def show(compared: ShownMotions) -> dict[Any, Any]:
        return dict(zip(plots, compared.timelines, strict=True)) | {
            status: remark("Both begin at the same beat; the numbers are of each by itself."),
            found: gr.update(visible=True),
            player: player_value(compared.pack),
            numbers: compared.numbers,
        }

    measured = go.click(
        work,
        [song, start, *files],
        [status, found, player, *plots, numbers],
        concurrency_id=WORK_QUEUE,
        concurrency_limit=1,
        show_progress_on=[status],
        api_visibility="private",
    )
    measured.failure(lambda: trouble(CROWDED), None, status, queue=False, api_visibility="private")
    take.click(
        _taken, [dance.song, dance.part, *(place.files for place in dance.results[:2])], [song, start, *files, status],
        queue=False, api_visibility="private",
    )  # fmt: skip


def _taken(song: str | None, part: Any, first: list[str] | None, second: list[str] | None) -> tuple[Any, ...]:
    """The song and the motions (the first of the files to take away) of the tab Dance."""
    if not song or not first or not second:
        said = "There are not two dances yet: in the tab Dance, ask for two variations or more."
        return gr.skip(), gr.skip(), gr.skip(), gr.skip(), remark(said)
    return song, SongPart.chosen(part).start_s, first[0], second[0], remark("Taken over. Press Compare.")
