/** What tells two runs apart that stand side by side. */

import type { RunState } from "../store";
import { differences } from "./naming";

export function Differences({ first, second }: { first: RunState; second: RunState }) {
  void first.version.value;
  void second.version.value;
  const [a, b] = [first.recording.value.run, second.recording.value.run];
  if (!a || !b) return null;
  const rows = differences(a, b);
  if (first.source) rows.unshift(["run", first.id, second.id]);
  if (!rows.length) return <p class="muted">Both runs have the same settings.</p>;
  return (
    <div class="scroll">
      <table class="settings" data-testid="settings">
        <thead>
          <tr>
            <th scope="col">differs</th>
            <th scope="col">{a.title}</th>
            <th scope="col">{b.title}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, here, there]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{here}</td>
              <td>{there}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
