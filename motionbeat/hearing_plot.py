"""A picture of what the encoder hears in a song, and of a dance to it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from motionbeat.audio import Audio
from motionbeat.beats import BeatGrid
from motionbeat.beats.summary import confidence_word, describe
from motionbeat.contacts import contact_states, runs
from motionbeat.encoder import MotionBeat, MusicEmbedding
from motionbeat.motion import Motion
from motionbeat.motion_features import CONTACT, MOTION_FPS, motion_to_features
from motionbeat.motion_tokens import motion_tokens
from motionbeat.tokens import SLOTS_PER_BEAT, SlotGrid

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

ROW_S = 20.0
"""Seconds of a row at most, unless the song would then take more than :data:`MAX_ROWS`."""

MAX_ROWS = 10
WIDTH_IN, DPI = 16.0, 100
"""Width of the picture in inches, and pixels per inch."""

MAX_CELLS = 720
"""Rows of the self-similarity: in longer songs a cell is the mean token of several slots."""

_HEAD_IN, _GAP_IN, _FOOT_IN = 0.85, 0.55, 0.45
_SOUND_IN, _ONSET_IN, _PHASE_IN, _FEET_IN, _BAND_GAP_IN = 0.75, 0.75, 0.12, 0.85, 0.06
_LEFT_IN, _RIGHT_IN = 1.05, 0.3
_SQUARE_IN, _SIDE_GAP_IN, _BAR_IN = 7.2, 1.75, 0.14

_TICKS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)
_MAX_TICKS = 24
_MAX_BEATS = 130  # lines in a row; more of them are a grey wall
_MAX_NUMBERS = 40  # of bars along an axis
_MAX_POINTS = 4000

_BEAT_COLOUR, _DOWNBEAT_COLOUR, _SOUND_COLOUR = "#8fb8e3", "#d6212a", "#5b6b7b"
_ONSET_COLOUR, _ACCENT_COLOUR = "#2f4f4f", "#ef8a17"
_FOOT_COLOURS = ("#2a7f9e", "#8a4f9e")  # left, right
_PULSE_COLOUR, _CURVE_COLOUR = "#9aa3ab", "#ef8a17"
_INK, _FAINT, _BEYOND_COLOUR = "#222222", "#888888", "#eeeeee"
_WORD_COLOURS = {"clear": "#1a7f37", "uncertain": "#b35900", "no steady beat": "#b00020"}


@dataclass(frozen=True, eq=False)
class DanceHearing:
    """What the motion tower is told of a dance, and what it makes of it.

    Attributes:
        states: (T, 4) bool at 30 fps: left ankle, right ankle, left toe, right toe stand on the floor.
        slots: M slots of the song that the dance covers, from the beginning of both on.
        pulses: (M,) contact pulse of each slot, 0 to 1.
        curve: (M,) what the rhythm head says instead, 0 to 1; None for an encoder without rhythm heads.
    """

    states: np.ndarray
    slots: SlotGrid
    pulses: np.ndarray
    curve: np.ndarray | None


def hear_dance(model: MotionBeat, motion: Motion, music: MusicEmbedding) -> DanceHearing:
    """A dance that begins with the music, read on the music's slots."""
    motion = motion.resampled(MOTION_FPS)
    features = motion_to_features(motion)
    slots = SlotGrid(music.token_times_s, music.token_phase, music.grid.meter)
    slots = slots.part(slots.within(0.0, motion.duration))
    states = contact_states(features[:, CONTACT])
    if len(slots) < SLOTS_PER_BEAT:  # not even a beat
        return DanceHearing(states, slots, np.zeros(len(slots), np.float32), None)
    tokens, pulses = motion_tokens(features, MOTION_FPS, slots)
    return DanceHearing(states, slots, pulses, model.contact_curve(tokens, pulses, slots))


def row_seconds(duration_s: float) -> float:
    """Seconds in each row of the picture of a song: whole ones, and the same for all rows."""
    rows = min(MAX_ROWS, math.ceil(duration_s / ROW_S))
    return float(math.ceil(duration_s / rows))


def write_hearing_plot(
    path: str | Path,
    audio: Audio,
    music: MusicEmbedding,
    name: str,
    start_s: float = 0.0,
    dance: DanceHearing | None = None,
) -> None:
    """Write a PNG: the song in rows, then what its tokens look like side by side.

    A row has the waveform with beats and numbered bars, the onset envelope and the accents of the rhythm head in each
    slot, the place in the bar as a colour and, with a dance, the feet that stand on the floor, the contact pulses of
    the slots and those of the motion tower's rhythm head. Below are the self-similarity of the tokens (cosine, after
    their mean is removed), the mean bar, and the tokens on their first two principal axes.

    Args:
        path: the file; replaced if it exists.
        audio: the song.
        music: what is heard in ``audio``, in seconds since its beginning.
        name: of the song, for the title.
        start_s: seconds of the song before ``audio`` begins; times in the picture count from the song's beginning.
        dance: of :func:`hear_dance`.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    layout = _Layout(dance is not None)
    row_s = row_seconds(audio.duration)
    starts = np.arange(math.ceil(audio.duration / row_s)) * row_s
    height = _HEAD_IN + len(starts) * (layout.height + _GAP_IN) + 0.35 + _SQUARE_IN + _FOOT_IN
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI, facecolor="white")
    _write_head(figure, music, name, dance)
    bottom = height - _HEAD_IN
    for start in starts:
        bottom -= layout.height
        axes = figure.add_axes(
            (_LEFT_IN / WIDTH_IN, bottom / height, 1 - (_LEFT_IN + _RIGHT_IN) / WIDTH_IN, layout.height / height)
        )
        bottom -= _GAP_IN
        _draw_row(axes, layout, audio, music, dance, start, row_s, start_s)

    bottom -= 0.35 + _SQUARE_IN - _GAP_IN + 0.15

    def place(left: float, low: float, width: float, tall: float) -> Axes:
        return figure.add_axes((left / WIDTH_IN, (bottom + low) / height, width / WIDTH_IN, tall / height))

    square = place(_LEFT_IN, 0, _SQUARE_IN, _SQUARE_IN)
    _draw_similarity(square, place(_LEFT_IN + _SQUARE_IN + 0.12, 0, _BAR_IN, _SQUARE_IN), music, start_s)
    left = _LEFT_IN + _SQUARE_IN + _SIDE_GAP_IN
    width = WIDTH_IN - left - _RIGHT_IN
    _draw_mean_bar(place(left, _SQUARE_IN - 2.0, width, 2.0), music)
    _draw_principal_axes(place(left, 0, width, _SQUARE_IN - 3.1), music)
    with warnings.catch_warnings():
        # letters of the song's name that the font lacks come out as boxes, which is warning enough
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(path, format="png", dpi=DPI)


class _Layout:
    """Where the bands of a row lie, in inches above its lower edge."""

    def __init__(self, with_dance: bool) -> None:
        self.feet = 0.0
        top = _FEET_IN + _BAND_GAP_IN if with_dance else 0.0
        self.phase = top
        self.onset = self.phase + _PHASE_IN + _BAND_GAP_IN
        self.sound = self.onset + _ONSET_IN + _BAND_GAP_IN
        self.height = self.sound + _SOUND_IN


def phase_colours() -> Colormap:
    """One turn of soft colours of equal weight, red on the downbeat."""
    from matplotlib.colors import ListedColormap

    turn = np.linspace(0, 1, 256, endpoint=False)[:, None] - np.array([0, 1 / 3, 2 / 3])
    return ListedColormap(0.53 + 0.33 * np.cos(2 * np.pi * turn), name="bar phase")


def self_similarity(tokens: np.ndarray, cells: int = MAX_CELLS) -> tuple[np.ndarray, int]:
    """Cosine of every two tokens after the mean token is removed.

    Args:
        tokens: (N, width).
        cells: the most rows wanted.

    Returns:
        (M, M) float32 in [-1, 1], and how many slots a cell is the mean of: 1, 2, or whole beats; the last cell may
        have fewer.
    """
    step = math.ceil(len(tokens) / cells)
    if step > 2:
        step = SLOTS_PER_BEAT * math.ceil(step / SLOTS_PER_BEAT)
    edges = np.arange(0, len(tokens), step)
    counts = np.diff(edges, append=len(tokens))
    means = np.add.reduceat(tokens, edges, axis=0) / counts[:, None]
    centred = means - means.mean(axis=0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    return (unit @ unit.T).astype(np.float32), step


def _write_head(figure: Figure, music: MusicEmbedding, name: str, dance: DanceHearing | None) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    # neither line breaks nor bytes that are no text may reach the font renderer
    name = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    width, height = figure.get_size_inches()
    left = _LEFT_IN / width
    figure.text(left, 1 - 0.36 / height, name, fontsize=14, weight="bold", color=_INK, parse_math=False)
    colour = _WORD_COLOURS[confidence_word(music.grid.confidence)]
    figure.text(left, 1 - 0.62 / height, describe(music.grid), fontsize=11, color=colour)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=_BEAT_COLOUR, linewidth=1.2, label="beat"),
        Line2D([], [], color=_DOWNBEAT_COLOUR, linewidth=1.8, label="downbeat, with its bar"),
        Patch(color=_ONSET_COLOUR, label="onsets"),
    ]
    if music.accents is not None:
        handles.append(Line2D([], [], color=_ACCENT_COLOUR, linewidth=1.8, label="accents (audio rhythm head)"))
    if dance is not None:
        handles += [
            Patch(color=_FOOT_COLOURS[0], label="left foot down"),
            Patch(color=_FOOT_COLOURS[1], label="right foot down"),
            Patch(color=_PULSE_COLOUR, label="contact pulses"),
        ]
        if dance.curve is not None:
            handles.append(Line2D([], [], color=_CURVE_COLOUR, linewidth=1.8, label="pulses (motion rhythm head)"))
    figure.legend(
        handles=handles,
        loc="upper right",
        bbox_to_anchor=(1 - _RIGHT_IN / width, 1 - 0.2 / height),
        borderaxespad=0,
        ncols=min(len(handles), 4),
        fontsize=9,
        frameon=False,
    )


def _draw_row(
    axes: Axes,
    layout: _Layout,
    audio: Audio,
    music: MusicEmbedding,
    dance: DanceHearing | None,
    start_s: float,
    row_s: float,
    offset_s: float,
) -> None:
    """One row from ``start_s`` on; ``offset_s`` is added to all times."""
    stop_s = min(start_s + row_s, audio.duration)
    left, right = start_s + offset_s, stop_s + offset_s
    axes.set_ylim(0, layout.height)
    _draw_clock(axes, left, row_s)
    _draw_grid(axes, music.grid, start_s, stop_s, offset_s, layout.height)

    sound = audio.crop(start_s, stop_s).samples
    columns = min(len(sound), round((WIDTH_IN - _LEFT_IN - _RIGHT_IN) * DPI * (stop_s - start_s) / row_s))
    edges = np.linspace(0, len(sound), columns, endpoint=False).astype(int)
    scale = 0.5 * _SOUND_IN / max(float(np.abs(audio.samples).max()), 1e-9)
    middle = layout.sound + 0.5 * _SOUND_IN
    low, high = (middle + scale * reduce(sound, edges) for reduce in (np.minimum.reduceat, np.maximum.reduceat))
    axes.fill_between(left + edges / audio.sample_rate, low, high, color=_SOUND_COLOUR, linewidth=0.4, zorder=2)

    slots = SlotGrid(music.token_times_s, music.token_phase, music.grid.meter)
    edge_times = np.append(slots.times_s, slots.ends_s[-1:]) + offset_s
    _fill_slots(axes, edge_times, music.onsets, layout.onset, _ONSET_IN, _ONSET_COLOUR)
    if music.accents is not None:
        accents = music.accents / max(float(music.accents.max()), 1e-9)
        _draw_slots(axes, edge_times, accents, layout.onset, _ONSET_IN, _ACCENT_COLOUR)
    moments = np.linspace(start_s, stop_s, max(2, columns))
    axes.imshow(
        music.grid.bar_phase(moments)[None],
        aspect="auto",
        extent=(left, right, layout.phase, layout.phase + _PHASE_IN),
        cmap=phase_colours(),
        vmin=0,
        vmax=1,
        interpolation="nearest",
        zorder=3,
    )
    axes.set_xlim(left, left + row_s)
    axes.set_ylim(0, layout.height)
    labels = {
        layout.sound + 0.5 * _SOUND_IN: "sound",
        layout.onset + 0.5 * _ONSET_IN: "onsets" if music.accents is None else "onsets,\naccents",
        layout.phase + 0.5 * _PHASE_IN: "bar phase",
    }
    if dance is not None:
        _draw_feet(axes, layout, dance, offset_s)
        labels[layout.feet + 0.5 * _FEET_IN] = "feet"
    axes.set_yticks(list(labels), list(labels.values()))
    for edge in (layout.phase, layout.onset, layout.sound):
        axes.axhline(edge - 0.5 * _BAND_GAP_IN, color="#dddddd", linewidth=0.6, zorder=1)
    axes.axvspan(right, left + row_s, color=_BEYOND_COLOUR, linewidth=0, zorder=4)
    _style(axes)
    axes.tick_params(axis="y", length=0)


def _draw_grid(axes: Axes, grid: BeatGrid, start_s: float, stop_s: float, offset_s: float, top: float) -> None:
    def inside(seconds: np.ndarray) -> np.ndarray:
        return (seconds >= start_s) & (seconds < stop_s)

    beats = grid.beats[inside(grid.beats)] + offset_s
    if len(beats) <= _MAX_BEATS:
        axes.vlines(beats, 0, top, color=_BEAT_COLOUR, linewidth=0.9, zorder=1)
    bars = np.flatnonzero(inside(grid.downbeats))
    every = _every(len(bars))
    dense = len(bars) > 2 * _MAX_NUMBERS
    for bar in bars:
        if bar % every and dense:
            continue
        time = grid.downbeats[bar] + offset_s
        axes.vlines(time, 0, top, color=_DOWNBEAT_COLOUR, linewidth=1.6, zorder=1)
        if bar % every == 0:
            axes.text(time, top + 0.04, str(bar + 1), color=_DOWNBEAT_COLOUR, fontsize=8, ha="center", va="bottom")


def _draw_feet(axes: Axes, layout: _Layout, dance: DanceHearing, offset_s: float) -> None:
    """Four thin bands of the joints on the floor, pulses and curve above them."""
    band = 0.07
    for line, joint in enumerate((3, 1, 2, 0)):  # from below: right toe and ankle, left toe and ankle
        spans = runs(dance.states[:, joint]) / MOTION_FPS
        bars = [(first + offset_s, last - first) for first, last in spans]
        axes.broken_barh(bars, (layout.feet + line * band, 0.8 * band), color=_FOOT_COLOURS[joint % 2], zorder=3)
    if len(dance.slots) < 2:
        return
    base = layout.feet + 4 * band + 0.03
    edges = np.append(dance.slots.times_s, dance.slots.ends_s[-1:]) + offset_s
    _fill_slots(axes, edges, dance.pulses, base, _FEET_IN - base, _PULSE_COLOUR)
    if dance.curve is not None:
        _draw_slots(axes, edges, dance.curve, base, _FEET_IN - base, _CURVE_COLOUR)


def _fill_slots(axes: Axes, edges: np.ndarray, values: np.ndarray, base: float, tall: float, colour: str) -> None:
    steps = base + 0.97 * tall * np.append(values, values[-1:])
    axes.fill_between(edges, base, steps, step="post", color=colour, linewidth=0, alpha=0.85, zorder=2)


def _draw_slots(axes: Axes, edges: np.ndarray, values: np.ndarray, base: float, tall: float, colour: str) -> None:
    middles = (edges[:-1] + edges[1:]) / 2
    axes.plot(middles, base + 0.97 * tall * values, color=colour, linewidth=1.5, zorder=3)


def _draw_similarity(axes: Axes, bar: Axes, music: MusicEmbedding, start_s: float) -> None:
    from matplotlib.ticker import FixedLocator

    similarity, step = self_similarity(music.tokens)
    count = len(music.tokens)
    off = similarity[~np.eye(len(similarity), dtype=bool)]
    low, high = np.percentile(off, [1, 99.5]) if len(off) else (-1.0, 1.0)
    image = axes.imshow(
        similarity,
        extent=(0, step * len(similarity), step * len(similarity), 0),
        cmap="magma",
        vmin=low,
        vmax=max(high, low + 1e-3),
        interpolation="nearest",
    )
    axes.set_xlim(0, count)
    axes.set_ylim(count, 0)
    colours = axes.figure.colorbar(image, cax=bar)
    colours.outline.set_visible(False)
    bar.tick_params(labelsize=8, colors=_INK, length=2)
    bar.set_ylabel("cosine", fontsize=8, color=_INK)

    numbers = np.arange(count)
    length_s = float(music.token_times_s[-1] - music.token_times_s[0])
    tick = next((tick for tick in _TICKS_S if length_s <= 12 * tick), _TICKS_S[-1])
    times = np.arange(0, length_s + start_s + tick, tick)
    times = times[(times >= music.token_times_s[0] + start_s) & (times <= music.token_times_s[-1] + start_s)]
    axes.xaxis.set_major_locator(FixedLocator(np.interp(times - start_s, music.token_times_s, numbers).tolist()))
    axes.set_xticklabels([_clock(time) for time in times])
    downs = np.flatnonzero(np.isclose(music.token_phase, 0))
    every = _every(len(downs), 30)
    axes.set_yticks(downs[::every], [str(1 + number) for number in range(0, len(downs), every)])
    axes.set_ylabel("bar", fontsize=9, color=_INK)
    cell = "a slot" if step == 1 else f"{step} slots"
    axes.set_title(
        f"Self-similarity of the tokens (mean removed, a cell is {cell})", fontsize=10, color=_INK, loc="left"
    )
    _style(axes)


def _draw_mean_bar(axes: Axes, music: MusicEmbedding) -> None:
    """Onsets and accents by place in the bar, each relative to its highest."""
    meter = music.grid.meter
    slot = np.round(music.token_phase * SLOTS_PER_BEAT).astype(int) % (meter * SLOTS_PER_BEAT)
    counts = np.maximum(np.bincount(slot, minlength=meter * SLOTS_PER_BEAT), 1)

    def folded(values: np.ndarray) -> np.ndarray:
        mean = np.bincount(slot, weights=values, minlength=len(counts)) / counts
        return mean / max(float(mean.max()), 1e-9)

    places = np.arange(len(counts)) / SLOTS_PER_BEAT + 1
    axes.bar(places, folded(music.onsets), width=0.9 / SLOTS_PER_BEAT, color=phase_colours()((places - 1) / meter))
    if music.accents is not None:
        axes.plot(places, folded(music.accents), color=_INK, linewidth=1.5, marker="o", markersize=3)
    axes.set_xticks(np.arange(meter) + 1)
    axes.set_xlim(1 - 0.6 / SLOTS_PER_BEAT, meter + 1 - 0.4 / SLOTS_PER_BEAT)
    axes.set_ylim(0, 1.08)
    axes.set_yticks([])
    axes.set_xlabel("beat in the bar", fontsize=9, color=_INK)
    said = "onsets (bars), accents (line)" if music.accents is not None else "onsets"
    axes.set_title(f"The mean bar: {said}", fontsize=10, color=_INK, loc="left")
    _style(axes)


def _draw_principal_axes(axes: Axes, music: MusicEmbedding) -> None:
    """The tokens in the plane that shows most of how they differ, each in the colour of its place in the bar."""
    centred = music.tokens - music.tokens.mean(axis=0)
    power, directions = np.linalg.eigh(centred.T @ centred)
    plane = centred @ directions[:, :-3:-1]
    share = power[:-3:-1] / max(float(power.sum()), 1e-9)
    shown = np.arange(0, len(plane), math.ceil(len(plane) / _MAX_POINTS))
    across, up = plane[shown].T
    axes.scatter(
        across,
        up,
        c=music.token_phase[shown] / music.grid.meter,
        cmap=phase_colours(),
        vmin=0,
        vmax=1,
        s=14 if len(shown) < 1000 else 6,
        alpha=0.8,
        linewidths=0,
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(f"first axis, {share[0]:.0%} of the variance", fontsize=9, color=_INK)
    axes.set_ylabel(f"second axis, {share[1]:.0%}", fontsize=9, color=_INK)
    axes.set_title("Tokens on their principal axes, coloured by bar phase", fontsize=10, color=_INK, loc="left")
    _style(axes)


def _every(count: int, most: int = _MAX_NUMBERS) -> int:
    """Each how-manieth of ``count`` to number, so that there are at most about ``most``."""
    every = 1
    while count > most * every:
        every *= 2
    return every


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _draw_clock(axes: Axes, start_s: float, length_s: float) -> None:
    from matplotlib.ticker import MultipleLocator

    step = next((step for step in _TICKS_S if length_s <= _MAX_TICKS * step), _TICKS_S[-1])
    axes.set_xlim(start_s, start_s + length_s)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(lambda seconds, _: _clock(seconds))


def _style(axes: Axes) -> None:
    axes.tick_params(labelsize=8, colors=_INK, length=3)
    for spine in axes.spines.values():
        spine.set_color(_FAINT)
        spine.set_linewidth(0.6)
