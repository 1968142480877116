/** What was typed into the fields of a form: checked against their ranges, turned into values. */

import type { Field } from "../api";

export function range({ type, low, high, optional }: Field): string {
  const kind = type === "int" ? "whole number" : "number";
  const bounds =
    low !== null && high !== null
      ? `${low} to ${high}`
      : low !== null
        ? `at least ${low}`
        : high !== null
          ? `at most ${high}`
          : kind;
  return type === "int" || type === "float" ? `${bounds}${optional ? ", or empty" : ""}` : "";
}

/** What is wrong with a field, or null; what was not touched is as the server gave it. */
export function problem(field: Field, typed: string | undefined): string | null {
  if (typed === undefined || (field.type !== "int" && field.type !== "float")) return null;
  const text = typed.trim();
  if (!text) return field.optional ? null : `Give ${field.name}: ${range(field)}.`;
  const value = Number(text);
  const whole = field.type === "int" && !Number.isInteger(value);
  const outside = (field.low !== null && value < field.low) || (field.high !== null && value > field.high);
  if (!Number.isFinite(value) || whole || outside) return `${field.name} is ${text}; give ${fullRange(field)}.`;
  return null;
}

function fullRange(field: Field): string {
  const said = range(field);
  return field.type === "int" && !said.startsWith("whole") ? `a whole number, ${said}` : `a ${said}`.replace(/^a (?=\d|at)/, "");
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
