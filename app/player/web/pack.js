// Reads the file that app/player/pack.py writes; its docstring tells the layout.

const MAGIC = "MBDANCE1";
const TYPES = { int16: Int16Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array };

/** A dance: the header of the file, with `array(name)` for its arrays, and the rotations and paths of its dancers. */
export async function readPack(bytes) {
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(unpacked).arrayBuffer();
  const magic = String.fromCharCode(...new Uint8Array(buffer, 0, Math.min(8, buffer.byteLength)));
  if (magic !== MAGIC) throw new Error("this is not a packed dance");
  const headerBytes = new DataView(buffer).getUint32(8, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 12, headerBytes)));
  const start = Math.ceil((12 + headerBytes) / 4) * 4;
  const array = (name) => {
    const entry = header.arrays[name];
    if (!entry) return null;
    return new TYPES[entry.type](buffer, start + entry.at, entry.shape.reduce((a, b) => a * b, 1));
  };
  const dancers = header.dancers.map((dancer, index) => ({
    body: header.bodies[dancer.body],
    bodyArrays: `body${dancer.body}`,
    rotations: undoSteps(array(`dancer${index}/rotations`), 24 * 4),
    trans: array(`dancer${index}/trans`),
  }));
  return { ...header, array, dancers };
}

/** Bytes of text in base64. */
export function bytesOfBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Sums up what was stored as changes from row to row; 16 bits wrap around as they did when it was written. */
function undoSteps(steps, width) {
  const values = Int16Array.from(steps);
  for (let i = width; i < values.length; i++) values[i] += values[i - width];
  return values;
}
