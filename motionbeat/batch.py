"""Many songs, one command: what can be written is, what fails is said in a line, and the others go on."""

from __future__ import annotations

import importlib.metadata
import json
import math
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from motionbeat.command import EXIT_BUG, EXIT_USER_ERROR, print_error
from motionbeat.errors import UserError
from motionbeat.output import check_free


class Job(Protocol):
    """A song and the files to write for it."""

    @property
    def song(self) -> Path: ...

    @property
    def files(self) -> tuple[Path, ...]: ...


JobT = TypeVar("JobT", bound=Job)


def check_range(start_s: float, duration_s: float | None) -> None:
    """Refuse a range of a song that cannot be meant as given.

    Raises:
        UserError: a start before 0, a duration of 0 or less, or one of them no finite number.
    """
    if not 0 <= start_s < math.inf:
        raise UserError(f"start: must be 0 seconds or more, got {start_s:g}.")
    if duration_s is not None and not 0 < duration_s < math.inf:
        raise UserError(f"duration: must be more than 0 seconds, got {duration_s:g}.")


def run_batch(
    jobs: Iterable[JobT],
    work: Callable[[JobT], tuple[str, dict[str, Any]]],
    inputs: Sequence[Path],
    refused: Sequence[UserError],
    force: bool,
    as_json: bool,
) -> int:
    """Do the work of a command on each of its songs, and print a line for each.

    Args:
        jobs: one for each song. One whose files exist is refused before any work.
        work: does a job; returns the line and the JSON object to print. It may raise :class:`UserError`.
        inputs: everything that is read, and never to be replaced.
        refused: what is wrong with the command's arguments already.
        force: whether files that exist are replaced.
        as_json: print objects instead of lines: the object of each song with its ``outputs``, or its ``error``.

    Returns:
        The exit status: 0 all done, 2 a user's mistake, 1 a bug.
    """
    refused = list(refused)
    free = []
    for job in jobs:
        try:
            check_free(job.files, inputs, force)
        except UserError as error:
            refused.append(error)
        else:
            free.append(job)
    for refusal in refused:
        print_error(refusal)
        if as_json:
            print(json.dumps({"error": str(refusal)}), flush=True)
    status = EXIT_USER_ERROR if refused else 0

    for job in free:
        try:
            line, report = work(job)
        except UserError as error:
            status = status or EXIT_USER_ERROR
            failure = str(error)
        except Exception:
            # A bug met with one song must not cost the user the rest of the batch.
            traceback.print_exc()
            status = EXIT_BUG
            failure = f"{job.song}: unexpected failure, see above; please report it."
        else:
            outputs = {"outputs": [str(path) for path in job.files]}
            print(json.dumps(report | outputs) if as_json else line, flush=True)
            continue
        print_error(failure)
        if as_json:
            print(json.dumps({"song": job.song.name, "error": failure}), flush=True)
    return status


def project_version() -> str:
    """Version of this project as it is installed, ``unknown`` in a checkout that is not."""
    try:
        return importlib.metadata.version("motionbeat-dancegen")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
