// B1 to B19: the React page of the chat example in Chromium, against the program `chat`.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { io } from "socket.io-client";
import { launch } from "./lib/browser.mjs";
import { build, ChatPage, PAGE_ORIGIN, PAGE_PORT, serve } from "./lib/chat_page.mjs";
import { Program } from "./lib/program.mjs";
import { becomes, until, windowForStrays } from "./lib/until.mjs";

const COMMAND = process.env.CHAT_CMD ?? "target/release/chat";
const FIRST_PORT = Number(process.env.BROWSER_PORT ?? 25600);
const CASE = { timeout: 30_000 };

const chat = new Program(COMMAND);
let browser;
let pages = [];

before(async () => {
  browser = await launch();
  await build();
  await chat.startNear(FIRST_PORT);
}, { timeout: 480_000 });
after(async () => {
  await browser?.close();
  await chat.stop();
});

/** Opens a page; it is watched and closed by `scene`. */
async function openPage(namespace = "", options = {}) {
  const page = await ChatPage.open(browser, chat.url + namespace, options);
  pages.push(page);
  return page;
}

async function openConnected(count, namespace) {
  const opened = [];
  for (let i = 0; i < count; i++) opened.push(await openPage(namespace));
  for (const page of opened) await page.connected();
  return opened;
}

/** Declares a case: after its body every page of it must be clean, unless `allows` names trouble. */
function scene(title, body, { allows } = {}) {
  it(title, CASE, async () => {
    try {
      await body();
      if (!allows) for (const { watch } of pages) watch.assertClean();
      chat.assertAlive();
    } finally {
      await Promise.all(pages.map((page) => page.close()));
      pages = [];
    }
  });
}

async function receivedBy(...openPages) {
  return Promise.all(openPages.map((page) => page.received()));
}

/** A's Room Name has been handled once A's own message, sent after it, has come back. */
async function joined(page, room) {
  await page.join(room);
  const earlier = (await page.received()).length;
  await page.send(page.id, `joined ${room}`);
  await until(async () => (await page.received()).length > earlier, `${room} is joined`);
}

const receivedWithoutOwn = async (...openPages) =>
  (await receivedBy(...openPages)).map((texts) => texts.filter((text) => !text.startsWith("joined ")));

async function directMessage() {
  const [a, b, c] = await openConnected(3);
  await a.send(b.id, "hi");

  await becomes(() => b.received(), ["hi"]);
  await windowForStrays();
  assert.deepEqual(await receivedBy(a, b, c), [[], ["hi"], []]);
  assert.deepEqual(b.watch.log, [`connected ${b.id}`, "received-message hi"]);
  assert.equal(await a.message.inputValue(), "");
  assert.equal(await a.room.inputValue(), b.id);
  await chat.line(`Data { room: '${b.id}', message: 'hi' }`);
}

async function roomMessage() {
  const [a, b, c] = await openConnected(3);
  await a.join("devs");
  assert.equal(await a.roomName.inputValue(), "");
  await joined(a, "devs");
  await joined(b, "devs");
  await a.send("devs", "to devs");

  await becomes(() => receivedWithoutOwn(a, b), [["to devs"], ["to devs"]]);
  await windowForStrays();
  assert.deepEqual(await receivedWithoutOwn(a, b, c), [["to devs"], ["to devs"], []]);
}

describe("the built page", () => {
  let vite;
  before(async () => (vite = await serve("preview")), { timeout: 30_000 });
  after(() => vite?.stop());

  scene("B1 shows its parts and an id that the server knows", async () => {
    const a = await openPage();
    await a.connected(undefined, 2000);

    assert.equal(await a.page.getByRole("heading", { level: 1 }).innerText(), "Welcome to Socket.IO");
    assert.equal(await a.page.getByRole("textbox").count(), 3);
    assert.equal(await a.page.getByRole("button").count(), 2);
    for (const part of [a.message, a.room, a.roomName, a.sendButton, a.joinButton]) {
      assert.ok(await part.isVisible());
    }
    assert.equal(await a.list.count(), 1);
    assert.deepEqual(await a.received(), []);
    assert.deepEqual(a.watch.log, [`connected ${a.id}`]);
    await chat.line(`User Connected ${a.id}`);
  });

  scene("B2 starts with polling and upgrades to one WebSocket that stays", async () => {
    const a = await openPage();
    const id = await a.connected();
    const frames = [];
    const [webSocket] = await until(() => a.watch.webSockets.length && a.watch.webSockets, "a WebSocket");
    webSocket.on("framesent", ({ payload }) => frames.push(payload));
    await becomes(async () => {
      await a.send(id, "over WebSocket");
      return frames.some((frame) => frame.startsWith("42"));
    }, true);

    const transports = a.watch.requests.filter((url) => url.includes("/socket.io/"))
      .map((url) => new URL(url).searchParams.get("transport"));
    assert.equal(transports[0], "polling");
    assert.equal(a.watch.webSockets.length, 1);
    assert.equal(webSocket.isClosed(), false);
    const answers = a.watch.responses.filter((response) => response.url().includes("transport=polling"));
    assert.ok(answers.length > 0);
    for (const answer of answers) {
      const headers = await answer.allHeaders();
      assert.equal(headers["access-control-allow-origin"], PAGE_ORIGIN);
      assert.equal(headers["access-control-allow-credentials"], "true");
    }
  });

  scene("B3 a message to an id reaches that page only", directMessage);

  scene("B4 a message to the own id comes back", async () => {
    const [a, b] = await openConnected(2);
    await a.send(a.id, "note to self");

    await becomes(() => a.received(), ["note to self"]);
    await windowForStrays();
    assert.deepEqual(await receivedBy(a, b), [["note to self"], []]);
  });

  scene("B5 a message to the empty room reaches nobody", async () => {
    const [a, b] = await openConnected(2);
    await a.send("", "lost");

    await chat.line("Data { room: '', message: 'lost' }");
    await windowForStrays();
    assert.deepEqual(await receivedBy(a, b), [[], []]);
    assert.equal(await a.status(), a.id);
  });

  scene("B6 a message to a room reaches its members once, the sender too", roomMessage);

  scene("B7 one who is not in a room may send to it and gets nothing", async () => {
    const [a, b, c] = await openConnected(3);
    await joined(a, "devs");
    await joined(b, "devs");
    await c.send("devs", "from outside");

    await becomes(() => receivedWithoutOwn(a, b), [["from outside"], ["from outside"]]);
    await windowForStrays();
    assert.deepEqual(await receivedWithoutOwn(a, b, c), [["from outside"], ["from outside"], []]);
  });

  scene("B8 joining twice is joining once", async () => {
    const [a, b] = await openConnected(2);
    await joined(a, "devs");
    await joined(a, "devs");
    await b.send("devs", "once");

    await becomes(() => receivedWithoutOwn(a), [["once"]]);
    await windowForStrays();
    assert.deepEqual(await receivedWithoutOwn(a), [["once"]]);
  });

  scene("B9 twenty messages come in order", async () => {
    const [a, b] = await openConnected(2);
    const texts = Array.from({ length: 20 }, (_, index) => `message ${index + 1}`);
    await a.room.fill(b.id);
    await a.message.focus();
    for (const text of texts) {
      await a.page.keyboard.type(text);
      await a.page.keyboard.press("Enter");
    }

    await becomes(() => b.received(), texts);
  });

  scene("B10 Enter sends and joins without a reload", async () => {
    const [a, b] = await openConnected(2);
    await a.roomName.fill("devs");
    await a.roomName.press("Enter");
    assert.equal(await a.roomName.inputValue(), "");
    await a.room.fill(b.id);
    await a.message.fill("by Enter");
    await a.message.press("Enter");
    await becomes(() => b.received(), ["by Enter"]);
    await b.send("devs", "to the joined");

    await becomes(() => a.received(), ["to the joined"]);
    assert.equal(await a.status(), a.id);
    assert.equal(await a.message.inputValue(), "");
    assert.equal(await a.room.inputValue(), b.id);
  });

  scene("B11 the server learns that a page was closed", async () => {
    const [a, b, c] = await openConnected(3);
    await b.close();
    pages.splice(pages.indexOf(b), 1);
    await chat.line(`User Disconnect ${b.id}`, 2000);
    await a.send(b.id, "too late");

    await chat.line(`Data { room: '${b.id}', message: 'too late' }`);
    await windowForStrays();
    assert.deepEqual(await receivedBy(a, c), [[], []]);
  });

  scene("B12 a page connects again after a restart, with a new id and no rooms", async () => {
    const [a, b] = await openConnected(2);
    await joined(a, "devs");
    const before = a.id;
    await chat.stop();
    await becomes(() => a.status(), "not connected");
    await chat.start();
    await a.connected(before, 6000);
    await b.connected(b.id, 6000);

    assert.deepEqual(await a.received(), ["joined devs"]);
    await b.send("devs", "to the old room");
    await chat.line("Data { room: 'devs', message: 'to the old room' }");
    await windowForStrays();
    assert.deepEqual(await a.received(), ["joined devs"]);
    await joined(a, "devs");
    await b.send("devs", "to the new room");
    await becomes(() => receivedWithoutOwn(a), [["to the new room"]]);
    for (const { watch } of pages) assert.equal(watch.navigations, 1);
  }, { allows: "failed requests while the server is away" });

  scene("B13 markup in a message is shown as text", async () => {
    const [a, b] = await openConnected(2);
    const markup = "<img src=x onerror=alert(1)><b>x</b>";
    await a.send(b.id, markup);

    await becomes(() => b.received(), [markup]);
    await windowForStrays();
    assert.equal(await b.list.locator("img, b").count(), 0);
    const foreign = b.watch.requests.filter((url) => new URL(url).pathname === "/x");
    assert.deepEqual(foreign, []);
    assert.equal(b.watch.dialogs, 0);
  });

  scene("B14 values that are not text are shown as JSON", async () => {
    const [b] = await openConnected(1);
    const client = io(chat.url, { forceNew: true });
    try {
      for (const message of [{ a: 1 }, null, 4]) client.emit("message", { room: b.id, message });
      await becomes(() => b.received(), ['{"a":1}', "null", "4"]);
    } finally {
      client.disconnect();
    }
    await b.send(b.id, "still alive");
    await becomes(async () => (await b.received()).at(-1), "still alive");
  });

  scene("B15 a newcomer is welcomed and announced", async () => {
    const [a] = await openConnected(1, "/greeting");
    await becomes(() => a.watch.log.length, 2);
    const [b] = await openConnected(1, "/greeting");

    const welcome = ({ id }) => [`connected ${id}`, `Welcome to the server ${id}`];
    await becomes(() => a.watch.log, [...welcome(a), `${b.id} joined the server`]);
    await becomes(() => b.watch.log, welcome(b));
    await windowForStrays();
    assert.deepEqual(b.watch.log, welcome(b));
  });

  scene("B16 the first stage of the note reaches everyone else", async () => {
    const [a, b] = await openConnected(2, "/everyone");
    await a.send("", "x");

    const [item] = await until(async () => (await b.received()).length && b.received(), "B has it");
    assert.deepEqual(JSON.parse(item), { room: "", message: "x" });
    await windowForStrays();
    assert.deepEqual((await receivedBy(a, b)).map((items) => items.length), [0, 1]);
  });

  scene("B18 a page of another origin is kept out and lives on", async () => {
    const a = await openPage("", { origin: `http://127.0.0.1:${PAGE_PORT}` });

    await until(() => a.watch.errors.some((text) => text.includes("CORS policy")), "the CORS error");
    assert.equal(await a.page.getByRole("heading", { level: 1 }).innerText(), "Welcome to Socket.IO");
    assert.equal(await a.status(), "not connected");
    await a.message.fill("the form lives");
    assert.equal(await a.message.inputValue(), "the form lives");
  }, { allows: "the CORS error" });

  scene("B19 a phone's window and only the keyboard are enough", async () => {
    const a = await openPage("", { viewport: { width: 360, height: 640 } });
    await a.connected();
    const focused = () => a.page.evaluate(() => {
      const element = document.activeElement;
      return element.labels?.[0]?.innerText.trim() || element.innerText.trim();
    });
    const order = [];
    for (let i = 0; i < 5; i++) {
      await a.page.keyboard.press("Tab");
      order.push((await focused()).toLowerCase());
    }
    assert.deepEqual(order, ["message", "room", "send", "room name", "join"]);

    const long = "withoutaspace".repeat(12);
    for (let i = 0; i < 3; i++) await a.page.keyboard.press("Shift+Tab");
    await a.page.keyboard.type(a.id);
    await a.page.keyboard.press("Shift+Tab");
    await a.page.keyboard.type(long);
    await a.page.keyboard.press("Enter");
    await becomes(() => a.received(), [long]);
    const width = await a.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `the page is ${width} wide`);
  });
});

describe("B17 the development page, in React's strict mode", () => {
  let vite;
  let firstLine;
  before(async () => {
    vite = await serve("dev");
    firstLine = chat.lines.length;
    // The first visit lets Vite find and bundle the packages; it may reload the page then.
    const first = await ChatPage.open(browser, chat.url);
    await first.connected(undefined, 20_000);
    await first.close();
  }, { timeout: 60_000 });
  after(() => vite?.stop());

  scene("B17 a message to an id reaches that page only", directMessage);
  scene("B17 a message to a room reaches its members once", roomMessage);
  // A page that is left between two polls is missed when the time for its answer to a ping is over: 45 s.
  it("B17 no socket stays behind", { timeout: 70_000 }, async () => {
    const ids = (prefix) => chat.lines.slice(firstLine)
      .filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
    const connected = ids("User Connected ");
    assert.ok(connected.length > 6, "the pages above were there");
    await becomes(() => connected.filter((id) => !ids("User Disconnect ").includes(id)), [], 60_000);
  });
});
