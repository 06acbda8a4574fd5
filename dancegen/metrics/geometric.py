"""Geometric features: how often a body is in each of 32 relations, as shares of the time.

Aim: the space in which FID_g and Div_g are measured. Each feature is the share of frames in which a predicate holds: a
hand moves forward, a knee is bent, the hands are far apart.

Source: Müller, Röder and Clausen 2005 (Efficient content-based retrieval of motion capture data), by way of
fairmotion, ``aistplusplus_api`` and Bailando's ``manual_new``. Thresholds are in lengths of a fixed SMPL body, not of
the dancer. The published code takes a frame for 1/120 s although the data have 60 or 30 frames a second, so its
thresholds of speed are half or a quarter of what they say; and in ``move`` it never uses the fourth joint, so that two
of the 32 say nothing of the hands they are meant for. Protocol ``sound`` mends both and takes velocities over 67 ms.

Known flaws: predicates are hard thresholds, so a mean over few frames is coarse; several never hold in a given style,
and a feature without spread in the ground truth has no scale (hence ``std_added`` of the sound protocol).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from dancegen.metrics.protocols import SOUND, Protocol, protocol_named

_JOINTS = {
    "root": 0, "lhip": 1, "rhip": 2, "belly": 3, "lknee": 4, "rknee": 5, "lankle": 7, "rankle": 8, "chest": 9,
    "ltoes": 10, "rtoes": 11, "neck": 12, "lshoulder": 16, "rshoulder": 17, "lelbow": 18, "relbow": 19, "lwrist": 20,
    "rwrist": 21,
}  # fmt: skip

_LSHOULDER, _RSHOULDER = (0.199113488, 0.236807942, -0.0180702247), (-0.191692337, 0.236928746, -0.0123055102)
_LELBOW = (0.454445392, 0.221158922, -0.0410167128)
_LHIP, _RHIP = (0.0564076714, -0.323069185, 0.0109197125), (-0.0624834076, -0.331302464, 0.0150412619)
HUMERUS_M = float(np.linalg.norm(np.subtract(_LSHOULDER, _LELBOW)))
"""Length of the upper arm of the published body."""
SHOULDERS_M = float(np.linalg.norm(np.subtract(_LSHOULDER, _RSHOULDER)))
"""Distance of its shoulders."""
HIPS_M = float(np.linalg.norm(np.subtract(_LHIP, _RHIP)))
"""Distance of its hips."""

_Range = tuple[float, float]
_PREDICATES: tuple[tuple[str, str, float | _Range], ...] = (
    ("nmove", "neck rhip lhip rwrist", 1.8 * HUMERUS_M),
    ("nmove", "neck lhip rhip lwrist", 1.8 * HUMERUS_M),
    ("nplane", "chest neck neck rwrist", 0.2 * HUMERUS_M),
    ("nplane", "chest neck neck lwrist", 0.2 * HUMERUS_M),
    ("move", "belly chest chest rwrist", 1.8 * HUMERUS_M),
    ("move", "belly chest chest lwrist", 1.8 * HUMERUS_M),
    ("angle", "relbow rshoulder relbow rwrist", (0, 110)),
    ("angle", "lelbow lshoulder lelbow lwrist", (0, 110)),
    ("nplane", "lshoulder rshoulder lwrist rwrist", 2.5 * SHOULDERS_M),
    ("move", "lwrist rwrist rwrist lwrist", 1.4 * HUMERUS_M),
    ("move", "rwrist root lwrist root", 1.4 * HUMERUS_M),
    ("move", "lwrist root rwrist root", 1.4 * HUMERUS_M),
    ("fast", "rwrist", 2.5 * HUMERUS_M),
    ("fast", "lwrist", 2.5 * HUMERUS_M),
    ("plane", "root lhip ltoes rankle", 0.38 * HUMERUS_M),
    ("plane", "root rhip rtoes lankle", 0.38 * HUMERUS_M),
    ("nplane", "zero y_unit y_min rankle", 1.2 * HUMERUS_M),
    ("nplane", "zero y_unit y_min lankle", 1.2 * HUMERUS_M),
    ("nplane", "lhip rhip lankle rankle", 2.1 * HIPS_M),
    ("angle", "rknee rhip rknee rankle", (0, 110)),
    ("angle", "lknee lhip lknee lankle", (0, 110)),
    ("fast", "rankle", 2.5 * HUMERUS_M),
    ("fast", "lankle", 2.5 * HUMERUS_M),
    ("angle", "neck root rshoulder relbow", (25, 180)),
    ("angle", "neck root lshoulder lelbow", (25, 180)),
    ("angle", "neck root rhip rknee", (50, 180)),
    ("angle", "neck root lhip lknee", (50, 180)),
    ("plane", "rankle neck lankle root", 0.5 * HUMERUS_M),
    ("angle", "neck root zero y_unit", (70, 110)),
    ("nplane", "zero minus_y_unit y_min rwrist", -1.2 * HUMERUS_M),
    ("nplane", "zero minus_y_unit y_min lwrist", -1.2 * HUMERUS_M),
    ("fast", "root", 2.3 * HUMERUS_M),
)
"""Kind, points and threshold (metres, metres a second or degrees) of each predicate; see :class:`_Body`."""


def geometric_features(joints: np.ndarray, fps: float, protocol: Protocol | str = SOUND) -> np.ndarray:
    """Geometric features of a dance.

    Args:
        joints: (T, 24, 3) metres, y up.
        fps: frames per second.
        protocol: see :mod:`dancegen.metrics.protocols`. Nothing is cropped here; see :meth:`Protocol.measured`.

    Returns:
        (32,) float64 in [0, 1]. Too few frames for a velocity: a warning and NaN.

    Raises:
        ValueError: malformed joints or frame rate, a body that does not stand along y in metres, another frame rate
            than that of a published protocol.
    """
    protocol = protocol_named(protocol)
    rules = protocol.feature_rules
    place = rules.rooted(protocol.joints_at_rate(joints, fps))
    before, after = rules.velocity_frames
    frames = len(place) - before - after
    if frames < 1:
        warnings.warn("Too few frames for a velocity: geometric features are NaN.", stacklevel=2)
        return np.full(len(_PREDICATES), np.nan)
    body = _Body(
        place[before : before + frames],
        (place[before + after :] - place[:frames]) / rules.velocity_s,
        rules.moved_joint == "fourth",
    )
    return np.array([getattr(body, kind)(*points.split(), limit).mean() for kind, points, limit in _PREDICATES])


@dataclass(frozen=True, eq=False)
class _Body:
    """The predicates, each (frames,) bool. A direction without length makes one false.

    Attributes:
        places: (frames, J, 3) metres.
        velocities: (frames, J, 3) metres a second.
        moves_fourth: which velocity :meth:`move` takes.
    """

    places: np.ndarray
    velocities: np.ndarray
    moves_fourth: bool

    def place(self, point: str) -> np.ndarray:
        """(frames, 3) or (1, 3) of a joint, or of a point on the vertical axis."""
        if point in _JOINTS:
            return self.places[:, _JOINTS[point]]
        if point == "y_min":
            lowest = self.places[..., 1].min(axis=1)
            return np.stack([np.zeros_like(lowest), lowest, np.zeros_like(lowest)], axis=1)
        return np.array([[0.0, {"zero": 0.0, "y_unit": 1.0, "minus_y_unit": -1.0}[point], 0.0]])

    def velocity(self, point: str) -> np.ndarray:
        """(frames, 3) of a joint."""
        return self.velocities[:, _JOINTS[point]]

    def move(self, a: str, b: str, c: str, d: str, limit: float) -> np.ndarray:
        """Velocity of d relative to c (published: of c relative to a) along a to b."""
        moved, still = (d, c) if self.moves_fourth else (c, a)
        return _along(self.velocity(moved) - self.velocity(still), self.place(b) - self.place(a)) > limit

    def nmove(self, a: str, b: str, c: str, d: str, limit: float) -> np.ndarray:
        """Velocity of d relative to a along the normal of the plane through a, b and c."""
        return _along(self.velocity(d) - self.velocity(a), self._normal(a, b, c)) > limit

    def plane(self, a: str, b: str, c: str, d: str, limit: float) -> np.ndarray:
        """Signed distance of d from the plane through a, b and c."""
        return _along(self.place(d) - self.place(a), self._normal(a, b, c)) > limit

    def nplane(self, a: str, b: str, c: str, d: str, limit: float) -> np.ndarray:
        """Signed distance of d from the plane through c with normal a to b."""
        return _along(self.place(d) - self.place(c), self.place(b) - self.place(a)) > limit

    def angle(self, a: str, b: str, c: str, d: str, limits: _Range) -> np.ndarray:
        """Angle between a to b and c to d, in degrees."""
        first, second = self.place(b) - self.place(a), self.place(d) - self.place(c)
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = _along(first, second) / np.linalg.norm(first, axis=1)
            angle = np.degrees(np.arccos(cosine))
        return (limits[0] < angle) & (angle < limits[1])

    def fast(self, a: str, limit: float) -> np.ndarray:
        """Speed of a."""
        return np.linalg.norm(self.velocity(a), axis=1) > limit

    def _normal(self, a: str, b: str, c: str) -> np.ndarray:
        return np.cross(self.place(c) - self.place(a), self.place(b) - self.place(a))


def _along(vectors: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """(frames,) length of each vector along a direction; NaN where that has no length."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (vectors * direction).sum(axis=1) / np.linalg.norm(direction, axis=1)
