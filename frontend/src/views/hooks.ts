/** Small hooks that the views share. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { Refusal, server } from "../api";

/** Size of an element in whole pixels, kept up to date. */
export function useSize<T extends Element>(): [RefObject<T | null>, { width: number; height: number }] {
  const ref = useRef<T>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const watcher = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const width = Math.floor(entry.contentRect.width);
      const height = Math.floor(entry.contentRect.height);
      setSize((held) => (held.width === width && held.height === height ? held : { width, height }));
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  return [ref, size];
}

export interface Asked<T> {
  value: T | null;
  error: string | null;
  again: () => void;
}

/** What a request gave: asked for anew when a key changes, and after a failure when the server is back. */
export function useAsked<T>(get: () => Promise<T>, keys: unknown[]): Asked<T> {
  const [held, setHeld] = useState<{ value: T | null; error: string | null }>({ value: null, error: null });
  const [turn, setTurn] = useState(0);
  const there = server.value === "ok";
  useEffect(() => {
    if (there && held.error) setTurn((n) => n + 1);
  }, [there]);
  useEffect(() => {
    let gone = false;
    get().then(
      (value) => gone || setHeld({ value, error: null }),
      (cause: unknown) => gone || setHeld((old) => ({ value: old.value, error: words(cause) })),
    );
    return () => {
      gone = true;
    };
  }, [...keys, turn]);
  return { ...held, again: () => setTurn((n) => n + 1) };
}

/** What to tell of a failure. */
export function words(cause: unknown): string {
  if (cause instanceof Refusal) return cause.message;
  return `The page itself failed (${cause instanceof Error ? cause.message : String(cause)}); reload it.`;
}

export function number(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(1);
  if (Number.isInteger(value)) return String(value);
  return size >= 100 ? value.toFixed(1) : value.toPrecision(digits);
}

export const count = (value: number): string => value.toLocaleString("en").replaceAll(",", "\u202f");
