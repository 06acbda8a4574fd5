"""The ablation table: what each part of the method is worth, by training without it.

Every row is trained from scratch on the same dances with the same sizes, steps and seeds, and differs from the first
in what its name says.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from motionbeat.clips import ClipSampler, Track
from motionbeat.encoder import MotionBeat
from motionbeat.matching import fine_grained, retrieval
from motionbeat.objective import Objective
from motionbeat.pairs import Pair
from motionbeat.train import fit


@dataclass(frozen=True)
class Ablation:
    """One row.

    Attributes:
        encoder: what differs in the arguments of :class:`motionbeat.encoder.MotionBeat`.
        objective: what differs in the fields of :class:`motionbeat.objective.Objective`.
        more_songs: train with the paired dances on further songs.
        beat_locked: train with the dances that have no music of their own.
    """

    encoder: dict[str, Any] = field(default_factory=dict)
    objective: dict[str, Any] = field(default_factory=dict)
    more_songs: bool = True
    beat_locked: bool = True

    def trains_on(self, pair: Pair, paired: bool) -> bool:
        """Whether the row is trained on a pair, whose dance came with music (``paired``) or without."""
        return pair.recorded_together or (self.more_songs if paired else self.beat_locked)


METHOD: dict[str, Any] = {"rotation": "qkv", "pooling": "bar", "contact_guidance": "add", "hearing": "pulse"}
"""The full method's switches of the encoder. The shipped one hears the music ear as well, for which pairs have to be
made with ``--music-tokens``; here that is a row of its own."""

_NO_SRAL = {"beat_weight": 0.0, "bar_weight": 0.0}
_PLAIN = {"tempo_negatives": 0, "beat_jitter": False, "fine_jitter": False} | _NO_SRAL

ABLATIONS = {
    "full": Ablation(),
    "plain InfoNCE": Ablation(objective=_PLAIN),
    "no tempo negatives": Ablation(objective={"tempo_negatives": 0}),
    "no jitter negatives": Ablation(objective={"beat_jitter": False, "fine_jitter": False}),
    "beat jitter only (the paper's)": Ablation(objective={"fine_jitter": False}),
    "no SRAL": Ablation(objective=_NO_SRAL),
    "SRAL, beat term only": Ablation(objective={"bar_weight": 0.0}),
    "SRAL, bar term only": Ablation(objective={"beat_weight": 0.0}),
    "no phase rotation": Ablation(encoder={"rotation": "none", "pooling": "mean"}),
    "rotation in attention only": Ablation(encoder={"pooling": "mean"}),
    "plain attention on motion": Ablation(encoder={"contact_guidance": "none"}),
    "no other songs for paired dances": Ablation(more_songs=False),
    "no beat-locked dances": Ablation(beat_locked=False),
    "paired dances with their own songs only": Ablation(more_songs=False, beat_locked=False),
    "mel patches in place of the beat network": Ablation(encoder={"hearing": "mel"}),
    "the music ear too, no beat-locked dances": Ablation(encoder={"hearing": "pulse+music"}, beat_locked=False),
    "true bar angles only": Ablation(objective={"blind_share": 0.0}),
    "rotation of q and k, and in pooling": Ablation(encoder={"rotation": "qk"}),
    "contacts as a gate": Ablation(encoder={"contact_guidance": "gate"}),
    "contrast both ways": Ablation(objective={"both_ways": True}),
}
"""All rows by name, the full method first."""


def hearing_of(row: Ablation) -> str:
    """What the audio tower of a row is given."""
    return (METHOD | row.encoder)["hearing"]


@dataclass(frozen=True)
class RunSettings:
    """How every row is trained.

    Attributes:
        steps: batches.
        anchors: clips in a batch.
        rate: highest learning rate.
        encoder: sizes, as arguments of :class:`motionbeat.encoder.MotionBeat`.
    """

    steps: int
    anchors: int = 24
    rate: float = 8e-4
    encoder: dict[str, Any] = field(
        default_factory=lambda: {"width": 128, "heads": 4, "phase_blocks": 2, "plain_layers": 1} | METHOD
    )


def figures(model: MotionBeat, tracks: list[Track], others: list[Track]) -> dict[str, dict]:
    """All figures of :mod:`motionbeat.matching` for an encoder, as plain numbers; other songs come from ``others``."""
    result: dict[str, dict] = {}
    for condition, blind in (("told", False), ("blind", True)):
        trials = fine_grained(model, tracks, others, blind)
        for name, sound, seamless in (
            (condition, True, False),
            (f"{condition}, no sound", False, False),
            (f"{condition}, seamless", True, True),
            (f"{condition}, seamless, no sound", False, True),
        ):
            result[name] = {test: dataclasses.asdict(each) for test, each in trials.figures(sound, seamless).items()}
    for name, same_meter in (("retrieval", False), ("retrieval in the meter", True)):
        found = retrieval(model, tracks, same_meter)
        result[name] = {direction: dataclasses.asdict(each) for direction, each in found.items()}
    return result


def train_row(row: Ablation, tracks: Sequence[Track], settings: RunSettings, seed: int) -> MotionBeat:
    """One row trained with one seed."""
    objective = Objective(**row.objective)
    torch.manual_seed(seed)
    paired = {track.pair.dance for track in tracks if track.pair.recorded_together}
    sampler = ClipSampler([track for track in tracks if row.trains_on(track.pair, track.pair.dance in paired)], seed)
    chosen: dict[str, Any] = settings.encoder | row.encoder | sampler.audio_statistics()
    model = MotionBeat(**chosen, rhythm_heads=objective.aligns_rhythm, objective=dataclasses.asdict(objective))
    return fit(model, sampler, objective, settings.steps, settings.anchors, settings.rate)


def done(path: Path, settings: RunSettings, split: str) -> list[dict]:
    """The rows of a file of results that were trained with these settings and measured on this split."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
    return [row for row in rows if row["settings"] == dataclasses.asdict(settings) and row["about"]["split"] == split]
