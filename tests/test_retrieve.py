"""Retrieval: the scores against hand and brute force, and ``python -m motionbeat.retrieve``."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st

from motionbeat import embed
from motionbeat import retrieve as command
from motionbeat.beats import BeatGrid
from motionbeat.embed import Encoder, load_encoder
from motionbeat.encoder import MotionBeat
from motionbeat.motion import Motion, load_motion
from motionbeat.motion_features import motion_to_features
from motionbeat.motion_tokens import motion_tokens
from motionbeat.retrieval import (
    bootstrap_interval,
    chance_median_rank,
    chance_recall_at,
    first_hit_ranks,
    median_rank,
    recall_at,
)
from motionbeat.retrieve import DanceFrames, best_match, match, read_dance, read_song
from motionbeat.tokens import SlotGrid

# --- scores ---


def test_ranks_by_hand() -> None:
    scores = np.array([[0.9, 0.5, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    hits = np.array([[0, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 1]], dtype=bool)
    ranks = first_hit_ranks(scores, hits)
    assert ranks.tolist() == [2, 1, 4]
    assert [recall_at(ranks, k) for k in (1, 2, 3, 4, 9)] == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1, 1])
    assert median_rank(ranks) == 2
    assert median_rank(np.array([1, 2, 3, 10])) == 2.5


def test_ties_count_against_the_query_but_tied_hits_help_each_other() -> None:
    hits = np.array([[False, True, False, True]])
    assert first_hit_ranks(np.zeros((1, 4)), hits).tolist() == [3]
    assert first_hit_ranks(np.array([[0.0, 1.0, 0.0, 1.0]]), hits).tolist() == [1]
    assert first_hit_ranks(np.array([[-np.inf, 0.0, 1.0, -np.inf]]), hits).tolist() == [2]


@given(
    items=st.integers(1, 8), queries=st.integers(1, 5), seed=st.integers(0, 10_000), levels=st.sampled_from([2, 1000])
)
def test_ranks_agree_with_a_sorted_list(items: int, queries: int, seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, (queries, items)).astype(float)
    hits = rng.random((queries, items)) < 0.4
    hits[np.arange(queries), rng.integers(0, items, queries)] = True
    for row, hit, rank in zip(scores, hits, first_hit_ranks(scores, hits), strict=True):
        # worst order of equal scores: hits last
        order = sorted(range(items), key=lambda item: (-row[item], hit[item]))
        assert rank == 1 + next(place for place, item in enumerate(order) if hit[item])


@pytest.mark.parametrize("counts", [[1], [2], [1, 3], [5], [6, 1, 1]])
def test_chance_is_the_mean_over_all_orders(counts: list[int]) -> None:
    items = 6
    hits = np.arange(items)[None, :] < np.array(counts)[:, None]
    ranks = np.concatenate(
        [first_hit_ranks(np.array([order]), row[None]) for row in hits for order in itertools.permutations(range(6))]
    )
    for k in (1, 2, 4, 6, 10):
        assert chance_recall_at(hits, k) == pytest.approx(recall_at(ranks, k), abs=1e-12)
    assert chance_median_rank(hits) == median_rank(ranks)


def test_chance_of_one_hit_is_k_in_the_gallery() -> None:
    hits = np.eye(500, dtype=bool)
    assert chance_recall_at(hits, 10) == pytest.approx(0.02, abs=1e-9)
    assert chance_median_rank(hits) == 250.5
    assert chance_median_rank(np.eye(7, dtype=bool)) == 4


@pytest.mark.parametrize(
    ("scores", "hits", "says"),
    [
        (np.zeros((2, 3)), np.array([[True, False, False], [False] * 3]), "1 queries have no hit"),
        (np.zeros((2, 3)), np.ones((2, 2), bool), "same shape"),
        (np.array([[0.0, np.nan]]), np.array([[True, False]]), "NaN"),
        (np.zeros((1, 2)), np.ones((1, 2)), "bool"),
        (np.zeros((0, 2)), np.ones((0, 2), bool), "at least one query"),
        (np.zeros(2), np.ones(2, bool), "must be"),
    ],
)
def test_malformed_rankings_are_refused(scores: np.ndarray, hits: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        first_hit_ranks(scores, hits)


def test_malformed_ranks_are_refused() -> None:
    for ranks in (np.array([]), np.array([0, 1]), np.array([np.nan]), np.ones((2, 2))):
        with pytest.raises(ValueError, match="ranks"):
            recall_at(ranks, 1)
        with pytest.raises(ValueError, match="ranks"):
            median_rank(ranks)
    with pytest.raises(ValueError, match="k must be"):
        recall_at(np.array([1]), 0)
    with pytest.raises(ValueError, match="k must be"):
        chance_recall_at(np.eye(2, dtype=bool), 0)


def test_interval_of_groups_agrees_with_drawing_them_one_by_one() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.array(["a", "b", "c", "d", "e", "f"]), [1, 2, 3, 10, 4, 5])
    values = rng.normal(size=len(groups)) + rng.normal(size=6)[np.unique(groups, return_inverse=True)[1]]
    means = []
    for _ in range(4000):
        drawn = rng.choice(np.unique(groups), size=6)
        means.append(np.concatenate([values[groups == name] for name in drawn]).mean())
    expected = np.quantile(means, [0.025, 0.975])
    assert bootstrap_interval(values, groups) == pytest.approx(expected, abs=0.05)
    assert bootstrap_interval(values, groups, seed=3) == bootstrap_interval(values, groups, seed=3)
    assert bootstrap_interval(values, groups, seed=3) != bootstrap_interval(values, groups, seed=4)


def test_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 5)
    held = []
    for trial in range(200):
        values = np.repeat(rng.normal(size=30), 5) + 0.1 * rng.normal(size=150)
        low, high = bootstrap_interval(values, groups, resamples=500, seed=trial)
        held.append(low <= 0 <= high)
    # clip by clip the interval would be 1 / sqrt(5) as wide and hold the mean in six of ten trials
    assert 0.86 <= np.mean(held) <= 0.99


def test_interval_edge_cases() -> None:
    assert bootstrap_interval(np.ones(4), np.arange(4)) == (1.0, 1.0)
    assert np.isnan(bootstrap_interval(np.arange(4), np.zeros(4))).all()
    low, high = bootstrap_interval(np.arange(20), np.arange(20), confidence=0.5)
    wide = bootstrap_interval(np.arange(20), np.arange(20))
    assert wide[0] < low < 9.5 < high < wide[1]
    for values, groups, options in (
        (np.array([]), np.array([]), {}),
        (np.ones(3), np.ones(2), {}),
        (np.array([1.0, np.inf]), np.arange(2), {}),
        (np.ones(2), np.arange(2), {"confidence": 1.0}),
        (np.ones(2), np.arange(2), {"resamples": 0}),
    ):
        with pytest.raises(ValueError):
            bootstrap_interval(values, groups, **options)


# --- songs and dances ---

SONG_S = 21.0


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        MotionBeat(width=24, heads=2, phase_blocks=1, plain_layers=1, projection=16).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(model_folder: Path) -> Encoder:
    return load_encoder(model_folder)


@pytest.fixture(autouse=True)
def tracked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a grid of 120 BPM with a downbeat at 0.5 s in the tracker's place."""
    monkeypatch.setattr(
        "motionbeat.encoder.track_beats",
        lambda audio: BeatGrid.steady(120, audio.duration, first_s=0.5, confidence=0.9),
    )


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``songs/`` with two songs of noise, ``dances/`` with three random dances of 12, 19 and 3 seconds."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "songs").mkdir()
    (folder / "dances").mkdir()
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        soundfile.write(folder / "songs" / f"{name}.wav", rng.uniform(-0.3, 0.3, int(SONG_S * 22050)), 22050)
    for name, seconds in (("a", 12), ("b", 19), ("short", 3)):
        poses = np.cumsum(rng.normal(0, 0.03, (seconds * 30, 72)), axis=0)
        trans = np.cumsum(rng.normal(0, 0.01, (seconds * 30, 3)), axis=0) + np.array([0, 0.95, 0])
        np.savez(folder / "dances" / f"{name}.npz", poses=poses, trans=trans, mocap_framerate=30.0)
    return folder


def by_hand(encoder: Encoder, song: Path, dance: Path, offset_s: float) -> tuple[float, int]:
    """Mean cosine over the clips of a song of 120 BPM that a dance covers, and how many they are, clip by clip."""
    model = encoder.model
    music = model.encode_audio(song)
    motion: Motion = load_motion(dance)
    features = motion_to_features(motion)
    cosines = []
    for start, z_a in zip(music.clip_starts, music.clips, strict=True):
        clip = slice(start, start + 64)
        times = music.token_times_s[clip] - offset_s
        if times[0] < -1e-3 or times[-1] + 0.125 > motion.duration + 1e-3:
            continue
        slots = SlotGrid(times, music.token_phase[clip], 4)
        tokens, contact = (torch.from_numpy(x)[None] for x in motion_tokens(features, 30, slots))
        theta = torch.from_numpy(slots.phase * np.pi / 2).float()[None]
        with torch.no_grad():
            cosines.append(float(model.embed_motion(tokens, theta, contact)[0][0].numpy() @ z_a))
    return float(np.mean(cosines)) if cosines else float("nan"), len(cosines)


@pytest.mark.parametrize("offset_s", [0.0, 1.3, 6.0, -2.25])
def test_score_is_the_mean_over_covered_clips(encoder: Encoder, shelf: Path, offset_s: float) -> None:
    song, dance = shelf / "songs" / "one.wav", shelf / "dances" / "b.npz"
    found = match(encoder.model, read_song(song, encoder), read_dance(dance), offset_s)
    score, clips = by_hand(encoder, song, dance, offset_s)
    assert found is not None and found.clips == clips >= 2
    assert found.score == pytest.approx(score, abs=1e-4)
    assert (found.offset_s, found.offset_beats) == (offset_s, 0)


def test_too_short_a_dance_has_no_score(encoder: Encoder, shelf: Path) -> None:
    song = read_song(shelf / "songs" / "one.wav", encoder)
    short = read_dance(shelf / "dances" / "short.npz")
    assert match(encoder.model, song, short) is None
    assert best_match(encoder.model, song, short) is None
    assert match(encoder.model, song, read_dance(shelf / "dances" / "a.npz"), 15.0) is None  # too late


def test_alignment_finds_the_best_of_all_half_beats(encoder: Encoder, shelf: Path) -> None:
    song = read_song(shelf / "songs" / "one.wav", encoder)
    for name in ("a", "b"):
        dance = read_dance(shelf / "dances" / f"{name}.npz")
        tries = [match(encoder.model, song, dance, 0.1 + later / 4) for later in range(8)]
        scores = [each.score for each in tries if each is not None]
        best = best_match(encoder.model, song, dance, 0.1)
        assert best is not None and best.score == pytest.approx(max(scores), abs=1e-4)
        assert best.offset_beats == pytest.approx(int(np.argmax(scores)) / 2)
        assert best.offset_s == pytest.approx(0.1 + best.offset_beats / 2)
        assert len(set(scores)) == len(scores) > 6


# --- the command line ---


def test_dances_for_a_song(
    encoder: Encoder, model_folder: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = shelf / "songs" / "one.wav"
    line = ["--music", str(song), "--dances", str(shelf / "dances"), "--model", str(model_folder), "--offset", "0.3"]
    assert command.main([*line, "--json"]) == 2  # one is too short
    out, err = capsys.readouterr()
    report = json.loads(out)
    expected = {name: by_hand(encoder, song, shelf / "dances" / f"{name}.npz", 0.3) for name in ("a", "b")}
    ranking = sorted(expected, key=lambda name: -expected[name][0])
    assert [Path(row["path"]).stem for row in report["ranking"]] == ranking
    assert [row["score"] for row in report["ranking"]] == pytest.approx([expected[n][0] for n in ranking], abs=1e-4)
    assert [row["rank"] for row in report["ranking"]] == [1, 2]
    assert report["compared"] == 2 and report["model_sha256"] == encoder.sha256
    assert len(report["errors"]) == err.count("\n") == 1 and "short.npz: song and dance have no clip" in err

    good = [str(shelf / "dances" / "a.npz"), str(shelf / "dances" / "b.npz")]
    line[3:4] = good
    assert command.main([*line, "--top", "1", "--align"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1 and out.startswith("  1. ") and "beats later" in out


def test_songs_for_a_dance_from_sound_and_from_embeddings(
    encoder: Encoder, model_folder: Path, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--model", str(model_folder)]
    dance = ["--dance", str(shelf / "dances" / "b.npz")]
    assert command.main([*dance, "--songs", str(shelf / "songs"), *model, "--json", "--start", "1.5"]) == 0
    heard = json.loads(capsys.readouterr().out)
    assert [Path(row["path"]).name for row in heard["ranking"]] in (["one.wav", "two.wav"], ["two.wav", "one.wav"])
    assert embed.main([str(shelf / "songs"), "-o", str(tmp_path), *model, "--start", "1.5"]) == 0
    capsys.readouterr()
    assert command.main([*dance, "--songs", str(tmp_path), *model, "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert [Path(row["path"]).stem for row in read["ranking"]] == [Path(r["path"]).stem for r in heard["ranking"]]
    for one, other in zip(read["ranking"], heard["ranking"], strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=1e-5) and one["clips"] == other["clips"]


def test_embedding_of_another_encoder_or_a_dance_for_a_song(
    model_folder: Path, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "one.npz"
    assert embed.main([str(shelf / "songs" / "one.wav"), "-o", str(made), "--model", str(model_folder)]) == 0
    with np.load(made) as data:
        arrays = dict(data)
    about = json.loads(str(arrays["about"])) | {"model_sha256": "0" * 64}
    np.savez(tmp_path / "two.npz", **(arrays | {"about": np.array(json.dumps(about))}))
    np.savez(tmp_path / "three.npz", **(arrays | {"clip_starts": arrays["clip_starts"] + 1}))
    capsys.readouterr()
    dance = shelf / "dances" / "b.npz"
    line = ["--dance", str(dance), "--model", str(model_folder), "--songs", str(tmp_path), str(dance)]
    assert command.main([*line, "--top", "5"]) == 2
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and "one.npz" in out
    three, two, no_song = err.splitlines()  # in the order of their names, then of the arguments
    assert "three.npz: its beats, slots and clips do not fit together" in three
    assert "two.npz: made with another encoder" in two
    assert "b.npz: not a song's embedding" in no_song


@pytest.fixture(scope="module")
def embedding(model_folder: Path, shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The arrays of the embedding of ``one.wav``."""
    path = tmp_path_factory.mktemp("embedding") / "one.npz"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "motionbeat.encoder.track_beats",
            lambda audio: BeatGrid.steady(120, audio.duration, first_s=0.5, confidence=0.9),
        )
        assert embed.main([str(shelf / "songs" / "one.wav"), "-o", str(path), "--model", str(model_folder)]) == 0
    with np.load(path) as data:
        return dict(data)


def moved(array: np.ndarray, place: int, value: float) -> np.ndarray:
    changed = array.copy()
    changed.flat[place] = value
    return changed


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("meter", lambda meter: np.array([4, 4]), "meter must have 0 axes"),
        ("meter", lambda meter: np.array(0), "meter must be 1 or more"),
        ("meter", lambda meter: np.array(-4), "meter must be 1 or more"),
        ("meter", lambda meter: np.array(10**8), "do not fit together"),
        ("meter", lambda meter: np.array(4.5), "do not fit together"),
        ("meter", lambda meter: np.array("4"), "meter holds str"),
        ("tempo", lambda tempo: np.array(np.nan), "tempo has values that are not finite"),
        ("confidence", lambda confidence: np.array([0.5, 0.5]), "confidence must have 0 axes"),
        ("confidence", lambda confidence: np.array(7.0), "confidence must be in"),
        ("token_phase", lambda phase: phase[:, None], "token_phase must have 1 axes"),
        ("token_phase", lambda phase: phase + 1, "do not fit together"),
        ("token_phase", lambda phase: phase[1:], "do not fit together"),
        ("token_times_s", lambda times: times[::-1], "do not fit together"),
        ("token_times_s", lambda times: moved(times, 3, np.nan), "token_times_s has values that are not finite"),
        ("token_times_s", lambda times: times[:0], "do not fit together"),
        ("clips", lambda clips: clips[:, :8], "do not fit together"),
        ("clips", lambda clips: clips[:0], "do not fit together"),
        ("clips", lambda clips: moved(clips, 3, np.inf), "clips has values that are not finite"),
        ("clips", lambda clips: clips * 1e8, "longer than unit vectors"),
        ("clips", lambda clips: clips.astype(complex), "clips holds complex"),
        ("clip_starts", lambda starts: starts - 5, "do not fit together"),
        ("clip_starts", lambda starts: starts + 500, "do not fit together"),
        ("clip_starts", lambda starts: starts * 1.0, "do not fit together"),
        ("beats", lambda beats: beats[::-1], "ascending"),
        ("beats", lambda beats: beats[:1], "two beats"),
        ("downbeats", lambda downbeats: downbeats[:0], "downbeats must be"),
    ],
)
def test_crafted_embeddings_are_one_line(
    embedding: dict[str, np.ndarray],
    name: str,
    change: Callable[[np.ndarray], np.ndarray],
    says: str,
    model_folder: Path,
    shelf: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.savez(tmp_path / "good.npz", **embedding)
    np.savez(tmp_path / "crafted.npz", **(embedding | {name: change(embedding[name])}))
    line = ["--dance", str(shelf / "dances" / "b.npz"), "--songs", str(tmp_path), "--model", str(model_folder)]
    assert command.main([*line, "--align"]) == 2
    out, err = capsys.readouterr()
    assert out.count("\n") == 1 and "good.npz" in out
    assert err.count("\n") == 1 and "crafted.npz: " in err and says in err


def test_an_embedding_of_another_width(
    embedding: dict[str, np.ndarray],
    model_folder: Path,
    shelf: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    narrow = {"clip": embedding["clip"][:1], "clips": embedding["clips"][:, :1]}  # would be broadcast
    np.savez(tmp_path / "narrow.npz", **(embedding | narrow))
    line = ["--dance", str(shelf / "dances" / "b.npz"), "--songs", str(tmp_path), "--model", str(model_folder)]
    assert command.main(line) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "narrow.npz: its clips are not as wide" in err


@pytest.mark.parametrize("align", [[], ["--align"]])
def test_scores_that_are_no_numbers_are_not_ranked(
    align: list[str],
    model_folder: Path,
    shelf: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def damaged(path: Path) -> DanceFrames:
        dance = read_dance(path)
        if path.stem == "a":
            dance.frames[200:] = np.nan
        return dance

    monkeypatch.setattr(command, "read_dance", damaged)
    dances = [str(shelf / "dances" / f"{name}.npz") for name in ("a", "b")]
    line = ["--music", str(shelf / "songs" / "one.wav"), "--dances", *dances, "--model", str(model_folder), *align]
    assert command.main([*line, "--json"]) == 2
    out, err = capsys.readouterr()
    report = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert [Path(row["path"]).name for row in report["ranking"]] == ["b.npz"] and report["compared"] == 1
    assert np.isfinite(report["ranking"][0]["score"])
    assert err.count("\n") == len(report["errors"]) == 1 and "a.npz to one.wav: the score is not finite" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Give --music with --dances, or --dance with --songs."),
        (["--music", "x.mp3"], "Give --music with --dances"),
        (["--music", "x.mp3", "--songs", "y"], "Give --music with --dances"),
        (["--music", "x.mp3", "--dances", "y", "--dance", "z"], "Give --music with --dances"),
        (["--music", "x.mp3", "--dances", "y"], "x.mp3: no such file"),
        (["--dance", "x.npz", "--songs", "y"], "x.npz: no such file"),
        (["--dance", __file__, "--songs", "y"], "not a motion file"),
        (["--music", "x", "--dances", "y", "--top", "0"], "top: must be 1 or more, got 0"),
        (["--music", "x", "--dances", "y", "--offset", "nan"], "offset: must be a number of seconds, got nan"),
        (["--music", "x", "--dances", "y", "--start", "-1"], "start: must be 0 seconds or more, got -1"),
        (["--music", "x", "--dances", "y", "--model", "nowhere"], "model: nowhere holds no encoder"),
        (["--music", "x", "--dances", "y", "--alig"], "unrecognized arguments: --alig"),
    ],
)
def test_nonsense_is_one_line(
    arguments: list[str], says: str, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = [] if "--model" in arguments else ["--model", str(model_folder)]
    try:
        status = command.main([*arguments, *model])
    except SystemExit as exit_:  # argparse's own way out
        assert isinstance(exit_.code, int)
        status = exit_.code
    out, err = capsys.readouterr()
    assert status == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1 and says in err


def test_folders_without_anything(
    model_folder: Path, shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--model", str(model_folder)]
    assert command.main(["--music", str(shelf / "songs" / "one.wav"), "--dances", str(tmp_path), *model]) == 2
    assert "no dances in this folder. Give motion npz files or a folder" in capsys.readouterr().err
    assert command.main(["--dance", str(shelf / "dances" / "a.npz"), "--songs", str(tmp_path), *model]) == 2
    assert "no songs in this folder. Give audio files, npz files" in capsys.readouterr().err
