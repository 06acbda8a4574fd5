"""The compiled inner loops of the software rasteriser: skinning, normals, shading, z-buffer, floor and shadow.

All of them run on one thread and release the GIL, so that several renderers may work in threads side by side. Shared
conventions: metres and y up in the world; a sample's depth is stored as 1/z, which is linear on the screen; colours
are linear light until the final table turns them into 8-bit sRGB.
"""

import numpy as np
from numba import njit

_COMPILE = {"cache": True, "nogil": True, "fastmath": True, "error_model": "numpy"}

TONE_STEPS = 4096
"""Length of the table from linear light to 8-bit sRGB."""
TONE_WHITE = 1.25
"""Linear value at the end of that table; brighter light is clipped to it."""


@njit(**_COMPILE)
def blend_skin(transforms, vertices, joint_index, joint_weight, out):
    """Linear blend skinning.

    Args:
        transforms: (T, J, 3, 4) float32, from bind pose to world.
        vertices: (V, 3) float32 in the bind pose.
        joint_index: (V, K) uint8.
        joint_weight: (V, K) float32, rows sum to one.
        out: (T, V, 3) float32, written.
    """
    for t in range(transforms.shape[0]):
        for v in range(vertices.shape[0]):
            x, y, z = vertices[v, 0], vertices[v, 1], vertices[v, 2]
            px = np.float32(0.0)
            py = np.float32(0.0)
            pz = np.float32(0.0)
            for k in range(joint_index.shape[1]):
                w = joint_weight[v, k]
                if w == 0.0:
                    continue
                m = transforms[t, joint_index[v, k]]
                px += w * (m[0, 0] * x + m[0, 1] * y + m[0, 2] * z + m[0, 3])
                py += w * (m[1, 0] * x + m[1, 1] * y + m[1, 2] * z + m[1, 3])
                pz += w * (m[2, 0] * x + m[2, 1] * y + m[2, 2] * z + m[2, 3])
            out[t, v, 0] = px
            out[t, v, 1] = py
            out[t, v, 2] = pz


@njit(**_COMPILE)
def vertex_normals(vertices, faces, out):
    """Area-weighted unit normals: vertices (V, 3) and faces (F, 3) to out (V, 3)."""
    out[:] = 0.0
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        wx = vertices[c, 0] - vertices[a, 0]
        wy = vertices[c, 1] - vertices[a, 1]
        wz = vertices[c, 2] - vertices[a, 2]
        nx = uy * wz - uz * wy
        ny = uz * wx - ux * wz
        nz = ux * wy - uy * wx
        for k in (a, b, c):
            out[k, 0] += nx
            out[k, 1] += ny
            out[k, 2] += nz
    for v in range(out.shape[0]):
        nx, ny, nz = out[v, 0], out[v, 1], out[v, 2]
        scale = np.float32(1.0) / np.sqrt(max(nx * nx + ny * ny + nz * nz, np.float32(1e-20)))
        out[v, 0] = nx * scale
        out[v, 1] = ny * scale
        out[v, 2] = nz * scale


@njit(**_COMPILE)
def project(vertices, rotation, position, focal, center_x, center_y, out):
    """Pinhole projection to sample coordinates.

    Args:
        vertices: (V, 3) in the world.
        rotation: (3, 3), rows are the camera's right, up and forward directions in the world.
        position: (3,) of the camera.
        focal, center_x, center_y: focal length and principal point, in samples.
        out: (V, 3) float32, written with x to the right, y downwards and 1/z (0 behind the near plane).
    """
    for v in range(vertices.shape[0]):
        x = vertices[v, 0] - position[0]
        y = vertices[v, 1] - position[1]
        z = vertices[v, 2] - position[2]
        depth = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z
        if depth < 0.05:
            out[v, 2] = 0.0
            continue
        inverse = np.float32(1.0) / depth
        out[v, 0] = center_x + focal * inverse * (rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z)
        out[v, 1] = center_y - focal * inverse * (rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z)
        out[v, 2] = inverse


@njit(**_COMPILE)
def cast_heights(vertices, faces, slope_x, slope_z, origin_x, origin_z, cell, heights):
    """Shadow map on the floor: how high the body stands in the light ray that ends in each floor cell.

    Args:
        vertices, faces: the body in the world.
        slope_x, slope_z: where the key light carries a point: (x, y, z) falls on the floor at
            (x + slope_x * y, z + slope_z * y).
        origin_x, origin_z: corner of the map in metres.
        cell: size of a cell in metres.
        heights: (G, G) float32 indexed [z, x], written with metres, -1 where the light reaches the floor.
    """
    heights[:] = -1.0
    size = heights.shape[0]
    scale = np.float32(1.0) / cell
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ya, yb, yc = vertices[a, 1], vertices[b, 1], vertices[c, 1]
        xa = (vertices[a, 0] + slope_x * ya - origin_x) * scale
        xb = (vertices[b, 0] + slope_x * yb - origin_x) * scale
        xc = (vertices[c, 0] + slope_x * yc - origin_x) * scale
        za = (vertices[a, 2] + slope_z * ya - origin_z) * scale
        zb = (vertices[b, 2] + slope_z * yb - origin_z) * scale
        zc = (vertices[c, 2] + slope_z * yc - origin_z) * scale
        area = (xb - xa) * (zc - za) - (xc - xa) * (zb - za)
        if area <= 0.0:  # one winding is enough: the body is closed
            continue
        x0 = max(int(np.ceil(min(xa, xb, xc) - 0.5)), 0)
        x1 = min(int(np.floor(max(xa, xb, xc) - 0.5)), size - 1)
        z0 = max(int(np.ceil(min(za, zb, zc) - 0.5)), 0)
        z1 = min(int(np.floor(max(za, zb, zc) - 0.5)), size - 1)
        inverse = np.float32(1.0) / area
        for iz in range(z0, z1 + 1):
            pz = np.float32(iz + 0.5)
            for ix in range(x0, x1 + 1):
                px = np.float32(ix + 0.5)
                wa = (xb - px) * (zc - pz) - (xc - px) * (zb - pz)
                wb = (xc - px) * (za - pz) - (xa - px) * (zc - pz)
                wc = area - wa - wb
                if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                    y = (wa * ya + wb * yb + wc * yc) * inverse
                    if y > heights[iz, ix]:
                        heights[iz, ix] = y


@njit(**_COMPILE)
def _box_blur_rows(source, target, radius):
    """Running mean of width 2 * radius + 1 along the second axis, written transposed."""
    rows, columns = source.shape
    scale = np.float32(1.0) / (2 * radius + 1)
    for i in range(rows):
        total = np.float32(0.0)
        for j in range(min(radius, columns)):
            total += source[i, j]
        for j in range(columns):
            if j + radius < columns:
                total += source[i, j + radius]
            if j - radius - 1 >= 0:
                total -= source[i, j - radius - 1]
            target[j, i] = total * scale


@njit(**_COMPILE)
def soften_shadow(heights, near, far, scratch, shadow):
    """Turn a map of blocker heights into a soft shadow that is crisp at the feet and wide under raised arms.

    Args:
        heights: (G, G) from :func:`cast_heights`.
        near, far: blur radii in cells for what touches the floor and for what is a metre and more above it.
        scratch: (2, G, G) float32 working memory.
        shadow: (G, G) float32, written with 0 (lit) to 1 (key light blocked).
    """
    size = heights.shape[0]
    first, second = scratch[0], scratch[1]
    for i in range(size):
        for j in range(size):
            second[i, j] = 1.0 if heights[i, j] >= 0.0 else 0.0
    for _ in range(2):
        _box_blur_rows(second, first, far)
        _box_blur_rows(first, second, far)
    for i in range(size):
        for j in range(size):
            shadow[i, j] = second[i, j]
            height = heights[i, j]
            second[i, j] = min(max(np.float32(1.3) - height * np.float32(1.6), 0.0), 1.0) if height >= 0.0 else 0.0
    for _ in range(2):
        _box_blur_rows(second, first, near)
        _box_blur_rows(first, second, near)
    for i in range(size):
        for j in range(size):
            shadow[i, j] = max(shadow[i, j], second[i, j])


@njit(**_COMPILE)
def shade(vertices, normals, occlusion, camera, lights, heights, slope_x, slope_z, origin_x, origin_z, cell, lighting):
    """Light that reaches each vertex and its highlight towards the camera.

    Args:
        vertices, normals: (V, 3).
        occlusion: (V,) share of the surroundings that a vertex sees at rest, 0 to 1.
        camera: (3,) position.
        lights: (7, 3): direction to the key light, its colour, direction to the fill light, its colour, colour
            from above, colour from the floor, rim colour.
        heights, slope_x, slope_z, origin_x, origin_z, cell: the shadow map of :func:`cast_heights`.
        lighting: (V, 4) float32, written with red, green, blue irradiance and the highlight.
    """
    size = heights.shape[0]
    scale = np.float32(1.0) / cell
    for v in range(vertices.shape[0]):
        px, py, pz = vertices[v, 0], vertices[v, 1], vertices[v, 2]
        nx, ny, nz = normals[v, 0], normals[v, 1], normals[v, 2]
        vx = camera[0] - px
        vy = camera[1] - py
        vz = camera[2] - pz
        length = np.float32(1.0) / np.sqrt(vx * vx + vy * vy + vz * vz)
        vx *= length
        vy *= length
        vz *= length
        facing = nx * vx + ny * vy + nz * vz
        key = nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2]
        lit = np.float32(1.0)
        if key <= 0.0:
            key = np.float32(0.0)
        else:
            # The point is moved off the surface before the look-up, so that it does not shade itself.
            qy = py + np.float32(0.035) * ny
            u = (px + np.float32(0.035) * nx + slope_x * qy - origin_x) * scale - np.float32(0.5)
            w = (pz + np.float32(0.035) * nz + slope_z * qy - origin_z) * scale - np.float32(0.5)
            iu = int(np.floor(u))
            iw = int(np.floor(w))
            if iu >= 1 and iw >= 1 and iu < size - 2 and iw < size - 2:
                fu = u - iu
                fw = w - iw
                bar = qy + np.float32(0.04)
                blocked = np.float32(0.0)
                for dz in range(-1, 3):
                    wz = (1 - fw) if dz == -1 else (fw if dz == 2 else np.float32(1.0))
                    for dx in range(-1, 3):
                        if heights[iw + dz, iu + dx] > bar:
                            wx = (1 - fu) if dx == -1 else (fu if dx == 2 else np.float32(1.0))
                            blocked += wx * wz
                lit = np.float32(1.0) - blocked * np.float32(1.0 / 9.0)
        shine = np.float32(0.0)
        hx = vx + lights[0, 0]
        hy = vy + lights[0, 1]
        hz = vz + lights[0, 2]
        half = nx * hx + ny * hy + nz * hz
        if half > 0.0 and key > 0.0:
            half /= np.sqrt(hx * hx + hy * hy + hz * hz)
            half *= half
            half *= half
            half *= half
            half *= half
            shine = half * half * lit  # the 32nd power
        fill = max(nx * lights[2, 0] + ny * lights[2, 1] + nz * lights[2, 2], np.float32(0.0))
        up = np.float32(0.5) + np.float32(0.5) * ny
        away = np.float32(1.0) - min(max(facing, np.float32(0.0)), np.float32(1.0))
        rim = away * away * away * (np.float32(0.35) + np.float32(0.65) * up)
        open_sky = occlusion[v]
        for c in range(3):
            ambient = (lights[4, c] * up + lights[5, c] * (1 - up)) * open_sky
            lighting[v, c] = ambient + key * lit * lights[1, c] + (fill * lights[3, c] + rim * lights[6, c]) * open_sky
        lighting[v, 3] = shine


@njit(**_COMPILE)
def raster(points, faces, face_material, lighting, materials, palette, gloss, depth, color, box):
    """Draw the body into the sample buffers.

    Args:
        points: (V, 3) from :func:`project`.
        faces: (F, 3), counter-clockwise seen from outside.
        face_material: (F,) int8, the material of the whole triangle, -1 where a border runs through it.
        lighting: (V, 4) from :func:`shade`.
        materials: (V, K) uint8: how strongly a vertex belongs to each material. The interpolated maximum decides
            per sample, so the border of a garment is a straight line through a triangle and not its ragged edge.
        palette: (K, 3) float32 linear colours.
        gloss: (K,) float32 strength of the highlight.
        depth: (H, W) float32 of 1/z, cleared here inside the box.
        color: (H, W, 3) float32 linear light, written where depth is set.
        box: (4,) int64, written with the rows and columns touched: y0, y1, x0, x1 (exclusive
            ends, all even).
    """
    height, width = depth.shape
    kinds = materials.shape[1]
    left = np.float32(width)
    right = np.float32(0.0)
    top = np.float32(height)
    bottom = np.float32(0.0)
    for v in range(points.shape[0]):
        if points[v, 2] > 0.0:
            left = min(left, points[v, 0])
            right = max(right, points[v, 0])
            top = min(top, points[v, 1])
            bottom = max(bottom, points[v, 1])
    # Whole pixels of 2x2 samples: what is not cleared here must never be read.
    box[0] = min(max(int(top) - 1, 0), height) // 2 * 2
    box[1] = max(min(int(bottom) + 2, height), box[0]) // 2 * 2
    box[2] = min(max(int(left) - 1, 0), width) // 2 * 2
    box[3] = max(min(int(right) + 2, width), box[2]) // 2 * 2
    for y in range(box[0], box[1]):
        for x in range(box[2], box[3]):
            depth[y, x] = 0.0
    half = np.float32(0.5)
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        da, db, dc = points[a, 2], points[b, 2], points[c, 2]
        if da == 0.0 or db == 0.0 or dc == 0.0:
            continue
        xa, ya = points[a, 0], points[a, 1]
        xb, yb = points[b, 0], points[b, 1]
        xc, yc = points[c, 0], points[c, 1]
        area = (xc - xa) * (yb - ya) - (xb - xa) * (yc - ya)
        if area <= 0.0:
            continue
        x0 = max(int(np.ceil(min(xa, xb, xc) - half)), 0)
        x1 = min(int(np.floor(max(xa, xb, xc) - half)), width - 1)
        y0 = max(int(np.ceil(min(ya, yb, yc) - half)), 0)
        y1 = min(int(np.floor(max(ya, yb, yc) - half)), height - 1)
        if x0 > x1 or y0 > y1:
            continue
        single = face_material[f]
        inverse = np.float32(1.0) / area
        # Barycentric weights are linear on the screen: w(x, y) = w0 + x * dwdx + y * dwdy.
        ax = (yc - yb) * inverse
        ay = (xb - xc) * inverse
        bx = (ya - yc) * inverse
        by = (xc - xa) * inverse
        startx = np.float32(x0) + half
        starty = np.float32(y0) + half
        row_a = (startx - xb) * ax + (starty - yb) * ay
        row_b = (startx - xc) * bx + (starty - yc) * by
        ra, ga, ba, sa = lighting[a, 0], lighting[a, 1], lighting[a, 2], lighting[a, 3]
        rb, gb, bb, sb = lighting[b, 0], lighting[b, 1], lighting[b, 2], lighting[b, 3]
        rc, gc, bc, sc = lighting[c, 0], lighting[c, 1], lighting[c, 2], lighting[c, 3]
        for y in range(y0, y1 + 1):
            wa = row_a
            wb = row_b
            for x in range(x0, x1 + 1):
                wc = np.float32(1.0) - wa - wb
                if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                    z = wa * da + wb * db + wc * dc
                    if z > depth[y, x]:
                        depth[y, x] = z
                        kind = single
                        if single < 0:
                            best = np.float32(-1.0)
                            for k in range(kinds):
                                share = wa * materials[a, k] + wb * materials[b, k] + wc * materials[c, k]
                                if share > best:
                                    best = share
                                    kind = k
                        shine = (wa * sa + wb * sb + wc * sc) * gloss[kind]
                        color[y, x, 0] = (wa * ra + wb * rb + wc * rc) * palette[kind, 0] + shine
                        color[y, x, 1] = (wa * ga + wb * gb + wc * gc) * palette[kind, 1] + shine
                        color[y, x, 2] = (wa * ba + wb * bb + wc * bc) * palette[kind, 2] + shine
                wa += ax
                wb += bx
            row_a += ay
            row_b += by


@njit(**_COMPILE)
def _wave(position, half):
    """Mean over ``position`` +- ``half`` of a square wave of period 2 that is 1 and -1 by turns."""
    low = (position - half) * np.float32(0.5)
    high = (position + half) * np.float32(0.5)
    rise = np.abs(low - np.floor(low) - np.float32(0.5)) - np.abs(high - np.floor(high) - np.float32(0.5))
    return rise / half


@njit(**_COMPILE)
def _floor_line(red, green, blue, weight, haze, u0, du, half_u, wave_v, focus_x, off_z2, to_square, colors):
    """One row of the floor. Every array is one-dimensional and whole, so that the compiler can use vectors."""
    light_r, light_g, light_b = colors[0, 0], colors[0, 1], colors[0, 2]
    more_r, more_g, more_b = colors[1, 0] - light_r, colors[1, 1] - light_g, colors[1, 2] - light_b
    haze_r, haze_g, haze_b = haze[0], haze[1], haze[2]
    for x in range(weight.shape[0]):
        u = u0 + du * np.float32(x)
        dark = np.float32(0.5) - wave_v * _wave(u * to_square, half_u)
        off = u - focus_x
        pool = np.float32(0.45) + np.float32(0.55) / (np.float32(1.0) + np.float32(0.07) * (off * off + off_z2))
        share = weight[x] * pool
        red[x] = share * (light_r + dark * more_r) + haze_r[x]
        green[x] = share * (light_g + dark * more_g) + haze_g[x]
        blue[x] = share * (light_b + dark * more_b) + haze_b[x]


@njit(**_COMPILE)
def _shadow_line(red, green, blue, shade_row, start, step, tint):
    """Darken one row of the floor by one row of the shadow map, read at ``start + step * x``."""
    last = np.float32(shade_row.shape[0] - 1)
    x0 = max(int(np.ceil(-start / step)), 0)
    x1 = min(int(np.ceil((last - start) / step)), red.shape[0])
    for x in range(x0, x1):
        at = start + step * np.float32(x)
        i = np.int32(at)
        dim = shade_row[i] + (at - np.float32(i)) * (shade_row[i + 1] - shade_row[i])
        red[x] *= np.float32(1.0) - dim * tint[0]
        green[x] *= np.float32(1.0) - dim * tint[1]
        blue[x] *= np.float32(1.0) - dim * tint[2]


@njit(**_COMPILE)
def _body_line(red, green, blue, depth, color, y, x0, x1):
    """Lay the body's samples of one row of pixels over what is behind them."""
    upper, lower = depth[2 * y], depth[2 * y + 1]
    for x in range(x0, x1):
        a, b, c, d = upper[2 * x], upper[2 * x + 1], lower[2 * x], lower[2 * x + 1]
        if max(max(a, b), max(c, d)) <= np.float32(0.0):
            continue
        rest = np.float32(4.0)
        r = np.float32(0.0)
        g = np.float32(0.0)
        bl = np.float32(0.0)
        for sy in range(2 * y, 2 * y + 2):
            for sx in range(2 * x, 2 * x + 2):
                if depth[sy, sx] > np.float32(0.0):
                    rest -= np.float32(1.0)
                    r += color[sy, sx, 0]
                    g += color[sy, sx, 1]
                    bl += color[sy, sx, 2]
        red[x] = (red[x] * rest + r) * np.float32(0.25)
        green[x] = (green[x] * rest + g) * np.float32(0.25)
        blue[x] = (blue[x] * rest + bl) * np.float32(0.25)


@njit(**_COMPILE)
def _tone_line(red, green, blue, dither, tone, steps, out):
    """One row from linear light to sRGB. Two passes: only the first one can use vectors."""
    scale = np.float32((TONE_STEPS - 1) / TONE_WHITE)
    last = np.float32(TONE_STEPS - 1)
    zero = np.float32(0.0)
    step_r, step_g, step_b = steps[0], steps[1], steps[2]
    for x in range(red.shape[0]):
        noise = dither[x]
        step_r[x] = np.int32(min(max(red[x] * scale + noise, zero), last))
        step_g[x] = np.int32(min(max(green[x] * scale + noise, zero), last))
        step_b[x] = np.int32(min(max(blue[x] * scale + noise, zero), last))
    for x in range(red.shape[0]):
        out[x, 0] = tone[step_r[x]]
        out[x, 1] = tone[step_g[x]]
        out[x, 2] = tone[step_b[x]]


@njit(**_COMPILE)
def compose(
    backdrop,
    haze,
    dither,
    row_rays,
    fade,
    first_floor_row,
    camera,
    focus_x,
    focus_z,
    square,
    floor_colors,
    shadow_tint,
    shadow,
    shadow_strength,
    origin_x,
    origin_z,
    cell,
    depth,
    color,
    box,
    tone,
    line,
    steps,
    frame,
):
    """Floor, shadow and body over the backdrop, filtered 2x2 to pixels and written as 8-bit sRGB.

    The camera has no roll, so everything on the floor that depends on z is the same along a row of pixels.

    Args:
        backdrop: (H, W, 3) uint8, what is seen where nothing else is.
        haze: (H, 3, W) float32: the backdrop as linear light and, in the rows of the floor, its share in the picture.
        dither: (H, W) float32 in steps of the tone table: hides the bands of the slow gradients.
        row_rays: (R, 5) float32 for the rows from ``first_floor_row`` on, per metre of camera height: floor x at the
            left pixel, its step per pixel, floor z, and the half width of a pixel's footprint in x and z.
        fade: (R, W) float32: share of the floor in the picture, and the vignette.
        first_floor_row: first row of pixels that shows the floor.
        camera: (3,) position in metres.
        focus_x, focus_z: where the dancer's pool of light lies.
        square: side of a floor square in metres.
        floor_colors: (2, 3) float32 linear: light and dark squares.
        shadow_tint: (3,) float32: how much of each channel a full shadow takes.
        shadow, origin_x, origin_z, cell: from :func:`soften_shadow`.
        shadow_strength: 0 to 1.
        depth, color, box: from :func:`raster`, at twice the resolution of the frame.
        tone: (TONE_STEPS,) uint8, linear light to sRGB.
        line: (4, max(W, G)) float32 and steps: (3, W) int32, working memory.
        frame: (H, W, 3) uint8, written.
    """
    height, width = frame.shape[0], frame.shape[1]
    size = shadow.shape[0]
    half = np.float32(0.5)
    to_cell = np.float32(1.0) / cell
    to_square = np.float32(1.0) / square
    body_y0, body_y1 = box[0] // 2, box[1] // 2
    body_x0, body_x1 = box[2] // 2, box[3] // 2
    red, green, blue, shade_row = line[0, :width], line[1, :width], line[2, :width], line[3, :size]
    for y in range(height):
        row = y - first_floor_row
        body_row = body_y0 <= y < body_y1
        x0, x1 = 0, width
        if row < 0:
            frame[y] = backdrop[y]
            if not body_row:
                continue
            x0, x1 = body_x0, body_x1
            for x in range(x0, x1):
                red[x] = haze[y, 0, x]
                green[x] = haze[y, 1, x]
                blue[x] = haze[y, 2, x]
        else:
            u0 = camera[0] + camera[1] * row_rays[row, 0]
            du = camera[1] * row_rays[row, 1]
            v = camera[2] + camera[1] * row_rays[row, 2]
            half_u = camera[1] * row_rays[row, 3] * to_square
            wave_v = half * _wave(v * to_square, camera[1] * row_rays[row, 4] * to_square)
            off_z2 = (v - focus_z) * (v - focus_z)
            _floor_line(
                red, green, blue, fade[row], haze[y], u0, du, half_u, wave_v, focus_x, off_z2, to_square, floor_colors
            )
            at = (v - origin_z) * to_cell - half
            if at > np.float32(0.0) and at < size - 1:
                i = int(at)
                part = at - np.float32(i)
                for j in range(size):
                    shade_row[j] = shadow_strength * (shadow[i, j] + part * (shadow[i + 1, j] - shadow[i, j]))
                _shadow_line(red, green, blue, shade_row, (u0 - origin_x) * to_cell - half, du * to_cell, shadow_tint)
        if body_row:
            _body_line(red, green, blue, depth, color, y, body_x0, body_x1)
        _tone_line(red[x0:x1], green[x0:x1], blue[x0:x1], dither[y, x0:x1], tone, steps, frame[y, x0:x1])
