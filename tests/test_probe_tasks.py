"""Tasks on data that anyone can get, read from tiny copies."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from motionbeat.audio import SAMPLE_RATE, Audio, load_audio, save_audio
from motionbeat.errors import UserError
from motionbeat.probe.catalogue import OWN, Places, read_task
from motionbeat.probe.task import BeatLabel, Kind, Listening
from motionbeat.probe.tasks import beat_clips, dance_type, drum_style, emotion, teacher_tags
from motionbeat.probe.tasks.instrument import recorded_notes
from motionbeat.probe.tasks.rendering import Score, stretch

CLICK = np.sin(np.arange(SAMPLE_RATE) / 20).astype(np.float32)


def _midi(tempo: float = 120.0, notes: int = 64) -> pretty_midi.PrettyMIDI:
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    piano = pretty_midi.Instrument(0)
    beat_s = 60 / tempo
    piano.notes = [pretty_midi.Note(80, 60 + i % 7, i * beat_s, (i + 0.8) * beat_s) for i in range(notes)]
    midi.instruments.append(piano)
    return midi


def _bytes(midi: pretty_midi.PrettyMIDI) -> bytes:
    file = io.BytesIO()
    midi.write(file)
    return file.getvalue()


@pytest.fixture
def silent_synthesizer(monkeypatch: pytest.MonkeyPatch) -> list[Score]:
    """Scores that would have been rendered; their files get a click instead."""
    played: list[Score] = []

    def render(folder: Path, scores: Iterable[tuple[Path, Score]], duration_s: float, count: int) -> None:
        for path, score in scores:
            played.append(score)
            path.parent.mkdir(parents=True, exist_ok=True)
            save_audio(path, Audio(CLICK))

    for module in (emotion, dance_type, drum_style):
        monkeypatch.setattr(module, "render_missing", render)
    return played


def test_recorded_notes_are_grouped_by_pitch(tmp_path: Path) -> None:
    folder = tmp_path / "instruments"
    folder.mkdir()
    entries = [{"file": f"{i}.wav", "label": ("oboe", "banjo")[i % 2], "pitch": f"C{i // 2}"} for i in range(4)]
    (folder / "index.json").write_text(json.dumps(entries))
    task = recorded_notes(tmp_path)
    assert task.classes == ("banjo", "oboe")
    assert task.groups.tolist() == ["C0", "C0", "C1", "C1"]
    assert task.listening is Listening.CLOCK  # notes have no beat that a tracker may tell
    assert not task.rendered


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '[{"file": "x.wav", "label": 3, "pitch": "C1"}]'])
def test_wrong_indices_are_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "instruments").mkdir()
    (tmp_path / "instruments" / "index.json").write_text(content)
    with pytest.raises(UserError, match=r"index\.json: not an index of clips") as caught:
        recorded_notes(tmp_path)
    assert "\n" not in str(caught.value)


def test_emopia_clips_are_grouped_by_song_and_rendered_once(tmp_path: Path, silent_synthesizer: list[Score]) -> None:
    (tmp_path / "midi").mkdir()
    with zipfile.ZipFile(tmp_path / "midi" / "emopia.zip", "w") as archive:
        for number in range(4 * emotion.EACH):
            name = f"Q{number % 4 + 1}_song_{number // 8}_x_{number % 8}"
            archive.writestr(f"midis/{name}.mid", _bytes(_midi(notes=2)))
    task = emotion.emopia(tmp_path, tmp_path / "cache")
    assert len(task.clips) == len(silent_synthesizer) == 300
    assert task.rendered
    assert {clip.group for clip in task.clips if "song_3_" in clip.name} == {"song_3_x"}
    assert emotion.emopia(tmp_path, tmp_path / "cache").digest == task.digest
    assert len(silent_synthesizer) == 300


def test_vgmidi_signs_and_series(tmp_path: Path, silent_synthesizer: list[Score]) -> None:
    (tmp_path / "midi").mkdir()
    rows = ["id,series,console,game,piece,midi,valence,arousal"]
    with zipfile.ZipFile(tmp_path / "midi" / "vgmidi.zip", "w") as archive:
        for number, (valence, arousal) in enumerate([(1, 1), (1, -1), (-1, 1), (-1, -1)]):
            rows.append(f"{number},S{number % 2},N64,G,P,labelled/phrases/a_b_{number}_0.mid,{valence},{arousal}")
            archive.writestr(f"labelled/midi/a_b_{number}.mid", _bytes(_midi(notes=2)))
        archive.writestr("vgmidi_labelled.csv", "\n".join(rows))
    task = emotion.vgmidi(tmp_path, tmp_path / "cache")
    assert [set(clip.label) for clip in task.clips] == [{"valence", "arousal"}, {"valence"}, {"arousal"}, set()]  # type: ignore[arg-type]
    assert task.groups.tolist() == ["S0", "S1", "S0", "S1"]


def test_tunes_are_played_at_a_drawn_tempo(tmp_path: Path, silent_synthesizer: list[Score]) -> None:
    (tmp_path / "midi").mkdir()
    with zipfile.ZipFile(tmp_path / "midi" / "nottingham.zip", "w") as archive:
        for prefix in dance_type.DANCES.values():
            for number in range(12):
                archive.writestr(f"MIDI/{prefix}{number}.mid", _bytes(_midi()))
        archive.writestr("MIDI/melody/jigs1.mid", b"not read")
    task = dance_type.nottingham(tmp_path, tmp_path / "cache")
    assert len(task.clips) == 48
    assert {clip.label for clip in task.clips} == set(dance_type.DANCES)
    gaps = np.array(
        [np.diff([note.start for note in score.midi.instruments[0].notes[:2]])[0] for score in silent_synthesizer]
    )
    speeds = 0.5 / gaps
    assert 0.8 <= speeds.min() < 0.9 < 1.1 < speeds.max() <= 1.25
    assert all(score.midi.get_end_time() <= dance_type.CLIP_S + 0.01 for score in silent_synthesizer)


def test_drum_clips_spread_over_performances_before_they_repeat_them(
    tmp_path: Path, silent_synthesizer: list[Score], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drum_style, "EACH", 6)
    (tmp_path / "midi").mkdir()
    rows = ["drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split"]
    with zipfile.ZipFile(tmp_path / "midi" / "groove.zip", "w") as archive:
        for style in drum_style.STYLES:
            for number in range(4):
                name = f"d/{style}{number}"
                rows.append(f"d,s{number},{name},{style}/x,120,beat,4-4,{name}.mid,,25.0,train")
                archive.writestr(f"groove/{name}.mid", _bytes(_midi(notes=48)))
        rows.append("d,s9,d/fill,rock,120,fill,4-4,d/fill.mid,,25.0,train")
        rows.append("d,s9,d/short,rock,120,beat,4-4,d/short.mid,,9.0,train")
        archive.writestr("groove/info.csv", "\n".join(rows))
    task = drum_style.groove(tmp_path, tmp_path / "cache")
    rock = [clip.name for clip in task.clips if clip.label == "rock"]
    assert len(rock) == 6
    assert {name for name in rock if name.endswith("_0")} == {f"d_rock{i}_0" for i in range(4)}
    assert {clip.group for clip in task.clips} == {f"s{i}" for i in range(4)}


def test_a_stretch_of_a_score_is_what_sounds_then() -> None:
    part = stretch(_midi(), 2.0, 3.0, speed=1.5)
    starts = [note.start for note in part.instruments[0].notes]
    np.testing.assert_allclose(starts, np.arange(9) * 0.5 / 1.5)


def _stems(path: Path, count: int, beats: np.ndarray, silent: bool = False) -> None:
    loud = 0 if silent else 9000
    sound = (loud * np.sin(np.arange(count * SAMPLE_RATE) / 30)).astype(np.int16)
    np.savez(path, stems=np.stack([sound, sound]), beats=beats, positions=np.arange(len(beats)) % 4 + 1)


def test_beat_clips_come_once_a_song_with_sound_and_only_their_first_beats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beat_clips, "TRAINING", 3)
    monkeypatch.setattr(beat_clips, "VALIDATION", 1)
    beatset, tracks = tmp_path / "beatset", tmp_path / "beats_dev"
    beatset.mkdir()
    tracks.mkdir()
    beats = np.arange(0, 35, 0.5)
    for name in ("pop7_0", "pop7_1", "mma1", "groove_1", "arranged3"):
        _stems(beatset / f"{name}.npz", 3, beats)
    _stems(beatset / "broken.npz", 3, beats, silent=True)
    _stems(beatset / "sound0001.npz", 3, np.zeros(0))
    for name in ("fof_x", "nott_y"):
        (tracks / f"{name}.beats").write_text("".join(f"{0.5 * i}\t{i % 4 + 1}\n" for i in range(8)))
        save_audio(tracks / f"{name}.wav", Audio(np.tile(CLICK, 4)))
    index = {"fof_x": {"source": "FretsOnFire song"}, "nott_y": {"source": "Nottingham MIDI render"}}
    (tracks / "index.json").write_text(json.dumps(index))
    task = beat_clips.beats(tmp_path, tmp_path / "cache", beatset)
    learnt = [clip for clip in task.clips if clip.split != "test"]
    assert [clip.split for clip in task.clips] == ["train"] * 3 + ["validation"] + ["test"] * 2
    assert len({clip.group for clip in learnt}) == 4
    assert all(clip.read().duration == pytest.approx(3.0) for clip in learnt)
    assert not {"broken", "sound0001"} & {clip.name for clip in learnt}
    for clip in learnt:
        assert isinstance(clip.label, BeatLabel)
        assert clip.label.beats.max() < beat_clips.CLIP_S
        np.testing.assert_array_equal(clip.label.downbeats, clip.label.beats[::4])
    fof, nott = task.clips[-2:]
    assert isinstance(fof.label, BeatLabel)
    assert isinstance(nott.label, BeatLabel)
    assert fof.label.downbeats is None
    assert nott.label.downbeats is not None
    assert (fof.part, nott.part) == ("songs and projects", "renders")
    with pytest.raises(UserError, match="are needed"):
        beat_clips.beats(tmp_path, tmp_path / "cache", tmp_path / "none")


def _recordings(folder: Path) -> Path:
    folder.mkdir()
    for number in range(8):
        _stems(folder / f"recording{number:04d}_0.npz", 46, np.zeros(0))
    return folder


def test_teacher_tags_are_thresholded_and_rare_ones_left_out(tmp_path: Path) -> None:
    recordings, file = _recordings(tmp_path / "recordings"), tmp_path / "tags.npz"
    untagged = teacher_tags.teacher_tags(tmp_path / "cache", recordings, file)
    assert len(untagged.clips) == 24
    assert untagged.classes == ()
    assert untagged.clips[2].start_s == 30.0
    names = np.array([clip.name for clip in untagged.clips])
    probabilities = np.zeros((24, 3), np.float32)
    probabilities[:12, 0] = 0.9
    probabilities[12:, 1] = 0.21
    probabilities[:3, 2] = 0.9
    np.savez(file, names=names, tags=np.array(["rock", "slow", "harp"]), probabilities=probabilities)
    task = teacher_tags.teacher_tags(tmp_path / "cache", recordings, file)
    assert task.kind is Kind.TAGS
    assert task.classes == ("rock", "slow")
    assert task.clips[0].label == {"rock"}
    assert task.clips[-1].label == {"slow"}
    assert task.digest == untagged.digest
    assert len(set(task.groups)) == 8
    np.savez(file, names=names[1:], tags=np.array(["a", "b", "c"]), probabilities=probabilities[1:])
    with pytest.raises(UserError, match="no tags for recording0000_0_0"):
        teacher_tags.teacher_tags(tmp_path / "cache", recordings, file)
    np.savez(file, names=names, tags=np.array(["a"]), probabilities=probabilities)
    with pytest.raises(UserError, match="probabilities must be"):
        teacher_tags.teacher_tags(tmp_path / "cache", recordings, file)


def test_every_task_says_what_folder_it_lacks(tmp_path: Path) -> None:
    nothing = Places(None, tmp_path / "c", tmp_path / "b", tmp_path / "r", tmp_path / "t", tmp_path / "p")
    for name in set(OWN) - {"instrument-fonts", "teacher-tags"}:
        with pytest.raises(UserError, match="--data DIR"):
            read_task(name, nothing)
    empty = Places(tmp_path, tmp_path / "c", tmp_path / "b", tmp_path / "r", tmp_path / "t", tmp_path / "p")
    for name in set(OWN) - {"instrument-fonts"}:
        with pytest.raises(UserError) as caught:
            read_task(name, empty)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "c").exists()


def test_a_damaged_archive_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "midi").mkdir()
    (tmp_path / "midi" / "emopia.zip").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="as a zip archive"):
        emotion.emopia(tmp_path, tmp_path / "cache")


def test_rendered_scores_sound(tmp_path: Path) -> None:
    from motionbeat.beatset.render import soundfonts
    from motionbeat.probe.tasks.rendering import render_missing

    try:
        soundfonts()
        render_missing(tmp_path, [(tmp_path / "a.flac", Score("a", _midi(notes=4)))], 2.0, 1)
    except UserError as error:
        pytest.skip(str(error))
    audio = load_audio(tmp_path / "a.flac")
    assert audio.duration == pytest.approx(2.0)
    assert np.abs(audio.samples).max() == pytest.approx(0.9, abs=0.01)
