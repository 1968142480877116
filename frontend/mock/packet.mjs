// Packets as iconlearn.recording.packets writes them.
const TYPES = new Map([
  [Float32Array, "<f4"],
  [Float64Array, "<f8"],
  [Int32Array, "<i4"],
  [Uint32Array, "<u4"],
  [Uint8Array, "|u1"],
]);
const up = (n) => (n + 7) & ~7;

export function encode(kind, fields, arrays = {}) {
  let place = 0;
  const table = {};
  for (const [name, { values, shape }] of Object.entries(arrays)) {
    table[name] = { dtype: TYPES.get(values.constructor), shape, offset: place };
    place += up(values.byteLength);
  }
  let text = Buffer.from(JSON.stringify({ kind, ...fields, arrays: table }));
  text = Buffer.concat([text, Buffer.alloc(up(12 + text.length) - 12 - text.length, " ")]);
  const out = Buffer.alloc(12 + text.length + place);
  out.write("ICON");
  out.writeUInt32LE(text.length, 4);
  out.writeUInt32LE(place, 8);
  text.copy(out, 12);
  for (const [name, { values }] of Object.entries(arrays)) {
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).copy(
      out,
      12 + text.length + table[name].offset,
    );
  }
  return out;
}
