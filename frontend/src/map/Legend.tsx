/** What the colours mean; categories are switched on and off here. */

import { useEffect, useRef } from "preact/hooks";
import { ramp, toHex } from "../colour/palette";
import type { Legend as What } from "../colour/scheme";
import type { RunState } from "../store";
import { count, number } from "../views/hooks";

const MOST = 24;

export function Legend({ run, legend, lines }: { run: RunState; legend: What; lines: boolean }) {
  return (
    <div class="legend" data-testid="legend">
      {legend.kind === "categories" && <Categories run={run} legend={legend} />}
      {legend.kind === "numbers" && (
        <span class="ramp">
          {number(legend.low)} <Ramp /> {number(legend.high)} <span class="muted">{legend.name}</span>
        </span>
      )}
      {lines && (
        <span class="marks">
          <svg width="22" height="10" aria-hidden="true">
            <line class="p-line" x1="1" y1="5" x2="21" y2="5" />
          </svg>
          wide: high p
          <svg width="12" height="12" aria-hidden="true">
            <circle class="q-ring" cx="6" cy="6" r="4" />
          </svg>
          thick: high q
        </span>
      )}
    </div>
  );
}

function Categories({ run, legend }: { run: RunState; legend: Extract<What, { kind: "categories" }> }) {
  const hidden = run.hidden.value;
  function toggle(code: number): void {
    const next = new Set(hidden);
    if (!next.delete(code)) next.add(code);
    run.hidden.value = next;
  }
  return (
    <>
      {legend.names.slice(0, MOST).map((name, code) => (
        <button
          key={code}
          class="key"
          aria-pressed={!hidden.has(code)}
          title={`${name}: ${count(legend.counts[code] ?? 0)} points; switch on or off`}
          data-testid={`category-${code}`}
          onClick={() => toggle(code)}
        >
          <Swatch color={legend.colors[code] ?? "#888888"} />
          {name}
        </button>
      ))}
      {legend.names.length > MOST && <span class="muted">and {legend.names.length - MOST} more</span>}
      {hidden.size > 0 && (
        <button class="key" onClick={() => (run.hidden.value = new Set())}>
          show all
        </button>
      )}
    </>
  );
}

function Swatch({ color }: { color: string }) {
  return (
    <svg class="swatch" width="10" height="10" aria-hidden="true">
      <circle cx="5" cy="5" r="5" fill={color} />
    </svg>
  );
}

function Ramp() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    for (let x = 0; context && x < 100; x++) {
      context.fillStyle = toHex(ramp(x / 99));
      context.fillRect(x, 0, 1, 10);
    }
  }, []);
  return <canvas ref={canvas} width={100} height={10} aria-hidden="true" />;
}
