/** Names that tell runs apart: the method, the data, and what was chosen otherwise than the method has it. */

import type { RunFields } from "../recording";
import { clip } from "../save/files";

export interface Named {
  title: string;
  data: string | { name: string };
  chosen?: Record<string, unknown> | undefined;
}

const SHORT: Record<string, string> = {
  debias_target: "debias p",
  debias_learned: "debias q",
  lr: "learning rate",
};

/** The name of a parameter or option in words. */
export const nameOf = (name: string): string => SHORT[name] ?? name.replaceAll("_", " ");

/** A value in words. */
export const valueOf = (value: unknown): string =>
  value === null || value === undefined
    ? "none"
    : typeof value === "boolean"
      ? value
        ? "yes"
        : "no"
      : String(value);

/** What was chosen, in words: "perplexity 10". */
export const choicesOf = (chosen: Record<string, unknown> | undefined): string[] =>
  Object.entries(chosen ?? {}).map(([name, value]) => clip(`${nameOf(name)} ${valueOf(value)}`, 48));

/** The name of a run: "t-SNE · digits · perplexity 10". */
export const runName = ({ title, data, chosen }: Named): string =>
  [title, typeof data === "string" ? data : data.name, ...choicesOf(chosen)].join(" · ");

const LONGEST = 24; // letters of a setting that is said of a run; schedules and the like are left out

function settings(told: RunFields): Record<string, unknown> {
  return { divergence: told.divergence || null, ...told.parameters, ...told.options, ...told.chosen };
}

/** All settings of a run that can be said in a few letters, by their names in words. */
export function settingsOf(told: RunFields): [string, string][] {
  return Object.entries(settings(told))
    .filter(([, value]) => value !== null && typeof value !== "object")
    .map(([name, value]): [string, string] => [nameOf(name), valueOf(value)])
    .filter(([, value]) => value.length < LONGEST);
}

/** The settings in which two runs differ, each with both values: "–" where a run has none. */
export function differences(a: RunFields, b: RunFields): [string, string, string][] {
  const [first, second] = [settings(a), settings(b)];
  const differs = (name: string): boolean =>
    JSON.stringify(first[name] ?? null) !== JSON.stringify(second[name] ?? null);
  return [...new Set([...Object.keys(first), ...Object.keys(second)])]
    .filter((name) => differs(name) && !(isCode(first[name]) && isCode(second[name])))
    .map((name): [string, string, string] => [nameOf(name), briefly(first[name]), briefly(second[name])]);
}

/** Is it a schedule or the like, which follows from the other settings? */
const isCode = (value: unknown): boolean => typeof value === "string" && /^\w+\(.*\)$/.test(value);

function briefly(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return clip(typeof value === "object" ? JSON.stringify(value) : valueOf(value), 60);
}
