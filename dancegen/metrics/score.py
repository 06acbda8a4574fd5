"""A measured number that cannot be separated from the way it was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """One number of a report.

    Attributes:
        name: what was measured, in snake case.
        value: the number; NaN where the motion gave nothing to measure.
        unit: its unit; empty for a plain ratio.
        protocol: every switch that changes the number (direction, kernel, frame rate, up axis, contacts).
        chance: the same number for motion that has nothing to do with the music; None where there is no such notion.
        chance_95: what 95 % of such motion stays below.
        note: what the reader must know to judge it.
        interval: its 95 % interval with other songs; None where it was not taken.
    """

    name: str
    value: float
    unit: str
    protocol: str
    chance: float | None = None
    chance_95: float | None = None
    note: str = ""
    interval: tuple[float, float] | None = None

    @property
    def above_chance(self) -> float | None:
        """(value - chance) / (1 - chance): 0 at chance and 1 at best; None without a chance level."""
        if self.chance is None:
            return None
        return (self.value - self.chance) / (1 - self.chance) if self.chance < 1 else math.nan

    def as_dict(self) -> dict[str, float | str | None]:
        """For JSON: NaN becomes None, absent chance levels, intervals and notes are left out."""
        entry: dict[str, float | str | None] = {
            "value": _json_number(self.value),
            "unit": self.unit,
            "protocol": self.protocol,
        }
        if self.chance is not None:
            entry["chance"] = _json_number(self.chance)
            entry["above_chance"] = _json_number(self.above_chance)
        if self.chance_95 is not None:
            entry["chance_95"] = _json_number(self.chance_95)
        if self.interval is not None:
            entry["low_95"], entry["high_95"] = (_json_number(end) for end in self.interval)
        if self.note:
            entry["note"] = self.note
        return entry

    def __str__(self) -> str:
        text = f"{self.name} {self.value:.3g}" + (f" {self.unit}" if self.unit else "")
        if self.interval is not None:
            text += f" (95 %: {self.interval[0]:.3g} to {self.interval[1]:.3g})"
        if self.chance is not None:
            text += f", chance {self.chance:.3g}"
            if self.chance_95 is not None:
                text += f" (95 %: {self.chance_95:.3g})"
            text += f", above chance {self.above_chance:.3g}"
        return f"{text} [{self.protocol}]"


def _json_number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
