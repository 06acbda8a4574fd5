"""Protocols, kinetic and geometric features, distances between sets, and sound mode at any frame rate."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancegen.metrics import (
    PROTOCOLS,
    SOUND,
    beat_alignment_score,
    diversity,
    feature_set,
    foot_skating,
    foot_slide,
    frechet_distance,
    frechet_infinity,
    geometric_features,
    kernel_distance,
    kinetic_features,
    motion_beats,
    physical_foot_contact,
    protocol_named,
    realism_scores,
    song_interval,
    standardised,
    support_speed,
)
from motionbeat.motion import Motion
from motionbeat.retrieval import bootstrap_interval

RWRIST_RISES, RWRIST_FAST = 4, 12
"""Places of two of the geometric features."""


def dance(fps: float, seconds: float = 12.0, seed: int = 0, speed: float = 1.0) -> np.ndarray:
    """A smooth dance as a formula of time, so that it is the same motion at any frame rate: every joint turns as a sum
    of four waves of 0.3 to 2.5 Hz, the pelvis travels and bobs, and feet touch the floor now and then."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * fps) + 1) / fps * speed
    rate, phase = rng.uniform(0.3, 2.5, (4, 24, 3)), rng.uniform(0, 2 * np.pi, (4, 24, 3))
    size = rng.normal(0, 0.12, (4, 24, 3))
    poses = (size[:, None] * np.sin(2 * np.pi * rate[:, None] * t[None, :, None, None] + phase[:, None])).sum(axis=0)
    place = np.stack([0.4 * np.sin(0.9 * t + phase[0, 0, 0]), 0.95 + 0.03 * np.sin(11 * t), 0.3 * np.cos(1.3 * t)], 1)
    return Motion(poses.astype(np.float32), place.astype(np.float32), fps).joints().astype(np.float64)


def turned(joints: np.ndarray, angle: float, x: float = 0.0, z: float = 0.0) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return joints @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T + np.array([x, 0, z])


def gaussian(count: int, mean: np.ndarray, root: np.ndarray, seed: int) -> np.ndarray:
    """(count, d) samples with exactly this mean and, as the n - 1 covariance, ``root.T @ root``."""
    noise = np.random.default_rng(seed).normal(size=(count, len(mean)))
    noise -= noise.mean(axis=0)
    white = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise, rowvar=False))).T
    return white @ root + mean


# --- protocols


def test_protocols_by_name():
    assert set(PROTOCOLS) == {"fact", "bailando", "edge", "lodge", "sound"}
    assert protocol_named("sound") is SOUND
    assert protocol_named(SOUND) is SOUND
    with pytest.raises(ValueError, match="no protocol 'aist': give one of fact, bailando"):
        kinetic_features(dance(60), 60, "aist")


def test_every_switch_of_the_features_changes_their_line():
    """A line that stayed the same when a switch is turned would hide it."""
    rules = PROTOCOLS["bailando"].feature_rules
    other = {
        "joint_count": 22, "root": "absolute", "skipped_frames": 60, "frames": 600, "kinetic_step_s": 1 / 30,
        "kinetic_reach": 1, "acceleration": "mended", "velocity_frames": (2, 2), "velocity_s": 1 / 60,
        "moved_joint": "fourth", "std_added": 1e-4, "window_s": 5.0,
    }  # fmt: skip
    assert set(other) == {field.name for field in dataclasses.fields(rules)}
    both = [rules.describe("kinetic") + rules.describe("geometric")]
    for name, value in other.items():
        changed = dataclasses.replace(rules, **{name: value})
        if name == "window_s":
            changed = dataclasses.replace(changed, frames=None)
        both.append(changed.describe("kinetic") + changed.describe("geometric"))
    assert len(set(both)) == len(both)


@pytest.mark.parametrize("topic", ["beats", "kinetic", "geometric", "foot_contact", "foot_skating"])
def test_descriptions_are_one_line_that_names_the_protocol(topic):
    lines = set()
    for protocol in PROTOCOLS.values():
        try:
            line = protocol.describe(topic)
        except ValueError as error:
            assert "does not define" in str(error)
            continue
        assert line.startswith(f"{protocol.name}: {protocol.fps:g} fps")
        assert "\n" not in line
        lines.add(line)
    assert len(lines) >= 2


def test_a_protocol_is_refused_what_it_does_not_define():
    with pytest.raises(ValueError, match="bailando does not define foot contact"):
        physical_foot_contact(dance(60), 60, "bailando")
    with pytest.raises(ValueError, match="edge does not define foot skating"):
        foot_skating(dance(30), 30, "edge")


# --- refusals


@pytest.mark.parametrize("protocol", ["fact", "bailando", "edge", "lodge"])
@pytest.mark.parametrize("metric", [kinetic_features, geometric_features, motion_beats])
def test_published_protocols_refuse_another_frame_rate(metric, protocol):
    fps = PROTOCOLS[protocol].fps
    metric(dance(fps, 2.0), fps, protocol)
    other = 90 - fps
    with pytest.raises(ValueError, match=f"protocol {protocol} is for motion at {fps:g} fps, got {other:g}"):
        metric(dance(other, 2.0), other, protocol)


@pytest.mark.parametrize("metric", [kinetic_features, geometric_features, physical_foot_contact, foot_skating])
def test_mistakes_of_the_frame_rate_axes_and_unit_are_refused(metric):
    joints = dance(30, 2.0)
    for fps in (1 / 30, 0.0, -30.0, math.nan, math.inf, 22050.0):
        with pytest.raises(ValueError, match="fps must be"):
            metric(joints, fps)
    with pytest.raises(ValueError, match=r"stands along \+z .*joints must be y up"):
        metric(joints[..., [0, 2, 1]] * np.array([1, -1, 1]), 30)
    with pytest.raises(ValueError, match=r"stands along -y .*joints must be y up"):
        metric(joints * np.array([1, -1, -1]), 30)
    with pytest.raises(ValueError, match="in metres"):
        metric(joints * 100, 30)
    with pytest.raises(ValueError, match="joints must be"):
        metric(joints[:, :22], 30)
    joints[3, 3, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        metric(joints, 30)


def test_floor_work_is_not_taken_for_another_axis():
    """A body that rolls over the floor lies along every horizontal direction in turn."""
    joints = dance(30, 4.0)
    lying = (joints - joints[:, :1])[..., [0, 2, 1]] * np.array([1, -1, 1])
    rolling = np.stack(
        [turned(frame, angle) for frame, angle in zip(lying, np.linspace(0, 6, len(lying)), strict=True)]
    )
    assert np.isfinite(kinetic_features(rolling, 30)).all()


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_too_short_a_motion_warns_and_gives_nan(frames):
    joints = dance(30, 2.0)[:frames]
    for metric in (kinetic_features, geometric_features):
        with pytest.warns(UserWarning, match="frames"):
            assert np.isnan(metric(joints, 30)).all()


# --- features


@settings(max_examples=15, deadline=None, derandomize=True)
@given(angle=st.floats(-math.pi, math.pi), x=st.floats(-10, 10), z=st.floats(-10, 10))
def test_sound_metrics_do_not_see_place_and_heading(angle, x, z):
    joints = dance(30, 3.0)
    moved = turned(joints, angle, x, z)
    np.testing.assert_allclose(kinetic_features(moved, 30), kinetic_features(joints, 30), rtol=1e-6)
    np.testing.assert_allclose(geometric_features(moved, 30), geometric_features(joints, 30), atol=1 / 80)
    for metric in (physical_foot_contact, foot_skating):
        assert metric(moved, 30) == pytest.approx(metric(joints, 30), rel=1e-6)


def test_published_acceleration_follows_the_place():
    """The known slip: a dance two metres further has thousands more of what should be its acceleration."""
    joints = dance(60, 3.0)
    away = joints + np.array([2.0, 0, 0])
    change = (kinetic_features(away, 60, "fact") - kinetic_features(joints, 60, "fact")).reshape(24, 3)
    assert np.median(np.abs(change[:, 2])) > 2000
    sound = kinetic_features(joints, 60)
    np.testing.assert_allclose(kinetic_features(away, 60), sound, rtol=1e-6)
    assert np.median(sound.reshape(24, 3)[:, 2]) < 20
    np.testing.assert_allclose(change[:, :2], 0, atol=1e-6)
    np.testing.assert_allclose(
        kinetic_features(away, 60, "bailando"), kinetic_features(joints, 60, "bailando"), rtol=1e-6
    )


def test_kinetic_features_of_a_known_motion():
    """One joint slides at 1 m/s and another falls at 2 m/s^2; all others stand."""
    joints = np.repeat(dance(30, 0.0), 91, axis=0)
    t = np.arange(91) / 30
    joints[:, 20, 0] += t
    joints[:, 21, 1] -= t**2
    features = kinetic_features(joints, 30).reshape(24, 3)
    np.testing.assert_allclose(features[20], [1, 0, 0], atol=1e-9)
    assert features[21, 1] == pytest.approx((4 * t**2).mean(), rel=0.02)
    assert features[21, 2] == pytest.approx(2.0, rel=1e-6)
    np.testing.assert_allclose(np.delete(features, [20, 21], axis=0), 0, atol=1e-9)


def test_sound_geometry_sees_the_hand_that_the_published_one_does_not():
    """The right hand rises at 1 m/s: Müller's feature of that name, of which the published code takes the chest."""
    for protocol, fps, seen in (("sound", 60, 1.0), ("fact", 60, 0.0)):
        joints = np.repeat(dance(fps, 0.0), 41, axis=0)
        joints[:, 21, 1] += np.arange(41) / fps
        features = geometric_features(joints, fps, protocol)
        assert features[RWRIST_RISES] == seen
        assert features[RWRIST_FAST] == 1.0


def test_sound_thresholds_of_speed_are_metres_a_second():
    """2.5 upper arms are 0.64 m/s; the published code, which takes 1/60 s for 1/120 s, already says fast at half."""
    for speed, sound, fact in ((0.70, 1.0, 1.0), (0.40, 0.0, 1.0), (0.30, 0.0, 0.0)):
        joints = np.repeat(dance(60, 0.0), 41, axis=0)
        joints[:, 21, 0] += np.arange(41) / 60 * speed
        assert geometric_features(joints, 60)[RWRIST_FAST] == sound
        assert geometric_features(joints, 60, "fact")[RWRIST_FAST] == fact


# --- sound mode at any frame rate


@pytest.mark.parametrize("fps", [24.0, 50.0, 60.0, 120.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_sound_metrics_agree_at_every_frame_rate(fps, seed):
    at_30, other = dance(30, seed=seed), dance(fps, seed=seed)
    np.testing.assert_allclose(kinetic_features(other, fps), kinetic_features(at_30, 30), rtol=0.02)
    np.testing.assert_allclose(geometric_features(other, fps), geometric_features(at_30, 30), rtol=0.02, atol=0.005)
    for metric in (physical_foot_contact, foot_skating, foot_slide, support_speed):
        value = metric(at_30, 30)
        assert value > 0
        assert metric(other, fps) == pytest.approx(value, rel=0.02)
    np.testing.assert_allclose(motion_beats(other, fps), motion_beats(at_30, 30), atol=0.005)
    beats = np.arange(0.2, 12, 0.5)
    score = beat_alignment_score(at_30, 30, beats).value
    assert beat_alignment_score(other, fps, beats).value == pytest.approx(score, rel=0.02)


def test_a_glitch_does_not_hide_foot_contact():
    """One frame in which the root jumps: the published score shrinks, the sound one does not."""
    joints = dance(30)
    glitch = joints.copy()
    glitch[100, 0] += 0.3
    assert physical_foot_contact(glitch, 30, "edge") < 0.5 * physical_foot_contact(joints, 30, "edge")
    assert physical_foot_contact(glitch, 30) > 0.9 * physical_foot_contact(joints, 30)


def test_a_foot_turning_on_its_ball_does_not_skate():
    joints = np.repeat(dance(30, 0.0), 31, axis=0)
    joints[..., 1] -= joints[0, [10, 11], 1].min()
    turning, sliding = joints.copy(), joints.copy()
    turning[:, 7, 0] += 0.05 * np.arange(31)
    sliding[:, [7, 10], 0] += 0.05 * np.arange(31)[:, None]
    assert foot_skating(turning, 30) == 0
    assert foot_skating(sliding, 30) == 0.5


def test_feet_in_the_air_have_no_skating():
    with pytest.warns(UserWarning, match="No foot stands by the rule of protocol sound"):
        assert math.isnan(foot_skating(dance(30, 2.0) + np.array([0, 2, 0]), 30))


# --- distances between sets


def test_frechet_distance_of_gaussians_has_its_closed_form():
    """Covariances that commute: |shift|^2 + sum of (deviation a - deviation b)^2."""
    mean_a, mean_b = np.array([1.0, 0, -2, 0.5]), np.array([0.0, 0.5, -2, 1])
    wide, narrow = np.array([1.0, 2, 0.5, 3]), np.array([2.0, 0.5, 0.5, 1])
    axes = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))[0]
    a = gaussian(200, mean_a, np.diag(wide) @ axes.T, 1)
    b = gaussian(90, mean_b, np.diag(narrow) @ axes.T, 2)
    expected = ((mean_a - mean_b) ** 2).sum() + ((wide - narrow) ** 2).sum()
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_with_fewer_samples_than_dimensions():
    """Ten samples in 72 dimensions. Along one axis deviations differ; along two they share nothing."""
    spread = np.linspace(-1, 1, 10)
    a, b, c = np.zeros((3, 10, 72))
    a[:, 0], b[:, 0], c[:, 1] = spread, 3 * spread, spread
    variance = spread.var(ddof=1)
    assert frechet_distance(a, b) == pytest.approx((3 - 1) ** 2 * variance)
    assert frechet_distance(a, c) == pytest.approx(2 * variance)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000), count=st.integers(2, 100), shift=st.floats(-3, 3))
def test_distances_are_symmetric_and_ignore_the_order_of_samples(seed, count, shift):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(count, 8)), rng.normal(size=(50, 8)) + shift
    mixed = rng.permutation(a)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(mixed, b) == pytest.approx(frechet_distance(a, b), rel=1e-9)
    assert kernel_distance(mixed, b).value == pytest.approx(kernel_distance(b, a).value, rel=1e-9, abs=1e-9)
    assert diversity(mixed) == pytest.approx(diversity(a), rel=1e-9)


def test_frechet_infinity_takes_the_size_of_the_sets_out():
    rng = np.random.default_rng(0)
    plain, endless = [], []
    for _ in range(8):
        a, b = rng.normal(size=(150, 20)), rng.normal(size=(150, 20)) + 0.5
        plain.append(frechet_distance(a, b))
        endless.append(frechet_infinity(a, b))
    truth = 20 * 0.25
    assert np.mean(plain) - truth > 1.0
    assert abs(np.mean(endless) - truth) < 0.5
    assert frechet_infinity(a, b) == frechet_infinity(a, b)
    with pytest.warns(UserWarning, match="50 samples are too few for 20 dimensions"):
        assert math.isnan(frechet_infinity(a[:50], b))


def test_kernel_distance_is_the_unbiased_estimator():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(6, 3)), rng.normal(size=(4, 3)) + 1

    def mean(x, y, same):
        pairs = [(p @ q / 3 + 1) ** 3 for i, p in enumerate(x) for j, q in enumerate(y) if not (same and i == j)]
        return np.mean(pairs)

    expected = mean(a, a, True) + mean(b, b, True) - 2 * mean(a, b, False)
    assert kernel_distance(a, b).value == pytest.approx(expected)


def test_kernel_distance_of_small_sets_is_zero_on_average():
    rng = np.random.default_rng(1)
    values = [kernel_distance(rng.normal(size=(8, 4)), rng.normal(size=(12, 4))).value for _ in range(150)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))


def test_kernel_distance_is_told_that_windows_of_a_song_are_alike():
    """Twenty songs of ten nearly equal windows: without the songs the sets seem apart."""
    rng = np.random.default_rng(2)
    songs = np.repeat(np.arange(20), 10)
    a, b = (rng.normal(size=(20, 6))[songs] + 0.05 * rng.normal(size=(200, 6)) for _ in range(2))
    grouped, single = kernel_distance(a, b, songs, songs), kernel_distance(a, b)
    assert grouped.low < 0 < grouped.high
    assert grouped.value < single.value
    assert single.high - single.low < 0.6 * (grouped.high - grouped.low)
    apart = kernel_distance(a, b + 1, songs, songs)
    assert apart.low > 0


def test_kernel_distance_needs_groups():
    a = np.random.default_rng(0).normal(size=(5, 3))
    with pytest.warns(UserWarning, match="Fewer than two groups"):
        assert math.isnan(kernel_distance(a, a, np.zeros(5)).value)
    assert math.isnan(kernel_distance(a, a, np.array([0, 0, 1, 1, 1])).low)
    with pytest.raises(ValueError, match=r"groups must be \(5,\)"):
        kernel_distance(a, a, np.zeros(4))


@pytest.mark.parametrize("metric", [frechet_distance, frechet_infinity, kernel_distance])
def test_malformed_features_raise(metric):
    a = np.random.default_rng(0).normal(size=(20, 3))
    with pytest.raises(ValueError, match="same d"):
        metric(a, a[:, :2])
    with pytest.raises(ValueError, match="finite"):
        metric(a, np.full((20, 3), np.nan))


@pytest.mark.parametrize("metric", [frechet_distance, lambda a, b: diversity(a)])
def test_one_sample_warns_and_gives_nan(metric):
    with pytest.warns(UserWarning, match="Fewer than two samples"):
        assert math.isnan(metric(np.zeros((1, 3)), np.zeros((5, 3))))


def test_diversity_by_hand():
    assert diversity(np.array([[0.0, 0], [3, 4], [0, 0]])) == pytest.approx(10 / 3)


def test_standardised_by_the_ground_truth():
    truth = np.array([[0.0, 5.0], [2.0, 5.0]])
    np.testing.assert_allclose(standardised(truth, truth)[:, 0], [-1, 1])
    assert standardised(np.array([[1.0, 5.01]]), truth)[0, 1] == pytest.approx(1e8)
    assert standardised(np.array([[1.0, 5.01]]), truth, 0.01)[0, 1] == pytest.approx(1.0)


# --- intervals


def test_song_interval_of_a_mean_is_that_of_the_retrieval_scores():
    rng = np.random.default_rng(0)
    songs = np.repeat(np.arange(15), 4)
    values = rng.normal(size=15)[songs] + 0.2 * rng.normal(size=60)
    interval = song_interval(lambda drawn: values[drawn].mean(), [songs])
    np.testing.assert_allclose(interval, bootstrap_interval(values, songs), atol=0.05)


def test_song_interval_of_two_sets_and_its_basic_form():
    """Resampled sets have fewer different samples, so every resampled Fréchet distance is too large."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(60, 5)), rng.normal(size=(80, 5)) + 1
    songs = [np.arange(60) // 2, np.arange(80) // 2]

    def distance(drawn_a, drawn_b):
        return frechet_distance(a[drawn_a], b[drawn_b])

    value = frechet_distance(a, b)
    low, high = song_interval(distance, songs, resamples=200)
    basic_low, basic_high = song_interval(distance, songs, "basic", resamples=200)
    assert low < value < high
    assert (basic_low, basic_high) == pytest.approx((2 * value - high, 2 * value - low))
    assert basic_low + basic_high < low + high


def test_a_single_song_has_no_interval():
    assert np.isnan(song_interval(lambda drawn: 1.0, [np.zeros(5)])).all()
    with pytest.raises(ValueError, match="confidence"):
        song_interval(lambda drawn: 1.0, [np.arange(5)], confidence=1.5)


# --- realism


@pytest.fixture(scope="module")
def dances() -> list[np.ndarray]:
    return [dance(30, 12.0, seed) for seed in range(16)]


@pytest.fixture(scope="module")
def songs() -> list[str]:
    return [f"song{seed}" for seed in range(16)]


def test_jitter_is_seen_and_the_other_half_is_not(dances, songs):
    truth = feature_set(dances[:8], 30, songs[:8], generated=False)
    rng = np.random.default_rng(0)
    half = feature_set(dances[8:], 30, songs[8:])
    jittered = feature_set([d + rng.normal(0, 0.01, d.shape) for d in dances[8:]], 30, songs[8:])
    with pytest.warns(UserWarning, match="too few"):
        near = {score.name: score for score in realism_scores(half, truth)}
        far = {score.name: score for score in realism_scores(jittered, truth)}
    assert near["kernel_kinetic"].interval[0] < 0 < near["kernel_kinetic"].interval[1]
    assert far["kernel_kinetic"].interval[0] > 0
    assert far["frechet_kinetic"].value > 5 * near["frechet_kinetic"].value
    assert math.isnan(near["frechet_infinity_kinetic"].value)
    for score in near.values():
        assert score.protocol.startswith("sound: 30 fps")
        assert "8 samples of 8 songs against 8 of 8" in score.protocol
        json.dumps(score.as_dict(), allow_nan=False)
    assert near["kernel_kinetic"].as_dict().keys() >= {"low_95", "high_95"}
    assert "95 %" in str(near["kernel_kinetic"])


def test_published_realism_crops_generated_dances_only(dances, songs):
    long = dance(30, 40.0)
    cropped = feature_set([long], 30, ["x"], "lodge")
    np.testing.assert_allclose(cropped.kinetic[0], kinetic_features(long[:1024], 30, "lodge"))
    whole = feature_set([long], 30, ["x"], "lodge", generated=False)
    np.testing.assert_allclose(whole.kinetic[0], kinetic_features(long, 30, "lodge"))
    truth = feature_set(dances, 30, songs, "lodge", generated=False)
    names = {score.name for score in realism_scores(truth, truth, "lodge")}
    assert names == {"frechet_kinetic", "frechet_geometric", "diversity_kinetic", "diversity_geometric"}
    assert truth.kinetic.shape == (16, 66)
    for score in realism_scores(truth, truth, "lodge"):
        assert score.value == pytest.approx(0, abs=1e-6) or score.name.startswith("diversity")


def test_sound_samples_are_half_overlapping_windows(songs):
    features = feature_set([dance(60, 30.0), dance(60, 4.0)], 60, ["a", "b"])
    assert list(features.songs) == ["a"] * 5 + ["b"]
    assert features.kinetic.shape == (6, 72)
    assert features.geometric.shape == (6, 32)
    np.testing.assert_allclose(features.kinetic[1], kinetic_features(dance(30, 30.0)[150:450], 30), rtol=1e-4)


def test_feature_sets_refuse_what_cannot_be_measured():
    with pytest.raises(ValueError, match="a dance and a song for each"):
        feature_set([], 30, [])
    with pytest.raises(ValueError, match=r"dance 1 .* has 2 frames to measure"):
        feature_set([dance(30, 2.0), dance(30, 2.0)[:2]], 30, ["a", "b"])
