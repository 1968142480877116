/** One cell: its equation, p, q and mapper, what is proven of it, and the code that runs it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Certificate, getCertificate, type MethodRow, type Table } from "../api";
import { link } from "../route";
import { number, words } from "./hooks";
import { Formula, Words } from "./mathml";
import { Setup } from "./Setup";
import { colorOf, Dot, pretty } from "./Table";

interface Props {
  table: Table;
  method: MethodRow;
  beside: string | null;
  /** No server: nothing can be started. */
  fixed?: boolean;
}

export function Cell({ table, method, beside, fixed = false }: Props) {
  const unnamed = method.status === "gap" || method.status === "blank";
  return (
    <article class="cell" data-testid="cell">
      <nav class="crumbs">
        <a href={link("table", [], beside)}>Table</a>
        <span aria-hidden="true"> / </span>
        <span>{method.title}</span>
      </nav>
      <header class="cell-head">
        <h1>
          {method.status === "blank" ? `${pretty(method.column)} × ${pretty(method.row)}` : method.title}
        </h1>
        <p>
          <Dot color={colorOf(table, method)} /> {method.family}
          {method.status === "off-grid"
            ? " · off the grid"
            : ` · p ${pretty(method.column)} · q ${pretty(method.row)}`}
        </p>
        {unnamed && (
          <p class="unnamed" data-testid="unnamed">
            {method.status === "gap"
              ? "Nobody has named this cell: the paper predicts it, and no one has published it yet. It can be run here."
              : "Nobody has named this cell: the paper leaves it empty. It can be run here all the same."}
          </p>
        )}
      </header>
      <div class="cell-body">
        <div class="facts">
          <section class="panel">
            <h2>Equation</h2>
            <div class="equations" data-testid="equation">
              {method.equation.map((source, k) => (
                <Formula key={k} source={source} />
              ))}
            </div>
            <dl class="parts">
              <dt class="p-text">p</dt>
              <dd data-testid="cell-p">
                <code>{method.p}</code>
              </dd>
              <dt class="q-text">q</dt>
              <dd data-testid="cell-q">
                <code>{method.q}</code>
              </dd>
              <dt>mapper</dt>
              <dd data-testid="cell-mapper">
                {method.mapper.map((line, k) => (
                  <div key={k}>
                    <Words pieces={line} />
                  </div>
                ))}
              </dd>
              <dt>divergence</dt>
              <dd>
                <code>{method.divergence}</code>
              </dd>
              <dt>takes</dt>
              <dd>{method.takes_words}</dd>
            </dl>
            {method.notes.length > 0 && (
              <ul class="notes">
                {method.notes.map((note, k) => (
                  <li key={k}>
                    <Words pieces={note} />
                  </li>
                ))}
              </ul>
            )}
          </section>
          <section class="panel">
            <h2>What it does</h2>
            <p>
              <b>Rewards.</b> <Words pieces={method.rewards} />
            </p>
            <p>
              <b>Degenerates.</b> <Words pieces={method.degenerates} />
            </p>
          </section>
          {!fixed && <Figures method={method.name} />}
          {method.estimator_code && <Code id="code" title="Code" code={method.estimator_code} />}
          <Code
            id={method.estimator_code ? "equation-code" : "code"}
            title="Code, as the equation"
            code={method.code}
          />
          {method.citation && <Code id="citation" title="Citation" code={method.citation} />}
        </div>
        {!fixed && (
          <div class="setup-side">
            <Setup key={`${method.name}/${beside}`} method={method} beside={beside} />
          </div>
        )}
      </div>
    </article>
  );
}

function Figures({ method }: { method: string }) {
  const [held, setHeld] = useState<Certificate | null>(null);
  const [state, setState] = useState<"idle" | "asking" | string>("idle");
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  async function ask(): Promise<void> {
    setState("asking");
    try {
      const told = await getCertificate(method);
      setHeld(told);
      if (told.state === "computing") timer.current = setTimeout(() => void ask(), 700);
      else setState("idle");
    } catch (cause) {
      setState(words(cause));
    }
  }

  const asking = state === "asking";
  return (
    <section class="panel" aria-live="polite">
      <h2>Certificate</h2>
      {!held?.lines.length && (
        <p class="muted">The loss that is run against the formula of the paper, measured on this machine.</p>
      )}
      {state !== "idle" && !asking && (
        <p class="error" role="alert">
          {state}
        </p>
      )}
      {(held?.lines.length ?? 0) > 0 && (
        <ul class="figures" data-testid="certificate">
          {held?.lines.map((line) => (
            <li key={line.claim}>
              <span class={line.holds ? "holds" : "fails"}>{line.holds ? "✓ holds" : "✗ fails"}</span>
              <span>{line.claim}</span>
              <span class="muted">
                measured {figure(line.measured)}, bound {figure(line.bound)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {held?.state !== "done" && (
        <button data-testid="certify" disabled={asking} onClick={() => void ask()}>
          {asking ? "Measuring…" : "Measure it now"}
        </button>
      )}
    </section>
  );
}

const figure = (value: string | number): string => (typeof value === "number" ? number(value) : value);

function Code({ id, title, code }: { id: string; title: string; code: string }) {
  const [copied, setCopied] = useState("");
  const text = useRef<HTMLPreElement>(null);
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(code);
      setCopied("Copied");
    } catch {
      if (text.current) getSelection()?.selectAllChildren(text.current);
      setCopied("Selected; press Ctrl+C");
    }
    setTimeout(() => setCopied(""), 2500);
  }
  return (
    <section class="panel">
      <header class="panel-head">
        <h2>{title}</h2>
        <span class="muted" role="status">
          {copied}
        </span>
        <button class="quiet" data-testid={`copy-${id}`} onClick={() => void copy()}>
          Copy
        </button>
      </header>
      <pre ref={text} tabIndex={0} data-testid={id}>
        {code}
      </pre>
    </section>
  );
}
