// The programs of the pairs: two clients, two servers, and a network between them that can be cut.

import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Driver } from "../client/lib/driver.mjs";
import { until, within } from "../client/lib/log.mjs";

const folder = dirname(fileURLToPath(import.meta.url));
const root = join(folder, "../..");
const node = (...path) => `"${process.execPath}" "${join(folder, ...path)}"`;

export const CLIENTS = {
  JavaScript: { command: node("../client/reference/driver.mjs"), cwd: root },
  Rust: {
    command: process.env.CLIENT_CMD ?? "target/debug/client_driver",
    cwd: process.env.CLIENT_CWD ?? root,
  },
};

export const SERVERS = {
  JavaScript: { command: node("../server/server.mjs"), cwd: root },
  Rust: {
    command: process.env.SERVER_CMD ?? "target/debug/conformance_fixture",
    cwd: process.env.SERVER_CWD ?? root,
  },
};

/** The servers of the fixture, by their offsets: conformance/server/README.md. */
export const MAIN = 0;
export const FAST = 1;
export const RECOVERY = 3;
export const MSGPACK = 4;
const PORTS = 12;

/** Starts a client. */
export async function startClient({ command, cwd }) {
  process.env.CLIENT_CMD = command;
  process.env.CLIENT_CWD = cwd;
  const driver = new Driver();
  await within(driver.ready, 20000, "the ready report of the driver");
  return driver;
}

/** Starts a server on ports that nobody uses. */
export async function startServer({ command, cwd }) {
  for (let tries = 0; tries < 10; tries++) {
    const base = 20000 + Math.floor(Math.random() * 12000);
    if (!(await areFree(base))) continue;
    const env = { ...process.env, PORT: String(base), HOST: "127.0.0.1" };
    const child = spawn(command, { cwd, env, shell: true, detached: true, stdio: ["ignore", "ignore", "inherit"] });
    let hasEnded = false;
    child.once("exit", () => (hasEnded = true));
    const stop = () => hasEnded || process.kill(-child.pid, "SIGKILL");
    const ports = Array.from({ length: PORTS }, (_, offset) => base + offset);
    await until(async () => hasEnded || (await allAccept(ports)), { timeout: 30000, what: `the ports of ${command}` });
    if (!hasEnded) return { port: (offset) => base + offset, stop };
  }
  throw new Error(`${command} does not start`);
}

async function areFree(base) {
  for (let offset = 0; offset < PORTS; offset++) {
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(base + offset, "127.0.0.1", () => resolve(true));
    });
    await new Promise((resolve) => (isFree ? server.close(resolve) : resolve()));
    if (!isFree) return false;
  }
  return true;
}

async function allAccept(ports) {
  const accepts = await Promise.all(
    ports.map(
      (port) =>
        new Promise((resolve) => {
          const socket = connect(port, "127.0.0.1");
          socket.once("connect", () => resolve(true) || socket.destroy());
          socket.once("error", () => resolve(false));
        }),
    ),
  );
  return accepts.every(Boolean);
}

/** A network between a client and one port of a server. */
export class Network {
  static async to(port) {
    const network = new Network();
    network.isUp = true;
    network.links = new Set();
    network.server = createServer((near) => {
      if (!network.isUp) return near.destroy();
      const far = connect(port, "127.0.0.1");
      const link = { near, far, isWebSocket: false, waitsSince: undefined };
      network.links.add(link);
      near.on("data", (data) => {
        link.isWebSocket ||= /^upgrade: websocket/im.test(data.toString("latin1"));
        link.waitsSince = Date.now();
      });
      far.on("data", () => (link.waitsSince = undefined));
      for (const [one, other] of [[near, far], [far, near]]) {
        one.setNoDelay(true);
        one.on("error", () => {});
        one.on("close", () => network.links.delete(link) && other.destroy());
      }
      near.pipe(far).pipe(near);
    });
    await new Promise((resolve) => network.server.listen(0, "127.0.0.1", resolve));
    network.port = network.server.address().port;
    return network;
  }
  /**
   * Cuts every connection without a word, when the server would notice: it does if a poll ends, but it learns only from
   * the heartbeat that none has come.
   */
  async cut() {
    const isPoll = ({ waitsSince }) => waitsSince !== undefined && Date.now() - waitsSince > 20;
    const waits = (link) => link.isWebSocket || isPoll(link);
    await until(() => [...this.links].some(waits), { what: "a client that waits" });
    this.destroy();
  }
  /** Cuts, and lets nobody through until `up`. */
  async down() {
    await this.cut();
    this.isUp = false;
    this.destroy();
  }
  up() {
    this.isUp = true;
  }
  close() {
    this.server.close();
    this.destroy();
  }
  destroy() {
    for (const { near, far } of this.links) {
      near.destroy();
      far.destroy();
    }
  }
}
