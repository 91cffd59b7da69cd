// Mistakes of a client. The compiler has to find the error that is named above each line, and no other.

import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents } from "../generated/events.js";

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io();

// TS2345: no such event
socket.emit("send-massage", "lobby", "hello", () => {});
// TS2345: a number for a string
socket.emit("send-message", "lobby", 7, () => {});
// TS2554: too few arguments
socket.emit("send-message", "lobby", () => {});
// TS2554: too many arguments
socket.emit("search", "lobby", ["cats"], 10, "more");
// TS2561: a property that the object does not have
socket.emit("sign-in", { name: "ada", passwort: "secret" }, () => {});
// TS2345: an event that only the server sends
socket.emit("joined", "id");
// TS2345: an event that only clients send
socket.on("search", () => {});
// TS2551: a field by its name in Rust
socket.on("joined", (_, user) => user.user_id);
// TS2345: an answer of another type
socket.on("are you there?", (callback) => callback("yes"));

export async function ask() {
  // TS2322: a reply of another type
  const id: string = await socket.emitWithAck("send-message", "lobby", "hello");
  return id;
}
