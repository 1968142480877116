/** All runs and all data that this server holds. */

import { useEffect } from "preact/hooks";
import { getData, getRuns } from "../api";
import { link } from "../route";
import { count, useAsked } from "./hooks";
import { choicesOf } from "./naming";

export function RunsView() {
  const runs = useAsked(getRuns, []);
  const sets = useAsked(getData, []);
  useEffect(() => {
    const timer = setInterval(runs.again, 2500);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="lists">
      <h1 class="sr">Runs and data</h1>
      <section class="panel">
        <h2>Runs</h2>
        {runs.error && (
          <p class="error" role="alert">
            {runs.error}
          </p>
        )}
        {runs.value?.length === 0 && (
          <p class="empty">
            No runs yet. <a href={link("table")}>Choose a cell</a> and start one.
          </p>
        )}
        <ul class="rows" data-testid="runs">
          {(runs.value ?? []).map((run) => (
            <li key={run.id}>
              <a href={link("run", [run.id])} data-testid={`open-${run.id}`}>
                <b>{run.title}</b> on {run.data}
                {choicesOf(run.chosen).map((words) => ` · ${words}`)}
              </a>
              <span class={`state ${run.state}`}>{run.state}</span>
              <span class="muted">
                {run.id} · {run.step} of {run.total} steps{begun(run.started)}
                {run.message && ` · ${run.message}`}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section class="panel">
        <h2>Data</h2>
        {sets.error && (
          <p class="error" role="alert">
            {sets.error}
          </p>
        )}
        <ul class="rows" data-testid="sets">
          {(sets.value ?? []).map((set) => (
            <li key={set.id}>
              <b>{set.name}</b>
              <span class="muted">
                {set.error ??
                  `${count(set.n)} × ${count(set.d)}, ${set.labelled ? "labelled" : "without labels"}, feeds ${set.methods.length} cells`}
              </span>
              {set.points && (
                <a href={link("points", [set.id])} data-testid={`browse-${set.id}`}>
                  browse its points
                </a>
              )}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

/** When a run was started. */
function begun(started: string | null): string {
  if (!started) return "";
  return ` · ${new Date(started).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" })}`;
}
