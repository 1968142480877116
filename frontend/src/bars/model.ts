/** The bars of the selected point: its p and q over its neighbours at the time that is shown. */

import { placer } from "../map/fit";
import type { Moment, Recording } from "../recording";
import { clip } from "../save/files";
import type { Shown } from "../store";

export interface Bar {
  column: number;
  /** Point that the bar is of, or -1. */
  point: number;
  label: string;
  /** Row of the data that the label ends in, if it does; it tells points apart where room is short. */
  row: number | null;
  p: number;
  q: number;
}

export interface BarSet {
  watched: number;
  point: number;
  /** The point that was asked for, when another one stands in for it. */
  instead: number | null;
  bars: Bar[];
  rest: { p: number; q: number };
  /** 1/2 sum |p - q|; null before q is known. */
  gap: number | null;
}

/** The watched row to show for a point: its own, or that of the watched point nearest on the map; -1 for none. */
export function rowToShow(recording: Recording, point: number, positions: Float32Array | null): number {
  const own = recording.watchedOf(point);
  if (own >= 0 || !positions) return own;
  const scene = { a: positions, b: positions, mix: 0, view: { k: 1, x: 0, y: 0 }, width: 1000, height: 1000 };
  const place = placer(scene);
  const [at, to]: [[number, number], [number, number]] = [
    [0, 0],
    [0, 0],
  ];
  place(point, at);
  let best = -1;
  let least = Infinity;
  recording.watched.forEach((row, w) => {
    if (row.point < 0) return;
    place(row.point, to);
    const square = (at[0] - to[0]) ** 2 + (at[1] - to[1]) ** 2;
    if (square < least) [best, least] = [w, square];
  });
  return best;
}

/** p and q of a watched row at the time that is shown. */
export function barsOf(
  recording: Recording,
  watched: number,
  shown: Shown | null,
  asked: number,
): BarSet | null {
  const row = recording.watched[watched];
  if (!row) return null;
  const p = blend(shown, (moment) => rowOf(recording, moment, "p", watched)) ?? row.p;
  const q = blend(shown, (moment) => rowOf(recording, moment, "q", watched));
  const n = row.columns.length;
  const bars: Bar[] = [];
  for (let k = 0; k < n; k++) {
    const column = row.columns[k] ?? -2;
    if (column === -2) continue;
    bars.push({ column, ...named(recording, column), p: p[k] ?? 0, q: q?.[k] ?? 0 });
  }
  let gap: number | null = null;
  if (q) {
    gap = 0;
    for (let k = 0; k <= n; k++) gap += Math.abs((p[k] ?? 0) - (q[k] ?? 0)) / 2;
  }
  return {
    watched,
    point: row.point,
    instead: asked >= 0 && row.point !== asked ? asked : null,
    bars,
    rest: { p: p[n] ?? 0, q: q?.[n] ?? 0 },
    gap,
  };
}

/** p or q of a row in a moment; a frame that does not carry them leaves those of the newest moment. */
function rowOf(recording: Recording, moment: Moment, name: "p" | "q", watched: number): Float32Array | null {
  const find = (held: Moment): Float32Array | null => {
    const at = held.selected ? held.selected.indexOf(watched) : watched;
    const found = at >= 0 ? held[name]?.subarray(at * held.width, (at + 1) * held.width) : undefined;
    return found?.length ? found : null;
  };
  const last = recording.moments[recording.moments.length - 1];
  return find(moment) ?? (moment === recording.frame && last ? find(last) : null);
}

function blend(shown: Shown | null, get: (moment: Moment) => Float32Array | null): Float32Array | null {
  if (!shown) return null;
  const a = get(shown.a);
  const b = get(shown.b);
  if (!a || !b || shown.mix <= 0 || a.length !== b.length) return a ?? b;
  return a.map((value, k) => value + ((b[k] ?? value) - value) * shown.mix);
}

/** The largest value of the bars; the rest has no say, as it would crush them. */
export const largest = (set: BarSet): number => Math.max(1e-9, ...set.bars.flatMap(({ p, q }) => [p, q]));

const TAIL = 8; // pixels, of what is left behind the break
const BREAK = 4;
const LEAN = 3;

/** The outline of a bar that is longer than there is room: with a slanted break before its end. */
export function broken(x: number, y: number, span: number, thick: number): string {
  const low = y + thick;
  const end = x + span;
  const before = end - TAIL - BREAK;
  const after = end - TAIL;
  return (
    `M${x} ${y}H${before + LEAN}L${before - LEAN} ${low}H${x}Z` +
    `M${after + LEAN} ${y}H${end}V${low}H${after - LEAN}Z`
  );
}

/** Why a run without watched rows has no bars to show. */
export function noBars({ moments }: Recording, over: boolean): string {
  if (moments.length)
    return "This recording holds no bars: its method has no p and q over rows that were watched.";
  return over ? "This recording holds no moments, and so no bars." : "The bars come with the first moment…";
}

/** What a bar stands for. */
function named(recording: Recording, column: number): Pick<Bar, "label" | "point" | "row"> {
  const { run } = recording;
  const name = run?.column_names?.[column];
  if (column < 0) return { label: "a row not on the map", point: -1, row: null };
  if (run?.columns_are === "classes" || run?.columns_are === "clusters") {
    const label = name ?? `${run.columns_are === "classes" ? "class" : "cluster"} ${column + 1}`;
    return { label, point: -1, row: null };
  }
  const point = run?.columns_are === "probe" ? (recording.watched[column]?.point ?? -1) : column;
  if (name !== undefined) return { label: name, point, row: null };
  const row = recording.samples.texts?.[point] ? null : rowOfPoint(recording, point, column);
  return { label: labelOf(recording, point, column), point, row };
}

const rowOfPoint = ({ rows }: Recording, point: number, column: number): number =>
  point < 0 ? column : (rows[point] ?? point);

/** What a point is called: its snippet, or its class and row. */
export function labelOf(recording: Recording, point: number, column = point): string {
  const row = `row ${rowOfPoint(recording, point, column)}`;
  if (point < 0) return row;
  const text = recording.samples.texts?.[point];
  if (text) return text;
  const { label } = recording;
  const category = label?.categories?.[label.values[point] ?? -1];
  return category === undefined ? row : `${category} · ${row}`;
}

/** The label of a bar in so many letters: of a row, the number stays whole. */
export function fitted({ label, row }: Pick<Bar, "label" | "row">, letters: number): string {
  if (row === null || label.length <= letters) return clip(label, letters);
  const number = `#${row}`;
  const room = letters - number.length - 1;
  const category = label.slice(0, -` · row ${row}`.length);
  return category && room > 1 ? `${clip(category, room)} ${number}` : number;
}
