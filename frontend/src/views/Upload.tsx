/** A file of the reader's own as data. */

import { useRef, useState } from "preact/hooks";
import { type DataSet, sendData } from "../api";
import { words } from "./hooks";

export function Upload({ onSent }: { onSent: (set: DataSet) => void }) {
  const [labels, setLabels] = useState("");
  const [state, setState] = useState<{ busy: boolean; error: string | null; done: string | null }>({
    busy: false,
    error: null,
    done: null,
  });
  const file = useRef<HTMLInputElement>(null);

  async function send(): Promise<void> {
    const chosen = file.current?.files?.[0];
    if (!chosen) return;
    setState({ busy: true, error: null, done: null });
    try {
      const set = await sendData(chosen, labels);
      const done = set.error ? null : `${set.name}: ${set.n} rows, ${set.d} columns`;
      setState({ busy: false, error: set.error, done });
      if (done) onSent(set);
    } catch (cause) {
      setState({ busy: false, error: words(cause), done: null });
    } finally {
      if (file.current) file.current.value = "";
    }
  }

  return (
    <details class="upload">
      <summary>Use a file of your own</summary>
      <div class="field">
        <label for="upload-labels">Column of labels, if it has one</label>
        <input
          id="upload-labels"
          type="text"
          value={labels}
          autoComplete="off"
          onInput={(e) => setLabels(e.currentTarget.value)}
        />
      </div>
      <div class="field">
        <label for="upload-file">File (.npy, .npz, .csv, .parquet, .safetensors)</label>
        <input
          id="upload-file"
          type="file"
          ref={file}
          data-testid="upload"
          disabled={state.busy}
          onChange={() => void send()}
        />
      </div>
      <p role="status" class="hint">
        {state.busy ? "Sending…" : state.done}
      </p>
      {state.error && (
        <p class="error" role="alert" data-testid="upload-error">
          {state.error}
        </p>
      )}
    </details>
  );
}
