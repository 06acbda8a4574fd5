// Mouse, touch and keyboard on the canvas: turn, move and zoom the view.

const TURN_PER_PIXEL = 0.008;
const KEY_TURN = 0.12;
const KEY_SHIFT_PX = 30;
const KEY_ZOOM = 1.12;

/**
 * Lets `canvas` steer `camera`; `changed()` is called after each step, `commands` maps other keys to actions.
 * With `pageScrolls()` true, a wheel over a canvas without focus and a vertical stroke of one finger stay the page's.
 */
export function steerWith(canvas, camera, changed, commands, pageScrolls) {
  const pointers = new Map();
  const scale = () => canvas.width / Math.max(canvas.clientWidth, 1);
  const step = (action) => {
    action(camera());
    changed();
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, pans: event.button > 0 || event.shiftKey });
  });
  canvas.addEventListener("pointermove", (event) => {
    const pointer = pointers.get(event.pointerId);
    if (!pointer || !camera()) return;
    const before = spread(pointers);
    const [dx, dy] = [event.clientX - pointer.x, event.clientY - pointer.y];
    pointer.x = event.clientX;
    pointer.y = event.clientY;
    const after = spread(pointers);
    if (pointers.size > 1) {
      step((view) => {
        view.scale(Math.max(before.width, 1) / Math.max(after.width, 1));
        view.shift(scale() * (after.x - before.x), scale() * (after.y - before.y));
      });
    } else if (pointer.pans) {
      step((view) => view.shift(scale() * dx, scale() * dy));
    } else {
      step((view) => view.turn(-TURN_PER_PIXEL * dx, TURN_PER_PIXEL * dy));
    }
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", () => camera() && step((view) => view.reset()));
  canvas.addEventListener(
    "wheel",
    (event) => {
      const focused = canvas.getRootNode().activeElement === canvas;
      if (!camera() || (pageScrolls() && !focused && !event.ctrlKey)) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      // A pinch on a touch pad arrives as small steps of the wheel with the control key.
      step((view) => view.scale(Math.exp(event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0012))));
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (!camera() || event.ctrlKey || event.metaKey || event.altKey) return;
    const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
    if (right !== undefined && event.shiftKey) step((view) => view.shift(-right * KEY_SHIFT_PX, -down * KEY_SHIFT_PX));
    else if (right !== undefined) step((view) => view.turn(KEY_TURN * right, -KEY_TURN * down));
    else if (event.key === "+" || event.key === "=") step((view) => view.scale(1 / KEY_ZOOM));
    else if (event.key === "-") step((view) => view.scale(KEY_ZOOM));
    else if (event.key === "0" || event.key === "Home") step((view) => view.reset());
    else if (commands[event.key.toLowerCase()]) commands[event.key.toLowerCase()]();
    else return;
    event.preventDefault();
  });
}

/** Middle of all pointers and the distance between the first two. */
function spread(pointers) {
  const all = [...pointers.values()];
  const x = all.reduce((sum, each) => sum + each.x, 0) / all.length;
  const y = all.reduce((sum, each) => sum + each.y, 0) / all.length;
  return { x, y, width: all.length > 1 ? Math.hypot(all[0].x - all[1].x, all[0].y - all[1].y) : 0 };
}
