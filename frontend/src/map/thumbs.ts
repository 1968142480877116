/** Pictures of points: small images as data addresses, made once each. */

import { type Recording } from "../recording";

const held = new WeakMap<Uint8Array, Map<number, string>>();

/** Address of a point's thumbnail, or null where it has none. */
export function thumbnail(recording: Recording, point: number): string | null {
  const { images } = recording.samples;
  if (!images || point < 0) return null;
  const { values, width, height, channels } = images;
  const size = width * height * channels;
  if ((point + 1) * size > values.length) return null;
  const made = held.get(values) ?? new Map<number, string>();
  held.set(values, made);
  const known = made.get(point);
  if (known) return known;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return null;
  const image = context.createImageData(width, height);
  for (let k = 0; k < width * height; k++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * k + c] = values[point * size + k * channels + (channels === 3 ? c : 0)] ?? 0;
    }
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  const address = canvas.toDataURL();
  made.set(point, address);
  return address;
}
