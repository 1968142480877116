/** The map of a run: its points, what is selected on it, a tip for what is hovered, and its legend. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { labelOf } from "../bars/model";
import { shownBars } from "../bars/shown";
import { painting as paintingOf } from "../colour/painting";
import { toHex } from "../colour/palette";
import { saveCanvas } from "../save/files";
import { hovered, type RunState, selectedPoint, selection, selectNext, selectPoint } from "../store";
import { calm, dark } from "../theme";
import { count, useSize } from "../views/hooks";
import { runName } from "../views/naming";
import { Panel } from "../views/Panel";
import { MapController } from "./controller";
import { Legend } from "./Legend";
import { type Inks, marks } from "./overlay";
import { placer, type Scene } from "./fit";
import { drawnSvg } from "./svg";
import { Tip } from "./Tip";

interface Props {
  run: RunState;
  id?: string;
}

const PAN = 60;

export function MapView({ run, id = "map" }: Props) {
  const points = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const controller = useRef<MapController | null>(null);
  const [box, size] = useSize<HTMLDivElement>();

  const { options, choice, painted } = paintingOf(run);
  const set = shownBars(run);

  useEffect(() => {
    if (!points.current || !over.current) return;
    const map = new MapController(points.current, over.current, {
      marks: (scene, dot) =>
        marks(
          scene,
          run.lit.peek() ? set.peek() : null,
          selectedPoint(run),
          hoveredPoint(run),
          dot,
          inks(),
          (point) => colorAt(map.rgba, point),
        ),
      hover: (point) => (hovered.value = point < 0 ? null : (run.recording.peek().rows[point] ?? null)),
      pick: (point) => (point < 0 ? (selection.value = null) : selectPoint(run, point)),
      moved: (scene) => tip.current && placeTip(tip.current, scene, hoveredPoint(run)),
    });
    controller.current = map;
    if (box.current) map.resize(box.current.clientWidth, box.current.clientHeight);
    const stops = [
      effect(() => {
        void run.version.value;
        const shown = run.shown.value;
        const { fixed } = run.recording.value;
        const a = shown?.a.positions ?? fixed;
        const b = shown?.b.positions ?? fixed;
        if (a && b) map.show(a, b, shown?.mix ?? 0, !calm.value && (shown?.live ?? false));
      }),
      effect(() => {
        void dark.value;
        map.paper = inks().panel;
        map.setColors(painted.value.rgba);
      }),
      effect(() => {
        map.faded = run.lit.value && selection.value !== null && set.value !== null;
        void hovered.value;
        void run.version.value;
        map.request();
      }),
    ];
    return () => {
      for (const stop of stops) stop();
      map.close();
      controller.current = null;
    };
  }, [run]);

  useEffect(() => controller.current?.resize(size.width, size.height), [size.width, size.height]);

  function key(event: KeyboardEvent): void {
    const map = controller.current;
    if (!map || event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => map.panBy(PAN, 0),
      ArrowRight: () => map.panBy(-PAN, 0),
      ArrowUp: () => map.panBy(0, PAN),
      ArrowDown: () => map.panBy(0, -PAN),
      "+": () => map.zoomBy(1.4),
      "=": () => map.zoomBy(1.4),
      "-": () => map.zoomBy(1 / 1.4),
      "0": () => map.home(),
      Enter: () => selectPoint(run, map.at(size.width / 2, size.height / 2, Infinity)),
      n: () => selectNext(run, 1),
      N: () => selectNext(run, -1),
      Escape: () => (selection.value = null),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  void run.version.value;
  const recording = run.recording.value;
  const chosen = selectedPoint(run);
  const title = recording.run ? runName(recording.run) : "Map of the points";
  return (
    <Panel
      id={id}
      title={`Map of ${count(recording.n)} points`}
      file={`${title}-map`}
      keep={{
        svg: () => (controller.current ? drawnSvg(controller.current, title) : ""),
        png: async (name) => {
          if (controller.current) await saveCanvas(controller.current.picture(true), name);
        },
      }}
      aside={
        <label class="inline">
          <span class="wide">colour</span>
          <select
            aria-label="Colour by"
            data-testid={`colour-${id}`}
            value={choice.value}
            onChange={(event) => {
              run.hidden.value = new Set();
              run.colour.value = event.currentTarget.value;
            }}
          >
            {options.value.map((option) => (
              <option key={option.id} value={option.id}>
                {option.name}
              </option>
            ))}
          </select>
        </label>
      }
    >
      <div
        class="map"
        ref={box}
        tabIndex={0}
        role="application"
        aria-label={`Map of ${recording.n} points. Arrows pan, plus and minus zoom, 0 shows all, Enter selects the point nearest to the centre, n and N go through the recorded points, Escape selects none.`}
        data-testid={id}
        data-points={recording.n}
        data-selected={chosen}
        data-lit={set.value?.bars.filter((bar) => bar.point >= 0).length ?? 0}
        onKeyDown={key}
      >
        <canvas class="points" ref={points} data-testid={`${id}-points`} />
        <canvas class="over" ref={over} data-testid={`${id}-over`} />
        <span class="cross" aria-hidden="true" />
        <Tip run={run} tip={tip} />
        <div class="zoomers">
          <button aria-label="Zoom in" onClick={() => controller.current?.zoomBy(1.6)}>
            +
          </button>
          <button aria-label="Zoom out" onClick={() => controller.current?.zoomBy(1 / 1.6)}>
            −
          </button>
          <button aria-label="Show all points" onClick={() => controller.current?.home()}>
            ⤢
          </button>
        </div>
      </div>
      <Legend run={run} legend={painted.value.legend} lines={set.value !== null} />
      <p class="sr" aria-live="polite">
        {chosen >= 0 ? `Selected ${labelOf(recording, chosen)}` : ""}
      </p>
    </Panel>
  );
}

function hoveredPoint(run: RunState): number {
  return hovered.value === null ? -1 : run.recording.peek().pointOf(hovered.value);
}

function colorAt(rgba: Uint8Array, point: number): string {
  return toHex([0, 1, 2].map((c) => rgba[4 * point + c] ?? 0));
}

function inks(): Inks & { panel: string } {
  const look = getComputedStyle(document.documentElement);
  const get = (name: string): string => look.getPropertyValue(name).trim();
  return { p: get("--p"), q: get("--q"), ink: get("--ink"), paper: get("--paper"), panel: get("--panel") };
}

function placeTip(tip: HTMLDivElement, scene: Scene, point: number): void {
  if (point < 0) return;
  const at: [number, number] = [0, 0];
  placer(scene)(point, at);
  const right = at[0] > scene.width / 2;
  const below = at[1] < scene.height / 2;
  tip.style.transform = `translate(${at[0].toFixed(0)}px, ${at[1].toFixed(0)}px) translate(${right ? "calc(-100% - 14px)" : "14px"}, ${below ? "6px" : "calc(-100% - 6px)"})`;
}
