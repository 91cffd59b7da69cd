// What every pair does. The server is the fixture of conformance/server/README.md.

import assert from "node:assert/strict";
import { FAST, MSGPACK, RECOVERY } from "./programs.mjs";

const VALUES = [1, -2.5, "hé\u{1f600} \u2028", true, null, [1, ["x"]], { a: { b: [] }, "": 0, _placeholder: true }, Number.MAX_SAFE_INTEGER];
const bytes = (size, first = 0) => Buffer.from(Array.from({ length: size }, (_, i) => (i + first) & 255));
const numbers = (count, from = 0) => Array.from({ length: count }, (_, i) => from + i);
const MAX_PAYLOAD = 1000000;

/** The first arguments of so many calls of a listener. */
async function heard(socket, event, count) {
  const first = [];
  for (let i = 0; i < count; i++) first.push((await socket.event(event)).args[0]);
  return first;
}

export const scenarios = {
  async "a client connects with its auth, by the transport that was asked for"(scope) {
    const auth = { token: "secret", nested: { list: [1, "é"] } };
    const socket = await scope.open("/auth", { auth, autoConnect: false });
    await socket.on("auth");
    await socket.connect();
    await socket.take("connect");

    assert.deepEqual((await socket.event("auth")).args, [auth]);
    const seen = await socket.emitWithAck("whoami");
    assert.equal(seen.id, (await socket.state()).id);
    assert.deepEqual([seen.nsp, seen.protocol, seen.data], ["/auth", 4, { steps: ["first", "second"] }]);
    assert.equal(await scope.settled(socket), scope.transports.at(-1));
    assert.equal((await socket.emitWithAck("whoami")).transport, scope.transports.at(-1));
  },

  async "a refusal of a middleware comes with its message and data, and is final"(scope) {
    const socket = await scope.open("/auth", { auth: { token: "wrong" } });

    const refused = await socket.take("connect_error");
    assert.deepEqual([refused.message, refused.data, refused.active], ["unauthorized", { code: 401, hint: "token" }, false]);
    const without = await scope.open("/auth");
    const missing = await without.take("connect_error");
    assert.deepEqual([missing.message, missing.data, missing.active], ["missing token", null, false]);
  },

  async "a namespace that does not exist is refused, and the others live"(scope) {
    const socket = await scope.connected();
    const nowhere = await socket.manager.socket("/nowhere");

    assert.equal((await nowhere.take("connect_error")).message, "Invalid namespace");
    assert.deepEqual(await socket.emitWithAck("message-with-ack", ["still here"]), "still here");
  },

  async "events with every kind of value go both ways"(scope) {
    const socket = await scope.connected();
    await socket.on("message-back");
    await socket.emit("message", ...VALUES);
    await socket.emit("message");

    assert.deepEqual((await socket.event("message-back")).args, VALUES);
    assert.deepEqual((await socket.event("message-back")).args, []);
  },

  async "acknowledgements go both ways"(scope) {
    const socket = await scope.connected();
    const { done } = socket.emitAck("message-with-ack", VALUES);
    assert.deepEqual((await done).args, VALUES);

    await socket.on("question", { answer: ["answer", 42] });
    const answer = await socket.emitWithAck("ask", [{ event: "question", args: [1] }]);
    assert.deepEqual(answer, { timedOut: false, args: ["answer", 42] });
  },

  async "an acknowledgement that comes too late is a timeout on either side"(scope) {
    const socket = await scope.connected();
    const { done } = socket.emitAck("slow-ack", [500], { timeout: 50 });
    assert.equal((await done).error, "operation has timed out");

    await socket.on("silence");
    const answer = await socket.emitWithAck("ask", [{ event: "silence", args: [], timeout: 50 }]);
    assert.deepEqual(answer, { timedOut: true, args: [] });
  },

  async "bytes go both ways, anywhere in the arguments"(scope) {
    const socket = await scope.connected();
    const args = [bytes(3), { deep: [bytes(1000, 7), "text", { empty: bytes(0) }] }, "end"];
    assert.deepEqual((await socket.emitAck("message-with-ack", args).done).args, args);
    const described = await socket.emitWithAck("describe", [{ data: bytes(2) }]);
    assert.equal(described, '[{"data":{"$bin":"0001"}}]');

    await socket.on("binary");
    await socket.emit("send-binary", { count: 3, size: 50 });
    assert.deepEqual((await socket.event("binary")).args, [[bytes(50), bytes(50, 1), bytes(50, 2)]]);
    await socket.on("question", { answer: [bytes(4, 9)] });
    const answer = await socket.emitWithAck("ask", [{ event: "question", args: [bytes(2)] }]);
    assert.deepEqual(answer.args, [bytes(4, 9)]);
  },

  async "namespaces share a connection and do not mix"(scope) {
    const main = await scope.connected();
    const names = ["/custom", "/unicode-ñ-日本", "/dyn-a", "/dyn-b", "/gate-x"];
    const sockets = await Promise.all(names.map((name) => main.manager.socket(name, { auth: { pass: true } })));
    await Promise.all(sockets.map((socket) => socket.take("connect")));
    const all = [main, ...sockets];
    await Promise.all(all.map((socket) => socket.on("message-back")));
    await Promise.all(all.map((socket, i) => socket.emit("message", i)));

    for (const [i, socket] of all.entries()) {
      assert.deepEqual((await socket.event("message-back")).args, [i]);
      assert.equal((await socket.emitWithAck("whoami")).nsp, ["/", ...names][i]);
    }
    const ids = new Set(await Promise.all(all.map(async (socket) => (await socket.state()).id)));
    assert.equal(ids.size, all.length);
    assert.ok(all.every((socket) => socket.events("message-back").length === 1));
    assert.equal(main.manager.all("open").length, 1);
  },

  async "broadcasts reach the rooms and nobody else"(scope) {
    const [a, b, c] = [await scope.connected("/custom"), await scope.connected("/custom"), await scope.connected("/custom")];
    const room = `room of ${a.first.id}`;
    for (const socket of [a, b, c]) await socket.on("news");
    for (const socket of [a, b]) assert.ok((await socket.emitWithAck("join", [room])).includes(room));
    const cast = (socket, fields) => socket.emitWithAck("cast", [{ rooms: [room], event: "news", ...fields }]);
    await cast(c, { args: ["to the room", bytes(3)] });
    await cast(a, { from: "socket", args: ["from a"] });
    await cast(c, { except: [a.first.id], args: ["but a"] });
    await b.emitWithAck("leave", [room]);
    await cast(c, { args: ["without b"] });
    // A last word to each, behind everything else.
    for (const socket of [a, b, c]) await socket.emitWithAck("cast", [{ rooms: [socket.first.id], event: "news", args: ["end"] }]);

    assert.deepEqual(await heard(a, "news", 3), ["to the room", "without b", "end"]);
    assert.deepEqual(await heard(b, "news", 4), ["to the room", "from a", "but a", "end"]);
    assert.deepEqual(await heard(c, "news", 1), ["end"]);
    assert.deepEqual(a.events("news")[0].args[1], bytes(3));
  },

  async "a broadcast gathers the answers of all"(scope) {
    const sockets = [await scope.connected("/custom"), await scope.connected("/custom")];
    const room = `answers of ${sockets[0].first.id}`;
    for (const [i, socket] of sockets.entries()) {
      await socket.on("poll", { answer: [`answer ${i}`] });
      await socket.emitWithAck("join", [room]);
    }
    const ask = { rooms: [room], event: "poll", args: [], timeout: 5000 };
    const { args } = await sockets[0].emitAck("cast-ack", [ask]).done;

    assert.equal(args[0], false);
    assert.deepEqual([...args[1]].sort(), ["answer 0", "answer 1"]);
  },

  async "volatile events arrive while connected, and are dropped while there is no connection"(scope) {
    const network = await scope.network();
    const socket = await scope.connected("/", { port: network.port });
    // Volatile events leave only over a connection that is free.
    await scope.settled(socket);
    await socket.on("message-back");
    await socket.on("blink");
    let echoed;
    for (let i = 0; echoed === undefined; i++) {
      await socket.emitWith({ volatile: true }, "message", i);
      await socket.emitWithAck("message-with-ack", ["after it"]);
      echoed = socket.events("message-back")[0]?.args[0];
      assert.ok(i < 100, "none of 100 volatile events has arrived");
    }
    for (let i = 0; socket.events("blink").length === 0; i++) {
      await socket.emit("volatile", "blink", i);
      await socket.emitWithAck("message-with-ack", ["after it"]);
      assert.ok(i < 100, "none of 100 volatile events has arrived");
    }

    await network.down();
    await socket.take("disconnect");
    // The official client keeps volatile events until the first attempt.
    await socket.manager.take("reconnect_error");
    const before = socket.events("message-back").length;
    await socket.emitWith({ volatile: true }, "message", "dropped");
    await socket.emit("message", "kept");
    network.up();
    await socket.take("connect");
    await socket.emitWithAck("message-with-ack", ["after it"]);
    assert.deepEqual(socket.events("message-back").slice(before).map((event) => event.args), [["kept"]]);
  },

  async "a client that disconnects is gone for the server, and can come again"(scope) {
    const watcher = await scope.connected();
    const socket = await scope.connected();
    const other = await socket.manager.socket("/custom");
    await other.take("connect");
    await socket.disconnect();

    const gone = await socket.take("disconnect");
    assert.deepEqual([gone.reason, gone.active], ["io client disconnect", false]);
    assert.equal(await other.emitWithAck("message-with-ack", ["still here"]), "still here");
    let journal = [];
    while (journal.length < 3) journal = await watcher.emitWithAck("log", [socket.first.id]);
    assert.deepEqual(journal.map(([what, reason]) => [what, reason]), [
      ["connect", undefined],
      ["disconnecting", "client namespace disconnect"],
      ["disconnect", "client namespace disconnect"],
    ]);
    await socket.connect();
    assert.notEqual((await socket.take("connect")).id, socket.first.id);
  },

  async "a server that disconnects a socket does not get it back by itself"(scope) {
    for (const close of [false, true]) {
      const socket = await scope.connected();
      await socket.emit("kick", close);
      const gone = await socket.take("disconnect");
      assert.deepEqual([gone.reason, gone.active], ["io server disconnect", false]);
      await socket.connect();
      assert.notEqual((await socket.take("connect")).id, socket.first.id);
    }
  },

  async "a server that closes the connection gets its client back"(scope) {
    const socket = await scope.connected();
    await socket.emit("close-conn");

    const gone = await socket.take("disconnect");
    assert.deepEqual([gone.reason, gone.active], ["transport close", true]);
    assert.notEqual((await socket.take("connect")).id, socket.first.id);
    assert.equal(await socket.emitWithAck("message-with-ack", ["again"]), "again");
  },

  async "a connection that is cut is opened again, and what was emitted meanwhile comes in order"(scope) {
    const network = await scope.network();
    const socket = await scope.connected("/", { port: network.port });
    await socket.on("message-back");
    await network.down();
    const gone = await socket.take("disconnect");
    assert.ok(["transport close", "transport error"].includes(gone.reason), gone.reason);
    await socket.emitMany("message", 100);
    await socket.manager.take("reconnect_error");
    network.up();

    await socket.take("connect");
    assert.deepEqual(await heard(socket, "message-back", 100), numbers(100));
    assert.ok((await socket.state()).connected);
  },

  async "a session that was cut is recovered with its rooms and what it missed"(scope) {
    const network = await scope.network(RECOVERY);
    const socket = await scope.connected("/", { port: network.port });
    const other = await scope.connected("/", { offset: RECOVERY, transports: ["websocket"] });
    await scope.settled(socket);
    const room = `missed by ${socket.first.id}`;
    await socket.on("news");
    await socket.emitWithAck("join", [room]);
    await other.emitWithAck("cast", [{ rooms: [room], event: "news", args: ["before"] }]);
    await socket.event("news");
    await network.down();
    await socket.take("disconnect");
    let journal = [];
    while (journal.length < 2) journal = await other.emitWithAck("log", [socket.first.id]);
    const cast = (i) => other.emitWithAck("cast", [{ rooms: [room], event: "news", args: [i, bytes(2)] }]);
    await Promise.all(numbers(10).map(cast));
    network.up();

    const back = await socket.take("connect");
    assert.deepEqual([back.recovered, back.id], [true, socket.first.id]);
    assert.deepEqual(await heard(socket, "news", 10), numbers(10));
    await other.emitWithAck("cast", [{ rooms: [room], event: "news", args: ["after"] }]);
    assert.deepEqual(await heard(socket, "news", 1), ["after"]);
  },

  async "MessagePack goes both ways"(scope) {
    const socket = await scope.connected("/", { offset: MSGPACK, parser: "msgpack" });
    const args = [...VALUES, bytes(300), { deep: [bytes(1)] }];
    assert.deepEqual((await socket.emitAck("message-with-ack", args).done).args, args);
    await socket.on("question", { answer: [bytes(2), "and text"] });
    const answer = await socket.emitWithAck("ask", [{ event: "question", args: [{ a: 1 }] }]);
    assert.deepEqual(answer, { timedOut: false, args: [bytes(2), "and text"] });
    await socket.on("ordered");
    await socket.emit("ordered", 300);
    assert.deepEqual(await heard(socket, "ordered", 300), numbers(300));
  },

  async "a message as large as the server takes arrives whole"(scope) {
    const socket = await scope.connected();
    // The first awaited event has the id 0.
    const text = "x".repeat(MAX_PAYLOAD - '420["message-with-ack",""]'.length);
    assert.equal(await socket.emitWithAck("message-with-ack", [text]), text);
  },

  async "messages that are too much for one body arrive all"(scope) {
    const socket = await scope.connected();
    await socket.on("message-back");
    await socket.emitMany("message", 40, { size: 60000 });

    assert.deepEqual(await heard(socket, "message-back", 40), numbers(40));
    const whole = Buffer.alloc(60000, 7);
    assert.ok(socket.events("message-back").every((event) => whole.equals(event.args[1])));
  },

  async "1,000 messages each way keep their order"(scope) {
    const socket = await scope.connected();
    await socket.on("message-back");
    await socket.on("ordered");
    await socket.emit("ordered", 1000);
    await socket.emitMany("message", 1000);

    assert.deepEqual(await heard(socket, "ordered", 1000), numbers(1000));
    assert.deepEqual(await heard(socket, "message-back", 1000), numbers(1000));
    const withBytes = socket.events("ordered").filter((event) => event.args.length === 2);
    assert.deepEqual(withBytes.map((event) => event.args[1][0]), numbers(1000).filter((i) => i % 3 === 1).map((i) => i & 255));
  },

  async "the queue of retries brings each answer once, in order, through a cut"(scope) {
    const network = await scope.network();
    const socket = await scope.connected("/", { port: network.port, retries: 10, ackTimeout: 2000 });
    const asked = numbers(30).map((i) => socket.emitAck("message-with-ack", [i]));
    await asked[10].done;
    await network.cut();

    const answers = await Promise.all(asked.map(({ done }) => done));
    assert.deepEqual(answers.map((answer) => answer.args), numbers(30).map((i) => [i]));
    assert.ok(asked.every(({ calls }) => calls().length === 1));
    const order = socket.all("ack").map((report) => report.args[0]);
    assert.deepEqual(order, numbers(30));
  },

  async "heartbeats keep a connection"(scope) {
    const socket = await scope.connected("/", { offset: FAST });
    for (let i = 0; i < 3; i++) await socket.manager.take("ping");

    assert.equal(await socket.emitWithAck("message-with-ack", ["alive"]), "alive");
    assert.equal((await socket.state()).id, socket.first.id);
  },
};
