"""What a visitor's work is, for those who do it, those who wait for it, and those who show how far it is."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result", covariant=True)


@dataclass(frozen=True)
class Update:
    """How far work is: its stage of :data:`~app.limits.STAGE_SECONDS`, and ``done`` of ``total`` units of work."""

    stage: str
    done: int
    total: int


class Tell(Protocol):
    """Is told how far the work is, as :class:`dancegen.song_to_video.Progress`; raises to stop it."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


class Work(Protocol[Result]):
    """What is to be done, given an empty folder for its files. It can be pickled, and so can its result."""

    def __call__(self, folder: Path, tell: Tell) -> Result: ...


class Stopped(Exception):
    """Ends work that nobody waits for."""


@dataclass(frozen=True)
class Task:
    """Work by the name of its function: only the process that does it imports what that needs, torch above all.

    Attributes:
        function: as ``package.module:name``; it gets the arguments, and then ``folder`` and ``tell`` of :class:`Work`.
        arguments: of it, which can be pickled.
    """

    function: str
    arguments: tuple[Any, ...]

    @classmethod
    def of(cls, function: str, *arguments: Any) -> Task:
        """The same, written like a call."""
        return cls(function, arguments)

    def __call__(self, folder: Path, tell: Tell) -> Any:
        module, name = self.function.split(":")
        return getattr(importlib.import_module(module), name)(*self.arguments, folder, tell)
