/** What the server is asked over HTTP; every failure becomes one line that says what to do. */

import { signal } from "@preact/signals";

export interface Family {
  name: string;
  color: string;
}

export interface Axis {
  name: string;
  symbol: string;
  formula: string;
}

/** A piece of a sentence: words, a formula in MathML, or code. */
export type Piece = { text: string } | { math: string } | { code: string };

export interface Field {
  name: string;
  type: "int" | "float" | "bool" | "choice" | "text";
  default: number | boolean | string | null;
  low: number | null;
  high: number | null;
  /** Is `low` itself left out? */
  open_low: boolean;
  /** Is `high` only what this page takes, and no bound of the method? */
  soft: boolean;
  choices: string[];
  optional: boolean;
  /** What the method takes where the field is left empty. */
  own?: number | boolean | string | null;
  /** Why it cannot be chosen, or null. */
  why_not: string | null;
  /** Why some of its choices cannot be. */
  refused: Record<string, string>;
  text: Piece[];
}

/** What the table shows of a method. */
export interface MethodHead {
  name: string;
  title: string;
  family: string;
  status: "named" | "gap" | "blank" | "off-grid";
  column: string;
  row: string;
  paper: string;
}

/** What its cell shows. */
export interface MethodRow extends MethodHead {
  takes_words: string;
  equation: string[];
  notes: Piece[][];
  p: string;
  q: string;
  mapper: Piece[][];
  divergence: string;
  code: string;
  estimator_code: string | null;
  citation: string;
  rewards: Piece[];
  degenerates: Piece[];
  parameters: Field[];
  options: Field[];
  example: string | null;
  runnable: boolean;
  why_not: string | null;
}

export interface Table {
  columns: Axis[];
  rows: Axis[];
  families: Family[];
  methods: MethodHead[];
}

/** The table in an exported page, with all that is said of the methods that were run. */
export interface ExportedTable extends Table {
  methods: MethodRow[];
}

export interface DataSet {
  id: string;
  name: string;
  n: number;
  d: number;
  kind: string;
  /** Was it named on the command line, or sent by a page? */
  given: boolean;
  labelled: boolean;
  /** Has it two coordinates that can be browsed? */
  points: boolean;
  /** Why it cannot be read, or null. */
  error: string | null;
  methods: string[];
  refused: Record<string, string>;
}

export interface RunRow {
  id: string;
  method: string;
  title: string;
  data: string;
  /** What was chosen otherwise than the method has it. */
  chosen: Record<string, unknown>;
  state: string;
  step: number;
  total: number;
  /** ISO 8601. */
  started: string | null;
  message: string;
  recorded: boolean;
  /** Can it go on from where it ended? */
  continues: boolean;
}

export interface Certificate {
  lines: { claim: string; measured: string | number; bound: string | number; holds: boolean }[];
  seconds: number;
  state: "computing" | "done";
}

/** A refusal in the server's words, and the field that it is about. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

/** Whether the server answers: "lost" when nothing does, "moved" when this address is no longer known. */
export const server = signal<"ok" | "lost" | "moved" | "none">("ok");

const KEPT = "What was recorded is in its list of runs, and the moments on this page are kept.";
export const LOST = `The server has stopped. Start \`iconlearn explore\` again and open the address that it prints. ${KEPT}`;
export const MOVED = `The server was restarted, and this page is still at its old address. Open the address that \`iconlearn explore\` printed this time. ${KEPT}`;

export function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address(path), { cache: "no-store", ...options });
  } catch {
    lose("lost");
    throw new Refusal(LOST, 0);
  }
  if (answer.ok) {
    server.value = "ok";
    return answer;
  }
  const told: unknown = await answer.json().catch(() => null);
  const { error, field, moved } = (told ?? {}) as { error?: string; field?: string; moved?: boolean };
  if (moved || (answer.status === 404 && error === undefined)) {
    // a restarted server, or a stranger at its port
    lose("moved");
    throw new Refusal(MOVED, answer.status);
  }
  server.value = "ok";
  throw new Refusal(
    error ?? `The server answered ${answer.status}; reload the page.`,
    answer.status,
    field ?? null,
  );
}

let waiting = false;

/** Say that the server is gone, and ask for it until it is back. */
export function lose(how: "lost" | "moved"): void {
  server.value = how;
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    ask("api/runs").catch(() => undefined); // which has said so
  }, 2000);
}

async function json<T>(path: string, options?: RequestInit): Promise<T> {
  return (await (await ask(path, options)).json()) as T;
}

export const getTable = (): Promise<Table> => json("api/table");
export const getMethod = (name: string): Promise<MethodRow> =>
  json(`api/methods/${encodeURIComponent(name)}`);
export const getData = (): Promise<DataSet[]> => json("api/data");
export const getRuns = (): Promise<RunRow[]> => json("api/runs");
export const getCertificate = (method: string): Promise<Certificate> =>
  json(`api/methods/${encodeURIComponent(method)}/certificate`);

export async function getBytes(path: string): Promise<ArrayBuffer> {
  return (await ask(path)).arrayBuffer();
}

export function sendData(file: File, labels: string): Promise<DataSet> {
  const query = new URLSearchParams({ name: file.name });
  if (labels) query.set("labels", labels);
  return json(`api/data?${query}`, {
    method: "POST",
    body: file,
    headers: { "Content-Type": "application/octet-stream" },
  });
}

export interface Order {
  method: string;
  data: string;
  parameters: Record<string, unknown>;
  options: Record<string, unknown>;
}

export function startRun(order: Order): Promise<{ id: string }> {
  return json("api/runs", {
    method: "POST",
    body: JSON.stringify(order),
    headers: { "Content-Type": "application/json" },
  });
}

export const continueRun = (id: string): Promise<unknown> =>
  json(`api/runs/${encodeURIComponent(id)}/continue`, { method: "POST" });
