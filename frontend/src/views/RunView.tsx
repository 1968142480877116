/** A run, or two side by side: map, bars, curves, and the time that is shown. */

import { effect } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { continueRun, getRuns } from "../api";
import { Bars } from "../bars/Bars";
import { Curves } from "../curves/Curves";
import { MapView } from "../map/MapView";
import { linking, playing } from "../playback";
import { link } from "../route";
import { follow } from "../source";
import { linked, RunState, selectedPoint, selection } from "../store";
import { Compare } from "./Compare";
import { useAsked, words } from "./hooks";
import { Differences } from "./Differences";
import { choicesOf, runName, settingsOf } from "./naming";
import { Controls, Timeline } from "./Timeline";

/** Runs that are followed for as long as they are shown. */
export function LiveRuns({ ids }: { ids: string[] }) {
  const runs = useMemo(() => ids.map((id) => new RunState(id)), [ids.join("/")]);
  useEffect(() => {
    for (const run of runs) {
      run.source = follow(run.id, {
        begin: run.begin,
        packets: run.packets,
        link: (link) => (run.link.value = link),
        failed: (message) => (run.failure.value = message),
      });
    }
    const stops = runs.map((run) => effect(() => run.watch(selectedPoint(run))));
    return () => {
      for (const stop of stops) stop();
      selection.value = null;
      for (const run of runs) run.close();
    };
  }, [runs]);
  const names = runs.flatMap((run) => {
    void run.version.value;
    const told = run.recording.value.run;
    return told ? [runName(told)] : [];
  });
  useEffect(() => {
    if (names.length) document.title = [...new Set(names), "iconlearn explorer"].join(" · ");
  }, [names.join()]);
  return <Runs runs={runs} />;
}

/** One run or two; they may also come from an exported page. */
export function Runs({ runs }: { runs: RunState[] }) {
  const [first, second] = runs;
  useEffect(() => {
    const stops = runs.map(playing);
    if (first && second) stops.push(linking(first, second));
    return () => stops.forEach((stop) => stop());
  }, [runs]);
  if (!first) return null;
  if (!second) return <One run={first} />;
  return (
    <div class="pair" data-testid="pair">
      <div class="pair-head">
        <label class="inline">
          <input
            type="checkbox"
            data-testid="linked"
            checked={linked.value}
            onChange={(event) => (linked.value = event.currentTarget.checked)}
          />{" "}
          one clock for both
        </label>
        <span class="muted">A point selected on one map is selected on the other.</span>
      </div>
      <Differences first={first} second={second} />
      <div class="side">
        <One run={first} beside={second} />
        <One run={second} beside={first} mark="-2" />
      </div>
    </div>
  );
}

function One({ run, beside = null, mark = "" }: { run: RunState; beside?: RunState | null; mark?: string }) {
  const narrow = beside !== null;
  void run.version.value;
  const recording = run.recording.value;
  const [failed, setFailed] = useState<string | null>(null);
  const told = recording.run;
  const message = recording.state?.message || recording.end?.message || "";
  const flaw = recording.state?.damage ?? "";
  const damage =
    flaw ||
    (recording.damage && `The recording is damaged (${recording.damage}); what comes before is shown`);
  const rest = flaw && message.startsWith(flaw) ? message.slice(flaw.length).replace(/^[;\s]+/, "") : message;
  const broken =
    [recording.state?.state, recording.end?.state].includes("failed") || recording.state?.state === "cut";
  const gap = meanGap(run);
  const state = recording.state?.state ?? "";
  const ended = ["cut", "stopped", "failed"].includes(state);
  const goes = useAsked(
    async () => ended && ((await getRuns()).find((row) => row.id === run.id)?.continues ?? false),
    [state],
  );
  async function goOn(): Promise<void> {
    try {
      await continueRun(run.id);
    } catch (cause) {
      setFailed(words(cause));
    }
  }
  const gone = run.failure.value && (
    <p class="error" role="alert" data-testid={`run-error${mark}`}>
      {run.failure.value} <a href={link("table")}>Open the table</a>
    </p>
  );
  if (gone && !told) return gone;
  return (
    <article class={`run${narrow ? " narrow" : ""}`} data-testid={`run${mark}`}>
      <header class="run-head">
        <div>
          <h1 title={narrow && told ? runName(told) : undefined}>
            {told ? <RunTitle run={run} /> : "Opening the run…"}
          </h1>
          <p class="muted about">
            {told ? about(run, narrow) : "\u00a0"}{" "}
            <span role="status" data-testid={`message${mark}`}>
              {broken ? "" : rest && `· ${rest}`}
            </span>
          </p>
        </div>
        <Controls run={run} id={mark} onContinue={goes.value ? () => void goOn() : undefined} />
      </header>
      {gone}
      {(failed ?? broken) && (
        <p class="error" role="alert" data-testid={`failure${mark}`}>
          {failed ??
            `${(rest || "the run broke off").replace(/[.;\s]*$/, "")}.${recording.moments.length ? " What was recorded can be played back." : ""}`}
        </p>
      )}
      {damage && (
        <p class="error" role="alert" data-testid={`damage${mark}`}>
          {damage}. Run the method again for the rest.
        </p>
      )}
      <Timeline run={run} id={mark} />
      <div class="stage">
        <MapView run={run} id={`map${mark}`} />
        <Bars run={run} beside={beside} id={`bars${mark}`} />
      </div>
      <p class="means">
        {told?.layout_words && sentence(told.layout_words)}
        {gap !== null && (
          <>
            {" "}
            Mean gap of p and q over the recorded points:{" "}
            <output data-testid={`mean-gap${mark}`}>{gap.toFixed(3)}</output>.
          </>
        )}
      </p>
      <Curves run={run} id={`curves${mark}`} />
      {run.source && <Keep run={run} />}
      {run.source && !narrow && <Compare run={run} />}
    </article>
  );
}

/** The gap of the last moment that is not later than what is shown; frames do not tell it. */
function meanGap(run: RunState): number | null {
  const step = run.shown.value?.b.step ?? -1;
  return run.recording.value.moments.findLast((moment) => moment.step <= step)?.stats["gap"] ?? null;
}

const sentence = (words: string): string =>
  `${words[0]?.toUpperCase()}${words.slice(1).replace(/\.?$/, ".")}`;

function RunTitle({ run }: { run: RunState }) {
  const told = run.recording.value.run;
  if (!told) return null;
  return (
    <>
      {run.source ? <a href={link("cell", [told.method])}>{told.title}</a> : told.title}{" "}
      <span class="muted">on</span> {told.data.name}
      <small class="muted">{choicesOf(told.chosen).map((words) => ` · ${words}`)}</small>
    </>
  );
}

/** Settings that are not in the title already; of two runs side by side, a table has those that differ. */
function about(run: RunState, narrow: boolean): string {
  const told = run.recording.value.run;
  if (!told) return "";
  const rows = `${told.data.n} rows`;
  if (narrow) return rows;
  const chosen = choicesOf(told.chosen);
  const said = settingsOf(told).map(([name, value]) => `${name} ${value}`);
  const rest = said.filter((words) => !chosen.includes(words)).slice(0, 7);
  return [run.source && run.id, rows, ...rest].filter(Boolean).join(" · ");
}

function Keep({ run }: { run: RunState }) {
  const base = `api/runs/${encodeURIComponent(run.id)}`;
  return (
    <p class="keep-run">
      Keep it:{" "}
      <a href={`${base}/export.html`} download data-testid="export">
        one page, without a server
      </a>
      <a href={`${base}/points.parquet`} download data-testid="parquet">
        points as parquet
      </a>
      <a href={`${base}/recording`} download="recording.icon" data-testid="recording">
        the recording
      </a>
    </p>
  );
}
