import { beforeEach, describe, expect, it } from "vitest";
import { barsOf, broken, fitted, noBars, rowToShow } from "../src/bars/model";
import { scaleOf } from "../src/bars/shown";
import { charts, thin, valueAt } from "../src/curves/series";
import { readPackets } from "../src/packets";
import { Recording } from "../src/recording";
import { between, nearer, RunState, selectedPoint, selection, selectNext, selectPoint } from "../src/store";
import { moment, packet, smallRun } from "./make";

function record(...parts: ArrayBuffer[]): Recording {
  const recording = new Recording();
  for (const part of parts) for (const read of readPackets(part).packets) recording.add(read);
  return recording;
}

const at = (recording: Recording, time: number) => between(recording.moments, time);

describe("Recording", () => {
  it("finds points by row and watched rows by point", () => {
    const recording = record(...smallRun());
    expect(recording.n).toBe(4);
    expect([recording.pointOf(30), recording.pointOf(31)]).toEqual([2, -1]);
    expect([recording.watchedOf(2), recording.watchedOf(1)]).toEqual([1, -1]);
  });

  it("appends watched rows that come later", () => {
    const i4 = (shape: number[], values: number[]) => ({
      dtype: "<i4",
      shape,
      values: Int32Array.from(values),
    });
    const p = { dtype: "<f4", shape: [1, 3], values: Float32Array.from([0.7, 0.2, 0.1]) };
    const recording = record(
      ...smallRun(),
      packet("watched", { first: 2 }, { points: i4([1], [3]), columns: i4([1, 2], [0, 1]), p }),
    );
    expect(recording.watchedOf(3)).toBe(2);
    expect(recording.watchedOf(0)).toBe(0);
  });

  it("forgets moments that a run which goes on tells again", () => {
    const recording = record(...smallRun(), moment(9, [0, 0], [1, 0, 0]), moment(5, [0, 0], [1, 0, 0]));
    expect(recording.moments.map((m) => m.step)).toEqual([0, 5]);
  });

  it("shows a frame until a moment is as new", () => {
    const recording = record(...smallRun(), moment(7, [0, 0], [], "frame"));
    expect(recording.latest?.step).toBe(7);
    for (const read of readPackets(moment(7, [0, 0], [])).packets) recording.add(read);
    expect(recording.frame).toBeNull();
    expect(recording.latest?.step).toBe(7);
  });

  it("passes over kinds and arrays that it does not know", () => {
    expect(record(packet("dream", {}), ...smallRun()).moments.length).toBe(2);
  });
});

describe("barsOf", () => {
  it("states the gap, 1/2 sum |p - q|, the rest included", () => {
    const recording = record(...smallRun());
    const set = barsOf(recording, 0, at(recording, 0), 0);
    expect(set?.bars.map((bar) => bar.point)).toEqual([1, 2]);
    expect(set?.gap).toBeCloseTo((0.4 + 0.2 + 0.6) / 2, 6);
    expect(barsOf(recording, 0, at(recording, 1), 0)?.gap).toBeCloseTo(0, 6);
  });

  it("blends q between moments", () => {
    const recording = record(...smallRun());
    const set = barsOf(recording, 0, at(recording, 0.5), 0);
    expect(set?.bars[0]?.q).toBeCloseTo(0.3, 6);
    expect(set?.rest.q).toBeCloseTo(0.5, 6);
  });

  it("leaves out padding and names bars", () => {
    const recording = record(...smallRun());
    const set = barsOf(recording, 1, at(recording, 0), 2);
    expect(set?.bars.length).toBe(1);
    expect(set?.bars[0]?.label).toBe("row 40");
    expect(barsOf(recording, 0, at(recording, 0), 0)?.bars[0]?.label).toBe("dog · row 20");
  });

  it("has no gap before q is known", () => {
    const recording = record(...smallRun().slice(0, 3));
    expect(barsOf(recording, 0, null, 0)?.gap).toBeNull();
  });

  it("takes q of a frame for rows that it carries, and of the newest moment for others", () => {
    const selected = { dtype: "<i4", shape: [1], values: Int32Array.from([1]) };
    const recording = record(
      ...smallRun(),
      moment(7, [0, 0, 1, 1, 2, 2, 3, 3], [0.9, 0, 0.1], "frame", { selected }),
    );
    const frame = recording.latest;
    const shown = frame && { a: frame, b: frame, mix: 0, live: true };
    expect(barsOf(recording, 1, shown, 2)?.bars[0]?.q).toBeCloseTo(0.9, 6);
    expect(barsOf(recording, 0, shown, 0)?.bars[0]?.q).toBeCloseTo(0.5, 6);
  });

  it.each([
    ["zero · row 1634", 1634, 15, "zero · row 1634"],
    ["zero · row 1634", 1634, 11, "zero #1634"],
    ["Iris-versicolor · row 7", 7, 9, "Iris-… #7"],
    ["zero · row 1634", 1634, 6, "#1634"],
    ["row 1634", 1634, 7, "#1634"],
    ["row 1234567", 1234567, 3, "#1234567"],
    ["a snippet that is long", null, 9, "a snippe…"],
  ])("call %s by what fits, and rows by their number", (label, row, letters, said) =>
    expect(fitted({ label, row }, letters)).toBe(said),
  );

  it("know the row that their names end in", () => {
    const recording = record(...smallRun());
    expect(barsOf(recording, 0, null, 0)?.bars.map((bar) => bar.row)).toEqual([20, 30]);
    recording.samples.texts = ["a", "row 20", "c", "d"];
    expect(barsOf(recording, 0, null, 0)?.bars.map((bar) => bar.row)).toEqual([null, null]);
  });

  it("have one scale, the same for two runs that show the same row", () => {
    const run = (...more: ArrayBuffer[]): RunState => {
      const made = new RunState("");
      for (const part of [...smallRun(), ...more]) made.packets(readPackets(part).packets, null);
      made.version.value += 1;
      return made;
    };
    const one = run();
    const two = run(moment(7, [0, 0, 2, 0, 0, 2, 18, 18], [0.1, 0.9, 0, 0.2, 0, 0.8]));
    selection.value = { row: 10 };
    expect(scaleOf(one, null)).toBeCloseTo(0.5, 6);
    expect(scaleOf(one, two)).toBeCloseTo(0.9, 6);
    expect(scaleOf(two, one)).toBeCloseTo(0.9, 6);
    selection.value = { row: 30 }; // the rest, 0.8, has no say
    expect(scaleOf(two, null)).toBeCloseTo(0.6, 6);
    selection.value = null;
  });

  it("end where there is no more room, with a break before the end", () => {
    const xs = [...broken(10, 0, 100, 8).matchAll(/[MHL](-?[\d.]+)/g)].map(([, x]) => Number(x));
    expect([Math.min(...xs), Math.max(...xs)]).toEqual([10, 110]);
    const [, right = 0, , , left = 0] = xs; // of the upper edge, the end of one part and the start of the other
    expect(left).toBeGreaterThan(right);
  });

  it("are said to be missing only of a run that is over, or has its first moment", () => {
    const [head, points, , first] = smallRun() as [ArrayBuffer, ArrayBuffer, ArrayBuffer, ArrayBuffer];
    const run = new RunState("new");
    const said = (...parts: ArrayBuffer[]): string => {
      for (const part of parts) run.packets(readPackets(part).packets, null);
      run.version.value += 1;
      return noBars(run.recording.value, run.over);
    };
    const state = (name: string) => packet("state", { state: name, step: 0, total: 10 });
    expect(said()).toMatch(/first moment/);
    expect(said(state("starting"), head, points)).toMatch(/first moment/);
    expect(said(state("failed"))).toMatch(/no moments/);
    expect(said(state("running"), first)).toMatch(/its method has no p and q/);
    const replayed = new RunState("file");
    replayed.link.value = "replay";
    expect(noBars(replayed.recording.value, replayed.over)).toMatch(/no moments/);
  });

  it("tells for which point another one stands in", () => {
    const recording = record(...smallRun());
    const positions = recording.moments[0]?.positions ?? null;
    const row = rowToShow(recording, 1, positions); // (1, 0) is nearer to (0, 0) than (0, 1)
    expect(row).toBe(0);
    expect(barsOf(recording, row, at(recording, 0), 1)?.instead).toBe(1);
    expect(barsOf(recording, 0, at(recording, 0), 0)?.instead).toBeNull();
    expect(rowToShow(recording, 2, positions)).toBe(1);
  });
});

describe("time", () => {
  it("lies between two moments, and within them", () => {
    const recording = record(...smallRun());
    expect(at(recording, 0.25)).toMatchObject({ mix: 0.25 });
    expect(at(recording, 99)?.b.step).toBe(5);
    expect(at(recording, -3)?.a.step).toBe(0);
    expect(between([], 0)).toBeNull();
    const shown = at(recording, 0.75);
    expect(shown && nearer(shown).step).toBe(5);
  });
});

describe("RunState", () => {
  let run: RunState;
  beforeEach(() => {
    selection.value = null;
    run = new RunState("one");
    for (const part of smallRun()) run.packets(readPackets(part).packets, null);
    run.version.value += 1;
  });

  it("shows the newest picture until it is sent elsewhere", () => {
    expect(run.shown.value?.b.step).toBe(5);
    run.seek(0);
    expect(run.shown.value?.a.step).toBe(0);
    run.goLive();
    expect(run.shown.value?.a.step).toBe(5);
  });

  it("keeps the old recording on a new connection until all has come again", () => {
    run.begin();
    run.packets(readPackets(smallRun()[0] as ArrayBuffer).packets, null);
    expect(run.recording.value.moments.length).toBe(2);
    for (const part of smallRun().slice(1, 4)) run.packets(readPackets(part).packets, null);
    run.packets(readPackets(packet("state", { state: "running", step: 1, total: 10 })).packets, null);
    expect(run.recording.value.moments.length).toBe(1);
  });

  it("selects by row of the data, so that runs share it", () => {
    selectPoint(run, 2);
    expect(selection.value).toEqual({ row: 30 });
    expect(selectedPoint(run)).toBe(2);
    selectPoint(run, -1);
    expect(selection.value).toBeNull();
  });

  it("goes through the watched points and around", () => {
    selectNext(run, 1);
    expect(selectedPoint(run)).toBe(0);
    selectNext(run, 1);
    expect(selectedPoint(run)).toBe(2);
    selectNext(run, 1);
    expect(selectedPoint(run)).toBe(0);
    selectNext(run, -1);
    expect(selectedPoint(run)).toBe(2);
  });

  it("asks a live run once for a point, and again on a new connection", () => {
    const sent: object[] = [];
    run.source = { send: (message) => sent.push(message) > 0, close: () => undefined };
    run.watch(3);
    expect(sent).toEqual([]); // not live
    run.link.value = "open";
    run.packets(readPackets(packet("state", { state: "running" })).packets, null);
    run.watch(3);
    run.watch(3);
    run.watch(-1);
    expect(sent).toEqual([{ watch: [3] }]);
    run.begin();
    run.watch(3);
    expect(sent.length).toBe(2);
  });

  it("is stopping from the request until the run says that it has ended", () => {
    const hear = (state: string) =>
      run.packets(readPackets(packet("state", { state, step: 1, total: 10 })).packets, null);
    let taken = false;
    run.source = { send: () => taken, close: () => undefined };
    hear("running");
    run.stop();
    expect(run.stopping.value).toBe(false); // nobody heard it
    taken = true;
    run.stop();
    hear("running");
    run.begin();
    run.packets(readPackets(smallRun()[0] as ArrayBuffer).packets, null);
    expect(run.stopping.value).toBe(true);
    hear("stopped");
    expect(run.stopping.value).toBe(false);
  });
});

describe("charts", () => {
  it("draws what was measured, the loss first", () => {
    const recording = record(...smallRun());
    const list = charts(recording);
    expect(list.map((chart) => chart.id)).toEqual(["loss", "entropy", "gap"]);
    expect(list[1]?.lines.map((line) => line.role)).toEqual(["p", "q"]);
    expect(list[2]?.low).toBe(0);
  });

  it("keeps the extremes when it thins", () => {
    const points = Array.from({ length: 5000 }, (_, k): [number, number] => [
      k,
      k === 1234 ? 99 : k === 777 ? -99 : Math.sin(k),
    ]);
    const few = thin(points, 200);
    expect(few.length).toBeLessThanOrEqual(204);
    expect(Math.max(...few.map(([, v]) => v))).toBe(99);
    expect(Math.min(...few.map(([, v]) => v))).toBe(-99);
    expect(few.map(([step]) => step)).toEqual([...few.map(([step]) => step)].sort((a, b) => a - b));
  });

  it("reads a line at a step", () => {
    const line = {
      name: "loss",
      role: "plain" as const,
      points: [
        [1, 5],
        [3, 4],
        [9, 2],
      ] as [number, number][],
    };
    expect([0, 1, 4, 100].map((step) => valueAt(line, step))).toEqual([5, 5, 4, 2]);
  });
});
