"""Slots, embeddings and ``python -m motionbeat.embed``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from PIL import Image

from motionbeat import embed as command
from motionbeat.audio import SAMPLE_RATE, Audio, load_audio
from motionbeat.beats import BeatGrid
from motionbeat.embed import load_encoder, read_embedding
from motionbeat.encoder import MotionBeat
from motionbeat.errors import UserError
from motionbeat.hearing_plot import MAX_ROWS, hear_dance, row_seconds, self_similarity, write_hearing_plot
from motionbeat.motion import Motion
from motionbeat.tokens import TOKEN_DIM, SlotGrid, beat_tokens, log_mel, slot_grid, slot_onsets


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of two random encoders, ``heads`` and ``plain``."""
    folder = tmp_path_factory.mktemp("encoders")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, heads in (("heads", True), ("plain", False)):
            sizes = {"width": 24, "heads": 2, "phase_blocks": 1, "plain_layers": 1, "projection": 16}
            MotionBeat(**sizes, rhythm_heads=heads).save_pretrained(folder / name)
    return folder


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a grid of 120 BPM with a downbeat at 0.5 s in the tracker's place."""
    monkeypatch.setattr(
        "motionbeat.encoder.track_beats",
        lambda audio: BeatGrid.steady(120, audio.duration, first_s=0.5, confidence=0.9),
    )


def noise(seconds: float, seed: int = 0) -> Audio:
    return Audio(np.random.default_rng(seed).uniform(-0.3, 0.3, int(seconds * SAMPLE_RATE)).astype(np.float32))


def waving(seconds: float, fps: float = 30.0) -> Motion:
    """Somebody who steps from foot to foot, once a second."""
    frames = int(seconds * fps)
    poses = np.zeros((frames, 24, 3), np.float32)
    swing = np.sin(np.pi * np.arange(frames) / fps)
    poses[:, 1, 0], poses[:, 2, 0] = np.minimum(swing, 0), np.minimum(-swing, 0)
    trans = np.tile(np.array([0, 0.95, 0], np.float32), (frames, 1))
    contacts = np.stack([swing >= 0, swing <= 0] * 2, axis=1).astype(np.float32)
    return Motion(poses, trans, fps, contacts)


def save_motion(path: Path, motion: Motion) -> Path:
    np.savez(path, poses=motion.poses.reshape(len(motion), 72), trans=motion.trans, mocap_framerate=motion.fps)
    return path


# --- tokens ---


@pytest.mark.parametrize("seconds", [0.005, 2.0, 59.9, 60.01, 121.0])
def test_blocks_of_the_spectrogram_do_not_show(seconds: float) -> None:
    audio = noise(seconds)
    power = librosa.feature.melspectrogram(
        y=audio.samples, sr=SAMPLE_RATE, n_fft=1024, hop_length=220, n_mels=64, fmin=30.0, fmax=10000.0
    )
    whole = np.maximum(10 * np.log10(np.maximum(power, 1e-10) / power.max()), -80).T
    np.testing.assert_allclose(log_mel(audio), whole, atol=1e-4)


def test_onsets_peak_where_a_note_begins() -> None:
    audio = noise(4.0)
    slots = slot_grid(BeatGrid.steady(120, 4.0))
    quiet = Audio((audio.samples * 1e-3).astype(np.float32))
    for struck in (5, 14, 20):
        begins = int(slots.times_s[struck] * SAMPLE_RATE)
        samples = quiet.samples.copy()
        samples[begins : begins + 2000] = audio.samples[begins : begins + 2000]
        onsets = slot_onsets(beat_tokens(Audio(samples), slots))
        assert onsets.dtype == np.float32 and onsets.shape == (len(slots),)
        assert int(onsets.argmax()) == struck and onsets.max() == 1
        assert np.delete(onsets, struck).max() < 0.5


def test_onsets_by_hand_of_clips_and_batches() -> None:
    level = np.zeros((3, 5, 64), np.float32)
    level[0] = 0.5  # the clip's very first frame is no rise
    level[1, 2:, :32] = 0.8  # up by 0.8 in half of the bands, after a fall by 0.5
    level[2, :, :32] = 1.0  # up by 0.2 from the last frame of the slot before
    tokens = level.reshape(3, TOKEN_DIM)
    assert slot_onsets(tokens) == pytest.approx([0, 1, 0.25])
    batch = np.stack([tokens, np.zeros_like(tokens), tokens[::-1]])
    onsets = slot_onsets(batch)
    assert onsets[0] == pytest.approx([0, 1, 0.25])
    assert (onsets[1] == 0).all()
    np.testing.assert_array_equal(onsets[2], slot_onsets(tokens[::-1]))
    assert slot_onsets((tokens * 255).astype(np.uint8) / 255) == pytest.approx([0, 1, 0.25], abs=0.01)
    with pytest.raises(ValueError, match="320"):
        slot_onsets(np.zeros((4, 64)))


def test_slots_within_a_stretch() -> None:
    slots = slot_grid(BeatGrid(np.array([0.5, 1.0, 2.0]), np.array([0.5]), 4, 60, 1.0))
    assert slots.within(0.5, 2.0) == slice(0, 8)
    assert slots.within(0.51, 1.9) == slice(1, 7)
    assert slots.part(slots.within(1.0, 1.5)).times_s == pytest.approx([1.0, 1.25])
    assert len(slots.part(slots.within(3.0, 9.0))) == 0


# --- embeddings ---


@pytest.mark.parametrize("name", ["heads", "plain"])
def test_embedding_of_a_song_has_all_parts(encoders: Path, name: str) -> None:
    model = load_encoder(encoders / name).model
    audio = noise(20.0)
    grid = BeatGrid.steady(120, 20.0, meter=3, first_s=0.5)
    music = model.encode_audio(audio, grid)
    count = (len(grid) - 1) * 4
    assert music.tokens.shape == (count, 24)
    assert music.clips.shape == (len(music.clip_starts), 16)
    assert np.linalg.norm(music.clips, axis=1) == pytest.approx(1, abs=1e-5)
    mean = music.clips.mean(axis=0)
    assert music.clip == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert music.token_phase[:12] == pytest.approx((np.arange(12) / 4 - 1) % 3)
    np.testing.assert_array_equal(music.onsets, slot_onsets(beat_tokens(audio, slot_grid(grid))))
    if name == "plain":
        assert music.accents is None
    else:
        assert music.accents is not None
        assert music.accents.shape == (count,) and (music.accents >= 0).all() and music.accents.std() > 0


def test_accents_of_a_single_clip_are_what_the_head_says(encoders: Path) -> None:
    model = load_encoder(encoders / "heads").model
    slots = slot_grid(BeatGrid.steady(120, 8.5))
    tokens = np.random.default_rng(0).random((len(slots), TOKEN_DIM), dtype=np.float32)
    _, heard, accents = model.embed_slots(tokens, slots)
    theta = torch.from_numpy(slots.phase * np.pi / 2).float()
    with torch.no_grad():
        _, expected = model.embed_audio(torch.from_numpy(tokens)[None], theta[None])
        said = model.audio_accents(expected)[0].numpy()
    np.testing.assert_allclose(heard, expected[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(accents, said, atol=1e-5)


@pytest.mark.parametrize("seconds", [0.001, 0.2, 2.0])
@pytest.mark.parametrize("tempo", [30.0, 120.0, 240.0])
def test_very_short_songs_give_numbers(encoders: Path, seconds: float, tempo: float) -> None:
    model = load_encoder(encoders / "heads").model
    for audio in (noise(seconds), Audio(np.zeros(int(seconds * SAMPLE_RATE), np.float32))):
        music = model.encode_audio(audio, BeatGrid.steady(tempo, seconds))
        for values in (music.clip, music.clips, music.tokens, music.onsets, music.accents, music.levels):
            assert values is not None and len(values) and np.isfinite(values).all()


def test_dance_is_heard_as_far_as_it_goes(encoders: Path) -> None:
    model = load_encoder(encoders / "heads").model
    music = model.encode_audio(noise(12.0), BeatGrid.steady(120, 12.0))
    dance = hear_dance(model, waving(8.0, fps=60.0), music)
    assert dance.slots.ends_s[-1] == pytest.approx(8.0)
    assert dance.states.shape == (240, 4)
    assert dance.pulses.shape == (len(dance.slots),) and dance.pulses.max() > 0.5
    assert dance.curve is not None and dance.curve.shape == dance.pulses.shape
    assert ((dance.curve > 0) & (dance.curve < 1)).all()
    assert len(hear_dance(model, waving(0.2), music).slots) < 4


# --- the picture ---


def test_self_similarity_by_hand_and_in_cells() -> None:
    tokens = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], float)
    similarity, step = self_similarity(tokens)
    assert step == 1
    np.testing.assert_allclose(similarity, [[1, -1, 1, -1], [-1, 1, -1, 1]] * 2, atol=1e-6)
    rng = np.random.default_rng(0)
    similarity, step = self_similarity(rng.normal(size=(1001, 3)), cells=100)
    assert step == 12 and similarity.shape == (84, 84)
    assert np.diag(similarity) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(self_similarity(np.ones((5, 3)))[0]).all()


def test_rows_of_long_and_short_songs() -> None:
    assert [row_seconds(seconds) for seconds in (2.5, 20, 30, 38, 300, 3600)] == [3, 20, 15, 19, 30, 360]
    assert all(np.ceil(seconds / row_seconds(seconds)) <= MAX_ROWS for seconds in np.linspace(2, 3600, 500))


@pytest.mark.parametrize("seconds", [2.0, 45.0])
def test_picture_of_any_song_and_dance(tmp_path: Path, encoders: Path, seconds: float) -> None:
    model = load_encoder(encoders / "heads").model
    audio = noise(seconds)
    music = model.encode_audio(audio, BeatGrid.steady(120, seconds))
    for number, dance in enumerate((None, hear_dance(model, waving(0.1), music), hear_dance(model, waving(9), music))):
        path = tmp_path / f"{number}.png"
        write_hearing_plot(path, audio, music, "a $_{\n song\udce9", 12.0, dance)
        with Image.open(path) as image:
            assert image.width == 1600 and image.height > 900


# --- the command line ---


def test_file_of_a_song(
    tmp_path: Path, tracked: None, capsys: pytest.CaptureFixture[str], encoders: Path, song: Path
) -> None:
    out = tmp_path / "new" / "x.npz"
    dance = save_motion(tmp_path / "dance.npz", waving(3.0))
    line = [str(song), "-o", str(out), "--plot", "--motion", str(dance), "--model", str(encoders / "heads")]
    assert command.main([*line, "--start", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["outputs"] == [str(out), str(out.with_suffix(".png"))]
    assert (report["song"], report["start_s"], report["duration_s"]) == (song.name, 1.0, 3.0)
    arrays, about = read_embedding(out)
    audio = load_audio(song, 1.0)
    model = load_encoder(encoders / "heads")
    music = model.model.encode_audio(audio)
    for name in ("clip", "clips", "clip_starts", "tokens", "token_phase", "onsets", "accents"):
        np.testing.assert_array_equal(arrays[name], getattr(music, name), err_msg=name)
    # times count from the beginning of the song
    np.testing.assert_allclose(arrays["token_times_s"], music.token_times_s + 1)
    assert arrays["downbeats"] == pytest.approx([1.5, 3.5])
    assert (arrays["meter"], arrays["tempo"], arrays["confidence"]) == (4, 120, 0.9)
    assert about["model_sha256"] == model.sha256 and len(model.sha256) == 64
    assert about["units"]["token_phase"] == "beats from the downbeat" and about["settings"]["slots_per_beat"] == 4


def test_folders_bad_songs_and_no_heads(
    tmp_path: Path, tracked: None, capsys: pytest.CaptureFixture[str], encoders: Path, song: Path
) -> None:
    album = tmp_path / "album"
    (album / "more").mkdir(parents=True)
    for name in ("a.wav", "more/a.wav"):
        (album / name).write_bytes(song.read_bytes())
    (album / "broken.mp3").write_text("This is not a song.")
    out = tmp_path / "out"
    line = [str(album), str(album / "more" / "a.wav"), "-o", str(out), "--model", str(encoders / "plain")]
    assert command.main(line) == 2
    printed, err = capsys.readouterr()
    assert [row.split(":")[0] for row in printed.splitlines()] == ["a.wav", "a.wav"]
    assert "broken.mp3 is not a sound file" in err and err.count("\n") == 1
    assert sorted(path.name for path in out.iterdir()) == ["a-2.npz", "a.npz"]
    assert "accents" not in read_embedding(out / "a.npz")[0]

    before = (out / "a.npz").read_bytes()
    (out / "a-2.npz").unlink()
    assert command.main(line) == 2
    assert "a.npz: already exists. Add --force" in capsys.readouterr().err
    assert (out / "a.npz").read_bytes() == before and (out / "a-2.npz").exists()
    assert command.main([*line, "--force", "--start", "1"]) == 2  # the broken one still is
    assert (out / "a.npz").read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--start", "-1"], "start: must be 0 seconds or more, got -1"),
        (["--start", "90"], "is beyond the end"),
        (["--start", "1e308"], "is beyond the end"),
        (["--duration", "nan"], "duration: must be more than 0 seconds"),
        (["--out", "x.json"], "--out x.json: .json cannot be written. Give FILE.npz or a folder."),
        (["--plot", "x.pdf"], "--plot x.pdf: .pdf cannot be written. Give FILE.png or a folder."),
        (["--motion", "gone.npz"], "motion: a dance is only drawn. Add --plot."),
        (["--motion", "gone.npz", "--plot", "x.png"], "gone.npz: no such file."),
        (["--motion", __file__, "--plot", "x.png"], "not a motion file"),
        (
            ["--motion", "gone.npz", "--plot", "x.png", __file__],
            "motion: a dance belongs to one song, and 2 were given",
        ),
        (["--model", "nowhere"], "model: nowhere holds no encoder"),
        (["--modle", "x"], "unrecognized arguments: --modle"),
    ],
)
def test_nonsense_is_one_line_and_writes_nothing(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tracked: None,
    capsys: pytest.CaptureFixture[str],
    song: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = command.main([str(song), *arguments])
    except SystemExit as exit_:  # argparse's own way out
        assert isinstance(exit_.code, int)
        status = exit_.code
    out, err = capsys.readouterr()
    assert status == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert says in err
    assert list(tmp_path.iterdir()) == []


def test_the_dance_is_never_replaced(
    tmp_path: Path, tracked: None, encoders: Path, song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dance = save_motion(tmp_path / "dance.npz", waving(3.0))
    (tmp_path / "link.npz").symlink_to(dance)
    before = dance.read_bytes()
    for out in (dance, tmp_path / "link.npz"):
        line = [str(song), "-o", str(out), "--plot", "--motion", str(dance), "--force"]
        assert command.main([*line, "--model", str(encoders / "plain")]) == 2
        printed, err = capsys.readouterr()
        assert printed == "" and err.count("\n") == 1 and "would replace a file that is read" in err
    assert dance.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dance.npz", "link.npz"]


def test_a_name_with_a_line_break_stays_in_its_line(
    tmp_path: Path, tracked: None, encoders: Path, song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "two\nlines.wav"
    odd.write_bytes(song.read_bytes())
    assert command.main([str(odd), "-o", str(tmp_path / "out"), "--model", str(encoders / "plain")]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1 and out.startswith("two lines.wav: ")
    assert (tmp_path / "out" / "two\nlines.npz").is_file()


def test_help_says_where_songs_go() -> None:
    assert "name the songs before it" in " ".join(command.build_parser().format_help().split())


def test_what_is_no_encoder(tmp_path: Path, encoders: Path) -> None:
    config = json.loads((encoders / "plain" / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"rotation": "sideways"}))
    weights = tmp_path / "diffusion_pytorch_model.safetensors"
    weights.write_bytes((encoders / "plain" / weights.name).read_bytes())
    with pytest.raises(UserError, match=r"model: .* cannot be read"):
        load_encoder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    weights.write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"model: .* cannot be read"):
        load_encoder(tmp_path)


def test_what_is_no_embedding(tmp_path: Path) -> None:
    bad = {"text.npz": b"text", "empty.npz": b"", "zip.npz": b"PK\x03\x04 and nothing"}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    np.savez(tmp_path / "other.npz", poses=np.zeros(3))
    np.savez(tmp_path / "list.npz", about="[]", clips=np.zeros((1, 2)), clip_starts=np.zeros(1))
    np.savez(tmp_path / "pickle.npz", about=np.array([{"a": 1}], dtype=object))
    for name in (*bad, "other.npz", "list.npz", "pickle.npz"):
        with pytest.raises(UserError, match=f"{name}: not a song's embedding"):
            read_embedding(tmp_path / name)
    with pytest.raises(UserError, match="no such file"):
        read_embedding(tmp_path / "gone.npz")


def test_run_as_a_module_with_the_shipped_encoder(tmp_path: Path, song: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "motionbeat.embed", str(song), "-o", str(tmp_path / "song.npz")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
    )
    assert (done.returncode, done.stderr) == (0, "")
    arrays, _ = read_embedding(tmp_path / "song.npz")
    assert arrays["clip"].shape == (128,) and len(arrays["tokens"]) == len(arrays["token_times_s"])
    grid = SlotGrid(arrays["token_times_s"], arrays["token_phase"], int(arrays["meter"]))
    assert grid.ends_s[-1] <= 4.0 + 0.6
