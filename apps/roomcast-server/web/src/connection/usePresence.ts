import { useEffect, useState } from "react";
import type { Presence } from "./protocol";
import { socket } from "./socket";

const NOBODY: Presence = { people: [], count: 0 };

/** Who is online; nobody while this page is not connected. */
export function usePresence(): Presence {
  const [presence, setPresence] = useState(NOBODY);

  useEffect(() => {
    const onDisconnect = () => setPresence(NOBODY);
    socket.on("presence", setPresence).on("disconnect", onDisconnect);
    return () => void socket.off("presence", setPresence).off("disconnect", onDisconnect);
  }, []);

  return presence;
}
