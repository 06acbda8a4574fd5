// Draws a dance with WebGL 2: shadow map, floor, bodies, and their bones.

import { Figure, bindingOf, surfaceNormals } from "./pose.js";
import {
  BLUR_FRAGMENT, BODY_FRAGMENT, BODY_VERTEX, CAST_FRAGMENT, CAST_VERTEX, MAX_BLUR_REACH, SCREEN_VERTEX, STAGE_FRAGMENT,
} from "./shaders.js";

const SHADOW_TEXELS = 512;
const SOFT_TEXELS = 192; // of the blurred shadow, which has no fine detail
const REGION_M = 4.6; // side of the square that the shadow map covers around one dancer
const MAX_REGION_M = 25;
const WIDE_BLUR_M = 0.107;
const NARROW_BLUR_M = 0.028;
const GHOST_OPACITY = 0.4; // of a body whose bones are shown

export class Renderer {
  /** `gl` is a WebGL 2 context, `dance` from readPack. */
  constructor(gl, dance) {
    this.gl = gl;
    this.figures = dance.dancers.map((dancer) => new Figure(dance, dancer));
    this.transforms = new Float32Array(24 * 12);
    this.made = [];
    const create = (kind) => {
      const handle = gl[`create${kind}`]();
      this.made.push([kind, handle]);
      return handle;
    };
    this.screen = create("VertexArray");
    this.programs = {
      cast: program(gl, create, CAST_VERTEX, CAST_FRAGMENT),
      blur: program(gl, create, SCREEN_VERTEX, BLUR_FRAGMENT),
      stage: program(gl, create, SCREEN_VERTEX, STAGE_FRAGMENT),
      body: program(gl, create, BODY_VERTEX, BODY_FRAGMENT),
    };
    const meshes = new Map();
    const meshNamed = (name, header) => {
      if (!meshes.has(name)) meshes.set(name, mesh(gl, create, dance, name, header));
      return meshes.get(name);
    };
    const bones = meshNamed("bones", dance.bones);
    this.bodies = dance.dancers.map((dancer) => ({
      skin: { mesh: meshNamed(dancer.bodyArrays, dancer.body), binding: bindingOf(dancer.body, 1), scale: 1 },
      bones: { mesh: bones, binding: bindingOf(dance.bones, dancer.body.stature), scale: dancer.body.stature },
    }));
    this.shadow = shadowMaps(gl, create);
  }

  /** Joint positions (24 x 3, metres) of each dancer at `seconds`. */
  joints(seconds) {
    return this.figures.map((figure) => {
      figure.poseAt(seconds);
      return Array.from(figure.places);
    });
  }

  /** Draws what is to be seen at `seconds`; `camera` is from OrbitCamera.at, `stage` one of the dance's. */
  draw(seconds, camera, stage, withBones) {
    const gl = this.gl;
    for (const figure of this.figures) figure.poseAt(seconds);
    const region = this.#castShadow(stage);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, camera.size[0], camera.size[1]);
    gl.disable(gl.DEPTH_TEST);
    this.#drawStage(camera, stage, region);
    gl.depthMask(true);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.CULL_FACE);
    const use = this.#bodyProgram(camera, stage, region);
    if (!withBones) {
      this.#drawSurfaces(use, "skin", 1);
    } else {
      // First the depth of the nearest surface alone, so that nothing shines through it twice.
      gl.colorMask(false, false, false, false);
      this.#drawSurfaces(use, "skin", 1);
      gl.colorMask(true, true, true, true);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
      this.#drawSurfaces(use, "skin", GHOST_OPACITY);
      gl.disable(gl.BLEND);
      gl.clear(gl.DEPTH_BUFFER_BIT);
      this.#drawSurfaces(use, "bones", 1);
    }
    gl.disable(gl.CULL_FACE);
    gl.disable(gl.DEPTH_TEST);
  }

  /** Gives the graphics memory back. */
  close() {
    for (const [kind, handle] of this.made) this.gl[`delete${kind}`](handle);
    this.made = [];
  }

  #drawSurfaces(use, kind, opacity) {
    const gl = this.gl;
    gl.uniform1f(use("opacity"), opacity);
    this.bodies.forEach((body, index) => {
      const part = body[kind];
      gl.uniform3fv(use("palette"), part.mesh.palette);
      gl.uniform1fv(use("gloss"), part.mesh.gloss);
      this.#drawSurface(use, part, this.figures[index]);
    });
  }

  #drawSurface(use, part, figure) {
    const gl = this.gl;
    figure.skinMatrices(part.binding, this.transforms);
    gl.uniform4fv(use("bones"), this.transforms);
    gl.uniform1f(use("extent"), part.mesh.extent * part.scale);
    gl.bindVertexArray(part.mesh.vertexArray);
    gl.drawElements(gl.TRIANGLES, part.mesh.count, part.mesh.indexType, 0);
  }

  #castShadow(stage) {
    const gl = this.gl;
    const [slopeX, slopeZ] = stage.shadow_slope;
    const xs = this.figures.map((figure) => figure.places[0]);
    const zs = this.figures.map((figure) => figure.places[2]);
    const apart = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...zs) - Math.min(...zs));
    const side = Math.min(REGION_M + apart, MAX_REGION_M);
    const texel = side / SHADOW_TEXELS;
    // Whole texels: an edge at rest does not shimmer when somebody else moves.
    const corner = (values, slope) =>
      Math.floor((0.5 * (Math.min(...values) + Math.max(...values)) + 0.8 * slope - 0.5 * side) / texel) * texel;
    const region = { side, origin: [corner(xs, slopeX), corner(zs, slopeZ)], slope: [slopeX, slopeZ] };

    gl.bindFramebuffer(gl.FRAMEBUFFER, this.shadow.cast.buffer);
    gl.viewport(0, 0, SHADOW_TEXELS, SHADOW_TEXELS);
    gl.disable(gl.BLEND);
    gl.disable(gl.CULL_FACE);
    gl.enable(gl.DEPTH_TEST);
    gl.depthMask(true);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const cast = this.programs.cast;
    gl.useProgram(cast.handle);
    gl.uniform2fv(cast.at("slope"), region.slope);
    gl.uniform2fv(cast.at("origin"), region.origin);
    gl.uniform1f(cast.at("region"), region.side);
    this.bodies.forEach((body, index) => this.#drawSurface(cast.at, body.skin, this.figures[index]));

    gl.disable(gl.DEPTH_TEST);
    const blur = this.programs.blur;
    gl.useProgram(blur.handle);
    gl.viewport(0, 0, SOFT_TEXELS, SOFT_TEXELS);
    const sigmas = [(WIDE_BLUR_M * SOFT_TEXELS) / side, (NARROW_BLUR_M * SOFT_TEXELS) / side];
    const reach = Math.min(Math.ceil(2.5 * sigmas[0]), MAX_BLUR_REACH);
    gl.uniform1i(blur.at("reach"), reach);
    gl.uniform2fv(blur.at("weights"), blurWeights(sigmas, reach));
    gl.uniform1i(blur.at("mask"), 0);
    gl.uniform1f(blur.at("texel"), 1 / SOFT_TEXELS);
    gl.bindVertexArray(this.screen);
    gl.activeTexture(gl.TEXTURE0);
    const passes = [
      [this.shadow.cast, this.shadow.half, [1 / SOFT_TEXELS, 0]],
      [this.shadow.half, this.shadow.soft, [0, 1 / SOFT_TEXELS]],
    ];
    for (const [from, to, direction] of passes) {
      gl.bindFramebuffer(gl.FRAMEBUFFER, to.buffer);
      gl.bindTexture(gl.TEXTURE_2D, from.color);
      gl.uniform2fv(blur.at("direction"), direction);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    }
    return region;
  }

  #drawStage(camera, stage, region) {
    const gl = this.gl;
    const use = this.programs.stage.at;
    gl.useProgram(this.programs.stage.handle);
    setCamera(gl, use, camera);
    gl.uniform2fv(use("canvas"), camera.size);
    gl.uniform3fv(use("target"), camera.target);
    gl.uniform3fv(use("skyTop"), stage.sky[0]);
    gl.uniform3fv(use("skyHorizon"), stage.sky[1]);
    gl.uniform3fv(use("lightSquare"), stage.floor[0]);
    gl.uniform3fv(use("darkSquare"), stage.floor[1]);
    gl.uniform3fv(use("shadowTint"), stage.shadow_tint);
    gl.uniform1f(use("squareM"), stage.square_m);
    gl.uniform1f(use("shadowStrength"), stage.shadow_strength);
    gl.uniform1f(use("fadeM"), stage.fade_m);
    gl.uniform1f(use("region"), region.side);
    gl.uniform2fv(use("origin"), region.origin);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.shadow.soft.color);
    gl.uniform1i(use("shadow"), 0);
    gl.bindVertexArray(this.screen);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  #bodyProgram(camera, stage, region) {
    const gl = this.gl;
    const use = this.programs.body.at;
    gl.useProgram(this.programs.body.handle);
    setCamera(gl, use, camera);
    gl.uniform3fv(use("lights"), stage.lights.flat());
    gl.uniform2fv(use("slope"), region.slope);
    gl.uniform2fv(use("origin"), region.origin);
    gl.uniform1f(use("region"), region.side);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, this.shadow.cast.depth);
    gl.uniform1i(use("heights"), 0);
    gl.depthFunc(gl.LEQUAL);
    return use;
  }
}

/** The bells of both widths, one after the other for each texel from the middle outwards. */
function blurWeights(sigmas, reach) {
  const bells = sigmas.map((sigma) => Array.from({ length: reach + 1 }, (_, k) => Math.exp(-0.5 * (k / sigma) ** 2)));
  const totals = bells.map((bell) => 2 * bell.reduce((sum, each) => sum + each, 0) - bell[0]);
  return bells[0].flatMap((_, k) => bells.map((bell, index) => bell[k] / totals[index]));
}

function setCamera(gl, use, camera) {
  gl.uniform3fv(use("eye"), camera.position);
  gl.uniform3fv(use("right"), camera.right);
  gl.uniform3fv(use("up"), camera.up);
  gl.uniform3fv(use("forward"), camera.forward);
  gl.uniform2f(use("focal"), (2 * camera.focal) / camera.size[0], (2 * camera.focal) / camera.size[1]);
}

/** A linked program and `at(name)`, the place of one of its uniforms. */
function program(gl, create, vertexText, fragmentText) {
  const handle = create("Program");
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertexText], [gl.FRAGMENT_SHADER, fragmentText]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
      throw new Error(`shader: ${gl.getShaderInfoLog(shader)}`);
    }
    gl.attachShader(handle, shader);
    gl.deleteShader(shader); // once its program goes
  }
  gl.linkProgram(handle);
  if (!gl.getProgramParameter(handle, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`shader: ${gl.getProgramInfoLog(handle)}`);
  }
  const places = new Map();
  const at = (name) => {
    if (!places.has(name)) places.set(name, gl.getUniformLocation(handle, name));
    return places.get(name);
  };
  return { handle, at };
}

/** The surface `name` of the dance in graphics memory. */
function mesh(gl, create, dance, name, header) {
  const vertices = dance.array(`${name}/vertices`);
  const faces = dance.array(`${name}/faces`);
  const materials = dance.array(`${name}/materials`);
  const vertexArray = create("VertexArray");
  gl.bindVertexArray(vertexArray);
  const attribute = (place, data, size, type, normalized, stride, offset) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, create("Buffer"));
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, type, normalized, stride, offset);
  };
  attribute(0, vertices, 3, gl.SHORT, true, 0, 0);
  attribute(1, surfaceNormals(vertices, faces), 3, gl.FLOAT, false, 0, 0);
  attribute(2, dance.array(`${name}/joint_weight`), 4, gl.UNSIGNED_BYTE, true, 0, 0);
  gl.bindBuffer(gl.ARRAY_BUFFER, create("Buffer"));
  gl.bufferData(gl.ARRAY_BUFFER, dance.array(`${name}/joint_index`), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(3);
  gl.vertexAttribIPointer(3, 4, gl.UNSIGNED_BYTE, 0, 0);
  attribute(4, materials, 4, gl.UNSIGNED_BYTE, true, 8, 0);
  gl.enableVertexAttribArray(5);
  gl.vertexAttribPointer(5, 4, gl.UNSIGNED_BYTE, true, 8, 4);
  attribute(6, dance.array(`${name}/occlusion`), 1, gl.UNSIGNED_BYTE, true, 0, 0);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, create("Buffer"));
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, faces, gl.STATIC_DRAW);
  gl.bindVertexArray(null);
  return {
    vertexArray,
    count: faces.length,
    indexType: faces instanceof Uint16Array ? gl.UNSIGNED_SHORT : gl.UNSIGNED_INT,
    extent: header.extent_m,
    palette: header.palette.flat(),
    gloss: header.gloss,
  };
}

function shadowMaps(gl, create) {
  const texture = (texels, internal, format, type, filter) => {
    const handle = create("Texture");
    gl.bindTexture(gl.TEXTURE_2D, handle);
    gl.texImage2D(gl.TEXTURE_2D, 0, internal, texels, texels, 0, format, type, null);
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, filter);
    for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, axis, gl.CLAMP_TO_EDGE);
    return handle;
  };
  const target = (texels, depth) => {
    const buffer = create("Framebuffer");
    const color = texture(texels, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, gl.LINEAR);
    gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, color, 0);
    if (depth) gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, depth, 0);
    return { buffer, color, depth };
  };
  const depth = texture(SHADOW_TEXELS, gl.DEPTH_COMPONENT24, gl.DEPTH_COMPONENT, gl.UNSIGNED_INT, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_COMPARE_MODE, gl.COMPARE_REF_TO_TEXTURE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_COMPARE_FUNC, gl.LEQUAL);
  return { cast: target(SHADOW_TEXELS, depth), half: target(SOFT_TEXELS, null), soft: target(SOFT_TEXELS, null) };
}
