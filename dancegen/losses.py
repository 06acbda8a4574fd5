"""What the denoiser is trained to get right: pose, velocity, where joints are, and feet that stand still.

The four terms are EDGE's (Tseng et al. 2023); joint positions and foot speeds are computed in the dancer's own
heading, so drift of the root over the window does not enter them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from motionbeat.motion_features import CONTACT, heading_frame_joints
from motionbeat.skeleton import FOOT_JOINTS

BODY_SHARE = 0.25
"""Share of a batch whose bodies are posed for the last three terms: forward kinematics and its gradient cost as much
as the network itself, and a random quarter of a batch gives the same gradient on average."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of the terms; pose and velocity are in normalised units, joints and feet in metres."""

    pose: float = 1.0
    velocity: float = 2.0
    joints: float = 10.0
    joint_steps: float = 100.0
    foot: float = 100.0


def motion_loss(
    predicted: torch.Tensor,
    target: torch.Tensor,
    valid: torch.Tensor,
    mean: torch.Tensor,
    std: torch.Tensor,
    weights: LossWeights,
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Loss of predicted windows.

    Args:
        predicted, target: (B, T, 151) normalised motion.
        valid: (B, T) float, 0 where the recording is faulty.
        mean, std: (151,) of the normalisation.
        weights: of the terms.

    Returns:
        The weighted sum and each term: ``pose`` and ``velocity`` (mean squares, normalised units), ``joints`` and
        ``joint_steps`` (mean square distance in m2 of joint positions, and of their movement over the floor from one
        frame to the next), ``foot`` (mean square movement of feet in predicted contact, m2).
    """
    both = valid[:, 1:] * valid[:, :-1]
    pose = _mean((predicted - target).square(), valid)
    velocity = _mean((predicted.diff(dim=1) - target.diff(dim=1)).square(), both)
    posed = max(1, round(BODY_SHARE * len(predicted)))
    predicted, target, valid, both = predicted[:posed], target[:posed], valid[:posed], both[:posed]
    places, steps = heading_frame_joints(predicted.float() * std + mean)
    with torch.no_grad():
        true_places, true_steps = heading_frame_joints(target.float() * std + mean)
    joints = _mean((places - true_places).square().sum(-1), valid)
    joint_steps = _mean((steps - true_steps).square().sum(-1), both)
    contact = (predicted[..., CONTACT] * std[CONTACT] + mean[CONTACT]).clamp(0, 1)
    standing = torch.minimum(contact[:, 1:], contact[:, :-1]).detach()
    foot = _mean(standing * steps[:, :, list(FOOT_JOINTS)].square().sum(-1), both)
    terms = {"pose": pose, "velocity": velocity, "joints": joints, "joint_steps": joint_steps, "foot": foot}
    total = sum(getattr(weights, name) * term for name, term in terms.items())
    assert isinstance(total, torch.Tensor)
    return total, terms


def _mean(values: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Mean of (B, T, C) over valid frames and channels."""
    return (values.mean(dim=-1) * valid).sum() / valid.sum().clamp_min(1)
