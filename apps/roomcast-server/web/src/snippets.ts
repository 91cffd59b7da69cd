// The one line of server code that each choice stands for, in both languages.
import type { Operator } from "./connection/protocol";

export interface Snippet {
  javascript: string;
  rust: string;
}

const CALL: Readonly<Record<Operator, (target: string) => { javascript: string; rust: string }>> = {
  "io.emit": () => ({ javascript: "io", rust: "io" }),
  "socket.broadcast": () => ({ javascript: "socket.broadcast", rust: "socket.broadcast()" }),
  "io.to": (target) => same(`io.to(${target})`),
  "socket.to": (target) => same(`socket.to(${target})`),
  "io.except": (target) => same(`io.except(${target})`),
};

/** The call chain up to `emit`, as the message list shows it: `io.to("devs")`. */
export function callOf(operator: Operator, target: string | null) {
  return CALL[operator](JSON.stringify(target ?? "")).javascript;
}

export function snippetOf(operator: Operator, target: string, ack: boolean): Snippet {
  const { javascript, rust } = CALL[operator](JSON.stringify(target));
  if (!ack) {
    return {
      javascript: `${javascript}.emit("message", message);`,
      rust: `${rust}.emit("message", message);`,
    };
  }
  return {
    javascript: `await ${javascript}.timeout(2000).emitWithAck("message", message);`,
    rust: `${rust}.timeout(Duration::from_secs(2)).emit_with_ack("message", message).await;`,
  };
}

function same(call: string) {
  return { javascript: call, rust: call };
}
