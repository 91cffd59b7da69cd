// The page of the server `roomcast`: what a user does with it and sees on it.
import { open } from "./browser.mjs";
import { becomes, until } from "./until.mjs";

export class RoomcastPage {
  static async open(browser, url, options) {
    const { page, watch, close } = await open(browser, url, options);
    return new RoomcastPage(page, watch, close);
  }

  constructor(page, watch, close) {
    this.page = page;
    this.watch = watch;
    this.close = close;
    this.text = page.getByRole("textbox", { name: "Message", exact: true });
    this.target = page.getByRole("combobox");
    this.delivery = page.getByRole("status", { name: "Delivery" });
    this.connection = page.getByRole("status", { name: "Connection" });
    this.transport = page.getByTestId("transport");
  }

  /** Waits for an id other than `before` and for the upgrade. */
  async connected(before, patience = 5000) {
    const id = this.page.getByTestId("socket-id");
    this.id = await until(async () => {
      const text = await id.innerText();
      return /^[\w-]{20}$/.test(text) && text !== before && text;
    }, "the page shows a new socket id", patience);
    await becomes(() => this.transport.getAttribute("aria-label"), "Transport: websocket");
  }

  async rename(name) {
    await this.page.getByRole("textbox", { name: "Name", exact: true }).fill(name);
    await this.page.getByRole("button", { name: "Rename" }).click();
    await until(async () => (await this.online()).some((text) => text.includes(`${name} (you)`)),
      `${name} is the name of the page`);
  }

  async join(room) {
    await this.page.getByRole("textbox", { name: "Room name" }).fill(room);
    await this.page.getByRole("button", { name: "Join" }).click();
    await this.page.getByRole("button", { name: `Leave ${room}`, exact: true }).waitFor();
  }

  async leave(room) {
    const chip = this.page.getByRole("button", { name: `Leave ${room}`, exact: true });
    await chip.click();
    await chip.waitFor({ state: "detached" });
  }

  rooms() {
    return this.page.getByRole("list", { name: "Joined rooms" }).getByRole("listitem").allInnerTexts();
  }

  online() {
    return this.page.getByRole("list", { name: "Online" }).getByRole("listitem").allInnerTexts();
  }

  /** The texts that this page received, oldest first. */
  received() {
    return this.page.getByRole("list", { name: "Received messages" }).getByTestId("text").allInnerTexts();
  }

  frames() {
    return this.page.getByRole("list", { name: "Packets" }).getByTestId("frame").allInnerTexts();
  }

  /** Sends, and resolves to what the page then says of the delivery. */
  async send(audience, target, text) {
    await this.page.getByRole("radio", { name: audience, exact: true }).check();
    if (target !== undefined) {
      await this.target.fill(target);
      await this.target.press("Escape");
    }
    await this.text.fill(text);
    await this.text.press("Enter");
    return until(async () => {
      const words = await this.delivery.innerText();
      return words.startsWith("Reached") && words;
    }, "the page says who was reached");
  }
}
