/** What the page holds: the runs that are open, the point that is looked at, and the time that each run shows. */

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Packet } from "./packets";
import { type Moment, Recording } from "./recording";
import type { Link, Source } from "./source";

/** A row of the data, or a watched row that is not on the map. */
export type Selection = { row: number } | { probe: number } | null;

/** Selected and hovered rows of the data; runs side by side share them. */
export const selection = signal<Selection>(null);
export const hovered = signal<number | null>(null);
/** Whether two runs side by side share one clock. */
export const linked = signal(true);

/** What a run shows: between two pictures, a share of the way. */
export interface Shown {
  a: Moment;
  b: Moment;
  mix: number;
  live: boolean;
}

const GOING = ["waiting", "starting", "running", "paused"];

export class RunState {
  #held = signal(new Recording());
  /** Counts up when the recording has grown. */
  readonly version = signal(0);
  /** The recording grows in place: whoever reads its value is told then. */
  readonly recording = {
    held: this.#held,
    grown: this.version,
    get value(): Recording {
      void this.grown.value;
      return this.held.value;
    },
    peek(): Recording {
      return this.held.peek();
    },
  };
  readonly link = signal<Link>("connecting");
  readonly failure = signal<string | null>(null);
  /** Place among the moments, whole or between two; at the end of a live run, `live` rules. */
  readonly time = signal(0);
  readonly live = signal(true);
  readonly playing = signal(false);
  readonly speed = signal(1);
  readonly colour = signal<string | null>(null);
  readonly hidden = signal<ReadonlySet<number>>(new Set());
  readonly lit = signal(true);
  /** Was it asked to stop, and has not said yet that it has? */
  readonly stopping = signal(false);
  source: Source | null = null;
  #next: Recording | null = null;
  #due: ReturnType<typeof setTimeout> | undefined;
  #asked = -1;

  constructor(readonly id: string) {}

  readonly shown: ReadonlySignal<Shown | null> = computed(() => {
    const recording = this.recording.value;
    if (this.live.value) {
      const latest = recording.latest;
      return latest && { a: latest, b: latest, mix: 0, live: true };
    }
    return between(recording.moments, this.time.value);
  });

  /** A connection was made: all comes again from the first packet. */
  begin = (): void => {
    if (this.recording.peek().run) this.#next = new Recording();
    this.#asked = -1;
  };

  packets = (packets: Packet[], damage: string | null): void => {
    const target = this.#next ?? this.recording.peek();
    for (const packet of packets) target.add(packet);
    if (target.state && !GOING.includes(target.state.state)) this.stopping.value = false;
    if (damage) target.damage = damage;
    if (this.#next?.state) {
      const grown = this.#next;
      this.#next = null;
      batch(() => {
        this.#held.value = grown;
        this.version.value += 1;
      });
      return;
    }
    // many packets, one drawing
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      this.version.value += 1;
    }, 16);
  };

  /** Go to a place among the moments. */
  seek(time: number): void {
    const last = Math.max(0, this.recording.peek().moments.length - 1);
    batch(() => {
      this.live.value = false;
      this.time.value = Math.min(last, Math.max(0, time));
    });
  }

  goLive(): void {
    batch(() => {
      this.playing.value = false;
      this.live.value = true;
    });
  }

  /** Share of the recording that is shown, 0 to 1. */
  get progress(): number {
    const last = this.recording.value.moments.length - 1;
    return last > 0 ? (this.live.value ? 1 : this.time.value / last) : 1;
  }

  get running(): boolean {
    return this.link.value === "open" && GOING.includes(this.recording.value.state?.state ?? "");
  }

  /** Is it known that no more will come? */
  get over(): boolean {
    const { state, end } = this.recording.value;
    if (this.link.value === "replay") return true;
    return state ? !GOING.includes(state.state) : end !== null;
  }

  /** Ask a live run for the bars of a point: its frames carry those that were asked for last. */
  watch(point: number): void {
    if (point < 0 || point === this.#asked || !this.running) return;
    if (this.source?.send({ watch: [point] })) this.#asked = point;
  }

  stop(): void {
    if (this.source?.send({ do: "stop" })) this.stopping.value = true;
  }

  close(): void {
    clearTimeout(this.#due);
    this.source?.close();
  }
}

/** The two moments around a place among them. */
export function between(moments: readonly Moment[], time: number): Shown | null {
  const last = moments.length - 1;
  const low = Math.min(last, Math.max(0, Math.floor(time)));
  const a = moments[low];
  if (!a) return null;
  const b = moments[Math.min(last, low + 1)] ?? a;
  return { a, b, mix: Math.min(1, Math.max(0, time - low)), live: false };
}

/** The moment that is nearer to what is shown. */
export function nearer(shown: Shown): Moment {
  return shown.mix < 0.5 ? shown.a : shown.b;
}

/** The selected point of a run, or -1. */
export function selectedPoint(run: RunState): number {
  const chosen = selection.value;
  void run.version.value;
  if (!chosen) return -1;
  if ("row" in chosen) return run.recording.value.pointOf(chosen.row);
  return run.recording.value.watched[chosen.probe]?.point ?? -1;
}

/** Select a point of a run by the row of the data that it shows. */
export function selectPoint(run: RunState, point: number): void {
  const row = run.recording.peek().rows[point];
  selection.value = row === undefined ? null : { row };
}

/** Select the next (+1) or previous (-1) watched row. */
export function selectNext(run: RunState, step: 1 | -1): void {
  const { watched, rows } = run.recording.peek();
  if (!watched.length) return;
  const now = watchedNow(run);
  const next = (now < 0 ? (step > 0 ? 0 : watched.length - 1) : now + step + watched.length) % watched.length;
  const point = watched[next]?.point ?? -1;
  selection.value = point >= 0 ? { row: rows[point] ?? 0 } : { probe: next };
}

/** The watched row that is selected, or -1. */
export function watchedNow(run: RunState): number {
  const chosen = selection.peek();
  if (!chosen) return -1;
  if ("probe" in chosen) return chosen.probe;
  const point = run.recording.peek().pointOf(chosen.row);
  return run.recording.peek().watchedOf(point);
}
