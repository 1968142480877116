/** Where points lie on the screen: positions are fitted to the panel, then panned and zoomed. */

export interface Box {
  cx: number;
  cy: number;
  hx: number;
  hy: number;
}

/** Centre in the units of the embedding, and pixels per unit. */
export interface Fit {
  cx: number;
  cy: number;
  scale: number;
}

export interface View {
  k: number;
  x: number;
  y: number;
}

/** What is drawn: two arrays of positions, a share of the way from one to the other, and how they are seen. */
export interface Scene {
  a: Float32Array;
  b: Float32Array;
  mix: number;
  view: View;
  width: number;
  height: number;
}

const FILL = 0.46; // of the panel, to each side of its centre
const boxes = new WeakMap<Float32Array, Box>();

/** Smallest box around the finite points. */
export function boxOf(positions: Float32Array): Box {
  const held = boxes.get(positions);
  if (held) return held;
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i + 1 < positions.length; i += 2) {
    const x = positions[i] as number;
    const y = positions[i + 1] as number;
    if (!(Math.abs(x) < Infinity && Math.abs(y) < Infinity)) continue;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  const box =
    x0 <= x1
      ? { cx: (x0 + x1) / 2, cy: (y0 + y1) / 2, hx: (x1 - x0) / 2, hy: (y1 - y0) / 2 }
      : { cx: 0, cy: 0, hx: 0, hy: 0 };
  boxes.set(positions, box);
  return box;
}

export function fit(positions: Float32Array, width: number, height: number): Fit {
  const { cx, cy, hx, hy } = boxOf(positions);
  const scale = Math.min((width * FILL) / (hx || 1e-30), (height * FILL) / (hy || 1e-30));
  return { cx, cy, scale: hx || hy ? scale : 1 };
}

/** A function that gives the pixel of a point; NaN where it has none. */
export function placer(scene: Scene): (point: number, out: [number, number]) => void {
  const { a, b, mix, view, width, height } = scene;
  const fa = fit(a, width, height);
  const fb = a === b ? fa : fit(b, width, height);
  return (point, out) => {
    const i = 2 * point;
    let x = ((a[i] as number) - fa.cx) * fa.scale;
    let y = ((a[i + 1] as number) - fa.cy) * fa.scale;
    if (mix > 0) {
      x += (((b[i] as number) - fb.cx) * fb.scale - x) * mix;
      y += (((b[i + 1] as number) - fb.cy) * fb.scale - y) * mix;
    }
    out[0] = (width / 2 + x) * view.k + view.x;
    out[1] = (height / 2 - y) * view.k + view.y;
  };
}

/** The seen point nearest to a pixel, at most `reach` pixels away, or -1. A million points take a few ms. */
export function nearest(
  scene: Scene,
  x: number,
  y: number,
  reach: number,
  seen: (point: number) => boolean,
): number {
  const place = placer(scene);
  const at: [number, number] = [0, 0];
  let best = -1;
  let least = reach * reach;
  const n = scene.a.length / 2;
  for (let i = 0; i < n; i++) {
    place(i, at);
    const square = (at[0] - x) ** 2 + (at[1] - y) ** 2;
    if (square <= least && seen(i)) {
      least = square;
      best = i;
    }
  }
  return best;
}

/** Positions between two arrays as they are seen, in the fit of the second. */
export function settle(scene: Scene): Float32Array {
  const { a, b, mix } = scene;
  if (a === b || mix >= 1) return b;
  if (mix <= 0) return a;
  const fa = fit(a, scene.width, scene.height);
  const fb = fit(b, scene.width, scene.height);
  const out = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) {
    const [ca, cb] = i % 2 ? [fa.cy, fb.cy] : [fa.cx, fb.cx];
    const u = ((a[i] as number) - ca) * fa.scale;
    const v = ((b[i] as number) - cb) * fb.scale;
    out[i] = (u + (v - u) * mix) / fb.scale + cb;
  }
  return out;
}

/** Diameter of a point in pixels: it fills a map without drowning it. */
export function pointSize(n: number, width: number, height: number, k: number): number {
  const size = 0.62 * Math.sqrt((width * height) / Math.max(n, 1));
  return Math.min(14, Math.min(9, Math.max(1.6, size)) * k ** 0.35);
}

/** Nearly solid for a few, see-through where thousands overlap. */
export function pointAlpha(n: number): number {
  return Math.min(0.95, Math.max(0.35, 0.82 * (2000 / Math.max(n, 1)) ** 0.15));
}
