/** A page that was exported: recorded runs and no server. */

import { useEffect, useMemo } from "preact/hooks";
import type { Table } from "../api";
import type { Packet } from "../packets";
import { RunState } from "../store";
import { Cell } from "./Cell";
import { Runs } from "./RunView";

interface Props {
  packets: Packet[];
  damage: string | null;
  table: Table | null;
}

export function Exported({ packets, damage, table }: Props) {
  const runs = useMemo(() => split(packets, damage), [packets]);
  const first = runs[0];
  useEffect(() => {
    const title = first?.recording.value.run?.title;
    if (title) document.title = `${title} · iconlearn explorer`;
  }, [first]);
  if (!first) {
    return (
      <p class="error" role="alert" data-testid="export-error">
        This page holds no run: {damage ?? "its recording is empty"}. Export the run again.
      </p>
    );
  }
  const method = table?.methods.find((held) => held.name === first.recording.value.run?.method);
  return (
    <>
      <Runs runs={runs} />
      {table && method && (
        <details class="about-cell">
          <summary>About {method.title}</summary>
          <Cell table={table} method={method} beside={null} fixed />
        </details>
      )}
    </>
  );
}

/** Every packet `run` begins a run; at most two are shown. */
function split(packets: Packet[], damage: string | null): RunState[] {
  const runs: RunState[] = [];
  for (const packet of packets) {
    if (packet.kind === "run") runs.push(new RunState(String(runs.length)));
    runs[runs.length - 1]?.recording.peek().add(packet);
  }
  for (const run of runs) {
    run.link.value = "replay";
    run.live.value = false;
    run.time.value = Math.max(0, run.recording.peek().moments.length - 1);
  }
  const last = runs[runs.length - 1];
  if (last) last.recording.peek().damage = damage;
  return runs.slice(0, 2);
}
