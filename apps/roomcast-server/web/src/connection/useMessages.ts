import { useCallback, useEffect, useState } from "react";
import type { Message, Order, Receipt } from "./protocol";
import { ask, socket } from "./socket";

/** What one `send` came to. */
export interface Delivery {
  /** Differs from one delivery to the next. */
  key: number;
  order: Order;
  receipt: Receipt;
}

const KEPT = 500;

let deliveriesSoFar = 0;

/** The messages that came, oldest first, and the way to send one. */
export function useMessages() {
  const [messages, setMessages] = useState<Message[]>([]);
  const [delivery, setDelivery] = useState<Delivery>();

  useEffect(() => {
    const onMessage = (message: Message, confirm?: (id: string | undefined) => void) => {
      setMessages((earlier) => [...earlier.slice(1 - KEPT), message]);
      confirm?.(socket.id);
    };
    socket.on("message", onMessage);
    return () => void socket.off("message", onMessage);
  }, []);

  const send = useCallback(async (order: Order) => {
    setDelivery(undefined);
    const receipt = await ask((server) => server.emitWithAck("send", order));
    setDelivery({ key: deliveriesSoFar++, order, receipt });
  }, []);

  const forget = useCallback(() => setDelivery(undefined), []);
  return { messages, delivery, send, forget };
}
