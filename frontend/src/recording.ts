/** A recorded run as the page holds it: packets go in, what the views draw comes out. */

import type { Packet, Packed } from "./packets";

export interface RunFields {
  method: string;
  title: string;
  family: string;
  status: string;
  cell: [string, string] | null;
  p: string;
  q: string;
  mapper: string;
  equation: string[];
  loss_name: string;
  divergence: string;
  parameters: Record<string, unknown>;
  options: Record<string, unknown>;
  /** What of both is not as the method has it; recordings of earlier versions do not tell. */
  chosen?: Record<string, unknown>;
  data: { name: string; n: number; d: number; classes: string[] | null; kind: string };
  total: number;
  columns_are: "points" | "probe" | "classes" | "clusters";
  column_names: string[] | null;
  layout: "embedding" | "fixed";
  layout_words: string;
}

export interface Column {
  name: string;
  kind: "category" | "number";
  categories: string[] | null;
  values: Int32Array | Float32Array;
}

export interface Samples {
  images: { values: Uint8Array; height: number; width: number; channels: number } | null;
  texts: string[] | null;
}

/** One watched row: its point on the map (-1: none), what its bars are, and its p. */
export interface Watched {
  point: number;
  columns: Int32Array;
  p: Float32Array;
}

export type Stats = Record<string, number | null>;

/** A picture of the run at one step; frames are pictures that are not kept. */
export interface Moment {
  step: number;
  loss: number | null;
  seconds: number;
  stats: Stats;
  positions: Float32Array | null;
  cluster: Int32Array | null;
  confidence: Uint8Array | null;
  q: Float32Array | null;
  p: Float32Array | null;
  /** Bars of a row in `q`, the rest among them. */
  width: number;
  divergence: Float32Array | null;
  /** Rows that `q` is of, for a frame; null: row k is watched row k. */
  selected: Int32Array | null;
}

export interface LiveState {
  state: string;
  step: number;
  total: number;
  message: string;
  /** What is wrong with the file of the recording, in words. */
  damage?: string;
  pages: number;
  skipped: number;
}

export interface End {
  state: string;
  message: string;
  steps: number;
  seconds: number;
  metrics: Record<string, number>;
}

export class Recording {
  run: RunFields | null = null;
  n = 0;
  rows: Uint32Array = new Uint32Array(0);
  columns: Column[] = [];
  fixed: Float32Array | null = null;
  samples: Samples = { images: null, texts: null };
  watched: Watched[] = [];
  moments: Moment[] = [];
  losses: (number | null)[] = [];
  end: End | null = null;
  frame: Moment | null = null;
  state: LiveState | null = null;
  damage: string | null = null;
  #watchedOf = new Map<number, number>();
  #pointOf: Map<number, number> | null = null;

  add(packet: Packet): void {
    const { kind, fields, arrays } = packet;
    if (kind === "run") this.run = fields as unknown as RunFields;
    else if (kind === "points") this.#addPoints(fields, arrays);
    else if (kind === "samples") this.#addSamples(fields, arrays);
    else if (kind === "watched") this.#addWatched(fields, arrays);
    else if (kind === "moment") this.#addMoment(readMoment(packet));
    else if (kind === "losses") this.#addLosses(fields, arrays);
    else if (kind === "end") this.end = fields as unknown as End;
    else if (kind === "frame") this.frame = readMoment(packet);
    else if (kind === "state") this.state = fields as unknown as LiveState;
    // kinds that this page does not know are passed over
  }

  /** The watched row of a point, or -1. */
  watchedOf(point: number): number {
    return this.#watchedOf.get(point) ?? -1;
  }

  /** The point that shows a row of the data, or -1. */
  pointOf(row: number): number {
    if (!this.#pointOf) {
      this.#pointOf = new Map();
      this.rows.forEach((r, point) => this.#pointOf?.set(r, point));
    }
    return this.#pointOf.get(row) ?? -1;
  }

  /** The first column of categories: what points are called by. */
  get label(): Column | null {
    return this.columns.find((column) => column.kind === "category") ?? null;
  }

  /** Latest picture of a run that goes on: the frame, unless a moment is newer. */
  get latest(): Moment | null {
    const last = this.moments[this.moments.length - 1] ?? null;
    if (this.frame && (!last || this.frame.step > last.step)) return this.frame;
    return last;
  }

  #addPoints(fields: Record<string, unknown>, arrays: Record<string, Packed>): void {
    this.fixed = floats(arrays["positions"]);
    this.n = (fields["n"] as number | undefined) ?? (this.fixed ? this.fixed.length / 2 : 0);
    const rows = arrays["rows"]?.values;
    this.rows = rows instanceof Uint32Array ? rows : Uint32Array.from({ length: this.n }, (_, k) => k);
    this.n = this.rows.length;
    const told = (fields["columns"] ?? []) as Omit<Column, "values">[];
    this.columns = told.flatMap((column, k) => {
      const values = arrays[`column_${k}`]?.values;
      return values ? [{ ...column, values: values as Int32Array | Float32Array }] : [];
    });
    this.#pointOf = null;
  }

  #addSamples(fields: Record<string, unknown>, arrays: Record<string, Packed>): void {
    const images = arrays["images"];
    if (images && images.values instanceof Uint8Array) {
      const [, height = 0, width = 0, channels = 1] = images.shape;
      this.samples.images = { values: images.values, height, width, channels };
    }
    if (Array.isArray(fields["texts"])) this.samples.texts = fields["texts"] as string[];
  }

  #addWatched(fields: Record<string, unknown>, arrays: Record<string, Packed>): void {
    const points = arrays["points"]?.values as Int32Array | undefined;
    const columns = arrays["columns"];
    const p = floats(arrays["p"]);
    if (!points || !columns || !p) return;
    const first = (fields["first"] as number | undefined) ?? 0;
    const bars = columns.shape[1] ?? 0;
    points.forEach((point, k) => {
      this.watched[first + k] = {
        point,
        columns: (columns.values as Int32Array).subarray(k * bars, (k + 1) * bars),
        p: p.subarray(k * (bars + 1), (k + 1) * (bars + 1)),
      };
      if (point >= 0) this.#watchedOf.set(point, first + k);
    });
  }

  #addMoment(moment: Moment): void {
    // a run that goes on from a checkpoint tells some steps again
    while ((this.moments[this.moments.length - 1]?.step ?? -1) >= moment.step) this.moments.pop();
    this.moments.push(moment);
    if (this.frame && this.frame.step <= moment.step) this.frame = null;
  }

  #addLosses(fields: Record<string, unknown>, arrays: Record<string, Packed>): void {
    const loss = arrays["loss"]?.values;
    if (!loss) return;
    const first = (fields["first"] as number | undefined) ?? this.losses.length;
    loss.forEach((value, k) => {
      this.losses[first + k] = Number.isFinite(value) ? value : null;
    });
  }
}

function readMoment({ fields, arrays }: Packet): Moment {
  const q = arrays["q"];
  return {
    step: (fields["step"] as number | undefined) ?? 0,
    loss: (fields["loss"] as number | null | undefined) ?? null,
    seconds: (fields["seconds"] as number | undefined) ?? 0,
    stats: (fields["stats"] as Stats | undefined) ?? {},
    positions: floats(arrays["positions"]),
    cluster: (arrays["cluster"]?.values as Int32Array | undefined) ?? null,
    confidence: (arrays["confidence"]?.values as Uint8Array | undefined) ?? null,
    q: floats(q),
    p: floats(arrays["p"]),
    width: q?.shape[1] ?? 0,
    divergence: floats(arrays["divergence"]),
    selected: (arrays["selected"]?.values as Int32Array | undefined) ?? null,
  };
}

function floats(packed: Packed | undefined): Float32Array | null {
  return packed?.values instanceof Float32Array ? packed.values : null;
}
