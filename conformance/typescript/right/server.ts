// The same events at a server in Node.js, such as one in a cluster with the server in Rust.

import { Server } from "socket.io";
import type {
  ClientToServerEvents,
  InterServerEvents,
  ServerToClientEvents,
  SocketData,
} from "../generated/events.js";

const io = new Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>();

io.on("connection", async (socket) => {
  socket.data = { userId: 7, role: "admin", mail: null };

  socket.on("send-message", (room, text, callback) => callback(room.length + text.length));
  socket.on("users", (page, callback) => callback({ items: [], next: page === null ? null : page + 1 }));
  socket.on("sign-in", ({ name, password }, callback) => callback({ Err: `${name} ${password}` }));
  socket.on("upload", (_name, _content, callback) => callback());
  socket.on("position", (callback) => callback(3.5, 4));
  socket.on("search", (room, words, limit) => void [room.length, words.length, limit ?? 10]);

  socket.emit("joined", socket.id, { userId: 7, role: "guest", mail: "ada@example.org" });
  socket.broadcast.emit("changed", { cat: { kind: "removed" } }, { any: "value" });
  const isThere: boolean = await socket.emitWithAck("are you there?");
  const areThere: boolean[] = await io.timeout(1000).emitWithAck("are you there?");
  io.emit("changed", { all: { kind: "renamed", to: `${isThere} ${areThere.length}` } }, null);
});

io.serverSideEmit("load", 60, (_error, loads) => loads.map((load) => load.toFixed()));
io.on("load", (since, callback) => callback(since / 60));
