// Reads a frame of text apart into the digits and values that the two protocols put into it.

export interface Frame {
  /** The Engine.IO type: the first digit. */
  engine: string;
  /** The Socket.IO type, in a message only. */
  packet: string;
  /** The id of an ack, if the packet asks for one or is one. */
  ackId: string;
  payload: string;
  /** The frame in words. */
  meaning: string;
}

const ENGINE = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const PACKET = [
  "connect",
  "disconnect",
  "event",
  "ack",
  "connect error",
  "binary event",
  "binary ack",
];

export function readFrame(text: string): Frame {
  const [, engine = "", rest = ""] = /^(\d?)(.*)$/s.exec(text) ?? [];
  const kind = ENGINE[Number(engine)] ?? "binary";
  if (kind !== "message") return { engine, packet: "", ackId: "", payload: rest, meaning: kind };

  const [, packet = "", ackId = "", payload = ""] = /^(\d?)(\d*)(.*)$/s.exec(rest) ?? [];
  const name = /^\["((?:[^"\\]|\\.)*)"/.exec(payload)?.[1];
  const words = [PACKET[Number(packet)] ?? "unknown"];
  if (packet === "2" && name) words.push(`“${name}”`);
  if (packet === "2" && ackId) words.push(`asks for ack ${ackId}`);
  if (packet === "3") words.push(ackId);
  return { engine, packet, ackId, payload, meaning: words.join(" ") };
}

/** What the page learns nothing from after the first look: heartbeats and lists of who is online. */
export function isNoise({ engine, payload }: Frame) {
  return engine === "2" || engine === "3" || payload.startsWith('["presence"');
}
