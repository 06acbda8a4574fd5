"""The music ear: what it is given, how it listens, and its training on music alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from motionbeat import ear_set, train_ear
from motionbeat.audio import SAMPLE_RATE, Audio
from motionbeat.beats.network import BeatNetwork
from motionbeat.ear import (
    LOWEST_HZ,
    SEMITONES,
    SOUND_DIM,
    SOUND_PARTS,
    TOKEN_RATE,
    MusicEar,
    semitone_spectrogram,
    sound_tokens,
)
from motionbeat.ear_set import Stretch, load_stretches
from motionbeat.errors import UserError
from motionbeat.train_ear import SoundSampler, filling_loss, telling_loss


@pytest.fixture(scope="module")
def ear() -> MusicEar:
    torch.manual_seed(0)
    return MusicEar(width=32, heads=2, layers=2, projection=16).eval()


def tone(hz: float, seconds: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(np.float32)


@pytest.mark.parametrize("semitone", [0, 12, 37, 70])
def test_a_tone_is_heard_at_its_semitone(semitone: int) -> None:
    level = semitone_spectrogram(torch.from_numpy(tone(LOWEST_HZ * 2 ** (semitone / 12), 2.0))).numpy()
    assert level.shape == (int(2 * TOKEN_RATE) + 1, SEMITONES)
    middle = level[10:40]
    assert (middle.argmax(axis=1) == semitone).all()
    beside = [place for place in (semitone - 1, semitone + 1) if 0 <= place < SEMITONES]
    assert (middle[:, beside] < 0.7 * middle[:, [semitone]]).all()


def test_long_sound_in_blocks_is_the_same_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = torch.from_numpy(np.random.default_rng(0).normal(size=4 * SAMPLE_RATE).astype(np.float32))
    whole = semitone_spectrogram(sound)
    monkeypatch.setattr("motionbeat.beats.features._BLOCK_FRAMES", 17)
    torch.testing.assert_close(semitone_spectrogram(sound), whole)


def test_tokens_are_aligned_and_do_not_depend_on_the_level() -> None:
    network = BeatNetwork().eval()
    samples = np.concatenate([np.zeros(2 * SAMPLE_RATE, np.float32), tone(440, 2.0)])
    tokens = sound_tokens(network, samples)
    assert tokens.shape == (int(4 * TOKEN_RATE) + 1, SOUND_DIM) and tokens.dtype == np.float32
    mel = tokens[:, : SOUND_PARTS[0]].max(axis=1)
    assert np.flatnonzero(mel > 3)[0] == pytest.approx(2 * TOKEN_RATE, abs=1)
    np.testing.assert_allclose(sound_tokens(network, 0.1 * samples), tokens, atol=2e-2)


@pytest.mark.parametrize("seconds", [0.1, 3.0, 23.0])
def test_it_listens_to_sound_of_any_length(ear: MusicEar, seconds: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, size=round(seconds * SAMPLE_RATE)).astype(np.float32)
    heard = ear.listen(Audio(noise, SAMPLE_RATE))
    assert (
        heard.layers.shape == (3, int(seconds * TOKEN_RATE) + 1, 32) and heard.times_s.shape == heard.layers.shape[1:2]
    )
    assert np.isfinite(heard.layers).all() and np.linalg.norm(heard.clip) == pytest.approx(1, abs=1e-5)


def test_what_is_hidden_is_not_seen(ear: MusicEar) -> None:
    sound = torch.randn(1, 60, SOUND_DIM)
    hidden = torch.zeros(1, 60, dtype=torch.bool)
    hidden[:, 20:30] = True
    other = sound.clone()
    other[:, 20:30] = torch.randn(10, SOUND_DIM)
    torch.testing.assert_close(ear(sound, hidden)[-1], ear(other, hidden)[-1])
    assert (ear(sound)[-1] - ear(other)[-1]).abs().max() > 1e-2


def test_weights_round_trip(ear: MusicEar, tmp_path: Path) -> None:
    ear.save_pretrained(tmp_path)
    sound = torch.randn(1, 30, SOUND_DIM)
    again = MusicEar.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(again(sound)[-1], ear(sound)[-1])
    assert not any(weight.requires_grad for weight in MusicEar().pulse.parameters())


def test_filling_loss_counts_hidden_tokens_only_and_each_part_the_same() -> None:
    sound = torch.zeros(2, 10, SOUND_DIM)
    hidden = torch.zeros(2, 10, dtype=torch.bool)
    hidden[0, 3] = True
    wrong = sound.clone()
    wrong[1] = 5
    assert filling_loss(wrong, sound, hidden) == 0
    wrong[0, 3, : SOUND_PARTS[0]] = 3
    assert filling_loss(wrong, sound, hidden) == pytest.approx(9 / 3)
    wrong[0, 3] = 0
    wrong[0, 3, -SOUND_PARTS[2] :] = 3
    assert filling_loss(wrong, sound, hidden) == pytest.approx(9 / 3)


def test_telling_loss_is_small_when_windows_of_a_piece_are_alike() -> None:
    pieces = torch.eye(6)
    loss, found = telling_loss(torch.cat([pieces, pieces]))
    assert loss < 1e-3 and found == 1
    _, lost = telling_loss(torch.cat([pieces, pieces.roll(1, dims=0)]))
    assert lost == 0


def stretches(pieces: int, seed: int = 0) -> list[Stretch]:
    """Two stretches of each piece; a piece is a colour, with noise on it."""
    rng = np.random.default_rng(seed)
    made = []
    for piece in range(pieces):
        colour = rng.normal(0, 1, SOUND_DIM)
        made += [
            Stretch((colour + rng.normal(0, 1, (t, SOUND_DIM))).astype(np.float16), f"{piece}") for t in (60, 300)
        ]
    return made


def test_batches_hold_two_windows_of_each_piece_and_hide_about_half() -> None:
    sampler = SoundSampler(stretches(12), 0)
    shares = []
    for _ in range(10):
        batch = sampler.batch(8)
        assert batch.sound.shape[0] == 16 and batch.sound.shape[:2] == batch.hidden.shape
        assert 50 <= batch.sound.shape[1] <= 200
        shares.append(batch.hidden.float().mean().item())
        pulse = batch.sound[..., -SOUND_PARTS[2] :].mean(dim=1)
        nearest = torch.cdist(pulse[:8], pulse[8:]).argmin(dim=1)
        assert (nearest == torch.arange(8)).all()
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)


def write(folder: Path, made: list[Stretch]) -> None:
    folder.mkdir()
    for number, stretch in enumerate(made):
        np.savez(folder / f"{stretch.piece}--{number}.npz", sound=stretch.sound)


def test_training_learns_goes_on_and_says_how_it_did(tmp_path: Path) -> None:
    write(tmp_path / "music", stretches(60))
    command = ["--music", str(tmp_path / "music"), "--out", str(tmp_path / "ear"), "--width", "32", "--heads", "2"]
    command += ["--layers", "1", "--batch", "8", "--lr", "3e-3", "--save-every", "30", "--mixed-precision", "no"]
    assert train_ear.main([*command, "--steps", "30"]) == 0
    assert train_ear.main([*command, "--steps", "60", "--resume"]) == 0
    rows = [json.loads(line) for line in (tmp_path / "ear" / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [10, 20, 30, 40, 50, 60]
    assert rows[-1]["telling"] < 0.7 * rows[0]["telling"] and rows[-1]["filling"] < rows[0]["filling"]
    assert len((tmp_path / "ear" / "held_out.jsonl").read_text().splitlines()) == 2
    assert MusicEar.from_pretrained(tmp_path / "ear").sound_std.std() > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--music", "nowhere"], "no sound tokens"),
        (["--batch", "1"], "--batch 2 or more"),
        (["--lr", "0"], "--lr above 0"),
    ],
)
def test_training_refuses_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    write(tmp_path / "music", stretches(3))
    command = ["--music", str(tmp_path / "music"), "--out", str(tmp_path / "ear"), *arguments]
    assert train_ear.main(command) == 2
    assert said in capsys.readouterr().err and not (tmp_path / "ear").exists()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a--0.npz").write_bytes(b"not a file of numbers")
    with pytest.raises(UserError, match=r"a--0\.npz"):
        load_stretches(tmp_path)
    np.savez(tmp_path / "a--0.npz", sound=np.zeros((4, 3)))
    with pytest.raises(UserError, match=str(SOUND_DIM)):
        load_stretches(tmp_path)


def test_recordings_become_stretches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import soundfile

    songs = tmp_path / "songs"
    songs.mkdir()
    soundfile.write(songs / "long.wav", tone(330, 20.0), SAMPLE_RATE)
    soundfile.write(songs / "short.wav", tone(330, 2.0), SAMPLE_RATE)
    (songs / "broken.wav").write_bytes(b"RIFF")
    assert ear_set.main(["--recordings", str(songs), "--out", str(tmp_path / "set")]) == 0
    assert "broken.wav" in capsys.readouterr().err
    made = load_stretches(tmp_path / "set")
    assert len(made) == 2 and len({stretch.piece for stretch in made}) == 1
    assert ear_set.main(["--out", str(tmp_path / "none")]) == 2
