"""The tab where songs become dances."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from app.choices import RENDERERS, SIZES, chosen_settings, chosen_variations
from app.handling import CROWDED, SORRY, given, watched
from app.jobs import Job
from app.limits import MAX_SEED, MAX_STEPS, MAX_VARIATIONS
from app.player.component import dance_player, player_value
from app.progress import bar, remark, trouble, without_paths
from app.shown import ShownDances
from app.song_trim import SongPart, drawn, song_trim
from app.timeline import timeline_view
from app.work import Task, Update
from app.worker import EARS
from dancegen.settings import AUTO_STYLE, BODIES, DEFAULT_GUIDANCE, DEFAULT_STEPS, ENERGY_RANGE, NO_STYLE, known_styles
from motionbeat.assets import asset_path
from motionbeat.errors import UserError

PLAYER_ID = "dance-in-3d"
WORK_QUEUE = "work"
"""Events of this concurrency id take turns: each uses every core."""

EARS_QUEUE = "ears"
"""The same for those that listen."""

BEGUN = bar(Update("waiting", 0, 1))
"""What is said before a handler says anything."""

MAKE_DANCES = "app.dances:make_dances"

_DICE = f"() => Math.floor(Math.random() * {MAX_SEED})"


@dataclass(frozen=True, eq=False)
class Controls:
    """What a visitor chooses besides the song."""

    style: gr.Dropdown
    energy: gr.Slider
    seed: gr.Number
    steps: gr.Slider
    guidance: gr.Slider
    size: gr.Dropdown
    body: gr.Dropdown
    renderer: gr.Dropdown
    mirror: gr.Checkbox

    @property
    def components(self) -> list[gr.components.Component]:
        """In the order of :func:`app.choices.chosen_settings`."""
        return [
            self.style, self.energy, self.seed, self.steps, self.guidance, self.size, self.body, self.renderer,
            self.mirror,
        ]  # fmt: skip


@dataclass(frozen=True, eq=False)
class OneResult:
    """Where one of the dances is shown."""

    tab: gr.Tab
    video: gr.Video
    timeline: gr.HTML
    numbers: gr.HTML
    files: gr.File
    command: gr.Textbox

    @property
    def components(self) -> list[Any]:
        return [self.tab, self.video, self.timeline, self.numbers, self.files, self.command]


@dataclass(frozen=True, eq=False)
class DanceTab:
    """Components that other parts of the page use.

    Attributes:
        song: the visitor's file.
        part: of it, to be danced to.
        controls: their choices.
        results: where they are shown.
    """

    song: gr.Audio
    part: gr.HTML
    controls: Controls
    results: list[OneResult]


def build_dance_tab(model: Path | None) -> DanceTab:
    """Lay the tab out within the page that is open; ``model`` is the folder of the generator, None the shipped one."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=260):
            song, trim = _song_inputs()
            variations, controls = _controls(model)
            start = gr.Button("Dance", variant="primary", size="lg", elem_id="make-dance")
            cancel = gr.Button("Cancel", variant="stop", visible=False, elem_id="cancel-dance")
            status = gr.HTML(remark("Choose a song, then press Dance."), elem_id="dance-status", min_height=56)
        with gr.Column(scale=3, min_width=260):
            empty = gr.HTML(
                '<div class="mb-empty"><p>Here the dance will be: a video, the dancer in 3-D to walk around, and how '
                "well it keeps to the music.</p></div>"
            )
            with gr.Column(visible=False) as shown:
                results, variety, player = _result_places()

    idle = {start: gr.update(interactive=True), cancel: gr.update(visible=False)}

    def begin() -> dict[Any, Any]:
        return {
            start: gr.update(interactive=False),
            cancel: gr.update(visible=True),
            status: BEGUN,
        }

    def refused(said: str) -> dict[Any, Any]:
        # a handler that was cancelled counts as failed too, but has said something before, or Cancel has
        return idle | {status: trouble(CROWDED)} if said == BEGUN else {status: gr.skip()}

    def work(song_path: str | None, part: object, count: float | None, *choices: Any) -> Iterator[dict[Any, Any]]:
        def prepare() -> Any:
            chosen = given(song_path, "a song")
            settings = chosen_settings(SongPart.chosen(part), *choices, model=model)
            return Task.of(MAKE_DANCES, chosen, settings, chosen_variations(count))

        yield from watched(prepare, show, status, idle, (song_path,))

    def show(made: ShownDances) -> dict[Any, Any]:
        report = made.dances[0].report
        heard, seconds = report["music"], sum(one.report["timing"]["wall_s"] for one in made.dances)
        said = (
            f"{heard['tempo']:.0f} beats per minute, {heard['meter']}/4; danced as {report['style']}, {seconds:.0f} s."
        )
        shown_now: dict[Any, Any] = {
            status: remark(said),
            empty: gr.update(visible=False),
            shown: gr.update(visible=True),
            player: player_value(made.pack),
            variety: made.variety,
        }
        for place, one in zip(results, made.dances, strict=False):
            title = f"Seed {one.seed}"
            shown_now |= {
                place.tab: gr.update(visible=True, label=title),
                place.video: gr.update(value=str(one.video), visible=True, label=title),
                place.timeline: one.timeline,
                place.numbers: one.numbers,
                place.files: [str(path) for path in one.files],
                place.command: one.command,
            }
        for place in results[len(made.dances) :]:
            shown_now |= {place.tab: gr.update(visible=False), place.video: gr.update(value=None, visible=False)}
        return shown_now

    song.change(
        _hear,
        song,
        [trim],
        concurrency_id=EARS_QUEUE,
        concurrency_limit=1,
        show_progress="hidden",
        api_visibility="private",
    )
    begun = start.click(begin, None, [start, cancel, status], queue=False, api_visibility="private")
    everything = [start, cancel, status, empty, shown, player, variety]
    everything += [component for place in results for component in place.components]
    made = begun.then(
        work,
        [song, trim, variations, *controls.components],
        everything,
        concurrency_id=WORK_QUEUE,
        concurrency_limit=1,
        show_progress="full",
        show_progress_on=[status],
        api_visibility="private",
    )
    # a full queue refuses the work before it begins
    made.failure(
        refused,
        status,
        [start, cancel, status],
        queue=False,
        api_visibility="private",
    )
    cancel.click(
        lambda: idle | {status: remark("Stopped. Nothing was kept.")},
        None,
        [start, cancel, status],
        queue=False,
        cancels=[made],
        api_visibility="private",
    )
    return DanceTab(song, trim, controls, results)


def _hear(song: str | None) -> Iterator[dict[str, Any]]:
    """Draw the song at once, and its beats when they are known."""
    if not song:
        yield drawn(None)
        return
    try:
        for function in ("app.hearing:waveform_of", "app.hearing:waveform_and_beats_of"):
            with Job(Task.of(function, Path(song)), worker=EARS) as job:
                for _ in job.updates():
                    yield gr.skip()  # where Gradio ends this for a visitor who goes away
                yield drawn(*job.result())
    except UserError as error:
        yield drawn(None, without_paths(error, song))
    except Exception:
        traceback.print_exc()
        yield drawn(None, SORRY)


def _song_inputs() -> tuple[gr.Audio, gr.HTML]:
    song = gr.Audio(
        sources=["upload", "microphone"],
        type="filepath",
        label="Song",
        buttons=[],
        elem_id="song",
        waveform_options=gr.WaveformOptions(show_recording_waveform=False),
    )
    film = gr.UploadButton("Take the sound of a video", file_types=["video"], size="sm", variant="secondary")
    film.upload(lambda path: path, film, song, queue=False, api_visibility="private")
    examples = sorted(asset_path("songs").glob("*.ogg"))
    if examples:
        gr.Examples(
            [[str(path)] for path in examples],
            inputs=[song],
            label="Example songs",
            example_labels=[path.stem.replace("_", " ") for path in examples],
            api_visibility="private",
        )
    return song, song_trim(elem_id="song-part")


def _controls(model: Path | None) -> tuple[gr.Slider, Controls]:
    style = gr.Dropdown(
        [("auto: what suits the song", AUTO_STYLE), *known_styles(model), ("no style", NO_STYLE)],
        value=AUTO_STYLE,
        label="Style",
        info="Also a mix, typed in: salsa:0.6,pop:0.4",
        allow_custom_value=True,
    )
    low, high = ENERGY_RANGE
    energy = gr.Slider(low, high, value=1.0, step=0.05, label="Energy", info="0.5 calm, 1 as learnt, 1.5 wild")
    with gr.Row(elem_classes="mb-seed"):
        seed = gr.Number(
            value=0,
            precision=0,
            minimum=0,
            maximum=MAX_SEED,
            label="Seed",
            info="Another seed, another dance",
            scale=4,
        )
        dice = gr.Button("Dice", scale=1, min_width=72, size="md", elem_id="dice")
    dice.click(None, None, seed, js=_DICE, api_visibility="private")
    variations = gr.Slider(
        1, MAX_VARIATIONS, value=1, step=1, label="Variations", info="Dances side by side, each with a seed of its own"
    )
    with gr.Accordion("Advanced", open=False):
        steps = gr.Slider(1, MAX_STEPS, value=DEFAULT_STEPS, step=1, label="Steps", info="Of denoising")
        guidance = gr.Slider(
            0, 10, value=DEFAULT_GUIDANCE, step=0.1, label="Guidance", info="How strictly to follow music and style"
        )
        size = gr.Dropdown(
            [(title, name) for name, title in SIZES.items()], value="512x512", label="Size of the video"
        )
        body = gr.Dropdown(list(BODIES), value=BODIES[0], label="Body")
        renderer = gr.Dropdown([(title, name) for name, title in RENDERERS.items()], value="auto", label="Show the")
        mirror = gr.Checkbox(label="Mirror", info="Exchange left and right")
    return variations, Controls(style, energy, seed, steps, guidance, size, body, renderer, mirror)


def _result_places() -> tuple[list[OneResult], gr.Markdown, gr.HTML]:
    with gr.Row(elem_classes="mb-videos"):
        videos = [
            gr.Video(label="Dance", interactive=False, visible=number == 0, min_width=150, buttons=[])
            for number in range(MAX_VARIATIONS)
        ]
    player = dance_player(elem_id=PLAYER_ID)
    variety = gr.Markdown()
    results = []
    with gr.Tabs():
        for number, video in enumerate(videos):
            with gr.Tab(f"Dance {number + 1}", visible=number == 0) as tab:
                plot = timeline_view(PLAYER_ID)
                numbers = gr.HTML(apply_default_css=False)
                files = gr.File(
                    label="Take it with you", file_count="multiple", interactive=False, elem_classes="mb-files"
                )
                command = gr.Textbox(
                    label="Make it again", interactive=False, lines=2, buttons=["copy"], elem_classes="mb-command"
                )
            results.append(OneResult(tab, video, plot, numbers, files, command))
    return results, variety, player
