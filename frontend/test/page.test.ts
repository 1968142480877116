import { describe, expect, it, vi } from "vitest";
import type { DataSet, Field } from "../src/api";
import { boxOf, fit, nearest, placer, settle } from "../src/map/fit";
import { shuffled } from "../src/map/order";
import { focusAfter, link, readRoute } from "../src/route";
import { ownOf, problem, range, suits, values } from "../src/views/fields";
import { dataFor, filled, formOf, keep } from "../src/views/forms";
import type { RunFields } from "../src/recording";
import { choicesOf, differences, runName } from "../src/views/naming";

const field = (more: Partial<Field>): Field => ({
  name: "perplexity",
  type: "float",
  default: 30,
  low: 1,
  high: 500,
  open_low: false,
  soft: false,
  choices: [],
  optional: false,
  why_not: null,
  refused: {},
  text: [],
  ...more,
});

describe("fields", () => {
  it.each([
    [{}, "30", null],
    [{}, "0.5", "at least|1 to 500"],
    [{}, "501", "at most 500"],
    [{}, "", "empty"],
    [{}, "many", "many"],
    [{}, "Infinity", "Infinity"],
    [{ open_low: true }, "1", "above 1"],
    [{ type: "int" as const }, "2.5", "whole"],
    [{ optional: true }, "", null],
    [{ type: "choice" as const }, "anything", null],
  ])("checks %o against %s", (more, typed, fault) => {
    const said = problem(field(more), typed);
    if (fault === null) expect(said).toBeNull();
    else expect(said).toMatch(new RegExp(fault));
  });

  it("takes fields that were not touched as they are", () => {
    expect(problem(field({}), undefined)).toBeNull();
    expect(values([field({}), field({ name: "k", type: "int" })], { k: " 7 " })).toEqual({ k: 7 });
    expect(
      values([field({ optional: true }), field({ name: "b", type: "bool" })], { perplexity: "", b: "true" }),
    ).toEqual({
      perplexity: null,
      b: true,
    });
  });

  it.each([
    [30, "the method's own: 30"],
    [0, "the method's own: 0"],
    ["kl", "the method's own: kl"],
    [false, "the method's own: no"],
    [null, "the method's own"],
    [undefined, "the method's own"],
  ])("says what an empty one stands for: %s", (own, said) =>
    expect(ownOf(own === undefined ? field({}) : field({ own }))).toBe(said),
  );

  it("says ranges, and no bound that is none", () => {
    expect(range(field({}))).toBe("1 to 500");
    expect(range(field({ soft: true }))).toBe("at least 1");
    expect(range(field({ low: 0, high: 1e9, open_low: true }))).toBe("above 0");
    expect(range(field({ type: "choice" }))).toBe("");
  });
});

describe("forms", () => {
  const told = (more: object): RunFields =>
    ({
      data: { name: "pets" },
      parameters: { perplexity: 30 },
      options: { max_iter: 60, lr: "Cosine(peak=0.003)" },
      ...more,
    }) as unknown as RunFields;
  const set = (id: string, methods: string[], more: Partial<DataSet> = {}): DataSet =>
    ({ id, name: id, methods, ...more }) as DataSet;
  const method = { name: "t-sne", example: "digits" };

  it("are kept, those beside a run apart", () => {
    keep("sne", null, { data: "pets", typed: { perplexity: "5" } });
    expect(filled("sne", null)).toEqual({ data: "pets", typed: { perplexity: "5" } });
    expect(filled("sne", "run-1")).toEqual({ data: null, typed: {} });
    expect(filled("umap", null)).toEqual({ data: null, typed: {} });
  });

  it("are taken over from a run", () => {
    const chosen = { perplexity: 10.5, exact: true, clip: null, nested: [1] };
    expect(formOf(told({ chosen }))).toEqual({
      data: "pets",
      typed: { perplexity: "10.5", exact: "true", clip: "" },
    });
    expect(formOf(told({})).typed).toMatchObject({ perplexity: "30", max_iter: "60" });
  });

  it("take what their fields can hold", () => {
    const fields = [
      field({}),
      field({ name: "lr" }),
      field({ name: "clip", optional: true }),
      field({ name: "df" }),
      field({ name: "kind", type: "choice", choices: ["a"] }),
      field({ name: "other", type: "choice", choices: ["a"] }),
      field({ name: "never", why_not: "no" }),
    ];
    const typed = { perplexity: "10", lr: "Cosine(1)", clip: "", df: "", kind: "a", other: "b", never: "3" };
    expect(suits(fields, { ...typed, unknown: "1" })).toEqual({ perplexity: "10", clip: "", kind: "a" });
  });

  it("begin with a data set that fits", () => {
    const sets = [
      set("small", ["t-sne"]),
      set("digits", ["t-sne"]),
      set("pets-2", ["t-sne"], { name: "pets" }),
      set("graph", ["node2vec"]),
    ];
    const id = (chosen: string | null, beside: string | null = null, from = sets) =>
      dataFor(method, from, chosen, beside)?.id;
    expect([id(null), id("small"), id("pets"), id("graph"), id("gone")]).toEqual([
      "digits",
      "small",
      "pets-2",
      "digits",
      "digits",
    ]);
    expect([id(null, "pets"), id("small", "pets")]).toEqual(["pets-2", "small"]);
    const given = [
      set("earlier", ["t-sne"], { given: true }),
      set("mine", ["t-sne"], { given: true }),
      set("edges", ["node2vec"], { given: true }),
    ];
    expect(id(null, null, [...sets, ...given])).toBe("mine");
    expect(id(null, "small", [...sets, ...given])).toBe("small");
    expect([id(null, null, sets.slice(0, 1)), id(null, null, [])]).toEqual(["small", undefined]);
  });
});

describe("names of runs", () => {
  it.each([
    [undefined, "t-SNE · digits"],
    [{}, "t-SNE · digits"],
    [{ perplexity: 10 }, "t-SNE · digits · perplexity 10"],
    [{ debias_target: 0.5, all_rows: true }, "t-SNE · digits · debias p 0.5 · all rows yes"],
    [{ max_grad_norm: null }, "t-SNE · digits · max grad norm none"],
  ])("say what was chosen: %o", (chosen, name) =>
    expect(runName({ title: "t-SNE", data: "digits", chosen })).toBe(name),
  );

  it("stand beside the settings in which two runs differ", () => {
    const told = (more: object): RunFields =>
      ({
        divergence: "kl",
        parameters: { perplexity: 30, metric: "euclidean" },
        options: { lr: "Cosine(peak=0.003, end=0.0, warmup=0.05)", max_iter: 60 },
        ...more,
      }) as unknown as RunFields;
    expect(differences(told({}), told({}))).toEqual([]);
    expect(
      differences(
        told({ chosen: { perplexity: 30 } }),
        told({ divergence: "tv", parameters: { perplexity: 10, metric: "cos", df: 1 }, chosen: { seed: 3 } }),
      ),
    ).toEqual([
      ["divergence", "kl", "tv"],
      ["perplexity", "30", "10"],
      ["metric", "euclidean", "cos"],
      ["df", "–", "1"],
      ["seed", "–", "3"],
    ]);
    const of = (projector: number[]): RunFields =>
      told({ options: { lr: `Cosine(peak=${projector[0]}e-4, end=0.0)`, projector } });
    expect(differences(of([64]), of([128, 128]))).toEqual([["projector", "[64]", "[128,128]"]]);
  });

  it("are short, whatever a recording holds", () => {
    const name = runName({ title: "a", data: "b", chosen: { note: "x".repeat(1000) } });
    expect(name.length).toBeLessThan(60);
    expect(choicesOf("no object" as unknown as Record<string, unknown>)).toBeInstanceOf(Array);
  });
});

describe("route", () => {
  it.each([
    [link("cell", ["t-sne"]), { view: "cell", name: "t-sne", beside: null }],
    [link("cell", ["a/b c"], "run 1"), { view: "cell", name: "a/b c", beside: "run 1" }],
    [link("run", ["a", "b"]), { view: "run", ids: ["a", "b"] }],
    [link("table"), { view: "table", beside: null }],
    ["", { view: "table", beside: null }],
    ["#/nowhere", { view: "table", beside: null }],
  ])("reads %s", (hash, route) => expect(readRoute(hash)).toEqual(route));
});

describe("focus", () => {
  it("goes back to the cell that was open, and else to the heading", () => {
    vi.stubGlobal("CSS", { escape: (name: string) => name.replace('"', '\\"') });
    const table = readRoute("#/table");
    const cell = readRoute(link("cell", ["t-sne"]));
    expect(focusAfter(table, cell)).toBe("main h1");
    expect(focusAfter(cell, table)).toBe('[data-name="t-sne"]');
    expect(focusAfter(readRoute(link("cell", ['a"b'])), table)).toBe('[data-name="a\\"b"]');
    expect(focusAfter(cell, readRoute(link("run", ["a"])))).toBe("main h1");
    vi.unstubAllGlobals();
  });
});

describe("map", () => {
  const a = Float32Array.from([0, 0, 10, 0, 0, 10, NaN, NaN]);
  const scene = { a, b: a, mix: 0, view: { k: 1, x: 0, y: 0 }, width: 200, height: 100 };
  const place = (s: typeof scene, point: number): [number, number] => {
    const out: [number, number] = [0, 0];
    placer(s)(point, out);
    return out;
  };

  it("fits finite points into the panel, y upwards", () => {
    expect(boxOf(a)).toEqual({ cx: 5, cy: 5, hx: 5, hy: 5 });
    const [x0, y0] = place(scene, 0);
    const [x1] = place(scene, 1);
    const [, y2] = place(scene, 2);
    expect(x1).toBeGreaterThan(x0);
    expect(y2).toBeLessThan(y0);
    for (const value of [y0, y2]) expect(value).toBeGreaterThanOrEqual(0);
  });

  it("shows points that are all at one place in the middle", () => {
    const one = Float32Array.from([3, 4, 3, 4]);
    expect(place({ ...scene, a: one, b: one }, 1)).toEqual([100, 50]);
    expect(fit(new Float32Array(0), 10, 10).scale).toBe(1);
  });

  it("finds the nearest point that is seen and within reach", () => {
    const [x, y] = place(scene, 1);
    expect(nearest(scene, x + 2, y, 5, () => true)).toBe(1);
    expect(nearest(scene, x + 20, y, 5, () => true)).toBe(-1);
    expect(nearest(scene, x, y, Infinity, (point) => point !== 1)).toBe(0);
  });

  it("settles where the points are seen, whatever the scales", () => {
    const b = Float32Array.from([0, 0, 1000, 0, 0, 500, 1, 1]);
    const half = { ...scene, b, mix: 0.4 };
    const held = settle(half);
    const then = { ...scene, a: held, b, mix: 0 };
    const pixel = (point: number): [number, number] => {
      const f = fit(b, 200, 100);
      return [
        100 + ((held[2 * point] ?? 0) - f.cx) * f.scale,
        50 - ((held[2 * point + 1] ?? 0) - f.cy) * f.scale,
      ];
    };
    expect(then.a).not.toBe(a);
    for (const point of [0, 1, 2]) {
      const [x, y] = place(half, point);
      const [u, v] = pixel(point);
      expect(u).toBeCloseTo(x, 3);
      expect(v).toBeCloseTo(y, 3);
    }
  });

  it("draws in an order whose beginnings are even samples", () => {
    const order = shuffled(10_000);
    expect(new Set(order).size).toBe(10_000);
    const first = [...order.slice(0, 1000)];
    expect(first.reduce((sum, point) => sum + point, 0) / 1000).toBeCloseTo(5000, -3);
  });
});
