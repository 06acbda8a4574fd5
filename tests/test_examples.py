"""The scripts in examples/, on tiny folders with a random encoder."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from motionbeat.embed import Encoder, load_encoder
from motionbeat.encoder import MotionBeat
from motionbeat.errors import UserError
from tests.browsing import chromium

EXAMPLES = Path(__file__).parents[1] / "examples"
RATE = 22050
SECONDS = 4.0


def example(name: str) -> ModuleType:
    """A script as a module; they find one another as they do when they are run."""
    if str(EXAMPLES) not in sys.path:
        sys.path.insert(0, str(EXAMPLES))
    return importlib.import_module(name)


listening, genre_probe, similar_songs, listening_map = map(
    example, ("listening", "genre_probe", "similar_songs", "listening_map")
)


def write_song(path: Path, tempo: float, pitch_hz: float = 80.0) -> Path:
    """Drums at a tempo, a louder one on each fourth beat."""
    time = np.arange(int(SECONDS * RATE)) / RATE
    since = time % (60 / tempo)
    accent = np.where(time % (240 / tempo) < 60 / tempo, 0.6, 0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(
        path, (accent * np.exp(-30 * since) * np.sin(2 * np.pi * pitch_hz * since)).astype(np.float32), RATE
    )
    return path


def save_random_encoder(folder: Path, pooling: str) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        MotionBeat(width=24, heads=2, phase_blocks=1, plain_layers=1, projection=32, pooling=pooling).save_pretrained(
            folder
        )
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_random_encoder(tmp_path_factory.mktemp("bar"), "bar")


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders of two songs each, one song beside them, and what is none."""
    folder = tmp_path_factory.mktemp("my songs")
    for name, tempo, pitch in (
        ("slow/one", 90, 80), ("slow/two", 92, 90), ("fast/three", 150, 400), ("fast/four #4", 155, 500),
        ("five", 120, 200),
    ):  # fmt: skip
        write_song(folder / f"{name}.wav", tempo, pitch)
    write_song(folder / ".hidden" / "six.wav", 120)
    (folder / "slow" / "cover.jpg").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, so that each song is heard once for all tests."""
    return tmp_path_factory.mktemp("cache")


def options(model: Path, cache: Path) -> list[str]:
    return ["--model", str(model), "--cache", str(cache)]


def heard(songs: Path, model: Path, cache: Path) -> tuple[list[Any], Encoder]:
    encoder = load_encoder(model)
    found, refused = listening.listen(listening.find_songs_below(songs), encoder, cache)
    assert not refused
    return found, encoder


# --- what they share ---


def test_songs_are_found_at_any_depth(songs: Path) -> None:
    found = [path.relative_to(songs).as_posix() for path in listening.find_songs_below(songs)]
    assert found == ["fast/four #4.wav", "fast/three.wav", "five.wav", "slow/one.wav", "slow/two.wav"]


def test_what_was_heard_is_read_again(
    songs: Path, model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, encoder = heard(songs, model, cache)
    music = encoder.model.encode_audio(first[1].path)
    np.testing.assert_allclose(first[1].clip, music.clip, atol=1e-6)
    np.testing.assert_allclose(first[1].token_std, music.tokens.std(axis=0), atol=1e-6)
    monkeypatch.setattr(MotionBeat, "encode_audio", lambda *args: pytest.fail("heard again"))
    second, _ = heard(songs, model, cache)
    for before, after in zip(first, second, strict=True):
        assert (before.path, before.tempo, before.meter) == (after.path, after.tempo, after.meter)
        np.testing.assert_array_equal(before.clip, after.clip)
    with pytest.raises(pytest.fail.Exception):  # another encoder
        heard(songs, save_random_encoder(tmp_path / "mean", "mean"), cache)


def test_a_changed_song_and_a_damaged_entry_are_heard_anew(model: Path, tmp_path: Path) -> None:
    song, cache = write_song(tmp_path / "music" / "a.wav", 100), tmp_path / "cache"
    (before,), _ = heard(tmp_path / "music", model, cache)
    (entry,) = cache.iterdir()
    for content in (b"", b"PK\x05\x06" + bytes(18), entry.read_bytes()[:-30]):
        entry.write_bytes(content)
        (again,), _ = heard(tmp_path / "music", model, cache)
        np.testing.assert_array_equal(again.clip, before.clip)
    wrong = {"clip": np.zeros(3), "token_mean": np.zeros(24), "token_std": np.zeros(24)}
    with entry.open("wb") as file:
        np.savez(file, tempo=1.0, meter=4, confidence=0.5, duration_s=1.0, **wrong)  # type: ignore[arg-type]
    (again,), _ = heard(tmp_path / "music", model, cache)
    np.testing.assert_array_equal(again.clip, before.clip)
    write_song(song, 140, 900)
    os.utime(song, (1, 1))
    (changed,), _ = heard(tmp_path / "music", model, cache)
    assert np.abs(changed.clip - before.clip).max() > 1e-4
    assert len(list(cache.iterdir())) == 2


def test_parts_of_clip_vectors(songs: Path, model: Path, cache: Path, tmp_path: Path) -> None:
    found, encoder = heard(songs, model, cache)
    for part, width in (("whole", 32), ("character", 8), ("rhythm", 24)):
        vectors = listening.clip_vectors(found, encoder, part)
        assert vectors.shape == (5, width)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    plain = load_encoder(save_random_encoder(tmp_path / "mean", "mean"))
    with pytest.raises(UserError, match="no part for rhythm"):
        listening.clip_vectors(found, plain, "rhythm")


# --- genre_probe ---


def labelled(count: int, telling: str) -> tuple[np.ndarray, list[str], list[str]]:
    """Features of three genres, five songs a group; they tell the ``genre``, the ``group``, or ``nothing``."""
    rng = np.random.default_rng(0)
    genres = [f"genre {song % 3}" for song in range(count)]
    groups = [f"{genre}/{song // 15}" for song, genre in enumerate(genres)]
    told = {"genre": genres, "group": groups, "nothing": ["-"] * count}[telling]
    centres = {name: 6 * rng.standard_normal(12) for name in sorted(set(told))}
    return rng.standard_normal((count, 12)) + [centres[name] for name in told], genres, groups


def test_planted_genres_are_told_and_noise_is_not() -> None:
    result = genre_probe.probe(*labelled(90, "genre"))
    assert result.accuracy > 0.97 and result.low > 0.9 and result.largest == pytest.approx(1 / 3)
    assert np.trace(result.confusion) == round(result.accuracy * 90) and result.confusion.sum() == 90
    noise = genre_probe.probe(*labelled(90, "nothing"))
    assert noise.low < 1 / 3 < noise.high + 0.1 and noise.accuracy < 0.5


def test_songs_of_one_artist_stay_together() -> None:
    """Features that name the artist tell the genre of no other artist, unless folds divide artists."""
    features, genres, groups = labelled(90, "group")
    divided = genre_probe.probe(features, genres, [str(song) for song in range(90)])
    assert divided.accuracy > genre_probe.probe(features, genres, groups).accuracy + 0.2


def test_genre_probe_prints_accuracy_and_confusions(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for genre, tempo in (("slow", 80), ("fast", 160)):
        for number in range(5):
            write_song(tmp_path / genre / f"{number}.wav", tempo + number, 60 + 8 * tempo * (tempo > 100))
    (tmp_path / "fast" / "broken.wav").write_bytes(b"no song")
    status = genre_probe.main([str(tmp_path), *options(model, tmp_path / "cache")])
    printed = capsys.readouterr()
    assert status == 2 and printed.err.count("\n") == 1 and "broken.wav" in printed.err
    match = re.search(r"accuracy (\d\.\d{3}) \((\d\.\d{3})-(\d\.\d{3}), .*10 songs, 2 genres", printed.out)
    assert match is not None and float(match[2]) <= float(match[1]) <= float(match[3])
    rows = [line.split() for line in printed.out.splitlines()[3:]]
    assert [row[0] for row in rows] == ["fast", "slow"] and all(int(row[1]) + int(row[2]) == 5 for row in rows)


def test_genre_probe_refuses_small_folders(
    tmp_path: Path, songs: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        write_song(tmp_path / "one" / f"{number}.wav", 100)
    for folder, message in (
        (tmp_path, "songs of 1 genre; a probe needs at least 2"),
        (songs, "five.wav: lies in no genre's folder"),
        (tmp_path / "none", "no such folder"),
    ):
        assert genre_probe.main([str(folder), *options(model, tmp_path / "cache")]) == 2
        assert message in (said := capsys.readouterr().err) and said.count("\n") == 1
    # four albums, whatever songs are on them
    for number in range(8):
        write_song(tmp_path / "two" / f"album {number % 4}" / f"{number}.wav", 100)
    assert genre_probe.main([str(tmp_path), *options(model, tmp_path / "cache")]) == 2
    assert "the genre two has 4 songs (or folders of songs)" in capsys.readouterr().err


# --- similar_songs ---


@pytest.mark.parametrize(("part", "named"), [("rhythm", "rhythm part"), ("sound", "music ear's vector")])
def test_nearest_songs_come_first(
    songs: Path, model: Path, cache: Path, capsys: pytest.CaptureFixture[str], part: str, named: str
) -> None:
    query = songs / "slow" / "one.wav"
    assert similar_songs.main([str(songs), str(query), "--by", part, *options(model, cache)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert named in lines[0] and "nearest of 4" in lines[0]
    cosines = [float(line.split()[1]) for line in lines[2:]]
    assert len(cosines) == 4 and cosines == sorted(cosines, reverse=True)
    assert not any("one.wav" in line for line in lines[2:])
    found, encoder = heard(songs, model, cache)
    vectors = listening.clip_vectors(found, encoder, part)
    asked = [song.path for song in found].index(query)
    others = np.delete(vectors @ vectors[asked], asked)
    assert cosines == pytest.approx(sorted(others, reverse=True), abs=6e-4)


def test_a_copy_of_the_query_is_the_nearest(
    songs: Path, model: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = tmp_path / "copy.wav"
    query.write_bytes((songs / "fast" / "three.wav").read_bytes())
    assert similar_songs.main([str(songs), str(query), "--top", "1", *options(model, cache)]) == 0
    *_, line = capsys.readouterr().out.splitlines()
    assert line.startswith("  1. +1.000") and "three.wav" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["FOLDER", "none.wav"], "none.wav: no such file"),
        (["FOLDER/.hidden/none", "FOLDER/five.wav"], "no such folder"),
        (["FOLDER", "FOLDER/slow/cover.jpg"], "cover.jpg is empty"),
        (["FOLDER", "FOLDER/five.wav", "--top", "0"], "top: must be 1 or more"),
        (["FOLDER", "FOLDER/five.wav", "--model", "none"], "none holds no encoder"),
    ],
)
def test_similar_songs_says_what_is_wrong_in_a_line(
    songs: Path, model: Path, cache: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    given = [argument.replace("FOLDER", str(songs)) for argument in arguments]
    assert similar_songs.main([*options(model, cache), *given]) == 2
    assert message in (said := capsys.readouterr().err) and said.count("\n") == 1


# --- listening_map ---


def entries_of(page: str) -> list[dict[str, Any]]:
    match = re.search(r'<script type="application/json" id="songs">(.*)</script>', page)
    assert match is not None
    entries: list[dict[str, Any]] = json.loads(match[1])
    return entries


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_places_are_the_same_at_every_run_and_keep_neighbours(method: str) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((24, 16)) * 0.1
    vectors[12:] += 3.0
    plane, note = listening_map.places(vectors, method)
    again, _ = listening_map.places(vectors, method)
    np.testing.assert_array_equal(plane, again)
    assert plane.min() == 0 and plane.max() == pytest.approx(1000) and note
    apart = np.linalg.norm(plane[:, None] - plane[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert ((apart.argmin(axis=1) >= 12) == (np.arange(24) >= 12)).all()


def test_map_holds_all_songs_and_links_to_them(
    songs: Path, model: Path, cache: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "pages" / "map.html"
    arguments = [str(songs), "-o", str(page), *options(model, cache)]
    assert listening_map.main(arguments) == 0
    assert "5 songs" in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    entries = {entry["name"]: entry for entry in entries_of(text)}
    assert set(entries) == {"one", "two", "three", "four #4", "five"}
    assert entries["five"]["folder"] == "." and entries["one"]["folder"] == "slow"
    assert re.fullmatch(r"\d+ BPM, \d/4.*, 0:04", entries["one"]["about"])
    assert entries["four #4"]["link"].endswith("/my%20songs0/fast/four%20%234.wav")
    assert not re.search(r"""(src|href)=["'](?!data:)|https?://(?!www\.w3\.org)""", text)
    assert listening_map.main(arguments) == 2
    assert "--force" in capsys.readouterr().err and page.read_text(encoding="utf-8") == text
    assert listening_map.main([*arguments, "--force"]) == 0
    assert page.read_text(encoding="utf-8") == text


def test_names_cannot_break_the_page() -> None:
    name = "</script><b>&\u2028\udc80"
    entry = {"name": name, "folder": "@songs@", "about": "", "link": None, "x": 0, "y": 0}
    page = listening_map.map_page("<title> @note@", "a & b", [entry])
    assert page.count("</script>") == 2 and "&lt;title&gt; @note@" in page and "a &amp; b" in page
    assert entries_of(page) == [entry]


def test_map_refuses_too_few_songs(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(2):
        write_song(tmp_path / "music" / f"{number}.wav", 100 + number)
    page = tmp_path / "map.html"
    for out, message in ((page, "a map needs at least 3"), (tmp_path / "map.png", "must end in .html")):
        assert listening_map.main([str(tmp_path / "music"), "-o", str(out), *options(model, tmp_path / "cache")]) == 2
        assert message in (said := capsys.readouterr().err) and said.count("\n") == 1
    assert not page.exists()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def test_map_is_seen_heard_and_walked_through(browser: Any, songs: Path, model: Path, cache: Path) -> None:
    page_file = songs / "map.html"
    assert listening_map.main([str(songs), "-o", str(page_file), "--force", *options(model, cache)]) == 0
    page = browser.new_page(viewport={"width": 900, "height": 700})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(page_file.as_uri())
    dots = page.locator("#map path:not(.ring)")
    assert dots.count() == 5 and page.locator("#folders button").count() == 3

    entries = entries_of(page_file.read_text(encoding="utf-8"))
    number = [entry["name"] for entry in entries].index("four #4")
    box = dots.nth(number).bounding_box()  # the dot is all stroke, which locators take for invisible
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("!card.hidden")
    assert page.inner_text("#card").splitlines()[:2] == ["four #4", "fast"]
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function("sound.currentTime > 0")
    assert page.evaluate("decodeURI(sound.src)").endswith("four %234.wav")

    # every song can be reached by keys, and is played by one
    page.focus("#map")
    reached = {page.inner_text("#card").splitlines()[0]}
    for key in ["ArrowLeft"] * 5 + ["ArrowRight"] * 5 + ["ArrowUp"] * 5 + ["ArrowDown"] * 5:
        page.keyboard.press(key)
        reached.add(page.inner_text("#card").splitlines()[0])
    assert len(reached) >= 4
    page.keyboard.press("Enter")
    page.wait_for_function("sound.currentTime > 0")

    whole = page.get_attribute("#map", "viewBox")
    page.keyboard.press("+")
    assert float(page.get_attribute("#map", "viewBox").split()[2]) < float(whole.split()[2])
    page.keyboard.press("0")
    assert page.get_attribute("#map", "viewBox") == whole
    page.get_by_role("button", name="slow").click()
    assert page.locator("#map path.hidden:not(.ring)").count() == 2
    page.fill("#find", "thr")
    assert page.locator("#map path.unlike").count() == 4
    assert errors == []
    page.close()


# --- as they are run ---


@pytest.mark.parametrize("script", [genre_probe, similar_songs, listening_map])
def test_help_names_all_options(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        script.main(["--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0 and "FOLDER" in said and "--cache DIR" in said


def test_a_script_runs_from_a_clone(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(EXAMPLES.parent)}
    command = [sys.executable, str(EXAMPLES / "listening_map.py"), "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=280)
    assert done.returncode == 2 and done.stderr == "error: nowhere: no such folder. Give a folder with songs.\n"
