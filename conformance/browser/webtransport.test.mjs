// The official client over WebTransport, against the program `webtransport`.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { launch, open } from "./lib/browser.mjs";
import { Program } from "./lib/program.mjs";
import { becomes, until } from "./lib/until.mjs";

const COMMAND = process.env.WEBTRANSPORT_CMD ?? "target/release/webtransport";
const FIRST_PORT = Number(process.env.BROWSER_PORT ?? 25600);
const CASE = { timeout: 30_000 };

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
      assert.deepEqual(watch.errors, [], "errors in the console");
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
  assert.deepEqual(program.lines, ["connected over webtransport"]);
  assert.deepEqual(watch.requests.filter((url) => url.includes("transport=polling")), []);
  assert.deepEqual(watch.webSockets, []);
});
