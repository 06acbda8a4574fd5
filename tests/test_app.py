"""The web page, with a stand-in for the work behind it."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio_client import Client, handle_file

from app import page as app_page
from app.__main__ import serve
from dancegen.metrics import Score
from dancegen.output import OutputPaths
from dancegen.settings import DanceSettings
from motionbeat.errors import UserError
from tests.conftest import STYLES

SCORES = (
    Score("beat_lock", 0.41234, "", "of foot plants", chance=0.1),
    Score("foot_slide", float("nan"), "mm/s", "in contact"),
)


class FakeDance:
    """Stands in for :func:`dancegen.song_to_video.dance`."""

    def __init__(self) -> None:
        self.settings: list[DanceSettings] = []
        self.error: Exception | None = None

    def __call__(self, song: Path, outputs: OutputPaths, settings: DanceSettings, progress: Any) -> SimpleNamespace:
        self.settings.append(settings)
        progress("filming", 1, 2)
        if self.error is not None:
            raise self.error
        for path in outputs.files:
            path.write_text(f"{path.suffix} of {song.name}")
        report = {"music": {"tempo": 120.0, "meter": 4}, "style": "waltz", "timing": {"wall_s": 2.0}}
        return SimpleNamespace(outputs=outputs, scores=SCORES, report=report)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeDance:
    fake = FakeDance()
    monkeypatch.setattr(app_page, "dance", fake)
    monkeypatch.setattr(app_page, "known_styles", lambda: STYLES)
    return fake


@pytest.fixture
def address(fake: FakeDance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    page = app_page.build_page()
    yield serve(page, host="127.0.0.1", blocking=False)
    page.close()


def test_metric_rows_say_how_each_number_was_measured() -> None:
    assert app_page.metric_rows(SCORES) == [
        ["beat lock", "0.412", "0.1", "of foot plants"],
        ["foot slide", "nothing to measure", "", "in contact"],
    ]


def test_work_files_are_gone_after_the_job(fake: FakeDance, song: Path) -> None:
    job = app_page.make_dance(str(song), "waltz", 3, 1000.0, progress=lambda *_, **__: None)
    video = Path(next(job)[0])
    assert video.read_text() == ".mp4 of song.wav"
    assert list(job) == []
    assert not video.parent.exists()
    assert fake.settings == [DanceSettings(style="waltz", seed=3, duration_s=app_page.MAX_SECONDS)]


@pytest.mark.parametrize(
    ("given", "error", "expected"),
    [
        (None, None, "Choose a song first"),
        ("song", UserError("{path} is silent."), "song.wav is silent"),
    ],
)
def test_what_is_wrong_is_said_without_server_paths(
    fake: FakeDance, song: Path, given: str | None, error: UserError | None, expected: str
) -> None:
    if error is not None:
        fake.error = UserError(str(error).format(path=song))
    with pytest.raises(gr.Error) as caught:
        next(app_page.make_dance(given and str(song), "auto", 0, 20, progress=lambda *_, **__: None))
    assert expected in caught.value.message and str(song.parent) not in caught.value.message


def test_a_visitor_gets_video_table_and_files(address: str, fake: FakeDance, song: Path, tmp_path: Path) -> None:
    client = Client(address, verbose=False, download_files=str(tmp_path / "got"))
    video, table, motion, report, heard = client.predict(handle_file(str(song)), "pop", 5, 7, api_name="/dance")
    assert Path(video["video"] if isinstance(video, dict) else video).read_text() == ".mp4 of song.wav"
    assert table["headers"] == app_page.METRIC_COLUMNS and table["data"][0][0] == "beat lock"
    contents = [Path(each["value"] if isinstance(each, dict) else each).read_text() for each in (motion, report)]
    assert contents == [".npz of song.wav", ".json of song.wav"]
    assert heard.startswith("120 beats per minute, 4/4, danced as waltz")
    assert fake.settings == [DanceSettings(style="pop", seed=5, duration_s=7)]


def test_errors_inside_stay_inside_and_files_outside_are_not_served(
    address: str, fake: FakeDance, song: Path, tmp_path: Path
) -> None:
    fake.error = ValueError("secret detail")
    client = Client(address, verbose=False)
    with pytest.raises(Exception) as caught:
        client.predict(handle_file(str(song)), "pop", 5, 7, api_name="/dance")
    assert "secret" not in str(caught.value)
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}gradio_api/file={secret}", timeout=10)
    assert refused.value.code == 403
