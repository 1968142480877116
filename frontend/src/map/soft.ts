/** Points by the processor, for machines without a graphics card: discs are blended into an image. */

import { toRgb } from "../colour/palette";
import { placer, type Scene } from "./fit";
import { shuffled } from "./order";
import type { Painter } from "./painter";

interface Stencil {
  dx: Int16Array;
  dy: Int16Array;
  cover: Float32Array;
}

export class SoftPainter implements Painter {
  readonly kind = "software";
  #context: CanvasRenderingContext2D;
  #image: ImageData | null = null;
  #rgba: Uint8Array = new Uint8Array(0);
  #order: Uint32Array = new Uint32Array(0);

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (!context)
      throw new Error("This browser draws neither WebGL nor canvas; open the address in another one.");
    this.#context = context;
  }

  setColors(rgba: Uint8Array): void {
    this.#rgba = rgba;
  }

  draw(scene: Scene, size: number, alpha: number, count: number, paper: string): void {
    const { width, height } = this.canvas;
    if (!width || !height) return;
    if (this.#image?.width !== width || this.#image.height !== height) {
      this.#image = this.#context.createImageData(width, height);
    }
    const n = scene.a.length / 2;
    if (this.#order.length !== n) this.#order = shuffled(n);
    const [r, g, b] = toRgb(paper);
    new Uint32Array(this.#image.data.buffer).fill(((255 << 24) | (b << 16) | (g << 8) | r) >>> 0);
    const ratio = width / scene.width;
    splat(this.#image, scene, ratio, disc(size * ratio, alpha), this.#rgba, this.#order.subarray(0, count));
    this.#context.putImageData(this.#image, 0, 0);
  }

  close(): void {
    this.#image = null;
  }
}

function splat(
  image: ImageData,
  scene: Scene,
  ratio: number,
  stencil: Stencil,
  rgba: Uint8Array,
  order: Uint32Array,
): void {
  const { width, height, data } = image;
  const { dx, dy, cover } = stencil;
  const place = placer(scene);
  const at: [number, number] = [0, 0];
  for (const point of order) {
    const opaque = (rgba[4 * point + 3] ?? 0) / 255;
    if (!opaque) continue;
    place(point, at);
    const x = Math.round(at[0] * ratio);
    const y = Math.round(at[1] * ratio);
    if (!(x > -16 && y > -16 && x < width + 16 && y < height + 16)) continue;
    const red = rgba[4 * point] as number;
    const green = rgba[4 * point + 1] as number;
    const blue = rgba[4 * point + 2] as number;
    for (let k = 0; k < dx.length; k++) {
      const px = x + (dx[k] as number);
      const py = y + (dy[k] as number);
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const share = (cover[k] as number) * opaque;
      const to = 4 * (py * width + px);
      data[to] = (data[to] as number) + (red - (data[to] as number)) * share;
      data[to + 1] = (data[to + 1] as number) + (green - (data[to + 1] as number)) * share;
      data[to + 2] = (data[to + 2] as number) + (blue - (data[to + 2] as number)) * share;
    }
  }
}

/** Pixels of a disc and how much of each it covers. */
function disc(size: number, alpha: number): Stencil {
  const reach = Math.ceil(size / 2 + 0.5);
  const [dx, dy, cover]: [number[], number[], number[]] = [[], [], []];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const share = Math.min(1, Math.max(0, size / 2 - Math.hypot(x, y) + 0.5));
      if (share > 0.02) {
        dx.push(x);
        dy.push(y);
        cover.push(share * alpha);
      }
    }
  }
  return { dx: Int16Array.from(dx), dy: Int16Array.from(dy), cover: Float32Array.from(cover) };
}
