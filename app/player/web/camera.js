// A camera on a sphere around the dancers: turned by yaw and pitch, at a distance, looking at a point that may follow them.

const MIN_PITCH = 0.01; // the floor is seen from above only
const MAX_PITCH = 1.5;
const MIN_DISTANCE_M = 0.8;
const MAX_DISTANCE_M = 40;

export class OrbitCamera {
  /** `view` is that of the packed dance, `path` the point to follow in each frame (T x 3). */
  constructor(view, path, fps) {
    this.view = view;
    this.path = path;
    this.fps = fps;
    this.follow = true;
    this.size = [1, 1];
    this.reset();
  }

  /** The view of a video: from the front, slightly from above, everything in the picture. */
  reset() {
    this.yaw = 0;
    this.pitch = this.view.pitch_rad;
    this.zoom = 1;
    this.pan = [0, 0, 0];
  }

  get distance() {
    return this.homeDistance() * this.zoom;
  }

  set distance(metres) {
    this.zoom = Math.min(Math.max(metres, MIN_DISTANCE_M), MAX_DISTANCE_M) / this.homeDistance();
  }

  /** Focal length in pixels of the canvas. */
  get focal() {
    return this.view.focal_per_side * Math.sqrt(this.size[0] * this.size[1]);
  }

  homeDistance() {
    const [across, up, depth] = this.follow ? this.view.reach_m : this.view.still.reach_m;
    const wide = (across * this.focal) / ((this.size[0] / 2) * this.view.safe_share);
    const high = (up * this.focal) / ((this.size[1] / 2) * this.view.safe_share);
    return Math.max(wide, high) + 0.5 * depth;
  }

  turn(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.min(Math.max(this.pitch + pitch, MIN_PITCH), MAX_PITCH);
  }

  scale(factor) {
    this.distance = this.distance * factor;
  }

  /** Moves what is looked at by pixels of the canvas. */
  shift(right, down) {
    const metres = this.distance / this.focal;
    const axes = this.axes();
    for (let k = 0; k < 3; k++) this.pan[k] += metres * (-right * axes.right[k] + down * axes.up[k]);
    this.pan[1] = Math.min(Math.max(this.pan[1], -1.5), 2.5);
  }

  axes() {
    const [sy, cy, sp, cp] = [Math.sin(this.yaw), Math.cos(this.yaw), Math.sin(this.pitch), Math.cos(this.pitch)];
    return { right: [cy, 0, -sy], up: [-sp * sy, cp, -sp * cy], forward: [-cp * sy, -sp, -cp * cy] };
  }

  /** Position, axes and focal length at `seconds`. */
  at(seconds) {
    const target = this.follow ? this.#followed(seconds) : [...this.view.still.target_m];
    for (let k = 0; k < 3; k++) target[k] += this.pan[k];
    const axes = this.axes();
    const position = target.map((value, k) => value - this.distance * axes.forward[k]);
    position[1] = Math.max(position[1], 0.06);
    return { position, target, ...axes, focal: this.focal, size: this.size };
  }

  #followed(seconds) {
    const frames = this.path.length / 3;
    const at = Math.min(Math.max(seconds * this.fps, 0), frames - 1);
    const before = Math.floor(at);
    const after = Math.min(before + 1, frames - 1);
    return [0, 1, 2].map((k) => this.path[3 * before + k] + (at - before) * (this.path[3 * after + k] - this.path[3 * before + k]));
  }
}
