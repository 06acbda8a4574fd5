"""The denoiser: a transformer over short patches of motion frames, told what the music does at each moment."""

from __future__ import annotations

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from torch import nn

from dancegen.beat_time import FRAMES_PER_BEAT, WINDOW_BEATS
from motionbeat.encoder import CLOCK_DIM
from motionbeat.motion_features import FEATURE_DIM


def token_gain(width: int) -> float:
    """The gain of ``width`` standardised tokens at which they have as much variance as one number of the clock.

    At their full size they drown the clock, and a step of training changes what is made of them by so much that a
    dance is learnt more slowly with music than without.
    """
    return width**-0.5


class DenoiserBlock(nn.Module):
    """Self-attention over motion, cross-attention to music, feed-forward; each under adaptive LayerNorm.

    Scales, shifts and gates come from one projection shared by all blocks plus a small table of the block's own
    (adaLN-single of PixArt, Chen et al. 2023), which keeps a small model small.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(3))
        self.table = nn.Parameter(torch.randn(9, width) / width**0.5)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.music_q = nn.Linear(width, width)
        self.music_kv = nn.Linear(width, 2 * width)
        self.music_out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width)
        )

    def _attend(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        q, k, v = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (q, k, v))
        # a window has 30 tokens: written out, training takes two thirds of the fused kernel's time on a CPU
        share = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, dim=-1).to(v.dtype)
        return (share @ v).transpose(1, 2).flatten(-2)

    def forward(
        self, x: torch.Tensor, music: torch.Tensor, modulation: torch.Tensor, apart: torch.Tensor | None = None
    ) -> torch.Tensor:
        """x and music (B, N, width), modulation (B, 9, width) -> (B, N, width); in rows that are ``apart`` (B,) each
        place attends to itself only."""
        shift, scale, gate = (modulation + self.table)[:, :, None].unflatten(1, (3, 3)).unbind(dim=2)
        h = self.norms[0](x) * (1 + scale[:, 0]) + shift[:, 0]
        q, k, v = self.qkv(h).chunk(3, dim=-1)
        attended = self._attend(q, k, v)
        if apart is not None:
            attended = torch.where(apart[:, None, None], v, attended)
        x = x + gate[:, 0] * self.out(attended)
        h = self.norms[1](x) * (1 + scale[:, 1]) + shift[:, 1]
        x = x + gate[:, 1] * self.music_out(self._attend(self.music_q(h), *self.music_kv(music).chunk(2, dim=-1)))
        h = self.norms[2](x) * (1 + scale[:, 2]) + shift[:, 2]
        return x + gate[:, 2] * self.feed(h)


class DanceDenoiser(ModelMixin, ConfigMixin):
    """Predicts the clean motion window from a noisy one.

    Motion is the normalised 151 values of :mod:`motionbeat.motion_features`. Patches of ``patch`` frames become one
    token through a convolution three patches wide, and come back through the transposed one, so that neighbouring
    patches share their frames and no step shows between them.

    Style 0 means "no style given"; style ``k`` is ``styles[k - 1]``. The network does not use ``auto_styles``;
    they are what the automatic choice of a style prefers. What the music is heard as, all of its features but the
    clock, is multiplied by ``token_gain`` (:func:`token_gain`).
    """

    @register_to_config
    def __init__(
        self,
        music_dim: int = 201,
        styles: tuple[str, ...] = (),
        window: int = WINDOW_BEATS * FRAMES_PER_BEAT,
        patch: int = FRAMES_PER_BEAT // 2,
        width: int = 192,
        heads: int = 4,
        layers: int = 6,
        embedding_dim: int = 128,
        auto_styles: tuple[str, ...] = (),
        token_gain: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 < token_gain <= 1:
            raise ValueError(f"token_gain must be above 0 and at most 1, got {token_gain}")
        tokens = window // patch
        self.motion_in = nn.Conv1d(FEATURE_DIM, width, 3 * patch, stride=patch, padding=patch)
        self.music_in = nn.Conv1d(music_dim, width, 3 * patch, stride=patch, padding=patch)
        self.no_music = nn.Parameter(torch.zeros(music_dim))
        self.position = nn.Parameter(torch.randn(tokens, width) * 0.02)
        self.music_mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)
        )
        self.time = nn.Sequential(Timesteps(width, True, 0), TimestepEmbedding(width, width))
        self.style = nn.Embedding(len(styles) + 1, width)
        self.energy = nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width))
        to_modulation = nn.Linear(width, 9 * width)
        # each block starts from its own table alone
        nn.init.zeros_(to_modulation.weight)
        nn.init.zeros_(to_modulation.bias)
        self.modulation = nn.Sequential(nn.SiLU(), to_modulation)
        self.blocks = nn.ModuleList(DenoiserBlock(width, heads) for _ in range(layers))
        self.final = nn.LayerNorm(width)
        self.motion_out = nn.ConvTranspose1d(width, FEATURE_DIM, 3 * patch, stride=patch, padding=patch)
        self.register_buffer("motion_mean", torch.zeros(FEATURE_DIM))
        self.register_buffer("motion_std", torch.ones(FEATURE_DIM))
        self.register_buffer("style_prototype", torch.zeros(len(styles), embedding_dim))
        self.register_buffer("style_meter", torch.zeros(len(styles), dtype=torch.int32))
        self.register_buffer("style_period_s", torch.zeros(len(styles)))

    motion_mean: torch.Tensor
    motion_std: torch.Tensor
    style_prototype: torch.Tensor
    """(styles, embedding_dim): mean MotionBeat embedding of each style's training dances, unit length."""
    style_meter: torch.Tensor
    """(styles,): beats in a bar of each style."""
    style_period_s: torch.Tensor
    """(styles,): median length in seconds of the beats that each style is danced to."""

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        music: torch.Tensor,
        style: torch.Tensor,
        energy: torch.Tensor,
        given: torch.Tensor,
        apart: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Denoise.

        Args:
            sample: (B, window, 151) noisy normalised motion, in frames of :mod:`dancegen.beat_time`.
            timestep: (B,) diffusion steps.
            music: (B, window, music_dim) MotionBeat frame features.
            style: (B,) long.
            energy: (B,) how lively the window is among those of its style, in standard deviations; NaN where nothing
                is said of it.
            given: (B,) bool, False where the music is withheld (for classifier-free guidance).
            apart: (B,) bool, True where, in all blocks but the first and the last, no moment of the dance sees any
                other (for perturbed-attention guidance); None is nowhere.

        Returns:
            (B, window, 151) predicted clean normalised motion.
        """
        heard, clock = music[..., :-CLOCK_DIM], music[..., -CLOCK_DIM:]
        music = torch.cat([heard * self.config["token_gain"], clock], dim=-1)
        music = torch.where(given[:, None, None], music, self.no_music)
        heard = self.music_in(music.transpose(1, 2)).transpose(1, 2) + self.position
        heard = heard + self.music_mlp(heard)
        x = self.motion_in(sample.transpose(1, 2)).transpose(1, 2) + self.position + heard
        condition = self.time(timestep) + self.style(style)
        said = ~energy.isnan()[:, None]
        condition = condition + said * self.energy(energy.nan_to_num()[:, None])
        modulation = self.modulation(condition).unflatten(-1, (9, -1))
        for place, block in enumerate(self.blocks):
            inner = 0 < place < len(self.blocks) - 1
            x = block(x, heard, modulation, apart if inner else None)
        return self.motion_out(self.final(x).transpose(1, 2)).transpose(1, 2)
