/** What lies over the points: the selected one, its neighbours, lines as wide as p and rings as wide as q. */

import type { BarSet } from "../bars/model";
import { escape } from "../save/files";
import { placer, type Scene } from "./fit";

export interface Mark {
  kind: "line" | "ring" | "dot";
  x: number;
  y: number;
  x2: number;
  y2: number;
  r: number;
  width: number;
  color: string;
  opacity: number;
}

export interface Inks {
  p: string;
  q: string;
  ink: string;
  paper: string;
}

/** Neighbours with less than this share of the highest bar are not lit. */
const FAINTEST = 0.01;

/** Marks in the order in which they are drawn. */
export function marks(
  scene: Scene,
  set: BarSet | null,
  selected: number,
  hovered: number,
  size: number,
  inks: Inks,
  colorOf: (point: number) => string,
): Mark[] {
  const place = placer(scene);
  const at: [number, number] = [0, 0];
  const n = scene.a.length / 2;
  const spot = (point: number): [number, number] | null => {
    if (point < 0 || point >= n) return null;
    place(point, at);
    return Number.isFinite(at[0] + at[1]) ? [at[0], at[1]] : null;
  };
  const lines: Mark[] = [];
  const rings: Mark[] = [];
  const dot = size / 2 + 1.5;
  const centre = set ? spot(set.point) : null;
  const most = Math.max(1e-9, ...(set?.bars.map((bar) => Math.max(bar.p, bar.q)) ?? []));
  for (const bar of set?.bars ?? []) {
    const shown = bar.point !== set?.point && Math.max(bar.p, bar.q) > FAINTEST * most;
    const to = shown ? spot(bar.point) : null;
    if (!to) continue;
    const [x2, y2] = to;
    if (centre && bar.p > 0) {
      const width = 0.8 + 3.2 * Math.sqrt(bar.p / most);
      lines.push({
        kind: "line",
        x: centre[0],
        y: centre[1],
        x2,
        y2,
        r: 0,
        width,
        color: inks.p,
        opacity: 0.55,
      });
    }
    rings.push(mark("dot", x2, y2, dot, 0, colorOf(bar.point)));
    rings.push(mark("ring", x2, y2, dot + 2, 1 + 2.5 * Math.sqrt(bar.q / most), inks.q));
  }
  for (const [point, wide] of [
    [set?.instead ?? -1, 1],
    [hovered, 1.5],
    [selected >= 0 ? selected : (set?.point ?? -1), 2.5],
  ] as const) {
    const to = spot(point);
    if (!to) continue;
    rings.push(mark("dot", to[0], to[1], dot, 0, colorOf(point)));
    rings.push(mark("ring", to[0], to[1], dot + 3, wide + 2, inks.paper));
    rings.push(mark("ring", to[0], to[1], dot + 3, wide, inks.ink));
  }
  return [...lines, ...rings];
}

function mark(kind: "ring" | "dot", x: number, y: number, r: number, width: number, color: string): Mark {
  return { kind, x, y, x2: x, y2: y, r, width, color, opacity: 1 };
}

export function drawMarks(context: CanvasRenderingContext2D, list: readonly Mark[]): void {
  for (const m of list) {
    context.globalAlpha = m.opacity;
    context.beginPath();
    if (m.kind === "line") {
      context.moveTo(m.x, m.y);
      context.lineTo(m.x2, m.y2);
    } else context.arc(m.x, m.y, m.r, 0, 2 * Math.PI);
    context.lineWidth = m.width;
    context.fillStyle = context.strokeStyle = m.color;
    if (m.kind === "dot") context.fill();
    else context.stroke();
  }
  context.globalAlpha = 1;
}

const round = (value: number): string => value.toFixed(1);

export function svgMarks(list: readonly Mark[]): string {
  return list
    .map((m) => {
      const color = escape(m.color);
      if (m.kind === "dot")
        return `<circle cx="${round(m.x)}" cy="${round(m.y)}" r="${round(m.r)}" fill="${color}"/>`;
      const pen = `fill="none" stroke="${color}" stroke-width="${round(m.width)}" opacity="${m.opacity}"`;
      return m.kind === "line"
        ? `<line x1="${round(m.x)}" y1="${round(m.y)}" x2="${round(m.x2)}" y2="${round(m.y2)}" ${pen}/>`
        : `<circle cx="${round(m.x)}" cy="${round(m.y)}" r="${round(m.r)}" ${pen}/>`;
    })
    .join("");
}
