"""``python -m motionbeat.beats``: files of beats, clicks, pictures, and how the command line fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from motionbeat.audio import SAMPLE_RATE, Audio, load_audio
from motionbeat.beats import BeatGrid
from motionbeat.beats import __main__ as command
from motionbeat.beats.click import SONG_PEAK, with_clicks
from motionbeat.beats.files import bar_positions, beats_text, read_beats, read_beats_file, write_beats_file
from motionbeat.beats.plot import MAX_ROWS, plot_size, row_seconds, write_plot
from motionbeat.beats.summary import confidence_word, describe, local_tempo, tempo_range
from motionbeat.composer.__main__ import demo_song
from motionbeat.errors import UserError

DEMO = Path(__file__).parents[1] / "assets" / "songs" / "demo_4-4.ogg"


@pytest.fixture
def waltz() -> BeatGrid:
    """Twelve beats in three with a pickup of one, not quite steady."""
    beats = np.cumsum([0.31, 0.5, 0.52, 0.49, 0.5, 0.51, 0.5, 0.48, 0.5, 0.5, 0.53, 0.5])
    return BeatGrid(beats, beats[1::3], 3, 120.0, 0.8)


def tree(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- files of beats ---


@st.composite
def grids(draw: st.DrawFn) -> BeatGrid:
    """Any grid: uneven beats, bars of any length, a pickup of any length."""
    steps = draw(st.lists(st.floats(0.15, 2.0), min_size=2, max_size=40))
    beats = draw(st.floats(0, 20)) + np.cumsum(steps)
    downs = draw(st.sets(st.integers(0, len(beats) - 1), min_size=1))
    return BeatGrid(beats, beats[sorted(downs)], draw(st.integers(1, 12)), 100.0, 0.5)


@given(grid=grids())
def test_written_beats_are_read_back(tmp_path_factory: pytest.TempPathFactory, grid: BeatGrid) -> None:
    path = tmp_path_factory.mktemp("beats") / "song.beats"
    write_beats_file(path, grid)
    back = read_beats(path, confidence=0.5)
    assert back.beats == pytest.approx(grid.beats, abs=1e-4)
    assert back.downbeats == pytest.approx(grid.downbeats, abs=1e-4)
    assert back.confidence == 0.5


def test_file_is_one_line_per_beat_and_keeps_meter_and_tempo(tmp_path: Path, waltz: BeatGrid) -> None:
    path = tmp_path / "new" / "waltz.beats"
    write_beats_file(path, waltz)
    assert path.read_bytes().startswith(b"0.3100\t3\n0.8100\t1\n1.3300\t2\n1.8200\t3\n2.3200\t1\n")
    back = read_beats(path)
    assert (back.meter, back.tempo) == (3, pytest.approx(120.0))
    assert tree(path.parent) == ["waltz.beats"]


def test_bars_longer_than_the_meter_make_no_downbeats() -> None:
    beats = np.arange(12) * 0.5
    grid = BeatGrid(beats, beats[[2, 8, 11]], 4, 120.0, 1.0)
    assert bar_positions(grid).tolist() == [3, 4, 1, 2, 3, 4, 5, 6, 1, 2, 3, 1]
    grid = BeatGrid(beats, beats[[6, 10]], 4, 120.0, 1.0)
    assert bar_positions(grid).tolist() == [2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 1, 2]


def test_existing_file_needs_force(tmp_path: Path, waltz: BeatGrid) -> None:
    path = tmp_path / "song.beats"
    path.write_text("precious")
    with pytest.raises(UserError, match=r"song\.beats: already exists"):
        write_beats_file(path, waltz)
    assert path.read_text() == "precious"
    write_beats_file(path, waltz, force=True)
    assert path.read_text() == beats_text(waltz)


def test_positions_are_optional(tmp_path: Path) -> None:
    path = tmp_path / "song.beats"
    path.write_text("# by ear\n\n0.5\n1.0\r\n 1.5 \n2.0\n2.5")
    times, positions = read_beats_file(path)
    assert times.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5]
    assert positions.tolist() == [0] * 5
    grid = read_beats(path)
    assert (grid.downbeats.tolist(), grid.meter, grid.tempo) == ([0.5, 2.5], 4, 120.0)
    path.write_text("\ufeff0.5 3.0\n1.0\t1.0\n1.5  2\n", encoding="utf-8")
    assert read_beats_file(path)[1].tolist() == [3, 1, 2]
    assert read_beats(path).meter == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.5\t1\nsoon\t2\n", "line 2: 'soon' is not a number"),
        ("0.5\t1\n1.0\ttwo\n", "line 2: 'two' is not a position"),
        ("0.5\t1.5\n", "line 1: '1.5' is not a position"),
        ("0.5\t1\n1.0\t0\n", "line 2: some lines have a position"),
        ("0.5\tnan\n", "line 1: 'nan' is not a position"),
        ("0.5 1e99\n", "line 1: '1e99' is not a position"),
        ("nan\n", "line 1: 'nan' is not a time"),
        ("-0.5\t1\n", "line 1: '-0.5' is not a time"),
        ("1e999\t1\n", "line 1: '1e999' is not a time"),
        ("0.5\t1\n\n0.5\t2\n", "line 3: 0.5 s does not come after the beat before it"),
        ("0.5\t1\n1.0\n", "line 2: some lines have a position"),
        ("0.5,1\n", "line 1: '0.5,1' is not a number"),
        ("0.5\t1.0\tbeat\n", "line 1: has 3 columns"),
        ("x" * 5000, "line 1: 'xxxx"),
        ("", "has no beats in it"),
        ("# nothing\n", "has no beats in it"),
        ("0.5\t1\n", "has only one beat"),
        ("0.5\t2\n1.0\t3\n", "no line has position 1"),
        ("RIFF\0\0", "is not a file of beats"),
    ],
)
def test_malformed_files_are_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "song.beats"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_beats(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and says in message
    assert len(message) < len(str(path)) + 250


def test_what_is_no_file_of_beats(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_beats_file(tmp_path / "gone.beats")
    with pytest.raises(UserError, match="is not a file of beats"):
        read_beats_file(tmp_path)
    with pytest.raises(UserError, match="is not a file of beats"):
        read_beats_file(DEMO)
    with pytest.raises(UserError, match="cannot be opened"):
        read_beats_file(tmp_path / ("x" * 300))
    (tmp_path / "latin.beats").write_bytes(b"0.5\t1 \xe9\n")
    with pytest.raises(UserError, match="is not a file of beats"):
        read_beats_file(tmp_path / "latin.beats")


# --- what is said of a grid ---


def test_words_for_confidence() -> None:
    words = [confidence_word(value) for value in (0.0, 0.05, 0.1, 0.45, 0.5, 1.0)]
    assert words == ["no steady beat"] * 2 + ["uncertain"] * 2 + ["clear"] * 2


def test_steady_tempo_is_one_number_and_a_changing_one_a_range(waltz: BeatGrid) -> None:
    assert describe(waltz) == "120.0 BPM, 3/4, 12 beats in 4 bars, confidence 0.80 (clear)"
    beats = np.cumsum(60 / np.linspace(90, 120, 80))
    faster = BeatGrid(beats, beats[:1], 4, 105.0, 0.3)
    assert tempo_range(faster) == pytest.approx((91.5, 118.5), abs=1.5)
    assert describe(faster).startswith("105.0 BPM (92 to 118), 4/4, 80 beats in 1 bar, ")


def test_missed_and_jittered_beats_do_not_bend_the_tempo() -> None:
    beats = np.arange(60) * 0.5 + np.random.default_rng(0).uniform(-0.01, 0.01, 60)
    beats = np.sort(np.append(np.delete(beats, [20, 41]), 8.75))
    times, tempi = local_tempo(BeatGrid(beats, beats[:1], 4, 120.0, 1.0))
    assert len(times) == len(tempi) == len(beats) - 1
    assert tempi == pytest.approx(120, rel=0.02)
    assert local_tempo(BeatGrid(beats[:2], beats[:1], 4, 120.0, 1.0))[1].shape == (1,)


# --- clicks ---


def first_peaks(sound: np.ndarray, above: float, apart_s: float = 0.1) -> np.ndarray:
    """Seconds at which ``sound`` exceeds ``above`` after not having done so for ``apart_s``."""
    loud = np.flatnonzero(np.abs(sound) > above) / SAMPLE_RATE
    return loud[np.diff(loud, prepend=-1.0) > apart_s]


@pytest.mark.parametrize(("ending", "noise"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.1)])
def test_clicks_lie_on_the_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, song: Path, waltz: BeatGrid, ending: str, noise: float
) -> None:
    monkeypatch.setattr(command, "track_beats", lambda audio: waltz)
    path = tmp_path / "new" / f"out.{ending}"
    assert command.main([str(song), "--no-files", "--click", str(path)]) == 0
    assert tree(path.parent) == [path.name]
    mixed, rate = soundfile.read(path, dtype="float32")
    audio = load_audio(song)
    assert rate == SAMPLE_RATE and len(mixed) == len(audio)
    assert np.abs(mixed).max() < 1
    clicks = mixed - audio.samples * (SONG_PEAK / np.abs(audio.samples).max())
    inside = waltz.beats[waltz.beats < audio.duration]
    found = first_peaks(clicks, 2 * noise + 0.02)
    assert found == pytest.approx(inside, abs=2e-3)

    def part(time: float) -> np.ndarray:
        return clicks[round(time * rate) : round((time + 0.05) * rate)]

    louder = {time: np.abs(part(time)).max() for time in inside[:-1]}
    crossings = {time: np.count_nonzero(np.diff(np.sign(part(time)[:300]))) for time in inside[:-1]}
    downs = [time for time in louder if time in waltz.downbeats]
    others = [time for time in louder if time not in waltz.downbeats]
    assert min(louder[time] for time in downs) > 1.2 * max(louder[time] for time in others)
    assert min(crossings[time] for time in downs) > 1.2 * max(crossings[time] for time in others)


def test_clicks_on_a_loud_song_and_close_to_each_other_do_not_clip() -> None:
    square = np.sign(np.sin(np.arange(SAMPLE_RATE * 2) / 30)).astype(np.float32)
    beats = np.arange(100) * 0.021 - 0.005
    mixed = with_clicks(Audio(square), BeatGrid(beats, beats[::4], 4, 2000.0, 1.0))
    assert len(mixed) == len(square)
    assert np.abs(mixed.samples).max() <= 1.0


# --- pictures ---


def test_picture_grows_by_rows_up_to_an_hour() -> None:
    (width, one), (_, two), (_, three) = (plot_size(seconds) for seconds in (20.0, 20.1, 60.0))
    assert width == 1600
    assert two - one == three - two > 100
    assert row_seconds(20.0 * MAX_ROWS) == 20
    assert row_seconds(3600.0) == 60
    assert plot_size(3600.0)[1] < 2**14


def test_picture_shows_beats_and_downbeats(tmp_path: Path, song: Path, waltz: BeatGrid) -> None:
    audio = load_audio(song)
    name = "lone \udc80, $math_ and\nbreak.wav"
    path = tmp_path / "beats.png"
    write_plot(path, audio, waltz, name, start_s=75.0)
    with Image.open(path) as image:
        assert image.format == "PNG" and image.size == plot_size(audio.duration)
        pixels = np.asarray(image.convert("RGB")).astype(int)
    row = pixels[-150:-70]  # through the spectrogram of the only row
    red = np.count_nonzero((row[..., 0] > 180) & (row[..., 1:].max(axis=-1) < 90), axis=0)
    blue = np.count_nonzero((row[..., 2] > 180) & (row[..., 0] < 90), axis=0)
    inside = waltz.beats < audio.duration
    downs = np.isin(waltz.beats, waltz.downbeats)
    assert count_lines(red) == np.count_nonzero(inside & downs)
    assert count_lines(blue) == np.count_nonzero(inside & ~downs)
    first = np.flatnonzero(red > 30)[0]
    assert first == pytest.approx(60 + 1515 * waltz.downbeats[0] / 20, abs=3)


def count_lines(columns: np.ndarray) -> int:
    """Runs of neighbouring columns with at least 30 pixels."""
    return int(np.count_nonzero(np.diff((columns >= 30).astype(int), prepend=0) == 1))


def test_picture_of_a_grid_laid_over_noise(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 45 * SAMPLE_RATE).astype(np.float32)
    write_plot(tmp_path / "x.png", Audio(noise), BeatGrid.steady(120, 45.0), "noise")
    with Image.open(tmp_path / "x.png") as image:
        assert image.size == plot_size(45.0)


# --- the command line ---


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Puts a grid of 120 BPM from 0.25 s on in the tracker's place; lists the seconds of each song it is given."""
    heard: list[float] = []

    def track(audio: Audio) -> BeatGrid:
        heard.append(audio.duration)
        return BeatGrid.steady(120, audio.duration, first_s=0.25, confidence=0.9)

    monkeypatch.setattr(command, "track_beats", track)
    return heard


def test_demo_song_gets_its_line_and_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, exact = demo_song(DEMO.name)
    monkeypatch.setattr(command, "track_beats", lambda audio: exact)
    monkeypatch.chdir(tmp_path)
    assert command.main([str(DEMO)]) == 0
    out, err = capsys.readouterr()
    bars = len(exact.downbeats)
    beats = len(exact.beats)
    assert out == (
        f"demo_4-4.ogg: 120.0 BPM, 4/4, {beats} beats in {bars} bars, confidence {exact.confidence:.2f} (clear)"
        " -> out/demo_4-4.beats\n"
    )
    assert err == ""
    assert tree(tmp_path / "out") == ["demo_4-4.beats", "demo_4-4.beats.json"]
    grid = read_beats(tmp_path / "out" / "demo_4-4.beats")
    assert grid.beats == pytest.approx(exact.beats, abs=1e-4)
    assert grid.downbeats == pytest.approx(exact.downbeats, abs=1e-4)
    report = json.loads((tmp_path / "out" / "demo_4-4.beats.json").read_text())
    assert report["song"] == "demo_4-4.ogg"
    assert (report["tempo"], report["meter"], report["verdict"]) == (120.0, 4, "clear")
    assert report["tempo_range"] == pytest.approx([120, 120], abs=0.1)
    assert report["duration_s"] == pytest.approx(38.0, abs=0.01)
    assert report["beats"] == grid.beats.tolist()
    assert report["downbeats"] == grid.downbeats.tolist()
    assert report["version"]


def test_json_and_times_in_the_song(
    tmp_path: Path, tracked: list[float], capsys: pytest.CaptureFixture[str], song: Path
) -> None:
    options = ["--start", "1", "--duration", "2.5", "--json", "--click", str(tmp_path / "a.wav"), "--no-files"]
    assert command.main([str(song), *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert tracked == [pytest.approx(2.5)]
    assert report["beats"] == pytest.approx([1.25, 1.75, 2.25, 2.75, 3.25])
    assert report["downbeats"] == pytest.approx([1.25, 3.25])
    assert (report["start_s"], report["duration_s"]) == (1.0, 2.5)
    assert report["outputs"] == [str(tmp_path / "a.wav")]
    assert tree(tmp_path) == ["a.wav"]
    assert load_audio(tmp_path / "a.wav").duration == pytest.approx(2.5)  # the part that was listened to


def test_folders_bad_songs_and_songs_of_one_name(
    tmp_path: Path, tracked: list[float], capsys: pytest.CaptureFixture[str], song: Path
) -> None:
    album = tmp_path / "album"
    (album / "more").mkdir(parents=True)
    for name in ("a.wav", "b.wav", "more/a.wav"):
        (album / name).write_bytes(song.read_bytes())
    (album / "broken.mp3").write_text("This is not a song.")
    out = tmp_path / "out"
    targets = ["--out", str(out), "--click", str(out / "clicks"), "--plot", str(out)]
    songs = [str(album), str(album / "more" / "a.wav"), str(tmp_path / "gone.mp3")]
    assert command.main([*songs, *targets, "--json"]) == 2
    printed, err = capsys.readouterr()
    rows = [json.loads(line) for line in printed.splitlines()]
    assert ["error" in row for row in rows] == [True, False, False, True, False]
    assert [row.get("song") for row in rows] == [None, "a.wav", "b.wav", "broken.mp3", "a.wav"]
    assert err.splitlines() == [
        f"error: {tmp_path / 'gone.mp3'}: no such file or folder.",
        f"error: {album / 'broken.mp3'} is not a sound file that can be read, or it is damaged."
        " Convert it to wav or mp3.",
    ]
    names = ("a", "a-2", "b")
    endings = ("beats", "beats.json", "beats.png")
    assert tree(out) == sorted([f"{name}.{ending}" for name in names for ending in endings] + ["clicks"])
    assert tree(out / "clicks") == sorted(f"{name}.click.wav" for name in names)


def test_nothing_is_replaced_without_force(
    tmp_path: Path, tracked: list[float], capsys: pytest.CaptureFixture[str], song: Path
) -> None:
    picture = tmp_path / "song.png"
    picture.write_text("precious")
    line = [str(song), "--out", str(tmp_path), "--plot", str(picture)]
    assert command.main(line) == 2
    assert "song.png: already exists. Add --force" in one_error(capsys)
    assert tracked == [] and tree(tmp_path) == ["song.png"] and picture.read_text() == "precious"
    assert command.main([*line, "--force"]) == 0
    assert tree(tmp_path) == ["song.beats", "song.beats.json", "song.png"]
    with Image.open(picture) as image:
        assert image.format == "PNG"


def test_the_song_itself_is_never_replaced(
    tmp_path: Path, tracked: list[float], capsys: pytest.CaptureFixture[str], song: Path
) -> None:
    copy = tmp_path / "song.wav"
    copy.write_bytes(song.read_bytes())
    assert command.main([str(copy), "--no-files", "--click", str(copy), "--force"]) == 2
    assert "would replace a file that is read" in one_error(capsys)
    assert copy.read_bytes() == song.read_bytes()


def test_unwritable_folder(
    tmp_path: Path, tracked: list[float], capsys: pytest.CaptureFixture[str], song: Path
) -> None:
    (tmp_path / "file").touch()
    line = [str(song), "--out", str(tmp_path / "new"), "--plot", str(tmp_path / "file" / "folder" / "x.png")]
    assert command.main(line) == 2
    assert "cannot write here" in one_error(capsys)
    assert tracked == [] and tree(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--start", "-1"], "start: must be 0 seconds or more, got -1"),
        (["--start", "inf"], "start: must be 0 seconds or more, got inf"),
        (["--start", "soon"], "argument --start: invalid float value: 'soon'"),
        (["--start", "90"], "is beyond the end"),
        (["--duration", "0"], "duration: must be more than 0 seconds, got 0"),
        (["--duration", "nan"], "duration: must be more than 0 seconds, got nan"),
        (["--duration", "1"], "The duration must be at least 2 s, got 1 s"),
        (["--out", "x.beats"], "--out x.beats: .beats cannot be written. Give a folder."),
        (["--out", str(DEMO)], "demo_4-4.ogg: .ogg cannot be written. Give a folder."),
        (["--out", __file__], "this is a file. Give a folder."),
        (
            ["--click", "x.mp3"],
            "--click x.mp3: .mp3 cannot be written. Give FILE.ogg, FILE.flac, FILE.wav or a folder.",
        ),
        (["--plot", "x.pdf"], "--plot x.pdf: .pdf cannot be written. Give FILE.png or a folder."),
        (["--plot", "x.png", str(DEMO)], "--plot x.png: one file cannot hold 2 songs. Give a folder."),
        (["--beat"], "unrecognized arguments: --beat"),
    ],
)
def test_nonsense_is_one_line_and_writes_nothing(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tracked: list[float],
    capsys: pytest.CaptureFixture[str],
    song: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = command.main([str(song), *arguments])
    except SystemExit as exit_:  # argparse's own way out
        status = exit_.code
    assert status == 2
    assert says in one_error(capsys)
    assert tracked == [] and tree(tmp_path) == []


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, which is to be one error and nothing else."""
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    return err


def test_a_bug_or_an_interrupt_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], song: Path
) -> None:
    monkeypatch.setattr(command, "track_beats", lambda audio: BeatGrid.steady(120, audio.duration, confidence=0.9))
    line = [str(song), "--out", str(tmp_path / "out"), "--plot", str(tmp_path / "plots")]
    monkeypatch.setattr(command, "write_plot", lambda *_: 1 / 0)
    assert command.main(line) == 1
    assert "ZeroDivisionError" in (err := capsys.readouterr().err) and "please report it" in err
    assert tree(tmp_path) == []
    monkeypatch.setattr(command, "write_plot", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    assert command.main(line) == 130
    assert capsys.readouterr().err == "error: interrupted; nothing half-written was left.\n"
    assert tree(tmp_path) == []


def test_run_as_a_module(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no song")
    done = subprocess.run(
        [sys.executable, "-m", "motionbeat.beats", str(tmp_path / "notes.txt"), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1 and "not a sound file" in done.stderr
    assert tree(tmp_path) == ["notes.txt"]
