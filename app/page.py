"""The page: a song, a style and a seed in; a video, its metrics and the files out."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from dancegen.metrics import Score
from dancegen.output import OutputPaths
from dancegen.settings import AUTO_STYLE, DanceSettings, known_styles
from dancegen.song_to_video import dance
from motionbeat.assets import asset_path
from motionbeat.errors import UserError

MAX_SECONDS = 60
"""Longest dance that one visitor may ask for; the command line has no such limit."""

CACHE_SECONDS = 3600
"""Uploads and results older than this are deleted, looked after just as often."""

METRIC_COLUMNS = ["metric", "value", "chance", "protocol"]


def metric_rows(scores: tuple[Score, ...]) -> list[list[str]]:
    """Rows of the metrics table, in the order of :data:`METRIC_COLUMNS`."""
    return [
        [
            score.name.replace("_", " "),
            f"{score.value:.3g} {score.unit}".strip() if math.isfinite(score.value) else "nothing to measure",
            "" if score.chance is None else f"{score.chance:.3g}",
            score.protocol,
        ]
        for score in scores
    ]


def make_dance(
    song: str | None,
    style: str,
    seed: float | None,
    seconds: float | None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (gradio finds it by its default)
) -> Iterator[tuple[Any, ...]]:
    """One visitor's job. Yields once: video, metric rows, motion file, report file, a line about the music.

    Raises:
        gradio.Error: with the message of the :class:`UserError` that stopped the work.
    """
    if not song:
        raise gr.Error("Choose a song first.")
    path = Path(song)
    with tempfile.TemporaryDirectory(prefix="motionbeat-") as folder:
        outputs = OutputPaths.named(Path(folder), "dance")
        try:
            settings = DanceSettings(
                style=style, seed=int(seed or 0), duration_s=min(float(seconds or MAX_SECONDS), MAX_SECONDS)
            )
            result = dance(
                path, outputs, settings, lambda stage, done, total: progress((done, total), desc=stage, unit="")
            )
        except UserError as error:
            # The visitor knows the song by its name, not by its place in the upload folder.
            raise gr.Error(str(error).replace(str(path), path.name), print_exception=False) from None
        music = result.report["music"]
        heard = (
            f"{music['tempo']:.0f} beats per minute, {music['meter']}/4, danced as {result.report['style']} "
            f"in {result.report['timing']['wall_s']:.0f} s"
        )
        # Gradio copies the files into its cache before the generator goes on and the folder is removed.
        yield (
            str(outputs.video),
            metric_rows(result.scores),
            gr.DownloadButton(value=str(outputs.motion), interactive=True),
            gr.DownloadButton(value=str(outputs.report), interactive=True),
            heard,
        )


def build_page() -> gr.Blocks:
    """The page with its events; nothing is loaded or served yet."""
    with gr.Blocks(title="MotionBeat", analytics_enabled=False, delete_cache=(CACHE_SECONDS, CACHE_SECONDS)) as page:
        gr.Markdown("# MotionBeat\nAny song in, a video of somebody dancing to it out.")
        with gr.Row():
            with gr.Column():
                song = gr.Audio(sources=["upload", "microphone"], type="filepath", label="Song", buttons=[])
                with gr.Row():
                    style = gr.Dropdown([AUTO_STYLE, *known_styles()], value=AUTO_STYLE, label="Style")
                    seed = gr.Number(value=0, precision=0, minimum=0, maximum=2**31, label="Seed")
                seconds = gr.Slider(5, MAX_SECONDS, value=20, step=1, label="At most this many seconds")
                button = gr.Button("Dance", variant="primary")
                examples = sorted(asset_path("songs").glob("*.ogg"))
                if examples:
                    gr.Examples(
                        [[str(path)] for path in examples],
                        inputs=[song],
                        label="Example songs",
                        example_labels=[path.stem.replace("_", " ") for path in examples],
                    )
            with gr.Column():
                video = gr.Video(label="Dance", interactive=False, autoplay=True)
                heard = gr.Markdown()
                with gr.Row():
                    motion = gr.DownloadButton("Motion (npz)", interactive=False)
                    report = gr.DownloadButton("Metrics (json)", interactive=False)
        metrics = gr.Dataframe(
            headers=METRIC_COLUMNS,
            label="How well it keeps to the music and to the floor",
            interactive=False,
            wrap=True,
            column_widths=["20%", "15%", "10%", "55%"],
        )
        button.click(
            make_dance,
            inputs=[song, style, seed, seconds],
            outputs=[video, metrics, motion, report, heard],
            show_progress_on=[video],
            api_name="dance",
        )
    return page
