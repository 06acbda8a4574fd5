"""NSynth: 305,979 single notes of 4 s, eleven families of instruments.

The folder holds the three published archives, unpacked::

    nsynth-train/examples.json     {NAME: {"instrument_str": ..., "instrument_family_str": ..., ...}, ...}
    nsynth-train/audio/NAME.wav
    nsynth-valid/..., nsynth-test/...

No instrument of the training part is in the others, and there is no synth_lead but in the training part. Source:
J. Engel et al., "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders", 2017.
"""

from __future__ import annotations

from pathlib import Path

from motionbeat.errors import UserError
from motionbeat.probe.official.files import SoundFolders, make_task, read_json, split_counts
from motionbeat.probe.task import Kind, LabelledClip, Listening, Task

FAMILIES = (
    "bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal",
)  # fmt: skip
PARTS = {"train": "nsynth-train", "validation": "nsynth-valid", "test": "nsynth-test"}

_EXPECTED = (
    "Expected: nsynth-train/examples.json, nsynth-train/audio/NAME.wav, and the same for nsynth-valid and -test."
)


def nsynth_instrument(folder: Path) -> Task:
    """Family of each note's instrument, by the official split.

    Raises:
        UserError: the folder has another layout, or a note is missing.
    """
    sounds = SoundFolders(_EXPECTED)
    clips = []
    for split, part in PARTS.items():
        path = folder / part / "examples.json"
        for name, about in read_json(path, _EXPECTED).items():
            family = about.get("instrument_family_str") if isinstance(about, dict) else None
            if family not in FAMILIES or not isinstance(instrument := about.get("instrument_str"), str):
                raise UserError(f"{path}: {name[:80]} has no instrument, or one of no known family. {_EXPECTED}")
            sound = sounds.find(folder / part / "audio" / f"{name}.wav")
            clips.append(LabelledClip(name, sound, family, instrument, split))
    sounds.check()
    source = (
        f"NSynth, notes of 4 s, official split: {split_counts(clips)}. Training and test share no instrument;"
        " intervals are over instruments."
    )
    return make_task(
        folder, "nsynth-instrument", "instrument (NSynth)", Kind.CLASS, clips, FAMILIES, Listening.CLOCK, source
    )
