/** MathML of the server, copied element by element: only what formulas are made of passes. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Piece } from "../api";

const SPACE = "http://www.w3.org/1998/Math/MathML";
const ELEMENTS = new Set(
  (
    "math mrow mi mn mo mtext mspace mfrac msqrt mroot mstyle msub msup msubsup munder mover munderover " +
    "mtable mtr mtd mpadded mphantom menclose merror semantics mmultiscripts mprescripts"
  ).split(" "),
);
const ATTRIBUTES = new Set(
  (
    "display displaystyle scriptlevel mathvariant stretchy fence separator form lspace rspace accent accentunder " +
    "columnalign columnspacing rowspacing rowspan columnspan width height depth linethickness minsize maxsize largeop " +
    "movablelimits symmetric mathsize class"
  ).split(" "),
);

export function Formula({ source }: { source: string }) {
  const ref = useRef<HTMLSpanElement>(null);
  // before it is painted, or all below would move
  useLayoutEffect(() => {
    const parsed = new DOMParser().parseFromString(source, "text/html").body;
    ref.current?.replaceChildren(...[...parsed.childNodes].flatMap(copy));
  }, [source]);
  return <span class="formula" ref={ref} />;
}

/** A sentence of words, formulas and code. */
export function Words({ pieces }: { pieces: readonly Piece[] }) {
  return (
    <>
      {pieces.map((piece, k) =>
        "math" in piece ? (
          <Formula key={k} source={piece.math} />
        ) : "code" in piece ? (
          <code key={k}>{piece.code}</code>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}

function copy(node: Node): Node[] {
  if (node.nodeType === Node.TEXT_NODE) return [document.createTextNode(node.textContent ?? "")];
  if (!(node instanceof Element)) return [];
  const children = [...node.childNodes].flatMap(copy);
  const name = node.localName;
  if (!ELEMENTS.has(name))
    return name === "annotation" || name === "script" || name === "style" ? [] : children;
  const made = document.createElementNS(SPACE, name);
  for (const { name: attribute, value } of node.attributes) {
    if (ATTRIBUTES.has(attribute)) made.setAttribute(attribute, value);
  }
  made.append(...children);
  return [made];
}
