/** Small charts of loss, entropy, gap, effective rank and accuracy, with the time that is shown. */

import { useMemo } from "preact/hooks";
import { nearer, type RunState } from "../store";
import { number, useSize } from "../views/hooks";
import { Panel } from "../views/Panel";
import { type Chart, charts, valueAt } from "./series";

const HEIGHT = 96;
const PAD = { left: 40, right: 4, top: 10, bottom: 18 };

export function Curves({ run, id = "curves" }: { run: RunState; id?: string }) {
  const recording = run.recording.value;
  const grown = `${run.version.value} ${recording.moments.length} ${recording.losses.length}`;
  const list = useMemo(
    () => charts(recording),
    [recording, recording.moments.length, Math.floor(recording.losses.length / 5)],
  );
  void grown;
  const shown = run.shown.value;
  const last = recording.moments[recording.moments.length - 1]?.step ?? 1;
  const total = Math.max(
    1,
    recording.end ? Math.max(last, recording.losses.length) : (recording.run?.total ?? last),
  );
  const step = shown
    ? run.live.value
      ? shown.b.step
      : shown.a.step + (shown.b.step - shown.a.step) * shown.mix
    : 0;
  return (
    <div class="curves" data-testid={id}>
      {list.map((chart) => (
        <Panel
          key={chart.id}
          id={`curve-${chart.id}${id === "curves" ? "" : id.replace("curves", "")}`}
          title={chart.title}
          file={`${recording.run?.title ?? "run"}-${chart.id}`}
          aside={<Now chart={chart} step={shown ? nearer(shown).step : 0} />}
        >
          <Picture chart={chart} total={total} step={step} onSeek={(to) => run.seek(placeOf(run, to))} />
        </Panel>
      ))}
    </div>
  );
}

function Now({ chart, step }: { chart: Chart; step: number }) {
  return (
    <span class="now">
      {chart.lines.map((line) => (
        <output key={line.name} class={`${line.role}-text`} data-testid={`now-${chart.id}-${line.name}`}>
          {number(valueAt(line, step))}
        </output>
      ))}
    </span>
  );
}

interface PictureProps {
  chart: Chart;
  total: number;
  step: number;
  onSeek: (step: number) => void;
}

function Picture({ chart, total, step, onSeek }: PictureProps) {
  const [box, { width }] = useSize<HTMLDivElement>();
  const paths = useMemo(
    () => chart.lines.map((line) => path(line.points, chart, total, width)),
    [chart, total, width],
  );
  const inner = Math.max(1, width - PAD.left - PAD.right);
  const x = PAD.left + (inner * Math.min(step, total)) / total;
  function seek(event: PointerEvent & { currentTarget: SVGSVGElement }): void {
    if (!(event.buttons & 1)) return;
    const share = (event.clientX - event.currentTarget.getBoundingClientRect().left - PAD.left) / inner;
    onSeek(Math.min(1, Math.max(0, share)) * total);
  }
  return (
    <div class="curve" ref={box}>
      {width > 0 && (
        <svg
          class="picture"
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${chart.title} over ${total} steps`}
          onPointerDown={seek}
          onPointerMove={seek}
        >
          <line
            class="axis"
            x1={PAD.left}
            x2={width - PAD.right}
            y1={HEIGHT - PAD.bottom}
            y2={HEIGHT - PAD.bottom}
          />
          {paths.map((d, k) => (
            <path key={k} class={`line ${chart.lines[k]?.role ?? "plain"}-line`} d={d} />
          ))}
          <line class="cursor" x1={x} x2={x} y1={PAD.top - 6} y2={HEIGHT - PAD.bottom} />
          <text class="tick end" x={PAD.left - 5} y={PAD.top + 4}>
            {number(chart.high)}
          </text>
          <text class="tick end" x={PAD.left - 5} y={HEIGHT - PAD.bottom}>
            {number(chart.low)}
          </text>
          <text class="tick" x={PAD.left} y={HEIGHT - 5}>
            0
          </text>
          <text class="tick end" x={width - PAD.right} y={HEIGHT - 5}>
            {total} steps
          </text>
        </svg>
      )}
    </div>
  );
}

function path(points: [number, number][], chart: Chart, total: number, width: number): string {
  const { low, high } = chart;
  if (low === null || high === null || !width) return "";
  const inner = width - PAD.left - PAD.right;
  const tall = HEIGHT - PAD.top - PAD.bottom;
  const span = high - low || 1;
  return points
    .map(([step, value], k) => {
      const x = PAD.left + (inner * Math.min(step, total)) / total;
      const y = PAD.top + tall * (1 - Math.min(1, Math.max(0, (value - low) / span)));
      return `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}

/** The place among the moments of a step, between two of them where it is. */
function placeOf(run: RunState, step: number): number {
  const { moments } = run.recording.peek();
  for (let k = 0; k < moments.length; k++) {
    const at = moments[k]?.step ?? 0;
    if (at < step) continue;
    const before = moments[k - 1]?.step;
    return before === undefined ? k : k - 1 + (step - before) / Math.max(1, at - before);
  }
  return moments.length - 1;
}
