// Chromium, and what each page of it did: console, requests, navigations, dialogs.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const PAGE_PATIENCE_MS = 5000;

// Without these Chromium talks to its maker's hosts, which a closed network refuses.
const QUIET = ["--disable-gpu", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** `quic` lets pages use HTTP/3, which WebTransport needs. */
export async function launch({ quic = false } = {}) {
  assert.ok(existsSync(EXECUTABLE),
    `no Chromium at ${EXECUTABLE}: install it (Debian: apt-get install chromium) or set CHROMIUM to its path`);
  const args = [...QUIET];
  if (!quic) args.push("--disable-quic");
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  return chromium.launch({ executablePath: EXECUTABLE, args });
}

/** Opens `url` in a context of its own and watches the page from its first request on. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PAGE_PATIENCE_MS);
  const watch = new Watch(page);
  await page.goto(url);
  return { page, watch, close: () => context.close() };
}

class Watch {
  console = [];
  requests = [];
  responses = [];
  webSockets = [];
  failures = [];
  navigations = 0;
  dialogs = 0;

  constructor(page) {
    page.on("console", (entry) => this.console.push({ type: entry.type(), text: entry.text() }));
    page.on("pageerror", (error) => this.console.push({ type: "error", text: String(error) }));
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("response", (response) => {
      this.responses.push(response);
      if (response.status() >= 400) this.failures.push(`${response.status()} ${response.url()}`);
    });
    page.on("requestfailed", (request) =>
      this.failures.push(`${request.failure()?.errorText} ${request.url()}`));
    page.on("websocket", (socket) => this.webSockets.push(socket));
    page.on("framenavigated", () => this.navigations++);
    page.on("dialog", (dialog) => (this.dialogs++, dialog.dismiss()));
  }

  /** What the page itself logged, in order. */
  get log() {
    return this.console.filter(({ type }) => type === "log").map(({ text }) => text);
  }

  get errors() {
    return this.console.filter(({ type }) => type === "error").map(({ text }) => text);
  }

  /** What holds at the end of every case that does not say otherwise. */
  assertClean() {
    assert.deepEqual(this.errors, [], "errors in the console");
    assert.deepEqual(this.failures, [], "failed requests");
    assert.equal(this.navigations, 1, "the page was reloaded");
    assert.equal(this.dialogs, 0, "a dialog opened");
  }
}
