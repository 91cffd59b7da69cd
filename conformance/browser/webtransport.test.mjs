// The official client over WebTransport, against the program `webtransport`.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { launch, open } from "./lib/browser.mjs";
import { Program } from "./lib/program.mjs";
import { becomes, until } from "./lib/until.mjs";

const COMMAND = process.env.WEBTRANSPORT_CMD ?? "target/release/webtransport";
const FIRST_PORT = Number(process.env.BROWSER_PORT ?? 25600);
const CASE = { timeout: 30_000 };
// A promise of the client that nobody waits for, once its session is closed.
const LEFT_OVER = "WebTransportError: The session is closed.";

const program = new Program(COMMAND);
let browser;

before(async () => {
  browser = await launch({ quic: true });
  await program.startNear(FIRST_PORT);
}, { timeout: 60_000 });
after(async () => {
  await browser?.close();
  await program.stop();
});

/** Runs `body` with a page that has the client's bundle; afterwards no session may be left. */
function scene(title, body) {
  it(title, CASE, async () => {
    program.lines.length = 0;
    const { page, watch, close } = await open(browser, `${program.url}/`);
    try {
      await body({ page, watch });
      assert.deepEqual(watch.errors.filter((text) => text !== LEFT_OVER), [], "errors in the console");
      program.assertAlive();
    } finally {
      await close();
    }
    await becomes(sessions, 0, 8000);
  });
}

async function sessions() {
  const answer = await fetch(`${program.url}/sessions`);
  return Number(await answer.text());
}

/** Connects the client `socket` of the page over `transports`. */
function connect(page, transports) {
  return page.evaluate((transports) => new Promise((done, fail) => {
    const socket = window.io({
      transports,
      transportOptions: { webtransport: window.certificates },
      reconnection: false,
    });
    window.socket = socket;
    window.events = [];
    window.disconnects = [];
    socket.onAny((name, ...args) => window.events.push([name, ...args]));
    socket.on("disconnect", (reason) => window.disconnects.push(reason));
    socket.on("connect_error", (error) => fail(new Error(`${error.message}: ${error.description}`)));
    socket.on("connect", () => done(socket.io.engine.transport.name));
  }), transports);
}

const events = (page) => page.evaluate(() => window.events);
const disconnects = (page) => page.evaluate(() => window.disconnects);
const ask = (page, ...args) =>
  page.evaluate((args) => window.socket.timeout(3000).emitWithAck(...args), args);

scene("a client connects over WebTransport alone", async ({ page, watch }) => {
  assert.equal(await connect(page, ["webtransport"]), "webtransport");

  assert.equal(await ask(page, "transport"), "webtransport");
  assert.deepEqual(program.lines.filter((line) => line.startsWith("connected")), ["connected over webtransport"]);
  assert.deepEqual(watch.requests.filter((url) => url.includes("transport=polling")), []);
  assert.deepEqual(watch.webSockets, []);
});

scene("a client that began with polling moves to WebTransport", async ({ page }) => {
  assert.equal(await connect(page, ["polling", "webtransport"]), "polling");

  await becomes(() => page.evaluate(() => window.socket.io.engine.transport.name), "webtransport");
  await becomes(() => ask(page, "transport"), "webtransport");
  assert.deepEqual(program.lines, ["connected over polling"]);
});

scene("of all transports the client prefers WebTransport for its upgrade", async ({ page, watch }) => {
  await connect(page, ["polling", "websocket", "webtransport"]);

  await becomes(() => page.evaluate(() => window.socket.io.engine.transport.name), "webtransport");
  assert.equal(await ask(page, "transport"), "webtransport");
  assert.deepEqual(watch.failures, []);
});

scene("what was sent before and during the upgrade arrives once and in order", async ({ page }) => {
  await connect(page, ["polling", "webtransport"]);
  await page.evaluate(async () => {
    for (let number = 0; number < 500; number++) {
      window.socket.emit("echo", number);
      if (number % 25 === 0) await new Promise((done) => setTimeout(done, 2));
    }
  });

  await becomes(async () => (await events(page)).length, 500);
  assert.deepEqual(await events(page), Array.from({ length: 500 }, (_, number) => ["echo", number]));
  await becomes(() => ask(page, "transport"), "webtransport");
});

for (const transports of [["webtransport"], ["polling", "webtransport"]]) {
  const over = transports.join(" then ");

  scene(`text of every length comes back over ${over}`, async ({ page }) => {
    await connect(page, transports);
    const lengths = [0, 1, 100, 111, 112, 113, 125, 126, 65520, 65535, 65536, 300_000];
    const texts = lengths.map((length) => "é😀x".repeat(length).slice(0, length));
    for (const text of texts) {
      await page.evaluate((text) => window.socket.emit("echo", text), text);
    }

    await becomes(() => events(page), texts.map((text) => ["echo", text.toWellFormed?.() ?? text]));
  });

  // The client cannot send 0 bytes over WebTransport: a length of 0 is refused, as by the official server.
  scene(`bytes of every length come back over ${over}`, async ({ page }) => {
    await connect(page, transports);
    const lengths = [1, 125, 126, 127, 65535, 65536, 300_000];
    const same = await page.evaluate(async (lengths) => {
      const bytesOf = (length) => Uint8Array.from({ length }, (_, at) => (at * 7 + length) % 256);
      const matches = [];
      for (const length of lengths) {
        const [text, { back }] = await window.socket.timeout(3000)
          .emitWithAck("reply", ["with bytes", { back: bytesOf(length) }]);
        const received = new Uint8Array(back);
        matches.push(text === "with bytes" && received.length === length
          && bytesOf(length).every((byte, at) => byte === received[at]));
      }
      return matches;
    }, lengths);

    assert.deepEqual(same, lengths.map(() => true));
  });
}

scene("bytes of no length arrive", async ({ page }) => {
  await connect(page, ["webtransport"]);
  const received = await page.evaluate(() => new Promise((done) => {
    window.socket.on("empty", (bytes, text) => done([bytes instanceof ArrayBuffer, bytes.byteLength, text]));
    window.socket.emit("empty");
  }));

  assert.deepEqual(received, [true, 0, "behind"]);
  assert.equal(await ask(page, "transport"), "webtransport");
});

scene("acknowledgements go both ways", async ({ page }) => {
  await connect(page, ["webtransport"]);
  await page.evaluate(() => window.socket.on("question", (question, ack) => ack({ question })));

  assert.deepEqual(await ask(page, "reply", [1, "two", [3]]), [1, "two", [3]]);
  assert.deepEqual(await ask(page, "ask", "why?"), { question: "why?" });
});

scene("the heartbeat keeps a quiet client", async ({ page }) => {
  await connect(page, ["webtransport"]);
  await page.evaluate(() => {
    window.pings = 0;
    window.socket.io.engine.on("ping", () => window.pings++);
  });

  await until(async () => (await page.evaluate(() => window.pings)) >= 5, "five pings");
  assert.equal(await ask(page, "transport"), "webtransport");
  assert.deepEqual(await disconnects(page), []);
});

scene("a client that does not answer the heartbeat is closed", async ({ page }) => {
  await connect(page, ["webtransport"]);
  await page.evaluate(() => {
    const { transport } = window.socket.io.engine;
    transport.write = () => {};
    transport.send = () => {};
  });

  await program.line("disconnected: ping timeout");
  await becomes(() => disconnects(page), ["transport close"]);
});

scene("a client that leaves is gone at once", async ({ page }) => {
  await connect(page, ["webtransport"]);
  await page.evaluate(() => window.socket.disconnect());

  await program.line("disconnected: client namespace disconnect");
  await becomes(sessions, 0, 1000);
  assert.deepEqual(await disconnects(page), ["io client disconnect"]);
});

scene("a client whose transport is closed is gone at once", async ({ page }) => {
  await connect(page, ["webtransport"]);
  await page.evaluate(() => window.socket.io.engine.close());

  await program.line("disconnected: transport close");
  await becomes(sessions, 0, 1000);
});

scene("a page that is closed ends its session", async ({ page }) => {
  await connect(page, ["webtransport"]);
  await page.goto("about:blank");

  await program.line("disconnected: transport close");
});

scene("everything that was sent before a disconnection arrives", async ({ page }) => {
  await connect(page, ["webtransport"]);
  await page.evaluate(() => window.socket.emit("burst", 2000));

  await becomes(() => disconnects(page), ["io server disconnect"]);
  const numbers = (await events(page)).map(([, number]) => number);
  assert.deepEqual(numbers, Array.from({ length: 2000 }, (_, number) => number));
});

scene("a server that closes the session ends it gracefully", async ({ page }) => {
  await connect(page, ["webtransport"]);
  await page.evaluate(() => window.socket.emit("leave"));

  await program.line("disconnected: forced close");
  await becomes(() => disconnects(page), ["transport close"]);
});

scene("a client that comes back gets a new session", async ({ page }) => {
  await connect(page, ["webtransport"]);
  const first = await page.evaluate(() => window.socket.id);
  await page.evaluate(() => window.socket.emit("leave"));
  await becomes(() => disconnects(page), ["transport close"]);
  await page.evaluate(() => window.socket.connect());

  await until(() => page.evaluate(() => window.socket.connected), "connected again");
  assert.notEqual(await page.evaluate(() => window.socket.id), first);
  assert.equal(await ask(page, "transport"), "webtransport");
});

it("a page is told when the server stops", CASE, async () => {
  const { page, close } = await open(browser, `${program.url}/`);
  try {
    await connect(page, ["webtransport"]);
    const { child, port } = program;
    child.kill("SIGTERM");
    await program.ended;

    assert.equal(child.exitCode, 0);
    await becomes(() => disconnects(page), ["transport close"]);
    await program.start(port);
  } finally {
    await close();
  }
});
