"""Loss curves of both trainings: ``python training/plot_logs.py runs/motionbeat runs/dance docs/training.png``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def read(path: Path, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of one figure in a log."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return np.array([row["step"] for row in rows]), np.array([row[key] for row in rows])


def main(encoder: Path, generator: Path, out: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
    for axes, folder, key, title in (
        (left, encoder, "loss", "encoder: contrastive loss"),
        (right, generator, "pose", "generator: pose loss (normalised)"),
    ):
        steps, values = read(folder / "log.jsonl", key)
        axes.plot(steps, values, color="tab:blue", alpha=0.2, linewidth=0.7)
        width = max(1, len(values) // 50)
        kernel = np.ones(width) / width
        axes.plot(
            steps[width // 2 :][: len(values) - width + 1], np.convolve(values, kernel, "valid"), label="training"
        )
        axes.plot(*read(folder / "held_out.jsonl", key), "o-", color="tab:orange", markersize=3, label="held out")
        axes.set(title=title, xlabel="step", yscale="log")
        axes.legend()
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
