// <song-trim>: a song's waveform with its beats and bars, and the part of it that is danced to.

const STYLE = `
:host { display: block; color: var(--body-text-color); font-size: var(--text-sm, 14px); }
.frame { border: 1px solid var(--border-color-primary); border-radius: var(--radius-md, 6px); background: var(--background-fill-primary);
  overflow: hidden; }
canvas { display: block; width: 100%; }
.whole { height: 44px; cursor: ew-resize; touch-action: pan-y; border-bottom: 1px solid var(--border-color-primary); }
.part { height: 104px; }
.ranges { display: grid; grid-template-columns: auto 1fr auto; gap: 4px 10px; align-items: center; margin-top: 8px; }
input[type="range"] { width: 100%; accent-color: var(--color-accent); height: 24px; }
output { font-variant-numeric: tabular-nums; min-width: 4.5em; text-align: right; }
.snap { display: flex; gap: 8px; align-items: center; margin-top: 4px; min-height: 24px; }
.snap input { width: 18px; height: 18px; accent-color: var(--color-accent); }
.empty .ranges, .empty .snap, .empty .frame { display: none; }
p { margin: 0 0 6px; }
:focus-visible { outline: 2px solid var(--color-accent); outline-offset: 2px; }`;

const MARKUP = `
<p class="about" role="status"></p>
<div class="frame"><canvas class="whole" aria-hidden="true"></canvas><canvas class="part" aria-hidden="true"></canvas></div>
<div class="ranges">
  <label for="start">Start</label><input id="start" type="range" min="0" step="0.1" value="0"><output for="start"></output>
  <label for="seconds">Length</label><input id="seconds" type="range" step="1"><output for="seconds"></output>
</div>
<div class="snap"><input id="snap" type="checkbox" checked><label for="snap">Begin with a bar</label></div>`;

function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${String(Math.floor((tenths % 600) / 10)).padStart(2, "0")}.${tenths % 10}`;
}

class SongTrim extends HTMLElement {
  constructor() {
    super();
    this.song = null;
    this.begin = 0;
    this.length = 0;
    const root = this.attachShadow({ mode: "open" });
    root.innerHTML = `<style>${STYLE}</style><div class="all empty">${MARKUP}</div>`;
    const part = (selector) => root.querySelector(selector);
    this.parts = {
      all: part(".all"), about: part(".about"), whole: part(".whole"), part: part(".part"), start: part("#start"),
      seconds: part("#seconds"), snap: part("#snap"), startText: part("output[for=start]"),
      secondsText: part("output[for=seconds]"),
    };
    this.parts.start.addEventListener("input", () => this.choose(Number(this.parts.start.value), this.length, false));
    this.parts.start.addEventListener("change", () => this.choose(Number(this.parts.start.value), this.length, true));
    this.parts.start.addEventListener("keydown", (event) => this.#stepBars(event));
    this.parts.seconds.addEventListener("input", () => this.choose(this.begin, Number(this.parts.seconds.value), true));
    this.parts.snap.addEventListener("change", () => this.choose(this.begin, this.length, true));
    this.#drag(this.parts.whole);
    new ResizeObserver(() => this.draw()).observe(this);
    new MutationObserver(() => this.draw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  /** Show a song as `app.hearing.HeardSong.as_dict` has it, or null; `limits` has `shortest`, `longest` and `usual` seconds. */
  show(song, limits, about) {
    const same = this.song && song && this.song.duration_s === song.duration_s && this.limits;
    this.song = song;
    this.limits = limits;
    this.parts.about.textContent = about || "";
    this.parts.all.classList.toggle("empty", !song);
    if (!song) return;
    const longest = Math.min(limits.longest, song.duration_s);
    this.parts.seconds.min = Math.min(limits.shortest, longest);
    this.parts.seconds.max = Math.ceil(longest);
    if (same) this.choose(this.begin, this.length, true);
    else this.choose(0, Math.min(limits.usual, longest), true);
  }

  /** Dance from `begin` seconds on for `length` seconds; moved to where that can be. */
  choose(begin, length, snap) {
    if (!this.song) return;
    const { duration_s: duration, downbeats } = this.song;
    this.length = Math.min(length, this.limits.longest, duration);
    const latest = Math.max(0, duration - this.length);
    this.begin = Math.max(0, Math.min(begin, latest));
    if (snap && this.parts.snap.checked && this.begin > 0) {
      const bars = downbeats.filter((bar) => bar <= latest);
      if (bars.length) {
        this.begin = bars.reduce((best, bar) => (Math.abs(bar - begin) < Math.abs(best - begin) ? bar : best));
      }
    }
    const { start, seconds, startText, secondsText } = this.parts;
    start.max = latest;
    start.value = this.begin;
    start.disabled = latest === 0;
    start.setAttribute("aria-valuetext", `${this.begin.toFixed(1)} seconds`);
    seconds.value = this.length;
    seconds.setAttribute("aria-valuetext", `${this.length.toFixed(0)} seconds`);
    startText.textContent = clock(this.begin);
    secondsText.textContent = `${this.length.toFixed(this.length % 1 ? 1 : 0)} s`;
    this.draw();
    if (snap) this.dispatchEvent(new CustomEvent("trimmed", { detail: { start_s: this.begin, seconds: this.length } }));
  }

  draw() {
    if (!this.song || !this.clientWidth) return;
    const style = getComputedStyle(this);
    const colour = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
    const colours = {
      wave: colour("--body-text-color-subdued", "#777"), chosen: colour("--color-accent", "#e60"),
      bar: colour("--body-text-color", "#222"),
    };
    const end = this.begin + this.length;
    const whole = this.#clear(this.parts.whole);
    const across = whole.width / this.song.duration_s;
    this.#wave(whole, 0, this.song.duration_s, colours.wave, 0);
    whole.context.fillStyle = colours.chosen;
    whole.context.globalAlpha = 0.28;
    whole.context.fillRect(this.begin * across, 0, Math.max(2, this.length * across), whole.height);
    whole.context.globalAlpha = 1;
    whole.context.fillRect(this.begin * across, 0, 2, whole.height);
    whole.context.fillRect(end * across - 2, 0, 2, whole.height);

    const part = this.#clear(this.parts.part);
    const top = 16;
    this.#wave(part, this.begin, end, colours.wave, top);
    const bars = new Set(this.song.downbeats);
    const scale = part.width / this.length;
    const every = Math.max(1, 2 ** Math.ceil(Math.log2(22 / (scale * this.#barSeconds()))));
    part.context.font = "11px system-ui, sans-serif";
    part.context.textAlign = "center";
    for (const beat of this.song.beats) {
      if (beat < this.begin - 0.01 || beat > end) continue;
      const x = Math.min(part.width - 1, Math.max(1, (beat - this.begin) * scale));
      const isBar = bars.has(beat);
      part.context.fillStyle = isBar ? colours.chosen : colours.bar;
      part.context.globalAlpha = isBar ? 1 : 0.35;
      part.context.fillRect(x - (isBar ? 1 : 0.5), top, isBar ? 2 : 1, part.height - top);
      part.context.globalAlpha = 1;
      const number = this.song.downbeats.indexOf(beat);
      if (isBar && number % every === 0) {
        part.context.fillStyle = colours.bar;
        part.context.fillText(String(number + 1), Math.min(part.width - 8, Math.max(8, x)), 12);
      }
    }
  }

  /** Arrow keys go from bar to bar where the part begins with one: a tenth of a second would snap back. */
  #stepBars(event) {
    const back = ["ArrowLeft", "ArrowDown"].includes(event.key);
    if (!this.parts.snap.checked || !(back || ["ArrowRight", "ArrowUp"].includes(event.key))) return;
    const bars = [0, ...this.song.downbeats];
    const next = back ? bars.findLast((bar) => bar < this.begin - 0.05) : bars.find((bar) => bar > this.begin + 0.05);
    if (next === undefined) return;
    event.preventDefault();
    this.choose(next, this.length, true);
  }

  #barSeconds() {
    const bars = this.song.downbeats;
    return bars.length > 1 ? (bars[bars.length - 1] - bars[0]) / (bars.length - 1) : 2;
  }

  #clear(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    return { context, width, height };
  }

  #wave({ context, width, height }, from, to, colour, top) {
    const { peaks, peaks_per_s: rate } = this.song;
    context.fillStyle = colour;
    const middle = (top + height) / 2;
    for (let x = 0; x < width; x++) {
      const first = Math.floor((from + ((to - from) * x) / width) * rate);
      const last = Math.max(first + 1, Math.ceil((from + ((to - from) * (x + 1)) / width) * rate));
      let peak = 0;
      for (let k = first; k < last && k < peaks.length; k++) peak = Math.max(peak, peaks[k]);
      const half = Math.max(0.5, (peak / 255) * (height - top) * 0.47);
      context.fillRect(x, middle - half, 1, 2 * half);
    }
  }

  #drag(canvas) {
    let held = false;
    const move = (event, snap) => {
      const box = canvas.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * this.song.duration_s;
      this.choose(at - this.length / 2, this.length, snap);
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.song) return;
      held = true;
      canvas.setPointerCapture(event.pointerId);
      move(event, false);
    });
    canvas.addEventListener("pointermove", (event) => held && move(event, false));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        if (held) move(event, true);
        held = false;
      });
    }
  }
}

if (!customElements.get("song-trim")) customElements.define("song-trim", SongTrim);

const trim = element.querySelector("song-trim");
trim.addEventListener("trimmed", (event) => (props.value = event.detail));
const show = () => trim.show(props.song, props.limits, props.about);
watch(["song", "about"], show);
show();
