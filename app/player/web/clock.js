// What time it is in the dance. With sound, the sound is the clock and the picture follows it; without, the computer's.

const MAX_GUESS_S = 0.1; // how long the time is carried on when the sound's own clock moves in steps

/** Says "change" when it starts, stops, jumps or changes speed, and "silent" when the sound cannot be played. */
export class Clock extends EventTarget {
  constructor(durationS, soundUrl) {
    super();
    this.duration = durationS;
    this.rate = 1;
    this.playing = false;
    this.anchor = { dance: 0, heard: -1, at: 0 };
    this.sound = null;
    if (soundUrl) {
      this.sound = new Audio();
      this.sound.preload = "auto";
      this.sound.addEventListener("error", () => this.#goSilent());
      this.sound.addEventListener("pause", () => this.playing && !this.sound.ended && this.pause());
      this.sound.src = soundUrl;
    }
  }

  /** Seconds since the beginning of the dance. */
  get time() {
    if (!this.playing) return this.anchor.dance;
    const now = performance.now();
    if (this.sound) {
      const heard = this.sound.currentTime;
      if (heard !== this.anchor.heard) this.anchor = { dance: heard, heard, at: now };
      const guess = this.sound.paused || this.sound.readyState < 3 ? 0 : (this.rate * (now - this.anchor.at)) / 1000;
      return Math.min(this.anchor.dance + Math.min(guess, MAX_GUESS_S), this.duration);
    }
    return Math.min(this.anchor.dance + (this.rate * (now - this.anchor.at)) / 1000, this.duration);
  }

  get atEnd() {
    return this.time >= this.duration - 1e-3 || (this.playing && this.sound !== null && this.sound.ended);
  }

  async play() {
    if (this.playing) return;
    if (this.atEnd) this.seek(0);
    this.playing = true;
    this.anchor.at = performance.now();
    this.#tell();
    try {
      await this.sound?.play();
    } catch (error) {
      if (error.name === "NotSupportedError") this.#goSilent();
      else if (this.playing && error.name !== "AbortError") this.pause();
    }
  }

  pause() {
    if (!this.playing) return;
    const dance = this.atEnd ? this.duration : this.time;
    this.playing = false;
    this.anchor = { dance, heard: -1, at: 0 };
    if (this.sound) {
      this.sound.pause();
      // What is seen while paused is exactly what is heard next.
      if (!this.sound.ended) this.sound.currentTime = dance;
    }
    this.#tell();
  }

  seek(seconds) {
    const dance = Math.min(Math.max(seconds, 0), this.duration);
    this.anchor = { dance, heard: -1, at: performance.now() };
    if (this.sound) {
      this.sound.currentTime = dance;
      this.anchor.heard = this.sound.currentTime;
    }
    this.#tell();
  }

  setRate(rate) {
    const dance = this.time;
    this.rate = rate;
    this.anchor = { dance, heard: this.anchor.heard, at: performance.now() };
    if (this.sound) this.sound.playbackRate = rate;
    this.#tell();
  }

  get muted() {
    return this.sound?.muted ?? true;
  }

  set muted(value) {
    if (this.sound) this.sound.muted = value;
    this.#tell();
  }

  /** Ends the sound for good. */
  close() {
    this.playing = false;
    if (this.sound) {
      this.sound.pause();
      this.sound.removeAttribute("src");
    }
  }

  #goSilent() {
    if (!this.sound || !this.sound.getAttribute("src")) return;
    this.anchor = { dance: this.time, heard: -1, at: performance.now() };
    this.sound = null;
    this.dispatchEvent(new Event("silent"));
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
