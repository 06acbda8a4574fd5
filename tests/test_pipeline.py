import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from dancegen.beat_time import FRAMES_PER_BEAT, beat_frames
from dancegen.denoiser import DanceDenoiser, token_gain
from dancegen.losses import LossWeights, motion_loss
from dancegen.pipeline import (
    BASE_DEVIATIONS,
    ENERGY_DEVIATIONS,
    HASTE_DEVIATIONS,
    MOST_CALM,
    MOST_LIVELY,
    OVERLAP_BEATS,
    UNHURRIED,
    Conditions,
    DancePipeline,
    liveliness,
    music_guidance,
    window_starts,
)
from dancegen.solver import FIRST_LAMBDA, make_solver, timesteps_even_in_lambda
from dancegen.steering import HOME_RADIUS_M, homeward
from dancegen.train import begin_with, make_scheduler
from motionbeat.beats import BeatGrid
from motionbeat.encoder import CLOCK_DIM, MusicEmbedding
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.motion_features import CONTACT, motion_to_features

from .test_motion import wander

WIDTH, WINDOW = 12, 192


@pytest.fixture(scope="module")
def pipeline() -> DancePipeline:
    torch.manual_seed(0)
    denoiser = DanceDenoiser(WIDTH + CLOCK_DIM, ("pop", "waltz"), width=32, heads=2, layers=3)
    # give guidance something to do: at initialisation the label and the music's gates are nearly silent
    torch.nn.init.normal_(denoiser.modulation[-1].weight, std=0.2)
    denoiser.style_meter.copy_(torch.tensor([4, 3]))
    denoiser.style_period_s.fill_(0.5)
    denoiser.style_prototype[0, 0] = denoiser.style_prototype[1, 1] = 1
    made = DancePipeline(denoiser.eval(), make_scheduler())
    made.set_progress_bar_config(disable=True)
    return made


def song(frames: int, meter: int = 4, tempo: float = 120.0) -> MusicEmbedding:
    beats = np.arange(0, frames / 30 + 1, 60 / tempo)
    grid = BeatGrid(beats, beats[::meter], meter, tempo, 1.0)
    rng = np.random.default_rng(0)
    clip = np.zeros(128, np.float32)
    clip[0] = 1
    tokens = rng.normal(size=(8, WIDTH)).astype(np.float32)
    return MusicEmbedding(
        clip=clip, clips=clip[None], clip_starts=np.zeros(1, int), tokens=tokens, token_times_s=np.arange(8.0),
        token_phase=np.arange(8) / 4 % meter, onsets=np.zeros(8, np.float32), accents=None,
        levels=np.full(8, 0.5, np.float32), duration_s=frames / 30, grid=grid,
    )  # fmt: skip


def dance(pipeline: DancePipeline, frames: int = 100, seed: int = 0, **options):
    options = {"style": "pop", "num_inference_steps": 3} | options
    return pipeline(song(frames), generator=torch.Generator().manual_seed(seed), **options)


@pytest.mark.parametrize("frames", [1, 20, 180, 181, 500])
def test_any_length_gives_a_dance_of_that_length(pipeline: DancePipeline, frames: int) -> None:
    motion = dance(pipeline, frames).motion
    assert len(motion) == frames
    assert np.isfinite(motion.poses).all() and np.isfinite(motion.trans).all()
    assert motion.contacts is not None and motion.contacts.min() >= 0 and motion.contacts.max() <= 1


def test_same_seed_same_dance_and_other_seed_another(pipeline: DancePipeline) -> None:
    np.testing.assert_array_equal(dance(pipeline).motion.poses, dance(pipeline).motion.poses)
    assert np.abs(dance(pipeline, seed=1).motion.poses - dance(pipeline).motion.poses).max() > 1e-2


def test_saved_and_loaded_pipeline_dances_the_same(pipeline: DancePipeline, tmp_path) -> None:
    pipeline.save_pretrained(tmp_path)
    assert not [p for p in tmp_path.rglob("*") if p.suffix not in ("", ".json", ".safetensors")]
    loaded = DancePipeline.from_pretrained(tmp_path)
    loaded.set_progress_bar_config(disable=True)
    np.testing.assert_array_equal(dance(loaded).motion.poses, dance(pipeline).motion.poses)


def test_guidance_and_style_change_the_dance(pipeline: DancePipeline) -> None:
    plain = dance(pipeline, guidance_scale=1).motion.poses
    assert np.abs(dance(pipeline, guidance_scale=4).motion.poses - plain).max() > 1e-3
    assert np.abs(dance(pipeline, guidance_scale=1, style="waltz").motion.poses - plain).max() > 1e-3
    assert np.abs(dance(pipeline, guidance_scale=1, style="none").motion.poses - plain).max() > 1e-3


def test_guidance_exaggerates_style_more_than_music(pipeline: DancePipeline, monkeypatch) -> None:
    monkeypatch.setattr("dancegen.pipeline.COHERENCE_GUIDANCE", 0.0)
    length = WINDOW + 40
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(2, WINDOW, 151, generator=generator)
    music = torch.randn(length, WIDTH + CLOCK_DIM, generator=generator)

    def predicted(guidance: float, label: int = 1, liveliness: float = 0.5) -> torch.Tensor:
        conditions = Conditions(music, torch.full((length,), liveliness), {label: 1.0}, guidance)
        with torch.no_grad():
            return pipeline._guided(sample, [0, 40], torch.tensor(500), conditions)

    nothing, heard, told = predicted(0), predicted(1, label=0, liveliness=math.nan), predicted(1)
    assert (heard - nothing).abs().max() > 1e-2 and (told - heard).abs().max() > 1e-2
    torch.testing.assert_close(predicted(4), nothing + 2 * (heard - nothing) + 4 * (told - heard), atol=1e-4, rtol=0)
    torch.testing.assert_close(predicted(0.5), nothing + 0.5 * (told - nothing), atol=1e-4, rtol=0)
    assert [music_guidance(g) for g in (0, 0.5, 1, 2.5, 4)] == [0, 0.5, 1, 1.5, 2]


def test_guidance_leads_away_from_moments_that_do_not_see_each_other(pipeline: DancePipeline, monkeypatch) -> None:
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(2, WINDOW, 151, generator=generator)
    music = torch.randn(WINDOW, WIDTH + CLOCK_DIM, generator=generator)

    def guided(weight: float, guidance: float) -> torch.Tensor:
        monkeypatch.setattr("dancegen.pipeline.COHERENCE_GUIDANCE", weight)
        conditions = Conditions(music, torch.zeros(WINDOW), {1: 0.5, 2: 0.5}, guidance)
        with torch.no_grad():
            return pipeline._guided(sample, [0, 0], torch.tensor(900), conditions)

    def predicted(label: int, apart: bool) -> torch.Tensor:
        style, yes = torch.full((2,), label), torch.ones(2, dtype=torch.bool)
        told = torch.full((2,), 900), music.expand(2, -1, -1), style, torch.zeros(2), yes, yes & apart
        with torch.no_grad():
            return pipeline.denoiser(sample, *told)

    brought_out = 0.5 * sum(predicted(label, False) - predicted(label, True) for label in (1, 2))
    assert brought_out.abs().max() > 1e-2
    torch.testing.assert_close(guided(3.0, 2.0), guided(0.0, 2.0) + 3 * brought_out, atol=1e-4, rtol=0)
    # a guidance of 0 ignores what is told, and what is made of it
    torch.testing.assert_close(guided(3.0, 0.0), guided(0.0, 0.0))


@pytest.mark.parametrize("layers", [2, 3])
def test_moments_apart_see_each_other_in_the_outer_blocks_only(layers: int) -> None:
    torch.manual_seed(0)
    denoiser = DanceDenoiser(WIDTH + CLOCK_DIM, ("pop",), width=32, heads=2, layers=layers).eval()
    sample, music = torch.randn(2, WINDOW, 151), torch.randn(2, WINDOW, WIDTH + CLOCK_DIM)
    rest = torch.full((2,), 900), music, torch.ones(2, dtype=torch.long), torch.zeros(2), torch.tensor([True, True])
    with torch.no_grad():
        usual, both = (denoiser(sample, *rest, apart) for apart in (None, torch.tensor([False, True])))
    torch.testing.assert_close(both[0], usual[0])
    assert ((both[1] - usual[1]).abs().max() > 1e-3) == (layers == 3)


def test_a_denoiser_that_hears_tokens_softer_takes_over_what_it_made_of_them(pipeline: DancePipeline) -> None:
    loud = pipeline.denoiser
    soft = DanceDenoiser(**loud.config | {"token_gain": token_gain(WIDTH)}).eval()
    generator = torch.Generator().manual_seed(0)
    sample, music = (torch.randn(2, WINDOW, n, generator=generator) for n in (151, WIDTH + CLOCK_DIM))
    rest = torch.tensor([500, 20]), music, torch.tensor([1, 2]), torch.zeros(2), torch.tensor([True, False])
    with torch.no_grad():
        wanted, untaught = loud(sample, *rest), soft(sample, *rest)
        begin_with(soft, loud)
        torch.testing.assert_close(soft(sample, *rest), wanted, atol=1e-4, rtol=1e-4)
        quiet = [loud(sample, rest[0], music * gain, *rest[2:]) for gain in (1, token_gain(WIDTH))]
    assert (untaught - wanted).abs().max() > 1e-2
    assert (quiet[0] - quiet[1])[0].abs().max() > 1e-3 and not (quiet[0] - quiet[1])[1].any()


def test_mixed_styles_lie_between_the_single_ones(pipeline: DancePipeline, monkeypatch) -> None:
    options = {"num_inference_steps": 1, "guidance_scale": 3}
    monkeypatch.setitem(pipeline.denoiser._buffers, "style_meter", torch.tensor([4, 4]))
    pop, waltz, whole, quarter = (
        motion_to_features(dance(pipeline, style=style, **options).motion)[:, 5]
        for style in ("pop", "waltz", "pop:2", "pop:1,waltz:3")
    )
    np.testing.assert_array_equal(whole, pop)
    assert np.abs(pop - waltz).max() > 1e-3
    # in a single step the dance is the prediction itself, and the pelvis' height one of its values
    np.testing.assert_allclose(quarter, 0.25 * pop + 0.75 * waltz, atol=1e-5)


def test_a_fast_waltz_keeps_its_bars_and_takes_smaller_steps(pipeline: DancePipeline, monkeypatch) -> None:
    told = []

    def note(sample: torch.Tensor, starts: list[int], timestep: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        told.append(float(conditions.liveliness.mean()))
        return sample

    monkeypatch.setattr(pipeline, "_guided", note)
    for tempo in (120, 140, 240):
        music = song(200, meter=3, tempo=tempo)
        grid = pipeline(music, style="waltz", num_inference_steps=1).grid
        np.testing.assert_allclose(grid.downbeats, music.grid.downbeats)
    assert told == [1, 1, pytest.approx(1 - HASTE_DEVIATIONS * math.log2(240 / 120 / UNHURRIED))]


def test_auto_style_is_the_nearest_of_the_right_meter(pipeline: DancePipeline) -> None:
    assert pipeline.choose_style(song(50, meter=4)) == "pop"
    assert pipeline.choose_style(song(50, meter=3)) == "waltz"


def test_auto_style_is_one_of_about_the_songs_tempo(pipeline: DancePipeline, monkeypatch) -> None:
    monkeypatch.setitem(pipeline.denoiser._buffers, "style_meter", torch.tensor([4, 4]))
    monkeypatch.setitem(pipeline.denoiser._buffers, "style_period_s", torch.tensor([0.5, 0.7]))
    between = [replace(song(300, tempo=tempo), clip=np.full(128, 0.088, np.float32)) for tempo in (125, 82, 160, 55)]
    assert [pipeline.choose_style(music) for music in between] == ["pop", "waltz", "waltz", "pop"]


def test_auto_style_leaves_the_preferred_styles_only_where_none_fits(pipeline: DancePipeline) -> None:
    denoiser = pipeline.denoiser
    meters, config = denoiser.style_meter.clone(), dict(denoiser.config)
    nearer_to_waltz = song(50)
    nearer_to_waltz.clip[:2] = [0.1, 0.9]
    try:
        denoiser.style_meter.copy_(torch.tensor([4, 4]))
        assert pipeline.choose_style(nearer_to_waltz) == "waltz"
        denoiser.register_to_config(auto_styles=("pop",))
        assert pipeline.choose_style(nearer_to_waltz) == "pop"
        denoiser.style_meter.copy_(torch.tensor([3, 4]))
        assert pipeline.choose_style(nearer_to_waltz) == "waltz"
    finally:
        denoiser.style_meter.copy_(meters)
        denoiser.register_to_config(**config)


def test_the_batch_of_windows_does_not_change_the_prediction(pipeline: DancePipeline, monkeypatch) -> None:
    whole = dance(pipeline, 300).motion
    monkeypatch.setattr("dancegen.pipeline.WINDOWS_AT_ONCE", 1)
    np.testing.assert_allclose(dance(pipeline, 300).motion.trans, whole.trans, atol=1e-3)


def test_callback_sees_every_step_and_may_stop(pipeline: DancePipeline) -> None:
    seen = []

    def callback(_, index, timestep, tensors):
        seen.append((index, tuple(tensors["latents"].shape)))
        if index == 1:
            raise KeyboardInterrupt
        return tensors

    with pytest.raises(KeyboardInterrupt):
        dance(pipeline, callback_on_step_end=callback)
    assert seen == [(0, (1, 320, 151)), (1, (1, 320, 151))]


@pytest.mark.parametrize(
    "options",
    [
        {"style": "polka"},
        {"style": "pop:0.5,polka:0.5"},
        {"num_inference_steps": 0},
        {"guidance_scale": -1},
        {"guidance_scale": float("nan")},
        {"energy": 0.1},
        {"energy": float("nan")},
    ],
)
def test_unusable_arguments_are_named(pipeline: DancePipeline, options) -> None:
    with pytest.raises(UserError, match=r"style|steps|guidance|energy"):
        dance(pipeline, **options)


@pytest.mark.parametrize("steps", [1, 2, 5, 10, 50, 999, 1000])
def test_timesteps_descend_from_pure_noise_and_are_all_different(steps: int) -> None:
    log_snr = make_solver(make_scheduler(), 1).lambda_t
    chosen = np.array(timesteps_even_in_lambda(log_snr, steps))
    assert len(chosen) == steps and chosen[0] == 999 and chosen[-1] >= 0
    assert (np.diff(chosen) < 0).all()
    if 5 <= steps <= 10:
        gaps = np.diff(log_snr[chosen[1:]])
        assert log_snr[chosen[1]] > FIRST_LAMBDA and np.ptp(gaps) < 0.15 * gaps.mean()


def test_ten_steps_follow_the_flow_of_a_known_distribution() -> None:
    """Of Gaussian data the perfect denoiser and the end of the flow are known: the noise times the deviation."""
    deviation, schedule = torch.tensor([0.5, 1.0, 2.0]), make_scheduler()
    noise = torch.randn(1, 40, 3, generator=torch.Generator().manual_seed(0))

    def error(solver) -> float:
        x = noise.clone()
        for timestep in solver.timesteps:
            signal = schedule.alphas_cumprod[timestep]
            clean = x * signal.sqrt() * deviation**2 / (signal * deviation**2 + 1 - signal)
            x = solver.step(clean, timestep, x, return_dict=False)[0]
        return float((x / deviation - noise).norm() / noise.norm())

    trailing = make_scheduler()
    trailing.set_timesteps(10)
    assert error(make_solver(schedule, 10)) < 0.04
    assert error(trailing) > 0.1


def test_energy_is_told_to_the_network(pipeline: DancePipeline) -> None:
    told = []

    def listen(module, inputs):
        told.append(inputs[4])

    hook = pipeline.denoiser.register_forward_pre_hook(listen)
    try:
        for energy in (0.5, 1.0, 1.5):
            dance(pipeline, energy=energy, num_inference_steps=1, guidance_scale=2)
    finally:
        hook.remove()
    for energy, given in zip((0.5, 1.0, 1.5), told, strict=True):
        said = given[~given.isnan()]
        # half of the batch is told all (one part of it with its moments apart), a quarter the music alone, one nothing
        assert len(said) * 2 == len(given)
        np.testing.assert_allclose(said, BASE_DEVIATIONS + ENERGY_DEVIATIONS * (energy - 1), atol=1e-6)


def walk(speed_m_s: float, seconds: float, turn: float = 0.0) -> Motion:
    frames = round(seconds * 30)
    poses = np.zeros((frames, 24, 3), np.float32)
    poses[:, 0, 1] = turn * np.arange(frames) / 30
    trans = np.zeros((frames, 3), np.float32)
    trans[:, 0], trans[:, 1] = speed_m_s * np.arange(frames) / 30, 0.9
    return Motion(poses, trans, 30.0)


@pytest.mark.parametrize("turn", [0.0, 0.7])
def test_a_dancer_who_walks_away_is_led_home_by_steps_alone(turn: float) -> None:
    away = walk(0.3, 100, turn)
    home = homeward(away)
    distance = np.linalg.norm(home.trans[:, [0, 2]], axis=1)
    # the slow path lags behind where the dance ends
    assert distance[:-180].max() < HOME_RADIUS_M + 0.1 and distance.max() < HOME_RADIUS_M + 0.6
    assert np.linalg.norm(np.diff(home.trans[:, [0, 2]], axis=0), axis=1).max() * 30 < 0.31
    np.testing.assert_array_equal(home.poses, away.poses)
    np.testing.assert_array_equal(home.trans[:, 1], away.trans[:, 1])


def test_a_dancer_near_home_is_left_alone() -> None:
    near = walk(0.1, 8)
    np.testing.assert_allclose(homeward(near).trans, near.trans, atol=1e-6)


@pytest.mark.parametrize("meter", [1, 2, 3, 4, 5, 6, 7, 11])
@pytest.mark.parametrize("bars", [12, 13, 40, 200])
@pytest.mark.parametrize("shift", [0, 1])
def test_windows_begin_with_bars_and_cover_all_but_the_spare_end(meter: int, bars: int, shift: int) -> None:
    downbeats = np.arange(bars) * meter * FRAMES_PER_BEAT
    length = bars * meter * FRAMES_PER_BEAT + WINDOW
    starts = window_starts(downbeats, length, WINDOW, shift)
    assert (starts[0] == 0 and set(starts) <= {*range(0, length, meter * FRAMES_PER_BEAT)}) or meter > 9
    assert length - WINDOW <= starts[-1] + WINDOW <= length
    assert all(b - a <= WINDOW - OVERLAP_BEATS * FRAMES_PER_BEAT for a, b in itertools.pairwise(starts))


def test_loud_parts_of_a_song_are_to_be_danced_livelier_and_soft_ones_calmer() -> None:
    music = song(1800)
    times = np.arange(60.0)
    levels = np.where((times > 20) & (times < 40), 0.6, 0.5).astype(np.float32)
    frames = beat_frames(music.grid, music.duration_s)
    asked = liveliness(replace(music, levels=levels, token_times_s=times), frames, WINDOW)
    at = np.interp([5.0, 27.0, 50.0], frames.times_s, asked)
    np.testing.assert_allclose(at, [0.0, MOST_LIVELY, 0.0], atol=1e-6)
    softer = liveliness(replace(music, levels=0.9 - levels, token_times_s=times), frames, WINDOW)
    at = np.interp([5.0, 27.0, 50.0], frames.times_s, softer)
    np.testing.assert_allclose(at, [0.0, -MOST_CALM, 0.0], atol=1e-6)
    assert not liveliness(music, frames, WINDOW).any()
    grid = BeatGrid(np.array([-0.03, 2.97]), np.array([-0.03]), 4, 20.0, 1.0)
    shortest = replace(song(1), grid=grid)  # between two frames
    assert not liveliness(shortest, beat_frames(grid, shortest.duration_s), WINDOW).any()
    strokes = np.tile(np.array([0.6, 0.6, 0.6, 0.2], np.float32), 60)
    asked = liveliness(replace(music, levels=strokes, token_times_s=np.arange(240) / 4), frames, WINDOW)
    np.testing.assert_allclose(asked[frames.times_s < 50], 0, atol=0.1)


def test_loss_is_zero_for_the_truth_and_ignores_invalid_frames() -> None:
    features = torch.from_numpy(np.stack([motion_to_features(wander(seed=s)) for s in range(4)]))
    features[..., CONTACT] = 0
    mean, std = torch.zeros(151), torch.ones(151)
    valid = torch.ones(4, 40)
    loss, terms = motion_loss(features, features, valid, mean, std, LossWeights())
    assert loss.item() == pytest.approx(0, abs=1e-6)
    spoilt = features.clone()
    spoilt[:, 10:12] += 1
    loss, terms = motion_loss(spoilt, features, valid, mean, std, LossWeights())
    assert all(terms[name] > 1e-3 for name in ("pose", "velocity", "joints", "joint_steps"))
    valid[:, 9:13] = 0
    assert motion_loss(spoilt, features, valid, mean, std, LossWeights())[0].item() == pytest.approx(0, abs=1e-6)


def test_foot_term_punishes_sliding_in_contact() -> None:
    features = torch.from_numpy(motion_to_features(wander()))[None]
    mean, std, valid = torch.zeros(151), torch.ones(151), torch.ones(1, 40)
    lifted, standing = features.clone(), features.clone()
    lifted[..., CONTACT], standing[..., CONTACT] = 0, 1
    assert motion_loss(lifted, lifted, valid, mean, std, LossWeights())[1]["foot"] == 0
    assert motion_loss(standing, standing, valid, mean, std, LossWeights())[1]["foot"] > 1e-5
