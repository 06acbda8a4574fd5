"""The page on the shipped model in a real browser: what a visitor does from a song to the files that they take away.

Pictures of it are kept in the folder that MOTIONBEAT_ARTEFACTS names, if it is set.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from motionbeat.assets import asset_path
from tests.browsing import chromium

# An idle machine needs half a minute for all of it; a loaded one many.
pytestmark = pytest.mark.timeout(1200)
WAIT_S = 400.0
SECONDS = 5
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PLAYER = "document.querySelector('#dance-in-3d dance-player')"
BEGINNINGS = {
    ".mp4": (4, b"ftyp"),
    ".npz": (0, b"PK"),
    ".json": (0, b"{"),
    ".bvh": (0, b"HIERARCHY"),
    ".glb": (0, b"glTF"),
    ".html": (0, b"<!doctype html>"),
    ".usd": (0, b"PXR-USDC"),
}
"""Where a file of a kind begins with what."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of ``python -m app``, which ends without a file left or a word about a bug."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = {"GRADIO_TEMP_DIR": str(folder / "cache"), "TMPDIR": str(folder / "work")}
    (folder / "work").mkdir()
    with (folder / "said.txt").open("w") as said:
        server = subprocess.Popen(
            [sys.executable, "-m", "app", "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ | places,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=Path(__file__).parents[1],
        )
    address = f"http://127.0.0.1:{port}/"

    def answers() -> bool:
        assert server.poll() is None, (folder / "said.txt").read_text()
        try:
            return bool(urllib.request.urlopen(address, timeout=5).status == 200)
        except OSError:
            return False

    try:
        until(answers)
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    assert "Traceback" not in (folder / "said.txt").read_text()
    assert [path.name for path in (folder / "work").rglob("*") if path.is_file()] == []


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chosen = os.environ.get("MOTIONBEAT_ARTEFACTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Visit:
    """One visitor's tab, and what its console complained of."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": DESKTOP, "accept_downloads": True} | options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * WAIT_S)
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda asked: self.hosts.add(asked.url.split("/")[2]))
        self.page.goto(address)
        self.status = self.page.locator("#dance-status")

    def upload(self, song: Path) -> None:
        self.page.locator("#song input[type=file]").set_input_files(str(song))

    def trim(self, seconds: int, start_s: float) -> None:
        """Once the beats are known: they move the part to a bar."""
        self.page.locator("song-trim .about", has_text="BPM").wait_for()
        self.page.get_by_label("Length").fill(str(seconds))
        self.page.get_by_label("Start").fill(str(start_s))

    def dance(self) -> None:
        self.page.locator("#make-dance").click()

    def player(self, script: str) -> Any:
        return self.page.evaluate(f"(() => {{ const player = {PLAYER}; return {script}; }})()")

    def player_picture(self) -> np.ndarray:
        shot = self.page.locator("#dance-in-3d canvas.scene").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=np.float64)

    def no_sideways_scrolling(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.fixture(scope="module")
def danced(browser: Any, address: str, pictures: Path) -> Iterator[Visit]:
    """A visitor who has trimmed a song, pressed one button and waited; ``stages`` is what they read meanwhile."""
    visit = Visit(browser, address)
    visit.page.locator("#make-dance").wait_for()
    visit.page.screenshot(path=pictures / "desktop-empty.png")
    visit.upload(asset_path("songs", "demo_4-4.ogg"))
    visit.trim(SECONDS, 10.0)
    visit.page.evaluate(
        """() => {
          window.stages = [];
          const status = document.querySelector('#dance-status');
          new MutationObserver(() => stages.push(status.innerText)).observe(status,
            { childList: true, subtree: true, characterData: true });
        }"""
    )
    visit.dance()
    visit.page.locator(".mb-videos video").first.wait_for()
    until(lambda: visit.player("player && player.framesDrawn > 0"))
    yield visit
    visit.context.close()


def test_one_click_makes_a_dance_and_says_how_far_it_is(danced: Visit, pictures: Path) -> None:
    stages = danced.page.evaluate("stages")
    percents = [int(number) for said in stages for number in re.findall(r"(\d+) %", said)]
    assert any("Dressing and filming" in said for said in stages)
    assert percents == sorted(percents) and len(set(percents)) > 3
    assert "beats per minute" in danced.status.inner_text()
    assert danced.page.locator("#make-dance").is_enabled() and danced.page.locator("#cancel-dance").is_hidden()
    assert danced.page.locator(".mb-numbers tbody tr").count() == 12
    danced.page.screenshot(path=pictures / "desktop-danced.png", full_page=True)
    assert danced.no_sideways_scrolling()


def test_the_part_that_was_trimmed_is_what_is_danced(danced: Visit) -> None:
    command = danced.page.locator(".mb-command textarea").first.input_value()
    start = float(re.search(r"--start ([\d.]+)", command)[1])  # type: ignore[index]
    assert f"--duration {SECONDS}.0" in command and abs(start - 10.0) < 1.5
    beats = danced.page.evaluate("document.querySelector('song-trim').song.downbeats")
    assert min(abs(beat - start) for beat in beats) < 2e-3


def test_the_video_plays_with_its_sound(danced: Visit) -> None:
    state = """() => {
        const video = document.querySelector('.mb-videos video');
        return [video.currentTime, video.webkitAudioDecodedByteCount, video.webkitVideoDecodedByteCount,
                video.duration, video.error && video.error.message];
    }"""
    danced.page.evaluate("document.querySelector('.mb-videos video').play()")
    until(lambda: danced.page.evaluate(state)[0] > 0.5)
    at, sound, picture, duration, error = danced.page.evaluate(state)
    danced.page.evaluate("document.querySelector('.mb-videos video').pause()")
    assert error is None and sound > 0 and picture > 0
    assert duration == pytest.approx(SECONDS, abs=0.1) and at < duration


def test_the_3d_player_plays_and_goes_where_one_asks(danced: Visit) -> None:
    danced.page.locator("#dance-in-3d").scroll_into_view_if_needed()
    first = danced.player_picture()
    danced.page.locator("#dance-in-3d").get_by_role("button", name="Play").click()
    until(lambda: danced.player("player.currentTime > 0.7"))
    assert danced.player("player.clock.sound.currentTime") == pytest.approx(danced.player("player.currentTime"), abs=1)
    danced.page.locator("#dance-in-3d").get_by_role("button", name="Pause").click()
    assert changed(first, danced.player_picture()) > 0.005
    # a click on the plot of beats is a way to seek
    axis = danced.page.locator(".mb-axis").first
    box = axis.bounding_box()
    axis.click(position={"x": 0.8 * box["width"], "y": 40})
    until(lambda: abs(danced.player("player.currentTime") - 0.8 * SECONDS) < 0.1)
    until(lambda: danced.player("player.pendingFrame") == 0)
    later = danced.player_picture()
    assert changed(first, later) > 0.005
    danced.player("player.seek(0)")
    until(lambda: danced.player("player.currentTime === 0 && player.pendingFrame === 0"))
    assert changed(first, danced.player_picture()) < 0.001 < changed(later, danced.player_picture())


def changed(one: np.ndarray, other: np.ndarray) -> float:
    """Share of pixels that are visibly different."""
    return float((np.abs(one - other).max(axis=2) > 30).mean())


def test_every_download_is_a_file_of_its_kind(danced: Visit) -> None:
    links = danced.page.evaluate("[...document.querySelectorAll('.mb-files a[href]')].map((link) => link.href)")
    found = {}
    for link in links:
        answer = danced.context.request.get(link)
        assert answer.ok, link
        found[Path(link).suffix] = answer.body()
    assert {".mp4", ".npz", ".json", ".bvh", ".glb", ".html"} <= set(found) <= set(BEGINNINGS)
    for suffix, body in found.items():
        at, beginning = BEGINNINGS[suffix]
        assert body[at : at + len(beginning)] == beginning, suffix
    assert json.loads(found[".json"])["duration_s"] == pytest.approx(SECONDS, abs=0.1)
    # and pressing one saves it
    with danced.page.expect_download() as download:
        danced.page.locator(".mb-files a[href$='.bvh']").click()
    assert Path(download.value.path()).read_bytes() == found[".bvh"]


@pytest.mark.parametrize("look", ["phone", "phone-dark", "desktop-dark"])
def test_it_fits_a_phone_and_the_dark(danced: Visit, pictures: Path, look: str) -> None:
    page = danced.page
    page.set_viewport_size(PHONE if "phone" in look else DESKTOP)
    page.emulate_media(color_scheme="dark" if "dark" in look else "light")
    page.evaluate(f"document.body.classList.toggle('dark', {str('dark' in look).lower()})")
    try:
        until(danced.no_sideways_scrolling)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (np.mean([int(part) for part in re.findall(r"\d+", ground)[:3]]) < 80) == ("dark" in look)
        if "phone" in look:
            # all tabs can be reached without a menu
            tabs = page.locator(".tab-container").first.get_by_role("tab")
            assert [tab.is_visible() for tab in tabs.all()] == [True] * 4
        # the player draws itself anew when it can be seen
        page.locator("#dance-in-3d").scroll_into_view_if_needed()
        until(lambda: danced.player_picture().std() > 10)
        page.screenshot(path=pictures / f"{look}.png", full_page=True)
    finally:
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        page.evaluate("document.body.classList.remove('dark')")


def test_cancel_stops_the_work_and_the_next_visitor_is_served(
    browser: Any, address: str, danced: Visit, pictures: Path
) -> None:
    visit = Visit(browser, address, viewport=PHONE)
    visit.upload(asset_path("songs", "demo_3-4.ogg"))
    visit.trim(20, 0.0)
    visit.dance()
    until(lambda: "filming" in visit.status.inner_text())
    visit.page.locator("#dance-status").scroll_into_view_if_needed()
    visit.page.screenshot(path=pictures / "phone-filming.png")
    visit.page.locator("#cancel-dance").click()
    until(lambda: "Stopped" in visit.status.inner_text())
    assert visit.page.locator("#make-dance").is_enabled()
    # the machine is free for the next visitor
    danced.page.evaluate("stages.length = 0")
    danced.dance()
    until(lambda: any("Dressing and filming" in said for said in danced.page.evaluate("stages")))
    danced.page.locator("#make-dance:enabled").wait_for()
    assert "beats per minute" in danced.status.inner_text()
    # and nothing else was said to the first in the meantime
    assert "Stopped" in visit.status.inner_text()
    visit.context.close()
    assert visit.errors == []


def test_a_bad_file_is_refused_in_plain_words(browser: Any, address: str, tmp_path: Path, pictures: Path) -> None:
    (tmp_path / "letter.mp3").write_text("Dear all, this is no song.")
    visit = Visit(browser, address, viewport=PHONE)
    visit.upload(tmp_path / "letter.mp3")
    visit.page.locator("song-trim .about", has_text="letter.mp3 is not a sound file").wait_for()
    visit.dance()
    visit.page.locator("#dance-status [role=alert]").wait_for()
    said = visit.status.inner_text()
    assert said.startswith("letter.mp3 is not a sound file")
    seen = visit.page.locator("body").inner_text()
    assert "Traceback" not in seen and str(tmp_path) not in seen and "/cache/" not in seen
    visit.page.screenshot(path=pictures / "phone-refused.png")
    visit.context.close()


def test_nothing_came_from_elsewhere_and_nothing_complained(danced: Visit, address: str) -> None:
    assert danced.hosts <= {address.split("/")[2], ""}
    assert danced.errors == []


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
