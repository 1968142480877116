/** PNG and SVG files of what is on the page, made without a server. */

const LOOK = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "font-style",
  "text-anchor",
  "image-rendering",
];
const SCALE = 2;

const MARGIN = 16;
const HEAD = 40;

/** The text of an SVG file under a heading: what style sheets say is written to the elements themselves. */
export function svgText(element: SVGSVGElement, heading: string, paper: string, ink: string): string {
  const copy = element.cloneNode(true) as SVGSVGElement;
  const originals = [element, ...element.querySelectorAll<SVGElement>("*")];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  originals.forEach((original, k) => {
    const look = getComputedStyle(original);
    const to = copies[k];
    if (!to) return;
    for (const name of LOOK) {
      const value = look.getPropertyValue(name);
      if (value) to.setAttribute(name, value);
    }
    for (const name of ["class", "tabindex", "role", "data-testid"]) to.removeAttribute(name);
  });
  const { width, height } = element.getBoundingClientRect();
  const w = Math.round(width) + 2 * MARGIN;
  const h = Math.round(height) + HEAD + MARGIN;
  copy.setAttribute("x", String(MARGIN));
  copy.setAttribute("y", String(HEAD));
  const inner = new XMLSerializer().serializeToString(copy);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}">` +
    `<rect width="${w}" height="${h}" fill="${escape(paper)}"/>` +
    `<text x="${MARGIN}" y="26" font-family="system-ui, sans-serif" font-size="15" font-weight="600" ` +
    `fill="${escape(ink)}">${escape(heading)}</text>${inner}</svg>`
  );
}

export function saveSvg(text: string, name: string): void {
  download(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`);
}

/** Draw the text of an SVG file to a canvas of twice its size and save that. */
export async function savePng(text: string, name: string): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth * SCALE;
  canvas.height = image.naturalHeight * SCALE;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  await saveCanvas(canvas, name);
}

export function saveCanvas(canvas: HTMLCanvasElement, name: string): Promise<void> {
  return new Promise((done, failed) => {
    canvas.toBlob((blob) => {
      if (!blob) {
        failed(new Error("the picture is too large to be kept"));
        return;
      }
      download(blob, `${name}.png`);
      done();
    }, "image/png");
  });
}

export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[^\w.-]+/g, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const escape = (text: string): string =>
  text.replace(
    /[&<>"]/g,
    (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter] ?? letter,
  );

/** Words cut to so many letters, the last of them an ellipsis. */
export const clip = (words: string, letters: number): string =>
  words.length > letters ? `${words.slice(0, letters - 1)}…` : words;
