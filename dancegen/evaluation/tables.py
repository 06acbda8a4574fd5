"""The tables of an evaluation: one JSON object, and Markdown made from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dancegen.evaluation.comparison import (
    CONFIDENCE,
    Means,
    Realism,
    Summary,
    legacy_realism,
    means,
    realism,
    summary,
    truth_halves,
)
from dancegen.evaluation.measured_set import CONTROLS, LEGACY_SCORES, MeasuredSet, rows_of
from dancegen.evaluation.measures import INDEX, MEASURES, PIECE_S
from dancegen.evaluation.placement import INDICATIVE, Placement, placed
from dancegen.metrics import PROTOCOLS, Score
from dancegen.metrics.protocols import Topic
from dancegen.metrics.repetition import COPY_M

COPY_COLUMNS = ("copy_distance", "copied")
"""Median distance to the nearest training window in metres, and share of windows nearer than
:data:`dancegen.metrics.repetition.COPY_M`."""

_STYLE_COLUMNS = (
    "plants_toward_style", "feet_profile_distance", "feet_energy_beat", "speed", "jerk", "contact_slide",
    "self_repetition",
)  # fmt: skip
_SONG_COLUMNS = ("plants_toward_style", "feet_profile_distance", "beat_lock", "speed", "jerk", "contact_slide")
_LEGACY_TOPICS: dict[str, Topic] = {
    "beat alignment": "beats", "physical foot contact": "foot_contact", "foot skating ratio": "foot_skating",
}  # fmt: skip
_UNKNOWN, _MEAN = "unknown", "mean of styles"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What is compared.

    Attributes:
        judged: the dances.
        truth: the ground truth beside them.
        pool: the ground truth that both are judged by, in phase, profile and features; it may be ``truth`` itself.
        copies: (D, 2) :data:`COPY_COLUMNS` of the dances; None where there is no training motion to compare with.
        truth_copies: the same of the ground truth; None where its motion is not at hand.
        about: what the dances are and how they came about, for the head of the report.
    """

    judged: MeasuredSet
    truth: MeasuredSet
    pool: MeasuredSet
    copies: np.ndarray | None
    truth_copies: np.ndarray | None
    about: dict[str, Any]

    def labelled(self) -> Evaluation:
        """As it is if a style of the dances is in the ground truth; otherwise with all labels taken off, so that the
        dances stand beside ground truth of all styles."""
        if set(self.judged.styles) & set(self.truth.styles):
            return self
        return replace(
            self, judged=_unlabelled(self.judged), truth=_unlabelled(self.truth), pool=_unlabelled(self.pool)
        )

    @property
    def styles(self) -> tuple[str, ...]:
        """Styles that both have."""
        return tuple(style for style in self.judged.styles if style in self.truth.styles)


def report(evaluation: Evaluation) -> dict[str, Any]:
    """Everything measured, for JSON; NaN is None."""
    evaluation = evaluation.labelled()
    judged, truth, styles = evaluation.judged, evaluation.truth, evaluation.styles
    ours, theirs = summary(judged, styles), summary(truth, styles)
    names = {style: style or _UNKNOWN for style in styles}
    return {
        "about": evaluation.about,
        "styles": list(names.values()),
        "left_out_styles": [style or _UNKNOWN for style in judged.styles if style not in styles],
        "laid_styles": [names[style] for style in styles if _laid(truth, style)],
        "dances": {"count": ours.dances, "songs": ours.songs},
        "ground_truth": {"count": theirs.dances, "songs": theirs.songs},
        "confidence": CONFIDENCE,
        "measures": {
            measure.name: {
                "title": measure.title,
                "unit": measure.unit,
                "wanted": measure.wanted,
                "dances": _side(ours, place, measure.of_music),
                "ground_truth": _side(theirs, place, measure.of_music),
            }
            for place, measure in enumerate(MEASURES)
        },
        "by_style": {names[style]: _of_style(judged, truth, style) for style in styles},
        "realism": _realism(evaluation),
        "variety": _variety(evaluation),
        "copies": _copies(evaluation),
        "published": _published(evaluation),
        "each": _each(evaluation),
    }


def markdown(found: Mapping[str, Any]) -> str:
    """The tables of a :func:`report`."""
    about = found["about"]
    dances, truth = found["dances"], found["ground_truth"]
    lines = [
        "# How good the dances are",
        "",
        f"Judged: {about['dances']}. {dances['count']} dances to {dances['songs']} songs, "
        f"styles {', '.join(found['styles'])}. Ground truth beside: {about['ground_truth']}, {truth['count']} dances "
        f"to {truth['songs']} songs.",
        "",
        f"Means over dances, each style weighing the same, with 95 % intervals by bootstrap over songs. Measured in "
        f"pieces of about {PIECE_S:g} s, joints in metres read at 30 frames a second (protocol `sound` of "
        "`dancegen.metrics`). Phase, profiles and features of a style are those of ground truth without the dance "
        "that is judged. Controls: the same dances against other songs, or played backwards; a style without such a "
        "song is not in that column. Intervals over fewer than ten songs are too narrow.",
    ]
    if found["left_out_styles"]:
        lines += ["", f"Left out, because there is no ground truth: {', '.join(found['left_out_styles'])}."]
    if found["laid_styles"]:
        lines += [
            "",
            f"The ground truth of {', '.join(found['laid_styles'])} was recorded without music and laid on the beats "
            "of one song for each dance: its measures of music say how well that was done.",
        ]
    lines += ["", "## In step", "", *_music_table(found["measures"])]
    lines += ["", "## Body", "", *_body_table(found["measures"], found["variety"], found["copies"])]
    lines += ["", "## Realism", "", *_realism_table(found["realism"])]
    lines += ["", "## Styles", "", *_style_table(found["by_style"])]
    lines += ["", "## Songs", "", *_song_table(found["each"])]
    lines += ["", "## Published protocols", "", *_published_table(found["published"])]
    return "\n".join(lines) + "\n"


def _unlabelled(measured: MeasuredSet) -> MeasuredSet:
    return replace(measured, dances=tuple(replace(dance, style="") for dance in measured.dances))


def _laid(measured: MeasuredSet, style: str) -> bool:
    return any(dance.laid for dance in measured.dances if dance.style == style)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _entry(of: Means, place: int) -> dict[str, float | None]:
    ends = {"low_95": of.low, "high_95": of.high}
    return {"value": _number(of.value[place])} | {name: _number(end[place]) for name, end in ends.items()}


def _side(of: Summary, place: int, of_music: bool) -> dict[str, Any]:
    entry: dict[str, Any] = _entry(of.own, place)
    if of_music:
        entry["controls"] = {name: _entry(each, place) for name, each in zip(CONTROLS, of.controls, strict=True)}
        entry["over_other_song"] = _entry(of.gap, place)
    return entry


def _of_style(judged: MeasuredSet, truth: MeasuredSet, style: str) -> dict[str, Any]:
    ours, theirs = summary(judged, [style]), summary(truth, [style])
    return {
        "dances": ours.dances,
        "songs": ours.songs,
        "ground_truth_dances": theirs.dances,
        "measures": {
            measure.name: {
                "dances": _side(ours, place, measure.of_music),
                "ground_truth": _side(theirs, place, measure.of_music),
            }
            for place, measure in enumerate(MEASURES)
        },
    }


def _realism(evaluation: Evaluation) -> dict[str, Any]:
    """Of all styles together, of each, and the mean of those; beside, what ground truth has."""
    judged, truth, pool = evaluation.judged, evaluation.truth, evaluation.pool
    found: dict[str, Any] = {}
    groups: list[tuple[str, tuple[str, ...]]] = [("all", evaluation.styles)]
    for name, styles in [*groups, *((style, (style,)) for style in evaluation.styles)]:
        beside = truth_halves(pool, styles) if truth is pool else realism(truth, pool, styles)
        found[name or _UNKNOWN] = {
            "dances": _scores(realism(judged, pool, styles)),
            "ground_truth": _scores(beside),
        }
    of_styles = [found[style or _UNKNOWN] for style in evaluation.styles]
    compared = [sides for sides in of_styles if sides["dances"] is not None]
    found[_MEAN] = {
        side: _mean_scores([sides[side] for sides in compared if sides[side] is not None])
        for side in ("dances", "ground_truth")
    }
    return found


def _mean_scores(of_styles: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Means over styles of every score that all of them have."""
    if not of_styles:
        return None
    samples: dict[str, Any] = {name: sum(each[name] for each in of_styles) for name in ("samples", "truth_samples")}
    for name in of_styles[0].keys() - samples.keys():
        values = [each[name]["value"] for each in of_styles]
        first = of_styles[0][name]
        value = None if None in values else float(np.mean(values))
        samples[name] = {"value": value, "unit": first["unit"], "note": f"mean over {len(values)} styles"}
    return samples


def _scores(found: Realism | None) -> dict[str, Any] | None:
    if found is None:
        return None
    entry: dict[str, Any] = {"samples": found.samples, "truth_samples": found.truth_samples}
    return entry | {score.name: score.as_dict() for score in found.scores}


def _variety(evaluation: Evaluation) -> dict[str, Any]:
    sides = {"dances": evaluation.judged, "ground_truth": evaluation.truth}
    of = {side: means(measured.variety, measured.dances) for side, measured in sides.items()}
    return {
        "about": "mean distance of joints between dances to one song with different seeds; of ground truth between "
        "dances of one style; over the first 30 s",
        "trajectory_m": {side: _entry(each, 0) for side, each in of.items()},
        "pose_m": {side: _entry(each, 1) for side, each in of.items()},
    }


def _copies(evaluation: Evaluation) -> dict[str, Any] | None:
    if evaluation.copies is None:
        return None
    ours = means(evaluation.copies, evaluation.judged.dances)
    theirs = None
    if evaluation.truth_copies is not None:
        theirs = means(evaluation.truth_copies, evaluation.truth.dances)
    return {
        "about": f"distance of windows of 1 s to the nearest of the training motion and its mirror image; copied: "
        f"nearer than {COPY_M:g} m",
    } | {
        name: {"dances": _entry(ours, at), "ground_truth": None if theirs is None else _entry(theirs, at)}
        for at, name in enumerate(COPY_COLUMNS)
    }


def _published(evaluation: Evaluation) -> dict[str, Any]:
    """Scores of the published protocols by name."""
    judged, truth, styles = evaluation.judged, evaluation.truth, evaluation.styles
    parts = [each.part(lambda dance: dance.style in styles) for each in (judged, truth)]
    values = [means(part.legacy_scores, part.dances) for part in parts]
    chances = [means(part.legacy_chances, part.dances) for part in parts]
    found: dict[str, Any] = {}
    for place, name in enumerate(LEGACY_SCORES):
        protocol, _, what = name.partition(" ")
        found[name] = {
            "protocol": PROTOCOLS[protocol].describe(_LEGACY_TOPICS[what]),
            "dances": _entry(values[0], place) | {"chance": _number(chances[0].value[place])},
            "ground_truth": _entry(values[1], place) | {"chance": _number(chances[1].value[place])},
        }
    beside: dict[str, tuple[Score, ...]] = {}
    if truth is not evaluation.pool:
        beside = legacy_realism(parts[1], evaluation.pool, styles)
    for protocol, scores in legacy_realism(parts[0], evaluation.pool, styles).items():
        for score in scores:
            same = [other for other in beside.get(protocol, ()) if other.name == score.name]
            found[f"{protocol} {score.name.replace('_', ' ')}"] = {
                "protocol": score.protocol,
                "note": score.note,
                "dances": {"value": _number(score.value)},
                "ground_truth": {"value": _number(same[0].value) if same else None},
            }
    return found


def _each(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Every dance by itself, placed in the ground truth."""
    judged, pool = evaluation.judged, evaluation.pool
    values, controls = judged.dance_values(), judged.dance_controls()
    entries = []
    for number, dance in enumerate(judged.dances):
        others = pool.part(lambda row, source=dance.source: not source or row.source != source)  # type: ignore[misc]
        rows = judged.window_dance == number
        windows = rows_of(judged.windows, rows) if rows.any() else None
        placement: Placement = placed(values[number], windows, dance.style, others)
        copies = None if evaluation.copies is None else evaluation.copies[number]
        entries.append(
            {
                "name": dance.name,
                "song": dance.song,
                "style": dance.style or _UNKNOWN,
                "seed": dance.seed,
                "seconds": dance.seconds,
                "placement": placement.as_dict(),
                "controls": {
                    name: {
                        measure.name: _number(control[number, place])
                        for place, measure in enumerate(MEASURES)
                        if measure.of_music
                    }
                    for name, control in zip(CONTROLS, controls, strict=True)
                },
            }
            | ({} if copies is None else {name: _number(copies[at]) for at, name in enumerate(COPY_COLUMNS)})
        )
    return entries


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _cell(entry: Mapping[str, Any] | None, interval: bool = True) -> str:
    if entry is None or entry["value"] is None:
        return "-"
    text = _short(entry["value"])
    if interval and entry.get("low_95") is not None:
        text += f" ({_short(entry['low_95'])} to {_short(entry['high_95'])})"
    return text


def _title(entry: Mapping[str, Any]) -> str:
    unit = f", {entry['unit']}" if entry["unit"] else ""
    return f"{entry['title']}{unit}"


def _music_table(measures: Mapping[str, Any]) -> list[str]:
    head = ["measure", "wanted", "dances", *CONTROLS, "over other song", "ground truth", *CONTROLS]
    rows = []
    for entry in measures.values():
        ours, theirs = entry["dances"], entry["ground_truth"]
        if "controls" not in ours:
            continue
        rows.append(
            [_title(entry), entry["wanted"], _cell(ours)]
            + [_cell(ours["controls"][name], False) for name in CONTROLS]
            + [_cell(ours["over_other_song"]), _cell(theirs)]
            + [_cell(theirs["controls"][name], False) for name in CONTROLS]
        )
    return _table(head, rows)


def _body_table(
    measures: Mapping[str, Any], variety: Mapping[str, Any], copies: Mapping[str, Any] | None
) -> list[str]:
    rows = [
        [_title(entry), entry["wanted"], _cell(entry["dances"]), _cell(entry["ground_truth"])]
        for entry in measures.values()
        if "controls" not in entry["dances"]
    ]
    for name, title in (("trajectory_m", "trajectories"), ("pose_m", "poses")):
        cells = [_cell(variety[name]["dances"]), _cell(variety[name]["ground_truth"])]
        rows.append(
            [f"distance of {title} between seeds (ground truth: between dances of a style), m", "as truth", *cells]
        )
    if copies is not None:
        titles = ("distance to the nearest training window, median, m", f"share of windows within {COPY_M:g} m of one")
        for name, title in zip(COPY_COLUMNS, titles, strict=True):
            rows.append([title, "as truth", _cell(copies[name]["dances"]), _cell(copies[name]["ground_truth"])])
    return _table(["measure", "wanted", "dances", "ground truth"], rows)


def _realism_table(found: Mapping[str, Any]) -> list[str]:
    head = ["styles", "of", "windows", "KID_k", "KID_g", "FID_k", "FID_g", "FID-inf_k", "FID-inf_g", "Div_k", "Div_g"]
    names = ("kernel", "frechet", "frechet_infinity", "diversity")
    rows = []
    for style, sides in found.items():
        for side, title in (("dances", "dances"), ("ground_truth", "ground truth")):
            scores = sides[side]
            if scores is None:
                rows.append([style, title, "-", *["-"] * (len(head) - 3)])
                continue
            cells = [_cell(scores[f"{name}_{topic}"]) for name in names for topic in ("kinetic", "geometric")]
            rows.append([style, title, f"{scores['samples']} against {scores['truth_samples']}", *cells])
    return [
        *_table(head, rows),
        "",
        "Windows of 10 s against ground truth of the same styles in the same shares (KID: unbiased, 0 for one "
        "distribution; FID grows as windows get fewer; `-`: too few). Features are scaled by the ground truth's "
        "deviation; over all styles together that is the deviation between styles, which hides what is wrong within "
        "one: steer by the mean of styles (those with two songs). The rows of ground truth say what is left between "
        "dances of one kind.",
    ]


def _style_table(found: Mapping[str, Any]) -> list[str]:
    head = ["style", "of", "songs", *(_title(_measure(name)) for name in _STYLE_COLUMNS)]
    rows = []
    for style, entry in found.items():
        control = CONTROLS[0]
        measures = entry["measures"]
        rows.append([style, "dances", str(entry["songs"])] + [_cell(measures[m]["dances"]) for m in _STYLE_COLUMNS])
        others = [measures[m]["dances"].get("controls", {}).get(control) for m in _STYLE_COLUMNS]
        rows.append([style, control, ""] + [_cell(other) if other else "" for other in others])
        truth = [_cell(measures[m]["ground_truth"]) for m in _STYLE_COLUMNS]
        rows.append([style, "ground truth", str(entry["ground_truth_dances"]), *truth])
    return _table(head, rows)


def _measure(name: str) -> dict[str, str]:
    measure = MEASURES[INDEX[name]]
    return {"title": measure.title, "unit": measure.unit}


def _song_table(each: Sequence[Mapping[str, Any]]) -> list[str]:
    head = ["dance", "style", "s", *(_title(_measure(name)) for name in _SONG_COLUMNS), "FID_k", "FID_g"]
    rows = []
    for entry in each:
        placement = entry["placement"]
        cells = [_ranked(placement["measures"][name]) for name in _SONG_COLUMNS]
        cells += [_ranked(placement["frechet"][topic]) for topic in ("kinetic", "geometric")]
        rows.append([entry["name"].replace("|", "/"), entry["style"], f"{entry['seconds']:.0f}", *cells])
    return [
        *_table(head, rows),
        "",
        f"In brackets the percentile in the ground truth of the style. FID: {INDICATIVE}.",
    ]


def _ranked(entry: Mapping[str, Any]) -> str:
    if entry["value"] is None:
        return "-"
    return _short(entry["value"]) + ("" if entry["percentile"] is None else f" [{entry['percentile']:.0f}]")


def _published_table(found: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, entry in found.items():
        cells = []
        for side in ("dances", "ground_truth"):
            chance = entry[side].get("chance")
            cells.append(_cell(entry[side]) + ("" if chance is None else f", chance {_short(chance)}"))
        rows.append([name, *cells, entry["protocol"]])
    return [
        *_table(["score", "dances", "ground truth", "protocol"], rows),
        "",
        "For comparison of like with like only: these follow the published scripts, slips and all, on this project's "
        "own data; figures of papers were taken on other data.",
    ]
