"""One visitor's job: in a thread of its own, so that it can be watched, stopped and timed out.

A handler of the page is a generator that asks :meth:`Job.updates` how far the work is. When the visitor cancels or
goes away, Gradio closes the generator; the job's context ends, and the work stops where it next says how far it is
(between denoising steps and between frames). Files lie in a folder that goes with the job.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from app.limits import STAGE_SECONDS
from motionbeat.errors import UserError

POLL_S = 0.2
"""Time between two looks at a job, seconds."""

GRACE_S = 10.0
"""A stage that is this much over its time and does not say how far it is has hung: its visitor waits no longer."""

WORK = threading.Lock()
"""Held by the one who works: a dance uses every core. A stopped job lets go of it within moments of being stopped."""

Result = TypeVar("Result", covariant=True)


@dataclass(frozen=True)
class Update:
    """How far a job is: its stage of :data:`~app.limits.STAGE_SECONDS`, and ``done`` of ``total`` units of work."""

    stage: str
    done: int
    total: int


class Tell(Protocol):
    """Is told how far the work is, as :class:`dancegen.song_to_video.Progress`; raises to stop it."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


class Work(Protocol[Result]):
    """What a job does, given an empty folder for its files."""

    def __call__(self, folder: Path, tell: Tell) -> Result: ...


class Stopped(Exception):
    """Ends the work of a job that nobody waits for."""


class Job(Generic[Result]):
    """Work begun when the context is entered, and stopped when it is left.

    >>> with Job(work) as job:
    ...     for update in job.updates():
    ...         show(update)
    ...     show(job.result())
    """

    def __init__(self, work: Work[Result], stage_seconds: dict[str, float] = STAGE_SECONDS) -> None:
        self._work = work
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
        """How far the work is, at once and then every :data:`POLL_S` seconds, until it is done or has failed.

        Raises:
            UserError: the work has hung.
        """
        yield self._update
        while not self._finished.wait(POLL_S):
            update = self._update
            self._check_time(update.stage, GRACE_S)
            yield update

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
        """Where the work runs; ends soon after the context is left."""
        return self._thread

    def _run(self) -> None:
        with tempfile.TemporaryDirectory(prefix="motionbeat-") as folder:
            try:
                with _turn(self._tell):
                    self._results.append(self._work(Path(folder), self._tell))
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
        self._check_time(stage, 0.0)

    def _check_time(self, stage: str, grace_s: float) -> None:
        limit = self._stage_seconds[stage]
        if time.monotonic() - self._stage_began > limit + grace_s:
            raise UserError(
                f"The stage '{stage}' took longer than {limit:g} s and was stopped. Ask for less: a shorter part, "
                "fewer variations, a smaller picture; or come back when fewer people are here."
            )


@contextlib.contextmanager
def _turn(tell: Tell) -> Iterator[None]:
    """One's turn on the machine, once the job before has let go of it."""
    while not WORK.acquire(timeout=POLL_S):
        tell("waiting", 0, 1)
    try:
        yield
    finally:
        WORK.release()
