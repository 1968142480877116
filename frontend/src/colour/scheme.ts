/** What a map can be coloured by, and the colours of its points. */

import type { Moment, Recording } from "../recording";
import { classColors, NEUTRAL, ramp, type Rgb, toRgb, UNLABELLED } from "./palette";

export interface Choice {
  id: string;
  name: string;
}

export type Legend =
  | { kind: "none" }
  | { kind: "categories"; names: string[]; colors: string[]; counts: number[] }
  | { kind: "numbers"; name: string; low: number; high: number };

export interface Painting {
  rgba: Uint8Array;
  legend: Legend;
}

/** What the points of a recording can be coloured by, the best first. */
export function choices(recording: Recording, moment: Moment | null): Choice[] {
  const list: Choice[] = [];
  if (moment?.cluster) list.push({ id: "cluster", name: "cluster" });
  recording.columns.forEach((column, k) => list.push({ id: `column:${k}`, name: column.name }));
  if (moment?.confidence) list.push({ id: "confidence", name: "confidence" });
  if (moment?.divergence) list.push({ id: "divergence", name: "divergence of p and q" });
  list.push({ id: "none", name: "one colour" });
  return list;
}

/** Colours of all points; hidden categories are clear. */
export function paint(
  recording: Recording,
  moment: Moment | null,
  choice: string,
  hidden: ReadonlySet<number>,
  dark: boolean,
): Painting {
  const { n } = recording;
  if (choice === "cluster" && moment?.cluster) {
    const k = moment.cluster.reduce((most, c) => Math.max(most, c + 1), 0);
    const names = Array.from({ length: k }, (_, c) => `cluster ${c + 1}`);
    return categories(moment.cluster, names, hidden, dark);
  }
  if (choice === "confidence" && moment?.confidence) {
    return numbers(moment.confidence, "confidence", [0, 255], 1 / 255);
  }
  if (choice === "divergence" && moment?.divergence) {
    const values = new Float32Array(n).fill(NaN);
    moment.divergence.forEach((value, w) => {
      const point = recording.watched[w]?.point ?? -1;
      if (point >= 0) values[point] = value;
    });
    return numbers(values, "divergence of p and q", null, 1);
  }
  const column = choice.startsWith("column:") ? recording.columns[Number(choice.slice(7))] : undefined;
  if (!column) return plain(n, dark ? "#7FA3D1" : NEUTRAL);
  if (column.kind === "number") return numbers(column.values, column.name, null, 1);
  const most = Math.max(-1, extent(column.values)[1]) + 1;
  const names = column.categories ?? Array.from({ length: most }, (_, c) => String(c));
  return categories(column.values, names, hidden, dark);
}

function plain(n: number, color: string): Painting {
  const rgba = new Uint8Array(4 * n);
  const [r, g, b] = toRgb(color);
  for (let i = 0; i < n; i++) put(rgba, i, r, g, b, 255);
  return { rgba, legend: { kind: "none" } };
}

function categories(
  codes: ArrayLike<number>,
  names: string[],
  hidden: ReadonlySet<number>,
  dark: boolean,
): Painting {
  const colors = classColors(names.length, dark);
  const table = colors.map(toRgb);
  const none = toRgb(UNLABELLED);
  const counts = new Array<number>(names.length).fill(0);
  const rgba = new Uint8Array(4 * codes.length);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? -1;
    const [r, g, b] = table[code] ?? none;
    if (code >= 0 && code < counts.length) counts[code] = (counts[code] ?? 0) + 1;
    put(rgba, i, r, g, b, hidden.has(code) ? 0 : 255);
  }
  return { rgba, legend: { kind: "categories", names, colors, counts } };
}

function numbers(
  values: ArrayLike<number>,
  name: string,
  range: [number, number] | null,
  scale: number,
): Painting {
  const [low, high] = range ?? extent(values);
  const span = high - low || 1;
  const rgba = new Uint8Array(4 * values.length);
  const none = toRgb(UNLABELLED);
  const table = Array.from({ length: 256 }, (_, k): Rgb => ramp(k / 255));
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    const [r, g, b] = Number.isFinite(value)
      ? (table[Math.round((Math.min(1, Math.max(0, (value - low) / span)) || 0) * 255)] ?? none)
      : none;
    put(rgba, i, r, g, b, Number.isFinite(value) ? 255 : 60);
  }
  return { rgba, legend: { kind: "numbers", name, low: low * scale, high: high * scale } };
}

function extent(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN;
    if (value < low && value > -Infinity) low = value;
    if (value > high && value < Infinity) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

function put(rgba: Uint8Array, i: number, r: number, g: number, b: number, a: number): void {
  rgba[4 * i] = r;
  rgba[4 * i + 1] = g;
  rgba[4 * i + 2] = b;
  rgba[4 * i + 3] = a;
}
