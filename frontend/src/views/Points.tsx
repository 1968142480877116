/** Points to browse, without a run: up to millions. */

import { useEffect, useMemo, useState } from "preact/hooks";
import { MapView } from "../map/MapView";
import { fetchPackets } from "../source";
import { RunState, selectedPoint } from "../store";
import { count, number, words } from "./hooks";

export function Points({ id }: { id: string }) {
  const run = useMemo(() => new RunState(id), [id]);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    fetchPackets(`api/points/${encodeURIComponent(id)}`, {
      begin: run.begin,
      packets: run.packets,
      link: (link) => (run.link.value = link),
      failed: setFailed,
    }).catch((cause: unknown) => setFailed(words(cause)));
  }, [run]);
  void run.version.value;
  const recording = run.recording.value;
  if (failed)
    return (
      <p class="error" role="alert" data-testid="points-error">
        {failed}
      </p>
    );
  return (
    <article class="browse" data-testid="points" data-ready={recording.n > 0}>
      <h1>{recording.n ? `${count(recording.n)} points` : "Fetching the points…"}</h1>
      {recording.damage && (
        <p class="error" role="alert">
          The points are damaged: {recording.damage}. Send the file again.
        </p>
      )}
      <div class="stage">
        <MapView run={run} />
        <Row run={run} />
      </div>
    </article>
  );
}

function Row({ run }: { run: RunState }) {
  const point = selectedPoint(run);
  const recording = run.recording.value;
  return (
    <section class="panel row-panel" data-testid="row" aria-live="polite">
      <h2>{point < 0 ? "No point selected" : `Row ${recording.rows[point]}`}</h2>
      {point < 0 && <p class="muted">Click a point, or press Enter for the one nearest to the centre.</p>}
      {point >= 0 && (
        <dl class="parts">
          {recording.columns.map((column) => {
            const value = column.values[point];
            return [
              <dt key={column.name}>{column.name}</dt>,
              <dd key={`${column.name} value`}>
                {column.kind === "category" ? (column.categories?.[value ?? -1] ?? "none") : number(value, 5)}
              </dd>,
            ];
          })}
        </dl>
      )}
    </section>
  );
}
