/** Colours of classes and of numbers: those of the package's own figures. */

export type Rgb = [number, number, number];

/** Ten class colours, at least 0.10 apart in OKLab to normal, protan, deutan and tritan eyes alike. */
export const PALETTE = [
  "#2D73C1",
  "#E6802E",
  "#35AB86",
  "#B53F88",
  "#552F9F",
  "#C5CE4A",
  "#89C3FC",
  "#783C35",
  "#70740D",
  "#AD81F5",
];
const INK = "#1F2733";
const PAPER = "#FFFFFF";
export const UNLABELLED = "#B4BBC6";
export const NEUTRAL = "#3F5F86";
/** On dark paper no colour is darker than this (relative luminance). */
const DARKEST = 0.11;

/** Nine stops of viridis: even steps to the eye, and to colour-blind eyes. */
const RAMP: Rgb[] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

export function toRgb(color: string): Rgb {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)) as Rgb;
}

export function toHex(rgb: readonly number[]): string {
  return `#${rgb.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("")}`.toUpperCase();
}

/** Blend a share (0 to 1) of another colour in. */
export function mix(color: string, other: string, share: number): string {
  const to = toRgb(other);
  return toHex(toRgb(color).map((c, k) => c + ((to[k] ?? 0) - c) * share));
}

/** Relative luminance, 0 black to 1 white. */
export function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = toRgb(color).map((c) =>
    c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** As many class colours: the palette, then its shades, then hues a golden angle apart. */
export function classColors(n: number, dark = false): string[] {
  return plainColors(n).map((color) => (dark ? lighten(color) : color));
}

function plainColors(n: number): string[] {
  if (n <= PALETTE.length) return PALETTE.slice(0, n);
  if (n <= 2 * PALETTE.length) {
    const shades = PALETTE.map((color) => mix(color, luminance(color) > 0.3 ? INK : PAPER, 0.45));
    return [...PALETTE, ...shades].slice(0, n);
  }
  const golden = (Math.sqrt(5) - 1) / 2;
  return Array.from({ length: n }, (_, k) =>
    fromHls((0.58 + k * golden) % 1, [0.45, 0.62, 0.33][k % 3] ?? 0.45, 0.62),
  );
}

/** The colour, mixed with white until it is seen on dark paper. */
export function lighten(color: string): string {
  let share = 0;
  while (luminance(mix(color, PAPER, share)) < DARKEST) share += 0.02;
  return mix(color, PAPER, share);
}

/** Colour of a number at a share (0 to 1) of its range. */
export function ramp(share: number): Rgb {
  const place = Math.min(1, Math.max(0, share)) * (RAMP.length - 1);
  const low = Math.min(RAMP.length - 2, Math.floor(place));
  const [a, b] = [RAMP[low], RAMP[low + 1]] as [Rgb, Rgb];
  return a.map((c, k) => c + ((b[k] ?? 0) - c) * (place - low)) as Rgb;
}

function fromHls(hue: number, light: number, saturation: number): string {
  const high = light <= 0.5 ? light * (1 + saturation) : light + saturation - light * saturation;
  const low = 2 * light - high;
  const channel = (at: number): number => {
    const h = ((at % 1) + 1) % 1;
    if (h < 1 / 6) return low + (high - low) * h * 6;
    if (h < 1 / 2) return high;
    if (h < 2 / 3) return low + (high - low) * (2 / 3 - h) * 6;
    return low;
  };
  return toHex([channel(hue + 1 / 3), channel(hue), channel(hue - 1 / 3)].map((c) => c * 255));
}
