import { useCallback, useEffect, useState } from "react";
import { type Frame, readFrame } from "./frame";
import { type Engine, onEngine } from "./socket";

export interface WireEntry {
  key: number;
  at: number;
  direction: "in" | "out" | "note";
  transport: string;
  /** Absent for a note, which is no packet. */
  frame?: Frame;
  note?: string;
}

const KEPT = 300;
const DIGIT: Readonly<Record<string, string>> = {
  open: "0",
  close: "1",
  ping: "2",
  pong: "3",
  message: "4",
  upgrade: "5",
  noop: "6",
};

let entriesSoFar = 0;

/** Every packet of every connection of this page, oldest first, as it is on the wire. */
export function useWire() {
  const [entries, setEntries] = useState<WireEntry[]>([]);

  useEffect(() => {
    const add = (entry: Omit<WireEntry, "key" | "at">) => {
      const whole = { ...entry, key: entriesSoFar++, at: Date.now() };
      setEntries((earlier) => [...earlier.slice(1 - KEPT), whole]);
    };
    return onEngine((engine: Engine) => {
      const watch = (direction: "in" | "out") => (packet: { type: string; data?: unknown }) =>
        add({
          direction,
          transport: engine.transport.name,
          frame: readFrame((DIGIT[packet.type] ?? "") + textOf(packet.data)),
        });
      engine.on("packet", watch("in"));
      engine.on("packetCreate", watch("out"));
      engine.on("upgrade", ({ name }) =>
        add({ direction: "note", transport: name, note: `upgraded from polling to ${name}` }),
      );
      engine.on("close", (reason) =>
        add({ direction: "note", transport: engine.transport.name, note: `closed: ${reason}` }),
      );
    });
  }, []);

  const clear = useCallback(() => setEntries([]), []);
  return { entries, clear };
}

function textOf(data: unknown) {
  if (data === undefined || data === null) return "";
  return typeof data === "string" ? data : "(binary)";
}
