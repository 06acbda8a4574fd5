"""What is shown of a dance: the table of its numbers, and its movement over the beats of the music, as HTML."""

from __future__ import annotations

import html
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from app.explain import Explained, Report, Row, in_plain_words, rows
from dancegen.evaluation import MeasuredSet
from dancegen.metrics import motion_energy, motion_events, seed_diversity
from motionbeat.beats import BeatGrid
from motionbeat.motion import Motion

_WANTED = {"more": "more is better", "less": "less is better", "as recorded": "best like recorded dancers"}
_TICKS_S = (1, 2, 5, 10, 20)


def numbers_table(reports: Mapping[str, Report]) -> str:
    """The numbers of :func:`app.explain.rows` as a table, and a line in plain words above it.

    Args:
        reports: by the title of their column; one or two, all of one style.
    """
    columns = {title: rows(report) for title, report in reports.items()}
    readings = "".join(
        f"<p class='mb-reading'>{f'<b>{html.escape(title)}:</b> ' if len(reports) > 1 else ''}"
        f"{html.escape(in_plain_words(report))}</p>"
        for title, report in reports.items()
    )
    placement = next(iter(reports.values()))["placement"]
    note = placement["ground_truth"].get("note", "")
    caption = f"Beside recorded dances ({placement['style'] or 'all styles'}){f'; {note}' if note else ''}."
    heads = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in columns)
    body = "".join(_table_row(same) for same in zip(*columns.values(), strict=True))
    return (
        f'<div class="mb-result">{readings}<table class="mb-numbers"><caption>{html.escape(caption)}</caption>'
        f'<thead><tr><th scope="col">What</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _table_row(same: Sequence[Row]) -> str:
    """One number of each dance."""
    about: Explained = same[0].about
    cells = "".join(f"<td>{_number(row.value, row.unit)}{_chance(row.chance)}{_place(row)}</td>" for row in same)
    return (
        f'<tr><th scope="row">{html.escape(about.title)}<span class="mb-meaning">{html.escape(about.meaning)} '
        f"({_WANTED[about.wanted]})</span><details><summary>How it is measured</summary>"
        f"{html.escape(same[0].protocol)}</details></th>{cells}</tr>"
    )


def _chance(chance: float | None) -> str:
    return "" if chance is None else f"<small>by chance {chance:.3g}</small>"


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return "-<small>too short, or nothing to measure</small>"
    return html.escape(f"{value:.3g} {unit.replace('^2', '²').replace('^3', '³')}".strip())


def _place(row: Row) -> str:
    """Where a number lies among recorded dances: a mark on a scale from 0 to 100, and words."""
    percentile = row.percentile
    if row.value is None:
        return ""
    if percentile is None:
        return "<small>too few recorded ones beside it</small>"
    return (
        f'<span class="mb-place" aria-hidden="true"><i style="left:{percentile:.0f}%"></i></span>'
        f"<small>above {percentile:.0f} of 100 recorded</small>"
    )


def variety_line(motions: Sequence[Motion], style: str, reference: MeasuredSet) -> str:
    """How different several dances to one song are, beside recorded dances of the style; empty for one dance."""
    if len(motions) < 2:
        return ""
    found = seed_diversity([motion.joints() for motion in motions], motions[0].fps)
    pool = reference.part(lambda dance: dance.style == style) if style in reference.styles else reference
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a style with a single dance
        recorded = np.nanmedian(pool.variety, axis=0)
    beside = (
        ""
        if np.isnan(recorded).any()
        else (f" (recorded dances of one style: {recorded[1]:.2f} m and {recorded[0]:.2f} m)")
    )
    return (
        f"The {found.dances} dances differ by {found.pose_m:.2f} m in pose and {found.trajectory_m:.2f} m in where "
        f"they go{beside}: mean distance of the joints over all pairs, from a common start."
    )


def timeline(motion: Motion, grid: BeatGrid) -> str:
    """The picture of an :func:`~app.timeline.timeline_view`: beats of music and motion over the motion's energy.

    Args:
        motion: from second 0 of the music on.
        grid: beats of the music, seconds from there on.
    """
    joints = motion.joints()
    length = motion.duration
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a dance too short for events has none
        events = motion_events(joints, motion.fps)
    times, speed = motion_energy(joints, motion.fps, "body")
    top = max(float(speed.max(initial=0.0)), 1e-6)
    curve = " ".join(f"{x:.2f},{100 - 92 * y / top:.1f}" for x, y in zip(times, speed, strict=True))
    bars = set(grid.downbeats.tolist())
    lines = [
        _line(beat, 0, 100, "mb-bar" if beat in bars else "mb-beat") for beat in grid.beats if 0 <= beat <= length
    ]
    marks = [_line(at, 102, 113, "mb-plant") for at in events.plants]
    marks += [_line(at, 115, 126, "mb-minimum") for at in events.minima]
    step = next((each for each in _TICKS_S if length / each <= 8), _TICKS_S[-1])
    ticks = "".join(
        f'<span style="left:{100 * at / length:.2f}%">{at:g} s</span>' for at in np.arange(0, length, step)
    )
    said = (
        f"{len(events.plants)} foot plants and {len(events.minima)} moments of least speed over {len(lines)} beats "
        f"of the music in {length:.0f} s"
    )
    return (
        f'<figure class="mb-timeline" data-seconds="{length:.3f}"><div class="mb-axis">'
        f'<svg viewBox="0 0 {length:.3f} 128" preserveAspectRatio="none" role="img" aria-label="{said}">'
        f'{"".join(lines)}<polyline points="{curve}"/>{"".join(marks)}</svg><i class="mb-cursor"></i></div>'
        f'<div class="mb-ticks">{ticks}</div><figcaption><b class="mb-key-bar">bar</b> '
        '<b class="mb-key-beat">beat</b> of the music; <b class="mb-key-curve">mean speed of the body</b>; '
        '<b class="mb-key-plant">a foot lands</b>, '
        '<b class="mb-key-minimum">the body is slowest</b>. Click to go there in the player.</figcaption></figure>'
    )


def _line(x: float, top: float, bottom: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x:.3f}" x2="{x:.3f}" y1="{top:g}" y2="{bottom:g}"/>'
