"""Features of aisfx (Ma and Lerch, ISMIR 2022): ``python aisfx_features.py CLIPS...``.

Runs in aisfx's own environment (README.md). View: ``embedding``, the 512 features of its convolutions, pooled over
blocks of 2.3 s, one every 1.2 s; averaged over the blocks, as the package cuts them. A clip shorter than a block ends
in silence. The network hears up to 22 kHz; our clips end at 11 kHz. It has no frames for beats: only 5 a second.

Spectrograms are those of essentia, with which it was trained. (The package's own alternative with librosa swaps time
and frequency.)
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from clip_folders import Peer, main, parser

CLIP_RATE = 22050
"""Samples per second; essentia brings them to 44100."""


def load() -> Peer:
    """aisfx as a peer."""
    import torch
    from aisfx import inference, preprocessing
    from aisfx.spectrogram.spectrogram_essentia import compute_spectrogram

    torch.set_num_threads(1)
    # The package's checkpoint holds numpy numbers beside the weights, and so does not load as weights only.
    weights, heads = torch.load(inference.get_path_modelWeights(), map_location="cpu", weights_only=False)
    network = inference.load_bestModel(weights, heads, "cpu")
    block = inference.EMB_BLOCK_LENGTH

    def vectors(samples: np.ndarray) -> dict[str, np.ndarray]:
        # essentia reads files
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.wav"
            soundfile.write(path, samples, CLIP_RATE, subtype="FLOAT")
            spectrum = compute_spectrogram(
                str(path),
                sr=inference.SAMPLE_RATE,
                block_size=inference.SPEC_BLOCK_LENGTH,
                hop_size=inference.SPEC_HOP_LENGTH,
                n_mels=inference.MEL_BINS,
                f_min=inference.F_MIN,
                f_max=inference.F_MAX,
            )
        spectrum = preprocessing.spectrogram_normalize(spectrum)
        spectrum = np.pad(spectrum, ((0, max(0, block - len(spectrum))), (0, 0)))
        blocks = inference.model_get_embedding(spectrum, 0.5, True, network, "cpu")
        return {"embedding": blocks.numpy().mean(axis=0)}

    return Peer(
        "aisfx",
        "aisfx 0.1.2",
        "CNN trained on sound effects; embedding 512 of blocks of 2.3 s, averaged; code MIT, weights CC BY 4.0",
        CLIP_RATE,
        vectors,
    )


if __name__ == "__main__":
    sys.exit(main(parser("Features of aisfx for the clips of a probe's tasks.").parse_args(), load))
