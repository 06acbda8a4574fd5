"""A dance with its bodies, beats and sound as one compact file that a browser reads in one go.

The file is gzip around: 8 bytes :data:`MAGIC`, the length of the header as uint32, the header as JSON in UTF-8, zeros
up to a multiple of 4, then the arrays, little-endian, each from a multiple of 4 on. The header's ``arrays`` says for
each name its ``type`` (of numpy), its ``shape``, and ``at``, its place in bytes after the header.

Precision: rotations are quaternions in 16 bits a number (0.004 degrees), the path of a dancer is float32, and a
surface in the bind pose is 16 bits a coordinate (0.03 mm for a body of 2 m). All are far below what can be seen.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from dancegen.body import BlendRig, Body
from dancegen.render import Stage, face_camera, follow_camera
from dancegen.render.camera import BODY_PAD_M, FOCAL_PER_SIDE, HEAD_PAD_M, PITCH_RAD, REACH_M, SAFE_SHARE
from dancegen.render.skeleton import skeleton_body
from dancegen.render.stage import to_linear
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion
from motionbeat.skeleton import JOINT_NAMES, OFFSETS_M, PARENTS

MAGIC = b"MBDANCE1"
MAX_FPS = 30.0
"""Poses a second that are kept; the player interpolates between them."""
MAX_MATERIALS = 8
MAX_JOINTS_A_VERTEX = 4

LIGHT_STAGE = Stage()
"""That of the videos."""
DARK_STAGE = Stage(
    sky=("#0b0d14", "#2b3140"),
    floor=("#4b4e58", "#363943"),
    from_above=(0.26, 0.29, 0.36),
    from_below=(0.12, 0.11, 0.11),
    rim=(0.36, 0.41, 0.52),
)
"""For pages in dark colours."""

_HEAD = JOINT_NAMES.index("head")


def pack_dance(
    motions: Motion | Sequence[Motion],
    bodies: Body | Sequence[Body],
    grid: BeatGrid | None = None,
    sound: bytes | None = None,
) -> bytes:
    """Everything that the player shows, as one gzip file.

    Args:
        motions: one motion, which is turned towards the viewer as in a video; or several of one length and frame rate,
            where they stand on the floor (:func:`dancegen.scene.side_by_side` places them).
        bodies: who dances; as many as motions.
        grid: beats in seconds from the first frame, for the ticks and the counter.
        sound: an m4a file of :func:`app.player.sound.encode_sound` that begins with the first frame; None is silence.

    Raises:
        UserError: a body is the user's own SMPL file, whose licence forbids to pass it on.
        ValueError: the numbers of motions and bodies, or lengths or frame rates of the motions, differ.
    """
    motions = (motions,) if isinstance(motions, Motion) else tuple(motions)
    bodies = (bodies,) if isinstance(bodies, Body) else tuple(bodies)
    if not motions or len(motions) != len(bodies):
        raise ValueError(f"as many bodies as motions are needed, got {len(bodies)} and {len(motions)}")
    if any(len(each) != len(motions[0]) or each.fps != motions[0].fps for each in motions):
        raise ValueError("all motions must have one length and one frame rate")
    if len(motions) == 1:
        motions = (face_camera(motions[0]),)
    duration_s = motions[0].duration
    if motions[0].fps > MAX_FPS:
        motions = tuple(each.resampled(MAX_FPS) for each in motions)

    arrays: dict[str, np.ndarray] = {}
    body_headers: list[dict[str, Any]] = []
    first_of: dict[bytes, int] = {}
    dancers = []
    for index, (motion, body) in enumerate(zip(motions, bodies, strict=True)):
        own_header, own_arrays = _packed_body(body)
        known = own_arrays["vertices"].tobytes() + own_arrays["materials"].tobytes() + repr(own_header).encode()
        if known not in first_of:
            first_of[known] = len(body_headers)
            arrays |= {f"body{len(body_headers)}/{name}": array for name, array in own_arrays.items()}
            body_headers.append(own_header)
        dancers.append({"body": first_of[known]})
        arrays[f"dancer{index}/rotations"] = _steps(_quaternions(motion.poses))
        arrays[f"dancer{index}/trans"] = motion.trans.astype("<f4")
    bones_header, bones_arrays = _packed_body(skeleton_body())
    arrays |= {f"bones/{name}": array for name, array in bones_arrays.items()}
    view_header, arrays["view/path"] = _packed_view(motions, bodies)
    if sound is not None:
        arrays["sound"] = np.frombuffer(sound, dtype=np.uint8)
    header = {
        "fps": motions[0].fps,
        "frames": len(motions[0]),
        "duration_s": duration_s,
        "parents": PARENTS,
        "offsets_m": OFFSETS_M.tolist(),
        "dancers": dancers,
        "bodies": body_headers,
        "bones": bones_header,
        "view": view_header,
        "stages": {"light": _packed_stage(LIGHT_STAGE), "dark": _packed_stage(DARK_STAGE)},
        "beats": None if grid is None else _packed_beats(grid, duration_s),
    }
    return _container(header, arrays)


def _container(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    entries: dict[str, dict[str, Any]] = {}
    at = 0
    parts = []
    for name, array in arrays.items():
        data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        data += bytes(-len(data) % 4)
        entries[name] = {"type": array.dtype.name, "shape": array.shape, "at": at}
        parts.append(data)
        at += len(data)
    text = json.dumps({**header, "arrays": entries}, separators=(",", ":")).encode()
    start = MAGIC + len(text).to_bytes(4, "little") + text
    # The time of packing is left out: the same dance gives the same bytes.
    return gzip.compress(start + bytes(-len(start) % 4) + b"".join(parts), compresslevel=6, mtime=0)


def _quaternions(poses: np.ndarray) -> np.ndarray:
    """(T, 24, 4) int16 unit quaternions x, y, z, w times 32767; signs chosen so that they move little."""
    unit = Rotation.from_rotvec(poses.reshape(-1, 3)).as_quat().reshape(len(poses), 24, 4)
    turned = (unit[1:] * unit[:-1]).sum(axis=-1) < 0
    signs = np.where(np.cumsum(turned, axis=0) % 2 == 1, -1.0, 1.0)
    unit[1:] *= signs[..., None]
    return np.round(32767 * unit).astype(np.int16)


def _steps(values: np.ndarray) -> np.ndarray:
    """The first frame and then the change from frame to frame (modulo 2^16): small numbers, which gzip packs well."""
    return np.concatenate([values[:1], values[1:] - values[:-1]])


def _packed_body(body: Body) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of one body."""
    rig = body.rig
    if not isinstance(rig, BlendRig):
        raise UserError(
            f"body {body.name}: an SMPL file of your own may not be passed on, as a page with the body inside would. "
            "Choose one of the built-in bodies for the player."
        )
    count, joints = rig.joint_index.shape
    kinds = body.materials.shape[1]
    if joints > MAX_JOINTS_A_VERTEX or kinds > MAX_MATERIALS:
        raise ValueError(
            f"the player knows {MAX_JOINTS_A_VERTEX} joints a vertex and {MAX_MATERIALS} materials, "
            f"body {body.name} has {joints} and {kinds}"
        )
    extent_m = float(np.abs(rig.vertices).max())
    arrays = {
        "vertices": np.round(rig.vertices * (32767 / extent_m)).astype(np.int16),
        "faces": body.faces.astype(np.uint16 if count <= 2**16 else np.uint32),
        "joint_index": np.pad(rig.joint_index, ((0, 0), (0, MAX_JOINTS_A_VERTEX - joints))).astype(np.uint8),
        "joint_weight": _bytes_of(np.pad(rig.joint_weight, ((0, 0), (0, MAX_JOINTS_A_VERTEX - joints)))),
        "materials": np.pad(body.materials, ((0, 0), (0, MAX_MATERIALS - kinds))),
        "occlusion": _bytes_of(body.occlusion),
    }
    header = {
        "name": body.name,
        "stature": rig.stature,
        "extent_m": extent_m,
        "joints_bind_m": rig.joints_bind.tolist(),
        "rest_rotations": rig.rest_rotations.tolist(),
        # Linear light, which is what is added up; padded to the number of materials that the shader knows.
        "palette": np.pad(to_linear(body.palette), ((0, MAX_MATERIALS - kinds), (0, 0))).tolist(),
        "gloss": np.pad(body.gloss, (0, MAX_MATERIALS - kinds)).tolist(),
    }
    return header, arrays


def _bytes_of(shares: np.ndarray) -> np.ndarray:
    return np.round(255 * shares).astype(np.uint8)


def _packed_view(motions: Sequence[Motion], bodies: Sequence[Body]) -> tuple[dict[str, Any], np.ndarray]:
    """What the camera of a video would look at, and how much room the dance needs around it.

    Returns:
        the header, and (T, 3) float32, the point that the camera follows. ``reach_m`` is half of the width, height and
        depth that the dancers fill around that point; ``still`` says the same of a point that does not move.
    """
    joints = np.concatenate([body.joints(each) for body, each in zip(bodies, motions, strict=True)], axis=1)
    stature = max(body.stature for body in bodies)
    path = follow_camera(joints, motions[0].fps, (512, 512), stature).targets.astype(np.float32)
    low, high = joints.min(axis=(0, 1)), joints.max(axis=(0, 1))
    still = np.array([0.5 * (low[0] + high[0]), float(np.median(path[:, 1])), 0.5 * (low[2] + high[2])])
    header = {
        "pitch_rad": float(PITCH_RAD),
        "focal_per_side": FOCAL_PER_SIDE,
        "safe_share": SAFE_SHARE,
        "reach_m": _reach_m(joints - path[:, None], stature),
        "still": {"target_m": still.tolist(), "reach_m": _reach_m(joints - still, stature)},
    }
    return header, path


def _reach_m(local: np.ndarray, stature: float) -> list[float]:
    """Half of the width, height and depth that joints (T, 24 N, 3) fill with their flesh, metres."""
    pads = np.full(local.shape[1], BODY_PAD_M * stature)
    pads[_HEAD::24] = HEAD_PAD_M * stature
    reach = (np.abs(local) + pads[:, None]).max(axis=(0, 1))
    return [max(float(reach[0]), REACH_M[0] * stature), float(reach[1]), float(reach[2])]


def _packed_stage(stage: Stage) -> dict[str, Any]:
    """Colours in linear light, and the lights as :meth:`Stage.lights` orders them."""
    sky = [to_linear(np.array(list(bytes.fromhex(color[1:]))) / 255).tolist() for color in stage.sky]
    return {
        "sky": sky,
        "floor": stage.floor_colors().tolist(),
        "square_m": stage.square_m,
        "lights": stage.lights().tolist(),
        "shadow_slope": stage.shadow_slope(),
        "shadow_tint": stage.shadow_tint,
        "shadow_strength": stage.shadow_strength,
        "fade_m": stage.fade_m,
    }


def _packed_beats(grid: BeatGrid, duration_s: float) -> dict[str, Any]:
    """The beats within the dance, each with its place in the bar (0 is a downbeat)."""
    inside = (grid.beats >= 0) & (grid.beats < duration_s)
    return {
        "times_s": np.round(grid.beats[inside], 4).tolist(),
        "places": grid.beat_in_bar[inside].tolist(),
        "meter": grid.meter,
        "tempo": grid.tempo,
    }
