"""How the project's command lines speak: every error one line on standard error, every end an exit status.

Exit status: 0 all done, 2 a user's mistake, 1 a bug, 130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

from motionbeat.errors import UserError

EXIT_BUG = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class OneLineParser(argparse.ArgumentParser):
    """Reports a wrong command line in one line, like every other error."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USER_ERROR, f"error: {message} (--help shows all options)\n")


def print_error(message: object) -> None:
    """One line on standard error, whatever line breaks the message has."""
    print(f"error: {' '.join(str(message).split())}", file=sys.stderr, flush=True)


def run_command(work: Callable[[], int]) -> int:
    """Do the work of a command line, which returns the exit status; errors meant for the user become one line."""
    # A file name may hold bytes that are no text in the terminal's encoding.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        with _one_interrupt():
            return work()
    except UserError as error:
        print_error(error)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print_error("interrupted; nothing half-written was left.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Who read standard output has gone (head, for one); keep the interpreter from flushing to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BUG


@contextlib.contextmanager
def _one_interrupt() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into KeyboardInterrupt and ignore more: cleaning up must not be cut short."""

    def interrupt(number: int, frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
