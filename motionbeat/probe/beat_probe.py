"""The probe of beats: what single frames say of beats and downbeats, decoded in two ways.

A head tells for each frame, from that frame alone, whether a beat and whether a downbeat is there; labels are widened
to :data:`WIDENED_S` either side. Views are compared by the loss of the linear head on the validation clips; the head
with a hidden layer is then trained for the best view from three seeds, its setting chosen and its training stopped on
the same clips (:mod:`motionbeat.probe.heads`).

Every encoder's activations are brought to one frame rate and decoded by the same two decoders: ``peaks``, local maxima
above thresholds that are chosen on the validation clips, and ``bars``, the bar-pointer model of the project's tracker
(:func:`motionbeat.beats.decoding.decode`) with all meters equally likely. The settings of the latter were once chosen
for our own beat network. Scores: :mod:`motionbeat.beat_scores`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.signal
import torch
from torch import nn
from torch.nn import functional as F

from motionbeat.beat_scores import WINDOW_S, Beats, score_beats
from motionbeat.beats.decoding import METERS, DecoderSettings, decode
from motionbeat.probe.encoders import Layer
from motionbeat.probe.exchange import Features
from motionbeat.probe.folds import folds_of
from motionbeat.probe.heads import HALVE_AFTER, HiddenLayer
from motionbeat.probe.protocol import HEADS, SEEDS, Result, named_parts
from motionbeat.probe.scores import Score, interval_of_mean
from motionbeat.probe.task import BeatLabel, LabelledClip, Task

FRAME_RATE = 50.0
"""Frames per second that activations are decoded at."""
WIDENED_S = 0.03
DECODERS = ("peaks", "bars")
SCORES = ("f_measure", "cmlt", "amlt", "downbeat_f")
"""Of :class:`motionbeat.beat_scores.BeatScores`, the main one first."""

_RATES = (1e-3, 5e-3)
_BATCH = 1024
_MOST_EPOCHS = 12
_PATIENCE = 3
_FASTEST_S = 60.0 / 300.0  # no two peaks are closer
_THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
_SETTINGS = DecoderSettings()


@dataclass(frozen=True, eq=False)
class _Frames:
    """Frames (n, D) float32 of many clips and whether a beat and a downbeat is there, (n, 2) float32, and which of
    these are known, (n, 2) float32 0 or 1."""

    x: torch.Tensor
    y: torch.Tensor
    known: torch.Tensor


@dataclass(frozen=True, eq=False)
class _Head:
    """A head at its best epoch, its loss on the validation clips, and the step size that led there."""

    network: nn.Module
    loss: float
    rate: float


@dataclass(frozen=True, eq=False)
class _Scored:
    """(clips, scores) of a fold's test clips, and what was chosen for them."""

    scores: np.ndarray
    view: str
    setting: str


def probe_beats(task: Task, features: Features, heads: Sequence[str] = HEADS) -> list[Result]:
    """Probe an encoder on a task of beats: a result for each head and decoder, linear first.

    Args:
        task: of kind beats.
        features: with frames of its clips.
        heads: which of :data:`motionbeat.probe.protocol.HEADS`.

    Raises:
        UserError: the task's clips cannot be divided (:func:`motionbeat.probe.folds.folds_of`).
    """
    folds = folds_of(task)
    tested = np.concatenate([fold.test for fold in folds])
    by_head: dict[str, list[_Scored]] = {}
    for fold in folds:
        fit, judge = fold.choices[0]
        linear: dict[str, _Head] = {}
        for view, layers in features.frames.items():
            parts = _gathered(task, layers, fit), _gathered(task, layers, judge)
            linear[view] = min((_fitted(False, rate, SEEDS[0], *parts) for rate in _RATES), key=_loss_of)
        view = min(linear, key=lambda each: linear[each].loss)
        layers = features.frames[view]
        parts = _gathered(task, layers, fit), _gathered(task, layers, judge)
        for name in heads:
            fitted = [linear[view]]
            if name == "mlp":
                first = min((_fitted(True, rate, SEEDS[0], *parts) for rate in _RATES), key=_loss_of)
                fitted = [first, *(_fitted(True, first.rate, seed, *parts) for seed in SEEDS[1:])]
            heard = [_activations(head.network, layers, np.concatenate([judge, fold.test])) for head in fitted]
            for decoder in DECODERS:
                scores, setting = _scored(task, heard, judge, fold.test, decoder)
                scored = _Scored(scores, view, f"rate {fitted[0].rate:g}{setting}")
                by_head.setdefault(f"{name}, {decoder}", []).append(scored)
    return [_result(task, features, head, tested, scored) for head, scored in by_head.items()]


def _loss_of(head: _Head) -> float:
    return head.loss


def frame_labels(times_s: np.ndarray, label: BeatLabel) -> tuple[np.ndarray, np.ndarray]:
    """Whether a beat and a downbeat is at each frame.

    Args:
        times_s: (T,) ascending.
        label: annotated beats.

    Returns:
        (T, 2) float32 0 or 1, and (T, 2) float32 1 where that is known: from ``eval_from_s`` on, and for downbeats
        only where bars are annotated.
    """
    # a frame on either side at least, however far apart they are
    reach = max(WIDENED_S, 0.5 * float(np.median(np.diff(times_s)))) if len(times_s) > 1 else WIDENED_S
    labels, known = np.zeros((len(times_s), 2), np.float32), np.zeros((len(times_s), 2), np.float32)
    for column, events in enumerate((label.beats, label.downbeats)):
        if events is None:
            continue
        known[:, column] = times_s >= label.eval_from_s - reach
        if len(events):
            right = np.clip(np.searchsorted(events, times_s), 0, len(events) - 1)
            left = np.maximum(right - 1, 0)
            distance = np.minimum(np.abs(events[right] - times_s), np.abs(events[left] - times_s))
            labels[:, column] = distance <= reach + 1e-9
    return labels, known


def _label(clip: LabelledClip) -> BeatLabel:
    assert isinstance(clip.label, BeatLabel)  # as Task has checked
    return clip.label


def _gathered(task: Task, layers: Sequence[Layer], indices: np.ndarray) -> _Frames:
    labelled = [frame_labels(layers[index].times_s, _label(task.clips[index])) for index in indices]
    return _Frames(
        torch.from_numpy(np.concatenate([layers[index].frames for index in indices])),
        torch.from_numpy(np.concatenate([labels for labels, _ in labelled])),
        torch.from_numpy(np.concatenate([known for _, known in labelled])),
    )


class _Linear(HiddenLayer):
    """As :class:`~motionbeat.probe.heads.HiddenLayer` without the hidden layer."""

    def __init__(self, mean: np.ndarray, deviation: np.ndarray, outputs: int) -> None:
        super().__init__(mean, deviation, outputs)
        self.layers = nn.Sequential(nn.Linear(len(mean), outputs))


def _fitted(hidden: bool, rate: float, seed: int, fit: _Frames, judge: _Frames) -> _Head:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mean, deviation = fit.x.mean(dim=0).numpy(), fit.x.std(dim=0).numpy()
        network = (HiddenLayer if hidden else _Linear)(mean, deviation, 2)
        adam = torch.optim.Adam(network.parameters(), lr=rate)
        halving = torch.optim.lr_scheduler.ReduceLROnPlateau(
            adam, factor=0.5, patience=min(HALVE_AFTER, _PATIENCE - 2)
        )
        best, best_loss, waited = copy.deepcopy(network.state_dict()), float("inf"), 0
        for _ in range(_MOST_EPOCHS):
            network.train()
            for batch in torch.randperm(len(fit.x)).split(_BATCH):
                adam.zero_grad()
                _loss(network, fit, batch).backward()
                adam.step()
            network.eval()
            with torch.no_grad():
                loss = float(_loss(network, judge, slice(None)))
            halving.step(loss)
            waited += 1
            if loss < best_loss:
                best, best_loss, waited = copy.deepcopy(network.state_dict()), loss, 0
            if waited >= _PATIENCE:
                break
    network.load_state_dict(best)
    return _Head(network.eval(), best_loss, rate)


def _loss(network: nn.Module, frames: _Frames, batch: torch.Tensor | slice) -> torch.Tensor:
    said = F.binary_cross_entropy_with_logits(network(frames.x[batch]), frames.y[batch], reduction="none")
    known = frames.known[batch]
    return (said * known).sum() / known.sum().clamp(min=1.0)


@torch.no_grad()
def _activations(network: nn.Module, layers: Sequence[Layer], indices: np.ndarray) -> dict[int, np.ndarray]:
    """(T, 2) probabilities at :data:`FRAME_RATE` of some clips, by number."""
    heard = {}
    for index in indices.tolist():
        layer = layers[index]
        said = torch.sigmoid(network(torch.from_numpy(layer.frames))).numpy()
        times = np.arange(0.0, layer.times_s[-1] + 1e-9, 1.0 / FRAME_RATE)
        heard[index] = np.stack([np.interp(times, layer.times_s, said[:, column]) for column in range(2)], axis=1)
    return heard


def pick_peaks(activation: np.ndarray, threshold: float, least_distance_s: float) -> np.ndarray:
    """(n,) seconds of local maxima of a (T,) activation at :data:`FRAME_RATE` that reach a threshold."""
    padded = np.pad(activation, 1)  # the first and the last frame may be maxima too
    peaks, _ = scipy.signal.find_peaks(padded, height=threshold, distance=max(1, round(least_distance_s * FRAME_RATE)))
    return (peaks - 1) / FRAME_RATE


def _by_peaks(beat: float, downbeat: float) -> Callable[[np.ndarray], Beats]:
    """The decoder with a threshold for beats and one for downbeats, which are rarer, so that they are less likely."""

    def heard(activations: np.ndarray) -> Beats:
        beats = pick_peaks(activations[:, 0], beat, _FASTEST_S)
        return Beats(beats, pick_peaks(activations[:, 1], downbeat, 2 * _FASTEST_S))

    return heard


def _by_bars(activations: np.ndarray) -> Beats:
    meters = np.full(len(METERS), 1.0 / len(METERS))
    frames, places, _ = decode(
        activations[:, 0], activations[:, 1], meters, FRAME_RATE, _SETTINGS, len(activations) / FRAME_RATE
    )
    times = frames / FRAME_RATE
    return Beats(times, times[places == 0])


def _scored(
    task: Task, heard: Sequence[dict[int, np.ndarray]], judge: np.ndarray, test: np.ndarray, decoder: str
) -> tuple[np.ndarray, str]:
    """(clips, scores) of the test clips, means over seeds, nan where bars are not annotated; and what was chosen."""
    rows, chosen = [], set()
    for activations in heard:
        how: Callable[[np.ndarray], Beats] = _by_bars
        if decoder == "peaks":
            tried = [_all_scores(task, activations, judge, _by_peaks(each, each)) for each in _THRESHOLDS]
            beat, downbeat = (
                _THRESHOLDS[int(np.argmax([np.nansum(scores[:, SCORES.index(name)]) for scores in tried]))]
                for name in ("f_measure", "downbeat_f")
            )
            chosen.add(f"{beat:g} and {downbeat:g}")
            how = _by_peaks(beat, downbeat)
        rows.append(_all_scores(task, activations, test, how))
    return np.mean(rows, axis=0), "".join(f", thresholds {each}" for each in sorted(chosen))


def _all_scores(
    task: Task, activations: dict[int, np.ndarray], indices: np.ndarray, how: Callable[[np.ndarray], Beats]
) -> np.ndarray:
    """(clips, scores); nan where there is no score. Clips with fewer than two beats to score have none at all."""
    rows = []
    for index in indices.tolist():
        label = _label(task.clips[index])
        if np.count_nonzero(label.beats >= label.eval_from_s - WINDOW_S) < 2:
            rows.append([np.nan] * len(SCORES))
            continue
        scores = score_beats(Beats(label.beats, label.downbeats), how(activations[index]), label.eval_from_s)
        rows.append([np.nan if (value := getattr(scores, name)) is None else value for name in SCORES])
    return np.array(rows, dtype=np.float64)


def _result(task: Task, features: Features, head: str, tested: np.ndarray, scored: Sequence[_Scored]) -> Result:
    clips = [task.clips[index] for index in tested.tolist()]
    groups = task.groups[tested]
    table = np.concatenate([each.scores for each in scored])

    def of(index: np.ndarray | slice) -> dict[str, Score]:
        return {name: _mean_score(table[index, column], groups[index]) for column, name in enumerate(SCORES)}

    return Result(
        features.header.encoder,
        task.name,
        head,
        of(slice(None)),
        {},
        tuple(each.view for each in scored),
        tuple(each.setting for each in scored),
        len(clips),
        len(np.unique(groups)),
        features.header.cpu_s_per_min,
        {part: of(index) for part, index in named_parts(clips).items()},
        tuple(table[:, 0].tolist()),
        tuple(clip.name for clip in clips),
        tuple(groups.tolist()),
    )


def _mean_score(values: np.ndarray, groups: np.ndarray) -> Score:
    there = np.isfinite(values)
    return interval_of_mean(values[there], groups[there])
