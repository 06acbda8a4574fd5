"""Stopping and going on: the state of a training run on disk, and its time limit, for one process or several."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast


def saved_step(state: Path) -> int:
    """Steps that the run in folder ``state`` had taken when it was saved; 0 when there is none."""
    path = state / "step.json"
    return json.loads(path.read_text())["step"] if path.is_file() else 0


def save_run(accelerator: Accelerator, state: Path, step: int) -> None:
    """Write the whole state of a run; an interrupted write leaves the state before. To be called by every process."""
    fresh, old = state.with_suffix(".new"), state.with_suffix(".old")
    accelerator.save_state(str(fresh))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (fresh / "step.json").write_text(json.dumps({"step": step}))
        shutil.rmtree(old, ignore_errors=True)
        if state.exists():
            state.rename(old)
        fresh.rename(state)
        shutil.rmtree(old, ignore_errors=True)
    accelerator.wait_for_everyone()


def time_is_up(accelerator: Accelerator, begun: float, minutes: float) -> bool:
    """Whether more than ``minutes`` have passed since ``begun`` (``time.monotonic``) by the main process's clock; all
    processes get the same answer."""
    late = torch.tensor([time.monotonic() - begun >= 60 * minutes], dtype=torch.int32, device=accelerator.device)
    return bool(broadcast(late).item())
