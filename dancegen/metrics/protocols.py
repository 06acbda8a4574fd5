"""Protocols: every switch on which a published number of a dance depends, under one name.

Aim: numbers of different papers carry the same names (BAS, FID_k, Div_g) and cannot be compared, because each script
assumes another frame rate, handles the root in another way, or has another slip. A :class:`Protocol` holds all of it,
and :meth:`Protocol.describe` puts it in one line that is printed beside the number.

* ``fact``: ``google-research/mint`` with the extractors of ``google/aistplusplus_api`` (Li et al. 2021).
* ``bailando``: ``lisiyao21/Bailando`` (Siyao et al. 2022), the one that most tables follow.
* ``edge``: ``Stanford-TML/EDGE`` (Tseng et al. 2023). Only the script of its foot contact score was published. Beats
  and features are Bailando's formulas here, because its table repeats Bailando's ground-truth row (0.24, 10.6, 7.5);
  at which frame rate is not known, 30 fps is our reading.
* ``lodge``: ``li-ronghui/LODGE`` (Li et al. 2024): Bailando's formulas with their frame counts on 30 fps motion, and
  22 joints.
* ``sound``: the same quantities with the slips mended, in seconds and metres at any frame rate.

The published protocols reproduce their slips on purpose and refuse motion of another frame rate than their own:
resample it first, with :meth:`motionbeat.motion.Motion.resampled`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

from dancegen.metrics.frame_rate import METRIC_FPS, at_metric_rate
from dancegen.metrics.validate import validate_joints, validate_upright

Direction = Literal["music_to_motion", "motion_to_music"]
Topic = Literal["beats", "kinetic", "geometric", "foot_contact", "foot_skating"]
Rules = TypeVar("Rules")

SMOOTHING_S = 5 / 60
"""Bailando's Gaussian filter: 5 frames at 60 fps."""
SIGMA_S = 3 / 60
"""Width of the published kernel of the beat alignment score: 3 frames at 60 fps."""


@dataclass(frozen=True)
class BeatRules:
    """How motion beats are found and rated against the music.

    Attributes:
        smoothing_s: standard deviation of the Gaussian filter on the joints' mean speed; None: none, and summed speed.
        window_frames: to each side of a minimum, over which it has to be the least.
        first_step: whether the speed of frame 0 is counted, as 0 (the script then dates a step to its end).
        refined: whether the time of a minimum is read off the parabola through three steps and a step dated to its
            middle; if not, a time is that of a frame.
        direction: whose beats the score averages over.
        sigma_s: standard deviation of the kernel.
        music_cropped: whether music beats after the end of the motion are dropped.
    """

    smoothing_s: float | None
    window_frames: int
    first_step: bool
    refined: bool
    direction: Direction
    sigma_s: float
    music_cropped: bool

    def describe(self) -> str:
        """In one line."""
        speed = "summed joint speed" if self.smoothing_s is None else "mean joint speed"
        smoothing = "unsmoothed" if self.smoothing_s is None else f"smoothed {self.smoothing_s * 1e3:.0f} ms"
        window = f" within {self.window_frames} frames" if self.window_frames > 1 else ""
        refined = " read off a parabola" if self.refined else ""
        way = self.direction.replace("_", " ")
        cropped = "cropped to the motion" if self.music_cropped else "not cropped"
        return (
            f"minima of the {speed}{window}{refined}, {smoothing}, {way}, sigma {self.sigma_s * 1e3:.0f} ms, "
            f"music beats {cropped}"
        )


@dataclass(frozen=True)
class FeatureRules:
    """How the kinetic and geometric features are taken, and of what.

    Attributes:
        joint_count: how many of the 24 joints, from the first on.
        root: ``absolute``; ``zero_start``: the root's place in the first frame is subtracted from all; ``relative``:
            then the root is also subtracted from each other joint, frame by frame.
        skipped_frames: first frames of a generated dance that are not measured.
        frames: how many frames of a generated dance are measured after those; None for all. Ground truth is never
            cropped.
        kinetic_step_s: seconds that the kinetic features take one frame to last.
        kinetic_reach: frames to each side over which velocity and acceleration are averaged.
        acceleration: ``published``: the earlier velocity is p - p' / dt, so that the value follows the distance from
            the origin; ``mended``: (p - p') / dt.
        velocity_frames: frames before and after the present one, between which the geometric features take a velocity.
        velocity_s: seconds that they take this way to last.
        moved_joint: whose velocity the predicate ``move`` takes: ``third`` relative to the first joint, as in the
            published code, or ``fourth`` relative to the third, as its four arguments mean it.
        std_added: what is added to the ground truth's standard deviation before features are divided by it.
        window_s: length of the windows that are single samples, half overlapping; None: a dance is one sample.
    """

    joint_count: int
    root: Literal["absolute", "zero_start", "relative"]
    skipped_frames: int
    frames: int | None
    kinetic_step_s: float
    kinetic_reach: int
    acceleration: Literal["published", "mended"]
    velocity_frames: tuple[int, int]
    velocity_s: float
    moved_joint: Literal["third", "fourth"]
    std_added: float
    window_s: float | None

    def rooted(self, joints: np.ndarray) -> np.ndarray:
        """(T, joint_count, 3) of (T, 24, 3) joints, with the root handled."""
        joints = joints[:, : self.joint_count]
        if self.root == "absolute" or not len(joints):
            return joints
        joints = joints - joints[:1, :1]
        if self.root == "relative":
            joints[:, 1:] -= joints[:, :1]
        return joints

    def describe(self, topic: Topic) -> str:
        """In one line."""
        sample = "whole dances" if self.window_s is None else f"windows of {self.window_s:g} s, half overlapping"
        if self.frames is not None:
            sample = f"frames {self.skipped_frames} to {self.skipped_frames + self.frames} against whole ground truth"
        common = (
            f"{self.joint_count} joints, root {self.root.replace('_', ' ')}, {sample}, "
            f"scaled by the ground truth's deviation + {self.std_added:g}"
        )
        if topic == "kinetic":
            return (
                f"{common}, dt 1/{1 / self.kinetic_step_s:.0f} s, mean of {2 * self.kinetic_reach + 1} frames, "
                f"{self.acceleration} acceleration"
            )
        steps = sum(self.velocity_frames)
        return (
            f"{common}, {steps} frame{'s' if steps > 1 else ''} taken for {self.velocity_s * 1e3:.1f} ms, "
            f"move of the {self.moved_joint} joint"
        )


@dataclass(frozen=True)
class FootContactRules:
    """How the physical foot contact score is taken.

    Attributes:
        step_frames: between which movement of feet and speed of the root are taken.
        peak_divided: whether acceleration is divided by its peak in the clip and feet count cm a step, as published,
            or by gravity and feet count cm/s.
    """

    step_frames: int
    peak_divided: bool

    def describe(self) -> str:
        """In one line."""
        force = "divided by its peak, feet in cm a step" if self.peak_divided else "over gravity, feet in cm/s"
        return f"steps of {self.step_frames} frame{'s' if self.step_frames > 1 else ''}, root acceleration {force}"


@dataclass(frozen=True)
class FootSkatingRules:
    """When a foot stands, and when it slides.

    Attributes:
        floor: ``first_frame``: at the toe joints of the first frame; ``zero``: at y = 0.
        ankle_m, toe_m: a foot stands when both joints are no higher than this above the floor.
        step_frames: over which movement is counted.
        slide_m_s: a foot slides above this speed.
        slide: ``signed_mean`` of the speeds along x and z, of ankle or toe; ``slower_joint``: horizontal speed of
            whichever of the two moves less.
    """

    floor: Literal["first_frame", "zero"]
    ankle_m: float
    toe_m: float
    step_frames: int
    slide_m_s: float
    slide: Literal["signed_mean", "slower_joint"]

    def describe(self) -> str:
        """In one line."""
        floor = "the first frame's toes" if self.floor == "first_frame" else "y = 0"
        slide = "signed mean of x and z" if self.slide == "signed_mean" else "the slower of ankle and toe"
        return (
            f"contact ankle {self.ankle_m * 1e2:g} cm and toe {self.toe_m * 1e2:g} cm above {floor}, slide above "
            f"{self.slide_m_s:g} m/s over {self.step_frames} frame{'s' if self.step_frames > 1 else ''}, {slide}"
        )


@dataclass(frozen=True)
class Protocol:
    """A way of measuring, with all its switches; None where it does not measure something.

    Attributes:
        name: under which it is asked for.
        fps: frames per second of the motion that is measured.
        resamples: whether motion of another frame rate is read at this one (:mod:`dancegen.metrics.frame_rate`); if
            not, it is refused.
        beats: for motion beats and their alignment.
        features: for kinetic and geometric features, Fréchet distance and diversity.
        foot_contact: for the physical foot contact score.
        foot_skating: for the foot skating ratio.
    """

    name: str
    fps: float
    resamples: bool
    beats: BeatRules | None = None
    features: FeatureRules | None = None
    foot_contact: FootContactRules | None = None
    foot_skating: FootSkatingRules | None = None

    def describe(self, topic: Topic) -> str:
        """The switches that change a number of this topic, in one line.

        Raises:
            ValueError: the protocol does not define it.
        """
        if topic in ("kinetic", "geometric"):
            text = self.feature_rules.describe(topic)
        elif topic == "beats":
            text = self.beat_rules.describe()
        else:
            text = (self.foot_contact_rules if topic == "foot_contact" else self.foot_skating_rules).describe()
        return f"{self.name}: {self.fps:g} fps{' (resampled)' if self.resamples else ''}, y up, {text}"

    @property
    def beat_rules(self) -> BeatRules:
        """Raises ValueError without."""
        return _defined(self.beats, self.name, "motion beats")

    @property
    def feature_rules(self) -> FeatureRules:
        """Raises ValueError without."""
        return _defined(self.features, self.name, "features")

    @property
    def foot_contact_rules(self) -> FootContactRules:
        """Raises ValueError without."""
        return _defined(self.foot_contact, self.name, "foot contact")

    @property
    def foot_skating_rules(self) -> FootSkatingRules:
        """Raises ValueError without."""
        return _defined(self.foot_skating, self.name, "foot skating")

    def joints_at_rate(self, joints: np.ndarray, fps: float) -> np.ndarray:
        """The joints at the protocol's frame rate, float64.

        Args:
            joints: (T, 24, 3) metres, y up.
            fps: frames per second.

        Raises:
            ValueError: malformed joints or frame rate, a body that does not stand along y in metres, or another frame
                rate than the protocol's unless it resamples.
        """
        validate_joints(joints, fps)
        validate_upright(joints)
        if not self.resamples and not math.isclose(fps, self.fps, rel_tol=1e-6):
            raise ValueError(
                f"protocol {self.name} is for motion at {self.fps:g} fps, got {fps:g}: resample the motion first"
            )
        return at_metric_rate(joints, fps) if self.resamples else joints.astype(np.float64)

    def measured(self, joints: np.ndarray) -> np.ndarray:
        """The frames of a generated dance, at the protocol's frame rate, of which features are taken.

        Raises:
            ValueError: the protocol has no features.
        """
        rules = self.feature_rules
        stop = None if rules.frames is None else rules.skipped_frames + rules.frames
        return joints[rules.skipped_frames : stop]


def protocol_named(protocol: Protocol | str) -> Protocol:
    """A protocol by its name; a protocol is given back as it is.

    Raises:
        ValueError: there is none of that name.
    """
    if isinstance(protocol, Protocol):
        return protocol
    if protocol not in PROTOCOLS:
        raise ValueError(f"no protocol {protocol!r}: give one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[protocol]


def _defined(rules: Rules | None, name: str, what: str) -> Rules:
    if rules is None:
        raise ValueError(f"protocol {name} does not define {what}")
    return rules


_BAILANDO_BEATS = BeatRules(
    smoothing_s=SMOOTHING_S,
    window_frames=1,
    first_step=False,
    refined=False,
    direction="music_to_motion",
    sigma_s=SIGMA_S,
    music_cropped=True,
)
_BAILANDO_FEATURES = FeatureRules(
    joint_count=24,
    root="zero_start",
    skipped_frames=0,
    frames=1200,
    kinetic_step_s=1 / 60,
    kinetic_reach=2,
    acceleration="published",
    velocity_frames=(1, 0),
    velocity_s=1 / 120,
    moved_joint="third",
    std_added=1e-10,
    window_s=None,
)

FACT = Protocol(
    name="fact",
    fps=60.0,
    resamples=False,
    beats=BeatRules(
        smoothing_s=None,
        window_frames=10,
        first_step=True,
        refined=False,
        direction="motion_to_music",
        sigma_s=SIGMA_S,
        music_cropped=False,
    ),
    features=replace(_BAILANDO_FEATURES, root="absolute", skipped_frames=120),
)
BAILANDO = Protocol(name="bailando", fps=60.0, resamples=False, beats=_BAILANDO_BEATS, features=_BAILANDO_FEATURES)
EDGE = Protocol(
    name="edge",
    fps=30.0,
    resamples=False,
    beats=_BAILANDO_BEATS,
    features=replace(_BAILANDO_FEATURES, frames=150),
    foot_contact=FootContactRules(step_frames=1, peak_divided=True),
)
LODGE = Protocol(
    name="lodge",
    fps=30.0,
    resamples=False,
    beats=replace(_BAILANDO_BEATS, smoothing_s=5 / 30, sigma_s=3 / 30, music_cropped=False),
    features=replace(_BAILANDO_FEATURES, joint_count=22, root="relative", frames=1024),
    foot_skating=FootSkatingRules(
        floor="first_frame", ankle_m=0.08, toe_m=0.05, step_frames=1, slide_m_s=0.3, slide="signed_mean"
    ),
)
SOUND = Protocol(
    name="sound",
    fps=METRIC_FPS,
    resamples=True,
    beats=replace(_BAILANDO_BEATS, refined=True),
    features=FeatureRules(
        joint_count=24,
        root="absolute",
        skipped_frames=0,
        frames=None,
        kinetic_step_s=1 / METRIC_FPS,
        kinetic_reach=1,
        acceleration="mended",
        velocity_frames=(1, 1),
        velocity_s=2 / METRIC_FPS,
        moved_joint="fourth",
        std_added=0.01,
        window_s=10.0,
    ),
    foot_contact=FootContactRules(step_frames=1, peak_divided=False),
    foot_skating=FootSkatingRules(
        floor="zero", ankle_m=0.125, toe_m=0.07, step_frames=1, slide_m_s=0.3, slide="slower_joint"
    ),
)
PROTOCOLS = {protocol.name: protocol for protocol in (FACT, BAILANDO, EDGE, LODGE, SOUND)}
"""All protocols, by name."""
