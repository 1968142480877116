/** The bars that a run shows now; one computation for its map and its panel. */

import { computed, type ReadonlySignal } from "@preact/signals";
import { type RunState, selection } from "../store";
import { barsOf, type BarSet, rowToShow } from "./model";

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
