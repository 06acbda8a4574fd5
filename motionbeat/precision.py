"""In which numbers a training computes."""

from __future__ import annotations

import torch

PRECISIONS = ("auto", "no", "bf16", "fp16")
"""What ``--mixed-precision`` may be; ``no`` is 32 bits throughout."""


def mixed_precision(asked: str) -> str:
    """One of :data:`PRECISIONS` with ``auto`` replaced: bf16 where the device multiplies matrices in it, else ``no``.

    A processor that has no such instructions still computes in bf16, but ten times more slowly than in 32 bits
    (measured on an AMD processor with AVX2), where one that has them is three times as fast.
    """
    if asked != "auto":
        return asked
    return "bf16" if computes_bf16() else "no"


def computes_bf16() -> bool:
    """Whether the GPU, or the processor where there is none, has instructions for bf16 matrices."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16"))
