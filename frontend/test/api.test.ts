import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

let api: typeof import("../src/api");

const answers = (status: number, body: string): void => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { status })));
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  vi.resetModules();
  api = await import("../src/api");
  vi.stubGlobal("document", { baseURI: "http://127.0.0.1:8000/token/" });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a server", () => {
  it.each([
    ["restarted, with another secret", 404, JSON.stringify({ error: "nothing here", moved: true })],
    ["replaced by a stranger", 404, "<h1>Not found</h1>"],
  ])("that was %s is told, and where to go", async (_, status, body) => {
    answers(status, body);
    await expect(api.getRuns()).rejects.toThrow(api.MOVED);
    expect(api.server.value).toBe("moved");
    expect(api.MOVED).toMatch(/restarted.*address that `iconlearn explore` printed/);
  });

  it("that refuses is there", async () => {
    answers(404, JSON.stringify({ error: "this server knows no such run" }));
    await expect(api.getRuns()).rejects.toThrow("knows no such run");
    answers(500, JSON.stringify({ error: "a defect" }));
    await expect(api.getRuns()).rejects.toThrow("a defect");
    expect(api.server.value).toBe("ok");
  });

  it("that is gone is asked for until it is back", async () => {
    const becomes = (state: string): Promise<void> => vi.waitFor(() => expect(api.server.value).toBe(state));
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("refused")));
    await expect(api.getRuns()).rejects.toThrow(api.LOST);
    expect(api.server.value).toBe("lost");
    answers(404, JSON.stringify({ error: "nothing here", moved: true }));
    await vi.advanceTimersByTimeAsync(2100);
    await becomes("moved");
    answers(200, "[]");
    await vi.advanceTimersByTimeAsync(2100);
    await becomes("ok");
  });
});
