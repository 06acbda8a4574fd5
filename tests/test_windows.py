"""Training windows: counted in beats, from downbeats on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dancegen.beat_time import FRAMES_PER_BEAT, WINDOW_BEATS, beat_frames, motion_at
from dancegen.denoiser import DanceDenoiser
from dancegen.train import denoising_loss, make_scheduler
from dancegen.windows import TEMPO_SPREAD, WindowSampler
from motionbeat.beats import BeatGrid
from motionbeat.encoder import CLOCK_DIM
from motionbeat.motion_features import CONTACT, motion_to_features
from motionbeat.pairs import Pair
from motionbeat.tokens import slot_grid

from .test_training import stepping

WINDOW = WINDOW_BEATS * FRAMES_PER_BEAT


def pair(name: str, period_s: float, style: str = "pop", beats: int = 40, meter: int = 4, faulty: float = 0.0) -> Pair:
    """A stepping body, a step a beat, to music of that beat; its first ``faulty`` seconds are not sound."""
    motion = stepping(period_s, beats * period_s, seed=1)
    grid = BeatGrid.steady(60 / period_s, motion.duration, meter)
    slots = slot_grid(grid)
    valid = np.arange(len(motion)) >= faulty * 30
    nothing = np.zeros((3, len(slots), 67), np.float16)
    return Pair(name, name, style, motion, valid, grid, slots, np.zeros((len(slots), 320), np.uint8), nothing, True,
                "train", name)  # fmt: skip


def place(pair: Pair) -> np.ndarray:
    """Tokens that say in which beat of the song a slot lies."""
    return (np.arange(len(pair.slots)) / 4)[:, None].astype(np.float32)


def test_windows_begin_with_bars_and_carry_what_is_heard_there() -> None:
    sampler = WindowSampler([pair("a", 0.5)], place, ("pop",), WINDOW, 0, augment=False)
    batch = sampler.batch(24)
    assert batch.motion.shape == (24, WINDOW, 151) and batch.music.shape == (24, WINDOW, 1 + CLOCK_DIM)
    clock = batch.music[..., 1:].numpy()
    np.testing.assert_allclose(clock[:, 0, :4], 0, atol=1e-5)
    np.testing.assert_allclose(clock[:, ::64, 4:8], 1, atol=1e-5)
    # a token is heard in the middle of its slot, an eighth of a beat after its beginning
    heard = batch.music[:, FRAMES_PER_BEAT, 0].numpy() + 0.125
    np.testing.assert_allclose(heard % 4, 1.0, atol=1e-4)
    assert len(np.unique(heard.round(3))) > 3


def test_what_lies_before_a_dance_begins_and_after_it_ends_is_not_trained_on() -> None:
    whole = pair("a", 0.5, beats=60)
    poses, trans = whole.motion.poses.copy(), whole.motion.trans.copy()
    poses[:210], trans[:210] = poses[210], trans[210]  # waits for 7 s, until beat 14
    poses[750:], trans[750:] = poses[750], trans[750]  # stands from beat 50 on
    waiting = replace(whole, motion=replace(whole.motion, poses=poses, trans=trans))
    batch = WindowSampler([waiting], place, ("pop",), WINDOW, 0, augment=False).batch(200)
    begins = batch.music[:, 0, 0].numpy().round()
    assert begins.min() >= 12 and begins.max() <= 40
    moves = batch.motion.diff(dim=1).abs().sum(dim=2)
    # a second and a half is looked at together, so that a little of the rest stays beside the dance
    assert ((moves == 0) & (batch.valid[:, 1:] > 0)).float().mean() < 0.05


def test_one_dance_at_two_tempi_is_one_window() -> None:
    windows = []
    for period_s in (0.5, 0.61):
        sampler = WindowSampler([pair("a", period_s)], place, ("pop",), WINDOW, 0, augment=False)
        windows.append(sampler.batch(1).motion[0].numpy())
    values = np.delete(np.arange(151), CONTACT)
    assert np.abs(windows[0] - windows[1])[:, values].max() < 0.06
    assert np.abs(windows[0] - windows[0].mean(axis=0))[:, values].max() > 0.3


def test_the_tempo_is_said_with_some_spread() -> None:
    sampler = WindowSampler([pair("a", 0.5)], place, ("pop",), WINDOW, 0)
    said = sampler.batch(200).music[:, :, -1].numpy()
    assert np.ptp(said, axis=1).max() == 0
    assert said[:, 0].std() == pytest.approx(TEMPO_SPREAD, rel=0.3)


def test_who_dances_alone_is_also_mirrored_and_who_holds_a_partner_is_not() -> None:
    alone = pair("a", 0.5)
    batch = WindowSampler([alone], place, ("pop",), WINDOW, 0).batch(40)
    plain, image = (
        torch.from_numpy(motion_to_features(motion_at(beat_frames(m.grid, m.motion.duration), motion)))
        for m, motion in ((alone, alone.motion), (alone, alone.motion.mirrored()))
    )
    values = [i for i in range(151) if i not in range(CONTACT.start, CONTACT.stop)]
    starts = range(0, len(plain) - WINDOW + 1, 4 * FRAMES_PER_BEAT)

    def off(window: torch.Tensor, whole: torch.Tensor) -> float:
        return min(float((window - whole[s : s + WINDOW])[:, values].abs().max()) for s in starts)

    sides = [(off(window, plain) < 1e-3, off(window, image) < 1e-3) for window in batch.motion]
    assert set(sides) == {(True, False), (False, True)}
    couple = WindowSampler([replace(alone, style="waltz")], place, ("waltz",), WINDOW, 0).batch(40)
    assert all(off(window, plain) < 1e-3 < off(window, image) for window in couple.motion)


def test_energy_is_counted_within_a_style() -> None:
    pairs = [pair("a", 0.5), pair("b", 1.0), pair("c", 0.45, "salsa"), pair("d", 0.9, "salsa")]
    sampler = WindowSampler(pairs, place, ("pop", "salsa"), WINDOW, 0, augment=False)
    batch = sampler.batch(200)
    for style in (1, 2):
        energy = batch.energy[batch.style == style].numpy()
        # half of the windows at twice the speed of the others
        assert np.abs(np.abs(energy) - 1).max() < 0.15 and energy.min() < 0 < energy.max()


def test_unsound_windows_are_left_out() -> None:
    sampler = WindowSampler([pair("a", 0.5, faulty=10.0)], place, ("pop",), WINDOW, 0, augment=False)
    assert sampler.batch(64).valid.mean(dim=1).min() >= 0.8
    nothing = WindowSampler([pair("a", 0.5), pair("b", 0.5, faulty=100.0)], place, ("pop",), WINDOW, 0)
    assert len(nothing.takes) == 2


def test_high_noise_is_drawn_more_often() -> None:
    torch.manual_seed(0)
    denoiser = DanceDenoiser(1 + CLOCK_DIM, ("pop",), width=16, heads=2, layers=1)
    batch = WindowSampler([pair("a", 0.5)], place, ("pop",), WINDOW, 0).batch(64)
    drawn = []

    def listen(noisy: torch.Tensor, steps: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        drawn.append(steps)
        return noisy

    for _ in range(40):
        denoising_loss(listen, denoiser, batch, make_scheduler())  # type: ignore[arg-type]
    steps = torch.cat(drawn)
    assert steps.min() >= 0 and steps.max() <= 999
    for share in (0.2, 0.5, 0.9):
        assert (steps >= 1000 * share).float().mean().item() == pytest.approx((1 - share) ** 0.5, abs=0.03)
