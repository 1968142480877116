/** Painters of points: WebGL where a graphics card draws, else the processor itself. */

import type { Scene } from "./fit";
import { GlPainter } from "./gl";
import { SoftPainter } from "./soft";

export interface Painter {
  readonly kind: "webgl" | "software";
  /** Colours of the points, (n, 4). */
  setColors: (rgba: Uint8Array) => void;
  /** Draw the first `count` points of a shuffled order. */
  draw: (scene: Scene, size: number, alpha: number, count: number, paper: string) => void;
  close: () => void;
}

/** `webgl` or `software` in the address asks for one of them. */
export function makePainter(canvas: HTMLCanvasElement): Painter {
  const asked = new URLSearchParams(location.search).get("painter");
  if (asked !== "software") {
    const context = GlPainter.open(canvas, asked !== "webgl");
    if (context) return new GlPainter(context);
  }
  return new SoftPainter(canvas);
}
