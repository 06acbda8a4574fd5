"""The page as it is served: what visitors and programs get, and what they never get."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import shlex
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

import app.api
from app import dance_tab
from app.__main__ import serve
from app.dances import make_dances
from app.judging import compare
from app.limits import CACHE_SECONDS, MAX_WAITING
from app.page import build_page
from app.progress import bar, remark
from app.work import Update
from app.worker import WORKER
from dancegen.settings import DanceSettings
from motionbeat.audio import Audio
from motionbeat.beats import track_beats
from motionbeat.motion import load_motion
from tests.conftest import SONG_SECONDS, SONG_TEMPO
from tests.recordings import STANDING_M, stepping_poses

STEPS = 2
"""Denoising steps: the dance of tiny models gets no better with more."""


@pytest.fixture(scope="module")
def page(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[gr.Blocks]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("cache")))
        yield build_page(tiny_models)


@pytest.fixture(scope="module")
def address(page: gr.Blocks) -> Iterator[str]:
    yield serve(page, host="127.0.0.1", blocking=False)
    page.close()


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("got")))


@pytest.fixture(scope="module")
def danced(client: Client, song: Path) -> tuple[Any, ...]:
    """Video, motion, report of one dance through the API."""
    found = client.predict(
        song=handle_file(str(song)), start_s=0.5, seconds=5, style="pop", seed=7, steps=STEPS, api_name="/dance"
    )
    return tuple(found)


def handlers(page: gr.Blocks) -> dict[str, Any]:
    """The functions of the page by their names; the first where a name comes more than once."""
    found: dict[str, Any] = {}
    for function in page.fns.values():
        found.setdefault(function.name, function)
    return found


def last(updates: Iterator[Any]) -> Any:
    for update in updates:
        found = update
    return found


def text_of(update: dict[Any, Any], elem_id: str) -> str:
    return str(next(value for part, value in update.items() if getattr(part, "elem_id", None) == elem_id))


def choices(style: str = "pop", seed: float | None = 3) -> list[Any]:
    return [style, 1.0, seed, STEPS, 4.0, "512x512", "neutral", "auto", False]


def test_a_visitor_gets_dances_side_by_side_and_work_files_go(page: gr.Blocks, song: Path) -> None:
    work = handlers(page)["work"].fn
    job = work(str(song), {"start_s": 0, "seconds": 5}, 2, *choices())
    stages = []
    for update in job:
        if len(update) > 1:
            break
        stages.append(text_of(update, "dance-status"))
    assert any("progress" in stage for stage in stages)
    files = [value for part, value in update.items() if getattr(part, "label", "") == "Take it with you"]
    names = [sorted(Path(path).suffix for path in paths) for paths in files]
    assert len(files) == 2 and {".mp4", ".npz", ".json", ".bvh", ".glb", ".html"} <= set(names[0])
    motions = [load_motion(paths[0]) for paths in files]
    assert np.abs(motions[0].poses - motions[1].poses).max() > 1e-3
    commands = [value for part, value in update.items() if getattr(part, "label", "") == "Make it again"]
    assert [shlex.split(command)[shlex.split(command).index("--seed") + 1] for command in commands] == ["3", "4"]
    videos = [
        value for value in update.values() if isinstance(value, dict) and str(value.get("value")).endswith("mp4")
    ]
    assert [video["visible"] for video in videos] == [True, True]
    assert any(isinstance(value, str) and "2 dances differ by" in value for value in update.values())
    folder = Path(files[0][0]).parent
    assert folder.exists()
    job.close()
    wait_until(lambda: not folder.exists() and not WORKER.turn.locked())


@pytest.mark.parametrize(
    ("song_name", "options", "expected"),
    [
        (None, {}, "Choose a song first"),
        ("text.mp3", {}, "text.mp3 is not a sound file"),
        ("song", {"style": "polka"}, "style: &#x27;polka&#x27; is unknown"),
        ("song", {"seed": None}, "seed: give a number"),
    ],
)
def test_what_is_wrong_is_said_on_the_page_without_server_paths(
    page: gr.Blocks, song: Path, tmp_path: Path, song_name: str | None, options: dict[str, Any], expected: str
) -> None:
    (tmp_path / "text.mp3").write_text("no sound at all")
    path = str(song) if song_name == "song" else song_name and str(tmp_path / song_name)
    update = last(handlers(page)["work"].fn(path, None, 1, *choices(**options)))
    said = text_of(update, "dance-status")
    assert expected in said and 'role="alert"' in said
    assert str(tmp_path) not in said and str(song.parent) not in said
    # the buttons are as before
    assert text_of(update, "make-dance").count("True") and "False" in text_of(update, "cancel-dance")


def test_who_cancels_is_not_told_that_the_queue_is_full(page: gr.Blocks) -> None:
    refused = handlers(page)["refused"].fn
    begun = text_of(handlers(page)["begin"].fn(), "dance-status")
    assert "too many people are waiting" in text_of(refused(begun), "dance-status")
    for said in (bar(Update("filming", 1, 2)), remark("Stopped. Nothing was kept.")):
        assert "too many" not in text_of(refused(said), "dance-status")


def test_a_bug_is_not_told_to_the_visitor(page: gr.Blocks, song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dance_tab, "MAKE_DANCES", "tests.worker_jobs:fail")
    said = text_of(last(handlers(page)["work"].fn(str(song), None, 1, *choices())), "dance-status")
    assert "Something went wrong" in said and "secret" not in said


def test_the_song_is_drawn_before_its_beats_are_known(page: gr.Blocks, song: Path, tmp_path: Path) -> None:
    hear = handlers(page)["_hear"].fn
    first, second = drawings(hear(str(song)))
    assert first["song"]["beats"] == [] and len(second["song"]["beats"]) > 5
    (tmp_path / "empty.wav").touch()
    (refused,) = drawings(hear(str(tmp_path / "empty.wav")))
    assert refused["song"] is None and refused["about"].startswith("empty.wav is empty")


def drawings(updates: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [update for update in updates if "song" in update]


def test_a_program_gets_video_motion_and_report(danced: tuple[Any, ...]) -> None:
    video, motion, report = danced
    path = Path(video["video"] if isinstance(video, dict) else video)
    assert path.read_bytes()[4:8] == b"ftyp"
    assert load_motion(motion).duration == pytest.approx(SONG_SECONDS - 0.5, abs=0.1)
    assert report["style"] == "pop" and report["settings"]["seed"] == 7
    assert "--start 0.5 " in report["command"] and report["metrics"]["beat_lock"]["protocol"]


def test_a_program_gets_beats_numbers_and_other_formats(client: Client, song: Path, tmp_path: Path) -> None:
    # tiny models dance in poses of no body that stands
    stepping = tmp_path / "stepping.npz"
    poses = stepping_poses(0.5, 3.0, 30)
    np.savez(stepping, poses=poses.reshape(-1, 72), trans=np.tile([0.0, STANDING_M, 0.0], (len(poses), 1)), fps=30)
    heard = client.predict(handle_file(str(song)), api_name="/hear")
    assert heard["tempo"] == pytest.approx(SONG_TEMPO, rel=0.02) and set(heard["downbeats"]) <= set(heard["beats"])
    bvh = client.predict(handle_file(str(stepping)), "bvh", "neutral", api_name="/export")
    assert Path(bvh).read_text().startswith("HIERARCHY")
    for motion in (str(stepping), bvh):
        report = client.predict(handle_file(motion), handle_file(str(song)), 0.5, "", api_name="/evaluate")
        assert report["placement"]["style"] is None and report["metrics"]["jerk"]["value"] > 0
    with pytest.raises(AppError, match="FBX"):
        client.predict(handle_file(str(stepping)), "fbx", "neutral", api_name="/export")
    pickled = tmp_path / "motion.npz"
    np.savez(pickled, poses=np.array([{"a": 1}], dtype=object), trans=np.zeros((1, 3)), fps=30)
    with pytest.raises(AppError, match=r"motion\.npz: not a motion file"):
        client.predict(handle_file(str(pickled)), handle_file(str(song)), 0.0, "", api_name="/evaluate")


def test_several_dances_hear_the_song_once(
    tiny_models: Path, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []

    def counting(audio: Audio) -> Any:
        heard.append(len(audio))
        return track_beats(audio)

    monkeypatch.setattr("dancegen.song_to_video.track_beats", counting)
    settings = DanceSettings(duration_s=3.0, steps=STEPS, width=64, height=64, style="pop", model=tiny_models)
    made = make_dances(song, settings, 2, tmp_path, lambda *_: None)
    assert len(heard) == 1 and [one.seed for one in made.dances] == [0, 1]
    assert made.dances[0].report["music"] == made.dances[1].report["music"]


def test_two_dances_are_compared_side_by_side_over_what_they_share(song: Path, tmp_path: Path) -> None:
    paths = []
    for seconds, fps in ((3.0, 30), (2.5, 60)):
        poses = stepping_poses(0.5, seconds, fps).reshape(-1, 72)
        paths.append(tmp_path / f"{fps}.npz")
        np.savez(paths[-1], poses=poses, trans=np.tile([0.0, STANDING_M, 0.0], (len(poses), 1)), fps=fps)
    told: list[str] = []
    compared = compare(song, 0.5, paths, ("A", "B"), tmp_path, lambda stage, done, total: told.append(stage))
    assert [report["duration_s"] for report in compared.reports] == [2.5, 2.5] and set(told) == {"measuring"}
    header = pack_header(compared.pack)
    assert header["duration_s"] == 2.5 and len(header["dancers"]) == 2 and header["beats"] is not None
    assert [body["name"] for body in header["bodies"]] == ["neutral"]


def test_dances_of_the_page_are_compared_in_their_own_bodies(song: Path, tmp_path: Path) -> None:
    paths = []
    for name in ("male", "child", "../etc"):
        poses = stepping_poses(0.5, 2.0, 30).reshape(-1, 72)
        paths.append(tmp_path / f"{len(paths)}.npz")
        provenance = json.dumps({"settings": {"body": f"slim,{name}"}, "dancer": 2})
        trans = np.tile([0.0, STANDING_M, 0.0], (len(poses), 1))
        np.savez(paths[-1], poses=poses, trans=trans, fps=30, provenance=np.array(provenance))
    compared = compare(song, 0.5, paths, "ABC", tmp_path, lambda *_: None)
    assert [body["name"] for body in pack_header(compared.pack)["bodies"]] == ["male", "child", "neutral"]


def pack_header(pack: Path) -> dict[str, Any]:
    packed = gzip.decompress(pack.read_bytes())
    return dict(json.loads(packed[12 : 12 + int.from_bytes(packed[8:12], "little")]))


def test_the_example_of_the_api_runs(
    address: str, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = example_of(app.api.__doc__ or "")
    readme = Path(__file__).parents[1] / "README.md"
    shown = [
        block
        for block in re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)
        if "gradio_client" in block
    ]
    assert all(block.strip() == example.strip() for block in shown)
    assert len(example.strip().splitlines()) <= 10
    monkeypatch.chdir(tmp_path)
    (tmp_path / "song.mp3").write_bytes(song.read_bytes())
    fast = example.replace("http://127.0.0.1:7860", address).replace("seed=7", f"seed=7, steps={STEPS}")
    assert fast.count(address) == 1 and "steps" in fast
    exec(compile(fast, "example", "exec"), {})
    said = capsys.readouterr().out
    assert "120" in said and ".mp4" in said and ".bvh" in said


def example_of(docstring: str) -> str:
    lines = docstring.split("::\n", 1)[1].strip("\n").splitlines()
    inside = itertools.takewhile(lambda line: not line or line.startswith("    "), lines)
    return "\n".join(line[4:] for line in inside).strip() + "\n"


def test_cancelling_a_call_frees_the_machine_within_moments(
    address: str, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.MAKE_DANCES", "tests.worker_jobs:film_on")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    job = Client(address, verbose=False).submit(song=handle_file(str(song)), api_name="/dance")
    wait_until(lambda: list(tmp_path.glob("motionbeat-*/half.mp4")), seconds=60)
    assert WORKER.turn.locked()
    # nor does anybody else see what is being made
    (half,) = tmp_path.glob("motionbeat-*/half.mp4")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{address}gradio_api/file={half}", timeout=10)
    job.cancel()
    wait_until(lambda: not WORKER.turn.locked(), seconds=5)


def test_errors_inside_stay_inside(client: Client, song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.MAKE_DANCES", "tests.worker_jobs:fail")
    with pytest.raises(AppError) as caught:
        client.predict(song=handle_file(str(song)), api_name="/dance")
    assert "secret" not in str(caught.value)

    monkeypatch.setattr("app.api.MAKE_DANCES", "tests.worker_jobs:refuse")
    with pytest.raises(AppError, match=r"song\.wav is silent") as told:
        client.predict(song=handle_file(str(song)), api_name="/dance")
    assert "/" not in str(told.value)


def test_files_outside_and_other_visitors_events_are_not_served(address: str, client: Client, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}gradio_api/file={secret}", timeout=10)
    assert refused.value.code == 403
    with pytest.raises(AppError):
        client.predict(song={"path": str(secret), "meta": {"_type": "gradio.FileData"}}, api_name="/hear")
    described = json.load(urllib.request.urlopen(f"{address}gradio_api/info", timeout=10))
    assert set(described["named_endpoints"]) == {"/hear", "/dance", "/evaluate", "/export"}
    assert not described["unnamed_endpoints"]


def test_the_page_is_bounded(page: gr.Blocks, address: str) -> None:
    config = json.load(urllib.request.urlopen(f"{address}config", timeout=10))
    assert config["max_file_size"] == 50 * 1024**2
    assert page.delete_cache == (CACHE_SECONDS, CACHE_SECONDS) and MAX_WAITING < 40
    working = [function for function in page.fns.values() if function.concurrency_id == dance_tab.WORK_QUEUE]
    assert len(working) == 6 and {function.concurrency_limit for function in working} == {1}


def wait_until(true: Any, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)
