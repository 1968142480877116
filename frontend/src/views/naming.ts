/** Names that tell runs apart: the method, the data, and what was chosen otherwise than the method has it. */

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
