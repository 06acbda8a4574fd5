"""The parts of the page that need no server."""

from __future__ import annotations

import dataclasses
import math
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.choices import FORMAT_NAMES, SIZES, chosen_settings, chosen_variations
from app.explain import EXPLAINED, in_plain_words, rows
from app.hearing import PEAKS_PER_S, hear_beats, hear_waveform
from app.jobs import Job
from app.limits import MAX_SECONDS, STAGE_SECONDS
from app.progress import PACKING_SHARE, SHARES, TITLES, bar, of_all, packing, trouble, without_paths
from app.reproduce import command_line
from app.results import numbers_table, timeline, variety_line
from app.song_trim import SongPart, drawn
from app.tidy import keep_tidy, sweep
from app.warm_up import read_everything
from app.work import Update, Work
from app.worker import WORKER, Worker, WorkFailed, get_ready
from dancegen.evaluation import place, shipped_reference
from dancegen.export import FORMATS
from dancegen.metrics import summarise
from dancegen.sample import build_parser, parse_settings
from dancegen.settings import DanceSettings
from dancegen.song_to_video import STAGES
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from tests.conftest import SONG_SECONDS, SONG_TEMPO
from tests.recordings import stepping_poses
from tests.worker_jobs import crash, fail, go_on, hang, process_id, refuse, write_dance


@pytest.fixture(scope="module")
def stepping() -> Motion:
    """A body that steps on the spot every half second for twelve seconds."""
    poses = stepping_poses(0.5, 12.0, 30).reshape(-1, 24, 3).astype(np.float32)
    return Motion(poses, np.tile(np.float32([0.0, 0.98, 0.0]), (len(poses), 1)), 30.0)


@pytest.fixture(scope="module")
def grid() -> BeatGrid:
    return BeatGrid.steady(120.0, 12.0)


@pytest.fixture(scope="module")
def report(stepping: Motion, grid: BeatGrid) -> dict[str, Any]:
    return {
        "metrics": {score.name: score.as_dict() for score in summarise(stepping, grid)},
        "placement": place(stepping, grid, "waltz", shipped_reference()).as_dict(),
    }


def begun(marker: Path) -> tuple[int, Path]:
    """Process and folder of the work that writes ``marker``, once it has begun."""
    wait_until(marker.exists)
    process, folder = marker.read_text().split(maxsplit=1)
    return int(process), Path(folder)


def test_a_job_gives_its_result_and_then_its_folder_goes() -> None:
    with Job(write_dance) as job:
        stages = {update.stage for update in job.updates()}
        path = job.result()
        assert path.read_text() == "dance" and stages <= {"waiting", "composing"}
    job.thread.join(5)
    assert not job.thread.is_alive() and not path.parent.exists()


def test_a_job_that_is_left_stops_within_moments_and_leaves_nothing(tmp_path: Path) -> None:
    def handler() -> Iterator[Update]:
        with Job(partial(go_on, tmp_path / "marker", "filming")) as job:
            threads.append(job.thread)
            yield from job.updates()

    threads: list[threading.Thread] = []
    running = handler()
    next(running)
    process, folder = begun(tmp_path / "marker")
    assert folder.exists()
    left = time.monotonic()
    running.close()
    # leaving waits for nothing, because Gradio leaves on its event loop
    assert time.monotonic() - left < 0.1
    threads[0].join(2)
    assert not threads[0].is_alive() and not folder.exists() and not WORKER.turn.locked()
    # it keeps the models for the next visitor
    assert result_of(process_id) == process


def test_one_works_and_the_other_waits_its_turn(tmp_path: Path) -> None:
    with Job(partial(go_on, tmp_path / "first", "filming")) as one:
        begun(tmp_path / "first")
        with Job(partial(go_on, tmp_path / "second", "filming")) as other:
            assert next(other.updates()).stage == "waiting"
            time.sleep(0.3)
            assert not (tmp_path / "second").exists()
            one.__exit__(None, None, None)
            begun(tmp_path / "second")
    one.thread.join(5)
    other.thread.join(5)


def test_a_stage_that_takes_too_long_is_stopped_and_says_what_to_do(tmp_path: Path) -> None:
    work = partial(go_on, tmp_path / "marker", "filming")
    with pytest.raises(UserError, match=r"'filming' took longer than 0.05 s .* shorter part"):
        result_of(work, STAGE_SECONDS | {"filming": 0.05})
    wait_until(lambda: not WORKER.turn.locked())


@pytest.mark.skipif(os.name == "nt", reason="uses the system's sleep")
@pytest.mark.parametrize("ending", ["time", "visitor"])
def test_work_that_hangs_in_native_code_is_ended_with_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr("app.worker.STOP_S", 0.2)
    with Job(partial(hang, tmp_path / "marker"), STAGE_SECONDS | {"listening": 0.2}) as job:
        process, folder = begun(tmp_path / "marker")
        if ending == "time":
            with pytest.raises(UserError, match="'listening' took longer"):
                wait_for(job)
    job.thread.join(5)
    assert not folder.exists() and not WORKER.turn.locked()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert result_of(process_id) != process


@pytest.mark.skipif(os.name == "nt", reason="uses the system's signals")
def test_a_crash_ends_one_job_and_not_the_server() -> None:
    with pytest.raises(WorkFailed, match="has died"):
        result_of(crash)
    assert isinstance(result_of(process_id), int)


def test_errors_of_the_work_reach_the_handler(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="silent"):
        result_of(partial(refuse, tmp_path / "song.wav"))
    # a bug comes with the place where it was met, for who runs the server
    with pytest.raises(WorkFailed, match=r"worker_jobs\.py(.|\n)*ValueError: secret detail"):
        result_of(fail)


def wait_for(job: Job[Any]) -> Any:
    for _ in job.updates():
        pass
    return job.result()


def result_of(work: Work[Any], stage_seconds: dict[str, float] = STAGE_SECONDS) -> Any:
    with Job(work, stage_seconds) as job:
        return wait_for(job)


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """The first process of a test run imports for some seconds."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_progress_only_grows_through_all_stages_of_all_dances() -> None:
    told: list[float] = []

    def tell(stage: str, done: int, total: int) -> None:
        assert stage in TITLES and stage in STAGE_SECONDS
        told.append(done / total)

    for number in range(3):
        for stage in STAGES:
            for done in (0, 1, 2):
                of_all(tell, number, 3)(stage, done, 2)
    assert told == sorted(told) and told[0] == 0 and told[-1] == pytest.approx(1 - PACKING_SHARE, abs=1e-3)
    packing(tell, 1.0)
    assert told[-1] == 1.0
    assert math.isclose(sum(SHARES.values()), 1.0) and set(SHARES) == set(STAGES)


def test_the_progress_bar_names_the_stage_and_errors_are_escaped() -> None:
    assert 'value="40"' in bar(Update("filming", 400, 1000)) and "Dressing and filming" in bar(Update("filming", 1, 2))
    assert "<b>" not in trouble("<b>")


def test_messages_name_files_without_their_places() -> None:
    error = UserError("/tmp/gradio/abc/my song.mp3 is silent; /tmp/gradio/def/d.npz too.")
    said = without_paths(error, "/tmp/gradio/abc/my song.mp3", None, "/tmp/gradio/def/d.npz")
    assert said == "my song.mp3 is silent; d.npz too."


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("song.mp3", DanceSettings(seed=7, start_s=12.345, duration_s=15.0)),
        ('it\'s "$(rm)" ; a song.mp3', DanceSettings(style="salsa:0.6,pop:0.4", energy=1.35, guidance=2.5, steps=20)),
        ("-x.mp3", DanceSettings(width=720, height=1280, body="child", renderer="skeleton", mirror=True)),
    ],
)
def test_the_command_line_makes_the_same_dance(
    name: str, settings: DanceSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = command_line(tmp_path / name, settings)
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "dancegen.sample"] and str(tmp_path) not in line
    args = build_parser().parse_args(words[3:])
    assert args.audio[0].name == name
    monkeypatch.setattr("dancegen.settings.known_styles", lambda _=None: ("salsa", "pop"))
    assert parse_settings(args) == settings


def test_the_page_draws_loudness_beats_and_bars(song: Path) -> None:
    audio, heard = hear_waveform(song)
    assert heard.grid is None and heard.as_dict()["beats"] == []
    assert len(heard.peaks) == SONG_SECONDS * PEAKS_PER_S and heard.peaks.max() == 255
    # the drum of a downbeat is twice as loud as that of the beat after it
    on = heard.peaks.astype(float)[[0, int(0.5 * PEAKS_PER_S)]]
    assert on[0] > 1.5 * on[1] > 0
    heard = hear_beats(audio, heard)
    assert heard.beats_as_dict()["tempo"] == pytest.approx(SONG_TEMPO, rel=0.02)
    shown = drawn(heard.as_dict(), heard.describe())["song"]
    assert set(shown["downbeats"]) <= set(shown["beats"]) and shown["duration_s"] == SONG_SECONDS


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (None, SongPart()),
        ({"start_s": 3.25, "seconds": 12}, SongPart(3.25, 12.0)),
        ({"start_s": -1, "seconds": 1e9}, SongPart(0.0, MAX_SECONDS)),
        ({"start_s": "x", "seconds": True}, SongPart()),
        ([1], SongPart()),
        ({"start_s": math.nan, "seconds": math.inf}, SongPart()),
    ],
)
def test_whatever_a_browser_sends_becomes_a_part_within_the_limits(payload: Any, expected: SongPart) -> None:
    assert SongPart.chosen(payload) == expected


def choices(**changed: Any) -> list[Any]:
    usual = {"style": "pop", "energy": 1.0, "seed": 3, "steps": 10, "guidance": 4.0, "size": "432x768"}
    usual |= {"body": "neutral", "renderer": "auto", "mirror": False}
    return list((usual | changed).values())


def test_choices_become_settings(tiny_models: Path) -> None:
    settings = chosen_settings(SongPart(2.0, 10.0), *choices(), model=tiny_models)
    assert (settings.start_s, settings.duration_s, settings.seed) == (2.0, 10.0, 3)
    assert (settings.width, settings.height, settings.style) == (432, 768, "pop")
    for size in SIZES:
        chosen_settings(SongPart(), *choices(size=size), model=tiny_models)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"style": "polka"}, "style: 'polka' is unknown"),
        ({"seed": None}, "seed: give a number"),
        ({"seed": 1.5}, "seed: give a whole number"),
        ({"seed": -1}, "seed: give a whole number"),
        ({"steps": 1000}, "steps: give a whole number up to 50"),
        ({"energy": 9}, "energy: must be between"),
        ({"guidance": math.nan}, "guidance: give a number"),
        ({"size": "9999x9999"}, "size: '9999x9999' is not offered"),
        ({"renderer": "pyrender"}, "renderer: 'pyrender' is not offered"),
        ({"body": "../x"}, "body: '../x' is unknown"),
    ],
)
def test_wrong_choices_are_refused_in_a_line(tiny_models: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        chosen_settings(SongPart(), *choices(**changed), model=tiny_models)


def test_old_files_go_and_the_page_keeps_its_own(tmp_path: Path) -> None:
    old, example, new = (tmp_path / name / "song.ogg" for name in ("old", "example", "new"))
    for path in (old, example):
        path.parent.mkdir()
        path.write_text("song")
    time.sleep(0.4)
    new.parent.mkdir()
    new.write_text("song")
    assert sweep(tmp_path, 0.3, {example}) == 1
    assert not old.exists() and example.exists() and new.exists()
    # as often as files grow old
    keep_tidy(tmp_path, 0.2, {example})
    wait_until(lambda: [path.name for path in tmp_path.iterdir()] == ["example"], seconds=10)
    assert example.exists()


def test_the_formats_that_are_offered_are_those_that_there_are() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES


def test_the_page_is_built_without_the_packages_that_take_seconds_to_import() -> None:
    code = "import sys, app.page; app.page.build_page(); print(sorted({'torch', 'scipy', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("count", [0, 5, 1.5, None])
def test_variations_are_few(count: Any) -> None:
    assert chosen_variations(4) == 4
    with pytest.raises(UserError, match="variations"):
        chosen_variations(count)


def test_every_number_of_the_table_is_measured_placed_and_explained(report: dict[str, Any]) -> None:
    found = rows(report)
    assert len(found) == len(EXPLAINED) <= 12
    by_title = {row.about.title: row for row in found}
    lock = by_title["Steps in time"]
    metric = report["metrics"]["beat_lock"]
    assert (lock.value, lock.chance, lock.protocol) == (metric["value"], metric["chance"], metric["protocol"])
    assert lock.percentile == report["placement"]["measures"]["beat_lock"]["percentile"]
    assert all(row.protocol and row.about.meaning.endswith(".") for row in found)
    assert "only indicative" in by_title["FID, pose (FID_g)"].about.meaning


def test_the_table_escapes_and_shows_each_dance(report: dict[str, Any]) -> None:
    table = numbers_table({"<First>": report, "Second": report})
    assert "<First>" not in table and table.count("<tr>") == 1 + len(EXPLAINED)
    assert table.count("<td>") == 2 * len(EXPLAINED) and "<caption>" in table


@pytest.mark.parametrize(
    ("lock", "percentile", "words"),
    [
        ({"value": 0.1, "chance": 0.1, "chance_95": 0.2}, 50.0, "no closer to the beat than chance"),
        ({"value": 0.4, "chance": 0.1, "chance_95": 0.2}, 50.0, "about as closely as recorded dancers' do"),
        ({"value": 0.4, "chance": 0.1, "chance_95": 0.2}, 97.0, "clearly more closely than recorded dancers' do"),
        ({"value": 0.4, "chance": 0.1, "chance_95": 0.2}, 10.0, "less closely than recorded dancers' do"),
        ({"value": 0.4, "chance": 0.1, "chance_95": 0.2}, None, "closer to the beat than chance would"),
        ({"value": None}, None, "too few steps"),
        ({"value": 0.0, "chance": 0.0, "chance_95": 0.0}, 10.0, "too few steps"),
    ],
)
def test_the_reading_follows_the_numbers(lock: dict[str, Any], percentile: float | None, words: str) -> None:
    measures = {name: {"percentile": value} for name, value in (("contact_slide", None), ("jerk", 99.0))}
    placement = {"measures": measures | {"beat_lock": {"percentile": percentile}}}
    said = in_plain_words({"metrics": {"beat_lock": lock}, "placement": placement})
    assert words in said and said.endswith("the motion is clearly jerkier than theirs.") and said[0].isupper()


def test_the_plot_has_a_line_for_each_beat_and_is_as_long_as_the_dance(stepping: Motion, grid: BeatGrid) -> None:
    plot = timeline(stepping, grid)
    assert 'data-seconds="12.000"' in plot
    bars = int(np.isin(grid.beats, grid.downbeats).sum())
    assert plot.count('class="mb-bar"') == bars and plot.count('class="mb-beat"') == len(grid.beats) - bars
    assert plot.count('class="mb-plant"') > 10


def test_variety_is_said_for_several_dances_only(stepping: Motion) -> None:
    reference = shipped_reference()
    assert variety_line([stepping], "waltz", reference) == ""
    said = variety_line([stepping, stepping.mirrored()], "waltz", reference)
    assert said.startswith("The 2 dances differ by 0.") and "recorded dances" in said
    moved = dataclasses.replace(stepping)
    assert "differ by 0.00 m in pose and 0.00 m" in variety_line([stepping, moved], "waltz", reference)


def test_a_model_that_cannot_be_read_is_one_line_for_who_runs_the_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    get_ready(partial(read_everything, tmp_path / "nowhere"))
    said = capsys.readouterr().err
    assert said.startswith("error: model: ") and said.count("\n") == 1
    # and the page goes on: what needs no model still works
    worker = Worker()
    worker.start(partial(read_everything, tmp_path / "nowhere"))
    try:
        with Job(process_id, worker=worker) as job:
            assert wait_for(job) != os.getpid()
    finally:
        worker.end()
