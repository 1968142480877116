/** The colours that a run's points have now. */

import { computed, type ReadonlySignal } from "@preact/signals";
import type { Moment } from "../recording";
import { nearer, type RunState } from "../store";
import { dark } from "../theme";
import { type Choice, choices, paint, type Painting } from "./scheme";

interface Paint {
  options: ReadonlySignal<Choice[]>;
  choice: ReadonlySignal<string>;
  painted: ReadonlySignal<Painting>;
}

const made = new WeakMap<RunState, Paint>();

export function painting(run: RunState): Paint {
  const known = made.get(run);
  if (known) return known;
  const moment = computed(() => {
    void run.version.value;
    const shown = run.shown.value;
    return shown && complete(nearer(shown), run.recording.value.moments.at(-1));
  });
  const options = computed(() => {
    void run.version.value;
    return choices(run.recording.value, moment.value);
  });
  const choice = computed(() => {
    const asked = run.colour.value;
    return options.value.find((option) => option.id === asked)?.id ?? options.value[0]?.id ?? "none";
  });
  const mix = keeping(run);
  const painted = computed(() => {
    void run.version.value;
    return mix(moment.value, choice.value);
  });
  const paint = { options, choice, painted };
  made.set(run, paint);
  return paint;
}

/** A frame with what only moments hold, as the last of them had it. */
function complete(moment: Moment, last: Moment | undefined): Moment {
  if (!last || moment.step < last.step) return moment;
  return {
    ...moment,
    cluster: moment.cluster ?? last.cluster,
    confidence: moment.confidence ?? last.confidence,
    divergence: moment.divergence ?? last.divergence,
  };
}

/** Colours that do not change with time are mixed once. */
function keeping(run: RunState): (moment: Moment | null, choice: string) => Painting {
  let key = "";
  let held: Painting | null = null;
  return (moment, choice) => {
    const recording = run.recording.value;
    const hidden = run.hidden.value;
    const moving = ["cluster", "confidence", "divergence"].includes(choice);
    const step = moving ? `${moment?.step} ${recording.moments.length} ${recording.watched.length}` : "";
    const now = [choice, [...hidden].join(), dark.value, recording.n, recording.columns.length, step].join(
      "|",
    );
    if (!held || key !== now) held = paint(recording, moment, choice, hidden, dark.value);
    key = now;
    return held;
  };
}
