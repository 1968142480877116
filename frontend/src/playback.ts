/** Plays a recorded run: moves its time on, smoothly or, where motion is not wanted, moment by moment. */

import { effect } from "@preact/signals";
import { linked, type RunState } from "./store";
import { calm } from "./theme";

const RATE = 6; // moments a second at speed 1

/** Move the time of a run on while it plays; gives the function that ends this. */
export function playing(run: RunState): () => void {
  return effect(() => {
    if (!run.playing.value) return undefined;
    let last = performance.now();
    let frame = 0;
    const go = (): void => {
      frame = requestAnimationFrame(go);
      const now = performance.now();
      const moved = ((now - last) / 1000) * RATE * run.speed.peek();
      if (calm.peek() && moved < 1) return;
      last = now;
      const end = run.recording.peek().moments.length - 1;
      const next = run.time.peek() + (calm.peek() ? Math.floor(moved) : Math.min(moved, 3));
      run.seek(next);
      if (next >= end) run.playing.value = false;
    };
    frame = requestAnimationFrame(go);
    return () => cancelAnimationFrame(frame);
  });
}

export function play(run: RunState): void {
  const end = run.recording.peek().moments.length - 1;
  if (run.live.peek() || run.time.peek() >= end) run.seek(0);
  run.playing.value = true;
}

/** Keep the clocks of two runs at the same share of their recordings while they are linked. */
export function linking(first: RunState, second: RunState): () => void {
  const lead = (from: RunState, to: RunState): (() => void) =>
    effect(() => {
      if (!linked.value || from.live.value) return;
      void from.time.value;
      const last = to.recording.peek().moments.length - 1;
      const time = from.progress * last;
      if (last > 0 && (to.live.peek() || Math.abs(to.time.peek() - time) > 1e-6)) to.seek(time);
    });
  const stops = [lead(first, second), lead(second, first)];
  return () => stops.forEach((stop) => stop());
}
