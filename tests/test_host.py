"""What is asked of the processor: instructions for numba, numbers for training."""

from __future__ import annotations

import os

import llvmlite.binding
import pytest
import torch

from motionbeat.host_cpu import without_shadow_stack
from motionbeat.precision import PRECISIONS, mixed_precision


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> llvmlite.binding.FeatureMap:
    """Features of a processor, as LLVM reports them."""
    monkeypatch.delenv("NUMBA_CPU_FEATURES", raising=False)
    features = llvmlite.binding.targets.FeatureMap({"avx2": True, "avx512f": False, "shstk": True})
    monkeypatch.setattr(llvmlite.binding, "get_host_cpu_features", lambda: features)
    return features


def test_numba_is_not_told_of_a_shadow_stack(reported: llvmlite.binding.FeatureMap) -> None:
    without_shadow_stack()
    assert os.environ["NUMBA_CPU_FEATURES"].split(",") == ["+avx2", "-avx512f", "-shstk"]


def test_other_processors_are_left_as_they_are(reported: llvmlite.binding.FeatureMap) -> None:
    reported["shstk"] = False
    without_shadow_stack()
    assert "NUMBA_CPU_FEATURES" not in os.environ


def test_what_the_user_says_of_the_processor_stands(
    reported: llvmlite.binding.FeatureMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CPU_FEATURES", "+avx")
    without_shadow_stack()
    assert os.environ["NUMBA_CPU_FEATURES"] == "+avx"


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"avx2": True, "avx512_bf16": False}, "no"), ({"avx512_bf16": True}, "bf16"), ({"bf16": True}, "bf16")],
)
def test_training_computes_in_what_the_processor_can(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert mixed_precision("auto") == expected
    assert [mixed_precision(asked) for asked in PRECISIONS[1:]] == list(PRECISIONS[1:])
