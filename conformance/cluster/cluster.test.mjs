// Sessions without sticky sessions: three servers behind a proxy that gives each connection to the next of them, and the
// unmodified official client.
//
// CLUSTER_CMD starts the servers; CLUSTER_CWD is the folder in which it runs.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";

const folder = dirname(fileURLToPath(import.meta.url));
const command = process.env.CLUSTER_CMD ?? "target/debug/cluster_fixture";
const cwd = process.env.CLUSTER_CWD ?? join(folder, "../..");
const children = new Set();
const proxies = new Set();
after(() => {
  children.forEach((child) => child.kill("SIGKILL"));
  proxies.forEach((proxy) => proxy.close());
});

/** Starts the servers and gives their ports. */
async function start(environment = {}) {
  const [program, ...args] = command.split(" ");
  const child = spawn(program, args, { cwd, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const ports = /^ports ([\d ]+)$/.exec(line)?.[1];
    if (ports) return ports.split(" ").map(Number);
  }
  throw new Error("the servers have ended");
}

/**
 * A proxy that gives each connection to the next server, or to the one that `choose` names by its first request; `counts` says how
 * many each got, `chosen` which.
 */
async function balanced(ports, choose = () => undefined) {
  const counts = ports.map(() => 0);
  const chosen = [];
  const proxy = createServer((near) => {
    near.on("error", () => near.destroy());
    near.once("data", (begin) => {
      const index = choose(begin.toString("latin1"), chosen) ?? chosen.length % ports.length;
      chosen.push(index);
      counts[index] += 1;
      const far = connect(ports[index], "127.0.0.1");
      far.write(begin);
      for (const [from, to] of [[near, far], [far, near]]) {
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
      }
    });
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  proxies.add(proxy);
  return { port: proxy.address().port, counts, chosen };
}

const names = ["red", "blue", "green"];

const once = (emitter, event) => new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));

/** A client, connected. */
async function client(port, options = {}) {
  const socket = io(`http://127.0.0.1:${port}`, { forceNew: true, reconnection: false, ...options });
  await Promise.race([
    once(socket, "connect"),
    once(socket, "connect_error").then(([error]) => { throw error; }),
  ]);
  return socket;
}

/** Sends numbers, with what they are acknowledged by and what comes back for each. */
async function converse(socket, count) {
  const back = [];
  const all = new Promise((resolve) => socket.on("back", (number) => back.push(number) === count && resolve()));
  const acked = [];
  for (let number = 0; number < count; number++) {
    socket.emit("back", number, { text: "é€😀" });
    acked.push(socket.emitWithAck("echo", number));
    if (number % 5 === 4) await acked.at(-1);
  }
  const numbers = Array.from({ length: count }, (_, number) => number);
  assert.deepEqual(await Promise.all(acked), numbers);
  await all;
  assert.deepEqual(back, numbers);
}

test("a polling client talks to three servers in turn", async () => {
  const { port, counts } = await balanced(await start());
  const socket = await client(port, { transports: ["polling"] });
  await converse(socket, 60);
  assert.deepEqual(await socket.emitWithAck("echo", Buffer.from([1, 2, 255])), Buffer.from([1, 2, 255]));
  assert.ok(counts.every((count) => count > 5), `all servers were asked: ${counts}`);
  socket.close();
});

test("a client moves to the server of its WebSocket", async () => {
  let first = 0;
  const isUpgrade = (head) => /^upgrade: websocket\r$/im.test(head);
  const behind = (index) => (index + 1) % names.length;
  const choose = (head, chosen) => (isUpgrade(head) ? behind(chosen[first]) : undefined);
  const { port, chosen } = await balanced(await start({ MOVE: "1" }), choose);
  for (let round = 0; round < 6; round++) {
    first = chosen.length;
    const socket = await client(port);
    if (socket.io.engine.transport.name !== "websocket") await once(socket.io.engine, "upgrade");
    await converse(socket, 20);
    assert.equal(await socket.emitWithAck("where"), names[behind(chosen[first])]);
    socket.close();
  }
});

test("a client that upgrades late stays at its server, wherever its WebSocket is", async () => {
  const { port } = await balanced(await start({ STAY: "1" }));
  for (let round = 0; round < 6; round++) {
    const socket = await client(port);
    const home = await socket.emitWithAck("where");
    const talking = converse(socket, 40);
    if (socket.io.engine.transport.name !== "websocket") await once(socket.io.engine, "upgrade");
    await talking;
    assert.equal(await socket.emitWithAck("where"), home);
    assert.deepEqual(await socket.emitWithAck("echo", Buffer.from([1, 2, 255])), Buffer.from([1, 2, 255]));
    socket.close();
  }
});

for (const transports of [["polling"], ["polling", "websocket"]]) {
  const how = transports.join(" and ");
  test(`heartbeats keep a session by ${how}`, async () => {
    const { port } = await balanced(await start({ STAY: "1" }));
    const socket = await client(port, { transports });
    await new Promise((resolve, reject) => {
      let beats = 0;
      socket.io.engine.on("heartbeat", () => ++beats === 3 && resolve());
      socket.once("disconnect", (reason) => reject(new Error(`disconnected: ${reason}`)));
    });
    await converse(socket, 5);
    socket.close();
  });

  test(`both sides learn the end of a session by ${how}`, async () => {
    const { port } = await balanced(await start({ STAY: "1" }));
    const watcher = await client(port, { transports: ["websocket"] });
    const first = await client(port, { transports });
    const gone = once(watcher, "gone");
    const id = first.id;
    first.close();
    const [who, reason] = await gone;
    assert.equal(who, id);
    assert.match(reason, /^(client namespace disconnect|transport close)$/);

    const second = await client(port, { transports });
    const told = once(second, "disconnect");
    second.emit("leave");
    assert.equal((await told)[0], "io server disconnect");
    watcher.close();
  });
}

test("20 clients are told everything, in order, wherever they are", async () => {
  const { port } = await balanced(await start());
  const kinds = [{ transports: ["polling"] }, {}, { transports: ["websocket"] }];
  const sockets = await Promise.all(Array.from({ length: 20 }, (_, index) => client(port, kinds[index % kinds.length])));
  const numbers = Array.from({ length: 100 }, (_, number) => number);
  const heard = sockets.map((socket) => new Promise((resolve) => {
    const all = [];
    socket.on("all", (number) => all.push(number) === numbers.length && resolve(all));
  }));
  numbers.forEach((number) => sockets[0].emit("all", number));
  for (const all of await Promise.all(heard)) assert.deepEqual(all, numbers);
  sockets.forEach((socket) => socket.close());
});
