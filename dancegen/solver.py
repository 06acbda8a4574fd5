"""How a sample is denoised in few steps: a second-order multistep solver on a grid that is even in log-SNR.

DPM-Solver++(2M) (Lu et al. 2022) integrates the probability flow in lambda = log(signal / noise). Our schedule ends
in pure noise, lambda = -inf. Steps that are even in the training index (diffusers' ``trailing``) leap from there over
most of the range in which the dance is decided, and no order of the solver makes up for it; even steps in lambda from
:data:`FIRST_LAMBDA` on do not. ``benchmarks/few_steps.py`` has the measurements.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import DPMSolverMultistepScheduler

FIRST_LAMBDA = -5.0
"""log-SNR at which the grid begins, just below pure noise (the signal is 0.7 % of the sample)."""

LAST_TIMESTEP = 10
"""Training index of the last evaluation; what little noise is left there is taken away with it."""


def make_solver(schedule: Any, steps: int, device: torch.device | None = None) -> DPMSolverMultistepScheduler:
    """A solver for the noise schedule of a model, set to ``steps`` evaluations.

    Args:
        schedule: the scheduler that the model was trained with (diffusers).
        steps: 1 up to the schedule's number of training steps.
        device: of the samples.
    """
    solver = DPMSolverMultistepScheduler.from_config(schedule.config, algorithm_type="dpmsolver++", solver_order=2)
    solver.set_timesteps(timesteps=timesteps_even_in_lambda(solver.lambda_t, steps), device=device)
    return solver


def timesteps_even_in_lambda(log_snr: torch.Tensor, steps: int) -> list[int]:
    """``steps`` different training indices, descending from the last, as even in log-SNR as they can be.

    Args:
        log_snr: (N,) lambda of each training index, descending.
        steps: 1 to N.
    """
    wanted = torch.linspace(FIRST_LAMBDA, float(log_snr[LAST_TIMESTEP]), steps, dtype=log_snr.dtype)
    nearest = (log_snr[None].cpu() - wanted[:, None]).abs().argmin(dim=1).tolist()
    chosen = [len(log_snr) - 1]
    for place, timestep in enumerate(nearest[1:], start=1):
        # each below the one before, with room for those to come
        chosen.append(max(min(timestep, chosen[-1] - 1), steps - 1 - place))
    return chosen
