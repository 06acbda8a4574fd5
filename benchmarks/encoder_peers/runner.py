"""Runs one peer over a folder of wav files, in that peer's environment: ``python runner.py PEER WAVS OUT``.

Knows nothing of this project, as the environment holds the peer and what it needs only. Writes ``OUT/NAME.npz`` for
each ``WAVS/NAME.wav`` (``frames`` (F, D) float16; ``times_s`` (F,) centre of each frame, seconds; ``one_hot`` (D,)
bool, columns that mark single frames) and ``OUT/seconds.json`` (CPU seconds per name; reading the file and the first
call, which loads and compiles, left out). Nothing is trained or tuned here: the weights are those of the packages.
"""

from __future__ import annotations

import io
import json
import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile


@dataclass(frozen=True, eq=False)
class Frames:
    """Features of a song.

    Attributes:
        values: (F, D).
        times_s: (F,) centre of each frame, seconds, evenly spaced.
        one_hot: D or fewer; this many of the last columns are 1 in single frames and 0 elsewhere.
    """

    values: np.ndarray
    times_s: np.ndarray
    one_hot: int = 0


Extractor = Callable[[np.ndarray], Frames]
"""From (N,) float32 samples, at the rate that ``__main__.py`` names for the peer."""


def librosa35() -> Extractor:
    """The baseline features of EDGE (Tseng et al., CVPR 2023), without a network: at 30 fps onset strength 1, MFCC 20,
    CENS chroma 12, onset peaks 1, tracked beats 1. Taken over whole songs, where EDGE takes them over its slices."""
    import librosa

    given_rate, hop, fps = 22050, 512, 30
    rate = fps * hop

    def extract(samples: np.ndarray) -> Frames:
        start_bpm = librosa.feature.tempo(y=samples, sr=given_rate)[0]
        sound = librosa.resample(samples, orig_sr=given_rate, target_sr=rate)
        strength = librosa.onset.onset_strength(y=sound, sr=rate, hop_length=hop)
        mfcc = librosa.feature.mfcc(y=sound, sr=rate, n_mfcc=20, hop_length=hop)
        chroma = librosa.feature.chroma_cens(y=sound, sr=rate, hop_length=hop, n_chroma=12)
        peaks = librosa.onset.onset_detect(onset_envelope=strength, sr=rate, hop_length=hop)
        beats = librosa.beat.beat_track(
            onset_envelope=strength, sr=rate, hop_length=hop, start_bpm=start_bpm, tightness=100
        )[1]
        marks = np.zeros((2, len(strength)))
        marks[0, peaks] = 1
        marks[1, beats] = 1
        return Frames(np.vstack([strength, mfcc, chroma, marks]).T, np.arange(len(strength)) / fps, one_hot=2)

    return extract


def musicnn() -> Extractor:
    """musicnn (Pons and Serra 2019), MTT_musicnn: its three mid-end layers cnn1, cnn2, cnn3 (64 each) at 62.5 fps,
    then its 200-d penultimate layer over the 3 s around the frame.

    Patches of 187 frames follow each other every 61 frames (0.976 s). A frame's mid-end layers come from the patch in
    whose middle it lies; the penultimate layer is interpolated between the patches' middles.

    The package's own ``extractor`` is not used: release 0.1.0 returns cnn1 to cnn3 and penultimate of the first patch
    over again for all patches. Its spectrogram, network and weights are.
    """
    import tensorflow as tf
    from musicnn import extractor, models

    rate, hop, patch, step, at_once = 16000, 256, 187, 61, 16
    edge = (patch - step) // 2
    spectra = tf.compat.v1.placeholder(tf.float32, [None, patch, 96])
    is_training = tf.compat.v1.placeholder(tf.bool)
    with tf.name_scope("model"):
        layers = models.define_model(spectra, is_training, "MTT_musicnn", 50)
    one_thread = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    session = tf.compat.v1.Session(config=one_thread)
    tf.compat.v1.train.Saver().restore(session, f"{Path(extractor.__file__).parent}/MTT_musicnn/")
    wanted = {"mid": tf.squeeze(tf.concat(layers[3:6], axis=2), axis=3), "penultimate": layers[8]}

    def extract(samples: np.ndarray) -> Frames:
        count = 1 + len(samples) // hop
        patches = 1 + max(0, -(-(count - patch) // step))
        # at most one step of silence completes the last patch
        frames = patch + (patches - 1) * step
        sound = io.BytesIO()
        soundfile.write(sound, np.pad(samples, (0, frames * hop - len(samples))), rate, format="WAV", subtype="FLOAT")
        sound.seek(0)
        batch = extractor.batch_data(sound, patch, step)[0][:patches]
        outs = [
            session.run(wanted, {spectra: batch[i : i + at_once], is_training: False})
            for i in range(0, patches, at_once)
        ]
        mid = np.concatenate([out["mid"] for out in outs])
        middles = [mid[0, :edge], *mid[:, edge : edge + step], mid[-1, edge + step :]]
        centres = (np.arange(patches) * step + (patch - 1) / 2) * hop / rate
        times = np.arange(count) * hop / rate
        pooled = [
            np.interp(times, centres, column) for column in np.concatenate([out["penultimate"] for out in outs]).T
        ]
        return Frames(np.concatenate([np.concatenate(middles)[:count], np.stack(pooled, axis=1)], axis=1), times)

    return extract


def beatnet() -> Extractor:
    """BeatNet (Heydari et al., ISMIR 2021), model 1: what its LSTM of 150 cells (causal) hands to the last layer, at
    50 fps."""
    # BeatNet imports its microphone library whatever the mode; an empty stand-in saves building it.
    sys.modules["pyaudio"] = types.ModuleType("pyaudio")
    import torch
    from BeatNet.BeatNet import BeatNet

    tracker = BeatNet(1, mode="offline", inference_model="DBN")
    network = tracker.model
    heard: list[torch.Tensor] = []
    network.lstm.register_forward_hook(lambda module, given, out: heard.append(out[0]))

    def extract(samples: np.ndarray) -> Frames:
        heard.clear()
        # the package lets the memory of one song run on into the next
        network.hidden, network.cell = torch.zeros_like(network.hidden), torch.zeros_like(network.cell)
        with torch.inference_mode():
            network(torch.from_numpy(tracker.proc.process_audio(samples).T.astype(np.float32))[None])
        values = heard[0][0].numpy()
        return Frames(values, np.arange(len(values)) * tracker.log_spec_hop_length / tracker.sample_rate)

    return extract


def vibenet() -> Extractor:
    """vibenet 0.1.0 (EfficientNet-B0): its 256-d last hidden layer (after the GELU) over windows of 3 s, one every
    0.5 s."""
    from importlib.resources import files

    import onnx
    import onnxruntime
    from vibenet.core import extract_mel

    rate, window, step = 16000, 48000, 8000
    network = onnx.load(str(files("vibenet") / "artifacts" / "efficientnet_model.onnx"))
    network.graph.output.append(onnx.ValueInfoProto(name="gelu"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(network.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def extract(samples: np.ndarray) -> Frames:
        begins = np.arange(0, max(1, len(samples) - window + 1), step)
        # the network takes one window at a time: a batch of one is written into its graph
        mels = (extract_mel(samples[begin : begin + window], rate) for begin in begins)
        values = [session.run(["gelu"], {"x": mel[None]})[0] for mel in mels]
        return Frames(np.concatenate(values), (begins + window / 2) / rate)

    return extract


EXTRACTORS: dict[str, Callable[[], Extractor]] = {
    "librosa35": librosa35,
    "musicnn": musicnn,
    "beatnet": beatnet,
    "vibenet": vibenet,
}


def main() -> None:
    peer, wavs, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    extract = EXTRACTORS[peer]()
    paths = sorted(wavs.glob("*.wav"))
    extract(soundfile.read(paths[0], dtype="float32")[0])  # what is compiled or cached is no cost of a song
    seconds = {}
    for path in paths:
        samples = soundfile.read(path, dtype="float32")[0]
        begun = time.process_time()
        song = extract(samples)
        seconds[path.stem] = round(time.process_time() - begun, 3)
        values = song.values.astype(np.float16)
        if len(values) != len(song.times_s) or not np.isfinite(values).all():
            raise ValueError(f"{path.name}: {values.shape} features for {len(song.times_s)} times, or not finite")
        one_hot = np.arange(values.shape[1]) >= values.shape[1] - song.one_hot
        np.savez(out / f"{path.stem}.npz", frames=values, times_s=song.times_s, one_hot=one_hot)
    (out / "seconds.json").write_text(json.dumps(seconds, indent=1))


if __name__ == "__main__":
    main()
