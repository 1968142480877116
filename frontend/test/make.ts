/** Packets for tests, written anew from the format. */

export interface Given {
  dtype: string;
  shape: number[];
  values: ArrayBufferView;
}

export function packet(
  kind: string,
  fields: object,
  arrays: Record<string, Given> = {},
  instead: Record<string, unknown> = {},
  text?: string,
): ArrayBuffer {
  const table: Record<string, unknown> = {};
  let body = 0;
  for (const [name, { dtype, shape, values }] of Object.entries(arrays)) {
    table[name] = { dtype, shape, offset: body };
    body += Math.ceil(values.byteLength / 8) * 8;
  }
  let header = text ?? JSON.stringify({ kind, ...fields, arrays: { ...table, ...instead } });
  while ((12 + new TextEncoder().encode(header).length) % 8) header += " ";
  const words = new TextEncoder().encode(header);
  const out = new Uint8Array(12 + words.length + body);
  out.set(new TextEncoder().encode("ICON"));
  const view = new DataView(out.buffer);
  view.setUint32(4, words.length, true);
  view.setUint32(8, body, true);
  out.set(words, 12);
  for (const [name, { values }] of Object.entries(arrays)) {
    const { offset } = table[name] as { offset: number };
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 12 + words.length + offset);
  }
  return out.buffer;
}

const f4 = (shape: number[], values: number[]): Given => ({
  dtype: "<f4",
  shape,
  values: Float32Array.from(values),
});
const i4 = (shape: number[], values: number[]): Given => ({
  dtype: "<i4",
  shape,
  values: Int32Array.from(values),
});

/** A run of four points (rows 10, 20, 30, 40), of which 0 and 2 are watched with two bars and the rest. */
export function smallRun(): ArrayBuffer[] {
  return [
    packet("run", {
      title: "t-SNE",
      total: 10,
      columns_are: "points",
      column_names: null,
      layout: "embedding",
      data: { name: "four" },
    }),
    packet(
      "points",
      {
        n: 4,
        columns: [
          { name: "label", kind: "category", categories: ["cat", "dog"] },
          { name: "weight", kind: "number", categories: null },
        ],
      },
      {
        rows: { dtype: "<u4", shape: [4], values: Uint32Array.from([10, 20, 30, 40]) },
        column_0: i4([4], [0, 1, 1, -1]),
        column_1: f4([4], [0, 5, 10, NaN]),
      },
    ),
    packet(
      "watched",
      { first: 0 },
      {
        points: i4([2], [0, 2]),
        columns: i4([2, 2], [1, 2, 3, -2]),
        p: f4([2, 3], [0.5, 0.3, 0.2, 0.6, 0, 0.4]),
      },
    ),
    moment(0, [0, 0, 1, 0, 0, 1, 9, 9], [0.1, 0.1, 0.8, 0.2, 0, 0.8]),
    moment(5, [0, 0, 2, 0, 0, 2, 18, 18], [0.5, 0.3, 0.2, 0.6, 0, 0.4]),
  ];
}

export function moment(
  step: number,
  positions: number[],
  q: number[],
  kind = "moment",
  more: Record<string, Given> = {},
): ArrayBuffer {
  return packet(
    kind,
    {
      step,
      loss: 1 / (step + 1),
      seconds: step,
      stats: { gap: 0.5 - step / 10, entropy_p: 1, entropy_q: 2 },
    },
    {
      positions: f4([positions.length / 2, 2], positions),
      q: f4([q.length / 3, 3], q),
      ...more,
    },
  );
}
