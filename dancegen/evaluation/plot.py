"""One page of plots of an evaluation: when the dances move, whether they lock, and how they compare as bodies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dancegen.evaluation.measured_set import CONTROLS, MeasuredSet
from dancegen.evaluation.measures import INDEX, MEASURES
from dancegen.evaluation.tables import Evaluation
from dancegen.metrics.bar_profile import PLACES_PER_BEAT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOCKS = ("plants_toward_style", "feet_profile_distance", "beat_lock", "feet_energy_beat")
_DISTRIBUTIONS = (
    "speed", "feet_speed", "travel_speed", "jerk", "contact_slide", "foot_slide", "support_speed", "floor_float",
    "joint_limit_share", "self_repetition",
)  # fmt: skip
_OURS, _TRUTH, _FAINT, _INK = "#d6212a", "#2f4f4f", "#a8b4b4", "#222222"
_CONTROL_COLOURS = ("#ef8a17", "#2a7f9e", "#8a4f9e")
_PROFILES_A_ROW = 4
_DPI = 110


def write_plot(path: Path, evaluation: Evaluation, found: Mapping[str, Any]) -> None:
    """Draw the page.

    Args:
        path: ends in ``.png``.
        evaluation: what was compared.
        found: its :func:`~dancegen.evaluation.tables.report`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    evaluation = evaluation.labelled()
    profiles = _profiles(evaluation)
    profile_rows = max(1, math.ceil(len(profiles) / _PROFILES_A_ROW))
    distribution_rows = 2
    heights = [2.3] * profile_rows + [0.9 + 0.55 * len(evaluation.styles)] + [2.4] * distribution_rows
    figure = Figure(figsize=(15.0, sum(heights) + 0.75 * len(heights) + 1.5), dpi=_DPI)
    FigureCanvasAgg(figure)
    figure.suptitle(_heading(found), fontsize=11, x=0.01, ha="left", y=0.995, va="top")
    top = 1 - 1.05 / figure.get_figheight()
    outer = figure.add_gridspec(
        len(heights), 1, height_ratios=heights, left=0.06, right=0.985, top=top, bottom=0.04, hspace=0.5
    )
    for number in range(profile_rows * _PROFILES_A_ROW):
        if number < len(profiles):
            row, column = divmod(number, _PROFILES_A_ROW)
            cells = outer[row].subgridspec(1, _PROFILES_A_ROW, wspace=0.22)
            _draw_profile(figure.add_subplot(cells[column]), *profiles[number], legend=number == 0)
    cells = outer[profile_rows].subgridspec(1, len(_LOCKS), wspace=0.12)
    for column, name in enumerate(_LOCKS):
        _draw_lock(figure.add_subplot(cells[column]), name, found["by_style"], first=column == 0)
    a_row = math.ceil(len(_DISTRIBUTIONS) / distribution_rows)
    for number, name in enumerate(_DISTRIBUTIONS):
        row, column = divmod(number, a_row)
        cells = outer[profile_rows + 1 + row].subgridspec(1, a_row, wspace=0.3)
        _draw_distribution(figure.add_subplot(cells[column]), name, evaluation, first=column == 0)
    _legend(figure)
    figure.savefig(path)


def _heading(found: Mapping[str, Any]) -> str:
    about, dances, truth = found["about"], found["dances"], found["ground_truth"]
    return (
        f"{about['dances']}: {dances['count']} dances to {dances['songs']} songs.   "
        f"Ground truth: {about['ground_truth']}, {truth['count']} dances to {truth['songs']} songs."
    )


def _legend(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    def dot(colour: str, marker: str, label: str) -> Line2D:
        return Line2D([], [], color=colour, marker=marker, linestyle="", label=label)

    handles = [dot(_OURS, "o", "dances, own song"), dot(_TRUTH, "D", "ground truth, own song")]
    handles += [dot(colour, "x", f"dances: {name}") for colour, name in zip(_CONTROL_COLOURS, CONTROLS, strict=True)]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.005, 1 - 0.35 / figure.get_figheight()),
        ncols=len(handles),
        fontsize=9,
        frameon=False,
    )


def _profiles(evaluation: Evaluation) -> list[tuple[str, np.ndarray, np.ndarray | None]]:
    """Title, mean bar profile of the feet, and that of the style's ground truth, for every style and meter."""
    found = []
    for style in evaluation.styles:
        ours, theirs = (each.style_statistics(style) for each in (evaluation.judged, evaluation.pool))
        assert ours is not None  # a style of the dances
        for meter in sorted(ours.feet):
            truth = None if theirs is None or meter not in theirs.feet else theirs.feet[meter].mass
            found.append((f"{style or 'all styles'}, bars of {meter}", ours.feet[meter].mass, truth))
    return found


def _draw_profile(axes: Axes, title: str, ours: np.ndarray, truth: np.ndarray | None, legend: bool) -> None:
    count = len(ours)
    beats = (np.arange(count) + 0.5) / PLACES_PER_BEAT
    axes.axhline(1.0, color=_FAINT, linewidth=0.8, linestyle=":")
    if truth is not None:
        axes.plot(beats, truth * count, color=_TRUTH, linewidth=1.6, label="ground truth of the style")
    axes.plot(beats, ours * count, color=_OURS, linewidth=1.6, label="dances")
    for beat in range(count // PLACES_PER_BEAT):
        axes.axvline(beat, color=_FAINT, linewidth=1.2 if beat == 0 else 0.5)
    axes.set(xlim=(0, count / PLACES_PER_BEAT), title=title, xlabel="beats from the downbeat")
    axes.set_ylim(bottom=0)
    if legend:
        axes.set_ylabel("speed of the feet,\nshare of the mean")
        axes.legend(fontsize=7.5, frameon=False, loc="lower left")
    _plain(axes)


def _draw_lock(axes: Axes, name: str, by_style: Mapping[str, Any], first: bool) -> None:
    """A row for each style: dances and ground truth with intervals, controls as crosses."""
    measure = MEASURES[INDEX[name]]
    axes.axvline(0, color=_FAINT, linewidth=0.8)
    for row, entry in enumerate(by_style.values()):
        ours, theirs = entry["measures"][name]["dances"], entry["measures"][name]["ground_truth"]
        _dot(axes, theirs, row + 0.17, _TRUTH, "D")
        _dot(axes, ours, row - 0.17, _OURS, "o")
        for colour, control in zip(_CONTROL_COLOURS, CONTROLS, strict=True):
            _dot(axes, ours["controls"][control], row - 0.17, colour, "x", interval=False)
    unit = f", {measure.unit}" if measure.unit else ""
    axes.set_title(f"{measure.title}{unit}\n({measure.wanted} is better)", fontsize=8.5)
    axes.set_ylim(len(by_style) - 0.5, -0.5)
    axes.set_yticks(range(len(by_style)), list(by_style) if first else [""] * len(by_style))
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    _plain(axes)


def _dot(axes: Axes, entry: Mapping[str, Any], at: float, colour: str, marker: str, interval: bool = True) -> None:
    if entry["value"] is None:
        return
    if interval and entry["low_95"] is not None:
        axes.plot([entry["low_95"], entry["high_95"]], [at, at], color=colour, linewidth=1.4)
    axes.plot([entry["value"]], [at], color=colour, marker=marker, markersize=6, linestyle="")


def _draw_distribution(axes: Axes, name: str, evaluation: Evaluation, first: bool) -> None:
    """Each piece of 30 s a dot, with boxes, by style: ground truth left, dances right."""
    measure = MEASURES[INDEX[name]]
    rng = np.random.default_rng(0)
    for place, style in enumerate(evaluation.styles):
        for shift, measured, colour in ((-0.2, evaluation.truth, _TRUTH), (0.2, evaluation.judged, _OURS)):
            values = _piece_values(measured, style, INDEX[name])
            if not len(values):
                continue
            low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
            axes.plot([place + shift] * 2, [low, high], color=colour, linewidth=5, alpha=0.35, solid_capstyle="butt")
            axes.plot([place + shift - 0.12, place + shift + 0.12], [middle] * 2, color=colour, linewidth=1.8)
            jitter = rng.uniform(-0.1, 0.1, len(values))
            axes.plot(place + shift + jitter, values, ".", color=colour, markersize=2.5, alpha=0.6)
    unit = f", {measure.unit}" if measure.unit else ""
    axes.set_title(f"{measure.title}{unit}", fontsize=8.5)
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(len(evaluation.styles)), [style or "all" for style in evaluation.styles], rotation=25)
    if first:
        axes.set_ylabel("pieces of 30 s")
    _plain(axes)


def _piece_values(measured: MeasuredSet, style: str, measure: int) -> np.ndarray:
    chosen = np.array([measured.dances[dance].style == style for dance in measured.piece_dance], dtype=bool)
    values = measured.values[chosen, measure]
    return values[np.isfinite(values)]


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7.5, colors=_INK)
    axes.title.set_fontsize(min(axes.title.get_fontsize(), 9.5))
    axes.xaxis.label.set_fontsize(8)
    axes.yaxis.label.set_fontsize(8)
