"""What is asked of a dance beyond music and style: how much it moves, and that it stays near home.

Both work on the features of :mod:`motionbeat.motion_features`. Energy changes the clean motion predicted in the noisy
steps; the network sees it, noised again, in the next step, and makes feet and body go together. The way home changes
the finished motion: the network takes such a change back in its next step.
"""

from __future__ import annotations

import roma
import torch
import torch.nn.functional as functional

from motionbeat.motion_features import MOTION_FPS, heading, turn_about_y

HOME_RADIUS_M = 2.0
"""The slow path of a dancer stays within this distance of the start, nearly untouched within half of it."""

SLOW_PATH_S = 4.0
"""Standard deviation of the Gaussian that makes the slow path of the path: single steps are below it."""

SLOW_POSE_S = 1.0
"""The same for the slow pose about which energy scales: about a bar."""

ENERGY_LAMBDA = 1.5
"""log-SNR up to which energy is scaled. Below it how far limbs swing is decided; above it feet find the floor."""


def with_energy(predicted: torch.Tensor, energy: float) -> torch.Tensor:
    """Features (T, 151), normalised or not, whose deviations from their slow mean are ``energy`` times as large;
    contacts stay."""
    slow = _slowed(predicted[:, 4:], SLOW_POSE_S)
    return torch.cat([predicted[:, :4], slow + energy * (predicted[:, 4:] - slow)], dim=1)


def homeward(features: torch.Tensor) -> torch.Tensor:
    """Features (T, 151), not normalised, whose slow path over the floor keeps near its start.

    The slow path is compressed radially, smoothly, to less than :data:`HOME_RADIUS_M`; what that takes away from the
    speed of the root, a few centimetres per second, is taken from each frame's step. Feet slide by as much until the
    cleanup locks them; then their slide is about what it was (20 mm/s against 19, in songs of five minutes).
    """
    columns = features[:, 7:13].unflatten(-1, (2, 3)).transpose(-1, -2)
    turns = heading(roma.special_gramschmidt(columns, epsilon=1e-8))
    to_floor = turn_about_y(torch.cumsum(turns, dim=0) - turns)
    steps = torch.stack([features[:, 4], torch.zeros_like(turns), features[:, 6]], dim=-1)
    path = torch.cumsum((to_floor @ steps[..., None])[..., 0], dim=0)
    slow = _slowed(path, SLOW_PATH_S)
    away = slow.norm(dim=1, keepdim=True)
    half = HOME_RADIUS_M / 2
    allowed = torch.where(away <= half, away, half + half * torch.tanh((away - half) / half))
    shift = slow * (allowed / away.clamp(min=1e-6) - 1)
    change = torch.diff(shift, dim=0, prepend=shift[:1])
    change = (to_floor.transpose(-1, -2) @ change[..., None])[..., 0]
    steered = features.clone()
    steered[:, 4] += change[:, 0]
    steered[:, 6] += change[:, 2]
    return steered


def _slowed(values: torch.Tensor, sigma_s: float) -> torch.Tensor:
    """(T, C) smoothed in time by a Gaussian; the ends are held."""
    sigma = sigma_s * MOTION_FPS
    reach = round(3 * sigma)
    offset = torch.arange(-reach, reach + 1, device=values.device, dtype=values.dtype)
    kernel = torch.exp(-0.5 * (offset / sigma) ** 2)
    padded = functional.pad(values.T[:, None], (reach, reach), mode="replicate")
    return functional.conv1d(padded, (kernel / kernel.sum())[None, None])[:, 0].T
