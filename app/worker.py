"""The process that does the visitors' work, so that no computation can hold up the page or outlive its visitor.

It keeps the models and does one thing after another. Work that is stopped ends where it next says how far it is; if
that is not within :data:`STOP_S` (a long computation, a hang in native code), the process is ended and a fresh one
reads the models again, which takes seconds. So does a process that was killed or has crashed.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from app.work import Stopped, Tell, Update, Work
from motionbeat.command import print_error
from motionbeat.errors import UserError

Result = TypeVar("Result")

POLL_S = 0.1
"""Time between two looks at who waits for the work, seconds."""

STOP_S = 1.0
"""Work that has been asked to stop for this long is ended with its process, seconds."""

PREPARE_S = 900.0
"""Longest time that a fresh process may take to get ready; the first one ever compiles for half a minute."""

PRELOADED = ["app.judging", "app.hearing"]
"""Modules that a fresh process finds imported, where the system can fork."""


class WorkFailed(Exception):
    """The work has met with a bug, or its process has died; the text is for who runs the server."""


class Worker:
    """One such process, begun when it is first needed.

    Attributes:
        turn: to be held by who calls :meth:`run`.
    """

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self._prepare: Callable[[], None] | None = None
        self._process: Any = None
        self._ready = False
        self._began = 0.0

    def start(self, prepare: Callable[[], None] | None = None) -> None:
        """Begin the process, in a thread: the first of all imports for seconds before others can fork from it.

        Args:
            prepare: what each process does before any work, such as reading models; can be pickled.
        """
        self._prepare = prepare
        threading.Thread(target=self._begin_in_turn, name="worker-begins", daemon=True).start()

    def run(self, work: Work[Result], folder: Path, tell: Tell) -> Result:
        """Do some work in the process.

        Args:
            work: gets ``folder`` and how to tell how far it is.
            folder: empty; the process keeps its temporary files in it as well.
            tell: is called here with what the work tells, and every :data:`POLL_S` seconds again. If it raises, the
                work is stopped.

        Raises:
            UserError: what the work raised.
            WorkFailed: it met with a bug, or its process died.
        """
        self._begin_if_needed()
        self._wait_until_ready(tell)
        self._stop.value = 0
        try:
            kind, found = self._followed(work, folder, tell)
        except (EOFError, ConnectionError):
            self.end()
            raise WorkFailed("the process that did the work has died") from None
        except BaseException:
            self._halt()
            raise
        if kind == "failed":
            raise found
        return found

    def _followed(self, work: Work[Any], folder: Path, tell: Tell) -> tuple[str, Any]:
        """What :func:`_outcome` returns in the process."""
        latest = Update("waiting", 0, 1)
        self._connection.send((work, folder))
        while True:
            if self._connection.poll(POLL_S):
                kind, found = self._connection.recv()
                if kind != "told":
                    return kind, found
                latest = found
            tell(latest.stage, latest.done, latest.total)

    def _begin_in_turn(self) -> None:
        with self.turn:
            self._begin_if_needed()

    def _begin_if_needed(self) -> None:
        if self._process is None or not self._process.is_alive():
            self._begin()

    def _begin(self) -> None:
        """A fresh process in place of the one before, if there is one."""
        self.end()
        context = _context()
        self._connection, theirs = context.Pipe()
        self._stop = context.RawValue("b", 0)
        arguments = (theirs, self._stop, self._prepare)
        process = context.Process(target=_serve, args=arguments, name="worker", daemon=True)
        process.start()
        theirs.close()
        self._process = process
        self._ready = False
        self._began = time.monotonic()

    def _wait_until_ready(self, tell: Tell) -> None:
        while not self._ready:
            tell("waiting", 0, 1)
            try:
                if self._connection.poll(POLL_S):
                    self._connection.recv()
                    self._ready = True
            except (EOFError, ConnectionError):
                self.end()
                raise WorkFailed("the process that does the work died while it got ready") from None
            if time.monotonic() - self._began > PREPARE_S:
                self.end()
                raise WorkFailed(f"the process that does the work was not ready after {PREPARE_S:g} s")

    def _halt(self) -> None:
        """Stop the work."""
        self._stop.value = 1
        until = time.monotonic() + STOP_S
        with contextlib.suppress(EOFError, ConnectionError):
            while self._connection.poll(max(0.0, until - time.monotonic())):
                if self._connection.recv()[0] != "told":
                    return
        self._begin()

    def end(self) -> None:
        """End the process, and what it has started."""
        if self._process is None:
            return
        if hasattr(os, "killpg"):
            # it leads a group of its own, unless it has not come so far
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._process = None


WORKER = Worker()
"""Makes the dances: one, because a dance uses every core or the whole GPU."""

EARS = Worker()
"""Listens to songs that are being chosen, so that nobody waits for the dance of another to see their song."""


@functools.cache
def _context() -> Any:
    """Where it can be had, processes fork from one that has imported everything and has no threads yet."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _serve(connection: Connection, stop: Any, prepare: Callable[[], None] | None) -> None:
    """What the process does until the server is gone."""
    if hasattr(os, "setsid"):
        # Ctrl-C is for the server, which then ends this process together with what it has started.
        os.setsid()
    with contextlib.suppress(EOFError, ConnectionError):
        if prepare is not None:
            get_ready(prepare)
        connection.send(("ready", None))
        while True:
            work, folder = connection.recv()
            connection.send(_outcome(work, folder, connection, stop))


def get_ready(prepare: Callable[[], None]) -> None:
    """Do what a fresh process does first; what is wrong with it is one line for who runs the server."""
    try:
        prepare()
    except UserError as error:
        # visitors are told the same, each by their own job
        print_error(error)


def _outcome(work: Work[Any], folder: Path, connection: Connection, stop: Any) -> tuple[str, Any]:
    """``done`` and the result, or ``failed`` and why."""

    def tell(stage: str, done: int, total: int) -> None:
        if stop.value:
            raise Stopped
        connection.send(("told", Update(stage, done, total)))

    # what is left of work that was ended goes with the folder
    tempfile.tempdir = str(folder)
    try:
        return "done", work(folder, tell)
    except (Stopped, UserError) as error:
        return "failed", error.with_traceback(None)
    except Exception:
        return "failed", WorkFailed(f"in its process:\n{traceback.format_exc()}")
    finally:
        tempfile.tempdir = None
