"""The probe of a task about whole clips: choose a view and settings on training data, fit, and score on test data.

For every fold: (1) each view of the encoder is judged by a ridge regression on the fold's choices (parts of the
training data), and the best is taken; (2) the strength of the linear head is chosen for it likewise, and the head is
fitted on all training clips; (3) for the head with a hidden layer the setting is chosen on the first choice, which is
also what stops it early, and it is trained from three seeds. Test clips are looked at once, by the fitted heads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motionbeat.probe.exchange import Features
from motionbeat.probe.folds import Fold, folds_of
from motionbeat.probe.heads import (
    SETTINGS,
    STRENGTHS,
    fit_linear,
    fit_mlp,
    fit_quickly,
    linear_outputs,
    mlp_outputs,
)
from motionbeat.probe.scores import METRICS, Score, chance, with_interval
from motionbeat.probe.task import Kind, LabelledClip, Task

SEEDS = (0, 1, 2)
HEADS = ("linear", "mlp")


@dataclass(frozen=True)
class Result:
    """What one head on one encoder's features tells.

    Attributes:
        encoder, task: names.
        head: one of :data:`HEADS`, for beats with a decoder (:mod:`motionbeat.probe.beat_probe`), for dances with what
            it is there (:mod:`motionbeat.probe.dance_probe`).
        scores: by metric, the main one first.
        chance: what is got without listening, where that is defined.
        views: what was chosen, for each fold.
        settings: of the head, for each fold.
        clips: how many were tested; of dances the songs, here and below.
        groups: how many groups they are.
        cpu_s_per_min: CPU seconds of the encoder per minute of sound.
        parts: the scores of the task's named parts.
        correct: (clips,) main score of each tested clip where it is a mean over clips, in the order of ``names``; to
            compare encoders clip by clip.
        names: (clips,) of the tested clips.
        members: (clips,) their groups.
    """

    encoder: str
    task: str
    head: str
    scores: dict[str, Score]
    chance: dict[str, float]
    views: tuple[str, ...]
    settings: tuple[str, ...]
    clips: int
    groups: int
    cpu_s_per_min: float
    parts: dict[str, dict[str, Score]]
    correct: tuple[float, ...] | None
    names: tuple[str, ...]
    members: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Outputs (m, classes) for a fold's test clips, one for each seed, and what was chosen for them."""

    outputs: list[np.ndarray]
    view: str
    setting: str


def probe(task: Task, features: Features, heads: Sequence[str] = HEADS) -> list[Result]:
    """Probe an encoder on a task about whole clips.

    Args:
        task: of any kind but beats.
        features: of its clips.
        heads: which of :data:`HEADS`.

    Raises:
        UserError: the task's clips cannot be divided (:func:`motionbeat.probe.folds.folds_of`).
    """
    folds = folds_of(task)
    target = task.targets()
    fitted: dict[str, list[_Fitted]] = {head: [] for head in heads}
    for fold in folds:
        wanted, restore = _scaled(task.kind, target, fold.train)
        view = best_view(task, features.vectors, wanted, fold)
        x = features.vectors[view]
        if "linear" in heads:
            fitted["linear"].append(_linear(task, view, x, wanted, fold))
        if "mlp" in heads:
            fitted["mlp"].append(_mlp(task, view, x, wanted, fold))
        for each in fitted.values():
            each[-1] = replace(each[-1], outputs=[restore(output) for output in each[-1].outputs])
    return [_result(task, features, head, folds, fitted[head], target) for head in heads]


def best_view(task: Task, vectors: dict[str, np.ndarray], target: np.ndarray, fold: Fold) -> str:
    """The view whose ridge regression does best on the fold's choices; the first of equals."""
    if len(vectors) == 1:
        return next(iter(vectors))
    kind, classes = task.kind, len(task.classes)

    def judged(view: str) -> float:
        x = vectors[view]

        def outputs(fit: np.ndarray, judge: np.ndarray) -> np.ndarray:
            return fit_quickly(kind, x[fit], target[fit], classes).predict(x[judge]).reshape(len(judge), classes)

        return _mean_metric(kind, target, fold, outputs)

    return max(vectors, key=judged)


def _mean_metric(
    kind: Kind, target: np.ndarray, fold: Fold, outputs: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> float:
    """Main metric, mean over the fold's choices, of what ``outputs`` makes of (clips to fit on, clips to judge on)."""
    metric = next(iter(METRICS[kind].values()))
    return float(np.mean([metric(target[judge], outputs(fit, judge)) for fit, judge in fold.choices]))


def _linear(task: Task, view: str, x: np.ndarray, target: np.ndarray, fold: Fold) -> _Fitted:
    kind, classes = task.kind, len(task.classes)

    def judged(strength: float) -> float:
        return _mean_metric(
            kind,
            target,
            fold,
            lambda fit, judge: linear_outputs(
                kind, fit_linear(kind, strength, x[fit], target[fit]), x[judge], classes
            ),
        )

    strength = max(STRENGTHS, key=judged)
    head = fit_linear(kind, strength, x[fold.train], target[fold.train])
    return _Fitted([linear_outputs(kind, head, x[fold.test], classes)], view, f"strength {strength:g}")


def _mlp(task: Task, view: str, x: np.ndarray, target: np.ndarray, fold: Fold) -> _Fitted:
    fit, judge = fold.choices[0]
    parts = ((x[fit], target[fit]), (x[judge], target[judge]))
    tried = {setting: fit_mlp(task.kind, setting, SEEDS[0], len(task.classes), *parts) for setting in SETTINGS}
    setting = min(tried, key=lambda each: tried[each].loss)
    trained = [tried[setting]]
    trained += [fit_mlp(task.kind, setting, seed, len(task.classes), *parts) for seed in SEEDS[1:]]
    outputs = [mlp_outputs(task.kind, head, x[fold.test]) for head in trained]
    return _Fitted(outputs, view, f"rate {setting.rate:g}, decay {setting.decay:g}")


def _scaled(
    kind: Kind, target: np.ndarray, train: np.ndarray
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Values standardised by the training clips, and the way back; other targets as they are."""
    if kind is not Kind.VALUES:
        return target, lambda output: output
    mean, deviation = target[train].mean(axis=0), np.maximum(target[train].std(axis=0), 1e-9)
    return ((target - mean) / deviation).astype(np.float32), lambda output: output * deviation + mean


def _result(
    task: Task, features: Features, head: str, folds: Sequence[Fold], fitted: Sequence[_Fitted], target: np.ndarray
) -> Result:
    tested = np.concatenate([fold.test for fold in folds])
    seeds = len(fitted[0].outputs)
    outputs = [np.concatenate([each.outputs[seed] for each in fitted]) for seed in range(seeds)]
    truth, groups = target[tested], task.groups[tested]
    clips = [task.clips[index] for index in tested]
    metrics = METRICS[task.kind]
    scores = {name: with_interval(metric, truth, outputs, groups) for name, metric in metrics.items()}
    parts = {}
    for part, index in named_parts(clips).items():
        chosen = [output[index] for output in outputs]
        parts[part] = {
            name: with_interval(metric, truth[index], chosen, groups[index]) for name, metric in metrics.items()
        }
    correct = None
    if task.kind is Kind.CLASS:
        correct = tuple(np.mean([output.argmax(axis=1) == truth for output in outputs], axis=0).tolist())
    return Result(
        features.header.encoder,
        task.name,
        head,
        scores,
        chance(task.kind, truth),
        tuple(each.view for each in fitted),
        tuple(each.setting for each in fitted),
        len(tested),
        len(np.unique(groups)),
        features.header.cpu_s_per_min,
        parts,
        correct,
        tuple(clip.name for clip in clips),
        tuple(groups.tolist()),
    )


def named_parts(clips: Sequence[LabelledClip]) -> dict[str, np.ndarray]:
    """Numbers of the clips of each named part."""
    names = sorted({clip.part for clip in clips if clip.part})
    return {name: np.array([index for index, clip in enumerate(clips) if clip.part == name]) for name in names}
