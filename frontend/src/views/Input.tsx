/** One field of a form, with its range and what is wrong with it. */

import type { Field } from "../api";
import { ownOf, range } from "./fields";
import { Words } from "./mathml";
import { nameOf } from "./naming";

interface Props {
  field: Field;
  typed: string | undefined;
  fault: string | undefined;
  onType: (value: string) => void;
}

/** All words of a field, for those that do not fit. */
const plain = (field: Field): string =>
  field.text.map((piece) => ("text" in piece ? piece.text : "code" in piece ? piece.code : "…")).join("");

export function Input({ field, typed, fault, onType }: Props) {
  const id = `field-${field.name}`;
  const value = typed ?? (field.default === null ? "" : String(field.default));
  const own = ownOf(field);
  const refused = field.refused[value || String(field.own)];
  const shared = {
    id,
    disabled: field.why_not !== null,
    "data-testid": id,
    "aria-invalid": fault ? true : undefined,
    "aria-describedby": `${id}-hint ${id}-fault`,
  };
  const numeric = field.type === "int" || field.type === "float";
  return (
    <div class={`field${fault ? " wrong" : ""}${field.type === "bool" ? " check" : ""}`}>
      <label for={id}>{nameOf(field.name)}</label>
      {field.type === "bool" ? (
        <input
          {...shared}
          type="checkbox"
          checked={value === "true"}
          onChange={(e) => onType(String(e.currentTarget.checked))}
        />
      ) : field.type === "choice" ? (
        <select {...shared} value={value} onChange={(e) => onType(e.currentTarget.value)}>
          {field.optional && <option value="">{own}</option>}
          {field.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...shared}
          type="text"
          inputMode={numeric ? "decimal" : "text"}
          autoComplete="off"
          value={value}
          placeholder={field.optional && field.default === null ? own : ""}
          onInput={(e) => onType(e.currentTarget.value)}
        />
      )}
      <p class="hint" id={`${id}-hint`} title={plain(field)}>
        {field.why_not ?? (
          <>
            {range(field) && <b>{range(field)}. </b>}
            <Words pieces={field.text} />
            {refused && value && <span class="warn"> {refused}</span>}
          </>
        )}
      </p>
      <p class="fault" id={`${id}-fault`} role={fault ? "alert" : undefined} data-testid={`${id}-fault`}>
        {fault}
      </p>
    </div>
  );
}
