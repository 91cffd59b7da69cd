// The web page of the server `roomcast` in Chromium: two pages and the server between them.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { io } from "socket.io-client";
import { launch } from "./lib/browser.mjs";
import { Program } from "./lib/program.mjs";
import { RoomcastPage } from "./lib/roomcast_page.mjs";
import { becomes, until, windowForStrays } from "./lib/until.mjs";

const COMMAND = process.env.ROOMCAST_CMD ?? "target/release/roomcast --port {port}";
const FIRST_PORT = Number(process.env.BROWSER_PORT ?? 25600);
const CASE = { timeout: 30_000 };

const roomcast = new Program(COMMAND);
let browser;
let opened = [];

before(async () => {
  browser = await launch();
  await roomcast.startNear(FIRST_PORT);
}, { timeout: 60_000 });
after(async () => {
  await browser?.close();
  await roomcast.stop();
});

async function openPage(name, options) {
  const page = await RoomcastPage.open(browser, `${roomcast.url}/`, options);
  opened.push({ close: page.close, check: () => page.watch.assertClean() });
  await page.connected();
  await page.rename(name);
  return page;
}

/** An official client without a page. */
async function openClient() {
  const client = io(roomcast.url, { forceNew: true });
  opened.push({ close: () => client.disconnect(), check: () => {} });
  await until(() => client.connected, "the client is connected");
  return client;
}

/** Declares a case with the pages of Ada and Bob; both must be clean after it. */
function scene(title, body, { allows } = {}) {
  it(title, CASE, async () => {
    try {
      await body({ a: await openPage("Ada"), b: await openPage("Bob") });
      if (!allows) for (const { check } of opened) check();
      roomcast.assertAlive();
    } finally {
      await Promise.all(opened.map(({ close }) => close()));
      opened = [];
    }
    await becomes(onlineCount, 1);
  });
}

/** How many are connected, the one who asks included. */
async function onlineCount() {
  const client = io(roomcast.url, { forceNew: true });
  try {
    return await new Promise((resolve, reject) => {
      client.once("presence", ({ count }) => resolve(count));
      client.once("connect_error", reject);
      client.emit("hello", "", () => {});
    });
  } finally {
    client.disconnect();
  }
}

const receivedBy = (...pages) => Promise.all(pages.map((page) => page.received()));

it("the server says that it lives", CASE, async () => {
  const answer = await fetch(`${roomcast.url}/live`);

  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), "Server is live");
});

scene("a page connects, upgrades and loads everything from its own server", async ({ a }) => {
  assert.match(await a.connection.innerText(), /^Connected/);
  const frames = await a.frames();
  assert.match(frames[0], /^0\{"sid":/);
  assert.equal(frames[1], "40");
  assert.equal(frames[2], `40{"sid":"${a.id}"}`);
  const foreign = a.watch.requests.filter((url) => new URL(url).origin !== roomcast.url);
  assert.deepEqual(foreign, []);
  assert.equal(a.watch.webSockets.length, 1);
});

scene("everyone gets a message by io.emit, the sender too", async ({ a, b }) => {
  assert.equal(await a.send("Everyone", undefined, "to all"), "Reached 2 sockets: you, Bob.");

  await becomes(() => receivedBy(a, b), [["to all"], ["to all"]]);
});

scene("everyone else gets a message by socket.broadcast.emit", async ({ a, b }) => {
  assert.equal(await a.send("Everyone else", undefined, "not to me"), "Reached 1 socket: Bob.");

  await becomes(() => b.received(), ["not to me"]);
  await windowForStrays();
  assert.deepEqual(await receivedBy(a, b), [[], ["not to me"]]);
});

scene("the members of a room get a message, until they leave it", async ({ a, b }) => {
  await a.join("devs");
  await b.join("devs");
  assert.equal(await a.send("A room", "devs", "first"), "Reached 2 sockets: you, Bob.");
  assert.equal(await a.send("Others in a room", "devs", "second"), "Reached 1 socket: Bob.");
  await becomes(() => receivedBy(a, b), [["first"], ["first", "second"]]);

  await b.leave("devs");
  assert.equal(await b.send("A room", "devs", "from outside"), "Reached 1 socket: Ada.");
  assert.equal(await b.send("All but a room", "devs", "the rest"), "Reached 1 socket: you.");
  await becomes(() => receivedBy(a, b), [["first", "from outside"], ["first", "second", "the rest"]]);
  await windowForStrays();
  assert.deepEqual(await receivedBy(a, b), [["first", "from outside"], ["first", "second", "the rest"]]);
});

scene("one socket gets a message by its id", async ({ a, b }) => {
  assert.equal(await a.send("One socket", b.id, "only you"), "Reached 1 socket: Bob.");
  await becomes(() => b.received(), ["only you"]);

  assert.equal(await a.send("One socket", "nobody-has-this-id", "lost"), "Reached nobody.");
  await windowForStrays();
  assert.deepEqual(await receivedBy(a, b), [[], ["only you"]]);
});

scene("a click on somebody who is online addresses them", async ({ a, b }) => {
  await a.page.getByRole("button", { name: /^Bob/ }).click();

  assert.equal(await a.target.inputValue(), b.id);
  assert.ok(await a.page.getByRole("radio", { name: "One socket" }).isChecked());
});

scene("an acknowledged message names who confirmed and who did not", async ({ a, b }) => {
  await a.page.getByRole("switch", { name: "Ask for acknowledgement" }).check();
  assert.equal(await a.send("Everyone", undefined, "well?"),
    "Reached 2 sockets: you, Bob. Acknowledged by 2 of 2.");

  const client = await openClient();
  await client.timeout(3000).emitWithAck("hello", "Silent");
  assert.equal(await a.send("Everyone else", undefined, "and now?"),
    "Reached 2 sockets: Bob, Silent. Acknowledged by 1 of 2. No answer within 2 s: Silent.");
  assert.deepEqual(await receivedBy(a, b), [["well?"], ["well?", "and now?"]]);
});

scene("the packets of a message are shown with the ids of their acks", async ({ a }) => {
  await a.send("One socket", a.id, "look");

  const frames = await a.frames();
  const sent = frames.find((text) => text.includes('["send"'));
  const [, ackId] = /^42(\d+)\["send",/.exec(sent);
  assert.ok(frames.some((text) => text.startsWith(`43${ackId}[{"count":1,`)), frames.join("\n"));
  assert.ok(frames.some((text) => text.startsWith('42["message",')), frames.join("\n"));
});

scene("both pages come back after a restart, with their names and rooms", async ({ a, b }) => {
  await a.join("devs");
  await a.send("Everyone", undefined, "before");
  await becomes(() => b.received(), ["before"]);
  await roomcast.stop();
  await until(async () => (await a.connection.innerText()).startsWith("Reconnecting"), "a lost connection");
  await roomcast.start();
  await a.connected(a.id, 8000);
  await b.connected(b.id, 8000);

  await becomes(() => a.rooms(), ["devs"]);
  await until(async () => (await b.online()).some((text) => text.includes("Ada") && text.includes("devs")),
    "Bob sees Ada in her room");
  assert.equal(await b.send("A room", "devs", "after"), "Reached 1 socket: Ada.");
  await becomes(() => a.received(), ["before", "after"]);
}, { allows: "failed requests while the server is away" });

scene("who is online is shown until they leave", async ({ a, b }) => {
  await becomes(async () => (await a.online()).length, 2);
  await b.page.close();

  await becomes(async () => (await a.online()).length, 1);
});

scene("markup in a message and in a name is shown as text", async ({ a, b }) => {
  const markup = "<img src=/x onerror=alert(1)><b>x</b>";
  await a.rename("<i>Ada</i>");
  await a.send("Everyone", undefined, markup);

  await becomes(() => b.received(), [markup]);
  const message = b.page.getByRole("list", { name: "Received messages" });
  assert.ok((await message.innerText()).includes("<i>Ada</i>"));
  assert.equal(await message.locator("img, i").count(), 0);
});

scene("a phone's window has no sideways scrolling", async () => {
  const phone = await openPage("Cleo", { viewport: { width: 360, height: 640 } });
  await phone.join("a-room-with-a-very-long-name-".repeat(3));
  await phone.send("Everyone", undefined, "withoutaspace".repeat(20));

  const width = await phone.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `the page is ${width} wide`);
});

scene("the colours follow the system until the user picks others", async () => {
  const night = await openPage("Cleo", { colorScheme: "dark" });
  const { page } = night;
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.getByRole("button", { name: "Colours: as the system" }).click();
  const light = await ground();
  assert.notEqual(light, dark);

  await page.reload();
  await page.getByRole("button", { name: "Colours: light" }).waitFor();
  assert.equal(await ground(), light);
  // A page that leaves in the middle of its handshake is counted until its heartbeat is missed.
  await night.connected(night.id);
}, { allows: "the reload" });

scene("the keyboard alone is enough", async ({ a, b }) => {
  await a.page.getByTestId("socket-id").click();
  await a.page.evaluate(() => document.activeElement.blur());
  const order = [];
  const focus = async (key) => {
    await a.page.keyboard.press(key);
    return a.page.evaluate(() => {
      const element = document.activeElement;
      return element.getAttribute("aria-label") ?? element.labels?.[0]?.innerText ?? element.innerText;
    });
  };
  for (let i = 0; i < 5; i++) order.push(await focus("Tab"));
  assert.deepEqual(order, ["Copy your id", "Name", "Room name", "Join", "Everyone"]);

  assert.equal(await focus("ArrowDown"), "Everyone else");
  assert.equal(await focus("Tab"), "Message");
  await a.page.keyboard.type("typed");
  await a.page.keyboard.press("Shift+Enter");
  await a.page.keyboard.type("in two lines");
  await a.page.keyboard.press("Enter");
  await becomes(() => b.received(), ["typed\nin two lines"]);
  assert.equal(await a.text.inputValue(), "");
  assert.equal(await focus("Tab"), "Ask for acknowledgement");
  assert.equal(await focus("Tab"), "Send");
});

scene("a call with wrong arguments is refused and the connection stays", async () => {
  const client = await openClient();
  const refused = [
    ["hello"], ["hello", 4], ["hello", "x".repeat(41)],
    ["join"], ["join", ""], ["join", null], ["join", "x".repeat(101)],
    ["leave", {}],
    ["send"], ["send", null], ["send", "text"], ["send", {}],
    ["send", { operator: "io.emit", text: "" }],
    ["send", { operator: "io.emit", text: "x".repeat(4001) }],
    ["send", { operator: "io.emit", text: 4 }],
    ["send", { operator: "io.everything", text: "x" }],
    ["send", { operator: "io.to", text: "x" }],
    ["send", { operator: "io.to", target: "", text: "x" }],
    ["send", { operator: "socket.to", target: 4, text: "x" }],
  ];

  for (const call of refused) {
    const answer = await client.timeout(3000).emitWithAck(...call);
    assert.equal(typeof answer.error, "string", `${JSON.stringify(call)}: ${JSON.stringify(answer)}`);
  }
  assert.ok(client.connected);
});

scene("values at their limits are taken", async ({ b }) => {
  const client = await openClient();
  const name = "🦀".repeat(40);
  const room = "r".repeat(100);
  const text = "é".repeat(4000);

  assert.equal((await client.timeout(3000).emitWithAck("hello", name)).name, name);
  assert.deepEqual(await client.timeout(3000).emitWithAck("join", room), { rooms: [room] });
  const answer = await client.timeout(3000)
    .emitWithAck("send", { operator: "socket.broadcast", text, extra: 1 }, "more");
  assert.equal(answer.count, 2);
  assert.equal(answer.confirmed, undefined);
  await becomes(() => b.received(), [text]);
});
