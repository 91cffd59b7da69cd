import { useEffect, useState } from "react";
import { connect, type Engine, onEngine, socket } from "./socket";

export type Status = "connecting" | "connected" | "reconnecting" | "stopped";

export interface Connection {
  status: Status;
  id: string | undefined;
  /** `polling` at first, `websocket` after the upgrade. */
  transport: string | undefined;
  /** Why there is no connection now. */
  reason: string | undefined;
}

const AT_FIRST: Connection = {
  status: "connecting",
  id: undefined,
  transport: undefined,
  reason: undefined,
};

/** Keeps the socket connected while the page is open, and says how it stands. */
export function useConnection(): Connection {
  const [connection, setConnection] = useState(AT_FIRST);

  useEffect(() => {
    const change = (changes: Partial<Connection>) =>
      setConnection((before) => ({ ...before, ...changes }));
    const lost = (reason: string) =>
      change({
        status: socket.active ? "reconnecting" : "stopped",
        id: undefined,
        transport: undefined,
        reason,
      });

    const onConnect = () =>
      change({
        status: "connected",
        id: socket.id,
        transport: socket.io.engine.transport.name,
        reason: undefined,
      });
    const onConnectError = (error: Error) => lost(error.message);
    const onUpgrade = (engine: Engine) =>
      engine.on("upgrade", ({ name }) => change({ transport: name }));

    socket.on("connect", onConnect).on("disconnect", lost).on("connect_error", onConnectError);
    const endWatch = onEngine(onUpgrade);
    connect();

    return () => {
      endWatch();
      socket.off("connect", onConnect).off("disconnect", lost).off("connect_error", onConnectError);
      socket.disconnect();
      setConnection(AT_FIRST);
    };
  }, []);

  return connection;
}
