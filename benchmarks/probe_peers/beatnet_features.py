"""Features of BeatNet (Heydari et al., ISMIR 2021), model 1: ``python beatnet_features.py CLIPS...``.

Runs in BeatNet's own environment (README.md). Frames: ``lstm``, what its second (last) LSTM layer of 150 cells hands
on, at 50 a second; it is causal. Views of whole clips: their mean, and mean with standard deviation, over time.
"""

from __future__ import annotations

import sys
import types

import numpy as np
from clip_folders import Frames, Peer, main, parser

SAMPLE_RATE = 22050


def load() -> Peer:
    """BeatNet as a peer."""
    # BeatNet imports its microphone library whatever the mode; an empty stand-in saves building it.
    sys.modules["pyaudio"] = types.ModuleType("pyaudio")
    import torch
    from BeatNet.BeatNet import BeatNet

    torch.set_num_threads(1)
    tracker = BeatNet(1, mode="offline", inference_model="DBN")
    network = tracker.model
    heard: list[torch.Tensor] = []
    network.lstm.register_forward_hook(lambda module, given, out: heard.append(out[0]))

    def lstm(samples: np.ndarray) -> np.ndarray:
        heard.clear()
        # the package lets the memory of one clip run on into the next
        network.hidden, network.cell = torch.zeros_like(network.hidden), torch.zeros_like(network.cell)
        with torch.inference_mode():
            network(torch.from_numpy(tracker.proc.process_audio(samples).T.astype(np.float32))[None])
        return heard[0][0].numpy()

    def vectors(samples: np.ndarray) -> dict[str, np.ndarray]:
        values = lstm(samples)
        mean, std = values.mean(axis=0), values.std(axis=0)
        change = np.abs(np.diff(values, axis=0)).mean(axis=0)
        return {
            "lstm mean": mean,
            "lstm mean+std": np.concatenate([mean, std]),
            "lstm course": np.concatenate([mean, std, change, values.max(axis=0), values.min(axis=0)]),
        }

    def frames(samples: np.ndarray) -> dict[str, Frames]:
        values = lstm(samples)
        return {"lstm": Frames(values, np.arange(len(values)) * tracker.log_spec_hop_length / SAMPLE_RATE)}

    return Peer(
        "beatnet",
        "BeatNet 1.1.3, model 1",
        "CRNN trained on beats; last LSTM layer 150 at 50 a second; CC BY 4.0 (madmom's spectrogram code: BSD)",
        SAMPLE_RATE,
        vectors,
        frames,
    )


if __name__ == "__main__":
    sys.exit(main(parser("Features of BeatNet for the clips of a probe's tasks.").parse_args(), load))
