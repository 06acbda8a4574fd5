"""From a song's embedding to a dance: the diffusion pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from diffusers.utils import BaseOutput
from diffusers.utils.torch_utils import randn_tensor

from dancegen.constraints import Constraint, KnownPart
from dancegen.denoiser import DanceDenoiser
from dancegen.settings import (
    AUTO_STYLE,
    DEFAULT_GUIDANCE,
    DEFAULT_STEPS,
    ENERGY_RANGE,
    MAX_GUIDANCE,
    MAX_STEPS,
    NO_STYLE,
    style_shares,
)
from dancegen.solver import make_solver
from dancegen.steering import ENERGY_LAMBDA, homeward, with_energy
from motionbeat.encoder import CLOCK_DIM, MusicEmbedding, bar_clock
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.motion_features import FEATURE_DIM, MOTION_FPS, features_to_motion

WINDOWS_AT_ONCE = 16
"""Windows denoised in one batch: memory of a long song does not grow with it."""

OVERLAP = 50
"""Least number of frames that neighbouring windows share."""


@dataclass
class DanceOutput(BaseOutput):
    """A generated dance.

    Attributes:
        motion: 30 fps, as long as the music, with contacts; not cleaned up.
        style: the style that was danced, ``none``, or a mix such as ``salsa:0.6,pop:0.4``.
    """

    motion: Motion
    style: str


class DancePipeline(DiffusionPipeline):
    """Denoises a whole song at once in overlapping windows.

    One noise sequence spans the song. In each step it is cut into windows that overlap, all windows are denoised in
    batches, and where they overlap their predictions are averaged with weights that fall to zero at a window's edge
    (EDGE's long-form idea in the manner of MultiDiffusion, Bar-Tal et al. 2023). The cuts move from step to step, so
    no frame is always at an edge.
    """

    model_cpu_offload_seq = "denoiser"

    def __init__(self, denoiser: DanceDenoiser, scheduler: Any) -> None:
        super().__init__()
        self.register_modules(denoiser=denoiser, scheduler=scheduler)

    @property
    def styles(self) -> tuple[str, ...]:
        """Names that ``style`` may have, besides ``auto`` and ``none``."""
        return tuple(self.denoiser.config["styles"])

    def check_inputs(
        self,
        music: MusicEmbedding,
        style: str,
        num_inference_steps: int,
        guidance_scale: float,
        energy: float,
        constraint: Constraint | None,
    ) -> None:
        """Raise :class:`~motionbeat.errors.UserError` for the first argument that cannot be used."""
        for name in style_shares(style):
            if name not in (*self.styles, AUTO_STYLE, NO_STYLE):
                raise UserError(f"style {name!r} is not known. Choose one of: auto, none, {', '.join(self.styles)}.")
        if not 1 <= num_inference_steps <= MAX_STEPS:
            raise UserError(f"steps must be between 1 and {MAX_STEPS}, got {num_inference_steps}.")
        if not 0 <= guidance_scale <= MAX_GUIDANCE:  # also refuses NaN
            raise UserError(f"guidance must be between 0 and {MAX_GUIDANCE:g}, got {guidance_scale}.")
        if not ENERGY_RANGE[0] <= energy <= ENERGY_RANGE[1]:
            raise UserError(f"energy must be between {ENERGY_RANGE[0]:g} and {ENERGY_RANGE[1]:g}, got {energy}.")
        if music.frames.shape[1] != self.denoiser.config["music_dim"]:
            raise UserError(
                f"the generator was trained on {self.denoiser.config['music_dim']} music features a frame, this "
                f"encoder gives {music.frames.shape[1]}. Use the encoder that belongs to the generator."
            )
        if constraint is not None and len(constraint) != len(music.frames):
            raise UserError(f"the constraint has {len(constraint)} frames, the music {len(music.frames)}.")

    def make_solver(self, steps: int) -> Any:
        """What takes a sample from noise to motion in ``steps`` steps, a scheduler of diffusers with its timesteps
        set; ``scheduler`` is only asked for the noise schedule that the network was trained with."""
        return make_solver(self.scheduler, steps, self._execution_device)

    def choose_style(self, music: MusicEmbedding) -> str:
        """The style whose training dances lie nearest to the song in the MotionBeat space, among the styles danced in
        the song's meter; one outside ``auto_styles`` only where none of them has that meter."""
        score = self.denoiser.style_prototype.cpu().numpy() @ music.clip
        preferred = np.array([style in self.denoiser.config["auto_styles"] for style in self.styles])
        fitting = self.denoiser.style_meter.cpu().numpy() == music.grid.meter
        for wanted in (fitting & preferred, fitting, preferred):
            if wanted.any():
                score = np.where(wanted, score, -np.inf)
                break
        return self.styles[int(np.argmax(score))]

    @torch.no_grad()
    def __call__(
        self,
        music: MusicEmbedding,
        style: str = AUTO_STYLE,
        num_inference_steps: int = DEFAULT_STEPS,
        guidance_scale: float = DEFAULT_GUIDANCE,
        energy: float = 1.0,
        constraint: Constraint | None = None,
        generator: torch.Generator | None = None,
        callback_on_step_end: Callable[[DancePipeline, int, int, dict[str, torch.Tensor]], dict[str, torch.Tensor]]
        | None = None,
    ) -> DanceOutput:
        """Dance to a song.

        Args:
            music: what the MotionBeat encoder heard.
            style: a name of :attr:`styles`, ``none`` (no label), ``auto`` (chosen by :meth:`choose_style`), or
                several names with their shares, as in ``salsa:0.6,pop:0.4``.
            num_inference_steps: denoising steps. In each of them the network is evaluated on the dance once for each
                style in the mix and, unless the guidance is 1, once without music.
            guidance_scale: 1 follows the music as trained, more exaggerates it, 0 ignores it.
            energy: how far the body moves about its slow course, 1 as learnt (:func:`~dancegen.steering.with_energy`).
            constraint: what is known of the dance, as long as the music; the rest is filled.
            generator: source of the noise; the same seed gives the same dance.
            callback_on_step_end: called as diffusers does after each step with ``{"latents": (1, T, 151)}``; may
                return a changed dict, may raise to stop.

        Raises:
            UserError: an argument cannot be used.
        """
        self.check_inputs(music, style, num_inference_steps, guidance_scale, energy, constraint)
        if AUTO_STYLE in style_shares(style):
            style = self.choose_style(music)
        shares = {0 if name == NO_STYLE else self.styles.index(name) + 1: w for name, w in style_shares(style).items()}
        device = self._execution_device
        window = self.denoiser.config["window"]
        frames = len(music.frames)
        heard = torch.from_numpy(music.frames).to(device)
        if frames < window:
            # the last sound is held, the clock goes on
            held = heard[-1:, :-CLOCK_DIM].expand(window - frames, -1)
            clock = torch.from_numpy(bar_clock(music.grid, window)[frames:]).to(device)
            heard = torch.cat([heard, torch.cat([held, clock], dim=1)])
        length = len(heard)

        solver = self.make_solver(num_inference_steps)
        mean, std = self.denoiser.motion_mean, self.denoiser.motion_std
        known = None if constraint is None else KnownPart(constraint.padded(length), mean, std)
        x = randn_tensor((1, length, FEATURE_DIM), generator=generator, device=torch.device(device))
        x = x * solver.init_noise_sigma
        with self.progress_bar(total=num_inference_steps) as bar:
            for index, timestep in enumerate(solver.timesteps):
                noisy = solver.scale_model_input(x, timestep)
                starts = window_starts(length, window, shift=index)
                predicted = self._predict(noisy[0], heard, starts, timestep, shares, guidance_scale)
                if energy != 1 and solver.lambda_t[int(timestep)] <= ENERGY_LAMBDA:
                    predicted = with_energy(predicted, energy)
                if known is not None:
                    predicted = known.imposed_on(predicted)
                x = solver.step(predicted[None], timestep, x, return_dict=False)[0]
                if callback_on_step_end is not None:
                    x = callback_on_step_end(self, index, int(timestep), {"latents": x}).pop("latents", x)
                bar.update()
        features = homeward(x[0] * std + mean)
        if known is not None:
            features = known.imposed_on((features - mean) / std) * std + mean
        return DanceOutput(motion=features_to_motion(features[:frames].float().cpu().numpy(), MOTION_FPS), style=style)

    def _predict(
        self,
        noisy: torch.Tensor,
        heard: torch.Tensor,
        starts: list[int],
        timestep: torch.Tensor,
        shares: Mapping[int, float],
        guidance_scale: float,
    ) -> torch.Tensor:
        """Clean motion (T, 151) predicted from noisy (T, 151): windows at ``starts`` denoised and blended."""
        window = self.denoiser.config["window"]
        ramp = torch.arange(1, window + 1, device=noisy.device, dtype=noisy.dtype)
        weight = torch.minimum(torch.minimum(ramp, ramp.flip(0)), torch.tensor(float(OVERLAP)))[:, None]
        total, weights = torch.zeros_like(noisy), torch.zeros_like(noisy[:, :1])
        for first in range(0, len(starts), WINDOWS_AT_ONCE):
            batch = starts[first : first + WINDOWS_AT_ONCE]
            sample = torch.stack([noisy[s : s + window] for s in batch])
            music = torch.stack([heard[s : s + window] for s in batch])
            predicted = self._guided(sample, music, timestep, shares, guidance_scale)
            for start, piece in zip(batch, predicted, strict=True):
                total[start : start + window] += weight * piece
                weights[start : start + window] += weight
        return total / weights

    def _guided(
        self,
        sample: torch.Tensor,
        music: torch.Tensor,
        timestep: torch.Tensor,
        shares: Mapping[int, float],
        guidance_scale: float,
    ) -> torch.Tensor:
        """Classifier-free guidance: what the music adds to the prediction, times ``guidance_scale``.

        Of several styles the predictions are averaged with their ``shares`` (by label), which follows the weighted
        mean of their scores (Liu et al. 2022, composable diffusion).
        """
        labels, weights = list(shares), list(shares.values())
        given = [True] * len(labels)
        if guidance_scale != 1:
            labels.append(0)
            given.append(False)
            weights = [guidance_scale * weight for weight in weights] + [1 - guidance_scale]
        count, times = len(sample), len(labels)
        predicted = self.denoiser(
            sample.repeat(times, 1, 1),
            timestep.expand(count * times),
            music.repeat(times, 1, 1),
            torch.tensor(labels, device=sample.device).repeat_interleave(count),
            torch.tensor(given, device=sample.device).repeat_interleave(count),
        )
        return torch.einsum("k,kbtc->btc", torch.tensor(weights).to(predicted), predicted.unflatten(0, (times, count)))


def window_starts(length: int, window: int, shift: int) -> list[int]:
    """Starts of windows that cover ``length`` frames and overlap by at least :data:`OVERLAP`.

    Even ``shift`` starts the first full window at frame 0, odd ones half a hop later, so that the places where windows
    meet alternate.
    """
    hop = window - OVERLAP
    inner = range(hop // 2 if shift % 2 else 0, length - window, hop)
    return sorted({0, *inner, length - window})
