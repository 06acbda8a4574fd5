"""The numbers that a visitor sees, and what they mean in plain words.

They are read from a report as ``python -m dancegen.sample`` writes it: ``metrics`` of
:func:`dancegen.metrics.summarise` and ``placement`` of :func:`dancegen.evaluation.place`. Nothing is measured here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dancegen.evaluation.placement import INDICATIVE

Wanted = Literal["more", "less", "as recorded"]
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Explained:
    """A number that is worth showing.

    Attributes:
        title: for the table.
        meaning: what it says, in a sentence.
        wanted: which way is better; ``as recorded``: neither, the middle of recorded dancers is the goal.
        metric: its name among the metrics; empty if it is there in the placement only.
        measure: its name among the measures of the placement; for a Fréchet distance its topic.
    """

    title: str
    meaning: str
    wanted: Wanted
    metric: str
    measure: str


FRECHET = ("kinetic", "geometric")

EXPLAINED = (
    Explained(
        "Steps in time",
        "How alike foot plants lie in the beat: 1 when each comes at the same place of it, 0 when they come anywhere.",
        "more", "beat_lock", "beat_lock",
    ),
    Explained(
        "Steps where the style has them",
        "The same, counted toward the place in the beat where recorded dancers of the style put their feet.",
        "more", "", "plants_toward_style",
    ),
    Explained(
        "Steps in the bar",
        "How alike the foot plants lie in the bar. Steps on every beat alike cancel out here.",
        "more", "bar_lock", "bar_lock",
    ),
    Explained(
        "Feet move with the beat",
        "Share of the ups and downs of the feet's speed that come once a beat.",
        "more", "feet_energy_beat", "feet_energy_beat",
    ),
    Explained(
        "Beat alignment (published score)",
        "How near a beat is to each moment at which the body slows down. Recorded dances are at chance here too: for "
        "comparison only.",
        "as recorded", "beat_alignment_motion_to_music", "beat_alignment_motion_to_music",
    ),
    Explained(
        "Beats that get a step",
        "Foot plants within 70 ms of a beat, as the F-measure of finding beats by them.",
        "more", "beat_f_measure", "beat_f_measure",
    ),
    Explained(
        "Foot slide",
        "How far a foot that stands on the floor slides in 1/30 s.",
        "less", "contact_slide", "contact_slide",
    ),
    Explained("Liveliness", "Mean speed of all joints.", "as recorded", "speed", "speed"),
    Explained(
        "Jerkiness",
        "How abruptly the joints change their acceleration: trembling makes it large, stiffness small.",
        "as recorded", "jerk", "jerk",
    ),
    Explained(
        "Repetition",
        "Distance from each second of the dance to the most similar other second of it: 0 for a loop.",
        "as recorded", "self_repetition", "self_repetition",
    ),
    Explained(
        "FID, speed (FID_k)",
        f"Distance of the dance's windows from recorded ones in features of speed; {INDICATIVE}.",
        "less", "", "kinetic",
    ),
    Explained(
        "FID, pose (FID_g)",
        f"Distance of the dance's windows from recorded ones in features of poses; {INDICATIVE}.",
        "less", "", "geometric",
    ),
)  # fmt: skip
"""In the order of the table."""


@dataclass(frozen=True)
class Row:
    """A number of one dance.

    Attributes:
        about: what it is.
        value: None where there was nothing to measure.
        unit: of the value.
        chance: the same number for motion that has nothing to do with the music; None where there is no such notion.
        percentile: share of recorded dances that are below, in percent; None for too few of them.
        protocol: how it was measured.
    """

    about: Explained
    value: float | None
    unit: str
    chance: float | None
    percentile: float | None
    protocol: str


def rows(report: Report) -> list[Row]:
    """The numbers of a report, in the order of :data:`EXPLAINED`."""
    metrics, placement = report["metrics"], report["placement"]
    found = []
    for about in EXPLAINED:
        placed = placement["frechet" if about.measure in FRECHET else "measures"][about.measure]
        measured = metrics[about.metric] if about.metric else placed
        found.append(
            Row(
                about,
                measured["value"],
                measured.get("unit", ""),
                measured.get("chance"),
                placed["percentile"],
                measured.get("protocol", "sound: mean over pieces of 30 s, phase against the style's recorded dances"),
            )
        )
    return found


def in_plain_words(report: Report) -> str:
    """One line on time, feet and smoothness, for somebody who reads no table."""
    words = [_of_time(report)]
    slide, jerk = (report["placement"]["measures"][name]["percentile"] for name in ("contact_slide", "jerk"))
    if slide is not None:
        words.append(f"standing feet slide {_as_often(slide, 'more', 'less', 'much')} recorded ones do")
    if jerk is not None:
        words.append(f"the motion is {_as_often(jerk, 'jerkier', 'smoother', 'jerky')} theirs")
    text = "; ".join(words)
    return f"{text[0].upper()}{text[1:]}."


def _of_time(report: Report) -> str:
    lock, placed = report["metrics"]["beat_lock"], report["placement"]["measures"]["beat_lock"]
    # without any step in time both are 0
    if lock["value"] is None or not (lock["value"] or lock["chance"]):
        return "there are too few steps to say whether they keep time"
    if lock.get("chance_95") is not None and lock["value"] <= lock["chance_95"]:
        return "steps keep no closer to the beat than chance would"
    if placed["percentile"] is None:
        return "steps keep closer to the beat than chance would"
    return f"steps keep to the beat {_as_often(placed['percentile'], 'more closely', 'less closely', 'closely')} " + (
        "recorded dancers' do"
    )


def _as_often(percentile: float, above: str, below: str, alike: str) -> str:
    """``about as closely as``, ``clearly more closely than``, ..., by the place among recorded dances."""
    if 25 <= percentile <= 75:
        return f"about as {alike} as"
    word = above if percentile > 75 else below
    return f"clearly {word} than" if percentile < 5 or percentile > 95 else f"{word} than"
