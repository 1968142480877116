/** The periodic table as an SVG file. */

import type { MethodHead, Table } from "../api";
import { mix } from "../colour/palette";
import { colorOf, pretty, sort } from "../views/Table";
import { clip, escape } from "./files";

const CELL = { width: 132, height: 84, gap: 5 };
const LEFT = 150;
const TOP = 96;
const LETTER = 6.4; // pixels, of a title
const SMALL_LETTER = 5;
const LINE = 14;
const SMALL_LINE = 11;
const INK = "#1F2733";
const MUTED = "#667080";

export function tableSvg(table: Table): string {
  const { on, off } = sort(table);
  const parts: string[] = [];
  table.columns.forEach((column, k) =>
    parts.push(text(x(k), TOP - 12, pretty(column.name), 11, INK, "bold")),
  );
  table.rows.forEach((row, k) => parts.push(text(16, y(k) + 20, pretty(row.name), 12, INK, "bold")));
  table.rows.forEach((row, j) =>
    table.columns.forEach((column, i) => {
      const here = on.filter((m) => m.row === row.name && m.column === column.name);
      const height = (CELL.height - CELL.gap * (here.length - 1) * 0.6) / here.length;
      here.forEach((m, k) =>
        parts.push(tile(table, m, x(i), y(j) + k * (height + CELL.gap * 0.6), CELL.width, height)),
      );
    }),
  );
  const below = y(table.rows.length) + 30;
  parts.push(text(16, below + 20, "Off the grid", 12, INK, "bold"));
  const many = Math.max(1, Math.floor(table.columns.length));
  off.forEach((m, k) => {
    const top = below + Math.floor(k / many) * 54;
    parts.push(tile(table, m, x(k % many), top, CELL.width, 48));
  });
  const width = x(table.columns.length) + 16;
  const height = below + Math.ceil(off.length / many) * 54 + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#FFFFFF"/>`,
    text(16, 34, "The periodic table of representation learning", 20, INK, "bold"),
    text(16, 56, "p across: what belongs together. q down: what is learned.", 12, MUTED),
    ...parts,
    "</svg>",
  ].join("");
}

const x = (column: number): number => LEFT + column * (CELL.width + CELL.gap);
const y = (row: number): number => TOP + row * (CELL.height + CELL.gap);

function tile(table: Table, m: MethodHead, left: number, top: number, width: number, height: number): string {
  const color = colorOf(table, m);
  const blank = m.status === "blank";
  const gap = m.status === "gap";
  const fill = blank ? "#F6F7F9" : gap ? "#FFFFFF" : mix(color, "#FFFFFF", 0.75);
  const edge = gap ? ` stroke="${color}" stroke-dasharray="5 3"` : "";
  const bar =
    blank || gap ? "" : `<rect x="${left}" y="${top}" width="5" height="${height}" fill="${color}"/>`;
  const size = height < 34 ? 10 : 12;
  const lines = wrap(blank ? "unnamed" : m.title, Math.floor((width - 18) / (LETTER * (size / 12))));
  const said = blank ? "" : clip(gap ? "predicted" : m.paper, Math.floor((width - 18) / SMALL_LETTER));
  const small = said && lines.length * LINE + SMALL_LINE + 4 <= height;
  // in the middle of the tile
  const first = top + (height - lines.length * LINE - (small ? SMALL_LINE : 0)) / 2 + 11;
  const words = lines.map((line, k) =>
    text(left + 12, first + k * LINE, line, size, blank ? MUTED : INK, blank ? "" : "bold"),
  );
  if (small) words.push(text(left + 12, first + lines.length * LINE - 1, said, 9, MUTED));
  const box = `<rect x="${left}" y="${top}" width="${width}" height="${height}" rx="3" fill="${fill}"${edge}/>`;
  return box + bar + words.join("");
}

function text(left: number, top: number, words: string, size: number, color: string, weight = ""): string {
  const bold = weight ? ` font-weight="${weight}"` : "";
  return `<text x="${left}" y="${top}" font-size="${size}" fill="${color}"${bold}>${escape(words)}</text>`;
}

function wrap(words: string, letters: number): string[] {
  const lines: string[] = [];
  for (const word of words.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && `${last} ${word}`.length <= letters)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
