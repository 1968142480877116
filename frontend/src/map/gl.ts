/** Points by WebGL 2: one vertex a point; motion between two arrays of positions is done on the card. */

import {
  type BufferInfo,
  createBufferInfoFromArrays,
  createProgramInfo,
  drawBufferInfo,
  type ProgramInfo,
  setAttribInfoBufferFromArray,
  setBuffersAndAttributes,
  setUniforms,
} from "twgl.js";
import { fit, type Scene } from "./fit";
import { shuffled } from "./order";
import type { Painter } from "./painter";

const VERTEX = `#version 300 es
in vec2 a;
in vec2 b;
in vec4 color;
uniform vec3 fitA;
uniform vec3 fitB;
uniform float share;
uniform vec3 view;
uniform vec2 size;
uniform float point;
uniform float alpha;
out vec4 ink;
void main() {
  vec2 at = mix((a - fitA.xy) * fitA.z, (b - fitB.xy) * fitB.z, share);
  vec2 pixel = (size / 2. + vec2(at.x, -at.y)) * view.x + view.yz;
  vec2 place = pixel / size * 2. - 1.;
  bool seen = color.a > 0. && !any(isnan(at)) && !any(isinf(at));
  gl_Position = seen ? vec4(place.x, -place.y, 0., 1.) : vec4(2., 2., 2., 1.);
  gl_PointSize = point;
  float opaque = color.a * alpha;
  ink = vec4(color.rgb * opaque, opaque);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 ink;
uniform float point;
out vec4 shown;
void main() {
  float away = length(gl_PointCoord - .5) * point;
  shown = ink * clamp(point / 2. - away + .5, 0., 1.);
}`;

export class GlPainter implements Painter {
  readonly kind = "webgl";
  #program: ProgramInfo | null = null;
  #buffers: BufferInfo | null = null;
  #n = -1;
  #a: Float32Array | null = null;
  #b: Float32Array | null = null;
  #rgba: Uint8Array | null = null;
  #stale = true;

  /** The context of a canvas; null where there is none, or where `card` is asked for and a processor would draw. */
  static open(canvas: HTMLCanvasElement, card: boolean): WebGL2RenderingContext | null {
    const probe = card ? document.createElement("canvas").getContext("webgl2") : null;
    if (card) {
      const name = probe ? rendererName(probe) : "";
      probe?.getExtension("WEBGL_lose_context")?.loseContext();
      if (!probe || /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name)) return null;
    }
    return canvas.getContext("webgl2", { antialias: false, alpha: true, depth: false, stencil: false });
  }

  constructor(private readonly gl: WebGL2RenderingContext) {
    const canvas = gl.canvas as HTMLCanvasElement;
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      this.#program = null;
      this.#n = -1;
      canvas.dispatchEvent(new Event("redraw", { bubbles: true }));
    });
  }

  setColors(rgba: Uint8Array): void {
    this.#rgba = rgba;
    this.#stale = true;
  }

  draw(scene: Scene, size: number, alpha: number, count: number): void {
    const { gl } = this;
    if (gl.isContextLost()) return;
    this.#program ??= program(gl);
    const buffers = this.#upload(scene);
    const { width, height, view } = scene;
    const ratio = gl.canvas.width / width;
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(this.#program.program);
    setBuffersAndAttributes(gl, this.#program, buffers);
    const [fa, fb] = [fit(scene.a, width, height), fit(scene.b, width, height)];
    setUniforms(this.#program, {
      fitA: [fa.cx, fa.cy, fa.scale],
      fitB: [fb.cx, fb.cy, fb.scale],
      share: scene.mix,
      view: [view.k, view.x, view.y],
      size: [width, height],
      point: size * ratio,
      alpha,
    });
    drawBufferInfo(gl, buffers, gl.POINTS, Math.min(count, this.#n));
  }

  #upload(scene: Scene): BufferInfo {
    const { gl } = this;
    const n = scene.a.length / 2;
    const rgba = this.#rgba?.length === 4 * n ? this.#rgba : new Uint8Array(4 * n).fill(128);
    if (!this.#buffers || n !== this.#n) {
      this.#free();
      this.#buffers = createBufferInfoFromArrays(gl, {
        a: { numComponents: 2, data: scene.a, drawType: gl.DYNAMIC_DRAW },
        b: { numComponents: 2, data: scene.b, drawType: gl.DYNAMIC_DRAW },
        color: { numComponents: 4, data: rgba, normalize: true, drawType: gl.DYNAMIC_DRAW },
        indices: shuffled(n),
      });
      this.#n = n;
    } else {
      const held = this.#buffers.attribs ?? {};
      if (scene.a !== this.#a && scene.a === this.#b && held["a"] && held["b"]) {
        [held["a"], held["b"]] = [held["b"], held["a"]]; // time went on: what was ahead lies behind
        [this.#a, this.#b] = [this.#b, this.#a];
      }
      for (const [name, fresh, old] of [
        ["a", scene.a, this.#a],
        ["b", scene.b, this.#b],
      ] as const) {
        if (fresh !== old && held[name]) setAttribInfoBufferFromArray(gl, held[name], fresh);
      }
      if (this.#stale && held["color"]) setAttribInfoBufferFromArray(gl, held["color"], rgba);
    }
    this.#a = scene.a;
    this.#b = scene.b;
    this.#stale = false;
    return this.#buffers;
  }

  #free(): void {
    if (!this.#buffers) return;
    for (const { buffer } of Object.values(this.#buffers.attribs ?? {}))
      if (buffer) this.gl.deleteBuffer(buffer);
    if (this.#buffers.indices) this.gl.deleteBuffer(this.#buffers.indices);
    this.#buffers = null;
  }

  close(): void {
    this.#free();
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

function program(gl: WebGL2RenderingContext): ProgramInfo {
  const made = createProgramInfo(gl, [VERTEX, FRAGMENT]) as ProgramInfo | null;
  if (!made) throw new Error("This graphics card cannot draw the map; add ?painter=software to the address.");
  return made;
}

function rendererName(gl: WebGL2RenderingContext): string {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}
