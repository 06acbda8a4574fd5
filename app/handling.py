"""How a handler of the page waits for its job: progress while it works, plain words when it cannot."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from app.jobs import Job
from app.progress import bar, trouble, without_paths
from app.work import Work
from app.worker import WORKER, Worker
from motionbeat.errors import UserError

Result = TypeVar("Result")
Shown = dict[Any, Any]

SORRY = "Something went wrong on the server, and it has been noted there. Try again, or try another song."

CROWDED = "Nothing was begun: too many people are waiting. Try again in some minutes."
"""For visitors whom a full queue has refused, of which their handler knows nothing."""


def watched(
    prepare: Callable[[], Work[Result]],
    show: Callable[[Result], Shown],
    status: gr.HTML,
    idle: Shown,
    files: tuple[str | None, ...],
) -> Iterator[Shown]:
    """Do some work and show how far it is, then its result, or what is wrong.

    Args:
        prepare: looks at what the visitor gave and says what is to be done.
        show: from the result to updates of components, which are sent before the files of the job go.
        status: shows progress and errors.
        idle: updates after the work, however it ended.
        files: paths of what the visitor gave, to be left out of messages.
    """
    try:
        with Job(prepare()) as job:
            for update in job.updates():
                yield {status: bar(update)}
            yield show(job.result()) | idle
    except UserError as error:
        yield {status: trouble(without_paths(error, *files))} | idle
    except Exception:
        traceback.print_exc()
        yield {status: trouble(SORRY)} | idle


def for_program(
    prepare: Callable[[], Work[Result]],
    show: Callable[[Result], Any],
    files: tuple[str | None, ...],
    worker: Worker = WORKER,
) -> Iterator[Any]:
    """The same for a program that calls the API: steps without a value, then the result. ``worker`` does the work.

    Raises:
        gradio.Error: with the message of the :class:`UserError` that stopped the work.
    """
    try:
        with Job(prepare(), worker=worker) as job:
            for _ in job.updates():
                yield gr.skip()
            yield show(job.result())
    except UserError as error:
        raise gr.Error(without_paths(error, *files), print_exception=False) from None


def given(path: str | None, what: str) -> Path:
    """The path of a file that must have been chosen.

    Raises:
        UserError: it was not.
    """
    if not path:
        raise UserError(f"Choose {what} first.")
    return Path(path)
