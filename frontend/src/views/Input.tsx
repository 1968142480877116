/** One field of a form, with its range and what is wrong with it. */

import type { Field } from "../api";
import { range } from "./fields";

interface Props {
  field: Field;
  typed: string | undefined;
  fault: string | undefined;
  onType: (value: string) => void;
}

export function Input({ field, typed, fault, onType }: Props) {
  const id = `field-${field.name}`;
  const value = typed ?? (field.default === null ? "" : String(field.default));
  const named = field.name.replaceAll("_", " ");
  const shared = {
    id,
    "data-testid": id,
    "aria-invalid": fault ? true : undefined,
    "aria-describedby": `${id}-hint ${id}-fault`,
  };
  const numeric = field.type === "int" || field.type === "float";
  return (
    <div class={`field${fault ? " wrong" : ""}${field.type === "bool" ? " check" : ""}`}>
      <label for={id}>{named}</label>
      {field.type === "bool" ? (
        <input {...shared} type="checkbox" checked={value === "true"} onChange={(e) => onType(String(e.currentTarget.checked))} />
      ) : field.type === "choice" ? (
        <select {...shared} value={value} onChange={(e) => onType(e.currentTarget.value)}>
          {field.optional && <option value="">as the method has it</option>}
          {(field.choices ?? []).map((choice) => (
            <option key={choice} value={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          {...shared}
          type="text"
          inputMode={numeric ? "decimal" : "text"}
          autoComplete="off"
          value={value}
          placeholder={field.optional && field.default === null ? "as the method has it" : ""}
          onInput={(e) => onType(e.currentTarget.value)}
        />
      )}
      <p class="hint" id={`${id}-hint`}>{[range(field), field.text].filter(Boolean).join(" · ")}</p>
      <p class="fault" id={`${id}-fault`} role={fault ? "alert" : undefined} data-testid={`${id}-fault`}>{fault}</p>
    </div>
  );
}
