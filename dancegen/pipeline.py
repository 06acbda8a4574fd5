"""From a song's embedding to a dance: the diffusion pipeline."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from diffusers.utils import BaseOutput
from diffusers.utils.torch_utils import randn_tensor

from dancegen.beat_time import (
    FRAMES_PER_BEAT,
    BeatFrames,
    beat_frames,
    beats_of_a_dance_beat,
    dance_grid,
    motion_in_seconds,
)
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
from dancegen.steering import homeward
from motionbeat.beats import BeatGrid
from motionbeat.encoder import CLOCK_DIM, MusicEmbedding, read_tokens_at
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.motion_features import FEATURE_DIM, MOTION_FPS, features_to_motion

WINDOWS_AT_ONCE = 16
"""Windows denoised in one batch: memory of a long song does not grow with it."""

OVERLAP_BEATS = 3
"""Least number of beats that neighbouring windows share."""

TEMPO_WEIGHT = 2.0
"""What an octave of tempo between a song and a style weighs against the cosine of their embeddings."""

LIVELY_LEVEL = 0.05
"""A part of a song this much louder than its middle level (4 dB) is danced as livelier by one standard deviation."""

MOST_LIVELY = 0.75
MOST_CALM = 2.0
"""So many standard deviations at most a part of a song is danced as livelier, or as calmer, than its middle: with 2 a
part 14 dB softer is danced at 0.7 of the speed, with less jerk and slide; with 0.75 it was nine tenths."""

BASE_DEVIATIONS = 1.0
"""A dance of energy 1 is asked to be this much livelier than the mean of its style: a network that is not sure of a
movement makes it smaller than it is danced."""

UNHURRIED = 1.25
HASTE_DEVIATIONS = 1.5
"""A dance whose beats are more than ``UNHURRIED`` times as fast as its style's is asked to be calmer by so many
standard deviations for each octave beyond: who has to hurry takes smaller steps."""

COHERENCE_GUIDANCE = 0.5
"""How much of what the moments of a dance make of each other is exaggerated. A network that has not made up its mind
predicts something like the mean of what it has seen, which moves less than any dancer does. What it predicts when no
moment sees any other serves for that mean, and going away from it makes dances livelier (docs/experiments.md)."""

ENERGY_DEVIATIONS = 3.0
"""By so many standard deviations a dance of energy 2 would be livelier than one of energy 1."""


@dataclass
class DanceOutput(BaseOutput):
    """A generated dance.

    Attributes:
        motion: 30 fps, as long as the music, with contacts; not cleaned up.
        style: the style that was danced, ``none``, or a mix such as ``salsa:0.6,pop:0.4``.
        grid: the music's beats as the dance counts them: in bars of the style's meter, perhaps at double or half time.
    """

    motion: Motion
    style: str
    grid: BeatGrid


class DancePipeline(DiffusionPipeline):
    """Denoises a whole song at once in overlapping windows, in frames that are counted in beats.

    One noise sequence spans the song. In each step it is cut into windows that overlap, all windows are denoised in
    batches, and where they overlap their predictions are averaged with weights that fall to zero at a window's edge
    (EDGE's long-form idea in the manner of MultiDiffusion, Bar-Tal et al. 2023). Every window begins with a bar; the
    cuts move by bars from step to step, so no frame is always at an edge. Loud parts of the song are danced livelier
    than calm ones.
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
        music_dim = music.tokens.shape[1] + CLOCK_DIM
        if music_dim != self.denoiser.config["music_dim"]:
            raise UserError(
                f"the generator was trained on {self.denoiser.config['music_dim']} music features a frame, this "
                f"encoder gives {music_dim}. Use the encoder that belongs to the generator."
            )
        if constraint is not None and len(constraint) != frame_count(music):
            raise UserError(f"the constraint has {len(constraint)} frames, the music {frame_count(music)}.")

    def make_solver(self, steps: int) -> Any:
        """What takes a sample from noise to motion in ``steps`` steps, a scheduler of diffusers with its timesteps
        set; ``scheduler`` is only asked for the noise schedule that the network was trained with."""
        return make_solver(self.scheduler, steps, self._execution_device)

    def choose_style(self, music: MusicEmbedding) -> str:
        """The style whose training dances lie nearest to the song, in the MotionBeat space and in tempo, among the
        styles danced in the song's meter; one outside ``auto_styles`` only where none of them has that meter."""
        period_s = float(np.median(np.diff(music.grid.beats)))
        danced_s = self.denoiser.style_period_s.cpu().numpy()
        meters = self.denoiser.style_meter.cpu().numpy()
        in_three = (meters == 3) & (music.grid.meter == 3)
        taken = np.array(list(map(beats_of_a_dance_beat, repeat(period_s), danced_s, in_three)))
        score = self.denoiser.style_prototype.cpu().numpy() @ music.clip
        score = score - TEMPO_WEIGHT * np.abs(np.log2(period_s * taken / danced_s))
        preferred = np.array([style in self.denoiser.config["auto_styles"] for style in self.styles])
        fitting = meters == music.grid.meter
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
            num_inference_steps: denoising steps. In each of them the network is evaluated on the dance twice for each
                style in the mix and, unless the guidance is 1, once without style and once without music.
            guidance_scale: 1 follows music, style and energy as trained, more exaggerates them (the music less,
                :func:`music_guidance`), 0 ignores them.
            energy: how lively the dance is, 1 as the style is danced on average.
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
        grid = self._count(music, shares)
        frames = beat_frames(grid, music.duration_s, spare_beats=-(-window // FRAMES_PER_BEAT))
        heard = np.concatenate(
            [read_tokens_at(frames.times_s, music.tokens, music.token_times_s), frames.clock()], axis=1
        )
        conditions = Conditions(
            torch.from_numpy(heard).to(device),
            torch.from_numpy(
                liveliness(music, frames, window)
                + (BASE_DEVIATIONS + ENERGY_DEVIATIONS * (energy - 1) - self._haste(grid, shares))
            ).to(device),
            shares,
            guidance_scale,
        )
        solver = self.make_solver(num_inference_steps)
        mean, std = self.denoiser.motion_mean, self.denoiser.motion_std
        known = None if constraint is None else KnownPart(constraint.in_beats(frames), mean, std)
        x = randn_tensor((1, len(frames), FEATURE_DIM), generator=generator, device=torch.device(device))
        x = x * solver.init_noise_sigma
        with self.progress_bar(total=num_inference_steps) as bar:
            for index, timestep in enumerate(solver.timesteps):
                noisy = solver.scale_model_input(x, timestep)
                starts = window_starts(frames.downbeats, len(frames), window, shift=index)
                predicted = self._predict(noisy[0], starts, timestep, conditions)
                if known is not None:
                    predicted = known.imposed_on(predicted)
                x = solver.step(predicted[None], timestep, x, return_dict=False)[0]
                if callback_on_step_end is not None:
                    x = callback_on_step_end(self, index, int(timestep), {"latents": x}).pop("latents", x)
                bar.update()
        features = (x[0] * std + mean).float().cpu().numpy()
        in_beats = features_to_motion(features, FRAMES_PER_BEAT / frames.period_s)
        motion = homeward(motion_in_seconds(frames, in_beats, frame_count(music)))
        motion = motion if constraint is None else constraint.restored(motion)
        return DanceOutput(motion=motion, style=style, grid=grid)

    def _count(self, music: MusicEmbedding, shares: Mapping[int, float]) -> BeatGrid:
        """The beats of a song as the style with the largest of ``shares`` (by label) counts them."""
        label = main_style(shares)
        if not label:
            return music.grid
        meter, period_s = self.denoiser.style_meter[label - 1], self.denoiser.style_period_s[label - 1]
        return dance_grid(music.grid, int(meter), float(period_s))

    def _haste(self, grid: BeatGrid, shares: Mapping[int, float]) -> float:
        """By how many standard deviations a dance counted on ``grid`` is calmer for being hurried."""
        label = main_style(shares)
        if not label:
            return 0.0
        faster = float(self.denoiser.style_period_s[label - 1]) / float(np.median(np.diff(grid.beats)))
        return HASTE_DEVIATIONS * max(0.0, math.log2(faster / UNHURRIED))

    def _predict(
        self, noisy: torch.Tensor, starts: list[int], timestep: torch.Tensor, conditions: Conditions
    ) -> torch.Tensor:
        """Clean motion (T, 151) predicted from noisy (T, 151): windows at ``starts`` denoised and blended; where no
        window lies, behind the end of the song, 0."""
        window = self.denoiser.config["window"]
        overlap = float(OVERLAP_BEATS * FRAMES_PER_BEAT)
        ramp = torch.arange(1, window + 1, device=noisy.device, dtype=noisy.dtype)
        weight = torch.minimum(torch.minimum(ramp, ramp.flip(0)), torch.tensor(overlap))[:, None]
        total, weights = torch.zeros_like(noisy), torch.zeros_like(noisy[:, :1])
        for first in range(0, len(starts), WINDOWS_AT_ONCE):
            batch = starts[first : first + WINDOWS_AT_ONCE]
            sample = torch.stack([noisy[s : s + window] for s in batch])
            predicted = self._guided(sample, batch, timestep, conditions)
            for start, piece in zip(batch, predicted, strict=True):
                total[start : start + window] += weight * piece
                weights[start : start + window] += weight
        return total / weights.clamp(min=1.0)

    def _guided(
        self, sample: torch.Tensor, starts: list[int], timestep: torch.Tensor, conditions: Conditions
    ) -> torch.Tensor:
        """Classifier-free guidance in two steps: what style and energy add to the music, times their ``guidance``,
        and what the music adds to nothing, times :func:`music_guidance`. On top of it perturbed-attention guidance
        (Ahn et al. 2024): what seeing the other moments of the dance adds to seeing each by itself, times
        :data:`COHERENCE_GUIDANCE`.

        Of several styles the predictions are averaged with their shares, which follows the weighted mean of their
        scores (Liu et al. 2022, composable diffusion).
        """
        window, guidance = sample.shape[1], conditions.guidance
        coherence = min(guidance, 1.0) * COHERENCE_GUIDANCE
        music = music_guidance(guidance)
        branches = [
            *(_Branch((guidance + coherence) * share, label) for label, share in conditions.shares.items()),
            *(_Branch(-coherence * share, label, apart=True) for label, share in conditions.shares.items()),
            _Branch(music - guidance, told=False),
            _Branch(1 - music, told=False, given=False),
        ]
        branches = [branch for branch in branches if branch.weight]
        count, times = len(sample), len(branches)

        def each(values: Iterable[Any]) -> torch.Tensor:
            return torch.tensor(list(values), device=sample.device).repeat_interleave(count)

        told = each(branch.told for branch in branches)
        predicted = self.denoiser(
            sample.repeat(times, 1, 1),
            timestep.expand(count * times),
            torch.stack([conditions.music[s : s + window] for s in starts]).repeat(times, 1, 1),
            each(branch.label for branch in branches),
            torch.where(told, conditions.liveliness[starts].repeat(times), torch.nan),
            each(branch.given for branch in branches),
            each(branch.apart for branch in branches),
        )
        weights = torch.tensor([branch.weight for branch in branches]).to(predicted)
        return torch.einsum("k,kbtc->btc", weights, predicted.unflatten(0, (times, count)))


@dataclass(frozen=True)
class _Branch:
    """One of the predictions that guidance adds up: its weight, the label of its style, and whether it is told how
    lively to be, is given the music, and sees each moment of the dance apart from the others."""

    weight: float
    label: int = 0
    told: bool = True
    given: bool = True
    apart: bool = False


def main_style(shares: Mapping[int, float]) -> int:
    """The label with the largest of the shares of a mix; 0 is no style."""
    return max(shares, key=lambda label: shares[label])


def music_guidance(guidance: float) -> float:
    """How much of what the music alone adds is taken, for a guidance of style and energy: beyond 1 a third of it.

    Beats exaggerated as much as the style make every step a stamp: at 2.5 both, the feet of a waltz had six times the
    recorded energy at the rate of the beat.
    """
    return guidance if guidance <= 1 else 1 + (guidance - 1) / 3


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a dance is denoised under.

    Attributes:
        music: (T, music_dim) what is heard in each frame.
        liveliness: (T,) how lively the window is that begins with each frame.
        shares: of the styles, by label.
        guidance: weight of classifier-free guidance of style and energy.
    """

    music: torch.Tensor
    liveliness: torch.Tensor
    shares: Mapping[int, float]
    guidance: float


def frame_count(music: MusicEmbedding) -> int:
    """Frames of a dance to the whole song."""
    return max(1, int(music.duration_s * MOTION_FPS))


def liveliness(music: MusicEmbedding, frames: BeatFrames, window: int) -> np.ndarray:
    """(T,) float32: how lively the song asks the window to be that begins with each frame, in standard deviations of a
    style's training windows: its mean level against that of the song's middle window, within :data:`MOST_LIVELY` and
    :data:`MOST_CALM`. Not against the median level: music of strokes and rests is louder in the median than in the
    mean of any window, and would be danced calmly throughout."""
    level = np.interp(frames.times_s, music.token_times_s, music.levels)
    total = np.concatenate([[0.0], np.cumsum(level)])
    first = np.arange(len(frames))
    last = np.minimum(first + window, len(frames))
    mean = (total[last] - total[first]) / (last - first)
    inside = (frames.times_s >= 0) & (frames.times_s <= music.duration_s)
    # the shortest songs lie between two frames
    middle = np.median(mean[inside]) if inside.any() else mean[0]
    return np.clip((mean - middle) / LIVELY_LEVEL, -MOST_CALM, MOST_LIVELY).astype(np.float32)


def window_starts(downbeats: np.ndarray, length: int, window: int, shift: int) -> list[int]:
    """Starts of windows on ``downbeats``, the first at frame 0, that overlap by at least :data:`OVERLAP_BEATS` and go
    on as long as a whole window fits into ``length`` frames.

    Odd ``shift`` makes the first hop half as long, so that the places where windows meet alternate. A bar longer than
    a hop is cut.
    """
    hop = window - OVERLAP_BEATS * FRAMES_PER_BEAT
    starts = [0]
    while True:
        reaches = (hop // 2, hop) if shift % 2 and len(starts) == 1 else (hop,)
        within = (downbeats[(downbeats > starts[-1]) & (downbeats <= starts[-1] + reach)] for reach in reaches)
        following = next((int(bars[-1]) for bars in within if len(bars)), starts[-1] + hop)
        if following + window > length:
            return starts
        starts.append(following)
