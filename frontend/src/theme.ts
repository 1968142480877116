/** Light, dark, or as the system has it. */

import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const KEY = "iconlearn-theme";
const asked = window.matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(asked.matches);
asked.addEventListener("change", (event) => (systemDark.value = event.matches));

export const theme = signal<Theme>(held());
export const dark = signal(false);
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
  dark.value = theme.value === "dark" || (theme.value === "system" && systemDark.value);
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // a page from disk may have nowhere to keep it
  }
});

function held(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "light" || kept === "dark") return kept;
  } catch {
    // as above
  }
  return "system";
}

const still = window.matchMedia("(prefers-reduced-motion: reduce)");
export const calm = signal(still.matches);
still.addEventListener("change", (event) => (calm.value = event.matches));
