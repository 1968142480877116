/** The tip beside a hovered point: its picture or snippet, and what its columns say. */

import type { RefObject } from "preact";
import { hovered, type RunState } from "../store";
import { number } from "../views/hooks";
import { thumbnail } from "./thumbs";

const MOST_COLUMNS = 4;

export function Tip({ run, tip }: { run: RunState; tip: RefObject<HTMLDivElement | null> }) {
  const row = hovered.value;
  const recording = run.recording.value;
  const point = row === null ? -1 : recording.pointOf(row);
  const picture = thumbnail(recording, point);
  const text = recording.samples.texts?.[point];
  return (
    <div class="tip" ref={tip} hidden={point < 0} data-testid="tip">
      {picture && <img src={picture} alt="" />}
      <div>
        <strong>row {row}</strong>
        {text && <p class="snippet">{text}</p>}
        {recording.columns.slice(0, MOST_COLUMNS).map((column) => {
          const value = column.values[point];
          return (
            <div key={column.name}>
              <span class="muted">{column.name}</span>{" "}
              {column.kind === "category" ? (column.categories?.[value ?? -1] ?? "none") : number(value)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
