import { describe, expect, it } from "vitest";
import { classColors, lighten, luminance, mix, PALETTE, ramp, toRgb } from "../src/colour/palette";
import { choices, paint } from "../src/colour/scheme";
import { readPackets } from "../src/packets";
import { Recording } from "../src/recording";
import golden from "./class-colours.json";
import { moment, smallRun } from "./make";

const NONE: ReadonlySet<number> = new Set();

function small(): Recording {
  const recording = new Recording();
  const divergence = { dtype: "<f4", shape: [2], values: Float32Array.from([1, 3]) };
  const cluster = { dtype: "<i4", shape: [4], values: Int32Array.from([0, 0, 2, 1]) };
  const confidence = { dtype: "|u1", shape: [4], values: Uint8Array.from([0, 255, 128, 255]) };
  const parts = [
    ...smallRun().slice(0, 3),
    moment(0, [0, 0, 1, 1, 2, 2, 3, 3], [0, 0, 1, 0, 0, 1], "moment", { divergence, cluster, confidence }),
  ];
  for (const part of parts) for (const read of readPackets(part).packets) recording.add(read);
  return recording;
}

const color = (rgba: Uint8Array, point: number): number[] => [...rgba.slice(4 * point, 4 * point + 3)];

describe("palette", () => {
  it("gives the palette, its shades, then hues, all different", () => {
    expect(classColors(3)).toEqual(PALETTE.slice(0, 3));
    for (const n of [10, 20, 60]) expect(new Set(classColors(n)).size).toBe(n);
  });

  it("gives those of the package's figures", () => {
    expect(classColors(12)).toEqual(golden["12"]);
    expect(classColors(30)).toEqual(golden["30"]);
  });

  it("lightens for dark paper no more than is needed", () => {
    expect(lighten("#89C3FC")).toBe("#89C3FC");
    expect(luminance(lighten("#552F9F"))).toBeGreaterThanOrEqual(0.11);
    expect(luminance(lighten("#552F9F"))).toBeLessThan(0.13);
  });

  it("mixes and measures as the package's figures do", () => {
    expect(mix("#000000", "#FFFFFF", 0.5)).toBe("#808080");
    expect(luminance("#FFFFFF")).toBeCloseTo(1, 6);
    expect(luminance("#808080")).toBeCloseTo(0.2159, 3);
  });

  it("has a ramp that grows lighter", () => {
    const light = Array.from({ length: 11 }, (_, k) => {
      const [r, g, b] = ramp(k / 10);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    });
    expect(light).toEqual([...light].sort((a, b) => a - b));
    expect(ramp(-1)).toEqual(ramp(0));
    expect(ramp(2)).toEqual(ramp(1));
  });
});

describe("paint", () => {
  it("offers what there is", () => {
    const recording = small();
    const ids = choices(recording, recording.moments[0] ?? null).map((choice) => choice.id);
    expect(ids).toEqual(["cluster", "column:0", "column:1", "confidence", "divergence", "none"]);
    expect(choices(new Recording(), null).map((choice) => choice.id)).toEqual(["none"]);
  });

  it("colours categories, hides some, and greys those without one", () => {
    const recording = small();
    const { rgba, legend } = paint(recording, null, "column:0", new Set([1]), false);
    expect(color(rgba, 0)).toEqual(toRgb(PALETTE[0] ?? ""));
    expect([3, 7, 11, 15].map((at) => rgba[at])).toEqual([255, 0, 0, 255]);
    expect(color(rgba, 3)).toEqual(toRgb("#B4BBC6"));
    expect(legend).toMatchObject({ kind: "categories", names: ["cat", "dog"], counts: [1, 2] });
  });

  it("ramps numbers over their range, and shows where there is none", () => {
    const recording = small();
    const { rgba, legend } = paint(recording, null, "column:1", NONE, false);
    expect(color(rgba, 0)).toEqual(ramp(0));
    expect(color(rgba, 2)).toEqual(ramp(1));
    expect(rgba[15]).toBeLessThan(255);
    expect(legend).toMatchObject({ kind: "numbers", low: 0, high: 10 });
  });

  it("colours clusters, confidence and divergence of the moment", () => {
    const recording = small();
    const now = recording.moments[0] ?? null;
    expect(paint(recording, now, "cluster", NONE, false).legend).toMatchObject({ counts: [2, 1, 1] });
    expect(paint(recording, now, "confidence", NONE, false).legend).toMatchObject({ low: 0, high: 1 });
    const { rgba, legend } = paint(recording, now, "divergence", NONE, false);
    expect(legend).toMatchObject({ low: 1, high: 3 });
    expect(color(rgba, 0)).toEqual(ramp(0));
    expect(color(rgba, 2)).toEqual(ramp(1));
    expect(color(rgba, 1)).toEqual(toRgb("#B4BBC6")); // not watched
  });

  it("needs nothing to paint nothing", () => {
    expect(paint(new Recording(), null, "column:9", NONE, true).rgba.length).toBe(0);
  });
});
