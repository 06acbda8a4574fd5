"""The 3-D player: what is packed for the browser, and the page itself in a real one."""

from __future__ import annotations

import base64
import gzip
import io
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile
import uvicorn
from fastapi import FastAPI
from PIL import Image
from scipy.spatial.transform import Rotation

from app.player import bundle
from app.player.__main__ import main
from app.player.component import dance_player, player_value
from app.player.pack import pack_dance
from app.player.page_file import write_player_html
from app.player.sound import encode_sound
from dancegen.body import MATERIALS, Body, load_body
from dancegen.render import CameraPath, face_camera, follow_camera, make_renderer
from dancegen.scene import side_by_side
from motionbeat.audio import load_audio
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from tests.browsing import chromium

FPS = 30.0
SECONDS = 4.0


def swaying(seconds: float = SECONDS, fps: float = FPS, seed: int = 0, noise: float = 0.0) -> Motion:
    """Turns right round, walks in a circle and moves every joint; ``noise`` is a tremble in radians."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * fps)) / fps
    speed, phase = rng.uniform(1, 4, (24, 3)), rng.uniform(0, 6, (24, 3))
    poses = 0.35 * np.sin(times[:, None, None] * speed + phase)
    poses += noise * rng.standard_normal(poses.shape)
    poses[:, 0] = Rotation.from_euler("y", 1.5 * times[:, None]).as_rotvec()
    trans = np.stack([0.6 * np.sin(times), 0.95 + 0.03 * np.sin(6 * times), 0.6 * np.cos(times)], axis=1)
    return Motion(poses.astype(np.float32), trans.astype(np.float32), fps)


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("neutral")


@pytest.fixture(scope="module")
def grid() -> BeatGrid:
    return BeatGrid.steady(120.0, SECONDS, meter=4, first_s=0.5)


def read_pack(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A reader of its own, after the docstring of app/player/pack.py."""
    plain = gzip.decompress(data)
    assert plain[:8] == b"MBDANCE1"
    length = int.from_bytes(plain[8:12], "little")
    header = json.loads(plain[12 : 12 + length])
    start = -(-(12 + length) // 4) * 4
    arrays = {}
    for name, entry in header["arrays"].items():
        kind = np.dtype(entry["type"]).newbyteorder("<")
        count = int(np.prod(entry["shape"]))
        assert entry["at"] % 4 == 0
        arrays[name] = np.frombuffer(plain, kind, count, start + entry["at"]).reshape(entry["shape"])
    return header, arrays


def unpacked_motion(header: dict[str, Any], arrays: dict[str, np.ndarray], dancer: int = 0) -> Motion:
    numbers = np.cumsum(arrays[f"dancer{dancer}/rotations"].astype(np.int64), axis=0).astype(np.int16)
    poses = Rotation.from_quat(numbers.reshape(-1, 4)).as_rotvec().reshape(-1, 24, 3)
    return Motion(poses.astype(np.float32), arrays[f"dancer{dancer}/trans"], header["fps"])


# Packing


@pytest.mark.parametrize("name", ["neutral", "child"])
def test_a_packed_dance_is_the_dance(name, grid):
    motion, body = swaying(noise=0.3), load_body(name)
    header, arrays = read_pack(pack_dance(motion, body, grid))
    back = unpacked_motion(header, arrays)
    wanted = face_camera(motion)
    apart = Rotation.from_rotvec(back.poses.reshape(-1, 3)).inv() * Rotation.from_rotvec(wanted.poses.reshape(-1, 3))
    assert np.degrees(apart.magnitude()).max() < 0.05
    assert np.abs(body.joints(back) - body.joints(wanted)).max() < 1e-3
    assert header["duration_s"] == SECONDS and header["frames"] == len(motion)


def test_a_packed_body_is_the_body(body):
    header, arrays = read_pack(pack_dance(swaying(0.2), body))
    (packed,) = header["bodies"]
    vertices = arrays["body0/vertices"] * (packed["extent_m"] / 32767)
    assert np.abs(vertices - body.rig.vertices).max() < 1e-4
    np.testing.assert_array_equal(arrays["body0/faces"], body.faces)
    np.testing.assert_array_equal(arrays["body0/joint_index"], body.rig.joint_index)
    assert np.abs(arrays["body0/joint_weight"] / 255 - body.rig.joint_weight).max() < 1e-6
    np.testing.assert_array_equal(arrays["body0/materials"][:, : len(MATERIALS)], body.materials)
    np.testing.assert_allclose(packed["joints_bind_m"], body.rig.joints_bind, atol=1e-6)


def test_beats_bars_and_sixty_frames_a_second(body, grid):
    fast = swaying(fps=60.0)
    header, arrays = read_pack(pack_dance(fast, body, grid))
    assert header["fps"] == 30.0 and header["duration_s"] == SECONDS
    assert np.abs(unpacked_motion(header, arrays).joints() - face_camera(fast).joints()[::2]).max() < 1e-3
    assert header["beats"]["times_s"] == pytest.approx(np.arange(0, SECONDS, 0.5))
    assert header["beats"]["places"] == [3, 0, 1, 2, 3, 0, 1, 2]
    assert read_pack(pack_dance(fast, body))[0]["beats"] is None


def test_packs_are_small_and_the_same_dance_gives_the_same_bytes(body):
    short, long = pack_dance(swaying(0.1), body), pack_dance(swaying(30.0, noise=0.05), body)
    assert len(short) < 300_000
    assert len(long) - len(short) < 200_000  # half a minute of a dance that trembles in every joint
    assert long == pack_dance(swaying(30.0, noise=0.05), body)


def test_dancers_share_a_body_and_stand_where_they_are_placed(body):
    bodies = [load_body("neutral"), load_body("female"), body]
    motions = side_by_side([swaying(1.0, seed=seed) for seed in range(3)], bodies)
    header, arrays = read_pack(pack_dance(motions, bodies))
    assert [dancer["body"] for dancer in header["dancers"]] == [0, 1, 0] and len(header["bodies"]) == 2
    for index, motion in enumerate(motions):
        assert np.abs(unpacked_motion(header, arrays, index).joints() - motion.joints()).max() < 1e-3


def test_what_cannot_be_packed_is_refused(body):
    with pytest.raises(ValueError, match="as many bodies as motions"):
        pack_dance([swaying(), swaying()], [body])
    with pytest.raises(ValueError, match="one length"):
        pack_dance([swaying(), swaying(2.0)], [body, body])
    own = Body("mine", body.faces, body.materials, body.palette, body.gloss, body.occlusion, rig=object())
    with pytest.raises(UserError, match=r"mine.*may not be passed on.*built-in"):
        pack_dance(swaying(), own)


def test_sound_is_cut_to_the_sample(tmp_path):
    rate = 22050
    samples = np.zeros(3 * rate, dtype=np.float32)
    samples[int(1.5 * rate) : int(1.6 * rate)] = 0.8 * np.sin(np.arange(int(0.1 * rate)) * 0.3)
    soundfile.write(tmp_path / "click.wav", samples, rate)
    (tmp_path / "cut.m4a").write_bytes(encode_sound(tmp_path / "click.wav", 1.0, 4.0))
    audio = load_audio(tmp_path / "cut.m4a")
    loud = np.flatnonzero(np.abs(audio.samples) > 0.2)
    assert loud[0] / audio.sample_rate == pytest.approx(0.5, abs=0.01)
    assert loud[-1] / audio.sample_rate == pytest.approx(0.6, abs=0.01)
    assert len(audio.samples) / audio.sample_rate == pytest.approx(4.0, abs=0.05)  # silence fills the end


# The HTML file


def test_an_html_file_holds_everything_and_asks_for_nothing(tmp_path, body, grid, song):
    path = tmp_path / "new" / "dance.html"
    write_player_html(path, swaying(), body, song, grid, title="<script>alert(1)</script> @dance@")
    text = path.read_text(encoding="utf-8")
    assert text.count("<script") == 2 and "&lt;script&gt;alert(1)&lt;/script&gt; @dance@" in text
    assert "http:" not in text and "https:" not in text and "src=" not in text and "import " not in text
    assert "default-src 'none'" in text
    assert path.stat().st_size < 1_000_000


def test_files_are_whole_or_not_there(tmp_path, body):
    path = tmp_path / "dance.html"
    broken = tmp_path / "broken.mp3"
    broken.write_bytes(b"no sound at all")
    for audio, message in ((broken, "broken.mp3: its sound cannot be read"), (tmp_path / "none.mp3", "no such file")):
        with pytest.raises(UserError, match=message):
            write_player_html(path, swaying(), body, audio)
        assert sorted(tmp_path.iterdir()) == [broken]
    path.write_text("mine")
    with pytest.raises(UserError, match="already exists"):
        write_player_html(path, swaying(), body)
    assert path.read_text() == "mine"
    write_player_html(path, swaying(), body, force=True)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")


def save_motion(path: Path, motion: Motion, **more: Any) -> Path:
    np.savez(path, poses=motion.poses.reshape(len(motion), 72), trans=motion.trans, mocap_framerate=motion.fps, **more)
    return path


def packed_in(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8").split('type="text/plain">')[1].split("</script>")[0]
    return read_pack(base64.b64decode(text))[0]


def test_the_command_line_writes_a_page(tmp_path, song, grid, capsys):
    one = save_motion(tmp_path / "one.npz", swaying(), beats=grid.beats, downbeats=grid.downbeats)
    two = save_motion(tmp_path / "two.npz", swaying(2.0, fps=60.0))
    assert main([str(one), str(two), "--body", "female,male", "-o", str(tmp_path)]) == 0
    header = packed_in(tmp_path / "one.html")
    assert header["frames"] == 60 and [body["name"] for body in header["bodies"]] == ["female", "male"]
    assert header["beats"]["places"][:2] == [3, 0]
    # Beats that the file does not hold are heard in the sound.
    assert (
        main([str(two), "--audio", str(song), "--start", "1", "-o", str(tmp_path / "b.html"), "--title", "B&B"]) == 0
    )
    header = packed_in(tmp_path / "b.html")
    assert "sound" in header["arrays"] and header["beats"]["meter"] >= 2
    assert "<title>B&amp;B</title>" in (tmp_path / "b.html").read_text(encoding="utf-8")
    assert "b.html: 2.0 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one.npz", "--body", "robot"], "'robot' is unknown"),
        (["one.npz", "-o", "x.mp4"], ".mp4 cannot be written"),
        (["one.npz", "-o", "one.npz"], ".npz cannot be written"),
        (["one.npz", "--start", "-1"], "--start"),
        (["one.npz", "--audio", "missing.mp3"], "missing.mp3"),
        (["missing.npz"], "missing.npz: no such file"),
        (["one.npz"] * 7, "too many"),
    ],
)
def test_the_command_line_says_what_is_wrong(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    save_motion(tmp_path / "one.npz", swaying(0.5))
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and message in error
    assert [each.name for each in tmp_path.iterdir()] == ["one.npz"]


def test_modules_that_cannot_be_joined_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "WEB", tmp_path)
    (tmp_path / "element.js").write_text('import { a } from "./other.js";\nconst b = a;\n')
    (tmp_path / "other.js").write_text("export const a = 1;\n")
    assert bundle.player_script.__wrapped__().split() == ["const", "a", "=", "1;", "const", "b", "=", "a;"]
    for text in ('import a from "./other.js";\n', "export default 1;\n", 'const end = "</script>";\n'):
        (tmp_path / "other.js").write_text(text)
        with pytest.raises(ValueError, match=r"other\.js"):
            bundle.player_script.__wrapped__()


# In a browser

SIDE_PX = 240  # of the canvas; small, because a processor draws it here
WAIT_S = 90.0
PLAYER = "document.querySelector('dance-player')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


class Tab:
    """A page with a player, and what its console complained of."""

    def __init__(self, browser: Any, address: str, script: str = "", **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": SIDE_PX, "height": 2 * SIDE_PX}} | options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * WAIT_S)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.add_init_script(script)
        self.page.goto(address)

    def run(self, script: str) -> Any:
        """The value of an expression in which ``player`` is the first player of the page."""
        return self.page.evaluate(f"(() => {{ const player = {PLAYER}; return {script}; }})()")

    def until(self, script: str) -> None:
        # Playwright's own way to wait needs eval in the page, which the page forbids.
        end = time.monotonic() + WAIT_S
        while not self.run(script):
            assert time.monotonic() < end, f"never: {script}"
            time.sleep(0.03)

    def picture(self, seconds: float) -> np.ndarray:
        """(H, W, 3) of the canvas at ``seconds``."""
        before = self.run("player.framesDrawn")
        self.run(f"player.seek({seconds})")
        self.until(f"player.framesDrawn > {before} && player.pendingFrame === 0")
        shot = self.page.locator("canvas.scene").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=np.float64)


@pytest.fixture(scope="module")
def waltzing(browser: Any, body: Body, grid: BeatGrid, song: Path, tmp_path_factory: Any) -> Iterator[Tab]:
    """An HTML file with a dance of SECONDS and its sound, opened from disk in a browser without network."""
    path = tmp_path_factory.mktemp("page") / "a dance.html"
    write_player_html(path, swaying(), body, song, grid)
    tab = Tab(browser, path.as_uri(), offline=True, reduced_motion="no-preference", color_scheme="light")
    tab.until("player.framesDrawn > 0")
    tab.run(f"(player.parts.canvas.parentElement.style = 'flex: none; height: {SIDE_PX}px')")
    tab.until(f"player.parts.canvas.height === {SIDE_PX}")
    yield tab
    tab.context.close()
    assert tab.errors == []
    assert [url for url in tab.requests if not url.startswith("blob:")] == [path.as_uri()]


@pytest.fixture
def tab(waltzing: Tab) -> Iterator[Tab]:
    yield waltzing
    waltzing.run("player.pause()")
    waltzing.run("player.resetView()")
    waltzing.run("player.seek(0)")


def test_the_browser_computes_the_same_joints(tab, body):
    motion = face_camera(swaying())
    # On frames, between them, and beyond both ends.
    times = np.array([-1.0, 0.0, 1.0, 1.015, 2.999, 3.9666, 9.0])
    seen = np.reshape([tab.run(f"player.joints({seconds})[0]") for seconds in times], (-1, 24, 3))
    assert np.abs(seen - body.joints(motion.sampled_at(times, FPS))).max() < 2e-3


def test_pictures_follow_seek_and_agree_with_the_videos(tab, body):
    motion = face_camera(swaying())
    size = (SIDE_PX, SIDE_PX)
    first, later = tab.picture(0.0), tab.picture(1.7)
    assert first.shape == (SIDE_PX, SIDE_PX, 3) and first.std() > 10
    assert (np.abs(first - later).max(axis=2) > 30).mean() > 0.02

    # The rasteriser of the videos through the same camera.
    path = follow_camera(motion.joints(), FPS, size)
    places = (path.targets - tab.run("player.view.distance") * path.rotation[2]).astype(np.float32)
    renderer = make_renderer("raster", body, size)
    tab.run("(player.parts.beats.style.display = 'none')")
    try:
        for index in (0, 51):
            one = slice(index, index + 1)
            camera = CameraPath(places[one], path.targets[one], path.rotation, path.focal_px, size)
            ours = next(renderer.frames(motion.crop(index, index + 1), camera)).astype(float)
            empty = next(renderer.frames(motion.crop(index, index + 1), camera, with_body=False)).astype(float)
            seen = tab.picture(index / FPS)
            assert np.abs(seen - ours).mean() < 4.0  # of 255
            in_ours, in_seen = (np.abs(each - empty).max(axis=2) > 30 for each in (ours, seen))
            assert (in_ours & in_seen).sum() / (in_ours | in_seen).sum() > 0.9
    finally:
        tab.run("(player.parts.beats.style.display = '')")


def test_play_follows_the_sound_and_pause_stops_all_drawing(tab):
    tab.run("(window.said = [], player.addEventListener('dance-time', (event) => said.push(event.detail)))")
    tab.run("player.seek(1)")
    tab.page.get_by_role("button", name="Play").click()
    tab.until("player.currentTime > 1.3")
    # The time that is shown and the sound's own, read at one moment.
    shown, heard = tab.run("[player.currentTime, player.clock.sound.currentTime]")
    assert shown == pytest.approx(heard, abs=0.11)
    tab.page.get_by_role("button", name="Pause").click()
    tab.until("player.paused && player.pendingFrame === 0")
    state = "[player.framesDrawn, player.currentTime, player.clock.sound.currentTime, player.pendingFrame]"
    stopped = tab.run(state)
    assert stopped[1] == pytest.approx(stopped[2], abs=1e-3)
    time.sleep(0.6)
    assert tab.run(state) == stopped
    said = tab.run("said")
    seconds = [each["seconds"] for each in said]
    assert any(each["playing"] for each in said) and not said[-1]["playing"]
    # a sound that starts may set the clock back by a few milliseconds
    assert all(later > earlier - 0.02 for earlier, later in itertools.pairwise(seconds))
    assert seconds[-1] == pytest.approx(stopped[1])


def test_keyboard_and_labels(tab):
    page = tab.page
    names = tab.run(
        "[...player.shadowRoot.querySelectorAll('button, input, canvas[tabindex]')]"
        ".map((each) => each.getAttribute('aria-label') || each.textContent.trim())"
    )
    assert len(names) == 8 and all(names)
    page.locator("canvas.scene").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    turned = tab.run("player.view")
    assert turned["yaw"] > 0.1
    bones = page.get_by_role("button", name="Bones")
    page.keyboard.press("b")
    assert bones.get_attribute("aria-pressed") == "true"
    page.keyboard.press("b")
    assert bones.get_attribute("aria-pressed") == "false"
    page.keyboard.press("0")
    reset = tab.run("player.view")
    assert reset["yaw"] == 0 and reset["distance"] > turned["distance"]
    page.keyboard.press(" ")
    assert not tab.run("player.paused")
    page.keyboard.press(" ")
    tab.run("player.seek(1)")
    page.get_by_role("slider", name="Position").focus()
    page.keyboard.press("ArrowRight")
    assert tab.run("player.currentTime") == 2
    page.keyboard.press("PageDown")  # to the bar before
    assert tab.run("player.currentTime") == 0.5
    assert tab.run("player.parts.seek.getAttribute('aria-valuetext')") == "0.5 of 4.0 seconds, bar 1, beat 1"


def test_mouse_and_fingers_turn_move_and_zoom(tab):
    mouse = tab.page.mouse
    before = tab.run("player.view")
    mouse.move(120, 120)
    mouse.down()
    mouse.move(80, 140)
    mouse.up()
    mouse.wheel(0, 200)
    tab.until(f"player.view.distance > {before['distance']}")
    after = tab.run("player.view")
    assert after["yaw"] > before["yaw"] and after["pitch"] > before["pitch"]
    # A made-up pointer cannot be captured.
    tab.run("(player.parts.canvas.setPointerCapture = () => {})")
    for kind, finger, x in (("down", 7, 100), ("down", 8, 150), ("move", 8, 200), ("up", 7, 100), ("up", 8, 200)):
        event = f"{{pointerId: {finger}, clientX: {x}, clientY: 120, pointerType: 'touch'}}"
        tab.run(f"player.parts.canvas.dispatchEvent(new PointerEvent('pointer{kind}', {event}))")
    assert tab.run("player.view.distance") == pytest.approx(after["distance"] / 2)
    assert tab.run("player.camera.pan[0]") < 0


def test_more_players_broken_data_and_the_end_of_a_silent_dance(tab, body):
    """Two dancers of one body in a second player, which then goes in step with the first."""
    motions = side_by_side([swaying(1.0, seed=1), swaying(1.0, seed=2)], [body, body])
    silent = base64.b64encode(pack_dance(motions, [body, body])).decode()
    tab.run("(window.other = document.createElement('dance-player'), document.body.append(other))")
    try:
        tab.run("other.load(Uint8Array.from([1, 2, 3]))")
        tab.page.get_by_text("The dance cannot be read").wait_for()
        tab.run(f"other.load(Uint8Array.from(atob('{silent}'), (letter) => letter.charCodeAt(0)))")
        tab.until("other.framesDrawn > 0")
        assert tab.run("other.joints(0.5).length") == 2
        # A browser may take the graphics away for a while.
        tab.run("(window.graphics = other.renderer.gl.getExtension('WEBGL_lose_context'), graphics.loseContext())")
        tab.until("other.renderer === null")
        drawn = tab.run("other.framesDrawn")
        tab.run("graphics.restoreContext()")
        tab.until(f"other.renderer !== null && other.framesDrawn > {drawn}")
        tab.run(f"other.load(Uint8Array.from(atob('{silent}'), (letter) => letter.charCodeAt(0)))")
        tab.until("other.renderer !== null")
        started = time.monotonic()
        tab.run("(other.clock.setRate(0.5), other.play())")
        tab.until("other.paused")
        assert tab.run("other.currentTime") == 1 and time.monotonic() - started > 1.9
        tab.run("other.play()")  # from the beginning again
        assert tab.run("other.currentTime") < 0.9
        tab.run("other.keepStepWith(player)")
        tab.run("other.seek(2)")
        assert tab.run("player.currentTime") == 2
        tab.run("player.play()")
        assert not tab.run("other.paused")
        tab.run("other.pause()")
        assert tab.run("player.paused")
    finally:
        tab.run("other.remove()")


def test_without_webgl_the_page_says_so(browser, body, tmp_path):
    write_player_html(tmp_path / "dance.html", swaying(0.2), body)
    script = """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind === 'webgl2' ? null : get.call(this, kind, ...rest);
        };"""
    tab = Tab(browser, (tmp_path / "dance.html").as_uri(), script)
    tab.page.get_by_text("This browser has no WebGL 2").wait_for()
    assert tab.page.get_by_role("button", name="Play").is_disabled()
    tab.context.close()
    assert tab.errors == []


def test_what_the_visitor_prefers_is_respected(browser, tab, body, grid, tmp_path):
    assert tab.run("player.follow")
    write_player_html(tmp_path / "dance.html", swaying(0.2), body, grid=grid)
    phone = {"viewport": {"width": 390, "height": 440}, "color_scheme": "dark", "reduced_motion": "reduce"}
    calm = Tab(browser, (tmp_path / "dance.html").as_uri(), **phone)
    calm.until("player.framesDrawn > 0")
    assert not calm.run("player.follow")
    assert calm.picture(0.1).mean() < tab.picture(0.1).mean() - 50
    assert calm.run("document.documentElement.scrollWidth") <= 390
    calm.context.close()
    assert calm.errors == []


def test_in_a_gradio_page_below_a_root_path(browser, body, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    pack = tmp_path / "one.mbdance"
    pack.write_bytes(pack_dance(swaying(), body))
    with gr.Blocks(analytics_enabled=False) as blocks:
        button = gr.Button("Dance")
        clear = gr.Button("Clear")
        player = dance_player(elem_id="player")
        button.click(lambda: player_value(pack), outputs=player)
        clear.click(lambda: None, outputs=player)
    served = gr.mount_gradio_app(FastAPI(), blocks, path="/demo", allowed_paths=[], ssr_mode=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(served, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.05)
        size = {"width": 390, "height": 700}
        tab = Tab(browser, f"http://127.0.0.1:{port}/demo/", viewport=size, color_scheme="dark")
        tab.page.get_by_text("There is no dance yet.").wait_for()
        tab.page.get_by_role("button", name="Dance").click()
        tab.until("player.framesDrawn > 0")
        assert tab.run("player.duration") == SECONDS
        assert tab.run("player.dataset.theme") == "dark"
        assert tab.picture(2.0).std() > 10
        assert tab.run("document.documentElement.scrollWidth") <= 390
        tab.page.get_by_role("button", name="Clear").click()
        tab.page.get_by_text("There is no dance yet.").wait_for()
        tab.context.close()
    finally:
        server.should_exit = True
        thread.join(10)
