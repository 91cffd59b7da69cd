import { useCallback, useEffect, useRef, useState } from "react";
import { ask, socket } from "./socket";

/**
 * The rooms that this page is in. A new connection is in none, so the page joins them again
 * after each connect.
 */
export function useRooms() {
  const [rooms, setRooms] = useState<string[]>([]);
  const wanted = useRef(new Set<string>());

  const join = useCallback(async (room: string) => {
    const answer = await ask((server) => server.emitWithAck("join", room));
    wanted.current.add(room);
    setRooms(answer.rooms.toSorted());
  }, []);

  const leave = useCallback(async (room: string) => {
    const answer = await ask((server) => server.emitWithAck("leave", room));
    wanted.current.delete(room);
    setRooms(answer.rooms.toSorted());
  }, []);

  useEffect(() => {
    const joinAgain = () => {
      setRooms([]);
      // A join that fails here failed because the connection is gone again: the next connect repeats it.
      for (const room of wanted.current) join(room).catch(() => undefined);
    };
    socket.on("connect", joinAgain);
    return () => void socket.off("connect", joinAgain);
  }, [join]);

  return { rooms, join, leave };
}
