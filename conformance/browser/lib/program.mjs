// A program under test: started on a free port of the loopback, ended by its process id.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { until } from "./until.mjs";

export const REPOSITORY = resolve(import.meta.dirname, "../../..");

const START_PATIENCE_MS = 15_000;

export class Program {
  lines = [];
  #stderr = "";
  #command;
  #environment;
  #directory;

  /** `command` is split at spaces, no shell; `{port}` in it is replaced. */
  constructor(command, { environment = {}, directory = REPOSITORY } = {}) {
    this.#command = command;
    this.#environment = environment;
    this.#directory = directory;
  }

  /** Starts on the first free port from `port` on. */
  async startNear(port) {
    while (!(await isFree(port))) port++;
    await this.start(port);
  }

  /** Starts on `port`, which must be free, and returns once HTTP is answered there. */
  async start(port = this.port) {
    assert.ok(await isFree(port), `port ${port} is taken`);
    this.port = port;
    this.url = `http://localhost:${port}`;
    const [command, ...words] = this.#command.replaceAll("{port}", port).trim().split(/\s+/);
    this.child = spawn(command, words, {
      cwd: this.#directory,
      env: { ...process.env, PORT: String(port), ...this.#environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.ended = new Promise((done) => this.child.once("close", done));
    this.failure = undefined;
    this.child.once("error", (error) => (this.failure = error));
    this.child.stderr.on("data", (chunk) => (this.#stderr = (this.#stderr + chunk).slice(-4000)));
    createInterface({ input: this.child.stdout }).on("line", (line) => this.lines.push(line));
    try {
      await until(() => this.#answers(), `${this.#command} answers on port ${port}`, START_PATIENCE_MS);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  #answers() {
    this.assertAlive();
    return fetch(`http://127.0.0.1:${this.port}/`).then(() => true, () => false);
  }

  assertAlive() {
    if (this.failure) assert.fail(`cannot start ${this.#command}: ${this.failure.message}`);
    const { exitCode, signalCode } = this.child;
    assert.ok(exitCode === null && signalCode === null,
      `${this.#command} ended (${exitCode ?? signalCode})\n${this.#stderr}`);
  }

  async stop() {
    if (!this.child?.pid || this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGTERM");
    const killer = setTimeout(() => this.child.kill("SIGKILL"), 2000);
    await this.ended;
    clearTimeout(killer);
  }

  /** Waits for a log line that is exactly `text`. */
  async line(text, patience) {
    await until(() => this.lines.includes(text), `the log line ${JSON.stringify(text)}`, patience);
  }
}

/** Runs a command to its end; fails with what it printed unless its exit code is 0. */
export async function run(command, words, directory, patience) {
  const child = spawn(command, words, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const late = setTimeout(() => child.kill("SIGKILL"), patience);
  const code = await new Promise((done, fail) => child.once("error", fail).once("close", done));
  clearTimeout(late);
  assert.equal(code, 0, `${command} ${words.join(" ")} in ${directory}\n${output}`);
}

function isFree(port) {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}
