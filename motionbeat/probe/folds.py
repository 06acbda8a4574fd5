"""How clips are divided: the data set's own split, or five folds that tear no group apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from motionbeat.errors import UserError
from motionbeat.probe.task import Kind, Task

FOLDS = 5
_FEWEST = 2
_TO_CHOOSE_ON = 3  # of the inner folds: the others would cost more than they tell


@dataclass(frozen=True, eq=False)
class Fold:
    """Numbers of clips.

    Attributes:
        train: (n,) what the probe is trained on in the end.
        choices: pairs of (fitted on, judged on), all within the training data or the data set's own validation part:
            what views and settings are chosen on.
        test: (m,) what it is tested on.
    """

    train: np.ndarray
    choices: tuple[tuple[np.ndarray, np.ndarray], ...]
    test: np.ndarray


def folds_of(task: Task) -> list[Fold]:
    """One fold for a task with official splits, else :data:`FOLDS`; always the same for the same clips.

    Without an official validation part, choices are made on inner folds of the training part, grouped like the outer
    ones.

    Raises:
        UserError: there is nothing to train or to test on, or there are too few groups.
    """
    splits = {clip.split for clip in task.clips}
    if splits == {None}:
        everything = np.arange(len(task.clips))
        return [Fold(train, _inner(task, train), test) for train, test in _grouped(task, everything, "clips in all")]
    by_split = {name: _of_split(task, name) for name in ("train", "validation", "test")}
    if not len(by_split["train"]) or not len(by_split["test"]):
        raise UserError(f"{task.name}: no clips to {'train' if not len(by_split['train']) else 'test'} on.")
    train = by_split["train"]
    choices = ((train, by_split["validation"]),) if len(by_split["validation"]) else _inner(task, train)
    return [Fold(train, choices, by_split["test"])]


def _of_split(task: Task, name: str) -> np.ndarray:
    return np.array([index for index, clip in enumerate(task.clips) if clip.split == name], dtype=np.int64)


def _inner(task: Task, train: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Where the training part has fewer groups than :data:`FOLDS`, as many folds as it has groups."""
    folds = min(FOLDS, max(_FEWEST, len(np.unique(task.groups[train]))))
    return tuple(_grouped(task, train, "clips to train on", folds)[:_TO_CHOOSE_ON])


def _grouped(task: Task, among: np.ndarray, what: str, folds: int = FOLDS) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rest, fold) of grouped folds of the clips ``among``; classes as even as groups allow."""
    groups = task.groups[among]
    count = len(np.unique(groups))
    if count < folds:
        raise UserError(f"{task.name}: {count} groups of {what}; {folds} folds need at least {folds}.")
    labels: Sequence[str] = [str(task.clips[index].label) for index in among]
    if task.kind is Kind.CLASS:
        most = max(Counter(labels).values())
        if most < folds:
            raise UserError(f"{task.name}: at most {most} {what} in a class; {folds} folds need at least {folds}.")
        parts = StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(groups, labels, groups)
    else:
        parts = GroupKFold(folds, shuffle=True, random_state=0).split(groups, groups=groups)
    return [(among[rest], among[fold]) for rest, fold in parts]
