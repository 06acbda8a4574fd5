"""The Embodied Contrastive Loss (ECL) of the MotionBeat paper."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def embodied_contrastive_loss(
    audio: torch.Tensor,
    motion: torch.Tensor,
    tempo_negatives: torch.Tensor,
    jitter_negatives: torch.Tensor,
    same: torch.Tensor,
    temperature: float = 0.07,
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

    Returns:
        Scalar loss: mean over anchors of ``-log(exp(s(a_i, m_i) / tau) / D_i)``.

    Source: formula as reported for arXiv 2510.13244 (``L_ECL``); masking of false negatives is ours.
    """
    batch = audio @ motion.T / temperature
    own = torch.eye(len(audio), dtype=torch.bool, device=audio.device)
    batch = batch.masked_fill(same & ~own, float("-inf"))
    tempo = torch.einsum("nd,nkd->nk", audio, tempo_negatives) / temperature
    jitter = torch.einsum("nd,njd->nj", audio, jitter_negatives) / temperature
    logits = torch.cat([batch, tempo, jitter], dim=1)
    return F.cross_entropy(logits, torch.arange(len(audio), device=audio.device))
