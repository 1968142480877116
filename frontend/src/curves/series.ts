/** The curves of a run: what was measured at its moments, and the loss of every step. */

import type { Recording } from "../recording";

export interface Line {
  name: string;
  role: "p" | "q" | "plain";
  points: [step: number, value: number][];
}

export interface Chart {
  id: string;
  title: string;
  lines: Line[];
  low: number | null;
  high: number | null;
}

const MOST_POINTS = 300;

const TITLES: Record<string, string> = {
  gap: "mean gap of p and q",
  effective_rank: "effective rank",
  accuracy: "accuracy (10-NN)",
  clusters: "clusters",
  nmi: "NMI",
};

/** Charts of a recording, the loss first. */
export function charts(recording: Recording): Chart[] {
  const { moments, run } = recording;
  const list: Chart[] = [];
  const loss: [number, number][] = recording.losses.length
    ? recording.losses.flatMap((value, step): [number, number][] =>
        value == null ? [] : [[step + 1, value]],
      )
    : moments.flatMap((m): [number, number][] => (m.loss === null ? [] : [[m.step, m.loss]]));
  list.push(
    chart("loss", run?.loss_name ? `loss: ${run.loss_name}` : "loss", [
      { name: "loss", role: "plain", points: thin(loss) },
    ]),
  );
  const names = [...new Set(moments.flatMap((moment) => Object.keys(moment.stats)))];
  const series = (name: string): [number, number][] =>
    moments.flatMap((m): [number, number][] => {
      const value = m.stats[name];
      return value === null || value === undefined ? [] : [[m.step, value]];
    });
  if (names.includes("entropy_p") || names.includes("entropy_q")) {
    list.push(
      chart("entropy", "entropy", [
        { name: "p", role: "p", points: series("entropy_p") },
        { name: "q", role: "q", points: series("entropy_q") },
      ]),
    );
  }
  const order = ["gap", "effective_rank", "accuracy"];
  const others = names.filter((name) => !name.startsWith("entropy_") && !order.includes(name)).sort();
  for (const name of [...order, ...others]) {
    if (names.includes(name)) {
      const title = TITLES[name] ?? name.replaceAll("_", " ");
      const share = name === "accuracy" || name === "gap" || name === "nmi";
      list.push(chart(name, title, [{ name, role: "plain", points: series(name) }], share));
    }
  }
  return list;
}

function chart(id: string, title: string, lines: Line[], fromZero = false): Chart {
  const values = lines.flatMap((line) => line.points.map(([, value]) => value)).sort((a, b) => a - b);
  // the first steps of a loss may dwarf all others: a hundredth of them may leave the panel
  const high = values.length > 200 ? values[Math.floor(values.length * 0.99)] : values[values.length - 1];
  const low = values[0];
  return { id, title, lines, low: fromZero ? Math.min(0, low ?? 0) : (low ?? null), high: high ?? null };
}

/** At most so many points: the least and the greatest of each stretch, in their order. */
export function thin(points: [number, number][], most = MOST_POINTS): [number, number][] {
  if (points.length <= most) return points;
  const out: [number, number][] = [];
  const stretch = points.length / (most / 2);
  for (let start = 0; start < points.length; start += stretch) {
    const part = points.slice(Math.floor(start), Math.floor(start + stretch));
    if (!part.length) continue;
    let [least, greatest] = [0, 0];
    part.forEach(([, value], k) => {
      if (value < (part[least]?.[1] ?? 0)) least = k;
      if (value > (part[greatest]?.[1] ?? 0)) greatest = k;
    });
    for (const k of [...new Set([least, greatest])].sort((a, b) => a - b)) {
      const point = part[k];
      if (point) out.push(point);
    }
  }
  return out;
}

/** Value of a line at a step: that of the last point that is not later. */
export function valueAt(line: Line, step: number): number | null {
  let value: number | null = null;
  for (const [at, held] of line.points) {
    if (at > step && value !== null) break;
    value = held;
  }
  return value;
}
