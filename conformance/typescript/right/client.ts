// What a client may do with the exported events.

import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, Role, ServerToClientEvents, User } from "../generated/events.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_ extends true>() {}

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io();

socket.on("joined", (id, user) => {
  is<Equal<typeof id, string>>();
  is<Equal<typeof user, User>>();
  is<Equal<typeof user.userId, number>>();
  is<Equal<typeof user.role, Role>>();
  is<Equal<typeof user.mail, string | null>>();
});
socket.on("changed", (changes, note) => {
  is<Equal<typeof note, unknown>>();
  for (const change of Object.values(changes)) {
    if (change.kind === "renamed") is<Equal<typeof change.to, string>>();
    if (change.kind === "painted") new Blob([new Uint8Array(change.content)]);
  }
});
socket.on("are you there?", (callback) => {
  is<Equal<typeof callback, (reply: boolean) => void>>();
  callback(true);
});

socket.emit("send-message", "lobby", "hello", (reply) => is<Equal<typeof reply, number>>());
socket.emit("search", "lobby", ["cats"]);
socket.emit("search", "lobby", ["cats"], null);
socket.emit("search", "lobby", ["cats"], 10);
socket.emit("upload", "cat.png", new Uint8Array(4), () => {});
socket.emit("upload", "cat.png", new ArrayBuffer(4), () => {});
socket.emit("position", (x, y) => {
  is<Equal<typeof x, number>>();
  is<Equal<typeof y, number>>();
});
socket.timeout(1000).emit("users", 2, (error, page) => {
  is<Equal<typeof error, Error>>();
  is<Equal<(typeof page.items)[number], User>>();
});

export async function ask() {
  const id = await socket.emitWithAck("send-message", "lobby", "hello");
  is<Equal<typeof id, number>>();
  const signedIn = await socket.emitWithAck("sign-in", { name: "ada", password: "secret" });
  if ("Ok" in signedIn) is<Equal<typeof signedIn.Ok, User>>();
  const page = await socket.emitWithAck("users", null);
  is<Equal<typeof page.next, number | null>>();
}
