import { useEffect, useState } from "react";
import { socket } from "./socket";

/** Keeps the socket connected while the component is on the page. */
export function useChat() {
  const [id, setId] = useState<string>();
  const [messages, setMessages] = useState<unknown[]>([]);

  useEffect(() => {
    const listeners = {
      connect: () => {
        console.log("connected", socket.id);
        setId(socket.id);
      },
      disconnect: () => setId(undefined),
      "received-message": (message: unknown) => {
        console.log("received-message", message);
        setMessages((earlier) => [...earlier, message]);
      },
      welcome: (text: string) => console.log(text),
      broadcast: (text: string) => console.log(text),
    };

    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
    socket.connect();

    return () => {
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
      socket.disconnect();
      setId(undefined);
    };
  }, []);

  return { id, messages };
}
