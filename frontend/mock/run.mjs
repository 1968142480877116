// An invented run: points that gather in clusters while q comes to meet p.
import { encode } from "./packet.mjs";

const BARS = 15;
const random = (seed) => () => {
  seed = (seed * 1664525 + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const normal = (r) => Math.sqrt(-2 * Math.log(1 - r())) * Math.cos(2 * Math.PI * r());

export function browsed(n) {
  const r = random(7);
  const positions = new Float32Array(2 * n);
  const group = new Int32Array(n);
  const value = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    group[i] = Math.floor(r() * 12);
    const a = (group[i] / 12) * 2 * Math.PI;
    positions[2 * i] = Math.cos(a) * 10 + normal(r) * 2;
    positions[2 * i + 1] = Math.sin(a) * 10 + normal(r) * 2;
    value[i] = positions[2 * i];
  }
  const columns = [
    { name: "group", kind: "category", categories: Array.from({ length: 12 }, (_, k) => `group ${k}`) },
    { name: "value", kind: "number", categories: null },
  ];
  return encode(
    "points",
    { n, columns },
    {
      rows: { values: Uint32Array.from({ length: n }, (_, k) => k), shape: [n] },
      column_0: { values: group, shape: [n] },
      column_1: { values: value, shape: [n] },
      positions: { values: positions, shape: [n, 2] },
    },
  );
}

export class MockRun {
  constructor(id, method, data, order) {
    Object.assign(this, { id, method, data, order, step: 0, total: 300, state: "running", pages: new Set() });
    this.n = Math.min(data.n, 20000);
    const r = random(id.length + method.name.length);
    this.label = Int32Array.from({ length: this.n }, () => Math.floor(r() * data.classes));
    this.goal = new Float32Array(2 * this.n);
    this.start = new Float32Array(2 * this.n);
    for (let i = 0; i < this.n; i++) {
      const a = (this.label[i] / data.classes) * 2 * Math.PI;
      for (const [c, f] of [
        [0, Math.cos],
        [1, Math.sin],
      ]) {
        this.goal[2 * i + c] = f(a) * 30 + normal(r) * 4;
        this.start[2 * i + c] = normal(r) * 1e-3;
      }
    }
    this.watchedPoints = Array.from({ length: Math.min(256, this.n) }, (_, k) =>
      Math.floor((k * this.n) / Math.min(256, this.n)),
    );
    this.watched = this.watchedPoints.map((p) => this.watch(p));
    this.seed = r;
    this.held = [this.run(), this.points(), this.samples(), this.watchedPacket(0)];
    this.timer = setInterval(() => this.tick(), 100);
    this.next = 0;
  }

  row() {
    const { id, method, data, state, step, total } = this;
    return {
      id,
      method: method.name,
      title: method.title,
      data: data.id,
      state,
      step,
      total,
      started: null,
      message: "",
      recorded: true,
      continues: false,
    };
  }

  recording() {
    return this.held;
  }

  watch(point) {
    const [x, y] = [this.goal[2 * point], this.goal[2 * point + 1]];
    const far = Array.from({ length: this.n }, (_, j) => [
      (this.goal[2 * j] - x) ** 2 + (this.goal[2 * j + 1] - y) ** 2,
      j,
    ]);
    const near = far
      .filter(([, j]) => j !== point)
      .sort((a, b) => a[0] - b[0])
      .slice(0, BARS);
    const weights = near.map(([d]) => Math.exp(-d / (near[6][0] + 1e-9)));
    const sum = weights.reduce((a, b) => a + b, 0) * 1.25;
    return { point, columns: near.map(([, j]) => j), p: [...weights.map((w) => w / sum), 0.2] };
  }

  run() {
    const { method, data } = this;
    return encode("run", {
      schema: 1,
      version: "0",
      method: method.name,
      title: method.title,
      family: method.family,
      status: method.status,
      cell: [method.column, method.row],
      p: method.p,
      q: method.q,
      mapper: method.mapper,
      equation: [],
      loss_name: "KL",
      divergence: "KL",
      parameters: { perplexity: 30 },
      options: { seed: 0 },
      data: { name: data.name, n: data.n, d: data.d, classes: null, kind: "rows" },
      total: this.total,
      seed: 0,
      columns_are: "points",
      column_names: null,
      layout: "embedding",
      layout_words: "The two coordinates of the embedding.",
    });
  }

  points() {
    const { n, label, data } = this;
    const categories = Array.from({ length: data.classes }, (_, k) => String(k));
    return encode(
      "points",
      {
        n,
        columns: [
          { name: "digit", kind: "category", categories },
          { name: "brightness", kind: "number", categories: null },
        ],
      },
      {
        rows: { values: Uint32Array.from({ length: n }, (_, k) => k), shape: [n] },
        column_0: { values: label, shape: [n] },
        column_1: { values: Float32Array.from(label, (l) => l + Math.random()), shape: [n] },
      },
    );
  }

  samples() {
    const values = new Uint8Array(this.n * 64);
    for (let i = 0; i < this.n; i++) {
      for (let k = 0; k < 64; k++)
        values[i * 64 + k] = (Math.sin(k * (this.label[i] + 2) * 0.37) > 0.2 ? 210 : 20) + Math.random() * 40;
    }
    return encode("samples", { form: "images", texts: null }, { images: { values, shape: [this.n, 8, 8] } });
  }

  watchedPacket(first) {
    const rows = this.watched.slice(first);
    const flat = (name) => rows.flatMap((row) => row[name]);
    return encode(
      "watched",
      { first },
      {
        points: { values: Int32Array.from(rows, (row) => row.point), shape: [rows.length] },
        columns: { values: Int32Array.from(flat("columns")), shape: [rows.length, BARS] },
        p: { values: Float32Array.from(flat("p")), shape: [rows.length, BARS + 1] },
      },
    );
  }

  picture(kind) {
    const s = 1 - Math.exp((-4 * this.step) / this.total);
    const positions = this.goal.map(
      (g, k) => this.start[k] + (g - this.start[k]) * s + Math.sin(this.step / 9 + k) * 0.6 * s,
    );
    const wobble = (k) => 0.15 * (1 - s) * Math.sin(k * 12.9);
    const q = Float32Array.from(
      this.watched.flatMap((row) => {
        const bars = row.p.slice(0, BARS).map((p, k) => p * (s + wobble(k)) * 0.95);
        return [...bars, 1 - bars.reduce((a, b) => a + b, 0)];
      }),
    );
    const loss = 3.4 * Math.exp(-s * 2.2) + 0.2;
    const stats = {
      entropy_p: 3.4,
      entropy_q: 7.4 - 3.8 * s,
      gap: 0.85 - 0.8 * s,
      effective_rank: 1.2 + 0.75 * s,
      accuracy: 0.1 + 0.87 * s,
    };
    return encode(
      kind,
      { step: this.step, loss, seconds: this.step / 20, ...(kind === "moment" ? { stats } : {}) },
      {
        positions: { values: positions, shape: [this.n, 2] },
        q: { values: q, shape: [this.watched.length, BARS + 1] },
        ...(kind === "moment"
          ? {
              divergence: {
                values: Float32Array.from(this.watched, (_, k) => (2 + Math.sin(k)) * (1.1 - s)),
                shape: [this.watched.length],
              },
            }
          : {}),
        ...(kind === "frame"
          ? { selected: { values: Int32Array.from(this.watched, (_, k) => k), shape: [this.watched.length] } }
          : {}),
      },
    );
  }

  tick(by = 2) {
    if (this.state !== "running" && by === 2) return;
    const losses = Float32Array.from(
      { length: by },
      (_, k) => 3.4 * Math.exp((-4 * (this.step + k)) / this.total) + 0.3 + Math.random() * 0.05,
    );
    this.keep(encode("losses", { first: this.step }, { loss: { values: losses, shape: [by] } }));
    this.step += by;
    if (this.step >= this.next) {
      this.next += 5;
      this.keep(this.picture("moment"));
    } else this.send(this.picture("frame"));
    if (this.step >= this.total) this.finish("finished");
    else this.send(this.told());
  }

  finish(state) {
    clearInterval(this.timer);
    this.state = state;
    this.keep(encode("end", { state, message: "", steps: this.step, seconds: 15, metrics: {} }));
    this.send(this.told());
  }

  told() {
    const { state, step, total } = this;
    return encode("state", { state, step, total, message: "", pages: this.pages.size, skipped: 0 });
  }

  keep(packet) {
    this.held.push(packet);
    this.send(packet);
  }

  send(packet) {
    for (const page of this.pages) page.send(packet);
  }

  attach(page) {
    this.pages.add(page);
    for (const packet of this.held) page.send(packet);
    page.send(this.told());
    page.on("close", () => this.pages.delete(page));
    page.on("message", (text) => {
      const message = JSON.parse(text);
      if (message.watch) {
        const first = this.watched.length;
        const fresh = message.watch.filter((p) => !this.watched.some((row) => row.point === p));
        this.watched.push(...fresh.map((p) => this.watch(p)));
        if (fresh.length) this.keep(this.watchedPacket(first));
      }
      if (message.do === "pause") this.state = "paused";
      if (message.do === "resume") this.state = "running";
      if (message.do === "step") this.tick(1);
      if (message.do === "stop") this.finish("stopped");
      if (message.do) this.send(this.told());
    });
  }
}
