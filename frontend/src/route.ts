/** The address within the page: which view is open. */

import { signal } from "@preact/signals";

export type Route =
  | { view: "table"; beside: string | null }
  | { view: "cell"; name: string; beside: string | null }
  | { view: "run"; ids: string[] }
  | { view: "points"; id: string }
  | { view: "runs" };

/** Read a hash such as `#/cell/t-sne?beside=ID`. */
export function readRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const beside = new URLSearchParams(query).get("beside");
  const [view, ...rest] = path.split("/").map(decodeURIComponent);
  const first = rest[0];
  if (view === "cell" && first) return { view, name: first, beside };
  if (view === "run" && first) return { view, ids: rest.filter(Boolean).slice(0, 2) };
  if (view === "points" && first) return { view, id: first };
  if (view === "runs") return { view };
  return { view: "table", beside };
}

export function link(view: string, names: string[] = [], beside: string | null = null): string {
  const path = [view, ...names].map(encodeURIComponent).join("/");
  return `#/${path}${beside ? `?beside=${encodeURIComponent(beside)}` : ""}`;
}

/** What the focus goes to when the view that had it is gone: back to the cell that was open, or to the heading. */
export function focusAfter(before: Route, now: Route): string {
  return before.view === "cell" && now.view === "table"
    ? `[data-name="${CSS.escape(before.name)}"]`
    : "main h1";
}

export const route = signal<Route>({ view: "table", beside: null });

export function listen(): void {
  const read = (): void => {
    route.value = readRoute(location.hash);
  };
  window.addEventListener("hashchange", read);
  read();
}
