/** Opens the page: with a server the table, from disk the run that the page carries. */

import { render } from "preact";
import { type ExportedTable, server } from "./api";
import { listen } from "./route";
import { embedded, embeddedJson } from "./source";
import "./styles/theme.css";
import "./styles/base.css";
import "./styles/panels.css";
import "./styles/table.css";
import "./styles/cell.css";
import "./styles/narrow.css";
import "./styles/words.css";
import "./styles/run.css";
import "./styles/map.css";
import "./styles/bars.css";
import "./styles/curves.css";
import "./styles/beside.css";
import { App, Bar } from "./views/App";
import { Exported } from "./views/Exported";
import "./theme";

async function open(): Promise<void> {
  const root = document.getElementById("app");
  if (!root) return;
  listen();
  const carried = document.getElementById("recording") ? await embedded() : null;
  root.replaceChildren();
  if (!carried) {
    render(<App />, root);
    return;
  }
  server.value = "none";
  const table = embeddedJson<ExportedTable>("table");
  render(
    <>
      <Bar fixed />
      <main>
        <Exported packets={carried.packets} damage={carried.damage} table={table} />
      </main>
    </>,
    root,
  );
}

void open();
