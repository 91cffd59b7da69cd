// Mistakes of a server in Node.js. The compiler has to find the error that is named above each line.

import { Server } from "socket.io";
import type {
  ClientToServerEvents,
  InterServerEvents,
  ServerToClientEvents,
  SocketData,
} from "../generated/events.js";

const io = new Server<ClientToServerEvents, ServerToClientEvents, InterServerEvents, SocketData>();

io.on("connection", (socket) => {
  // TS2322: a role that there is not
  socket.data.role = "owner";
  // TS2345: a reply of another type
  socket.on("send-message", (_room, _text, callback) => callback("one"));
  // TS2554: half of a reply
  socket.on("position", (callback) => callback(3.5));
  // TS2345: an event that only clients send
  socket.emit("search", "lobby", [], 10);
  // TS2554: an event without a reply
  socket.emitWithAck("joined", "id");
  // TS2322: a change that there is not
  socket.emit("changed", { cat: { kind: "sold" } }, null);
});

// TS2345: a text for a number
io.serverSideEmit("load", "60", () => {});
