/** Where packets come from: a websocket that acknowledges and reconnects, a file, or the page itself. */

import { address, getBytes, getRuns, Refusal, server } from "./api";
import { type Packet, readPackets } from "./packets";

export type Link = "connecting" | "open" | "lost" | "replay";

export interface Listener {
  /** A connection was made (again): all packets follow from the first. */
  begin: () => void;
  packets: (packets: Packet[], damage: string | null) => void;
  link: (link: Link) => void;
  failed: (message: string) => void;
}

export interface Source {
  send: (message: object) => boolean;
  close: () => void;
}

const RETRY = [300, 700, 1500, 3000];
const ACK_AFTER = 60; // ms; far below the time that a window of 8 MiB takes to fill

/** Follow a run of the server. */
export function follow(id: string, listener: Listener): Source {
  const url = address(`api/runs/${encodeURIComponent(id)}/stream`).replace(/^http/, "ws");
  let socket: WebSocket | null = null;
  let closed = false;
  let tries = 0;
  let received = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ack: ReturnType<typeof setTimeout> | undefined;

  function open(): void {
    if (closed) return;
    listener.link("connecting");
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      tries = 0;
      received = 0;
      server.value = "ok";
      listener.begin();
      listener.link("open");
    };
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (typeof event.data === "string") return;
      received += event.data.byteLength;
      const { packets, damage } = readPackets(event.data);
      listener.packets(packets, damage);
      ack ??= setTimeout(() => {
        ack = undefined;
        send({ ack: received });
      }, ACK_AFTER);
    };
    socket.onclose = () => {
      clearTimeout(ack);
      ack = undefined;
      if (!closed) void again();
    };
  }

  async function again(): Promise<void> {
    listener.link("lost");
    const wait = RETRY[Math.min(tries, RETRY.length - 1)];
    tries += 1;
    try {
      const runs = await getRuns();
      if (!runs.some((run) => run.id === id)) {
        listener.failed("The server knows no such run; start it again. What is on this page is kept.");
        return;
      }
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause;
    }
    timer = setTimeout(open, wait);
  }

  function send(message: object): boolean {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  }

  open();
  return {
    send,
    close: () => {
      closed = true;
      clearTimeout(timer);
      clearTimeout(ack);
      socket?.close();
    },
  };
}

/** Read a file of packets of the server, once. */
export async function fetchPackets(path: string, listener: Listener): Promise<void> {
  listener.link("connecting");
  const { packets, damage } = readPackets(await getBytes(path));
  listener.begin();
  listener.packets(packets, damage);
  listener.link("replay");
}

/** The recording that an exported page carries, or null. */
export async function embedded(): Promise<{ packets: Packet[]; damage: string | null } | null> {
  const held = document.getElementById("recording")?.textContent.trim();
  if (!held) return null;
  try {
    const packed = Uint8Array.from(atob(held), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return readPackets(await new Response(stream).arrayBuffer());
  } catch {
    return { packets: [], damage: "the recording in this page cannot be unpacked; export it again" };
  }
}

/** JSON that an exported page carries under an id, or null. */
export function embeddedJson<T>(id: string): T | null {
  const held = document.getElementById(id)?.textContent.trim();
  return held ? (JSON.parse(held) as T) : null;
}
