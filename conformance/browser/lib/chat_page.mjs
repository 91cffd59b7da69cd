// The React page of the chat example: how it is served and what a user does with it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { open } from "./browser.mjs";
import { Program, REPOSITORY, run } from "./program.mjs";
import { until } from "./until.mjs";

export const PAGE_PORT = 5173;
export const PAGE_ORIGIN = `http://localhost:${PAGE_PORT}`;

const FOLDER = join(REPOSITORY, "examples/chat/web");
const INSTALL_PATIENCE_MS = 300_000;
const BUILD_PATIENCE_MS = 120_000;

/** Makes what `vite` needs: the page's packages, if they are not there yet, and a fresh build. */
export async function build() {
  if (!existsSync(join(FOLDER, "node_modules"))) await run("npm", ["ci"], FOLDER, INSTALL_PATIENCE_MS);
  await run("npm", ["run", "build"], FOLDER, BUILD_PATIENCE_MS);
}

/** `mode` is `dev` or `preview`. It listens on IPv4, where both names of the loopback lead. */
export async function serve(mode) {
  const vite = new Program(`node node_modules/vite/bin/vite.js ${mode} --host 127.0.0.1`, {
    directory: FOLDER,
  });
  await vite.start(PAGE_PORT);
  return vite;
}

export class ChatPage {
  static async open(browser, server, { origin = PAGE_ORIGIN, ...options } = {}) {
    const { page, watch, close } = await open(browser, `${origin}/?server=${server}`, options);
    return new ChatPage(page, watch, close);
  }

  constructor(page, watch, close) {
    this.page = page;
    this.watch = watch;
    this.close = close;
    this.message = page.getByRole("textbox", { name: "Message", exact: true });
    this.room = page.getByRole("textbox", { name: "Room", exact: true });
    this.roomName = page.getByRole("textbox", { name: "Room Name", exact: true });
    this.sendButton = page.getByRole("button", { name: "Send", exact: true });
    this.joinButton = page.getByRole("button", { name: "Join", exact: true });
    this.list = page.getByRole("list", { name: "Received messages" });
  }

  status() {
    return this.page.getByTestId("socket-id").innerText();
  }

  /** Waits until the page shows an id other than `before`. */
  async connected(before, patience = 5000) {
    this.id = await until(async () => {
      const status = await this.status();
      return status !== "not connected" && status !== before && status;
    }, "the page shows a new socket id", patience);
    assert.match(this.id, /^[\w-]{20}$/);
    return this.id;
  }

  received() {
    return this.list.getByRole("listitem").allInnerTexts();
  }

  async send(room, message) {
    await this.message.fill(message);
    await this.room.fill(room);
    await this.sendButton.click();
  }

  async join(room) {
    await this.roomName.fill(room);
    await this.joinButton.click();
  }
}
