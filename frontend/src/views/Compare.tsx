/** Ways to a second run on the same data. */

import { getRuns } from "../api";
import { link } from "../route";
import type { RunState } from "../store";
import { useAsked } from "./hooks";
import { choicesOf } from "./naming";

export function Compare({ run }: { run: RunState }) {
  const runs = useAsked(getRuns, [run.id]);
  const own = runs.value?.find((row) => row.id === run.id);
  const same = (runs.value ?? []).filter((row) => row.id !== run.id && own && row.data === own.data);
  return (
    <section class="compare">
      <h2>Side by side</h2>
      <p>
        <a class="button" href={link("table", [], run.id)} data-testid="compare-new">
          Choose another cell for the same data
        </a>
        {same.length > 0 && (
          <label class="inline">
            or a run that is there:{" "}
            <select
              data-testid="compare-with"
              value=""
              onChange={(event) => {
                if (event.currentTarget.value)
                  location.hash = link("run", [run.id, event.currentTarget.value]);
              }}
            >
              <option value="">choose…</option>
              {same.map((row) => (
                <option key={row.id} value={row.id}>
                  {[row.title, ...choicesOf(row.chosen), row.id, row.state].join(" · ")}
                </option>
              ))}
            </select>
          </label>
        )}
      </p>
    </section>
  );
}
