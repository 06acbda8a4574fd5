"""What numba must not be told of the processor that it compiles for."""

from __future__ import annotations

import os

import llvmlite.binding


def without_shadow_stack() -> None:
    """Have numba compile without the shadow stack of x86 (``shstk``), unless ``NUMBA_CPU_FEATURES`` is set already.

    Virtual machines on newer AMD processors report it though the kernel has not switched it on, and code that LLVM
    writes for it then ends in a segmentation fault (seen with numba 0.68.1 in librosa's ``peak_pick``).
    """
    features = llvmlite.binding.get_host_cpu_features()
    if features.get("shstk"):
        features["shstk"] = False
        os.environ.setdefault("NUMBA_CPU_FEATURES", features.flatten())
