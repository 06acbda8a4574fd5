"""The training losses of the encoder, and the soft-DTW they rest on, against independent definitions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import librosa
import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from torch.autograd import gradcheck

from motionbeat.losses import (
    accent_entropy,
    anchor_loss,
    bar_alignment_loss,
    beat_alignment_loss,
    embodied_contrastive_loss,
)
from motionbeat.soft_dtw import soft_dtw, soft_dtw_divergence

BANDS = (None, 0, 1, 2, 3, 9)

# tslearn 0.10.0, tslearn.metrics.soft_dtw(x, y, gamma), whose cost is the squared difference too.
TSLEARN_VALUES = (
    ([0.0, 0.2, 1.0, 0.1, 0.0, 0.7, 0.3, 0.0], [0.1, 0.0, 0.0, 0.9, 0.2, 0.0, 0.8, 0.1], 0.1, -0.1259991689915114),
    ([0.0, 0.2, 1.0, 0.1, 0.0, 0.7, 0.3, 0.0], [0.1, 0.0, 0.0, 0.9, 0.2, 0.0, 0.8, 0.1], 1.0, -8.14853618267031),
    ([-1.0, 2.0, 0.5, 0.0, 1.5], [0.0, 1.0, 1.0, -2.0, 0.25], 0.1, 7.761728028001409),
    ([-1.0, 2.0, 0.5, 0.0, 1.5], [0.0, 1.0, 1.0, -2.0, 0.25], 1.0, 5.756377622378543),
)


def random_signals(*shape: int, seed: int = 0, count: int = 2) -> list[torch.Tensor]:
    """``count`` float64 tensors in [0, 1) that ask for gradients."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(*shape, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(count)]


def random_pulses(rows: int, slots: int, seed: int) -> torch.Tensor:
    """A pulse of 0.5 to 1 in about every fourth slot, at no regular distance."""
    generator = torch.Generator().manual_seed(seed)
    place = torch.rand(rows, slots, generator=generator) < 0.25
    return place * (0.5 + 0.5 * torch.rand(rows, slots, generator=generator))


def alignments(length: int, band: int | None) -> Iterator[list[tuple[int, int]]]:
    """Every monotone path from (0, 0) to (length - 1, length - 1) by single steps, inside the band."""

    def onwards(path: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
        i, j = path[-1]
        if i == j == length - 1:
            yield path
            return
        for a, b in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
            if a < length and b < length and (band is None or abs(a - b) <= band):
                yield from onwards([*path, (a, b)])

    return onwards([(0, 0)])


def alignment_costs(x: np.ndarray, y: np.ndarray, band: int | None) -> np.ndarray:
    return np.array([sum((x[i] - y[j]) ** 2 for i, j in path) for path in alignments(len(x), band)])


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("length", [1, 2, 5, 6])
def test_soft_dtw_is_the_soft_minimum_over_all_alignments(length: int, band: int | None) -> None:
    x, y = random_signals(3, length, seed=length)
    for gamma in (0.05, 1.0):
        expected = [
            -gamma * scipy.special.logsumexp(-alignment_costs(a, b, band) / gamma)
            for a, b in zip(x.detach().numpy(), y.detach().numpy(), strict=True)
        ]
        np.testing.assert_allclose(soft_dtw(x, y, gamma, band).detach(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("x", "y", "gamma", "expected"), TSLEARN_VALUES)
def test_soft_dtw_agrees_with_tslearn(x: list[float], y: list[float], gamma: float, expected: float) -> None:
    value = soft_dtw(torch.tensor([x], dtype=torch.float64), torch.tensor([y], dtype=torch.float64), gamma)
    assert value.item() == pytest.approx(expected, rel=1e-10)


def test_soft_dtw_becomes_hard_dtw() -> None:
    x, y = (signal.detach() for signal in random_signals(4, 40))
    hard = [
        librosa.sequence.dtw(a[None], b[None], metric="sqeuclidean", backtrack=False)[-1, -1]
        for a, b in zip(x.numpy(), y.numpy(), strict=True)
    ]
    np.testing.assert_allclose(soft_dtw(x, y, 1e-6), hard, atol=1e-4)
    # without room to warp, the plain squared distance is left
    torch.testing.assert_close(soft_dtw(x, y, 0.1, band=0), (x - y).square().sum(dim=1))
    assert (soft_dtw(x, y, 1e-6, band=2).numpy() > np.array(hard) + 1e-3).all()


@pytest.mark.parametrize("band", BANDS)
def test_gradients_of_soft_dtw(band: int | None) -> None:
    signals = random_signals(2, 7)
    assert gradcheck(lambda x, y: soft_dtw(x, y, 0.3, band), signals)
    assert gradcheck(lambda x, y: soft_dtw_divergence(x, y, 0.3, band), signals)


def test_float32_is_enough_for_a_clip() -> None:
    x, y = random_signals(8, 64)
    short_x, short_y = (signal.detach().float().requires_grad_() for signal in (x, y))
    exact, single = soft_dtw_divergence(x, y, 0.1, 4), soft_dtw_divergence(short_x, short_y, 0.1, 4)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), exact, rtol=1e-4, atol=1e-4)
    exact.sum().backward()
    single.sum().backward()
    for short, long in ((short_x, x), (short_y, y)):
        assert short.grad is not None
        torch.testing.assert_close(short.grad.double(), long.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("band", [None, 4])
def test_divergence_is_zero_for_equal_and_positive_for_different_sequences(band: int | None) -> None:
    x, y = (signal.detach() for signal in random_signals(32, 24))
    torch.testing.assert_close(soft_dtw_divergence(x, x, 0.1, band), torch.zeros(32, dtype=torch.float64))
    assert (soft_dtw_divergence(x, y, 0.1, band) > 0.1).all()
    # soft-DTW itself is no distance: a sequence of no shape is closer to x than x is
    assert (soft_dtw(x, x, 0.1, band) < 0).all()


def test_soft_dtw_takes_part_of_a_batch_as_it_would_alone() -> None:
    x, y = (signal.detach() for signal in random_signals(5, 12))
    alone = torch.cat([soft_dtw(x[i : i + 1], y[i : i + 1], 0.1, 3) for i in range(5)])
    torch.testing.assert_close(soft_dtw(x, y, 0.1, 3), alone)


@pytest.mark.parametrize(
    ("x", "y", "gamma", "band", "words"),
    [
        ((2, 5), (2, 6), 0.1, None, "one shape"),
        ((5,), (5,), 0.1, None, "one shape"),
        ((2, 0), (2, 0), 0.1, None, "one shape"),
        ((2, 5), (2, 5), 0.0, None, "gamma"),
        ((2, 5), (2, 5), float("nan"), None, "gamma"),
        ((2, 5), (2, 5), 0.1, -1, "band"),
    ],
)
def test_soft_dtw_refuses(x: tuple[int, ...], y: tuple[int, ...], gamma: float, band: int | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        soft_dtw(torch.zeros(x), torch.zeros(y), gamma, band)


def test_beat_alignment_is_the_mean_divergence_of_both_sides() -> None:
    accents_hat, contacts_hat, onsets, contacts = (signal.detach() for signal in random_signals(3, 16, count=4))
    by_audio = soft_dtw_divergence(accents_hat, contacts, 0.2, 3)
    by_motion = soft_dtw_divergence(onsets, contacts_hat, 0.2, 3)
    loss = beat_alignment_loss(accents_hat, contacts_hat, onsets, contacts, gamma=0.2, band=3)
    assert loss.item() == pytest.approx(((by_audio + by_motion) / 32).mean().item())


def test_constant_heads_are_no_optimum() -> None:
    onsets, contacts = random_pulses(8, 64, seed=1), random_pulses(8, 64, seed=2)
    generator = torch.Generator().manual_seed(3)
    noise = 0.1 * torch.randn(2, 8, 64, generator=generator)
    good = beat_alignment_loss((contacts + noise[0]).clamp(0, 1), (onsets + noise[1]).clamp(0, 1), onsets, contacts)
    levels = [torch.full_like(onsets, level) for level in np.linspace(0, 1, 21)]
    losses = torch.stack([beat_alignment_loss(level, level, onsets, contacts) for level in levels])
    assert losses.min() > 3 * good
    # nor does descent rest at the best of them
    accents_hat, contacts_hat = (levels[int(losses.argmin())].clone().requires_grad_() for _ in range(2))
    optimizer = torch.optim.Adam([accents_hat, contacts_hat], lr=0.05)
    for _ in range(25):
        optimizer.zero_grad()
        beat_alignment_loss(accents_hat, contacts_hat, onsets, contacts).backward()
        optimizer.step()
    assert beat_alignment_loss(accents_hat, contacts_hat, onsets, contacts) < 0.5 * losses.min()
    # the trap: head against head would be content with it
    assert soft_dtw_divergence(levels[3], levels[3], 0.1, 4).abs().max() < 1e-4


def test_a_slot_of_offset_costs_less_than_two_beats() -> None:
    long = random_pulses(16, 80, seed=4)
    signal = long[:, 8:72]

    def loss(offset: int) -> float:
        moved = long[:, 8 - offset : 72 - offset]
        return beat_alignment_loss(moved, moved, signal, signal).item()

    costs = [loss(offset) for offset in (0, 1, 4, 8)]
    assert costs == sorted(costs)
    assert costs[0] == pytest.approx(0, abs=1e-6)
    assert costs[3] > 5 * costs[1]


def test_bar_alignment_is_the_earth_movers_distance_in_beats() -> None:
    accents, energy = (signal.detach() for signal in random_signals(3, 24))
    slots = np.arange(12)
    expected = [
        scipy.stats.wasserstein_distance(slots, slots, p, q) / 4
        for p, q in zip(accents.reshape(-1, 12).numpy(), energy.reshape(-1, 12).numpy(), strict=True)
    ]
    assert bar_alignment_loss(accents, energy, 12, 4).item() == pytest.approx(np.mean(expected), rel=1e-10)
    # neither loudness nor speed counts, only where they are
    assert bar_alignment_loss(5 * accents, 0.2 * energy, 12, 4).item() == pytest.approx(np.mean(expected), rel=1e-10)


def test_bar_alignment_by_hand() -> None:
    accents, energy = torch.zeros(1, 32), torch.zeros(1, 32)
    accents[0, 0] = energy[0, 6] = 1  # first bar: six slots apart, 1.5 beats
    accents[0, 31] = energy[0, 31] = 1  # second bar: together
    assert bar_alignment_loss(accents, energy, 16, 4).item() == pytest.approx(0.75)


def test_bars_without_accents_or_motion_are_left_out() -> None:
    accents, energy = (signal.detach() for signal in random_signals(2, 24))
    full = [bar_alignment_loss(accents[:, k : k + 8], energy[:, k : k + 8], 8) for k in (0, 8, 16)]
    accents[:, 8:16] = 0
    energy[:, 16:] = 0
    accents.requires_grad_()
    energy.requires_grad_()
    loss = bar_alignment_loss(accents, energy, 8)
    assert loss.item() == pytest.approx(full[0].item())
    loss.backward()
    assert accents.grad is not None and energy.grad is not None
    assert accents.grad[:, :8].abs().max() > 0
    assert not accents.grad[:, 8:].any() and not energy.grad[:, 8:].any()  # NaN counts as any


def test_no_bar_left_gives_zero_and_no_gradient() -> None:
    accents = torch.rand(2, 16, requires_grad=True)
    loss = bar_alignment_loss(accents, torch.zeros(2, 16), 16)
    loss.backward()
    assert loss.item() == 0
    assert accents.grad is not None and not accents.grad.any()


def test_accent_entropy() -> None:
    assert accent_entropy(torch.full((2, 32), 0.3), 16).item() == pytest.approx(math.log(16))
    one = torch.zeros(1, 32)
    one[0, 5] = 2.0
    assert accent_entropy(one, 16).item() == 0  # the silent bar is left out
    one[0, [16, 24]] = 1.0
    assert accent_entropy(one, 16).item() == pytest.approx(math.log(2) / 2)
    assert accent_entropy(torch.zeros(1, 32), 16).isnan()


def test_anchor_loss_by_hand() -> None:
    accents_hat, contacts_hat = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, 0.5]])
    onsets, contacts = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 1.0]])
    # mean squared errors 1/2 and 1/8
    assert anchor_loss(accents_hat, contacts_hat, onsets, contacts).item() == pytest.approx(0.3125)
    assert anchor_loss(onsets, contacts, onsets, contacts).item() == 0


def test_gradients_of_the_rhythm_losses() -> None:
    signals = random_signals(2, 12, count=4)
    assert gradcheck(beat_alignment_loss, signals)
    assert gradcheck(anchor_loss, signals)
    assert gradcheck(lambda accents, energy: bar_alignment_loss(accents, energy, 6, 2), signals[:2])


def test_shapes_that_do_not_fit_are_refused() -> None:
    two, four = torch.rand(2, 12), torch.rand(4, 12)
    with pytest.raises(ValueError, match="one shape"):
        beat_alignment_loss(two, two, four, four)
    with pytest.raises(ValueError, match="one shape"):
        anchor_loss(two, two, two, four)
    with pytest.raises(ValueError, match="one shape"):
        bar_alignment_loss(two, four, 12)
    with pytest.raises(ValueError, match="whole bars"):
        bar_alignment_loss(two, two, 16)


@pytest.mark.parametrize(
    "loss",
    [
        lambda heads: beat_alignment_loss(heads[0], heads[1], heads[2], heads[3]),
        lambda heads: bar_alignment_loss(heads[0], heads[3].float(), 16),
        lambda heads: anchor_loss(heads[0], heads[1], heads[2], heads[3]),
    ],
)
def test_bfloat16_heads_are_compared_in_float32(loss: Callable[[list[torch.Tensor]], torch.Tensor]) -> None:
    heads = [signal.detach().bfloat16() for signal in random_signals(4, 64, count=4)]
    plain = [head.clone().requires_grad_() for head in heads]
    cast = [head.clone().requires_grad_() for head in heads]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = loss(cast)
    full = loss([head.float() for head in plain])
    assert mixed.dtype == torch.float32
    assert mixed.item() == pytest.approx(full.item(), rel=1e-6)
    mixed.backward()
    full.backward()
    torch.testing.assert_close(cast[0].grad, plain[0].grad)


def contrastive_inputs() -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
    """Unit vectors of 4 anchors, their motions, 3 tempo and 2 jitter negatives each; and ``same``."""
    generator = torch.Generator().manual_seed(5)
    vectors = tuple(
        torch.nn.functional.normalize(torch.randn(*shape, generator=generator, dtype=torch.float64), dim=-1)
        for shape in ((4, 6), (4, 6), (4, 3, 6), (4, 2, 6))
    )
    same = torch.eye(4, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    return tuple(vector.requires_grad_() for vector in vectors), same


def test_missing_tempo_negatives_count_for_nothing() -> None:
    (audio, motion, tempo, jitter), same = contrastive_inputs()

    def loss(tempo: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        return embodied_contrastive_loss(audio, motion, tempo, jitter, same, tempo_mask=mask)

    assert loss(tempo, torch.ones(4, 3, dtype=torch.bool)).item() == loss(tempo).item()
    torch.testing.assert_close(loss(tempo, torch.tensor([[True, True, False]] * 4)), loss(tempo[:, :2]))
    assert loss(tempo).item() > loss(tempo[:, :2]).item()
    none = loss(tempo, torch.zeros(4, 3, dtype=torch.bool))
    torch.testing.assert_close(none, loss(tempo[:, :0]))
    none.backward()
    assert audio.grad is not None and audio.grad.isfinite().all()
    assert tempo.grad is not None and not tempo.grad.any()


def test_gradients_of_the_contrastive_loss() -> None:
    vectors, same = contrastive_inputs()
    mask = torch.tensor([[True, True, True], [True, False, True], [False, False, False], [True, True, False]])

    for tempo_mask in (mask, None):

        def loss(*embeddings: torch.Tensor, mask: torch.Tensor | None = tempo_mask) -> torch.Tensor:
            audio, motion, tempo, jitter = embeddings
            return embodied_contrastive_loss(audio, motion, tempo, jitter, same, temperature=0.5, tempo_mask=mask)

        assert gradcheck(loss, vectors)
