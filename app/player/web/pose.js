// Poses between frames, and the way from rotations to the matrices that move a surface. Quaternions are x, y, z, w;
// matrices are 3 x 4, row after row. All of it follows motionbeat/motion.py and BlendRig in dancegen/body.py.

const JOINTS = 24;

/** Writes the local rotations of one dancer between frames `before` and `before + 1` into `out` (24 x 4). */
export function slerpPose(rotations, before, after, share, out) {
  for (let joint = 0; joint < JOINTS; joint++) {
    const a = 4 * (JOINTS * before + joint);
    const b = 4 * (JOINTS * after + joint);
    let dot = 0;
    let lengthA = 0;
    let lengthB = 0;
    for (let k = 0; k < 4; k++) {
      dot += rotations[a + k] * rotations[b + k];
      lengthA += rotations[a + k] ** 2;
      lengthB += rotations[b + k] ** 2;
    }
    dot /= Math.sqrt(lengthA * lengthB);
    const sign = dot < 0 ? -1 : 1;
    const angle = Math.acos(Math.min(1, Math.abs(dot)));
    let weightA = 1 - share;
    let weightB = share;
    // Near zero both weights tend to the linear ones, and the quotient of sines to 0 / 0.
    if (angle > 1e-4) {
      weightA = Math.sin(weightA * angle) / Math.sin(angle);
      weightB = Math.sin(weightB * angle) / Math.sin(angle);
    }
    let length = 0;
    for (let k = 0; k < 4; k++) {
      const value = weightA * rotations[a + k] / Math.sqrt(lengthA) + sign * weightB * rotations[b + k] / Math.sqrt(lengthB);
      out[4 * joint + k] = value;
      length += value * value;
    }
    for (let k = 0; k < 4; k++) out[4 * joint + k] /= Math.sqrt(length);
  }
}

/** The moving part of one dancer: joints and global rotations at any time. */
export class Figure {
  constructor(dance, dancer) {
    this.parents = dance.parents;
    this.fps = dance.fps;
    this.frames = dance.frames;
    this.rotations = dancer.rotations;
    this.trans = dancer.trans;
    this.stature = dancer.body.stature;
    this.offsets = dance.offsets_m.map((offset) => offset.map((value) => value * this.stature));
    this.local = new Float64Array(4 * JOINTS);
    this.turns = Array.from({ length: JOINTS }, () => new Float64Array(9));
    /** (24, 3) joint positions in metres. */
    this.places = new Float64Array(3 * JOINTS);
  }

  /** Takes the pose at `seconds`, which is clipped to the dance. */
  poseAt(seconds) {
    const at = Math.min(Math.max(seconds * this.fps, 0), this.frames - 1);
    const before = Math.floor(at);
    const after = Math.min(before + 1, this.frames - 1);
    const share = at - before;
    slerpPose(this.rotations, before, after, share, this.local);
    for (let k = 0; k < 3; k++) {
      const place = (1 - share) * this.trans[3 * before + k] + share * this.trans[3 * after + k];
      this.places[k] = place * this.stature;
    }
    for (let joint = 0; joint < JOINTS; joint++) {
      const matrix = matrixOf(this.local, 4 * joint);
      if (joint === 0) {
        this.turns[0].set(matrix);
        continue;
      }
      const parent = this.parents[joint];
      const turn = this.turns[parent];
      const offset = this.offsets[joint];
      for (let row = 0; row < 3; row++) {
        let place = this.places[3 * parent + row];
        for (let k = 0; k < 3; k++) place += turn[3 * row + k] * offset[k];
        this.places[3 * joint + row] = place;
      }
      multiply3(turn, matrix, this.turns[joint]);
    }
  }

  /** Writes (24, 3, 4) float32 transforms from the bind pose of a surface to the world into `out`. */
  skinMatrices(binding, out) {
    const product = new Float64Array(9);
    for (let joint = 0; joint < JOINTS; joint++) {
      multiply3(this.turns[joint], binding.restRotations[joint], product);
      const bind = binding.joints[joint];
      for (let row = 0; row < 3; row++) {
        let shift = this.places[3 * joint + row];
        for (let k = 0; k < 3; k++) {
          out[12 * joint + 4 * row + k] = product[3 * row + k];
          shift -= product[3 * row + k] * bind[k];
        }
        out[12 * joint + 4 * row + 3] = shift;
      }
    }
  }
}

/** How a surface hangs on the joints, at `scale` times its own size. */
export function bindingOf(body, scale) {
  return {
    joints: body.joints_bind_m.map((place) => place.map((value) => value * scale)),
    restRotations: body.rest_rotations.map((matrix) => Float64Array.from(matrix.flat())),
  };
}

function matrixOf(quaternions, at) {
  const [x, y, z, w] = quaternions.subarray(at, at + 4);
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
    2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
    2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
  ];
}

function multiply3(a, b, out) {
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      out[3 * row + column] =
        a[3 * row] * b[column] + a[3 * row + 1] * b[3 + column] + a[3 * row + 2] * b[6 + column];
    }
  }
}

/** Area-weighted unit normals (V x 3) of a surface. */
export function surfaceNormals(vertices, faces) {
  const normals = new Float32Array(vertices.length);
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [3 * faces[f], 3 * faces[f + 1], 3 * faces[f + 2]];
    const u = [0, 1, 2].map((k) => vertices[b + k] - vertices[a + k]);
    const w = [0, 1, 2].map((k) => vertices[c + k] - vertices[a + k]);
    const normal = [u[1] * w[2] - u[2] * w[1], u[2] * w[0] - u[0] * w[2], u[0] * w[1] - u[1] * w[0]];
    for (const corner of [a, b, c]) for (let k = 0; k < 3; k++) normals[corner + k] += normal[k];
  }
  for (let v = 0; v < normals.length; v += 3) {
    const length = Math.hypot(normals[v], normals[v + 1], normals[v + 2]) || 1;
    for (let k = 0; k < 3; k++) normals[v + k] /= length;
  }
  return normals;
}
