/** An order in which every beginning is an even sample. */
export function shuffled(n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, k) => k);
  let state = 2463534242;
  for (let i = n - 1; i > 0; i--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const j = (state >>> 0) % (i + 1);
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}
