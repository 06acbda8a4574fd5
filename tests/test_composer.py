"""Composed songs: on their beats, in their meter, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from motionbeat.audio import SAMPLE_RATE, load_audio
from motionbeat.beats import BeatGrid
from motionbeat.composer import STYLES, Note, compose, perform, write_song
from motionbeat.composer.__main__ import demo_song, main
from motionbeat.composer.score import STEPS_PER_BEAT, plan_form
from motionbeat.composer.synth import DRUMS, INSTRUMENTS, make_drum, make_instrument

SONGS = Path(__file__).parents[1] / "assets" / "songs"


@pytest.mark.parametrize("name", STYLES)
def test_every_style_makes_a_song(name: str) -> None:
    style = STYLES[name]
    tempo = sum(style.tempo) / 2
    audio, grid = compose(name, tempo, 8, seed=1)
    assert grid.meter == style.meter
    assert len(grid) == 8 * style.meter
    assert len(grid.downbeats) == 8
    assert np.diff(grid.beats) == pytest.approx(60 / tempo)
    assert audio.duration == pytest.approx(len(grid) * 60 / tempo, abs=1e-3)
    assert np.isfinite(audio.samples).all()
    assert 0.5 < np.abs(audio.samples).max() < 0.95
    assert np.sqrt(np.mean(audio.samples**2)) > 0.05


@pytest.mark.parametrize("name", STYLES)
def test_patterns_fill_their_bars(name: str) -> None:
    style = STYLES[name]
    bar = STEPS_PER_BEAT * style.meter
    patterns = [*style.basses, *style.chords, *style.rhythms]
    for groove in (*style.grooves, *style.extras):
        assert set(groove) <= set(DRUMS)
        patterns += groove.values()
    for pattern in patterns:
        assert len(pattern) % bar == 0 or bar % len(pattern) == 0, pattern
    for pattern in style.chords:
        assert set(pattern) <= set("Xxo.012345"), pattern
    for pattern in style.basses:
        assert set(pattern) <= set("1358an."), pattern
    voices = (*style.bass_voices, *style.chord_voices, *style.pad_voices, *style.lead_voices)
    assert set(voices) <= set(INSTRUMENTS)


def test_seeds() -> None:
    first, _ = compose("house", 122, 8, seed=1)
    again, _ = compose("house", 122, 8, seed=1)
    other, _ = compose("house", 122, 8, seed=2)
    assert np.array_equal(first.samples, again.samples)
    assert not np.allclose(first.samples, other.samples)


def test_strokes_sound_on_uneven_beats() -> None:
    beats = np.array([0.2, 0.9, 1.3, 2.2, 2.6, 3.5])
    grid = BeatGrid(beats, beats[::4], 4, 90.0, 1.0)
    notes = [Note("drums", "kick", float(beat), 0.0, 0.0, 1.0) for beat in range(6)]
    audio = perform(notes, STYLES["pop"], grid, np.random.default_rng(0))
    loud = np.flatnonzero(np.abs(audio.samples) > 0.05) / SAMPLE_RATE
    for beat in beats:
        assert loud[loud >= beat - 0.02][0] == pytest.approx(beat, abs=0.003)


def test_given_beats_are_kept() -> None:
    beats = np.cumsum(np.random.default_rng(0).uniform(0.4, 0.6, 30))
    audio, grid = compose("tango", 0, 0, seed=2, beat_times_s=beats)
    assert np.array_equal(grid.beats, beats)
    assert np.array_equal(grid.downbeats, beats[::4])
    assert audio.duration == pytest.approx(beats[-1] + np.diff(beats)[-4:].mean(), abs=1e-3)
    assert np.abs(audio.samples[: int(0.9 * beats[0] * SAMPLE_RATE)]).max() < 0.02


@pytest.mark.parametrize("bars", [1, 3, 7, 8, 13, 30, 64, 101])
def test_forms_cover_all_bars(bars: int) -> None:
    for seed in range(5):
        sections = plan_form(bars, np.random.default_rng(seed))
        covered = [bar for part in sections for bar in range(part.first_bar, part.first_bar + part.bars)]
        assert covered == list(range(bars))


def test_notes_lie_in_the_song() -> None:
    notes = write_song(STYLES["waltz"], 26, np.random.default_rng(0))
    assert all(0 <= note.beat < 26 for note in notes)
    assert {"bass", "chords"} <= {note.part for note in notes}
    ending = write_song(STYLES["waltz"], 27, np.random.default_rng(0), ending=True)
    last = [note for note in ending if note.beat >= 24]
    assert last
    assert {note.beat for note in last} == {24.0}


@pytest.mark.parametrize("kind", INSTRUMENTS)
@pytest.mark.parametrize("rate", [22050, 44100])
def test_instruments_are_in_tune(kind: str, rate: int) -> None:
    hz = 110.0 if "bass" in kind else 440.0
    sound = make_instrument(kind, np.random.default_rng(3), rate)(hz, 0.5)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() == pytest.approx(1.0, abs=1e-3)
    assert abs(sound[-1]) < 0.05
    # Bells and marimbas have inharmonic partials besides the tone, so only its own peak is looked at.
    size = 1 << 16
    spectrum = np.abs(np.fft.rfft(sound[: rate // 2] * np.hanning(len(sound[: rate // 2])), size))
    tone = round(hz * size / rate)
    reach = round(0.04 * tone)
    peak = tone - reach + int(spectrum[tone - reach : tone + reach + 1].argmax())
    assert abs(1200 * np.log2(peak / (hz * size / rate))) < 25
    assert spectrum[peak] > 0.05 * spectrum.max()


@pytest.mark.parametrize("kind", DRUMS)
def test_drums(kind: str) -> None:
    sound = make_drum(kind, np.random.default_rng(3), SAMPLE_RATE)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(1.0)
    assert 0.02 < len(sound) / SAMPLE_RATE <= 2.0


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match="no style 'polka'"):
        compose("polka", 120, 4, seed=0)
    with pytest.raises(ValueError, match="bars"):
        compose("pop", 120, 0, seed=0)
    with pytest.raises(ValueError, match="no instrument"):
        make_instrument("kazoo", np.random.default_rng(0), 22050)
    with pytest.raises(ValueError, match="no drum"):
        make_drum("gong", np.random.default_rng(0), 22050)


@pytest.mark.parametrize("name", ["demo_4-4.ogg", "demo_3-4.ogg"])
def test_shipped_demo_songs_are_what_the_code_makes(name: str) -> None:
    audio, grid = demo_song(name)
    shipped, rate = soundfile.read(SONGS / name, dtype="float32")
    assert rate == audio.sample_rate
    assert (SONGS / name).stat().st_size < 700_000
    assert 30 < audio.duration < 40
    assert len(shipped) == len(audio)
    assert np.corrcoef(shipped, audio.samples)[0, 1] > 0.98
    assert np.abs(shipped).max() < 0.99
    assert grid.meter == int(name[5])


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--style", "march", "--tempo", "110", "--bars", "4", "--out", str(tmp_path / "song.ogg")]) == 0
    assert load_audio(tmp_path / "song.ogg").duration == pytest.approx(16 * 60 / 110, abs=0.01)
    for arguments in ([], ["--out", str(tmp_path / "song.xyz")], ["--out", "x.ogg", "--tempo", "0"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert "song.xyz cannot be written" in capsys.readouterr().err
