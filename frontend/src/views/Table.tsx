/** The periodic table: p across, q down, and below it the methods off the grid. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { MethodHead, Table as Methods } from "../api";
import { link } from "../route";
import { tableSvg } from "../save/table";
import { Formula } from "./mathml";
import { Panel } from "./Panel";

export const pretty = (name: string): string =>
  name.replaceAll("sigma", "σ").replaceAll("->", "→").replaceAll("inf", "∞");

const OFF = "off-grid";
const MEANINGS = { named: "published", gap: "predicted by the paper", blank: "nobody has named it" };

export function Table({ table, beside }: { table: Methods; beside: string | null }) {
  const root = useRef<HTMLDivElement>(null);
  const [here, setHere] = useState<string | null>(null);
  const { on, off } = useMemo(() => sort(table), [table]);
  const first = on.find((m) => m.name === "t-sne")?.name ?? on[0]?.name ?? off[0]?.name;
  const current = here ?? first;

  // one stop of the tabulator; arrows go through the cells
  function key(event: KeyboardEvent): void {
    const chips = [...(root.current?.querySelectorAll<HTMLElement>("a.chip") ?? [])];
    const at = chips.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const to = towards(chips, at, event.key);
    if (!to) return;
    event.preventDefault();
    setHere(to.dataset["name"] ?? null);
    to.focus();
  }

  // an address of its own would leave the table
  function jump(part: string): void {
    root.current?.querySelector(`[data-part="${CSS.escape(part)}"]`)?.scrollIntoView();
  }

  const chip = (method: MethodHead) => (
    <Chip
      key={method.name}
      method={method}
      color={colorOf(table, method)}
      beside={beside}
      current={method.name === current}
      onFocus={() => setHere(method.name)}
    />
  );
  return (
    <Panel
      id="table"
      first
      title="The periodic table of representation learning"
      file="periodic-table"
      keep={{ svg: () => tableSvg(table) }}
    >
      <p class="lead">
        One equation, <Equation />: the learned q is trained to meet the target p. Choose a cell to see it at
        work.
      </p>
      <div ref={root} onKeyDown={key} data-testid="table">
        <nav class="jumps" aria-label="Parts of the table" data-testid="jumps">
          {[...table.rows.map((row) => row.name), OFF].map((part) => (
            <button key={part} type="button" class="quiet" onClick={() => jump(part)}>
              {part === OFF ? "off the grid" : `q ${pretty(part)}`}
            </button>
          ))}
        </nav>
        <div class="scroll">
          <table class="periodic">
            <thead>
              <tr>
                <th class="corner">
                  <span class="p-text">p: what belongs together →</span>
                  <span class="q-text">q: what is learned ↓</span>
                </th>
                {table.columns.map((column) => (
                  <th key={column.name} scope="col">
                    {pretty(column.name)}
                    <Axis formula={column.formula} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((row) => (
                <tr key={row.name} data-part={row.name}>
                  <th scope="row">
                    {pretty(row.name)}
                    <Axis formula={row.formula} />
                  </th>
                  {table.columns.map((column) => (
                    <td key={column.name} data-p={pretty(column.name)}>
                      <div>{on.filter((m) => m.row === row.name && m.column === column.name).map(chip)}</div>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        <h2 class="off-head" data-part={OFF}>
          Off the grid: the same equation with another p, q or mapper
        </h2>
        <div class="strip">{off.map(chip)}</div>
      </div>
      <p class="families">
        {table.families.map((family) => (
          <span key={family.name} class="family">
            <Dot color={family.color} /> {family.name}
          </span>
        ))}
        {Object.entries(MEANINGS).map(([status, meaning]) => (
          <span key={status} class={`chip sample ${status}`}>
            {meaning}
          </span>
        ))}
      </p>
    </Panel>
  );
}

function Equation() {
  return (
    <Formula source="<math><mi>L</mi><mo>=</mo><msub><mo>∑</mo><mi>i</mi></msub><msub><mi>w</mi><mi>i</mi></msub><mi>D</mi><mo>(</mo><mi>p</mi><mo>(</mo><mi>·</mi><mo stretchy='false'>|</mo><mi>i</mi><mo>)</mo><mo>∥</mo><mi>q</mi><mo>(</mo><mi>·</mi><mo stretchy='false'>|</mo><mi>i</mi><mo>)</mo><mo>)</mo></math>" />
  );
}

/** The formula of a row or column; a long one goes on in a second line behind its arrow. */
function Axis({ formula }: { formula: string }) {
  const [first = "", second] = formula.split("<mo>→</mo>");
  return (
    <small class="axis-formula">
      <Formula source={second ? `${first}<mo>→</mo></math>` : first} />
      {second && <Formula source={`<math>${second}`} />}
    </small>
  );
}

interface ChipProps {
  method: MethodHead;
  color: string;
  beside: string | null;
  current: boolean;
  onFocus: () => void;
}

function Chip({ method, color, beside, current, onFocus }: ChipProps) {
  const ref = useRef<HTMLAnchorElement>(null);
  useEffect(() => ref.current?.style.setProperty("--family", color), [color]);
  const blank = method.status === "blank";
  const said = method.status === "gap" ? "predicted" : method.paper;
  const title = `${pretty(method.column)} × ${pretty(method.row)}`;
  return (
    <a
      ref={ref}
      class={`chip ${method.status}`}
      href={link("cell", [method.name], beside)}
      tabIndex={current ? 0 : -1}
      data-name={method.name}
      data-testid={`cell-${method.name}`}
      onFocus={onFocus}
    >
      <b>{blank ? "unnamed" : method.title}</b>
      {!blank && <small>{said}</small>}
      <span class="sr">
        {blank ? `${title}, runnable, ` : ""}
        {method.family}
      </span>
    </a>
  );
}

export function Dot({ color }: { color: string }) {
  return (
    <svg width="12" height="12" aria-hidden="true">
      <rect width="12" height="12" rx="3" fill={color} />
    </svg>
  );
}

export function colorOf(table: Methods, method: MethodHead): string {
  return table.families.find((family) => family.name === method.family)?.color ?? "#667080";
}

export function sort(table: Methods): { on: MethodHead[]; off: MethodHead[] } {
  const columns = new Set(table.columns.map((column) => column.name));
  const rows = new Set(table.rows.map((row) => row.name));
  const isOn = (m: MethodHead): boolean =>
    m.status !== "off-grid" && columns.has(m.column) && rows.has(m.row);
  return { on: table.methods.filter(isOn), off: table.methods.filter((m) => !isOn(m)) };
}

/** The cell that lies next in the direction of an arrow, by where they are on the screen. */
function towards(chips: HTMLElement[], at: number, key: string): HTMLElement | null {
  if (key === "Home") return chips[0] ?? null;
  if (key === "End") return chips[chips.length - 1] ?? null;
  const ways: Record<string, [number, number]> = {
    ArrowRight: [1, 0],
    ArrowLeft: [-1, 0],
    ArrowDown: [0, 1],
    ArrowUp: [0, -1],
  };
  const way = ways[key];
  const from = chips[at]?.getBoundingClientRect();
  if (!way || !from) return null;
  let best: HTMLElement | null = null;
  let least = Infinity;
  for (const chip of chips) {
    const box = chip.getBoundingClientRect();
    const dx = (box.left + box.right - from.left - from.right) / 2;
    const dy = (box.top + box.bottom - from.top - from.bottom) / 2;
    const along = dx * way[0] + dy * way[1];
    const across = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    const far = along + 3 * across;
    if (along > 4 && far < least) [best, least] = [chip, far];
  }
  return best;
}
