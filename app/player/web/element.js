// <dance-player>: the canvas, its controls, and what a page may do with them.

import { OrbitCamera } from "./camera.js";
import { Clock } from "./clock.js";
import { steerWith } from "./gestures.js";
import { readPack } from "./pack.js";
import { Renderer } from "./renderer.js";
import { STYLE } from "./style.js";
import { Timeline, clockText } from "./timeline.js";

const MAX_PIXEL_RATIO = 2;
const PLAY_ICON = '<svg viewBox="0 0 18 18" aria-hidden="true"><path d="M4 2l12 7-12 7z"/></svg>';
const PAUSE_ICON = '<svg viewBox="0 0 18 18" aria-hidden="true"><path d="M3 2h4v14H3zM11 2h4v14h-4z"/></svg>';
const MARKUP = `
<div class="view">
  <canvas class="scene" tabindex="0" role="application" aria-label="The dance in 3-D. Arrow keys turn the view, with shift they
move it, plus and minus zoom, 0 resets. Space plays, F follows the dancer, B shows bones."></canvas>
  <div class="beats" aria-hidden="true"></div>
  <p class="note" role="status">There is no dance yet.</p>
</div>
<p class="remark" role="status"></p>
<div class="bar" role="group" aria-label="Player">
  <div class="row">
    <button class="play" type="button" aria-label="Play">${PLAY_ICON}</button>
    <div class="seek"><canvas aria-hidden="true"></canvas><input type="range" min="0" max="1" value="0" aria-label="Position"></div>
    <span class="time"></span>
  </div>
  <div class="row">
    <button class="speed" type="button" aria-pressed="false" aria-label="Half speed" title="Half speed">0.5×</button>
    <button class="follow" type="button" aria-pressed="true" title="The camera goes with the dancers">Follow</button>
    <button class="bones" type="button" aria-pressed="false" title="Show the skeleton">Bones</button>
    <button class="mute" type="button" aria-pressed="false" title="Sound off">Mute</button>
    <button class="reset" type="button" aria-label="Reset view" title="Back to the view of the video">Reset</button>
  </div>
</div>`;

/**
 * A dance in 3-D, in step with its sound. Attributes: `theme` (light, dark, else the system's), `page-scrolls` (in a page that
 * scrolls: a wheel or a vertical stroke scrolls it). Says "dance-loaded", and "dance-time" with `detail` {seconds, playing}
 * whenever the time that is shown changes.
 */
export class DancePlayer extends HTMLElement {
  static observedAttributes = ["theme"];

  constructor() {
    super();
    this.dance = null;
    this.clock = null;
    this.camera = null;
    this.renderer = null;
    this.withBones = false;
    /** How many pictures have been drawn: none are while nothing changes. */
    this.framesDrawn = 0;
    this.pendingFrame = 0;
    this.shownTime = -1;
    this.loading = 0;
    this.soundUrl = null;
    this.onScreen = true;
    this.onClockChange = () => this.#clockChanged();
    this.onSilent = () => this.#remark("The sound cannot be played here, so the dance is shown without it.");
    this.systemDark = window.matchMedia("(prefers-color-scheme: dark)");
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");

    const root = this.attachShadow({ mode: "open" });
    root.innerHTML = `<style>${STYLE}</style>${MARKUP}`;
    const part = (selector) => root.querySelector(selector);
    this.parts = {
      canvas: part("canvas.scene"), note: part(".note"), remark: part(".remark"), play: part(".play"), time: part(".time"),
      beats: part(".beats"), speed: part(".speed"), follow: part(".follow"), bones: part(".bones"), mute: part(".mute"),
      reset: part(".reset"), seek: part("input"),
    };
    this.timeline = new Timeline(this.parts.seek, part(".seek canvas"));
    this.timeline.addEventListener("seek", (event) => this.seek(event.detail));
    this.parts.play.addEventListener("click", () => this.#playOrPause());
    this.parts.speed.addEventListener("click", () => this.clock.setRate(this.clock.rate === 1 ? 0.5 : 1));
    this.parts.follow.addEventListener("click", () => (this.follow = !this.follow));
    this.parts.bones.addEventListener("click", () => (this.bones = !this.bones));
    this.parts.mute.addEventListener("click", () => (this.clock.muted = !this.clock.muted));
    this.parts.reset.addEventListener("click", () => this.resetView());
    const commands = {
      " ": () => this.#playOrPause(),
      f: () => (this.follow = !this.follow),
      b: () => (this.bones = !this.bones),
    };
    steerWith(this.parts.canvas, () => this.camera, () => this.#requestFrame(), commands, () => this.hasAttribute("page-scrolls"));
    this.parts.canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.renderer = null;
    });
    this.parts.canvas.addEventListener("webglcontextrestored", () => this.#startRenderer());
    this.resizes = new ResizeObserver(() => this.#fit());
    this.visibility = new IntersectionObserver((entries) => {
      this.onScreen = entries[entries.length - 1].isIntersecting;
      if (this.onScreen) this.#requestFrame();
    });
    this.onTheme = () => this.#applyTheme();
    this.#enable(false);
  }

  connectedCallback() {
    this.resizes.observe(this.parts.canvas);
    this.visibility.observe(this.parts.canvas);
    this.systemDark.addEventListener("change", this.onTheme);
    this.#applyTheme();
    if (this.dance && !this.renderer) this.#startRenderer();
  }

  disconnectedCallback() {
    this.resizes.disconnect();
    this.visibility.disconnect();
    this.systemDark.removeEventListener("change", this.onTheme);
    this.pause();
    cancelAnimationFrame(this.pendingFrame);
    this.pendingFrame = 0;
  }

  attributeChangedCallback() {
    this.#applyTheme();
  }

  // What a page may use.

  /** Shows the packed dance in `bytes` (an ArrayBuffer or a typed array), or nothing for null. */
  async load(bytes) {
    const turn = ++this.loading;
    this.#clear();
    if (!bytes) return;
    this.#note("Loading the dance.");
    let dance;
    try {
      dance = await readPack(bytes);
    } catch (error) {
      if (turn === this.loading) this.#note(`The dance cannot be read (${error.message}).`);
      return;
    }
    if (turn !== this.loading) return;
    this.dance = dance;
    this.camera = new OrbitCamera(dance.view, dance.array("view/path"), dance.fps);
    // Who asked for less motion gets a camera that stands still.
    this.follow = !this.calm.matches;
    const sound = dance.array("sound");
    this.soundUrl = sound && URL.createObjectURL(new Blob([sound], { type: "audio/mp4" }));
    this.#useClock(new Clock(dance.duration_s, this.soundUrl));
    this.timeline.show(dance);
    this.#showBeats();
    this.#enable(true);
    this.#note("");
    this.#startRenderer();
    this.dispatchEvent(new CustomEvent("dance-loaded", { bubbles: true, composed: true }));
  }

  /** {@link load} for the file at an address; what was there before goes at once. */
  async loadFrom(url) {
    const turn = ++this.loading;
    this.#clear();
    this.#note("Loading the dance.");
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`the server says ${answer.status}`);
      const bytes = await answer.arrayBuffer();
      if (turn === this.loading) await this.load(bytes);
    } catch (error) {
      if (turn === this.loading) this.#note(`The dance cannot be loaded (${error.message}).`);
    }
  }

  play() {
    this.clock?.play();
  }

  pause() {
    this.clock?.pause();
  }

  /** Shows the dance at `seconds`, playing on if it plays. */
  seek(seconds) {
    this.clock?.seek(seconds);
  }

  get currentTime() {
    return this.clock?.time ?? 0;
  }

  get duration() {
    return this.dance?.duration_s ?? 0;
  }

  get paused() {
    return !this.clock?.playing;
  }

  get follow() {
    return this.camera?.follow ?? true;
  }

  set follow(value) {
    if (!this.camera) return;
    this.camera.follow = value;
    this.parts.follow.setAttribute("aria-pressed", String(value));
    this.#requestFrame();
  }

  get bones() {
    return this.withBones;
  }

  set bones(value) {
    this.withBones = value;
    this.parts.bones.setAttribute("aria-pressed", String(value));
    this.#requestFrame();
  }

  /** Where the camera is: yaw and pitch in radians and its distance in metres; each may be set alone. */
  get view() {
    return { yaw: this.camera.yaw, pitch: this.camera.pitch, distance: this.camera.distance };
  }

  set view({ yaw, pitch, distance }) {
    this.camera.turn((yaw ?? this.camera.yaw) - this.camera.yaw, (pitch ?? this.camera.pitch) - this.camera.pitch);
    this.camera.distance = distance ?? this.camera.distance;
    this.#requestFrame();
  }

  resetView() {
    this.camera?.reset();
    this.#requestFrame();
  }

  /** Joint positions in metres, 72 numbers for each dancer, at `seconds`. */
  joints(seconds) {
    return this.renderer?.joints(seconds) ?? [];
  }

  /** Plays, pauses and seeks together with another player from now on; the sound is that player's. */
  keepStepWith(other) {
    if (!this.dance || !other.dance) throw new Error("both players need a dance first");
    const own = this.clock;
    this.#useClock(other.clock);
    own.close();
  }

  // The inside.

  #clear() {
    this.pause();
    this.#useClock(null);
    if (this.soundUrl) URL.revokeObjectURL(this.soundUrl);
    this.soundUrl = null;
    this.dance = null;
    this.camera = null;
    this.renderer?.close();
    this.renderer = null;
    this.#remark("");
    this.#note("There is no dance yet.");
    this.#enable(false);
  }

  #useClock(clock) {
    this.clock?.removeEventListener("change", this.onClockChange);
    this.clock?.removeEventListener("silent", this.onSilent);
    this.clock = clock;
    clock?.addEventListener("change", this.onClockChange);
    clock?.addEventListener("silent", this.onSilent);
    if (clock) this.#clockChanged();
  }

  #startRenderer() {
    const gl = this.parts.canvas.getContext("webgl2", { antialias: true, alpha: false });
    if (!gl) {
      this.#note("This browser has no WebGL 2, so the dance cannot be shown in 3-D. A newer browser or one with graphics switched on can.");
      this.#enable(false);
      return;
    }
    this.renderer = new Renderer(gl, this.dance);
    this.#fit();
  }

  #fit() {
    const canvas = this.parts.canvas;
    const scale = Math.min(window.devicePixelRatio || 1, MAX_PIXEL_RATIO);
    const width = Math.max(1, Math.round(canvas.clientWidth * scale));
    const height = Math.max(1, Math.round(canvas.clientHeight * scale));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    this.timeline.draw();
    // In this step already: a canvas of a new size is empty until it is drawn.
    this.#drawFrame();
  }

  #requestFrame() {
    if (this.pendingFrame || !this.isConnected) return;
    this.pendingFrame = requestAnimationFrame(() => {
      this.pendingFrame = 0;
      this.#drawFrame();
      if (this.clock?.playing) this.#requestFrame();
    });
  }

  #drawFrame() {
    if (!this.clock || !this.dance) return;
    if (this.clock.playing && this.clock.atEnd) this.clock.pause();
    const seconds = this.clock.time;
    const canvas = this.parts.canvas;
    if (this.renderer && this.onScreen) {
      this.camera.size = [canvas.width, canvas.height];
      const stage = this.dance.stages[this.dataset.theme === "dark" ? "dark" : "light"];
      this.renderer.draw(seconds, this.camera.at(seconds), stage, this.withBones);
      this.framesDrawn += 1;
    }
    if (seconds !== this.shownTime) this.#showTime(seconds);
  }

  #showTime(seconds) {
    this.shownTime = seconds;
    this.timeline.time = seconds;
    this.parts.time.textContent = `${clockText(seconds)} / ${clockText(this.duration)}`;
    const beat = this.timeline.beatAt(seconds);
    const place = beat < 0 ? -1 : this.dance.beats.places[beat];
    this.parts.beats.querySelectorAll("i").forEach((dot, index) => dot.classList.toggle("now", index === place));
    const detail = { seconds, playing: !this.paused };
    this.dispatchEvent(new CustomEvent("dance-time", { detail, bubbles: true, composed: true }));
  }

  #showBeats() {
    const beats = this.dance.beats;
    const dots = beats ? "<i></i>".repeat(beats.meter) : "";
    this.parts.beats.innerHTML = beats ? `${dots}<span>${Math.round(beats.tempo)} BPM</span>` : "";
  }

  #clockChanged() {
    const { play, speed, mute } = this.parts;
    play.innerHTML = this.clock.playing ? PAUSE_ICON : PLAY_ICON;
    play.setAttribute("aria-label", this.clock.playing ? "Pause" : "Play");
    speed.setAttribute("aria-pressed", String(this.clock.rate !== 1));
    mute.hidden = this.clock.sound === null;
    mute.setAttribute("aria-pressed", String(this.clock.muted));
    // At once: the next press of a key on the seek bar counts from here.
    if (this.isConnected) this.#showTime(this.clock.time);
    this.#requestFrame();
  }

  #playOrPause() {
    if (!this.clock) return;
    if (this.clock.playing) this.clock.pause();
    else this.clock.play();
  }

  #applyTheme() {
    const theme = this.getAttribute("theme");
    this.dataset.theme = theme === "light" || theme === "dark" ? theme : this.systemDark.matches ? "dark" : "light";
    this.timeline.draw();
    this.#requestFrame();
  }

  #enable(on) {
    const { play, speed, follow, bones, mute, reset, seek } = this.parts;
    for (const each of [play, speed, follow, bones, mute, reset, seek]) each.disabled = !on;
  }

  #note(text) {
    this.parts.note.textContent = text;
    this.parts.note.hidden = !text;
  }

  #remark(text) {
    this.parts.remark.textContent = text;
  }
}

if (!customElements.get("dance-player")) customElements.define("dance-player", DancePlayer);
