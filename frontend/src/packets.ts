/** Packets: what a recording is made of, in a file, on the way from the server and in an exported page. */

export type Values = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

export interface Packed {
  shape: number[];
  values: Values;
}

export interface Packet {
  kind: string;
  fields: Record<string, unknown>;
  arrays: Record<string, Packed>;
}

export interface Read {
  packets: Packet[];
  /** Bytes that were whole packets. */
  taken: number;
  /** Why reading ended before the last byte, or null. */
  damage: string | null;
}

/** What is wrong with bytes that are no packet. */
export class PacketError extends Error {}

const LEAD = 12;
const MAGIC = 0x4e4f4349; // "ICON", little endian
const MOST_HEADER = 16 * 2 ** 20;
const MOST_BODY = 2 * 2 ** 30;
const MOST_AXES = 8;

const TYPES: Record<string, { bytes: number; make: (b: ArrayBuffer, at: number, n: number) => Values }> = {
  "<f4": { bytes: 4, make: (b, at, n) => new Float32Array(b, at, n) },
  "<f8": { bytes: 8, make: (b, at, n) => new Float64Array(b, at, n) },
  "<i4": { bytes: 4, make: (b, at, n) => new Int32Array(b, at, n) },
  "<u4": { bytes: 4, make: (b, at, n) => new Uint32Array(b, at, n) },
  "|u1": { bytes: 1, make: (b, at, n) => new Uint8Array(b, at, n) },
};

/** The packets of a buffer, one after another; one that is cut or damaged ends them and is told of. */
export function readPackets(buffer: ArrayBuffer): Read {
  const packets: Packet[] = [];
  let taken = 0;
  let damage: string | null = null;
  while (taken < buffer.byteLength) {
    try {
      const { packet, size } = readPacket(buffer, taken);
      packets.push(packet);
      taken += size;
    } catch (cause) {
      if (!(cause instanceof PacketError)) throw cause;
      damage = cause.message;
      break;
    }
  }
  return { packets, taken, damage };
}

/** The packet that begins at a byte; its arrays are views where they lie well, copies where they do not. */
export function readPacket(buffer: ArrayBuffer, start: number): { packet: Packet; size: number } {
  const left = buffer.byteLength - start;
  if (left < LEAD) throw new PacketError(`it is cut, ${left} of at least ${LEAD} bytes are there`);
  const view = new DataView(buffer, start, LEAD);
  if (view.getUint32(0, true) !== MAGIC) throw new PacketError("it does not begin with ICON");
  const header = view.getUint32(4, true);
  const body = view.getUint32(8, true);
  if (header > MOST_HEADER || body > MOST_BODY) throw new PacketError("its lengths are beyond what is read");
  const size = LEAD + header + body;
  if (size > left) throw new PacketError(`it is cut, ${left} of ${size} bytes are there`);
  const { kind, arrays: table, ...fields } = readHeader(new Uint8Array(buffer, start + LEAD, header));
  const arrays: Record<string, Packed> = {};
  for (const [name, about] of Object.entries(table)) {
    arrays[name] = readArray(buffer, start + LEAD + header, body, name, about);
  }
  return { packet: { kind, fields, arrays }, size };
}

function readHeader(bytes: Uint8Array): { kind: string; arrays: Record<string, unknown> } {
  let told: unknown;
  try {
    told = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new PacketError("its header is no JSON");
  }
  if (!isRecord(told) || typeof told["kind"] !== "string" || !isRecord(told["arrays"])) {
    throw new PacketError("its header names no kind or no arrays");
  }
  return told as { kind: string; arrays: Record<string, unknown> };
}

function readArray(buffer: ArrayBuffer, start: number, body: number, name: string, about: unknown): Packed {
  const wrong = new PacketError(`its array ${name} does not lie within it`);
  if (!isRecord(about)) throw wrong;
  const { dtype, shape, offset } = about;
  const type = typeof dtype === "string" ? TYPES[dtype] : undefined;
  if (!type || !Array.isArray(shape) || shape.length > MOST_AXES || !isCount(offset)) throw wrong;
  let n = 1;
  for (const size of shape) {
    if (!isCount(size)) throw wrong;
    n *= size;
  }
  if (!(offset + n * type.bytes <= body)) throw wrong;
  const at = start + offset;
  const values =
    at % type.bytes === 0 ? type.make(buffer, at, n) : type.make(buffer.slice(at, at + n * type.bytes), 0, n);
  return { shape: shape as number[], values };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
