"""Values of the public reference scripts on two motions given by formulas.

Made once with Bailando's and FACT's beat scores at their own 60 frames a second, with EDGE's PFC on the same joints
turned to z up and read as 30 fps, and with the extractors of fairmotion and aistplusplus_api, for which Bailando
subtracts the first root and Lodge makes 22 joints relative to the root. The extractors give float32.
"""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from dancegen.metrics import (
    beat_alignment,
    beat_alignment_score,
    foot_skating,
    frechet_distance,
    geometric_features,
    kinetic_features,
    motion_beats,
    motion_beats_fact,
    physical_foot_contact,
)
from motionbeat.skeleton import OFFSETS_M, PARENTS

BAILANDO_BEATS = [48, 56, 88, 121, 129, 153, 192, 257, 266, 302, 348, 356, 388, 421, 429, 453, 492, 557, 566]
BAILANDO_SCORE = 0.21495956607653227
FACT_BEATS = [98, 109, 130, 152, 194, 205, 289, 302, 398, 409, 430, 452, 494, 505, 589]
FACT_SCORE = 0.27830082399670464
EDGE_PFC = 1.0233694867776255
MUSIC_BEATS_S = np.arange(15, 586, 30) / 60
FACT_KINETIC = [
    0.122826, 0.04904879, 3385.616, 0.1764296, 0.07045151, 3103.96, 0.2394344, 0.09560572, 3076.067, 0.3116698,
    0.1244422, 3826.036, 0.3929398, 0.1568816, 1783.51, 0.4830242, 0.1928346, 1772.634, 0.5816787, 0.2322025,
    4308.988, 0.6886358, 0.2748769, 577.8977, 0.8036054, 0.3207403, 597.2012, 0.9262755, 0.3696666, 4505.817,
    1.056313, 0.4215212, 667.1055, 1.193365, 0.4761614, 645.3835, 1.33706, 0.5334369, 5254.437, 1.487007, 0.59319,
    4915.79, 1.642799, 0.6552562, 4910.64, 1.804011, 0.7194648, 5565.352, 1.970207, 0.7856392, 5118.268, 2.140934,
    0.8535971, 5113.158, 2.315727, 0.9231516, 5269.873, 2.494111, 0.9941114, 5269.31, 2.6756, 1.066281, 5670.648,
    2.8597, 1.139462, 5653.291, 3.045909, 1.213454, 5785.348, 3.23372, 1.288052, 5776.42,
]  # fmt: skip
BAILANDO_EXPENDITURE = [
    626.4698, 858.6204, 852.3051, 789.2391, 2031.754, 2054.358, 997.384, 3499.89, 3497.018, 1138.779, 3669.059,
    3664.595, 1827.921, 1524.543, 1528.475, 2062.059, 1808.899, 1790.565, 2308.655, 2302.721, 3069.254, 3055.693,
    3325.901, 3316.312,
]  # fmt: skip
LODGE_KINETIC = [
    0.122826, 0.04904879, 626.4698, 0.2993619, 0.1197409, 696.5255, 0.3623804, 0.1449363, 686.7913, 0.4346284,
    0.1738144, 750.1911, 0.51591, 0.2062959, 1794.318, 0.6060052, 0.2422918, 1809.989, 0.7046696, 0.2817031,
    1093.115, 0.8116358, 0.3244215, 3236.845, 0.9266137, 0.3703299, 3229.039, 1.049292, 0.419302, 1261.496,
    1.179336, 0.4712032, 3472.856, 1.316395, 0.525891, 3467.56, 1.460096, 0.5832151, 1965.344, 1.610049, 0.6430179,
    1652.682, 1.765846, 0.705135, 1655.841, 1.927065, 0.7693956, 2256.205, 2.093266, 0.8356232, 1919.463, 2.263998,
    0.9036357, 1916.07, 2.438796, 0.9732461, 2375.981, 2.617186, 1.044263, 2378.961, 2.79868, 1.116492, 3120.978,
    2.982786, 1.189733, 3113.137,
]  # fmt: skip
FACT_GEOMETRIC = [
    0.4323873, 0.4540901, 0.2904841, 0.0918197, 0.3522538, 0.3522538, 0.263773, 0.2687813, 0.9565943, 0.3722872,
    0.3672788, 0.4106845, 1, 1, 0.2353923, 0.4891486, 0, 0, 0.1202003, 0.07178631, 0.0851419, 1, 1, 1, 1,
    0.07846411, 0.05008347, 0.2053422, 0, 0, 0, 0.7495826,
]  # fmt: skip
LODGE_GEOMETRIC = [
    0.4323873, 0.4540901, 0.2904841, 0.0918197, 0.3522538, 0.3522538, 0.263773, 0.2687813, 0.9565943, 0.3722872,
    0.3973289, 0.4223706, 1, 1, 0.490818, 0.3105175, 0, 0, 0.1202003, 0.07178631, 0.0851419, 1, 1, 1, 1, 0.1318865,
    0.1368948, 0.1552588, 0, 0, 0, 0.7495826,
]  # fmt: skip
TIPPING_GEOMETRIC = [
    0.1003345, 0, 0.3812709, 0.277592, 0, 0, 0, 0, 1, 0.05016723, 0.04013378, 0.07023411, 1, 1, 0, 0.812709,
    0.451505, 0.4448161, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0.2240803, 0.5551839, 0.5551839, 1,
]  # fmt: skip
TIPPING_LODGE_GEOMETRIC = [
    0.1003345, 0, 0.3812709, 0.277592, 0, 0, 0, 0, 1, 0.05016723, 0, 0.1605351, 1, 1, 0.451505, 0.5250836,
    0.6220736, 0.6153846, 0, 0, 0, 1, 1, 1, 1, 0.819398, 0.8327759, 0.4983278, 0, 0, 0, 1,
]  # fmt: skip


def _rest() -> np.ndarray:
    rest = np.zeros((24, 3))
    rest[0, 1] = 0.95
    for joint in range(1, 24):
        rest[joint] = rest[PARENTS[joint]] + OFFSETS_M[joint]
    return rest


def golden_joints(step: float = 1.0) -> np.ndarray:
    """positions[t, j, c] = rest[j, c] + 0.05 (c + 1) sin(2 pi (0.5 + 0.1 j) t / 60 + 0.7 c), t = 0 .. 599."""
    t, j, c = np.arange(0, 599.5, step)[:, None, None], np.arange(24)[None, :, None], np.arange(3)[None, None]
    return _rest() + 0.05 * (c + 1) * np.sin(2 * np.pi * (0.5 + 0.1 * j) * t / 60 + 0.7 * c)


def tipping_joints() -> np.ndarray:
    """The rest pose turned once about the x axis in 300 frames, every joint swinging slowly: it meets the predicates
    that an upright body never does."""
    t, j, c = np.arange(300)[:, None, None], np.arange(24)[None, :, None], np.arange(3)[None, None]
    x, y, z = _rest().T
    turn = 2 * np.pi * np.arange(300)[:, None] / 300
    turned = np.stack([x + 0 * turn, np.cos(turn) * y - np.sin(turn) * z, np.sin(turn) * y + np.cos(turn) * z], axis=2)
    return turned + 0.02 * (1 + j / 12) * np.sin(2 * np.pi * (0.15 + 0.02 * j) * t / 60 + 0.9 * c + 0.5 * j)


def test_bailando_motion_beats():
    np.testing.assert_array_equal(np.round(motion_beats(golden_joints(), 60, "bailando") * 60), BAILANDO_BEATS)


def test_bailando_score():
    beats = motion_beats(golden_joints(), 60, "bailando")
    assert beat_alignment(beats, MUSIC_BEATS_S, "music_to_motion") == pytest.approx(BAILANDO_SCORE, abs=1e-12)
    score = beat_alignment_score(golden_joints(), 60, MUSIC_BEATS_S, "bailando")
    assert score.value == pytest.approx(BAILANDO_SCORE, abs=1e-12)
    assert "music to motion" in score.protocol
    assert "sigma 50 ms" in score.protocol


def test_fact_motion_beats():
    for beats in (motion_beats(golden_joints(), 60, "fact"), motion_beats_fact(golden_joints(), 60)):
        np.testing.assert_array_equal(np.round(beats * 60), FACT_BEATS)


def test_fact_score():
    score = beat_alignment_score(golden_joints(), 60, MUSIC_BEATS_S, "fact")
    assert score.value == pytest.approx(FACT_SCORE, abs=1e-12)


def test_lodge_reads_the_same_frames_at_30_fps():
    """The same frame numbers at half the rate: the score is the same, and a frame lasts twice as long."""
    score = beat_alignment_score(golden_joints(), 30, MUSIC_BEATS_S * 2, "lodge")
    assert score.value == pytest.approx(BAILANDO_SCORE, abs=1e-12)


def test_edge_pfc():
    assert physical_foot_contact(golden_joints(), 30, "edge") == pytest.approx(EDGE_PFC, rel=1e-6)


@pytest.mark.parametrize(("protocol", "fps", "expected"), [("fact", 60, FACT_KINETIC), ("lodge", 30, LODGE_KINETIC)])
def test_kinetic_features(protocol, fps, expected):
    np.testing.assert_allclose(kinetic_features(golden_joints(), fps, protocol), expected, rtol=1e-5)


def test_bailando_kinetic_features_start_at_the_root():
    features = kinetic_features(golden_joints(), 60, "bailando").reshape(24, 3)
    np.testing.assert_allclose(features[:, :2], np.reshape(FACT_KINETIC, (24, 3))[:, :2], rtol=1e-5)
    np.testing.assert_allclose(features[:, 2], BAILANDO_EXPENDITURE, rtol=1e-5)


@pytest.mark.parametrize(
    ("protocol", "fps", "joints", "expected"),
    [
        ("fact", 60, golden_joints(), FACT_GEOMETRIC),
        ("bailando", 60, golden_joints(), FACT_GEOMETRIC),
        ("lodge", 30, golden_joints(), LODGE_GEOMETRIC),
        ("fact", 60, tipping_joints(), TIPPING_GEOMETRIC),
        ("lodge", 30, tipping_joints(), TIPPING_LODGE_GEOMETRIC),
    ],
)
def test_geometric_features(protocol, fps, joints, expected):
    np.testing.assert_allclose(geometric_features(joints, fps, protocol), expected, rtol=1e-5)


def test_frechet_distance_is_that_of_the_published_formula():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(400, 12)) @ rng.normal(size=(12, 12)), rng.normal(size=(300, 12)) + 0.3
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    shift = a.mean(axis=0) - b.mean(axis=0)
    published = shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * np.trace(sqrtm(cov_a @ cov_b)).real
    assert frechet_distance(a, b) == pytest.approx(published, rel=1e-9)


def test_lodge_foot_skating_counted_by_hand():
    """The left foot stands and slides along x in 10 of 41 frames; the right stands in the first frame only."""
    joints = np.repeat(_rest()[None], 41, axis=0)
    joints[..., 1] -= joints[0, [10, 11], 1].mean()
    joints[1:, [8, 11], 1] += 0.5
    way = np.minimum(np.arange(41), 10) * 0.021
    joints[:, [7, 10], 0] += way[:, None]
    assert foot_skating(joints, 30, "lodge") == pytest.approx((10 / 41 + 0 / 1) / 2)
