/** The frame of the page: its bar, a banner when the server is gone, and the view that is open. */

import { useEffect, useRef } from "preact/hooks";
import { getMethod, getTable, LOST, MOVED, server, type Table as Methods } from "../api";
import { focusAfter, link, route } from "../route";
import { theme, type Theme } from "../theme";
import { Cell } from "./Cell";
import { useAsked } from "./hooks";
import { Points } from "./Points";
import { LiveRuns } from "./RunView";
import { RunsView } from "./RunsView";
import { Table } from "./Table";

export function Bar({ fixed = false }: { fixed?: boolean }) {
  const { view } = route.value;
  const here = (held: boolean) => (held ? ("page" as const) : undefined);
  return (
    <header class="bar">
      <a class="brand" href={fixed ? "#" : link("table")}>
        iconlearn <em>explorer</em>
      </a>
      {!fixed && (
        <nav aria-label="Views">
          <a href={link("table")} aria-current={here(view === "table" || view === "cell")}>
            Table
          </a>
          <a
            href={link("runs")}
            aria-current={here(view === "runs" || view === "run")}
            data-testid="nav-runs"
          >
            Runs and data
          </a>
        </nav>
      )}
      <label class="inline theme">
        <span class="sr">Theme</span>
        <select
          data-testid="theme"
          value={theme.value}
          onChange={(event) => (theme.value = event.currentTarget.value as Theme)}
        >
          <option value="system">system</option>
          <option value="light">light</option>
          <option value="dark">dark</option>
        </select>
      </label>
    </header>
  );
}

export function App() {
  const table = useAsked(getTable, []);
  const gone = server.value === "lost" || server.value === "moved";
  const open = route.value;
  const before = useRef(open);
  useEffect(() => {
    window.scrollTo(0, 0);
    wanted = "";
    if (before.current !== open) refocus(focusAfter(before.current, open));
    before.current = open;
  }, [open]);
  const cell = open.view === "cell" && table.value?.methods.find((method) => method.name === open.name);
  useEffect(() => {
    const titles = {
      table: "",
      runs: "Runs and data",
      points: "Points",
      run: "Run",
      cell: cell ? cell.title : "",
    };
    document.title = [titles[open.view], "iconlearn explorer"].filter(Boolean).join(" · ");
  }, [open, cell]);
  return (
    <>
      <Bar />
      {gone && (
        <p class="banner" role="alert" data-testid="banner">
          {server.value === "lost" ? LOST : MOVED}
        </p>
      )}
      <main>
        {open.view === "run" ? (
          <LiveRuns key={open.ids.join("/")} ids={open.ids} />
        ) : open.view === "points" ? (
          <Points key={open.id} id={open.id} />
        ) : open.view === "runs" ? (
          <RunsView />
        ) : (
          <Cells table={table.value} error={table.error} />
        )}
      </main>
    </>
  );
}

let wanted = "";

/** Move the focus where it was lost with the view that had it, as soon as that is there. */
function refocus(selector = wanted): void {
  wanted = "";
  if (!selector || (document.activeElement && document.activeElement !== document.body)) return;
  const to = document.querySelector<HTMLElement>(selector);
  if (!to) {
    wanted = selector;
    return;
  }
  if (to.tagName === "H1") to.tabIndex = -1; // only for this
  to.focus();
}

function Cells({ table, error }: { table: Methods | null; error: string | null }) {
  const open = route.value;
  if (!table) return <Opening what="the table" error={error} />;
  if (open.view === "cell") {
    if (table.methods.some((held) => held.name === open.name))
      return <OpenCell key={open.name} table={table} name={open.name} beside={open.beside} />;
    return (
      <p class="error" role="alert">
        There is no cell called {open.name}. <a href={link("table")}>Open the table</a>
      </p>
    );
  }
  const beside = open.view === "table" ? open.beside : null;
  return (
    <>
      {beside && (
        <p class="beside" role="status" data-testid="beside">
          Choose the cell to set beside the other run. <a href={link("run", [beside])}>Back to the run</a>
        </p>
      )}
      <Table table={table} beside={beside} />
    </>
  );
}

function OpenCell({ table, name, beside }: { table: Methods; name: string; beside: string | null }) {
  const method = useAsked(() => getMethod(name), [name]);
  const there = method.value !== null;
  useEffect(() => {
    if (there) refocus();
  }, [there]);
  if (!method.value) return <Opening what="the cell" error={method.error} />;
  return <Cell table={table} method={method.value} beside={beside} />;
}

function Opening({ what, error }: { what: string; error: string | null }) {
  return error ? (
    <p class="error" role="alert">
      {error}
    </p>
  ) : (
    <p class="boot" aria-busy="true">
      Opening {what}…
    </p>
  );
}
