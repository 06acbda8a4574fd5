"""Features of musicnn (Pons and Serra 2019): ``python musicnn_features.py CLIPS... [--model MSD]``.

Runs in musicnn's own environment (README.md). Views of whole clips: ``pool``, the 753 features of front end and middle
layers pooled over each patch of 3 s by maximum and by mean (1506), and ``penultimate``, the 200 units before the tags;
both averaged over the patches, which follow each other without overlap, as the package cuts them. A clip shorter than
a patch is one patch of its own length. Frames: ``middle layers``, cnn1 to cnn3 (192) at 62.5 a second.

The package's ``extractor`` is not used: release 0.1.0 repeats the first patch's layers for all others, and fails on
clips shorter than 3 s. Its spectrogram, network and weights are.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from clip_folders import Frames, Peer, main, parser

SAMPLE_RATE = 16000
HOP = 256
PATCH = 187
"""Frames of a patch: 3 s."""
STEP = 61
"""Frames from one patch to the next where frames are wanted: each frame is then in the middle of a patch."""
AT_ONCE = 16
MODELS = ("MTT", "MSD")
"""Data it was trained on: MagnaTagATune or the Million Song Dataset, 50 tags each."""


@dataclass(frozen=True)
class Network:
    """The loaded network.

    Attributes:
        run: from (P, T, 96) patches to the layers by name, each with P rows.
        patches: from (N,) samples, frames of a patch and frames from one to the next, to (P, T, 96) spectrograms.
        tags: names of its 50 tags.
    """

    run: Callable[[np.ndarray], dict[str, np.ndarray]]
    patches: Callable[[np.ndarray, int, int], np.ndarray]
    tags: tuple[str, ...]


def load_network(model: str) -> Network:
    """The network of one of :data:`MODELS`, on one thread."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf
    from musicnn import configuration, extractor, models

    spectra = tf.compat.v1.placeholder(tf.float32, [None, None, configuration.N_MELS])
    is_training = tf.compat.v1.placeholder(tf.bool)
    with warnings.catch_warnings(), tf.name_scope("model"):
        # the package is written for another release of TensorFlow, which says so for each of its layers
        warnings.simplefilter("ignore")
        logits, _, _, *middle, mean_pool, max_pool, penultimate = models.define_model(
            spectra, is_training, f"{model}_musicnn", 50
        )
    wanted = {
        "middle": tf.squeeze(tf.concat(middle, axis=2), axis=3),
        "mean": mean_pool,
        "max": max_pool,
        "penultimate": penultimate,
        "tags": tf.nn.sigmoid(logits),
    }
    one_thread = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    session = tf.compat.v1.Session(config=one_thread)
    tf.compat.v1.train.Saver().restore(session, f"{Path(extractor.__file__).parent}/{model}_musicnn/")

    def run(patches: np.ndarray) -> dict[str, np.ndarray]:
        outs = [
            session.run(wanted, {spectra: patches[i : i + AT_ONCE], is_training: False})
            for i in range(0, len(patches), AT_ONCE)
        ]
        return {name: np.concatenate([out[name] for out in outs]) for name in wanted}

    def cut(samples: np.ndarray, patch: int, step: int) -> np.ndarray:
        # the package reads files; one in memory will do
        sound = io.BytesIO()
        soundfile.write(sound, samples, SAMPLE_RATE, format="WAV", subtype="FLOAT")
        sound.seek(0)
        return np.asarray(extractor.batch_data(sound, patch, step)[0], dtype=np.float32)

    return Network(run, cut, tuple(configuration.MTT_LABELS if model == "MTT" else configuration.MSD_LABELS))


def heard_in_patches(network: Network, samples: np.ndarray) -> dict[str, np.ndarray]:
    """Layers of the patches of a clip, 3 s each and one after another, or the whole of a shorter clip."""
    patch = min(PATCH, 1 + len(samples) // HOP)
    return network.run(network.patches(samples, patch, patch))


def clip_vectors(network: Network, samples: np.ndarray) -> dict[str, np.ndarray]:
    """``pool`` (1506,) and ``penultimate`` (200,) of a clip."""
    heard = heard_in_patches(network, samples)
    pool = np.concatenate([heard["max"], heard["mean"]], axis=1)
    return {"pool": pool.mean(axis=0), "penultimate": heard["penultimate"].mean(axis=0)}


def clip_frames(network: Network, samples: np.ndarray) -> dict[str, Frames]:
    """``middle layers`` (T, 192) of a clip: a frame is taken from the patch in whose middle it lies."""
    count = 1 + len(samples) // HOP
    patches = 1 + max(0, -(-(count - PATCH) // STEP))
    # silence completes the last patch
    frames = PATCH + (patches - 1) * STEP
    sound = np.pad(samples, (0, max(0, frames * HOP - len(samples))))
    middle = network.run(network.patches(sound, PATCH, STEP)[:patches])["middle"]
    edge = (PATCH - STEP) // 2
    parts: list[Any] = [middle[0, :edge], *middle[:, edge : edge + STEP], middle[-1, edge + STEP :]]
    return {"middle layers": Frames(np.concatenate(parts)[:count], np.arange(count) * HOP / SAMPLE_RATE)}


def load(model: str) -> Peer:
    """musicnn as a peer."""
    network = load_network(model)
    return Peer(
        f"musicnn-{model.lower()}",
        f"musicnn 0.1.0, {model}_musicnn",
        f"musicnn trained on tags ({model}); pool 1506, penultimate 200, or middle layers 192 at 62.5 a second; ISC",
        SAMPLE_RATE,
        lambda samples: clip_vectors(network, samples),
        lambda samples: clip_frames(network, samples),
    )


def parse() -> argparse.Namespace:
    arguments = parser("Features of musicnn for the clips of a probe's tasks.")
    arguments.add_argument("--model", choices=MODELS, default="MTT", help="what it was trained on (default: MTT)")
    return arguments.parse_args()


if __name__ == "__main__":
    parsed = parse()
    sys.exit(main(parsed, lambda: load(parsed.model)))
