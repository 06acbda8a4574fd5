"""Hearing through the beat network: tokens, and encoders that carry it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from motionbeat.assets import asset_path
from motionbeat.audio import SAMPLE_RATE, Audio, load_audio
from motionbeat.beats import tracker
from motionbeat.beats.grid import BeatGrid
from motionbeat.beats.network import BeatNetwork
from motionbeat.beats.tracker import hear, pulse_features, shipped_tracker
from motionbeat.ear import MUSIC_LAYER, MUSIC_TOKEN_DIM, TOKEN_RATE, music_tokens, shipped_ear
from motionbeat.encoder import AUDIO_TOKEN_DIM, MUSIC_GAIN, MotionBeat
from motionbeat.model_files import load_model
from motionbeat.tokens import PULSE_TOKEN_DIM, TOKEN_DIM, pulse_tokens, slot_grid

TINY = {"width": 16, "heads": 2, "phase_blocks": 1, "plain_layers": 1, "projection": 32, "pooling": "bar"}
BEAT, DOWNBEAT = 64, 65


@pytest.fixture(scope="module")
def song() -> Audio:
    return load_audio(asset_path("songs", "demo_4-4.ogg"), duration_s=20.0)


@pytest.fixture(scope="module")
def network() -> BeatNetwork:
    return shipped_tracker().network


def test_features_are_what_the_tracker_hears_and_blocks_do_not_show(
    song: Audio, network: BeatNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pulse_features(network, song.samples)
    heard = hear(network, song.samples, pitches=(0.0,))
    inside = slice(50, -50)  # the tracker goes silent at both ends
    np.testing.assert_allclose(whole[inside, BEAT], heard.beat[inside], atol=1e-5)
    np.testing.assert_allclose(whole[inside, DOWNBEAT], heard.downbeat[inside], atol=1e-5)
    assert whole.shape == (len(heard.beat), PULSE_TOKEN_DIM) and whole.dtype == np.float32
    monkeypatch.setattr(tracker, "_BLOCK_FRAMES", 170)
    np.testing.assert_allclose(pulse_features(network, song.samples), whole, atol=2e-4)


def test_tokens_tell_beats_and_downbeats_from_the_slots_between(song: Audio, network: BeatNetwork) -> None:
    # 120 beats a minute from the first sample on, which is what the song was written with
    slots = slot_grid(BeatGrid.steady(120, 20.0, 4, confidence=1.0))
    tokens = pulse_tokens(network, song, slots)
    assert tokens.shape == (len(slots), PULSE_TOKEN_DIM)
    on_beat = np.isclose(slots.phase % 1, 0)
    assert tokens[on_beat, BEAT].mean() > 5 * tokens[~on_beat, BEAT].mean()
    on_bar = np.isclose(slots.phase, 0)
    assert tokens[on_bar, DOWNBEAT].mean() > 3 * tokens[~on_bar, DOWNBEAT].mean()
    higher = pulse_tokens(network, song, slots, pitch=3.0)
    assert 0.001 < np.abs(higher - tokens).mean() < np.abs(tokens - tokens.mean(axis=0)).mean()


def test_a_token_is_the_mean_of_the_frames_of_its_slot(network: BeatNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = np.tile(np.arange(500, dtype=np.float32)[:, None], (1, PULSE_TOKEN_DIM))
    monkeypatch.setattr("motionbeat.tokens.pulse_features", lambda *_: frames)
    slots = slot_grid(BeatGrid.steady(75, 9.0, 4))  # a slot lasts 0.2 s, ten frames, and begins 2.5 frames early
    tokens = pulse_tokens(network, Audio(np.zeros(9 * SAMPLE_RATE, np.float32)), slots)
    np.testing.assert_allclose(tokens[1:, 0], slots.times_s[1:] * 50 - 2.5 + 4.5, atol=0.51)


def test_an_encoder_carries_the_network_it_hears_through(tmp_path: Path, song: Audio, network: BeatNetwork) -> None:
    model = MotionBeat(**TINY, hearing="pulse", audio_mean=[0.1] * PULSE_TOKEN_DIM, audio_std=[2.0] * PULSE_TOKEN_DIM)
    model.ear.load_state_dict(network.state_dict())
    model.save_pretrained(tmp_path)
    loaded = load_model(tmp_path, MotionBeat)
    grid = BeatGrid.steady(120, song.duration, 4, confidence=1.0)
    music = loaded.encode_audio(song, grid)
    slots = slot_grid(grid)
    clip, tokens, _ = model.eval().embed_slots(pulse_tokens(network, song, slots), slots)
    np.testing.assert_allclose(music.clip, clip, atol=1e-5)
    np.testing.assert_allclose(music.tokens, tokens, atol=1e-4)


def test_the_ear_is_never_trained() -> None:
    model = MotionBeat(**TINY, hearing="pulse").train()
    assert model.audio.training and not model.ear.training
    assert not any(parameter.requires_grad for parameter in model.ear.parameters())


def test_tokens_are_normalised_channel_by_channel() -> None:
    mean, std = np.linspace(-1, 1, PULSE_TOKEN_DIM), np.linspace(0.5, 2, PULSE_TOKEN_DIM)
    torch.manual_seed(0)
    plain = MotionBeat(**TINY, hearing="pulse").eval()
    told = MotionBeat(**TINY, hearing="pulse", audio_mean=mean.tolist(), audio_std=std.tolist()).eval()
    told.load_state_dict(plain.state_dict())
    tokens, theta = torch.randn(1, 8, PULSE_TOKEN_DIM), torch.zeros(1, 8)
    moved = (tokens * torch.tensor(std) + torch.tensor(mean)).float()
    torch.testing.assert_close(told.embed_audio(moved, theta)[0], plain.embed_audio(tokens, theta)[0])


def test_an_encoder_that_hears_the_music_too(tmp_path: Path, song: Audio, network: BeatNetwork) -> None:
    torch.manual_seed(0)
    width = AUDIO_TOKEN_DIM["pulse+music"]
    model = MotionBeat(**TINY, hearing="pulse+music", audio_mean=[0.1] * width, audio_std=[2.0] * width).train()
    assert model.audio.training and not model.music.training and not model.music.pulse.training
    assert not any(parameter.requires_grad for parameter in model.music.parameters())
    model.music.load_state_dict(shipped_ear().state_dict())
    model.save_pretrained(tmp_path)
    loaded = load_model(tmp_path, MotionBeat)
    grid = BeatGrid.steady(120, song.duration, 4, confidence=1.0)
    slots = slot_grid(grid)
    tokens = np.concatenate([pulse_tokens(network, song, slots), music_tokens(shipped_ear(), song, slots)], axis=1)
    expected = model.eval().embed_slots(tokens, slots)[1]
    np.testing.assert_allclose(loaded.encode_audio(song, grid).tokens, expected, atol=2e-3)
    # the pulse is louder than the music
    assert loaded.token_std[PULSE_TOKEN_DIM - 1] == 2
    assert loaded.token_std[PULSE_TOKEN_DIM].item() == pytest.approx(2 / MUSIC_GAIN)


def test_the_ear_s_tokens_are_the_means_of_its_layer(song: Audio) -> None:
    slots = slot_grid(BeatGrid.steady(75, song.duration, 4))  # a slot lasts 0.2 s, five of the ear's tokens
    heard = shipped_ear().listen(song)
    tokens = music_tokens(shipped_ear(), song, slots)
    assert tokens.shape == (len(slots), MUSIC_TOKEN_DIM)
    first = round((slots.times_s[10] - 0.05) * TOKEN_RATE)
    np.testing.assert_allclose(tokens[10], heard.layers[MUSIC_LAYER][first : first + 5].mean(axis=0), atol=1e-4)


def test_mel_encoders_have_no_ear_and_unknown_hearings_are_refused() -> None:
    model = MotionBeat(**TINY)
    assert model.ear is None and model.audio.stem[0].in_features == TOKEN_DIM
    with pytest.raises(ValueError, match=r"'radio' must be one of pulse, pulse\+music, mel"):
        MotionBeat(**TINY, hearing="radio")
