// One list of scenarios for each pair of a client and a server, over each transport: README.md.

import { after, before, describe, test } from "node:test";
import { CLIENTS, MAIN, Network, SERVERS, startClient, startServer } from "./programs.mjs";
import { scenarios } from "./scenarios.mjs";

const WAYS = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrade: ["polling", "websocket"],
};

for (const [client, clientProgram] of Object.entries(CLIENTS)) {
  for (const [server, serverProgram] of Object.entries(SERVERS)) {
    describe(`${client} client, ${server} server`, () => {
      let programs;
      before(async () => {
        const [driver, fixture] = await Promise.all([startClient(clientProgram), startServer(serverProgram)]);
        programs = { driver, fixture };
      });
      after(async () => {
        await programs?.driver.stop();
        programs?.fixture.stop();
      });
      for (const [way, transports] of Object.entries(WAYS)) {
        describe(way, { concurrency: 4 }, () => {
          for (const [name, scenario] of Object.entries(scenarios)) {
            test(name, { timeout: 60000 }, async () => {
              const scope = new Scope(programs, transports);
              try {
                await scenario(scope);
              } finally {
                await scope.close();
              }
            });
          }
        });
      }
    });
  }
}

/** What a scenario has: sockets of the client, at the server, over one way. */
class Scope {
  constructor({ driver, fixture }, transports) {
    this.driver = driver;
    this.fixture = fixture;
    this.transports = transports;
    this.managers = new Set();
    this.networks = new Set();
  }
  /** A socket that is about to connect. It shares no connection, unless `options` say so. */
  async open(namespace = "/", { offset = MAIN, port = this.fixture.port(offset), ...options } = {}) {
    const quick = { reconnectionDelay: 20, reconnectionDelayMax: 60 };
    const url = `http://127.0.0.1:${port}${namespace}`;
    const socket = await this.driver.open(url, { transports: this.transports, forceNew: true, ...quick, ...options });
    this.managers.add(socket.manager);
    return socket;
  }
  /** A socket that is connected. */
  async connected(namespace, options) {
    const socket = await this.open(namespace, options);
    socket.first = await socket.take("connect");
    return socket;
  }
  /** Waits until the connection of a socket is on the last of the transports. */
  async settled(socket) {
    if (this.transports.length > 1) await socket.manager.upgraded();
    return (await socket.state()).transport;
  }
  async network(offset = MAIN) {
    const network = await Network.to(this.fixture.port(offset));
    this.networks.add(network);
    return network;
  }
  async close() {
    for (const manager of this.managers) await manager.release().catch(() => {});
    for (const network of this.networks) network.close();
  }
}
