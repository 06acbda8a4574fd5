// How the player looks; it lives in its own shadow tree, so nothing of the page around it reaches in.

export const STYLE = `
:host {
  --thumb: 14px;
  --accent: #c2410c; --surface: #ffffff; --text: #1c2230; --soft: #525b6e; --line: #c9ced8; --button: #f1f3f7;
  --bar-tick: #525b6e; --beat-tick: #a3abba;
  display: flex; flex-direction: column; color: var(--text); background: var(--surface);
  border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
  font: 14px/1.3 system-ui, sans-serif; color-scheme: light;
}
:host([hidden]) { display: none; }
:host([data-theme="dark"]) {
  --accent: #fb923c; --surface: #171a23; --text: #e8ebf2; --soft: #aab2c2; --line: #3a4152; --button: #262b38;
  --bar-tick: #c3cad8; --beat-tick: #636d80;
  color-scheme: dark;
}
* { box-sizing: border-box; }
.view { position: relative; flex: 1 1 auto; min-height: 220px; }
canvas.scene { display: block; width: 100%; height: 100%; touch-action: none; cursor: grab; outline-offset: -3px; }
canvas.scene:active { cursor: grabbing; }
:host([page-scrolls]) canvas.scene { touch-action: pan-y; }
:host([page-scrolls]) .view { aspect-ratio: 1; max-height: 78vh; flex: none; }
.note {
  position: absolute; inset: 0; display: grid; place-items: center; padding: 24px; text-align: center;
  background: var(--surface); color: var(--soft);
}
.note[hidden] { display: none; }
.remark { padding: 4px 12px; color: var(--soft); }
.remark:empty { display: none; }
.bar { padding: 8px 12px 10px; border-top: 1px solid var(--line); container-type: inline-size; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
.row + .row { margin-top: 6px; justify-content: flex-end; }
.seek { position: relative; flex: 1 1 100px; min-width: 0; padding-top: 11px; }
.seek canvas { position: absolute; top: 0; left: 0; width: 100%; height: 10px; pointer-events: none; }
input[type="range"] {
  appearance: none; -webkit-appearance: none; display: block; width: 100%; height: 22px; margin: 0; background: none;
  cursor: pointer; border-radius: 6px;
}
input[type="range"]::-webkit-slider-runnable-track {
  height: 4px; border-radius: 2px;
  background: linear-gradient(to right, var(--accent) var(--done, 0%), var(--line) var(--done, 0%));
}
input[type="range"]::-moz-range-track { height: 4px; border-radius: 2px; background: var(--line); }
input[type="range"]::-moz-range-progress { height: 4px; border-radius: 2px; background: var(--accent); }
input[type="range"]::-webkit-slider-thumb {
  appearance: none; -webkit-appearance: none; width: var(--thumb); height: var(--thumb); margin-top: -5px;
  border: none; border-radius: 50%; background: var(--accent);
}
input[type="range"]::-moz-range-thumb {
  width: var(--thumb); height: var(--thumb); border: none; border-radius: 50%; background: var(--accent);
}
button {
  font: inherit; color: var(--text); background: var(--button); border: 1px solid var(--line); border-radius: 7px;
  min-height: 36px; padding: 4px 10px; cursor: pointer;
}
button[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 -3px 0 var(--accent); }
button:disabled, input:disabled { opacity: 0.5; cursor: default; }
button.play { width: 44px; min-height: 44px; padding: 0; border-radius: 50%; display: grid; place-items: center; }
button.play svg { width: 18px; height: 18px; fill: currentColor; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@container (max-width: 340px) { .row { gap: 5px; } .row + .row button { padding: 4px 6px; font-size: 13px; } }
.time { font-variant-numeric: tabular-nums; white-space: nowrap; color: var(--soft); }
.beats {
  position: absolute; left: 14px; bottom: 10px; display: flex; align-items: center; gap: 7px; pointer-events: none;
  color: #fff; text-shadow: 0 1px 2px rgb(20 22 30 / 0.8);
}
.beats i { width: 9px; height: 9px; border-radius: 50%; background: rgb(255 255 255 / 0.4); }
.beats i:first-child { width: 11px; height: 11px; background: rgb(255 196 84 / 0.5); }
.beats i.now { background: #fff; box-shadow: 0 0 4px 1px rgb(255 255 255 / 0.7); }
.beats i.now:first-child { background: rgb(255 196 84); box-shadow: 0 0 4px 1px rgb(255 196 84 / 0.7); }
.beats span { white-space: nowrap; margin-left: 3px; }
`;
