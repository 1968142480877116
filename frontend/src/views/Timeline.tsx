/** The clock of a run: a slider over its moments, and play, pause, step and stop. */

import { play } from "../playback";
import { link } from "../route";
import { nearer, type RunState } from "../store";
import { formOf, keep } from "./forms";
import { number } from "./hooks";

const SPEEDS = [0.25, 0.5, 1, 2, 4];

export function Timeline({ run, id = "" }: { run: RunState; id?: string }) {
  void run.version.value;
  const recording = run.recording.value;
  const last = Math.max(0, recording.moments.length - 1);
  const shown = run.shown.value;
  const time = run.live.value ? last : run.time.value;
  const moment = shown && nearer(shown);
  const total = recording.run?.total ?? 0;

  function key(event: KeyboardEvent): void {
    const to: Record<string, number> = {
      ArrowLeft: Math.ceil(time) - 1,
      ArrowDown: Math.ceil(time) - 1,
      ArrowRight: Math.floor(time) + 1,
      ArrowUp: Math.floor(time) + 1,
      PageUp: time + last / 10,
      PageDown: time - last / 10,
      Home: 0,
      End: last,
    };
    const next = to[event.key];
    if (next !== undefined) {
      event.preventDefault();
      run.playing.value = false;
      run.seek(next);
    } else if (event.key === " ") {
      event.preventDefault();
      toggle();
    }
  }

  function toggle(): void {
    if (run.playing.value) run.playing.value = false;
    else play(run);
  }

  return (
    <div class="timeline" data-testid={`timeline${id}`} data-moments={recording.moments.length}>
      <button
        class="round"
        data-testid={`play${id}`}
        disabled={last < 1}
        aria-label={run.playing.value ? "Pause the playback" : "Play the recorded run"}
        title={run.playing.value ? "Pause the playback" : "Play the recorded run"}
        onClick={toggle}
      >
        <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
          {run.playing.value ? <path d="M2 1h3.5v12H2zM8.5 1H12v12H8.5z" /> : <path d="M3 1l10 6-10 6z" />}
        </svg>
      </button>
      <input
        type="range"
        min={0}
        max={last}
        step="any"
        value={time}
        disabled={last < 1}
        aria-label="Time"
        aria-valuetext={moment ? `step ${moment.step} of ${total}` : "no moment yet"}
        data-testid={`slider${id}`}
        onInput={(event) => {
          run.playing.value = false;
          run.seek(Number(event.currentTarget.value));
        }}
        onKeyDown={key}
      />
      <select
        aria-label="Speed of the playback"
        data-testid={`speed${id}`}
        value={run.speed.value}
        onChange={(event) => (run.speed.value = Number(event.currentTarget.value))}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={speed}>
            {speed}×
          </option>
        ))}
      </select>
      <button
        class={`live${run.live.value ? " on" : ""}`}
        data-testid={`live${id}`}
        aria-pressed={run.live.value}
        title="Follow the newest picture"
        onClick={() => run.goLive()}
      >
        {run.running ? "live" : "end"}
      </button>
      <output class="when" data-testid={`when${id}`} data-step={moment?.step ?? ""}>
        {moment
          ? `step ${moment.step} of ${total} · loss ${number(moment.loss)} · ${seconds(moment.seconds)}`
          : "no moment yet"}
      </output>
    </div>
  );
}

const seconds = (value: number): string => (value < 100 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`);

const WORDS: Record<string, string> = {
  waiting: "waits for its turn",
  starting: "starting",
  running: "running",
  paused: "paused",
  stopping: "stopping…",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  cut: "cut off",
};

/** How the run stands, and what can be done with it. */
export function Controls({
  run,
  id = "",
  onContinue,
}: {
  run: RunState;
  id?: string;
  onContinue?: () => void;
}) {
  void run.version.value;
  const recording = run.recording.value;
  const told = recording.state;
  const stopping = run.stopping.value && run.running;
  const state =
    run.link.value === "lost"
      ? "lost"
      : stopping
        ? "stopping"
        : (told?.state ?? recording.end?.state ?? (run.link.value === "replay" ? "recorded" : "connecting"));
  const send = (what: object): void => void run.source?.send(what);
  const paused = state === "paused";
  const writing = state === "running" && told !== null && told.total > 0 && told.step >= told.total;
  return (
    <div class="controls">
      <span
        class={`state ${state}`}
        role="status"
        data-testid={`state${id}`}
        data-state={state}
        data-step={told?.step ?? recording.end?.steps ?? ""}
      >
        {state === "lost" ? "no connection" : (WORDS[state] ?? state)}
        {writing ? " · writing the results" : run.running && told ? ` · ${told.step} of ${told.total}` : ""}
      </span>
      {run.running && !writing && (
        <>
          <button
            data-testid={`pause${id}`}
            disabled={stopping}
            onClick={() => send({ do: paused ? "resume" : "pause" })}
          >
            {paused ? "Resume" : "Pause"}
          </button>
          <button data-testid={`step${id}`} disabled={!paused} onClick={() => send({ do: "step", steps: 1 })}>
            Step
          </button>
          <button data-testid={`stop${id}`} disabled={stopping} onClick={() => run.stop()}>
            Stop
          </button>
        </>
      )}
      {onContinue && (
        <button data-testid={`continue${id}`} onClick={onContinue}>
          Go on with it
        </button>
      )}
      {!run.running && recording.run && run.source && (
        <a
          class="button"
          data-testid={`again${id}`}
          href={link("cell", [recording.run.method])}
          onClick={() => recording.run && keep(recording.run.method, null, formOf(recording.run))}
        >
          Run it again
        </a>
      )}
    </div>
  );
}
