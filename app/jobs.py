"""One visitor's job: it waits its turn, is done by the worker, and can be watched, stopped and timed out.

A handler of the page is a generator that asks :meth:`Job.updates` how far the work is. When the visitor cancels or
goes away, Gradio closes the generator; the job's context ends, and the work stops within :data:`app.worker.STOP_S`.
Files lie in a folder that goes with the job.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from app.limits import STAGE_SECONDS
from app.work import Stopped, Update, Work
from app.worker import WORKER, Worker
from motionbeat.errors import UserError

POLL_S = 0.2
"""Time between two looks at a job, seconds."""

SAY_S = 1.0
"""Longest time between two updates, seconds: with each, Gradio may end the handler of a visitor who has gone away."""

Result = TypeVar("Result", covariant=True)


class Job(Generic[Result]):
    """Work begun when the context is entered, and stopped when it is left.

    >>> with Job(work) as job:
    ...     for update in job.updates():
    ...         show(update)
    ...     show(job.result())
    """

    def __init__(
        self, work: Work[Result], stage_seconds: dict[str, float] = STAGE_SECONDS, worker: Worker = WORKER
    ) -> None:
        self._work = work
        self._worker = worker
        self._stage_seconds = stage_seconds
        self._left = threading.Event()
        self._finished = threading.Event()
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._update = Update("waiting", 0, 1)
        self._stage_began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="job", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Gradio leaves on its event loop: nothing may be waited for here. The thread removes its own folder.
        self._left.set()

    def updates(self) -> Iterator[Update]:
        """How far the work is, at once, whenever that has changed (as seen every :data:`POLL_S` seconds) and at least
        every :data:`SAY_S` seconds, until it is done or has failed."""
        said, at = self._update, time.monotonic()
        yield said
        while not self._finished.wait(POLL_S):
            # each costs the server as much as a small request
            if self._update != said or time.monotonic() - at >= SAY_S:
                said, at = self._update, time.monotonic()
                yield said

    def result(self) -> Result:
        """What the work has returned. Files of it go when the context is left.

        Raises:
            UserError: what the work raised, or a stage that took too long.
        """
        if self._error is not None:
            raise self._error
        return self._results[0]

    @property
    def thread(self) -> threading.Thread:
        """Waits for the work; ends soon after the context is left."""
        return self._thread

    def _run(self) -> None:
        with tempfile.TemporaryDirectory(prefix="motionbeat-") as folder:
            try:
                with self._turn():
                    self._results.append(self._worker.run(self._work, Path(folder), self._tell))
            except Stopped:
                pass
            except BaseException as error:  # the visitor's handler raises it
                self._error = error
            self._finished.set()
            self._left.wait()

    def _tell(self, stage: str, done: int, total: int) -> None:
        if self._left.is_set():
            raise Stopped
        if stage != self._update.stage:
            self._stage_began = time.monotonic()
        self._update = Update(stage, done, total)
        limit = self._stage_seconds[stage]
        if time.monotonic() - self._stage_began > limit:
            raise UserError(
                f"The stage '{stage}' took longer than {limit:g} s and was stopped. Ask for less: a shorter part, "
                "fewer variations, a smaller picture; or come back when fewer people are here."
            )

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One's turn with the worker, once the job before has let go of it."""
        while not self._worker.turn.acquire(timeout=POLL_S):
            self._tell("waiting", 0, 1)
        try:
            yield
        finally:
            self._worker.turn.release()
