/** The bars that a run shows now; one computation for its map and its panel. */

import { computed, type ReadonlySignal } from "@preact/signals";
import { type RunState, selection } from "../store";
import { barsOf, type BarSet, largest, rowToShow } from "./model";

const made = new WeakMap<RunState, ReadonlySignal<BarSet | null>>();

export function shownBars(run: RunState): ReadonlySignal<BarSet | null> {
  const known = made.get(run);
  if (known) return known;
  const bars = computed(() => {
    void run.version.value;
    const recording = run.recording.value;
    const chosen = selection.value;
    const shown = run.shown.value;
    if (!chosen) return null;
    if ("probe" in chosen) return barsOf(recording, chosen.probe, shown, -1);
    const point = recording.pointOf(chosen.row);
    if (point < 0) return null;
    const positions = shown?.b.positions ?? recording.fixed;
    return barsOf(recording, rowToShow(recording, point, positions), shown, point);
  });
  made.set(run, bars);
  return bars;
}

/** The largest value that a panel has room for: one for both runs where they show the same row of the data. */
export function scaleOf(run: RunState, beside: RunState | null): number {
  const set = shownBars(run).value;
  const other = beside && shownBars(beside).value;
  if (!set) return 1;
  const row = (held: RunState, point: number): number | undefined => held.recording.value.rows[point];
  const same = other && set.point >= 0 && row(run, set.point) === row(beside, other.point);
  return same ? Math.max(largest(set), largest(other)) : largest(set);
}
