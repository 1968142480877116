/** The map as an SVG file: every point a circle, or one picture where there are too many. */

import { escape } from "../save/files";
import type { MapController } from "./controller";
import { placer } from "./fit";
import { svgMarks } from "./overlay";

const MOST_CIRCLES = 20_000;

export function drawnSvg(map: MapController, title: string): string {
  const { scene, rgba, size, alpha, paper } = map;
  if (!scene) throw new Error("there is nothing to save yet");
  const { width, height } = scene;
  const n = scene.a.length / 2;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escape(title)}</title><rect width="${width}" height="${height}" fill="${paper}"/>`,
  ];
  if (n > MOST_CIRCLES)
    parts.push(`<image width="${width}" height="${height}" href="${map.picture(false).toDataURL()}"/>`);
  else {
    const place = placer(scene);
    const at: [number, number] = [0, 0];
    parts.push(`<g fill-opacity="${alpha.toFixed(2)}">`);
    for (let i = 0; i < n; i++) {
      place(i, at);
      const [x, y] = at;
      const seen = x > -size && y > -size && x < width + size && y < height + size && rgba[4 * i + 3];
      if (!seen) continue;
      const color = [0, 1, 2].map((c) => (rgba[4 * i + c] ?? 0).toString(16).padStart(2, "0")).join("");
      parts.push(
        `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${(size / 2).toFixed(1)}" fill="#${color}"/>`,
      );
    }
    parts.push("</g>");
  }
  return [...parts, svgMarks(map.marks()), "</svg>"].join("");
}
