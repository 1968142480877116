/** What was filled in, of each method: kept while the page is open, and taken over from a run. */

import type { DataSet, MethodRow } from "../api";
import type { RunFields } from "../recording";

export interface Filled {
  /** Id or name of a data set; null: none was chosen. */
  data: string | null;
  typed: Record<string, string>;
}

const kept = new Map<string, Filled>();

/** The form of a method, or that of it beside a run. */
const place = (method: string, beside: string | null): string => JSON.stringify([method, beside]);

export const filled = (method: string, beside: string | null): Filled =>
  kept.get(place(method, beside)) ?? { data: null, typed: {} };

export function keep(method: string, beside: string | null, form: Filled): void {
  kept.set(place(method, beside), form);
}

/** What a form holds for a run to be made again: its data, and what it was told otherwise than the method has it. */
export function formOf({ data, chosen, parameters, options }: RunFields): Filled {
  const told = Object.entries(chosen ?? { ...parameters, ...options });
  const simple = told.filter(([, value]) => value === null || typeof value !== "object");
  return {
    data: data.name,
    typed: Object.fromEntries(simple.map(([name, value]) => [name, value === null ? "" : String(value)])),
  };
}

/** The data set to begin with: what was chosen, that of the run beside, what the user gave last, the example. */
export function dataFor(
  method: Pick<MethodRow, "name" | "example">,
  sets: readonly DataSet[],
  chosen: string | null,
  beside: string | null,
): DataSet | undefined {
  const fitting = sets.filter((set) => set.methods.includes(method.name));
  const called = (wanted: string | null): DataSet | undefined =>
    fitting.find((set) => set.id === wanted) ?? fitting.findLast((set) => set.name === wanted);
  // sets that were given to earlier servers come before those of this one
  const given = fitting.findLast((set) => set.given);
  return (
    called(chosen) ??
    called(beside) ??
    given ??
    fitting.find((set) => set.id === method.example) ??
    fitting[0]
  );
}
