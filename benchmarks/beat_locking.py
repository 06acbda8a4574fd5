"""What beat-locking does to dances without music: ``python benchmarks/beat_locking.py --pairs runs/pairs --open DIR``.

For each pair of an open dance and a song, the *lock* (mean resultant length of the beat phase, as in
``dancegen.metrics``) of its foot plants and of its sharp stops,

* *before*: the recorded dance played as it is on the same song, from where the laid one begins and from seven moments
  up to two seconds later, mean of the eight: the chance level of so many events;
* *one rate*: the recorded dance played at the overall rate that was chosen, without local changes;
* *after*: the laid dance, events detected anew.

The ballroom dances in the folder, which were danced to their music, are measured by the same code. Only pairs with
eight events or more count. ``mean phase`` is in beats, negative before the beat; ``slide`` is the horizontal speed of
feet in contact; ``jerk`` the mean over joints at 30 frames per second. Both are of the same part of the dance before
and after.
Writes ``OUT.md`` and ``OUT.png``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import PchipInterpolator

from motionbeat.beatlock import KINDS, MotionEvents, motion_events
from motionbeat.beats import BeatGrid
from motionbeat.contacts import detect_contacts
from motionbeat.dances import Dance, read_open
from motionbeat.motion import Motion
from motionbeat.pairs import Pair, load_pairs
from motionbeat.skeleton import FOOT_JOINTS

FEWEST_EVENTS = 8
MEASURED = ("plant", "stop")
START_OFFSETS_S = np.linspace(0.0, 2.0, 8)


@dataclass
class Group:
    """Measurements of the pairs of one genre; each list has an entry a pair, NaN where there are too few events."""

    lock: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    phases: dict[tuple[str, str], list[np.ndarray]] = field(default_factory=dict)
    local_rates: list[np.ndarray] = field(default_factory=list)
    overall_rates: list[float] = field(default_factory=list)
    invalid: list[float] = field(default_factory=list)
    quality: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    pairs: int = 0

    def add_events(self, when: str, times_s: dict[str, np.ndarray], grid: BeatGrid) -> None:
        """Lock and phases of the events of each kind that lie within the beats."""
        for kind, times in times_s.items():
            inside = times[(times >= grid.beats[0]) & (times <= grid.beats[-1])]
            phase = np.exp(2j * np.pi * grid.beat_phase(inside))
            enough = len(inside) >= FEWEST_EVENTS
            self.lock.setdefault((when, kind), []).append(float(np.abs(phase.mean())) if enough else np.nan)
            self.phases.setdefault((when, kind), []).append(np.angle(phase) / (2 * np.pi))

    def mean_lock(self, when: str, kind: str) -> float:
        values = np.array(self.lock.get((when, kind), [np.nan]))
        return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan

    def mean_phase(self, when: str, kind: str) -> float:
        phases = np.concatenate(self.phases[when, kind])
        return float(np.angle(np.exp(2j * np.pi * phases).mean()) / (2 * np.pi)) if len(phases) else np.nan


def of_kinds(events: MotionEvents) -> dict[str, np.ndarray]:
    return {kind: events.of_kind(kind) for kind in MEASURED}


def feet_and_jerk(motion: Motion, valid: np.ndarray) -> tuple[float, float]:
    """Mean horizontal speed of feet in contact (mm/s) and mean jerk of the joints (m/s3), over valid frames."""
    joints = motion.joints()
    jerk = np.linalg.norm(np.diff(joints, 3, axis=0), axis=-1).mean(axis=1) * motion.fps**3
    speed = np.linalg.norm(np.diff(joints[:, FOOT_JOINTS][..., [0, 2]], axis=0), axis=-1) * motion.fps * 1000
    contacts = np.asarray(motion.contacts) > 0.5
    down = contacts[1:] & contacts[:-1] & (valid[1:] & valid[:-1])[:, None]
    sound = valid[3:] & valid[2:-1] & valid[1:-2] & valid[:-3]
    return float(speed[down].mean()) if down.any() else np.nan, float(jerk[sound].mean()) if sound.any() else np.nan


def measure_laid(group: Group, pair: Pair, dance: Dance, events: MotionEvents, laid: dict) -> None:
    """Add a pair whose dance was laid on the song's beats as ``laid`` (an entry of songs.json) tells."""
    song, source = np.array(laid["song_times_s"]), np.array(laid["dance_times_s"])
    recorded = of_kinds(events)
    locks: dict[str, list[float]] = {kind: [] for kind in MEASURED}
    trial = Group()
    for offset in START_OFFSETS_S:
        trial.add_events("before", {k: song[0] + t - source[0] - offset for k, t in recorded.items()}, pair.grid)
    for kind in MEASURED:
        locks[kind] = trial.lock["before", kind]
        value = np.nanmean(locks[kind]) if np.isfinite(locks[kind]).any() else np.nan
        group.lock.setdefault(("before", kind), []).append(float(value))
        group.phases.setdefault(("before", kind), []).append(trial.phases["before", kind][0])
    one_rate = {k: song[0] + (t - source[0]) / laid["rate"] for k, t in recorded.items()}
    group.add_events("one rate", one_rate, pair.grid)
    group.add_events("after", of_kinds(motion_events(pair.motion)), pair.grid)
    group.local_rates.append(
        PchipInterpolator(song, source).derivative()(np.arange(song[0], song[-1], 1 / pair.motion.fps)) / laid["rate"]
    )
    group.overall_rates.append(laid["rate"])
    # of the frames that were played, so that what was faulty in the recording is told apart
    start, stop = (int(time * dance.motion.fps) for time in (source[0], source[-1]))
    first = int(np.ceil(song[0] * pair.motion.fps))
    group.invalid.append(float((~pair.valid[first:]).mean() - (~dance.valid[start:stop]).mean()))
    part = dance.motion.crop(start, stop)
    before = feet_and_jerk(
        Motion(part.poses, part.trans, part.fps, detect_contacts(part.joints(), part.fps)), dance.valid[start:stop]
    )
    after = feet_and_jerk(pair.motion, pair.valid)
    for name, old, new in zip(("slide", "jerk"), before, after, strict=True):
        group.quality.setdefault(name, []).append((old, new))
    group.pairs += 1


def measure_recorded(group: Group, pair: Pair) -> None:
    """Add a dance that was recorded to its music."""
    group.add_events("after", of_kinds(motion_events(pair.motion)), pair.grid)
    group.pairs += 1


def markdown(laid: dict[str, Group], recorded: dict[str, Group]) -> str:
    """Table of all genres."""
    lines = [
        "| genre | pairs | plants: before | one rate | after | mean phase | stops: before | one rate | after"
        " | local rate 5-95 % | newly invalid | slide mm/s | jerk m/s3 |",
        "| --- " * 13 + "|",
    ]
    for name, group in laid.items():
        locks = []
        for kind in MEASURED:
            locks += [f"{group.mean_lock(when, kind):.2f}" for when in ("before", "one rate", "after")]
        locks.insert(3, f"{group.mean_phase('after', 'plant'):+.2f}")
        rates = np.percentile(np.concatenate(group.local_rates), [5, 95])
        quality = [np.nanmean(np.array(group.quality[each]), axis=0) for each in ("slide", "jerk")]
        lines.append(
            f"| {name} | {group.pairs} | {' | '.join(locks)} | {rates[0]:.2f}-{rates[1]:.2f}"
            f" | {100 * np.mean(group.invalid):.1f} % | "
            + " | ".join(f"{old:.0f} -> {new:.0f}" for old, new in quality)
            + " |"
        )
    for name, group in recorded.items():
        plant, stop = group.mean_lock("after", "plant"), group.mean_lock("after", "stop")
        phase = group.mean_phase("after", "plant")
        lines.append(
            f"| {name}, recorded to its music | {group.pairs} | | | {plant:.2f} | {phase:+.2f} | | | {stop:.2f}"
            " | | | | |"
        )
    return "\n".join(lines) + "\n"


def plot(path: Path, laid: dict[str, Group], recorded: dict[str, Group], example: tuple[Pair, Dance, dict]) -> None:
    """Locks by genre, phases of plants, local rates, and the speed of one dance on its song's beats."""
    figure, axes = plt.subplots(2, 2, figsize=(13, 8.5), constrained_layout=True)
    names = [*laid, *recorded]
    for column, when in enumerate(("before", "one rate", "after")):
        heights = [group.mean_lock(when, "plant") for group in (laid | recorded).values()]
        axes[0, 0].bar(np.arange(len(names)) + 0.27 * (column - 1), heights, 0.25, label=when)
    axes[0, 0].set_xticks(range(len(names)), names, rotation=20)
    axes[0, 0].set(ylabel="lock of foot plants", title="Ballroom: recorded to its music")
    axes[0, 0].legend()

    bins = np.linspace(-0.5, 0.5, 25)
    for when in ("before", "after"):
        phases = np.concatenate([phase for group in laid.values() for phase in group.phases[when, "plant"]])
        axes[0, 1].hist(phases, bins, density=True, histtype="step", lw=2, label=f"open set, {when}")
    phases = np.concatenate([phase for group in recorded.values() for phase in group.phases["after", "plant"]])
    if len(phases):
        axes[0, 1].hist(phases, bins, density=True, histtype="step", lw=2, ls="--", label="ballroom, recorded")
    axes[0, 1].set(xlabel="phase of foot plants in the beat", ylabel="density", ylim=(0, None))
    axes[0, 1].legend()

    for name, group in laid.items():
        axes[1, 0].hist(
            np.concatenate(group.local_rates), np.linspace(0.75, 1.25, 51), density=True, histtype="step", label=name
        )
    axes[1, 0].set(xlabel="local rate over overall rate", ylabel="density")
    axes[1, 0].legend()

    pair, dance, entry = example
    speeds = []
    for motion in (dance.motion, pair.motion):
        joints = motion.joints()
        speeds.append(np.linalg.norm(np.diff(joints, axis=0, prepend=joints[:1]), axis=-1).mean(axis=1) * motion.fps)
    song, source = np.array(entry["song_times_s"]), np.array(entry["dance_times_s"])
    played = song[0] + (np.arange(len(speeds[0])) / dance.motion.fps - source[0]) / entry["rate"]
    axes[1, 1].plot(played, speeds[0], lw=1, alpha=0.7, label="at one rate")
    axes[1, 1].plot(np.arange(len(speeds[1])) / pair.motion.fps, speeds[1], lw=1.3, label="laid on beats")
    for beat in pair.grid.beats:
        axes[1, 1].axvline(beat, color="black", lw=0.9 if beat in pair.grid.downbeats else 0.3)
    colours = {"plant": "tab:red", "stop": "tab:green", "turn": "tab:gray"}
    events = motion_events(pair.motion)
    for kind in KINDS:
        times = events.of_kind(kind)
        axes[1, 1].plot(times, np.full(len(times), -0.05), "^", ms=5, color=colours[kind], label=kind)
    axes[1, 1].set(xlim=(song[8], song[8] + 8), xlabel="seconds of song", ylabel="mean joint speed, m/s")
    axes[1, 1].set_title(f"{pair.name} on {entry['song']}")
    axes[1, 1].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def by_style(pairs: Iterable[Pair]) -> dict[str, list[Pair]]:
    """Pairs in groups, genres in the order of their names."""
    groups: dict[str, list[Pair]] = {}
    for pair in sorted(pairs, key=lambda each: each.style):
        groups.setdefault(pair.style, []).append(pair)
    return groups


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the beat lock of dances laid on songs.")
    parser.add_argument("--pairs", type=Path, required=True, help="folder made by motionbeat.pairs")
    parser.add_argument("--open", type=Path, required=True, help="the open dances that it was made from")
    parser.add_argument("--songs", type=int, default=6, help="pairs of each dance that are measured")
    parser.add_argument("--example", default="g1_J_Dance17_Shuffle_0", help="pair whose speed is drawn")
    parser.add_argument("--out", type=Path, default=Path("out/beat_locking"))
    args = parser.parse_args()

    entries = json.loads((args.pairs / "songs.json").read_text())
    dances = {dance.name: dance for dance in read_open(args.open)}
    events = {name: motion_events(dance.motion) for name, dance in dances.items()}
    laid: dict[str, Group] = {}
    recorded: dict[str, Group] = {}
    example = None
    for style, pairs in by_style(load_pairs(args.pairs)).items():
        for pair in pairs:
            if pair.name not in entries:
                measure_recorded(recorded.setdefault(style, Group()), pair)
            elif int(pair.name.rsplit("_", 1)[1]) < args.songs:
                group = laid.setdefault(style, Group())
                measure_laid(group, pair, dances[pair.dance], events[pair.dance], entries[pair.name])
                if example is None or pair.name == args.example:
                    example = (pair, dances[pair.dance], entries[pair.name])
    assert example is not None, "no laid dances in this folder"
    table = markdown(laid, recorded)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.with_suffix(".md").write_text(table)
    plot(args.out.with_suffix(".png"), laid, recorded, example)
    print(table, end="")


if __name__ == "__main__":
    main()
