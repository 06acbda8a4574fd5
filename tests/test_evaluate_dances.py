"""The evaluator on marches whose phase, tempo and style are known: measures, reference, placement, command."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dancegen import evaluate
from dancegen.evaluation.comparison import means, realism
from dancegen.evaluation.generated import by_known_beats
from dancegen.evaluation.ground_truth import copy_distances, read_truth, training_windows
from dancegen.evaluation.measured_set import CONTROLS, DanceRow, JudgedDance, MeasuredSet, measure_set
from dancegen.evaluation.measures import INDEX, MEASURES, PIECE_S, StyleStatistics, pieces
from dancegen.evaluation.motion_files import read_motions
from dancegen.evaluation.placement import place
from dancegen.evaluation.reference import load_reference, save_reference
from dancegen.metrics import FeatureSet
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.pairs import PITCHES, Pair
from motionbeat.tokens import PULSE_TOKEN_DIM, TOKEN_DIM, slot_grid

FPS = 30.0
STANDING_M = 0.9846
SECONDS = 16.0
ON, LATE = 0.0, 0.5
"""Place in the beat at which feet come down."""


def march(tempo: float, phase: float = ON, seconds: float = SECONDS, seed: int = 0, fps: float = FPS) -> Motion:
    """Knees lifted in turn; each foot comes down ``phase`` of a beat after it. Each seed sways its own way."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * fps)) / fps
    beat = times * tempo / 60 - phase
    poses = np.zeros((len(times), 24, 3), np.float32)
    for leg, (hip, knee) in enumerate(((1, 4), (2, 5))):
        lift = np.where(np.floor(beat) % 2 == leg, np.sin(np.pi * (beat % 1.0)), 0.0) * rng.uniform(0.8, 1.0)
        poses[:, hip, 0], poses[:, knee, 0] = -0.8 * lift, 1.6 * lift
    for shoulder in (16, 17):
        poses[:, shoulder, 2] = rng.uniform(0.1, 0.6) * np.sin(times * rng.uniform(0.5, 1.5))
    trans = np.tile(np.float32([0, STANDING_M, 0]), (len(times), 1))
    return Motion(poses, trans, fps)


def judged(name: str, style: str, tempo: float, phase: float = ON, seed: int = 0, source: str = "") -> JudgedDance:
    motion = march(tempo, phase, seed=seed)
    grid = BeatGrid.steady(tempo, motion.duration, confidence=1.0)
    return JudgedDance(name, source or name, style, motion, grid, source=source)


def dance_of(measured: MeasuredSet, name: str) -> dict[str, float]:
    place_of = [dance.name for dance in measured.dances].index(name)
    return {measure.name: measured.dance_values()[place_of, INDEX[measure.name]] for measure in MEASURES}


@pytest.fixture(scope="module")
def truth() -> list[JudgedDance]:
    """Marches on the beat and limps half a beat late, in songs of several tempi."""
    on = [judged(f"march {tempo}", "march", tempo, ON, tempo, f"song {tempo}") for tempo in (96, 110, 123)]
    late = [judged(f"limp {tempo}", "limp", tempo, LATE, tempo, f"song {tempo}") for tempo in (101, 117, 131)]
    return on + late


@pytest.fixture(scope="module")
def pool(truth: list[JudgedDance]) -> MeasuredSet:
    return measure_set(truth)


@pytest.fixture(scope="module")
def reference(pool: MeasuredSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reference")
    save_reference(pool, folder / "reference.npz", folder / "reference.json")
    return folder


def write_dance(path: Path, motion: Motion, grid: BeatGrid | None, style: str = "march", seed: int = 0) -> None:
    """As dancegen.sample writes it, the JSON beside it with what is read of it."""
    beats = {} if grid is None else {"beats": grid.beats, "downbeats": grid.downbeats}
    np.savez(path, poses=motion.poses.reshape(-1, 72), trans=motion.trans, mocap_framerate=motion.fps, **beats)
    about = {"song": path.stem.split("-")[0], "style": style, "settings": {"seed": seed}}
    path.with_suffix(".json").write_text(json.dumps(about))


# --- measures


def test_pieces_are_near_thirty_seconds_and_keep_the_songs_clock() -> None:
    motion = march(120, seconds=100.0)
    found = pieces(motion)
    assert [round(piece.motion.duration, 2) for piece in found] == pytest.approx([100 / 3] * 3, abs=0.04)
    assert [len(pieces(march(120, seconds=s))) for s in (9, PIECE_S, 44, 46)] == [1, 1, 1, 2]
    grid = BeatGrid.steady(120, 100.0)
    later = found[1].grid(grid)
    assert later.beats[0] == pytest.approx(math.ceil(found[1].start_s / 0.5) * 0.5 - found[1].start_s)
    assert (later.beats + found[1].start_s)[-1] <= found[1].stop_s


def test_steps_are_judged_by_the_phase_of_their_own_style(pool: MeasuredSet) -> None:
    # both styles keep to the beat; each is right by its own phase, and dead wrong by the other's
    for name in ("march 110", "limp 117"):
        assert dance_of(pool, name)["plants_toward_style"] > 0.9
    fit = pool.fits[0]
    assert fit.with_style(pool.style_statistics("limp"))[INDEX["plants_toward_style"]] < -0.9
    assert fit.with_style(None)[INDEX["plants_toward_style"]] != fit.with_style(None)[INDEX["plants_toward_style"]]
    own, other = (fit.with_style(pool.style_statistics(style)) for style in ("march", "limp"))
    column = INDEX["feet_profile_distance"]
    assert own[column] < 0.02 < other[column]


def test_controls_lose_what_the_music_gave(pool: MeasuredSet) -> None:
    values, controls = pool.dance_values(), pool.dance_controls()
    lock = INDEX["plants_toward_style"]
    assert (values[:, lock] > 0.9).all()
    for name in CONTROLS[:2]:
        assert np.abs(controls[CONTROLS.index(name), :, lock]).max() < 0.4
    assert np.isnan(controls[:, :, INDEX["jerk"]]).all()
    assert np.isfinite(values[:, INDEX["jerk"]]).all()


def test_ground_truth_is_not_judged_by_its_own_source() -> None:
    alone = measure_set([judged("a", "march", 100, source="a"), judged("b", "limp", 110, source="b")])
    assert np.isnan(alone.values[:, INDEX["plants_toward_style"]]).all()
    pair = measure_set([judged("a", "march", 100, source="a"), judged("b", "march", 110, LATE, source="b")])
    # each is judged by the other alone, which is half a beat away
    assert (pair.values[:, INDEX["plants_toward_style"]] < -0.9).all()


def test_a_dance_that_stands_still_gains_nothing(pool: MeasuredSet) -> None:
    still = march(120)
    still = Motion(np.zeros_like(still.poses), still.trans, FPS)
    (piece,) = pieces(still)
    values = piece.own_fit(BeatGrid.steady(120, SECONDS)).with_style(pool.style_statistics("march"))
    assert values[INDEX["plants_toward_style"]] == 0
    column = INDEX["feet_profile_distance"]
    assert values[column] > np.nanmax(pool.values[:, column])


def test_sixty_frames_a_second_measure_the_same(pool: MeasuredSet) -> None:
    grid = BeatGrid.steady(110, SECONDS)
    style = pool.style_statistics("march")
    at_30, at_60 = (pieces(march(110, fps=fps))[0].own_fit(grid).with_style(style) for fps in (30.0, 60.0))
    for name in ("plants_toward_style", "feet_profile_distance", "speed", "jerk", "contact_slide"):
        assert at_60[INDEX[name]] == pytest.approx(at_30[INDEX[name]], rel=0.05, abs=2e-3), name


# --- comparison


def rows(*styles_and_songs: tuple[str, str]) -> list[DanceRow]:
    return [DanceRow(song, song, style, "", 0, False, 30.0) for style, song in styles_and_songs]


def test_styles_weigh_the_same_and_nan_is_left_out() -> None:
    dances = rows(("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"))
    found = means(np.array([[0.0, 1.0], [0.0, np.nan], [3.0, 3.0], [10.0, np.nan]]), dances)
    assert found.value == pytest.approx([(1 + 10) / 2, 2.0])
    assert found.low[0] == pytest.approx(5.0) and 5.5 < found.high[0] <= 6.5  # songs of a alone are drawn
    alone = means(np.array([[1.0], [2.0]]), rows(("a", "1"), ("b", "2")))
    assert alone.value[0] == 1.5 and math.isnan(alone.low[0])


def test_seeds_of_one_song_are_one_draw() -> None:
    values = np.array([[0.0], [0.0], [1.0], [1.0]])
    two_songs = means(values, rows(("a", "x"), ("a", "x"), ("a", "y"), ("a", "y")))
    assert (two_songs.low[0], two_songs.high[0]) == (0.0, 1.0)


def test_realism_compares_equal_shares_of_styles(pool: MeasuredSet) -> None:
    fresh = [judged(f"new {tempo}", "march", tempo, seed=7) for tempo in (100, 120)]
    measured = measure_set(fresh, pool)
    found = realism(measured, pool, ("march", "limp"))
    assert found is not None and (found.samples, found.truth_samples) == (4, 6)  # no limps among the truth's windows
    assert realism(measured, pool.part(lambda dance: dance.style == "limp"), ("march",)) is None
    own = realism(pool, pool, ("march",))
    assert own is None  # nothing is left that is not itself


# --- reference


def test_reference_comes_back_as_it_was(pool: MeasuredSet, reference: Path) -> None:
    loaded = load_reference(reference)
    assert loaded.dances == pool.dances
    np.testing.assert_allclose(loaded.values, pool.values, rtol=1e-5, equal_nan=True)
    np.testing.assert_allclose(loaded.windows.kinetic, pool.windows.kinetic, rtol=2e-3, atol=1e-4)
    for before_grid, after_grid in zip(pool.grids, loaded.grids, strict=True):
        np.testing.assert_allclose(after_grid.beats, before_grid.beats, atol=1e-4)
        assert (after_grid.meter, len(after_grid.downbeats)) == (before_grid.meter, len(before_grid.downbeats))
    for style in ("march", "limp"):
        before, after = (each.style_statistics(style, "song 110") for each in (pool, loaded))
        assert before is not None and after is not None
        np.testing.assert_allclose(after.phases, before.phases, atol=1e-5)
        np.testing.assert_allclose(after.feet[4].mass, before.feet[4].mass, atol=1e-6)


@pytest.mark.parametrize("broken", ["arrays", "about", "measures", "shape", "object"])
def test_a_damaged_reference_is_one_line(broken: str, reference: Path, tmp_path: Path) -> None:
    for path in reference.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if broken == "arrays":
        (tmp_path / "reference.npz").write_bytes(b"PK\x03\x04 and no more")
    elif broken == "about":
        (tmp_path / "reference.json").write_text("[1]")
    elif broken == "measures":
        about = json.loads((tmp_path / "reference.json").read_text())
        (tmp_path / "reference.json").write_text(json.dumps(about | {"measures": ["speed"]}))
    else:
        with np.load(tmp_path / "reference.npz") as file:
            arrays = dict(file)
        arrays["values"] = np.array([{}], dtype=object) if broken == "object" else arrays["values"][:, :3]
        np.savez(tmp_path / "reference.npz", allow_pickle=True, **arrays)
    with pytest.raises(UserError, match="make-reference") as error:
        load_reference(tmp_path)
    assert "\n" not in str(error.value)


def test_the_shipped_reference_knows_the_styles_and_no_test_dance() -> None:
    from dancegen.evaluation.reference import shipped_reference
    from motionbeat.dances import TEST

    shipped = shipped_reference()
    assert {"cha-cha", "rumba", "tango", "waltz", "pop", "salsa", "indian", "modern"} <= set(shipped.styles)
    assert not {dance.name for dance in shipped.dances} & set(TEST)
    waltz = shipped.style_statistics("waltz")
    assert waltz is not None and set(waltz.feet) == {3}


# --- placement


def test_a_dance_is_placed_among_its_style(pool: MeasuredSet) -> None:
    big = repeated(pool, 3)
    motion = march(105, seed=11)
    found = place(motion, BeatGrid.steady(105, SECONDS), "march", big)
    standing = {each.name: each for each in found.standings}
    assert standing["plants_toward_style"].value > 0.9 and standing["speed"].pool == 9
    shaken = motion.trans + np.random.default_rng(0).normal(0, 0.01, motion.trans.shape).astype(np.float32)
    shaken_place = place(Motion(motion.poses, shaken, FPS), BeatGrid.steady(105, SECONDS), "march", big)
    assert {each.name: each.percentile for each in shaken_place.standings}["jerk"] == 100
    assert shaken_place.distances[0].value > found.distances[0].value
    assert found.distances[0].windows == 2
    text = json.dumps(found.as_dict(), allow_nan=False)
    assert "only indicative" in text


def test_a_dance_of_no_known_style_is_placed_among_all(pool: MeasuredSet) -> None:
    found = place(march(105), BeatGrid.steady(105, SECONDS), "tap", pool)
    standing = {each.name: each for each in found.standings}
    assert found.style == "" and standing["speed"].pool == 6
    assert math.isnan(standing["plants_toward_style"].value)
    assert json.loads(json.dumps(found.as_dict()))["measures"]["plants_toward_style"]["value"] is None


def repeated(pool: MeasuredSet, times: int) -> MeasuredSet:
    """The pool ``times`` over, so that there are pieces enough for percentiles."""
    count = len(pool.dances)

    def numbers(of: np.ndarray) -> np.ndarray:
        return np.concatenate([of + count * number for number in range(times)])

    def features(of: FeatureSet) -> FeatureSet:
        return FeatureSet(np.tile(of.kinetic, (times, 1)), np.tile(of.geometric, (times, 1)), np.tile(of.songs, times))

    return MeasuredSet(
        pool.dances * times,
        numbers(pool.piece_dance),
        pool.fits * times,
        np.tile(pool.values, (times, 1)),
        np.tile(pool.controls, (1, times, 1)),
        features(pool.windows),
        numbers(pool.window_dance),
        {name: features(each) for name, each in pool.legacy.items()},
        *(np.tile(each, (times, 1)) for each in (pool.legacy_scores, pool.legacy_chances, pool.variety)),
        pool.grids * times,
    )


# --- the command


def test_a_folder_of_dances_is_judged(reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = tmp_path / "dances"
    folder.mkdir()
    for tempo in (100, 118):
        for seed in (0, 1):
            grid = BeatGrid.steady(tempo, SECONDS)
            write_dance(folder / f"{tempo}-{seed}.npz", march(tempo, seed=seed), grid, seed=seed)
    out = tmp_path / "out"
    command = [str(folder), "--reference", str(reference), "--out", str(out)]
    assert evaluate.main(command) == 0
    assert "foot plants toward the style's beat phase: 0.9" in capsys.readouterr().out
    found = json.loads((out / "evaluation.json").read_text())
    assert found["dances"] == {"count": 4, "songs": 2} and found["styles"] == ["march"]
    lock = found["measures"]["plants_toward_style"]["dances"]
    assert lock["value"] > 0.9 > 0.4 > lock["controls"]["other song of the style"]["value"]
    assert lock["low_95"] <= lock["value"] <= lock["high_95"]
    assert abs(lock["controls"]["song of another style"]["value"]) < 0.4  # songs of the reference's limps
    assert found["variety"]["pose_m"]["dances"]["value"] > 0.001
    of_style, mean = (found["realism"][name]["dances"]["kernel_kinetic"] for name in ("march", "mean of styles"))
    assert mean["value"] == of_style["value"]
    assert len(found["each"]) == 4 and found["each"][1]["seed"] == 1
    page = (out / "evaluation.md").read_text()
    assert "bailando: 60 fps" in page and "lodge: 30 fps" in page and "KID_k" in page
    assert (out / "evaluation.png").read_bytes()[:4] == b"\x89PNG"
    assert evaluate.main(command) == 2
    assert "already exists. Add --force" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "Give motions, or --model"),
        (["gone"], "gone: no such file or folder"),
        (["short.npz"], "are too short to be judged"),
        (["lying.npz"], "joints must be y up"),
        (["silent.npz"], "holds no beats, and there is no song 'silent'"),
        (["text.npz"], "not a motion file"),
        (["good.npz", "--model", "."], "not both"),
        (["good.npz", "--songs", "a", "b"], "the one folder"),
        (["good.npz", "--songs", "gone"], "--songs gone: no such folder"),
        (["--model", "."], "--model wants --songs"),
        (["--songs", "."], "--songs wants --model"),
        (["--model", "empty", "--songs", "song.wav"], "model: empty has no folder"),
        (["--pairs", "empty"], "no pairs there"),
        (["--make-reference"], "--make-reference wants --pairs"),
        (["good.npz", "--seeds", "0"], "--seeds must be 1"),
        (["good.npz", "--reference", "empty"], "reference.json: no such file"),
        (["--split", "dev", "--pairs", "empty"], "invalid choice"),
    ],
)
def test_nonsense_is_one_line_and_leaves_nothing(
    arguments: list[str],
    expected: str,
    reference: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.npz").write_text("a poem")
    grid = BeatGrid.steady(120, SECONDS)
    write_dance(tmp_path / "good.npz", march(120), grid)
    write_dance(tmp_path / "short.npz", march(120, seconds=3), grid)
    write_dance(tmp_path / "silent.npz", march(120), None)
    lying = march(120)
    lying.poses[:, 0, 0] = np.pi / 2
    write_dance(tmp_path / "lying.npz", lying, grid)
    soundfile.write(tmp_path / "song.wav", np.zeros(22050), 22050)
    if "--reference" not in arguments:
        arguments = [*arguments, "--reference", str(reference)]
    try:
        status = evaluate.main([*arguments, "--out", "out"])
    except SystemExit as exit_:  # argparse's own way out
        status = exit_.code
    err = capsys.readouterr().err
    assert status == 2 and err.startswith("error: ") and err.count("\n") == 1 and expected in err
    assert not (tmp_path / "out").exists()


def test_what_lies_beside_a_motion_is_read(tmp_path: Path) -> None:
    grid = BeatGrid.steady(90, SECONDS, meter=3)
    write_dance(tmp_path / "tune.npz", march(90), grid, style="waltz", seed=4)
    write_dance(tmp_path / "other.npz", march(90), grid, style="salsa:0.6,pop:0.4")
    (tmp_path / "tune.dancer2.npz").write_bytes((tmp_path / "tune.npz").read_bytes())
    other, second, first = read_motions([tmp_path], None, None)
    assert (first.song, first.style, first.seed, first.grid.meter) == ("tune", "waltz", 4, 3)
    assert (second.song, second.seed) == ("tune", 5)
    assert other.style == ""  # a mix has no ground truth
    assert read_motions([tmp_path / "other.npz"], None, "pop")[0].style == "pop"


def test_a_motion_without_beats_is_read_with_its_song(tmp_path: Path) -> None:
    write_dance(tmp_path / "tune [live].npz", march(120), None)
    rate = 22050
    time = np.arange(int(SECONDS * rate)) / rate
    clicks = np.exp(-40 * (time % 0.5)) * np.sin(2 * np.pi * 80 * time)
    soundfile.write(tmp_path / "tune [live].wav", clicks, rate)
    (dance,) = read_motions([tmp_path / "tune [live].npz"], None, None)
    assert dance.grid.tempo == pytest.approx(120, rel=0.02)
    assert dance.grid.beats[-1] > SECONDS - 1


def test_a_generator_is_judged(reference: Path, tiny_models: Path, tmp_path: Path) -> None:
    rate = 22050
    time = np.arange(12 * rate) / rate
    clicks = np.exp(-40 * (time % 0.5)) * np.sin(2 * np.pi * 80 * time)
    soundfile.write(tmp_path / "song.wav", clicks, rate)
    (tmp_path / "songs.txt").write_text("song.wav\twaltz\n")
    command = ["--model", str(tiny_models), "--songs", str(tmp_path / "songs.txt"), "--seeds", "2", "--steps", "2"]
    command += ["--duration", "10", "--reference", str(reference), "--out", str(tmp_path / "out")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert evaluate.main(command) == 0
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert [(each["song"], each["seed"], each["style"]) for each in found["each"]] == [
        ("song", 0, "unknown"),  # the reference has no waltz: labels are taken off, and all its styles stand beside
        ("song", 1, "unknown"),
    ]
    assert found["ground_truth"]["count"] == 6
    assert any(name.startswith("denoiser/") for name in found["about"]["weights_sha256"])
    assert found["variety"]["trajectory_m"]["dances"]["value"] > 0.001
    (tmp_path / "songs.txt").write_text("song.wav\ttap\n")
    assert evaluate.main([*command, "--force"]) == 2


def write_pair(
    folder: Path, name: str, dance: str, style: str, split: str, song: str, tempo: float, seed: int
) -> None:
    motion = march(tempo, seed=seed)
    motion = Motion(motion.poses, motion.trans, FPS, np.ones((len(motion), 4), np.float32))
    grid = BeatGrid.steady(tempo, SECONDS)
    slots = slot_grid(grid)
    valid = np.ones(len(motion), dtype=bool)
    valid[60:70] = False
    Pair(
        name, dance, style, motion, valid, grid, slots, np.zeros((len(slots), TOKEN_DIM), np.uint8),
        np.zeros((len(PITCHES), len(slots), PULSE_TOKEN_DIM), np.float16), True, split, song,
    ).save(folder)  # fmt: skip


def test_a_generated_dance_is_judged_by_the_beats_that_are_known() -> None:
    heard, annotated = BeatGrid.steady(240.0, 20.0), BeatGrid.steady(120.0, 20.0, first_s=0.7)
    song, other = (JudgedDance(f"{name}, seed 0", name, "pop", march(120, seconds=8.0), heard) for name in "ab")
    truth = [
        JudgedDance("a", "song of a", "pop", march(120), annotated),
        JudgedDance("b", "b", "pop", march(120), annotated, laid=True),
    ]
    judged, known = by_known_beats([song, other], truth, start_s=4.0)
    assert known == 1 and judged[1].grid is heard
    np.testing.assert_allclose(judged[0].grid.beats % 0.5, 0.2, atol=1e-9)
    assert judged[0].grid.beats[0] < 0.5 and judged[0].grid.beats[-1] > 7.5
    np.testing.assert_allclose(judged[0].grid.downbeats % 2.0, 0.7, atol=1e-9)


def test_ground_truth_is_judged_and_made_into_a_reference(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = tmp_path / "pairs"
    folder.mkdir()
    write_pair(folder, "one", "one", "march", "train", "x", 100, 1)
    write_pair(folder, "one_0", "one", "march", "train", "another", 108, 1)  # the same dance on a further song
    write_pair(folder, "two", "two", "march", "train", "y", 112, 2)
    write_pair(folder, "open_0", "open", "folk", "train", "composed 1", 105, 3)
    write_pair(folder, "open_1", "open", "folk", "train", "composed 2", 120, 3)
    write_pair(folder, "held", "held", "march", "test", "z", 118, 4)
    write_pair(folder, "held2", "held2", "march", "test", "w", 103, 1)
    train = read_truth(folder, ["train"])
    assert [(dance.name, dance.source, dance.laid) for dance in train] == [
        ("open", "open", True), ("one", "x", False), ("two", "y", False),
    ]  # fmt: skip
    assert train[1].grid.tempo == 100

    made = ["--make-reference", "--pairs", str(folder), "--out", str(tmp_path / "reference")]
    assert evaluate.main(made) == 0
    assert [dance.name for dance in load_reference(tmp_path / "reference").dances] == ["open", "one", "two"]
    assert evaluate.main(made) == 2
    assert "already exists" in capsys.readouterr().err

    command = ["--pairs", str(folder), "--split", "test", "--reference", str(tmp_path / "reference")]
    assert evaluate.main([*command, "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert found["about"]["dances"] == "test dances of pairs" and found["laid_styles"] == []
    assert found["copies"]["copied"]["dances"]["value"] > 0.1
    assert evaluate.main([*command, "--out", str(tmp_path / "no"), "--split", "validation"]) == 2
    assert "no dances of the split validation" in capsys.readouterr().err


def test_copies_are_near_the_training_motion_and_a_dance_is_no_copy_of_itself() -> None:
    first = judged("a", "march", 100, seed=1, source="a")
    second = judged("b", "march", 100, LATE, seed=2, source="b")
    training = training_windows([first, second])
    copied = replace(first, name="copy", source="")
    assert copy_distances(copied, training).max() < 1e-3
    mirrored = replace(copied, motion=first.motion.mirrored())
    assert copy_distances(mirrored, training).max() < 1e-3
    assert copy_distances(first, training).min() > 1e-3


def test_statistics_of_nothing_are_none() -> None:
    assert StyleStatistics.of([]) is None
