/** What was typed into the fields of a form: checked against their ranges, turned into values. */

import type { Field } from "../api";
import { valueOf } from "./naming";

const MOST_SAID = 100_000; // bounds beyond this are as good as none

/** The range of a field of numbers in words. */
export function range({ type, low, high, open_low, soft }: Field): string {
  if (type !== "int" && type !== "float") return "";
  const top = soft || (high !== null && high >= MOST_SAID) ? null : high;
  const from = low === null ? "" : open_low ? `above ${low}` : `at least ${low}`;
  if (low !== null && top !== null) return open_low ? `above ${low}, at most ${top}` : `${low} to ${top}`;
  return from || (top === null ? "" : `at most ${top}`);
}

/** What an empty field stands for: "the method's own: 30". */
export const ownOf = ({ own }: Field): string =>
  own === null || own === undefined ? "the method's own" : `the method's own: ${valueOf(own)}`;

/** What is wrong with a field, or null; what was not touched is as the server gave it. */
export function problem(field: Field, typed: string | undefined): string | null {
  if (typed === undefined || (field.type !== "int" && field.type !== "float")) return null;
  const text = typed.trim();
  const wanted = [field.type === "int" ? "a whole number" : "a number", range(field)]
    .filter(Boolean)
    .join(", ");
  if (!text) return field.optional ? null : `${field.name} is empty; give ${wanted}.`;
  const value = Number(text);
  const { low, high, open_low } = field;
  const below = low !== null && (open_low ? value <= low : value < low);
  const broken = field.type === "int" && !Number.isInteger(value);
  if (!Number.isFinite(value) || broken || below) return `${field.name} is ${text}; give ${wanted}.`;
  return high !== null && value > high ? `${field.name} is ${text}; give at most ${high}.` : null;
}

/** What of a text for each field it can take: recordings may hold what a form has no words for, such as schedules. */
export function suits(fields: readonly Field[], typed: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    fields.flatMap((field): [string, string][] => {
      const text = typed[field.name];
      if (text === undefined || field.why_not !== null || problem(field, text) !== null) return [];
      const known = text === "" ? field.optional : field.type !== "choice" || field.choices.includes(text);
      return known ? [[field.name, text]] : [];
    }),
  );
}

/** Values of the fields that were touched. */
export function values(fields: readonly Field[], typed: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(
    fields.flatMap((field): [string, unknown][] => {
      const text = typed[field.name]?.trim();
      if (text === undefined) return [];
      if (field.type === "bool") return [[field.name, text === "true"]];
      if (!text) return field.optional ? [[field.name, null]] : [];
      return [[field.name, field.type === "int" || field.type === "float" ? Number(text) : text]];
    }),
  );
}
