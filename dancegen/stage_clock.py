"""Wall and CPU time of the stages of a job."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class StageTime:
    """What a stage took: seconds on the clock, and CPU seconds of all threads and finished child processes."""

    wall_s: float
    cpu_s: float


class StageClock:
    """Measures named stages one after the other.

    The CPU time is the whole process's (on Windows without its children, which the system does not report), so it
    includes whatever else the process does meanwhile.
    """

    def __init__(self) -> None:
        self.stages: dict[str, StageTime] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body of a ``with`` statement; the same name again adds to it."""
        wall, cpu = time.perf_counter(), _cpu_seconds()
        try:
            yield
        finally:
            before = self.stages.get(name, StageTime(0.0, 0.0))
            self.stages[name] = StageTime(
                before.wall_s + time.perf_counter() - wall, before.cpu_s + _cpu_seconds() - cpu
            )

    def as_dict(self) -> dict[str, object]:
        """``wall_s`` and ``cpu_s`` in all, and of each of ``stages``; rounded to milliseconds."""
        return {
            "wall_s": round(sum(stage.wall_s for stage in self.stages.values()), 3),
            "cpu_s": round(sum(stage.cpu_s for stage in self.stages.values()), 3),
            "stages": {
                name: {"wall_s": round(stage.wall_s, 3), "cpu_s": round(stage.cpu_s, 3)}
                for name, stage in self.stages.items()
            },
        }


def _cpu_seconds() -> float:
    used = os.times()
    return time.process_time() + used.children_user + used.children_system
