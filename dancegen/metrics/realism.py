"""Realism: how far generated dances are from the ground truth, as distributions of features.

Aim: the four numbers of the published tables (FID_k, FID_g, Div_k, Div_g) under any protocol, and under protocol
``sound`` those that can be trusted with few songs: kernel distances with intervals over songs, and FID-infinity where
there are samples enough.

Protocol ``sound`` takes windows of 10 s, half overlapping, as samples, of the ground truth as well; the published ones
compare whole sequences of the ground truth with the beginning of each generated dance. Every score names its protocol,
the number of samples and songs on both sides, and must be read beside the same number for one half of the ground truth
against the other.

Known flaws: a set is compared with a set. For a single dance these numbers say little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.diversity import diversity
from dancegen.metrics.frechet import frechet_distance, frechet_infinity, standardised
from dancegen.metrics.geometric import geometric_features
from dancegen.metrics.kernel_distance import kernel_distance
from dancegen.metrics.kinetic import kinetic_features
from dancegen.metrics.protocols import SOUND, Protocol, Topic, protocol_named
from dancegen.metrics.score import Score


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of many dances under one protocol.

    Attributes:
        kinetic: (n, 72), or (n, 66) under ``lodge``.
        geometric: (n, 32).
        songs: (n,) str, song of each sample.
    """

    kinetic: np.ndarray
    geometric: np.ndarray
    songs: np.ndarray

    def __len__(self) -> int:
        return len(self.songs)


def feature_set(
    dances: Sequence[np.ndarray],
    fps: float,
    songs: Sequence[str],
    protocol: Protocol | str = SOUND,
    generated: bool = True,
) -> FeatureSet:
    """Features of every sample that a protocol takes of some dances.

    Args:
        dances: each (T, 24, 3) metres, y up.
        fps: frames per second of all of them.
        songs: song of each dance; dances to one song, of several seeds for example, share a name.
        protocol: see :mod:`dancegen.metrics.protocols`.
        generated: whether the protocol's crop of generated dances applies; False for ground truth.

    Returns:
        The features. A dance shorter than a window is one sample.

    Raises:
        ValueError: as :func:`~dancegen.metrics.kinetic.kinetic_features`; there are no dances, not as many songs, or a
            dance has nothing to measure (fewer than three frames after the crop).
    """
    protocol = protocol_named(protocol)
    if not len(dances) or len(songs) != len(dances):
        raise ValueError(f"there must be a dance and a song for each, got {len(dances)} and {len(songs)}")
    kinetic, geometric, names = [], [], []
    for number, (dance, song) in enumerate(zip(dances, songs, strict=True)):
        joints = protocol.joints_at_rate(dance, fps)
        if generated:
            joints = protocol.measured(joints)
        if len(joints) < 3:
            raise ValueError(f"dance {number} (to {song!r}) has {len(joints)} frames to measure: leave it out")
        for sample in _samples(joints, protocol):
            kinetic.append(kinetic_features(sample, protocol.fps, protocol))
            geometric.append(geometric_features(sample, protocol.fps, protocol))
            names.append(song)
    return FeatureSet(np.stack(kinetic), np.stack(geometric), np.array(names))


def realism_scores(generated: FeatureSet, truth: FeatureSet, protocol: Protocol | str = SOUND) -> tuple[Score, ...]:
    """Distances and diversities of generated dances, each with its protocol.

    Args:
        generated, truth: of the same protocol; both are standardised by the truth's mean and deviation.
        protocol: the one that both were taken with.

    Returns:
        ``frechet_kinetic`` and ``frechet_geometric`` (FID_k, FID_g), ``diversity_kinetic`` and ``diversity_geometric``
        (Div_k, Div_g, the truth's own in the note). Under ``sound`` also ``kernel_kinetic`` and ``kernel_geometric``
        with intervals over songs, and ``frechet_infinity_kinetic`` and ``frechet_infinity_geometric`` (NaN with a
        warning for too few samples).

    Raises:
        ValueError: the sets do not have the same features, or are not of this protocol.
    """
    protocol = protocol_named(protocol)
    rules = protocol.feature_rules
    topics: tuple[Topic, Topic] = ("kinetic", "geometric")
    scores = []
    for topic in topics:
        pool: np.ndarray = getattr(truth, topic)
        measured = standardised(getattr(generated, topic), pool, rules.std_added)
        pool = standardised(pool, pool, rules.std_added)
        how = (
            f"{protocol.describe(topic)}; {len(generated)} samples of {len(np.unique(generated.songs))} songs against "
            f"{len(truth)} of {len(np.unique(truth.songs))}"
        )
        note = f"{diversity(pool):.4g} in the ground truth, which is the goal"
        scores += [
            Score(f"frechet_{topic}", frechet_distance(measured, pool), "", how, note="grows as samples get fewer"),
            Score(f"diversity_{topic}", diversity(measured), "", how, note=note),
        ]
        if rules.window_s is not None:
            kernel = kernel_distance(measured, pool, generated.songs, truth.songs)
            scores += [
                Score(f"kernel_{topic}", kernel.value, "", how, interval=(kernel.low, kernel.high)),
                Score(f"frechet_infinity_{topic}", frechet_infinity(measured, pool), "", how),
            ]
    return tuple(scores)


def _samples(joints: np.ndarray, protocol: Protocol) -> list[np.ndarray]:
    window_s = protocol.feature_rules.window_s
    if window_s is None:
        return [joints]
    length = round(window_s * protocol.fps)
    starts = range(0, max(len(joints) - length, 0) + 1, length // 2)
    return [joints[start : start + length] for start in starts]
