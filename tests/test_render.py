from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from dancegen.body import Body, load_body
from dancegen.render import CameraPath, Stage, face_camera, follow_camera, kernels, make_renderer, render_frames
from dancegen.render.camera import GLIDE_S
from dancegen.render.overlay import BeatOverlay
from dancegen.render.raster import RasterRenderer
from dancegen.scene import side_by_side
from motionbeat.beats import BeatGrid
from motionbeat.errors import UserError
from motionbeat.motion import Motion

SIZE = (160, 160)
FPS = 30.0


def standing(frames: int = 2, arms_down: bool = True) -> Motion:
    poses = np.zeros((frames, 24, 3), dtype=np.float32)
    if arms_down:
        poses[:, 16, 2], poses[:, 17, 2] = -1.2, 1.2
    trans = np.tile(np.array([0, 0.984, 0], dtype=np.float32), (frames, 1))
    return Motion(poses, trans, FPS)


def wild_motion(seconds: float, seed: int = 0) -> Motion:
    """Runs to and fro at up to 5 m/s, jumps, and throws its arms about."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * FPS)
    times = np.arange(frames) / FPS
    poses = np.zeros((frames, 24, 3), dtype=np.float32)
    for joint in (0, 16, 17, 18, 19, 1, 2):
        phase, speed = rng.uniform(0, 6, 3), rng.uniform(2, 6, 3)
        poses[:, joint] = 1.2 * np.sin(times[:, None] * speed + phase)
    trans = np.stack([5.0 * np.sin(times), 1.0 + 0.5 * np.maximum(0, np.sin(4 * times)), 3.0 * np.cos(times)], axis=1)
    return Motion(poses, trans.astype(np.float32), FPS)


def fixed_camera(frames: int, size: tuple[int, int], shift=(0.0, 0.0, 0.0)) -> CameraPath:
    camera = follow_camera(standing(frames).joints(), FPS, size)
    moved = np.array(shift, dtype=np.float32)
    return CameraPath(camera.positions + moved, camera.targets + moved, camera.rotation, camera.focal_px, size)


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("neutral")


@pytest.fixture(scope="module")
def picture(body) -> np.ndarray:
    return next(render_frames(standing(), body, size=SIZE))


# Kernels


def test_normals_of_a_ball_point_outwards():
    ball = make_renderer("skeleton", load_body("neutral")).bodies[0]
    vertices = ball.rig.vertices[:102]  # the ball of the pelvis
    faces = ball.faces[(ball.faces < 102).all(axis=1)]
    normals = np.empty_like(vertices)
    kernels.vertex_normals(vertices, faces, normals)
    outwards = vertices / np.linalg.norm(vertices, axis=1, keepdims=True)
    assert (normals * outwards).sum(axis=1).min() > 0.98


def draw_triangles(points: np.ndarray, faces: np.ndarray, materials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    depth, color, box = np.zeros((40, 40), np.float32), np.zeros((40, 40, 3), np.float32), np.zeros(4, np.int64)
    corners = materials.argmax(axis=1)[faces]
    single = np.where((corners == corners[:, :1]).all(axis=1), corners[:, 0], -1).astype(np.int8)
    light = np.concatenate([np.ones((len(points), 3)), np.zeros((len(points), 1))], axis=1).astype(np.float32)
    palette, gloss = np.eye(3, dtype=np.float32)[: materials.shape[1]], np.zeros(materials.shape[1], np.float32)
    kernels.raster(
        points.astype(np.float32), faces.astype(np.int32), single, light, materials, palette, gloss, depth, color, box
    )
    return depth, color


def test_raster_fills_a_square_exactly_and_the_nearer_wins():
    corners = np.array([[4, 4], [4, 24], [24, 24], [24, 4]], dtype=float)
    near = np.concatenate([corners + 8, np.full((4, 1), 0.5)], axis=1)
    far = np.concatenate([corners, np.full((4, 1), 0.25)], axis=1)
    points = np.concatenate([near, far])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    materials = np.repeat(np.array([[255, 0], [0, 255]], dtype=np.uint8), 4, axis=0)
    depth, color = draw_triangles(points, faces, materials)
    expected = np.zeros((40, 40), np.float32)
    expected[4:24, 4:24] = 0.25
    expected[12:32, 12:32] = 0.5
    np.testing.assert_allclose(depth, expected, atol=1e-6)
    np.testing.assert_allclose(color[expected == 0.5], [[1, 0, 0]] * 400, atol=1e-5)
    np.testing.assert_allclose(color[expected == 0.25], [[0, 1, 0]] * 256, atol=1e-5)
    turned, _ = draw_triangles(points, faces[:, ::-1], materials)
    assert not turned.any()  # seen from behind


def test_border_between_materials_runs_through_the_triangle():
    points = np.array([[0, 0, 0.5], [0, 40, 0.5], [40, 40, 0.5], [40, 0, 0.5]], dtype=float)
    # The first material rules on the left, the second on the right; they are equal at a quarter of the width.
    materials = np.array([[100, 80], [100, 80], [100, 160], [100, 160]], dtype=np.uint8)
    _, color = draw_triangles(points, np.array([[0, 1, 2], [0, 2, 3]]), materials)
    is_first = color[..., 0] > 0.5
    assert is_first[:, :10].all() and not is_first[:, 10:].any()


# Camera


@pytest.mark.parametrize("size", [(512, 512), (1280, 720), (1080, 1920), (400, 100)])
def test_dancer_never_leaves_the_frame(body, size):
    motion = wild_motion(12.0)
    camera = follow_camera(body.joints(motion), FPS, size)
    spots = camera.project(np.concatenate(list(body.skin_chunks(motion)))[:, ::7])
    assert spots[..., 0].min() > 0 and spots[..., 0].max() < size[0]
    assert spots[..., 1].min() > 0 and spots[..., 1].max() < size[1]


@pytest.mark.parametrize("size", [(512, 512), (1080, 1920)])
def test_standing_body_fills_a_good_part_of_the_frame(body, size):
    motion = standing()
    camera = follow_camera(body.joints(motion), FPS, size)
    spots = camera.project(body.skin(motion))
    tall = np.ptp(spots[..., 1]) / size[1]
    assert 0.45 < tall < 0.9


def test_camera_glides():
    motion = wild_motion(20.0)
    camera = follow_camera(motion.joints(), FPS, (512, 512))
    speed = np.diff(camera.positions.astype(float), axis=0) * FPS
    assert np.linalg.norm(speed, axis=1).max() < 6.0
    dancer = np.linalg.norm(np.diff(motion.trans.astype(float), n=2, axis=0), axis=1).max() * FPS**2
    camera_turn = np.linalg.norm(np.diff(speed, axis=0), axis=1).max() * FPS
    assert camera_turn < 0.5 * dancer


def test_camera_stands_still_for_a_dancer_on_the_spot():
    motion = standing(300)
    motion.trans[:, 0] = 0.15 * np.sin(np.arange(300) / 5)
    camera = follow_camera(motion.joints(), FPS, (512, 512))
    assert np.ptp(camera.positions, axis=0).max() < 0.02


def test_camera_keeps_up_without_lag():
    motion = standing(400)
    motion.trans[:, 0] = np.arange(400) / FPS * 3.0
    camera = follow_camera(motion.joints(), FPS, (512, 512))
    inner = slice(round(2 * GLIDE_S * FPS), -round(2 * GLIDE_S * FPS))
    assert np.abs(camera.targets[inner, 0] - motion.trans[inner, 0]).max() < 0.3


def test_one_frame_is_enough(body):
    assert len(list(render_frames(standing(1), body, size=(64, 64)))) == 1


@pytest.mark.parametrize("yaw", [0.0, 1.0, 3.0, -2.0])
def test_dancer_is_turned_to_the_camera(yaw):
    motion = standing(10)
    motion.poses[:, 0] = [0, yaw, 0]
    motion.trans[:, 0] += 7
    faced = face_camera(motion)
    facing = Rotation.from_rotvec(faced.poses[:, 0]).apply([0, 0, 1])
    np.testing.assert_allclose(facing, np.tile([0, 0, 1], (10, 1)), atol=0.05)
    np.testing.assert_allclose(faced.trans[0], [0, 0.984, 0], atol=1e-6)
    # Only turned and moved: all distances stay.
    before, after = motion.joints(), faced.joints()
    np.testing.assert_allclose(after[:, 20] - after[:, 0], Rotation.from_euler("y", -yaw).apply(
        before[:, 20] - before[:, 0]), atol=0.05)  # fmt: skip


# Pictures


def test_frames_are_streamed_and_repeatable(body):
    motion = wild_motion(1.5)
    frames = render_frames(motion, body, size=(96, 130))
    first = next(frames)
    assert first.shape == (130, 96, 3) and first.dtype == np.uint8
    rest = list(frames)
    assert len(rest) == len(motion) - 1
    kept = first.copy()
    again = list(render_frames(motion, body, size=(96, 130)))
    np.testing.assert_array_equal(again[0], kept)
    np.testing.assert_array_equal(again[-1], rest[-1])


@pytest.mark.parametrize("size", [(64, 64), (97, 131), (256, 144), (90, 160)])
@pytest.mark.parametrize("renderer", ["raster", "skeleton"])
def test_any_size(body, size, renderer):
    frame = next(render_frames(standing(), body, size=size, renderer=renderer))
    assert frame.shape == (size[1], size[0], 3)
    assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 50


def test_silhouette_is_where_the_vertices_project(body):
    motion = standing()
    camera = follow_camera(body.joints(motion), FPS, SIZE)
    drawer = RasterRenderer(body, SIZE)
    with_body = next(drawer.frames(motion, camera)).astype(int)
    without = next(drawer.frames(motion, camera, with_body=False)).astype(int)
    changed = np.abs(with_body - without).max(axis=2) > 12
    rows, columns = np.nonzero(changed)
    spots = camera.project(body.skin(motion)[:1])[0]
    assert abs(columns.min() - spots[:, 0].min()) < 2 and abs(columns.max() - spots[:, 0].max()) < 2
    assert abs(rows.min() - spots[:, 1].min()) < 2 and abs(rows.max() - spots[:, 1].max()) < 2


def test_clothes_have_their_colours(picture):
    middle = picture[:, 70:90].astype(int)
    red = (middle[..., 0] > 140) & (middle[..., 1] < 110) & (middle[..., 2] < 90)
    blue = (middle[..., 2] > middle[..., 0] + 15) & (middle.sum(axis=2) < 330)
    red_rows, blue_rows = np.nonzero(red)[0], np.nonzero(blue)[0]
    assert red.sum() > 200 and blue.sum() > 80
    assert np.median(red_rows) < np.median(blue_rows)


def test_edges_are_antialiased(body):
    motion = standing()
    camera = follow_camera(body.joints(motion), FPS, SIZE)
    drawer = RasterRenderer(body, SIZE)
    frame = next(drawer.frames(motion, camera)).astype(int)
    behind = next(drawer.frames(motion, camera, with_body=False)).astype(int)
    change = np.abs(frame - behind).sum(axis=2)
    mixed = 0
    for row in change[60:130]:
        left = np.flatnonzero(row > 10)[0]
        inside = np.median(row[left + 2 : left + 6])
        mixed += 0.1 * inside < row[left] < 0.9 * inside
    # Of the five possible coverages of a pixel three are neither empty nor full.
    assert mixed > 25


def test_shadow_falls_on_the_floor_away_from_the_light(body):
    camera = fixed_camera(2, SIZE)
    drawer = RasterRenderer(body, SIZE)
    near = next(drawer.frames(standing(), camera, with_body=False)).astype(int)
    away = standing()
    away.trans[:, 0] += 50
    empty = next(drawer.frames(away, camera, with_body=False)).astype(int)
    darker = (empty - near).sum(axis=2)
    rows, columns = np.nonzero(darker > 30)
    assert len(rows) > 30
    feet = camera.project(np.zeros((2, 1, 3), dtype=np.float32))[0, 0]
    assert columns.mean() > feet[0]  # the key light comes from the left
    assert darker.min() > -4


def test_arm_shades_the_body(body):
    camera = fixed_camera(2, (320, 320))
    motion = standing(arms_down=True)
    raised = standing(arms_down=True)
    raised.poses[:, 17] = [0, 1.4, 0]  # the right arm points to the camera, between the light and the chest
    shaded = RasterRenderer(body, (320, 320))
    plain = next(shaded.frames(motion, camera)).astype(int)
    covered = next(shaded.frames(raised, camera)).astype(int)
    chest = np.s_[110:160, 150:175]
    red = (covered[chest][..., 0] > covered[chest][..., 1] + 60) & (plain[chest][..., 0] > plain[chest][..., 1] + 60)
    assert (plain[chest][red] - covered[chest][red]).sum(axis=1).max() > 40


def test_floor_moves_with_the_camera(body):
    far_away = standing()
    far_away.trans[:, 2] -= 500  # nobody in the picture
    drawer = RasterRenderer(body, SIZE)

    def floor(x: float, z: float = 0.0) -> np.ndarray:
        camera = fixed_camera(2, SIZE, (x, 0, z))
        # The pool of light follows the target; only the squares are compared.
        return next(drawer.frames(far_away, camera, with_body=False))[120:].astype(int)

    here = floor(0)
    assert np.ptp(here.sum(axis=2)) > 40
    period = 2 * drawer.stage.square_m
    assert np.abs(floor(period) - here).max() <= 3
    assert np.abs(floor(0, period) - here).max() <= 3
    assert np.abs(floor(drawer.stage.square_m) - here).max() > 15
    inverse = floor(drawer.stage.square_m) + here
    assert np.ptp(inverse.sum(axis=2), axis=1).mean() < np.ptp(here.sum(axis=2), axis=1).mean()


def test_far_floor_does_not_flicker(body):
    """Near the horizon squares are smaller than pixels: they must melt into one grey, whatever the camera does."""
    drawer = RasterRenderer(body, SIZE)
    far_away = standing()
    far_away.trans[:, 2] -= 500
    horizon = [
        next(drawer.frames(far_away, fixed_camera(2, SIZE, (x, 0, 0)), with_body=False))[68:76].astype(int)
        for x in (0.0, 0.13, 0.31)
    ]
    assert max(np.abs(horizon[0] - other).max() for other in horizon[1:]) <= 12


def test_long_motion_needs_no_more_memory_than_a_chunk(body):
    frames = render_frames(standing(20_000), body, size=(64, 64))
    for _ in range(3):
        next(frames)
    frames.close()


def test_camera_of_another_size_is_refused(body):
    with pytest.raises(ValueError, match="camera"):
        render_frames(standing(), body, camera=fixed_camera(2, (64, 64)), size=SIZE)


def test_unknown_renderer(body):
    with pytest.raises(UserError, match=r"'blender'.*raster"):
        make_renderer("blender", body)


def test_skeleton_has_the_size_of_the_body():
    child = load_body("child")
    drawer = make_renderer("skeleton", child, SIZE)
    motion = standing()
    np.testing.assert_allclose(drawer.bodies[0].joints(motion), child.joints(motion), atol=1e-6)
    height = np.ptp(drawer.bodies[0].skin(motion)[0, :, 1])
    assert abs(height - np.ptp(child.skin(motion)[0, :, 1])) < 0.1


# Overlay


def grid(meter: int = 4) -> BeatGrid:
    return BeatGrid.steady(120.0, 10.0, meter)


def flash(counter: BeatOverlay, time_s: float) -> int:
    frame = np.full((512, 512, 3), 60, dtype=np.uint8)
    counter.draw(frame, time_s)
    return int(frame.astype(int).sum())


def test_overlay_flashes_on_the_beat():
    counter = BeatOverlay(grid(), (512, 512))
    light = [flash(counter, (i + 0.5) / FPS) for i in range(60)]
    for beat in range(4):
        assert light[15 * beat] > light[15 * beat + 5] > light[15 * beat + 12]
    assert light[15] != light[0]  # the downbeat looks different
    assert light[:30] != light[30:]
    assert [flash(counter, (i + 0.5) / FPS) for i in range(60, 120)] == light


def test_overlay_stays_in_its_corner(body):
    motion = standing()
    plain = next(render_frames(motion, body, size=SIZE))
    marked = next(render_frames(motion, body, size=SIZE, beat_grid=grid()))
    switched_off = next(render_frames(motion, body, size=SIZE, beat_grid=grid(), overlay=False))
    np.testing.assert_array_equal(switched_off, plain)
    rows, columns = np.nonzero((plain != marked).any(axis=2))
    assert len(rows) > 20
    assert rows.min() > 140 and columns.max() < 70


def test_overlay_of_other_meters_and_before_the_first_beat():
    counter = BeatOverlay(BeatGrid(np.array([3.0, 3.5, 4.0, 4.5]), np.array([3.5]), 3, 120.0, 0.9), (512, 512))
    early, late = flash(counter, 0.51), flash(counter, 3.51)
    assert early == late  # 0.5 s and 3.5 s are both downbeats


def test_overlay_without_a_grid_is_refused(body):
    with pytest.raises(ValueError, match="beat_grid"):
        render_frames(standing(), body, size=SIZE, overlay=True)


# Several dancers


def test_dancers_stand_side_by_side_without_touching():
    bodies = [load_body(name) for name in ("neutral", "child", "neutral")]
    motions = side_by_side([wild_motion(4, seed) for seed in range(3)], bodies)
    joints = [body.joints(motion)[..., 0] for body, motion in zip(bodies, motions, strict=True)]
    for left, right in itertools.pairwise(joints):
        gap = (right.min(axis=1) - left.max(axis=1)).min()
        assert 0.4 < gap < 0.6
    starts = [float(motion.trans[0, 0] * body.stature) for motion, body in zip(motions, bodies, strict=True)]
    assert starts[0] == pytest.approx(-starts[2], abs=1e-4)


def test_every_dancer_is_in_the_picture(body):
    bodies = [body, load_body("female")]
    motions = side_by_side([standing(), standing()], bodies)
    frame = next(render_frames(motions, bodies, size=SIZE)).astype(int)
    red, blue_green = (frame[..., 0] - frame[..., 2] > 70), (frame[..., 1] - frame[..., 0] > 60)
    assert np.argwhere(red)[:, 1].mean() < 75 and np.argwhere(blue_green)[:, 1].mean() > 85


def test_dancers_far_apart_have_a_shadow_each(body):
    left, right = (
        Motion(standing().poses, standing().trans + np.array([x, 0, 0], np.float32), FPS) for x in (-3.0, 3.0)
    )
    camera = follow_camera(np.concatenate([left.joints(), right.joints()], axis=1), FPS, SIZE)
    drawer = RasterRenderer([body, body], SIZE)
    lit = next(RasterRenderer(body, SIZE).frames(standing(), camera, with_body=False)).astype(int)
    dark = (lit - next(drawer.frames([left, right], camera, with_body=False)).astype(int)).sum(axis=2)
    # where the light carries the middle of the trunk
    slope_x, slope_z = Stage().shadow_slope()
    places = np.array([[x + 1.1 * slope_x, 0.0, 1.1 * slope_z] for x in (-3.0, 3.0, 1.5)])
    columns, rows = camera.project(places[None].repeat(2, axis=0))[0].astype(int).T
    assert dark[rows[0], columns[0]] > 60 and dark[rows[1], columns[1]] > 60
    assert abs(dark[rows[2], columns[2]]) < 15


def test_the_nearer_dancer_hides_the_other(body):
    behind = Motion(standing().poses, standing().trans - np.array([0, 0, 1.0], np.float32), FPS)
    camera = fixed_camera(2, SIZE)
    alone = next(RasterRenderer(body, SIZE).frames(standing(), camera)).astype(int)
    for bodies, motions in (
        ([body, load_body("female")], [standing(), behind]),
        ([load_body("female"), body], [behind, standing()]),
    ):
        together = next(RasterRenderer(bodies, SIZE).frames(motions, camera)).astype(int)
        chest = np.s_[52:75, 72:88]
        assert np.abs(together[chest] - alone[chest]).max() <= 3


def test_as_many_motions_as_bodies(body):
    with pytest.raises(ValueError, match="2 bodies need as many motions"):
        render_frames(standing(), [body, body], size=SIZE)
    with pytest.raises(ValueError, match="one length"):
        render_frames([standing(2), standing(3)], [body, body], size=SIZE)


# pyrender


def test_pyrender_draws_the_same_scene_or_says_why_not(body):
    motion = standing()
    try:
        drawn = next(render_frames(motion, body, size=SIZE, renderer="pyrender"))
    except UserError as error:
        assert "libegl1" in str(error)
        pytest.skip("no EGL on this machine")
    ours = next(render_frames(motion, body, size=SIZE))
    close = np.abs(drawn.astype(int) - ours.astype(int)).max(axis=2) < 60
    assert close.mean() > 0.97
    np.testing.assert_array_equal(drawn[:, :30], ours[:, :30])  # the stage beside the body is the same


def test_pyrender_without_egl_is_a_user_error(body, monkeypatch):
    pyrender_gl = pytest.importorskip("dancegen.render.pyrender_gl")

    class Broken:
        def OffscreenRenderer(self, *_):
            raise RuntimeError("no display")

    monkeypatch.setattr(pyrender_gl, "_import_pyrender", Broken)
    with pytest.raises(UserError, match=r"no display.*apt-get install libegl1"):
        make_renderer("pyrender", body)
