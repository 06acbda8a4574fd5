"""The training set of the beat tracker: scores, effects, excerpts."""

import io
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import mir_eval
import numpy as np
import pretty_midi
import pytest
import torch

from motionbeat.audio import SAMPLE_RATE
from motionbeat.beats import NeuralBeatTracker
from motionbeat.beats.features import BANDS, FRAME_RATE, HOP
from motionbeat.beats.network import BeatLogits, BeatNetwork
from motionbeat.beatset import effects
from motionbeat.beatset.__main__ import main as build
from motionbeat.beatset.accompaniment import _translated
from motionbeat.beatset.beatless import beatless_sound, scattered_notes
from motionbeat.beatset.drumming import drums_under, fitting, groove_scores
from motionbeat.beatset.excerpts import FRAMES, ExcerptBatch, ExcerptSampler, clip_paths
from motionbeat.beatset.folksongs import nottingham_scores
from motionbeat.beatset.popsongs import pop909_songs
from motionbeat.beatset.recordings import labelled
from motionbeat.beatset.recordings import main as label
from motionbeat.beatset.render import render_stems
from motionbeat.beatset.score import MAX_TEMPO, MIN_TEMPO, AnnotatedScore, cropped, remapped, with_other_tempo
from motionbeat.composer import compose
from motionbeat.errors import UserError
from motionbeat.train_beats import beat_loss
from motionbeat.train_beats import main as train


def score(tempo: float = 100.0, bars: int = 16, meter: int = 4, drums: bool = False) -> AnnotatedScore:
    """A note on every beat, the downbeat higher."""
    beats = np.arange(bars * meter) * 60 / tempo + 0.5
    midi = pretty_midi.PrettyMIDI()
    instrument = pretty_midi.Instrument(0, drums, "drums" if drums else "piano")
    positions = np.arange(len(beats)) % meter + 1
    for time, place in zip(beats, positions, strict=True):
        instrument.notes.append(pretty_midi.Note(90, 48 if place == 1 else 42, time, time + 0.2))
    midi.instruments.append(instrument)
    return AnnotatedScore(midi, beats, positions, "made", "test")


def starts(midi: pretty_midi.PrettyMIDI) -> np.ndarray:
    return np.array(sorted(note.start for instrument in midi.instruments for note in instrument.notes))


def test_score_refuses_beats_that_do_not_ascend() -> None:
    with pytest.raises(ValueError, match="ascend"):
        AnnotatedScore(pretty_midi.PrettyMIDI(), np.array([1.0, 1.0]), np.array([1, 2]), "a", "b")


def test_notes_move_with_the_beats() -> None:
    original = score()
    for seed in range(20):
        changed = with_other_tempo(original, np.random.default_rng(seed), spread=0.02)
        assert starts(changed.midi) == pytest.approx(changed.beats, abs=1e-6)
        assert changed.tempo * np.exp(0.1) >= MIN_TEMPO - 1e-6 and changed.tempo <= MAX_TEMPO * np.exp(0.1)
    assert starts(remapped(original.midi, original.beats, original.beats)) == pytest.approx(original.beats)


def test_cropping_keeps_beats_and_notes_together() -> None:
    part = cropped(score(), 10.0, 8.0)
    assert starts(part.midi) == pytest.approx(part.beats)
    assert part.beats.min() >= 0 and part.beats.max() < 8
    assert len(part.beats) == len(part.positions)


def test_drums_fall_on_the_song_s_beats() -> None:
    song, drumming = score(tempo=90, bars=24), score(tempo=110, bars=4, drums=True)
    kit = drums_under(song, drumming, np.random.default_rng(0))
    found = starts(kit)
    assert len(found) >= 32
    assert np.abs(found[:, None] - song.beats).min(axis=1).max() < 1e-6
    downs = [n.start for n in kit.instruments[0].notes if n.pitch == 48]
    assert np.abs(np.array(downs)[:, None] - song.beats[song.positions == 1]).min(axis=1).max() < 1e-6


def test_drums_fit_by_meter_and_tempo() -> None:
    rng = np.random.default_rng(0)
    choice = [score(tempo=100, meter=3), score(tempo=200), score(tempo=95)]
    assert fitting(score(tempo=100), choice, rng) is choice[2]
    assert fitting(score(tempo=60), choice, rng) is None


def midi_bytes(midi: pretty_midi.PrettyMIDI) -> bytes:
    buffer = io.BytesIO()
    midi.write(buffer)
    return buffer.getvalue()


def test_archives_leave_out_what_is_for_testing(tmp_path: Path) -> None:
    data = midi_bytes(score().midi)
    beats = "\n".join(f"{0.6 * i} {int(i % 2 == 0)} {int(i % 4 == 0)}" for i in range(64))
    with zipfile.ZipFile(tmp_path / "pop909.zip", "w") as archive:
        for number in (1, 2, 50, 101, 102, 909):
            archive.writestr(f"POP909/{number:03d}/{number:03d}.mid", data)
            archive.writestr(f"POP909/{number:03d}/beat_midi.txt", beats)
            archive.writestr(f"POP909/{number:03d}/chord_midi.txt", "0.0 2.4 C:maj7/3\n2.4 9.0 N\n")
    songs = list(pop909_songs(tmp_path / "pop909.zip"))
    assert [song.score.name for song in songs] == ["pop002", "pop102"]
    assert songs[0].score.positions[:6].tolist() == [1, 2, 3, 4, 1, 2]
    assert songs[0].chords == ((0.0, "C:maj7/3"), (2.4, "N"))

    info = (
        "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\n"
        "d,d/s,d/s/1,rock,100,beat,4-4,d/1.mid,,9,train\n"
        "d,d/s,d/s/2,rock,100,beat,4-4,d/1.mid,,9,test\n"
        "d,d/s,d/s/3,rock,100,fill,4-4,d/1.mid,,9,train\n"
        "d,drummer1/session2,drummer1/session2/62,punk,144,beat,4-4,d/1.mid,,9,validation\n"
        "d,d/s,d/s/4,rock,120,beat,6-8,d/1.mid,,9,validation\n"
    )
    with zipfile.ZipFile(tmp_path / "groove.zip", "w") as archive:
        archive.writestr("groove/info.csv", info)
        archive.writestr("groove/d/1.mid", data)
    grooves = list(groove_scores(tmp_path / "groove.zip"))
    assert [(g.name, g.meter, round(g.tempo)) for g in grooves] == [("groove_d_s_1", 4, 100), ("groove_d_s_4", 2, 80)]

    with zipfile.ZipFile(tmp_path / "nottingham.zip", "w") as archive:
        for name in ("MIDI/jigs1.mid", "MIDI/waltzes3.mid", "MIDI/waltzes4.mid", "MIDI/melody/waltzes4.mid"):
            waltz = pretty_midi.PrettyMIDI(initial_tempo=120)
            waltz.time_signature_changes.append(pretty_midi.TimeSignature(3, 4, 0))
            waltz.instruments = score(120, 12, 3).midi.instruments
            archive.writestr(name, midi_bytes(waltz))
    tunes = list(nottingham_scores(tmp_path / "nottingham.zip"))
    assert [(tune.name, tune.meter) for tune in tunes] == [("waltzes4", 3)]


@pytest.mark.parametrize(
    ("harte", "name"),
    [("C:maj", "C"), ("A:min7/b3", "Am7"), ("Bb:sus4(b7)", "Bbsus4"), ("F#:hdim7", "F#m7b5"), ("N", None)],
)
def test_chord_names(harte: str, name: str | None) -> None:
    assert _translated(harte) == name


@pytest.mark.parametrize("effect", ["equalised", "compressed", "in_a_room", "coded", "driven", "produced"])
def test_effects_keep_the_time_of_a_click(effect: str) -> None:
    rng = np.random.default_rng(1)
    for seed in range(4):
        sound = 1e-5 * rng.standard_normal(2 * SAMPLE_RATE)
        clicks = np.array([7000, 21000, 33333])
        for at in clicks:
            sound[at : at + 400] += np.sin(np.arange(400) * 0.5) * np.exp(-np.arange(400) / 60)
        changed = getattr(effects, effect)(sound, np.random.default_rng(seed))
        assert changed.shape == sound.shape
        for at in clicks:
            near = np.abs(changed[at - 1500 : at + 1500])
            begin = int(np.argmax(near > 0.4 * near.max())) - 1500
            assert -40 <= begin <= 60  # 2 to 3 ms


def test_beatless_sounds_are_sound_and_differ() -> None:
    made = [beatless_sound(seed, 4.0) for seed in range(6)]
    for sound in made:
        assert sound.shape == (4 * SAMPLE_RATE,) and np.isfinite(sound).all() and np.abs(sound).max() == 1
    assert len({round(float(np.abs(sound).mean()), 6) for sound in made}) == 6
    assert len(scattered_notes(3).beats) == 0


def write_clip(path: Path, beats: np.ndarray, meter: int, seconds: float = 45.0) -> None:
    samples = np.zeros(int(seconds * SAMPLE_RATE), dtype=np.int16)
    for beat in beats:
        at = round(beat * SAMPLE_RATE)
        samples[at : at + 300] = 20000 * np.exp(-np.arange(300) / 50) * np.sign(np.sin(np.arange(300)))
    positions = (np.arange(len(beats)) % meter + 1).astype(np.int8)
    np.savez(path, stems=samples[None], beats=beats, positions=positions, group="test")


def test_targets_lie_where_the_sound_is(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.npz", np.arange(0.3, 44, 0.61), 3)
    sampler = ExcerptSampler([tmp_path / "clip.npz"], 0)
    tempi = set()
    for _ in range(12):
        spectrogram, beat, downbeat, pulse, meter, known = sampler.excerpt()
        assert spectrogram.shape == (FRAMES, BANDS) and beat.shape == downbeat.shape == pulse.shape == (FRAMES,)
        assert meter == 3 and known == 1
        heard = np.flatnonzero(beat.numpy() > 0.75)
        tempi.add(round(float(np.median(np.diff(heard[np.append(True, np.diff(heard) > 1)])))))
        rise = np.diff(spectrogram.numpy().mean(axis=1), prepend=0)
        # a frame's window feels a click half a window early
        loud = [i for i in heard if 3 < i < FRAMES - 3 and rise[i - 2 : i + 2].max() > 5 * np.abs(rise).mean()]
        assert len(loud) > 0.6 * len(heard)
        assert (downbeat <= beat + 1e-6).all()
        assert 0.25 < downbeat.sum() / beat.sum() < 0.42
    assert len(tempi) > 4


def test_beatless_excerpts_have_no_targets(tmp_path: Path) -> None:
    write_clip(tmp_path / "sound1.npz", np.zeros(0), 4)
    batch = ExcerptSampler([tmp_path / "sound1.npz"], 0).batch(3).to(torch.device("cpu"))
    assert batch.beat.max() == 0 and batch.downbeat.max() == 0 and batch.pulse.max() == 0
    assert batch.meter.tolist() == [0, 0, 0]


def test_held_out_clips_share_no_song_with_the_others(tmp_path: Path) -> None:
    for number in range(120):
        for take in range(2):
            (tmp_path / f"pop{number:03d}_{take}.npz").touch()
    held_out, trained = ({p.stem[:6] for p in clip_paths(tmp_path, held_out)} for held_out in (True, False))
    assert held_out and trained and not held_out & trained


def test_no_clips_is_said() -> None:
    with pytest.raises(UserError, match="No clips"):
        clip_paths(Path("nowhere"), held_out=False)


@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="needs fluidsynth and soundfonts")
def test_rendered_notes_sound_when_they_should() -> None:
    made = score(tempo=60, bars=3)
    for seed in range(3):
        for instrument in made.midi.instruments:
            instrument.program = 0
        stems = render_stems(made.midi, 12.0, np.random.default_rng(seed))
        assert set(stems) == {"rest"}
        energy = np.abs(stems["rest"])[: int(12 * FRAME_RATE) * HOP].reshape(-1, HOP).mean(axis=1)
        rise = np.diff(energy, prepend=0)
        for beat in made.beats[:8]:
            frame = int(beat * FRAME_RATE)
            assert rise[frame - 2 : frame + 5].max() > 2 * np.median(np.abs(rise))


@pytest.mark.skipif(shutil.which("fluidsynth") is None, reason="needs fluidsynth and soundfonts")
def test_drums_sound_from_every_soundfont() -> None:
    made = pretty_midi.PrettyMIDI()
    kit = pretty_midi.Instrument(0, is_drum=True)
    kit.notes = [pretty_midi.Note(100, pitch, 0.2 * i, 0.2 * i + 0.1) for i, pitch in enumerate((36, 38, 42, 46, 49))]
    made.instruments = [kit]
    for seed in range(12):  # each draws a soundfont
        drums = render_stems(made, 1.5, np.random.default_rng(seed))["drums"]
        assert np.abs(drums).max() == pytest.approx(1)


# --- the commands ---


def test_building_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(["--midi", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "lacks groove.zip" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_labelling_needs_sound_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fof_song.ogg").touch()  # for testing, so not taken
    model = Path(__file__).parents[1] / "assets" / "models" / "beats"
    assert label([str(tmp_path), "--model", str(model), "--out", str(tmp_path / "out")]) == 2
    assert "No sound files" in capsys.readouterr().err


def test_labels_are_given_where_the_tracker_agrees_with_itself() -> None:
    tracker = NeuralBeatTracker.from_pretrained(Path(__file__).parents[1] / "assets" / "models" / "beats")
    audio, grid = compose("house", 124, 16, seed=4)
    found = labelled(tracker, audio.samples)
    assert found is not None
    beats, positions = found
    assert mir_eval.beat.f_measure(grid.beats, beats) > 0.95
    assert set(positions) <= {0, 1, 2, 3, 4}
    noise = np.random.default_rng(0).standard_normal(20 * SAMPLE_RATE).astype(np.float32)
    assert labelled(tracker, 0.1 * noise) is None


@pytest.mark.parametrize("resumed", [False, True])
def test_a_short_training_run(tmp_path: Path, resumed: bool) -> None:
    for number in range(60):
        write_clip(tmp_path / f"clip{number:02d}.npz", np.arange(0.3, 9, 0.5), 4, seconds=10)
    out = tmp_path / "run"
    common = ["--clips", str(tmp_path), "--out", str(out), "--batch", "2", "--width", "8", "--depth", "2"]
    assert train([*common, "--steps", "2", "--save-every", "2", "--mixed-precision", "no"]) == 0
    if resumed:
        assert train([*common, "--steps", "3", "--save-every", "3", "--mixed-precision", "no", "--resume"]) == 0
    rows = [json.loads(line) for line in (out / "held_out.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == ([2, 3] if resumed else [2])
    assert all(0 <= row["beat"] <= 1 for row in rows)
    assert BeatNetwork.from_pretrained(out).config.width == 8


def test_training_without_clips_or_start_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["--clips", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert train(["--clips", str(tmp_path), "--start-from", str(tmp_path / "nothing")]) == 2
    errors = capsys.readouterr().err
    assert "No clips" in errors and "to start from" in errors


def test_loss_leaves_out_bars_that_are_not_known() -> None:
    torch.manual_seed(0)
    logits = BeatLogits(*(torch.randn(2, 20) for _ in range(3)), torch.randn(2, 20, 6), torch.zeros(2, 20, 4))
    batch = ExcerptBatch(
        torch.zeros(2, 20, BANDS), torch.rand(2, 20), torch.rand(2, 20), torch.ones(2, 20),
        torch.tensor([4, 0]), torch.tensor([1.0, 0.0]),
    )  # fmt: skip
    losses = beat_loss(logits, batch)
    changed = replace(batch, downbeat=torch.stack([batch.downbeat[0], 1 - batch.downbeat[1]]))
    assert beat_loss(logits, changed)["downbeat"] == losses["downbeat"]
    changed = replace(batch, downbeat=torch.stack([1 - batch.downbeat[0], batch.downbeat[1]]))
    assert beat_loss(logits, changed)["downbeat"] != losses["downbeat"]
    expected = torch.nn.functional.cross_entropy(logits.meter[0], torch.full((20,), 2))
    assert losses["meter"].item() == pytest.approx(0.03 * expected.item(), rel=1e-5)
