"""Results of probes as Markdown tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from motionbeat.probe.protocol import Result
from motionbeat.probe.scores import Score, interval_of_mean
from motionbeat.probe.task import Task

PROTOCOL = (
    "Frozen features, standardised on training clips. Linear: logistic or ridge regression; mlp: one hidden layer of"
    " 512, mean of three seeds. Dances: one linear layer on each slot, or MotionBeat's audio tower (mlp), beside a"
    " motion tower that is trained anew with each of three seeds. View and settings are chosen on training data only."
    " In brackets 95 % bootstrap intervals over groups. Bold: the best, and those whose difference to it, clip by"
    " clip, has an interval that holds 0 (for tags: whose interval holds the best). Chance: the largest class, or"
    " ranking at random."
)

_NAMES = {
    "accuracy": "accuracy", "roc_auc": "ROC-AUC", "ap": "AP", "r2": "R2", "f_measure": "F",
    "cmlt": "CMLt", "amlt": "AMLt", "downbeat_f": "downbeat F",
    "in_time": "in time", "beat": "a beat off", "half_beat": "half a beat off", "stretch_3": "3 % off",
    "stretch_6": "6 % off", "stretch_10": "10 % off", "in_step": "other song, in step",
    "other_song": "other song, as it comes", "music_to_dance": "song R@1, music to dance",
    "dance_to_music": "song R@1, dance to music",
}  # fmt: skip


def as_markdown(tasks: Sequence[Task], results: Sequence[Result]) -> str:
    """An overview, rows encoders and columns tasks, for each head; then every task with all its scores."""
    lines = ["# What frozen encoders know", "", PROTOCOL, ""]
    for head in dict.fromkeys(result.head.split(",")[0] for result in results):
        lines += _overview(tasks, results, head)
    for task in tasks:
        own = [result for result in results if result.task == task.name]
        if own:
            lines += _details(task, own)
    return "\n".join(lines) + "\n"


def _overview(tasks: Sequence[Task], results: Sequence[Result], head: str) -> list[str]:
    columns: list[tuple[Task, str, str]] = []
    for task in tasks:
        decoders = dict.fromkeys(r.head for r in results if r.task == task.name and r.head.split(",")[0] == head)
        for own in decoders:
            metric = next(iter(next(r for r in results if r.task == task.name and r.head == own).scores))
            columns.append((task, own, metric))
    if not columns:
        return []
    titles = []
    for task, own, metric in columns:
        decoder = own.partition(", ")[2]
        notes = [note for note in (decoder, "rendered" if task.rendered else "") if note]
        titles.append(f"{task.title}{f' [{chr(44).join(notes)}]' if notes else ''}, {_NAMES[metric]}")
    lines = [f"## {head.capitalize()} head", "", "| encoder | " + " | ".join(titles) + " | CPU-s per minute |"]
    lines.append("| --- |" + " --- |" * (len(columns) + 1))
    encoders = list(dict.fromkeys(result.encoder for result in results))
    level = {(task.name, own): level_with_best([r for r in results if r.task == task.name and r.head == own])
             for task, own, _ in columns}  # fmt: skip
    for encoder in encoders:
        cells, costs = [], []
        for task, own, metric in columns:
            found = [r for r in results if (r.encoder, r.task, r.head) == (encoder, task.name, own)]
            cells.append(_cell(found[0].scores[metric], encoder in level[task.name, own]) if found else "-")
            costs += [r.cpu_s_per_min for r in found]
        if costs:
            lines.append(f"| {encoder} | " + " | ".join(cells) + f" | {np.median(costs):.2f} |")
    chances = []
    for task, own, metric in columns:
        found = [r for r in results if r.task == task.name and r.head == own]
        chances.append(f"{found[0].chance[metric]:.3f}" if metric in found[0].chance else "-")
    lines += ["| *chance* | " + " | ".join(chances) + " | |", ""]
    return lines


def _details(task: Task, results: Sequence[Result]) -> list[str]:
    rendered = " Rendered audio." if task.rendered else ""
    lines = [f"## {task.title[0].upper()}{task.title[1:]}", "", f"{task.source}{rendered}", ""]
    tested = results[0]
    lines += [f"{tested.clips} clips of {tested.groups} groups tested.", ""]
    metrics = list(results[0].scores)
    lines.append("| encoder | head | " + " | ".join(_NAMES[metric] for metric in metrics) + " | views chosen |")
    lines.append("| --- |" + " --- |" * (len(metrics) + 2))
    for result in results:
        views = ", ".join(f"{view} ({count})" for view, count in Counter(result.views).most_common())
        rows = [("", result.scores), *((f", {part}", scores) for part, scores in result.parts.items())]
        for suffix, scores in rows:
            cells = " | ".join(_cell(scores[metric], False) for metric in metrics)
            lines.append(f"| {result.encoder}{suffix} | {result.head} | {cells} | {views} |")
    if tested.chance:
        lines.append("| *chance* | | " + " | ".join(f"{tested.chance[metric]:.3f}" for metric in metrics) + " | |")
    return [*lines, ""]


def _cell(score: Score, bold: bool) -> str:
    if not math.isfinite(score.value):
        return "-"
    text = f"{score.value:.3f}"
    if bold:
        text = f"**{text}**"
    return f"{text} ({score.low:.3f}-{score.high:.3f})" if math.isfinite(score.low) else text


def level_with_best(results: Sequence[Result]) -> set[str]:
    """Of results of one task and head: the encoder with the best main score, and those that cannot be told from it."""
    there = [r for r in results if math.isfinite(_main(r).value)]
    if not there:
        return set()
    best = max(there, key=lambda r: _main(r).value)
    level = {best.encoder}
    for result in there:
        if result.encoder in level:
            continue
        if result.correct is None or best.correct is None or result.names != best.names:
            if _main(result).high >= _main(best).value:
                level.add(result.encoder)
            continue
        difference = np.array(best.correct) - np.array(result.correct)
        scored = np.isfinite(difference)
        if interval_of_mean(difference[scored], np.array(best.members)[scored]).low <= 0:
            level.add(result.encoder)
    return level


def _main(result: Result) -> Score:
    return next(iter(result.scores.values()))
