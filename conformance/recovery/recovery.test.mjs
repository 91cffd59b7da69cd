// Recovery where the official server fails, with the unmodified official client.
//
// RECOVERY_CMD starts the server; RECOVERY_CWD is the folder in which it runs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";

const folder = dirname(fileURLToPath(import.meta.url));
const command = process.env.RECOVERY_CMD ?? "target/debug/recovery_fixture";
const cwd = process.env.RECOVERY_CWD ?? join(folder, "../..");
const children = new Set();
after(() => children.forEach((child) => child.kill("SIGKILL")));

/** Starts a server and gives its process and port. */
async function start(environment = {}) {
  const [program, ...args] = command.split(" ");
  const child = spawn(program, args, { cwd, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^port (\d+)$/.exec(line)?.[1];
    if (port) return { child, port: Number(port) };
  }
  throw new Error("the server has ended");
}

async function kill({ child }) {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  children.delete(child);
}

const QUICK = { reconnectionDelay: 20, reconnectionDelayMax: 20, randomizationFactor: 0 };

/** A client, connected. */
async function client(port, options = {}) {
  const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true, ...QUICK, ...options });
  await once(socket, "connect");
  return socket;
}

const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));

/** Waits for the event for which `matches` holds. */
function until(socket, event, matches) {
  return new Promise((resolve) => {
    const listener = (...args) => {
      if (!matches(...args)) return;
      socket.off(event, listener);
      resolve(args);
    };
    socket.on(event, listener);
  });
}

/** Breaks the client's connection as a network does. */
const cut = (socket) => socket.io.engine.transport.ws._socket.destroy();

/** Breaks the connection, does something while the client is away, and waits until it is back. */
async function away(socket, other, act) {
  const id = socket.id;
  const gone = until(other, "gone", (who) => who === id);
  socket.io.opts.reconnectionDelay = 300;
  socket.io.opts.reconnectionDelayMax = 300;
  socket.io.backoff.setMin(300);
  socket.io.backoff.setMax(300);
  const back = once(socket, "connect");
  cut(socket);
  await gone;
  await act();
  await back;
}

/** A server with a client that may be cut and one that stays. */
async function pair(t, options) {
  const server = await start();
  const socket = await client(server.port, options);
  const other = await client(server.port);
  t.after(async () => {
    socket.close();
    other.close();
    await kill(server);
  });
  return { server, socket, other };
}

/** Numbers of the room, as they come. */
function said(socket) {
  const numbers = [];
  socket.on("said", (number) => numbers.push(number));
  return numbers;
}

test("N1: a client that has received nothing yet recovers", async (t) => {
  const { socket, other } = await pair(t);
  const id = socket.id;
  const gone = said(socket);
  await away(socket, other, () => other.emit("say", id, 7));

  assert.equal(socket.recovered, true);
  assert.equal(socket.id, id);
  await socket.emitWithAck("join", "somewhere", 0);
  assert.deepEqual(gone, [7]);
});

test("N2: a volatile event that ends in a text does not break recovery", async (t) => {
  const { socket, other } = await pair(t);
  const id = socket.id;
  const numbers = said(socket);
  const flicker = once(socket, "status");
  socket.emit("flicker");
  assert.equal((await flicker)[0], "connected");
  await away(socket, other, () => other.emit("say", id, 7));

  assert.equal(socket.recovered, true);
  await socket.emitWithAck("join", "somewhere", 0);
  assert.deepEqual(numbers, [7]);
});

test("N3: a quiet client recovers though its last event is long forgotten", async (t) => {
  const { socket, other } = await pair(t);
  const id = socket.id;
  const numbers = said(socket);
  other.emit("say", id, 1);
  await once(socket, "said");
  for (let number = 0; number < 2000; number++) other.emit("say", "others", number);
  await other.emitWithAck("join", "nowhere", 0);
  await away(socket, other, () => other.emit("say", id, 2));

  assert.equal(socket.recovered, true);
  await socket.emitWithAck("join", "somewhere", 0);
  assert.deepEqual(numbers, [1, 2]);
});

test("N4: a client whose old connection still seems open takes its session over", async (t) => {
  const { server, socket: other } = await pair(t);
  // A network that loses the client's half of a connection and keeps the server's.
  const lost = [];
  const network = createServer((near) => {
    const far = connect(server.port, "127.0.0.1");
    lost.push(far);
    near.on("data", (bytes) => far.write(bytes)).on("error", () => {});
    far.on("data", (bytes) => near.write(bytes)).on("error", () => {});
    far.on("close", () => near.destroy());
  });
  await new Promise((resolve) => network.listen(0, "127.0.0.1", resolve));
  const socket = await client(network.address().port);
  t.after(() => {
    socket.close();
    lost.forEach((far) => far.destroy());
    network.close();
  });
  const { id } = socket;
  const numbers = said(socket);
  const gone = until(other, "gone", (who) => who === id);
  const back = once(socket, "connect");
  cut(socket);
  other.emit("say", id, 1);
  await back;

  assert.equal((await gone)[1], "taken over");
  assert.equal(socket.recovered, true);
  assert.equal(socket.id, id);
  await socket.emitWithAck("join", "somewhere", 0);
  assert.deepEqual(numbers, [1]);
});

test("N5: what the retries queue sends again is handled once, equal events or not", async (t) => {
  const { socket, other } = await pair(t, { retries: 3, ackTimeout: 20_000 });
  const counted = [];
  other.on("counted", (number) => counted.push(number));
  const answers = [];
  for (let round = 0; round < 60; round++) {
    const answer = socket.emitWithAck("count", "the same text each time");
    if (round % 3 === 0) {
      // Before the server has it, while the answer is on its way, or behind it.
      await new Promise((resolve) => setTimeout(resolve, round % 5));
      cut(socket);
    }
    answers.push(await answer);
    if (round % 20 === 7) {
      cut(socket);
      await once(socket, "connect");
    }
  }
  await other.emitWithAck("join", "somewhere", 0);

  const expected = Array.from({ length: 60 }, (_, index) => index + 1);
  assert.deepEqual(answers, expected);
  assert.deepEqual(counted, expected);
});

test("N6: who joins a room gets its last events in order, then what is new", async (t) => {
  const { socket, other } = await pair(t);
  const numbers = said(socket);
  for (let number = 1; number <= 5; number++) other.emit("say", "room", number);
  await other.emitWithAck("join", "elsewhere", 0);
  assert.equal(await socket.emitWithAck("join", "room", 3), 3);
  other.emit("say", "room", 6);
  await until(socket, "said", (number) => number === 6);
  assert.deepEqual(numbers, [3, 4, 5, 6]);
});

test("nothing is missing and nothing comes twice when the server is killed", async (t) => {
  const place = await mkdtemp(join(tmpdir(), "recovery-"));
  const environment = { LOG: join(place, "messages.redb") };
  let server = await start(environment);
  const sockets = await Promise.all(Array.from({ length: 20 }, () => client(server.port)));
  t.after(async () => {
    sockets.forEach((socket) => socket.close());
    await kill(server);
    await rm(place, { recursive: true });
  });
  const all = sockets.map(said);
  await Promise.all(sockets.map((socket) => socket.emitWithAck("join", "room", 0)));
  sockets.forEach((socket) => socket.on("ready", (answer) => answer()));
  sockets[0].emit("run", "room");
  const haveGot = (more) => {
    const goals = all.map((numbers) => numbers.length + more);
    return Promise.all(sockets.map((socket, index) => until(socket, "said", () => all[index].length >= goals[index])));
  };
  for (let round = 0; round < 3; round++) {
    await haveGot(100);
    const back = Promise.all(sockets.map((socket) => once(socket, "connect")));
    await kill(server);
    server = await start({ ...environment, PORT: String(server.port) });
    await back;
    sockets.forEach((socket) => assert.equal(socket.recovered, true));
    sockets[0].emit("run", "room");
  }
  await haveGot(100);
  for (const numbers of all) {
    assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, index) => index + 1));
  }
});
