"""The Embodied Contrastive Loss and the Structural Rhythm Alignment Loss of the MotionBeat paper (arXiv 2510.13244).

The Structural Rhythm Alignment Loss (SRAL) has a beat level, :func:`beat_alignment_loss`, and a bar level,
:func:`bar_alignment_loss`. From the paper itself only its aim is known, musical accents matched to motion events, and
that rhythm heads take part; that it is Soft-DTW by beats and earth mover's distance by bars is reported by others.
Normalisation, smoothing, weights, the pairing of heads with signals, and :func:`anchor_loss` are our choice.

All signals have one value a slot of the beat grid (:mod:`motionbeat.tokens`). The alignment losses are computed in
float32, whatever lower precision the signals have, or in float64.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from motionbeat.soft_dtw import soft_dtw_divergence
from motionbeat.tokens import SLOTS_PER_BEAT

MIN_BAR_MASS = 1e-3
"""A bar whose values sum to less has no profile: nothing is heard in it, or nobody moves."""


def embodied_contrastive_loss(
    audio: torch.Tensor,
    motion: torch.Tensor,
    tempo_negatives: torch.Tensor,
    jitter_negatives: torch.Tensor,
    same: torch.Tensor,
    temperature: float = 0.07,
    tempo_mask: torch.Tensor | None = None,
    both_ways: bool = False,
) -> torch.Tensor:
    """InfoNCE from music to motion with two kinds of hard negatives; every negative weighs the same.

    Args:
        audio: (N, D) unit vectors z_a, the anchors.
        motion: (N, D) unit vectors z_m; row i belongs to anchor i. The other rows are its batch negatives.
        tempo_negatives: (N, K, D): motion at the anchor's tempo but with another bar phase or accent pattern.
        jitter_negatives: (N, J, D): the anchor's own motion moved by a beat under unmoved phase labels.
        same: (N, N) bool, True where motion j also fits music i (same recording): not counted as a negative. The
            diagonal is ignored.
        temperature: tau.
        tempo_mask: (N, K) bool, False where an anchor has no such tempo negative; what stands there, any finite
            vector, then counts for nothing. None if all are there.
        both_ways: take the mean of this loss and of the plain one from motion to music, over the batch. Not in the
            formula; it makes one dance's scores with different music comparable.

    Returns:
        Scalar loss: mean over anchors of ``-log(exp(s(a_i, m_i) / tau) / D_i)``.

    Source: formula as reported for arXiv 2510.13244 (``L_ECL``); masking of false negatives is ours.
    """
    batch = audio @ motion.T / temperature
    own = torch.eye(len(audio), dtype=torch.bool, device=audio.device)
    batch = batch.masked_fill(same & ~own, float("-inf"))
    tempo = torch.einsum("nd,nkd->nk", audio, tempo_negatives) / temperature
    if tempo_mask is not None:
        tempo = tempo.masked_fill(~tempo_mask, float("-inf"))
    jitter = torch.einsum("nd,njd->nj", audio, jitter_negatives) / temperature
    logits = torch.cat([batch, tempo, jitter], dim=1)
    targets = torch.arange(len(audio), device=audio.device)
    loss = F.cross_entropy(logits, targets)
    return (loss + F.cross_entropy(batch.T, targets)) / 2 if both_ways else loss


def beat_alignment_loss(
    accents_hat: torch.Tensor,
    contacts_hat: torch.Tensor,
    onsets: torch.Tensor,
    contacts: torch.Tensor,
    gamma: float = 0.1,
    band: int | None = SLOTS_PER_BEAT,
) -> torch.Tensor:
    """Beat level of SRAL: each rhythm head against the detected signal of the other side, in warped time.

    ``(div(accents_hat, contacts) + div(onsets, contacts_hat)) / (2 T)`` with the Soft-DTW divergence. No head is
    compared with a head: two constant outputs would agree, here they do not.

    Args:
        accents_hat: (B, T) accents from the audio tower's rhythm head, 0 or more.
        contacts_hat: (B, T) contact pulses from the motion tower's rhythm head, in [0, 1].
        onsets: (B, T) detected onset envelope of the music, in [0, 1].
        contacts: (B, T) detected contact pulses of the motion, in [0, 1].
        gamma: softness of the alignment, in squared units of the signals.
        band: largest offset that the alignment may bridge, slots; a beat by default, None for no limit.

    Returns:
        Scalar: mean over the batch, per slot.

    Raises:
        ValueError: the shapes differ.

    Source: Soft-DTW between onset envelope and contact pulses is reported for arXiv 2510.13244 by a secondary source.
    Ours: the divergence in place of Soft-DTW itself, which is negative for equal signals and least for flattened ones;
    heads against detected signals; ``gamma``, ``band`` and the division by T.
    """
    _check_one_shape(accents_hat, contacts_hat, onsets, contacts)
    heard = torch.cat([accents_hat, onsets])
    moved = torch.cat([contacts, contacts_hat])
    return soft_dtw_divergence(heard, moved, gamma, band).mean() / accents_hat.shape[1]


def bar_alignment_loss(
    accents_hat: torch.Tensor, energy: torch.Tensor, slots_per_bar: int, slots_per_beat: int = SLOTS_PER_BEAT
) -> torch.Tensor:
    """Bar level of SRAL: how far accents must move within their bar to lie where the motion's energy lies.

    Args:
        accents_hat: (B, T) accents from the audio tower's rhythm head, 0 or more; T is a multiple of a bar.
        energy: (B, T) motion energy (mean joint speed), 0 or more, in any unit.
        slots_per_bar: slots in a bar; the first slot begins a bar.
        slots_per_beat: slots in a beat.

    Returns:
        Scalar: one-dimensional earth mover's distance in beats, mean over the bars that have both accents and motion
        energy (a sum of at least ``MIN_BAR_MASS``). 0 with zero gradient if there is no such bar.

    Raises:
        ValueError: the shapes differ, or T is not a multiple of ``slots_per_bar``.

    Source: an earth mover's distance between accent mass and motion energy in the bar is reported for arXiv 2510.13244
    by a secondary source whose text breaks off there. Ours: the rhythm head as accent mass, energy as joint speed,
    the unit, no mass carried over a bar line, and which bars are left out.
    """
    _check_one_shape(accents_hat, energy)
    accent_profiles, heard = _bar_profiles(accents_hat, slots_per_bar)
    energy_profiles, moved = _bar_profiles(energy, slots_per_bar)
    distances = (accent_profiles - energy_profiles).cumsum(dim=-1).abs().sum(dim=-1) / slots_per_beat
    counted = heard & moved
    return (distances * counted).sum() / counted.sum().clamp(min=1)


def accent_entropy(accents_hat: torch.Tensor, slots_per_bar: int) -> torch.Tensor:
    """How flat the accent profile of a bar is: the bar level is also lowered by accents that are spread out.

    Args:
        accents_hat: (B, T) accents, 0 or more; T is a multiple of a bar and the first slot begins a bar.
        slots_per_bar: slots in a bar.

    Returns:
        Scalar: entropy in nats, mean over bars with accents: ``log(slots_per_bar)`` if all are flat, 0 if each has one
        accent. NaN if no bar has accents.

    Raises:
        ValueError: T is not a multiple of ``slots_per_bar``.
    """
    profiles, heard = _bar_profiles(accents_hat, slots_per_bar)
    return torch.special.entr(profiles[heard]).sum(dim=-1).mean()


def anchor_loss(
    accents_hat: torch.Tensor, contacts_hat: torch.Tensor, onsets: torch.Tensor, contacts: torch.Tensor
) -> torch.Tensor:
    """Each rhythm head against the detected signal of its own side, so that it keeps telling what is there.

    Args:
        accents_hat, contacts_hat, onsets, contacts: (B, T), as in :func:`beat_alignment_loss`.

    Returns:
        Scalar: mean of the two mean squared errors.

    Raises:
        ValueError: the shapes differ.

    Source: ours; nothing of the kind is known from the paper.
    """
    _check_one_shape(accents_hat, contacts_hat, onsets, contacts)
    heard = F.mse_loss(_at_least_float32(accents_hat), _at_least_float32(onsets))
    moved = F.mse_loss(_at_least_float32(contacts_hat), _at_least_float32(contacts))
    return (heard + moved) / 2


def _bar_profiles(values: torch.Tensor, slots_per_bar: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(bars, slots_per_bar) shares of each bar's sum, and (bars,) bool: whether the sum is enough to divide by."""
    if values.shape[1] % slots_per_bar:
        raise ValueError(f"{values.shape[1]} slots are not whole bars of {slots_per_bar}; cut off the unfinished bar")
    bars = _at_least_float32(values).reshape(-1, slots_per_bar)
    mass = bars.sum(dim=-1, keepdim=True)
    present = mass >= MIN_BAR_MASS
    # the division is made safe and not only its result left out, since 0 times an infinite gradient is NaN
    return bars / torch.where(present, mass, 1.0), present.squeeze(-1)


def _check_one_shape(*signals: torch.Tensor) -> None:
    shapes = [tuple(signal.shape) for signal in signals]
    if len(set(shapes)) > 1 or len(shapes[0]) != 2:
        raise ValueError(f"the signals must have one shape (B, T), not {', '.join(map(str, shapes))}")


def _at_least_float32(values: torch.Tensor) -> torch.Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))
