import math

import numpy as np
import pytest
import torch

from motionbeat.beats import BeatGrid
from motionbeat.encoder import MotionBeat, PhaseRotation, bar_clock
from motionbeat.losses import embodied_contrastive_loss
from motionbeat.motion_tokens import MOTION_TOKEN_DIM
from motionbeat.tokens import TOKEN_DIM, slot_grid


def tiny() -> MotionBeat:
    torch.manual_seed(0)
    return MotionBeat(width=32, heads=2, phase_blocks=2, plain_layers=1, projection=16).eval()


def steady_grid(beats: int = 33, meter: int = 4, period: float = 0.5) -> BeatGrid:
    times = np.arange(beats) * period
    return BeatGrid(times, times[::meter], meter, 60 / period, 1.0)


@pytest.mark.parametrize("meter", [3, 4])
def test_rotation_by_a_bar_is_nothing_and_by_beats_is_one_fixed_rotation(meter: int) -> None:
    torch.manual_seed(1)
    rotate = PhaseRotation(32, 4)
    x = torch.randn(2, 12, 32, dtype=torch.float64)
    theta = 2 * math.pi * torch.rand(2, 12, dtype=torch.float64)
    torch.testing.assert_close(rotate(x, theta + 2 * math.pi), rotate(x, theta), atol=1e-6, rtol=0)
    for beats in range(1, meter):
        angle = torch.full((2, 12), 2 * math.pi * beats / meter, dtype=torch.float64)
        torch.testing.assert_close(rotate(x, theta + angle), rotate(rotate(x, theta), angle), atol=1e-6, rtol=0)
        assert (rotate(x, theta + angle) - rotate(x, theta)).abs().max() > 0.1


def test_moving_the_labels_by_a_bar_changes_nothing_and_by_a_beat_changes_the_clip() -> None:
    model = tiny()
    tokens = torch.rand(1, 64, TOKEN_DIM)
    theta = (2 * math.pi / 16 * torch.arange(64))[None].float()
    z, heard = model.embed_audio(tokens, theta)
    z_bar, heard_bar = model.embed_audio(tokens, theta + 2 * math.pi)
    torch.testing.assert_close(heard_bar, heard, atol=1e-4, rtol=0)
    torch.testing.assert_close(z_bar, z, atol=1e-4, rtol=0)
    z_beat, _ = model.embed_audio(tokens, theta + math.pi / 2)
    assert (z_beat - z).abs().max() > 1e-3


@pytest.mark.parametrize("rotation", ["qk", "none"])
@pytest.mark.parametrize("meter", [3, 4])
def test_bar_pooling_turns_with_the_bar_and_products_do_not_change(rotation: str, meter: int) -> None:
    torch.manual_seed(0)
    model = MotionBeat(
        width=32, heads=2, phase_blocks=2, plain_layers=1, projection=32, rotation=rotation, pooling="bar"
    ).eval()
    music, dance = torch.rand(3, 48, TOKEN_DIM), torch.randn(3, 48, MOTION_TOKEN_DIM)
    contact = torch.rand(3, 48)
    theta = (2 * math.pi / (4 * meter) * torch.arange(48)).expand(3, -1)
    z_a, heard = model.embed_audio(music, theta)
    z_m, _ = model.embed_motion(dance, theta, contact)
    torch.testing.assert_close(z_a.norm(dim=1), torch.ones(3))
    for slots in (1, 4, 4 * meter):
        turned = theta + 2 * math.pi * slots / (4 * meter)
        y_a, heard_again = model.embed_audio(music, turned)
        y_m, _ = model.embed_motion(dance, turned, contact)
        torch.testing.assert_close(heard_again, heard, atol=1e-4, rtol=0)
        torch.testing.assert_close((y_a * y_m).sum(dim=1), (z_a * z_m).sum(dim=1), atol=1e-4, rtol=0)
        # the quarter that says what the music is like stays, the first pair turns by the first harmonic
        torch.testing.assert_close(y_a[:, :8], z_a[:, :8], atol=1e-4, rtol=0)
        before, after = (torch.complex(z[:, 8], z[:, 9]) for z in (z_a, y_a))
        turn = torch.tensor(2j * math.pi * slots / (4 * meter)).exp().to(after.dtype)
        torch.testing.assert_close(after, before * turn, atol=1e-4, rtol=0)


def test_unknown_switches_are_refused() -> None:
    for switch in ("rotation", "pooling", "contact_guidance"):
        with pytest.raises(ValueError, match="must be one of"):
            MotionBeat(width=32, heads=2, **{switch: "other"})
    with pytest.raises(ValueError, match="rhythm heads"):
        tiny().audio_accents(torch.zeros(1, 4, 32))


@pytest.mark.parametrize("guidance", ["gate", "none"])
def test_contacts_matter_in_a_gate_and_not_without_guidance(guidance: str) -> None:
    torch.manual_seed(0)
    model = MotionBeat(width=32, heads=2, phase_blocks=1, plain_layers=1, contact_guidance=guidance).eval()
    dance, theta, contact = torch.randn(2, 16, MOTION_TOKEN_DIM), torch.zeros(2, 16), torch.zeros(2, 16)
    quiet, _ = model.embed_motion(dance, theta, contact)
    contact[:, 5] = 1
    struck, _ = model.embed_motion(dance, theta, contact)
    assert ((quiet - struck).abs().max() > 1e-4) == (guidance == "gate")


def test_contact_guidance_draws_attention_to_the_struck_token() -> None:
    model = tiny()
    block = model.motion.phase_blocks[0]
    assert block.contact_gain is not None
    assert model.audio.phase_blocks[0].contact_gain is None
    x, theta = torch.randn(1, 8, 32), torch.zeros(1, 8)
    struck = torch.zeros(1, 8)
    plain = block(x, theta, struck)
    struck[0, 3] = 1
    with torch.no_grad():
        block.contact_gain.fill_(50.0)
        heard_only_token_3 = block(x, theta, struck)
        v = block.qkv(block.rotate(x, theta)).unflatten(-1, (3, 2, -1))[:, 3, 2].flatten(-2)
        expected = block.norm(x + block.out(v)[:, None])
    torch.testing.assert_close(heard_only_token_3, expected, atol=1e-4, rtol=0)
    assert (plain - heard_only_token_3).abs().max() > 1e-3


def test_save_and_load_give_the_same_embeddings(tmp_path) -> None:
    model = tiny()
    model.save_pretrained(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.json", "diffusion_pytorch_model.safetensors"]
    loaded = MotionBeat.from_pretrained(tmp_path).eval()
    tokens, theta, contact = torch.rand(1, 64, MOTION_TOKEN_DIM), torch.rand(1, 64), torch.rand(1, 64)
    torch.testing.assert_close(
        loaded.embed_motion(tokens, theta, contact)[0], model.embed_motion(tokens, theta, contact)[0]
    )


@pytest.mark.parametrize("beats", [6, 17, 41])
def test_embed_slots_gives_every_slot_a_token_at_any_length(beats: int) -> None:
    model = tiny()
    slots = slot_grid(steady_grid(beats))
    clip, tokens, _ = model.embed_slots(np.random.default_rng(0).random((len(slots), TOKEN_DIM)), slots)
    assert tokens.shape == ((beats - 1) * 4, 32)
    assert np.isfinite(tokens).all()
    assert np.linalg.norm(clip) == pytest.approx(1, abs=1e-5)


def test_bar_clock_counts_beats_and_bars() -> None:
    clock = bar_clock(np.arange(120) / 15 % 4, 4, 0.5)
    assert clock.shape == (120, 9)
    beat_sine, bar_sine = clock[:, 0], clock[:, 1]
    np.testing.assert_allclose(beat_sine[::15], 0, atol=1e-5)
    assert bar_sine[15] == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(clock[:60], clock[60:], atol=1e-4)
    assert clock[0, 8] == pytest.approx(0)


def test_contrastive_loss_by_hand_and_masking() -> None:
    audio = torch.eye(2, 4)
    motion = torch.eye(2, 4)
    negative = torch.zeros(2, 1, 4)
    negative[:, 0, 2] = 1
    apart = torch.zeros(2, 2, dtype=torch.bool)
    loss = embodied_contrastive_loss(audio, motion, negative, negative, apart, temperature=0.5)
    # own motion scores e^2, the other dance and both hard negatives e^0
    assert loss.item() == pytest.approx(-math.log(math.e**2 / (math.e**2 + 3)), abs=1e-6)
    masked = embodied_contrastive_loss(audio, motion, negative, negative, ~apart, temperature=0.5)
    assert masked.item() == pytest.approx(-math.log(math.e**2 / (math.e**2 + 2)), abs=1e-6)
