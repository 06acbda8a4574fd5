"""The probe of dances: what frozen features say of the dance to a stretch of music, beside a motion tower.

The features are read per slot of the annotated beats, the same for all encoders, and standardised on the training
songs. A head makes a clip of them one vector, and MotionBeat's motion tower, trained anew with every head, learns from
the training dances to come near it: by the contrastive loss with its hard negatives, without rhythm alignment, which
asks for heads of its own (:func:`motionbeat.train.fit`). Heads:

* ``linear, by bar``: one linear layer on each slot. Its outputs are averaged by their place in the bar, as the motion
  tower averages its own (:class:`motionbeat.encoder.BarPooling`): a plain mean could not know when anything happens.
* ``mlp, tower``: MotionBeat's audio tower over the slots.

Views are compared by short runs of the linear head on the validation dances. The heads are then trained for the best
view from three seeds, all for the same number of steps, and measured on the test dances (:mod:`motionbeat.matching`).
Accuracies are means over songs of *blind* trials, where half is chance; song R@1 is retrieval among the windows of one
meter.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from motionbeat.ablations import ABLATIONS, RunSettings
from motionbeat.clips import ClipSampler, Track, tracks_of
from motionbeat.encoder import BarPooling, MotionBeat, RhythmEncoder
from motionbeat.errors import UserError
from motionbeat.matching import AS_IT_COMES, IN_STEP, MOVES, Retrieval, fine_grained, over_songs, retrieval
from motionbeat.objective import Objective
from motionbeat.pairs import Pair
from motionbeat.probe.encoders import Layer
from motionbeat.probe.exchange import Features
from motionbeat.probe.protocol import HEADS, SEEDS, Result
from motionbeat.probe.scores import Score
from motionbeat.probe.slots import slot_features
from motionbeat.probe.task import SPLITS, LabelledClip, Task
from motionbeat.tokens import SLOT_LEAD
from motionbeat.train import fit

SETTINGS = RunSettings(steps=300)
"""How long the heads are trained, and the sizes of the towers."""
TRIAL_STEPS = 100
"""Steps of the runs that views are compared by."""
NAMES = {"linear": "linear, by bar", "mlp": "mlp, tower"}
"""What each of :data:`motionbeat.probe.protocol.HEADS` is here."""
IN_TIME = "in_time"
"""The main score: mean accuracy of all tests against the same music, moved or stretched."""
TESTS = {name.replace(" ", "_"): name for name in MOVES} | {"in_step": IN_STEP, "other_song": AS_IT_COMES}
"""The other accuracies, and the test of :mod:`motionbeat.matching` that each is of."""
DIRECTIONS = {"music_to_dance": "music to dance", "dance_to_music": "dance to music"}
"""Song R@1, and the direction of each."""

_OBJECTIVE = Objective(**ABLATIONS["no SRAL"].objective)
_LEAST_DEVIATION = 1e-3  # some columns are constant in training: units that never fire
_FARTHEST_S = 1 / 25 + 1e-3  # between frames


class LinearByBar(nn.Module):
    """One linear layer on each slot, then the motion tower's pooling: in place of the audio tower."""

    rhythm = None

    def __init__(self, features: int, width: int, projection: int, harmonics: int) -> None:
        super().__init__()
        self.pooling = BarPooling(width, projection, harmonics)
        self.pooling.project = nn.Sequential(nn.Linear(features, projection))

    def forward(self, tokens: torch.Tensor, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """tokens (B, N, features), theta (B, N) -> unit vectors (B, projection), the tokens."""
        return self.pooling(tokens, theta), tokens


@dataclass(frozen=True, eq=False)
class _Measured:
    """Of one trained head on held-out dances: accuracies (clips,) by score, the main one first, and the song of each
    clip; retrieval in each direction."""

    accuracies: dict[str, np.ndarray]
    songs: np.ndarray
    found: dict[str, Retrieval]


def probe_dances(
    task: Task,
    features: Features,
    heads: Sequence[str] = HEADS,
    settings: RunSettings = SETTINGS,
    trial_steps: int = TRIAL_STEPS,
) -> list[Result]:
    """Probe an encoder on a task of dances: a result for each head, linear first.

    Args:
        task: of kind dances.
        features: with frames of its clips.
        heads: which of :data:`motionbeat.probe.protocol.HEADS`.
        settings: of the training of the heads.
        trial_steps: steps of the runs that views are compared by.

    Raises:
        UserError: a split has no dance that is long enough, or frames are too far apart.
    """
    parts = {split: _tracks(task, split) for split in SPLITS}
    for view, layers in features.frames.items():
        _check_density(view, layers)
    wanted = [head for head in HEADS if head in heads]
    runs = len(features.frames) + len(SEEDS) * len(wanted)
    results = []
    with tqdm(total=runs, desc=f"{features.header.encoder} on {task.name}", unit="run", disable=None) as bar:
        view = _best_view(task, features, parts, replace(settings, steps=trial_steps), bar)
        heard = _heard_by(parts, slots_of(task, features.frames[view]))
        for head in wanted:
            measured = []
            for seed in SEEDS:
                model = _trained(head, heard["train"], settings, seed)
                measured.append(_measured(model, heard["test"], heard["validation"] + heard["test"]))
                bar.update()
            results.append(_result(task, features, NAMES[head], view, settings, measured))
    return results


def _best_view(
    task: Task, features: Features, parts: Mapping[str, Sequence[Track]], settings: RunSettings, bar: tqdm
) -> str:
    """The view whose linear head is most often in time on the validation dances; the first of equals."""
    judged = {}
    for view, layers in features.frames.items():
        if len(features.frames) > 1:
            heard = _heard_by(parts, slots_of(task, layers))
            model = _trained("linear", heard["train"], settings, SEEDS[0])
            accuracies, songs = _accuracies(model, heard["validation"], heard["validation"])
            judged[view] = over_songs(accuracies[IN_TIME], songs).mean
            bar.write(f"{view}: in time {judged[view]:.3f} on the validation songs", sys.stderr)
        bar.update()
    return max(judged, key=judged.__getitem__, default=next(iter(features.frames)))


def _pair(clip: LabelledClip) -> Pair:
    assert isinstance(clip.label, Pair)  # as Task has checked
    return clip.label


def _tracks(task: Task, split: str) -> list[Track]:
    pairs = [_pair(clip) for clip in task.clips if clip.split == split]
    # what they hear is put in later; motion is read once for all views
    tracks = [track for track in tracks_of(pairs, "mel", split == "train", task.bars) if len(track.starts)]
    if not tracks:
        raise UserError(f"{task.name}: no dance of the {split} split is long enough for a clip of {task.bars} bars.")
    return tracks


def _check_density(view: str, layers: Sequence[Layer]) -> None:
    for layer in layers:
        if len(layer.times_s) < 2 or np.median(np.diff(layer.times_s)) > _FARTHEST_S:
            raise UserError(f"the frames of {view} are too far apart; dances need 25 or more a second.")


def slots_of(task: Task, layers: Sequence[Layer]) -> dict[str, np.ndarray]:
    """What a head is given: features (N, D) float32 of the slots of every clip by name, each dimension with mean 0 and
    deviation 1 over the slots of the training clips."""
    averaged = np.zeros(layers[0].frames.shape[1], dtype=bool)
    slots = {
        clip.name: slot_features(layer.frames, layer.times_s, averaged, _pair(clip).slots.times_s, SLOT_LEAD)
        for clip, layer in zip(task.clips, layers, strict=True)
    }
    trained = np.concatenate([slots[clip.name] for clip in task.clips if clip.split == "train"])
    mean, deviation = trained.mean(axis=0, dtype=np.float64), trained.std(axis=0, dtype=np.float64)
    deviation = np.maximum(deviation, _LEAST_DEVIATION)
    return {name: ((values - mean) / deviation).astype(np.float32) for name, values in slots.items()}


def _heard_by(parts: Mapping[str, Sequence[Track]], slots: Mapping[str, np.ndarray]) -> dict[str, list[Track]]:
    """The same tracks of each split with these features as their sound."""
    heard: dict[str, list[Track]] = {}
    for split, tracks in parts.items():
        heard[split] = [copy.copy(track) for track in tracks]
        for track in heard[split]:
            track.audio = slots[track.pair.name][None]
    return heard


def _trained(head: str, tracks: list[Track], settings: RunSettings, seed: int) -> MotionBeat:
    """A head and a motion tower, trained with one seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # "mel": without a beat network of its own
        model = MotionBeat(**settings.encoder | {"hearing": "mel"})
        config, features = model.config, tracks[0].audio.shape[2]
        if head == "linear":
            linear = LinearByBar(features, config["width"], config["projection"], config["harmonics"])
            model.audio = cast(RhythmEncoder, linear)
        else:
            sizes = ("width", "heads", "phase_blocks", "plain_layers", "harmonics", "projection", "dropout")
            switches = {name: config[name] for name in (*sizes, "rotation", "pooling")}
            model.audio = RhythmEncoder(features, **switches, guidance="none", rhythm_head=False)
        model.token_mean, model.token_std = torch.zeros(features), torch.ones(features)
        return fit(model, ClipSampler(tracks, seed), _OBJECTIVE, settings.steps, settings.anchors, settings.rate)


def _accuracies(
    model: MotionBeat, tracks: list[Track], others: list[Track]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Of each blind test and of all those of :data:`MOVES`, (clips,), and the song of each clip."""
    trials = fine_grained(model, tracks, others, blind=True)
    in_time = np.mean([trials.heard[name] for name in MOVES], axis=0)
    return {IN_TIME: in_time} | {score: trials.heard[name] for score, name in TESTS.items()}, trials.song


def _measured(model: MotionBeat, tracks: list[Track], others: list[Track]) -> _Measured:
    return _Measured(*_accuracies(model, tracks, others), retrieval(model, tracks, same_meter=True))


def _result(
    task: Task, features: Features, head: str, view: str, settings: RunSettings, measured: Sequence[_Measured]
) -> Result:
    songs = measured[0].songs
    means = {name: np.mean([each.accuracies[name] for each in measured], axis=0) for name in measured[0].accuracies}
    scores, chance = {}, {}
    for name, values in means.items():
        figure = over_songs(values, songs)
        scores[name], chance[name] = Score(figure.mean, figure.low, figure.high), 0.5
    for name, direction in DIRECTIONS.items():
        found = [each.found[direction] for each in measured]
        # draws are of songs, and each seed has its own: the ends are averaged too
        low, high = np.mean([each.song_interval for each in found], axis=0).tolist()
        scores[name] = Score(float(np.mean([each.song[0] for each in found])), low, high)
        chance[name] = found[0].song_chance[0]
    names = tuple(np.unique(songs).tolist())
    return Result(
        features.header.encoder,
        task.name,
        head,
        scores,
        chance,
        (view,),
        (f"{settings.steps} steps",),
        len(names),
        len(names),
        features.header.cpu_s_per_min,
        {},
        tuple(float(means[IN_TIME][songs == name].mean()) for name in names),
        names,
        names,
    )
