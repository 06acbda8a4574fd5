"""Contacts, pulses and foot plants on a foot whose steps are known."""

import numpy as np
import pytest

from motionbeat.contacts import contact_pulses, contact_states, detect_contacts, foot_plants, hysteresis, runs

FPS = 30.0


def stepping_joints(period_s: float = 1.0, seconds: float = 8.0, fps: float = FPS) -> np.ndarray:
    """(T, 24, 3): both feet flat; each is lifted 10 cm and moved 30 cm in the first half of its period, and the right
    foot is half a period late."""
    times = np.arange(round(seconds * fps)) / fps
    joints = np.zeros((len(times), 24, 3), dtype=np.float32)
    for ankle, toe, delay, side in ((7, 10, 0.0, 0.1), (8, 11, 0.5, -0.1)):
        cycle = times / period_s - delay
        share = np.clip((cycle % 1.0) / 0.5, 0.0, 1.0)
        z = 0.3 * (np.floor(cycle) + (1 - np.cos(np.pi * share)) / 2)
        y = 0.1 * np.sin(np.pi * share)
        joints[:, ankle] = np.stack([np.full_like(z, side), 0.088 + y, z], axis=1)
        joints[:, toe] = np.stack([np.full_like(z, side), 0.028 + y, z + 0.12], axis=1)
    return joints


def test_contacts_follow_the_steps():
    contacts = detect_contacts(stepping_joints(), FPS)
    assert contacts.shape == (240, 4)
    assert contacts.dtype == np.float32
    assert set(np.unique(contacts)) == {0.0, 1.0}
    times = (np.arange(240) / FPS) % 1.0
    assert contacts[(times > 0.1) & (times < 0.4)][:, [0, 2]].max() == 0  # left foot in the air
    assert contacts[(times > 0.55) & (times < 0.9)][:, [0, 2]].min() == 1


def test_a_slow_foot_in_the_air_is_no_contact():
    joints = stepping_joints()
    joints[:, [7, 10], 1] += 0.3
    assert detect_contacts(joints, FPS)[:, [0, 2]].max() == 0


def test_a_sliding_foot_is_no_contact():
    joints = np.zeros((60, 24, 3))
    joints[:, :, 0] = np.arange(60)[:, None] / FPS * 0.8
    assert detect_contacts(joints, FPS).max() == 0


@pytest.mark.parametrize("fps", [25.0, 30.0, 60.0, 120.0])
def test_plants_are_where_the_feet_come_down_at_any_frame_rate(fps):
    plants = foot_plants(detect_contacts(stepping_joints(fps=fps), fps), fps)
    expected = np.arange(0.5, 8.0, 0.5)  # left at .5, right at 1.0, and so on; the first right one was down already
    assert len(plants) == len(expected)
    assert np.abs(plants - expected).max() < 0.06


def test_plants_of_soft_contacts_equal_those_of_hard_ones():
    hard = detect_contacts(stepping_joints(), FPS)
    soft = np.clip(0.15 + 0.75 * hard + 0.05 * np.sin(np.arange(240))[:, None], 0, 1)
    np.testing.assert_array_equal(foot_plants(soft, FPS), foot_plants(hard, FPS))


def test_roll_from_heel_to_toe_is_one_plant():
    contacts = np.zeros((30, 4))
    contacts[10:20, 0] = 1
    contacts[15:25, 2] = 1
    np.testing.assert_allclose(foot_plants(contacts, FPS), [10 / FPS])


def test_a_short_loss_of_contact_is_no_new_plant():
    contacts = np.zeros((40, 4))
    contacts[5:15, 0] = contacts[17:30, 0] = 1
    np.testing.assert_allclose(foot_plants(contacts, FPS), [5 / FPS])


def test_flicker_is_ignored():
    contacts = np.zeros((30, 4))
    contacts[10, 1] = 1
    assert not contact_states(contacts).any()
    assert len(foot_plants(contacts, FPS)) == 0
    assert contact_pulses(contacts).max() == 0


def test_pulses_peak_at_touchdown():
    contacts = np.zeros((30, 4))
    contacts[10:20, 0] = 1
    pulses = contact_pulses(contacts)
    assert pulses.shape == (30,)
    assert pulses.argmax() == 10
    assert pulses[10] == pytest.approx(1.0, abs=0.01)
    assert 0 < pulses[9] < 1
    assert pulses[20] < 1e-3  # nothing at the lift


def test_two_touchdowns_together_stay_within_one():
    contacts = np.zeros((30, 4))
    contacts[10:20] = 1
    assert contact_pulses(contacts).max() <= 1


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_very_short_motion(frames):
    contacts = detect_contacts(np.zeros((frames, 24, 3)), FPS)
    assert contacts.shape == (frames, 4)
    assert contact_pulses(contacts).shape == (frames,)
    assert foot_plants(contacts, FPS).shape == (0,)


@pytest.mark.parametrize(("shape", "fps"), [((10, 24), 30.0), ((10, 22, 3), 30.0), ((10, 24, 3), 0.0)])
def test_malformed_joints_raise(shape, fps):
    with pytest.raises(ValueError, match=r"joints must be|fps must be"):
        detect_contacts(np.zeros(shape), fps)


def test_malformed_contacts_raise():
    with pytest.raises(ValueError, match="contacts must be"):
        contact_states(np.zeros((10, 3)))


def test_hysteresis_keeps_its_state_between_the_thresholds():
    values = np.array([0.4, 0.6, 0.4, 0.2, 0.4, 0.9])
    np.testing.assert_array_equal(hysteresis(values > 0.5, values < 0.3), [False, True, True, False, False, True])


def test_runs():
    np.testing.assert_array_equal(runs(np.array([True, True, False, True])), [[0, 2], [3, 4]])
    assert runs(np.zeros(0, dtype=bool)).shape == (0, 2)
