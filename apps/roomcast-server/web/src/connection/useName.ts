import { useCallback, useEffect, useRef, useState } from "react";
import { ask, socket } from "./socket";

const KEY = "roomcast-name";

/** The user's name: kept in the browser, told to the server after each connect. */
export function useName() {
  const [name, setName] = useState("");
  const wanted = useRef(localStorage.getItem(KEY) ?? "");

  const rename = useCallback(async (text: string) => {
    const answer = await ask((server) => server.emitWithAck("hello", text));
    wanted.current = text;
    localStorage.setItem(KEY, text);
    setName(answer.name);
  }, []);

  useEffect(() => {
    // A greeting that fails here failed because the connection is gone again: the next connect repeats it.
    const greet = () => void rename(wanted.current).catch(() => undefined);
    socket.on("connect", greet);
    return () => void socket.off("connect", greet);
  }, [rename]);

  return { name, rename };
}
