// A stand-in for `iconlearn explore` while the page is built: invented runs, the real address space and packets.
// node mock/server.mjs [--port 8765] [--table FILE.json]; the page is that of the last build.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { table as invented } from "./table.mjs";
import { browsed, MockRun } from "./run.mjs";

const option = (name, other) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? other : process.argv[at + 1];
};
const port = Number(option("port", 8765));
const page = new URL("../../src/iconlearn/explorer/page/", import.meta.url);
const table = option("table") ? JSON.parse(await readFile(option("table"), "utf8")) : invented();
const names = table.methods.map((m) => m.name);
const sets = [
  { id: "digits", name: "digits", n: 1797, d: 64, kind: "rows", classes: 10, labelled: true },
  { id: "blobs", name: "blobs", n: 600, d: 10, kind: "rows", classes: 5, labelled: true },
  { id: "large", name: "large", n: 10000, d: 50, kind: "rows", classes: 10, labelled: true },
  { id: "million", name: "million", n: 1000000, d: 2, kind: "rows", classes: 12, labelled: true },
  { id: "hundred", name: "hundred thousand", n: 100000, d: 2, kind: "rows", classes: 12, labelled: true },
].map((set) => ({
  ...set,
  error: null,
  given: false,
  points: set.n > 50000,
  methods: names.filter((n) => n !== "clip"),
  refused: { clip: "it holds one view of each row; give pairs" },
}));
const runs = new Map();
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'";
const KINDS = { html: "text/html; charset=utf-8", js: "text/javascript", css: "text/css" };

const http = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const path = pathname.replace(/^\/token\//, "");
  const json = (value, status = 200) => {
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  };
  const bytes = (parts) => {
    response.writeHead(200, { "Content-Type": "application/octet-stream" });
    for (const part of parts) response.write(part);
    response.end();
  };
  if (!pathname.startsWith("/token/")) return response.writeHead(404).end();
  if (path === "" || /^assets\/explorer\.(js|css)$/.test(path)) {
    const body = await readFile(new URL(path || "index.html", page));
    const type = KINDS[(path || "index.html").split(".").pop()];
    return response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": CSP }).end(body);
  }
  const parts = path.split("/");
  if (path === "api/table") return json(table);
  if (path === "api/data" && request.method === "POST") {
    return json(
      { error: `${searchParams.get("name")}: the stand-in takes no files; use the real server` },
      400,
    );
  }
  if (path === "api/data") return json(sets);
  if (path === "api/runs" && request.method === "POST") {
    let body = "";
    for await (const chunk of request) body += chunk;
    const order = JSON.parse(body);
    if (order.parameters.perplexity > 500) {
      return json({ error: "perplexity=600: at most 500 for 1797 rows; lower it", field: "perplexity" }, 400);
    }
    const id = `run${runs.size + 1}`;
    const method = table.methods.find((m) => m.name === order.method);
    runs.set(
      id,
      new MockRun(
        id,
        method,
        sets.find((s) => s.id === order.data),
        order,
      ),
    );
    return json({ id });
  }
  if (path === "api/runs") return json([...runs.values()].map((run) => run.row()));
  if (parts[1] === "points") return bytes([browsed(sets.find((s) => s.id === parts[2]).n)]);
  if (parts[1] === "runs" && parts[3] === "recording") return bytes(runs.get(parts[2]).recording());
  if (parts[1] === "methods") {
    const line = { claim: "n L = sum KL(p_i || q_i)", measured: 3.1e-9, bound: 1e-6, holds: true };
    return json({ lines: [line], seconds: 0.2, state: "done" });
  }
  return json({ error: `nothing is at ${path}` }, 404);
});

const sockets = new WebSocketServer({ noServer: true });
http.on("upgrade", (request, socket, head) => {
  const run = runs.get(request.url.split("/")[4]);
  if (!run) return socket.destroy();
  sockets.handleUpgrade(request, socket, head, (page) => run.attach(page));
});
http.listen(port, "127.0.0.1", () =>
  console.log(`http://127.0.0.1:${port}/token/ from ${fileURLToPath(page)}`),
);
