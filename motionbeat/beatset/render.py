"""From notes to sound: fluidsynth with several soundfonts, drums and the rest apart."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pretty_midi
import soundfile

from motionbeat.audio import SAMPLE_RATE
from motionbeat.beatset.effects import driven, produced
from motionbeat.errors import UserError

_SOUNDFONTS = Path("/usr/share/sounds")
_FULL_FONTS = (
    "sf2/FluidR3_GM.sf2",
    "sf2/TimGM6mb.sf2",
    "sf2/sf_GMbank.sf2",
    "sf2/OPL-3_FM_128M.sf2",
    "sf3/MuseScore_General_Lite.sf3",
)
_DRUM_FONTS = ("sf2/Black_Pearl_4_LV2.sf2", "sf2/Red_Zeppelin_4_LV2.sf2")
PACKAGES = (
    "fluidsynth", "fluid-soundfont-gm", "timgm6mb-soundfont", "csound-soundfont", "opl3-soundfont",
    "musescore-general-soundfont-small", "avldrums.lv2-soundfont",
)  # fmt: skip
"""Debian packages of the synthesizer and the soundfonts."""
_KITS = (0, 0, 0, 8, 16, 24, 25, 32, 40, 48)
_MELODIC_FAMILIES = 14  # the last two of General MIDI's sixteen are percussion and sound effects
_TIMEOUT_S = 30  # it hangs once in some thousand runs


@cache
def _fonts(names: Sequence[str]) -> tuple[Path, ...]:
    found = tuple(_SOUNDFONTS / name for name in names if (_SOUNDFONTS / name).is_file())
    if not found:
        raise UserError(f"No soundfont is installed; get them with: apt-get install {' '.join(PACKAGES)}.")
    return found


def render_stems(midi: pretty_midi.PrettyMIDI, duration_s: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The sound of a score, by stem: ``drums`` and ``rest``, whichever it has.

    Instruments, kits, soundfonts and effects are drawn anew.

    Returns:
        (N,) float64 each, peak 1, ``duration_s`` long.

    Raises:
        UserError: fluidsynth or its soundfonts are not installed.
    """
    count = int(duration_s * SAMPLE_RATE)
    full = _fonts(_FULL_FONTS)
    stems = {}
    drums = [i for i in midi.instruments if i.is_drum and i.notes]
    rest = [i for i in midi.instruments if not i.is_drum and i.notes]
    if drums:
        kit = int(rng.choice(_KITS))
        fonts = full[: max(1, len(full) - 1)] * 2 + _fonts(_DRUM_FONTS) * 4
        font = fonts[rng.integers(len(fonts))]
        # a font of drums alone keeps them where others keep a piano, and is silent on the drum channel
        alone = font in _fonts(_DRUM_FONTS)
        kits = [pretty_midi.Instrument(0 if alone else kit, is_drum=not alone) for _ in drums]
        for played, written in zip(kits, drums, strict=True):
            played.notes = written.notes
        stems["drums"] = synthesized(kits, font, count)
    if rest:
        # The last one is compressed and takes seconds to unpack.
        font = full[-1] if rng.random() < 0.05 else full[rng.integers(max(1, len(full) - 1))]
        guitars = [i for i in rest if i.name == "guitar" and i.program in (29, 30, 31)]
        others = [i for i in rest if i not in guitars]
        for instrument in others:
            instrument.program = _other_program(int(instrument.program), rng)
        sound = synthesized(others, font, count) if others else np.zeros(count)
        if guitars:
            loud = driven(synthesized(guitars, font, count), rng)
            sound = sound / _level(sound) + rng.uniform(0.6, 2.5) * loud / _level(loud)
        stems["rest"] = sound
    return {name: _full_scale(produced(sound, rng)) for name, sound in stems.items()}


def _other_program(program: int, rng: np.random.Generator) -> int:
    draw = rng.random()
    if draw < 0.5:
        return program
    if draw < 0.85:
        return program // 8 * 8 + int(rng.integers(8))
    return int(rng.integers(8 * _MELODIC_FAMILIES))


def _level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2))) + 1e-6


def _full_scale(samples: np.ndarray) -> np.ndarray:
    return samples / max(float(np.abs(samples).max()), 1e-6)


def soundfonts() -> dict[str, Path]:
    """The full General MIDI soundfonts that are installed, by file name without ending.

    Raises:
        UserError: there are none.
    """
    return {path.stem: path for path in _fonts(_FULL_FONTS)}


def synthesized(instruments: Sequence[pretty_midi.Instrument], font: Path, count: int) -> np.ndarray:
    """(count,) float64 at 22050 per second: instruments as they are, played by fluidsynth, without effects.

    Raises:
        UserError: fluidsynth is not installed.
        subprocess.SubprocessError: it failed.
    """
    part = pretty_midi.PrettyMIDI(resolution=960)
    part.instruments = list(instruments)
    with tempfile.TemporaryDirectory() as folder:
        notes, wave = Path(folder, "notes.mid"), Path(folder, "sound.wav")
        part.write(str(notes))
        command = ["fluidsynth", "-ni", "-q", "-r", str(SAMPLE_RATE), "-R", "0", "-C", "0", "-g", "0.4"]
        command += ["-o", "synth.dynamic-sample-loading=1"]  # compressed fonts take seconds to unpack whole
        try:
            subprocess.run(
                [*command, "-F", str(wave), str(font), str(notes)], check=True, capture_output=True, timeout=_TIMEOUT_S
            )
        except FileNotFoundError:
            raise UserError("fluidsynth is not installed; get it with: apt-get install fluidsynth.") from None
        samples, _ = soundfile.read(str(wave), dtype="float64", always_2d=True)
    mono = samples.mean(axis=1)[:count]
    return np.pad(mono, (0, count - len(mono)))
