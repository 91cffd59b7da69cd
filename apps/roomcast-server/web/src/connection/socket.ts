import { io, type Manager, type Socket } from "socket.io-client";
import type { PageEvents, ServerEvents } from "./protocol";

/** The Engine.IO connection below the socket; each attempt to connect makes a new one. */
export type Engine = Manager["engine"];
type Attach = (engine: Engine) => void;

const LIMIT_MS = 10_000;

export const socket: Socket<ServerEvents, PageEvents> = io({ autoConnect: false });

const attachments = new Set<Attach>();
const announce = () => attachments.forEach((attach) => attach(socket.io.engine));

// The engine is made right after this event, in the same task, and speaks in a later one.
socket.io.on("reconnect_attempt", () => queueMicrotask(announce));

/** Opens the connection. Whoever watches engines sees the new one before its first packet. */
export function connect() {
  socket.connect();
  announce();
}

/** Calls `attach` with every engine from now on; the returned function ends that. */
export function onEngine(attach: Attach) {
  attachments.add(attach);
  return () => void attachments.delete(attach);
}

/** An answer of the server, or its refusal as an error. */
export async function ask<Value extends object>(
  request: (limited: ReturnType<typeof socket.timeout>) => Promise<Value | { error: string }>,
): Promise<Value> {
  const answer = await request(socket.timeout(LIMIT_MS));
  if ("error" in answer) throw new Error(answer.error);
  return answer;
}
