"""What the preparation of dances found: ``report.json`` and ``report.md`` (:mod:`dancegen.prepare`)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motionbeat.output import StagedFiles

_EXPLAINED = """\
*sound*: seconds of frames that are valid in the source and not bad; *bad*: frames faster than people move, marked
invalid; *fastest*: speed of a joint; *floor*: height of the floor under standing feet; *lowest*: 5th percentile of the
height of the lower sole; *contact*: share of frames with a foot on the floor; *plants*: foot plants a second; *lock*:
mean resultant length of the beat phase of foot plants, less its chance level, mean over the dance's songs (0 is
chance); *before*: the same had the dance been laid on the song at one rate, without bending."""


@dataclass(frozen=True)
class LeftOut:
    """A dance that was not prepared.

    Attributes:
        source: kind of data set.
        dance: its name; empty where it could not be read, and ``reason`` names the file.
        reason: one line.
    """

    source: str
    dance: str
    reason: str


def write_report(folder: Path, rows: Sequence[dict[str, Any]], left_out: Sequence[LeftOut]) -> None:
    """Write ``report.json`` (``sources``, ``dances``, ``left_out``) and ``report.md`` into a folder, in place of older
    ones.

    Args:
        folder: of the prepared pairs.
        rows: of the dances, as :mod:`dancegen.prepare` makes them.
        left_out: dances that are not among them.
    """
    sources = dict.fromkeys([*(row["source"] for row in rows), *(dance.source for dance in left_out)])
    sums = {
        source: _sums([row for row in rows if row["source"] == source], sum(d.source == source for d in left_out))
        for source in sources
    }
    content = {"sources": sums, "dances": list(rows), "left_out": [asdict(dance) for dance in left_out]}
    with StagedFiles([folder / "report.json", folder / "report.md"], force=True) as staged:
        staged.paths[0].write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        staged.paths[1].write_text(_markdown(sums, rows, left_out), encoding="utf-8")
        staged.commit()


def lock_above_chance(row: dict[str, Any], key: str) -> float | None:
    """Mean over a dance's pairs of the lock of its plants less chance; None where none has it.

    Args:
        row: of the dance.
        key: ``lock`` or ``lock_before``.
    """
    locks = [pair[key] for pair in row["pairs"] if pair[key] is not None]
    return float(np.mean([lock["value"] - lock["chance"] for lock in locks])) if locks else None


def _sums(rows: list[dict[str, Any]], left_out: int) -> dict[str, Any]:
    pairs = [pair for row in rows for pair in row["pairs"]]
    before = [lock for row in rows if (lock := lock_above_chance(row, "lock_before")) is not None]
    after = [lock for row in rows if (lock := lock_above_chance(row, "lock")) is not None]
    seconds = sum(row["seconds"] for row in rows)
    return {
        "dances": len(rows),
        "left_out": left_out,
        "minutes": round(seconds / 60, 2),
        "sound_minutes": round(sum(row["sound_seconds"] for row in rows) / 60, 2),
        "pairs": len(pairs),
        "pair_minutes": round(sum(pair["seconds"] for pair in pairs) / 60, 2),
        "songs": len({pair["song"] for pair in pairs}),
        "bad_frames": sum(row["bad"] for row in rows),
        "contact": _mean([row["contact"] for row in rows]),
        "plants_per_s": round(sum(row["plants"] for row in rows) / seconds, 3) if seconds else None,
        "lock_before": _mean(before),
        "lock": _mean(after),
        "styles": dict(sorted(Counter(row["style"] for row in rows).items())),
        "splits": dict(sorted(Counter(row["split"] for row in rows).items())),
    }


def _mean(values: list[float]) -> float | None:
    return round(float(np.mean(values)), 3) if values else None


def _markdown(sums: dict[str, Any], rows: Sequence[dict[str, Any]], left_out: Sequence[LeftOut]) -> str:
    lines = ["# Prepared dances", "", _EXPLAINED, ""]
    lines += _table(
        ("source", "dances", "left out", "min", "sound min", "pairs", "pair min", "songs", "bad frames", "contact",
         "plants/s", "lock before", "lock", "styles", "splits"),
        [(source, each["dances"], each["left_out"], each["minutes"], each["sound_minutes"], each["pairs"],
          each["pair_minutes"], each["songs"], each["bad_frames"], each["contact"], each["plants_per_s"],
          each["lock_before"], each["lock"], _counts(each["styles"]), _counts(each["splits"]))
         for source, each in sums.items()],
    )  # fmt: skip
    if rows:
        lines += ["", "## Dances", ""]
        lines += _table(
            ("dance", "style", "split", "s", "sound s", "bad", "fastest m/s", "floor mm", "lowest mm", "contact",
             "plants/s", "songs", "lock before", "lock"),
            [(row["dance"], row["style"], row["split"], f"{row['seconds']:.1f}", f"{row['sound_seconds']:.1f}",
              row["bad"], f"{row['fastest_m_s']:.1f}", f"{row['floor_mm']:.0f}", f"{row['lowest_mm']:.0f}",
              f"{row['contact']:.2f}", f"{row['plants'] / row['seconds']:.2f}", len(row["pairs"]),
              _signed(lock_above_chance(row, "lock_before")), _signed(lock_above_chance(row, "lock")))
             for row in rows],
        )  # fmt: skip
    if left_out:
        lines += ["", "## Left out", ""]
        lines += _table(("source", "dance", "why"), [(each.source, each.dance, each.reason) for each in left_out])
    return "\n".join(lines) + "\n"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> list[str]:
    """Lines of a Markdown table; nothing in a cell can break it."""
    cells = [
        ["" if cell is None else str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows
    ]
    return [f"| {' | '.join(row)} |" for row in [list(head), ["---"] * len(head), *cells]]
