/** A panel with a heading and the two files that it can be kept as. */

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { savePng, saveSvg, svgText } from "../save/files";
import { words } from "./hooks";

/** What a panel saves: an SVG file's text, and a way to make the PNG if the SVG is not its source. */
export interface Keep {
  svg: () => string;
  png?: (name: string) => Promise<void>;
}

interface Props {
  id: string;
  title: string;
  file: string;
  keep?: Keep;
  /** What stands above the picture in a file; the title, if not given. */
  heading?: string;
  aside?: ComponentChildren;
  /** Is the title that of the page? */
  first?: boolean;
  children: ComponentChildren;
}

export function Panel({ id, title, file, keep, heading = title, aside, first = false, children }: Props) {
  const ref = useRef<HTMLElement>(null);
  const Title = first ? "h1" : "h2";
  const [failed, setFailed] = useState<string | null>(null);

  function text(): string {
    if (keep) return keep.svg();
    const svg = ref.current?.querySelector<SVGSVGElement>("svg.picture");
    if (!svg) throw new Error("there is nothing to save yet");
    const look = getComputedStyle(document.body);
    return svgText(
      svg,
      heading,
      look.getPropertyValue("--paper").trim(),
      look.getPropertyValue("--ink").trim(),
    );
  }

  async function save(form: "svg" | "png"): Promise<void> {
    try {
      setFailed(null);
      if (form === "svg") saveSvg(text(), file);
      else if (keep?.png) await keep.png(file);
      else await savePng(text(), file);
    } catch (cause) {
      setFailed(words(cause));
    }
  }

  return (
    <section class={`panel panel-${id}`} ref={ref} data-testid={`panel-${id}`}>
      <header class="panel-head">
        <Title>{title}</Title>
        {aside}
        <span class="keep">
          <button
            class="quiet"
            data-testid={`save-png-${id}`}
            onClick={() => void save("png")}
            aria-label={`Save ${title} as PNG`}
          >
            PNG
          </button>
          <button
            class="quiet"
            data-testid={`save-svg-${id}`}
            onClick={() => void save("svg")}
            aria-label={`Save ${title} as SVG`}
          >
            SVG
          </button>
        </span>
      </header>
      {failed && (
        <p class="error" role="alert">
          {failed}
        </p>
      )}
      {children}
    </section>
  );
}
