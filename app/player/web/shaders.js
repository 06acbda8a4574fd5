// The shaders. Light, floor and shadow follow dancegen/render/kernels.py, so that the player looks like the videos.

const MATERIALS = 8;

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2DShadow;
`;

const SKINNING = `
layout(location = 0) in vec3 vertex;       // in the bind pose, a share of extent
layout(location = 1) in vec3 bindNormal;
layout(location = 2) in vec4 jointWeight;
layout(location = 3) in uvec4 jointIndex;
uniform float extent;
uniform vec4 bones[72];                    // 24 joints, three rows each

void skin(out vec3 place, out vec3 normal) {
  ivec4 joint = 3 * ivec4(jointIndex);
  vec4 weight = jointWeight / dot(jointWeight, vec4(1.0));
  vec4 x = weight.x * bones[joint.x], y = weight.x * bones[joint.x + 1], z = weight.x * bones[joint.x + 2];
  for (int k = 1; k < 4; k++) {
    x += weight[k] * bones[joint[k]];
    y += weight[k] * bones[joint[k] + 1];
    z += weight[k] * bones[joint[k] + 2];
  }
  vec4 at = vec4(vertex * extent, 1.0);
  place = vec3(dot(x, at), dot(y, at), dot(z, at));
  normal = vec3(dot(x.xyz, bindNormal), dot(y.xyz, bindNormal), dot(z.xyz, bindNormal));
}
`;

// Highlights are rolled off softly, then linear light becomes sRGB; a little noise hides the bands of slow gradients.
const TONE = `
float hash(vec2 p) {
  vec3 q = fract(vec3(p.xyx) * 0.1031);
  q += dot(q, q.yzx + 33.33);
  return fract((q.x + q.y) * q.z);
}
vec3 tone(vec3 light) {
  light = clamp(light, 0.0, 1.25);
  vec3 rolled = 0.7 + 0.3 * (1.0 - exp(-(light - 0.7) / 0.3));
  light = mix(light, rolled, step(0.7, light));
  vec3 srgb = mix(1.055 * pow(max(light, 1e-5), vec3(1.0 / 2.4)) - 0.055, 12.92 * light, step(light, vec3(0.0031308)));
  return srgb + (hash(gl_FragCoord.xy) - 0.5) / 255.0;
}
`;

const CAMERA = `
uniform vec3 eye, right, up, forward;
uniform vec2 focal;                        // focal length per half width and half height
const float NEAR = 0.05, FAR = 120.0;
`;

export const MAX_BLUR_REACH = 16; // texels
export const SHADOW_TOP_M = 3.4; // what is higher casts no shadow

/** The body flattened along the light: depth keeps the height of what is hit first. */
export const CAST_VERTEX = `${HEAD}${SKINNING}
uniform vec2 slope, origin;
uniform float region;
out float height;
void main() {
  vec3 place, normal;
  skin(place, normal);
  height = place.y;
  vec2 at = (place.xz + slope * place.y - origin) / region;
  gl_Position = vec4(2.0 * at - 1.0, 1.0 - 2.0 * clamp(place.y / ${SHADOW_TOP_M.toFixed(2)}, 0.0, 1.0), 1.0);
}`;
export const CAST_FRAGMENT = `${HEAD}
in float height;
out vec4 mask;
void main() {
  // Red: something is in the light's way. Green: it is near the floor, where shadows are crisp.
  mask = vec4(1.0, clamp(1.3 - 1.6 * height, 0.0, 1.0), 0.0, 1.0);
}`;

export const SCREEN_VERTEX = `${HEAD}
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;
/** One direction of a blur, wide in the red channel and narrow in the green one. */
export const BLUR_FRAGMENT = `${HEAD}
uniform sampler2D mask;
uniform vec2 direction;                    // one texel of the result
uniform float texel;                       // its share of the whole
uniform int reach;                         // texels on either side
uniform vec2 weights[${MAX_BLUR_REACH + 1}];              // of red and green, from the middle outwards
out vec4 blurred;
void main() {
  vec2 at = gl_FragCoord.xy * texel;
  vec2 sum = weights[0] * texture(mask, at).rg;
  for (int k = 1; k <= reach; k++) {
    vec2 off = float(k) * direction;
    sum += weights[k] * (texture(mask, at + off).rg + texture(mask, at - off).rg);
  }
  blurred = vec4(sum, 0.0, 1.0);
}`;

/** Backdrop and floor: one ray for each pixel. */
export const STAGE_FRAGMENT = `${HEAD}${CAMERA}${TONE}
uniform vec2 canvas;
uniform vec3 target, skyTop, skyHorizon, lightSquare, darkSquare, shadowTint;
uniform float squareM, shadowStrength, fadeM, region;
uniform vec2 origin;
uniform sampler2D shadow;
out vec4 color;
float wave(float place, float halfWidth) {
  float low = 0.5 * (place - halfWidth), high = 0.5 * (place + halfWidth);
  return (abs(low - floor(low) - 0.5) - abs(high - floor(high) - 0.5)) / halfWidth;
}
void main() {
  vec2 p = 2.0 * gl_FragCoord.xy / canvas - 1.0;
  vec3 ray = normalize(forward + right * p.x / focal.x + up * p.y / focal.y);
  float vignette = 1.0 - 0.16 * dot(p, p);
  float horizon = -focal.y * forward.y / up.y;                       // where the horizon is, bottom -1, top 1
  float above = clamp((p.y - horizon) / max(1.0 - horizon, 0.9), 0.0, 1.0);
  vec3 light = mix(skyTop, skyHorizon, pow(1.0 - above, 1.6)) * vignette;
  // The derivatives are taken before the branch; above the horizon they are not used.
  float reach = eye.y / max(-ray.y, 1e-4);
  vec2 place = eye.xz + ray.xz * reach;
  vec2 footprint = max(0.5 * fwidth(place) / squareM, 1e-4);
  if (ray.y < -1e-4) {
    vec2 off = place - target.xz;
    float dark = 0.5 - 0.5 * wave(place.x / squareM, footprint.x) * wave(place.y / squareM, footprint.y);
    float pool = 0.45 + 0.55 / (1.0 + 0.07 * dot(off, off));
    float far = length(place - eye.xz) / fadeM;
    float clear = exp(-far * far);
    light = light * (1.0 - clear) + clear * vignette * pool * mix(lightSquare, darkSquare, dark);
    vec2 map = (place - origin) / region;
    if (all(greaterThan(map, vec2(0.0))) && all(lessThan(map, vec2(1.0)))) {
      vec2 soft = texture(shadow, map).rg;
      light *= 1.0 - shadowStrength * max(soft.r, soft.g) * shadowTint;
    }
  }
  color = vec4(tone(light), 1.0);
}`;

export const BODY_VERTEX = `${HEAD}${SKINNING}${CAMERA}
layout(location = 4) in vec4 materialsA;
layout(location = 5) in vec4 materialsB;
layout(location = 6) in float openSky;
out vec3 at;
out vec3 facing;
out vec4 kindsA;
out vec4 kindsB;
out float sky;
invariant gl_Position;
void main() {
  skin(at, facing);
  kindsA = materialsA;
  kindsB = materialsB;
  sky = openSky;
  vec3 from = at - eye;
  float depth = dot(from, forward);
  gl_Position = vec4(
    dot(from, right) * focal.x,
    dot(from, up) * focal.y,
    (depth * (FAR + NEAR) - 2.0 * FAR * NEAR) / (FAR - NEAR),
    depth
  );
}`;
export const BODY_FRAGMENT = `${HEAD}${CAMERA}${TONE}
in vec3 at;
in vec3 facing;
in vec4 kindsA;
in vec4 kindsB;
in float sky;
uniform vec3 palette[${MATERIALS}];
uniform float gloss[${MATERIALS}];
uniform vec3 lights[7];                    // key and fill: direction, colour; from above, from below, rim
uniform vec2 slope, origin;
uniform float region, opacity;
uniform sampler2DShadow heights;
out vec4 color;
float lit(vec3 normal) {
  // The point is moved off the surface before the look-up, so that it does not shade itself.
  vec3 moved = at + 0.035 * normal;
  vec2 map = (moved.xz + slope * moved.y - origin) / region;
  float bar = 1.0 - (moved.y + 0.04) / ${SHADOW_TOP_M.toFixed(2)};
  float texel = 1.0 / float(textureSize(heights, 0).x);
  float light = 0.0;
  for (int i = 0; i < 4; i++) {
    vec2 off = vec2(float(i & 1) - 0.5, float(i >> 1) - 0.5) * 2.5 * texel;
    light += texture(heights, vec3(map + off, bar));
  }
  return 0.25 * light;
}
void main() {
  // The largest share wins after interpolation, which makes clean borders on coarse triangles.
  float best = -1.0;
  int kind = 0;
  for (int k = 0; k < ${MATERIALS}; k++) {
    float share = k < 4 ? kindsA[k] : kindsB[k - 4];
    if (share > best) {
      best = share;
      kind = k;
    }
  }
  vec3 normal = normalize(facing);
  vec3 view = normalize(eye - at);
  float key = max(dot(normal, lights[0]), 0.0);
  if (key > 0.0) key *= lit(normal);
  float fill = max(dot(normal, lights[2]), 0.0);
  float upwards = 0.5 + 0.5 * normal.y;
  float away = 1.0 - clamp(dot(normal, view), 0.0, 1.0);
  float rim = away * away * away * (0.35 + 0.65 * upwards);
  float shine = key > 0.0 ? pow(max(dot(normal, normalize(view + lights[0])), 0.0), 32.0) * min(1.0, 4.0 * key) : 0.0;
  vec3 light = mix(lights[5], lights[4], upwards) * sky + key * lights[1] + (fill * lights[3] + rim * lights[6]) * sky;
  color = vec4(tone(light * palette[kind] + shine * gloss[kind]), opacity);
}`;
