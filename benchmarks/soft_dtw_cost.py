"""What the Soft-DTW divergence of a batch costs, forward and backward: ``python benchmarks/soft_dtw_cost.py``."""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from motionbeat.soft_dtw import soft_dtw_divergence


def seconds(pairs: int, slots: int, band: int | None, device: str, repeats: int) -> tuple[float, float]:
    """Median wall seconds of forward and of backward; as in training, one side of each pair asks for a gradient."""
    head = torch.rand(pairs, slots, device=device, requires_grad=True)
    signal = torch.rand(pairs, slots, device=device)

    def now() -> float:
        if device != "cpu":
            torch.accelerator.synchronize()
        return time.perf_counter()

    times = []
    for _ in range(repeats + 3):
        start = now()
        loss = soft_dtw_divergence(head, signal, 0.1, band).mean()
        computed = now()
        loss.backward()
        times.append((computed - start, now() - computed))
    forward, backward = np.median(times[3:], axis=0)
    return forward, backward


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| pairs | band | forward, ms | backward, ms | both, ms |\n| --- | --- | --- | --- | --- |")
    for pairs in arguments.pairs:
        for band in (2, 4, 8, None):
            forward, backward = seconds(pairs, arguments.slots, band, arguments.device, arguments.repeats)
            both = forward + backward
            print(f"| {pairs} | {band or 'none'} | {1e3 * forward:.1f} | {1e3 * backward:.1f} | {1e3 * both:.1f} |")


if __name__ == "__main__":
    main()
