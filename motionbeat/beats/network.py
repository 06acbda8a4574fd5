"""The network that hears beats: a convolutional front end and a stack of dilated convolutions.

After Boeck and Davies, "Deconstruct, Analyse, Reconstruct: How to Improve Tempo, Beat, and Downbeat Estimation"
(ISMIR 2020): two dilation rates in each block and several tasks at once. The front end, which folds frequency into
channels by strides, is in the manner of Foscarin et al., "Beat This!" (ISMIR 2024). Sizes and the pulse head are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn
from torch.nn import functional as F


@dataclass(frozen=True)
class BeatLogits:
    """What the network says of each frame, as logits.

    Attributes:
        beat: (B, T) a beat, of whatever place in the bar, is here.
        downbeat: (B, T) the first beat of a bar is here.
        pulse: (B, T) the music around has a beat.
        meter: (B, T, M) the number of beats in a bar, of the network's ``meters``.
        hidden: (B, T, width) what they are read from.
    """

    beat: torch.Tensor
    downbeat: torch.Tensor
    pulse: torch.Tensor
    meter: torch.Tensor
    hidden: torch.Tensor


class DilatedBlock(nn.Module):
    """Two convolutions over time, one reaching twice as far as the other, side by side; with a residual path."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.near = nn.Conv1d(width, width, 5, padding="same", dilation=dilation)
        self.far = nn.Conv1d(width, width, 5, padding="same", dilation=2 * dilation)
        self.mix = nn.Conv1d(2 * width, width, 1)
        self.dropout = nn.Dropout1d(dropout)  # whole channels: neighbouring frames carry each other's content

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, width, T) -> (B, width, T)."""
        normed = self.norm(x)
        heard = F.gelu(torch.cat([self.near(normed), self.far(normed)], dim=1))
        return x + self.mix(self.dropout(heard))


class BeatNetwork(ModelMixin, ConfigMixin):
    """Mel spectrogram in, beat logits out.

    Args:
        bands: mel bands of the spectrogram.
        front: channels of the three front-end convolutions.
        width: channels of the dilated blocks.
        depth: number of them; block ``i`` has dilations ``2^i`` and ``2^(i+1)`` frames.
        meters: beats in a bar that are told apart.
        dropout: share of channels left out in training.
    """

    @register_to_config
    def __init__(
        self,
        bands: int = 80,
        front: tuple[int, int, int] = (24, 32, 48),
        width: int = 64,
        depth: int = 9,
        meters: tuple[int, ...] = (2, 3, 4, 5, 6, 7),
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        channels = (1, *front)
        layers: list[nn.Module] = []
        rows = bands
        for before, after, stride in zip(channels, front, (4, 2, 2), strict=False):
            layers += [
                nn.Conv2d(before, after, (stride + 1, 3), stride=(stride, 1), padding=(stride // 2, 1)),
                nn.BatchNorm2d(after),
                nn.GELU(),
            ]
            rows = (rows + 2 * (stride // 2) - stride - 1) // stride + 1
        self.spectrum_norm = nn.BatchNorm1d(bands)
        self.front_end = nn.Sequential(*layers)
        self.fold = nn.Conv1d(front[-1] * rows, width, 1)
        self.blocks = nn.ModuleList(DilatedBlock(width, 2**i, dropout) for i in range(depth))
        self.heads = nn.Sequential(nn.BatchNorm1d(width), nn.GELU(), nn.Conv1d(width, 3 + len(meters), 1))

    @property
    def reach(self) -> int:
        """Frames on either side that a frame's logits depend on."""
        return 3 + sum(4 * 2**i for i in range(len(self.blocks)))

    def forward(self, spectrogram: torch.Tensor) -> BeatLogits:
        """(B, T, bands) log-mel spectrogram -> logits."""
        x = self.spectrum_norm(spectrogram.transpose(1, 2)).unsqueeze(1)  # (B, 1, bands, T)
        x = self.fold(self.front_end(x).flatten(1, 2))
        for block in self.blocks:
            x = block(x)
        norm, activation, last = self.heads
        hidden = activation(norm(x))
        out = last(hidden)
        return BeatLogits(out[:, 0], out[:, 1], out[:, 2], out[:, 3:].transpose(1, 2), hidden.transpose(1, 2))
