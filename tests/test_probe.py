"""The probe: tasks, folds, heads, protocol, scores, tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from motionbeat.errors import UserError
from motionbeat.probe import heads, protocol, scores
from motionbeat.probe.exchange import Features, Header
from motionbeat.probe.folds import FOLDS, folds_of
from motionbeat.probe.heads import HiddenLayer, MlpSetting, fit_linear, fit_mlp, linear_outputs, mlp_outputs
from motionbeat.probe.protocol import best_view, probe
from motionbeat.probe.results import as_json, load_results, save_results
from motionbeat.probe.scores import METRICS, interval_of_mean, with_interval
from motionbeat.probe.table import as_markdown, level_with_best
from motionbeat.probe.task import Kind, Label, LabelledClip, Listening, Task

CLASSES = ("a", "b", "c")


def _task(labels: list[Label], groups: list[str], kind: Kind = Kind.CLASS, splits: list[str] | None = None) -> Task:
    clips = tuple(
        LabelledClip(
            f"clip{i}",
            Path("none.wav"),
            label,
            group,
            splits[i] if splits else None,
            part="even" if i % 2 == 0 else "odd",
        )
        for i, (label, group) in enumerate(zip(labels, groups, strict=True))
    )
    return Task("toy", "toy", kind, clips, CLASSES, Listening.MUSIC, False, "Made up.")


def _class_task(count: int = 120, clips_a_group: int = 4) -> Task:
    rng = np.random.default_rng(0)
    return _task([CLASSES[i] for i in rng.integers(3, size=count)], [f"g{i // clips_a_group}" for i in range(count)])


def _features(task: Task, **vectors: np.ndarray) -> Features:
    header = Header("toy encoder", "1", "a toy", task.name, task.digest, 2.0, 60.0)
    return Features(header, {name: x.astype(np.float32) for name, x in vectors.items()}, {})


def _planted(task: Task, noise: float, width: int = 8) -> np.ndarray:
    """Features in which the class shows, at an odd scale."""
    rng = np.random.default_rng(1)
    shown = np.eye(width)[task.targets()]
    return 1000.0 * (shown + noise * rng.normal(size=(len(task.clips), width))) + 5000.0


def _noise(task: Task, width: int = 8) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(len(task.clips), width))


@pytest.fixture(autouse=True)
def quick_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SETTINGS", (MlpSetting(5e-3, 0.0),))
    monkeypatch.setattr(heads, "MOST_EPOCHS", 20)
    monkeypatch.setattr(scores, "RESAMPLES", 50)


def test_folds_tear_no_group_apart_and_test_every_clip_once() -> None:
    task = _class_task()
    folds = folds_of(task)
    assert len(folds) == FOLDS
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(len(task.clips)))
    for fold in folds:
        assert not set(task.groups[fold.train]) & set(task.groups[fold.test])
        for fit, judge in fold.choices:
            assert not set(task.groups[fit]) & set(task.groups[judge])
            assert not {*fit.tolist(), *judge.tolist()} & set(fold.test.tolist())


def test_official_splits_are_kept() -> None:
    splits = ["train"] * 6 + ["validation"] * 3 + ["test"] * 3
    (fold,) = folds_of(_task(["a", "b", "c"] * 4, [str(i) for i in range(12)], splits=splits))
    assert fold.train.tolist() == list(range(6))
    assert [part.tolist() for part in fold.choices[0]] == [list(range(6)), [6, 7, 8]]
    assert fold.test.tolist() == [9, 10, 11]


def test_without_official_validation_choices_are_made_in_the_training_part() -> None:
    labels: list[Label] = [CLASSES[i % 3] for i in range(40)]
    task = _task(labels, [str(i // 2) for i in range(40)], splits=["train"] * 30 + ["test"] * 10)
    (fold,) = folds_of(task)
    assert all(max(judge) < 30 for _, judge in fold.choices)


def test_too_few_groups_and_empty_splits_are_one_line() -> None:
    with pytest.raises(UserError, match="3 groups"):
        folds_of(_task(["a", "b", "c"], ["1", "2", "3"]))
    with pytest.raises(UserError, match="no clips to test on"):
        folds_of(_task(["a", "b", "c"], ["1", "2", "3"], splits=["train"] * 3))
    with pytest.raises(UserError, match="at most 3 clips in all in a class"):
        folds_of(_task(["a", "b", "c"] * 3, [str(i) for i in range(9)]))


def test_five_groups_are_enough() -> None:
    folds = folds_of(_task([CLASSES[i % 3] for i in range(60)], [str(i % 5) for i in range(60)]))
    assert [len(fold.choices) for fold in folds] == [3] * 5
    for fold in folds:
        assert all(set(fit) | set(judge) <= set(fold.train.tolist()) for fit, judge in fold.choices)


def test_tasks_refuse_labels_splits_and_names_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        _task(["z"], ["1"])
    with pytest.raises(ValueError, match="does not fit"):
        _task([(1.0, float("nan"), 0.0)], ["1"], Kind.VALUES)
    with pytest.raises(ValueError, match="either all clips"):
        divided = LabelledClip("x", Path("x"), "a", "1", "train"), LabelledClip("y", Path("x"), "a", "1")
        Task("toy", "toy", Kind.CLASS, divided, CLASSES, Listening.MUSIC, False, "")
    clip = LabelledClip("x", Path("x"), "a", "1")
    with pytest.raises(ValueError, match="called x"):
        Task("toy", "toy", Kind.CLASS, (clip, clip), CLASSES, Listening.MUSIC, False, "")


def test_planted_classes_are_found_and_noise_is_chance() -> None:
    task = _class_task()
    clear = {result.head: result for result in probe(task, _features(task, x=_planted(task, 0.1)))}
    blind = {result.head: result for result in probe(task, _features(task, x=_noise(task)))}
    for head in ("linear", "mlp"):
        assert clear[head].scores["accuracy"].value > 0.98
        assert abs(blind[head].scores["accuracy"].value - 1 / 3) < 0.15
        assert blind[head].scores["accuracy"].low < blind[head].scores["accuracy"].value < 0.5
        assert clear[head].clips == len(task.clips)
        assert clear[head].groups == 30
        assert set(clear[head].parts) == {"even", "odd"}
        assert clear[head].cpu_s_per_min == pytest.approx(2.0)


def test_a_group_that_gives_itself_away_helps_nobody() -> None:
    """Features that name the group predict its clips' label in random folds, but not in grouped ones."""
    rng = np.random.default_rng(3)
    of_group = rng.integers(3, size=40)
    groups = np.repeat(np.arange(40), 4)
    task = _task([CLASSES[of_group[group]] for group in groups], [str(group) for group in groups])
    name = rng.normal(size=(40, 30))[groups]
    (result,) = probe(task, _features(task, x=name), ("linear",))
    assert result.scores["accuracy"].value < 0.55


def test_the_view_is_chosen_on_training_data_and_named() -> None:
    task = _class_task()
    for result in probe(task, _features(task, noise=_noise(task), told=_planted(task, 0.3))):
        assert result.views == ("told",) * FOLDS


def test_the_test_part_has_no_say_in_the_choice_of_view() -> None:
    """A view that is perfect on the test clips and noise elsewhere is not chosen."""
    task = _class_task()
    fold = folds_of(task)[0]
    cheat = _noise(task)
    cheat[fold.test] = 10 * np.eye(8)[task.targets()[fold.test]]
    views = {"cheat": cheat.astype(np.float32), "fair": _planted(task, 0.5).astype(np.float32)}
    assert best_view(task, views, task.targets(), fold) == "fair"


def test_heads_standardise_by_what_they_are_fitted_on() -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(60, 5)) * 1e4 + 3e4).astype(np.float32)
    y = (x[:, 0] > 3e4).astype(np.int64)
    head = fit_linear(Kind.CLASS, 1.0, x, y)
    np.testing.assert_allclose(head[0].mean_, x.mean(axis=0), rtol=1e-5)
    trained = fit_mlp(Kind.CLASS, MlpSetting(1e-3, 0.0), 0, 2, (x[:40], y[:40]), (x[40:], y[40:]))
    np.testing.assert_allclose(trained.network.mean.numpy(), x[:40].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(trained.network.deviation.numpy(), x[:40].std(axis=0), rtol=1e-4)


def test_a_dimension_that_never_changes_does_no_harm() -> None:
    constant = HiddenLayer(np.ones(3), np.zeros(3), 2)
    assert constant.deviation.tolist() == [1, 1, 1]


def test_mlp_seeds_repeat_and_differ_and_leave_the_generator_alone() -> None:
    import torch

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)).astype(np.float32), rng.integers(2, size=50)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    said = [
        mlp_outputs(
            Kind.CLASS, fit_mlp(Kind.CLASS, MlpSetting(1e-3, 0.0), seed, 2, (x[:40], y[:40]), (x[40:], y[40:])), x
        )
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(said[0], said[1])
    assert np.abs(said[0] - said[2]).max() > 1e-4
    assert torch.equal(before, torch.get_rng_state())


def test_classes_that_a_fold_never_shows_get_no_probability() -> None:
    x = np.arange(20.0)[:, None]
    head = fit_linear(Kind.CLASS, 1.0, x, np.array([0] * 10 + [2] * 10))
    outputs = linear_outputs(Kind.CLASS, head, x, 3)
    assert outputs.shape == (20, 3)
    assert (outputs[:, 1] == 0).all()
    assert outputs[-1].argmax() == 2


def test_planted_tags_and_values() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(120, 3))
    groups = [str(i // 3) for i in range(120)]
    x = hidden @ rng.normal(size=(3, 6)) + 0.05 * rng.normal(size=(120, 6))
    tags = _task(
        [frozenset(c for c, h in zip(CLASSES, row, strict=True) if h > 0.3) for row in hidden], groups, Kind.TAGS
    )
    values = _task([tuple(50 + 10 * row) for row in hidden], groups, Kind.VALUES)
    for result in probe(tags, _features(tags, x=x)):
        assert result.scores["roc_auc"].value > 0.97
        assert result.chance["roc_auc"] == 0.5
        assert result.correct is None
    for result in probe(values, _features(values, x=x)):
        assert result.scores["r2"].value > 0.9


def test_a_tag_that_all_clips_of_a_draw_have_is_left_out() -> None:
    target = np.array([[1, 1], [1, 0], [1, 1], [1, 0]], dtype=np.float32)
    output = np.array([[0.1, 0.9], [0.2, 0.1], [0.3, 0.8], [0.4, 0.2]])
    assert METRICS[Kind.TAGS]["roc_auc"](target, output) == 1.0


def test_roc_auc_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    target, output = rng.integers(2, size=(50, 4)).astype(np.float32), rng.integers(8, size=(50, 4)) / 8
    ours = METRICS[Kind.TAGS]["roc_auc"](target, output)
    assert ours == pytest.approx(roc_auc_score(target, output, average="macro"))


def test_intervals_are_over_groups() -> None:
    rng = np.random.default_rng(0)
    of_group = rng.integers(2, size=20).astype(float)
    values, groups = np.repeat(of_group, 50), np.repeat(np.arange(20), 50)
    wide = interval_of_mean(values, groups)
    narrow = interval_of_mean(values, np.arange(1000))
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
    assert wide.low <= wide.value <= wide.high
    alone = interval_of_mean(values, np.zeros(1000))
    assert np.isnan(alone.low)


def test_scores_over_seeds_are_means() -> None:
    target = np.array([0, 1, 0, 1])
    right, wrong = np.eye(2)[target], np.eye(2)[1 - target]
    score = with_interval(METRICS[Kind.CLASS]["accuracy"], target, [right, wrong], np.arange(4))
    assert score.value == 0.5


def test_results_come_back_from_disk_only_for_the_same_features_and_labels(tmp_path: Path) -> None:
    task = _class_task()
    features = _features(task, x=_planted(task, 0.5))
    results = probe(task, features, ("linear",))
    path = tmp_path / "toy encoder" / "toy.json"
    save_results(path, features.header, task, results)
    assert load_results(path, features.header, task) == results
    other = Header("toy encoder", "2", "a toy", task.name, task.digest, 2.0, 60.0)
    assert load_results(path, other, task) == []
    assert load_results(path, features.header, _class_task(clips_a_group=2)) == []
    path.write_text("{", encoding="utf-8")
    assert load_results(path, features.header, task) == []


def test_tables_name_chance_views_ties_and_rendered_sound() -> None:
    task = _class_task()
    rendered = Task("toy", "toy", task.kind, task.clips, CLASSES, Listening.MUSIC, True, "Made up.")
    results = []
    for name, x in (("good", _planted(task, 0.05)), ("as good", _planted(task, 0.05)), ("deaf", _noise(task))):
        features = _features(task, x=x)
        header = Header(name, "1", "", "toy", task.digest, 1.0, 60.0)
        results += probe(rendered, Features(header, features.vectors, {}), ("linear",))
    assert level_with_best(results) == {"good", "as good"}
    text = as_markdown([rendered], results)
    assert "toy [rendered], accuracy" in text
    assert "| good | **" in text
    assert "| deaf | **" not in text
    assert "| *chance* | 0." in text
    assert "x (5)" in text
    assert as_json([rendered], results)["tasks"]["toy"]["rendered"] is True
