"""A picture of a song and its beats, to check beats by eye."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.ndimage

from motionbeat.audio import Audio
from motionbeat.beats.grid import BeatGrid
from motionbeat.beats.summary import confidence_word, describe, local_tempo

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_S = 20.0
"""Seconds of a row, unless the song would then take more than :data:`MAX_ROWS`."""

MAX_ROWS = 60
WIDTH_IN, DPI = 16.0, 100
"""Width of the picture in inches, and pixels per inch."""

_HEAD_IN, _TEMPO_IN, _ROW_IN, _GAP_IN, _FOOT_IN = 0.85, 0.8, 1.25, 0.5, 0.4
_LEFT_IN, _RIGHT_IN = 0.6, 0.25

_TICKS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600)
_MAX_TICKS = 24

_MELS = 32
_RANGE_DB = 60.0
_GREY_DB = 75.0  # 60 dB come out as a middle grey, on which lines and numbers stand out
_HOP_S = 0.01
_WINDOW = 512  # samples, 23 ms: through a window twice as long attacks are seen 15 ms early
_ONSET_TOP = 0.42  # share of a row's height that onsets take; the spectrogram has the rest
_TEMPO_MARGIN = 0.08  # the tempo axis shows at least this much above and below, so that a steady tempo looks steady

_BEAT_COLOUR, _DOWNBEAT_COLOUR, _ONSET_COLOUR = "#1f77d0", "#d6212a", "#2f4f4f"
_INK, _BEYOND_COLOUR = "#222222", "#eeeeee"  # text, and what lies beyond the end of the song
_WORD_COLOURS = {"clear": "#1a7f37", "uncertain": "#b35900", "no steady beat": "#b00020"}


def row_seconds(duration_s: float) -> float:
    """Seconds in each row of the picture of a song."""
    shortest = duration_s / MAX_ROWS
    return ROW_S if shortest <= ROW_S else 10.0 * math.ceil(shortest / 10.0)


def plot_size(duration_s: float) -> tuple[int, int]:
    """Width and height in pixels of the picture of a song."""
    rows = math.ceil(duration_s / row_seconds(duration_s))
    height = _HEAD_IN + _TEMPO_IN + rows * (_GAP_IN + _ROW_IN) + _FOOT_IN
    return round(WIDTH_IN * DPI), round(height * DPI)


def write_plot(path: str | Path, audio: Audio, grid: BeatGrid, name: str, start_s: float = 0.0) -> None:
    """Write a PNG of :func:`plot_size`: the local tempo over the song, then the song in rows.

    A row has a mel spectrogram, the onset strength under it, a thin line on each beat and a thick one with the number
    of the bar on each downbeat.

    Args:
        path: the file; replaced if it exists.
        audio: the song.
        grid: its beats, in seconds since the beginning of ``audio``.
        name: of the song, for the title.
        start_s: seconds of the song before ``audio`` begins; times in the picture count from the song's beginning.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    width, height = (pixels / DPI for pixels in plot_size(audio.duration))
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    _write_head(figure, grid, name)
    across = (_LEFT_IN / width, 1 - (_LEFT_IN + _RIGHT_IN) / width)
    bottom = height - _HEAD_IN - _TEMPO_IN
    tempo_axes = figure.add_axes((across[0], bottom / height, across[1], _TEMPO_IN / height))
    _draw_tempo(tempo_axes, audio.duration, grid, start_s)

    row_s = row_seconds(audio.duration)
    starts = np.arange(math.ceil(audio.duration / row_s)) * row_s
    rows = [_Row(audio, start, min(start + row_s, audio.duration)) for start in starts]
    loudest = max(float(row.power.max()) for row in rows)
    onsets = [row.onsets(loudest) for row in rows]
    # the strongest few would leave nothing to see of the others
    full = max(float(np.percentile(np.concatenate(onsets), 99.5)), 1e-3)
    for row, onset in zip(rows, onsets, strict=True):
        bottom -= _GAP_IN + _ROW_IN
        axes = figure.add_axes((across[0], bottom / height, across[1], _ROW_IN / height))
        _draw_row(axes, row, loudest, np.minimum(onset / full, 1.0), grid, start_s)
        _draw_clock(axes, row.start_s + start_s, row_s)
        axes.axvspan(row.stop_s + start_s, row.start_s + row_s + start_s, color=_BEYOND_COLOUR, linewidth=0)
    with warnings.catch_warnings():
        # letters of the song's name that the font lacks come out as boxes, which is warning enough
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(path, format="png", dpi=DPI)


class _Row:
    """What is heard in one row of the picture.

    Attributes:
        start_s, stop_s: the part of the sound, in seconds since its beginning.
        hop_s: seconds from frame to frame; the first is centred at ``start_s``.
        power: (32, 1 + T) mel spectrogram; its first frame is the one before the row.
    """

    def __init__(self, audio: Audio, start_s: float, stop_s: float) -> None:
        import librosa

        self.start_s, self.stop_s = start_s, stop_s
        rate = audio.sample_rate
        hop = round(_HOP_S * rate)
        self.hop_s = hop / rate
        frames = math.ceil((stop_s - start_s) * rate / hop)
        # rows are cut from the sound with what is around them: a cut would look like an onset
        first = round(start_s * rate) - hop - _WINDOW // 2
        last = first + frames * hop + _WINDOW
        sound = audio.samples[max(first, 0) : max(last, 0)]
        sound = np.pad(sound, (max(-first, 0), max(last - len(audio), 0)))
        self.power = librosa.feature.melspectrogram(
            y=sound, sr=rate, n_fft=_WINDOW, hop_length=hop, center=False, n_mels=_MELS, fmin=40.0, fmax=0.45 * rate
        )

    def decibels(self, loudest: float) -> np.ndarray:
        """(32, 1 + T) dB above the least that is shown, 0 to 60; ``loudest`` is the power at 60."""
        share = self.power / max(loudest, 1e-10)
        return _RANGE_DB + 10 * np.log10(np.maximum(share, 10 ** (-_RANGE_DB / 10)))

    def onsets(self, loudest: float) -> np.ndarray:
        """(T,) mean rise in dB up to each frame from the one before, smoothed to a width that can be seen."""
        rise = np.maximum(np.diff(self.decibels(loudest), axis=1), 0).mean(axis=0)
        return scipy.ndimage.gaussian_filter1d(rise, 1.0)


def _write_head(figure: Figure, grid: BeatGrid, name: str) -> None:
    from matplotlib.lines import Line2D

    # neither line breaks nor bytes that are no text may reach the font renderer
    name = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    width, height = figure.get_size_inches()
    left = _LEFT_IN / width
    figure.text(left, 1 - 0.36 / height, name, fontsize=14, weight="bold", color=_INK, parse_math=False)
    colour = _WORD_COLOURS[confidence_word(grid.confidence)]
    figure.text(left, 1 - 0.62 / height, describe(grid), fontsize=11, color=colour)
    figure.legend(
        handles=[
            Line2D([], [], color=_BEAT_COLOUR, linewidth=0.9, label="beat"),
            Line2D([], [], color=_DOWNBEAT_COLOUR, linewidth=2.0, label="downbeat, with the number of its bar"),
            Line2D([], [], color=_ONSET_COLOUR, linewidth=3.0, label="onset strength"),
        ],
        loc="upper right",
        bbox_to_anchor=(1 - _RIGHT_IN / width, 1 - 0.2 / height),
        borderaxespad=0,
        ncols=3,
        fontsize=9,
        frameon=False,
    )


def _draw_tempo(axes: Axes, duration_s: float, grid: BeatGrid, start_s: float) -> None:
    times, tempi = local_tempo(grid)
    low = min(0.98 * float(tempi.min()), (1 - _TEMPO_MARGIN) * grid.tempo)
    high = max(1.02 * float(tempi.max()), (1 + _TEMPO_MARGIN) * grid.tempo)
    axes.plot(times + start_s, tempi, color=_INK, linewidth=1.3)
    axes.axhline(grid.tempo, color="#bbbbbb", linewidth=0.8, zorder=0)
    _draw_clock(axes, start_s, duration_s)
    axes.set_ylim(low, high)
    axes.set_ylabel("BPM", fontsize=8, color=_INK)
    _style(axes)


def _draw_row(axes: Axes, row: _Row, loudest: float, onset: np.ndarray, grid: BeatGrid, offset_s: float) -> None:
    """One row; ``onset`` (T,) is in 0 to 1, and ``offset_s`` is added to all times."""
    left = row.start_s + offset_s
    right = left + len(onset) * row.hop_s
    extent = (left - row.hop_s / 2, right - row.hop_s / 2, _ONSET_TOP, 1.0)
    mel = row.decibels(loudest)[:, 1:]
    axes.imshow(mel, aspect="auto", origin="lower", extent=extent, cmap="Greys", vmin=0, vmax=_GREY_DB)
    times = left + np.arange(len(onset)) * row.hop_s
    # onsets lie over the lines of the beats, which would hide just those that fall on a beat
    axes.fill_between(times, 0.94 * _ONSET_TOP * onset, color=_ONSET_COLOUR, linewidth=0.5, zorder=3)

    def inside(seconds: np.ndarray) -> np.ndarray:
        return (seconds >= row.start_s) & (seconds < row.stop_s)

    axes.vlines(grid.beats[inside(grid.beats)] + offset_s, 0, 1, color=_BEAT_COLOUR, linewidth=0.9)
    downbeats = grid.downbeats[inside(grid.downbeats)] + offset_s
    axes.vlines(downbeats, 0, 1, color=_DOWNBEAT_COLOUR, linewidth=2.2)
    for bar, time in zip(np.flatnonzero(inside(grid.downbeats)) + 1, downbeats, strict=True):
        axes.text(time, 1.03, str(bar), color=_DOWNBEAT_COLOUR, fontsize=8, ha="center", va="bottom")
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    _style(axes)


def _draw_clock(axes: Axes, start_s: float, length_s: float) -> None:
    from matplotlib.ticker import MultipleLocator

    step = next((step for step in _TICKS_S if length_s <= _MAX_TICKS * step), _TICKS_S[-1])
    axes.set_xlim(start_s, start_s + length_s)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(lambda seconds, _: f"{int(seconds) // 60}:{int(seconds) % 60:02d}")


def _style(axes: Axes) -> None:
    axes.tick_params(labelsize=8, colors=_INK, length=3)
    for spine in axes.spines.values():
        spine.set_color("#888888")
        spine.set_linewidth(0.6)
