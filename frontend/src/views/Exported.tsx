/** A page that was exported: recorded runs and no server. */

import { useEffect, useMemo } from "preact/hooks";
import type { ExportedTable } from "../api";
import type { Packet } from "../packets";
import type { RunFields } from "../recording";
import { RunState } from "../store";
import { Cell } from "./Cell";
import { runName } from "./naming";
import { Runs } from "./RunView";

interface Props {
  packets: Packet[];
  damage: string | null;
  table: ExportedTable | null;
}

export function Exported({ packets, damage, table }: Props) {
  const runs = useMemo(() => split(packets, damage), [packets]);
  const first = runs[0];
  useEffect(() => {
    const told = first?.recording.value.run;
    if (told) document.title = `${runName(told)} · iconlearn explorer`;
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
      {runs.map((run) => (
        <About key={run.id} told={run.recording.value.run} />
      ))}
      {table && method && (
        <details class="about-cell">
          <summary>About {method.title}</summary>
          <Cell table={table} method={method} beside={null} fixed />
        </details>
      )}
    </>
  );
}

/** What the recording says of the equation that was run. */
function About({ told }: { told: RunFields | null }) {
  if (!told) return null;
  return (
    <section class="panel about-run">
      <h2>What was run: {runName(told)}</h2>
      <dl class="parts">
        <dt class="p-text">p</dt>
        <dd>{told.p}</dd>
        <dt class="q-text">q</dt>
        <dd>{told.q}</dd>
        <dt>mapper</dt>
        <dd>{told.mapper.replaceAll("$", "")}</dd>
        <dt>equation</dt>
        <dd>
          {told.equation.map((line) => (
            <code key={line}>{line}</code>
          ))}
        </dd>
      </dl>
    </section>
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
