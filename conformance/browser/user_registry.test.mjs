// B20 to B22: the page that the program `user_registry` serves itself.
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { launch, open } from "./lib/browser.mjs";
import { Program } from "./lib/program.mjs";
import { becomes, until } from "./lib/until.mjs";

const COMMAND = process.env.USER_REGISTRY_CMD ?? "target/release/user_registry";
const FIRST_PORT = Number(process.env.BROWSER_PORT ?? 25600);
const CASE = { timeout: 30_000 };

const registry = new Program(COMMAND);
let browser;

before(async () => {
  browser = await launch();
  await registry.startNear(FIRST_PORT);
}, { timeout: 60_000 });
after(async () => {
  await browser?.close();
  await registry.stop();
});

const registrations = () => registry.lines.filter((line) =>
  line.startsWith("User user123 registered with socket ID ")).length;

/** Runs `body` with a page that is connected and registered. */
function scene(title, body) {
  it(title, CASE, async () => {
    const earlier = registrations();
    const { page, watch, close } = await open(browser, `${registry.url}/`);
    try {
      await until(() => registrations() > earlier, "user123 is registered");
      await body({ page, watch });
      registry.assertAlive();
    } finally {
      await close();
    }
  });
}

const withoutFavicon = (failures) => failures.filter((text) => !text.endsWith("/favicon.ico"));

async function sendMessage() {
  const answer = await fetch(`${registry.url}/users/user123/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ message: "hi" }),
  });
  assert.equal(answer.status, 200);
}

scene("B20 the page loads the client from its server and registers", async ({ page, watch }) => {
  assert.equal(await page.getByRole("heading").innerText(), "WebSocket Client");
  assert.deepEqual(watch.log, ["Connected to server"]);
  const script = watch.responses.find((response) => response.url().endsWith(".js"));
  assert.equal(script.url(), `${registry.url}/socket.io/socket.io.js`);
  assert.equal(script.status(), 200);
  assert.deepEqual(withoutFavicon(watch.failures), []);
  assert.ok(watch.errors.length <= 1, watch.errors.join("\n"));
});

scene("B21 a message over HTTP reaches the page", async ({ watch }) => {
  await sendMessage();

  await becomes(() => watch.log, ["Connected to server", "Received message: hi"]);
  assert.deepEqual(withoutFavicon(watch.failures), []);
});

scene("B22 the page registers again after a restart", async ({ watch }) => {
  const earlier = registrations();
  await registry.stop();
  await registry.start();
  await until(() => registrations() > earlier, "user123 is registered again", 8000);
  await sendMessage();

  await becomes(() => watch.log,
    ["Connected to server", "Connected to server", "Received message: hi"]);
  assert.equal(watch.navigations, 1);
});
