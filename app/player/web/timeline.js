// The seek bar with a tick on each beat and a longer one on each bar, and the beat counter.

const MIN_TICK_GAP_PX = 3;
const ARROW_S = 1;

/** A range input over a small canvas with ticks. Says "seek" with `detail` seconds when the user moves it. */
export class Timeline extends EventTarget {
  constructor(input, ticks) {
    super();
    this.input = input;
    this.ticks = ticks;
    this.beats = null;
    this.duration = 0;
    const say = (seconds) => this.dispatchEvent(new CustomEvent("seek", { detail: seconds }));
    input.addEventListener("input", () => say(Number(input.value)));
    input.addEventListener("keydown", (event) => {
      const now = Number(input.value);
      const to = {
        ArrowRight: now + ARROW_S, ArrowUp: now + ARROW_S, ArrowLeft: now - ARROW_S, ArrowDown: now - ARROW_S,
        PageUp: this.#barFrom(now, 1), PageDown: this.#barFrom(now, -1),
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      say(to);
    });
  }

  show(dance) {
    this.beats = dance.beats;
    this.duration = dance.duration_s;
    this.input.max = dance.duration_s;
    this.input.step = 0.01;
    this.draw();
  }

  set time(seconds) {
    this.input.value = seconds;
    this.input.setAttribute("aria-valuetext", this.#words(seconds));
    this.input.style.setProperty("--done", `${(100 * seconds) / Math.max(this.duration, 1e-6)}%`);
  }

  /** The index of the beat that sounds at `seconds`, -1 before the first. */
  beatAt(seconds) {
    let low = 0;
    let high = this.beats?.times_s.length ?? 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.beats.times_s[middle] <= seconds + 1e-6) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  draw() {
    const width = this.ticks.clientWidth;
    const height = this.ticks.clientHeight;
    const scale = window.devicePixelRatio || 1;
    this.ticks.width = Math.round(width * scale);
    this.ticks.height = Math.round(height * scale);
    if (!this.beats || !width) return;
    const pen = this.ticks.getContext("2d");
    pen.scale(scale, scale);
    const style = getComputedStyle(this.ticks);
    const thumb = parseFloat(style.getPropertyValue("--thumb"));
    const { times_s: times, places } = this.beats;
    // The middle of the thumb goes from half a thumb after the left end to half a thumb before the right one.
    const placeOf = (seconds) => thumb / 2 + ((width - thumb) * seconds) / this.duration;
    const gap = ((width - thumb) * (times[times.length - 1] - times[0])) / this.duration / Math.max(times.length - 1, 1);
    const barsFit = gap * this.beats.meter >= MIN_TICK_GAP_PX;
    times.forEach((seconds, index) => {
      const bar = places[index] === 0;
      if (bar ? !barsFit : gap < MIN_TICK_GAP_PX) return;
      pen.fillStyle = style.getPropertyValue(bar ? "--bar-tick" : "--beat-tick");
      const long = bar ? height : 0.5 * height;
      pen.fillRect(placeOf(seconds) - 0.5 * (bar ? 1.5 : 1), height - long, bar ? 1.5 : 1, long);
    });
  }

  #barFrom(seconds, way) {
    const bars = (this.beats?.times_s ?? []).filter((_, index) => this.beats.places[index] === 0);
    if (way > 0) return bars.find((each) => each > seconds + 0.05) ?? this.duration;
    return bars.filter((each) => each < seconds - 0.05).pop() ?? 0;
  }

  #words(seconds) {
    const spoken = `${seconds.toFixed(1)} of ${this.duration.toFixed(1)} seconds`;
    const beat = this.beatAt(seconds);
    if (beat < 0) return spoken;
    const bars = this.beats.places.slice(0, beat + 1).filter((place) => place === 0).length;
    return `${spoken}, bar ${Math.max(bars, 1)}, beat ${this.beats.places[beat] + 1}`;
  }
}

/** Minutes and seconds. */
export function clockText(seconds) {
  const whole = Math.floor(seconds + 1e-6);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
