import { describe, expect, it } from "vitest";
import { PacketError, readPacket, readPackets } from "../src/packets";
import { packet } from "./make";

describe("readPacket", () => {
  it("reads fields and arrays of every type", () => {
    const made = packet(
      "moment",
      { step: 3, loss: null, words: "σ → ∞" },
      {
        f4: { dtype: "<f4", shape: [2, 2], values: new Float32Array([1, 2.5, -3, NaN]) },
        f8: { dtype: "<f8", shape: [1], values: new Float64Array([Math.PI]) },
        i4: { dtype: "<i4", shape: [3], values: new Int32Array([-1, 0, 7]) },
        u4: { dtype: "<u4", shape: [1], values: new Uint32Array([4294967295]) },
        u1: { dtype: "|u1", shape: [3], values: new Uint8Array([0, 128, 255]) },
        none: { dtype: "<f4", shape: [0, 4], values: new Float32Array(0) },
      },
    );
    const { packet: read, size } = readPacket(made, 0);
    expect(size).toBe(made.byteLength);
    expect(read.kind).toBe("moment");
    expect(read.fields).toEqual({ step: 3, loss: null, words: "σ → ∞" });
    expect([...(read.arrays["f4"]?.values ?? [])]).toEqual([1, 2.5, -3, NaN]);
    expect(read.arrays["f4"]?.shape).toEqual([2, 2]);
    expect(read.arrays["f8"]?.values[0]).toBe(Math.PI);
    expect([...(read.arrays["i4"]?.values ?? [])]).toEqual([-1, 0, 7]);
    expect(read.arrays["u4"]?.values[0]).toBe(4294967295);
    expect([...(read.arrays["u1"]?.values ?? [])]).toEqual([0, 128, 255]);
    expect(read.arrays["none"]?.values.length).toBe(0);
  });

  it("reads from a place that is no multiple of 8", () => {
    const made = packet(
      "losses",
      {},
      { loss: { dtype: "<f8", shape: [1], values: new Float64Array([0.5]) } },
    );
    const moved = new Uint8Array(made.byteLength + 3);
    moved.set(new Uint8Array(made), 3);
    expect(readPacket(moved.buffer, 3).packet.arrays["loss"]?.values[0]).toBe(0.5);
  });

  const lead = (header: number, body: number, magic = "ICON"): ArrayBuffer => {
    const bytes = new Uint8Array(20);
    bytes.set(new TextEncoder().encode(magic));
    new DataView(bytes.buffer).setUint32(4, header, true);
    new DataView(bytes.buffer).setUint32(8, body, true);
    return bytes.buffer;
  };

  it.each([
    ["another magic", lead(4, 4, "ICOM")],
    ["a header beyond the limit", lead(2 ** 25, 0)],
    ["a body beyond the limit", lead(4, 2 ** 31 + 8)],
    ["lengths beyond the end", lead(4, 5000)],
    ["too few bytes", new ArrayBuffer(5)],
  ])("refuses %s", (_, bytes) => {
    expect(() => readPacket(bytes, 0)).toThrow(PacketError);
  });

  it.each([
    ["an array beyond the body", { dtype: "<f4", shape: [100], offset: 0 }],
    ["a negative size", { dtype: "<f4", shape: [-1], offset: 0 }],
    ["a negative place", { dtype: "<f4", shape: [1], offset: -4 }],
    ["an unknown type", { dtype: "|O", shape: [1], offset: 0 }],
    [
      "sizes whose product is beyond numbers",
      { dtype: "<f4", shape: [2 ** 40, 2 ** 40, 2 ** 40], offset: 0 },
    ],
    ["no shape", { dtype: "<f4", offset: 0 }],
    ["nothing", null],
  ])("refuses %s", (_, about) => {
    const made = packet(
      "moment",
      {},
      { x: { dtype: "<f4", shape: [2], values: new Float32Array(2) } },
      { x: about },
    );
    expect(() => readPacket(made, 0)).toThrow(PacketError);
  });

  it("refuses a header that is no JSON object with a kind", () => {
    for (const text of [
      "[]",
      "{}",
      '{"kind": 3, "arrays": {}}',
      '{"kind": "x"}',
      "nonsense",
      '{"kind": "x", "arrays": []}',
    ]) {
      expect(() => readPacket(packet("", {}, {}, {}, text), 0)).toThrow(PacketError);
    }
  });
});

describe("readPackets", () => {
  const join = (...parts: ArrayBuffer[]): ArrayBuffer => {
    const all = new Uint8Array(parts.reduce((n, part) => n + part.byteLength, 0));
    let at = 0;
    for (const part of parts) {
      all.set(new Uint8Array(part), at);
      at += part.byteLength;
    }
    return all.buffer;
  };

  it("reads all and tells of no damage", () => {
    const read = readPackets(join(packet("run", {}), packet("moment", { step: 1 }), packet("end", {})));
    expect(read.packets.map((p) => p.kind)).toEqual(["run", "moment", "end"]);
    expect(read.damage).toBeNull();
  });

  it("keeps what comes before the damage, wherever the file is cut", () => {
    const first = packet("run", { title: "t-SNE" });
    const whole = join(
      first,
      packet("moment", { step: 1 }, { q: { dtype: "<f4", shape: [4], values: new Float32Array(4) } }),
    );
    for (let size = first.byteLength + 1; size < whole.byteLength; size++) {
      const read = readPackets(whole.slice(0, size));
      expect(read.packets.map((p) => p.kind)).toEqual(["run"]);
      expect(read.taken).toBe(first.byteLength);
      expect(read.damage).toContain("cut");
    }
  });
});
