"""Runs one peer over a folder of wav files, in that peer's environment: ``python runner.py PEER WAVS OUT``.

Knows nothing of this project, as the environment holds the peer and what it needs only. Writes ``OUT/NAME.beats`` (a
line per beat: seconds and, from peers that hear bars, tab and position in the bar) for each ``WAVS/NAME.wav``, and
``OUT/seconds.json`` (CPU seconds per name; reading the file and the first call, which loads and compiles, left out).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import types
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

Tracker = Callable[[np.ndarray], np.ndarray]
"""From (N,) float32 samples to the (n,) seconds of the beats, or (n, 2) seconds and positions in the bar."""


def librosa_default() -> Tracker:
    import librosa

    return lambda samples: librosa.beat.beat_track(y=samples, sr=22050, units="time")[1]


def essentia_multifeature() -> Tracker:
    import essentia.standard

    extractor = essentia.standard.RhythmExtractor2013(method="multifeature")
    return lambda samples: extractor(samples)[1]


def essentia_degara() -> Tracker:
    import essentia.standard

    extractor = essentia.standard.RhythmExtractor2013(method="degara")
    return lambda samples: extractor(samples)[1]


def madmom_beats() -> Tracker:
    from madmom.audio.signal import Signal
    from madmom.features.beats import DBNBeatTrackingProcessor, RNNBeatProcessor

    network, decoder = RNNBeatProcessor(), DBNBeatTrackingProcessor(fps=100)
    return lambda samples: decoder(network(Signal(samples, sample_rate=44100)))


def madmom_downbeats() -> Tracker:
    from madmom.audio.signal import Signal
    from madmom.features.downbeats import DBNDownBeatTrackingProcessor, RNNDownBeatProcessor

    network, decoder = RNNDownBeatProcessor(), DBNDownBeatTrackingProcessor(beats_per_bar=[3, 4], fps=100)
    return lambda samples: decoder(network(Signal(samples, sample_rate=44100)))


def beatnet() -> Tracker:
    # BeatNet imports its microphone library whatever the mode; an empty stand-in saves building it.
    sys.modules["pyaudio"] = types.ModuleType("pyaudio")
    from BeatNet.BeatNet import BeatNet

    return BeatNet(1, mode="offline", inference_model="DBN").process


def aubio() -> Tracker:
    def track(samples: np.ndarray) -> np.ndarray:
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            with wave.open(file.name, "wb") as sound:
                sound.setparams((1, 2, 44100, 0, "NONE", ""))
                sound.writeframes((samples * 32768).astype("<i2").tobytes())
            printed = subprocess.run(["aubiotrack", "-i", file.name], check=True, capture_output=True, text=True)
        return np.array([float(line) for line in printed.stdout.split()])

    return track


TRACKERS: dict[str, Callable[[], Tracker]] = {
    "librosa": librosa_default,
    "aubio": aubio,
    "essentia_degara": essentia_degara,
    "essentia_multifeature": essentia_multifeature,
    "beatnet": beatnet,
    "madmom_beats": madmom_beats,
    "madmom_downbeats": madmom_downbeats,
}


def cpu_seconds() -> float:
    """CPU time so far of this process and of the programs that it has run (aubio is one)."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def read_wav(path: Path) -> np.ndarray:
    """(N,) float32 samples of a 16-bit mono wav."""
    with wave.open(str(path), "rb") as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float32) / 32768


def main() -> None:
    peer, wavs, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    tracker = TRACKERS[peer]()
    paths = sorted(wavs.glob("*.wav"))
    tracker(read_wav(paths[0]))  # what is compiled or cached on the first call is no cost of a song
    seconds = {}
    for path in paths:
        samples = read_wav(path)
        begun = cpu_seconds()
        beats = np.asarray(tracker(samples), dtype=float)
        seconds[path.stem] = round(cpu_seconds() - begun, 3)
        form = ("%.4f", "%d") if beats.ndim == 2 else "%.4f"
        np.savetxt(out / f"{path.stem}.beats", beats, fmt=form, delimiter="\t")
    (out / "seconds.json").write_text(json.dumps(seconds, indent=1))


if __name__ == "__main__":
    main()
