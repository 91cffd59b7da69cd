// The events between this page and the server: see PROTOCOL.md.

export type Operator = "io.emit" | "socket.broadcast" | "io.to" | "socket.to" | "io.except";

export interface Person {
  id: string;
  name: string;
}

/** Somebody who is online, and the rooms that they joined. */
export interface Member extends Person {
  rooms: string[];
}

export interface Message {
  from: Person;
  operator: Operator;
  target: string | null;
  text: string;
  /** Milliseconds since 1970, by the server's clock. */
  at: number;
}

export interface Order {
  operator: Operator;
  target: string | null;
  text: string;
  ack: boolean;
}

/** Who an order reached; `confirmed` are the ids of those who answered, if an ack was asked for. */
export interface Receipt {
  count: number;
  receivers: Person[];
  confirmed?: string[];
}

export interface Presence {
  people: Member[];
  count: number;
}

type Answer<Value> = (answer: Value | { error: string }) => void;

export interface PageEvents {
  hello(name: string, answer: Answer<Member>): void;
  join(room: string, answer: Answer<{ rooms: string[] }>): void;
  leave(room: string, answer: Answer<{ rooms: string[] }>): void;
  send(order: Order, answer: Answer<Receipt>): void;
}

export interface ServerEvents {
  message(message: Message, confirm?: (id: string | undefined) => void): void;
  presence(presence: Presence): void;
}

export const MAX_NAME = 40;
export const MAX_ROOM = 100;
export const MAX_TEXT = 4000;
