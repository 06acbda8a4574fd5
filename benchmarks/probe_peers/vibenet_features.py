"""Features of vibenet: ``python vibenet_features.py CLIPS...``.

Runs in vibenet's own environment (README.md). View: ``penultimate``, the 256 units (after the GELU) before its seven
scores, for the clip as a whole, as the package hears it. It has no frames: it pools over time first.
"""

from __future__ import annotations

import sys

import numpy as np
from clip_folders import Peer, main, parser

SAMPLE_RATE = 16000
LAYER = "gelu"
SHORTEST = SAMPLE_RATE
"""Samples: shorter clips end in silence, so that the network's strides leave something to pool."""


def load() -> Peer:
    """vibenet as a peer."""
    from importlib.resources import files

    import onnx
    import onnxruntime
    from vibenet.core import extract_mel

    network = onnx.load(str(files("vibenet") / "artifacts" / "efficientnet_model.onnx"))
    network.graph.output.append(onnx.ValueInfoProto(name=LAYER))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(network.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def vectors(samples: np.ndarray) -> dict[str, np.ndarray]:
        sound = np.pad(samples, (0, max(0, SHORTEST - len(samples))))
        return {"penultimate": session.run([LAYER], {"x": extract_mel(sound, SAMPLE_RATE)[None]})[0][0]}

    return Peer(
        "vibenet",
        "vibenet 0.1.0",
        "EfficientNet-B0 trained on song attributes (danceability, energy, ...); penultimate 256; GPL-3 or later",
        SAMPLE_RATE,
        vectors,
    )


if __name__ == "__main__":
    sys.exit(main(parser("Features of vibenet for the clips of a probe's tasks.").parse_args(), load))
