/** What a run is started with: data, the row's own parameters, divergence and debiasing, and how it is trained. */

import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { type DataSet, type Field, getData, getRuns, type MethodRow, Refusal, startRun } from "../api";
import { link } from "../route";
import { problem, suits, values } from "./fields";
import { dataFor, filled, keep } from "./forms";
import { count, useAsked, words } from "./hooks";
import { Input } from "./Input";
import { runName } from "./naming";
import { Upload } from "./Upload";

const EQUATION = ["divergence", "debias_target", "debias_learned"];
const TRAINING = ["max_iter", "epochs", "batch_size", "lr", "seed"];

interface Props {
  method: MethodRow;
  beside: string | null;
}

export function Setup({ method, beside }: Props) {
  const sets = useAsked(getData, []);
  const other = useAsked(
    async () => (beside ? (await getRuns()).find((run) => run.id === beside) : undefined),
    [beside],
  );
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [failed, setFailed] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const fields = useMemo(() => [...method.parameters, ...method.options], [method]);
  const before = useMemo(() => filled(method.name, beside), []);
  const [data, setData] = useState(before.data);
  const [typed, setTyped] = useState(() => suits(fields, before.typed));
  useEffect(() => keep(method.name, beside, { data, typed }), [data, typed]);
  const others = method.options.filter((field) => ![...EQUATION, ...TRAINING].includes(field.name));
  const more = useRef<HTMLDetailsElement>(null);

  const chosen = dataFor(method, sets.value ?? [], data, other.value?.data ?? null);
  const missing = sets.value && data !== null && ![chosen?.id, chosen?.name].includes(data);

  function show(name: string): void {
    if (more.current && others.some((field) => field.name === name)) more.current.open = true;
    document.getElementById(`field-${name}`)?.focus();
  }

  async function start(event: Event): Promise<void> {
    event.preventDefault();
    setFailed(null);
    const faults = Object.fromEntries(
      fields.flatMap((field) => {
        const fault = problem(field, typed[field.name]);
        return fault ? [[field.name, fault]] : [];
      }),
    );
    setWrong(faults);
    const first = fields.find((field) => field.name in faults);
    if (first) return show(first.name);
    if (!chosen) return;
    setBusy(true);
    try {
      const { id } = await startRun({
        method: method.name,
        data: chosen.id,
        parameters: values(method.parameters, typed),
        options: values(method.options, typed),
      });
      location.hash = link("run", beside ? [beside, id] : [id]);
    } catch (cause) {
      const field = cause instanceof Refusal ? cause.field : null;
      if (field && fields.some((held) => held.name === field)) {
        setWrong({ [field]: words(cause) });
        show(field);
      } else setFailed(words(cause));
    } finally {
      setBusy(false);
    }
  }

  const input = (field: Field) => (
    <Input
      key={field.name}
      field={field}
      typed={typed[field.name]}
      fault={wrong[field.name]}
      onType={(value) => {
        setTyped({ ...typed, [field.name]: value });
        setWrong({ ...wrong, [field.name]: problem(field, value) ?? "" });
      }}
    />
  );
  return (
    <form class="panel setup" onSubmit={(event) => void start(event)} noValidate data-testid="setup">
      <h2>{beside ? `Run it beside ${other.value ? runName(other.value) : "the other run"}` : "Run it"}</h2>
      <DataPicker sets={sets.value} error={sets.error} method={method} chosen={chosen} onChoose={setData} />
      {missing && <p class="hint">The data set {data} is not among those that fit this cell.</p>}
      <Upload
        onSent={(set) => {
          sets.again();
          setData(set.id);
        }}
      />
      {method.parameters.length > 0 && (
        <fieldset>
          <legend>Parameters of {method.title}</legend>
          {method.parameters.map(input)}
        </fieldset>
      )}
      <fieldset>
        <legend>Divergence and debiasing</legend>
        {method.options.filter((field) => EQUATION.includes(field.name)).map(input)}
      </fieldset>
      <fieldset>
        <legend>Training</legend>
        {method.options.filter((field) => TRAINING.includes(field.name)).map(input)}
      </fieldset>
      {others.length > 0 && (
        <details class="more" ref={more}>
          <summary>{others.length === 1 ? "One more option" : `${others.length} more options`}</summary>
          <fieldset>{others.map(input)}</fieldset>
        </details>
      )}
      {failed && (
        <p class="error" role="alert" data-testid="setup-error">
          {failed}
        </p>
      )}
      {!method.runnable && <p class="error">{method.why_not}</p>}
      <button class="primary" data-testid="start" disabled={busy || !method.runnable || !chosen}>
        {busy ? "Starting…" : "Start"}
      </button>
    </form>
  );
}

interface PickerProps {
  sets: DataSet[] | null;
  error: string | null;
  method: MethodRow;
  chosen: DataSet | undefined;
  onChoose: (id: string) => void;
}

function DataPicker({ sets, error, method, chosen, onChoose }: PickerProps) {
  const id = useId();
  if (error)
    return (
      <p class="error" role="alert">
        {error}
      </p>
    );
  const refused = (sets ?? []).filter((set) => !set.methods.includes(method.name));
  return (
    <div class="field">
      <label for={id}>Data set</label>
      <select
        id={id}
        data-testid="data"
        value={chosen?.id ?? ""}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {!chosen && <option value="">{sets ? "none of these can feed it" : "…"}</option>}
        {(sets ?? [])
          .filter((set) => set.methods.includes(method.name))
          .map((set) => (
            <option key={set.id} value={set.id}>
              {set.name} ({count(set.n)} × {count(set.d)}
              {set.labelled ? ", labelled" : ""})
            </option>
          ))}
      </select>
      {refused.length > 0 && (
        <details class="refused" data-testid="refused">
          <summary>{refused.length} cannot feed this cell</summary>
          <ul>
            {refused.map((set) => (
              <li key={set.id}>
                <b>{set.name}</b>:{" "}
                {set.error ?? set.refused[method.name] ?? "it does not hold what the method takes"}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
