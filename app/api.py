"""The same for programs: named endpoints with typed results, for ``gradio_client`` or any HTTP client::

    from gradio_client import Client, handle_file

    client = Client("http://127.0.0.1:7860")
    song = handle_file("song.mp3")
    print(client.predict(song, api_name="/hear")["tempo"], "beats per minute")
    video, motion, report = client.predict(song=song, seconds=15, seed=7, api_name="/dance")
    print(video, report["metrics"]["beat_lock"]["value"], report["command"])
    print(client.predict(handle_file(motion), "bvh", api_name="/export"))

A call that is cancelled (``job.cancel()``) stops the work, as does a program that goes away.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app.choices import FORMAT_NAMES, chosen_settings
from app.dance_tab import EARS_QUEUE, MAKE_DANCES, WORK_QUEUE, DanceTab
from app.handling import for_program, given
from app.limits import DEFAULT_SECONDS
from app.shown import ShownDances
from app.song_trim import SongPart
from app.work import Task
from app.worker import EARS
from dancegen.settings import BODIES


def add_api(dance: DanceTab, model: Path | None) -> None:
    """Add the endpoints to the page that is open.

    ``/hear``: a song's tempo, meter, beats. ``/dance``: video, motion and report of one dance. ``/evaluate``: the
    numbers of a motion to a song. ``/export``: a motion in another format. The parameters and their types are on the
    page, under "Use via API".
    """
    with gr.Column(visible=False):
        song = gr.Audio(type="filepath", label="song")
        motion_given = gr.File(label="motion, npz or BVH")
        start = gr.Number(0.0, label="seconds of the song to skip")
        seconds = gr.Number(DEFAULT_SECONDS, label="seconds of the song to dance to")
        style = gr.Textbox("", label="style of the recorded dances that it is placed among; all when empty")
        body = gr.Dropdown(list(BODIES), value=BODIES[0], label="body")
        kind = gr.Dropdown(list(FORMAT_NAMES), value="bvh", label="format")
        video = gr.Video(label="mp4")
        motion = gr.File(label="npz")
        exported = gr.File(label="file")
        report = gr.JSON(label="report")
        hidden = [gr.Button() for _ in range(4)]

    def hear(song: str | None) -> Iterator[Any]:
        def prepare() -> Any:
            return Task.of("app.hearing:beats_of", given(song, "a song"))

        yield from for_program(prepare, lambda heard: heard, (song,), EARS)

    def dance_to(
        song: str | None, start_s: float, seconds: float, style: str, energy: float, seed: float, steps: float,
        guidance: float, size: str, body: str, renderer: str, mirror: bool,
    ) -> Iterator[Any]:  # fmt: skip
        def prepare() -> Any:
            settings = chosen_settings(
                SongPart.limited(start_s, seconds), style, energy, seed, steps, guidance, size, body, renderer, mirror,
                model=model,
            )  # fmt: skip
            return Task.of(MAKE_DANCES, given(song, "a song"), settings, 1)

        def show(made: ShownDances) -> tuple[str, str, dict[str, Any]]:
            one = made.dances[0]
            return str(one.video), str(one.files[0]), one.report | {"command": one.command}

        yield from for_program(prepare, show, (song,))

    def evaluate_motion(motion: str | None, song: str | None, start_s: float, style: str) -> Iterator[Any]:
        def prepare() -> Any:
            motion_file, song_file = given(motion, "a motion"), given(song, "its song")
            return Task.of("app.judging:evaluate", motion_file, song_file, float(start_s or 0), style)

        yield from for_program(prepare, lambda measured: measured.reports[0], (motion, song))

    def export_motion(motion: str | None, format: str, body: str) -> Iterator[Any]:
        def prepare() -> Any:
            return Task.of("app.dances:export", given(motion, "a motion"), format, body)

        yield from for_program(prepare, str, (motion,))

    buttons = iter(hidden)

    def endpoint(name: str, function: Any, inputs: list[Any], outputs: list[Any], queue: str = WORK_QUEUE) -> None:
        next(buttons).click(function, inputs, outputs, api_name=name, concurrency_id=queue, concurrency_limit=1)

    endpoint("hear", hear, [song], [report], EARS_QUEUE)
    endpoint("dance", dance_to, [song, start, seconds, *dance.controls.components], [video, motion, report])
    endpoint("evaluate", evaluate_motion, [motion_given, song, start, style], [report])
    endpoint("export", export_motion, [motion_given, kind, body], [exported])
