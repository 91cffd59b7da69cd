// The client program of the load trial `clients` on the official client. What it is told on standard input is in load/README.md.
const { createInterface } = require("readline");
const { io } = require("socket.io-client");
const OPENING = 32; // handshakes under way at a time
const WINDOW = 64; // questions under way, over all sockets
const QUESTION = "e".repeat(32);
const BROADCAST_BYTES = 64;
const PATIENCE = 10_000;

const [port, count] = process.argv.slice(2).map(Number);
const sockets = [];
let received = 0; // broadcasts that came whole

const open = () =>
  new Promise((resolve, reject) => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true });
    socket.on("b", (value) => {
      if (value.length === BROADCAST_BYTES) received += 1;
    });
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", reject);
  });

async function connect() {
  while (sockets.length < count) {
    const opening = Math.min(OPENING, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: opening }, open))));
  }
  return { connected: sockets.length };
}

// Asks over the sockets in rotation.
function echo(seconds) {
  const end = performance.now() + 1000 * seconds;
  let [sent, answered, askers, next] = [0, 0, WINDOW, 0];
  return new Promise((resolve) => {
    const ask = () => {
      if (performance.now() >= end) {
        askers -= 1;
        if (!askers) resolve({ sent, answered });
        return;
      }
      sent += 1;
      sockets[next++ % count].timeout(PATIENCE).emit("echo", QUESTION, (error, answer) => {
        if (!error && answer === QUESTION) answered += 1;
        ask();
      });
    };
    for (let asker = 0; asker < WINDOW; asker += 1) ask();
  });
}

const COMMANDS = { connect, echo, count: () => ({ received }) };
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const [command, argument] = line.split(" ");
  say(await COMMANDS[command](Number(argument)));
});
lines.on("close", () => process.exit());
say({ started: true });
