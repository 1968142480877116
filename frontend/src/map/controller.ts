/** Drives a map: what is drawn when, pan and zoom, and what the pointer is on. */

import { select } from "d3-selection";
import { zoom, type ZoomBehavior, zoomIdentity, type ZoomTransform } from "d3-zoom";
import { nearest, pointAlpha, pointSize, type Scene, settle } from "./fit";
import { drawMarks, type Mark } from "./overlay";
import { makePainter, type Painter } from "./painter";

const HOVER = 18; // pixels
const TWEEN = 160; // ms from one live picture to the next
const MOST_TWEENED = 60_000; // points
const SLOW = 45; // ms a frame, above which fewer points are drawn while the map moves
const FAST = 24;
const FEWEST = 5_000; // points that are always drawn
const FIRST_GUESS = 120_000; // points that a processor moves smoothly
const FINE = 2; // pixels of a saved picture for each on the screen

export interface Hooks {
  marks: (scene: Scene, size: number) => Mark[];
  hover: (point: number) => void;
  pick: (point: number) => void;
  moved: (scene: Scene) => void;
}

export class MapController {
  scene: Scene | null = null;
  rgba: Uint8Array = new Uint8Array(0);
  paper = "#F6F7F9";
  faded = false;
  readonly painter: Painter;
  #zoom: ZoomBehavior<HTMLCanvasElement, unknown>;
  #transform: ZoomTransform = zoomIdentity;
  #asked = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #moving = false;
  #last = 0;
  #budget = Infinity;
  #tween: { start: number } | null = null;
  #width = 0;
  #height = 0;

  constructor(
    private readonly points: HTMLCanvasElement,
    private readonly over: HTMLCanvasElement,
    private readonly hooks: Hooks,
  ) {
    this.painter = makePainter(points);
    if (this.painter.kind === "software") this.#budget = FIRST_GUESS;
    this.#zoom = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.5, 400])
      .on("zoom", (event: { transform: ZoomTransform }) => {
        this.#transform = event.transform;
        this.#move();
      });
    select(over).call(this.#zoom).on("dblclick.zoom", null);
    over.addEventListener("pointermove", this.#point);
    over.addEventListener("pointerleave", () => hooks.hover(-1));
    over.addEventListener("click", this.#click);
    over.addEventListener("dblclick", () => this.home());
    points.addEventListener("redraw", () => this.request());
  }

  get n(): number {
    return this.scene ? this.scene.a.length / 2 : 0;
  }

  get size(): number {
    return pointSize(this.n, this.#width, this.#height, this.#transform.k);
  }

  get alpha(): number {
    return pointAlpha(this.n) * (this.faded ? 0.35 : 1);
  }

  resize(width: number, height: number): void {
    [this.#width, this.#height] = [width, height];
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    for (const canvas of [this.points, this.over]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    this.#zoom.extent([
      [0, 0],
      [width, height],
    ]);
    if (this.scene) this.scene = { ...this.scene, width, height };
    this.request();
  }

  /** Show positions between two arrays; with `smooth`, move there from what is shown. */
  show(a: Float32Array, b: Float32Array, mix: number, smooth: boolean): void {
    const { x, y, k } = this.#transform;
    const old = this.scene;
    const next = { a, b, mix, view: { k, x, y }, width: this.#width, height: this.#height };
    // without a graphics card, pictures in between would take the processor from the run that is watched
    const light = this.painter.kind === "webgl" && this.n <= MOST_TWEENED;
    if (smooth && light && old && old.b !== b && old.a.length === b.length) {
      this.scene = { ...next, a: settle(old), b, mix: 0 };
      this.#tween = { start: performance.now() };
    } else if (!(smooth && this.#tween && old?.b === b)) {
      this.scene = next;
      this.#tween = null;
    }
    this.request();
  }

  setColors(rgba: Uint8Array): void {
    this.rgba = rgba;
    this.painter.setColors(rgba);
    this.request();
  }

  request(): void {
    this.#asked ||= requestAnimationFrame(this.#draw);
  }

  panBy(x: number, y: number): void {
    select(this.over).call(this.#zoom.translateBy, x / this.#transform.k, y / this.#transform.k);
  }

  zoomBy(factor: number): void {
    select(this.over).call(this.#zoom.scaleBy, factor);
  }

  home(): void {
    select(this.over).call(this.#zoom.transform, zoomIdentity);
  }

  /** The seen point nearest to a pixel. */
  at(x: number, y: number, reach: number): number {
    return this.scene ? nearest(this.scene, x, y, reach, (point) => (this.rgba[4 * point + 3] ?? 0) > 0) : -1;
  }

  /** What lies over the points. */
  marks(): Mark[] {
    return this.scene ? this.hooks.marks(this.scene, this.size) : [];
  }

  /** Points and marks as one picture; with `marks` false, the points alone. */
  picture(marked: boolean): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    const [width, height] = [this.#width * FINE, this.#height * FINE];
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    if (!context || !this.scene) return canvas;
    context.fillStyle = this.paper;
    context.fillRect(0, 0, width, height);
    [this.points.width, this.points.height] = [width, height];
    this.painter.draw(this.scene, this.size, this.alpha, this.n, this.paper);
    context.drawImage(this.points, 0, 0);
    this.resize(this.#width, this.#height);
    context.scale(FINE, FINE);
    if (marked) drawMarks(context, this.marks());
    return canvas;
  }

  close(): void {
    cancelAnimationFrame(this.#asked);
    clearTimeout(this.#rest);
    select(this.over).on(".zoom", null);
    this.painter.close();
  }

  #move(): void {
    const { x, y, k } = this.#transform;
    if (this.scene) this.scene = { ...this.scene, view: { k, x, y } };
    this.#moving = true;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#moving = false;
      this.request();
    }, 180);
    this.request();
  }

  #draw = (now: number): void => {
    this.#asked = 0;
    if (!this.scene || !this.#width) return;
    this.#measure(now);
    if (this.#tween) {
      const share = Math.min(1, Math.max(0, (performance.now() - this.#tween.start) / TWEEN));
      this.scene = share < 1 ? { ...this.scene, mix: share } : { ...this.scene, a: this.scene.b, mix: 0 };
      if (share < 1) this.request();
      else this.#tween = null;
    }
    const whole = !this.#moving && !this.#tween;
    const count = whole ? this.n : Math.min(this.n, this.#budget);
    this.painter.draw(this.scene, this.size, this.alpha, count, this.paper);
    const context = this.over.getContext("2d");
    if (context) {
      const ratio = this.over.width / this.#width;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, this.#width, this.#height);
      drawMarks(context, this.marks());
    }
    this.hooks.moved(this.scene);
  };

  /** While the map moves, draw as many points as keep it smooth. */
  #measure(now: number): void {
    const took = now - this.#last;
    this.#last = now;
    if (!this.#moving || took > 500) return;
    if (took > SLOW) {
      const share = Math.min(0.7, Math.max(0.2, FAST / took));
      this.#budget = Math.max(FEWEST, Math.min(this.#budget, this.n) * share);
    }
    if (took < FAST && this.#budget < this.n) this.#budget *= 1.15;
  }

  #point = (event: PointerEvent): void => {
    if (event.buttons || event.pointerType === "touch") return;
    this.hooks.hover(this.at(event.offsetX, event.offsetY, HOVER));
  };

  #click = (event: MouseEvent): void => {
    this.hooks.pick(this.at(event.offsetX, event.offsetY, HOVER + 8));
  };
}
