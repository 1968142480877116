/** p and q of the selected point as paired bars over its neighbours, the most probable first. */

import { thumbnail } from "../map/thumbs";
import { clip } from "../save/files";
import { hovered, type RunState, selection, selectNext, selectPoint } from "../store";
import { useSize } from "../views/hooks";
import { Panel } from "../views/Panel";
import { type Bar, broken, fitted, labelOf, noBars } from "./model";
import { scaleOf, shownBars } from "./shown";

const ROW = 24;
const THICK = 8;
const TOP = 6;
const LETTER = 6.6; // pixels, at the size of the labels

interface Props {
  run: RunState;
  /** The run whose bars are drawn on the same scale. */
  beside?: RunState | null;
  id?: string;
}

export function Bars({ run, beside = null, id = "bars" }: Props) {
  const [box, { width }] = useSize<HTMLDivElement>();
  const set = shownBars(run).value;
  void run.version.value;
  const recording = run.recording.value;
  const { watched } = recording;
  const most = Math.max(0, ...watched.slice(0, 64).map((row) => row.columns.filter((c) => c !== -2).length));
  const height = TOP + (Math.max(set?.bars.length ?? 0, Math.min(most, 15)) + 1) * ROW + 14;
  return (
    <Panel
      id={id}
      title="p and q"
      heading={
        set
          ? `p (blue) and q (orange) of ${clip(labelOf(recording, set.point, set.watched), 40)}, gap ${set.gap?.toFixed(3) ?? "–"}`
          : "p and q"
      }
      file={`${recording.run?.title ?? "run"}-bars`}
      aside={
        <span class="gap" data-testid={`gap-box-${id}`}>
          <span class="muted">gap</span>{" "}
          <output data-testid={`gap-${id}`} data-value={set?.gap ?? ""}>
            {set?.gap === null || set?.gap === undefined ? "–" : set.gap.toFixed(3)}
          </output>
        </span>
      }
    >
      <div class="steppers">
        <button
          class="quiet"
          data-testid={`previous-${id}`}
          disabled={!watched.length}
          onClick={() => selectNext(run, -1)}
        >
          ‹ previous
        </button>
        <span class="who" data-testid={`who-${id}`}>
          {set ? labelOf(recording, set.point, set.watched) : "no point selected"}
        </span>
        <button
          class="quiet"
          data-testid={`next-${id}`}
          disabled={!watched.length}
          onClick={() => selectNext(run, 1)}
        >
          next ›
        </button>
      </div>
      <Notice
        run={run}
        instead={set?.instead ?? null}
        chosen={selection.value !== null}
        known={set !== null}
      />
      <div class="bars" ref={box}>
        {width > 0 && (
          <svg
            class="picture"
            width={width}
            height={height}
            viewBox={`0 0 ${width} ${height}`}
            role="group"
            aria-label="Paired bars: the first number is p, in blue, the second q, in orange"
            data-testid={`${id}-svg`}
          >
            {set && (
              <Rows run={run} bars={set.bars} rest={set.rest} most={scaleOf(run, beside)} width={width} />
            )}
          </svg>
        )}
      </div>
    </Panel>
  );
}

function Rows({
  run,
  bars,
  rest,
  most,
  width,
}: {
  run: RunState;
  bars: Bar[];
  rest: { p: number; q: number };
  most: number;
  width: number;
}) {
  const recording = run.recording.value;
  const pictured = recording.samples.images !== null && bars.some((bar) => bar.point >= 0);
  const left = Math.round(Math.min(190, Math.max(96, width * 0.34)));
  const right = 84;
  const span = Math.max(20, width - left - right - 12);
  const end = TOP + bars.length * ROW;
  return (
    <>
      {bars.map((bar, k) => (
        <Row
          key={`${bar.column}:${k}`}
          run={run}
          bar={bar}
          y={TOP + k * ROW}
          left={left}
          span={span}
          scale={span / most}
          picture={pictured ? thumbnail(recording, bar.point) : null}
          indent={pictured ? 26 : 0}
        />
      ))}
      <line class="rule" x1="0" x2={width} y1={end + 5} y2={end + 5} />
      <g class="rest">
        <title>
          All that has no bar of its own, on the same scale; a bar that is too long for it is cut, and its end
          set apart
        </title>
        <text class="label" x="0" y={end + 10 + ROW / 2}>
          all the rest
        </text>
        <Pair x={left} y={end + 8} p={rest.p} q={rest.q} scale={span / most} span={span} />
      </g>
    </>
  );
}

interface RowProps {
  run: RunState;
  bar: Bar;
  y: number;
  left: number;
  span: number;
  scale: number;
  picture: string | null;
  indent: number;
}

function Row({ run, bar, y, left, span, scale, picture, indent }: RowProps) {
  const row = bar.point >= 0 ? run.recording.value.rows[bar.point] : undefined;
  const letters = Math.floor((left - indent - 10) / LETTER);
  const label = fitted(bar, letters);
  const choose = (): void => {
    if (bar.point >= 0) selectPoint(run, bar.point);
  };
  return (
    <g
      class={`bar-row${row !== undefined && hovered.value === row ? " hot" : ""}`}
      tabIndex={bar.point >= 0 ? 0 : undefined}
      role={bar.point >= 0 ? "button" : "img"}
      onPointerEnter={() => (hovered.value = row ?? null)}
      onPointerLeave={() => (hovered.value = null)}
      onFocus={() => (hovered.value = row ?? null)}
      onBlur={() => (hovered.value = null)}
      onClick={choose}
      onKeyDown={(event) => event.key === "Enter" && choose()}
    >
      {label !== bar.label && <title>{bar.label}</title>}
      <rect class="ground" x="0" y={y} width={left + span + 96} height={ROW} />
      {picture && (
        <image href={picture} x="0" y={y + 2} width="20" height="20" preserveAspectRatio="xMidYMid" />
      )}
      <text class="label" x={indent} y={y + ROW / 2 + 4}>
        {label}
      </text>
      <Pair x={left} y={y + 3} p={bar.p} q={bar.q} scale={scale} span={span} />
    </g>
  );
}

function Pair({
  x,
  y,
  p,
  q,
  scale,
  span,
}: {
  x: number;
  y: number;
  p: number;
  q: number;
  scale: number;
  span: number;
}) {
  const bar = (look: string, top: number, value: number) =>
    value * scale > span + 0.05 ? (
      <path class={look} d={broken(x, top, span, THICK)} />
    ) : (
      <rect
        class={look}
        x={x}
        y={top}
        width={Math.max(value > 0 ? 1 : 0, value * scale).toFixed(1)}
        height={THICK}
        rx="1.5"
      />
    );
  return (
    <>
      {bar("p-bar", y, p)}
      {bar("q-bar", y + THICK + 1, q)}
      <text class="value p-text" x={x + span + 8} y={y + 12}>
        {short(p)}
      </text>
      <text class="value q-text" x={x + span + 50} y={y + 12}>
        {short(q)}
      </text>
    </>
  );
}

const short = (value: number): string =>
  value > 0 && value < 0.0005 ? "<.001" : value.toFixed(3).replace(/^0/, "");

function Notice({
  run,
  instead,
  chosen,
  known,
}: {
  run: RunState;
  instead: number | null;
  chosen: boolean;
  known: boolean;
}) {
  const recording = run.recording.value;
  let words = "";
  if (!recording.watched.length) words = noBars(recording, run.over);
  else if (!chosen) words = "Click a point on the map, or go through the recorded ones.";
  else if (!known) words = "The selected row is not on this map; choose another one.";
  else if (instead !== null && run.running)
    words =
      "Asking the run for the bars of that point; until they come, those of the nearest recorded point.";
  else if (instead !== null)
    words = `The bars of ${labelOf(recording, instead)} were not recorded; these are of the nearest recorded point.`;
  return (
    <p class="notice" data-testid="bars-notice" aria-live="polite">
      {words}
    </p>
  );
}
