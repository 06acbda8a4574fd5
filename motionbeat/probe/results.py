"""Results of probes on disk: one JSON file for each encoder and task, so that a table is filled bit by bit."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from motionbeat.output import StagedFiles
from motionbeat.probe.exchange import Header
from motionbeat.probe.protocol import Result
from motionbeat.probe.scores import Score
from motionbeat.probe.table import PROTOCOL
from motionbeat.probe.task import Task

FORMAT = "motionbeat-probe-results-1"


def save_results(path: Path, header: Header, task: Task, results: Sequence[Result]) -> None:
    """Write the results of one encoder on one task, in place of older ones.

    Raises:
        UserError: the folder cannot be written.
    """
    content = {
        "format": FORMAT,
        "features": asdict(header),
        "labels": task.label_digest,
        "results": [asdict(result) for result in results],
    }
    with StagedFiles([path], force=True) as files:
        files.paths[0].write_text(json.dumps(_without_nan(content), indent=1) + "\n", encoding="utf-8")
        files.commit()


def load_results(path: Path, header: Header, task: Task) -> list[Result]:
    """What :func:`save_results` wrote for the same features and labels; nothing where it is something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = content["format"], content["features"], content["labels"]
        if known != (FORMAT, asdict(header), task.label_digest):
            return []
        return [_result(each) for each in content["results"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # a result is cheaper to make anew than to mend
        return []


def as_json(tasks: Sequence[Task], results: Sequence[Result]) -> dict[str, Any]:
    """Everything that was measured, and what the tasks are; numbers that are not there are null."""
    about = {
        task.name: {
            "title": task.title,
            "kind": str(task.kind),
            "listening": str(task.listening),
            "rendered": task.rendered,
            "clips": len(task.clips),
            "classes": list(task.classes),
            "source": task.source,
            "digest": task.digest,
        }
        for task in tasks
    }
    content: dict[str, Any] = _without_nan(
        {"format": FORMAT, "protocol": PROTOCOL, "tasks": about, "results": [asdict(result) for result in results]}
    )
    return content


def _result(given: dict[str, Any]) -> Result:
    fields = dict(given)
    fields["scores"] = _scores(given["scores"])
    fields["parts"] = {part: _scores(scores) for part, scores in given["parts"].items()}
    if given["correct"] is not None:
        fields["correct"] = tuple(math.nan if value is None else float(value) for value in given["correct"])
    for name in ("views", "settings", "names", "members"):
        fields[name] = tuple(given[name])
    return Result(**fields)


def _scores(given: dict[str, dict[str, float | None]]) -> dict[str, Score]:
    return {
        metric: Score(*(math.nan if score[name] is None else score[name] for name in ("value", "low", "high")))  # type: ignore[arg-type]
        for metric, score in given.items()
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return value
